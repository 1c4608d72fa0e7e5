"""Moment matching against moments in other coordinates, brute force, and two other algorithms."""

import itertools
from math import comb

import numpy as np
import pytest
from scipy.optimize import linprog, nnls

from l0course import compress_points, legendre_features, reduce_moments
from l0course.moment_cells import feature_count, split
from l0course.moments import exponents, reduce_features

KINDS = {
    "uniform": lambda rng, n, m: rng.uniform(-1, 1, (n, m)),
    "gaussian": lambda rng, n, m: 5 + rng.normal(size=(n, m)) * rng.uniform(0.01, 10, m),
    "clustered": lambda rng, n, m: (
        rng.normal(size=(5, m))[rng.integers(0, 5, n)] + 0.01 * rng.normal(size=(n, m))
    ),
    "collinear": lambda rng, n, m: (
        rng.normal(size=(n, 1)) * rng.normal(size=m) + rng.normal(size=m)
    ),
    "duplicated": lambda rng, n, m: rng.normal(size=(n // 4 + 1, m))[
        rng.integers(0, n // 4 + 1, n)
    ],
    "lattice": lambda rng, n, m: rng.integers(0, 3, (n, m)).astype(float),
    "one place": lambda rng, n, m: np.full((n, m), 3.3),
}


@pytest.mark.parametrize("kind", KINDS)
def test_moments_stay_the_same_for_500_clouds(kind):
    """Monomials in the points' own units, so not the basis in which they were matched."""
    for seed in range(72):
        rng = np.random.default_rng(1000 * list(KINDS).index(kind) + seed)
        m, degree = int(rng.integers(1, 7)), int(rng.integers(1, 6))
        bound = comb(m + degree, degree)
        n = int(bound * rng.uniform(0.5, 5)) + 1
        points = KINDS[kind](rng, n, m)
        weights = rng.exponential(size=n) * (rng.random(n) > 0.1) if seed % 2 else np.ones(n)
        kept, new = reduce_moments(points, weights, degree)
        assert len(kept) == len(new) <= bound
        assert (np.diff(kept) > 0).all() and (new > 0).all() and (weights[kept] > 0).all()
        monomials = np.prod(points[:, None, :] ** exponents(m, degree), axis=2)
        size = weights @ np.abs(monomials)
        assert (np.abs(new @ monomials[kept] - weights @ monomials) <= 1e-10 * size).all()


def test_legendre_features_are_orthogonal_polynomials_of_all_degrees():
    """Gauss quadrature on a grid is exact: the Gram matrix is diagonal, of known entries."""
    nodes, quadrature = np.polynomial.legendre.leggauss(8)
    grid = np.array(list(itertools.product(nodes, repeat=3)))
    c = np.prod(list(itertools.product(quadrature, repeat=3)), axis=1)
    features = legendre_features(grid, 5, (-np.ones(3), np.ones(3)))
    rows = exponents(3, 5)
    assert features.shape[1] == len(rows) == len({tuple(r) for r in rows}) == comb(8, 3)
    wanted = np.diag(np.prod(2 / (2 * rows + 1), axis=1))
    assert np.allclose(features.T * c @ features, wanted, atol=1e-13)


def test_two_points_on_a_line_are_gauss_quadrature():
    """Three moments of a symmetric pair plus centre: by hand."""
    kept, new = reduce_moments(np.array([[-1.0], [0.0], [0.0], [1.0]]), np.ones(4), 1)
    points = np.array([-1.0, 0.0, 0.0, 1.0])[kept]
    assert len(kept) <= 2 and new.sum() == pytest.approx(4) and new @ points == pytest.approx(0)


def test_it_agrees_with_nonnegative_least_squares_and_a_vertex_of_a_linear_program():
    """All three give at most N points with the same moments; every function of them is the same."""
    rng = np.random.default_rng(0)
    points = rng.normal(size=(300, 2))
    features = legendre_features(points, 4)
    moments = features.sum(axis=0)
    ours = reduce_features(features, np.ones(300))
    least, residual = nnls(features.T, moments)
    vertex = linprog(rng.random(300), A_eq=features.T, b_eq=moments, method="highs-ds").x
    for new in (ours, least, vertex):
        assert (new > 0).sum() <= 15 and np.allclose(new @ features, moments, atol=1e-8)
    assert residual < 1e-8


def test_monomials_would_have_failed():
    """The same reduction in raw monomials of a small, distant cell loses the moments."""
    points = 0.5 + 0.05 * np.random.default_rng(0).uniform(-1, 1, size=(3000, 1))
    degree, features = 12, legendre_features(points, 12)
    wanted = features.mean(axis=0)
    kept, new = reduce_moments(points, np.full(3000, 1 / 3000), degree)
    assert np.abs(new @ features[kept] - wanted).max() < 1e-13
    raw = reduce_features(points ** np.arange(degree + 1), np.full(3000, 1 / 3000))
    assert np.abs(raw @ features - wanted).max() > 1e-6


def test_cells_part_the_points_and_the_budget_is_kept():
    rng = np.random.default_rng(1)
    points = np.concatenate([rng.normal(size=(700, 3)), 20 + 0.1 * rng.normal(size=(300, 3))])
    weights = rng.random(1000)
    for size in (20, 21, 99, 400, 1000):
        cells = split(points, weights, 3, 20, size)
        assert np.array_equal(np.sort(np.concatenate(cells)), np.arange(1000))
        kept, new = compress_points(points, weights, 3, size)
        assert 20 <= len(kept) <= size and (new > 0).all()
        for cell in cells:  # each cell keeps its own mass
            inside = np.isin(kept, cell)
            assert new[inside].sum() == pytest.approx(weights[cell].sum(), rel=1e-12)
        if size == 1000:
            assert len(kept) == 1000 and np.allclose(new, weights)


def test_the_error_stays_under_the_bound_and_falls_at_the_rate_of_the_theorem():
    """g = exp(w . a): Taylor about the middle of each cell bounds it, 2 M sup g^(k+1) / (k+1)!"""
    errors = {40: [], 320: [], 2560: []}
    for seed, size in itertools.product(range(20), errors):
        rng = np.random.default_rng(seed)
        points, directions = rng.uniform(-1, 1, size=(10_000, 2)), rng.uniform(-1, 1, size=(2, 20))
        g, bound = np.exp(points @ directions), np.zeros(20)  # (n, 20)
        for cell in split(points, np.ones(len(points)), 3, 10, size):
            radius = np.ptp(points[cell], axis=0) @ np.abs(directions) / 2
            bound += 2 * len(cell) * g[cell].max(axis=0) * radius**4 / 24
        kept, new = compress_points(points, np.ones(len(points)), 3, size)
        errors[size].append(np.abs(new @ g[kept] - g.sum(axis=0)))
        assert (errors[size][-1] <= bound).all()
    typical = {size: np.median(np.mean(found, axis=1)) for size, found in errors.items()}
    assert typical[2560] < typical[40] / 64**2  # (k + 1) / m = 2, and 64 times the points


def test_targets_keep_the_squared_loss_of_every_polynomial():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(4000, 2)), rng.normal(size=(4000, 2))
    needed = feature_count(2, 2, outputs=2)
    kept, new = compress_points(x, np.ones(4000), 2, needed, targets=y)
    assert len(kept) == needed == 19
    for _ in range(20):
        f = np.column_stack([np.ones(4000), x]) @ rng.normal(size=(3, 2))  # f^2 has degree 2
        loss = np.square(f - y).sum(axis=1)
        assert new @ loss[kept] == pytest.approx(loss.sum(), rel=1e-11)


POINTS = np.zeros((10, 2))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: reduce_moments(POINTS, -np.ones(10), 1), "weights must not be negative"),
        (lambda: reduce_moments(POINTS * np.nan, np.ones(10), 1), "points must be finite"),
        (lambda: reduce_moments(POINTS, np.full(10, np.inf), 1), "weights must be finite"),
        (lambda: reduce_moments(POINTS[0], np.ones(10), 1), r"shape \(n, m\)"),
        (lambda: reduce_moments(POINTS, np.ones(9), 1), r"the shape \(10,\)"),
        (lambda: reduce_moments(POINTS, np.ones(10), 1.5), "degree must be an integer"),
        (lambda: compress_points(POINTS, np.ones(10), 1, 11), "only 10 points"),
        (lambda: compress_points(POINTS, np.ones(10), 3, 9), "needs 10 points: lower the degree"),
        (lambda: compress_points(POINTS, np.ones(10), 1, 5, targets=np.ones(10)), "targets must"),
    ],
)
def test_bad_input_gets_one_clear_sentence(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_no_points_and_no_weight_give_no_points():
    assert len(reduce_moments(np.empty((0, 2)), np.empty(0), 2)[0]) == 0
    assert len(reduce_moments(POINTS, np.zeros(10), 2)[0]) == 0
