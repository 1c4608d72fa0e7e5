"""What a screen reader needs of the built notebooks: words for pictures, headings, tables, links.

Controls, contrast and keys are tested in a real browser: tests/browser.
"""

import re
from html.parser import HTMLParser
from pathlib import Path

import ipywidgets
import matplotlib.pyplot as plt
import nbformat
import pytest

from l0course.learn import Explore
from l0course.learn.predict import Prediction
from l0course.learn.predict_view import Asked

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
NOTEBOOKS += sorted((ROOT / "notebooks/solutions").glob("[0-9][0-9]_*.ipynb"))
EMPTY_WORDS = {"here", "this", "link", "click here", "this page", "page", "more", "read more", ""}


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def notebook(request):
    return nbformat.read(request.param, as_version=4)


def outputs(notebook):
    return [o for c in notebook.cells for o in c.get("outputs", []) if "data" in o]


def markdown(notebook):
    """The text of the notebook, without code."""
    text = "\n\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    return re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.S)


def test_every_picture_has_its_words(notebook):
    pictures = [o for o in outputs(notebook) if "image/png" in o.data]
    assert pictures
    for output in pictures:
        words = output.metadata["image/png"]["alt"]
        assert len(words) >= 60, words
        assert output.data["text/plain"] == words
    assert all(len(words) >= 60 for words in re.findall(r"!\[(.*?)\]\(", markdown(notebook)))
    assert not re.findall(r"<img(?![^>]*\balt=\"[^\"]{60,}\")", markdown(notebook))


def test_headings_step_down_one_at_a_time(notebook):
    levels = [len(m) for m in re.findall(r"^(#{1,6}) ", markdown(notebook), flags=re.M)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(b - a <= 1 for a, b in zip(levels, levels[1:], strict=False)), levels


class Page(HTMLParser):
    """The tables of an HTML output, row by row, as (tag, scope) of each cell; and its headings."""

    def __init__(self, html):
        super().__init__()
        self.tables, self.headings = [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("th", "td"):
            self.tables[-1][-1].append((tag, dict(attributes).get("scope")))
        elif re.fullmatch(r"h[1-6]", tag):
            self.headings.append(tag)


def test_tables_say_what_their_columns_and_rows_are(notebook):
    pages = [Page(o.data["text/html"]) for o in outputs(notebook) if "text/html" in o.data]
    for first, *rows in (table for page in pages for table in page.tables):
        has_head = set(first) == {("th", "col")}  # else a list of names, each with its value
        assert rows and all(
            row[0] == ("th", "row") for row in (rows if has_head else [first, *rows])
        )
    assert not any(page.headings for page in pages)  # the headings are the lesson's
    for head in re.findall(r"^(\|.*\|) *\n\|[ :|-]+\| *$", markdown(notebook), flags=re.M):
        assert all(cell.strip() for cell in head.strip("| ").split("|")[1:]), head


def test_the_progress_table_is_seen_by_these_tests():
    """So that the test above cannot pass because there is nothing to test."""
    (page,) = [
        Page(o.data["text/html"])
        for o in outputs(nbformat.read(NOTEBOOKS[0], as_version=4))
        if "<table" in o.data.get("text/html", "")
    ]
    assert len(page.tables) == 1 and len(page.tables[0]) > 10


def test_links_have_words_of_their_own():
    texts = [p.read_text(encoding="utf-8") for p in [*ROOT.glob("*.md"), *ROOT.glob("data/*.md")]]
    texts += [markdown(nbformat.read(path, as_version=4)) for path in NOTEBOOKS]
    links = [words for text in texts for words in re.findall(r"(?<!!)\[([^\]\n]*)\]\(", text)]
    assert links
    assert not [words for words in links if words.strip(" *_`.").lower() in EMPTY_WORDS]
    bare = re.compile(r"(?<![(<\"'\w/`])https?://")
    assert not [text[m.start() : m.start() + 60] for text in texts for m in bare.finditer(text)]


def inside(widget):
    yield widget
    for child in getattr(widget, "children", ()):
        yield from inside(child)


def test_every_slider_and_list_has_a_visible_name():
    def draw(**values):
        return plt.figure()

    words = "An empty figure, which is enough here: what is looked at is the name of each control."
    explore = Explore(draw, description=words, size=(0, 2, 1, 1), kind=["a", "b"])
    guesses = [
        Prediction("99.a", "How many?", low=1, high=9),
        Prediction("99.b", "How much?", low=1, high=9, unit="%"),
    ]
    views = [explore.view(), *(Asked(guess)._view() for guess in guesses)]
    named = (ipywidgets.IntSlider, ipywidgets.FloatSlider, ipywidgets.Dropdown)
    names = [w.description for v in views for w in inside(v) if isinstance(w, named)]
    assert names == ["size", "kind", "your guess", "your guess (%)"]
