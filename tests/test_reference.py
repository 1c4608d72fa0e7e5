"""The pages for looking things up: what they name must exist, in the code and in the lessons."""

import importlib
import re
from pathlib import Path

import pytest

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
PAGES = {path.stem: path.read_text() for path in (NOTEBOOKS / "reference").glob("*.md")}


def rows(page):
    """The cells of each table row, headers and rules left out."""
    lines = [line for line in PAGES[page].splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    rules = [i for i, row in enumerate(cells) if set("".join(row)) <= {"-", ":"}]
    return [row for i, row in enumerate(cells) if i not in rules and i + 1 not in rules]


def test_the_three_pages_are_there():
    assert set(PAGES) == {"notation", "glossary", "equations"}


@pytest.mark.parametrize(
    "name", sorted(set(re.findall(r"`(l0course(?:\.\w+)+)`", PAGES["equations"])))
)
def test_every_function_of_the_equation_map_exists(name):
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        for part in parts[end:]:
            found = getattr(found, part)
        return
    raise AssertionError(f"{name} cannot be imported")


@pytest.mark.parametrize("page", sorted(PAGES))
def test_every_link_leads_to_a_lesson_or_a_page(page):
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", PAGES[page])
    assert links or page == "notation"
    assert not [link for link in links if not (NOTEBOOKS / "reference" / link).exists()]


def test_the_glossary_is_in_order_and_its_lessons_use_the_terms():
    terms = [(re.sub(r"\*", "", row[0]), row[1], row[2]) for row in rows("glossary")]
    names = [name.lower().lstrip("ℓ") for name, *_ in terms]
    assert len(terms) >= 40 and names == sorted(names, key=str.casefold)
    for name, meaning, where in terms:
        assert len(meaning) > 20, name
        (lesson,) = re.findall(r"\((?:\.\./)(\d\d_\w+)\.ipynb\)", where)
        text = (NOTEBOOKS / "src" / f"{lesson}.py").read_text()
        text = re.sub(r"\s+", " ", re.sub(r"\n# ?", " ", text)).lower().replace("*", "")
        stem = re.split(r",| \(", name.lower())[0]
        assert stem in text, f"lesson {lesson} never says {stem!r}"


def test_every_symbol_of_the_notation_stands_in_its_lessons():
    table = rows("notation")
    assert len(table) >= 40
    lessons = {path.stem[:2]: path.read_text() for path in (NOTEBOOKS / "src").glob("*.py")}
    for symbols, meaning, where in table:
        assert len(meaning) > 5
        if " to " in where:
            first, last = where.split(" to ")
            where = ", ".join(f"{number:02d}" for number in range(int(first), int(last) + 1))
        for lesson in where.split(", "):
            written = re.sub(r"\(.*?\)", "", symbols).split(", ")
            found = [
                s
                for s in written
                if re.search(rf"(?<![A-Za-z_]){re.escape(s)}(?![A-Za-z_])", lessons[lesson])
            ]
            assert found, f"lesson {lesson} never writes {symbols}"
