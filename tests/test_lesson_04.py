"""Lesson 04's answers against independent truths: autograd, Adam, scikit-learn, searches."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar
from sklearn.linear_model import Lasso

from l0course import MLP
from l0course.drr_options import LayerDRR
from l0course.learn.exercises.lesson_04 import (
    first_step,
    half_pull,
    norm_factors,
    proximal_step,
    shrunk_and_relaxed,
    smooth_count,
    steepest,
)


@pytest.fixture
def rng():
    return np.random.default_rng(4)


@pytest.mark.parametrize("beta", [0.5, 5.0, 40.0])
def test_the_smooth_count_and_its_slope_are_those_of_autograd(rng, beta):
    theta = rng.normal(size=(7, 9))
    theta[0, :3] = 0
    tensor = torch.tensor(theta, requires_grad=True)
    value = 0.3 * (1 - torch.exp(-beta * tensor.abs())).sum()
    value.backward()
    price, slope = smooth_count(theta, 0.3, beta)
    assert np.isclose(price, value.item(), rtol=1e-12)
    assert np.allclose(slope, tensor.grad.numpy(), atol=1e-12)


def test_half_of_the_pull_and_half_of_the_price_are_at_one_place():
    for beta in (0.1, 5.0, 300.0):
        at, near = np.array([half_pull(beta)]), np.array([1e-12])
        price, slope = smooth_count(at, 0.7, beta)
        assert np.isclose(slope, smooth_count(near, 0.7, beta)[1] / 2)
        assert np.isclose(price, 0.35)


def valleys(z, strength, beta):
    """How many local minima (x - z)^2 / 2 + strength * (1 - exp(-beta x)) has on x >= 0."""
    x = np.linspace(0, z + 1, 40_001)
    cost = (x - z) ** 2 / 2 - strength * np.expm1(-beta * x)
    padded = np.concatenate([[np.inf], cost])  # x < 0 is dearer
    return int(((padded[1:-1] < padded[:-2]) & (padded[1:-1] <= padded[2:])).sum())


@pytest.mark.parametrize("strength", [0.04, 0.25, 3.0])
def test_the_second_valley_opens_at_the_steepest_beta(strength):
    limit = steepest(strength)
    for factor, most in [(0.5, 1), (0.98, 1), (1.1, 2), (3.0, 2)]:
        beta = factor * limit
        targets = np.linspace(0.8, 1.2, 401) * strength * beta  # the valley at 0 closes here
        assert max(valleys(z, strength, beta) for z in targets) == most


@pytest.mark.parametrize("alpha", [1e-3, 1.0, 1e3])
def test_the_first_step_is_that_of_torch(rng, alpha):
    theta = np.append(rng.normal(size=20), 0.0)
    tensor = torch.tensor(theta, requires_grad=True)
    optimiser = torch.optim.Adam([tensor], lr=0.02, eps=1e-30)
    (alpha * (1 - torch.exp(-3 * tensor.abs())).sum()).backward()
    optimiser.step()
    assert np.allclose(first_step(theta, alpha, 3.0, 0.02), tensor.detach().numpy(), atol=1e-12)


def test_the_proximal_step_minimises_parabola_and_penalty(rng):
    theta, gradient = rng.normal(size=(2, 40))
    found = proximal_step(theta, gradient, 0.8, 0.5)
    assert (found == 0).any() and (found != 0).any()
    for one, t, g in zip(found, theta, gradient, strict=True):

        def cost(x, t=t, g=g):
            return g * x + (x - t) ** 2 / (2 * 0.5) + 0.8 * abs(x)

        best = minimize_scalar(cost, bounds=(-6, 6), method="bounded", options={"xatol": 1e-10})
        assert cost(one) <= best.fun + 1e-12


def test_proximal_steps_end_at_the_lasso(rng):
    X = rng.normal(size=(50, 8))
    y = X[:, 0] - 0.5 * X[:, 3] + 0.3 * rng.normal(size=50)
    w = np.full(8, 0.1)
    for _ in range(3000):
        w = proximal_step(w, X.T @ (X @ w - y) / 50, 0.1, 0.2)
    lasso = Lasso(alpha=0.1, fit_intercept=False, tol=1e-14, max_iter=100_000).fit(X, y).coef_
    assert np.allclose(w, lasso, atol=1e-9)
    assert np.array_equal(w == 0, lasso == 0) and (w == 0).any()


def test_shrunk_is_the_lasso_and_relaxed_is_least_squares_on_its_support(rng):
    n, p, alpha = 40, 6, 0.3
    X = np.linalg.qr(rng.normal(size=(n, p)))[0] * np.sqrt(n)
    y = X @ np.array([2.0, -1.0, 0.5, 0.1, 0.0, -0.2]) + 0.1 * rng.normal(size=n)
    shrunk, relaxed = shrunk_and_relaxed(X, y, alpha)
    lasso = Lasso(alpha=alpha, fit_intercept=False, tol=1e-14, max_iter=100_000).fit(X, y).coef_
    assert np.allclose(shrunk, lasso, atol=1e-9)
    on = np.flatnonzero(lasso)
    assert 0 < len(on) < p
    assert np.allclose(relaxed[on], np.linalg.lstsq(X[:, on], y, rcond=None)[0])
    assert not np.delete(relaxed, on).any()


def test_norm_gives_equal_shares_and_keeps_the_total():
    model = MLP((64, 100, 50, 10), seed=0)
    layers = [layer for layer in model if hasattr(layer, "weight")]
    sizes = [sum(p.numel() for p in layer.parameters()) for layer in layers]
    shares = norm_factors(sizes) * sizes
    assert np.allclose(shares, sum(sizes) / 3)
    package = LayerDRR(alpha=1.0).attach(model).factors
    for factor, layer in zip(norm_factors(sizes), layers, strict=True):
        assert all(np.isclose(package[p], factor) for p in layer.parameters())
