"""Neurons have no order of their own: the one that makes the file small.

Any permutation of the neurons of a hidden layer, with their outgoing weights, leaves the function
as it is. A file would spend log2 n! bits on an order that means nothing; a sorted one is cheap.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from .evaluation import evaluating
from .neuron_constants import Source
from .neuron_flow import find_sources
from .neuron_removal import same_function

__all__ = ["sort_neurons"]


@torch.no_grad()
def sort_neurons(model: nn.Module, example_input: Tensor) -> nn.Module:
    """A copy that computes the same, its hidden neurons sorted for `save_compressed`.

    Live neurons come first, by the mean place of the inputs that they hear. A layer can be sorted
    if `remove_neurons` could cut it.

    Parameters
    ----------
    model : nn.Module
        Stays as it is.
    example_input : Tensor, (batch, ...)
        The copy must agree with the model on it, up to the rounding of sums in another order.

    Raises
    ------
    ValueError
        If torch.fx cannot trace the model, or the copy does not agree with it.

    Examples
    --------
    >>> model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    >>> w = torch.tensor([[0.0, 5.0], [0.0, 0.0], [6.0, 0.0]])
    >>> _ = model[0].weight.data.copy_(w), model[0].bias.data.fill_(0)
    >>> sort_neurons(model, torch.ones(4, 2))[0].weight.data
    tensor([[6., 0.],
            [0., 5.],
            [0., 0.]])
    """
    out = copy.deepcopy(model)
    with evaluating(out):
        sources = find_sources(out)
    for source in sources:
        if source.layer is not None and source.closed:
            _sort(source)
    if not same_function(model, out, example_input):
        raise ValueError("The sorted copy would not compute the same: keep the model as it is.")
    return out


def _sort(source: Source) -> None:
    live = source.layer.weight.flatten(1) != 0  # (neurons, inputs)
    places = torch.arange(live.shape[1], device=live.device)
    mean = (live * places).sum(1) / live.sum(1)  # nan for the dead
    order = mean.nan_to_num(torch.inf).argsort(stable=True)
    for module in (source.layer, *source.norms):
        for t in (*module.parameters(recurse=False), *module.buffers(recurse=False)):
            if t.dim() > 0 and len(t) == len(order):
                t.copy_(t[order])
    for reader in {route.reader for route in source.routes}:
        for t in (*reader.parameters(recurse=False), *reader.buffers(recurse=False)):
            if t.shape == reader.weight.shape:  # the weight, and its mask (hold_masks)
                parts = t.unflatten(1, (len(order), -1))  # (outputs, neurons, places, ...)
                t.copy_(parts[:, order].flatten(1, 2))
