"""One phase of training: Adam with a cosine schedule, on data that were checked, from a seed."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from .evaluation import Data, Loss, mean_loss
from .pruning import Masks, trainable
from .regularizers import Regularizer

__all__ = ["batches", "checked_data", "seeded", "train_phase"]


@contextmanager
def seeded(seed: int, device: str | torch.device) -> Iterator[None]:
    """PyTorch's global random state set for this block, and put back after it."""
    cuda = [torch.device(device)] if torch.device(device).type == "cuda" else []
    with torch.random.fork_rng(devices=cuda):
        torch.default_generator.manual_seed(seed)
        if cuda:
            torch.cuda.manual_seed(seed)
        yield


def train_phase(
    model: nn.Module,
    train: Data,
    validation: Data,
    phase: str,
    epochs: int,
    *,
    loss: Loss,
    lr: float,
    batch_size: int,
    generator: torch.Generator,
    bar: tqdm,
    penalty: Regularizer | None = None,
    strength: Callable[[float], float] = lambda epoch: 1.0,
    masks: Masks | None = None,
) -> list[dict]:
    """One phase of training with Adam and a cosine schedule, in place; one record an epoch.

    With masks, the epoch with the lowest validation loss is the one that is kept.
    """
    x, y = train
    steps = len(batches(torch.arange(len(x)), batch_size))
    optimiser = torch.optim.Adam(trainable(model).values(), lr=lr, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, max(1, epochs * steps))
    history, best = [], (math.inf, None)
    if masks is not None:
        best = (mean_loss(model, validation, loss), copy.deepcopy(model.state_dict()))
    for epoch in range(epochs):
        model.train()
        total = 0.0
        order = torch.randperm(len(x), generator=generator).to(x.device)
        for step, rows in enumerate(batches(order, batch_size)):
            optimiser.zero_grad()
            value = loss(model(x[rows]), y[rows])
            value.backward()
            if penalty is not None:
                penalty.ramp = strength(epoch + step / steps)
                penalty.add_gradient()
            optimiser.step()
            schedule.step()
            if penalty is not None:
                penalty.after_step()
            if masks is not None:
                masks.apply(model)
            total += value.item() * len(rows)
        if not math.isfinite(total):
            raise ValueError(f"The loss became {total} in epoch {epoch + 1}: use a smaller lr.")
        held_out = mean_loss(model, validation, loss)
        history.append(
            {
                "phase": phase,
                "epoch": epoch + 1,
                "train_loss": total / len(x),
                "validation_loss": held_out,
            }
        )
        if masks is not None and held_out < best[0]:
            best = (held_out, copy.deepcopy(model.state_dict()))
        bar.update()
        bar.set_postfix_str(f"{phase}, validation loss {held_out:.4f}")
    if best[1] is not None:
        model.load_state_dict(best[1])
    return history


def batches(order: Tensor, size: int) -> list[Tensor]:
    """The rows in batches. A single row at the end joins the others: batch norm needs two."""
    parts = list(order.split(size))
    if len(parts) > 1 and len(parts[-1]) == 1 < size:
        parts[-2:] = [torch.cat(parts[-2:])]
    return parts


def checked_data(name: str, data: Data, loss: str | Loss, device: str | torch.device) -> Data:
    """(x, y) as tensors on the device; one clear sentence if they cannot be trained on."""
    x, y = (torch.as_tensor(part) for part in data)
    if len(x) == 0 or len(x) != len(y):
        raise ValueError(
            f"{name} needs as many targets as inputs, and at least one, "
            f"but x has shape {tuple(x.shape)} and y has shape {tuple(y.shape)}."
        )
    for part, tensor in [("x", x), ("y", y)]:
        if not tensor.isfinite().all():
            raise ValueError(
                f"{name} {part} holds NaN or infinite values; remove those rows first."
            )
    if loss == "cross_entropy" and (y.dim() != 1 or y.dtype != torch.int64):
        raise ValueError(
            f"cross_entropy needs classes: {name} y of shape (n,) and type torch.int64, but it has "
            f"shape {tuple(y.shape)} and type {y.dtype}; y.long() makes them."
        )
    return x.to(device), y.to(device)
