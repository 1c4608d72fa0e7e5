"""Lesson 05's answers against independent truths: every threshold, every path, the function."""

import itertools

import numpy as np
import pytest
import torch
from torch import nn

from l0course import LeNet300, compression_rate
from l0course.learn.exercises.lesson_05 import (
    RATE,
    calls,
    cut,
    fold,
    largest_threshold,
    on_a_path,
)


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def test_the_bisection_finds_the_edge_of_a_monotone_loss(rng):
    """The loss is a floor plus a price for each weight that goes; every threshold is tried."""
    for tolerance in (0.0, 0.05, 0.5, 5.0, 1e9):
        theta, prices = rng.normal(size=40), rng.random(40)

        def metric(w, prices=prices):
            return 2.0 + prices[w == 0].sum()

        sizes = np.append(np.sort(np.abs(theta)), 2 * np.abs(theta).max())
        good = [
            t for t in sizes if metric(np.where(np.abs(theta) < t, 0, theta)) <= 2 + 2 * tolerance
        ]
        found = largest_threshold(theta, metric, tolerance, 1e-9)
        assert 0 <= max(good, default=0.0) - found <= 1e-8
        assert 2.0 == metric(theta)  # nothing was changed


def test_the_bisection_ends_at_an_edge_whatever_the_loss(rng):
    """Its answer passes, and something just above it does not, unless it has reached the top."""
    for _ in range(50):
        theta, table = rng.normal(size=20), rng.random(21)

        def metric(w, table=table):
            return 1.0 + table[np.count_nonzero(w)] * (np.count_nonzero(w) < 20)

        limit = 1.3
        found = largest_threshold(theta, metric, 0.3, 1e-6)
        assert metric(np.where(np.abs(theta) < found, 0, theta)) <= limit
        above = found + 1e-6
        top = 2 * np.abs(theta).max()
        assert above >= top or metric(np.where(np.abs(theta) < above, 0, theta)) > limit


@pytest.mark.parametrize("answers", [1, 2, 3, 4, 7, 8, 9, 33, 100])
def test_no_answer_takes_more_calls_and_some_answer_takes_as_many(answers):
    """A bisection of the list is played for each answer; one call is for the base."""
    worst = 0
    for answer in range(answers):
        low, high, questions = 0, answers, 0
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if middle <= answer else (low, middle)
            questions += 1
        assert low == answer
        worst = max(worst, questions)
    assert calls(answers) == worst + 1


def paths(masks, biases):
    """Which weights lie on a path from an input or a bias to an output, by walking all paths."""
    live = [np.zeros_like(m) for m in masks]
    widths = [masks[0].shape[1], *(len(m) for m in masks)]
    for start in range(len(masks)):  # a path begins at an input, or at a neuron with a bias
        if start:
            begins = [j for j in range(widths[start]) if biases[start - 1][j]]
        else:
            begins = list(range(widths[0]))
        for way in itertools.product(begins, *(range(n) for n in widths[start + 1 :])):
            steps = [(start + k, way[k + 1], way[k]) for k in range(len(way) - 1)]
            if all(masks[layer][out, into] for layer, out, into in steps):
                for layer, out, into in steps:
                    live[layer][out, into] = True
    return live


def test_the_graph_search_is_a_walk_along_all_paths(rng):
    for _ in range(60):
        widths = rng.integers(1, 5, size=5)
        masks = [rng.random((o, i)) < 0.4 for i, o in zip(widths, widths[1:], strict=False)]
        biases = [rng.random(o) < 0.2 for o in widths[1:]]
        for got, wanted in zip(on_a_path(masks, biases), paths(masks, biases), strict=True):
            assert np.array_equal(got, wanted)


def network(W1, b1, W2, b2):
    return lambda x: np.maximum(x @ W1.T + b1, 0) @ W2.T + b2


def holey_layers(rng, hidden=7):
    W1 = rng.normal(size=(hidden, 3)) * (rng.random((hidden, 1)) < 0.5)
    return W1, rng.normal(size=hidden), rng.normal(size=(2, hidden)), rng.normal(size=2)


def test_folding_and_cutting_keep_the_function(rng):
    for _ in range(30):
        W1, b1, W2, b2 = layers = holey_layers(rng)
        x = 10 * rng.normal(size=(100, 3))
        before = network(*layers)(x)
        b1, W2, b2 = fold(*layers)
        assert np.allclose(network(W1, b1, W2, b2)(x), before, atol=1e-12)
        idle = ~W1.any(axis=1)
        assert not b1[idle].any() and not W2[:, idle].any()
        smaller = cut(W1, b1, W2, ~idle)
        assert [t.shape for t in smaller] == [((~idle).sum(), 3), ((~idle).sum(),), (2, sum(~idle))]
        assert np.allclose(network(*smaller, b2)(x), before, atol=1e-12)


@pytest.mark.parametrize(
    ("function", "bias", "slope"), [(torch.sigmoid, -128.0, True), (torch.tanh, -30.0, False)]
)
def test_only_underflow_is_cured_by_more_digits(function, bias, slope):
    """On noise the sigmoid underflows in float32 only; the tanh is saturated in float64 as well."""
    for dtype, alive in ((torch.float32, False), (torch.float64, slope)):
        x = torch.linspace(-5, 5, 101, dtype=dtype, requires_grad=True)
        (gradient,) = torch.autograd.grad(function(x + bias).sum(), x)
        assert bool(gradient.all()) == bool(gradient.any()) == alive


def test_the_rate_is_that_of_the_package_before_anything_is_cut():
    model = LeNet300(seed=0)
    with torch.no_grad():
        vector = torch.zeros(266_610)
        vector[:1_900] = 1.0
        nn.utils.vector_to_parameters(vector, model.parameters())
    assert compression_rate(model) == pytest.approx(RATE.reference, rel=1e-12)
