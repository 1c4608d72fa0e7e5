"""A short quiz: live with a verdict at once, and on a still page with folded answers."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from l0course.learn import progress
from l0course.learn.choices import WRAP, choices

__all__ = ["Question", "Quiz", "quiz"]


@dataclass(frozen=True)
class Question:
    """One question with its options.

    Parameters
    ----------
    text : str
        The question; mathematics between dollar signs is set as such in the live view.
    options : sequence of str
        Two or more, shown in this order, plain text.
    answer : int
        Position of the right option, counted from 0.
    why : str
        Why it is right.

    Raises
    ------
    ValueError
        If there are fewer than two options, two are the same, or `answer` is not one of them.
    """

    text: str
    options: Sequence[str]
    answer: int
    why: str

    def __post_init__(self) -> None:
        if len(self.options) < 2 or len(set(self.options)) < len(self.options):
            raise ValueError(f"question {self.text!r} needs two options or more, all different")
        if self.answer not in range(len(self.options)):
            raise ValueError(
                f"question {self.text!r}: answer={self.answer!r} is not a position from 0 to "
                f"{len(self.options) - 1}"
            )


def quiz(lesson: str, questions: Sequence[Question]) -> Quiz:
    """Make a quiz; end a cell with it.

    Parameters
    ----------
    lesson : str
        Such as "02"; the results are recorded under it.
    questions : sequence of Question

    Examples
    --------
    >>> quiz("99", [Question("Which counts?", ["l0", "l1"], 0, "It counts the nonzeros.")])
    Quiz of lesson 99
    <BLANKLINE>
    1. Which counts?
       a) l0
       b) l1
    <BLANKLINE>
    Answers: 1a (It counts the nonzeros.)
    """
    return Quiz(lesson, questions)


class Quiz:
    """What `quiz` returns: one output with the live view, folded HTML, and plain text."""

    def __init__(self, lesson: str, questions: Sequence[Question]) -> None:
        self.lesson, self.questions = lesson, tuple(questions)
        self._results: list[bool | None] = [None] * len(self.questions)  # of the first answers
        self._view: Any = None

    def __repr__(self) -> str:
        lines = [f"Quiz of lesson {self.lesson}", ""]
        for number, q in enumerate(self.questions, 1):
            lines += [f"{number}. {q.text}"]
            lines += [f"   {_letter(i)}) {option}" for i, option in enumerate(q.options)] + [""]
        answers = [f"{n}{_letter(q.answer)} ({q.why})" for n, q in enumerate(self.questions, 1)]
        return "\n".join([*lines, "Answers: " + " ".join(answers)])

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        words = {"text/plain": repr(self), "text/html": self._folded()}
        return dict(self.view()._repr_mimebundle_()) | words

    def view(self) -> Any:
        """The live view, an ipywidgets box; made at the first call."""
        if self._view is None:
            import ipywidgets as widgets

            self._view = widgets.VBox([self._ask(i) for i in range(len(self.questions))])
        return self._view

    def _ask(self, index: int) -> Any:
        """One question: its text, its options, and a verdict as soon as one is chosen."""
        import ipywidgets as widgets

        q = self.questions[index]
        text = widgets.HTMLMath(f"{WRAP}<b>{index + 1}. {html.escape(q.text)}</b>")
        options = [(option, i) for i, option in enumerate(q.options)]
        radio = choices(options)
        verdict = widgets.HTMLMath()

        def answered(change: dict[str, Any]) -> None:
            right = change["new"] == q.answer
            said = "✓ Right." if right else f"✗ No: {_letter(q.answer)}) {q.options[q.answer]}."
            verdict.value = html.escape(f"{said} {q.why}")
            self._record(index, right)

        radio.observe(answered, names="value")
        return widgets.VBox([text, radio, verdict])

    def _record(self, index: int, right: bool) -> None:
        """Keep the first answer to each question."""
        if self._results[index] is None:
            self._results[index] = right
            progress.update(lambda r: r["quizzes"].update({self.lesson: list(self._results)}))

    def _folded(self) -> str:
        """HTML for a still page: the answer to each question is folded away."""
        parts = [f"<p><b>Quiz of lesson {html.escape(self.lesson)}</b></p>", "<ol>"]
        for q in self.questions:
            options = "".join(f"<li>{html.escape(option)}</li>" for option in q.options)
            answer = html.escape(f"{_letter(q.answer)}) {q.options[q.answer]}. {q.why}")
            parts.append(
                f'<li><p>{html.escape(q.text)}</p><ol type="a">{options}</ol>'
                f"<details><summary>Answer</summary><p>{answer}</p></details></li>"
            )
        return "\n".join([*parts, "</ol>"])


def _letter(index: int) -> str:
    return chr(ord("a") + index)
