"""A pruned model as one small file, and back.

The file: three bytes that say what it is, the shapes, a hash of names and types, one range-coded
stream (positions, levels, buffers, a hash of all these numbers), a checksum. It holds numbers only,
nothing that could be run.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from ..whole_file import write_whole
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
from .levels import MOST_LEVELS, Codebook, Grid, choose_levels
from .position_code import Hints, code_support
from .range_coder import Coder, CorruptFileError, Reader
from .value_code import code_bytes, code_kind, code_values

__all__ = [
    "CorruptFileError",
    "decode_model",
    "encode_model",
    "file_report",
    "load_compressed",
    "save_compressed",
]

RELATIVE_ERROR = 0.05
_LARGEST = 1e38  # so that a level, rounded up, is finite in 32 bits
_CHECKSUM = 4


def save_compressed(model: nn.Module, path: str | Path, *, bits: int | None = None) -> int:
    """Write a model as one small file; returns how many bytes it has.

    Weights that are zero cost only their positions, the others are rounded to a few levels. The
    model itself stays as it is: load the file to have the rounded weights. The file is there as a
    whole or not at all. It holds all parameters and the persistent buffers, except the counters
    `num_batches_tracked`, which matter for further training only.

    Parameters
    ----------
    model : nn.Module
        On any device. Floating-point buffers are kept to 16 bits (relative error below 0.004): a
        batch norm whose mean is large beside its deviation needs bits=32, or standardised inputs.
    path : str or Path
    bits : int from 1 to 12, 32 or None
        At most 2**bits levels; 32 keeps weights and buffers exactly as they are. None takes the
        fewest levels with which the root mean square error of the weights is at most 5 % of their
        root mean square. Uniform grid or codebook: whichever gives the smaller file. A model whose
        values are few already, at most 2**bits (64 for None) in all or on a grid for each tensor
        whose step has 16 bits, keeps them exactly (float64 as float32). For a model of a few dozen
        weights, 32 may give a smaller file than 8. The 5 % add up if a loaded model is saved again.

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
    blob = encode_model(model, bits=bits)
    write_whole(Path(path), blob)
    return len(blob)


def encode_model(model: nn.Module, *, bits: int | None = None) -> bytes:
    """The file of `save_compressed`, in memory; arguments and errors as there."""
    known = (None, 32, *range(1, MOST_LEVELS.bit_length()))
    if bits not in known or isinstance(bits, bool):
        raise ValueError(f"bits must be a whole number from 1 to 12, 32, or None, not {bits!r}.")
    return _encode(slots_of(model), bits)


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
    return decode_model(_read(path, model), model)


def decode_model(blob: bytes, model: nn.Module) -> nn.Module:
    """Set a model to what `encode_model` wrote; returns the model. Errors as `load_compressed`."""
    slots = slots_of(model)
    arrays, _ = _decode(blob, slots)
    tensors = [restored(array, slot) for array, slot in zip(arrays, slots, strict=True)]
    with torch.no_grad():
        for slot, tensor in zip(slots, tensors, strict=True):
            slot.tensor.copy_(tensor)
    return model


def file_report(path: str | Path, model: nn.Module) -> list[tuple[str, str, float]]:
    """Where the bytes of a file go: (tensor, part, bytes), which add up to its size.

    Parts are "header", "support", "values", "buffers", "rounding" (of the code to whole bytes) and
    "checksum"; the tensor is "" for what belongs to all. Bytes of the code are fractions. Arguments
    and errors as in `load_compressed`; the model stays as it is.
    """
    blob = _read(path, model)
    _, coder = _decode(blob, slots_of(model))
    coded = {key: bits / 8 for key, bits in coder.bits.items()}
    coded[("", "header")] += len(fingerprint(slots_of(model)))
    coded[("", "checksum")] += _CHECKSUM
    coded[("", "rounding")] = len(blob) - sum(coded.values())
    return [(name, part, size) for (name, part), size in coded.items()]


def _read(path: str | Path, model: nn.Module) -> bytes:
    """The bytes of a file, but no more than any file of such a model has."""
    numbers = sum(t.numel() for t in [*model.parameters(), *model.buffers()])
    with open(path, "rb") as file:
        return file.read((1 << 24) + 16 * numbers)


def _check(blob: bytes) -> None:
    if blob[:2] != MAGIC[:2]:
        raise CorruptFileError("This is not a compressed model: it begins with other bytes.")
    if _crc(blob[:-_CHECKSUM]) != blob[-_CHECKSUM:]:
        raise CorruptFileError("The file is corrupt, its checksum differs: save the model again.")
    if blob[: len(MAGIC)] != MAGIC:
        raise ValueError(f"The file has format {blob[2]}, but this version reads {MAGIC[2]}.")


def _crc(data: bytes) -> bytes:
    return zlib.crc32(data).to_bytes(_CHECKSUM, "big")


def _digest(arrays: list[np.ndarray]) -> int:
    """Of the weights, not of their code: a machine that reads other weights would notice it."""
    crc = 0
    for array in arrays:
        crc = zlib.crc32(array.astype(array.dtype.newbyteorder("<")).tobytes(), crc)
    return crc & 0xFFFF


def _encode(slots: Sequence[Slot], bits: int | None) -> bytes:
    arrays = [kept(s.tensor, exact=s.weight or bits == 32).reshape(s.matrix) for s in slots]
    weights = [a for s, a in zip(slots, arrays, strict=True) if s.weight]
    if not all(np.isfinite(w).all() for w in weights):
        raise ValueError("The model holds NaN or infinite weights; train it again before saving.")
    if bits != 32:
        _check_range(slots, arrays)
    writer = Coder()
    supports = _code_supports(writer, slots, [w != 0 for w in weights])
    live = [w[w != 0] for w in weights]
    choices = [None]
    if bits != 32:
        choices = choose_levels([x.astype(np.float32) for x in live], bits, RELATIVE_ERROR)
    ways = [Coder() for _ in choices]
    rounded = [
        _code_weights(way, slots, supports, code_kind(way, levels), live)
        for way, levels in zip(ways, choices, strict=True)
    ]
    best = min(range(len(ways)), key=lambda i: ways[i].total)
    writer.add(ways[best])
    buffers = _code_buffers(writer, slots, bits == 32, arrays[len(weights) :])
    writer.number(16, _digest(rounded[best] + buffers))
    body = fingerprint(slots) + writer.code()
    return body + _crc(body)


def _check_range(slots: Sequence[Slot], arrays: list[np.ndarray]) -> None:
    """Refuse what rounding would make infinite."""
    for slot, array in zip(slots, arrays, strict=True):
        kind = slot.tensor.dtype
        if slot.weight:
            fits = np.abs(array).max(initial=0) <= min(_LARGEST, torch.finfo(kind).max / 2)
        elif kind.is_floating_point:
            fits = bool((restored(array, slot).isfinite() == slot.tensor.cpu().isfinite()).all())
        else:
            continue
        if not fits:
            raise ValueError(f"{slot.name} is too large to be rounded: save with bits=32.")


def _decode(blob: bytes, slots: Sequence[Slot]) -> tuple[list[np.ndarray], Coder]:
    _check(blob)
    expected = fingerprint(slots)
    if not blob.startswith(expected):
        raise ValueError(difference(blob, slots))
    reader = Reader(blob[len(expected) : -_CHECKSUM])
    supports = _code_supports(reader, slots)
    reader.part = ("", "header")
    levels = code_kind(reader)
    weights = _code_weights(reader, slots, supports, levels)
    arrays = weights + _code_buffers(reader, slots, levels is None)
    reader.part = ("", "checksum")
    if reader.number(16) != _digest(arrays) or not all(np.isfinite(w).all() for w in weights):
        raise CorruptFileError("The file is corrupt: what it holds is not what was saved.")
    reader.close()
    return arrays, reader


@dataclass(frozen=True)
class _Support:
    """Which entries of a tensor are live; its columns are a picture of this width, or none if 0."""

    live: np.ndarray  # (rows, columns)
    width: int


def _code_supports(
    coder: Coder, slots: Sequence[Slot], given: list[np.ndarray] | None = None
) -> list[_Support]:
    """Each with what the ones before say about it; as always, nothing is given when reading."""
    hints, found = Hints(), []
    for i, slot in enumerate(s for s in slots if s.weight):
        coder.part = (slot.name, "support")
        width = hints.width(slot.shape, slot.matrix[1])
        live = code_support(coder, slot.shape, hints, given and given[i])
        hints.after(live, slot.shape)
        found.append(_Support(live, width))
    return found


def _code_weights(
    coder: Coder,
    slots: Sequence[Slot],
    supports: list[_Support],
    levels: Grid | Codebook | None,
    given: list[np.ndarray] | None = None,
) -> list[np.ndarray]:
    """Whole matrices; `given` are the live values only."""
    found, table = [], np.ones(1 if levels is None else levels.count, np.int64)
    for i, (slot, support) in enumerate(zip(slots, supports, strict=False)):  # weights come first
        coder.part = (slot.name, "values")
        out = np.zeros(slot.matrix, array_type(slot.tensor))
        live = given and given[i]
        if levels is None:
            out[support.live] = code_bytes(coder, int(support.live.sum()), out.dtype, live)
        elif support.live.any():
            out[support.live] = code_values(
                coder, support.live, support.width, levels, i, table, live
            )
        found.append(out)
    return found


def _code_buffers(
    coder: Coder, slots: Sequence[Slot], exact: bool, given: list[np.ndarray] | None = None
) -> list[np.ndarray]:
    found = []
    for i, slot in enumerate(s for s in slots if not s.weight):
        coder.part = (slot.name, "buffers")
        kind = kept(slot.tensor.flatten()[:0], exact).dtype
        found.append(code_bytes(coder, slot.tensor.numel(), kind, given and given[i]))
    return found
