"""Thresholds and dead weights of many networks at once (theta as in batched_mlp.py)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from .batched_mlp import Students, layers
from .pruning import threshold_candidates, threshold_search

__all__ = ["remove_dead", "tamade_many"]


def remove_dead(theta: Tensor, widths: Sequence[int]) -> Tensor:
    """Set the weights on no path from input to output to zero; return how many, (runs,).

    The same as `random_gradient_prune`: followed as a graph, because here the graph is known.
    """
    live = [w != 0 for w in layers(theta, widths)]  # (runs, n_out, n_in + 1)
    carries = live[0].new_ones(len(theta), widths[0] + 1)  # the last is the bias's one
    for below, mask in enumerate(live):
        live[below] = mask & carries[:, None]
        carries = torch.cat([live[below].any(2), carries[:, -1:]], dim=1)
    matters = carries.new_ones(len(theta), widths[-1])
    for mask in reversed(live):
        mask &= matters[:, :, None]
        matters = mask[:, :, :-1].any(1)
    dead = (theta != 0) & ~torch.cat([mask.flatten(1) for mask in live], dim=1)
    theta.masked_fill_(dead, 0)
    return dead.sum(1)


def tamade_many(theta: Tensor, held_out: Students, tolerance: float) -> Tensor:
    """Prune each run at its own threshold, in place; return the thresholds (runs,).

    All searches go in step: each asks for a threshold, and one batch answers all of them.
    """
    searches = [threshold_search(threshold_candidates([w], 1e-7), tolerance) for w in theta]
    asked = {run: next(search) for run, search in enumerate(searches)}
    found = theta.new_zeros(len(theta))
    while asked:
        runs = torch.tensor(list(asked), device=theta.device)
        values = held_out.take(runs).losses(_pruned(theta[runs], list(asked.values())))
        for run, value in zip(runs.tolist(), values.tolist(), strict=True):
            try:
                asked[run] = searches[run].send(value)
            except StopIteration as end:
                found[run] = end.value.threshold
                del asked[run]
    theta.copy_(_pruned(theta, found))
    return found


def _pruned(theta: Tensor, thresholds: Tensor | list[float]) -> Tensor:
    t = torch.as_tensor(thresholds, dtype=theta.dtype, device=theta.device)
    return torch.where(theta.abs() < t[:, None], 0, theta)
