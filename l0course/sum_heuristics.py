"""Subset sum in a hurry: greedy, and the differencing method of Karmarkar and Karp.

Both take about n log n steps for any n, and neither promises the best subset: they are what an
exact search is compared with.
"""

from __future__ import annotations

import heapq
import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .subset_sum import as_numbers

__all__ = ["differencing_subset_sum", "greedy_subset_sum"]


def greedy_subset_sum(values: ArrayLike, target: float) -> tuple[NDArray[np.intp], float]:
    """From the largest number to the smallest: take it if that brings the sum nearer.

    Returns and raises as `best_subset_sum`.

    >>> greedy_subset_sum([7, 5, 4], 9)
    (array([0]), 2)
    """
    x, left = as_numbers(values, target)
    chosen = []
    for i in np.argsort(-np.abs(x), kind="stable"):
        if abs(left - x[i]) < abs(left):
            left, chosen = left - x[i], [*chosen, i]
    return np.sort(np.array(chosen, dtype=np.intp)), abs(left).item()


def differencing_subset_sum(values: ArrayLike, target: float) -> tuple[NDArray[np.intp], float]:
    """Karmarkar and Karp (1982): put the two largest numbers on opposite sides, again and again.

    A subset with sum t splits the values into parts that differ by 2t - sum(values). So with one
    more number of that size, to be balanced, this is number partitioning, the problem that the
    method is for; what lies on the side of that number is the subset. Errors of about n^(-c log n).

    Returns and raises as `best_subset_sum`. Here 4 + 5 + 6 would have hit 15:

    >>> differencing_subset_sum([8, 7, 6, 5, 4], 15)
    (array([0, 2]), 1)
    """
    x, t = as_numbers(values, target)
    numbers = [*x.tolist(), x.sum().item() - 2 * t.item()]  # the last one evens out the parts
    heap = [(-abs(v), i) for i, v in enumerate(numbers)]
    heapq.heapify(heap)
    opposite: list[list[int]] = [[] for _ in numbers]
    while len(heap) > 1:
        (a, i), (b, j) = heapq.heappop(heap), heapq.heappop(heap)
        opposite[i].append(j)
        opposite[j].append(i)
        heapq.heappush(heap, (a - b, i))  # both are negative: the larger minus the smaller
    side, todo = {len(x): -1}, [len(x)]
    while todo:  # neighbours in the tree lie on opposite sides
        i = todo.pop()
        new = [j for j in opposite[i] if j not in side]
        side |= dict.fromkeys(new, -side[i])
        todo += new
    sign = np.array([side[i] * (-1 if v < 0 else 1) for i, v in enumerate(numbers)])
    chosen = np.flatnonzero(sign[:-1] == sign[-1])
    if x.dtype == np.int64:
        return chosen, abs(int(x[chosen].sum()) - int(t))
    return chosen, abs(math.fsum([*x[chosen].tolist(), -float(t)]))
