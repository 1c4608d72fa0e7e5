"""How much the loss bends along each weight: the diagonal of the Gauss-Newton matrix.

Removing a weight w from a trained model raises the loss by about curvature * w^2 / 2 (optimal brain
damage, LeCun et al. 1990). The curvature comes from gradients alone: draw random targets from the
model's own predictions, and the mean squared gradient is the Fisher information, which is the
Gauss-Newton matrix (Martens 2020, arXiv 1412.1193). The targets of the data would not do: where the
model fits them, and soft targets above all, their gradients vanish and the curvature does not.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .evaluation import Data, Loss, evaluating, mse
from .live_vector import LiveVector

__all__ = ["curvature"]


def curvature(
    model: nn.Module, vector: LiveVector, data: Data, loss: Loss, batches: int = 64
) -> Tensor:
    """Second derivative of the mean loss along each weight, about.

    Parameters
    ----------
    model : nn.Module
        Its gradients are overwritten.
    vector : LiveVector
        Says which weights.
    data : (x, y), tensors of shape (n, ...)
        Split into `batches`. A batch gives one gradient to square: the relative error of their mean
        is about sqrt(2 / batches).
    loss : callable
        For cross-entropy and the mean squared error, targets are drawn from the model. For another
        loss `y` itself is used: right for a likelihood that fits the data on average, but not each
        row.

    Returns
    -------
    Tensor, shape (k,), at least 0

    Notes
    -----
    Draws from PyTorch's global state; `quantize` sets it and puts it back.
    """
    total = torch.zeros_like(vector.read())
    size = -(-len(data[0]) // batches)
    parts = list(zip(*(part.split(size) for part in data), strict=True))
    with evaluating(model):
        for x, y in parts:
            out = model(x)
            targets, count = _drawn(out.detach(), y, loss)
            model.zero_grad()
            loss(out, targets).backward()
            total += count * vector.gradient().square()
    return total / len(parts)


def _drawn(out: Tensor, y: Tensor, loss: Loss) -> tuple[Tensor, int]:
    """Targets whose squared gradient, times their number, is the curvature on average."""
    if loss is F.cross_entropy:  # classes are in dimension 1
        shares = out.softmax(1).movedim(1, -1)
        drawn = torch.multinomial(shares.reshape(-1, shares.shape[-1]), 1)
        return drawn.reshape(shares.shape[:-1]), len(drawn)
    if loss is mse:
        return out + torch.randn_like(out) * 0.5**0.5, out.numel()
    return y, len(y)
