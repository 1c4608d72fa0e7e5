"""The networks that the course compresses."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

__all__ = ["MLP", "LeNet300"]


def MLP(  # noqa: N802 (named as the field names it)
    widths: Sequence[int],
    activation: type[nn.Module] = nn.ReLU,
    *,
    seed: int,
    dtype: torch.dtype = torch.float32,
) -> nn.Sequential:
    """Fully connected network: Linear, activation, ..., Linear (no activation at the end).

    Parameters
    ----------
    widths : sequence of int
        Input size, hidden sizes, output size: (64, 32, 10) maps (batch, 64) to (batch, 10).
    activation : module class
        Placed between the linear layers.
    seed : int
        Draws the initial weights (PyTorch's default initialisation), whatever the global seed.
    dtype : torch.dtype

    Raises
    ------
    ValueError
        If there are fewer than two widths, or one is below 1.

    Examples
    --------
    >>> net = MLP((64, 32, 10), seed=0)
    >>> sum(p.numel() for p in net.parameters())
    2410
    """
    if len(widths) < 2 or min(widths) < 1:
        raise ValueError(f"widths needs two or more sizes of at least 1, but it is {widths}.")
    layers: list[nn.Module] = []
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        for n_in, n_out in zip(widths, widths[1:], strict=False):
            layers += [nn.Linear(n_in, n_out, dtype=dtype), activation()]
    return nn.Sequential(*layers[:-1])


def LeNet300(seed: int) -> nn.Sequential:  # noqa: N802
    """LeNet-300-100: a 784-300-100-10 ReLU network with 266,610 parameters (LeCun et al. 1998).

    >>> sum(p.numel() for p in LeNet300(seed=0).parameters())
    266610
    """
    return MLP((784, 300, 100, 10), seed=seed)
