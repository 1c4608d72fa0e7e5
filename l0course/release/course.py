"""A folder that nbgrader takes as a course: assignments, settings, README, guide.

Each lesson becomes one assignment, made from the same source as the notebooks. An exercise becomes
three cells: the work (with the solution, which `nbgrader generate_assignment` takes out), the
hidden test, which it takes out too and `nbgrader autograde` puts back, and the lesson's own check.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbformat import NotebookNode

from ..learn import build
from ..learn.exercise import ex
from .grade import points
from .guide import SETTINGS, guide, how_to, measured
from .variant import own_seed, question, variant

__all__ = ["assignment", "write_course"]


def write_course(
    target: Path, lessons: list[build.Lesson], seed: int | None = None
) -> list[tuple[str, int]]:
    """Write an nbgrader course; all of it or nothing.

    Parameters
    ----------
    target : Path
        A folder that does not exist, or is empty.
    lessons : list of Lesson
    seed : int, 0 or more, optional
        For other numbers than the lessons'. Without it, exercises keep their own.

    Returns
    -------
    list of (assignment, points)

    Raises
    ------
    ValueError
        If the folder holds something already, or the seed is negative.
    RuntimeError
        If the inputs drawn from the seed do not show all mistakes of an exercise.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ValueError(f"{target} is not empty: name a new folder.")
    if seed is not None and seed < 0:
        raise ValueError(f"the seed must be 0 or more, got {seed}.")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        totals = []
        for lesson in lessons:
            name, notebook = lesson.source.stem, assignment(lesson, seed)
            folder = part / "source" / name
            folder.mkdir(parents=True)
            nbformat.write(notebook, folder / f"{name}.ipynb")
            totals.append((name, _total(notebook)))
        (part / "nbgrader_config.py").write_text(SETTINGS, encoding="utf-8")
        (part / "README.md").write_text(how_to(totals), encoding="utf-8")
        (part / "GUIDE.md").write_text(guide(lessons, seed), encoding="utf-8")
        part.chmod(0o755)  # mkdtemp gives it to its maker alone
        if target.exists():
            target.rmdir()
        os.replace(part, target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return totals


def assignment(lesson: build.Lesson, seed: int | None = None) -> NotebookNode:
    """One lesson as an assignment, with its solutions and hidden tests, without outputs.

    Raises ValueError if a phrase that a variant replaces is not in the lesson exactly once.
    """
    cells: list[NotebookNode] = []
    for cell in jupytext.read(lesson.source).cells:
        if "teacher" in cell.metadata.get("tags", []):
            continue
        if cell.cell_type == "markdown":
            text = LINK.sub(r"\1", build.HEADING.sub(build.heading, cell.source))
            for _, exercise_id in build.HEADING.findall(cell.source):
                text = _other_words(text, exercise_id, seed)
            cells.append(nbformat.v4.new_markdown_cell(text))
        elif "### BEGIN SOLUTION" in cell.source:
            cells += _three_cells(cell.source, seed)
        else:
            cells.append(nbformat.v4.new_code_cell(cell.source))
    cells.insert(1, nbformat.v4.new_markdown_cell(NOTE))
    notebook = nbformat.v4.new_notebook(cells=cells)
    python = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook.metadata["kernelspec"] = python
    build.set_measured(notebook, measured(lesson))
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:03d}"
    nbformat.validate(notebook)
    return notebook


NOTE = """**This notebook is an assignment.** Write your code where it says so. The check below
each exercise tells you how you are doing, as often as you like, and `ex("NN.k").hint()` gives a
hint. What you wrote is graded when you have handed it in. Predictions and the quiz earn no points.
Before you hand in: restart the kernel, and run all cells."""


LINK = re.compile(r"\[([^\]]+)\]\((?:reference/)?\w+\.(?:ipynb|md)\)")  # to what is not handed out


def _other_words(text: str, exercise_id: str, seed: int | None) -> str:
    """The text of an exercise with the variant's number in it."""
    asked = seed is not None and question(ex(exercise_id).exercise, own_seed(seed, exercise_id))
    for old, new in asked.words.items() if asked else ():
        if text.count(old) != 1:
            raise ValueError(f"the text of exercise {exercise_id} must hold {old!r} once.")
        text = text.replace(old, new)
    return text


def _three_cells(code: str, seed: int | None) -> list[NotebookNode]:
    """The work, the hidden test and the check of an exercise, from the lesson's one cell.

    The check comes last, for it puts the course's answer in the place of a wrong one.
    """
    found = build.ATTEMPT.search(code)
    start = code.rfind("\n", 0, found.start()) + 1
    work, check, exercise_id = code[:start].rstrip() + "\n", code[start:], found[1]
    name = re.match(r"\w+", check)[0]
    exercise = ex(exercise_id).exercise
    own = None if seed is None else own_seed(seed, exercise_id)
    other = exercise if own is None else variant(exercise, own)  # fails here, not when it is graded
    if callable(exercise.reference):
        work = build.SOLUTION.sub(_then_the_stub, work)
    else:
        work = f"{name} = ...  # your answer\n{work}"
        if other is not exercise:
            solution = f"### BEGIN SOLUTION\n{name} = {other.reference!r}\n### END SOLUTION\n"
            work = build.SOLUTION.sub(solution, work)
            check = _noted(exercise_id, name) + check.partition("\n")[2]
    seeded = "" if own is None else f", seed={own}"
    graded = f"""# {exercise_id} is graded here. Leave this cell as it is.
### BEGIN HIDDEN TESTS
from l0course.release.grade import grade

grade("{exercise_id}", {name}{seeded})
### END HIDDEN TESTS"""
    number = exercise_id.replace(".", "-")
    return [
        _cell(work.rstrip(), f"write-{number}", solution=True),
        _cell(graded, f"test-{number}", locked=True, grade=True, points=points(exercise)),
        _cell(check.rstrip(), f"check-{number}", locked=True),
    ]


def _noted(exercise_id: str, name: str) -> str:
    """In place of the lesson's own check, which knows another number."""
    return f"""{name} = ex("{exercise_id}").exercise.reference  # the lesson has other numbers
print("{exercise_id}  noted. It is graded when you have handed it in.")
"""


def _then_the_stub(match: re.Match) -> str:
    """What a learner's function does until it returns something; no solution gets that far."""
    return f'{match[0]}{match[1]}raise NotImplementedError("write your code here")\n'


def _cell(source: str, grade_id: str, **what: Any) -> NotebookNode:
    settings = {"grade": False, "locked": False, "solution": False, "task": False, **what}
    settings |= {"grade_id": grade_id, "schema_version": 3}
    return nbformat.v4.new_code_cell(source, metadata={"nbgrader": settings})


def _total(notebook: NotebookNode) -> int:
    settings = [cell.metadata.get("nbgrader", {}) for cell in notebook.cells]
    return sum(one["points"] for one in settings if one.get("grade"))
