"""How far off can an output be if every weight is off by a little? A bound that always holds.

Through W x' + b', with x' near x and W' near W, |W'x' - Wx| <= |W'| |x' - x| + |W' - W| |x|. ReLU,
max-pooling and flattening never enlarge a difference. So two things are carried from layer to
layer, entry by entry: how large an activation can be, and how far off.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

__all__ = ["output_bound", "weight_tolerance"]

Errors = list[tuple[Tensor, Tensor | None]]


@torch.no_grad()
def output_bound(target: nn.Sequential, largest: Tensor, errors: Errors) -> float:
    """The largest error of an output, for all inputs x with |x| <= `largest`, entry by entry.

    Parameters
    ----------
    target : nn.Sequential of Linear, Conv2d, and modules that enlarge no difference
    largest : (1, ...) tensor >= 0, of the shape of an input
    errors : for each layer, bounds >= 0 on the errors of its weight and of its bias (or None)

    Examples
    --------
    >>> layer = nn.Sequential(nn.Linear(2, 1, bias=False))
    >>> output_bound(layer, torch.tensor([[1.0, 3.0]]), [(torch.tensor([[0.5, 0.25]]), None)])
    1.25
    """
    size, off, at = largest, torch.zeros_like(largest), iter(errors)
    for module in target:
        if not isinstance(module, nn.Linear | nn.Conv2d):
            size, off = module(size), module(off)  # both are >= 0
            continue
        weight_error, bias_error = next(at)
        weight = module.weight.abs()
        through = _with_weights(module, weight + weight_error, bias_error)
        extra = _with_weights(module, weight_error, None)
        bias = None if module.bias is None else module.bias.abs()
        off = through(off) + extra(size)
        size = _with_weights(module, weight, bias)(size)
    return float(off.max())


def weight_tolerance(target: nn.Sequential, largest: Tensor, precision: float) -> float:
    """The largest error that every weight may have with `output_bound` at most the precision.

    >>> layer = nn.Sequential(nn.Linear(2, 1, bias=False))
    >>> round(weight_tolerance(layer, torch.ones(1, 2), 0.1), 6)
    0.05
    """
    layers = [m for m in target if isinstance(m, nn.Linear | nn.Conv2d)]

    def bound(error: float) -> float:
        same = [
            tuple(None if p is None else torch.full_like(p, error) for p in (m.weight, m.bias))
            for m in layers
        ]
        return output_bound(target, largest, same)

    low, high = 0.0, precision
    while bound(high) <= precision:
        high *= 2
    for _ in range(60):  # the bound grows with the error
        middle = (low + high) / 2
        low, high = (middle, high) if bound(middle) <= precision else (low, middle)
    return low


def _with_weights(module: nn.Linear | nn.Conv2d, weight: Tensor, bias: Tensor | None) -> nn.Module:
    """The same layer with other weights."""
    other = copy.deepcopy(module)
    other.weight = nn.Parameter(weight)
    other.bias = None if bias is None else nn.Parameter(bias)
    return other
