"""train_many(): the steps of `compress` for hundreds of small networks as one batch.

Every strength and every seed of a sweep is a row of one matrix of weights (batched_mlp.py). They
train together; penalties, thresholds, dead weights and early stops are decided for each run apart.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from .batched_mlp import Students, layers, n_weights
from .batched_pruning import remove_dead, tamade_many
from .batched_training import charge, train
from .checks import integer, require
from .models import MLP

__all__ = ["EnsembleResult", "train_many"]


@dataclass(frozen=True, eq=False)
class EnsembleResult:
    """What `train_many` made: A strengths times S seeds of students.

    Attributes
    ----------
    widths, alphas, betas, seeds : as given; betas has one value for each strength.
    theta : (A, S, weights) all weights, zeros where pruned. Layer by layer, each row of W and its
        bias; `model` makes a network of it.
    sigma : (A, S) noise scale that was learnt along (loss "gaussian"), else None.
    train_loss, validation_loss : (A, S) mean squared errors at the end.
    nonzero, spurious, threshold : (A, S) live weights, weights removed by random gradient pruning,
        and TAMADE's threshold.
    epochs : (A, S) epochs trained before pruning, warm-up included; fewer where a run stopped.
    checks, curve : epochs (C,) at which the validation loss was measured, and the losses (C, A, S),
        NaN where a run had stopped. Those of fine-tuning follow: its epochs are counted on from
        the last check before.
    student_steps, seconds : gradient steps of single students, and wall time of the whole call.
    """

    widths: tuple[int, ...]
    alphas: tuple[float, ...]
    betas: tuple[float, ...]
    seeds: tuple[int, ...]
    theta: Tensor
    sigma: Tensor | None
    train_loss: Tensor
    validation_loss: Tensor
    nonzero: Tensor
    spurious: Tensor
    threshold: Tensor
    epochs: Tensor
    checks: tuple[int, ...]
    curve: Tensor
    student_steps: int
    seconds: float

    def loss(self, x: Tensor, y: Tensor) -> Tensor:
        """Mean squared errors (A, S) on other data: (n, ...) for all, or (S, n, ...) a seed."""
        grid, theta = tuple(self.theta.shape[:2]), self.theta.flatten(0, 1)
        x, y = (torch.as_tensor(part, dtype=theta.dtype) for part in (x, y))
        return _students(self.widths, x, y, grid, theta.device).losses(theta).view(grid)

    def model(self, strength: int, seed: int) -> nn.Sequential:
        """The student of the strength and seed at these places, as an ordinary network."""
        theta = self.theta[strength, seed].detach().cpu()
        model = MLP(self.widths, nn.Tanh, seed=0, dtype=theta.dtype)
        with torch.no_grad():
            for linear, w in zip(model[::2], layers(theta[None], self.widths), strict=True):
                linear.weight.copy_(w[0, :, :-1])
                linear.bias.copy_(w[0, :, -1])
        return model


def train_many(
    widths: Sequence[int],
    x: Tensor,
    y: Tensor,
    *,
    validation: tuple[Tensor, Tensor],
    alphas: Sequence[float],
    betas: float | Sequence[float] = 5.0,
    seeds: Sequence[int],
    epochs: int,
    warmup: int = 0,
    finetune: int | None = None,
    ramp: float = 0.5,
    lr: float = 1e-2,
    tolerance: float = 0.01,
    penalty: Literal["drr", "l1"] = "drr",
    loss: Literal["mse", "gaussian"] = "mse",
    check: int = 50,
    patience: int | None = None,
    sizes: Sequence[int] | None = None,
    device: str | torch.device = "cpu",
    progress: bool = True,
) -> EnsembleResult:
    """Train, prune and fine-tune len(alphas) * len(seeds) tanh students at once.

    Each student goes through the steps of `compress` with the whole data as one batch: training
    with a penalty whose strength rises, random gradient pruning, TAMADE on validation data, random
    gradient pruning, and fine-tuning of which the best check is kept. In float64, with check=1,
    the numbers are those of `compress` to rounding (which grows in runs of thousands of epochs).

    Parameters
    ----------
    widths : sequence of int
        For example (2, 25, 25, 1). A seed draws the same initial weights for each strength: those
        of `MLP(widths, nn.Tanh, seed=seed)`.
    x, y : (n, n_in) and (n, n_out), or (S, n, n_in) and (S, n, n_out)
        One data set for all seeds, or one a seed. Their type (float32 or float64) is the students'.
    validation : (x, y), shaped as above
        Decides thresholds, early stops, and which epoch is kept. Keep test data out of it.
    alphas : sequence of A numbers >= 0
        Strengths of the penalty that is added to the mean loss of the n rows.
    betas : number or A numbers > 0
        DRR's beta.
    seeds : sequence of S whole numbers
    epochs, warmup, finetune : int
        Gradient steps with the penalty, before it, and after pruning (epochs // 2 if not given).
    ramp, lr, tolerance : as in `compress`.
    penalty : "drr" or "l1"
    loss : "mse" or "gaussian"
        "gaussian" is the bits per observation with a noise scale sigma that each run learns, from
        0.1 (main paper, Eq. 5). Then alpha is in bits per observation and weight. Thresholds,
        stops and reported losses are mean squared errors in both cases.
    check : int
        Epochs between two looks at the validation data.
    patience : int or None
        A run whose validation loss has not improved for that many checks stops, and goes back to
        its best check; in fine-tuning, too. Checks count once the penalty has reached its strength:
        from the start where alpha is 0. The other runs go on without it.
    sizes : S whole numbers, or None
        Of the data set of a seed use the first that many rows: sample sizes side by side.
    device, progress

    Raises
    ------
    ValueError
        If shapes do not fit, a value is not finite or out of range, or training diverged.

    Examples
    --------
    >>> from l0course.teacher_student import sample, teacher
    >>> x, y = sample(teacher(), 100, seed=1)
    >>> many = train_many((2, 8, 1), x, y, validation=sample(teacher(), 100, seed=2),
    ...                   alphas=[0.0, 1e-3], seeds=[0, 1, 2], epochs=200, progress=False)
    >>> many.nonzero.shape, many.model(1, 0)[0].weight.shape
    (torch.Size([2, 3]), torch.Size([8, 2]))
    """
    start = time.perf_counter()
    finetune = epochs // 2 if finetune is None else finetune
    for name, value in [("epochs", epochs), ("warmup", warmup), ("finetune", finetune)]:
        integer(name, value, 0)
    integer("check", check, 1)
    integer("patience", 1 if patience is None else patience, 1)
    require("lr", lr, above=0)
    require("tolerance", tolerance, least=0)
    if not 0 <= ramp <= 1:
        raise ValueError(f"ramp must lie between 0 and 1, but it is {ramp!r}.")
    if penalty not in ("drr", "l1") or loss not in ("mse", "gaussian"):
        raise ValueError(
            "penalty must be 'drr' or 'l1', and loss 'mse' or 'gaussian', "
            f"but they are {penalty!r} and {loss!r}."
        )
    alphas, betas, seeds = _sweep(alphas, betas, seeds)
    grid = (len(alphas), len(seeds))
    students = _students(widths, x, y, grid, device, sizes)
    held_out = _students(widths, *validation, grid, device, like=students)
    theta = _initial(widths, seeds, students.x).repeat(grid[0], 1)  # run = strength * S + seed
    if loss == "gaussian":
        theta = torch.cat([theta, theta.new_full((len(theta), 1), math.log(0.1))], dim=1)
    weights = theta[:, : n_weights(widths)]
    add_charge = charge(penalty, *(_per_run(v, grid[1], theta) for v in (alphas, betas)))

    def add_penalty(w: Tensor, runs: Tensor, epoch: int) -> None:
        rise = min(1.0, max(0.0, epoch - warmup) / max(1e-9, ramp * epochs))
        if rise > 0:  # a noise scale is not a weight
            add_charge(w[:, : weights.shape[1]], w.grad[:, : weights.shape[1]], runs, rise)

    full = warmup + math.ceil(ramp * epochs)  # when a penalty reaches its strength
    since = _per_run([full if a else 0 for a in alphas], grid[1], theta)[:, 0].long()
    common = dict(held_out=held_out, lr=lr, check=check, patience=patience)
    with tqdm(total=warmup + epochs + finetune, unit="epoch", disable=not progress) as bar:
        first = train(
            students,
            theta,
            warmup + epochs,
            add_penalty=add_penalty,
            since=since,
            bar=bar,
            **common,
        )
        spurious = remove_dead(weights, widths)
        threshold = tamade_many(weights, held_out, tolerance)
        spurious += remove_dead(weights, widths)
        second = train(
            students, theta, finetune, masks=weights != 0, since=0 * since - 1, bar=bar, **common
        )
    train_loss = students.losses(theta)
    if not train_loss.isfinite().all():
        raise ValueError("A training loss is infinite: scale the data to about 1, or lower lr.")
    noise = theta[:, n_weights(widths) :].exp()
    last = first.checks[-1] if first.checks else 0

    def by_run(values: Tensor) -> Tensor:
        return values.cpu().view(grid)

    return EnsembleResult(
        tuple(widths), alphas, betas, seeds,
        theta=weights.cpu().unflatten(0, grid),
        sigma=by_run(noise) if noise.numel() else None,
        train_loss=by_run(train_loss),
        validation_loss=by_run(held_out.losses(theta)),
        nonzero=by_run((weights != 0).sum(1)),
        spurious=by_run(spurious),
        threshold=by_run(threshold),
        epochs=by_run(first.epochs),
        checks=(*first.checks, *(last + c for c in second.checks)),
        curve=torch.stack([*first.curve, *second.curve, theta[:, 0]])[:-1].cpu().unflatten(1, grid),
        student_steps=int(first.epochs.sum() + second.epochs.sum()),
        seconds=time.perf_counter() - start,
    )  # fmt: skip


def _initial(widths: Sequence[int], seeds: Sequence[int], like: Tensor) -> Tensor:
    """The weights (S, weights) with which `MLP` starts for each seed."""
    rows = []
    for seed in seeds:
        linear = MLP(widths, nn.Tanh, seed=seed, dtype=like.dtype)[::2]
        rows.append(
            torch.cat([torch.cat([m.weight, m.bias[:, None]], 1).flatten() for m in linear])
        )
    return torch.stack(rows).detach().to(like.device)


def _per_run(values: Sequence[float], seeds: int, like: Tensor) -> Tensor:
    """One value a strength -> (runs, 1)."""
    return like.new_tensor(values).repeat_interleave(seeds)[:, None]


def _sweep(alphas, betas, seeds) -> tuple[tuple[float, ...], tuple[float, ...], tuple[int, ...]]:
    for name, values in [("alphas", alphas), ("seeds", seeds)]:
        if not hasattr(values, "__len__"):
            raise ValueError(f"{name} must be a sequence, such as [{values!r}], not {values!r}.")
    alphas = tuple(float(a) for a in alphas)
    betas = tuple(map(float, betas if hasattr(betas, "__len__") else [betas] * len(alphas)))
    for a in alphas:
        require("each alpha", a, least=0)
    for b in betas:
        require("each beta", b, above=0)
    seeds = tuple(integer("each seed", s, 0) for s in seeds)
    if not alphas or not seeds or len(betas) != len(alphas):
        raise ValueError(
            "train_many needs one or more alphas, as many betas (or one number), and one or more "
            f"seeds, but got {len(alphas)}, {len(betas)} and {len(seeds)}."
        )
    return alphas, betas, seeds


def _students(
    widths: Sequence[int],
    x: Tensor,
    y: Tensor,
    grid: tuple[int, int],
    device: str | torch.device = "cpu",
    sizes: Sequence[int] | None = None,
    like: Students | None = None,
) -> Students:
    """Check the data of one or S seeds and lay them out for A * S runs."""
    x, y = (torch.as_tensor(part, device=device).detach() for part in (x, y))
    if like is not None:
        x, y = x.to(like.x.dtype), y.to(like.x.dtype)
    x, y = (part[None] if part.dim() == 2 else part for part in (x, y))
    n = x.shape[1] if x.dim() == 3 else 0
    good = [(s, n, w) for w in (widths[0], widths[-1]) for s in (1, grid[1])]
    if not n or tuple(x.shape) not in good[:2] or tuple(y.shape) not in good[2:]:
        raise ValueError(
            f"The data must be x (n, {widths[0]}) and y (n, {widths[-1]}), or one such set for "
            f"each of {grid[1]} seeds, but they are {tuple(x.shape)} and {tuple(y.shape)}."
        )
    if x.dtype not in (torch.float32, torch.float64) or x.dtype != y.dtype:
        raise ValueError(
            f"x and y must both be float32 or both float64, but are {x.dtype} and {y.dtype}."
        )
    if not (x.isfinite().all() and y.isfinite().all()):
        what = "The data" if like is None else "The validation data"
        raise ValueError(f"{what} hold NaN or infinite values ({x.dtype}): remove those rows.")
    sizes = [n] * grid[1] if sizes is None else [integer("each size", s, 1, n) for s in sizes]
    if len(sizes) != grid[1]:
        raise ValueError(f"sizes needs one size for each of {grid[1]} seeds, but has {len(sizes)}.")
    x, y = (part.expand(grid[1], -1, -1).repeat(grid[0], 1, 1) for part in (x, y))
    return Students(widths, x, y, torch.tensor(sizes, device=x.device).repeat(grid[0]))
