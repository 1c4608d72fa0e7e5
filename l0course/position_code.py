"""How positions are coded: which entries of a tensor are not zero.

A tensor is seen as a matrix, rows = outputs. Neurons die together with their inputs, outputs and
biases, so dead rows and columns are coded first, each with what the tensors before say about it.
Then come the positions in the grid of live rows and live columns, with the density of the grid or
with densities that follow each row and each column. All probabilities are counts (whole numbers).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .range_coder import ONE, Coder

__all__ = ["Hints", "code_support", "shortest_mode"]

_ADAPTIVE = {2: 1, 3: 4, 4: 16, 5: 64}  # mode -> half pseudo-counts: how slowly densities follow
FLAT, GRID = 0, 1
_MODE_BITS, _LAG_BITS = 3, 6
_CHUNKS = 16  # parts of a row between which the density of the row is brought up to date


@dataclass
class Hints:
    """What is known from the tensors before: which outputs of the last layer are live."""

    live: np.ndarray | None = None

    def rows(self, n: int) -> np.ndarray | None:
        """For a bias or a normalisation weight: the outputs that it belongs to."""
        return self.live if self.live is not None and len(self.live) == n else None

    def columns(self, n: int) -> np.ndarray | None:
        """For the next layer: its inputs; a whole number of columns for each output."""
        if self.live is None or len(self.live) == 0 or n % len(self.live):
            return None
        return np.repeat(self.live, n // len(self.live))

    def after(self, support: np.ndarray, vector: bool) -> None:
        """Take note of a tensor, (rows, columns)."""
        rows = support.any(1)
        known = self.rows(len(rows)) if vector else None
        if not vector or known is not None:
            self.live = rows if known is None else rows | known


def _modes(shape: tuple[int, int]) -> list[int]:
    """The ways in which the support of a matrix of this shape may be coded."""
    adaptive = min(shape) > 1 and shape[0] <= 4096 and shape[0] * shape[1] <= 1 << 23
    return [FLAT, GRID, *_ADAPTIVE] if adaptive else [FLAT, GRID]


def code_support(
    coder: Coder,
    shape: tuple[int, int],
    hints: Hints,
    vector: bool,
    given: np.ndarray | None = None,
    mode: int | None = None,
) -> np.ndarray:
    """Code a boolean matrix (rows, columns); `given` and `mode` are None when reading."""
    rows, columns = shape
    mode = coder.number(_MODE_BITS, mode)
    live_rows, live_columns = np.ones(rows, bool), np.ones(columns, bool)
    if mode != FLAT:
        seen = (None, None) if given is None else (given.any(1), given.any(0))
        live_rows = _code_live(coder, rows, hints.rows(rows) if vector else None, seen[0])
        if columns > 1:
            live_columns = _code_live(coder, columns, hints.columns(columns), seen[1])
    part = np.ix_(live_rows, live_columns)
    grid = None if given is None else given[part]
    n_rows, n_columns = int(live_rows.sum()), int(live_columns.sum())
    found = np.zeros(shape, bool)
    if mode != FLAT and min(n_rows, n_columns) <= 1:  # what is live is not zero
        found[part] = True
        return found
    area = n_rows * n_columns
    k = coder.number(area.bit_length(), None if grid is None else int(grid.sum()))
    if k >= area:
        found[part] = True
    elif k > 0:
        slowness = _ADAPTIVE.get(mode)
        if slowness is None:
            p = np.array([ONE - _share(k, area), _share(k, area)])
            flat = None if grid is None else grid.ravel()
            found[part] = coder.symbols(p, area, flat).astype(bool).reshape(n_rows, n_columns)
        else:
            found[part] = _code_adaptive(coder, (n_rows, n_columns), k, slowness, grid)
    return found


def shortest_mode(support: np.ndarray, hints: Hints, vector: bool) -> int:
    """The shortest way to code the positions, by trying all."""

    def cost(mode: int) -> float:
        coder = Coder()
        code_support(coder, support.shape, hints, vector, support, mode)
        return sum(coder.bits.values())

    return min(_modes(support.shape), key=cost)


def _code_adaptive(
    coder: Coder, shape: tuple[int, int], k: int, slowness: int, given: np.ndarray | None
) -> np.ndarray:
    """Density of the grid x what this row does beyond it x what this column does beyond it."""
    rows, columns = shape
    area, width = rows * columns, -(-columns // _CHUNKS)
    found = np.zeros(shape, bool)
    in_column = np.zeros(columns, np.int64)
    for r in range(rows):
        by_column = _beyond(in_column, r, k, area, slowness)
        in_row = 0
        for start in range(0, columns, width):
            here = slice(start, min(start + width, columns))
            by_row = int(_beyond(np.array(in_row), start, k, area, slowness))
            p = min(k * ONE // area * by_row >> 12, ONE) * by_column[here] >> 12
            chunk = None if given is None else given[r, here]
            found[r, here] = coder.flags(np.clip(p, 64, ONE - 64), chunk)
            in_row += int(found[r, here].sum())
        in_column += found[r]
    return found


def _beyond(hits: np.ndarray, seen: int, k: int, area: int, slowness: int) -> np.ndarray:
    """(hits + s) / (seen * k / area + s) in 1/4096, with s = slowness / 2."""
    return ((2 * hits + slowness) * area << 12) // (2 * seen * k + slowness * area)


def _code_live(
    coder: Coder, n: int, hint: np.ndarray | None, given: np.ndarray | None
) -> np.ndarray:
    """Flags in a row, each in the context of its hint, the flag before and one further before.

    How far before is sent: 28 for the pixels of an image 28 wide.
    """
    hint = np.zeros(n, int) if hint is None else hint.astype(int)
    lag = coder.number(_LAG_BITS, None if given is None else _best_lag(hint, given))
    found = np.zeros(n, bool)
    counts = [[1, 2] for _ in range(8)]  # twice (True + 1/2), twice (all + 1/2 + 1/2)
    for i in range(n):
        far = found[i - lag] if lag and i >= lag else False
        near = found[i - 1] if lag and i else False
        count = counts[4 * hint[i] + 2 * near + far]
        found[i] = coder.flag(_share(*count), None if given is None else bool(given[i]))
        count[0] += 2 * int(found[i])
        count[1] += 2
    return found


def _best_lag(hint: np.ndarray, flags: np.ndarray) -> int:
    """The lag with the smallest empirical entropy; 0 stands for no look back at all."""

    def cost(lag: int) -> float:
        context = 4 * hint
        if lag:
            near, far = (np.concatenate([np.zeros(s, int), flags[:-s]]) for s in (1, lag))
            context = context + 2 * near + far
        table = np.bincount(2 * context + flags, minlength=16).reshape(8, 2)
        total = table.sum(1, keepdims=True)
        share = np.where(table > 0, table / np.maximum(total, 1), 1)
        return float(-(table * np.log2(share)).sum() + np.log2(total + 1).sum() / 2)

    return min(range(min(1 << _LAG_BITS, len(flags))), key=cost, default=0)


def _share(part: int, of: int) -> int:
    return min(max(part * ONE // of, 1), ONE - 1)
