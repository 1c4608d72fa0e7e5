"""What a live weight costs in a file, and levels chosen by cost and loss together.

A weight that lives is paid for twice: its position says that it is not zero, its level says which
value it has. Rounding it to the nearest level ignores both. The choice here minimises

    curvature * (weight - level)^2 / 2  +  price per bit * bits of the choice,

in which zero is one of the levels, and its bits are none. The first term is the rise of the loss to
second order (optimal brain damage, LeCun et al. 1990); the rule as a whole is entropy-constrained
scalar quantisation (Chou, Lookabaugh and Gray 1989; for networks Choi et al. 2017, arXiv
1612.01543), with the cost of positions added to that of values.
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["cheapest_levels", "level_bits", "position_bits"]


def position_bits(live: Tensor) -> Tensor:
    """Bits that a file saves if an entry is zero rather than live, given all the others.

    An entry is live with probability p = (others live in its row + 1/2) * (in its column + 1/2) /
    (all live), at most 1/2: rows and columns die together, so company is cheap and a lone weight
    is dear. Live costs -log2 p, zero costs -log2(1 - p).

    Parameters
    ----------
    live : Tensor of bool, shape (rows, columns)

    Returns
    -------
    Tensor of float32, the same shape, at least 0

    Examples
    --------
    >>> live = torch.tensor([[1, 1, 1, 0], [1, 1, 1, 0], [0, 0, 0, 1]]).bool()
    >>> bits = position_bits(live)
    >>> bool(bits[2, 3] > bits[0, 0])
    True
    """
    ones = live.float()
    rows = ones.sum(1, keepdim=True) - ones + 0.5
    columns = ones.sum(0, keepdim=True) - ones + 0.5
    p = (rows * columns / ones.sum().clamp(min=1)).clamp(max=0.5)
    return torch.log2((1 - p) / p)


def level_bits(index: Tensor, count: int) -> Tensor:
    """Bits of each of `count` levels under a code fitted to how often each one is used.

    Index 0 stands for zero and is not counted; 1 ... count are the levels. Half an occurrence is
    added to each, so that a level that is not used has a finite length.

    >>> [round(bits, 3) for bits in level_bits(torch.tensor([0, 0, 1, 1, 1, 2]), 2).tolist()]
    [0.515, 1.737]
    """
    used = torch.bincount(index, minlength=count + 1)[1:] + 0.5
    return -torch.log2(used / used.sum())


def cheapest_levels(
    weights: Tensor,
    levels: Tensor,
    curvature: Tensor,
    position_cost: Tensor,
    level_cost: Tensor,
    *,
    zero: bool = True,
) -> Tensor:
    """For each weight the cheapest choice: zero (index 0) or one of the levels (1 ... count).

    Parameters
    ----------
    weights, curvature, position_cost : Tensor, shape (k,)
        The curvature is the second derivative of the loss, at least 0. The position cost is that of
        any level, zero's is 0. All costs are in the units of the loss: bits times price per bit.
    levels : Tensor, shape (k, count) or (1, count)
        The values that each weight may take.
    level_cost : Tensor, shape (count,)
    zero : bool
        Whether zero is among the choices.

    Returns
    -------
    Tensor of int64, shape (k,)

    Examples
    --------
    >>> weights, levels = torch.tensor([0.1, 0.9]), torch.tensor([[-1.0, 1.0]])
    >>> cheapest_levels(weights, levels, torch.ones(2), torch.zeros(2), torch.zeros(2)).tolist()
    [0, 2]
    """
    best = curvature * weights.square() / 2 if zero else torch.full_like(weights, torch.inf)
    index = torch.zeros(len(weights), dtype=torch.int64, device=weights.device)
    for j in range(levels.shape[1]):
        cost = curvature * (weights - levels[:, j]).square() / 2 + position_cost + level_cost[j]
        index[cost < best] = j + 1
        best = torch.minimum(best, cost)
    return index
