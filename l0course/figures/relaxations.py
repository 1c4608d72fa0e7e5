"""Penalties between counting and shrinking: what a weight costs, how it is pulled, where it lands.

All on one scale: a weight of size 1 costs 1 (DRR: almost 1). The third column is the proximal map,
the x that minimises (x - z)^2 / 2 + strength * penalty(x).

Hard-Concrete is no function of the weight: it charges a gate that is trained beside it. It is
placed here in two steps. Cost: the test-time weight theta * gate for theta = 1, against the
expected cost of that gate, as log_alpha runs through its range. Proximal map: the gate and theta
that minimise the expectation of (theta * z - target)^2 / 2 + strength * [z is not 0], and the
test-time weight that they give. Reweighted l1 is shown for the weights of its next round after a
round that ended at 0.1: the tangent of the log-sum penalty there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt
import torch
from torch import Tensor

from ..checks import require
from ..hard_concrete import BETA, GAMMA, ZETA
from ..penalties import (
    capped_quadratic,
    hard_threshold,
    l1,
    l2,
    smooth_l0,
    soft_threshold,
)
from ..proximal import log_sum, prox_capped_quadratic, prox_l2, prox_log_sum, prox_smooth_l0
from .registry import Figure
from .style import COLORS

__all__ = ["gallery"]

EPS, OLD, U = 0.1, 0.1, 4.0  # of log-sum, where reweighted l1 stood, of the capped quadratic
UP_TO = 1.5


def run(cell: dict[str, Any]) -> dict[str, dict[str, list[float]]]:
    """For each penalty: `size`, `cost`, `slope` there; and `prox` of the sizes `target`."""
    beta, strength = cell["beta"], cell["strength"]
    size = torch.linspace(0, UP_TO, cell["points"], dtype=torch.float64)
    one = torch.ones(1, dtype=torch.float64)
    scale = float(log_sum(one, EPS))  # a weight of 1 costs 1
    tangent = 1 / (OLD + EPS) / scale
    above = float(log_sum(OLD * one, EPS)) / scale - tangent * OLD
    smooth: dict[str, tuple[Callable[[Tensor], Tensor], Tensor]] = {  # name: (value, prox)
        "l1": (l1, soft_threshold(size, strength)),
        "l2": (l2, prox_l2(size, strength)),
        "DRR": (lambda x: smooth_l0(x, beta), prox_smooth_l0(size, strength, beta)),
        "log-sum": (
            lambda x: log_sum(x, EPS) / scale,
            prox_log_sum(size, strength / scale, EPS),
        ),
        "reweighted l1": (
            lambda x: above * len(x) + tangent * l1(x),
            soft_threshold(size, strength * tangent),
        ),
        "capped quadratic": (
            lambda x: capped_quadratic(x, U, 1.0),
            prox_capped_quadratic(size, strength * U, strength),
        ),
    }
    curves = {
        "l0": (size, (size > 0).double(), 0 * size, hard_threshold(size, (2 * strength) ** 0.5)),
        "Hard-Concrete": hard_concrete(size, strength),
    }
    for name, (value, prox) in smooth.items():
        x = size.clamp(min=1e-9).requires_grad_()  # the slope at 0 is that from the right
        (slope,) = torch.autograd.grad(value(x), x)
        cost = torch.stack([value(entry) for entry in size[:, None]])
        curves[name] = (size, cost, slope, prox)
    names = ("size", "cost", "slope", "prox")
    return {
        curve: {n: [round(v, 5) for v in t.tolist()] for n, t in zip(names, four, strict=True)}
        for curve, four in curves.items()
    }


def hard_concrete(target: Tensor, strength: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Test-time weight of theta = 1, its expected cost, the slope of that; and the best weights."""
    reach = BETA * torch.tensor(-GAMMA / ZETA, dtype=torch.float64).log()
    log_alpha = torch.linspace(-12, 12, 481, dtype=torch.float64)[:, None]
    u = (torch.arange(400, dtype=torch.float64) + 0.5) / 400
    z = gate(torch.sigmoid((u.logit() + log_alpha) / BETA))  # (log_alpha, draws)
    first, second = z.mean(1), z.square().mean(1)
    opened = torch.sigmoid(log_alpha[:, 0] - reach)
    at_test = gate(torch.sigmoid(log_alpha[:, 0]))
    # the best theta is target * E z / E z^2, and leaves target^2 (1 - (E z)^2 / E z^2) / 2
    theta = target[:, None] * first / second.clamp(min=1e-12)
    left = target[:, None].square() / 2 * (1 - first.square() / second.clamp(min=1e-12))
    best = (left + strength * opened).argmin(1)
    prox = (theta * at_test).gather(1, best[:, None])[:, 0]
    p = torch.linspace(0, 1, len(target), dtype=torch.float64)  # test-time weights, theta = 1
    s = ((p - GAMMA) / (ZETA - GAMMA)).requires_grad_()
    cost = torch.sigmoid(s.logit() - reach)
    (slope,) = torch.autograd.grad(cost.sum(), s)
    return p, cost.detach(), slope / (ZETA - GAMMA), prox


def gate(s: Tensor) -> Tensor:
    """Stretched and clamped to [0, 1] (Louizos et al. 2018, Eq. 11)."""
    return (s * (ZETA - GAMMA) + GAMMA).clamp(0, 1)


ROWS = (  # the curves of each row: label, colour, line
    {
        "l0": ("ℓ0, the count", "black", "-"),
        "l1": ("ℓ1", "vermillion", "--"),
        "l2": ("ℓ2", "green", "-."),
    },
    {
        "DRR": ("DRR, β = {beta:g}", "blue", "-"),
        "log-sum": ("log-sum", "orange", "--"),
        "reweighted l1": ("reweighted ℓ1 at 0.1", "vermillion", "-."),
    },
    {
        "capped quadratic": ("capped quadratic\n(PMMP)", "purple", "-"),
        "Hard-Concrete": ("Hard-Concrete\n(gate of θ = 1)", "sky", "--"),
    },
)


def gallery(beta: float = 5.0, strength: float = 0.1) -> plt.Figure:
    """Penalty, slope and proximal map of eight penalties: a row a family, l0 and l1 in grey.

    Parameters
    ----------
    beta : float
        Of DRR, > 0.
    strength : float
        Of the proximal maps, >= 0.

    Raises
    ------
    ValueError
        If beta <= 0 or strength < 0.

    Examples
    --------
    >>> figure = gallery(beta=20.0)
    >>> len(figure.axes)
    9
    >>> plt.close(figure)
    """
    require("beta", beta, above=0)
    require("strength", strength, least=0)
    cell = {"beta": beta, "strength": strength, "points": 151, "seed": 0}
    return draw([(cell, run(cell))])


def draw(results: list[tuple[dict, dict]]) -> plt.Figure:
    """Nine panels from the first cell."""
    cell, curves = results[0]
    target = [UP_TO * i / (cell["points"] - 1) for i in range(cell["points"])]
    figure, axes = plt.subplots(3, 3, figsize=(9.6, 7.6), sharex=True, layout="none")
    figure.subplots_adjust(0.065, 0.07, 0.99, 0.95, wspace=0.24, hspace=0.12)
    for row, family in zip(axes, ROWS, strict=True):
        steepest = 1.1 * cell["beta"] if "DRR" in family else 0
        limits = {"cost": 1.6, "slope": max(4.6, steepest), "prox": 1.8}
        looks = {name: ("", "#BBBBBB", "-") for name in ("l0", "l1") if name not in family}
        looks |= {name: (text, COLORS[c], line) for name, (text, c, line) in family.items()}
        for axis, (what, most) in zip(row, limits.items(), strict=True):
            for name, (label, colour, line) in looks.items():
                x = target if what == "prox" else curves[name]["size"]
                axis.plot(
                    x, curves[name][what], color=colour, linestyle=line, marker="",
                    label=label.format(**cell), linewidth=2 if label else 1.2,
                )  # fmt: skip
            axis.set_ylim(-0.04 * most, most)
        row[0].set_ylabel("cost of a weight")
        row[1].set_ylabel("slope: pull towards 0")
        row[2].set_ylabel("where it lands, x")
        handles, labels = row[0].get_legend_handles_labels()
        shown = [pair for pair in zip(handles, labels, strict=True) if pair[1]]
        row[2].legend(*zip(*shown, strict=True), loc="upper left", handlelength=1.8)
    for axis, title in zip(
        axes[0],
        ("penalty", "gradient", f"proximal map, strength {cell['strength']:g}"),
        strict=True,
    ):
        axis.set_title(title)
    for axis, label in zip(axes[2], ("weight |θ|", "weight |θ|", "weight before, z"), strict=True):
        axis.set_xlabel(label)
    return figure


def table(results: list[tuple[dict, dict]]) -> tuple[list[str], list[list]]:
    header = ["penalty", "beta", "strength", "size", "cost", "slope", "target", "prox"]
    rows = [
        [name, cell["beta"], cell["strength"], size, cost, slope, round(i * UP_TO / (n - 1), 5), x]
        for cell, curves in results
        for n in [cell["points"]]
        for name, curve in curves.items()
        for i, (size, cost, slope, x) in enumerate(zip(*curve.values(), strict=True))
    ]
    return header, rows


FIGURE = Figure(
    name="relaxations",
    title="Between counting and shrinking: penalty, gradient and proximal map",
    source="own; DRR is Eq. 11 of arXiv 2505.17469, its peers as cited in the module",
    presets={
        "smoke": [{"beta": 5.0, "strength": 0.1, "points": 31, "seed": 0}],
        "quick": [{"beta": 5.0, "strength": 0.1, "points": 301, "seed": 0}],
    },
    compute=run,
    draw=draw,
    description=(
        "Rows of penalties; columns: what a weight costs, how hard it is pulled to 0, and where "
        "the proximal map moves it; the grey lines are ℓ0 and ℓ1. Top: ℓ0 cuts and does not "
        "shrink, ℓ1 shrinks everything by the same amount, ℓ2 cuts nothing. Middle: DRR and "
        "log-sum pull hard near 0 and let go of large weights, so they jump like ℓ0; reweighted ℓ1 "
        "is ℓ1 with the slope of log-sum at 0.1. Bottom: the capped quadratic jumps but leaves no "
        "zeros; Hard-Concrete, which charges a gate and not the weight, lands where ℓ0 does."
    ),
    table=table,
)
