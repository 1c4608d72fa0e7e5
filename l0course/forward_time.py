"""How long a forward pass takes, for several models side by side."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from .checks import integer

__all__ = ["forward_milliseconds"]


@torch.no_grad()
def forward_milliseconds(
    models: Mapping[str, nn.Module], x: Tensor, *, rounds: int = 50, repeats: int = 10
) -> dict[str, float]:
    """Median time of model(x) in milliseconds, for each model.

    The models take turns: in each round, every one runs `repeats` times. So whatever else the
    machine does meets them all, and the ratio of two medians says more than either. Models are
    left in the mode that they come in: call `eval()` first.

    Raises ValueError if rounds or repeats is not an integer >= 1.

    >>> times = forward_milliseconds({"wide": nn.Linear(9, 99), "narrow": nn.Linear(9, 3)},
    ...                              torch.ones(4, 9), rounds=2)
    >>> sorted(times), all(t > 0 for t in times.values())
    (['narrow', 'wide'], True)
    """
    integer("rounds", rounds, 1)
    integer("repeats", repeats, 1)
    seconds: dict[str, list[float]] = {name: [] for name in models}
    for model in models.values():
        model(x)  # the first call may set things up
    for _ in range(rounds):
        for name, model in models.items():
            start = time.perf_counter()
            for _ in range(repeats):
                model(x)
            seconds[name].append((time.perf_counter() - start) / repeats)
    return {name: 1e3 * statistics.median(values) for name, values in seconds.items()}
