"""Lesson 11's answers against independent truths: brute force, scipy, simulation."""

import itertools
import math

import numpy as np
import pytest
from scipy.stats import binomtest

from l0course.learn.exercises.lesson_11 import choose, front, luck, rates, two_part_total, wilson


@pytest.fixture
def rng():
    return np.random.default_rng(11)


def test_the_rates_are_those_of_the_published_network():
    """LeNet-300-100: 266,610 weights; with 1,984 left and 2,022 bytes, as recorded."""
    in_weights, in_bytes = rates(266_610, 10_000, 1_984, 2_022)
    assert in_weights == pytest.approx(134.38, abs=0.005)
    assert in_bytes == pytest.approx(1_066_440 / 2_022)


def test_the_whole_message_is_a_code(rng):
    """Kraft: over all labels that could come, 2 ** -bits adds up to 2 ** -(bits of the file)."""
    logits = rng.normal(size=(4, 3))
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    every = [
        two_part_total(5, p, np.array(labels)) for labels in itertools.product(range(3), repeat=4)
    ]
    assert sum(2.0**-bits for bits in every) == pytest.approx(2.0**-40)


def test_the_choice_is_the_smallest_that_the_rows_cannot_tell_apart(rng):
    for _ in range(200):
        sizes, errors = rng.permutation(np.arange(90, 98)), rng.integers(0, 60, size=8) / 300
        found = choose(sizes, errors, 300)
        least = min(errors)
        spread = np.std([1.0] * round(300 * least) + [0.0] * round(300 * (1 - least)))
        allowed = [i for i in range(8) if errors[i] <= least + spread / math.sqrt(300) + 1e-12]
        assert found == min(allowed, key=lambda i: sizes[i])


@pytest.mark.parametrize(("wrong", "rows"), [(0, 1), (0, 400), (12, 400), (400, 400), (7, 10_000)])
def test_the_interval_is_scipys(wrong, rows):
    known = binomtest(wrong, rows).proportion_ci(0.95, method="wilson")
    assert wilson(wrong, rows) == pytest.approx((known.low, known.high), abs=1e-12)


def test_the_front_is_found_by_asking_everybody(rng):
    for _ in range(100):
        sizes, errors = rng.integers(0, 8, size=(2, 12))
        for i, on_front in enumerate(front(sizes, errors)):
            rivals = [
                j
                for j in range(12)
                if sizes[j] <= sizes[i]
                and errors[j] <= errors[i]
                and (sizes[j], errors[j]) != (sizes[i], errors[i])
            ]
            assert on_front == (not rivals)


def test_the_luck_of_the_best_is_that_of_a_simulation(rng):
    for wrong, error, looks in [(8, 0.04, 10), (11, 0.04, 3), (2, 0.02, 40)]:
        best = rng.binomial(400, error, size=(20_000, looks)).min(axis=1)
        share = (best <= wrong).mean()
        assert luck(wrong, 400, error, looks) == pytest.approx(share, abs=0.015)
