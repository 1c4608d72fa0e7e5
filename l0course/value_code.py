"""How values are coded: levels by how often each came before, and raw numbers byte by byte."""

from __future__ import annotations

import numpy as np

from .levels import MOST_LEVELS, Codebook, Grid
from .range_coder import ONE, Coder

__all__ = ["code_bytes", "code_kind", "code_values"]

_GRID, _SHORT, _LONG, _EXACT = range(4)
_LEVEL_BITS = (MOST_LEVELS - 1).bit_length()
_STARTS = (0, 1, 4, 16)  # of a table of levels; 0 goes on with the table of the tensor before
_SEEN = 16  # what one symbol adds to a table: it starts at a fraction of that


def code_kind(
    coder: Coder, exact: bool | None = None, levels: Grid | Codebook | None = None
) -> Grid | Codebook | None:
    """Code how values are kept: exactly (None), on grids (steps follow), or with this codebook.

    `exact` and `levels` are None when reading.
    """
    kind = count = words = None
    if exact is not None:
        kind = _EXACT if exact else _GRID
    if isinstance(levels, Grid):
        count = levels.count // 2
    elif isinstance(levels, Codebook):
        kind, count = _SHORT if levels.short else _LONG, levels.count
        words = levels.table.view(np.uint32).tolist()
    kind = coder.number(2, kind)
    if kind == _EXACT:
        return None
    count = coder.number(_LEVEL_BITS, None if count is None else count - 1) + 1
    if kind == _GRID:
        return levels or Grid(2 * count, ())
    cut = 16 if kind == _SHORT else 0
    read = [coder.number(32 - cut, words and words[j] >> cut) << cut for j in range(count)]
    return Codebook(np.array(read, np.uint32).view(np.float32))


def code_values(
    coder: Coder,
    count: int,
    levels: Grid | Codebook,
    tensor: int,
    table: np.ndarray | None,
    given: np.ndarray | None,
) -> tuple[np.ndarray, np.ndarray]:
    """The table of frequencies, for the next tensor, and the values of this one that are not zero.

    The writer chooses what the table starts with: what the tensors before had, or even counts.
    """
    values, index, start = levels, None, None
    if isinstance(levels, Grid):
        step = None if given is None else int(levels.steps[tensor].view(np.uint32)) >> 16
        step = np.array(coder.number(16, step) << 16, np.uint32).view(np.float32)[()]
        values = Grid(levels.count, (step,))
    if given is not None:
        index = values.nearest(0, given.astype(np.float32))
        start = min(range(4), key=lambda s: _cost(index, _start(s, table, levels.count)))
    table = _start(coder.number(2, start), table, levels.count)
    found = _code_levels(coder, count, table, index)
    return table, values.values(0)[found]


def _start(choice: int, table: np.ndarray | None, count: int) -> np.ndarray:
    """A table of frequencies to start with: the one before, or the same for all levels."""
    if choice == 0 and table is not None:
        return table.copy()
    return np.full(count, _STARTS[choice] or 1, np.int64)


def _cost(index: np.ndarray, table: np.ndarray) -> float:
    coder = Coder()
    _code_levels(coder, len(index), table, index)
    return sum(coder.bits.values())


def code_bytes(
    coder: Coder, count: int, kind: np.dtype, given: np.ndarray | None = None
) -> np.ndarray:
    """Numbers of any type as they are: all their first bytes, all their second bytes, ..."""
    kind = kind.newbyteorder("<")
    planes = np.empty((count, kind.itemsize), np.uint8)
    known = None if given is None else given.ravel().astype(kind).view(np.uint8)
    for i in range(kind.itemsize):
        table = np.ones(256, np.int64)
        plane = None if known is None else known[i :: kind.itemsize]
        planes[:, i] = _code_levels(coder, count, table, plane)
    return planes.reshape(-1).view(kind)


def _code_levels(
    coder: Coder, count: int, table: np.ndarray, given: np.ndarray | None = None
) -> np.ndarray:
    """Symbols 0 ... len(table) - 1, coded by how often each came before; counts up in `table`.

    `table` holds positive integers: its start is what is believed at first. Frequencies are brought
    up to date after blocks that grow with what was seen.
    """
    if len(table) == 1 or count == 0:
        return np.zeros(count, int)
    found, start = np.empty(count, int), 0
    while start < count:
        end = min(count, start + max(1, start // 16))
        block = coder.symbols(
            _frequencies(table), end - start, None if given is None else given[start:end]
        )
        found[start:end] = block
        table += _SEEN * np.bincount(block, minlength=len(table))
        start = end
    return found


def _frequencies(table: np.ndarray) -> np.ndarray:
    """Whole parts of ONE, none of them zero, as the counts in the table are to each other."""
    parts = 1 + table * (ONE - len(table)) // table.sum()
    parts[parts.argmax()] += ONE - parts.sum()
    return parts
