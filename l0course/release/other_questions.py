"""Other questions for exercises that ask for one number: other words, another answer.

Each entry of `QUESTIONS` is a function of a numpy Generator.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from numpy.random import Generator

__all__ = ["QUESTIONS", "Question"]


@dataclass(frozen=True)
class Question:
    """The same question about another number.

    Parameters
    ----------
    words : dict
        Phrases of the lesson's text, each found there once, and what replaces them.
    answer : float
    wrong : tuple of float
        What the planted mistakes answer, in their order.
    """

    words: dict[str, str]
    answer: float
    wrong: tuple[float, ...]


def _removed(g: Generator) -> Question:
    rate = int(g.choice([8, 16, 20, 25, 50]))
    words = {"40 times smaller": f"{rate} times smaller"}
    return Question(words, 1 - 1 / rate, (100 * (1 - 1 / rate), 1 / rate, rate / 100))


def _better_model(g: Generator) -> Question:
    m = int(g.choice([3, 4, 5, 8, 10]))
    words = {
        "Half of the error": "A part of the error",
        "has half the MSE": f"has 1/{m} of the MSE",
    }
    bits = math.log2(m) / 2
    old_sigma = (1 - 1 / m) / (2 * math.log(2))
    return Question(words, bits, (2 * bits, -bits, math.log(m) / 2, old_sigma, 100 * (1 - 1 / m)))


def _breaks(g: Generator) -> Question:
    s = int(g.choice([6, 7, 8, 16, 25]))
    return Question({"are s = 9?": f"are s = {s}?"}, s**-0.5, (1 / s, 0.5, s**0.5))


def _smaller_than_what(g: Generator) -> Question:
    live, left = 10 * int(g.integers(120, 400)), 100 * int(g.integers(90, 200))
    share = 1 - live / 266_610
    return Question(
        {"to 1,900,": f"to {live:,},", "12,500": f"{left:,}"},
        266_610 / live,
        (left / live, 266_610 / left, live / 266_610, share, 100 * share),
    )


def _longer_text(g: Generator) -> Question:
    times, numbers = int(g.choice([3, 5, 6, 20, 100])), 64 * 7
    doublings = math.log2(times)
    words = {"Ten times the text": "A longer text", "ten times longer": f"{times} times longer"}
    wrong = (64 * 8, 2 * numbers, 7, numbers * math.log(2), numbers / 8)
    wrong = tuple(n / 2 * doublings for n in wrong) + (times * numbers / 2,)
    return Question(words, numbers / 2 * doublings, wrong)


QUESTIONS: dict[str, Callable[[Generator], Question]] = {
    "00.4": _removed,
    "01.4": _better_model,
    "02.6": _breaks,
    "05.6": _smaller_than_what,
    "08.3": _longer_text,
}
