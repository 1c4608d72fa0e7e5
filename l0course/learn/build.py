"""Lessons are written once: `notebooks/src/NN_name.py` makes the student and the solved notebook.

The source is a Python file in jupytext's percent format, with the solutions in it. Building

- replaces what stands between `### BEGIN SOLUTION` and `### END SOLUTION` in the student copy;
- completes each heading `### Exercise NN.k` with title, difficulty and minutes, and puts the folded
  hints and the solution below the check;
- leaves cells tagged `teacher` out of the student copy;
- saves the picture of the cell tagged `signature` beside them, for the README;
- executes both with one thread and without anybody's progress, and keeps the outputs.

`stale` tells which notebooks no longer match their source, without executing anything.
"""

from __future__ import annotations

import base64
import os
import re
import time
from dataclasses import dataclass
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

from ..doctor import reference_seconds
from .exercise import Exercise, ex

__all__ = ["Lesson", "build", "lessons", "stale"]

WIDGET = "application/vnd.jupyter.widget-view+json"
MOST_BYTES = 300_000
SOLUTION = re.compile(r"^( *)### BEGIN SOLUTION\n(.*?)^ *### END SOLUTION\n?", re.M | re.S)
MARKER = re.compile(r"^ *### (BEGIN|END) SOLUTION\n?", re.M)
ATTEMPT = re.compile(r"""\bex\(["'](\d\d\.\d+)["']\)\.attempt""")
HEADING = re.compile(r"^(###+) Exercise (\d\d\.\d+) *$", re.M)


@dataclass(frozen=True)
class Lesson:
    """One source file and the two notebooks that are made from it."""

    source: Path

    @property
    def student(self) -> Path:
        return self.source.parent.parent / f"{self.source.stem}.ipynb"

    @property
    def solved(self) -> Path:
        return self.source.parent.parent / "solutions" / f"{self.source.stem}.ipynb"

    @property
    def picture(self) -> Path:
        return self.source.parent.parent / "figures" / f"{self.source.stem}.png"


def lessons(folder: Path) -> list[Lesson]:
    """The lessons whose sources lie in `folder`/src, in order.

    Raises FileNotFoundError if there are none.
    """
    found = [Lesson(path) for path in sorted((folder / "src").glob("[0-9][0-9]_*.py"))]
    if not found:
        raise FileNotFoundError(
            f"No lesson source in {folder / 'src'}: run this in a clone of the course."
        )
    return found


def build(lesson: Lesson) -> float:
    """Make, execute and write both notebooks of a lesson; return the solved one's seconds.

    Nothing is written unless both run; a cell that fails raises RuntimeError with its traceback.
    """
    solved = _cells(lesson, student=False)
    seconds = _execute(solved, lesson.source.stem, lesson.solved.parent)
    student = _cells(lesson, student=True)
    _execute(student, lesson.source.stem, lesson.student.parent)
    measured = {"seconds": round(seconds), "reference": round(reference_seconds(), 3)}
    for notebook, path in [(solved, lesson.solved), (student, lesson.student)]:
        set_measured(notebook, measured)
        nbformat.validate(notebook)
        _write(path, (nbformat.writes(notebook) + "\n").encode())
    for cell in solved.cells:
        if "signature" in cell.metadata.get("tags", []):
            _write(lesson.picture, base64.b64decode(cell.outputs[0].data["image/png"]))
    return seconds


def stale(lesson: Lesson) -> list[str]:
    """Why the committed notebooks of a lesson do not match its source; empty if they do."""
    reasons = []
    for path, is_student in [(lesson.student, True), (lesson.solved, False)]:
        if not path.exists():
            reasons.append(f"{path.name} ({path.parent.name}) is missing")
            continue
        committed = nbformat.read(path, as_version=4)
        wanted = _cells(lesson, student=is_student)
        set_measured(wanted, committed.metadata.get("l0course", {"seconds": 0}))
        where = f"{path.parent.name}/{path.name}"
        if _sources(committed) != _sources(wanted):
            reasons.append(f"{where} differs from its source")
        code = [c for c in committed.cells if c.cell_type == "code"]
        if any(c.execution_count is None for c in code):
            reasons.append(f"{where} has cells that were never run")
        if any(o.output_type == "error" for c in code for o in c.outputs):
            reasons.append(f"{where} holds an error")
        if path.stat().st_size > MOST_BYTES:
            reasons.append(f"{where} is larger than {MOST_BYTES // 1000} kB")
    return reasons


def _sources(notebook: NotebookNode) -> list[tuple[str, str]]:
    return [(cell.cell_type, cell.source) for cell in notebook.cells]


def _cells(lesson: Lesson, student: bool) -> NotebookNode:
    """The notebook without outputs."""
    source = jupytext.read(lesson.source)
    cells: list[NotebookNode] = []
    for cell in source.cells:
        if student and "teacher" in cell.metadata.get("tags", []):
            continue
        solved = cell.source
        if cell.cell_type == "markdown":
            cell.source = HEADING.sub(heading, solved)
            if not student:  # which lies one folder deeper
                cell.source = cell.source.replace("](reference/", "](../reference/")
        elif student:
            cell.source = SOLUTION.sub(_stub, solved + "\n").rstrip("\n")
        else:
            cell.source = MARKER.sub("", solved)
        cells.append(cell)
        for identifier in ATTEMPT.findall(solved) if "### BEGIN SOLUTION" in solved else []:
            cells.append(nbformat.v4.new_markdown_cell(_folded(ex(identifier).exercise, solved)))
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:03d}"
        cell.metadata = {k: v for k, v in cell.metadata.items() if k == "tags"}
    return notebook


def heading(match: re.Match) -> str:
    exercise = ex(match[2]).exercise
    dots = "●" * exercise.difficulty + "○" * (5 - exercise.difficulty)
    return f"{match[1]} Exercise {match[2]} · {exercise.title} · {dots} · {exercise.minutes} min"


def _stub(match: re.Match) -> str:
    """What a learner finds in place of a solution."""
    indent, body = match[1], match[2]
    if indent:
        return f'{indent}raise NotImplementedError("write your code here")\n'
    names = re.findall(r"^(\w+) *=", body, flags=re.M)
    return "".join(f"{name} = ...  # your answer\n" for name in names)


def _folded(exercise: Exercise, cell: str) -> str:
    """Hints and solution of an exercise, folded, as Markdown that any page renders."""
    lines = MARKER.sub("", cell).splitlines()
    code = "\n".join(line for line in lines if not ATTEMPT.search(line)).strip()
    parts = [(f"Hint {number}", hint) for number, hint in enumerate(exercise.hints, start=1)]
    parts.append(
        (f"Solution of {exercise.id}, and why", f"```python\n{code}\n```\n\n{exercise.why}")
    )
    return "\n".join(
        f"<details><summary>{summary}</summary>\n\n{text}\n\n</details>" for summary, text in parts
    )


def set_measured(notebook: NotebookNode, measured: dict[str, float]) -> None:
    """Put the measured running time where the text says {{running}}, and into the metadata."""
    notebook.metadata["l0course"] = measured
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = cell.source.replace("{{running}}", f"{measured['seconds']} seconds")


def _execute(notebook: NotebookNode, name: str, folder: Path) -> float:
    """Run all cells in `folder`, keep the outputs, return the seconds."""
    folder.mkdir(parents=True, exist_ok=True)
    resources = {"metadata": {"path": str(folder)}}
    start = time.perf_counter()
    env = {**os.environ, "OMP_NUM_THREADS": "1", "L0COURSE_PROGRESS": "off"}
    client = NotebookClient(notebook, timeout=120, resources=resources, store_widget_state=False)
    try:
        client.execute(env=env)
    except CellExecutionError as error:
        raise RuntimeError(f"{name} did not run through: {error}") from error
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGET, None)  # the picture stays; the model is not kept
    return time.perf_counter() - start


def _write(path: Path, content: bytes) -> None:
    """All of the file or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_bytes(content)
    os.replace(part, path)
