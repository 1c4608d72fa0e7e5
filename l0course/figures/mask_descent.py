"""Best subset selection by descent on probabilities: exact gradients, and sampled ones.

Every method of the figure `monte_carlo` is an endless generator of (w, gamma), one for each step.
All start at probabilities of 1/2 and take steps of 0.1 times the gradient of their mean loss,
``(||y - X b||^2 + price * nonzeros) / n``:

- exact gradient pruning (EGP) shares coefficients w between all masks, so that the mean over masks
  is a formula; plain descent, and Adam. w starts as a Glorot-uniform draw.
- the sampling methods fit least squares on each mask, and estimate the gradient from the losses of
  2 masks a step (4 for UGC). Plain descent, probabilities kept in [1e-11, 1 - 1e-11].

All are made to be fast. EGP computes the squares of X once. A refit solves normal equations in one
Gram matrix, and one of n columns or more, whose residual is zero, costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import count

import numpy as np
from scipy.linalg.lapack import dposv

from ..mask_gradients import bitflip_1, disarm, reinforce_loo, ugc

LR, GAMMA, EDGE = 0.1, 0.5, 1e-11

State = tuple[np.ndarray, np.ndarray]


def exact(
    X: np.ndarray, y: np.ndarray, price: float, generator: np.random.Generator, *, adam: bool
) -> Iterator[State]:
    """Descent on w and gamma together, along the closed-form gradients of EGP's loss over n."""
    n, p = X.shape
    slope_at = averaged(X, y, price)
    w, gamma = generator.uniform(-1, 1, p) * np.sqrt(6 / (p + 1)), np.full(p, GAMMA)
    first = second = np.zeros((2, p))
    for step in count(1):
        slope = slope_at(w, gamma) / n
        if adam:
            first, second = 0.9 * first + 0.1 * slope, 0.999 * second + 0.001 * slope**2
            size = np.sqrt(second / (1 - 0.999**step)) + 1e-8
            slope = first / (1 - 0.9**step) / size
        w, gamma = w - LR * slope[0], np.clip(gamma - LR * slope[1], 0, 1)
        yield w, gamma


def averaged(
    X: np.ndarray, y: np.ndarray, price: float
) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """(w, gamma) -> (2, p): both gradients of `egp_objective`, with the column sums kept."""
    squares = np.square(X).sum(axis=0)

    def slope(w: np.ndarray, gamma: np.ndarray) -> np.ndarray:
        pull, spread = 2 * ((y - X @ (w * gamma)) @ X), squares * w
        return np.stack(
            [
                gamma * (2 * spread * (1 - gamma) - pull),
                w * (spread * (1 - 2 * gamma) - pull) + price,
            ]
        )

    return slope


def sampled(
    X: np.ndarray,
    y: np.ndarray,
    price: float,
    generator: np.random.Generator,
    *,
    estimator: Callable[..., np.ndarray],
    evaluations: int = 2,
) -> Iterator[State]:
    """Descent on gamma along an estimated gradient of the mean loss of refitted masks."""
    g, gamma = refitted(X, y, price), np.full(X.shape[1], GAMMA)
    for _ in count(1):
        slope = estimator(g, gamma, generator, evaluations)
        gamma = np.clip(gamma - LR * slope, EDGE, 1 - EDGE)
        yield gamma, gamma


def refitted(X: np.ndarray, y: np.ndarray, price: float) -> Callable[[np.ndarray], np.ndarray]:
    """Masks (m, p) -> (m,) losses of their least-squares fits, for columns in general position."""
    n, gram, moment, total = len(y), X.T @ X, X.T @ y, y @ y

    def rss(on: np.ndarray) -> float:
        if len(on) >= n:
            return 0.0
        if not len(on):
            return total
        _, b, failed = dposv(gram[on[:, None], on], moment[on], overwrite_a=True)
        if failed:
            return np.square(y - X[:, on] @ np.linalg.lstsq(X[:, on], y, rcond=None)[0]).sum()
        return max(total - moment[on] @ b, 0.0)

    def g(masks: np.ndarray) -> np.ndarray:
        supports = [np.flatnonzero(mask) for mask in masks]
        return np.array([(rss(on) + price * len(on)) / n for on in supports])

    return g


METHODS: dict[str, Callable[..., Iterator[State]]] = {
    "EGP, Adam": partial(exact, adam=True),
    "EGP, descent": partial(exact, adam=False),
    "REINFORCE-LOO": partial(sampled, estimator=reinforce_loo),
    "DisARM": partial(sampled, estimator=disarm),
    "BitFlip-1": partial(sampled, estimator=bitflip_1),
    "UGC, 1/3": partial(sampled, estimator=partial(ugc, threshold=1 / 3), evaluations=4),
    "UGC, 1/(2p)": partial(sampled, estimator=ugc, evaluations=4),
}
