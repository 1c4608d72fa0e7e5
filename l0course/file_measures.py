"""What a classifier is worth, in counts: bits of labels with it and without it, and wrong answers.

All of it in double precision, so that the same file gives the same counts on every machine.
"""

from __future__ import annotations

import copy
import math

import numpy as np
import torch
from scipy.special import gammaln
from torch import Tensor, nn

from .evaluation import Data, evaluating

__all__ = ["class_bits", "label_bits_of", "wrong_answers"]


def class_bits(labels: np.ndarray, classes: int) -> float:
    """Bits of labels (n,) in 0 ... classes - 1 without any model: the shorter of two codes.

    Either each label takes log2(classes) bits. Or first how often each class occurs is sent, then
    which of the orders it is: log2 C(n + classes - 1, classes - 1) + log2 (n! / prod n_c!).

    Raises ValueError if a label is not a whole number in that range.

    >>> class_bits(np.array([0, 1, 2, 3]), 4), round(class_bits(np.zeros(100, int), 4), 1)
    (8.0, 17.4)
    """
    y = np.asarray(labels)
    if y.ndim != 1 or y.dtype.kind not in "iu" or not ((y >= 0) & (y < classes)).all():
        raise ValueError(f"labels must be a row of whole numbers from 0 to {classes - 1}.")
    n, counts = len(y), np.bincount(y, minlength=classes)
    order = gammaln(n + 1) - gammaln(counts + 1).sum()
    table = gammaln(n + classes) - gammaln(n + 1) - gammaln(classes)
    return min(n * math.log2(classes), float(order + table) / math.log(2))


def wrong_answers(model: nn.Module, data: Data) -> int:
    """How many labels of (x, y) are not where the model's largest logit is. Errors as below.

    >>> x, y = torch.tensor([[0.0], [1.0], [2.0]]), torch.tensor([0, 1, 0])
    >>> model = nn.Linear(1, 2)
    >>> _ = model.load_state_dict({"weight": torch.tensor([[0.0], [1.0]]), "bias": torch.zeros(2)})
    >>> wrong_answers(model, (x, y))
    1
    """
    return int((logits_of(model, data).argmax(1) != data[1]).sum())


def label_bits_of(model: nn.Module, data: Data) -> float:
    """Bits to send the labels of (x, y) to somebody who has x and the model: -log2 softmax, summed.

    >>> model = nn.Linear(1, 2)
    >>> _ = model.load_state_dict({"weight": torch.zeros(2, 1), "bias": torch.zeros(2)})
    >>> label_bits_of(model, (torch.ones(8, 1), torch.tensor([0, 1] * 4)))
    8.0
    """
    nats = nn.functional.cross_entropy(logits_of(model, data), data[1], reduction="sum")
    return float(nats) / math.log(2)


@torch.no_grad()
def logits_of(model: nn.Module, data: Data) -> Tensor:
    """Logits (n, classes), float64, in batches of 1,000 rows.

    Raises
    ------
    ValueError
        If there are no rows, the labels are no classes, or there is not a finite number for each.
    """
    x, y = data
    if len(x) == 0 or len(x) != len(y) or y.dim() != 1 or y.is_floating_point():
        raise ValueError("a classifier needs rows x (n, ...) with class labels y (n,), n > 0.")
    twin = copy.deepcopy(model).double()
    with evaluating(twin):
        logits = torch.cat([twin(rows.double()) for rows in x.split(1000)])
    if logits.dim() != 2 or logits.shape[1] <= int(y.max()) or not logits.isfinite().all():
        raise ValueError(
            f"the model must give one finite number for each class, at least {int(y.max()) + 1} a "
            f"row; it gave shape {tuple(logits.shape)}."
        )
    return logits
