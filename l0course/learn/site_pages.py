"""How the README, the notebooks and the reference become pages that are read without a kernel.

On a page a prediction is a question, its answer is folded; an exercise keeps its folded hints and
solution; an `Explore` is its still picture. Code that only asks or draws is folded or left out.
"""

from __future__ import annotations

import ast
import copy
import html
import os.path
import re
from collections.abc import Iterable

import nbformat
from nbformat import NotebookNode

__all__ = ["first_page", "lesson_page", "link_pages", "titles"]

ROW = re.compile(
    r'^\| (\d\d) \| \[(.+?)\]\((.+?)\) \| ([^|]+) \|.*<img src="(.+?)".*? alt="(.+?)"', re.M
)
KEPT = re.compile(r"(^```.*?^```$|^#+ .*?$|`[^`\n]+`|\[[^\]]*\]\([^)]*\))", re.M | re.S)
LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)\s]+)\)")
STUB = re.compile("write your code here|# your answer")
SKIPPED = re.compile(r"^· \d\d\.\d+  not attempted.*\n?", re.M)
LIVE = "In the notebook this picture has sliders: <code>make lab</code>, lesson {}."
CARDS = """:::{{grid-item-card}} {number} · {title}
:link: {page}
:link-type: doc
:img-top: {picture}
:img-alt: {alt}

{text}
:::
"""
WELCOME = """{intro}

To read along you need a little Python and NumPy. These pages show the lessons as they ran.
**Guess before you unfold an answer.** The notebooks themselves add what a page cannot: sliders,
your own code, and checks that know the usual mistakes.

## Lessons

::::{{grid}} 1 1 2 2
:gutter: 3

{cards}
::::

## {start}"""


def titles(readme: str) -> dict[str, str]:
    """The short title of each lesson that the README's table lists, by number.

    Examples
    --------
    >>> row = '| 05 | [Dead weights](n/05_d.ipynb) | A cliff. | <img src="n/5.png" alt="A curve"> |'
    >>> titles(row)
    {'05': 'Dead weights'}
    """
    return {number: title for number, title, *_ in ROW.findall(readme)}


def first_page(readme: str) -> str:
    """The front page in MyST Markdown: the README's claim, its lessons as cards, how to start.

    Raises ValueError if the README has no such table, or no section "Start" or "Lessons".
    """
    parts = dict(re.findall(r"^## (.+?)\n+(.*?)(?=^## |\Z)", readme, flags=re.M | re.S))
    rows = ROW.findall(parts.get("Lessons", ""))
    if not rows or "Start" not in parts:
        raise ValueError("README.md needs the sections Start and Lessons, with a row a lesson.")
    cards = "\n".join(
        CARDS.format(
            number=number,
            title=title,
            page=os.path.splitext(source)[0],
            picture=picture,
            alt=alt,
            text=text,
        )
        for number, title, source, text, picture, alt in rows
    )
    intro = re.split(r"^\||^## ", readme, maxsplit=1, flags=re.M)[0].strip()
    start = f"Start\n\n{parts['Start'].strip()}\n"
    return WELCOME.format(intro=intro, cards=cards, start=start)


def lesson_page(notebook: NotebookNode, number: str) -> NotebookNode:
    """A student notebook as a page: a copy, without what only a kernel can use.

    Parameters
    ----------
    notebook : NotebookNode
        With its outputs; it is not changed.
    number : str
        Of the lesson, such as "02".

    Examples
    --------
    >>> cell = nbformat.v4.new_code_cell("guess = predict('99.a', 'How many?', low=1, high=9)")
    >>> words = "Predict: How many? From 1 to 9. Record a guess with the button, or type it: ..."
    >>> cell.outputs = [nbformat.v4.new_output("display_data", {"text/plain": words})]
    >>> page = lesson_page(nbformat.v4.new_notebook(cells=[cell]), "99")
    >>> page.cells[0].metadata.tags, "How many? From 1 to 9.</p>" in str(page.cells[0].outputs)
    (['remove-input'], True)
    """
    page = copy.deepcopy(notebook)
    page.cells = [c for c in page.cells if "teacher" not in c.metadata.get("tags", [])]
    page.metadata.pop("widgets", None)
    code = [cell for cell in page.cells if cell.cell_type == "code"]
    for cell in code:
        _still(cell, number)
    if code and code[0].source.startswith(("import ", "from ")):
        _fold(code[0], "input", "the imports")
    return page


def _still(cell: NotebookNode, number: str) -> None:
    """Give a code cell the tags and the outputs of a page without a kernel."""
    cell.metadata = {"mystnb": {}}
    outputs = []
    for output in cell.outputs:
        if output.output_type == "stream":
            if STUB.search(cell.source):  # an exercise that nobody has tried yet
                output.text = SKIPPED.sub("", output.text)
            if outputs and outputs[-1].get("name") == output.name:
                outputs[-1].text += output.text
            else:
                outputs.append(output)
        else:
            outputs.append(_words(output))
            if "image/png" in outputs[-1].data:  # the text for who does not see the picture
                cell.metadata["mystnb"]["image"] = {"alt": output.data["text/plain"]}
    cell.outputs = [output for output in outputs if output.get("text") != ""]
    calls = _calls(cell.source)
    if calls == {"progress_map"}:
        cell.outputs = []  # nobody's progress
    elif calls and calls <= {"predict", "quiz"}:
        cell.metadata["tags"] = ["remove-input"]
    elif ".reveal(" in cell.source and cell.outputs:
        _fold(cell, "output", "the answer")
    elif "Explore(" in cell.source:
        _fold(cell, "input", "the code")
        cell.outputs.append(_html(f'<p class="live">{LIVE.format(number)}</p>'))


def _words(output: NotebookNode) -> NotebookNode:
    """A question or an answer as a box of words; any other output without its live view."""
    words = output.get("data", {}).get("text/plain", "")
    if words.startswith("Predict: "):
        asked = words.removeprefix("Predict: ").split(" Record a guess with")[0]
        return _html(_box("tip", "Predict", asked))
    if " No guess was recorded." in words:
        told = words[words.index("The answer is ") :].replace(" No guess was recorded.", "")
        return _html(_box("note", "Answer", told))
    for mime in [m for m in output.get("data", {}) if m.startswith("application/")]:
        del output.data[mime]
    return output


def _box(kind: str, title: str, text: str) -> str:
    text = html.escape(text, quote=False)
    return (
        f'<div class="admonition {kind}"><p class="admonition-title">{title}</p>\n'
        f"<p>{text}</p></div>"
    )


def _html(content: str) -> NotebookNode:
    return nbformat.v4.new_output("display_data", {"text/html": content})


def _fold(cell: NotebookNode, part: str, what: str) -> None:
    """Fold the input or the output of a cell, under a line that says what is folded."""
    cell.metadata["tags"] = [f"hide-{part}"]
    cell.metadata["mystnb"] |= {
        "code_prompt_show": f"Show {what}",
        "code_prompt_hide": f"Hide {what}",
    }


def _calls(source: str) -> set[str]:
    """The functions that a cell calls, if it does nothing else: one call in each statement."""
    values = [getattr(statement, "value", None) for statement in ast.parse(source).body]
    if not all(isinstance(v, ast.Call) and isinstance(v.func, ast.Name) for v in values):
        return set()
    return {value.func.id for value in values}


def link_pages(text: str, here: str, pages: Iterable[str]) -> str:
    """Markdown whose links lead to pages of the site, or nowhere.

    "lesson 05" becomes a link to that page. A link to a file that is no page becomes its text with
    the path as code, for the site holds no source.

    Parameters
    ----------
    text : str
    here : str
        The file that the text is from, relative to the root of the repository.
    pages : iterable of str
        The files that become pages, in the same way.

    Examples
    --------
    >>> pages = ["README.md", "notebooks/05_dead.ipynb", "notebooks/reference/terms.md"]
    >>> link_pages("See lesson 05 and [fit](../l0course/fit.py).", "notebooks/02_a.ipynb", pages)
    'See lesson [05](05_dead.ipynb) and fit (`l0course/fit.py`).'
    """
    folder = os.path.dirname(here)
    pages = set(pages) | {here}
    lesson = {os.path.basename(p)[:2]: p for p in pages if re.match(r"\d\d_", os.path.basename(p))}

    def leads(match: re.Match) -> str:
        words, target = match.groups()
        path, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target) or not path:
            return match[0]
        path = os.path.normpath(os.path.join(folder, path))
        if path == "README.md":
            return f"[{words}]({os.path.relpath('index.md', folder)})"
        if path in pages:
            return match[0]
        return f"`{path}`" if words.strip("`") == path else f"{words} (`{path}`)"

    def number(match: re.Match) -> str:
        page = lesson.get(match[0], here)
        return match[0] if page == here else f"[{match[0]}]({os.path.relpath(page, folder)})"

    def mention(match: re.Match) -> str:
        return re.sub(r"\d\d", number, match[0])

    parts = KEPT.split(text)
    for index, part in enumerate(parts):
        if index % 2:
            parts[index] = LINK.sub(leads, part) if part.startswith("[") else part
        else:
            parts[index] = re.sub(r"\b[Ll]essons? \d\d(?:,? (?:and |to )?\d\d)*\b", mention, part)
    return "".join(parts)
