"""What theory says about random subset sums, as numbers to hold against measured ones.

Bounds with a constant that the papers do not give are left without it (c = 1), and say so. The
two moment bounds have no such constant: they are computed, not quoted.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import BSpline
from scipy.special import xlog1py, xlogy

from .checks import integer, require

__all__ = [
    "binary_entropy",
    "expected_hits",
    "median_error",
    "partition_probability",
    "sparse_sum_size",
    "success_bounds",
]


def binary_entropy(p: float) -> float:
    """H2(p) in bits: n H2(k/n) is about log2 C(n, k).

    >>> binary_entropy(0.5), round(binary_entropy(0.11), 2)
    (1.0, 0.5)
    """
    return float(-(xlogy(p, p) + xlog1py(1 - p, -p)) / math.log(2))


def sparse_sum_size(k: int, error: float) -> int:
    """The n of Theorem 2 of Natale et al. (arXiv 2410.14754) with its unknown constant set to 1.

    The smallest n >= 2k with n H2(k/n) >= log2(k / error). From some c_hyp >= 1 times that on, a
    target |z| <= sqrt(k) is within `error` of a sum of exactly k of n numbers with at least some
    probability c_thm > 0. The paper gives a value for neither constant.

    >>> sparse_sum_size(4, 1e-3), sparse_sum_size(8, 1e-3)
    (14, 16)
    """
    integer("k", k, 1)
    require("error", error, above=0)
    n = 2 * k
    while n * binary_entropy(k / n) < math.log2(k / error):
        n += 1
    return n


@cache
def _density(k: int) -> BSpline:
    """Density of the sum of k numbers from U[-1, 1]: a B-spline, 0 outside [-k, k]."""
    knots = np.linspace(-k, k, k + 1)
    spline = BSpline.basis_element(knots, extrapolate=False)
    return BSpline(spline.t, spline.c / 2, spline.k, extrapolate=False)


@cache
def _cumulative(k: int) -> BSpline:
    return _density(k).antiderivative()


def _near(k: int, z: NDArray[np.float64], error: float) -> NDArray[np.float64]:
    """P(|sum of k - z| < error), for an array of z."""
    ends = np.clip(np.stack([z - error, z + error]), -k, k)
    low, high = _cumulative(k)(ends)
    return np.clip(high - low, 0, 1)


def expected_hits(n: int, k: int, error: float, z: float) -> float:
    """Expected number of k-subsets of n numbers from U[-1, 1] with a sum within `error` of z.

    Exact: C(n, k) times the probability for one subset (Irwin and Hall's distribution).

    >>> round(expected_hits(20, 1, 0.1, 0.0), 12)
    2.0
    """
    integer("k", k, 1, n)
    return math.comb(n, k) * float(_near(k, np.array([z]), error)[0])


def success_bounds(n: int, k: int, error: float, z: float) -> tuple[float, float]:
    """Below and above the probability that some k of n numbers add up to z, within `error`.

    Let Y count such subsets. Then E[Y]^2 / E[Y^2] <= P(Y > 0) <= E[Y] (Cauchy and Schwarz; Markov).
    Theorem 2 of Natale et al. is the left one with E[Y^2] estimated; here it is integrated: two
    random k-subsets share i numbers, with sum a, and both hit if what each has beside is near z-a.

    Returns
    -------
    (lower, upper) : probabilities, for numbers from U[-1, 1]

    Examples
    --------
    >>> lower, upper = success_bounds(16, 8, 1e-3, 0.5)
    >>> round(lower, 2), upper
    (0.73, 1.0)
    """
    mean = expected_hits(n, k, error, z)
    pairs = [math.comb(n, k) * math.comb(k, i) * math.comb(n - k, k - i) for i in range(k + 1)]
    both = [_both_hit(k, i, error, z) for i in range(k + 1)]
    square = math.fsum(p * q for p, q in zip(pairs, both, strict=True))
    return (mean**2 / square if square else 0.0), min(1.0, mean)


def _both_hit(k: int, shared: int, error: float, z: float) -> float:
    """P(two k-subsets with `shared` common numbers both hit): Gauss quadrature between knots."""
    if shared in (0, k):
        return float(_near(k, np.array([z]), error)[0]) ** (1 if shared else 2)
    rest = k - shared
    inner = z - np.linspace(-rest, rest, rest + 1)
    knots = np.concatenate([np.linspace(-shared, shared, shared + 1), inner - error, inner + error])
    knots = np.unique(np.clip(knots, -shared, shared))
    nodes, weights = np.polynomial.legendre.leggauss(2 * k)  # exact for these polynomials
    centre, half = (knots[1:] + knots[:-1]) / 2, np.diff(knots) / 2
    a = (centre[:, None] + half[:, None] * nodes).ravel()
    mass = (half[:, None] * weights).ravel() * _density(shared)(a)
    return float(mass @ _near(rest, z - a, error) ** 2)


def median_error(n: int, size: int | None = None) -> float:
    """Median error of the best subset of n numbers from U[-1, 1], for a target near 0.

    The sums lie like a Poisson process of density rho around the target, so the nearest one is
    closer than ln 2 / (2 rho) half of the time. rho is the number of subsets times the density of
    their sums, a Gaussian of variance n/6 (all sizes) or k/3 (size k).

    >>> f"{median_error(20):.2g}, {median_error(20, 5):.2g}"
    '1.5e-06, 7.2e-05'
    """
    subsets, variance = (2**n, n / 6) if size is None else (math.comb(n, size), size / 3)
    return math.log(2) * math.sqrt(2 * math.pi * variance) / (2 * subsets)


def partition_probability(n: int, largest: int) -> float:
    """P(n numbers from {1..M} have signs with |sum| <= 1), by the expected number of solutions.

    mu = 2^n / (M sqrt(2 pi n c)), c = 1/3 + 1/(2M) + 1/(6M^2): the mean of Borgs, Chayes and Pittel
    (2001), here with a Poisson count: e^-mu finds none if the total is even, e^-2mu if it is odd.

    >>> round(partition_probability(16, 2**16), 2)
    0.23
    """
    c = 1 / 3 + 1 / (2 * largest) + 1 / (6 * largest**2)
    mu = 2**n / (largest * math.sqrt(2 * math.pi * n * c))
    return 1 - (math.exp(-mu) + math.exp(-2 * mu)) / 2
