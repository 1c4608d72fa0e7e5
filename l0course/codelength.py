"""Bits: what data and models cost as messages.

A two-part code sends a model and then the data given the model. A prequential code sends the data
only, predicting each part from the parts before it. Every function here returns bits.

Source: main paper (arXiv 2505.17469), Eq. 2 and 5; Rissanen 1978; Dawid 1984.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaln

from .checks import require

__all__ = [
    "gaussian_bits",
    "label_bits",
    "mdl_alpha",
    "mixture_bits",
    "prequential_bits",
    "support_bits",
    "two_part_bits",
]


def gaussian_bits(residuals: ArrayLike, sigma: float, precision: float = 1.0) -> float:
    """Bits to send residuals of any shape with a Gaussian code of standard deviation sigma.

    A real number has no finite code, so the residuals are sent to within `precision` (in the
    residuals' own unit): -log2(density * precision), summed. Precision adds the same constant to
    every model of the same data, so differences between models do not depend on it.
    Main paper, Eq. 5 (there with the constant dropped).

    Raises
    ------
    ValueError
        If sigma or precision is not positive, or a residual is not finite.

    Examples
    --------
    >>> round(gaussian_bits([0.0, 1.0], sigma=1.0), 3)
    3.373
    """
    require("sigma", sigma, above=0)
    require("precision", precision, above=0)
    r = np.asarray(residuals, dtype=np.float64)
    if not np.isfinite(r).all():
        raise ValueError("residuals must be finite, but some are NaN or infinite: check the model.")
    per_value = math.log2(sigma) + 0.5 * math.log2(2 * math.pi) - math.log2(precision)
    return float(r.size * per_value + np.square(r / sigma).sum() / (2 * math.log(2)))


def label_bits(probabilities: ArrayLike, labels: ArrayLike) -> float:
    """Bits to send labels (n,), integers, with the code of probabilities (n, classes).

    Infinite if a label has probability 0.

    Raises ValueError unless there is one label below `classes` for each row, and each row of
    probabilities is nonnegative and sums to 1.

    >>> label_bits([[0.5, 0.5], [0.25, 0.75]], [1, 0])
    3.0
    """
    p, y = np.asarray(probabilities, dtype=np.float64), np.asarray(labels)
    if p.ndim != 2 or not (p >= 0).all() or not np.allclose(p.sum(axis=1), 1, atol=1e-5):
        raise ValueError("probabilities must be (n, classes), with rows >= 0 that sum to 1.")
    fits = y.shape == p.shape[:1] and y.dtype.kind in "iu"
    if not fits or not ((y >= 0) & (y < p.shape[1])).all():
        raise ValueError(f"labels must be {len(p)} whole numbers from 0 to {p.shape[1] - 1}.")
    with np.errstate(divide="ignore"):
        return float(-np.log2(p[np.arange(len(y)), y]).sum()) + 0.0  # no negative zero


def support_bits(n: int, k: int) -> float:
    """log2 C(n, k): bits to say which k of n weights are nonzero. Stable for n up to 1e9.

    Raises ValueError unless 0 <= k <= n.

    >>> round(support_bits(10, 3), 4), support_bits(10, 10)
    (6.9069, 0.0)
    """
    if not 0 <= k <= n:
        raise ValueError(f"support_bits needs 0 <= k <= n, but k is {k} and n is {n}.")
    n, k = int(n), min(int(k), int(n) - int(k))
    if k == 0:
        return 0.0
    return float((-math.log1p(n) - betaln(n - k + 1, k + 1)) / math.log(2))


def two_part_bits(data_bits: float, n: int, k: int, bits_per_parameter: float = 32.0) -> float:
    """Bits of a model with k nonzero weights among n, and of the data given that model.

    The model costs log2(n + 1) bits for the number k, log2 C(n, k) for the positions, and
    `bits_per_parameter` for each value. The main paper's tables leave the positions out.

    >>> round(two_part_bits(100.0, n=10, k=3, bits_per_parameter=8), 2)
    134.37
    """
    require("bits_per_parameter", bits_per_parameter, least=0)
    return data_bits + math.log2(int(n) + 1) + support_bits(n, k) + k * bits_per_parameter


def prequential_bits(losses_nats: ArrayLike) -> float:
    """Bits of a prequential code: the sum of the losses (in nats), each taken *before* learning.

    >>> round(prequential_bits([math.log(2), math.log(4)]), 6)
    3.0
    """
    losses = np.asarray(losses_nats, dtype=np.float64)
    if not np.isfinite(losses).all():
        raise ValueError("losses must be finite, but some are NaN or infinite: check the training.")
    return float(losses.sum() / math.log(2))


def mixture_bits(bits: ArrayLike) -> float:
    """Bits of a mixture: -log2 of the sum of 2**-bits, for the bits (models,) of each model.

    `bits` adds the length of a model to that of the data given the model. The mixture is at most
    as long as the shortest of them, and shorter by log2 k if k of them are equal (Solomonoff 1964).

    >>> mixture_bits([2001.0, 2001.0, 2001.0, 2001.0])
    1999.0
    """
    total = np.asarray(bits, dtype=np.float64)
    if total.size == 0 or np.isnan(total).any():
        raise ValueError("bits must hold at least one length, and no NaN.")
    return float(-np.logaddexp2.reduce(-total, axis=None))


def mdl_alpha(sigma: float, bits_per_parameter: float, n: int) -> float:
    """The l0 strength that minimises bits: alpha* = 2 sigma^2 ln(2) * bits_per_parameter / n.

    For a mean squared error over n observations with noise of standard deviation sigma, minimising
    MSE + alpha* * l0 is the same as minimising the two-part code with `bits_per_parameter` bits
    for each nonzero weight (own derivation from the main paper's Eq. 5).

    >>> round(300 * mdl_alpha(sigma=0.08, bits_per_parameter=16, n=300), 3)
    0.142
    """
    require("sigma", sigma, above=0)
    require("bits_per_parameter", bits_per_parameter, least=0)
    if n < 1:
        raise ValueError(f"n must be at least 1 observation, but it is {n}.")
    return 2 * sigma**2 * math.log(2) * bits_per_parameter / n
