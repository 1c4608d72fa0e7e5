"""Generated data: sparse linear regression whose truth is known."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from scipy.linalg import toeplitz

from .checks import integer

__all__ = ["LinearData", "sparse_regression"]


@dataclass(frozen=True, repr=False, eq=False)
class LinearData:
    """Rows of y = X beta + sigma * noise: X (n, p), y (n,), beta (p,), all float64."""

    X: np.ndarray
    y: np.ndarray
    beta: np.ndarray
    sigma: float
    rho: float
    design: Literal["toeplitz", "confounded"]

    @cached_property
    def covariance(self) -> np.ndarray:
        """Population covariance of a row of X, shape (p, p)."""
        p, s = len(self.beta), np.count_nonzero(self.beta)
        return _covariance(p, s, self.rho, self.design)

    def __repr__(self) -> str:
        (n, p), s = self.X.shape, np.count_nonzero(self.beta)
        return (
            f"LinearData({self.design}: n={n}, p={p}, support={s}, rho={self.rho:g}, "
            f"sigma={self.sigma:.4g})"
        )


def sparse_regression(
    n: int,
    p: int,
    support_size: int,
    *,
    rho: float = 0.0,
    snr: float = 5.0,
    design: Literal["toeplitz", "confounded"] = "toeplitz",
    seed: int,
) -> LinearData:
    """Draw y = X beta + noise, with beta one in the first `support_size` coordinates, else zero.

    Parameters
    ----------
    n, p : rows and columns of X; 1 <= support_size <= p.
    rho : correlation, -1 < rho < 1.
    snr : beta' Sigma beta / sigma^2 > 0, which fixes the noise's sigma; inf is no noise.
    design : "toeplitz" has Sigma_ij = rho^|i-j| (Hastie, Tibshirani, Tibshirani, Statistical
        Science 2020, beta-type 2). "confounded" has independent relevant columns, and each
        irrelevant one is rho * (sum of the relevant ones) / sqrt(s) + sqrt(1 - rho^2) * own noise;
        all variances are 1, and the irrepresentable condition of the lasso (Zhao, Yu, JMLR 2006)
        holds exactly when |rho| < 1 / sqrt(s), where s = support_size.
    seed : the same seed gives the same data; another one, a fresh sample of the same population
        (validation and test data).

    Raises
    ------
    ValueError : an argument out of range.

    Examples
    --------
    >>> data = sparse_regression(100, 10, 4, rho=0.7, design="confounded", seed=0)
    >>> data
    LinearData(confounded: n=100, p=10, support=4, rho=0.7, sigma=0.8944)
    >>> data.covariance[0].round(2).tolist()
    [1.0, 0.0, 0.0, 0.0, 0.35, 0.35, 0.35, 0.35, 0.35, 0.35]
    """
    n, p = integer("n", n, 1), integer("p", p, 1)
    s = integer("support_size", support_size, 1, p)
    if not -1 < rho < 1:
        raise ValueError(f"rho must lie strictly between -1 and 1, got {rho}")
    if not snr > 0:
        raise ValueError(f"snr must be positive, got {snr}")
    if design not in ("toeplitz", "confounded"):
        raise ValueError(f"design must be 'toeplitz' or 'confounded', got {design!r}")
    rng = np.random.default_rng(integer("seed", seed, 0))
    X, own = rng.standard_normal((n, p)), np.sqrt(1 - rho**2)
    if design == "toeplitz":
        for j in range(1, p):  # an AR(1) walk over the columns: no p x p factorisation
            X[:, j] = rho * X[:, j - 1] + own * X[:, j]
    else:
        common = X[:, :s].sum(1, keepdims=True) / np.sqrt(s)  # (n, 1), variance 1
        X[:, s:] = rho * common + own * X[:, s:]
    beta = (np.arange(p) < s).astype(float)
    sigma = float(np.sqrt(_covariance(s, s, rho, design).sum() / snr))
    y = X @ beta + sigma * rng.standard_normal(n)
    return LinearData(X, y, beta, sigma, rho, design)


def _covariance(p: int, s: int, rho: float, design: str) -> np.ndarray:
    if design == "toeplitz":
        return toeplitz(float(rho) ** np.arange(p))
    sigma = np.eye(p)
    sigma[s:, s:] = rho**2 + (1 - rho**2) * np.eye(p - s)
    sigma[:s, s:] = rho / np.sqrt(s)
    sigma[s:, :s] = rho / np.sqrt(s)
    return sigma
