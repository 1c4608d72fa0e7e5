"""Lesson 09's answers against independent truths: all subsets, all signs, all masks."""

import itertools
import math

import numpy as np

from l0course.learn.exercises.lesson_09 import (
    EXERCISES,
    enough,
    fewest_parameters,
    keep_units,
    nearest,
    splits_evenly,
    typical_gap,
)
from l0course.sum_theory import median_error, sparse_sum_size


def test_the_nearest_sum_is_that_of_all_subsets():
    rng = np.random.default_rng(0)
    for n in range(1, 11):
        rows = np.array(list(itertools.product((0, 1), repeat=n)))
        for _ in range(20):
            x, target = rng.normal(size=n), rng.normal()
            assert abs(nearest(x, target) - np.abs(rows @ x - target).min()) < 1e-12


def test_numbers_split_evenly_if_some_signs_say_so():
    rng = np.random.default_rng(1)
    for n in range(1, 9):
        signs = np.array(list(itertools.product((-1, 1), repeat=n)))
        for _ in range(40):
            numbers = rng.integers(1, 50, n)
            assert splits_evenly(numbers.tolist()) == (np.abs(signs @ numbers).min() <= 1)


def test_a_kept_unit_passes_its_product_on_either_side():
    rng = np.random.default_rng(2)
    for w in (-0.8, 0.3, 0.0):
        u, v = rng.uniform(-1, 1, 36), rng.uniform(-1, 1, 36)
        keep = keep_units(u, v, w)
        x = np.linspace(-2, 2, 101)
        y = np.maximum(x[:, None] * u * keep, 0) @ v
        assert np.abs(y - w * x).max() < 0.01


def test_formulas_are_those_of_the_package():
    for n in (4, 12, 30):
        assert math.isclose(typical_gap(n), median_error(n))
    for k, error in itertools.product((2, 5, 9), (1e-1, 1e-3, 1e-5)):
        assert enough(k, error) == sparse_sum_size(k, error)


def test_fewer_parameters_than_that_have_too_few_masks():
    for d, bits in itertools.product((1, 2, 3, 5), (1, 2, 4)):
        a, targets = fewest_parameters(d, bits), (2 * 4**bits + 1) ** (d * d)
        assert 2 ** (a - 1) < targets <= 2**a


def test_there_are_six_exercises():
    assert [e.id for e in EXERCISES] == [f"09.{k}" for k in range(1, 7)]
