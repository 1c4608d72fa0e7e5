"""Counters in hash tables: how often a 1 came after this context, in all streams together.

A slot of 32 bits holds all that is known of one context and the bits of the byte so far: an 8-bit
check against mistaken identity, a count n of 0 to 63, and an 18-bit probability, which moves by
1 / (n + 1.5) of the way to every bit that comes. So it is the share of ones at first, and forgets
slowly later. A context that finds another's check takes the slot over.

Where several streams are in one slot at once, the last of them writes it.
"""

from __future__ import annotations

import numpy as np

from .mixing import PARTS, Calibration, stretch

__all__ = ["Counters"]

_MOST = 63  # the largest count
_RATE = np.array([8192 // (2 * n + 3) for n in range(_MOST + 1)], np.int32)  # of 4096
_MORE = np.minimum(np.arange(_MOST + 1) + 1, _MOST).astype(np.int32)
_LEVELS = (0, 1, 2, 3, 4, 5, 6, 8, 11, 16, 24, 40)  # of counts that are calibrated together
_LEVEL = np.searchsorted(_LEVELS, np.arange(_MOST + 1), "right") - 1
_SPREAD, _CHECK = np.uint64(0xD6E8FEB86659FD93), np.uint64(16)


class Counters:
    """Tables of 2**bits slots, one table for each of so many contexts.

    >>> counters, context = Counters(1, bits=10), np.array([[42]], np.uint64)
    >>> for _ in range(3):
    ...     evidence = counters.evidence(context, np.array([1]))
    ...     counters.update(np.array([1]))
    >>> evidence.item() > 256, counters.known.tolist()
    (True, [[2]])
    """

    def __init__(self, contexts: int, bits: int) -> None:
        self._shift = np.uint64(64 - bits)
        self._tables = (np.arange(contexts) << bits)[:, None]
        self._slots = np.zeros(contexts << bits, np.int32)
        self._calibration = Calibration(contexts * len(_LEVELS))
        self._groups = (np.arange(contexts) * len(_LEVELS))[:, None]

    def evidence(self, contexts: np.ndarray, partial: np.ndarray) -> np.ndarray:
        """Stretched probabilities, 0 where nothing is known yet.

        contexts (contexts, streams) are hashes, partial (streams,) the bits so far after a 1.
        """
        mixed = (contexts + partial.astype(np.uint64)) * _SPREAD
        self._at = (mixed >> self._shift).astype(np.int64) + self._tables
        check = (mixed >> _CHECK).astype(np.uint8)
        slot = self._slots[self._at]
        self._slot = np.where(slot.astype(np.uint8) == check, slot, check)
        self.known = self._slot >> 8 & _MOST  # (contexts, streams)
        p = np.maximum((self._slot >> 16) + PARTS // 2, 1)
        p = self._calibration.refine(self._groups + _LEVEL[self.known], p)
        return stretch(p) * (self.known > 0)

    def update(self, bits: np.ndarray) -> None:
        """Count the bits (streams,) that came."""
        p = self._slot >> 14  # from -2**17 up
        target = np.where(bits == 1, (1 << 17) - 1, -(1 << 17)).astype(np.int32)
        p += (target - p) * _RATE[self.known] + 2048 >> 12
        new = p << 14 | _MORE[self.known] << 8 | self._slot & 255
        self._slots[self._at.ravel()] = new.ravel()
        self._calibration.update(np.broadcast_to(bits, p.shape))
