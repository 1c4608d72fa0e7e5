"""A pruned model as one small file, and back.

The file: three bytes that say what it is, the shapes, a hash of names and types, one range-coded
stream (positions, levels, buffers), a checksum. It holds numbers only, nothing that could be run.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from .architecture import (
    MAGIC,
    Slot,
    array_type,
    difference,
    fingerprint,
    kept,
    restored,
    slots_of,
)
from .checks import integer
from .figures.records import write_whole
from .levels import MOST_LEVELS, Codebook, Grid, choose_levels
from .position_code import Hints, code_support, shortest_mode
from .range_coder import Coder, CorruptFileError, Reader, Writer
from .value_code import code_bytes, code_kind, code_values

__all__ = ["CorruptFileError", "file_report", "load_compressed", "save_compressed"]

RELATIVE_ERROR = 0.05
_LARGEST = 1e38  # so that a level, rounded up, is finite in 32 bits
_CHECKSUM = 4


@dataclass(frozen=True)
class _Plan:
    """What a writer has to know: the values, how to round them, and how to code each support."""

    arrays: list[np.ndarray]  # weights as matrices, buffers as the file holds them
    levels: Grid | Codebook | None  # None: exact
    modes: list[int]


def save_compressed(model: nn.Module, path: str | Path, *, bits: int | None = None) -> int:
    """Write a model as one small file; returns how many bytes it has.

    Weights that are zero cost only their positions, the others are rounded to a few levels. The
    model itself stays as it is: load the file to have the rounded weights. The file is there as a
    whole or not at all. It holds all parameters and the persistent buffers, except the counters
    `num_batches_tracked`, which matter for further training only.

    Parameters
    ----------
    model : nn.Module
        On any device. Floating-point buffers are kept to 16 bits (relative error below 0.004).
    path : str or Path
    bits : int from 1 to 12, 32 or None
        At most 2**bits levels; 32 keeps weights and buffers exactly as they are. None takes the
        fewest levels with which the root mean square error of the weights is at most 5 % of their
        root mean square. Uniform grid or codebook: whichever gives the smaller file. A model that
        has few enough values already, as after fine-tuning of shared weights, keeps them exactly.

    Raises
    ------
    ValueError
        If bits is none of these, or the model has no parameters or holds NaN or infinite weights.

    Examples
    --------
    >>> import tempfile
    >>> model = nn.Linear(50, 20)
    >>> model.weight.data.mul_(torch.arange(50) % 10 == 0)[0, 0]  # doctest: +ELLIPSIS
    tensor(...)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     size = save_compressed(model, f"{folder}/model.l0", bits=3)
    ...     twin = load_compressed(f"{folder}/model.l0", nn.Linear(50, 20))
    >>> size < 100, twin.weight.count_nonzero().item()
    (True, 100)
    """
    if bits not in (None, 32):
        bits = integer("bits", bits, 1, MOST_LEVELS.bit_length() - 1)
    blob = _encode(slots_of(model), bits)
    write_whole(Path(path), blob)
    return len(blob)


def load_compressed(path: str | Path, model: nn.Module) -> nn.Module:
    """Read a file of `save_compressed` into a model of the same architecture; returns the model.

    The weights are the same bits on every machine. The model changes only if all went well.

    Raises
    ------
    CorruptFileError (a ValueError)
        If the file is cut off, was changed, or was not written by `save_compressed`.
    ValueError
        If it belongs to another architecture.
    """
    slots = slots_of(model)
    arrays, _ = _decode(_read(path), slots)
    with torch.no_grad():
        for slot, array in zip(slots, arrays, strict=True):
            slot.tensor.copy_(restored(array, slot))
    return model


def file_report(path: str | Path, model: nn.Module) -> list[tuple[str, str, float]]:
    """Where the bytes of a file go: (tensor, part, bytes), which add up to its size.

    Parts are "header", "support", "values", "buffers", "rounding" (of the code to whole bytes) and
    "checksum"; the tensor is "" for what belongs to all. Bytes of the code are fractions. Arguments
    and errors as in `load_compressed`; the model stays as it is.
    """
    blob = _read(path)
    _, coder = _decode(blob, slots_of(model))
    coded = {key: bits / 8 for key, bits in coder.bits.items()}
    start = len(fingerprint(slots_of(model)))
    rows = [("", "header", start + coded.pop(("", "header"), 0.0))]
    rows += [(name, part, size) for (name, part), size in coded.items()]
    rest = len(blob) - _CHECKSUM - sum(size for *_, size in rows)
    return [*rows, ("", "rounding", rest), ("", "checksum", float(_CHECKSUM))]


def _read(path: str | Path) -> bytes:
    with open(path, "rb") as file:
        start = file.read(len(MAGIC))
        blob = start + file.read() if start[:2] == MAGIC[:2] else start
    name = os.fspath(path)
    if blob[:2] != MAGIC[:2]:
        raise CorruptFileError(f"{name} is not a compressed model: it begins with other bytes.")
    if _crc(blob[:-_CHECKSUM]) != blob[-_CHECKSUM:]:
        raise CorruptFileError(f"{name} is corrupt, the checksum differs: save the model again.")
    if blob[: len(MAGIC)] != MAGIC:
        raise ValueError(f"{name} has format {blob[2]}, but this version reads {MAGIC[2]}.")
    return blob


def _crc(data: bytes) -> bytes:
    return zlib.crc32(data).to_bytes(_CHECKSUM, "big")


def _encode(slots: Sequence[Slot], bits: int | None) -> bytes:
    arrays = [kept(s.tensor, exact=s.weight or bits == 32) for s in slots]
    weights = [(s, a.reshape(s.matrix)) for s, a in zip(slots, arrays, strict=True) if s.weight]
    live = [w[w != 0] for _, w in weights]
    if not all(np.isfinite(x).all() for x in live):
        raise ValueError("The model holds NaN or infinite weights; train it again before saving.")
    if bits != 32 and any(np.abs(x).max(initial=0) > _LARGEST for x in live):
        raise ValueError(f"A weight is above {_LARGEST:.0e}: save with bits=32, or train it again.")
    modes, hints = [], Hints()
    for slot, w in weights:
        modes.append(shortest_mode(w != 0, hints, slot.vector))
        hints.after(w != 0, slot.vector)
    arrays[: len(weights)] = [w for _, w in weights]
    codes = []
    live = [x.astype(np.float32) for x in live] if bits != 32 else []
    for levels in [None] if bits == 32 else choose_levels(live, bits, RELATIVE_ERROR):
        writer = Writer()
        _code(writer, slots, _Plan(arrays, levels, modes))
        codes.append(writer.done())
    body = fingerprint(slots) + min(codes, key=len)
    return body + _crc(body)


def _decode(blob: bytes, slots: Sequence[Slot]) -> tuple[list[np.ndarray], Coder]:
    expected = fingerprint(slots)
    if not blob.startswith(expected):
        raise ValueError(difference(blob, slots))
    reader = Reader(blob[len(expected) : -_CHECKSUM])
    arrays = _code(reader, slots)
    if not all(np.isfinite(a).all() for a, s in zip(arrays, slots, strict=True) if s.weight):
        raise CorruptFileError("The file is corrupt: it holds NaN or infinite weights.")
    return arrays, reader


def _code(coder: Coder, slots: Sequence[Slot], plan: _Plan | None = None) -> list[np.ndarray]:
    """Code all tensors in their order; the arrays are those of a _Plan, rounded."""
    coder.part = ("", "header")
    levels = code_kind(coder, plan and plan.levels is None, plan and plan.levels)
    table, hints, found = None, Hints(), []
    for i, slot in enumerate(slots):
        given = None if plan is None else plan.arrays[i]
        if not slot.weight:
            coder.part = (slot.name, "buffers")
            kind = kept(slot.tensor.flatten()[:0], levels is None).dtype
            found.append(code_bytes(coder, slot.tensor.numel(), kind, given))
            continue
        coder.part = (slot.name, "support")
        positions = None if plan is None else given != 0
        mode = None if plan is None else plan.modes[i]
        support = code_support(coder, slot.matrix, hints, slot.vector, positions, mode)
        hints.after(support, slot.vector)
        coder.part = (slot.name, "values")
        out = np.zeros(slot.matrix, array_type(slot.tensor))
        live, count = None if plan is None else given[support], int(support.sum())
        if levels is None:
            out[support] = code_bytes(coder, count, out.dtype, live)
        elif count:
            table, out[support] = code_values(coder, count, levels, i, table, live)
        found.append(out)
    return found
