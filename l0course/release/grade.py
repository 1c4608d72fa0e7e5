"""The hidden test of a graded exercise: full points or none."""

from __future__ import annotations

from typing import Any

from ..learn.diagnosis import judge
from ..learn.exercise import Exercise, ex
from .variant import variant

__all__ = ["grade", "points"]


def points(exercise: Exercise) -> int:
    """What an exercise is worth: its difficulty, 1 to 5.

    Examples
    --------
    >>> points(ex("02.4").exercise)
    3
    """
    return exercise.difficulty


def grade(exercise_id: str, answer: Any, seed: int | None = None) -> None:
    """Pass if an answer is right, for all inputs of the lesson and all those drawn from the seed.

    Parameters
    ----------
    exercise_id : str
        Lesson and number, such as "02.3".
    answer : callable or value
        What the student wrote.
    seed : int, optional
        Of this exercise's variant. An exercise that asks for one number is then graded by the
        variant alone; without a seed, all are graded by the lesson's own numbers.

    Raises
    ------
    AssertionError
        If the answer is wrong, raises, was not attempted, or is the course's own function. The
        message is the diagnosis.

    Examples
    --------
    >>> grade("10.2", lambda m, k: (m + 1) ** k)
    Traceback (most recent call last):
    ...
    AssertionError: not yet: For m=1, k=5 you returned 32; the answer is 6.
    """
    exercise = ex(exercise_id).exercise
    if callable(answer) and answer is exercise.reference:
        raise AssertionError("this is the course's own function. Write yours.")
    tests = [exercise]
    if seed is not None:
        other = variant(exercise, seed)
        tests = [exercise, other] if callable(exercise.reference) else [other]
    for test in tests:
        verdict = judge(test, answer)
        if verdict.status != "correct":
            raise AssertionError(verdict.message)
