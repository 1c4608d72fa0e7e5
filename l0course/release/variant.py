"""The same exercise with other numbers, from a seed."""

from __future__ import annotations

import dataclasses
import hashlib

import numpy as np

from ..learn.diagnosis import judge
from ..learn.exercise import Exercise
from .other_inputs import INPUTS
from .other_questions import QUESTIONS, Question

__all__ = ["own_seed", "question", "variant"]

MOST_DRAWS = 10


def own_seed(seed: int, exercise_id: str) -> int:
    """The seed of one exercise, 0 to 2**63 - 1, from the seed of the whole course.

    It is a hash: who has seen it in the feedback on one exercise learns nothing about another.

    Examples
    --------
    >>> own_seed(7, "02.1") == own_seed(7, "02.1"), own_seed(7, "02.1") == own_seed(7, "02.2")
    (True, False)
    """
    digest = hashlib.sha256(f"{seed} {exercise_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def question(exercise: Exercise, seed: int) -> Question | None:
    """What a variant asks for instead, if the exercise asks for one number; else None.

    Examples
    --------
    >>> from l0course.learn import ex
    >>> asked = question(ex("02.6").exercise, seed=1)
    >>> asked.words, round(asked.answer, 3)
    ({'are s = 9?': 'are s = 8?'}, 0.354)
    """
    if callable(exercise.reference):
        return None
    return QUESTIONS[exercise.id](np.random.default_rng(seed))


def variant(exercise: Exercise, seed: int) -> Exercise:
    """The exercise with other inputs (a function is asked for) or another answer (a number is).

    Inputs are drawn again until they show every planted mistake.

    Parameters
    ----------
    exercise : Exercise
    seed : int, 0 or more
        Of this exercise, see `own_seed`.

    Raises
    ------
    KeyError
        If the exercise has cases written by hand and no entry in `other_inputs`.
    RuntimeError
        If ten draws do not show all mistakes.

    Examples
    --------
    >>> from l0course.learn import ex
    >>> variant(ex("10.2").exercise, seed=3).cases
    ((7, 5), (2, 5), (3, 4), (3, 2), (3, 2))
    """
    asked = question(exercise, seed)
    if asked is None:
        draw = exercise.cases if callable(exercise.cases) else INPUTS[exercise.id]
        generator = np.random.default_rng(seed)
        for _ in range(MOST_DRAWS):
            other = dataclasses.replace(exercise, cases=tuple(draw(generator)))
            if all(judge(other, m.wrong).status != "correct" for m in exercise.mistakes):
                return other
        raise RuntimeError(f"no draw for {exercise.id} shows all its mistakes: take another seed.")
    mistakes = tuple(
        dataclasses.replace(mistake, wrong=wrong)
        for mistake, wrong in zip(exercise.mistakes, asked.wrong, strict=True)
    )
    return dataclasses.replace(exercise, reference=asked.answer, mistakes=mistakes)
