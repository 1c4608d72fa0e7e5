"""Density of a ticket against overparameterisation: whole layers, cut out of random networks.

Natale et al. (arXiv 2410.14754), Theorem 3 (dense networks, constant unknown) and Theorem 5 (lower
bound). A ticket of density gamma keeps that share of the random network's entries.
"""

from __future__ import annotations

import math
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn

from ..lottery import random_network, strong_ticket
from ..sum_theory import binary_entropy
from .registry import Figure
from .style import COLORS, plain_ticks

D, PRECISION = 8, 0.01
SIZES = [2, 3, 4, 5, 6, 8]


def narrowest(cell: dict[str, Any]) -> dict[str, float]:
    """The first random network, growing by a tenth, in which every weight is within tolerance."""
    generator = torch.Generator().manual_seed(cell["seed"])
    target = nn.Sequential(nn.Linear(D, D, bias=False)).double()
    weight = torch.empty(D, D, dtype=torch.float64).uniform_(-1, 1, generator=generator)
    target[0].weight.data = weight / torch.linalg.matrix_norm(weight, 2)
    size, width = cell["size"], cell["start"]
    while True:
        network = random_network(target, width, seed=cell["seed"])
        ticket = strong_ticket(target, network, precision=PRECISION, size=size)
        if not ticket.missed:
            break
        width = math.ceil(1.1 * width)
    x = torch.empty(10_000, D, dtype=torch.float64).uniform_(-1, 1, generator=generator)
    with torch.no_grad():
        gaps = [(ticket.network(part) - target(part)).abs().max() for part in x.split(500)]
    return {
        "width": width,
        "total": ticket.total / D**2,
        "density": float(f"{ticket.density:.4g}"),
        "bound": float(f"{ticket.bound:.4g}"),
        "error": float(f"{float(max(gaps)):.4g}"),
    }


def lower_bound(density: float) -> float:
    """Theorem 5: random entries for each target entry, n / d^2 >= log2(k / error) / (2 H2(k/n)).

    For all targets of norm up to sqrt(k) at once, k = density * n kept entries.
    """
    n = float(D**2)
    for _ in range(50):
        n = D**2 / 2 * math.log2(max(2.0, density * n / PRECISION)) / binary_entropy(density)
    return n / D**2


def theorem_3(share: float) -> float:
    """The same by Theorem 3 with its unknown constant set to 1: n for each block, 4 n in all."""
    n = 10.0
    for _ in range(200):
        n = math.log2(max(2.0, 2 * D**2 * share * n / PRECISION)) ** 2 / binary_entropy(share)
    return 4 * n


def draw(results: list[tuple[dict, dict]]) -> plt.Figure:
    figure, axes = plt.subplots(figsize=(5.7, 3.5))
    markers = dict(zip(["fewest", *SIZES], "*vs^DPo", strict=True))
    for size, marker in markers.items():
        row = [r for c, r in results if c["size"] == size]
        if row:
            label = "fewest" if size == "fewest" else f"k = {size}"
            x, y = np.array([(r["total"], r["density"]) for r in row]).T
            axes.plot(x, y, marker, linestyle="", color=COLORS["blue"], alpha=0.35, ms=4)
            colour = COLORS["orange" if size == "fewest" else "blue"]
            middle = np.median(x), np.median(y)
            axes.plot(*middle, marker, linestyle="", color=colour, ms=9, label=label)
    fine = np.geomspace(0.012, 0.5, 40)
    for curve, label, colour, line in (
        (lower_bound, "Theorem 5", "vermillion", "--"),
        (theorem_3, "Theorem 3", "black", ":"),
    ):
        look = dict(color=COLORS[colour], linestyle=line, marker="", label=label)
        axes.plot([curve(g) for g in fine], fine, **look)
    axes.set(xscale="log", yscale="log", xlabel="random weights for each target weight",
             ylabel="share of them that is kept", xlim=(5, 30_000), ylim=(0.004, 0.6))  # fmt: skip
    plain_ticks(axes.xaxis, (10, 100, 1000, 10_000))
    plain_ticks(axes.yaxis, (0.01, 0.02, 0.05, 0.1, 0.2, 0.5))
    axes.legend(loc="upper center", bbox_to_anchor=(0.52, 1.02), fontsize=9)
    return figure


def table(results: list[tuple[dict, dict]]) -> tuple[list[str], list[list]]:
    header = ["size", "seed", "width", "random weights each", "density", "bound", "error"]
    rows = [
        [c["size"], c["seed"], *(r[k] for k in ("width", "total", "density", "bound", "error"))]
        + [lower_bound(r["density"])]
        for c, r in results
    ]
    return header + ["Theorem 5: at least"], rows


def _cells(sizes: dict[int | str, int], seeds: int) -> list[dict[str, Any]]:
    return [
        {"size": size, "start": start, "seed": seed}
        for size, start in sizes.items()
        for seed in range(seeds)
    ]


FIGURE = Figure(
    name="ticket_density",
    title="Density of a ticket against overparameterisation",
    source="Natale et al. (NeurIPS 2024), Figure 1 (a sketch), Theorems 3 and 5; no measurements",
    presets={
        "smoke": _cells({4: 30, 8: 20}, 1),
        "quick": _cells({"fewest": 20, 2: 60, 3: 30, 4: 24, 5: 20, 6: 20, 8: 20}, 7),
    },
    compute=narrowest,
    draw=draw,
    description=(
        "For layers of 8 inputs and 8 outputs to be within 0.01: the share of the random weights "
        "that is kept (up) against how many there are for each target weight (across). Large "
        "markers are medians of 7 seeds. Fewer units for each weight need a far wider network. All "
        "tickets lie between the lower bound (dashed) and Theorem 3 with its unknown constant set "
        "to 1 (dotted)."
    ),
    table=table,
)
