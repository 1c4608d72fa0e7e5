"""Exact gradient pruning against enumeration of all masks, finite differences and brute force."""

import itertools

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from l0course.egp_regression import EGPRegression
from l0course.exact_gradient import (
    _gradients,
    egp_gradients,
    egp_objective,
    exact_gradient_pruning,
)


def random_point(seed, columns=None):
    rng = np.random.default_rng(seed)
    n, p = int(rng.integers(1, 12)), int(rng.integers(1, 11))
    X, y = rng.standard_normal((n, p)) * 10.0 ** rng.integers(-2, 3), rng.standard_normal(n)
    shape = (p,) if columns is None else (p, columns)
    gamma = np.clip(rng.uniform(-0.2, 1.2, shape), 0, 1)  # corners too
    alpha = rng.uniform(0, 5) if columns is None else rng.uniform(0, 5, columns)
    return X, y, rng.standard_normal(shape), gamma, alpha


def enumerated(X, y, w, gamma, alpha):
    """The expectation and its gradients as sums over all 2**p masks."""
    z = np.array(list(itertools.product([0.0, 1.0], repeat=len(w))))  # (masks, p)
    factors = np.where(z == 1, gamma, 1 - gamma)
    chance = factors.prod(axis=1)
    residual = y - (z * w) @ X.T  # (masks, n)
    values = np.sum(residual**2, axis=1) + alpha * z.sum(axis=1)
    grad_w = chance @ (-2 * z * (residual @ X))
    grad_gamma = [
        (np.delete(factors, j, axis=1).prod(axis=1) * (2 * z[:, j] - 1)) @ values
        for j in range(len(w))
    ]
    return chance @ values, grad_w, np.array(grad_gamma)


@pytest.mark.parametrize("seed", range(40))
def test_closed_form_is_the_enumerated_expectation(seed):
    point = random_point(seed)
    value, grad_w, grad_gamma = enumerated(*point)
    assert egp_objective(*point) == pytest.approx(value, rel=1e-10, abs=1e-10)
    ours = egp_gradients(*point)
    for mine, truth in zip(ours, (grad_w, grad_gamma), strict=True):
        assert mine.shape == truth.shape
        np.testing.assert_allclose(mine, truth, rtol=0, atol=1e-10 * max(1, np.abs(truth).max()))


@pytest.mark.parametrize("seed", range(10))
def test_gradients_are_finite_differences(seed):
    X, y, w, gamma, alpha = random_point(seed)
    X, gamma, step = X / np.abs(X).max(), 0.01 + 0.98 * gamma, 1e-5
    for which, gradient in enumerate(egp_gradients(X, y, w, gamma, alpha)):
        for j in range(len(w)):
            ends = []
            for sign in (1, -1):
                moved = [w.copy(), gamma.copy()]
                moved[which][j] += sign * step
                ends.append(egp_objective(X, y, *moved, alpha))
            # the objective is quadratic in each entry: central differences are exact but for
            # rounding
            assert (ends[0] - ends[1]) / (2 * step) == pytest.approx(gradient[j], abs=1e-7)


def test_columns_are_problems_of_their_own():
    X, y, w, gamma, alpha = random_point(3, columns=4)
    together = egp_objective(X, y, w, gamma, alpha), *egp_gradients(X, y, w, gamma, alpha)
    for k in range(4):
        alone = X, y, w[:, k], gamma[:, k], alpha[k]
        np.testing.assert_allclose(together[0][k], egp_objective(*alone), rtol=1e-12)
        for ours, truth in zip(together[1:], egp_gradients(*alone), strict=True):
            np.testing.assert_allclose(ours[:, k], truth, rtol=1e-12)
    same = egp_objective(X, y, w, gamma, 2.0)
    np.testing.assert_array_equal(same, egp_objective(X, y, w, gamma, np.full(4, 2.0)))


@pytest.mark.parametrize("function", [egp_objective, egp_gradients])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"gamma": [0.5, 1.5]}, r"gamma must lie in \[0, 1\].*1\.5"),
        ({"gamma": [-0.1, 0.5]}, r"gamma must lie in \[0, 1\].*-0\.1"),
        ({"gamma": [np.nan, 0.5]}, r"gamma must lie in \[0, 1\].*nan"),
        ({"gamma": [0.5]}, r"w and gamma must both be .*\(2,\) and \(1,\)"),
        ({"w": [1.0, 2, 3], "gamma": [0.5, 0.5, 0.5]}, "p = 2"),
        ({"y": [1.0, 2.0]}, r"X must be \(n, p\) and y \(n,\)"),
        ({"alpha": -1.0}, "alpha must be finite and at least 0; got -1"),
        ({"alpha": np.nan}, "alpha must be finite"),
        ({"alpha": [1.0, 2.0]}, r"alpha must be one number, .*shape \(2,\)"),
    ],
)
def test_bad_input_gets_one_clear_sentence(function, change, message):
    fine = {"X": np.ones((3, 2)), "y": np.ones(3), "w": [1.0, 2], "gamma": [0.5, 1], "alpha": 1.0}
    function(**fine)
    with pytest.raises(ValueError, match=message):
        function(**{**fine, **change})


@pytest.mark.parametrize("seed", range(5))
def test_for_a_fixed_product_the_least_is_a_capped_penalty(seed):
    """With v = w gamma held fixed: alpha - (sqrt(alpha) - |X_j| |v_j|)_+^2 (CEL0), at
    gamma_j = min(1, |X_j| |v_j| / sqrt(alpha)); so EGP is least squares with that penalty."""
    X, y, v, _, alpha = random_point(seed)
    lengths = np.linalg.norm(X, axis=0)
    v = v / lengths * np.sqrt(alpha)  # on both sides of the cap
    best = np.minimum(1, lengths * np.abs(v) / np.sqrt(alpha))
    penalty = alpha - np.maximum(np.sqrt(alpha) - lengths * np.abs(v), 0) ** 2
    rss = np.sum((y - X @ v) ** 2)
    assert egp_objective(X, y, v / best, best, alpha) == pytest.approx(rss + penalty.sum())
    others = np.random.default_rng(seed).uniform(0.01, 1, (len(v), 500))
    values = egp_objective(X, y, v[:, None] / others, others, np.full(500, alpha))
    assert np.all(values >= rss + penalty.sum() - 1e-9)


def test_the_ridge_is_more_rows_of_data():
    X, y, w, gamma, alpha = random_point(5, columns=3)
    ridge, p = 0.7, X.shape[1]
    more, zeros = np.vstack([X, np.sqrt(ridge) * np.eye(p)]), np.concatenate([y, np.zeros(p)])
    pull = 2 * X.T @ (y[:, None] - X @ (w * gamma))
    ours = _gradients(w, gamma, pull, np.sum(X**2, axis=0)[:, None], ridge, alpha)
    for mine, truth in zip(ours, egp_gradients(more, zeros, w, gamma, alpha), strict=True):
        np.testing.assert_allclose(mine, truth, rtol=1e-10, atol=1e-10)


def planted(seed, n=60, p=200, s=4, noise=0.3):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) * 10.0 ** rng.integers(-3, 4, p)
    support = np.sort(rng.choice(p, s, replace=False))
    y = (X / np.linalg.norm(X, axis=0))[:, support].sum(axis=1) * np.sqrt(n)
    return X, y + noise * rng.standard_normal(n), tuple(support.tolist())


@pytest.mark.parametrize("seed", range(8))
def test_pruning_finds_what_was_planted(seed):
    X, y, support = planted(seed)
    alphas = [1e6, 5.0, 10.0]
    found = exact_gradient_pruning(X, y, alphas, ridge=[0, 0.1])
    assert found.w.shape == found.gamma.shape == found.coef.shape == (200, 6)
    np.testing.assert_array_equal(found.alpha, alphas * 2)
    np.testing.assert_array_equal(found.ridge, [0, 0, 0, 0.1, 0.1, 0.1])
    assert found.supports == [(), support, support] * 2
    free = np.linalg.lstsq(X[:, support], y, rcond=None)[0]
    np.testing.assert_allclose(found.coef[support, 1], free, rtol=1e-8)
    assert found.rss[1] == pytest.approx(np.sum((y - X[:, support] @ free) ** 2))
    # the descent itself ends at that corner of gamma, next to the least squares solution
    np.testing.assert_array_equal(found.gamma[:, 1], np.isin(np.arange(200), support))
    ends = egp_objective(X, y, found.w[:, :3], found.gamma[:, :3], alphas)
    np.testing.assert_allclose(ends, found.rss[:3] + 4 * np.array([0, 5.0, 10.0]), rtol=0.02)


def test_orthonormal_columns_give_hard_thresholding():
    rng = np.random.default_rng(0)
    X = np.linalg.qr(rng.standard_normal((30, 20)))[0]
    y = X @ rng.normal(0, 2, 20)
    alphas = np.geomspace(0.1, 10, 7)
    found = exact_gradient_pruning(X, y, alphas)
    z = X.T @ y
    truth = np.where(z[:, None] ** 2 > alphas, z[:, None], 0)
    np.testing.assert_allclose(found.coef, truth, atol=1e-12)


def test_together_as_alone_until_something_settles(monkeypatch):
    """Only what has settled is left out, and that is all that columns have in common."""
    monkeypatch.setattr("l0course.exact_gradient._CHECK", 10**9)
    X, y, _ = planted(1, n=40, p=60)
    alphas = np.geomspace(1, 60, 5)
    together = exact_gradient_pruning(X, y, alphas, ridge=[0, 1], starts=2, steps=50, seed=3)
    for k, alpha in enumerate(alphas):
        alone = exact_gradient_pruning(X, y, alpha, ridge=[0, 1], starts=2, steps=50, seed=3)
        np.testing.assert_allclose(alone.gamma, together.gamma[:, k::5], atol=1e-6)
        np.testing.assert_allclose(alone.coef, together.coef[:, k::5], atol=1e-9)


def test_leaving_out_what_has_settled_costs_little(monkeypatch):
    def prices_paid(seed):
        X, y, _ = planted(seed, n=50, s=8, noise=1.0)
        found = exact_gradient_pruning(X, y, np.geomspace(1, 30, 8))
        return found.rss + found.alpha * [len(s) for s in found.supports]

    short = np.mean([prices_paid(seed) for seed in range(5)])
    monkeypatch.setattr("l0course.exact_gradient._CHECK", 10**9)
    assert short <= 1.05 * np.mean([prices_paid(seed) for seed in range(5)])


def test_units_do_not_matter_and_runs_repeat():
    X, y, _ = planted(2)
    scale = 10.0 ** np.random.default_rng(0).integers(-4, 5, 200)
    alphas = np.array([1.0, 4.0, 9.0])
    one = exact_gradient_pruning(X, y, alphas, starts=3, seed=7)
    again = exact_gradient_pruning(X, y, alphas, starts=3, seed=7)
    np.testing.assert_array_equal(one.w, again.w)
    other = exact_gradient_pruning(X * scale, 1e3 * y, 1e6 * alphas, starts=3, seed=7)
    assert one.supports == other.supports
    np.testing.assert_allclose(other.coef * scale[:, None], 1e3 * one.coef, rtol=1e-6)
    assert not np.array_equal(one.w, exact_gradient_pruning(X, y, alphas, starts=3, seed=8).w)


def test_columns_of_zeros_and_y_of_zeros():
    X, y, support = planted(3)
    X[:, [j for j in range(5) if j not in support]] = 0
    found = exact_gradient_pruning(X, y, 5.0)
    assert found.supports == [support] and np.isfinite(found.w).all()
    assert exact_gradient_pruning(X, 0 * y, [0.0, 1.0]).supports == [(), ()]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"alphas": [1.0, -2.0]}, "alphas must be .* at least 0"),
        ({"alphas": []}, "alphas must be one or more"),
        ({"ridge": np.nan}, "ridge must be one or more finite"),
        ({"lr": 0.0}, "lr must be a finite number above 0"),
        ({"gamma0": 0.0}, "gamma0 must be above 0 and at most 1"),
        ({"gamma0": 1.2}, "gamma0 must be above 0 and at most 1"),
        ({"starts": 0}, "starts must lie between 1"),
        ({"steps": 2.5}, "steps must be an integer"),
        ({"seed": -1}, "seed must lie between 0"),
        ({"y": [np.nan, 1, 1]}, "y contains NaN"),
    ],
)
def test_bad_settings_get_one_clear_sentence(change, message):
    fine = {"X": np.eye(3), "y": [1.0, 2, 3], "alphas": 1.0}
    with pytest.raises(ValueError, match=message):
        exact_gradient_pruning(**{**fine, **change})


class TestEGPRegression:
    """The estimator: check_estimator runs on it in test_best_subset.py."""

    def data(self, seed, n=80, p=120):
        X, y, support = planted(seed, n=n + 300, p=p, noise=0.8)
        return X[:n], y[:n] + 5, X[n:], y[n:] + 5, support

    @pytest.mark.parametrize("seed", range(3))
    def test_it_chooses_the_support_that_predicts_the_validation_data_best(self, seed):
        X, y, X_val, y_val, planted_support = self.data(seed)
        model = EGPRegression(12, ridge=(0, 1)).fit(X, y, X_val, y_val)
        centre = X - X.mean(axis=0)
        norms = np.linalg.norm(centre, axis=0)
        Z = centre / norms
        target = y - y.mean()
        prices = np.max((Z.T @ target) ** 2) * np.geomspace(1, 0.01, 12)
        errors = {}
        for support in {(), *exact_gradient_pruning(Z, target, prices, ridge=[0, 1]).supports}:
            if support:
                fit = LinearRegression().fit((X / norms)[:, support], y)
                free = fit.predict((X_val / norms)[:, support])
            else:
                free = y.mean()
            errors[support] = np.mean((y_val - free) ** 2)
        best = min(errors, key=errors.get)
        assert tuple(model.support_) == best and set(planted_support) <= set(best)
        assert model.validation_mse_ == pytest.approx(errors[best])
        assert np.mean((y_val - model.predict(X_val)) ** 2) == pytest.approx(errors[best])
        assert model.n_supports_ == len(errors) and model.alpha_ in prices

    def test_without_validation_data_all_rows_fit_the_chosen_support(self):
        X, y, _, _, support = self.data(5, n=150)
        model = EGPRegression(random_state=2).fit(X, y)
        norms = np.linalg.norm(X, axis=0)[model.support_]
        free = LinearRegression().fit(X[:, model.support_] / norms, y)
        np.testing.assert_allclose(model.coef_[model.support_] * norms, free.coef_, rtol=1e-7)
        assert set(support) <= set(model.support_)
        again = EGPRegression(random_state=2).fit(X, y)
        np.testing.assert_array_equal(model.coef_, again.coef_)

    def test_nothing_to_find_gives_the_mean(self):
        rng = np.random.default_rng(0)
        X, y = rng.standard_normal((20, 30)), rng.standard_normal(20)
        model = EGPRegression().fit(X, y, rng.standard_normal((900, 30)), rng.standard_normal(900))
        assert len(model.support_) == 0 and model.intercept_ == pytest.approx(y.mean())

    @pytest.mark.parametrize(
        ("settings", "extra", "message"),
        [
            ({"n_alphas": 0}, {}, "n_alphas must lie between 1"),
            ({"eps": 1.0}, {}, "eps must lie strictly between 0 and 1"),
            ({"validation_fraction": 0.0}, {}, "validation_fraction must lie strictly"),
            ({"ridge": (-1,)}, {}, "ridge must be one or more"),
            ({}, {"X_val": np.ones((4, 3))}, "both X_val and y_val, or neither"),
            ({}, {"X_val": np.ones((4, 2)), "y_val": np.ones(4)}, "the 3 columns of X"),
            ({}, {"X_val": np.ones((4, 3)), "y_val": np.ones(5)}, "inconsistent numbers"),
        ],
    )
    def test_bad_settings_get_one_clear_sentence(self, settings, extra, message):
        rng = np.random.default_rng(0)
        with pytest.raises(ValueError, match=message):
            EGPRegression(**settings).fit(rng.standard_normal((9, 3)), np.arange(9.0), **extra)
