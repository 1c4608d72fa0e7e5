"""What a teacher reads: README.md (the commands), GUIDE.md (the notes of all lessons)."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jupytext

from ..learn import build
from ..learn.exercise import Exercise, all_exercises
from .grade import points

__all__ = ["SETTINGS", "guide", "how_to", "measured", "teachers_note"]

SETTINGS = '''"""nbgrader reads this file when it is run in this folder."""

import os

os.environ["L0COURSE_PROGRESS"] = "off"  # grading is nobody's own progress
os.environ["OMP_NUM_THREADS"] = "1"

c = get_config()  # noqa: F821  (nbgrader defines it)
c.CourseDirectory.course_id = "l0course"
c.ClearSolutions.code_stub = {"python": "# write your code here"}  # what stands below it stops
c.Execute.timeout = 120  # seconds a cell; the lessons need at most 30
c.OverwriteCells.add_missing_cells = True  # a graded cell that was deleted is graded all the same
'''


def how_to(totals: list[tuple[str, int]]) -> str:
    """README.md of the course: each step with its command.

    Parameters
    ----------
    totals : list of (assignment, points)
    """
    name = totals[0][0]
    table = "\n".join(f"| `{assignment}` | {total} |" for assignment, total in totals)
    return f"""# l0course, for a class

An [nbgrader](https://nbgrader.readthedocs.io) course. `source/` holds the solutions and the hidden
tests: keep this folder to yourself. `GUIDE.md` has the teacher's notes, the points, and a page on
grading safely.

| assignment | points |
|---|---|
{table}

Run all commands in this folder. They need `l0course` and `nbgrader` in one environment, and its
programs in the path. After `make release`: `export PATH=/where/the/clone/is/.venv/bin:$PATH`.

1. **Make the students' version.** It is written to `release/{name}/`; hand that notebook out.
   ```
   nbgrader generate_assignment {name}
   ```
   Your students need the course installed (`make lab` in a clone), as its learners do.
2. **Collect.** Put what comes back at `submitted/STUDENT/{name}/{name}.ipynb`.
3. **Grade.** Code that students wrote runs here: read *Grading safely* in `GUIDE.md` first.
   ```
   nbgrader autograde {name}
   ```
4. **See the points**, as a table.
   ```
   nbgrader export --to grades.csv
   ```
5. **Give feedback.** One page a student, at `feedback/STUDENT/{name}/`. It shows the hidden tests.
   ```
   nbgrader generate_feedback {name}
   ```

To start again after a change: `nbgrader generate_assignment {name} --force`. There are no due
dates; `nbgrader db assignment add {name} --duedate ...` sets one.
"""


def guide(lessons: list[build.Lesson], seed: int | None) -> str:
    """GUIDE.md: points and times, grading safely, and the teacher's note of each lesson.

    Parameters
    ----------
    lessons : list of Lesson
    seed : int or None
        What the course was made with.
    """
    made = "the lessons' own numbers (no seed)" if seed is None else f"the seed {seed}"
    return "\n".join(
        [
            "# Guide for teachers\n",
            f"Made with {made}. Contents: points and time · how answers are graded · variants · "
            "grading safely · a note on each lesson (what fits in 15, 50 and 90 minutes, "
            "misconceptions, discussion).\n",
            _points_and_time(lessons),
            Path(__file__).with_name("grading.md").read_text(encoding="utf-8"),
            "## Notes on the lessons\n",
            *(teachers_note(lesson) for lesson in lessons),
        ]
    )


def teachers_note(lesson: build.Lesson) -> str:
    """The note that closes a lesson's source, under the lesson's title.

    Raises ValueError if there is none.
    """
    cells = jupytext.read(lesson.source).cells
    notes = [c.source for c in cells if "teacher" in c.metadata.get("tags", [])]
    if not notes:
        raise ValueError(f"{lesson.source.name} has no cell tagged teacher.")
    title = re.search(r"^# (.+)$", cells[0].source, flags=re.M)[1]
    text = re.sub(r"^## Teacher's note *\n", "", "\n\n".join(notes), flags=re.M)
    return f"### {title}\n\n{text.strip()}\n"


def measured(lesson: build.Lesson) -> dict:
    """What building the notebooks measured: "seconds", which is "?" if they are not there.

    >>> measured(build.Lesson(Path("nowhere/src/98_none.py")))
    {'seconds': '?'}
    """
    if not lesson.solved.exists():
        return {"seconds": "?"}
    return json.loads(lesson.solved.read_text(encoding="utf-8"))["metadata"]["l0course"]


def _points_and_time(lessons: list[build.Lesson]) -> str:
    rows, sums = [], []
    for lesson in lessons:
        own = [e for e in all_exercises() if e.id[:2] == lesson.source.stem[:2]]
        rows += [_row(e) for e in own]
        total = sum(map(points, own))
        minutes = sum(e.minutes for e in own)
        seconds = measured(lesson)["seconds"]
        sums.append(f"| `{lesson.source.stem}` | {total} | {minutes} | {seconds} s |")
    return f"""## Points and time

An exercise is worth its difficulty, 1 to 5. It is all or nothing: an answer that is wrong for one
input is wrong. *Autograding* is the time in which the lesson runs through, measured when the
notebooks were built; add about 5 seconds a student for starting Python. A student whose code loops
for ever costs two minutes more (`Execute.timeout`).

| assignment | points | minutes of exercises | autograding a student |
|---|---|---|---|
{chr(10).join(sums)}

| exercise | what | points | minutes |
|---|---|---|---|
{chr(10).join(rows)}
"""


def _row(e: Exercise) -> str:
    return f"| {e.id} | {e.title} | {points(e)} | {e.minutes} |"
