"""Sparse linear models against brute force, closed forms and scikit-learn."""

import itertools

import numpy as np
import pytest
from sklearn.linear_model import Lasso, LinearRegression, OrthogonalMatchingPursuit
from sklearn.utils.estimator_checks import parametrize_with_checks

from l0course.best_subset import L0Regression, RelaxedLasso, best_subsets
from l0course.egp_regression import EGPRegression
from l0course.subset_search import _iht_step, iht, prepare


def problem(seed, n, p, s, rho=0.0, noise=1.0):
    """Rows N(0, rho^|i-j|), s ones in random places, an intercept of 3."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    for j in range(1, p):
        X[:, j] = rho * X[:, j - 1] + np.sqrt(1 - rho**2) * X[:, j]
    w = np.zeros(p)
    w[rng.choice(p, s, replace=False)] = 1
    return X, 3 + X @ w + noise * rng.standard_normal(n)


def brute_force(X, y, max_size):
    """Least rss with at most k columns, for every k up to max_size."""
    best = []
    for k in range(max_size + 1):
        for support in itertools.combinations(range(X.shape[1]), k):
            w = np.linalg.lstsq(X[:, support], y, rcond=None)[0]
            best.append((k, np.sum((y - X[:, support] @ w) ** 2)))
    return [min(rss for size, rss in best if size <= k) for k in range(max_size + 1)]


@parametrize_with_checks(
    [
        L0Regression(),
        L0Regression(n_nonzero=1),
        L0Regression(solver="enumerate"),
        L0Regression(n_nonzero=1, solver="enumerate"),
        L0Regression(solver="egp"),
        L0Regression(solver="admm"),
        L0Regression(n_nonzero=1, solver="admm"),
        EGPRegression(n_alphas=5, ridge=(0, 1)),
        RelaxedLasso(),
        RelaxedLasso(phi=0.5),
    ]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("seed", range(25))
def test_enumeration_is_exact_even_with_dependent_columns(seed):
    rng = np.random.default_rng(seed)
    n, p = rng.integers(2, 14), rng.integers(1, 8)
    X, y = problem(seed, n, p, min(p, 3))
    if seed % 2 and p > 4:
        X[:, 1], X[:, 4], X[:, 2] = -2 * X[:, 0], X[:, 0] + X[:, 3], 0  # copy, sum, zero
    max_size = int(rng.integers(0, p + 1))
    truth = brute_force(X, y, max_size)
    scaled = X * 10.0 ** rng.integers(-6, 7, p)  # must not matter
    subsets = best_subsets(scaled, y, max_size)
    np.testing.assert_allclose([rss for _, rss in subsets], truth, rtol=1e-8, atol=1e-9)
    for k, (support, rss) in enumerate(subsets):
        w = np.linalg.lstsq(X[:, support], y, rcond=None)[0]
        assert np.sum((y - X[:, support] @ w) ** 2) == pytest.approx(rss, rel=1e-8, abs=1e-9)
        assert len(support) <= k and list(support) == sorted(set(support))


def test_enumeration_in_blocks(monkeypatch):
    X, y = problem(0, 30, 9, 4)
    whole = best_subsets(X, y)
    monkeypatch.setattr("l0course.subset_search._BLOCK", 50)
    assert best_subsets(X, y) == whole


@pytest.mark.parametrize("alpha", [0.0, 0.3, 2.0, 500.0])
@pytest.mark.parametrize("kind", ["k", "price"])
def test_enumerate_solver_is_best_subsets_on_centred_data(alpha, kind):
    X, y = problem(3, 40, 8, 4, rho=0.6)
    centred = best_subsets(X - X.mean(axis=0), y - y.mean())
    if kind == "k":
        model = L0Regression(alpha, n_nonzero=3, solver="enumerate").fit(X, y)
        best = centred[3][1]
    else:
        model = L0Regression(alpha, solver="enumerate").fit(X, y)
        best = min(rss + alpha * len(support) for support, rss in centred)
    assert model.objective_ == pytest.approx(best, rel=1e-10)
    price = 0 if kind == "k" else alpha
    spent = np.sum((y - model.predict(X)) ** 2) + price * np.count_nonzero(model.coef_)
    assert spent == pytest.approx(best, rel=1e-10)
    if len(model.support_):
        least_squares = LinearRegression().fit(X[:, model.support_], y)
        np.testing.assert_allclose(model.coef_[model.support_], least_squares.coef_, atol=1e-10)
        assert model.intercept_ == pytest.approx(least_squares.intercept_)


@pytest.mark.parametrize("solver", ["iht", "enumerate", "egp", "admm"])
def test_orthonormal_columns_give_hard_and_soft_thresholding(solver):
    rng = np.random.default_rng(1)
    n, p, alpha = 20, 12, 0.7
    X = np.linalg.qr(rng.standard_normal((n, p)))[0]
    y = X @ rng.normal(0, 1.5, p) + rng.standard_normal(n)
    z = X.T @ y
    hard = L0Regression(alpha, solver=solver, fit_intercept=False).fit(X, y)
    np.testing.assert_allclose(hard.coef_, np.where(np.abs(z) > np.sqrt(alpha), z, 0), atol=1e-12)
    # scikit-learn's (1 / 2n) ||y - Xw||^2 + a ||w||_1 shrinks by n * a.
    soft = RelaxedLasso(alpha / n, phi=1, fit_intercept=False).fit(X, y)
    shrunk = np.sign(z) * np.maximum(np.abs(z) - alpha, 0)
    np.testing.assert_allclose(soft.coef_, shrunk, atol=1e-5)
    assert 0 < len(hard.support_) < p and 0 < len(soft.support_) < p


@pytest.mark.parametrize(("alpha", "limit"), [(2.0, 30), (0.0, 4), (0.5, 6)])
@pytest.mark.parametrize("start", ["zero", "random"])
def test_hard_thresholding_never_raises_the_objective(alpha, limit, start):
    X, y = problem(5, 25, 30, 5, rho=0.8)
    curvature = np.linalg.norm(X, 2) ** 2
    w = np.random.default_rng(0).standard_normal(30) if start == "random" else np.zeros(30)
    w[np.argsort(-np.abs(w))[limit:]] = 0
    values = []
    for _ in range(300):
        values.append(np.sum((y - X @ w) ** 2) + alpha * np.count_nonzero(w))
        w = _iht_step(X, y, w, curvature, alpha, limit)
        assert np.count_nonzero(w) <= limit
    assert np.all(np.diff(values) <= 1e-9 * values[0]) and values[-1] < 0.8 * values[0]


def test_one_step_minimises_the_majoriser_entry_by_entry():
    """Brute force over the supports of the bound c ||v - u||^2 + alpha ||v||_0, v in {0, u}."""
    X, y = problem(6, 20, 6, 3)
    c = 1.01 * np.linalg.norm(X, 2) ** 2
    w = np.random.default_rng(1).standard_normal(6)
    u = w + X.T @ (y - X @ w) / c
    masks = np.array(list(itertools.product([0, 1], repeat=6)))
    prices = np.outer(c * u**2, [0.6, 0.9, 1.1]).ravel()  # around each entry's threshold
    for limit, alpha in itertools.product((6, 2), prices):
        bound = c * np.sum((masks * u - u) ** 2, axis=1) + alpha * masks.sum(axis=1)
        bound[masks.sum(axis=1) > limit] = np.inf
        np.testing.assert_array_equal(
            _iht_step(X, y, w, c, alpha, limit), masks[bound.argmin()] * u
        )


@pytest.mark.parametrize("seed", range(10))
def test_result_is_a_fixed_point_and_no_single_exchange_improves_it(seed):
    n, p, alpha = 40, 15, 3.0
    X, y = problem(seed, n, p, 5, rho=0.7, noise=1.5)
    model = L0Regression(alpha, fit_intercept=False).fit(X, y)
    norms = np.linalg.norm(X, axis=0)
    w, unit = model.coef_ * norms, X / norms
    step = _iht_step(unit, y, w, np.linalg.norm(unit, 2) ** 2, alpha, p)
    np.testing.assert_allclose(step, w, atol=1e-9)
    support = set(model.support_.tolist())
    outside = [None, *sorted(set(range(p)) - support)]
    for out, into in itertools.product([None, *support], outside):
        other = sorted((support - {out}) | ({into} - {None}))
        w = np.linalg.lstsq(X[:, other], y, rcond=None)[0]
        value = np.sum((y - X[:, other] @ w) ** 2) + alpha * len(other)
        assert value >= model.objective_ - 1e-9


@pytest.mark.parametrize("kind", ["k", "price"])
def test_iht_reaches_the_enumerated_optimum(kind):
    """Measured on 200 other problems of each kind: 200 of 200."""
    rng, reached = np.random.default_rng(11), []
    for seed in range(60):
        n, p, s = int(rng.integers(12, 60)), int(rng.integers(10, 13)), int(rng.integers(1, 7))
        X, y = problem(seed, n, p, s, rho=(0, 0.5, 0.9)[seed % 3], noise=rng.uniform(0.5, 3))
        settings = {"n_nonzero": s} if kind == "k" else {"alpha": rng.uniform(1, 20)}
        found = L0Regression(**settings).fit(X, y).objective_
        best = L0Regression(**settings, solver="enumerate").fit(X, y).objective_
        assert best <= found * (1 + 1e-9)
        reached.append(found <= best * (1 + 1e-9))
    assert np.mean(reached) >= 0.95


@pytest.mark.parametrize(("solver", "least"), [("egp", 0.65), ("admm", 0.7)])
def test_egp_and_admm_often_reach_the_enumerated_optimum(solver, least):
    """Measured on 200 problems like these: EGP 153, ADMM 166; hard thresholding from zero 54."""
    rng, reached = np.random.default_rng(11), []
    for seed in range(40):
        n, p, s = int(rng.integers(12, 60)), int(rng.integers(10, 13)), int(rng.integers(1, 7))
        X, y = problem(seed, n, p, s, rho=(0, 0.5, 0.9)[seed % 3], noise=rng.uniform(0.5, 3))
        alpha = rng.uniform(1, 20)
        model = L0Regression(alpha, solver=solver).fit(X, y)
        spent = np.sum((y - model.predict(X)) ** 2) + alpha * np.count_nonzero(model.coef_)
        assert model.objective_ == pytest.approx(spent) and model.n_iter_ > 1
        best = L0Regression(alpha, solver="enumerate").fit(X, y).objective_
        assert best <= model.objective_ * (1 + 1e-9)
        reached.append(model.objective_ <= best * (1 + 1e-9))
    assert np.mean(reached) >= least


@pytest.mark.parametrize("seed", range(5))
def test_admm_keeps_the_limit_and_recovers_clean_data(seed):
    X, y = problem(seed, 60, 200, 5, noise=0.01)
    model = L0Regression(n_nonzero=5, solver="admm").fit(X, y)
    assert len(model.support_) == 5 and np.allclose(model.predict(X), y, atol=0.1)
    assert len(L0Regression(n_nonzero=3, solver="admm").fit(X, y).support_) <= 3


def test_iht_support_has_no_dependent_columns():
    X, y = problem(2, 20, 6, 2)
    Z, target, _ = prepare(np.hstack([X, X]), y)
    support, steps = iht(Z, target, np.zeros(12), 2 * np.linalg.norm(Z, 2) ** 2, 0.0, 12)
    assert np.linalg.matrix_rank(Z[:, support]) == len(support) == 6 and steps >= 1
    model = L0Regression(n_nonzero=12).fit(np.hstack([X, X]), y)
    full = LinearRegression().fit(X, y)
    np.testing.assert_allclose(model.predict(np.hstack([X, X])), full.predict(X), atol=1e-9)


@pytest.mark.parametrize("solver", ["iht", "enumerate"])
def test_matching_pursuit_never_beats_best_subset(solver):
    worse = 0
    for seed in range(20):
        X, y = problem(seed, 30, 10, 4, rho=0.7)
        for k in (2, 4):
            greedy = OrthogonalMatchingPursuit(n_nonzero_coefs=k).fit(X, y)
            rss = np.sum((y - greedy.predict(X)) ** 2)
            best = L0Regression(n_nonzero=k, solver=solver).fit(X, y).objective_
            assert best <= rss * (1 + 1e-9)
            worse += rss > best * (1 + 1e-6)
    assert worse > 5  # and greedy choice does lose on correlated columns


@pytest.mark.parametrize("solver", ["iht", "enumerate", "egp", "admm"])
def test_scale_of_columns_does_not_matter_and_runs_repeat(solver):
    X, y = problem(4, 30, 10, 4, rho=0.5)
    model = L0Regression(3.0, solver=solver).fit(X, y)
    scale = 10.0 ** np.arange(-5, 5)
    scaled = L0Regression(3.0, solver=solver).fit(X * scale, y)
    np.testing.assert_array_equal(model.support_, scaled.support_)
    np.testing.assert_allclose(scaled.coef_ * scale, model.coef_, rtol=1e-9)
    again = L0Regression(3.0, solver=solver).fit(X, y)
    np.testing.assert_array_equal(again.coef_, model.coef_)


@pytest.mark.parametrize("solver", ["iht", "enumerate"])
def test_constant_columns_and_extreme_prices(solver):
    X, y = problem(7, 20, 6, 2)
    X[:, 3] = 0.1  # its centred values are rounding errors
    free = L0Regression(0.0, solver=solver).fit(X, y)
    np.testing.assert_allclose(free.predict(X), LinearRegression().fit(X, y).predict(X))
    assert free.coef_[3] == 0 and len(free.support_) == 5
    dear = L0Regression(1e9, solver=solver).fit(X, y)
    assert len(dear.support_) == 0 and dear.intercept_ == pytest.approx(y.mean())
    none = L0Regression(n_nonzero=0, solver=solver).fit(X, y)
    assert none.objective_ == pytest.approx(np.sum((y - y.mean()) ** 2))


def test_exact_recovery_with_many_more_columns_than_rows():
    X, y = problem(8, 60, 300, 6, noise=0.0)
    for settings in ({"alpha": 0.5}, {"n_nonzero": 6}):
        model = L0Regression(**settings).fit(X, y)
        assert len(model.support_) == 6 and np.allclose(model.predict(X), y)
        np.testing.assert_allclose(model.coef_[model.support_], 1, atol=1e-9)


@pytest.mark.parametrize("intercept", [True, False])
def test_relaxed_lasso_goes_from_lasso_to_least_squares(intercept):
    X, y = problem(9, 50, 80, 5, rho=0.4)
    lasso = Lasso(0.2, fit_intercept=intercept, max_iter=10_000).fit(X, y)
    support = np.flatnonzero(lasso.coef_)
    free = LinearRegression(fit_intercept=intercept).fit(X[:, support], y)
    ends = {1: lasso.predict(X), 0: free.predict(X[:, support])}
    for phi in (0, 0.3, 1):
        model = RelaxedLasso(0.2, phi=phi, fit_intercept=intercept).fit(X, y)
        np.testing.assert_array_equal(model.support_, support)
        between = phi * ends[1] + (1 - phi) * ends[0]
        np.testing.assert_allclose(model.predict(X), between, atol=1e-8)


X, Y = problem(0, 20, 40, 3)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (L0Regression(-1.0), "alpha .* -1"),
        (L0Regression(float("nan")), "alpha .* nan"),
        (L0Regression(n_nonzero=41), "n_nonzero .* 40, got 41"),
        (L0Regression(n_nonzero=2.5), "n_nonzero must be an integer, got 2.5"),
        (L0Regression(solver="ihtt"), r"solver .*'iht', 'enumerate'.* got 'ihtt'"),
        (L0Regression(n_nonzero=2, solver="egp"), "'egp' takes a price, alpha"),
        (L0Regression(n_nonzero=12, solver="enumerate"), "subsets .* solver='iht'"),
        (L0Regression(1e-6, solver="enumerate"), "subsets .* solver='iht'"),
        (RelaxedLasso(-0.1), "alpha .* -0.1"),
        (RelaxedLasso(phi=1.1), r"phi .* 1\.1"),
        (RelaxedLasso(phi=float("nan")), "phi .* nan"),
    ],
)
def test_bad_settings_get_one_clear_sentence(model, message):
    with pytest.raises(ValueError, match=message):
        model.fit(X, Y)


def test_bad_data_gets_one_clear_sentence():
    bad = np.where(np.arange(20) == 3, np.nan, Y)
    for model in (L0Regression(), RelaxedLasso()):
        with pytest.raises(ValueError, match="y contains NaN"):
            model.fit(X, bad)
        with pytest.raises(ValueError, match="X contains NaN"):
            model.fit(np.where(X > 1, np.nan, X), Y)
    with pytest.raises(ValueError, match="y contains NaN"):
        best_subsets(X, bad, 1)
    with pytest.raises(ValueError, match="max_size .* 40, got 41"):
        best_subsets(X, Y, 41)
    with pytest.raises(ValueError, match="subsets"):
        best_subsets(X, Y)
