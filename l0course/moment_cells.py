"""Moment matching in small cells: as many points as you can afford, close to those they stand for.

Matching all polynomials of degree <= k leaves an error of at most 2 M E_k(g) in sum_i c_i g(w_i),
where M is the mass and E_k(g) how far g is from the nearest polynomial of that degree. In a cell of
diameter r, E_k = O(r^(k + 1)), and the cells' errors add up: the bound of theorem 4 of arXiv
2510.00504. So the cell with the largest mass * r^(k + 1) is halved, until the points are used up.
"""

from __future__ import annotations

import heapq
from itertools import count

import numpy as np

from .checks import integer
from .moments import legendre_features, reduce_features, size_bound, weighted_points

__all__ = ["compress_points", "feature_count", "split"]


def compress_points(
    points: np.ndarray,
    weights: np.ndarray,
    degree: int,
    size: int,
    *,
    targets: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """At most `size` of the points, weighted anew, with the same moments in each of many cells.

    For smooth functions few cells and a high degree are best, for kinks many cells and a low one:
    there are about size / C(m + degree, m) cells, one if `size` is just that.

    Parameters
    ----------
    points : array (n, m)
    weights : array (n,), nonnegative
    degree : int >= 0
    size : int
        How many points may stay.
    targets : array (n, o), optional
        The answers y to each point x. Then sums of p(x), y_j p(x) and |y|^2 are kept, for all
        polynomials p of at most that degree: what a squared loss is made of.

    Returns
    -------
    indices : int array (s,), sorted, s <= size
    new_weights : array (s,), positive

    Raises
    ------
    ValueError
        If the input is not finite, a weight is negative, there are fewer points than `size`, or
        `size` is too small for one cell of this degree.

    Source: arXiv 2510.00504, theorems 3 and 4; the cells and the targets are ours.

    Examples
    --------
    >>> points = np.random.default_rng(0).uniform(-1, 1, size=(5000, 2))
    >>> kept, weights = compress_points(points, np.ones(5000), degree=3, size=200)
    >>> len(kept), bool(np.isclose(weights @ np.exp(points[kept, 0]), np.exp(points[:, 0]).sum()))
    (200, True)
    """
    points, weights = weighted_points(points, weights)
    integer("degree", degree, 0, 1000)
    outputs = 0
    if targets is not None:
        targets = np.asarray(targets, dtype=float)
        if targets.ndim != 2 or len(targets) != len(points) or not np.isfinite(targets).all():
            raise ValueError(
                f"targets must be finite and of shape ({len(points)}, o), a row for each point, "
                f"but the shape is {targets.shape}."
            )
        outputs = targets.shape[1]
    needed = feature_count(points.shape[1], degree, outputs)
    integer("size", size, 1)
    if size > len(points):
        raise ValueError(f"size is {size}, but there are only {len(points)} points to choose from.")
    if size < needed:
        raise ValueError(
            f"size is {size}, but degree {degree} with {points.shape[1]} coordinates"
            f"{f' and {outputs} targets' if outputs else ''} needs {needed} points: "
            "lower the degree or keep more points."
        )
    new = np.zeros(len(points))
    for cell in split(points, weights, degree, needed, size):
        features = legendre_features(points[cell], degree)
        if targets is not None:
            y = targets[cell]
            features = np.hstack(
                [features, *(features * column[:, None] for column in y.T), (y**2).sum(1)[:, None]]
            )
        new[cell] = reduce_features(features, weights[cell])
    kept = np.flatnonzero(new)
    return kept, new[kept]


def feature_count(m: int, degree: int, outputs: int = 0) -> int:
    """Points that a cell needs: C(m + degree, m), with targets (1 + outputs) times that and one.

    >>> feature_count(2, 5), feature_count(2, 5, outputs=1)
    (21, 43)
    """
    return size_bound(m, degree) * (1 + outputs) + (outputs > 0)


def split(
    points: np.ndarray, weights: np.ndarray, degree: int, needed: int, size: int
) -> list[np.ndarray]:
    """Cells, each an array of indices, such that `needed` points a cell are at most `size` in all.

    The cell with the largest mass * diameter^(degree + 1) is halved at the median of its longest
    side. A cell of at most `needed` points can keep them all: its error is 0.
    """
    ticket = count()  # cells that are equally bad: first come, first served

    def ranked(rows: np.ndarray) -> tuple[float, int, np.ndarray, int]:
        sides = np.ptp(points[rows], axis=0)
        bad = weights[rows].sum() * np.linalg.norm(sides) ** (degree + 1)
        return (-bad if len(rows) > needed else 0.0), next(ticket), rows, int(sides.argmax())

    heap = [ranked(np.flatnonzero(weights))]
    used = needed
    while heap[0][0] < 0:
        rows, side = heap[0][2:]
        middle = len(rows) // 2
        order = rows[np.argpartition(points[rows, side], middle)]
        halves = np.sort(order[:middle]), np.sort(order[middle:])
        used += sum(min(needed, len(half)) for half in halves) - needed
        if used > size:
            break
        heapq.heapreplace(heap, ranked(halves[0]))
        heapq.heappush(heap, ranked(halves[1]))
    return [rows for _, _, rows, _ in heap if len(rows)]
