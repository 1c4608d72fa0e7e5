"""The figure egp_recovery: its protocol against independent formulas, and what its numbers say."""

import numpy as np
import pytest

from l0course.figures import registry
from l0course.figures.egp_recovery import curve, judge, methods, relaxed_lasso
from l0course.figures.egp_recovery_picture import LOOKS, gather, share_best, table
from l0course.generated import sparse_regression

FIGURE = registry.find("egp_recovery")
CELL = FIGURE.cells("smoke")[1]


def test_the_data_are_beta_type_2():
    data = sparse_regression(20_000, 12, 5, rho=0.7, snr=2.0, seed=0)
    np.testing.assert_array_equal(data.beta, [1] * 5 + [0] * 7)
    lags = np.abs(np.subtract.outer(range(12), range(12)))
    np.testing.assert_allclose(np.cov(data.X.T), 0.7**lags, atol=0.05)
    signal = data.beta @ 0.7**lags @ data.beta
    assert data.sigma**2 == pytest.approx(signal / 2)
    assert np.var(data.y - data.X @ data.beta) == pytest.approx(signal / 2, rel=0.05)


def test_the_judge_knows_population_errors():
    data = sparse_regression(50, 30, 4, rho=0.7, snr=3.0, seed=1)
    rng = np.random.default_rng(0)
    w = rng.standard_normal(30) * (rng.random(30) < 0.3)
    wrong, error, nonzeros = judge(w, data)
    gap = w - data.beta
    assert error == pytest.approx(1 + gap @ data.covariance @ gap / data.sigma**2)
    assert wrong == len(set(np.flatnonzero(w)) ^ {0, 1, 2, 3}) and nonzeros == np.sum(w != 0)
    assert judge(data.beta, data) == (0, 1, 4)
    assert judge(0 * w, data)[:2] == (4, pytest.approx(1 + 3.0))
    fresh = sparse_regression(400_000, 30, 4, rho=0.7, snr=3.0, seed=2)
    measured = np.mean((fresh.y - fresh.X @ w) ** 2) / fresh.sigma**2
    assert measured == pytest.approx(error, rel=0.02)


def test_every_method_offers_candidates_and_finds_strong_signals():
    train, validation = (
        sparse_regression(rows, 40, 3, rho=0.3, snr=1e4, seed=seed)
        for rows, seed in ((40, 5), (500, 6))
    )
    for name, method in methods().items():
        candidates = method(train, validation)
        assert candidates.ndim == 2 and candidates.shape[1] == 40, name
        supports = {tuple(np.flatnonzero(w)) for w in candidates}
        assert (0, 1, 2) in supports, name
    relaxed = relaxed_lasso(train, validation)
    least_squares = np.linalg.lstsq(train.X[:, :3], train.y, rcond=None)[0]
    assert np.min(np.abs(relaxed[:, :3] - least_squares).max(axis=1)) < 1e-9


def test_a_cell_gives_the_same_numbers_but_for_the_time():
    first, again = curve(CELL), curve(dict(CELL))
    assert {len(values) for values in first.values()} == {len(CELL["snr"])}
    for key in first:
        assert key.endswith("_seconds") or first[key] == again[key]
    assert all(v > 0 for key, values in first.items() if "seconds" in key for v in values)
    assert all(v >= 1 for key, values in first.items() if "rte" in key for v in values)


def result(egp, other):
    return {f"{name}_asre": egp if name == "egp" else other for name in LOOKS}


def test_share_best_counts_medians_above_an_snr_of_one():
    cell = {"n": 1, "p": 2, "s": 1, "rho": 0.0, "snr": [0.5, 2.0, 4.0, 8.0]}
    results = [({**cell, "seed": seed}, result([9, 1, 2, 2], [0, 1, 1, 9])) for seed in range(3)]
    assert share_best(results, "asre") == "2 of 3"
    assert gather(results, "egp_asre", 1, 2, 0.0).shape == (3, 4)


@pytest.fixture(scope="module")
def medians():
    try:
        header, rows = table(FIGURE.load("quick"))
    except registry.StaleRecordError as error:
        pytest.skip(str(error))
    assert header[:6] == ["n", "p", "s", "rho", "method", "snr"]
    return {(row[1], row[0], *row[3:6]): dict(zip(header, row, strict=True)) for row in rows}


@pytest.mark.parametrize("size", [(1000, 50), (1000, 100)])
def test_correlated_columns_are_found_by_egp_with_its_ridge(medians, size):
    def wrong(name, snr):
        return medians[(*size, 0.7, name, snr)]["asre"]

    for snr in (0.952, 1.99, 4.16):
        others = ("egp_without_ridge", "relaxed", "lasso", "omp", "abess")
        assert all(wrong("egp", snr) <= wrong(name, snr) for name in others)
    assert wrong("egp", 1.99) + 2 <= wrong("egp_without_ridge", 1.99)  # the ridge does it
    assert wrong("iht", 1.99) <= wrong("relaxed", 1.99)  # it starts from a ridge solution too


@pytest.mark.parametrize("size", [(1000, 50), (1000, 100)])
def test_independent_columns_are_found_by_egp_and_abess(medians, size):
    def wrong(name, snr):
        return medians[(*size, 0.0, name, snr)]["asre"]

    for snr in (4.16, 18.1, 79.2):
        assert wrong("egp", snr) <= 1.5 and wrong("abess", snr) <= 1.5
        assert all(wrong(name, snr) >= wrong("egp", snr) + 2 for name in ("iht", "lasso"))
    assert wrong("egp", 4.16) + 2 <= wrong("relaxed", 4.16)
    for snr in (0.05, 0.218):  # nothing is found, and the empty model is chosen
        assert wrong("egp", snr) >= 0.8 * wrong("egp", 0.05) > 3
