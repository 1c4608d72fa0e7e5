"""The longest match: the text has been here before, so what came next then?

Every stream follows one earlier place, in any of the streams, whose last bytes were the same, and
expects the byte that came next there. How far that can be trusted is counted, by the length of the
match.
"""

from __future__ import annotations

import numpy as np

from .mixing import PARTS, Calibration, stretch

__all__ = ["Matches"]

_LEAST, _MOST = 6, 32  # bytes that must agree, and that are compared
_LONGEST = 64  # a match that is followed on
_TABLE = 18  # bits
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


class Matches:
    """What all streams have in common so far, and where in it each of them is.

    >>> matches = Matches(1)
    >>> for byte in b"never more, never mo":
    ...     matches.append(np.array([byte]))
    >>> matches.evidence(0).tolist(), matches.length.tolist()
    ([[-288], [-128]], [8])
    """

    def __init__(self, streams: int) -> None:
        self._streams = np.arange(streams)
        self._text = np.zeros((_MOST + 1024, streams), np.uint8)  # from row _MOST on
        self._rows = _MOST
        self._table = np.zeros(1 << _TABLE, np.int64)  # hash of the last bytes -> what came next
        self._place = np.zeros(streams, np.int64)  # that is followed, as a flat index of the text
        self.length = np.zeros(streams, np.int64)  # of the match, 0 if there is none
        self._calibration = Calibration(13 + _LONGEST // 4)

    def evidence(self, bit: int) -> np.ndarray:
        """For the expected bit, or against it (2, streams): how often it was right, and the length.

        `bit` counts the bits of the byte so far, from the highest.
        """
        expected = self._text.ravel()[self._place].astype(np.int64)
        self._expected = expected >> 7 - bit & 1
        level = np.where(self.length < 16, self.length, 12 + self.length // 4)
        right = self._calibration.refine(level, np.full_like(level, PARTS * 3 // 4))
        sure = np.stack([stretch(right), 16 * np.minimum(self.length, _MOST)]) * (self.length > 0)
        return sure * (2 * self._expected - 1)

    def update(self, bits: np.ndarray) -> None:
        """Count whether the expected bits came. If not, the match is over."""
        right = bits == self._expected
        self._calibration.update(right)
        self.length *= right

    def append(self, byte: np.ndarray) -> None:
        """Add one byte to each stream, and follow its match, or look for one."""
        if self._rows == len(self._text):
            self._text = np.concatenate([self._text, np.zeros_like(self._text)])
        self._text[self._rows] = byte
        self._rows += 1
        width, text = len(self._streams), self._text.ravel()
        here = self._rows * width + self._streams  # where the next bytes will be
        self.length = np.where(self.length > 0, np.minimum(self.length + 1, _LONGEST), 0)
        self._place += width
        key = np.zeros(width, np.uint64)
        for row in self._text[self._rows - _LEAST : self._rows]:
            key = (key + row + np.uint64(1)) * _MULTIPLIER
        key = (key >> np.uint64(64 - _TABLE)).astype(np.int64)
        lost = np.flatnonzero(self.length == 0)
        found = self._table[key[lost]]
        self.length[lost] = self._agreement(text, found, here[lost])
        self._place[lost] = found * (self.length[lost] > 0)
        self._table[key] = here

    def _agreement(self, text: np.ndarray, found: np.ndarray, here: np.ndarray) -> np.ndarray:
        """How many bytes agree before two places; 0 if fewer than `_LEAST`."""
        width, length = len(self._streams), np.zeros_like(found)
        same = found > 0
        for back in range(1, _MOST + 1):
            same = same & (text[found - back * width] == text[here - back * width])
            if not same.any():
                break
            length += same
        return length * (length >= _LEAST)
