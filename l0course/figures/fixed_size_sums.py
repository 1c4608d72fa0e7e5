"""Theorem 2 of Natale et al.: when some k of n random numbers add up to a target.

For three sizes k and three precisions: the measured probability, the two moment bounds that have no
unknown constant, what a Poisson count would give, and the n at which the theorem's condition holds
with its constant c_hyp set to 1 (the paper gives no value).
"""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from ..subset_sum import best_subset_sum
from ..sum_theory import expected_hits, sparse_sum_size, success_bounds
from .registry import Figure
from .style import COLORS

TARGET = 0.5
ERRORS = [1e-2, 1e-3, 1e-4]
SIZES = {
    3: [*range(4, 30, 2), *range(30, 81, 5)],
    5: [*range(6, 31)],
    8: [*range(9, 23)],
}
LOOKS = {1e-2: ("orange", "s"), 1e-3: ("green", "^"), 1e-4: ("blue", "o")}


def success(cell: dict[str, Any]) -> dict[str, list[float]]:
    """For each n, the share of draws whose best k-subset is within each error of the target."""
    shares: dict[str, list[float]] = {str(error): [] for error in cell["errors"]}
    for n in cell["n"]:
        rng = np.random.default_rng([cell["seed"], cell["k"], n])
        gaps = [
            best_subset_sum(rng.uniform(-1, 1, n), cell["target"], cell["k"])[1]
            for _ in range(cell["draws"])
        ]
        for error in cell["errors"]:
            shares[str(error)].append(float(np.mean(np.array(gaps) < error)))
    return shares


def draw(results: list[tuple[dict, dict]]) -> plt.Figure:
    results = sorted(results, key=lambda pair: pair[0]["k"])
    figure, axes = plt.subplots(1, len(results), figsize=(7.8, 3.0), sharey=True, squeeze=False)
    for axis, (cell, result) in zip(axes[0], results, strict=True):
        k, n, z = cell["k"], cell["n"], cell["target"]
        fine = np.arange(n[0], n[-1] + 1)
        for error in cell["errors"]:
            colour, marker = LOOKS[error]
            colour = COLORS[colour]
            low, high = np.array([success_bounds(int(m), k, error, z) for m in fine]).T
            axis.fill_between(fine, low, high, color=colour, alpha=0.18, linewidth=0)
            poisson = [-np.expm1(-expected_hits(int(m), k, error, z)) for m in fine]
            axis.plot(fine, poisson, "-", color=colour, marker="", linewidth=1.2)
            label = f"within {error:g}"
            axis.plot(n, result[str(error)], marker, color=colour, linestyle="", label=label)
            at = sparse_sum_size(k, error)
            if at > 2 * k:
                axis.plot(at, -0.06, "|", color=colour, markersize=12, markeredgewidth=3)
            else:  # the condition holds at the smallest n that the theorem allows
                axis.plot(at, -0.06, ">", color=colour)
        axis.set(title=f"exactly k = {k} of n", xlabel="random numbers n", ylim=(-0.12, 1.04))
    axes[0, 0].set_ylabel("probability of success")
    axes[0, 0].text(80, -0.06, "Theorem 2, c = 1", ha="right", va="center", fontsize=9)
    axes[0, -1].legend(loc="lower right", bbox_to_anchor=(1.0, 0.1))
    return figure


def table(results: list[tuple[dict, dict]]) -> tuple[list[str], list[list]]:
    header = ["k", "error", "n", "draws", "success", "lower bound", "poisson", "upper bound"]
    rows = []
    for cell, result in sorted(results, key=lambda pair: pair[0]["k"]):
        for error in cell["errors"]:
            for n, share in zip(cell["n"], result[str(error)], strict=True):
                mean = expected_hits(n, cell["k"], error, cell["target"])
                low, high = success_bounds(n, cell["k"], error, cell["target"])
                poisson = float(-np.expm1(-mean))
                rows.append([cell["k"], error, n, cell["draws"], share, low, poisson, high])
    return header + ["n of Theorem 2 with c_hyp = 1"], [
        [*row, sparse_sum_size(row[0], row[1])] for row in rows
    ]


def _cells(sizes: dict[int, list[int]], draws: int) -> list[dict[str, Any]]:
    return [
        {"k": k, "n": n, "errors": ERRORS, "target": TARGET, "draws": draws, "seed": 0}
        for k, n in sizes.items()
    ]


FIGURE = Figure(
    name="fixed_size_sums",
    title="Random subset sums of a fixed size: measured, bounded, expected",
    source="Natale et al. (NeurIPS 2024, arXiv 2410.14754), Theorem 2; the paper measures nothing",
    presets={"smoke": _cells({3: [6, 12]}, 20), "quick": _cells(SIZES, 1000)},
    compute=success,
    draw=draw,
    description=(
        "The share of 1,000 draws in which some k of n random numbers add up to 0.5, for three "
        "precisions (markers). It lies in the band between the second-moment and the first-moment "
        "bound, and, while k is well below n/2, on the line 1 - exp(-expected hits). At the "
        "bottom: the n of Theorem 2 with its unknown constant set to 1 (an arrow where that is the "
        "smallest n allowed, 2k)."
    ),
    table=table,
)
