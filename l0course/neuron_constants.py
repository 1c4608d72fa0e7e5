"""Constants on their way through a network: from a layer's neurons to the layers that read them.

They are one row of values, NaN where a value varies.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

LAYERS = {nn.Linear: 0, nn.Conv1d: 1, nn.Conv2d: 2, nn.Conv3d: 3}  # spatial dimensions

Step = Callable[[Tensor], Tensor]


@dataclass(eq=False)
class Route:
    """One way from the neurons of a layer to `reader`, a Linear or convolution."""

    reader: nn.Module
    steps: Sequence[Step]

    def carry(self, constants: Tensor) -> Tensor:
        """Constants (1, neurons, ...) as they reach the reader: (in_features,) or (in_channels,).

        In front of zero padding a constant is none, unless it is zero.
        """
        for step in self.steps:
            constants = step(constants)
        if type(self.reader) is nn.Linear:
            constants = _if_equal(constants.reshape(-1, constants.shape[-1]), 0)
        else:
            constants = _if_equal(constants.flatten(2), 2).flatten()
            if _pads_with_zeros(self.reader):
                constants = _if_zero(constants)
        return constants.repeat_interleave(self.reader.weight.shape[1] // len(constants))


@dataclass(eq=False)
class Source:
    """A layer (None: the model's input) and the ways out of it.

    `closed` says that there is no other way: only the readers see its neurons. `altered`: someone
    changes them in place while others read them, so nothing is known of them. `norms` are the batch
    norms with an entry for each neuron.
    """

    layer: nn.Module | None
    routes: list[Route] = field(default_factory=list)
    norms: list[nn.Module] = field(default_factory=list)
    closed: bool = True
    altered: bool = False

    def constants(self, arriving: Tensor | None) -> Tensor:
        """The layer's constant outputs (1, neurons, ...), given the constants that arrive.

        A neuron is constant if its nonzero weights read constants only.
        """
        weight = self.layer.weight
        if arriving is None:
            arriving = weight.new_full((weight.shape[1],), torch.nan)
        value = response(self.layer, arriving)
        if self.layer.bias is not None:
            value += self.layer.bias.double()
        varies = (connected(self.layer) & arriving.isnan()).any(1)
        value = value.masked_fill(varies, torch.nan).to(weight.dtype)
        return value.reshape(1, -1, *[1] * LAYERS[type(self.layer)])


def connected(layer: nn.Module) -> Tensor:
    """Which output reads which input: (out, in), boolean."""
    return (layer.weight != 0).reshape(*layer.weight.shape[:2], -1).any(2)


def response(layer: nn.Module, constants: Tensor) -> Tensor:
    """What constant inputs (in,) add to each output: (out,), double precision."""
    taps = layer.weight.double().reshape(*layer.weight.shape[:2], -1)
    return taps.sum(2) @ constants.double().nan_to_num(0)


def apart(function: Step) -> Step:
    """An elementwise function that also keeps NaN where it finds it."""
    return lambda v: function(v.clone()).masked_fill(v.isnan(), torch.nan)


def _if_equal(v: Tensor, dim: int) -> Tensor:
    """v without `dim`: its value where it is one and the same, else NaN."""
    low = v.amin(dim)
    return low.where(low == v.amax(dim), torch.nan)


def _if_zero(v: Tensor) -> Tensor:
    return v.where(v == 0, torch.nan)


def pool(v: Tensor) -> Tensor:
    return _if_equal(v.flatten(2), 2).reshape(*v.shape[:2], *[1] * (v.dim() - 2))


def pool_zeros(v: Tensor) -> Tensor:
    return _if_zero(pool(v))


def _pads_with_zeros(conv: nn.Module) -> bool:
    if conv.padding_mode != "zeros" or conv.padding == "valid":
        return False
    return conv.padding == "same" or any(conv.padding)
