"""Exercises that recognise the mistake: what an exercise is, where it is found, how it is tried."""

from __future__ import annotations

import copy
import importlib
import inspect
import pkgutil
import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from l0course.learn import exercises as _home
from l0course.learn import progress
from l0course.learn.compare import in_words
from l0course.learn.diagnosis import Verdict, judge

__all__ = ["Check", "Exercise", "Mistake", "all_exercises", "check_exercise", "ex"]

_hints_shown: dict[str, int] = {}


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that learners give, and what to say to them.

    Parameters
    ----------
    name : str
        A short name, such as "soft thresholding".
    wrong : callable or value
        The wrong answer itself. Who answers like it on all cases hears `says`.
    says : str
        One or two plain sentences.
    """

    name: str
    wrong: Any
    says: str


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """One exercise, with its answer, its tests and its known mistakes.

    Parameters
    ----------
    id : str
        Lesson and number, such as "02.3".
    title : str
    difficulty : int
        From 1 to 5.
    minutes : int
        What a learner needs, about.
    reference : callable or value
        The right answer: a function, or a number or array for an exercise that asks for one.
    cases : tuple of argument tuples, or function of a numpy Generator that gives them
        The arguments to try; put small ones first. Not used if `reference` is a value.
    mistakes : tuple of Mistake
        Three or more.
    hints : tuple of str
        Three, each stronger than the one before.
    why : str
        Why the answer is right, in words.
    same : function (got, expected) -> bool, optional
        When two answers are the same, given as numpy arrays; the default compares shapes, kinds
        and numbers (relative tolerance 1e-6).
    """

    id: str
    title: str
    difficulty: int
    minutes: int
    reference: Any
    mistakes: tuple[Mistake, ...]
    hints: tuple[str, ...]
    why: str
    cases: tuple[tuple[Any, ...], ...] | Callable[[Any], Any] = ()
    same: Callable[[Any, Any], bool] | None = None


@dataclass(frozen=True)
class Check:
    """What `ex` returns: an exercise that can be tried, hinted at, and solved."""

    exercise: Exercise

    def __repr__(self) -> str:
        e = self.exercise
        dots = "●" * e.difficulty + "○" * (5 - e.difficulty)
        return f"{e.id}  {e.title}  (difficulty {dots}, about {e.minutes} minutes)"

    def attempt(self, answer: Any) -> Any:
        """Check an answer, print one verdict, and return what the lesson goes on with.

        Parameters
        ----------
        answer : callable or value
            The learner's function (or value).

        Returns
        -------
        callable or value
            `answer` itself if it is correct, else the reference: the lesson never stops here.
        """
        verdict = judge(self.exercise, answer)
        mark = {"correct": "✓", "skipped": "·", "wrong": "✗", "raised": "!"}[verdict.status]
        _say(f"{mark} {self.exercise.id}  {verdict.message}")
        if verdict.status != "skipped":
            self._record(verdict)
        if verdict.status == "correct":
            return answer
        reference = self.exercise.reference
        return reference if callable(reference) else copy.deepcopy(reference)

    def hint(self) -> None:
        """Print the next of the three hints; after the third, the third again."""
        hints = self.exercise.hints
        number = min(_hints_shown.get(self.exercise.id, 0) + 1, len(hints))
        _hints_shown[self.exercise.id] = number
        more = "" if number < len(hints) else " (the last; .solution() shows the answer)"
        text = " ".join(hints[number - 1].split())
        _say(f"{self.exercise.id}  hint {number} of {len(hints)}{more}: {text}")

    def solution(self) -> None:
        """Print the answer and why it is right."""
        reference = self.exercise.reference
        if callable(reference):
            print(textwrap.dedent(inspect.getsource(reference)).rstrip())
        else:
            print(f"The answer is {in_words(reference)}.")
        print()
        _say("Why: " + " ".join(self.exercise.why.split()))

    def _record(self, verdict: Verdict) -> None:
        def change(record: dict[str, dict[str, Any]]) -> None:
            old = record["exercises"].get(self.exercise.id, {})
            record["exercises"][self.exercise.id] = {
                "solved": bool(old.get("solved")) or verdict.status == "correct",
                "attempts": int(old.get("attempts", 0)) + 1,
                "last": verdict.mistake or verdict.status,
            }

        progress.update(change)


def _say(words: str) -> None:
    """Print in lines that fit: JupyterLab breaks longer ones inside words."""
    print(textwrap.fill(words, 100, break_long_words=False, break_on_hyphens=False))


def ex(exercise_id: str) -> Check:
    """Find an exercise by its id.

    Parameters
    ----------
    exercise_id : str
        Lesson and number, such as "02.3".

    Raises
    ------
    ValueError
        If there is no such exercise.

    Examples
    --------
    >>> ex("2.3")
    Traceback (most recent call last):
    ...
    ValueError: no exercise '2.3': an id is a lesson and a number, such as '02.3'
    """
    if not re.fullmatch(r"\d\d\.\d+", str(exercise_id)):
        raise ValueError(
            f"no exercise {exercise_id!r}: an id is a lesson and a number, such as '02.3'"
        )
    known = {e.id: e for e in _of_lesson(exercise_id[:2])}
    if exercise_id not in known:
        listed = ", ".join(known) or "no exercises"
        raise ValueError(f"no exercise {exercise_id!r}: lesson {exercise_id[:2]} has {listed}")
    return Check(known[exercise_id])


def all_exercises() -> list[Exercise]:
    """Every exercise of every lesson, in order.

    Examples
    --------
    >>> ids = [e.id for e in all_exercises()]
    >>> len(ids) == len(set(ids))
    True
    """
    names = sorted(module.name for module in pkgutil.iter_modules(_home.__path__))
    lessons = [name.removeprefix("lesson_") for name in names if name.startswith("lesson_")]
    return [exercise for lesson in lessons for exercise in _of_lesson(lesson)]


def _of_lesson(lesson: str) -> list[Exercise]:
    """The exercises of a lesson; none if it has no module."""
    name = f"{_home.__name__}.lesson_{lesson}"
    try:
        return list(importlib.import_module(name).EXERCISES)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        return []


def check_exercise(exercise: Exercise) -> None:
    """Assert that an exercise is fit for learners; for tests.

    The reference passes, each planted mistake gets exactly its own sentence (so no two of them
    look alike on the cases), there are three mistakes or more and three hints.

    Raises
    ------
    AssertionError
        With the id of the exercise and what is wrong with it.
    """
    e = exercise

    def require(fact: object, words: str) -> None:
        if not fact:
            raise AssertionError(f"exercise {e.id}: {words}")

    require(re.fullmatch(r"\d\d\.\d+", e.id), "the id is not of the form NN.k")
    require(e.difficulty in range(1, 6), "the difficulty is not one of 1, 2, 3, 4, 5")
    require(e.minutes > 0 and e.title and e.why, "minutes, title or why is missing")
    require(len(set(filter(str.strip, e.hints))) == len(e.hints) == 3, "it needs three hints")
    require(len(e.mistakes) >= 3, "it needs three planted mistakes or more")
    for texts in ({m.says for m in e.mistakes}, {m.name for m in e.mistakes}):
        require(len(texts) == len(e.mistakes), "two mistakes have one name, or say the same")
    verdict = judge(e, e.reference)
    require(verdict.status == "correct", f"its own reference gets: {verdict.message}")
    for mistake in e.mistakes:
        verdict = judge(e, mistake.wrong)
        require(
            verdict.status == "wrong" and verdict.mistake == mistake.name,
            f"the mistake {mistake.name!r} gets: {verdict.status}, {verdict.message}",
        )
        require(mistake.says in verdict.message, f"{mistake.name!r} does not hear its sentence")
    if callable(e.reference):
        inspect.getsource(e.reference)  # .solution() prints it
