"""How positions are coded: which entries of a tensor are not zero.

A tensor is seen as a matrix, rows = outputs. Neurons die together with their inputs, outputs and
biases, so dead rows and columns are coded first, with what the tensors before say about them. Then
come the positions among live rows and columns: with one density for all, or from each live weight
to the next (gap_code.py), which also sees live neighbours if the columns are pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt, prod

import numpy as np

from .gap_code import code_gaps, fits
from .range_coder import ONE, Coder, CorruptFileError

__all__ = ["Hints", "code_support"]

FLAT, GRID, GAPS, PICTURE = range(4)


@dataclass
class Hints:
    """What is known from the tensors before: which outputs of the last layer are live."""

    live: np.ndarray | None = None

    def rows(self, shape: tuple[int, ...]) -> np.ndarray | None:
        """For a bias or a normalisation weight: the outputs that it belongs to."""
        known = self.live is not None and shape == (len(self.live),)
        return self.live if known else None

    def columns(self, n: int) -> np.ndarray | None:
        """For the next layer: its inputs; a whole number of columns for each output."""
        if self.live is None or len(self.live) == 0 or n % len(self.live):
            return None
        return np.repeat(self.live, n // len(self.live))

    def width(self, shape: tuple[int, ...], n: int) -> int:
        """The width of the picture that n columns are, or 0.

        That of a kernel; else the side of a square, for each output of the layer before, or for one
        or three colours.
        """
        if len(shape) > 2:
            return shape[-1]
        each = n if self.columns(n) is None else n // len(self.live)
        squares = {colours * isqrt(each // colours) ** 2: colours for colours in (3, 1)}
        side = isqrt(each // squares[each]) if each in squares else 0
        return side if side > 1 else 0

    def after(self, support: np.ndarray, shape: tuple[int, ...]) -> None:
        """Take note of a tensor, (rows, columns)."""
        rows, known = support.any(1), self.rows(shape)
        if len(shape) > 1 or known is not None:
            self.live = rows if known is None else rows | known


def code_support(
    coder: Coder, shape: tuple[int, ...], hints: Hints, given: np.ndarray | None = None
) -> np.ndarray:
    """Code a boolean matrix (rows, columns), of a tensor of this shape; None when reading.

    The writer tries all ways and takes the shortest.
    """
    if given is None:
        return _code(coder, shape, hints, coder.number(2))
    modes = [FLAT, GRID]
    if len(shape) > 1 and fits((int(given.any(1).sum()), given.shape[1]), int(given.sum())):
        modes.append(PICTURE if hints.width(shape, given.shape[1]) else GAPS)
    ways = [Coder() for _ in modes]
    for way, mode in zip(ways, modes, strict=True):
        _code(way, shape, hints, way.number(2, mode), given)
    coder.add(min(ways, key=lambda way: way.total))
    return given


def _code(
    coder: Coder,
    shape: tuple[int, ...],
    hints: Hints,
    mode: int,
    given: np.ndarray | None = None,
) -> np.ndarray:
    rows, columns = (shape[0], prod(shape[1:])) if shape else (1, 1)
    live_rows, live_columns = np.ones(rows, bool), np.ones(columns, bool)
    if mode != FLAT:
        seen = (None, None) if given is None else (given.any(1), given.any(0))
        live_rows = _code_live(coder, rows, hints.rows(shape), False, seen[0])
        hint = hints.columns(columns)
        if columns > 1 and (mode != PICTURE or hint is not None):  # pixels die one by one
            live_columns = _code_live(coder, columns, hint, True, seen[1])
    part = np.ix_(live_rows, live_columns)
    grid = None if given is None else given[part]
    size = (int(live_rows.sum()), int(live_columns.sum()))
    found = np.zeros((rows, columns), bool)
    if mode in (FLAT, GRID):
        found[part] = _code_density(coder, size, grid)
    elif min(size) > 0:
        if not fits(size, 0):
            raise CorruptFileError("The file is corrupt: a tensor is too large for its code.")
        width = hints.width(shape, columns) if mode == PICTURE else 0
        found[part] = code_gaps(coder, size, np.flatnonzero(live_columns), width, grid)
    return found


def _code_density(coder: Coder, size: tuple[int, int], given: np.ndarray | None) -> np.ndarray:
    """How many are live, and then which: all with the same chance."""
    area = size[0] * size[1]
    k = coder.number(area.bit_length(), None if given is None else int(given.sum()))
    if k == 0 or k >= area:
        return np.full(size, k > 0)
    p = np.array([ONE - _share(k, area), _share(k, area)])
    flags = coder.symbols(p, area, None if given is None else given.ravel())
    return flags.astype(bool).reshape(size)


def _code_live(
    coder: Coder,
    n: int,
    hint: np.ndarray | None,
    sure: bool,
    given: np.ndarray | None,
) -> np.ndarray:
    """Flags in a row, each in the context of its hint, or of the flag before if there is none.

    What its hint calls dead is believed to be dead; and what it calls live to be live, if `sure`.
    """
    found, counts = np.zeros(n, bool), [[1, 2], [1, 2]]  # twice (True + 1/2), twice (all + 1)
    if hint is not None:
        counts = [[1, 64], [63, 64] if sure else [1, 2]]
    for i in range(n):
        context = found[i - 1] if hint is None else hint[i]
        count = counts[int(context)]
        found[i] = coder.flag(_share(*count), None if given is None else bool(given[i]))
        count[0] += 2 * int(found[i])
        count[1] += 2
    return found


def _share(part: int, of: int) -> int:
    return min(max(part * ONE // of, 1), ONE - 1)
