"""The lesson builder, on a small lesson of its own and on the lessons of the course."""

import ast
import re
import sys
from collections import Counter
from pathlib import Path

import nbformat
import pytest

from l0course.cli import main
from l0course.learn import build
from l0course.learn.exercise import all_exercises

sys.path.insert(0, str(Path(__file__).parent))
import run_notebooks  # noqa: E402

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
PROMISED = re.compile(r"Time:\*\* (\d+) minutes of reading,\s(\d+) of doing")

SOURCE = '''# %% [markdown]
# # A lesson, {{running}}
# ### Exercise 00.2

# %%
from l0course.learn import ex
import numpy as np

def prune(theta, t):
    """Doc."""
    ### BEGIN SOLUTION
    return np.where(np.abs(theta) < t, 0.0, theta)
    ### END SOLUTION

prune = ex("00.2").attempt(prune)

# %%
### BEGIN SOLUTION
removed = 0.975
### END SOLUTION
removed = ex("00.4").attempt(removed)

# %% [markdown] tags=["teacher"]
# Answers for the teacher.
'''


@pytest.fixture
def lesson(tmp_path):
    (tmp_path / "src").mkdir()
    path = tmp_path / "src" / "99_small.py"
    path.write_text(SOURCE)
    return build.Lesson(path)


def text(path):
    return "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)


@pytest.mark.filterwarnings("default")
def test_a_lesson_is_built_checked_and_found_stale(lesson, capsys):
    assert "missing" in build.stale(lesson)[0]
    build.build(lesson)
    assert build.stale(lesson) == []
    student, solved = text(lesson.student), text(lesson.solved)

    # the student copy holds stubs, folded hints and solutions, and nothing for the teacher
    assert 'raise NotImplementedError("write your code here")' in student
    assert "removed = ...  # your answer" in student
    code = [c.source for c in nbformat.read(lesson.student, 4).cells if c.cell_type == "code"]
    assert not any("np.where" in c for c in code)
    assert student.count("<details>") == solved.count("<details>") == 8
    assert "Answers for the teacher" in solved and "Answers for the teacher" not in student
    assert re.search(r"### Exercise 00.2 · Prune · ●○○○○ · \d+ min", student)
    assert "{{" not in student + solved and "SOLUTION" not in student + solved
    # Run All goes through: the student's checks say "not attempted", the solved ones "correct"
    for path, says in [(lesson.student, "not attempted"), (lesson.solved, "correct")]:
        outputs = [o for c in nbformat.read(path, 4).cells for o in c.get("outputs", [])]
        assert len(outputs) == 2 and all(says in o.text for o in outputs)

    lesson.source.write_text(SOURCE.replace("A lesson", "Another lesson"))
    assert len(build.stale(lesson)) == 2
    folder = str(lesson.source.parents[1])
    assert main(["build", "--check", "--folder", folder]) == 1
    assert "run `make build`" in capsys.readouterr().err


@pytest.mark.filterwarnings("default")
def test_the_runner_without_nbval_sees_what_nbval_would_see(lesson):
    build.build(lesson)
    assert run_notebooks.problems(lesson.solved) == run_notebooks.problems(lesson.student) == []
    notebook = nbformat.read(lesson.solved, as_version=4)
    notebook.cells[1].outputs[0].text = "something else"
    nbformat.write(notebook, lesson.solved)
    assert "something else" in run_notebooks.problems(lesson.solved)[0]


@pytest.mark.filterwarnings("default")
def test_a_lesson_that_fails_writes_nothing(lesson):
    lesson.source.write_text(SOURCE + "\n# %%\nraise RuntimeError('broken')\n")
    with pytest.raises(RuntimeError, match="(?s)99_small.*broken"):
        build.build(lesson)
    assert not lesson.solved.exists() and not lesson.student.exists()


def test_a_lesson_that_is_not_there_is_named(lesson, capsys):
    assert main(["build", "--check", "98", "--folder", str(lesson.source.parents[1])]) == 1
    assert "there is no lesson 98" in capsys.readouterr().err


def test_no_source_says_where_to_run(tmp_path, capsys):
    assert main(["build", "--folder", str(tmp_path)]) == 1
    assert "run this in a clone of the course" in capsys.readouterr().err


@pytest.mark.parametrize("lesson", build.lessons(NOTEBOOKS), ids=lambda one: one.source.stem)
def test_every_lesson_keeps_the_contract(lesson):
    """design.md, section 4: what every lesson has."""
    solved = nbformat.read(lesson.solved, as_version=4)
    words = text(lesson.solved)
    for part in (
        "**Claim.**",
        "You will be able to",
        "You need",
        "Time:",
        "Explore(",
        "quiz(",
        "Control",
        "Limits.",
        "What would change our mind",
        "Read more",
        "## From ",
    ):
        assert part in words, f"{lesson.source.stem} lacks: {part}"  # fmt: skip
    assert 4 <= len(re.findall(r"^### Exercise", words, flags=re.M)) <= 7
    assert words.count("predict(") >= 1 and words.count(".reveal(") >= 1
    assert "## Teacher's note" in words and "Teacher's note" not in text(lesson.student)
    assert words.count("Question(") == 3
    levels = [len(m) for m in re.findall(r"^(#+) ", words_without_code(solved), flags=re.M)]
    assert levels[0] == 1 and all(b - a <= 1 for a, b in zip(levels, levels[1:], strict=False))
    code = [c.source for c in solved.cells if c.cell_type == "code"]
    assert not any(
        c.rstrip().endswith(";") or "%matplotlib" in c or "pip install" in c for c in code
    )
    assert solved.metadata["l0course"]["seconds"] <= 90


@pytest.mark.parametrize("lesson", build.lessons(NOTEBOOKS), ids=lambda one: one.source.stem)
def test_the_minutes_that_a_lesson_promises_fit_what_is_in_it(lesson):
    """Doing: its exercises. Reading: 180 words a minute, 2 seconds a line of code, 30 a picture."""
    cells = nbformat.read(lesson.student, as_version=4).cells
    told = re.sub(r"<details>.*?</details>", "", text_of(cells, "markdown"), flags=re.S)
    outputs = [o for c in cells for o in c.get("outputs", [])]
    said = " ".join(o.get("text") or o.data.get("text/plain", "") for o in outputs)
    pictures = sum("image/png" in o.get("data", {}) for o in outputs)
    lines = sum(bool(line.strip()) for line in text_of(cells, "code").splitlines())
    wanted = (len(told.split()) + len(said.split()) / 2) / 180 + lines / 30 + pictures / 2
    reading, doing = PROMISED.search(told).groups()
    assert abs(int(reading) - wanted) <= 5 + wanted / 10, wanted
    minutes = sum(e.minutes for e in all_exercises() if e.id[:2] == lesson.source.stem[:2])
    assert minutes - 2 <= int(doing) <= minutes + 5, minutes


@pytest.mark.parametrize("lesson", build.lessons(NOTEBOOKS), ids=lambda one: one.source.stem)
def test_the_readme_gives_the_times_of_the_lesson(lesson):
    row = rf"\({re.escape(f'notebooks/{lesson.source.stem}.ipynb')}\).*"
    told = r"\*Read (\d+) min, do (\d+) min, runs in (\d+) s\.\*"
    *minutes, seconds = re.search(row + told, (NOTEBOOKS.parent / "README.md").read_text()).groups()
    solved = nbformat.read(lesson.solved, as_version=4)
    assert tuple(minutes) == PROMISED.search(text_of(solved.cells, "markdown")).groups()
    assert 0.7 < int(seconds) / solved.metadata["l0course"]["seconds"] < 1.5


def text_of(cells, kind):
    return "\n".join(cell.source for cell in cells if cell.cell_type == kind)


def test_no_place_and_no_length_gives_a_quiz_away():
    """The right options stand evenly in each place; few are the longest, and few the shortest."""
    places, longest, shortest = Counter(), 0, 0
    for lesson in build.lessons(NOTEBOOKS):
        for call in ast.walk(ast.parse(lesson.source.read_text())):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Question":
                options = ast.literal_eval(call.args[1])
                (right,) = [k.value.value for k in call.keywords if k.arg == "answer"]
                others = [len(o) for o in options if o != options[right]]
                places[right] += 1
                longest += len(options[right]) > max(others)
                shortest += len(options[right]) < min(others)
    assert sum(places.values()) >= 33 and max(places.values()) - min(places.values()) <= 2, places
    assert max(longest, shortest) <= sum(places.values()) / 3, (longest, shortest)


def words_without_code(notebook):
    cells = [c.source for c in notebook.cells if c.cell_type == "markdown"]
    return re.sub(r"```.*?```", "", "\n".join(cells), flags=re.S)
