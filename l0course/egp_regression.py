"""Sparse regression by exact gradient pruning, its strength chosen on validation data."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from sklearn.model_selection import train_test_split
from sklearn.utils.validation import check_X_y, validate_data

from l0course.best_subset import _SparseLinear
from l0course.checks import integer
from l0course.exact_gradient import exact_gradient_pruning
from l0course.subset_search import Array, least_squares, prepare

__all__ = ["EGPRegression"]


class EGPRegression(_SparseLinear):
    """Least squares on the support that predicts validation data best, among many by EGP.

    All strengths are fitted at once, as columns of one descent (see
    `l0course.exact_gradient.exact_gradient_pruning`). Every column gives a support; each support is
    refitted by least squares, free of any penalty ("relaxed"), and the one with the smallest error
    on the validation data is taken. The empty support is always among them.

    Parameters
    ----------
    n_alphas : int, default 30
        Prices of a nonzero coefficient: a geometric grid down from the largest gain of a single
        column.
    eps : float in (0, 1), default 0.01
        The lowest price over the highest. Lower it if some coefficients are far smaller than
        others.
    ridge : sequence of float, default (0, 0.1, 0.5, 2, 8)
        Strengths of a ridge penalty on unit columns, each with all prices. It only guides the
        search. It finds the support more often if columns are correlated and the noise is strong.
    starts : int, default 1
        Starting points for each strength.
    validation_fraction : float in (0, 1), default 0.2
        Share of the rows that are set apart, if ``fit`` gets no validation data.
    random_state : int, default 0
        Seed of that split, and of the starts after the first.
    fit_intercept : bool, default True

    Attributes
    ----------
    coef_, intercept_, support_, n_features_in_ : as in `l0course.best_subset.L0Regression`
    alpha_, ridge_ : float, the strengths of the chosen column, or of the first of several with its
        support; the highest price if the empty support is chosen and no column gave it.
    validation_mse_ : float, mean squared error on the validation data, of the fit without them
    n_supports_ : int, how many different supports were compared
    n_iter_ : int, gradient steps

    Raises
    ------
    ValueError
        From ``fit``: a setting out of its range, only one of X_val and y_val, data that is not
        finite or does not fit together, fewer than two rows to split.

    References
    ----------
    "Probabilistic and nonlinear compressive sensing" (arXiv 2509.15060). There, w and the mask are
    averaged over the good columns and fine-tuned by gradient descent; its l1 terms are a ridge
    here.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((560, 20))
    >>> y = 2 * X[:, 3] - X[:, 7] + rng.standard_normal(560)
    >>> EGPRegression().fit(X[:60], y[:60], X[60:], y[60:]).support_.tolist()
    [3, 7]
    """

    def __init__(
        self,
        n_alphas: int = 30,
        *,
        eps: float = 0.01,
        ridge: Sequence[float] = (0, 0.1, 0.5, 2, 8),
        starts: int = 1,
        validation_fraction: float = 0.2,
        random_state: int = 0,
        fit_intercept: bool = True,
    ) -> None:
        self.n_alphas, self.eps, self.ridge, self.starts = n_alphas, eps, ridge, starts
        self.validation_fraction, self.random_state = validation_fraction, random_state
        self.fit_intercept = fit_intercept

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
    ) -> EGPRegression:
        """Fit to ``X`` (n, p) and ``y`` (n,), choosing on ``X_val`` (m, p) and ``y_val`` (m,).

        Without validation data, part of the rows is set apart to choose the support; the final
        least squares then takes all rows.
        """
        integer("n_alphas", self.n_alphas, 1)
        if not 0 < self.eps < 1:
            raise ValueError(f"eps must lie strictly between 0 and 1; got {self.eps}.")
        if (X_val is None) != (y_val is None):
            raise ValueError("Give both X_val and y_val, or neither.")
        if X_val is None:
            X, y = validate_data(self, X, y, dtype=np.float64, y_numeric=True, ensure_min_samples=2)
            if not 0 < self.validation_fraction < 1:
                raise ValueError(
                    "validation_fraction must lie strictly between 0 and 1; got "
                    f"{self.validation_fraction}."
                )
            held = min(len(y) - 1, max(1, round(self.validation_fraction * len(y))))
            train_X, X_val, train_y, y_val = train_test_split(
                X, y, test_size=held, random_state=self.random_state
            )
        else:
            train_X, train_y = X, y
            X_val, y_val = check_X_y(X_val, y_val, dtype=np.float64, y_numeric=True)
        coef = self._choose(*self._centred(train_X, train_y), X_val, y_val)
        if train_X is not X:
            Z, target, norms = prepare(*self._centred(X, y))
            coef = least_squares(Z, target, tuple(np.flatnonzero(coef)))[0] / norms
        self._set_coef(coef)
        return self

    def _choose(self, X: Array, y: Array, X_val: Array, y_val: Array) -> Array:
        """The coefficients with the smallest error on validation data; X and y are centred."""
        if X_val.shape[1] != X.shape[1]:
            raise ValueError(f"X_val must have the {X.shape[1]} columns of X; got {X_val.shape}.")
        Z, target, norms = prepare(X, y)
        gains = (Z.T @ target) ** 2
        prices = gains.max() * np.geomspace(1, self.eps, self.n_alphas)
        found = exact_gradient_pruning(
            Z, target, prices, ridge=self.ridge, starts=self.starts, seed=self.random_state
        )
        firsts = {(): 0} | {s: k for k, s in reversed(list(enumerate(found.supports)))}
        supports = sorted(firsts, key=len)  # of equal errors, the smaller support
        columns = [firsts[support] for support in supports]
        coef = found.coef[:, columns] * [len(support) > 0 for support in supports]
        coef /= norms[:, None]  # (p, supports)
        residuals = (y_val - self._means[1])[:, None] - (X_val - self._means[0]) @ coef
        errors = np.mean(residuals**2, axis=0)  # (supports,)
        best = int(errors.argmin())
        self.alpha_ = float(found.alpha[columns[best]])
        self.ridge_ = float(found.ridge[columns[best]])
        self.validation_mse_, self.n_supports_ = float(errors[best]), len(supports)
        self.n_iter_ = found.steps
        return coef[:, best]
