"""Fewer weighted points with the same moments: the theorems of Tchakaloff and Caratheodory.

Points w_1 .. w_n in R^m with weights c_i >= 0 have the moments sum_i c_i p(w_i), one for each of
the N = C(m + k, k) monomials p of degree <= k. At most N of the points, weighted anew, have the
same moments (Tchakaloff 1957). Among more than N points there is a direction in which the weights
can move without changing a moment; walk along it until a weight is 0; repeat.

What is done for speed and accuracy: Legendre products on the points' own bounding box in place of
raw monomials; one LU factorisation gives all directions of a block at once; and large sets are
halved, 2 N groups at a time (Maalouf, Jubran and Feldman, NeurIPS 2019), before single points.
"""

from __future__ import annotations

from itertools import product
from math import comb

import numpy as np
from scipy.linalg.blas import dger, dtrsm
from scipy.linalg.lapack import dgetrf

from .checks import integer

__all__ = ["legendre_features", "reduce_features", "reduce_moments"]


def reduce_moments(
    points: np.ndarray, weights: np.ndarray, degree: int
) -> tuple[np.ndarray, np.ndarray]:
    """At most C(m + degree, degree) of the points, with new weights and the same moments.

    Parameters
    ----------
    points : array (n, m)
    weights : array (n,), nonnegative
    degree : int >= 0
        Every polynomial of at most this total degree keeps its weighted sum.

    Returns
    -------
    indices : int array (s,), sorted: the points that stay
    new_weights : array (s,), positive

    Raises
    ------
    ValueError
        If shapes do not fit, a number is not finite, or a weight is negative.

    Source: Tchakaloff's theorem; arXiv 2510.00504, theorem 2.

    Examples
    --------
    >>> points = np.random.default_rng(0).normal(size=(1000, 2))
    >>> kept, weights = reduce_moments(points, np.ones(1000), 3)
    >>> len(kept), bool(np.isclose(weights @ points[kept, 0] ** 3, (points[:, 0] ** 3).sum()))
    (10, True)
    """
    points, weights = weighted_points(points, weights)
    integer("degree", degree, 0, 1000)
    new = reduce_features(legendre_features(points, degree), weights)
    kept = np.flatnonzero(new)
    return kept, new[kept]


def weighted_points(points: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The two as float64 arrays (n, m) and (n,). ValueError with one sentence if they are unfit."""
    points, weights = np.asarray(points, dtype=float), np.asarray(weights, dtype=float)
    if points.ndim != 2 or points.shape[1] == 0:
        raise ValueError(f"points must have the shape (n, m), m >= 1, but it is {points.shape}.")
    if weights.shape != points.shape[:1]:
        raise ValueError(
            f"weights must have the shape ({len(points)},), one for each point, "
            f"but it is {weights.shape}."
        )
    for name, values in (("points", points), ("weights", weights)):
        if not np.isfinite(values).all():
            raise ValueError(f"{name} must be finite: drop the rows with NaN or infinity first.")
    if (weights < 0).any():
        raise ValueError(
            f"weights must not be negative, but the smallest is {weights.min():g}: a moment of "
            "signed weights cannot be kept by nonnegative ones in general."
        )
    return points, weights


def exponents(m: int, degree: int) -> np.ndarray:
    """All C(m + degree, degree) exponents (N, m) of total degree <= `degree`, by total degree.

    >>> exponents(2, 1).tolist()
    [[0, 0], [0, 1], [1, 0]]
    """
    rows = [()]
    for _ in range(m):
        rows = [(*row, e) for row, e in product(rows, range(degree + 1)) if sum(row) + e <= degree]
    return np.array(sorted(rows, key=lambda row: (sum(row), row)), dtype=int).reshape(-1, m)


def legendre_features(
    points: np.ndarray, degree: int, box: tuple[np.ndarray, np.ndarray] | None = None
) -> np.ndarray:
    """Products of Legendre polynomials of total degree <= `degree`: shape (n, C(m + degree, m)).

    They span all polynomials of that degree, and stay well conditioned where monomials do not. The
    `box`, a lower and an upper corner (m,), is mapped to [-1, 1]^m; by default the bounding box.

    >>> legendre_features(np.array([[0.0], [0.5], [1.0]]), 2)
    array([[ 1. , -1. ,  1. ],
           [ 1. ,  0. , -0.5],
           [ 1. ,  1. ,  1. ]])
    """
    if len(points) == 0:
        return np.empty((0, size_bound(points.shape[1], degree)))
    low, high = (points.min(axis=0), points.max(axis=0)) if box is None else box
    flat = high == low
    x = np.where(flat, 0, (2 * points - (low + high)) / np.where(flat, 1, high - low))
    table = np.ones((degree + 1, *x.T.shape))  # (degree + 1, m, n): P_e of each coordinate
    if degree:
        table[1] = x.T
    for e in range(2, degree + 1):
        table[e] = ((2 * e - 1) * x.T * table[e - 1] - (e - 1) * table[e - 2]) / e
    rows, made = exponents(points.shape[1], degree), {}
    features = np.empty((len(rows), len(points)))
    for i, row in enumerate(rows):  # each is a smaller product times one more factor
        last = int(np.flatnonzero(row)[-1]) if row.any() else 0
        rest = (*row[:last], *np.zeros(len(row) - last, int))
        before = features[made[rest]] if any(rest) else 1.0
        np.multiply(before, table[row[last], last], out=features[i])
        made[tuple(row)] = i
    return features.T


def reduce_features(features: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """New weights (n,) >= 0, at most N of them not 0, with the same weights @ features.

    features: (n, N), finite; weights: (n,), nonnegative. Time O(n N + N^3 log(n / N)).

    >>> features = legendre_features(np.arange(9.0)[:, None], 1)
    >>> new = reduce_features(features, np.ones(9))
    >>> int((new > 0).sum()), bool(np.allclose(new @ features, features.sum(axis=0)))
    (2, True)
    """
    new, size = weights.astype(float), features.shape[1]
    alive = np.flatnonzero(new)
    while len(alive) > size:
        if len(alive) <= 3 * size:
            new[alive] = _eliminate(features[alive], new[alive])
        else:  # 2 N groups, each a point at its centre of mass: about half of them die
            starts = np.linspace(0, len(alive), 2 * size, endpoint=False).astype(int)
            mass = np.add.reduceat(new[alive], starts)
            sums = np.add.reduceat(new[alive, None] * features[alive], starts)
            ratio = _eliminate(sums / mass[:, None], mass) / mass
            new[alive] *= np.repeat(ratio, np.diff(starts, append=len(alive)))
        alive = np.flatnonzero(new)
    new[alive] = adjust(features[alive], new[alive], weights @ features)
    return new


def _eliminate(features: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weights (s,) moved along null directions of features (s, N) until at most N are positive.

    With P F = L U, row i beyond the first N is a combination of those: F_i = T_i F_basis, where
    T = L2 / L1. So weight can flow from i to the basis, or back, and no moment changes.
    """
    s, size = features.shape
    lu, swaps, _ = dgetrf(features)  # a pivot of 0 (points on a line) does no harm: L is bounded
    order = np.arange(s)
    for i, j in enumerate(swaps):
        order[i], order[j] = order[j], order[i]
    T = dtrsm(1.0, lu[:size], lu[size:].T, lower=1, trans_a=1, diag=1)  # (N, s - N)
    new = weights[order]
    basis, rest = new[:size], new[size:]  # views
    members = order[:size].copy()
    result = np.zeros(s)
    for i in range(s - size):
        column = T[:, i].copy()
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = basis / column
        out = np.where(column < 0, -ratio, np.inf)  # how much of i may flow into the basis
        j = int(out.argmin())
        if out[j] >= rest[i]:
            basis += rest[i] * column
            continue
        back = np.where(column > 0, ratio, np.inf)  # how much may flow from the basis into i
        b = int(back.argmin())
        if back[b] < np.inf and column[b] > -column[j]:  # the larger pivot is the more accurate
            j, flow = b, -back[b]
        else:
            flow = out[j]
        basis += flow * column
        basis[j], members[j] = rest[i] - flow, order[size + i]
        np.maximum(basis, 0, out=basis)
        if i + 1 == s - size:
            break
        row = T[j, i + 1 :] / column[j]  # i takes the place of j: a pivot, as in the simplex method
        column[j] -= 1
        T[:, i + 1 :] = dger(-1.0, column, row, a=T[:, i + 1 :], overwrite_a=1)
    result[members] = basis
    return result


def adjust(features: np.ndarray, weights: np.ndarray, moments: np.ndarray) -> np.ndarray:
    """The weights, moved as little as possible (relatively) so that weights @ features = moments.

    features: (s, N), weights: (s,) > 0, moments: (N,). The change is weights * (features @ a), that
    with the least sum of (change)^2 / weight. Returned unchanged if a weight would become negative.
    """
    gap = moments - weights @ features
    if not gap.any():  # also if there are no points
        return weights
    scaled = np.sqrt(weights)[:, None] * features
    a = np.linalg.lstsq(scaled.T @ scaled, gap, rcond=1e-13)[0]
    new = weights * (1 + features @ a)
    better = np.abs(moments - new @ features).max() < np.abs(gap).max()
    return new if better and (new > 0).all() else weights


def size_bound(m: int, degree: int) -> int:
    """C(m + degree, degree), the number of points that always suffice.

    >>> size_bound(2, 5)
    21
    """
    return comb(m + degree, degree)
