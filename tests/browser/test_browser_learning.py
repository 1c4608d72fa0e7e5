"""What a learner does in a lesson, done in a real browser: typed, clicked, and with keys alone."""

import lab as jupyter
import pytest

FIRST, SECOND = sorted(jupyter.NOTEBOOKS.glob("0[02]_*.ipynb"))
VERDICTS = [
    ("raise NotImplementedError", "not attempted: going on with the reference"),
    ("return np.where(theta < t, 0.0, theta)", "Large negative weights were dropped"),
    ("return theta.prune(t)", "your code raised AttributeError"),
    ("return np.where(np.abs(theta) < t, 0.0, theta)", "correct"),
]


def test_a_check_gives_each_of_its_four_verdicts(open_lesson):
    """Typed into the cell of exercise 00.2 and run with Ctrl + Enter."""
    notebook = open_lesson(FIRST)
    exercise = notebook.find('ex("00.2").attempt')
    notebook.run(notebook.find("from l0course.learn import"))
    for body, says in VERDICTS:
        notebook.cells.nth(exercise).locator(".cm-content").click()
        keys = notebook.page.keyboard
        keys.press("Control+A")
        keys.insert_text(f'def prune(theta, t):\n    {body}\n\nprune = ex("00.2").attempt(prune)')
        keys.press("Control+Enter")
        notebook.output(exercise).get_by_text(says).wait_for()
    record = notebook.progress()["exercises"]["00.2"]
    assert record == {"solved": True, "attempts": 3, "last": "correct"}  # a stub is no attempt


@pytest.fixture(scope="module")
def second(lab, browser):
    """Lesson 02 up to its first question."""
    notebook = lab.open(browser, SECOND)
    notebook.run(notebook.find("import numpy"), notebook.find("predict("))
    yield notebook
    notebook.close()


def test_a_click_records_a_guess_and_the_answer_shows_it(second):
    asked, revealed = second.find("predict("), second.find("guess.reveal(")
    button = second.output(asked).get_by_role("button", name="Record my guess")
    button.click()
    second.output(asked).get_by_text("Choose one first.").wait_for()
    second.output(asked).get_by_label("no, for no strength").click()
    button.click()
    second.output(asked).get_by_text("Recorded: no, for no strength").wait_for()
    (guess,) = second.progress()["predictions"]["02.lasso-finds-it"]
    assert guess["guess"] == "no, for no strength"
    second.run(*range(asked + 1, revealed + 1))
    assert second.problems() == []
    words = second.outputs(revealed)[-1]["data"]["text/plain"]
    assert "You guessed no, for no strength: right." in words


def test_a_click_answers_the_quiz(second):
    number = second.find("quiz(")
    second.run(number)
    quiz = second.output(number)
    quiz.get_by_label("moves closer to zero").click()
    quiz.get_by_text("✓ Right.").wait_for()
    quiz.get_by_label("tune its strength").click()
    quiz.get_by_text("✗ No: c) find the best subset.").wait_for()
    assert second.progress()["quizzes"]["02"] == [True, False, None]


def test_every_control_can_be_reached_and_used_with_keys_alone(second):
    """Tab from the cell goes to each control in turn; Space chooses, presses and opens."""
    keys = second.page.keyboard
    asked, explore, quiz = second.find("predict("), second.explores()[0][0], second.find("quiz(")
    second.run(explore, quiz)

    assert tab_through(second, asked) == ["radio", "radio", "submit"]
    for _ in range(2):
        keys.press("Shift+Tab")
    keys.press("Space")  # the first choice
    keys.press("Tab")
    keys.press("Tab")
    keys.press("Space")  # the button
    second.output(asked).get_by_text("Recorded: yes, for a good strength").wait_for()

    assert tab_through(second, explore) == ["select-one", "slider", "slider"]
    old = second.picture(explore)
    keys.press("ArrowLeft")
    second.next_picture(explore, old)

    assert tab_through(second, quiz) == ["radio"] * 9
    keys.press("Space")  # the last option of the last question
    second.output(quiz).get_by_text("✗ No: a)").wait_for()


def tab_through(notebook, number):
    """Press Tab, from a cell on, to the last control below it; say what had the focus."""
    controls = notebook.output(number).locator("input, select, button, [role=slider]")
    notebook.select(number)
    seen = []
    for _ in range(50):
        notebook.page.keyboard.press("Tab")
        here = controls.evaluate_all("all => all.indexOf(document.activeElement)")
        if here >= 0:
            assert here == len(seen), "Tab left out a control, or came out of order"
            seen.append(controls.nth(here).evaluate("e => e.role ?? e.type"))
        if len(seen) == controls.count():
            return seen
    raise AssertionError(f"50 times Tab reached only {seen}")
