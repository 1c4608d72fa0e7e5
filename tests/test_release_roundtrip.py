"""Two lessons through nbgrader for real: released, handed in, graded, and fed back.

Of each lesson there are a solved submission, an empty one, one whose graded cells were tampered
with, and some with planted mistakes, one in each exercise but one: together they hold all mistakes
of all exercises. The gradebook says which points were lost. All but the first two hold only the
exercises, which saves time.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from l0course.cli import main
from l0course.learn import all_exercises
from l0course.release.grade import points
from l0course.release.variant import own_seed, variant

pytest.importorskip("nbgrader", reason="nbgrader is not installed (`make test` installs it)")

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
SEED = 20


def nbgrader(folder, *command):
    """Run a command in the course, and return what it says."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])  # for alembic
    environment = os.environ | {"PATH": path, "PYTHONPATH": str(NOTEBOOKS.parent)}
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *command],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    log = done.stdout + done.stderr
    assert done.returncode == 0, log[-3000:]
    return log


def settings(cell):
    return cell.metadata.get("nbgrader", {})


def hand_in(folder, student, notebook, name):
    path = folder / "submitted" / student / name / f"{name}.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(notebook, path)


def mistake_of(exercise, place, number):
    """Which mistake the exercise at this place has in submission `number`; None: it is solved.

    Each submission leaves one exercise right, so that all mistakes have their turn beside right
    answers.
    """
    j = number if number < place else number - 1
    return j if number != place and j < len(exercise.mistakes) else None


SET_UP = """import numpy as np
from l0course import gaussian_bits, support_bits
from l0course.learn import ex"""  # what these two lessons' solutions need; loads no torch


def only_exercises(notebook):
    """The cells of the exercises behind a short set-up, without the reading between them."""
    notebook = nbformat.from_dict(notebook)
    first = next(c for c in notebook.cells if c.cell_type == "code")
    notebook.cells = [first, *(c for c in notebook.cells if settings(c))]
    first.source = SET_UP
    return notebook


def tampered(release):
    """An empty submission whose checks and graded cells say `pass`; the last test is deleted."""
    notebook = only_exercises(release)
    for cell in notebook.cells[1:]:
        if settings(cell)["locked"]:
            cell.source = "pass"
    del notebook.cells[-2]
    return notebook


def with_mistakes(source, exercises, number):
    """Submission `number` and its points."""
    notebook, wanted = only_exercises(source), {}
    for place, exercise in enumerate(exercises):
        work, test = notebook.cells[1 + 3 * place], notebook.cells[2 + 3 * place]
        assert settings(work)["grade_id"] == f"write-{exercise.id.replace('.', '-')}"
        j = mistake_of(exercise, place, number)
        wanted[exercise.id] = points(exercise) if j is None else 0
        if j is not None:
            wrong = f'ex("{exercise.id}").exercise.mistakes[{j}].wrong'
            if not callable(exercise.reference):
                other = variant(exercise, own_seed(SEED, exercise.id))
                wrong = repr(other.mistakes[j].wrong)
            name = re.search(r'grade\("[0-9.]+", (\w+)', test.source)[1]
            work.source = f"{name} = {wrong}"
    return notebook, wanted


def scores(folder, name):
    """{student: {exercise: points}}, from the gradebook."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{folder}/gradebook.db") as book:
        return {
            submission.student.id: {
                grade.name.removeprefix("test-").replace("-", "."): grade.score
                for notebook in submission.notebooks
                for grade in notebook.grades
            }
            for submission in book.assignment_submissions(name)
        }


def failed(folder, student, name):
    """The graded cells that raised; no other cell may."""
    notebook = nbformat.read(folder / "autograded" / student / name / f"{name}.ipynb", 4)
    raised = [
        c for c in notebook.cells if any(o.output_type == "error" for o in c.get("outputs", []))
    ]
    assert all(settings(c).get("grade") for c in raised), [c.source for c in raised]
    return [settings(c)["grade_id"].removeprefix("test-").replace("-", ".") for c in raised]


@pytest.mark.filterwarnings("default")  # nbgrader's own, of SQLAlchemy and others
@pytest.mark.parametrize("name", ["02_l0_vs_l1", "10_universal_compression"])
def test_full_points_no_points_and_each_mistake_its_own(tmp_path, name):
    folder = tmp_path / "course"
    assert main(["release", str(folder), "--lessons", name[:2], "--seed", str(SEED),
                 "--folder", str(NOTEBOOKS)]) == 0  # fmt: skip
    assert "MissingIDField" not in nbgrader(folder, "generate_assignment", name)
    release = nbformat.read(folder / "release" / name / f"{name}.ipynb", as_version=4)
    source = nbformat.read(folder / "source" / name / f"{name}.ipynb", as_version=4)
    hand_in(folder, "empty", release, name)
    hand_in(folder, "tampered", tampered(release), name)
    hand_in(folder, "solved", source, name)
    exercises = [e for e in all_exercises() if e.id[:2] == name[:2]]
    full = {e.id: points(e) for e in exercises}
    wanted = {"solved": full} | dict.fromkeys(["empty", "tampered"], dict.fromkeys(full, 0))
    for number in range(1 + max(len(e.mistakes) for e in exercises)):
        notebook, wanted[f"mistakes{number}"] = with_mistakes(source, exercises, number)
        hand_in(folder, f"mistakes{number}", notebook, name)

    (folder / "source").rename(tmp_path / "kept_away")  # as GUIDE.md advises
    nbgrader(folder, "autograde", name)
    nbgrader(folder, "generate_feedback", name)

    assert scores(folder, name) == wanted
    for student, score in wanted.items():
        assert failed(folder, student, name) == [e for e, got in score.items() if got == 0]
    pages = {page.parts[-3]: page.read_text() for page in folder.glob("feedback/*/*/*.html")}
    assert set(pages) == set(wanted)
    assert "not attempted" in pages["empty"] and "not yet" in pages["mistakes0"]
    assert "AssertionError" not in pages["solved"]
