"""Positions row by row: how many zeros until the next live weight, by a logistic regression.

What speaks for a live weight: many in its row so far; live ones in the rows above, in its column or
near it; and live ones near it in its row, if the columns are the pixels of a picture. All these are
logarithms of counts. The writer fits the coefficients and sends them: a two-part code, so much for
the model, so much for the positions given the model.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from .logistic_fit import EIGHTH, code_coefficients, fit
from .logits import UNIT, log2, probability
from .pictures import ACROSS, NEAR, WIDE, Sums
from .range_coder import ONE, Coder, CorruptFileError

__all__ = ["code_gaps", "fits"]

_MOST_LIVE, _MOST_ROWS, _MOST_CELLS = 1 << 14, 1 << 12, 1 << 20  # so that no file takes long
_USUAL = (-32, 0, 6, 6, 6)  # what coefficients usually are
_UNSEEN = (6, 13)  # what a count of near ones starts with

Answer = Callable[[np.ndarray, "int | None"], int]  # (features, gap or None when reading) -> gap


class _Evidence:
    """What speaks for a live weight in the row at hand: features, in parts of UNIT."""

    def __init__(self, columns: np.ndarray, width: int) -> None:
        self.n, self.rows, self.hits, self.total = len(columns), 0, 0, 0
        self.prior = 10 if width else 2
        self.above = Sums(columns, width, [ACROSS])
        self.near = Sums(columns, width, [NEAR, WIDE] if width else [])

    def next_row(self) -> None:
        """The row at hand becomes one of those above."""
        size = self.above.sizes[0]
        column = (self.prior * self.above.of(0) + size) * self.n
        self.column = log2(column) - log2(self.prior * size * self.total + size * self.n)
        self.rows, self.hits = self.rows + 1, 0
        mean = self.rows * self.n
        self.expected = log2((self.total + 1) * np.arange(self.n) + mean) - log2(mean)
        self.near.clear()

    def of(self, start: int) -> np.ndarray:
        """(features, columns from `start` on)."""
        row = _logs()[self.hits + 1] - self.expected[start:]
        out = [np.full(len(row), UNIT), row, self.column[start:]]
        for kernel in range(len(self.near.sizes)):
            unseen = _UNSEEN[kernel]
            out.append(_logs()[self.near.of(kernel, start) + unseen] - _logs()[unseen])
        return np.array(out)

    def hit(self, column: int) -> None:
        """Take note of a live weight."""
        self.hits, self.total = self.hits + 1, self.total + 1
        self.above.add(column, [1])
        self.near.add(column, [1] * len(self.near.sizes))


@cache
def _logs() -> np.ndarray:
    """Logarithms of numbers that the counts of a row can reach; of 0, that of 1."""
    return log2(np.maximum(np.arange(_MOST_CELLS + 2), 1))


def fits(shape: tuple[int, int], live: int) -> bool:
    """Whether a matrix with so many live weights is small enough to be coded like this."""
    small = shape[0] <= _MOST_ROWS and shape[0] * shape[1] <= _MOST_CELLS
    return 0 < min(shape) and small and live <= _MOST_LIVE


def code_gaps(
    coder: Coder,
    shape: tuple[int, int],
    columns: np.ndarray,
    width: int,
    given: np.ndarray | None = None,
) -> np.ndarray:
    """Code a boolean matrix in which no row is empty; None when reading.

    `columns` says where its columns lie in a picture of this width; with width 0 they are none.
    """
    usual = _USUAL if width else _USUAL[:3]
    coefficients = None if given is None else _fit(columns, width, usual, given)
    coefficients = code_coefficients(coder, usual, coefficients)
    live = 0

    def gap(features: np.ndarray, known: int | None) -> int:
        nonlocal live
        live += 1
        if live > _MOST_LIVE + shape[0]:
            raise CorruptFileError("The file is corrupt: a tensor has too many live weights.")
        p = probability(coefficients @ features // EIGHTH)
        if len(p) == shape[1]:
            p[-1] = ONE - 1  # no row is empty
        return coder.first(p, known)

    return _walk(shape, columns, width, given, gap)


def _fit(columns: np.ndarray, width: int, usual: tuple[int, ...], given: np.ndarray) -> np.ndarray:
    """The coefficients for given positions."""
    cases, hits = [], []

    def learn(features: np.ndarray, known: int) -> int:
        cases.append(features[:, : known + 1].astype(np.float32))
        hits.append(np.arange(cases[-1].shape[1]) == known)
        return known

    _walk(given.shape, columns, width, given, learn)
    return fit(np.concatenate(cases, axis=1), np.concatenate(hits), usual)


def _walk(
    shape: tuple[int, int], columns: np.ndarray, width: int, given: np.ndarray | None, gap: Answer
) -> np.ndarray:
    """Go from one live weight to the next: `gap` says how far; the end of the row counts as one."""
    evidence, found = _Evidence(columns, width), np.zeros(shape, bool)
    for r in range(shape[0]):
        evidence.next_row()
        start, known = 0, None
        while start < shape[1]:
            if given is not None:
                rest = given[r, start:]
                known = int(rest.argmax()) if rest.any() else len(rest)
            start += gap(evidence.of(start), known) + 1
            if start <= shape[1]:
                found[r, start - 1] = True
                evidence.hit(start - 1)
    return found
