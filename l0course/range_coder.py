"""One range coder for a whole file, in three forms: count the bits, write them, read them.

A model of the data is written once, as a function that calls a coder: `Coder` returns what it is
given and adds up the ideal code length, `Writer` also writes, `Reader` returns what it reads. So
what is written, what is read and what is reported cannot differ.

Probabilities are whole numbers of parts of `ONE`. As floats they are exact, and so are their sums
and the coder's fixed-point copies: no result depends on the machine. Coder: constriction (Bamler
2022, arXiv 2201.01741); range coding: Martin 1979.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from constriction import stream

__all__ = ["ONE", "Coder", "CorruptFileError", "Reader", "Writer"]

ONE = 1 << 20


class CorruptFileError(ValueError):
    """The file is not whole, was changed, or is not one of ours."""


class Coder:
    """Adds up ideal code lengths, in bits, by part; returns what it is given.

    >>> coder = Coder()
    >>> _ = coder.number(8, 77)
    >>> coder.part = "flags"
    >>> _ = coder.flags(np.full(4, ONE // 4), np.array([1, 0, 0, 0], dtype=bool))
    >>> {part: round(bits, 3) for part, bits in coder.bits.items()}
    {'': 8.0, 'flags': 3.245}
    """

    def __init__(self) -> None:
        self.bits: dict[object, float] = defaultdict(float)
        self.part: object = ""

    def flags(self, p: np.ndarray, given: np.ndarray | None = None) -> np.ndarray:
        """Independent flags; p[i] of ONE (integers, 0 < p < ONE) is the probability of True."""
        found = self._flags(p, given)
        self._spend(np.where(found, p, ONE - p))
        return found

    def flag(self, p: int, given: bool | None = None) -> bool:
        """One flag: `flags` for loops in which each answer changes the next probability."""
        found = self._flag(p, given)
        self._spend(p if found else ONE - p)
        return found

    def symbols(self, p: np.ndarray, count: int, given: np.ndarray | None = None) -> np.ndarray:
        """`count` independent symbols 0 ... len(p) - 1, at least two; p sums to ONE."""
        found = self._symbols(p, count, given)
        times = np.bincount(found, minlength=len(p))
        self.bits[self.part] -= float(times @ np.log2(p / ONE))
        return found

    def number(self, width: int, given: int | None = None) -> int:
        """A whole number of `width` bits."""
        found = 0
        for shift in reversed(range(width)):
            bit = None if given is None else bool(given >> shift & 1)
            found = 2 * found + self.flag(ONE // 2, bit)
        return found

    def _spend(self, p: np.ndarray | int) -> None:
        self.bits[self.part] -= float(np.log2(np.asarray(p) / ONE).sum())

    def _flags(self, p, given):
        return given

    def _flag(self, p, given):
        return given

    def _symbols(self, p, count, given):
        return given


class Writer(Coder):
    """Writes what it is given; `done()` gives the bytes."""

    def __init__(self) -> None:
        super().__init__()
        self._coder = stream.queue.RangeEncoder()

    def _flags(self, p, given):
        self._coder.encode(given.astype(np.int32), _FLAGS, p / ONE)
        return given

    def _flag(self, p, given):
        self._coder.encode(int(given), stream.model.Bernoulli(p / ONE, perfect=False))
        return given

    def _symbols(self, p, count, given):
        self._coder.encode(given.astype(np.int32), stream.model.Categorical(p / ONE, perfect=False))
        return given

    def done(self) -> bytes:
        """The shortest string that decodes to what was written if zeros follow it."""
        words = self._coder.get_compressed().astype(">u4").tobytes()
        position, (lower, width) = self._coder.pos()
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


class Reader(Coder):
    """Reads what a `Writer` wrote; other bytes give other values or a CorruptFileError."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        padded = data.ljust(-(-len(data) // 4) * 4, b"\0")
        self._coder = stream.queue.RangeDecoder(np.frombuffer(padded, ">u4").astype(np.uint32))

    def _read(self, *arguments):
        try:
            return self._coder.decode(*arguments)
        except AssertionError as error:
            raise CorruptFileError("The file is corrupt: its code stands for nothing.") from error

    def _flags(self, p, given):
        return self._read(_FLAGS, p / ONE).astype(bool)

    def _flag(self, p, given):
        return bool(self._read(stream.model.Bernoulli(p / ONE, perfect=False)))

    def _symbols(self, p, count, given):
        return self._read(stream.model.Categorical(p / ONE, perfect=False), count)


_FLAGS = stream.model.Bernoulli(perfect=False)
