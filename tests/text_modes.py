"""A mode of the text container that is quick: it computes with numbers of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from l0course.checks import integer
from l0course.codec.range_coder import CorruptFileError


@dataclass(frozen=True)
class Shift:
    """Adds a number to all bytes, forwards or backwards."""

    by: int = 3
    order: Literal["forwards", "backwards"] = "forwards"

    def __post_init__(self) -> None:
        integer("by", self.by, 0, 1000)
        if self.order not in ("forwards", "backwards"):
            raise ValueError(f"order must be 'forwards' or 'backwards', not {self.order!r}.")


calls: list[str] = []
machine = 0  # what this machine adds to every number


def encode(data: bytes, settings: Shift, progress: bool) -> bytes:
    calls.append("encode")
    shifted = bytes((x + settings.by + machine) % 256 for x in data)
    return b"model" + (shifted if settings.order == "forwards" else shifted[::-1])


def decode(code: bytes, length: int, settings: Shift, progress: bool) -> bytes:
    calls.append("decode")
    if not code.startswith(b"model"):
        raise CorruptFileError("The code stands for nothing.")
    shifted = code[5:] if settings.order == "forwards" else code[5:][::-1]
    return bytes((x - settings.by - machine) % 256 for x in shifted)


def model_bytes(code: bytes) -> int:
    return 5
