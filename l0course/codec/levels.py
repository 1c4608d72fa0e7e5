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
FEW = 64  # levels: so many distinct values are kept as they are
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
        return _short(self.table)

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


def _short(x: np.ndarray | np.float32) -> bool:
    """Whether 16 bits hold each number."""
    return not (np.asarray(x, np.float32).view(np.uint32) & 0xFFFF).any()


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
    few already, at most 2**bits or FEW, only what keeps them exactly is left.
    """
    most = FEW if bits is None else 1 << bits
    distinct = np.unique(np.concatenate([np.zeros(0, np.float32), *tensors]))
    exact = [Codebook(distinct if len(distinct) else np.ones(1, np.float32))]
    exact = [*exact[: len(distinct) <= most], *_exact_grid(tensors, most)]
    if exact:
        return exact
    if bits is None:
        grid, most = _smallest(Grid, tensors, bound, MOST_LEVELS), MOST_LEVELS
    else:
        grid = Grid.fit(tensors, most)
        bound = relative_error(tensors, grid)
    book = _smallest(Codebook, tensors, bound, most)
    close = relative_error(tensors, book) <= bound and not _lost(tensors, book, grid)
    return [grid, book] if close else [grid]


def _lost(tensors: Sequence[np.ndarray], book: Codebook, grid: Grid) -> bool:
    """Whether the codebook is as bad as zeros for a tensor, and the grid is not: in a sum over all
    tensors, one of small weights does not count."""
    zeros = [float(np.square(x, dtype=np.float64).sum()) for x in tensors]
    return any(
        _squared_error(x, book, i) >= zero > _squared_error(x, grid, i)
        for i, (x, zero) in enumerate(zip(tensors, zeros, strict=True))
    )


def _exact_grid(tensors: Sequence[np.ndarray], most: int) -> list[Grid]:
    """The grid with at most so many levels on which all values lie, if there is one."""
    steps, half = [], 1
    for x in tensors:
        top = np.abs(x).max(initial=0)
        for size in range(1, most // 2 + 1):
            step = np.float32(top / size)
            if _short(step) and (np.rint(x / (step or 1)) * step == x).all():
                break
        else:
            return []
        steps.append(step)
        half = max(half, size)
    return [Grid(2 * half, tuple(steps))]


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
