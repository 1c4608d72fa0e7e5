"""Which tensors of a model a file holds, in which form, and the fingerprint of the architecture."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
import torch
from torch import Tensor, nn

from .range_coder import CorruptFileError

__all__ = [
    "MAGIC",
    "Slot",
    "array_type",
    "difference",
    "fingerprint",
    "kept",
    "restored",
    "slots_of",
]

MAGIC = b"l0\x01"  # the third byte is the version


@dataclass(frozen=True)
class Slot:
    """A tensor that the file holds: a weight (any floating-point parameter), or something else."""

    name: str
    tensor: Tensor
    weight: bool

    @property
    def matrix(self) -> tuple[int, int]:
        """(rows, columns): outputs and the rest."""
        return (self.shape[0], prod(self.shape[1:])) if self.shape else (1, 1)

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.tensor.shape)


def slots_of(model: nn.Module) -> list[Slot]:
    """Weights, then frozen integers and persistent buffers; ValueError if there is no parameter."""
    weights = [Slot(n, p.detach(), p.is_floating_point()) for n, p in model.named_parameters()]
    if not weights:
        raise ValueError("The model has no parameters, so there is nothing to save.")
    if any(slot.tensor.is_meta for slot in weights):
        raise ValueError("The model has no memory: move it from the meta device with to_empty.")
    persistent = model.state_dict().keys()
    buffers = [
        Slot(name, b, False)
        for name, b in model.named_buffers()
        if name in persistent and name.rpartition(".")[2] != "num_batches_tracked"
    ]
    return sorted(weights + buffers, key=lambda slot: not slot.weight)  # weights come first


def fingerprint(slots: Sequence[Slot]) -> bytes:
    """Magic, number of tensors, their shapes, and a hash of names and types."""
    out = bytearray(MAGIC)
    _put(out, len(slots))
    rows = -1
    for slot in slots:
        shape = tuple(slot.tensor.shape)
        if shape == (rows,):
            _put(out, 0)  # a bias: as long as the tensor before has rows
        else:
            _put(out, len(shape) + 1)
            for size in shape:
                _put(out, size)
        rows = shape[0] if shape else -1
    names = "\n".join(f"{slot.name} {slot.tensor.dtype}" for slot in slots)
    return bytes(out) + (zlib.crc32(names.encode()) & 0xFFFF).to_bytes(2, "big")


def _shapes(blob: bytes) -> tuple[list[tuple[int, ...]], int]:
    """The shapes in a header, and where its hash begins."""
    count, at = _get(blob, len(MAGIC))
    shapes: list[tuple[int, ...]] = []
    for _ in range(min(count, len(blob))):
        dimensions, at = _get(blob, at)
        if dimensions == 0:
            shapes.append(shapes[-1][:1] if shapes else ())
            continue
        shape = []
        for _ in range(min(dimensions - 1, len(blob))):
            size, at = _get(blob, at)
            shape.append(size)
        shapes.append(tuple(shape))
    return shapes, at


def _put(out: bytearray, number: int) -> None:
    """Seven bits a byte, low ones first; the eighth bit says that more follow."""
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)


def _get(blob: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        if at >= len(blob) or shift > 63:
            raise CorruptFileError("The file is corrupt: its header does not end.")
        number |= (blob[at] & 127) << shift
        shift, at = shift + 7, at + 1
        if blob[at - 1] < 128:
            return number, at


def difference(blob: bytes, slots: Sequence[Slot]) -> str:
    """One sentence: how the model in the file differs from this one."""
    theirs, _ = _shapes(blob)
    for slot, shape in zip(slots, theirs, strict=False):
        if tuple(slot.tensor.shape) != shape:
            mine = tuple(slot.tensor.shape)
            return f"The file is of another model: {slot.name} is {shape} there, but {mine} here."
    if len(theirs) != len(slots):
        return f"The file is of another model: it has {len(theirs)} tensors, yours {len(slots)}."
    return "The file is of another model: the shapes agree, but names or types of tensors do not."


def array_type(tensor: Tensor) -> type:
    """The type of the numbers with which the weights of this tensor are kept and restored."""
    return np.float64 if tensor.dtype == torch.float64 else np.float32


def kept(tensor: Tensor, exact: bool) -> np.ndarray:
    """A tensor as an array; unless `exact`, floating-point numbers are rounded to 16 bits."""
    tensor = tensor.detach().cpu().contiguous()
    if tensor.is_floating_point():
        if not exact:
            return tensor.to(torch.bfloat16).view(torch.int16).numpy()
        tensor = tensor.double() if tensor.dtype == torch.float64 else tensor.float()
    return tensor.numpy()


def restored(array: np.ndarray, slot: Slot) -> Tensor:
    """What `kept` or a matrix of weights stands for."""
    native = torch.from_numpy(np.ascontiguousarray(array.astype(array.dtype.newbyteorder("="))))
    if slot.tensor.is_floating_point() and native.dtype == torch.int16:
        native = native.view(torch.bfloat16)
    return native.reshape(slot.tensor.shape).to(slot.tensor.dtype)
