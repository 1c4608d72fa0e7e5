"""Few values instead of many: a uniform grid for each tensor, or one codebook for the model.

Both are sent: a grid by its step, a codebook by its values. Uniform grids with entropy coding:
Gish and Pierce 1968; shared weights: Han et al. 2016 (arXiv 1510.00149).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

__all__ = ["Codebook", "Grid", "choose_levels"]

MOST_LEVELS = 1 << 12
_SHARES = (1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3)  # of the step that reaches the largest weight


@dataclass(frozen=True)
class Grid:
    """Levels step * (-half, ..., -1, 1, ..., half), with one step for each tensor.

    >>> x = np.array([-1.0, 0.5, 0.9], np.float32)
    >>> grid = Grid.fit([x], count=4)
    >>> index = grid.nearest(0, x)
    >>> index.tolist(), grid.values(0)[index].tolist()
    ([0, 2, 3], [-1.0, 0.5, 1.0])
    """

    count: int
    steps: tuple[np.float32, ...]

    @classmethod
    def fit(cls, tensors: Sequence[np.ndarray], count: int) -> Grid:
        """The step of each tensor, in 16 bits: largest magnitude / half, or less if that is better.

        With a smaller step the few largest weights are cut, and all others are rounded less.
        """
        return cls(count, tuple(_best_step(x, count) for x in tensors))

    def values(self, tensor: int) -> np.ndarray:
        half = self.count // 2
        signed = np.concatenate([np.arange(-half, 0), np.arange(1, half + 1)])
        with np.errstate(over="ignore", invalid="ignore"):  # the step of a forged file
            return signed.astype(np.float32) * self.steps[tensor]

    def nearest(self, tensor: int, x: np.ndarray) -> np.ndarray:
        if self.count <= 1 or len(x) == 0:
            return np.zeros(len(x), int)
        half, step = self.count // 2, self.steps[tensor]
        size = np.clip(np.rint(np.abs(x) / step), 1, half).astype(int)
        return np.where(x > 0, half - 1 + size, half - size)


def _best_step(x: np.ndarray, count: int) -> np.float32:
    """Of the largest step and some smaller ones, that with the smallest squared error."""
    top = np.float32(np.abs(x).max(initial=0) / np.float32(count // 2))
    shares = np.array(_SHARES, np.float32) * top
    words = -(-shares.view(np.uint32).astype(np.int64) >> 16) << 16  # 16 bits, rounded up
    steps = words.astype(np.uint32).view(np.float32)
    some = x[:: 1 + len(x) // 20_000]
    return min(steps, key=lambda step: _squared_error(some, Grid(count, (step,)), 0))


@dataclass(frozen=True)
class Codebook:
    """The same rising values for all tensors."""

    table: np.ndarray  # (count,), float32

    @property
    def count(self) -> int:
        return len(self.table)

    @property
    def short(self) -> bool:
        """Whether 16 bits hold each value."""
        return not (self.table.view(np.uint32) & 0xFFFF).any()

    @classmethod
    def fit(cls, tensors: Sequence[np.ndarray], count: int) -> Codebook:
        """Lloyd's k-means, from a start between even ranks and even values.

        If there are few values, they are the codebook, and there is no error.

        >>> Codebook.fit([np.array([1.0, 1.1, 5.0], np.float32)], count=2).table.tolist()
        [1.046875, 5.0]
        """
        x = np.sort(np.concatenate([np.zeros(0, np.float32), *tensors]))
        distinct = np.unique(x)
        if len(distinct) <= count:
            return cls(distinct if len(distinct) else np.zeros(1, np.float32))
        sums = np.concatenate([[0.0], np.cumsum(x, dtype=np.float64)])
        spread = np.arange(len(x)) / len(x) + (x - x[0]) / (x[-1] - x[0])
        evenly = (np.arange(count) + 0.5) * (2 / count)
        centres = np.unique(np.interp(evenly, spread, x))
        for _ in range(50):
            cuts = np.searchsorted(x, (centres[1:] + centres[:-1]) / 2)
            ends = np.concatenate([[0], cuts, [len(x)]])
            sizes = np.diff(ends)
            means = np.diff(sums[ends])[sizes > 0] / sizes[sizes > 0]
            if len(means) == len(centres) and np.allclose(means, centres, rtol=1e-6, atol=0):
                break
            centres = means
        rounded = torch.from_numpy(centres.astype(np.float32)).bfloat16().float().numpy()
        return cls(np.unique(rounded))

    def values(self, tensor: int) -> np.ndarray:
        return self.table

    def nearest(self, tensor: int, x: np.ndarray) -> np.ndarray:
        middle = (self.table[1:].astype(np.float64) + self.table[:-1]) / 2
        return np.searchsorted(middle, x)


def relative_error(tensors: Sequence[np.ndarray], levels: Grid | Codebook) -> float:
    """Root of the sum of squared errors / root of the sum of squares, over all tensors."""
    wrong = sum(_squared_error(x, levels, i) for i, x in enumerate(tensors))
    total = sum(float(np.square(x, dtype=np.float64).sum()) for x in tensors)
    return (wrong / total) ** 0.5 if total else 0.0


def _squared_error(x: np.ndarray, levels: Grid | Codebook, tensor: int) -> float:
    near = levels.values(tensor)[levels.nearest(tensor, x)]
    return float(np.square(x.astype(np.float64) - near).sum())


def choose_levels(
    tensors: Sequence[np.ndarray], bits: int | None, bound: float
) -> list[Grid | Codebook]:
    """A grid and a codebook that are about equally exact; their bytes decide between them.

    `bits` fixes the grid, with 2**bits levels, and the codebook is the smallest that is no worse.
    With bits=None both are the smallest whose relative error is at most `bound`. If the values are
    so few that one of them has no error at all, only that one is left.
    """
    if bits is None:
        grid = _smallest(Grid, tensors, bound, MOST_LEVELS)
    else:
        grid = Grid.fit(tensors, 1 << bits)
    error = relative_error(tensors, grid)
    most = MOST_LEVELS if bits is None else 1 << bits
    largest = Codebook.fit(tensors, most)
    if bits is not None and relative_error(tensors, largest) == 0:
        return [largest, grid] if error == 0 else [largest]
    book = _smallest(Codebook, tensors, error if bits else bound, min(most, largest.count + 1))
    close = relative_error(tensors, book) <= max(error, bound if bits is None else 0)
    return [grid, book] if close else [grid]


def _smallest(
    kind: type[Grid] | type[Codebook], tensors: Sequence[np.ndarray], bound: float, most: int
) -> Grid | Codebook:
    """By bisection of the number of levels; a grid has an even number."""
    unit = 2 if kind is Grid else 1
    low, high = 1, max(1, most // unit)
    while low < high:
        middle = (low + high) // 2
        if relative_error(tensors, kind.fit(tensors, unit * middle)) <= bound:
            high = middle
        else:
            low = middle + 1
    return kind.fit(tensors, unit * low)
