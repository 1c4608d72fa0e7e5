"""Lesson 03's answers against independent truths: enumeration, autograd, numerical minimisation."""

import itertools

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from l0course.learn.exercises.lesson_03 import (
    admm_round,
    egp_objective,
    expectation,
    gamma_gradient,
    inner_minimum,
    leave_one_out,
    saddle_gradients,
)
from l0course.penalties import capped_quadratic
from l0course.regularizers import pmmp_lagrangian


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def random_regression(rng, p):
    X, y = rng.normal(size=(12, p)), rng.normal(size=12)
    return X, y, rng.normal(size=p), rng.random(p), rng.random()


def table_of(X, y, w, alpha):
    """The loss of every mask, shape (2,) * p."""
    p = X.shape[1]
    masks = itertools.product((0, 1), repeat=p)
    losses = [np.square(y - X @ (w * z)).sum() + alpha * sum(z) for z in masks]
    return np.reshape(losses, (2,) * p)


def test_the_expectation_is_one_coin_at_a_time(rng):
    for n in (1, 2, 5, 12):
        values, gamma = rng.normal(size=(2,) * n), rng.random(n)
        mixed = values
        for chance in gamma:  # average over the first coin that is left
            mixed = (1 - chance) * mixed[0] + chance * mixed[1]
        assert np.isclose(expectation(values, gamma), mixed, rtol=0, atol=1e-12)
        assert expectation(values, gamma) >= values.min()


@pytest.mark.parametrize("p", [1, 4, 10])
def test_the_mean_loss_and_its_slope_are_those_of_all_masks(rng, p):
    X, y, w, gamma, alpha = random_regression(rng, p)
    values = table_of(X, y, w, alpha)
    assert abs(egp_objective(X, y, w, gamma, alpha) - expectation(values, gamma)) < 1e-10
    for j, slope in enumerate(gamma_gradient(X, y, w, gamma, alpha)):
        on, off = ([*gamma[:j], side, *gamma[j + 1 :]] for side in (1.0, 0.0))
        difference = expectation(values, np.array(on)) - expectation(values, np.array(off))
        assert abs(slope - difference) < 1e-9


@pytest.mark.parametrize("K", [2, 3])
def test_leave_one_out_is_unbiased(rng, K):
    """Its mean over all ways to throw K times three coins is the exact slope."""
    X, y, w, gamma, alpha = random_regression(rng, 3)
    values = table_of(X, y, w, alpha)
    mean = np.zeros(3)
    for throws in itertools.product(itertools.product((0, 1), repeat=3), repeat=K):
        masks = np.array(throws)
        chance = np.where(masks, gamma, 1 - gamma).prod()
        losses = np.array([values[z] for z in throws])
        mean += chance * leave_one_out(losses, masks, gamma)
    assert np.allclose(mean, gamma_gradient(X, y, w, gamma, alpha), atol=1e-10)


def test_the_four_slopes_are_those_of_autograd(rng):
    four = [rng.normal(size=50), rng.normal(size=50), rng.random(50), 3 * rng.random(50)]
    tensors = [torch.tensor(part, requires_grad=True) for part in four]
    pmmp_lagrangian(*tensors, alpha=0.3).backward()
    for ours, tensor in zip(saddle_gradients(*four, 0.3), tensors, strict=True):
        assert np.allclose(ours, tensor.grad.numpy(), atol=1e-12)


def test_the_inner_minimum_is_found_by_descent_from_several_starts(rng):
    """1,000 weights at once, by L-BFGS-B on what pmmp_lagrangian adds to the loss."""
    theta, u, alpha = rng.normal(size=1000), rng.exponential(2, 1000) + 0.01, 0.5

    def added(x):
        w, gamma = x.reshape(2, -1)
        value = alpha * gamma + u * ((theta - w * gamma) ** 2 + w**2 * gamma * (1 - gamma))
        _, g_w, g_gamma, _ = saddle_gradients(theta, w, gamma, u, alpha)
        return value.sum(), np.concatenate([g_w, g_gamma])

    least = np.full(1000, np.inf)
    for w0 in np.linspace(-3, 3, 13):  # many: gamma = 0 is a trap, where w has no slope
        x0 = np.repeat([w0, 0.5], 1000)
        bounds = [(None, None)] * 1000 + [(0, 1)] * 1000
        options = {"maxiter": 500, "ftol": 0, "gtol": 1e-9}
        x = minimize(added, x0, jac=True, bounds=bounds, options=options).x
        w, gamma = x.reshape(2, -1)
        value = alpha * gamma + u * ((theta - w * gamma) ** 2 + w**2 * gamma * (1 - gamma))
        least = np.minimum(least, value)
    wanted = inner_minimum(theta, u, alpha)
    assert (least >= wanted - 1e-12).all()  # never below
    assert (least - wanted).max() < 1e-8
    package = capped_quadratic(torch.tensor(theta), torch.tensor(u), alpha).item()
    assert np.isclose(package, wanted.sum())


def test_one_round_of_admm_minimises_both_of_its_parts(rng):
    X, y, alpha, rho = rng.normal(size=(9, 4)), rng.normal(size=9), 0.4, 3.0
    v0, d0 = rng.normal(size=(2, 4))
    theta, v, d = admm_round(X, y, v0, d0, alpha, rho)

    t = torch.tensor(theta, requires_grad=True)
    parts = [torch.tensor(part) for part in (X, y, v0, d0)]
    loss = (parts[1] - parts[0] @ t).square().sum() + rho / 2 * (
        t - parts[2] + parts[3]
    ).square().sum()
    loss.backward()
    assert t.grad.abs().max() < 1e-10
    for one, near in zip(v, theta + d0, strict=True):
        keep, drop = alpha, rho / 2 * near**2
        assert one == (near if keep < drop else 0)
    assert np.array_equal(d, d0 + theta - v)
