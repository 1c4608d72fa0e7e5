"""Levels one by one: first the sign, then the size, each by a logistic regression.

Weights near each other in a picture mostly have the same sign; a size is a little like those near
it and in its column. Sizes are coded as steps, "larger than this?", by how often each was taken.
The writer fits the coefficients and sends them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from operator import mul

import numpy as np

from .logistic_fit import EIGHTH, code_coefficients, fit
from .logits import UNIT, log2, probability
from .pictures import NEAR, WIDE, Sums
from .range_coder import Coder

__all__ = ["code_levels"]

_USUAL = {"sign": (0, 0, 0, 24), "size": (8, 2, 4)}  # coefficients, those of neighbours last
_MOST = 1000  # steps of one kind that are counted; then all counts are halved
_END = 16 * UNIT  # of logits
_UNSEEN = 19  # what sums over neighbours are divided by, beside the sum of their kernels

Answer = Callable[[str, Sequence[int], "bool | None"], bool]  # (kind, features, known) -> flag


class _Evidence:
    """What speaks for a positive sign, or for a larger size, of the weight at hand."""

    def __init__(self, n: int, width: int) -> None:
        self.near = Sums(np.arange(n), width, [NEAR, NEAR, WIDE, WIDE]) if width else None
        self.columns = [[0, 0, 0] for _ in range(n)]  # of signs, of sizes, and how many
        self.row, self.all = [0, 0, 0], [0, 1, 1]

    def next_row(self) -> None:
        self.row = [0, 0, 0]
        if self.near:
            self.near.clear()

    def sign(self, column: int) -> list[int]:
        signs, _, count = self.row
        of_column = min(max(self.columns[column][0], -4), 4)
        out = [UNIT, UNIT * signs // (count + 2), UNIT * of_column // 4]
        if self.near:
            signs, weights, *_ = self.near.at(column)
            out.append(4 * UNIT * signs // (weights + _UNSEEN))
        return out

    def size(self, column: int) -> list[int]:
        """How much larger than the mean the sizes around are."""
        _, mean, count = self.all
        _, sizes, here = self.columns[column]
        out = [2 * UNIT * (sizes * count - here * mean) // ((here + 1) * mean)]
        if self.near:
            *_, sizes, weights = self.near.at(column)
            out.append(2 * UNIT * (sizes * count - weights * mean) // ((weights + _UNSEEN) * mean))
        return out

    def add(self, column: int, positive: bool, size: int) -> None:
        """Take note of a weight; its size counts from 1."""
        sign = 1 if positive else -1
        for sums in (self.row, self.all, self.columns[column]):
            sums[0] += sign
            sums[1] += size
            sums[2] += 1
        if self.near:
            self.near.add(column, [sign, 1, size, 1])


def code_levels(
    coder: Coder,
    support: np.ndarray,
    width: int,
    counts: tuple[int, int],
    given: np.ndarray | None = None,
) -> np.ndarray:
    """Code the index of the level of each live weight of a matrix, row by row; None when reading.

    There are `counts` negative and positive levels, in rising order.
    """
    fitted = {} if given is None else _fit(support, width, counts, given)
    used = {
        kind: code_coefficients(coder, usual, fitted.get(kind)).tolist()
        for kind, usual in _usual(width, counts).items()
    }

    def decide(kind: str, features: Sequence[int], known: bool | None) -> bool:
        logit = sum(map(mul, used[kind], features)) // EIGHTH
        return coder.flag(_chances()[max(0, min(2 * _END, logit + _END))], known)

    return _walk(support, width, counts, given, decide)


def _usual(width: int, counts: tuple[int, int]) -> dict[str, tuple[int, ...]]:
    """Usual coefficients of what is to be decided at all."""
    open_ = {"sign": min(counts) > 0, "size": max(counts) > 1}
    return {kind: usual if width else usual[:-1] for kind, usual in _USUAL.items() if open_[kind]}


@cache
def _chances() -> list[int]:
    return probability(np.arange(-_END, _END + 1)).tolist()


@cache
def _logs() -> list[int]:
    return log2(np.maximum(np.arange(2 * _MOST + 2), 1)).tolist()


def _fit(
    support: np.ndarray, width: int, counts: tuple[int, int], given: np.ndarray
) -> dict[str, np.ndarray]:
    """The coefficients for given levels."""
    cases = {kind: [] for kind in _USUAL}
    flags = {kind: [] for kind in _USUAL}

    def learn(kind: str, features: Sequence[int], known: bool) -> bool:
        cases[kind].append(features)
        flags[kind].append(known)
        return known

    _walk(support, width, counts, given, learn)
    return {
        kind: fit(
            np.array(cases[kind]).reshape(-1, len(usual)).T, np.array(flags[kind], bool), usual
        )
        for kind, usual in _usual(width, counts).items()
    }


def _walk(
    support: np.ndarray,
    width: int,
    counts: tuple[int, int],
    given: np.ndarray | None,
    decide: Answer,
) -> np.ndarray:
    """Go from weight to weight; `decide` answers: positive? larger than 1? than 2? ..."""
    evidence, found = _Evidence(support.shape[1], width), []
    steps = [[[1, 1] for _ in range(n)] for n in counts]  # twice (no + 1/2, yes + 1/2)
    positive = counts[1] > 0
    known = iter([] if given is None else (given - counts[0]).tolist())
    for row in support:
        evidence.next_row()
        for column in np.flatnonzero(row).tolist():
            level = next(known, None)
            if min(counts) > 0:
                above = None if level is None else level >= 0
                positive = decide("sign", evidence.sign(column), above)
            size, around = 1, evidence.size(column)
            if level is not None:
                level = level + 1 if positive else -level
            while size < counts[positive]:
                step = steps[positive][size]
                odds = _logs()[step[1]] - _logs()[step[0]]
                above = None if level is None else level > size
                larger = decide("size", (odds, *around), above)
                step[larger] += 2
                if sum(step) > 2 * _MOST:
                    step[:] = [n // 2 for n in step]
                if not larger:
                    break
                size += 1
            evidence.add(column, positive, size)
            found.append(counts[0] + size - 1 if positive else counts[0] - size)
    return np.array(found, int)
