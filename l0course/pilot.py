"""Neurons chosen for what they will compute: a small pilot shows where training carries them.

Matching moments of the neurons at the start keeps the first outputs. Later outputs are another
function of the same neurons, f after training, and a rougher one: a polynomial of low degree fits
it badly. But every neuron moves in one field, set by the errors of the network so far, and a small
compressed network, the pilot, knows these errors well. So all neurons are carried along by the
pilot's errors, and what they compute on the way takes the place of monomials.

Carrying all neurons costs as much as training the wide network once. The point is not to save that:
it shows that a hundred neurons *can* follow two thousand to the end, if they are the right ones.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .checks import integer, require
from .moments import reduce_features
from .weighted_neurons import WeightedNeurons

__all__ = ["compress_along"]


def compress_along(
    wide: WeightedNeurons,
    pilot: WeightedNeurons,
    x: Tensor,
    loss: Callable[[Tensor], Tensor],
    size: int,
    *,
    lr: float,
    steps: int,
    snapshots: int = 12,
) -> WeightedNeurons:
    """At most `size` neurons of `wide` that compute the same on x from the start to step `steps`.

    Parameters
    ----------
    wide : WeightedNeurons, at the start of training; not changed
    pilot : WeightedNeurons, a compressed copy of it; not changed
    x : tensor (n, inputs), the training inputs
    loss : outputs (n, outputs) -> scalar, which gradient descent minimises
    size : int
    lr, steps : learning rate and number of the steps of gradient descent
    snapshots : int
        At so many steps, closer together at the start, the neurons' outputs are taken; the
        size - 1 main directions of all of them (by SVD), and the mass, are kept exactly.

    Raises
    ------
    ValueError
        If size is not between 2 and the width, or another number is out of range.

    Examples
    --------
    >>> from l0course import mean_field_network
    >>> wide = mean_field_network(2, 500, 1, seed=0)
    >>> x = torch.linspace(-1, 1, 40, dtype=torch.float64).view(20, 2)
    >>> square = lambda out: (out - x[:, :1] ** 2).square().mean()
    >>> small = compress_along(wide, wide.compress(70, 4), x, square, 40, lr=0.1, steps=50)
    >>> small.width
    40
    """
    integer("size", size, 2, wide.width)
    integer("steps", steps, 0)
    integer("snapshots", snapshots, 1)
    require("lr", lr, above=0)
    carried, pilot = deepcopy(wide), deepcopy(pilot)
    taken = set(np.linspace(0, steps**0.5, snapshots).round(3) ** 2 // 1)
    optimisers = [torch.optim.SGD(model.parameters(), lr=lr) for model in (carried, pilot)]
    outputs = []
    for step in range(steps + 1):
        if step in taken:
            outputs.append(neuron_outputs(carried, x))
        for optimiser in optimisers:
            optimiser.zero_grad()
        out = pilot(x)
        out.retain_grad()
        loss(out).backward()
        carried(x).backward(out.grad)  # the pilot's errors, not its own
        for optimiser in optimisers:
            optimiser.step()
    seen = torch.cat(outputs, dim=1).cpu().numpy()  # (width, snapshots * n * outputs)
    main = np.linalg.svd(seen, full_matrices=False)[0][:, : size - 1] * wide.width**0.5
    c = wide.weights.double().cpu().numpy()
    new = reduce_features(np.hstack([np.ones((wide.width, 1)), main]), c)
    kept = np.flatnonzero(new)
    return wide.subset(torch.as_tensor(kept), torch.as_tensor(new[kept]))


@torch.no_grad()
def neuron_outputs(model: WeightedNeurons, x: Tensor) -> Tensor:
    """What each neuron adds to the outputs on x, but for its weight: (width, n * outputs)."""
    h = model.activation(F.linear(x, model.inward.weight, model.inward.bias))  # (n, width)
    return torch.einsum("nd,od->dno", h, model.outward.weight).flatten(1).double()
