"""Subset sum, exactly: which of n numbers add up to nearly a target?

Meet in the middle (Horowitz and Sahni, J. ACM 21, 1974): all sums of one half of the numbers are
sorted, and each sum of the other half looks for its best partner. So 2^n subsets cost about
2^(n/2) steps. Whole numbers from a small range are easier still: see `l0course.quantised_sum`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Real

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .checks import integer, require

__all__ = ["best_subset_sum", "count_subset_sums", "partition_count"]

Array = NDArray[np.float64] | NDArray[np.int64]

MAX_BYTES = 4 * 2**30
"""The memory that a search may take."""

_BLOCK = 2**20  # sums that look for their partner at one time
_LARGEST = 2**62  # whole numbers, and their sums, stay below


def best_subset_sum(
    values: ArrayLike, target: float, size: int | None = None
) -> tuple[NDArray[np.intp], float]:
    """The subset whose sum is nearest to the target: the best one of all, not a guess.

    Parameters
    ----------
    values : (n,) numbers
        Whole numbers are added exactly, as int64; others in float64.
    target : float
    size : int, optional
        How many numbers to take, exactly. By default any number, also none.

    Returns
    -------
    indices : (size,) sorted positions in `values`
    error : |sum of values[indices] - target|, an int if all numbers are whole

    Raises
    ------
    ValueError
        If values are empty, not one-dimensional, not finite or too large, if `size` is not between
        0 and n, or if the search would take more than `MAX_BYTES`; the estimate is in the message.

    Notes
    -----
    About n * 2^(n/2) steps: 2^20 sums in each half for n = 40. With a size k, only the sums of up
    to k numbers of each half. For sums in float64 the best one is the best up to their rounding.

    Examples
    --------
    >>> best_subset_sum([3, 34, 4, 12, 5, 2], 10)
    (array([0, 4, 5]), 0)
    >>> best_subset_sum([3, 34, 4, 12, 5, 2], 10, size=2)
    (array([2, 4]), 1)
    """
    x, t = as_numbers(values, target)
    n = len(x)
    if size is not None and 2 * integer("size", size, 0, n) > n:  # leave out the others
        everything = x.sum()
        out, _ = best_subset_sum(x, everything - t, n - size)
        chosen = np.setdiff1d(np.arange(n), out)
    else:
        chosen = np.array(_nearest(x, t, size), dtype=np.intp)
    if x.dtype == np.int64:
        return chosen, abs(int(x[chosen].sum()) - int(t))
    return chosen, abs(math.fsum([*x[chosen].tolist(), -float(t)]))


def count_subset_sums(
    values: ArrayLike, target: float, tolerance: float = 0, size: int | None = None
) -> int:
    """How many subsets have a sum within `tolerance` of the target (the limits included).

    Parameters, errors and cost are those of `best_subset_sum`.

    >>> count_subset_sums([1, 2, 3, 4], 5), count_subset_sums([1, 2, 3, 4], 5, size=3)
    (2, 0)
    """
    x, t = as_numbers(values, target)
    require("tolerance", tolerance, least=0)
    if size is not None:
        integer("size", size, 0, len(x))
    count = 0
    for left, right in _halves(x, size):
        left, right = np.sort(left), t - np.sort(right)
        for start in range(0, len(right), _BLOCK):
            wanted = right[start : start + _BLOCK]
            above = np.searchsorted(left, wanted + tolerance, side="right")
            count += int((above - np.searchsorted(left, wanted - tolerance)).sum())
    return count


def partition_count(values: ArrayLike, difference: int = 0) -> int:
    """In how many ways signs make |±x1 ± x2 ... ± xn| equal to `difference`: Z of Borgs et al.

    A partition and its mirror image count as two. Source: Borgs, Chayes and Pittel, "Phase
    transition and finite-size scaling for the integer partitioning problem", 2001.

    Raises ValueError if the values are not whole numbers, and as `best_subset_sum` does.

    >>> partition_count([1, 2, 3]), partition_count([1, 2, 3], 2), partition_count([1, 2, 3], 1)
    (2, 2, 0)
    """
    x, _ = as_numbers(values, 0)
    if x.dtype != np.int64:
        raise ValueError("partition_count needs whole numbers; round the values to a grid first.")
    integer("difference", difference, 0, _LARGEST)
    total = int(x.sum())
    if (total + difference) % 2:
        return 0
    sums = {(total + difference) // 2, (total - difference) // 2}
    return sum(count_subset_sums(x, s) for s in sums)


# ------------------------------------------------------------------ meet in the middle


def as_numbers(values: ArrayLike, target: float) -> tuple[Array, np.int64 | np.float64]:
    """Values and target, both as int64 or both as float64; ValueError if that cannot be."""
    x = np.asarray(values)
    if x.ndim != 1 or not x.size:
        raise ValueError(f"values must be one row of numbers, not empty; its shape is {x.shape}.")
    numeric = x.dtype.kind in "iubf" and isinstance(target, Real)
    if not (numeric and np.isfinite(x).all() and np.isfinite(float(target))):
        raise ValueError(
            "values and target must be finite numbers (whole ones of up to 62 bits); look for NaN, "
            "infinity, text, or very large integers."
        )
    whole = x.dtype.kind in "iub" and float(target).is_integer()
    if whole and sum(map(abs, x.tolist())) + abs(int(target)) >= _LARGEST:
        raise ValueError("These whole numbers are too large: their sums must stay below 2^62.")
    kind = np.int64 if whole else np.float64
    return x.astype(kind), kind(int(target) if whole else target)


def _nearest(x: Array, target: np.int64 | np.float64, size: int | None) -> list[int]:
    """Positions of the best subset."""
    best, found = None, (0, 0, 0)
    for j, (left, right) in enumerate(_halves(x, size)):
        ascending, partners = np.sort(left), np.sort(right)
        for start in range(0, len(partners), _BLOCK):
            block = partners[start : start + _BLOCK]
            at = np.searchsorted(ascending, target - block)
            for near in (np.minimum(at, len(left) - 1), np.maximum(at - 1, 0)):
                gap = np.abs(ascending[near] + block - target)
                i = int(gap.argmin())
                if best is None or gap[i] < best:
                    rank = [np.flatnonzero(left == ascending[near[i]])[0]]
                    rank += [np.flatnonzero(right == block[i])[0]]
                    best, found = gap[i], (j, *map(int, rank))
    middle, (j, *ranks) = len(x) // 2, found
    sizes = (None, None) if size is None else _splits(len(x), size)[j]
    first, second = (
        _subset_of(rank, count, part)
        for rank, count, part in zip(ranks, (middle, len(x) - middle), sizes, strict=True)
    )
    return first + [middle + i for i in second]


def _halves(x: Array, size: int | None) -> list[tuple[Array, Array]]:
    """All sums of the first half and of the second; with a size, for each way to split it."""
    middle = len(x) // 2
    _refuse_if_too_large(len(x), size)
    if size is None:
        return [(_all_sums(x[:middle]), _all_sums(x[middle:]))]
    left, right = sums_by_size(x[:middle], size), sums_by_size(x[middle:], size)
    return [(left[a], right[b]) for a, b in _splits(len(x), size)]


def _splits(n: int, size: int) -> list[tuple[int, int]]:
    """How many of `size` numbers may lie in the first half, and how many in the second."""
    middle = n // 2
    return [(a, size - a) for a in range(size + 1) if a <= middle and size - a <= n - middle]


def _all_sums(x: Array) -> Array:
    """Sums of all subsets, (2^m,): the bits of the position say which numbers are in."""
    sums = np.zeros(2 ** len(x), dtype=x.dtype)
    for i, value in enumerate(x):
        np.add(sums[: 2**i], value, out=sums[2**i : 2 ** (i + 1)])
    return sums


def sums_by_size(x: Array, largest: int) -> list[Array]:
    """Sums of all subsets of 0, 1, ..., `largest` numbers: arrays of C(m, j) entries.

    In each array the subsets without the last number come first, so a position is a rank in the
    combinatorial number system (Knuth, The Art of Computer Programming 4A, section 7.2.1.3).
    """
    sums = [np.zeros(1, dtype=x.dtype)] + [np.zeros(0, dtype=x.dtype)] * largest
    for i, value in enumerate(x):
        for j in range(min(i + 1, largest), 0, -1):
            sums[j] = np.concatenate([sums[j], sums[j - 1] + value])
    return sums


def _subset_of(rank: int, count: int, size: int | None) -> list[int]:
    """The subset of `count` numbers whose sum stands at position `rank`."""
    if size is None:
        return [i for i in range(count) if rank >> i & 1]
    chosen = []
    for i in reversed(range(count)):
        without = math.comb(i, size)  # subsets of the first i numbers: the last one is not in them
        if rank >= without:
            chosen, rank, size = [i, *chosen], rank - without, size - 1
    return chosen


def _refuse_if_too_large(n: int, size: int | None) -> None:
    halves = (n // 2, n - n // 2)
    sums = [
        2**m if size is None else sum(math.comb(m, j) for j in range(min(m, size) + 1))
        for m in halves
    ]
    wanted = 8 * (2 * sum(sums) + 4 * min(max(sums), _BLOCK))  # plain and sorted, and one block
    if wanted > MAX_BYTES:
        raise ValueError(
            f"The {sum(sums):.3g} sums of {n} numbers would take {wanted / 2**30:,.1f} GiB, more "
            f"than the {MAX_BYTES / 2**30:g} GiB allowed. Take fewer numbers or a smaller size; "
            "for whole numbers from a small range, use exact_subset_sum."
        )


def as_integers(name: str, values: ArrayLike | Sequence[int]) -> list[int]:
    """A row of whole numbers as Python integers, or a ValueError that names it.

    >>> as_integers("values", [1, 2.5])
    Traceback (most recent call last):
    ValueError: values must be a row of whole numbers, not empty, and 2.5 is none: divide by the \
grid's step and round first.
    """
    row = np.asarray(values, dtype=object)
    numbers = row.tolist() if row.ndim == 1 else []
    for value in numbers or ["an array of shape " + str(row.shape)]:
        if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer):
            raise ValueError(
                f"{name} must be a row of whole numbers, not empty, and {value} is none: divide "
                "by the grid's step and round first."
            )
    return [int(value) for value in numbers]
