"""Subset sum on a grid: whole numbers, and a target that is hit exactly or not at all.

All sums that can be reached are the ones in the bits of a single large integer. Adding a number to
every one of them is a shift: this is Bellman's dynamic programming (1957), 64 sums at a time.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .checks import integer
from .subset_sum import MAX_BYTES, as_integers

__all__ = ["exact_subset_sum", "reachable_sums", "sparsest_subset_sum"]


def exact_subset_sum(
    values: ArrayLike, target: int, size: int | None = None
) -> NDArray[np.intp] | None:
    """Positions of numbers whose sum is the target, or None if there are none.

    Parameters
    ----------
    values : (n,) whole numbers of either sign
    target : int
    size : int, optional
        How many numbers to take, exactly.

    Raises
    ------
    ValueError
        If a value or the target is not whole, values are empty, `size` is not between 0 and n, or
        the sums do not fit into `MAX_BYTES`; the estimate is in the message.

    Notes
    -----
    Bits: n times the range of the sums, sum |values|; with a size k about k times more, as then a
    number x counts as x + R, with R larger than that range, and the target as target + k R.

    Examples
    --------
    >>> exact_subset_sum([8, -3, 5, 11], 2)
    array([1, 2])
    >>> exact_subset_sum([8, -3, 5, 11], 2, size=3) is None
    True
    """
    x = as_integers("values", values)
    (goal,) = as_integers("target", [target])
    span, lowest = sum(map(abs, x)), sum(v for v in x if v < 0)
    if not lowest <= goal <= lowest + span:
        return None
    if size is None:  # to take a negative number is not to take its positive twin
        steps, flipped = [abs(v) for v in x], np.array([v < 0 for v in x])
        goal -= lowest
    else:
        integer("size", size, 0, len(x))
        steps, flipped = [v + span + 1 for v in x], np.zeros(len(x), dtype=bool)
        goal += size * (span + 1)
    taken = _walk(steps, goal)
    return None if taken is None else np.flatnonzero(taken ^ flipped)


def _walk(steps: list[int], goal: int) -> NDArray[np.bool_] | None:
    """Which of the steps, all >= 0, lead from 0 to the goal; None if none do."""
    if goal < 0:
        return None
    _refuse_if_too_large(len(steps), goal)
    inside = (1 << (goal + 1)) - 1
    reached = [1]  # reached[i]: bit s is set if some of the first i steps add up to s
    for step in steps:
        if reached[-1] >> goal:  # the highest bit that is kept
            break
        reached.append((reached[-1] | reached[-1] << step) & inside)
    if not reached[-1] >> goal:
        return None
    taken = np.zeros(len(steps), dtype=bool)
    for i in reversed(range(len(reached) - 1)):
        if not reached[i] >> goal & 1:
            taken[i], goal = True, goal - steps[i]
    return taken


def sparsest_subset_sum(
    values: ArrayLike, target: int, largest: int | None = None
) -> NDArray[np.intp] | None:
    """The fewest numbers whose sum is the target, at most `largest`; None if there are none.

    >>> sparsest_subset_sum([1, 2, 3, 4, 6], 10)
    array([3, 4])

    Raises ValueError as `exact_subset_sum` does.
    """
    n = len(as_integers("values", values))
    if exact_subset_sum(values, target) is None:
        return None
    limit = n if largest is None else integer("largest", largest, 0, n)
    found = (exact_subset_sum(values, target, size) for size in range(limit + 1))
    return next((indices for indices in found if indices is not None), None)


def reachable_sums(values: ArrayLike) -> tuple[int, int]:
    """All sums of subsets, as (bits, lowest): `lowest + s` can be reached if bit s is set.

    >>> bits, lowest = reachable_sums([2, -1])
    >>> [lowest + s for s in range(bits.bit_length()) if bits >> s & 1]
    [-1, 0, 1, 2]

    Raises ValueError as `exact_subset_sum` does.
    """
    x = as_integers("values", values)
    _refuse_if_too_large(1, sum(map(abs, x)))
    bits = 1
    for step in map(abs, x):
        bits |= bits << step
    return bits, sum(v for v in x if v < 0)


def _refuse_if_too_large(rows: int, bits: int) -> None:
    wanted = rows * bits / 8
    if wanted > MAX_BYTES:
        raise ValueError(
            f"The table of sums would take {wanted / 2**30:,.1f} GiB, more than the "
            f"{MAX_BYTES / 2**30:g} GiB allowed. Use a coarser grid, or best_subset_sum, whose "
            "memory does not depend on how large the numbers are."
        )
