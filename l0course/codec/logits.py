"""Logarithms and logistic functions in whole numbers.

A decoder must find the very same probabilities as the encoder, on any machine. Sums of floats and
the logarithms of a C library may differ in the last bit, whole numbers do not. All logarithms are
to base 2, in parts of `UNIT`; probabilities are in parts of `ONE`.
"""

from __future__ import annotations

from functools import cache
from math import isqrt

import numpy as np

from .range_coder import ONE

__all__ = ["UNIT", "log2", "probability", "shares"]

UNIT = 256
_LARGEST = 16 * UNIT  # of a logit, up or down
_Q = 30  # chances have 30 binary digits here


def log2(n: np.ndarray) -> np.ndarray:
    """Logarithm of whole numbers from 1 to 2^52, in parts of UNIT.

    >>> log2(np.array([1, 2, 3, 1 << 40])) / UNIT
    array([ 0.       ,  1.       ,  1.5859375, 40.       ])
    """
    mantissa, exponent = np.frexp(np.asarray(n, np.float64))  # both exact
    return _mantissas()[(mantissa * 2048).astype(np.int64) - 1024] + (exponent - 1) * UNIT


def probability(logit: np.ndarray) -> np.ndarray:
    """2^x / (1 + 2^x) in parts of ONE, for logits x in parts of UNIT.

    >>> (probability(np.array([-UNIT, 0, UNIT])) / ONE).round(6)
    array([0.333333, 0.5     , 0.666666])
    """
    return _probabilities()[np.clip(logit, -_LARGEST, _LARGEST) + _LARGEST]


def shares(chances: np.ndarray) -> np.ndarray:
    """Whole parts of ONE, none of them zero, as the chances are to each other.

    >>> shares(np.array([0, 1, 3])).tolist()
    [1, 262144, 786431]
    """
    parts = 1 + chances * (ONE - len(chances)) // chances.sum()
    parts[parts.argmax()] += ONE - parts.sum()
    return parts


@cache
def _powers() -> np.ndarray:
    """2^-x with _Q digits, for x = 0, ..., 1 - 1/UNIT: products of roots of roots of 1/2."""
    out, root = np.array([1 << _Q], np.int64), 1 << _Q - 1
    for _ in range(UNIT.bit_length() - 1):
        root = isqrt(root << _Q)
        out = np.stack([out, out * root >> _Q], axis=1).ravel()
    return out


@cache
def _probabilities() -> np.ndarray:
    """The probabilities of all logits."""
    x = np.arange(-_LARGEST, _LARGEST + 1)
    odds = _powers()[np.abs(x) % UNIT] >> np.abs(x) // UNIT
    large = (1 << 2 * _Q) // ((1 << _Q) + odds)
    return np.where(x < 0, (1 << _Q) - large, large) >> _Q - 20


@cache
def _mantissas() -> np.ndarray:
    """log2(x / 1024) for x = 1024, ..., 2047, in parts of UNIT."""
    return _logarithm(np.arange(1024, 2048) << _Q - 10, 9) + 1 >> 1


def _logarithm(x: np.ndarray, digits: int) -> np.ndarray:
    """log2(x / 2^_Q) for x / 2^_Q from 1 to 2, with so many binary digits: by squaring."""
    out = np.zeros(len(x), np.int64)
    for _ in range(digits):
        x = x * x >> _Q
        above = x >> _Q + 1
        x, out = x >> above, 2 * out + above
    return out
