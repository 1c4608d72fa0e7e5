"""Universal compression: a wide layer, or a large data set, as a few weighted neurons or points.

Both are sums of one function over many interchangeable objects, and both become sums over few by
moment matching (arXiv 2510.00504). The few depend on the objects alone: not on what is learnt.
"""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import torch
from torch import nn

from .moment_cells import compress_points, feature_count
from .moments import weighted_points
from .weighted_neurons import WeightedNeurons

__all__ = ["compress_data", "compress_neurons"]


def compress_neurons(
    model: nn.Sequential, size: int, degree: int = 5, *, layer: int = 0
) -> nn.Sequential:
    """A copy of the network in which one hidden layer is replaced by fewer, weighted neurons.

    Parameters
    ----------
    model : nn.Sequential
        With Linear, activation, Linear at the places layer, layer + 1 and layer + 2. These three
        become one `WeightedNeurons`. In a deeper network, go on with the next wide layer.
    size : int
        How many neurons may stay.
    degree : int
        Moments of the neurons (w, b, v) up to this degree stay the same. C(m + degree, m) must not
        exceed `size`, with m = inputs + outputs + 1: for wide layers between narrow ones.
    layer : int

    Raises
    ------
    ValueError
        If there are no such modules, or if size and degree do not fit.

    Source: arXiv 2510.00504, theorems 4 and 5; layer by layer is ours.

    Examples
    --------
    >>> from l0course import MLP
    >>> compress_neurons(MLP((2, 1000, 1), nn.Tanh, seed=0), size=126)[0].width
    126
    """
    piece = list(model[layer : layer + 3])
    if len(piece) < 3 or not (isinstance(piece[0], nn.Linear) and isinstance(piece[2], nn.Linear)):
        raise ValueError(
            f"Linear, activation, Linear must stand at {layer}, {layer + 1}, {layer + 2} of the "
            f"model, but it is {', '.join(type(module).__name__ for module in model)}."
        )
    ones = torch.ones(piece[0].out_features, dtype=piece[0].weight.dtype)
    small = WeightedNeurons(*piece, weights=ones).compress(size, degree)
    before, behind = deepcopy(list(model[:layer])), deepcopy(list(model[layer + 3 :]))
    return nn.Sequential(*before, small, *behind)


def compress_data(
    x: np.ndarray,
    y: np.ndarray,
    size: int,
    degree: int = 5,
    *,
    weights: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """A few weighted rows with nearly the same loss, for every smooth model of few inputs.

    Parameters
    ----------
    x : array (n, m)
    y : array (n,) or (n, o) of floats, for the squared loss; or (n,) of integers, class labels for
        the cross-entropy.
    size : int
        How many rows may stay.
    degree : int
        The squared loss (f - y)^2 = f^2 - 2 f y + y^2 needs only the sums of p(x), y p(x) and y^2
        over the data, the cross-entropy those of p(x) in each class: they are kept for polynomials
        p of at most this degree, in each of many cells. It takes 2 C(m + degree, m) + 1 rows a
        cell for one target, and C(m + degree, m) for each class.
    weights : array (n,), nonnegative, optional
        1 for each row by default.

    Returns
    -------
    indices : int array (s,), sorted, s <= size
    new_weights : array (s,), positive: the loss is sum(c * loss) / sum(c). For minibatches draw
        row j with probability c_j / sum(c), and do not weight again.

    Raises
    ------
    ValueError
        If shapes do not fit, a number is not finite, a weight is negative, there are fewer rows
        than `size`, or `size` is too small for one cell of this degree (in each class).

    Source: arXiv 2510.00504, which takes y as one more coordinate; keeping y out of it is ours.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = rng.uniform(-1, 1, size=(10_000, 2))
    >>> y = x[:, 0] + rng.normal(size=10_000)
    >>> kept, c = compress_data(x, y, size=210, degree=3)
    >>> loss = (np.tanh(x[:, 1]) - y) ** 2
    >>> len(kept), bool(np.isclose(c @ loss[kept] / c.sum(), loss.mean(), rtol=1e-3))
    (210, True)
    """
    y = np.asarray(y)
    x, weights = weighted_points(x, np.ones(len(x)) if weights is None else weights)
    if len(y) != len(x):
        raise ValueError(f"y must have one row for each of the {len(x)} rows of x, not {len(y)}.")
    if not np.issubdtype(y.dtype, np.integer):
        columns = y[:, None] if y.ndim == 1 else y
        return compress_points(x, weights, degree, size, targets=columns)
    classes, counts = np.unique(y, return_counts=True)
    shares = np.maximum(counts * size // len(y), feature_count(x.shape[1], degree))
    if shares.sum() > size or (shares > counts).any():
        raise ValueError(
            f"size is {size}, but degree {degree} needs {shares.min()} rows for each of the "
            f"{len(classes)} classes: lower the degree or keep more rows."
        )
    kept, new = [], []
    for label, share in zip(classes, shares, strict=True):
        rows = np.flatnonzero(y == label)
        indices, c = compress_points(x[rows], weights[rows], degree, int(share))
        kept.append(rows[indices])
        new.append(c)
    order = np.argsort(np.concatenate(kept))
    return np.concatenate(kept)[order], np.concatenate(new)[order]
