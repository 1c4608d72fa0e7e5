"""What follows the last bytes? Counters of many contexts, mixed: a text predicted bit by bit.

How often did a 1 come next, after the same last byte, the same last six bytes, in the same word?
Each of these contexts has its `Counters`. A `Mixer` adds up what they say in the logistic domain,
and learns by gradient descent whom to trust. Two `Calibration` maps correct what it says.

A text is predicted in parallel streams, which share all that is learnt. So a stream also keeps some
counters of its own: words and names return most of all within one article.

All arithmetic is in whole numbers, so that every machine computes the same probabilities.

Source: Mahoney 2005 (PAQ6), and his lpaq1, whose design this follows.
"""

from __future__ import annotations

import numpy as np

from ..checks import integer
from .counting import Counters
from .matching import Matches
from .mixing import PARTS, Calibration, Mixer, stretch

__all__ = ["ContextMixer", "streams_for"]

_ORDERS = 7  # contexts of the last 0 to 6 bytes
_A, _B, _C = (np.uint64(k) for k in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))
_HALF = np.uint64(32)
_LETTER = np.array([chr(c).isalpha() and c < 128 or c > 127 for c in range(256)])
_LOWER = np.frombuffer(bytes(range(256)).lower(), np.uint8)


def streams_for(length: int) -> int:
    """Streams for a text of so many bytes: one for every 2,048 bytes, at most 128.

    A step takes about as long for 16 streams as for one, so many streams are fast. In bytes they
    cost little: 10,000 bytes of Wikipedia become 3,272 with 1 stream and 3,276 with 5, and 100,000
    become 24,301 with 16 and 24,535 with 64.

    >>> [streams_for(n) for n in (0, 10_000, 2_378_130)]
    [1, 4, 128]
    """
    return min(max(length // 2048, 1), 128)


class ContextMixer:
    """Predicts so many streams of bytes, bit by bit, the highest bit of a byte first.

    Parameters
    ----------
    streams : int
        Parts of a text that are predicted side by side.
    experts : int
        Other predictors, which say before each byte what they expect of it.
    table_bits : int
        2**table_bits counters of 4 bytes for each of 9 contexts (with streams: 12).

    Raises
    ------
    ValueError
        If a number is out of range; from `begin` and `update`, if what is given does not fit.

    Examples
    --------
    >>> from math import log2
    >>> mixer, bits = ContextMixer(streams=1, table_bits=16), 0.0
    >>> for byte in b"again and " * 20:
    ...     mixer.begin()
    ...     for shift in reversed(range(8)):
    ...         p, bit = mixer.p().item() / 2**16, byte >> shift & 1
    ...         bits -= log2(p if bit else 1 - p)
    ...         mixer.update(np.array([bit]))
    >>> bytes(mixer.last.astype(np.uint8)), bits / 8 < 40
    (b' ', True)
    """

    def __init__(self, streams: int, experts: int = 0, table_bits: int = 22) -> None:
        self.streams = integer("streams", streams, 1, 1 << 14)
        self.experts = integer("experts", experts, 0, 64)
        integer("table_bits", table_bits, 8, 26)
        self.last = np.zeros(streams, np.int64)  # the byte before
        self._bytes = np.zeros((6, streams), np.uint64)  # the last ones, the newest first
        self._words = np.zeros((2, streams), np.uint64)  # hashes: this word, and the one before
        self._hashes = self._contexts()
        self._counters = Counters(len(self._hashes), table_bits)
        self._matches = Matches(streams)
        self._beliefs = Calibration(experts * 8)
        inputs = len(self._hashes) + 2 + 2 * experts + 1
        self._mixer = Mixer(inputs, [256 * 4, 8 * 8 * 8, 256])
        self._maps = [Calibration(1 << 16, most=255) for _ in range(2)]
        self._bit = 8  # of this byte: 8 when it is known, and none has begun

    def begin(self, frequencies: np.ndarray | None = None) -> None:
        """Begin a byte.

        With experts, frequencies (experts, streams, 256) are what each of them expects: whole
        numbers from 1, with sums below 2**40. For one expert (streams, 256) will do.
        """
        if self._bit != 8:
            raise ValueError(
                f"This byte has had {self._bit} bits; update with all 8 of them first."
            )
        if self.experts or frequencies is not None:
            shape = (self.experts, self.streams, 256)
            given = np.asarray(frequencies)
            given = given[None] if given.ndim == 2 else given
            if given.dtype.kind not in "iu" or given.shape != shape or given.min(initial=1) < 1:
                raise ValueError(f"frequencies must be whole numbers from 1, of shape {shape}.")
            sums = given.cumsum(axis=-1, dtype=np.int64)
            self._sums = np.concatenate([np.zeros_like(sums[..., :1]), sums], axis=-1)
        self._bit = 0
        self._partial = np.ones(self.streams, np.int64)  # the bits so far, after a 1

    def p(self) -> np.ndarray:
        """P(the next bit is 1) of each stream (streams,), in whole parts of 2**16, from 1 up."""
        if self._bit == 8:
            raise ValueError("No byte has begun: call begin first.")
        counted = self._counters.evidence(self._hashes, self._partial)
        matched = self._matches.evidence(self._bit)
        bias = np.full((1, self.streams), 128)
        evidence = np.concatenate([counted, matched, *self._heard(), bias])
        length = self._matches.length
        lengths = np.searchsorted([1, 16, 32], length, "right")
        orders = (self._counters.known[1:_ORDERS] > 0).sum(axis=0)
        chosen = [
            256 * lengths + self._partial,
            64 * orders + 8 * self._bit + np.minimum((length + 3) // 4, 7),
            self.last,
        ]
        mixed = self._mixer.mix(np.ascontiguousarray(evidence.T), chosen)
        one, two = self._bytes[:2].astype(np.int64)
        hashed = (one + 256 * two) * 40_503 + 7 * self._partial & 0xFFFF
        places = (256 * one + self._partial, hashed)
        refined = [m.refine(at, mixed) for m, at in zip(self._maps, places, strict=True)]
        return np.clip((2 * mixed + sum(refined)) // 4, 1, PARTS - 1)

    def update(self, bits: np.ndarray) -> None:
        """Learn the bits (streams,), 0 or 1, that came."""
        bits = np.asarray(bits).astype(np.int64)
        if bits.shape != (self.streams,) or not ((bits == 0) | (bits == 1)).all():
            raise ValueError(f"bits must be {self.streams} zeros and ones.")
        self._counters.update(bits)
        self._matches.update(bits)
        self._mixer.update(bits)
        for map_ in self._maps:
            map_.update(bits)
        if self.experts:
            self._beliefs.update(np.broadcast_to(bits, (self.experts, self.streams)))
        self._partial = 2 * self._partial + bits
        self._bit += 1
        if self._bit == 8:
            self._append(self._partial - 256)

    def _heard(self) -> list[np.ndarray]:
        """The evidence of the experts, as they say it and as it turned out to be."""
        if not self.experts:
            return []
        width = 1 << 8 - self._bit
        start = self._partial * width - 256  # of the bytes that begin with these bits
        rows = np.arange(self.streams)
        low, middle, high = (self._sums[:, rows, start + k] for k in (0, width // 2, width))
        p = np.clip((high - middle) * PARTS // (high - low), 1, PARTS - 1)
        context = 8 * np.arange(self.experts)[:, None] + self._bit + np.zeros_like(p)
        return [stretch(p), stretch(self._beliefs.refine(context, p))]

    def _append(self, byte: np.ndarray) -> None:
        """A byte of each stream is known."""
        self.last = byte
        self._bytes = np.concatenate([byte.astype(np.uint64)[None], self._bytes[:-1]])
        word, before = self._words
        letter = _LETTER[byte]
        ends = ~letter & (word > 0)
        longer = (word + _LOWER[byte] + np.uint64(1)) * _B
        self._words = np.stack([np.where(letter, longer, 0), np.where(ends, word, before)])
        self._matches.append(byte)
        self._hashes = self._contexts()

    def _contexts(self) -> np.ndarray:
        """A hash of each context (contexts, streams): all that the counters tell apart."""
        so_far = np.zeros(self.streams, np.uint64)
        orders = [so_far]
        for byte in self._bytes:
            so_far = (so_far + byte + np.uint64(1)) * _A
            so_far = so_far ^ so_far >> _HALF
            orders.append(so_far)
        word, before = self._words
        contexts = [*orders, word, word * _C + before]
        if self.streams > 1:  # the same again, but for this stream alone
            own = np.arange(1, self.streams + 1).astype(np.uint64) * _C
            contexts += [orders[3] + own, orders[5] + own, word + own]
        hashes = np.stack(contexts) * _B
        return (hashes ^ hashes >> _HALF) * _A
