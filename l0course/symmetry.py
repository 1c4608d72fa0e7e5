"""Two tanh networks, one function: the normal form undoes permuted neurons and flipped signs.

Permuting the neurons of a hidden layer, or flipping all signs at a tanh neuron (incoming weights,
bias, outgoing weights), changes the weights and not the function. For generic tanh networks nothing
else does (Fefferman and Markel 1993), so weights can only be compared in a normal form.

Source: companion paper (arXiv 2509.15060), whose order it keeps: by |bias|, biases positive.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import nn

__all__ = ["distance", "normal_form"]


@torch.no_grad()
def normal_form(model: nn.Sequential) -> nn.Sequential:
    """The one network that stands for all permutations and sign flips of this tanh network.

    A new model of the same widths and the same function. Networks that differ only by permuted and
    flipped hidden neurons get the same bits: both operations are exact, and so is every comparison.

    In each hidden layer the neurons stand in falling order of |bias|, with positive biases. Equal
    ones, and biases of 0, are decided by the incoming weights (columns in the order of the layer
    before; the larger comes first, and the first nonzero is positive), then by the outgoing ones.
    If neurons that differ still tie, every order is tried and the largest network wins. This is
    fast unless many neurons have equal biases and equal incoming weights.

    A neuron that computes tanh(0), or that nobody reads, is dead: its other weights are set to
    zero, until there are no new dead ones, and it stands last. Nothing else is simplified:
    constant neurons stay and duplicates are not merged, though the function would allow it.

    Raises
    ------
    ValueError
        If the model is not Linear, Tanh, ..., Linear, or a weight is not finite.

    Examples
    --------
    >>> net = nn.Sequential(nn.Linear(1, 2), nn.Tanh(), nn.Linear(2, 1))
    >>> values = [[[1.0], [2.0]], [-3.0, 4.0], [[5.0, 6.0]], [7.0]]
    >>> for p, value in zip(net.parameters(), values):
    ...     _ = p.data.copy_(torch.tensor(value))
    >>> [p.tolist() for p in normal_form(net).parameters()]
    [[[2.0], [-1.0]], [4.0, 3.0], [[6.0, -5.0]], [7.0]]
    """
    form = copy.deepcopy(model)
    parameters = _parameters(form)
    arrays = [p.double().cpu().numpy().copy() for p in parameters]
    weights, biases = arrays[::2], arrays[1::2]
    _bury(weights, biases)
    values = torch.tensor(_Doubled(weights, biases).largest(), dtype=torch.float64)
    for p, part in zip(parameters, values.split([p.numel() for p in parameters]), strict=True):
        p.copy_(part.view_as(p))
    return form


def distance(a: nn.Sequential, b: nn.Sequential) -> float:
    """Euclidean distance between two tanh networks' weights, up to permutations and sign flips.

    Both are brought to normal form and the narrower one is padded with dead neurons. Then each
    hidden layer is matched to its counterpart (an assignment problem), front to back, as often as
    that brings a gain: the order of a normal form is not stable enough for this, because where two
    |biases| nearly tie, a small change swaps two neurons.

    0 if and only if the normal forms are the same but for dead neurons. With one hidden layer it is
    the smallest distance over all permutations and flips, with more an upper bound of it.
    ValueError unless both have the same inputs, outputs and number of layers.

    >>> net = nn.Sequential(nn.Linear(1, 2), nn.Tanh(), nn.Linear(2, 1))
    >>> moved = copy.deepcopy(net)
    >>> _ = moved[2].bias.data.add_(0.5)
    >>> distance(net, net), round(distance(net, moved), 4)
    (0.0, 0.5)
    """
    ours, theirs = (_bordered(normal_form(model)) for model in (a, b))
    ends = [(m[0].shape[1] - 1, len(m[-1]), len(m)) for m in (ours, theirs)]
    if ends[0] != ends[1]:
        raise ValueError(
            "distance needs networks with the same inputs, outputs and number of linear layers, "
            f"but these have {ends[0]} and {ends[1]}."
        )
    for k, (p, q) in enumerate(zip(ours, theirs, strict=True)):
        shape = np.maximum(p.shape, q.shape)
        ours[k], theirs[k] = (np.pad(m, [(0, n) for n in shape - m.shape]) for m in (p, q))
    start, before = _gap(ours, theirs), math.inf
    _match(ours, theirs, outgoing=False)
    while (gap := _gap(ours, theirs)) < before:
        before = gap
        _match(ours, theirs, outgoing=True)
    return min(start, before)


def _bordered(model: nn.Sequential) -> list[np.ndarray]:
    """Each layer as one matrix, the biases in column 0: shape (outputs, 1 + inputs)."""
    arrays = [p.detach().double().cpu().numpy() for p in _parameters(model)]
    return [np.column_stack([b, w]) for w, b in zip(arrays[::2], arrays[1::2], strict=True)]


def _gap(ours: list[np.ndarray], theirs: list[np.ndarray]) -> float:
    return math.sqrt(sum(np.square(p - q).sum() for p, q in zip(ours, theirs, strict=True)))


def _match(ours: list[np.ndarray], theirs: list[np.ndarray], outgoing: bool) -> None:
    """Permute and flip their hidden neurons, in place, to come close to ours: front to back, one
    layer with the others held fixed; by the incoming weights alone or by all of a neuron's."""
    for k in range(len(ours) - 1):
        p, q = (np.hstack([m[k], m[k + 1][:, 1:].T * outgoing]) for m in (ours, theirs))
        products = p @ q.T  # (h, h): the closest match has the largest sum of |products|
        rows, order = linear_sum_assignment(abs(products), maximize=True)
        sign = np.where(products[rows, order] < 0, -1, 1)
        theirs[k] = sign[:, None] * theirs[k][order]
        theirs[k + 1][:, 1:] = theirs[k + 1][:, 1:][:, order] * sign


def _parameters(model: nn.Module) -> list[nn.Parameter]:
    """Weight, bias, weight, ... of a tanh network; one sentence if it is not one, or not finite."""
    layers = list(model) if isinstance(model, nn.Sequential) else []
    linears = layers[::2]
    if not (
        len(layers) % 2 == 1
        and all(isinstance(layer, nn.Linear) and layer.bias is not None for layer in linears)
        and all(isinstance(layer, nn.Tanh) for layer in layers[1::2])
    ):
        raise ValueError(
            "A normal form needs an nn.Sequential of Linear (with bias), Tanh, ..., Linear, as "
            "MLP(widths, nn.Tanh, seed=0) makes it."
        )
    if not all(p.isfinite().all() for p in model.parameters()):
        raise ValueError(
            "The model has weights that are NaN or infinite, so it has no normal form."
        )
    return [p for linear in linears for p in (linear.weight, linear.bias)]


def _bury(weights: list[np.ndarray], biases: list[np.ndarray]) -> None:
    """Set all weights of dead neurons to zero, in place: once forwards and once backwards."""
    hidden = range(len(weights) - 1)
    for k in (*hidden, *reversed(hidden)):
        is_zero = ~weights[k].any(1) & (biases[k] == 0)
        dead = is_zero | ~weights[k + 1].any(0)
        weights[k][dead], biases[k][dead], weights[k + 1][:, dead] = 0, 0, 0


Classes = list[np.ndarray]  # a layer each: the rank of every vertex's class, 0 first


class _Doubled:
    """A tanh network with every neuron twice, as it is and flipped: a flip is then a permutation.

    Vertices 0..h-1 of a layer are its h neurons, h..2h-1 the flipped ones. Their order is found as
    for the vertices of a graph (McKay 1981): put them into ranked classes, split a class whose
    members see different weights, and if members that differ still tie, try each as the first.
    """

    def __init__(self, weights: list[np.ndarray], biases: list[np.ndarray]) -> None:
        # shapes (2h, 2 inputs) and (2h,); + 0.0 turns -0.0 into 0.0
        self.weights = [np.block([[w, -w], [-w, w]]) + 0.0 for w in weights]
        self.biases = [np.concatenate([b, -b]) + 0.0 for b in biases]

    def largest(self) -> tuple[float, ...]:
        """The representative: each layer's weights, then its biases, in one tuple."""
        inputs, outputs = np.arange(self.weights[0].shape[1]), np.arange(len(self.weights[-1]))
        by_bias = [_rank(-b[:, None]) for b in self.biases[:-1]]
        return self._best(self._refine([inputs, *by_bias, outputs]))

    def _refine(self, classes: Classes) -> Classes:
        """Split classes until all members of a class see the same weights to each other class."""
        classes, before = list(classes), 0
        while (count := sum(len(np.unique(c)) for c in classes)) > before:
            before = count
            for k in range(1, len(self.weights)):
                incoming = _sorted(-self.weights[k - 1], classes[k - 1])
                outgoing = _sorted(-self.weights[k].T, classes[k + 1])
                classes[k] = _rank(np.column_stack([classes[k], incoming, outgoing]))
        return classes

    def _choices(self, classes: Classes) -> Iterator[Classes]:
        """Each member of the first class with unlike members, put ahead of the rest of it."""
        for k in range(1, len(self.weights)):
            mine, own = classes[k], np.hstack([self.weights[k - 1], self.weights[k].T])
            someone = np.unique(mine, return_index=True)[1]  # a member of each class
            unlike = (own != own[someone[mine]]).any(1)
            if unlike.any():
                for vertex in np.flatnonzero(mine == mine[unlike].min()):
                    ahead = 2 * mine - (np.arange(len(mine)) == vertex)
                    yield self._refine([*classes[:k], ahead, *classes[k + 1 :]])
                return

    def _best(self, classes: Classes) -> tuple[float, ...]:
        """The largest network over all ways to break the ties.

        Two choices that can end in the same network are mirror images, so one of them will do.
        """
        choices = {self._first(choice): choice for choice in self._choices(classes)}
        return max(map(self._best, choices.values())) if choices else self._arrange(classes)

    def _first(self, classes: Classes) -> tuple[float, ...]:
        """The network at the end of one way to break the ties."""
        while choice := next(self._choices(classes), None):
            classes = choice
        return self._arrange(classes)

    def _arrange(self, classes: Classes) -> tuple[float, ...]:
        """The network with neurons and signs in the order of the classes."""
        halves = [c.reshape(2, -1) for c in classes]  # row 0: the neurons; row 1: flipped
        picks = [c.argmin(0) * c.shape[1] + np.arange(c.shape[1]) for c in halves]
        for k in range(1, len(self.weights)):
            picks[k] = picks[k][np.argsort(halves[k].min(0), kind="stable")]
        flat = []
        for w, b, (columns, rows) in zip(self.weights, self.biases, pairwise(picks), strict=True):
            flat += [w[np.ix_(rows, columns)].ravel(), b[rows]]
        return tuple(np.concatenate(flat).tolist())


def _rank(rows: np.ndarray) -> np.ndarray:
    """The rank of each row in lexicographic order, from 0; equal rows share one."""
    order = np.lexsort(rows.T[::-1])
    steps = (rows[order[1:]] != rows[order[:-1]]).any(1)
    ranks = np.zeros(len(rows), dtype=int)
    ranks[order[1:]] = steps.cumsum()
    return ranks


def _sorted(rows: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Each row with its columns in the order of their classes, and by value within a class."""
    order = np.lexsort((rows, np.broadcast_to(classes, rows.shape)))
    return np.take_along_axis(rows, order, axis=1)
