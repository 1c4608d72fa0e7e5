"""Columns as pixels of a picture: sums over what was seen near each of them.

The columns of a first layer are pixels, those of a convolution the cells of its kernels, one kernel
below the other. What was seen at a column counts for its neighbours, less with the distance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isqrt

import numpy as np

__all__ = ["ACROSS", "NEAR", "WIDE", "Sums"]

_REACH = 6  # pixels
Kernel = tuple[np.ndarray, np.ndarray, np.ndarray]  # y, x, weight


def _kernel(weight: Callable[[int], int]) -> Kernel:
    """The weights of the pixels around one, by their squared distance; its own counts as 1."""
    span = range(-_REACH, _REACH + 1)
    cells = [(y, x, weight(max(y * y + x * x, 1))) for y in span for x in span]
    return tuple(np.array([cell for cell in cells if cell[2] > 0]).T)


NEAR = _kernel(lambda square: 64 // square**2)  # 64 / distance^4
WIDE = _kernel(lambda square: isqrt(isqrt(64**4 // square**3)))  # 64 / distance^1.5
ACROSS = _kernel(lambda square: max(0, 10 - 2 * square))
_POINT = (np.zeros(1, int), np.zeros(1, int), np.ones(1, int))


class Sums:
    """For each column, sums of the amounts that were added near it, one sum for each kernel.

    `columns` are the places of the columns in a picture of this width. With width 0 there is no
    picture, and no kernel reaches beyond its own column.

    >>> sums = Sums(np.arange(6), 3, [ACROSS])
    >>> sums.add(1, [5])
    >>> sums.of(0).reshape(2, 3)
    array([[40, 40, 40],
           [30, 40, 30]])
    """

    def __init__(self, columns: np.ndarray, width: int, kernels: Sequence[Kernel]) -> None:
        stride = width + 2 * _REACH
        self._at = np.asarray(columns)
        if width:
            self._at = (self._at // width + _REACH) * stride + self._at % width + _REACH
        else:
            kernels = [_POINT for _ in kernels]
        self._kernels = [(y * stride + x, weight) for y, x, weight in kernels]
        cells = int(self._at.max(initial=0)) + _REACH * (stride + 1) + 1
        self._sums = np.zeros((len(kernels), cells), np.int64)
        self.sizes = [int(weight.sum()) for _, weight in self._kernels]

    def add(self, column: int, amounts: Sequence[int]) -> None:
        """Add one amount for each kernel."""
        at = self._at[column]
        for sums, (offsets, weights), amount in zip(
            self._sums, self._kernels, amounts, strict=True
        ):
            sums[at + offsets] += weights * amount

    def of(self, kernel: int, start: int = 0) -> np.ndarray:
        """The sums of all columns from `start` on."""
        return self._sums[kernel][self._at[start:]]

    def at(self, column: int) -> list[int]:
        """All sums of one column."""
        return self._sums[:, self._at[column]].tolist()

    def clear(self) -> None:
        """Forget all."""
        self._sums[:] = 0
