"""Probabilities as evidence: stretched to the logistic domain, weighted, added and squashed.

stretch(p) = ln(p / (1 - p)) is the evidence for a 1, and squash is its inverse. A `Mixer` adds up
the evidence of many predictors, each with its weight. The gradient of the code length by a weight
is (p - bit) * evidence, so every bit that is coded is one step of online gradient descent. A
`Calibration` counts what happened in truth when a predictor said p.

All numbers are whole: probabilities are parts of `PARTS`, evidence comes in units of 1 / 256, and
weights in units of 1 / PARTS. Sums of whole numbers do not depend on their order, so every machine
computes the same, also where many streams change one number at once.

Source: Mahoney 2005, Adaptive weighing of context models for lossless data compression.
"""

from __future__ import annotations

import numpy as np

__all__ = ["LIMIT", "PARTS", "Calibration", "Mixer", "squash", "stretch"]

PARTS = 1 << 16  # probabilities are whole numbers of these
LIMIT = 3071  # evidence lies between -LIMIT and LIMIT, in units of 1 / 256
_BINS = 32  # of a calibration


def _squash_table() -> np.ndarray:
    """PARTS / (1 + e^-x), rounded, for all x of 0 ... LIMIT and, mirrored, for those below 0."""
    one = 1 << 128
    term, ratio, k = one, 0, 0
    while term:  # the Taylor series of e^(-1/256)
        ratio += -term if k % 2 else term
        k += 1
        term //= 256 * k
    power, upper = one, []
    for _ in range(LIMIT + 1):
        upper.append(min((PARTS * one + (one + power) // 2) // (one + power), PARTS - 1))
        power = power * ratio // one
    return np.array([PARTS - p for p in reversed(upper[1:])] + upper, np.int32)


def _stretch_table() -> np.ndarray:
    """The x next to 0 whose squash is p or more extreme, for all p."""
    upper = np.searchsorted(_SQUASH[LIMIT:], np.arange(PARTS // 2, PARTS))
    return np.concatenate([-upper[[-1]], -upper[:0:-1], upper]).astype(np.int32)


_SQUASH = _squash_table()
_STRETCH = _stretch_table()
_BIN = ((_STRETCH + LIMIT) * _BINS // (2 * LIMIT + 1)).astype(np.int32)
_MIDDLE = _SQUASH[(2 * np.arange(_BINS) + 1) * (2 * LIMIT + 1) // (2 * _BINS)].astype(np.int64)


def squash(x: np.ndarray) -> np.ndarray:
    """Probabilities of evidence x, whole numbers of any size.

    >>> squash(np.array([-10_000, -256, 0, 256])).tolist()
    [1, 17625, 32768, 47911]
    """
    return _SQUASH[np.clip(x, -LIMIT, LIMIT) + LIMIT]


def stretch(p: np.ndarray) -> np.ndarray:
    """Evidence of probabilities p, whole numbers below PARTS.

    >>> stretch(np.array([1, 17625, 32768, 47911])).tolist()
    [-2736, -256, 0, 256]
    """
    return _STRETCH[p]


class Calibration:
    """What happened in truth when a predictor said p: counts, for each context and range of p.

    As long as nothing was counted, the answer is p to within its range. Beyond `most` counts the
    older ones lose weight.

    >>> map_ = Calibration(contexts=1)
    >>> for _ in range(20):
    ...     p = map_.refine(np.array([0]), np.array([40_000]))
    ...     map_.update(np.array([1]))
    >>> p.item()
    59129
    """

    def __init__(self, contexts: int, prior: int = 6, most: int = 1023) -> None:
        self._ones = np.zeros(contexts * _BINS, np.int32)
        self._total = np.zeros(contexts * _BINS, np.int32)
        self._prior, self._most = prior, most

    def refine(self, context: np.ndarray, p: np.ndarray) -> np.ndarray:
        """Probabilities to use instead of p, in contexts of the same shape."""
        said = _BIN[p]
        self._at = (context * _BINS + said).ravel()
        ones = self._ones[self._at].reshape(p.shape) * PARTS + self._prior * _MIDDLE[said]
        total = self._total[self._at].reshape(p.shape) + self._prior
        return ones // total

    def update(self, bits: np.ndarray) -> None:
        """Count the bits that came, of the same shape as p."""
        np.add.at(self._ones, self._at, bits.ravel().astype(np.int32))
        np.add.at(self._total, self._at, np.int32(1))
        full = self._at[self._total[self._at] > self._most]
        if len(full):
            self._ones[full], self._total[full] = self._ones[full] // 2, self._total[full] // 2


class Mixer:
    """Adds evidence (streams, inputs), with weights that depend on small contexts.

    Every context chooses one set of weights, and the sets are added. All streams share them. Where
    many meet in one set each moves it by less: together they move it no further than `crowd`.

    >>> mixer, evidence = Mixer(inputs=2, sizes=[1]), np.array([[256, -256]])
    >>> for _ in range(600):
    ...     p = mixer.mix(evidence, [np.array([0])])
    ...     mixer.update(np.array([1]))
    >>> p.item() > 49_000
    True
    """

    crowd = 16

    def __init__(self, inputs: int, sizes: list[int], first_weight: int = PARTS // 5) -> None:
        self._weights = np.zeros((sum(sizes), inputs), np.int64)
        self._weights[: sizes[0]] = first_weight
        self._starts = np.cumsum([0, *sizes[:-1]])
        self._steps = 0

    def mix(self, evidence: np.ndarray, contexts: list[np.ndarray]) -> np.ndarray:
        """P(bit = 1) for each stream; contexts[k] (streams,) lies below sizes[k]."""
        self._evidence = evidence
        self._chosen = np.stack(contexts) + self._starts[:, None]  # (contexts, streams)
        weights = self._weights[self._chosen].sum(axis=0)
        self._p = squash((weights * evidence).sum(axis=1) >> 16)
        return self._p

    def update(self, bits: np.ndarray) -> None:
        """One step of gradient descent on the bits (streams,) that came."""
        slope = self._evidence * ((bits << 16) - self._p)[:, None]
        rate = 1049 + 5243 * 2000 // (2000 + self._steps)  # units of 2**-20: 0.006, then 0.001
        streams = np.bincount(self._chosen.ravel(), minlength=len(self._weights))[self._chosen]
        rates = rate * self.crowd // (self.crowd - 1 + streams)
        np.add.at(self._weights, self._chosen, (slope * rates[:, :, None] + (1 << 27)) >> 28)
        self._steps += 1
