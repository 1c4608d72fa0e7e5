"""l0course.learn: verdicts, progress, predictions, the quiz, Explore, and the style of figures."""

from __future__ import annotations

import dataclasses
import errno
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import learn_toys
import matplotlib as mpl
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from learn_toys import BITS, KEEP, keep, keep_in_place
from nbclient import NotebookClient

from l0course.figures.style import COLORS, png, show
from l0course.learn import (
    Explore,
    Mistake,
    Question,
    all_exercises,
    calibration,
    check_exercise,
    ex,
    exercise,
    predict,
    progress,
    progress_map,
    quiz,
)
from l0course.learn import predict as predict_function

ROOT = Path(__file__).parents[1]
WORDS = "A straight line through the origin: when the input doubles, the output doubles too."
predict_module = sys.modules[predict_function.__module__]


@pytest.fixture(autouse=True)
def fresh(tmp_path, monkeypatch):
    """A learner on a new machine, with the toy exercises as lesson 98."""
    monkeypatch.setenv("L0COURSE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("L0COURSE_PROGRESS", raising=False)
    monkeypatch.setitem(sys.modules, "l0course.learn.exercises.lesson_98", learn_toys)
    monkeypatch.setattr(progress, "_warned", False)
    for table in (exercise._hints_shown, predict_module._this_session, predict_module._told):
        table.clear()
    yield
    plt.close("all")


def attempt(answer, exercise_id, capsys):
    """What an attempt returns, and what it prints, as one line."""
    kept = ex(exercise_id).attempt(answer)
    said = capsys.readouterr().out
    assert said.endswith("\n") and max(map(len, said.splitlines())) <= 100
    assert "/" not in said  # no path of a file
    return kept, said.rstrip().replace("\n", " ")


# --- exercises -----------------------------------------------------------------------------------


@pytest.mark.parametrize("one", [*all_exercises(), KEEP, BITS], ids=lambda e: e.id)
def test_every_exercise_names_its_planted_mistakes(one):
    check_exercise(one)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"hints": ("a", "b")}, "three hints"),
        ({"id": "3.1"}, "NN.k"),
        ({"mistakes": KEEP.mistakes[:2]}, "three planted mistakes"),
        ({"mistakes": (*KEEP.mistakes, Mistake("not one", keep, "No."))}, "'not one' gets: corr"),
        (
            {"mistakes": (*KEEP.mistakes, Mistake("again", KEEP.mistakes[0].wrong, "No."))},
            "'again' gets: wrong, not yet: That is soft",
        ),
        ({"cases": ((np.array([3.0, -0.2]), 0.5),)}, "'strict' gets: correct"),
    ],
)
def test_check_exercise_finds_what_is_unfit(change, words):
    with pytest.raises(AssertionError, match=re.escape(words)):
        check_exercise(dataclasses.replace(KEEP, **change))


def test_correct_gives_the_learners_own_function_back(capsys):
    def mine(theta, t):
        return [x if abs(x) >= t else 0 for x in theta]

    kept, line = attempt(mine, "98.1", capsys)
    assert kept is mine
    assert line == "✓ 98.1  correct: it agrees with the reference in all 5 cases."


def test_a_planted_mistake_is_named_with_the_smallest_counter_example(capsys):
    kept, line = attempt(KEEP.mistakes[0].wrong, "98.1", capsys)
    assert kept is keep
    assert line == (
        "✗ 98.1  not yet: That is soft thresholding: the survivor was shrunk. "
        "For theta=[3, -0.2], t=0.5 you returned [2.5, 0]; the answer is [3, 0]."
    )


def test_what_is_not_attempted_is_not_recorded(capsys):
    def stub(theta, t):
        raise NotImplementedError

    for answer in (stub, None, ...):
        kept, line = attempt(answer, "98.1", capsys)
        assert kept is keep
        assert line == (
            "· 98.1  not attempted: going on with the reference, so that you can read on."
        )
    assert progress.load()["exercises"] == {}


def test_code_that_raises_is_told_by_its_line(capsys):
    def mine(theta, t):
        return theta + "a"[1:]  # here

    _, line = attempt(lambda theta: theta, "98.1", capsys)
    assert line.startswith("! 98.1  your code raised TypeError: ") and "positional" in line
    _, line = attempt(mine, "98.1", capsys)
    assert line.startswith("! 98.1  your code raised ")
    assert 'in the line `return theta + "a"[1:] # here`, for theta=[3, -0.2], t=0.5.' in (
        line.replace("  #", " #")
    )


def test_nothing_that_a_learner_writes_stops_the_notebook(capsys):
    def endless(theta, t):
        return endless(theta, t)

    def leaves(theta, t):
        print("noise")
        sys.exit(3)

    def library(theta, t):
        return {}[NotImplementedError("'addmm' for 'Long'")]

    def talks(theta, t):
        print("noise", file=sys.stderr)
        print("noise")
        return np.log(theta - theta)  # warns, and is -inf

    assert "raised RecursionError" in attempt(endless, "98.1", capsys)[1]
    assert "raised SystemExit: 3" in attempt(leaves, "98.1", capsys)[1]
    assert "raised KeyError" in attempt(library, "98.1", capsys)[1]
    line = attempt(talks, "98.1", capsys)[1]
    assert "holds infinity where a number is wanted" in line and "kept back" in line

    def interrupted(theta, t):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ex("98.1").attempt(interrupted)


def test_a_librarys_not_implemented_is_an_error_and_not_a_stub(capsys):
    namespace = {}
    exec(
        compile("def inner(*_):\n    raise NotImplementedError('no Long')", "lib", "exec"),
        namespace,
    )

    def mine(theta, t):
        return namespace["inner"](theta, t)

    assert "raised NotImplementedError: no Long, in the line" in attempt(mine, "98.1", capsys)[1]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (keep_in_place, "your function changed its argument theta in place. Work on a copy"),
        (lambda theta, t: None, "Your answer is None: is there a return statement?"),
        (lambda theta, t: keep(theta, t)[:, None], "shape (2, 1). Wanted: shape (2,)."),
        (lambda theta, t: keep(theta, t).sum(), "no shape (one number). Wanted: shape (2,)."),
        (lambda theta, t: np.abs(theta) >= t, "holds true or false. Wanted: numbers."),
        (lambda theta, t: keep(theta, t) * np.nan, "holds NaN where a number is wanted."),
        (lambda theta, t: "text", "Your answer is text. Wanted: numbers."),
        (lambda theta, t: keep(theta, t) + 1, "you returned [4, 1]; the answer is [3, 0]."),
        (lambda theta, t: keep(theta, t) * (1 + 1e-5), "returned [3.00003, 0]; the answer is [3,"),
        (
            lambda theta, t: keep(theta, t) + (len(theta) > 9) * (np.arange(len(theta)) == 7),
            "theta=an array of shape (30,), t=0.3 your entry [7] is",
        ),
        (5, "this exercise asks for a function, and you gave 5."),
    ],
)
def test_generic_sentences(answer, words, capsys):
    kept, line = attempt(answer, "98.1", capsys)
    assert kept is keep and line.startswith("✗ 98.1  not yet: ") and words in line


def test_torch_answers_are_taken_and_torch_is_not_imported(capsys):
    torch = pytest.importorskip("torch")

    def mine(theta, t):
        theta = torch.tensor(theta, dtype=torch.float32, requires_grad=True)
        return theta * (theta.abs() >= t)

    assert attempt(mine, "98.1", capsys)[0] is mine
    script = "import sys, l0course.learn; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT).returncode == 0


def test_value_exercises(capsys):
    said = {answer: attempt(answer, "98.2", capsys) for answer in (3, 2.5, 8, "three", len)}
    assert said[3] == (3, "✓ 98.2  correct.")
    assert said[2.5] == (3.0, "✗ 98.2  not yet: you gave 2.5. That is too small.")
    assert said[8][1].endswith("you gave 8. That counts the choices, not the bits.")
    assert said["three"][1].endswith("Your answer is text. Wanted: a number.")
    assert "asks for a value, and you gave a function" in said[len][1]


def test_hints_grow_and_the_solution_says_why(capsys):
    for _ in range(4):
        ex("98.1").hint()
    said = capsys.readouterr().out
    assert re.findall(r"hint (\d) of 3", said) == ["1", "2", "3", "3"]
    assert said.startswith("98.1  hint 1 of 3: Look at the size.\n")
    ex("98.1").solution()
    ex("98.2").solution()
    text = capsys.readouterr().out
    assert text.startswith("def keep(theta, t):\n    return np.where(")
    assert "Why: An entry is worth keeping or it is not; its value does not change." in text
    assert "The answer is 3." in text


def test_an_unknown_exercise_says_what_there_is():
    with pytest.raises(ValueError, match="'98.7': lesson 98 has 98.1, 98.2"):
        ex("98.7")
    with pytest.raises(ValueError, match="lesson 97 has no exercises"):
        ex("97.1")


# --- progress ------------------------------------------------------------------------------------


def test_a_solved_exercise_stays_solved(capsys):
    for answer in (keep, KEEP.mistakes[0].wrong):
        ex("98.1").attempt(answer)
    entry = progress.load()["exercises"]["98.1"]
    assert entry == {"solved": True, "attempts": 2, "last": "soft thresholding"}
    assert capsys.readouterr().err == ""


def test_two_notebooks_that_write_at_once_lose_nothing():
    script = (
        "import sys; from l0course.learn.progress import update\n"
        "def change(r):\n"
        "    r['exercises'].setdefault('n', {'attempts': 0})['attempts'] += 1\n"
        "    r['quizzes'][sys.argv[1] + str(i)] = []\n"
        "for i in range(60): update(change)"
    )
    command = [sys.executable, "-c", script]
    both = [subprocess.Popen([*command, name], cwd=ROOT) for name in "ab"]
    assert [process.wait() for process in both] == [0, 0]
    record = progress.load()
    assert record["exercises"]["n"]["attempts"] == 120 and len(record["quizzes"]) == 120
    names = {path.name for path in progress.progress_path().parent.iterdir()}
    assert names <= {"progress.json", "progress.json.lock"}


@pytest.mark.parametrize("raw", [b'{"exercises": {"98.1"', b"\xff\xfe", b"[]", b'{"quizzes": [3]}'])
def test_a_corrupt_file_is_set_aside(raw, capsys):
    path = progress.progress_path()
    path.parent.mkdir()
    path.write_bytes(raw)
    assert progress.load()["exercises"] == {}
    assert capsys.readouterr().out.count("progress.json.broken") == 1
    assert path.with_name("progress.json.broken").read_bytes() == raw
    ex("98.1").attempt(keep)
    assert json.loads(path.read_text())["exercises"]["98.1"]["solved"]


def test_a_full_disk_gives_one_sentence_and_keeps_the_old_record(monkeypatch, capsys):
    ex("98.1").attempt(keep)
    before = progress.progress_path().read_bytes()
    capsys.readouterr()

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(progress.os, "fsync", full)
    for _ in range(2):
        assert ex("98.2").attempt(3) == 3
    assert capsys.readouterr().out.count("cannot be saved (No space left on device)") == 1
    assert progress.progress_path().read_bytes() == before
    assert not list(progress.progress_path().parent.glob("*.tmp"))


def test_a_home_that_cannot_be_made_does_not_stop_a_lesson(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("L0COURSE_HOME", str(tmp_path / "file" / "home"))
    assert ex("98.1").attempt(keep) is keep
    progress_map()
    assert capsys.readouterr().out.count("cannot be saved") == 1


def test_progress_can_be_switched_off(monkeypatch, tmp_path):
    monkeypatch.setenv("L0COURSE_PROGRESS", "off")
    ex("98.1").attempt(keep)
    assert list(tmp_path.iterdir()) == []


def test_progress_map_says_the_states_in_words(monkeypatch):
    monkeypatch.setattr("l0course.learn.map.all_exercises", lambda: [KEEP, BITS])
    assert repr(progress_map()) == "Lesson 98: 0 of 2 solved. · 98.1 open, · 98.2 open"
    ex("98.1").attempt(keep)
    ex("98.2").attempt(4)
    words = "1 of 2 solved", "✓ 98.1 solved, ✗ 98.2 tried"
    assert repr(progress_map()) == "Lesson 98: " + ". ".join(words)
    assert all(f">{text}</td>" in progress_map()._repr_html_() for text in words)


# --- predictions and the quiz --------------------------------------------------------------------


def part(view, kind):
    """The one widget of a kind inside a view."""
    inside = [view]
    for widget in inside:
        inside += getattr(widget, "children", ())
    (found,) = (widget for widget in inside if type(widget).__name__ == kind)
    return found


def test_a_guess_is_recorded_from_the_slider_and_shown_over_the_truth(capsys):
    asked = predict("98.share", "What share?", low=0, high=1)
    assert asked.guess is None
    asked.reveal(0.25)
    assert "The answer is 0.25. No guess was recorded." in capsys.readouterr().out
    fig, ax = plt.subplots()
    asked.draw(ax)
    assert len(ax.lines) == 0

    view = predict_module.Asked(asked)._view()
    part(view, "FloatSlider").value = 0.4
    assert asked.guess is None  # only the button records
    part(view, "Button").click()
    assert asked.guess == 0.4
    asked.draw(ax)
    assert ax.lines[0].get_xdata()[0] == 0.4
    asked.reveal(np.float64(0.25), "Look again.")
    words = "The answer is 0.25. You guessed 0.4: too high by 0.15."
    assert f"{words} Look again." in capsys.readouterr().out
    calibration("98")
    assert capsys.readouterr().out == f"Lesson 98: 1 guess.\n98.share  {words}\n"
    assert [entry["guess"] for entry in progress.load()["predictions"]["98.share"]] == [0.4]
    predict_module._this_session.clear()  # a new kernel begins without a guess
    assert predict("98.share", "What share?", low=0, high=1).guess is None


@pytest.mark.parametrize(
    ("options", "guess", "truth", "words"),
    [
        ({"low": 1, "high": 1e6, "log": True}, 5e4, 500, "too high by a factor of 100"),
        ({"low": 0, "high": 100, "unit": "%"}, 40, 93.2, "You guessed 40 %: too low by 53.2 %."),
        ({"low": -1, "high": 1}, -3, 0, "too low by 3."),
        ({"choices": ["l0", "l1"]}, "l1", "l1", "You guessed l1: right."),
        ({"choices": ["l0", "l1"]}, "l0", "l1", "You guessed l0: that is not it."),
    ],
)
def test_how_far_off_in_words(options, guess, truth, words, capsys):
    asked = predict("98.q", "What?", guess=guess, **options)
    predict_module.Asked(asked)._view()
    asked.reveal(truth)
    assert words in capsys.readouterr().out


def test_a_choice_is_recorded_by_the_button():
    asked = predict("98.c", "Which?", choices=["l0", "l1"])
    view = predict_module.Asked(asked)._view()
    part(view, "Button").click()
    assert asked.guess is None
    part(view, "RadioButtons").value = "l0"
    part(view, "Button").click()
    assert asked.guess == "l0"


@pytest.mark.parametrize(
    "options",
    [{}, {"low": 1, "high": 1}, {"low": 0, "high": 9, "log": True}, {"low": 0, "high": np.nan}]
    + [{"choices": ["a"], "guess": "b"}, {"low": 0, "high": 1, "guess": np.inf}],
)
def test_a_prediction_that_cannot_be_answered_is_refused(options):
    with pytest.raises(ValueError, match="prediction 98.q needs|guess="):
        predict("98.q", "What?", **options)


QUESTIONS = [
    Question("Which <counts>?", ["l0", "l1", "l2"], 0, "It counts the nonzeros."),
    Question("Which shrinks?", ["l0", "l1"], 1, "Each unit of size costs the same."),
]


def test_the_quiz_judges_at_once_and_records_first_answers():
    one = quiz("98", QUESTIONS)
    boxes = one.view().children
    part(boxes[0], "RadioButtons").value = 2
    assert boxes[0].children[2].value.startswith("✗ No: a) l0. It counts")
    part(boxes[0], "RadioButtons").value = 0
    assert boxes[0].children[2].value == "✓ Right. It counts the nonzeros."
    part(boxes[1], "RadioButtons").value = 1
    assert progress.load()["quizzes"]["98"] == [False, True]


def test_the_still_quiz_folds_its_answers():
    page = quiz("98", QUESTIONS)._repr_mimebundle_()["text/html"]
    assert "Which &lt;counts&gt;?" in page
    folded = re.sub(r"<details><summary>Answer</summary>.*?</details>", "", page)
    assert page.count("<details>") == 2 and "nonzeros" not in folded
    with pytest.raises(ValueError, match="not a position from 0 to 1"):
        Question("Which?", ["l0", "l1"], 2, "")


# --- Explore and show ----------------------------------------------------------------------------


def line(slope, color):
    if slope > 1.5:
        raise ValueError("too steep")
    fig, ax = plt.subplots()
    ax.plot([0, 1], [0, slope], color=COLORS[color])
    return fig


def explore(**options):
    options = {
        "description": WORDS,
        "slope": (0.0, 2.0, 0.1, 1.0),
        "color": ["blue", "sky"],
    } | options
    return Explore(line, **options)


def test_explore_is_one_output_of_three_kinds():
    bundle, _ = explore()._repr_mimebundle_()
    assert set(bundle) == {
        "application/vnd.jupyter.widget-view+json",
        "image/png",
        "text/plain",
    }
    assert bundle["text/plain"] == WORDS and len(bundle["image/png"]) < 60_000
    assert explore()._repr_mimebundle_()[0]["image/png"] == bundle["image/png"]  # stable bytes
    assert plt.get_fignums() == []


def test_the_picture_and_its_words_follow_the_sliders():
    def words(slope, color):
        return f"{WORDS} The slope is {slope:g}."

    view = explore(description=words, labels={"slope": "slope of the line"}).view()
    slider, choice, picture = view.children
    assert slider.description == "slope of the line" and slider.readout_format == ".1f"
    assert not slider.continuous_update
    slider.value = 0.5
    assert f'alt="{WORDS} The slope is 0.5."' in picture.value
    before = re.search('base64,(.*?)"', picture.value)[1]
    choice.value = "sky"
    assert re.search('base64,(.*?)"', picture.value)[1] != before
    slider.value = 1.8  # draw raises
    line = "No picture for slope = 1.8, color = &#x27;sky&#x27;. ValueError: too steep"
    assert picture.value == f"<p>{line}</p>"
    slider.value = 0.2
    assert "The slope is 0.2." in picture.value
    assert plt.get_fignums() == []


def test_explore_refuses_what_it_cannot_show():
    with pytest.raises(ValueError, match="60 characters or more, and this one has 5"):
        explore(description="Short")
    for bad in [(0, 1), (1, 0, 0.1, 0), (0, 1, 0.1, 2), [], "no"]:
        with pytest.raises(ValueError, match="slider slope="):
            explore(slope=bad)
    with pytest.raises(TypeError, match="draw must return a Figure"):
        Explore(lambda: plt.subplots()[1], description=WORDS)
    assert plt.get_fignums() == []


def test_show_gives_the_words_and_closes_the_figure(capsys):
    fig, _ = plt.subplots()
    with pytest.raises(ValueError, match="say what is seen"):
        show(fig, "A line.")
    show(fig, WORDS)
    assert capsys.readouterr().out == f"{WORDS}\n" and plt.get_fignums() == []


def test_a_caption_fits_under_the_picture_and_makes_it_taller_only():
    fig = mpl.figure.Figure(figsize=(3, 1))
    fig.add_subplot()
    plain, long = (plt.imread(io.BytesIO(png(fig, text))) for text in ("", "WIDE $x$ " * 40))
    assert long.shape[1] == plain.shape[1] and long.shape[0] > plain.shape[0]
    assert np.all(long[..., 3] == 1)  # opaque: reads on a dark page
    ink = long[plain.shape[0] :, :, 0] < 0.9
    assert ink.any() and not ink[:, -5:].any() and not ink[-5:].any()
    assert fig.texts == []


# --- a real notebook -----------------------------------------------------------------------------

CELLS = [
    "import matplotlib.pyplot as plt\n"
    "from l0course.learn import Explore, Question, ex, predict, progress_map, quiz, show\n"
    f"WORDS = {WORDS!r}\n"
    "def line(slope):\n"
    "    fig, ax = plt.subplots()\n"
    "    ax.plot([0, 1], [0, slope])\n"
    "    return fig",
    "Explore(line, description=WORDS, slope=(0.0, 2.0, 0.1, 1.0))",
    "display(Explore(line, description=WORDS, slope=(0, 9, 1, 2)))",
    "show(line(2), WORDS)",
    "share = predict('98.share', 'What share?', low=0, high=1)",
    "share.reveal(0.25, 'As computed above.')",
    "quiz('98', [Question('Which?', ['l0', 'l1'], 0, 'It counts.')])",
    "progress_map()",
]
VIEW = "application/vnd.jupyter.widget-view+json"


def test_a_notebook_has_one_output_a_cell_and_passes_nbval_strict(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    NotebookClient(notebook, timeout=60).execute()
    outputs = [cell.outputs for cell in notebook.cells]
    assert [len(cell) for cell in outputs] == [0] + [1] * (len(CELLS) - 1)
    kinds = [set(cell[0].data) for cell in outputs[1:]]
    assert kinds == [
        {VIEW, "image/png", "text/plain"},
        {VIEW, "image/png", "text/plain"},
        {"image/png", "text/plain"},
        {VIEW, "text/plain"},
        {"image/png", "text/plain"},
        {VIEW, "text/html", "text/plain"},
        {"text/html", "text/plain"},
    ]
    nbformat.write(notebook, tmp_path / "small.ipynb")
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-q"]
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider", "small.ipynb"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and f"{len(CELLS)} passed" in done.stdout, done.stdout
