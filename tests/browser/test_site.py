"""The site as its readers have it: its pages read as HTML, and opened in a real browser."""

import functools
import http.server
import os
import re
import shutil
import threading
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

import nbformat
import pytest
from filelock import FileLock

from l0course.cli import main
from l0course.learn.site_pages import lesson_page, link_pages

ROOT = Path(__file__).parents[2]
LOOKS = (Path(__file__).parent / "looks.js").read_text()
LESSONS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
NOTES = """# Notes of a test

The penalty is $\\alpha\\,\\|\\theta\\|_0$; see lesson 05, [its page](../05_thresholds.ipynb) and
[the module](../../l0course/pruning.py).

$$\\min_\\theta \\; \\|y - X\\theta\\|^2 + \\alpha \\|\\theta\\|_0$$
"""


class Page(HTMLParser):
    """What the tests ask of a page: its ids, links, resources, pictures, headings, folded text."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.resources: list[str] = []
        self.alts: list[str | None] = []
        self.headings: list[int] = []
        self.in_article = False
        self.folded, self.open_text, self.depth = "", "", 0
        self.lang = ""
        self.feed(path.read_text())

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if "id" in given:
            self.ids.add(given["id"])
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        if tag in ("script", "img") and given.get("src"):
            self.resources.append(given["src"])
        if tag == "link" and given.get("rel") in ("stylesheet", "preload", "icon"):
            self.resources.append(given["href"])
        if tag == "img":
            self.alts.append(given.get("alt"))
        self.in_article |= tag == "article"
        if re.fullmatch("h[1-6]", tag) and self.in_article:
            self.headings.append(int(tag[1]))
        if tag == "html":
            self.lang = given.get("lang", "")
        self.depth += tag == "details"

    def handle_endtag(self, tag):
        self.depth -= tag == "details"
        self.in_article &= tag != "article"

    def handle_data(self, data):
        if self.depth:
            self.folded += data
        else:
            self.open_text += data


@pytest.fixture(scope="session")
def site(tmp_path_factory, worker_id):
    """The site of the committed notebooks and one page with mathematics, built once a session."""
    shared = tmp_path_factory.getbasetemp()
    shared = shared if worker_id == "master" else shared.parent
    clone, pages = shared / "clone", shared / "pages"
    with FileLock(shared / "site.lock"):
        if not pages.exists():
            skip = shutil.ignore_patterns("src", "solutions")
            shutil.rmtree(clone, ignore_errors=True)
            shutil.copytree(ROOT / "notebooks", clone / "notebooks", ignore=skip)
            shutil.copy(ROOT / "README.md", clone)
            (clone / "notebooks" / "reference").mkdir(exist_ok=True)
            (clone / "notebooks" / "reference" / "of_a_test.md").write_text(NOTES)
            with pytest.MonkeyPatch.context() as patch:
                patch.chdir(clone)
                assert main(["site", str(pages)]) == 0
    return pages


@pytest.fixture(scope="session")
def parsed(site):
    return {path.relative_to(site).as_posix(): Page(path) for path in site.rglob("*.html")}


def test_every_link_and_resource_inside_the_site_is_there(site, parsed):
    missing, external = [], set()
    for name, page in parsed.items():
        for link in [*page.links, *page.resources]:
            if urlsplit(link).scheme:
                external.add(link)
                continue
            path, anchor = urldefrag(link)
            path = unquote(urlsplit(path).path)
            target = Path(os.path.normpath((site / name).parent / path)) if path else site / name
            if not target.is_file():
                missing.append((name, link))
            elif anchor and target.suffix == ".html":
                there = parsed[target.relative_to(site).as_posix()]
                if unquote(anchor) not in there.ids:
                    missing.append((name, link))
    assert missing == []
    assert all(link.startswith("https://") for link in external), sorted(external)
    assert not any(urlsplit(r).scheme for page in parsed.values() for r in page.resources)


def test_every_lesson_is_listed_on_the_first_page_and_leads_to_the_next(parsed):
    names = [f"notebooks/{path.stem}.html" for path in LESSONS]
    assert set(names) <= set(parsed["index.html"].links)
    for here, following in zip(names, names[1:], strict=False):
        assert Path(following).name in parsed[here].links
    notes = parsed["notebooks/reference/of_a_test.html"]
    assert notes.links.count("../05_thresholds.html") >= 3  # the sidebar's, the text's, "lesson 05"
    assert "the module (l0course/pruning.py)" in " ".join(notes.open_text.split())


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem[:2])
def test_a_page_folds_its_answers_and_keeps_pictures_and_words(parsed, path):
    page = parsed[f"notebooks/{path.stem}.html"]
    cells = nbformat.read(path, as_version=4).cells
    exercises = re.findall(r"Solution of (\d\d\.\d+), and why", page.folded)
    assert len(exercises) >= 4
    assert not any(f"Solution of {exercise}" in page.open_text for exercise in exercises)
    shown = [o for c in cells for o in c.get("outputs", []) if "image/png" in o.get("data", {})]
    words = [o.data["text/plain"] for o in shown]
    pictures = [text for text in words if " No guess was recorded." not in text]
    assert sorted(page.alts) == sorted(pictures)
    for answer in set(words) - set(pictures):
        told = answer[answer.index("The answer is ") :].replace(" No guess was recorded.", "")
        assert told in page.folded and told not in page.open_text
    assert page.open_text.count("In the notebook this picture has sliders") == sum(
        "Explore(" in cell.source for cell in cells if cell.cell_type == "code"
    )
    for nothing in ("Teacher's note", "Record a guess with the button"):
        assert nothing not in page.open_text + page.folded
    shows_verdicts = path.name.startswith("00")  # all four of them, where checks are explained
    assert page.open_text.count("not attempted:") == shows_verdicts


def test_pages_can_be_read_aloud(site, parsed):
    for name, page in parsed.items():
        assert page.lang == "en" and "main-content" in page.ids, name
        assert "#main-content" in page.links, name
        if name != "search.html":
            assert page.headings.count(1) == 1 and page.headings[0] == 1, (name, page.headings)
            steps = [b - a for a, b in zip(page.headings, page.headings[1:], strict=False)]
            assert max(steps, default=0) <= 1, (name, page.headings)
        assert all(page.alts), name
        assert "Toggle hidden content" not in (site / name).read_text()


def test_links_in_code_and_in_headings_stay_as_they_are():
    text = (
        "# Lesson 05\n\n`lesson 05`, [lesson 05](#a), lessons 05 and 07.\n\n```\nlesson 05\n```\n"
    )
    pages = ["notebooks/05_a.ipynb", "notebooks/07_b.ipynb"]
    linked = link_pages(text, "notebooks/00_c.ipynb", pages)
    assert linked == text.replace(
        "lessons 05 and 07", "lessons [05](05_a.ipynb) and [07](07_b.ipynb)"
    )


def test_a_page_is_a_copy_without_widgets_and_teachers_notes():
    picture = nbformat.v4.new_output(
        "execute_result",
        {"image/png": "", "text/plain": "Words.", "application/vnd.jupyter.widget-view+json": {}},
    )
    cell = nbformat.v4.new_code_cell("Explore(draw, description=words)", outputs=[picture])
    note = nbformat.v4.new_markdown_cell("## For teachers", metadata={"tags": ["teacher"]})
    notebook = nbformat.v4.new_notebook(cells=[cell, note], metadata={"widgets": {"a": 1}})
    before = nbformat.writes(notebook)
    page = lesson_page(notebook, "07")
    assert nbformat.writes(notebook) == before
    assert "widget" not in nbformat.writes(page) and "teachers" not in nbformat.writes(page)
    assert "lesson 07" in page.cells[0].outputs[1].data["text/html"]


def test_what_cannot_be_built_is_said_and_nothing_is_lost(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["site", "pages"]) == 1
    assert "run this in a clone" in capsys.readouterr().err
    shutil.copy(ROOT / "README.md", tmp_path)
    (tmp_path / "notebooks" / "figures").mkdir(parents=True)
    cells = [nbformat.v4.new_markdown_cell("# One\n\n[nowhere](#no-such-heading)")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "notebooks" / "00_a.ipynb")
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    assert main(["site", "mine"]) == 1
    assert "is not a site" in capsys.readouterr().err
    old = tmp_path / "pages"
    old.mkdir()
    (old / "searchindex.js").write_text("an older site")
    assert main(["site", "pages"]) == 1
    assert "no whole site" in capsys.readouterr().err
    assert (old / "searchindex.js").read_text() == "an older site"
    assert (mine / "thesis.txt").exists()
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"README.md", "notebooks", "mine", "pages"}


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def address(site):
    handler = functools.partial(Quiet, directory=site)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture
def tab(browser, address):
    """Opens a tab; at the end, no request went elsewhere or failed, and the console is clean."""
    contexts, wrong = [], []

    def left(request):  # the page was left before it came
        return request.failure == "net::ERR_ABORTED"

    def make(**options):
        contexts.append(browser.new_context(base_url=address, **options))
        page = contexts[-1].new_page()
        page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on(
            "response", lambda r: wrong.append(f"{r.status} {r.url}") if r.status >= 400 else None
        )
        page.on("requestfailed", lambda r: None if left(r) else wrong.append(f"failed: {r.url}"))
        page.on(
            "request",
            lambda r: None if r.url.startswith((address, "data:")) else wrong.append(r.url),
        )
        return page

    yield make
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_is_legible_in_both_themes(tab, parsed, theme):
    page = tab(color_scheme=theme, viewport={"width": 1280, "height": 900})
    for name in parsed:
        page.goto(name)
        assert page.evaluate("document.documentElement.dataset.theme") == theme
        page.add_style_tag(content="* { transition: none !important; animation: none !important; }")
        looks = page.evaluate(LOOKS, ["body", "noscript, .headerlink"])
        assert looks["seen"] > 20 and not [t for t in looks["texts"] if t["ratio"] < 4.5], name
        for picture in page.locator("article img").all()[:3]:
            look = picture.evaluate(
                "(e) => [getComputedStyle(e).backgroundColor, getComputedStyle(e).filter]"
            )
            assert look == ["rgb(255, 255, 255)", "none"] or theme == "light"


def test_the_first_page_is_light(tab):
    page = tab(viewport={"width": 1280, "height": 900})
    sizes = []
    page.on("requestfinished", lambda r: sizes.append(r.sizes()["responseBodySize"]))
    page.goto("index.html")
    for picture in page.locator("article img").all():
        picture.scroll_into_view_if_needed()
    page.wait_for_load_state("networkidle")
    assert all(page.locator("article img").evaluate_all("all => all.map((e) => e.naturalWidth)"))
    assert len(sizes) > 20 and sum(sizes) < 1_000_000


def test_no_page_scrolls_sideways_on_a_telephone(tab, parsed):
    page = tab(viewport={"width": 420, "height": 900}, color_scheme="dark")
    for name in parsed:
        page.goto(name)
        assert page.evaluate("document.documentElement.scrollWidth") <= 420, name
        for picture in page.locator("article .cell_output img:visible").all()[:1]:
            picture.scroll_into_view_if_needed()
            shown, natural = picture.evaluate(
                "async (e) => (await e.decode(),"
                "[(e.clientWidth - 16) / (e.clientHeight - 16), e.naturalWidth / e.naturalHeight])"
            )
            assert shown == pytest.approx(natural, rel=0.02), name


def test_search_finds_a_lesson(tab):
    page = tab()
    page.goto("notebooks/03_pmmp.html")
    page.keyboard.press("Control+k")
    page.keyboard.type("lottery")
    page.keyboard.press("Enter")
    page.wait_for_selector("#search-results li a")
    found = page.locator("#search-results li a").evaluate_all("all => all.map((e) => e.href)")
    assert any("/notebooks/09_lottery_tickets.html" in link for link in found)
    page.wait_for_selector("#search-results li:has-text('A random network')")  # the claim
    page.locator("#search-results li a[href*='09_lottery']").first.click()
    page.wait_for_selector("article h1:has-text('Lottery')")


def test_a_solution_opens_from_the_keyboard_and_without_javascript(browser, address):
    page = browser.new_page(java_script_enabled=False)
    page.goto(f"{address}notebooks/03_pmmp.html")
    fold = page.locator("details", has_text="Solution of 03.1, and why").last
    code = fold.locator("pre")
    assert not code.is_visible()
    fold.locator("summary").press("Enter")
    assert code.is_visible() and "total +=" in code.inner_text()
    page.close()


def test_mathematics_is_set(tab):
    page = tab()
    page.goto("notebooks/reference/of_a_test.html")
    page.wait_for_selector("mjx-container")
    assert page.locator("mjx-container").count() == 2
    assert "\\alpha" not in page.locator("article").inner_text()
