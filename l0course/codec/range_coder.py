"""One range coder for a whole file: notes what is coded, and reads it back.

A model of the data is written once, as a function that calls a coder: a `Coder` returns what it is
given, a `Reader` returns what it reads, and both note it. So what is written, what is read and what
is reported cannot differ. The notes of one coder can be added to another: of several ways to code
the same thing each is tried once, and the shortest is kept.

Probabilities are whole numbers of parts of `ONE`. As floats they are exact, and so are their sums
and the coder's fixed-point copies: no result depends on the machine. Coder: constriction (Bamler
2022, arXiv 2201.01741); range coding: Martin 1979.
"""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import groupby

import numpy as np
from constriction import stream

__all__ = ["ONE", "Coder", "CorruptFileError", "Reader"]

ONE = 1 << 20


class CorruptFileError(ValueError):
    """The file is not whole, was changed, or is not one of ours."""


class Coder:
    """Notes what it is given; `code()` gives the bytes.

    `bits` are ideal code lengths by part; `part` is the one that is coded at present.

    >>> coder = Coder()
    >>> _ = coder.number(8, 77)
    >>> coder.part = "flags"
    >>> coder.first(np.full(4, ONE // 4), 3)
    3
    >>> {part: round(bits, 3) for part, bits in coder.bits.items()}
    {'': 8.0, 'flags': 3.245}
    >>> reader = Reader(coder.code())
    >>> reader.number(8), reader.first(np.full(4, ONE // 4))
    (77, 3)
    """

    def __init__(self) -> None:
        self.bits: dict[object, float] = defaultdict(float)
        self.part: object = ""
        self._notes: list[tuple[bool, np.ndarray, np.ndarray]] = []  # (are they flags?, p, found)

    @property
    def total(self) -> float:
        """Bits of all parts."""
        return sum(self.bits.values())

    def add(self, other: Coder) -> None:
        """Note all that another coder has noted, as belonging to the part at present."""
        self._notes += other._notes
        self.bits[self.part] += other.total

    def flag(self, p: int, given: bool | None = None) -> bool:
        """One flag; p of ONE (a whole number, 0 < p < ONE) is the probability of True."""
        found = self._flag(p, given)
        self.bits[self.part] -= math.log2((p if found else ONE - p) / ONE)
        self._notes.append((True, np.array([p]), np.array([found])))
        return found

    def first(self, p: np.ndarray, given: int | None = None) -> int:
        """Which is the first True of len(p) independent flags; len(p) if there is none."""
        found = self._first(p, given)
        p = p[: found + 1]
        flags = np.arange(len(p)) == found
        self.bits[self.part] -= float(np.log2(np.where(flags, p, ONE - p) / ONE).sum())
        self._notes.append((True, p, flags))
        return found

    def symbols(self, p: np.ndarray, count: int, given: np.ndarray | None = None) -> np.ndarray:
        """`count` independent symbols 0 ... len(p) - 1, at least two; p sums to ONE."""
        found = self._symbols(p, count, given)
        times = np.bincount(found, minlength=len(p))
        self.bits[self.part] -= float(times @ np.log2(p / ONE))
        self._notes.append((False, p, found))
        return found

    def number(self, width: int, given: int | None = None) -> int:
        """A whole number of `width` bits."""
        found = 0
        for shift in reversed(range(width)):
            bit = None if given is None else bool(given >> shift & 1)
            found = 2 * found + self.flag(ONE // 2, bit)
        return found

    def code(self) -> bytes:
        """The shortest string that decodes to what was noted if zeros follow it."""
        coder = stream.queue.RangeEncoder()
        for flags, notes in groupby(self._notes, key=lambda note: note[0]):
            if flags:
                p, found = map(np.concatenate, list(zip(*notes, strict=True))[1:])
                coder.encode(found.astype(np.int32), _FLAGS, p / ONE)
                continue
            for _, p, found in notes:
                model = stream.model.Categorical(p / ONE, perfect=False)
                coder.encode(found.astype(np.int32), model)
        return _shortest(coder)

    def _flag(self, p, given):
        return given

    def _first(self, p, given):
        return given

    def _symbols(self, p, count, given):
        return given


class Reader(Coder):
    """Reads the code of a `Coder`; other bytes give other values or a CorruptFileError."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self._data = data
        padded = data.ljust(-(-len(data) // 4) * 4, b"\0")
        self._coder = stream.queue.RangeDecoder(np.frombuffer(padded, ">u4").astype(np.uint32))

    def close(self) -> None:
        """Check that what was read has just this code, with nothing left over."""
        if self.code() != self._data:
            raise CorruptFileError("The file is corrupt: its code is not what a coder writes.")

    def _flag(self, p, given):
        return bool(self._read(stream.model.Bernoulli(p / ONE, perfect=False)))

    def _first(self, p, given):
        return next((i for i, one in enumerate(p.tolist()) if self._flag(one, None)), len(p))

    def _symbols(self, p, count, given):
        return self._read(stream.model.Categorical(p / ONE, perfect=False), count)

    def _read(self, *arguments):
        try:
            return self._coder.decode(*arguments)
        except AssertionError as error:
            raise CorruptFileError("The file is corrupt: its code stands for nothing.") from error


_FLAGS = stream.model.Bernoulli(perfect=False)


def _shortest(coder: stream.queue.RangeEncoder) -> bytes:
    """The words of the coder without those that zeros, or any others, could replace."""
    words = coder.get_compressed().astype(">u4").tobytes()
    position, (lower, width) = coder.pos()
    head, tail = words[: 4 * position], words[4 * position :]
    code = int.from_bytes(tail.ljust(8, b"\0"), "big")
    if lower <= code < lower + width:  # otherwise a carry is pending: leave it as it is
        for keep in range(len(tail)):
            step = 1 << (64 - 8 * keep)
            code = -(-lower // step) * step
            if code < min(lower + width, 1 << 64):
                tail = code.to_bytes(8, "big")[:keep]
                break
    return (head + tail).rstrip(b"\0")
