"""Gradient descent of students that start at, or near, their teacher: how far do they move?

The numbers of the figure `l2_rebound` (companion paper, arXiv 2509.15060, its l2 experiments), and
two truths to hold them against: what first-order theory expects of noisy data, and the distance
that is left when the student's neurons may be permuted and flipped to fit the teacher's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn

from ..batched_mlp import Students, layers, n_weights
from ..models import MLP
from ..symmetry import normal_form
from ..teacher_student import teacher_data

__all__ = [
    "curvature",
    "descend",
    "gradient_descent",
    "linear_response",
    "match",
    "network",
    "up_to_symmetry",
]

WIDTHS = (2, 25, 25, 1)  # of teacher and student, as published
THEORY_ROWS = 500  # rows from which the curvature is estimated


def descend(cell: dict[str, Any]) -> dict[str, Any]:
    """All seeds of one setting: squared distances and losses along gradient descent.

    Teacher's weights ~ N(0, teacher_scale^2); student = teacher + N(0, perturbation^2).
    `distance`, `train` and `test` have shape (looks, seeds). With a perturbation, `normal_form` and
    `matched` are the squared distances up to symmetries (3, seeds): at the start, where `distance`
    is least, and at the end. Without one, `theory` is the distance expected at each look, and
    `curvature` the eight largest eigenvalues (median of seeds).
    """
    n, size = cell["n"], n_weights(WIDTHS)
    draws = [np.random.default_rng([cell["draw"], seed]) for seed in cell["seeds"]]
    normal = torch.tensor(np.stack([d.standard_normal((2, size)) for d in draws]))
    truth = cell["teacher_scale"] * normal[:, 0]  # (seeds, weights)
    theta = truth + cell["perturbation"] * normal[:, 1]
    data = [
        teacher_data(network(t), n, cell["sigma"], seed=1000 * cell["draw"] + seed, n_test=1000)
        for t, seed in zip(truth, cell["seeds"], strict=True)
    ]
    train, test = (_students([getattr(d, part) for d in data]) for part in ("train", "test"))
    looks = _looks(cell["epochs"])
    path, train_loss, test_loss = gradient_descent(theta, train, test, cell["lr"], looks)
    if not path.isfinite().all():
        raise ValueError(f"Gradient descent diverged: use a smaller lr than {cell['lr']}.")
    distance = (path - truth).square().sum(2)  # (looks, seeds)
    measured = {"distance": distance, "train": train_loss, "test": test_loss}
    if cell["perturbation"]:
        moments = [(0, least, -1) for least in distance.argmin(0).tolist()]
        pairs = [
            [up_to_symmetry(path[look, s], truth[s]) for look in moments[s]]
            for s in range(len(truth))
        ]  # (seeds, moments, 2)
        measured["normal_form"], measured["matched"] = torch.tensor(pairs).permute(2, 1, 0)
    else:
        bends = [curvature(t, d.train[0][:THEORY_ROWS]) for t, d in zip(truth, data, strict=True)]
        expected = [linear_response(h, n, cell["sigma"], cell["lr"], looks) for h in bends]
        measured["theory"] = torch.stack(expected).mean(0)
        measured["curvature"] = torch.stack([h[-8:].flip(0) for h in bends]).median(0).values
    return {"epochs": looks} | {name: _rounded(values) for name, values in measured.items()}


def _looks(epochs: int) -> list[int]:
    """0 and at most 40 later epochs, evenly spaced on a logarithmic axis."""
    return sorted({0, *np.geomspace(1, epochs, 40).round().astype(int).tolist()})


def gradient_descent(
    theta: Tensor, train: Students, test: Students, lr: float, looks: Sequence[int]
) -> tuple[Tensor, Tensor, Tensor]:
    """Full-batch gradient descent: weights (looks, runs, weights) and losses (looks, runs)."""
    theta, slope = theta.clone(), torch.empty_like(theta)
    path, train_loss, test_loss = [], [], []
    for epoch in range(max(looks) + 1):
        loss = train.gradient(theta, slope)
        if epoch in looks:
            path.append(theta.clone())
            train_loss.append(loss)
            test_loss.append(test.losses(theta))
        theta -= lr * slope
    return torch.stack(path), torch.stack(train_loss), torch.stack(test_loss)


def curvature(theta: Tensor, x: Tensor) -> Tensor:
    """Rising eigenvalues, zeros left out, of the mean squared error's Hessian at zero residual.

    It is 2/n J'J with J (n, weights) the outputs' derivatives on the rows x. A student of one row
    whose target lies 1/2 below its output has the slope of the output as the slope of its loss.
    """
    with torch.no_grad():
        target = network(theta)(x)[:, None] - 0.5
    J = torch.empty(len(x), len(theta), dtype=theta.dtype)
    rows = Students(WIDTHS, x[:, None], target, torch.ones(len(x)))
    rows.gradient(theta.expand(len(x), -1), J)
    return torch.linalg.svdvals(J).flip(0).square() * 2 / len(x)


def linear_response(h: Tensor, n: int, sigma: float, lr: float, epochs: Sequence[int]) -> Tensor:
    """Expected squared distance from the teacher after so many steps on n noisy rows.

    The student starts at the teacher; h are the eigenvalues of the training loss's curvature there.
    To first order in the noise, k steps move it by (1 - (1 - lr h)^k) / h times the first slope
    along each eigenvector, and that slope has the variance 2 h sigma^2 / n.
    """
    h = h[h > 1e-12]  # the other directions do not move
    k = torch.tensor(epochs)[:, None]
    return (2 * sigma**2 / n * (1 - (1 - lr * h) ** k).square() / h).sum(1)


def up_to_symmetry(student: Tensor, teacher: Tensor) -> tuple[float, float]:
    """Squared distances between normal forms, and after the best matching of neurons we find.

    The normal form sorts neurons by |bias|. A small change may swap two of them, so its distance
    can exceed the plain one; the matching's cannot.
    """
    ours, theirs = (_flat(normal_form(network(theta))) for theta in (student, teacher))
    by_form = float((ours - theirs).square().sum())
    return by_form, min(match(student, teacher), match(ours, theirs))


def match(student: Tensor, teacher: Tensor) -> float:
    """Squared distance when the student's hidden neurons are permuted and flipped to fit.

    One hidden layer after the other gets its best assignment, the others being fixed, until none
    gains: a local optimum, from the order at the start.
    """
    ours, theirs = (
        [w[0].numpy().copy() for w in layers(theta[None], WIDTHS)] for theta in (student, teacher)
    )  # a matrix a layer, the bias its last column
    best = np.inf
    while (left := sum(np.square(s - t).sum() for s, t in zip(ours, theirs, strict=True))) < best:
        best = left
        for k in range(len(ours) - 1):
            fit = theirs[k] @ ours[k].T + theirs[k + 1][:, :-1].T @ ours[k + 1][:, :-1]
            place, neuron = linear_sum_assignment(-np.abs(fit))
            sign = np.where(fit[place, neuron] < 0, -1.0, 1.0)
            ours[k] = sign[:, None] * ours[k][neuron]
            ours[k + 1][:, :-1] = sign * ours[k + 1][:, neuron]
    return float(best)


@torch.no_grad()
def network(theta: Tensor) -> nn.Sequential:
    """An ordinary network with these weights, in the order of `batched_mlp.layers`."""
    model = MLP(WIDTHS, nn.Tanh, seed=0, dtype=theta.dtype)
    for linear, w in zip(model[::2], layers(theta[None], WIDTHS), strict=True):
        linear.weight.copy_(w[0, :, :-1])
        linear.bias.copy_(w[0, :, -1])
    return model


def _flat(model: nn.Sequential) -> Tensor:
    rows = [torch.cat([m.weight, m.bias[:, None]], 1).flatten() for m in model[::2]]
    return torch.cat(rows).detach()


def _students(sets: list[tuple[Tensor, Tensor]]) -> Students:
    x, y = (torch.stack(part) for part in zip(*sets, strict=True))
    return Students(WIDTHS, x, y, torch.full((len(x),), x.shape[1]))


def _rounded(values: Tensor) -> list:
    return np.vectorize(lambda v: float(f"{v:.6g}"))(values.numpy()).tolist()
