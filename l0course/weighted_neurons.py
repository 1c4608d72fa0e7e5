"""A wide network as a small one whose neurons carry weights, and that trains in the same way.

A hidden layer computes sum_i v_i s(w_i . x + b_i): a sum over neurons, each a point (w, b, v). The
order of the neurons does not matter, so the sum is an integral of one function over a cloud of
points, and the cloud can be compressed. Neuron j of the small network stands for c_j of the wide.

Training keeps that meaning if each neuron moves as one of those it stands for: its gradient is
divided by c_j (arXiv 2510.00504, section on the dynamical lottery ticket).
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .checks import integer
from .moment_cells import compress_points

__all__ = ["WeightedNeurons", "mean_field_network"]


class WeightedNeurons(nn.Module):
    """y = sum_j c_j v_j s(w_j . x + b_j) + bias, with fixed c_j > 0 and gradients divided by c_j.

    Parameters
    ----------
    inward, outward : nn.Linear, with as many outputs as the other has inputs, d
    activation : nn.Module without parameters, entry by entry
    weights : tensor (d,), positive
        How many neurons each stands for. They are a buffer: saved, and not trained.
    scale_gradients : bool
        False gives the control that must fail: plain gradients, c_j times too large.

    Raises
    ------
    ValueError
        If the shapes do not fit, or a weight is not positive and finite.

    Examples
    --------
    >>> wide = mean_field_network(2, 2000, 1, seed=0)
    >>> small = wide.compress(size=495, degree=8)
    >>> x = torch.linspace(-1, 1, 20, dtype=torch.float64).view(10, 2)
    >>> small.width, bool((small(x) - wide(x)).abs().max() < 1e-3)
    (495, True)
    """

    def __init__(
        self,
        inward: nn.Linear,
        activation: nn.Module,
        outward: nn.Linear,
        weights: Tensor,
        *,
        scale_gradients: bool = True,
    ) -> None:
        super().__init__()
        if not inward.out_features == outward.in_features == len(weights):
            raise ValueError(
                f"inward gives {inward.out_features} neurons, outward takes {outward.in_features}, "
                f"and there are {len(weights)} weights: these numbers must be the same."
            )
        if not (torch.isfinite(weights).all() and (weights > 0).all()):
            raise ValueError("weights must be positive and finite: drop neurons of weight 0.")
        self.inward, self.activation, self.outward = inward, activation, outward
        self.register_buffer("weights", weights.detach().clone().to(inward.weight))
        self.scale_gradients = scale_gradients

    @property
    def width(self) -> int:
        """How many neurons there are."""
        return len(self.weights)

    def forward(self, x: Tensor) -> Tensor:
        """x (..., inputs) -> (..., outputs)."""
        c = self.weights
        bias = None if self.inward.bias is None else self._shared(self.inward.bias, c)
        h = self.activation(F.linear(x, self._shared(self.inward.weight, c[:, None]), bias))
        return F.linear(h * c, self._shared(self.outward.weight, c), self.outward.bias)

    def _shared(self, p: Tensor, c: Tensor) -> Tensor:
        """p itself, but its gradient is divided by c."""
        return p.detach() + (p - p.detach()) / c if self.scale_gradients else p

    def neurons(self) -> np.ndarray:
        """One row (w, b, v) for each neuron: shape (width, inputs + 1 + outputs), float64."""
        parts = [self.inward.weight, self.outward.weight.T]
        if self.inward.bias is not None:
            parts.insert(1, self.inward.bias[:, None])
        return torch.cat(parts, dim=1).detach().double().cpu().numpy()

    def compress(self, size: int, degree: int) -> WeightedNeurons:
        """At most `size` of the neurons, weighted anew; moments up to `degree` are the same.

        ValueError if the degree needs more than `size` neurons: it needs C(m + degree, m) with
        m = inputs + outputs + 1, so this is for layers between narrow ones.
        """
        c = self.weights.double().cpu().numpy()
        kept, weights = compress_points(self.neurons(), c, degree, size)
        return self.subset(torch.as_tensor(kept), torch.as_tensor(weights))

    def subset(self, kept: Tensor, weights: Tensor) -> WeightedNeurons:
        """Copies of the neurons `kept` (s,), with these weights (s,)."""
        inward, outward = self.inward, self.outward
        inner = linear(inward.weight[kept], None if inward.bias is None else inward.bias[kept])
        outer = linear(outward.weight[:, kept], outward.bias)
        return WeightedNeurons(
            inner, self.activation, outer, weights, scale_gradients=self.scale_gradients
        )

    def fold(self) -> nn.Sequential:
        """The same function as a plain network: c_j goes into v_j. Do this after training."""
        outer = linear(self.outward.weight * self.weights, self.outward.bias)
        return nn.Sequential(linear(self.inward.weight, self.inward.bias), self.activation, outer)


def linear(weight: Tensor, bias: Tensor | None) -> nn.Linear:
    """A linear layer with copies of these parameters."""
    layer = nn.Linear(weight.shape[1], weight.shape[0], bias is not None, dtype=weight.dtype)
    with torch.no_grad():
        layer.weight.copy_(weight)
        if bias is not None:
            layer.bias.copy_(bias)
    return layer.to(weight.device)


def mean_field_network(
    inputs: int,
    width: int,
    outputs: int,
    activation: type[nn.Module] = nn.Tanh,
    *,
    seed: int,
    dtype: torch.dtype = torch.float64,
) -> WeightedNeurons:
    """y = (1 / width) sum_i v_i s(w_i . x + b_i), all numbers drawn from U(-1, 1).

    The weights are 1 / width, so that a learning rate means the same at every width.

    >>> mean_field_network(2, 50, 1, seed=0)(torch.zeros(3, 2, dtype=torch.float64)).shape
    torch.Size([3, 1])
    """
    integer("width", width, 1)
    generator = torch.Generator().manual_seed(seed)

    def uniform(*shape: int) -> Tensor:
        return 2 * torch.rand(*shape, generator=generator, dtype=dtype) - 1

    inward = linear(uniform(width, inputs), uniform(width))
    outward = linear(uniform(outputs, width), None)
    return WeightedNeurons(
        inward, activation(), outward, torch.full((width,), 1 / width, dtype=dtype)
    )
