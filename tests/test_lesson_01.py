"""Lesson 01's answers against independent truths: closed forms, densities, exact fractions."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import integrate, stats

from l0course.learn.exercises.lesson_01 import (
    HALF_THE_ERROR,
    LEARN_ALONG,
    bits_per_row,
    cell,
    flag_bits,
    learn_along,
    left_out,
    mix,
)


@pytest.fixture
def rng():
    return np.random.default_rng(1)


def test_the_price_of_flags_is_that_of_the_bernoulli(rng):
    for q in (0.01, 0.3, 0.5, 0.9):
        x = (rng.random(30) < 0.4).astype(int)
        assert flag_bits(x, q) == pytest.approx(-stats.bernoulli(q).logpmf(x).sum() / math.log(2))


def test_the_lengths_of_all_rows_of_flags_make_a_code():
    """Kraft with equality: the probabilities 2^-bits of all rows add up to 1, in both codes."""
    every = [np.array(x) for x in itertools.product((0, 1), repeat=8)]
    for bits in (lambda x: flag_bits(x, 0.23), learn_along):
        assert sum(2 ** -bits(x) for x in every) == pytest.approx(1, abs=1e-12)


def test_who_peeks_has_no_code():
    """Lengths that no decoder can read break Kraft's inequality."""
    peeked = next(m for m in LEARN_ALONG.mistakes if m.name == "peeked").wrong
    every = (np.array(x) for x in itertools.product((0, 1), repeat=8))
    assert sum(2 ** -peeked(x) for x in every) > 1.5


def test_learning_along_is_the_average_over_all_shares(rng):
    """The rule of the half is the mixture of all q under the prior Beta(1/2, 1/2)."""
    for share in (0.1, 0.5):
        x = (rng.random(25) < share).astype(int)
        ones = int(x.sum())
        average, _ = integrate.quad(
            lambda u, ones=ones: (
                np.sin(u) ** (2 * ones) * np.cos(u) ** (2 * (25 - ones)) * 2 / math.pi
            ),
            0,
            math.pi / 2,
            epsabs=0,
            epsrel=1e-11,
        )  # q = sin(u)^2 makes the prior flat
        assert learn_along(x) == pytest.approx(-math.log2(average), rel=1e-9)


def test_squared_error_is_the_density(rng):
    for sigma in (0.3, 1.0, 20.0):
        r = sigma * rng.normal(size=50)
        mean = -stats.norm(0, sigma).logpdf(r).mean() / math.log(2)
        assert bits_per_row(np.square(r).mean(), sigma) == pytest.approx(mean, rel=1e-12)


def test_half_the_error_saves_half_a_bit_at_the_best_sigma():
    def least(mse):
        return min(bits_per_row(mse, s) for s in np.sqrt(mse) * np.linspace(0.9, 1.1, 2001))

    assert least(8.0) - least(4.0) == pytest.approx(HALF_THE_ERROR.reference, abs=1e-6)


@pytest.mark.parametrize("b", [1, 2, 5, 8])
def test_no_other_cell_has_a_nearer_middle(b, rng):
    span = 3.0
    w = rng.normal(0, 2, size=(40, 2))
    middles = -span + (np.arange(2**b) + 0.5) * 2 * span / 2**b
    nearest = np.abs(w[..., None] - middles).argmin(axis=-1)
    assert np.array_equal(cell(w, b, span), nearest)


def test_the_price_of_the_place_is_the_binomial():
    for n, k, b in [(12, 5, 3), (300, 20, 32), (300, 300, 4)]:
        assert left_out(n, k, b) == pytest.approx(math.log2(math.comb(n, k)) / (k * b), abs=1e-12)


def test_the_mixture_adds_probabilities(rng):
    for _ in range(20):
        bits = rng.integers(1, 60, size=7)
        total = sum(Fraction(1, 2 ** int(b)) for b in bits)
        assert mix(bits.astype(float)) == pytest.approx(-math.log2(total), abs=1e-12)
        assert mix(bits + 5000.0) == pytest.approx(5000 - math.log2(total), abs=1e-9)
        assert mix(bits.astype(float)) <= bits.min()


def test_solomonoffs_bound_on_coins_by_another_road():
    """The counts of ones are all that coins see, so the expectation is a binomial sum."""
    thetas = np.array([0.25, 0.5, 0.75, 0.9])
    lengths = np.array([3.0, 1.0, 3.0, 4.0])
    for truth, length in zip(thetas, lengths, strict=True):
        total = 0.0
        for t in range(200):
            ones = np.arange(t + 1)[:, None]
            logs = ones * np.log(thetas) + (t - ones) * np.log(1 - thetas) - lengths * math.log(2)
            votes = np.exp(logs - logs.max(axis=1, keepdims=True))
            xi = votes @ thetas / votes.sum(axis=1)
            total += 2 * stats.binom(t, truth).pmf(ones[:, 0]) @ np.square(truth - xi)
        assert 0 < total <= length * math.log(2)
