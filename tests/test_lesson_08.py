"""Lesson 08's answers against independent truths: closed forms, brute force, gradients."""

import itertools
import math

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.special import gammaln

from l0course.learn.exercises.lesson_08 import (
    COUNTS,
    LONGER,
    best_alpha,
    count_bits,
    entropy_rate,
    iso_loss,
    mix,
    whole,
)
from l0course.texts import MarkovSource


@pytest.fixture
def rng():
    return np.random.default_rng(8)


@pytest.mark.parametrize("order", [0, 1, 2])
def test_the_floor_is_that_of_the_source(order):
    source = MarkovSource(order=order, letters=5, seed=order)
    rate = entropy_rate(source.table, source.stationary)
    assert rate == pytest.approx(source.entropy_rate, rel=1e-12)
    text = source.sample(20_000, seed=1)
    assert source.bits(text) / len(text) == pytest.approx(rate, rel=0.02)


@pytest.mark.parametrize("order", [0, 1, 2])
def test_the_lengths_of_all_texts_make_a_code(order):
    """Kraft with equality: the probabilities 2^-bits of all texts of five letters sum to 1."""
    every = (np.array(x) for x in itertools.product(range(3), repeat=5))
    assert sum(2 ** -count_bits(x, order, 3).sum() for x in every) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("name", ["peeked", "hindsight", "probabilities that do not sum to 1"])
def test_who_cheats_has_no_code(name):
    cheat = next(m for m in COUNTS.mistakes if m.name == name).wrong
    every = (np.array(x) for x in itertools.product(range(3), repeat=5))
    assert sum(2 ** -cheat(x, 1, 3).sum() for x in every) > 1.3


@pytest.mark.parametrize("order", [0, 1, 3])
def test_counts_are_the_mixture_of_all_tables(order, rng):
    """Each memory's letters cost what a Dirichlet(1/2) prior says: a formula without an order."""
    x = rng.integers(0, 4, size=200)
    padded = [0] * order + x.tolist()
    counts: dict[tuple, np.ndarray] = {}
    for t in range(len(x)):
        counts.setdefault(tuple(padded[t : t + order]), np.zeros(4))[x[t]] += 1
    logs = sum(
        gammaln(2) - gammaln(c.sum() + 2) + (gammaln(c + 0.5) - gammaln(0.5)).sum()
        for c in counts.values()
    )
    assert count_bits(x, order, 4).sum() == pytest.approx(-logs / math.log(2), rel=1e-10)


def test_ten_times_the_text_costs_what_the_exercise_says():
    """The regret of the counts against the best table in hindsight, at n and at 10 n."""
    source = MarkovSource(order=2, letters=8, spread=3.0)
    x = np.frombuffer(source.sample(400_000), np.uint8).astype(int) - ord("a")
    bits = count_bits(x, 2, 8)

    def regret(n):
        memory = 8 * np.concatenate([[0, 0], x[: n - 2]]) + np.concatenate([[0], x[: n - 1]])
        counts = np.bincount(8 * memory + x[:n], minlength=512).reshape(64, 8)
        seen = counts[counts > 0]
        best = seen @ np.log2((counts / counts.sum(1, keepdims=True))[counts > 0])
        return bits[:n].sum() + best

    assert regret(400_000) - regret(40_000) == pytest.approx(LONGER.reference, rel=0.03)


def test_whole_parts_are_near_and_none_is_zero(rng):
    for _ in range(200):
        m = int(rng.integers(2, 300))
        total = 1 << int(rng.integers(9, 21))
        p = rng.dirichlet(np.full(m, rng.choice([0.02, 0.3, 3.0])))
        parts = whole(p, total)
        assert parts.sum() == total and parts.min() >= 1
        off = np.abs(parts - p * total)
        off[p.argmax()] = 0
        assert off.max() <= 1 + 1e-9 + (p * m).max()  # one slot each is taken off the top
        assert -(p[p > 0] * np.log2(parts[p > 0] / total / p[p > 0])).sum() < 2 * m / total * 1.45


def test_mixing_follows_the_gradient_of_the_bits(rng):
    for _ in range(20):
        weights, p, bit = rng.normal(size=3), rng.uniform(0.01, 0.99, size=3), int(rng.integers(2))

        def loss(w, p=p, bit=bit):
            mixed = mix(w, p, bit, 0.0)[0]
            return -math.log(mixed if bit else 1 - mixed)

        step = (mix(weights, p, bit, 0.3)[1] - weights) / 0.3
        assert step == pytest.approx(-approx_fprime(weights, loss, 1e-7), abs=1e-5)


def test_an_opinion_of_one_half_is_not_heard(rng):
    p = np.array([0.7, 0.5, 0.2])
    heard, _ = mix(np.array([0.4, 9.0, 0.3]), p, 1, 0.1)
    assert heard == pytest.approx(mix(np.array([0.4, 0.3]), p[[0, 2]], 1, 0.1)[0])


def test_on_an_iso_line_all_files_are_equally_long():
    for model in (0, 1234, 9999):
        nats = iso_loss(10_000, model, 50_000) * 50_000
        assert model + nats / math.log(2) / 8 == pytest.approx(10_000)


def test_the_best_strength_picks_the_shortest_file(rng):
    """Among models on a curve of loss against weights, the minimum of both sums is the same one."""
    live = np.arange(1, 2000)
    for b, n in [(6.0, 10_000), (12.0, 100_000), (32.0, 10_000)]:
        loss = 1.2 + 2.0 * live**-0.4
        bits = n * loss / math.log(2) + b * live
        assert bits.argmin() == (loss + best_alpha(b, n) * live).argmin()
