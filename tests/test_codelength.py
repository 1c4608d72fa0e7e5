"""Bits against exact integers, SciPy and a numeric minimisation."""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from scipy import special, stats

from l0course import codelength as c


@pytest.mark.parametrize(
    ("n", "k"), [(1, 0), (10, 3), (60, 30), (1000, 999), (266_610, 4000), (10**9, 1), (10**9, 7)]
)
def test_support_bits_equal_the_exact_binomial(n, k):
    exact = math.log2(math.comb(n, k)) if math.comb(n, k) < 2**1000 else _log2(math.comb(n, k))
    assert c.support_bits(n, k) == pytest.approx(exact, rel=1e-9, abs=1e-6)


def _log2(big: int) -> float:
    shift = big.bit_length() - 60
    return shift + math.log2(big >> shift)


def test_support_bits_of_a_billion_approach_the_binary_entropy():
    n, k = 10**9, 10**8
    p = k / n
    entropy = -p * math.log2(p) - (1 - p) * math.log2(1 - p)
    bits = c.support_bits(n, k)
    assert n * entropy - math.log2(n + 1) < bits < n * entropy


def test_gaussian_bits_equal_scipys_density():
    r = np.random.default_rng(0).normal(size=(7, 3))
    density = stats.norm(0, 0.3).logpdf(r).sum() / math.log(2)
    assert c.gaussian_bits(r, 0.3) == pytest.approx(-density, rel=1e-12)
    assert c.gaussian_bits(r, 0.3, 2**-8) == pytest.approx(-density + 8 * 21, rel=1e-12)


def test_mdl_alpha_minimises_the_two_part_code():
    """Adding a weight that lowers the MSE by more than mdl_alpha saves bits; by less costs bits."""
    sigma, b, n = 0.08, 16, 300
    alpha = c.mdl_alpha(sigma, b, n)
    for gain, saves in [(1.01 * alpha, True), (0.99 * alpha, False)]:
        before = n * 0.01 / (2 * sigma**2 * math.log(2))
        after = n * (0.01 - gain) / (2 * sigma**2 * math.log(2)) + b
        assert (after < before) is saves


def test_two_part_and_prequential_by_hand():
    assert c.two_part_bits(100.0, 10, 3, 8) == pytest.approx(100 + math.log2(11 * 120) + 24)
    assert c.prequential_bits([math.log(2)] * 5) == pytest.approx(5)


def test_label_bits_are_torchs_cross_entropy():
    rng = np.random.default_rng(1)
    scores, labels = rng.normal(size=(50, 7)), rng.integers(0, 7, 50)
    nats = torch.nn.functional.cross_entropy(
        torch.tensor(scores), torch.tensor(labels), reduction="sum"
    )
    assert c.label_bits(special.softmax(scores, axis=1), labels) == pytest.approx(
        nats.item() / math.log(2)
    )
    assert c.label_bits([[0.0, 1.0]], [0]) == math.inf


def test_a_mixture_adds_probabilities():
    bits = [3.0, 5.0, 5.0, math.inf]
    total = Fraction(1, 8) + 2 * Fraction(1, 32)
    assert c.mixture_bits(bits) == pytest.approx(-math.log2(total), rel=1e-15)
    far = c.mixture_bits(np.array(bits) + 1e5)  # probabilities that no float holds
    assert far == pytest.approx(1e5 - math.log2(total), rel=1e-12)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: c.gaussian_bits([1.0], 0), "sigma must"),
        (lambda: c.gaussian_bits([float("nan")], 1), "residuals must be finite"),
        (lambda: c.label_bits([[0.5, 0.4]], [0]), "sum to 1"),
        (lambda: c.label_bits([[0.5, 0.5]], [2]), "from 0 to 1"),
        (lambda: c.mixture_bits([]), "at least one length"),
        (lambda: c.support_bits(3, 4), "k is 4 and n is 3"),
        (lambda: c.prequential_bits([float("inf")]), "losses must be finite"),
        (lambda: c.mdl_alpha(0.1, 8, 0), "n must be at least 1"),
    ],
)
def test_bad_input_gets_one_sentence(call, says):
    with pytest.raises(ValueError, match=says):
        call()
