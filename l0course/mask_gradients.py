"""Gradients for random masks by sampling: what exact gradients make needless.

A mask z has independent entries, z_i = 1 with probability gamma_i. Wanted is the gradient of
E g(z) with respect to gamma::

    d/dgamma_i E g(z) = E[ g(z with z_i = 1) - g(z with z_i = 0) ]

For a squared error and fixed coefficients it has a closed form (`l0course.exact_gradient`). For any
other g it is estimated from values of g at random masks. All estimators here are unbiased and have
one signature, ``estimator(g, gamma, generator, evaluations)``, so that they can be compared at the
same price: the number of masks at which g is evaluated.

All return the gradient with respect to the *probabilities* gamma. ARM and DisARM were published for
logits phi, with gamma = 1 / (1 + exp(-phi)); divided by dgamma/dphi = gamma (1 - gamma) they become
what is here. So ``gamma * (1 - gamma) * estimate`` is the gradient with respect to the logits.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from l0course.checks import integer, require

__all__ = [
    "ESTIMATORS",
    "arm",
    "bitflip_1",
    "disarm",
    "gradient_noise",
    "reinforce_loo",
    "ugc",
]

Array = NDArray[np.float64]
Masked = Callable[[NDArray[np.bool_]], ArrayLike]  # masks (m, n) -> values (m,)


def reinforce_loo(
    g: Masked, gamma: ArrayLike, generator: np.random.Generator, evaluations: int = 2
) -> Array:
    """Score function (REINFORCE), each sample's baseline being the mean of the others.

    Parameters
    ----------
    g : callable
        Takes masks, a boolean array of shape (m, n), and returns m values. ``z * w`` and ``z @ a``
        do what they do with 0 and 1; ``z - z`` does not, for booleans have no minus.
    gamma : array of shape (n,)
        Probabilities, strictly between 0 and 1.
    generator : numpy.random.Generator
    evaluations : int
        Masks to draw, at least 2.

    Returns
    -------
    array of shape (n,)
        Unbiased estimate of the gradient of E g(z) with respect to gamma.

    Raises
    ------
    ValueError
        If a probability is 0 or 1, where the score is not defined, or if g does not return one
        finite number for each mask.

    Notes
    -----
    With m masks it is ``sum_k (g_k - mean g) (z_k - gamma) / (gamma (1 - gamma) (m - 1))``
    (Kool, van Hoof, Welling, "Buy 4 REINFORCE samples, get a baseline for free!", 2019).

    Examples
    --------
    >>> generator = np.random.default_rng(0)
    >>> def g(z):
    ...     return 3 * z[:, 0] + z[:, 0] * z[:, 1]
    >>> reinforce_loo(g, [0.5, 0.5], generator, 100_000).round(1)
    array([3.5, 0.5])
    """
    gamma = _inside(gamma)
    m = integer("evaluations", evaluations, 2)
    z = generator.random((m, len(gamma))) < gamma
    values = _values(g, z)
    return (values - values.mean()) @ (z - gamma) / ((m - 1) * gamma * (1 - gamma))


def arm(g: Masked, gamma: ArrayLike, generator: np.random.Generator, evaluations: int = 2) -> Array:
    """Augment-REINFORCE-merge: pairs of masks from u and 1 - u, weighted with u - 1/2.

    Parameters, result and errors are those of `reinforce_loo`; ``evaluations`` is even.

    Notes
    -----
    Yin and Zhou, "ARM: augment-REINFORCE-merge gradient for stochastic binary networks", ICLR 2019.

    Examples
    --------
    >>> arm(lambda z: 3.0 * z[:, 0], [0.2], np.random.default_rng(0), 100_000).round(1)
    array([3.])
    """
    gamma = _inside(gamma)
    u, high, low, gap = _antithetic(g, gamma, generator, _pairs(evaluations))
    return (gap[:, None] * (u - 0.5)).mean(axis=0) / (gamma * (1 - gamma))


def disarm(
    g: Masked, gamma: ArrayLike, generator: np.random.Generator, evaluations: int = 2
) -> Array:
    """ARM with u averaged out, given the two masks: less noise at the same price.

    Parameters, result and errors are those of `reinforce_loo`; ``evaluations`` is even.

    Notes
    -----
    Dong, Mnih, Tucker, "DisARM: an antithetic gradient estimator for binary latent variables",
    NeurIPS 2020; the same as U2G of Yin, Ho, Yan, Qian, Zhou, "Probabilistic best subset selection
    via gradient-based optimization", 2020. For a pair (z, z'), entry i is
    ``(g(z) - g(z')) (z_i - z'_i) / (2 min(gamma_i, 1 - gamma_i))``: nothing where z_i = z'_i.

    Examples
    --------
    With one fair coin the two masks always differ, and there is no noise at all:

    >>> disarm(lambda z: 3.0 * z[:, 0], [0.5], np.random.default_rng(0))
    array([3.])
    """
    gamma = _inside(gamma)
    _, high, low, gap = _antithetic(g, gamma, generator, _pairs(evaluations))
    differ = high.astype(float) - low
    return (gap[:, None] * differ).mean(axis=0) / (2 * np.minimum(gamma, 1 - gamma))


def bitflip_1(
    g: Masked, gamma: ArrayLike, generator: np.random.Generator, evaluations: int = 2
) -> Array:
    """The definition at one random entry: switch it on, switch it off, take n times the difference.

    Parameters, result and errors are those of `reinforce_loo`, but probabilities of 0 and 1 are
    allowed; ``evaluations`` is even.

    Notes
    -----
    Kunes et al., "Gradient estimation for binary latent variables via gradient variance clipping",
    AAAI 2023 (arXiv 2208.06124). Its noise stays finite where gamma nears 0 or 1.

    Examples
    --------
    >>> bitflip_1(lambda z: z @ [1.0, 2.0, 3.0], [0.0, 0.4, 1.0], np.random.default_rng(1))
    array([0., 6., 0.])
    """
    gamma = _probabilities(gamma)
    pairs, n = _pairs(evaluations), len(gamma)
    row, chosen = np.arange(pairs), generator.integers(n, size=pairs)
    on = generator.random((pairs, n)) < gamma
    off = on.copy()
    on[row, chosen], off[row, chosen] = True, False
    values = _values(g, np.concatenate([on, off]))
    return n / pairs * np.bincount(chosen, values[:pairs] - values[pairs:], minlength=n)


def ugc(
    g: Masked,
    gamma: ArrayLike,
    generator: np.random.Generator,
    evaluations: int = 4,
    *,
    threshold: float | None = None,
) -> Array:
    """Unbiased gradient variance clipping: BitFlip-1 near 0 and 1, DisARM elsewhere.

    Parameters
    ----------
    g, gamma, generator : see `reinforce_loo`
    evaluations : int
        A multiple of 4: half of them for each of the two estimates.
    threshold : float, optional
        An entry takes BitFlip-1 where min(gamma, 1 - gamma) is at most this, and DisARM elsewhere;
        1 / (2 n) if not given, the rule of Kunes et al. (see `bitflip_1`).

    Returns, Raises
    ---------------
    As `reinforce_loo`. A rule that looks at gamma only, and not at the samples, keeps the result
    unbiased.

    Examples
    --------
    >>> ugc(lambda z: 3.0 * z[:, 0], [0.5], np.random.default_rng(0), threshold=0.4)
    array([3.])
    """
    gamma = _inside(gamma)
    if integer("evaluations", evaluations, 4) % 4:
        raise ValueError(f"evaluations must be a multiple of 4 for UGC, got {evaluations}.")
    half = evaluations // 2
    threshold = 1 / (2 * len(gamma)) if threshold is None else threshold
    require("threshold", threshold, least=0)
    near = np.minimum(gamma, 1 - gamma) <= threshold
    flips = bitflip_1(g, gamma, generator, half)
    return np.where(near, flips, disarm(g, gamma, generator, half))


ESTIMATORS: dict[str, Callable[..., Array]] = {
    "REINFORCE-LOO": reinforce_loo,
    "ARM": arm,
    "DisARM": disarm,
    "BitFlip-1": bitflip_1,
    "UGC": ugc,
}
"""The estimators by name. 4 evaluations of g suit them all."""


def gradient_noise(
    estimator: Callable[..., Array],
    g: Masked,
    gamma: ArrayLike,
    exact: ArrayLike,
    generator: np.random.Generator,
    evaluations: int = 4,
    repetitions: int = 1000,
) -> tuple[float, float]:
    """How noisy one estimate is, and whether the mean of many hits the exact gradient.

    Parameters
    ----------
    estimator : callable
        One of `ESTIMATORS`.
    g, gamma, generator, evaluations
        Its arguments.
    exact : array of shape (n,)
        The exact gradient with respect to gamma.
    repetitions : int
        Independent estimates to draw, at least 2.

    Returns
    -------
    noise : float
        ``sqrt(E |estimate - exact|^2) / |exact|``: 1 means noise as large as the gradient.
    bias : float
        ``|mean estimate - exact|`` in units of its expected size if there is no bias: about 1 for
        an unbiased estimator.

    Examples
    --------
    Ten columns, where the closed form is the truth:

    >>> from l0course.exact_gradient import egp_gradients
    >>> generator = np.random.default_rng(0)
    >>> X, w, gamma = generator.normal(size=(20, 10)), np.ones(10), np.full(10, 0.5)
    >>> y, alpha = X @ w, 2.0
    >>> def g(z):
    ...     return np.square(y - (z * w) @ X.T).sum(axis=1) + alpha * z.sum(axis=1)
    >>> exact = egp_gradients(X, y, w, gamma, alpha)[1]
    >>> for name in ["REINFORCE-LOO", "DisARM"]:
    ...     noise, bias = gradient_noise(ESTIMATORS[name], g, gamma, exact, generator)
    ...     print(f"{name} {noise:.1f} {bias:.0f}")
    REINFORCE-LOO 1.9 1
    DisARM 2.1 1
    """
    exact = np.asarray(exact, dtype=np.float64)
    count = integer("repetitions", repetitions, 2)
    drawn = np.stack([estimator(g, gamma, generator, evaluations) for _ in range(count)])
    if exact.shape != drawn.shape[1:]:
        raise ValueError(f"exact must have the shape of gamma, {drawn.shape[1:]}: {exact.shape}.")
    squares = np.square(drawn - exact).sum(axis=1).mean()
    expected = np.sqrt(drawn.var(axis=0, ddof=1).sum() / count)
    return (
        float(np.sqrt(squares) / np.linalg.norm(exact)),
        float(np.linalg.norm(drawn.mean(axis=0) - exact) / expected) if expected else 0.0,
    )


def _antithetic(
    g: Masked, gamma: Array, generator: np.random.Generator, pairs: int
) -> tuple[Array, NDArray[np.bool_], NDArray[np.bool_], Array]:
    """(u, masks [u > 1 - gamma], masks [u < gamma], differences of g), for `pairs` draws of u."""
    u = generator.random((pairs, len(gamma)))
    high, low = u > 1 - gamma, u < gamma
    values = _values(g, np.concatenate([high, low]))
    return u, high, low, values[:pairs] - values[pairs:]


def _probabilities(gamma: ArrayLike) -> Array:
    gamma = np.asarray(gamma, dtype=np.float64)
    if gamma.ndim != 1 or not len(gamma):
        raise ValueError(
            f"gamma must be one row of probabilities, of shape (n,); got {gamma.shape}."
        )
    if not np.all((gamma >= 0) & (gamma <= 1)):
        raise ValueError(
            f"gamma must lie in [0, 1], for it is a probability; it goes from {gamma.min()} to "
            f"{gamma.max()}."
        )
    return gamma


def _inside(gamma: ArrayLike) -> Array:
    gamma = _probabilities(gamma)
    if not np.all((gamma > 0) & (gamma < 1)):
        raise ValueError(
            "gamma must lie strictly between 0 and 1 for this estimator: clip it first, as in "
            "gamma.clip(1e-9, 1 - 1e-9)."
        )
    return gamma


def _pairs(evaluations: int) -> int:
    if integer("evaluations", evaluations, 2) % 2:
        raise ValueError(f"evaluations must be even, for masks come in pairs; got {evaluations}.")
    return evaluations // 2


def _values(g: Masked, masks: NDArray[np.bool_]) -> Array:
    values = np.asarray(g(masks), dtype=np.float64)
    if values.shape != masks.shape[:1]:
        raise ValueError(
            f"g must return one number for each of the {len(masks)} masks; it returned an array of "
            f"shape {values.shape}."
        )
    if not np.all(np.isfinite(values)):
        raise ValueError("g returned a value that is not finite.")
    return values
