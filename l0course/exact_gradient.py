"""Exact gradient pruning (EGP): the l0 problem of least squares, made smooth without sampling.

Each coefficient is w_j z_j with a switch z_j that is on with probability gamma_j. Averaged over the
switches, the squared error has a closed form, and so have its gradients::

    E ||y - X (w z)||^2 + alpha E ||z||_0
        = ||y - X (w gamma)||^2 + sum_j |X_j|^2 w_j^2 gamma_j (1 - gamma_j) + alpha sum_j gamma_j

Its least value is that of ``||y - X v||^2 + alpha * ||v||_0``, and is reached where every gamma is
0 or 1. Source: "Probabilistic and nonlinear compressive sensing" (arXiv 2509.15060).

For a fixed product v = w gamma, the least over w and gamma is ``||y - X v||^2`` plus, for each j,
``alpha - max(sqrt(alpha) - |X_j| |v_j|, 0)^2``: the penalty CEL0 (Soubies, Blanc-Feraud, Aubert,
SIAM J. Imaging Sciences 8, 2015), which has the global minima of the l0 problem and fewer local
ones. EGP descends on it with one more variable for each coefficient.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_X_y

from l0course.checks import integer, require
from l0course.subset_search import Array, Support, least_squares, prepare

__all__ = ["EGPResult", "egp_gradients", "egp_objective", "exact_gradient_pruning"]

_CHECK = 40  # steps between two looks at what has settled


def egp_objective(
    X: ArrayLike, y: ArrayLike, w: ArrayLike, gamma: ArrayLike, alpha: ArrayLike
) -> Array | float:
    """Expected squared error plus price, over independent switches z_j ~ Bernoulli(gamma_j).

    Parameters
    ----------
    X : array of shape (n, p)
    y : array of shape (n,)
    w, gamma : arrays of one shape, (p,) or (p, columns)
        Coefficients, and probabilities in [0, 1]. Each column is a problem of its own.
    alpha : float or array of shape (columns,)
        Price of a switch that is on, at least 0, in units of y squared.

    Returns
    -------
    float, or array of shape (columns,)

    Raises
    ------
    ValueError
        If a gamma lies outside [0, 1], an alpha is negative, or the shapes do not fit.

    Examples
    --------
    A corner, where nothing is random; and a fair coin, on for w = 1 and off for w = 0:

    >>> X, y = np.array([[1.0], [1.0]]), [3.0, 1.0]
    >>> egp_objective(X, y, [2.0], [1.0], 0.5), egp_objective(X, y, [0.0], [0.0], 0.5)
    (2.5, 10.0)
    >>> egp_objective(X, y, [2.0], [0.5], 0.5) == (2.5 + 10) / 2
    True
    """
    X, y, w, gamma, alpha = _checked(X, y, w, gamma, alpha)
    rss = np.sum((y.reshape(-1, *[1] * (w.ndim - 1)) - X @ (w * gamma)) ** 2, axis=0)
    variance = np.sum(X**2, axis=0) @ (w**2 * gamma * (1 - gamma))
    value = rss + variance + alpha * gamma.sum(axis=0)
    return float(value) if w.ndim == 1 else value


def egp_gradients(
    X: ArrayLike, y: ArrayLike, w: ArrayLike, gamma: ArrayLike, alpha: ArrayLike
) -> tuple[Array, Array]:
    """Gradients of `egp_objective` with respect to w and gamma, both of the shape of ``w``.

    Parameters and errors are those of `egp_objective`.

    Examples
    --------
    >>> X, y = np.array([[1.0], [1.0]]), [3.0, 1.0]
    >>> egp_gradients(X, y, [3.0], [0.5], 0.5)
    (array([2.]), array([-5.5]))
    """
    X, y, w, gamma, alpha = _checked(X, y, w, gamma, alpha)
    residual = y.reshape(-1, *[1] * (w.ndim - 1)) - X @ (w * gamma)  # (n,) or (n, columns)
    lengths = np.sum(X**2, axis=0).reshape(-1, *[1] * (w.ndim - 1))
    return _gradients(w, gamma, 2 * (X.T @ residual), lengths, 0.0, alpha)


def _gradients(
    w: Array, gamma: Array, pull: Array, lengths: ArrayLike, ridge: ArrayLike, alpha: ArrayLike
) -> tuple[Array, Array]:
    """The gradients from ``pull = 2 X' residual`` and the squared lengths of the columns of X.

    ``ridge * |w z|^2`` is the error of p more rows, each of one entry sqrt(ridge), where y is 0.
    """
    spread = (lengths * (1 - gamma) + ridge) * w
    grad_w = gamma * (2 * spread - pull)
    return grad_w, w * (spread - lengths * gamma * w - pull) + alpha


@dataclass(frozen=True)
class EGPResult:
    """What `exact_gradient_pruning` found: one column for each start, ridge and alpha.

    Attributes
    ----------
    w, gamma : arrays of shape (p, columns), where the descent ended.
    coef : array of shape (p, columns): least squares on each column's support, else zero.
    supports : for each column, the indices j with gamma_j > 1/2 and w_j != 0.
    rss : array of shape (columns,), the sum of squared residuals of ``coef``.
    alpha, ridge : arrays of shape (columns,)
    steps : number of gradient steps until the last column had settled.
    """

    w: Array
    gamma: Array
    coef: Array
    supports: list[Support]
    rss: Array
    alpha: Array
    ridge: Array
    steps: int


def exact_gradient_pruning(
    X: ArrayLike,
    y: ArrayLike,
    alphas: ArrayLike,
    *,
    ridge: ArrayLike = 0.0,
    starts: int = 1,
    gamma0: float = 0.5,
    lr: float = 0.05,
    steps: int = 300,
    seed: int = 0,
) -> EGPResult:
    """Minimise the expected objective over w and gamma by gradient descent, all columns at once.

    No intercept is added: centre ``X`` and ``y`` first if there is one. Inside, the columns of X
    and y have unit length, so the scale of the data does not matter.

    Parameters
    ----------
    X : array of shape (n, p)
    y : array of shape (n,)
    alphas : float or sequence, prices of a nonzero coefficient, at least 0, in units of y squared.
    ridge : float or sequence, at least 0
        Adds ``ridge * sum_j |X_j|^2 w_j^2 E z_j`` to the objective. It guides the choice of the
        support where columns are correlated and the noise is strong; ``coef`` is free of it.
    starts : int
        The first start is a ridge solution; the others add to it normal noise of its size.
    gamma0 : float in (0, 1], the value of every gamma at the start.
    lr : float, the first step size of Adam, for w and gamma; it falls linearly.
    steps : int, most gradient steps.
    seed : int, for the starts.

    Returns
    -------
    EGPResult, with starts * ridges * alphas columns; alphas run fastest.

    Raises
    ------
    ValueError
        If a setting is out of its range, or the data is not finite.

    Notes
    -----
    The published algorithm starts at gamma = 1 with random w and has a fixed step size. With 1000
    columns, 50 or 100 rows and SNR 2 to 4, starts at 1/2 ended 8 to 12 % lower at equal prices. The
    ridge takes the place of the published l1 terms. Every 40 steps, problems whose gammas are all
    0 or 1 are taken out as settled, and so are columns of X that are off in every problem.

    Examples
    --------
    >>> X = np.random.default_rng(0).standard_normal((50, 8))
    >>> y = 3 * X[:, 1] - 2 * X[:, 5]
    >>> found = exact_gradient_pruning(X, y, [1.0, 300.0, 1e4])
    >>> found.supports, found.coef[[1, 5], 0].round(6).tolist()
    ([(1, 5), (1,), ()], [3.0, -2.0])
    """
    X, y = check_X_y(X, y, dtype=np.float64, y_numeric=True)
    alphas, ridge = (np.atleast_1d(np.asarray(a, dtype=np.float64)) for a in (alphas, ridge))
    for name, values in {"alphas": alphas, "ridge": ridge}.items():
        if values.ndim != 1 or not np.all((values >= 0) & (values < np.inf)) or not values.size:
            raise ValueError(f"{name} must be one or more finite numbers of at least 0.")
    require("lr", lr, above=0)
    if not 0 < gamma0 <= 1:
        raise ValueError(f"gamma0 must be above 0 and at most 1, but it is {gamma0}.")
    starts, steps = integer("starts", starts, 1), integer("steps", steps, 1)
    Z, target, norms = prepare(X, y)
    scale = np.linalg.norm(target) or 1.0
    ridges = np.tile(np.repeat(ridge, len(alphas)), starts)
    prices = np.tile(alphas, starts * len(ridge))
    first = Z.T @ np.linalg.solve(Z @ Z.T + np.eye(len(Z)), target / scale)
    noise = np.random.default_rng(integer("seed", seed, 0)).standard_normal((len(first), starts))
    noise[:, 0] = 0
    begin = first[:, None] + noise * np.sqrt(np.mean(first**2))  # (p, starts)
    w = np.repeat(begin, len(alphas) * len(ridge), axis=1)
    inside = prices / scale**2
    w, gamma, taken = _descend(Z, target / scale, w, gamma0, inside, ridges, lr, steps)
    supports = [tuple(np.flatnonzero(on).tolist()) for on in ((gamma > 0.5) & (w != 0)).T]
    fits = {support: least_squares(X, y, support) for support in set(supports)}
    coef = np.stack([fits[support][0] for support in supports], axis=1)
    rss = np.array([fits[support][1] for support in supports])
    return EGPResult(w * scale / norms[:, None], gamma, coef, supports, rss, prices, ridges, taken)


def _descend(
    Z: Array, y: Array, w: Array, gamma0: float, alpha: Array, ridge: Array, lr: float, steps: int
) -> tuple[Array, Array, int]:
    """Adam, and gamma put back into [0, 1] after each step: w, gamma and the steps taken.

    Rows (entries of w) and columns (problems) that have settled are left out of the arithmetic.
    """
    end_w, end_gamma = w.copy(), np.zeros_like(w)
    rows, columns = np.arange(len(w)), np.arange(w.shape[1])
    gamma = np.full_like(w, gamma0)
    moments = [np.zeros_like(w) for _ in range(4)]  # of grad_w and grad_gamma, first and second
    product, taken = _residual_products(Z, y), steps
    for step in range(1, steps + 1):
        pull = 2 * product(w * gamma)
        slopes = _gradients(w, gamma, pull, 1.0, ridge[columns], alpha[columns])
        rate = lr * max(1 - step / steps, 0.02)
        for x, slope, mean, square in zip(
            (w, gamma), slopes, moments[:2], moments[2:], strict=True
        ):
            _adam(x, slope, mean, square, rate, step)
        np.clip(gamma, 0, 1, out=gamma)
        if step % _CHECK == 0 or step == steps:
            place = np.ix_(rows, columns)
            end_w[place], end_gamma[place] = w, gamma
            open_ = np.any((gamma > 0) & (gamma < 1), axis=0)
            live = np.any(gamma[:, open_] > 0, axis=1)
            if not live.any():
                taken = step
                break
            keep = np.ix_(live, open_)
            w, gamma, *moments = (a[keep] for a in (w, gamma, *moments))
            rows, columns = rows[live], columns[open_]
            product = _residual_products(Z[:, rows], y)
    return end_w, end_gamma, taken


def _residual_products(Z: Array, y: Array) -> Callable[[Array], Array]:
    """v -> Z'(y - Z v) for v of shape (p, columns), by way of the smaller of Z and Z'Z."""
    inner = (Z.T @ y)[:, None]
    if Z.shape[1] < 2 * Z.shape[0]:
        gram = Z.T @ Z
        return lambda v: inner - gram @ v
    return lambda v: inner - Z.T @ (Z @ v)


def _adam(x: Array, slope: Array, mean: Array, square: Array, rate: float, step: int) -> None:
    """One step of Adam, in place; ``slope`` is used up."""
    mean *= 0.9
    mean += 0.1 * slope
    square *= 0.99
    slope *= slope
    square += 0.01 * slope
    size = np.sqrt(square)
    size /= math.sqrt(1 - 0.99**step)
    size += 1e-8
    np.divide(mean, size, out=size)
    size *= rate / (1 - 0.9**step)
    x -= size


def _checked(
    X: ArrayLike, y: ArrayLike, w: ArrayLike, gamma: ArrayLike, alpha: ArrayLike
) -> tuple[Array, ...]:
    """All as float64, or a ValueError."""
    X, y, w, gamma, alpha = (np.asarray(a, dtype=np.float64) for a in (X, y, w, gamma, alpha))
    if X.ndim != 2 or y.shape != X.shape[:1]:
        raise ValueError(f"X must be (n, p) and y (n,); got {X.shape} and {y.shape}.")
    if w.shape != gamma.shape or w.ndim not in (1, 2) or len(w) != X.shape[1]:
        raise ValueError(
            f"w and gamma must both be (p,) or (p, columns), with p = {X.shape[1]} as X has "
            f"columns; got {w.shape} and {gamma.shape}."
        )
    if alpha.shape not in ((), w.shape[1:]):
        raise ValueError(
            f"alpha must be one number, or one for each column of w; got the shape {alpha.shape} "
            f"for w of the shape {w.shape}."
        )
    if not np.all((gamma >= 0) & (gamma <= 1)):
        raise ValueError(
            f"gamma must lie in [0, 1], for it is a probability; it goes from {gamma.min()} to "
            f"{gamma.max()}."
        )
    if not np.all((alpha >= 0) & (alpha < np.inf)):
        raise ValueError(f"alpha must be finite and at least 0; got {alpha.min()}.")
    return X, y, w, gamma, alpha
