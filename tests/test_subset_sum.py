"""Subset sums against brute force: the best subset, the exact one, and how many there are."""

import itertools
import math

import numpy as np
import pytest

from l0course.quantised_sum import exact_subset_sum, reachable_sums, sparsest_subset_sum
from l0course.subset_sum import best_subset_sum, count_subset_sums, partition_count
from l0course.sum_heuristics import differencing_subset_sum, greedy_subset_sum
from l0course.sum_theory import (
    binary_entropy,
    expected_hits,
    median_error,
    partition_probability,
    sparse_sum_size,
    success_bounds,
)


def every_subset(n):
    """(2^n, n) of 0 and 1: each row a subset."""
    return (np.arange(2**n)[:, None] >> np.arange(n) & 1).astype(float)


def test_the_best_of_2000_random_instances_is_that_of_brute_force():
    rng = np.random.default_rng(9)
    instances = 0
    for n in range(1, 19):
        rows = every_subset(n)
        sizes = rows.sum(axis=1)
        for _ in range(112):
            x, target = rng.uniform(-1, 1, n), rng.uniform(-1.5, 1.5)
            gaps = np.abs(rows @ x - target)
            size = int(rng.integers(0, n + 1))
            for k, best in ((None, gaps.min()), (size, gaps[sizes == size].min())):
                chosen, error = best_subset_sum(x, target, k)
                assert k is None or len(chosen) == k == len(set(chosen))
                assert error == pytest.approx(abs(x[chosen].sum() - target), abs=1e-13)
                assert error == pytest.approx(best, abs=1e-13)
            tolerance = rng.uniform(0, 0.3)
            hits = gaps <= tolerance
            assert count_subset_sums(x, target, tolerance) == hits.sum()
            assert count_subset_sums(x, target, tolerance, size) == hits[sizes == size].sum()
            instances += 1
    assert instances >= 2000


def test_whole_numbers_are_hit_exactly_or_not_at_all():
    rng = np.random.default_rng(1)
    for n in range(1, 13):
        rows = every_subset(n).astype(int)
        for _ in range(25):
            largest = int(rng.choice([3, 40, 2000]))
            x, target = rng.integers(-largest, largest + 1, n), int(rng.integers(-9, 60))
            sums = rows @ x
            hits = sums == target
            for k in (None, *range(n + 1)):
                right = hits if k is None else hits & (rows.sum(axis=1) == k)
                chosen = exact_subset_sum(x, target, k)
                assert (chosen is not None) == right.any()
                assert chosen is None or (x[chosen].sum() == target and k in (None, len(chosen)))
                assert count_subset_sums(x, target, size=k) == right.sum()
            few = sparsest_subset_sum(x, target)
            assert few is None or len(few) == rows[hits].sum(axis=1).min()
            best, error = best_subset_sum(x, target)
            assert error == np.abs(sums - target).min() == abs(x[best].sum() - target)
            bits, low = reachable_sums(x)
            assert {low + s for s in range(bits.bit_length()) if bits >> s & 1} == set(sums)


def test_partitions_are_counted_as_signs():
    rng = np.random.default_rng(2)
    for n in range(1, 12):
        x = rng.integers(1, 30, n)
        sums = np.abs(np.array(list(itertools.product((-1, 1), repeat=n))) @ x)
        for difference in range(40):
            assert partition_count(x, difference) == np.count_nonzero(sums == difference)


def test_large_whole_numbers_stay_exact():
    """Differences that float64 cannot see."""
    x = [2**60 + 1, 2**60, -(2**59), 3]
    chosen, error = best_subset_sum(x, 2**60 + 3)
    assert (chosen.tolist(), error) == ([1, 3], 0)
    chosen, error = best_subset_sum(x, 2**60 + 2)
    assert error == 1


def test_heuristics_never_beat_the_best_and_differencing_is_the_better_one():
    rng = np.random.default_rng(3)
    errors = []
    for _ in range(200):
        x, target = rng.uniform(-1, 1, 20), rng.uniform(-1, 1)
        row = []
        for method in (best_subset_sum, differencing_subset_sum, greedy_subset_sum):
            chosen, error = method(x, target)
            assert error == pytest.approx(abs(x[chosen].sum() - target), abs=1e-13)
            row.append(error)
        assert row[0] <= min(row) + 1e-13
        errors.append(row)
    best, differencing, greedy = np.median(errors, axis=0)
    assert 100 * best < differencing < greedy
    assert differencing_subset_sum([4, 5, 6, 7, 8], 0)[1] == 0  # the empty subset is one


def test_the_empty_subset_and_all_numbers_are_subsets_too():
    assert best_subset_sum([5.0], 1.0) == (pytest.approx([]), 1.0)
    assert best_subset_sum([1, 2, 3], 6)[0].tolist() == [0, 1, 2]
    assert best_subset_sum([1, 2, 3], 0, size=3) == (pytest.approx([0, 1, 2]), 6)
    assert exact_subset_sum([1, 2], 0).tolist() == []


# ----------------------------------------------------------------------- theory


def test_the_moment_bounds_are_those_of_a_simulation():
    """E[Y] and E[Y^2] of the number of hits, estimated from draws: within four standard errors."""
    rng, n, k, error, z, draws = np.random.default_rng(4), 9, 3, 0.05, 0.5, 20_000
    subsets = np.array(list(itertools.combinations(range(n), k)))
    sums = rng.uniform(-1, 1, (draws, n))[:, subsets].sum(axis=2)
    y = (np.abs(sums - z) < error).sum(axis=1)
    mean, (lower, upper) = expected_hits(n, k, error, z), success_bounds(n, k, error, z)
    assert abs(y.mean() - mean) < 4 * y.std() / math.sqrt(draws)
    square = mean**2 / lower
    assert abs((y**2).mean() - square) < 4 * (y**2).std() / math.sqrt(draws)
    success = (y > 0).mean()
    assert lower - 0.01 < success < upper + 0.01 and upper == 1.0
    assert success_bounds(4, 4, 1e-3, 0.5)[0] == pytest.approx(expected_hits(4, 4, 1e-3, 0.5))


def test_the_median_error_is_that_of_a_simulation():
    rng = np.random.default_rng(5)
    for n, k in ((12, None), (16, None), (16, 4), (20, 8)):
        errors = [best_subset_sum(rng.uniform(-1, 1, n), 0.2, k)[1] for _ in range(400)]
        assert 0.6 < np.median(errors) / median_error(n, k) < 1.8


def test_entropy_size_and_partition_probability():
    assert binary_entropy(0.25) == pytest.approx(2 - 0.75 * math.log2(3))
    assert binary_entropy(0.0) == 0.0
    for k, error in ((3, 1e-2), (5, 1e-4), (8, 1e-3)):
        n = sparse_sum_size(k, error)
        assert n * binary_entropy(k / n) >= math.log2(k / error)
        assert n == 2 * k or (n - 1) * binary_entropy(k / (n - 1)) < math.log2(k / error)
    rng = np.random.default_rng(6)
    n, largest = 12, 2**11
    found = [
        sum(partition_count(rng.integers(1, largest + 1, n), d) for d in (0, 1)) > 0
        for _ in range(600)
    ]
    assert abs(np.mean(found) - partition_probability(n, largest)) < 0.07


# -------------------------------------------------------------------- bad input


@pytest.mark.parametrize("solve", [best_subset_sum, greedy_subset_sum, differencing_subset_sum])
@pytest.mark.parametrize(
    ("values", "target", "says"),
    [
        ([], 1.0, "not empty"),
        ([[1.0, 2.0]], 1.0, r"its shape is \(1, 2\)"),
        ([1.0, math.nan], 1.0, "look for NaN"),
        ([1.0, 2.0], math.inf, "must be finite"),
        (["a"], 1.0, "must be finite"),
        ([1.0], "1", "must be finite"),
        ([2**70], 0, "very large integers"),
        ([2**61, 2**61], 0, "below 2\\^62"),
    ],
)
def test_bad_numbers_are_named(solve, values, target, says):
    with pytest.raises(ValueError, match=says):
        solve(values, target)


@pytest.mark.parametrize("size", [4, -1, 1.5])
def test_a_size_that_cannot_be_is_refused(size):
    for solve in (best_subset_sum, exact_subset_sum):
        with pytest.raises(ValueError, match="size must"):
            solve([1, 2, 3], 3, size)


@pytest.mark.parametrize("values", [[1, 2.5], [], [1.0], [True], [[1, 2]], [math.nan]])
def test_the_exact_solver_wants_whole_numbers(values):
    for solve in (exact_subset_sum, sparsest_subset_sum):
        with pytest.raises(ValueError, match="whole numbers, not empty"):
            solve(values, 3)
    with pytest.raises(ValueError, match="target must be a row of whole numbers"):
        exact_subset_sum([1, 2], 0.5)
    with pytest.raises(ValueError, match="whole numbers"):
        partition_count([0.5, 1.5])


def test_what_does_not_fit_into_memory_is_refused_with_the_estimate():
    with pytest.raises(ValueError, match=r"60 numbers would take 32\.0 GiB"):
        best_subset_sum(np.ones(60), 0.0)
    with pytest.raises(ValueError, match="smaller size"):
        best_subset_sum(np.ones(400), 0.0, size=8)
    assert best_subset_sum(np.arange(100), 5, size=98)[1] == sum(range(98)) - 5
    with pytest.raises(ValueError, match="coarser grid"):
        exact_subset_sum([2**50] * 3, 2**51)
