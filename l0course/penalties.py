"""What we charge for a weight: counting it, shrinking it, or something in between.

Every penalty is a sum over all entries of a tensor of any shape. All but `l0` are differentiable,
so autograd gives their gradients. The two thresholding maps are the exact minimisers that belong
to the l0 and the l1 penalty.

Source: "Efficient compression of neural networks and datasets" (arXiv 2505.17469), Eq. 11.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .checks import require

__all__ = ["capped_quadratic", "hard_threshold", "l0", "l1", "l2", "smooth_l0", "soft_threshold"]


def l0(theta: Tensor) -> int:
    """Number of nonzero entries.

    >>> l0(torch.tensor([3.0, 0.0, -0.2]))
    2
    """
    return int(torch.count_nonzero(theta))


def l1(theta: Tensor) -> Tensor:
    """Sum of absolute values (the lasso's penalty; Tibshirani 1996).

    >>> l1(torch.tensor([3.0, 0.0, -0.5])).item()
    3.5
    """
    return theta.abs().sum()


def l2(theta: Tensor) -> Tensor:
    """Sum of squares (weight decay's penalty, without a factor 1/2).

    >>> l2(torch.tensor([3.0, 0.0, -0.5])).item()
    9.25
    """
    return theta.square().sum()


def smooth_l0(theta: Tensor, beta: float) -> Tensor:
    """Smooth count of nonzeros, sum of 1 - exp(-beta |theta|) (DRR; main paper, Eq. 11).

    It tends to `l0` as beta grows. Its slope is beta * sign(theta) * exp(-beta |theta|): strong
    near zero, gone for large weights, so large weights are not shrunk.

    Raises
    ------
    ValueError
        If beta <= 0: the penalty would be constant, and training would silently not compress.

    Examples
    --------
    >>> round(smooth_l0(torch.tensor([3.0, 0.0, -0.2]), beta=5.0).item(), 3)
    1.632
    """
    require("beta", beta, above=0)
    return -torch.expm1(-beta * theta.abs()).sum()


def capped_quadratic(theta: Tensor, u: float | Tensor, alpha: float) -> Tensor:
    """Sum of min(u theta^2, alpha): what PMMP's inner problem costs once it is solved exactly.

    Below |theta| = sqrt(alpha / u) it shrinks like a square; above, a weight costs alpha whatever
    its size. `u` is a number or a tensor of theta's shape, >= 0.

    >>> capped_quadratic(torch.tensor([3.0, 0.1]), u=2.0, alpha=0.5).item()
    0.5199999809265137
    """
    require("alpha", alpha, least=0)
    if torch.as_tensor(u).min() < 0:
        raise ValueError("u must be at least 0 everywhere, but some entry is negative.")
    return torch.clamp(u * theta.square(), max=alpha).sum()


def hard_threshold(theta: Tensor, t: float) -> Tensor:
    """Keep the entries with |theta| >= t as they are and set the others to 0.

    With t = sqrt(2 alpha) it minimises (x - theta)^2 / 2 + alpha * l0(x) entry by entry.

    >>> hard_threshold(torch.tensor([3.0, -0.2, 0.5]), 0.5)
    tensor([3.0000, 0.0000, 0.5000])
    """
    require("t", t, least=0)
    return torch.where(theta.abs() < t, 0, theta)


def soft_threshold(theta: Tensor, t: float) -> Tensor:
    """Move every entry towards 0 by t, and stop at 0.

    It minimises (x - theta)^2 / 2 + t * l1(x) entry by entry: the survivors are shrunk by t.

    >>> soft_threshold(torch.tensor([3.0, -0.2, 0.5]), 0.5)
    tensor([2.5000, -0.0000, 0.0000])
    """
    require("t", t, least=0)
    return theta.sign() * (theta.abs() - t).clamp(min=0)
