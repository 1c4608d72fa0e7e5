"""Linear models with few nonzero coefficients, as scikit-learn estimators.

The l0 objective charges every nonzero coefficient the same price, whatever its size::

    F(w) = ||y - X w||^2 + alpha * ||w||_0

The squares are summed, not averaged or halved, as in the companion paper's objective for exact
gradient pruning (EGP). Small problems are solved exactly, by enumeration; large ones by iterative
hard thresholding (IHT) and then exchanges of single columns, by EGP, or by ADMM. The relaxed lasso
stands beside them.

Scale: alpha is in units of y squared: the drop in the residual sum of squares that a coefficient
must earn. Multiplying a column of X by a constant changes neither ||w||_0 nor the best fit, so
nothing is standardised, and the solvers work with unit columns inside. The lasso is not like this:
its answer depends on the scale of every column.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import Lasso
from sklearn.utils.validation import check_is_fitted, check_X_y, validate_data

from l0course.checks import integer, require
from l0course.exact_gradient import egp_objective, exact_gradient_pruning
from l0course.subset_search import (
    Array,
    Support,
    admm,
    enumerate_subsets,
    least_squares,
    prepare,
    search,
)

__all__ = ["L0Regression", "RelaxedLasso", "best_subsets", "egp_objective"]

_SOLVERS = ("iht", "enumerate", "egp", "admm")


def best_subsets(
    X: ArrayLike, y: ArrayLike, max_size: int | None = None
) -> list[tuple[Support, float]]:
    """Best subset of columns of every size, exactly.

    No intercept is added: centre ``X`` and ``y`` first if there is one.

    Parameters
    ----------
    X : array of shape (n, p)
    y : array of shape (n,)
    max_size : int, optional
        Largest size to look at; ``min(n, p)`` if not given.

    Returns
    -------
    list of (support, rss), of length ``max_size + 1``
        Entry k: the best support of at most k columns, and its residual sum of squares. It has
        fewer than k columns only where more gain nothing.

    Raises
    ------
    ValueError
        If ``max_size`` is not in 0..p, if there are more than 2**25 subsets to look at, or if
        ``X`` or ``y`` is not finite.

    Notes
    -----
    One step of Gaussian elimination on the Gram matrix puts a column into a subset; what is left
    belongs to the other columns' residuals. Subsets that begin with the same columns share those
    steps (Furnival and Wilson, "Regressions by leaps and bounds", Technometrics 16, 1974). Here
    all subsets take each step together, as one array. A column counts as a combination of others
    when they leave less than 1e-5 of its length.

    Examples
    --------
    >>> X = np.array([[1.0, 1, 0], [1, -1, 0], [1, 0, 1], [1, 0, -1]])
    >>> for support, rss in best_subsets(X, [4.0, 2, 3, 3]):
    ...     print(support, round(rss, 6))
    () 38.0
    (0,) 2.0
    (0, 1) 0.0
    (0, 1) 0.0
    """
    X, y = check_X_y(X, y, dtype=np.float64, y_numeric=True)
    size = min(X.shape) if max_size is None else integer("max_size", max_size, 0, X.shape[1])
    Z, target, _ = prepare(X, y)
    return enumerate_subsets(Z, target, size)


class _SparseLinear(RegressorMixin, BaseEstimator):
    """Checks, centring and prediction of the estimators below."""

    def _centred(self, X: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
        X, y = validate_data(self, X, y, dtype=np.float64, y_numeric=True)
        scale = float(self.fit_intercept)
        self._means = scale * X.mean(axis=0), scale * y.mean()
        centred = X - self._means[0]
        # Centring leaves rounding errors of a constant column: make them zeros.
        noise = np.linalg.norm(centred, axis=0) <= 1e-12 * np.linalg.norm(X, axis=0)
        return np.where(noise, 0.0, centred), y - self._means[1]

    def _set_coef(self, coef: Array) -> None:
        self.coef_ = coef
        self.intercept_ = float(self._means[1] - self._means[0] @ coef)
        self.support_ = np.flatnonzero(coef)

    def predict(self, X: ArrayLike) -> Array:
        """Predictions, shape (n,), for ``X`` of shape (n, p)."""
        check_is_fitted(self)
        return validate_data(self, X, dtype=np.float64, reset=False) @ self.coef_ + self.intercept_


class L0Regression(_SparseLinear):
    """Least squares with a price, or a limit, on the number of nonzero coefficients.

    Minimises ``||y - X w||^2 + alpha * ||w||_0``, or, with ``n_nonzero=k``, ``||y - X w||^2``
    over all w with at most k nonzeros. The intercept is free of charge.

    Parameters
    ----------
    alpha : float, default 1.0
        Price of a nonzero coefficient, in units of y squared; ignored if ``n_nonzero`` is given.
    n_nonzero : int, optional
        Largest number of nonzero coefficients.
    solver : {"iht", "enumerate", "egp", "admm"}, default "iht"
        "enumerate" is exact, for at most 2**25 subsets. "iht" is a local search: iterative hard
        thresholding from zero and from a ridge solution, and a path over sizes; then least
        squares, and exchanges of single columns until none helps. "egp" is exact gradient pruning
        from several starts, ridges and nearby prices, and takes no ``n_nonzero``; "admm"
        alternates between a ridge regression and a hard threshold, once. Both end with least
        squares, without exchanges, so they find the optimum less often than "iht".
    fit_intercept : bool, default True

    Attributes
    ----------
    coef_ : array of shape (p,)
    intercept_ : float
    support_ : array of int, the indices of the nonzero coefficients
    objective_ : float
        Residual sum of squares, plus alpha for each nonzero unless ``n_nonzero`` is given.
    n_iter_ : int, steps of the solver: of hard thresholding over all starts, of EGP, of ADMM
    n_features_in_ : int

    Raises
    ------
    ValueError
        From ``fit``: alpha < 0, n_nonzero outside 0..p or given to "egp", unknown solver, data
        that is not finite, too many subsets to enumerate.

    References
    ----------
    Blumensath and Davies, "Iterative thresholding for sparse approximations", J. Fourier Anal.
    Appl. 14 (2008), with a price; "Iterative hard thresholding for compressed sensing", Appl.
    Comput. Harmon. Anal. 27 (2009), with a limit.

    Examples
    --------
    >>> X = np.random.default_rng(0).standard_normal((50, 8))
    >>> y = 3 * X[:, 1] - 2 * X[:, 5] + 1
    >>> model = L0Regression(alpha=1.0).fit(X, y)
    >>> model.support_.tolist(), model.coef_[model.support_].round(6).tolist()
    ([1, 5], [3.0, -2.0])
    """

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        n_nonzero: int | None = None,
        solver: str = "iht",
        fit_intercept: bool = True,
    ) -> None:
        self.alpha, self.n_nonzero = alpha, n_nonzero
        self.solver, self.fit_intercept = solver, fit_intercept

    def fit(self, X: ArrayLike, y: ArrayLike) -> L0Regression:
        """Fit to ``X`` of shape (n, p) and ``y`` of shape (n,)."""
        if self.solver not in _SOLVERS:
            raise ValueError(f"solver must be one of {_SOLVERS}; got {self.solver!r}.")
        if self.solver == "egp" and self.n_nonzero is not None:
            raise ValueError("solver='egp' takes a price, alpha; n_nonzero needs another solver.")
        require("alpha", self.alpha, least=0)
        Z, target, norms = prepare(*self._centred(X, y))
        p, alpha, limit = Z.shape[1], float(self.alpha), min(Z.shape)
        if self.n_nonzero is not None:
            alpha, limit = 0.0, integer("n_nonzero", self.n_nonzero, 0, p)
        support, self.n_iter_ = tuple(range(p)), 0  # what is best if alpha is 0
        if self.n_nonzero is not None and self.solver == "enumerate":
            support = enumerate_subsets(Z, target, limit)[limit][0]
        elif self.solver == "egp" and alpha > 0:
            support, self.n_iter_ = _by_exact_gradients(Z, target, alpha)
        elif self.solver == "admm" and (self.n_nonzero is not None or alpha > 0):
            support, self.n_iter_ = admm(Z, target, alpha, limit)
        elif self.n_nonzero is not None or alpha > 0:
            value, support, self.n_iter_ = search(Z, target, alpha, limit)
            if self.solver == "enumerate":  # sizes that may beat what the search has found
                room = value - least_squares(Z, target, support=tuple(range(p)))[1]
                room += 1e-12 * float(target @ target)  # for rounding
                sizes = enumerate_subsets(Z, target, math.ceil(min(limit, room / alpha)))
                support = min((rss + alpha * len(best), best) for best, rss in sizes)[1]
        w, rss = least_squares(Z, target, support)
        self._set_coef(w / norms)
        self.objective_ = rss + alpha * len(self.support_)
        return self


def _by_exact_gradients(Z: Array, target: Array, alpha: float) -> tuple[Support, int]:
    """The support of least objective among 80 columns of EGP, and the steps."""
    prices, ridge = alpha * np.array([0.5, 0.7, 1.0, 1.4, 2.0]), (0, 0.1, 0.5, 2)
    found = exact_gradient_pruning(Z, target, prices, ridge=ridge, starts=4)
    best = (found.rss + alpha * np.array([len(support) for support in found.supports])).argmin()
    return found.supports[best], found.steps


class RelaxedLasso(_SparseLinear):
    """The lasso, and the way from it to least squares on the lasso's support.

    ``coef_ = phi * lasso + (1 - phi) * least squares on the support of the lasso``: the form of
    Hastie, Tibshirani and Tibshirani, "Best subset, forward stepwise or lasso?", Statistical
    Science 35 (2020). In Meinshausen, "Relaxed lasso", Comput. Stat. Data Anal. 52 (2007), phi
    scales the penalty on the support instead; the two agree until a coefficient reaches zero there.

    Parameters
    ----------
    alpha : float, default 1.0
        The lasso's penalty in scikit-learn's scaling, ``||y - X w||^2 / (2 n) + alpha * ||w||_1``.
        Its meaning depends on the scale of every column; nothing is standardised here.
    phi : float in [0, 1], default 0.0
        1 is the lasso, 0 least squares on its support.
    fit_intercept : bool, default True

    Attributes
    ----------
    coef_, intercept_, support_, n_features_in_ : as in `L0Regression`
        The support is that of the lasso.

    Raises
    ------
    ValueError
        From ``fit``: negative alpha, phi outside [0, 1], data that is not finite.

    Examples
    --------
    >>> X = np.eye(4)
    >>> for phi in (1, 0.5, 0):
    ...     model = RelaxedLasso(alpha=0.25, phi=phi, fit_intercept=False).fit(X, [3, 0.5, 0, -2])
    ...     print(model.coef_.round(6).tolist())
    [2.0, 0.0, 0.0, -1.0]
    [2.5, 0.0, 0.0, -1.5]
    [3.0, 0.0, 0.0, -2.0]
    """

    def __init__(self, alpha: float = 1.0, *, phi: float = 0.0, fit_intercept: bool = True) -> None:
        self.alpha = alpha
        self.phi = phi
        self.fit_intercept = fit_intercept

    def fit(self, X: ArrayLike, y: ArrayLike) -> RelaxedLasso:
        """Fit to ``X`` of shape (n, p) and ``y`` of shape (n,)."""
        require("alpha", self.alpha, least=0)
        if not 0 <= self.phi <= 1:
            raise ValueError(f"phi must be in [0, 1]; got {self.phi}.")
        X, y = self._centred(X, y)
        lasso = Lasso(self.alpha, fit_intercept=False, max_iter=10_000).fit(X, y).coef_
        Z, target, norms = prepare(X, y)
        free = least_squares(Z, target, tuple(np.flatnonzero(lasso)))[0] / norms
        self._set_coef(self.phi * lasso + (1 - self.phi) * free)
        return self
