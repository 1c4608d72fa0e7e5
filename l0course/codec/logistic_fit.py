"""Coefficients of a logistic regression: fitted by the writer, sent in eighths, near usual ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .logits import UNIT
from .range_coder import Coder

__all__ = ["EIGHTH", "code_coefficients", "fit"]

EIGHTH = 8
_PULL = 0.1  # towards the usual coefficients
_MOST = 127  # eighths from a usual coefficient


def fit(features: np.ndarray, hits: np.ndarray, usual: Sequence[int]) -> np.ndarray:
    """Coefficients in eighths, by Newton's method.

    `features` (features, cases) are in parts of UNIT, `hits` (cases,) are flags; logits are to
    base 2.

    >>> coins = np.array([True, False, False, False])
    >>> fit(np.full((1, 4), UNIT), coins, usual=[0]).tolist()  # not yet log2(1/3) = -13/8
    [-10]
    """
    x, start = features.T / UNIT, np.array(usual) / EIGHTH

    def loss(w: np.ndarray) -> float:
        logit = x @ w
        bits = np.logaddexp2(0, logit).sum() - logit[hits].sum()
        return float(bits + _PULL / 2 * np.square(w - start).sum())

    w, now = start, loss(start)
    for _ in range(30):
        p = np.exp2(-np.logaddexp2(0, -(x @ w)))
        slope = x.T @ (p - hits) + _PULL * (w - start)
        curve = np.log(2) * (x.T * (p * (1 - p))) @ x + _PULL * np.eye(len(w))
        step = np.linalg.solve(curve, slope)
        while (after := loss(w - step)) > now and np.abs(step).max() > 0.01:
            step /= 2
        if now - after < 0.01:
            break
        w, now = w - step, after
    most = _MOST / EIGHTH
    return np.rint(EIGHTH * np.clip(w, start - most, start + most)).astype(np.int64)


def code_coefficients(
    coder: Coder, usual: Sequence[int], given: np.ndarray | None = None
) -> np.ndarray:
    """Each as its distance from the usual one: 4 bits if under 4 eighths, 5 if under 8, ...

    >>> coder = Coder()
    >>> code_coefficients(coder, usual=[-40, 8], given=np.array([-35, 8])).tolist()
    [-35, 8]
    >>> coder.total
    9.0
    """
    found = []
    for i, middle in enumerate(usual):
        off = None if given is None else int(given[i]) - middle
        size = 0
        while size < _MOST // 4 and coder.number(1, None if off is None else abs(off) // 4 > size):
            size += 1
        size = 4 * size + coder.number(2, None if off is None else abs(off) % 4)
        below = coder.number(1, None if off is None else off < 0)
        found.append(middle - size if below else middle + size)
    return np.array(found)
