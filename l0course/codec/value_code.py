"""How the values of live weights are coded: their levels, or raw numbers byte by byte."""

from __future__ import annotations

import numpy as np

from .level_code import code_levels
from .levels import MOST_LEVELS, Codebook, Grid
from .logits import shares
from .range_coder import ONE, Coder, CorruptFileError

__all__ = ["code_bytes", "code_kind", "code_values"]

_GRID, _SHORT, _LONG, _EXACT = range(4)
_LEVEL_BITS = (MOST_LEVELS - 1).bit_length()
_GOES_ON, _EVEN, _STEADY, _ONE_BY_ONE = range(4)  # tables of three kinds, or level_code.py
_STARTS = {_EVEN: 1, _STEADY: 8}  # counts that a table starts with
_SEEN = 16  # what one symbol adds to a table
_MOST_LIVE, _MOST_LEVELS = 1 << 14, 64  # so that no file takes long


def code_kind(coder: Coder, *given: Grid | Codebook | None) -> Grid | Codebook | None:
    """Code how values are kept: exactly (None), on grids (steps follow), or with a codebook.

    Nothing is given when reading.
    """
    kind = count = planes = None
    for levels in given:
        kind, count = _EXACT, 0
        if isinstance(levels, Grid):
            kind, count = _GRID, levels.count // 2
        elif isinstance(levels, Codebook):
            kind, count = _SHORT if levels.short else _LONG, levels.count
            planes = levels.table.astype(">f4").view(np.uint8).reshape(count, 4)
    kind = coder.number(2, kind)
    if kind == _EXACT:
        return None
    count = coder.number(_LEVEL_BITS, None if count is None else count - 1) + 1
    if kind == _GRID:
        return given[0] if given else Grid(2 * count, ())
    found = np.zeros((count, 4), np.uint8)
    for i in range(2 if kind == _SHORT else 4):
        plane = None if planes is None else planes[:, i]
        found[:, i] = coder.symbols(np.full(256, ONE // 256), count, plane)
    return Codebook(found.view(">f4").ravel().astype(np.float32))


def code_values(
    coder: Coder,
    support: np.ndarray,
    width: int,
    levels: Grid | Codebook,
    tensor: int,
    table: np.ndarray,
    given: np.ndarray | None = None,
) -> np.ndarray:
    """Code the live values of a matrix whose columns are a picture of this width (0: they are not).

    `table` has the frequencies of levels in the tensors before; those of this one are added.
    `given` is None when reading. The writer tries all ways and takes the shortest.
    """
    values, index = levels, None
    if isinstance(levels, Grid):
        step = None if given is None else int(levels.steps[tensor].view(np.uint32)) >> 16
        step = np.array(coder.number(16, step) << 16, np.uint32).view(np.float32)[()]
        values = Grid(levels.count, (step,))
    count, level_values = int(support.sum()), values.values(0)
    if given is None:
        index = _code_index(coder, coder.number(2), support, width, level_values, table)
    else:
        index = values.nearest(0, given.astype(np.float32))
        short = count <= _MOST_LIVE and levels.count <= _MOST_LEVELS
        ways = [Coder() for _ in range(4 if short else 3)]
        for way, writer in enumerate(ways):
            writer.number(2, way)
            _code_index(writer, way, support, width, level_values, table, index)
        coder.add(min(ways, key=lambda way: way.total))
    table += _SEEN * np.bincount(index, minlength=len(table))
    return level_values[index]


def _code_index(
    coder: Coder,
    way: int,
    support: np.ndarray,
    width: int,
    values: np.ndarray,
    table: np.ndarray,
    given: np.ndarray | None = None,
) -> np.ndarray:
    count = int(support.sum())
    if way == _ONE_BY_ONE:
        if count > _MOST_LIVE or len(values) > _MOST_LEVELS:
            raise CorruptFileError("The file is corrupt: a tensor is too large for its code.")
        below = int((values < 0).sum())
        return code_levels(coder, support, width, (below, len(values) - below), given)
    if way != _GOES_ON:
        table = np.full(len(table), _STARTS[way], np.int64)
    return code_symbols(coder, count, table, given)


def code_bytes(
    coder: Coder, count: int, kind: np.dtype, given: np.ndarray | None = None
) -> np.ndarray:
    """Numbers of any type as they are: all their first bytes, all their second bytes, ..."""
    kind = kind.newbyteorder("<")
    planes = np.empty((count, kind.itemsize), np.uint8)
    known = None if given is None else given.ravel().astype(kind).view(np.uint8)
    for i in range(kind.itemsize):
        plane = None if known is None else known[i :: kind.itemsize]
        planes[:, i] = code_symbols(coder, count, np.ones(256, np.int64), plane)
    return planes.reshape(-1).view(kind)


def code_symbols(
    coder: Coder, count: int, table: np.ndarray, given: np.ndarray | None = None
) -> np.ndarray:
    """Symbols 0 ... len(table) - 1, coded by how often each came before.

    `table` holds positive integers: what is believed at first. Frequencies are brought up to date
    after blocks that grow with what was seen.
    """
    if len(table) == 1 or count == 0:
        return np.zeros(count, int)
    table, found, start = table.copy(), np.empty(count, int), 0
    while start < count:
        end = min(count, start + max(1, start // 16))
        block = coder.symbols(
            shares(table), end - start, None if given is None else given[start:end]
        )
        found[start:end] = block
        table += _SEEN * np.bincount(block, minlength=len(table))
        start = end
    return found
