"""`l0course release`: the folder it writes, what students can see in it, hidden tests, variants."""

import os
import re
import sys
from pathlib import Path

import jupytext
import nbformat
import pytest

from l0course.cli import main
from l0course.learn import all_exercises, build
from l0course.learn.diagnosis import judge
from l0course.learn.exercise import ex
from l0course.release.course import assignment, write_course
from l0course.release.grade import grade, points
from l0course.release.guide import teachers_note
from l0course.release.other_inputs import INPUTS
from l0course.release.other_questions import QUESTIONS
from l0course.release.variant import own_seed, variant

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
LESSONS = build.lessons(NOTEBOOKS)
EXERCISES = all_exercises()


def by_name(lesson):
    return lesson.source.stem


def one_of(exercise):
    return exercise.id


def code(notebook, what):
    """The sources of cells with this nbgrader setting, such as "grade"."""
    return [c.source for c in notebook.cells if c.metadata.get("nbgrader", {}).get(what)]


# --- the folder -----------------------------------------------------------------------------------


def test_a_course_is_written_whole_or_not_at_all(tmp_path, capsys):
    target = tmp_path / "new" / "course"
    command = ["release", str(target), "--lessons", "02", "--folder", str(NOTEBOOKS)]
    assert main(command) == 0
    assert "02_l0_vs_l1: 11 points" in capsys.readouterr().out
    assert sorted(p.relative_to(target).as_posix() for p in target.rglob("*") if p.is_file()) == [
        "GUIDE.md",
        "README.md",
        "nbgrader_config.py",
        "source/02_l0_vs_l1/02_l0_vs_l1.ipynb",
    ]
    assert main(command) == 1
    assert capsys.readouterr().err.endswith("is not empty: name a new folder.\n")
    for wrong, says in [(["--lessons", "77"], "no lesson 77"), (["--seed", "-1"], "0 or more")]:
        assert main(["release", str(tmp_path / "b"), *wrong, "--folder", str(NOTEBOOKS)]) == 1
        assert says in capsys.readouterr().err


def test_nothing_is_left_of_a_course_that_failed(tmp_path):
    source = tmp_path / "src" / "98_no_note.py"
    source.parent.mkdir()
    source.write_text("# %% [markdown]\n# # No teacher's note\n")
    with pytest.raises(ValueError, match="no cell tagged teacher"):
        write_course(tmp_path / "course", [build.Lesson(source)])
    assert [p.name for p in tmp_path.iterdir()] == ["src"]


def test_without_jupytext_one_sentence_says_what_to_run(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "l0course.release.course", None)
    assert main(["release", str(tmp_path / "course")]) == 1
    assert "make release DIR=" in capsys.readouterr().err


def test_the_same_seed_writes_the_same_files(tmp_path):
    texts = []
    for name, seed in [("a", 3), ("b", 3), ("c", 4)]:
        write_course(tmp_path / name, LESSONS[:1], seed)
        path = next((tmp_path / name).glob("source/*/*.ipynb"))
        texts.append(path.read_text())
    assert texts[0] == texts[1] != texts[2]


# --- what students see ----------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [None, 12])
@pytest.mark.parametrize("lesson", LESSONS, ids=by_name)
def test_students_get_no_solution_no_hidden_test_and_no_seed(lesson, seed, monkeypatch):
    """Cleared by nbgrader's own preprocessors, with the settings that the course carries."""
    pytest.importorskip("nbgrader", reason="nbgrader is not installed (`make test` installs it)")
    from nbgrader.preprocessors import ClearHiddenTests, ClearSolutions
    from traitlets.config import Config

    from l0course.release.guide import SETTINGS

    config = Config()
    monkeypatch.setattr(os, "environ", dict(os.environ))  # the settings change it
    exec(SETTINGS, {"get_config": lambda: config})
    notebook = assignment(lesson, seed)
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
    for clear in (ClearSolutions, ClearHiddenTests):
        notebook, _ = clear(config=config).preprocess(notebook, {})
    seen = nbformat.writes(notebook)
    text = "\n".join(cell.source for cell in notebook.cells)

    cells = jupytext.read(lesson.source).cells
    ids = [e.id for e in EXERCISES if e.id[:2] == lesson.source.stem[:2]]
    solutions = [m[2] for c in cells for m in build.SOLUTION.finditer(c.source + "\n")]
    assert len(solutions) == len(ids) == len(code(notebook, "grade"))
    secret = {line.strip() for body in solutions for line in body.splitlines()}
    shown = "\n".join(
        build.SOLUTION.sub("", c.source + "\n") for c in cells
    )  # by the lesson itself
    secret -= {line.strip() for line in shown.splitlines()}
    assert len(secret) >= len(ids) and not secret & {line.strip() for line in text.splitlines()}
    assert not re.search(r"SOLUTION|HIDDEN|Teacher's note|<details>|release.grade|seed=\d{9}", seen)
    assert seed is None or not any(str(own_seed(seed, i)) in seen for i in ids)


def test_a_question_asks_about_the_variants_number():
    lesson = next(one for one in LESSONS if one.source.stem.startswith("02"))
    text = "\n".join(c.source for c in assignment(lesson, seed=2).cells)
    answer = variant(ex("02.6").exercise, own_seed(2, "02.6")).reference
    assert f"are s = {round(answer**-2)}?" in text and "are s = 9?" not in text
    assert f"breaks_at = {answer!r}" in text


# --- hidden tests ---------------------------------------------------------------------------------


def as_written(exercise):
    """The right answer as a student hands it in: not the course's own function."""
    right = exercise.reference
    return (lambda *arguments: right(*arguments)) if callable(right) else right


def in_text(value):
    return re.sub(r" at 0x[0-9a-f]+", "", str(value))  # some arguments are functions


def stub(*arguments):
    raise NotImplementedError("write your code here")


@pytest.mark.parametrize("seed", [None, 1])
@pytest.mark.parametrize("exercise", EXERCISES, ids=one_of)
def test_right_passes_and_stub_and_each_mistake_fail(exercise, seed):
    own = None if seed is None else own_seed(seed, exercise.id)
    asked = exercise if seed is None else variant(exercise, own)
    grade(exercise.id, as_written(asked), own)
    with pytest.raises(AssertionError, match="not attempted"):
        grade(exercise.id, stub if callable(asked.reference) else ..., own)
    for mistake in asked.mistakes:
        with pytest.raises(AssertionError, match="not yet|your code raised"):
            grade(exercise.id, mistake.wrong, own)


def test_the_courses_own_function_earns_nothing():
    for handed_in in (ex("02.1").exercise.reference, ex("02.1").attempt(None)):
        with pytest.raises(AssertionError, match="own function"):
            grade("02.1", handed_in)


def test_an_answer_learnt_by_heart_passes_the_check_and_not_the_variant():
    exercise = ex("02.1").exercise
    table = {str(case): exercise.reference(*case) for case in exercise.cases}

    def by_heart(theta, alpha):
        return table.get(str((theta, alpha)), theta)

    grade("02.1", by_heart)
    with pytest.raises(AssertionError, match="not yet"):
        grade("02.1", by_heart, own_seed(1, "02.1"))


# --- variants -------------------------------------------------------------------------------------


@pytest.mark.parametrize("exercise", EXERCISES, ids=one_of)
def test_a_variant_alone_tells_right_from_each_mistake(exercise):
    drawn = []
    for seed in (2, 3, 2):
        other = variant(exercise, own_seed(seed, exercise.id))
        assert judge(other, as_written(other)).status == "correct"
        assert all(judge(other, mistake.wrong).status != "correct" for mistake in other.mistakes)
        drawn.append((in_text(other.cases), in_text(other.reference)))
    assert drawn[0] == drawn[2] and drawn[0] != (
        in_text(exercise.cases),
        in_text(exercise.reference),
    )


def test_every_exercise_has_one_way_to_other_numbers():
    for exercise in EXERCISES:
        by_hand = callable(exercise.reference) and not callable(exercise.cases)
        assert by_hand == (exercise.id in INPUTS), exercise.id
        assert callable(exercise.reference) != (exercise.id in QUESTIONS), exercise.id


# --- the guide ------------------------------------------------------------------------------------


@pytest.mark.parametrize("lesson", LESSONS, ids=by_name)
def test_every_teachers_note_is_complete(lesson):
    note = teachers_note(lesson)
    for part in ("15 minutes", "50 minutes", "90 minutes", "isconceptions.**", "**Discussion.**"):
        assert part in note, part
    assert note.count("*") > 10 and len(note) > 800


def test_the_guide_adds_up(tmp_path):
    totals = dict(write_course(tmp_path / "course", LESSONS))
    text = (tmp_path / "course" / "GUIDE.md").read_text()
    for lesson in LESSONS:
        own = [e for e in EXERCISES if e.id[:2] == lesson.source.stem[:2]]
        assert totals[lesson.source.stem] == sum(map(points, own)) == sum(e.difficulty for e in own)
        assert teachers_note(lesson) in text
    how_to = (tmp_path / "course" / "README.md").read_text()
    assert "nbgrader autograde 00_start_here" in how_to
