"""How well a model does on data: mean losses and error rates."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["Data", "Loss", "error_rate", "evaluating", "loss_function", "mean_loss"]

Loss = Callable[[Tensor, Tensor], Tensor]
Data = tuple[Tensor, Tensor]


@torch.no_grad()
def mean_loss(model: nn.Module, data: Data, loss: str | Loss = "cross_entropy") -> float:
    """Mean loss of the model on (x, y), in evaluation mode.

    It is computed in batches of 10,000 rows, or of 100,000 tokens in rows of whole numbers.
    """
    function = loss_function(loss)
    x, y = data
    tokens = x.dim() > 1 and not x.is_floating_point()
    rows = max(1, 100_000 // x[0].numel()) if tokens else 10_000
    total = 0.0
    with evaluating(model):
        for a, b in zip(x.split(rows), y.split(rows), strict=True):
            total += float(function(model(a), b)) * len(a)
    return total / len(x)


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode for this block; after it, every module is in the mode that it was in.

    >>> model = nn.Dropout()
    >>> with evaluating(model):
    ...     print(model.training)
    False
    >>> model.training
    True
    """
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


def error_rate(model: nn.Module, data: Data) -> float:
    """Share of wrong classes, in [0, 1], on (x, y) with integer labels y of shape (n,).

    Raises ValueError if the model does not give one score for each class, (n, classes > 1).
    """

    def wrong(out: Tensor, y: Tensor) -> Tensor:
        if out.dim() != 2 or out.shape[1] < 2 or y.shape != out.shape[:1]:
            raise ValueError(
                "error_rate needs scores of shape (n, classes) and labels of shape (n,), "
                f"but they are {tuple(out.shape)} and {tuple(y.shape)}."
            )
        return (out.argmax(1) != y).double().mean()

    return mean_loss(model, data, wrong)


def mse(out: Tensor, y: Tensor) -> Tensor:
    """Mean squared error of equal shapes: (n,) against (n, 1) would broadcast to (n, n)."""
    if out.shape != y.shape:
        raise ValueError(
            f"mse needs targets of the outputs' shape, but they are {tuple(y.shape)} and "
            f"{tuple(out.shape)}: use y[:, None] or y.squeeze()."
        )
    return F.mse_loss(out, y)


LOSSES: dict[str, Loss] = {"cross_entropy": F.cross_entropy, "mse": mse}


def loss_function(loss: str | Loss) -> Loss:
    """The loss of that name, or the function itself."""
    if callable(loss):
        return loss
    if loss not in LOSSES:
        raise ValueError(f"loss must be one of {', '.join(LOSSES)} or a function, not {loss!r}.")
    return LOSSES[loss]
