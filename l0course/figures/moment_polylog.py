"""How few points are enough for an analytic function: a stretched exponential.

f = mean over 20,000 points w_i and ten directions x_a of 1 / (A + w_i . x_a), all coordinates from
U(-1, 1), A = m + 0.05. The pole lies just outside the box, so the function is analytic but not
easy. One cell and the highest degree that fits d' points, against many cells of degree 1.
"""

from __future__ import annotations

from math import comb
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from ..moment_cells import compress_points
from .registry import Figure, Published, Results
from .style import COLORS

D = 20_000
DEGREES = {1: [3, 7, 11, 15, 23, 31, 39, 47, 55, 63, 71], 2: [2, 4, 6, 8, 11, 14, 17, 20, 23],
           3: [2, 3, 4, 5, 6, 7, 8, 9]}  # fmt: skip
FLOOR = 2e-15


def measure(cell: dict[str, Any]) -> dict[str, Any]:
    """Mean absolute error with C(m + k, m) points: one cell of degree k, cells of degree 1."""
    m = cell["m"]
    found: dict[str, list] = {"points": [], "one_cell": [], "many_cells": [], "random": []}
    for k in cell["k"]:
        size, errors = max(comb(m + k, m), m + 1), []
        for trial in range(cell["trials"]):
            rng = np.random.default_rng([cell["seed"], m, trial])
            w, x = rng.uniform(-1, 1, (cell["d"], m)), rng.uniform(-1, 1, (10, m))
            f = (1 / (m + 0.05 + w @ x.T)).mean(axis=1)
            row = []
            for degree in (k, 1):
                kept, c = compress_points(w, np.ones(len(w)), degree, size)
                row.append(abs(c @ f[kept] / len(w) - f.mean()))
            some = rng.choice(len(w), size, replace=False)
            errors.append([*row, abs(f[some].mean() - f.mean())])
        found["points"].append(size)
        for name, value in zip(("one_cell", "many_cells", "random"), np.mean(errors, axis=0),
                               strict=True):  # fmt: skip
            found[name].append(float(f"{value:.4g}"))
    return found


def slope(cell: dict[str, Any], result: dict[str, Any]) -> float:
    """Fall of ln(error) for each 1 of d'^(1/m), one cell; errors that are rounding left out."""
    across = np.array(result["points"]) ** (1 / cell["m"])
    errors = np.array(result["one_cell"])
    real = errors > FLOOR
    return round(float(-np.polyfit(across[real], np.log(errors[real]), 1)[0]), 3)


def draw(results: Results) -> plt.Figure:
    """ln error against d'^(1/m): straight lines for one cell, curves for cells of degree 1."""
    figure, axes = plt.subplots(
        1, len(results), figsize=(2.7 * len(results), 3.0), sharey=True, layout="constrained",
        squeeze=False,
    )  # fmt: skip
    looks = {"one_cell": ("blue", "o", "-", "one cell, degree as high as fits"),
             "many_cells": ("orange", "D", ":", "many cells, degree 1"),
             "random": ("vermillion", "s", "--", "random points")}  # fmt: skip
    roots = {1: "points kept, d'", 2: "square root of d'", 3: "cube root of d'"}
    for axis, (cell, result) in zip(axes[0], results, strict=True):
        across = np.array(result["points"]) ** (1 / cell["m"])
        for name, (colour, marker, line, label) in looks.items():
            axis.plot(across, np.maximum(result[name], 1e-17), color=COLORS[colour],
                      marker=marker, linestyle=line, label=label)  # fmt: skip
        axis.set(yscale="log", xlabel=roots[cell["m"]],
                 title=f"m = {cell['m']}: e^(-{slope(cell, result):.2f} each)")  # fmt: skip
    axes[0, 0].set_ylabel("error of the mean of 20,000")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return figure


def table(results: Results) -> tuple[list[str], list[list]]:
    rows = [
        [cell["m"], k, *(result[name][i] for name in result)]
        for cell, result in results
        for i, k in enumerate(cell["k"])
    ]
    return ["m", "k", "points", "one_cell", "many_cells", "random"], rows


def _best(m: int):
    def find(results: Results) -> float | None:
        return next((min(r["one_cell"]) for c, r in results if c["m"] == m), None)

    return find


FIGURE = Figure(
    name="moment_polylog",
    title="Few points are enough for an analytic function",
    source="arXiv 2510.00504, figure 8, with one cell in place of clusters",
    presets={
        "smoke": [{"m": 1, "k": [2, 4, 8], "d": 500, "trials": 2, "seed": 0}],
        "quick": [{"m": m, "k": k, "d": D, "trials": 5, "seed": 0} for m, k in DEGREES.items()],
    },
    compute=measure,
    draw=draw,
    table=table,
    description=(
        "Error of a mean of 20,000 values of an analytic function against the m-th root of the "
        "number of points kept. With one cell and the highest degree that fits, the logarithm of "
        "the error falls along a line, down to rounding for m = 1: a stretched exponential. With "
        "many cells of degree 1, or at random, it falls far more slowly."
    ),
    published=(
        Published("smallest error, m = 1 (published: d' = 120 ln d)", "1e-13 to 2e-11",
                  "arXiv 2510.00504, figure 8, from the authors' result files", _best(1)),
        Published("smallest error, m = 2 (published: d' = 20 ln^2 d)", "3e-12 to 1e-7",
                  "arXiv 2510.00504, figure 8, from the authors' result files", _best(2)),
    ),
)  # fmt: skip
