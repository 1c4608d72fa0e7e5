"""What an entry may be about: a task by name, and a network by name and widths, never by code."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from torch import nn

from ..datasets import Split, digits, fashion_mnist, mnist
from ..image_networks import LeNet5
from ..models import MLP, LeNet300

__all__ = ["TASKS", "Task", "network", "task_of", "task_split"]


@dataclass(frozen=True)
class Task:
    """A data set with its fixed split, and its sizes, which are known without the data."""

    load: Callable[[], Split]
    features: int
    classes: int
    test_rows: int


TASKS = {
    "digits": Task(lambda: digits(seed=0), 64, 10, 400),
    "mnist": Task(mnist, 784, 10, 10_000),
    "fashion-mnist": Task(fashion_mnist, 784, 10, 10_000),
}
_MOST_WEIGHTS = 5_000_000  # so that no entry asks for much memory or time


@cache
def task_split(task: str) -> Split:
    """The fixed split of a task. FileNotFoundError if its data are not on this machine."""
    return task_of(task).load()


def task_of(name: str) -> Task:
    """The task of that name, or a ValueError that says which there are."""
    if name not in TASKS:
        raise ValueError(f"there is no task {name!r}; there are {', '.join(TASKS)}.")
    return TASKS[name]


def network(name: str, task: str) -> nn.Module:
    """The network of that name, untrained: "LeNet-5-Caffe", "LeNet-300-100" or "MLP 64-30-10".

    Raises ValueError if the name is unknown, the widths are too many or too large, or the network
    does not take the task's rows and give one number for each of its classes.

    >>> network("MLP 64-30-10", "digits")[0]
    Linear(in_features=64, out_features=30, bias=True)
    >>> network("MLP 64-30-9", "digits")
    Traceback (most recent call last):
    ValueError: MLP 64-30-9 does not fit digits, which needs widths from 64 to 10.
    """
    features, classes = task_of(task).features, task_of(task).classes
    named = {"LeNet-300-100": LeNet300, "LeNet-5-Caffe": LeNet5}
    if name in named:
        if features != 784:
            raise ValueError(f"{name} does not fit {task}: it reads pictures of 28x28.")
        return named[name](seed=0)
    if not re.fullmatch(r"MLP [1-9][0-9]{0,4}(-[1-9][0-9]{0,4}){1,7}", name):
        raise ValueError(
            f"there is no architecture {name!r}; there are {', '.join(named)}, and MLP with two to "
            "eight widths, such as 'MLP 64-30-10'."
        )
    widths = [int(width) for width in name.removeprefix("MLP ").split("-")]
    if (widths[0], widths[-1]) != (features, classes):
        raise ValueError(
            f"{name} does not fit {task}, which needs widths from {features} to {classes}."
        )
    if sum((a + 1) * b for a, b in zip(widths, widths[1:], strict=False)) > _MOST_WEIGHTS:
        raise ValueError(f"{name} has more than {_MOST_WEIGHTS:,} weights.")
    return MLP(widths, seed=0)
