"""The networks of the compression tables, trained as their cells say, once (kept.py)."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..datasets import Split, digits, fashion_mnist, mnist
from ..evaluation import Data
from ..image_networks import LeNet5
from ..regularizers import DRR, L1, Regularizer
from ..training import compress, fit
from .frontier import lenet
from .kept import kept
from .pmmp_lenet300 import regularizer

Cell = dict[str, Any]
SOFTNESS = 3.0  # temperature of a teacher's answers
TRUST = 0.9  # weight of a teacher's answers; the rest goes to the labels


class RandomShift(nn.Module):
    """In training, moves all pictures of a batch by the same few pixels; rows of shape (n, 784)."""

    def __init__(self, pixels: int) -> None:
        super().__init__()
        self.pixels = pixels

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        down, right = torch.randint(-self.pixels, self.pixels + 1, (2,)).tolist()
        return x.view(-1, 28, 28).roll((down, right), (1, 2)).flatten(1)


def split_of(cell: Cell) -> Split:
    if cell["data"] == "digits":
        return digits(cell["seed"])
    return {"mnist": mnist, "fashion-mnist": fashion_mnist}[cell["data"]]()


def network(cell: Cell, split: Split) -> nn.Sequential:
    """The untrained network of a cell."""
    if cell["network"] == "LeNet-5-Caffe":
        return LeNet5(cell["seed"])
    return lenet(split, cell["seed"])


def penalty(cell: Cell) -> Regularizer:
    """The penalty of a cell; magnitude pruning is the same schedule without one."""
    if cell["method"] == "magnitude":
        return L1(0.0)
    if "beta" in cell:
        return DRR(cell["alpha"], cell["beta"])
    return regularizer(cell)


def train(cell: Cell, split: Split) -> nn.Sequential:
    """Train a network and, unless it is to stay dense, prune and fine-tune it."""
    model = network(cell, split)
    if "shift" in cell:
        model = nn.Sequential(RandomShift(cell["shift"]), *model)
    data, loss = (split.train, split.validation), "cross_entropy"
    if "teacher" in cell:
        data, loss = soft_labels(cell["teacher"], split), F.cross_entropy
    done = train_as_told(cell, model, *data, loss=loss)
    return nn.Sequential(*done[1:]) if "shift" in cell else done


def train_as_told(
    cell: Cell, model: nn.Module, train: Data, validation: Data, **settings: Any
) -> nn.Module:
    """By the method, strength, schedule and seed of the cell; other settings go to the training."""
    schedule = dict(cell["schedule"]) | {"seed": cell["seed"], "progress": False} | settings
    if cell["method"] != "dense":
        return compress(model, train, validation, penalty(cell), **schedule).model
    phases = [schedule.pop(phase) for phase in ("warmup", "regularize", "finetune")]
    for name in ("ramp", "tolerance"):
        schedule.pop(name, None)
    return fit(model, train, validation, epochs=sum(phases), **schedule)


def soft_labels(teacher: Cell, split: Split) -> tuple[tuple[Tensor, Tensor], ...]:
    """Training labels mixed with a teacher's answers (Hinton et al. 2015, arXiv 1503.02531).

    Labels become rows of ten probabilities; those of the validation images stay 0 and 1.
    """
    model, _ = trained(teacher)
    with torch.no_grad():
        answers = torch.cat([model(x) for x in split.x_train.split(1000)])
    classes = answers.shape[1]
    hard = F.one_hot(split.y_train, classes).float()
    mixed = torch.lerp(hard, F.softmax(answers / SOFTNESS, 1), TRUST)
    return (split.x_train, mixed), (split.x_val, F.one_hot(split.y_val, classes).float())


def trained(cell: Cell) -> tuple[nn.Sequential, float]:
    """The trained network of a cell, and the minutes of processor time that its training took."""
    return kept(cell, train, network, split_of(cell))
