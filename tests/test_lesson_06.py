"""Lesson 06's answers against independent truths: counting, Kraft's inequality, round trips."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from l0course.codec.range_coder import ONE, Coder
from l0course.learn.exercises.lesson_06 import (
    adaptive_bits,
    choose,
    entropy,
    grid_bits,
    lloyd,
    position_bits,
    read,
)


@pytest.fixture
def rng():
    return np.random.default_rng(6)


def all_flags(n):
    return (np.array(flags, dtype=bool) for flags in itertools.product([False, True], repeat=n))


@pytest.mark.parametrize("n", [2, 5, 9])
def test_the_ideal_code_numbers_all_sets(n):
    for k in range(n + 1):
        sets = sum(1 for _ in itertools.combinations(range(n), k))
        bitmap, listed, ideal = position_bits(n, k)
        assert (bitmap, listed) == (n, k * len(f"{n - 1:b}"))  # as many digits as the last index
        assert 2**ideal == pytest.approx(sets)


def test_the_adaptive_code_wastes_nothing_and_costs_the_same_in_any_order():
    """Kraft with equality: no probability is unused. And Laplace's rule in closed form."""
    for n in (1, 4, 9):
        assert sum(2 ** -adaptive_bits(flags) for flags in all_flags(n)) == pytest.approx(1)
        for flags in all_flags(n):
            sets = math.comb(n, int(flags.sum()))
            assert adaptive_bits(flags) == pytest.approx(math.log2(sets) + math.log2(n + 1))


@pytest.mark.parametrize("shape", [(1, 3), (3, 3), (2, 4)])
def test_rows_and_columns_first_is_a_code(shape):
    """Kraft: the masks of one shape share a probability of at most 1."""
    masks = [flags.reshape(shape) for flags in all_flags(math.prod(shape))]
    assert sum(2 ** -grid_bits(mask) for mask in masks) <= 1


def test_rows_and_columns_first_pays_exactly_where_neurons_have_died(rng):
    spread = rng.permutation(np.arange(60 * 50) < 150).reshape(60, 50)
    packed = np.zeros((60, 50), bool)
    packed[:20, :15] = rng.permutation(np.arange(300) < 150).reshape(20, 15)
    plain = math.log2(math.comb(3000, 150))
    assert grid_bits(packed) < plain < grid_bits(spread)


def test_entropy_is_scipys_and_what_the_coder_needs(rng):
    for n, p in [(3000, 0.3), (20_000, 0.05)]:
        index = rng.binomial(9, p, size=n)
        counts = np.bincount(index)
        assert entropy(index) == pytest.approx(stats.entropy(counts, base=2))
        writer = Coder()
        shares = np.maximum(counts * ONE // n, 1)
        shares[shares.argmax()] += ONE - shares.sum()
        writer.symbols(shares, n, index)
        assert len(writer.code()) == pytest.approx(n * entropy(index) / 8, rel=0.002, abs=2)


def squared_error(x, centres):
    return sum(min((one - c) ** 2 for c in centres) for one in x)


def test_a_lloyd_step_never_raises_the_error_and_rests_at_means(rng):
    for _ in range(30):
        x, centres = rng.normal(size=15), rng.normal(size=4)
        for _ in range(20):
            moved = lloyd(x, centres)
            assert squared_error(x, moved) <= squared_error(x, centres) + 1e-12
            centres = moved
        for c in centres:  # now at rest: each is the mean of those that chose it, or nobody did
            mine = [one for one in x if min(centres, key=lambda other: abs(one - other)) == c]
            assert not mine or c == pytest.approx(sum(mine) / len(mine))


def test_no_smaller_file_is_good_enough(rng):
    none = 0
    for _ in range(200):
        sizes = rng.permutation(np.arange(100, 108))
        errors, allowed = rng.random(8), rng.random()
        found = choose(sizes, errors, allowed)
        good = {int(size) for size, error in zip(sizes, errors, strict=True) if error <= allowed}
        assert (found is None) == (not good)
        assert found is None or sizes[found] == min(good)
        none += found is None
    assert 0 < none < 100


def written(weights):
    """The tiny format, written the slow way: one decision a zero."""
    levels = sorted(set(weights[weights != 0].tolist()))
    out, gap = bytearray([len(levels)]) + np.array(levels, "<f4").tobytes(), 0
    for value in weights.tolist():
        if value != 0:
            out += bytes([gap, levels.index(value)])
            gap = 0
        elif gap == 254:
            out.append(255)
            gap = 0
        else:
            gap += 1
    return bytes(out)


def test_the_reader_reads_what_was_written(rng):
    for n, density in [(1, 1.0), (40, 0.5), (3000, 0.002), (254, 0.0), (512, 0.004)]:
        for _ in range(10):
            live = rng.random(n) < density
            weights = np.where(live, rng.choice([-1.5, 0.25, 3.0], n), 0).astype(np.float32)
            assert np.array_equal(read(written(weights), n), weights)


def test_the_reader_survives_every_cut_and_a_thousand_forgeries(rng):
    weights = np.zeros(900, np.float32)
    weights[[3, 280, 899]] = [1.0, -2.0, 1.0]
    blob = written(weights)
    cut = [read(blob[:length], 900) for length in range(len(blob))]
    assert sum(one is None for one in cut) >= 9 + 3  # inside the levels, and inside a pair
    assert not any(one is not None and np.array_equal(one, weights) for one in cut)
    refused = 0
    for _ in range(1000):
        forged = bytearray(blob)
        forged[rng.integers(len(blob))] = rng.integers(256)
        answer = read(bytes(forged), 900)
        refused += answer is None
        assert answer is None or answer.shape == (900,)
    assert refused > 200
