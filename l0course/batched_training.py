"""One phase of training for many networks at once: Adam, penalties, and stops for each run apart.

theta is as in batched_mlp.py: one row of weights for each run.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from tqdm.auto import tqdm

from .batched_mlp import Students

__all__ = ["Charge", "Phase", "charge", "train"]

Charge = Callable[[Tensor, Tensor, Tensor, float], None]


def charge(penalty: str, alpha: Tensor, beta: Tensor) -> Charge:
    """A function that adds the penalty's gradient at w to `gradient`, for the runs still there."""
    work: list[Tensor] = []  # memory to calculate in

    def add(w: Tensor, gradient: Tensor, runs: Tensor, rise: float) -> None:
        if not work or work[0].shape != w.shape:
            work[:] = [torch.empty_like(w), torch.empty_like(w), alpha[runs], beta[runs]]
        sign, decay, a, b = work
        torch.sign(w, out=sign)
        if penalty == "drr":  # alpha beta sign(w) exp(-beta |w|), as a power of two
            torch.abs(w, out=decay).mul_(b / -math.log(2)).exp2_()
            sign.mul_(decay).mul_(b)
        gradient.addcmul_(sign, a, value=rise)

    return add


class Phase:
    """What became of each run in a phase of training, looked at on validation data.

    epochs (R,) trained; best (R,) losses at the best check and theta (R, ...) there; checks and
    curve: when the losses were measured, and those (R,), NaN for a run that had stopped.
    """

    def __init__(self, theta: Tensor, epochs: int, patience: int | None, since: Tensor) -> None:
        self.epochs = torch.full((len(theta),), epochs)
        self.theta, self.best = theta.clone(), theta.new_full((len(theta),), math.inf)
        self.patience, self.since = patience, since
        self.waited = torch.zeros_like(since)  # checks without improvement
        self.checks: list[int] = []
        self.curve: list[Tensor] = []

    def look(self, epoch: int, runs: Tensor, w: Tensor, losses: Tensor) -> Tensor:
        """Note the losses of the runs still there; return which of them shall go on, (runs,)."""
        if not losses.isfinite().all():
            raise ValueError(
                f"A validation loss was infinite or NaN {epoch} epochs into a phase of training: "
                "use a smaller lr, or smaller alphas and betas."
            )
        if epoch:
            self.checks.append(epoch)
            blank = self.best.new_full(self.best.shape, math.nan)
            self.curve.append(blank.index_copy(0, runs, losses))
        watched = epoch > self.since[runs]
        better = watched & (losses < self.best[runs])
        self.best[runs] = torch.where(better, losses, self.best[runs])
        self.theta[runs] = torch.where(better[:, None], w, self.theta[runs])
        self.waited[runs] = torch.where(better | ~watched, 0, self.waited[runs] + 1)
        stop = self.waited[runs] >= (self.patience or math.inf)
        self.epochs[runs[stop].cpu()] = epoch
        return (~stop).nonzero()[:, 0]


def train(
    students: Students,
    theta: Tensor,
    epochs: int,
    *,
    held_out: Students,
    lr: float,
    check: int,
    patience: int | None,
    bar: tqdm,
    add_penalty: Callable[[Tensor, Tensor, int], None] | None = None,
    masks: Tensor | None = None,
    since: Tensor,
) -> Phase:
    """Adam with a cosine schedule, in place on theta (R, ...).

    A run stops after `patience` checks after the epoch `since` (R,) without a better one, and goes
    back to its best. It leaves the batch: the others go on without it, and faster. With masks, the
    runs that do not stop also end at their best check.
    """
    phase = Phase(theta, epochs, patience, since)
    runs = torch.arange(len(theta), device=theta.device)  # those that still train
    w = theta.clone()
    w.grad = torch.empty_like(w)
    if masks is not None:
        phase.look(0, runs, w, held_out.losses(w))
    optimiser = torch.optim.Adam([w], lr=lr, fused=True)
    for epoch in range(epochs):
        optimiser.param_groups[0]["lr"] = lr * (1 + math.cos(math.pi * epoch / epochs)) / 2
        students.gradient(w, w.grad)
        if add_penalty is not None:
            add_penalty(w, runs, epoch)
        optimiser.step()
        if masks is not None:
            w[:, : masks.shape[1]] *= masks
        bar.update()
        if (epoch + 1) % check and epoch + 1 < epochs:
            continue
        go_on = phase.look(epoch + 1, runs, w, held_out.losses(w))
        if len(go_on) < len(runs):
            runs, students, held_out = runs[go_on], students.take(go_on), held_out.take(go_on)
            masks = None if masks is None else masks[go_on]
            _keep_rows(optimiser, w, go_on)
        if len(runs) == 0:
            bar.update(epochs - epoch - 1)
            break
    if masks is None:
        phase.theta[runs] = w
    theta.copy_(phase.theta)
    return phase


def _keep_rows(optimiser: torch.optim.Adam, w: Tensor, rows: Tensor) -> None:
    """Drop the other rows of the only parameter of an optimiser, in place."""
    state = optimiser.state[w]
    w.grad, w.data = None, w.data[rows]
    w.grad = torch.empty_like(w)
    for name in ("exp_avg", "exp_avg_sq"):
        state[name] = state[name][rows]
