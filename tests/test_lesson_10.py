"""Lesson 10's answers against independent truths, and its claims on the committed records."""

import itertools

import numpy as np
import pytest
import torch

from l0course.figures import data_compression, moment_error, registry
from l0course.figures.width_compression import medians
from l0course.learn.exercises.lesson_10 import (
    loss_features,
    points_needed,
    remove_one,
    times_as_many,
    weighted_gradients,
)


def test_each_walk_removes_a_point_and_keeps_the_moments():
    rng = np.random.default_rng(0)
    for _ in range(30):
        F, c = rng.normal(size=(12, 4)), rng.random(12) + 0.1
        alive, moments = np.arange(12), c @ F
        while len(alive) > 4:
            v = np.linalg.svd(F[alive].T)[2][-1]
            c[alive] = remove_one(c[alive], v)
            assert (c >= 0).all() and np.count_nonzero(c) < len(alive)
            alive = np.flatnonzero(c)
        assert np.allclose(c @ F, moments, atol=1e-10)


def test_points_needed_counts_monomials():
    for m, k in itertools.product(range(1, 5), range(6)):
        powers = itertools.product(range(k + 1), repeat=m)
        assert points_needed(m, k) == sum(sum(p) <= k for p in powers)


def test_the_columns_give_the_loss_of_every_model():
    rng = np.random.default_rng(0)
    x, y, c = rng.normal(size=40), rng.normal(size=40), rng.random(40)
    sums = c @ loss_features(x[:, None] ** np.arange(5), y)  # degree 4: f has degree 2
    assert sums.shape == (11,)
    f = np.array([0.3, -1.0, 2.0])
    square = np.convolve(f, f)
    loss = square @ sums[:5] - 2 * f @ sums[5:8] + sums[10]
    assert loss == pytest.approx(c @ np.square(x[:, None] ** np.arange(3) @ f - y), rel=1e-12)


def test_the_gradient_of_one_neuron_is_that_of_a_copy():
    """Autograd on a network in which each neuron is really there c_j times."""
    rng = np.random.default_rng(0)
    X, y, W, v = rng.normal(size=(9, 2)), rng.normal(size=9), rng.normal(size=(3, 2)), rng.random(3)
    c = np.array([1, 4, 2])
    r = np.tanh(X @ W.T) @ (c * v) - y
    gW, gv = weighted_gradients(X, r, W, v, c)
    places = np.repeat(np.arange(3), c)
    wide_W, wide_v = (torch.tensor(a[places], requires_grad=True) for a in (W, v))
    out = torch.tanh(torch.tensor(X) @ wide_W.T) @ wide_v
    ((out - torch.tensor(y)).square().mean() / 2).backward()
    assert np.allclose(wide_W.grad.numpy(), gW[places]) and np.allclose(wide_v.grad, gv[places])


def test_the_price_of_a_digit_is_that_of_a_grid_of_cells():
    """n cells a side in m dimensions, error n^-(k + 1)."""
    for m, k in [(1, 2), (2, 1), (3, 3)]:
        coarse, fine = 2**m, 6**m
        assert times_as_many(3.0 ** (k + 1), m, k) == pytest.approx(fine / coarse)


def test_recorded_width_compression_says_what_the_lesson_says():
    runs = registry.find("width_compression").load("quick")
    for kind, size in itertools.product(("tanh", "relu"), (126, 495)):
        for what, ways in {"most_100": 5, "end": 1.3}.items():
            chance, ours = (medians(runs, kind, f"{n} {size}", what) for n in ("random", "moments"))
            assert chance > ways * ours
        chance, pilot = (medians(runs, kind, f"{n} {size}", "end") for n in ("random", "pilot"))
        assert chance > 20 * pilot
    for _, r in runs:  # the control blew up (None), or was as far off as the target is large
        assert r["no 1/c 126"]["most_100"] is None or r["no 1/c 126"]["most_100"] > 1
    assert sum(r["no 1/c 126"]["end"] is None for _, r in runs) == 3


def test_recorded_data_compression_says_what_the_lesson_says():
    results = registry.find("data_compression").load("quick")
    for cell, r in results:
        if cell["part"] == "landscape":
            assert r["moments 1000"]["worst"] < r["random 1000"]["worst"] / 20
            if cell["activation"] == "tanh":
                assert r["moments 1000"]["worst"] <= 1e-3
    for optimiser in data_compression.OPTIMISERS:
        assert data_compression.ratio(results, optimiser, 10_000, "moments 1000") <= 1.1
    assert data_compression.ratio(results, "gd", 10_000, "moments 210") <= 1.3


def test_recorded_exponents_follow_the_law():
    for cell, result in registry.find("moment_error").load("quick"):
        found = moment_error.exponent(cell, result)
        if cell["m"] in (2, 3, 4):
            assert abs(found - (cell["k"] + 1) / cell["m"] - 0.5) < 0.45
