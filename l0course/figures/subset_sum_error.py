"""How close 2^n sums come to one number: the error against n, with what theory expects.

Lueker (Random Struct. Alg. 12, 1998): n = O(log 1/error) random numbers are enough. Pensia et al.
(NeurIPS 2020) prune networks with it. No constant is quoted: the line is the median of a Poisson
process of sums, and the bound is Markov's, 2^-(n+1).
"""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from ..subset_sum import best_subset_sum
from ..sum_heuristics import differencing_subset_sum, greedy_subset_sum
from ..sum_theory import median_error
from .registry import Figure, Published
from .style import COLORS

METHODS = {
    "best": ("best of all subsets", "blue", "o"),
    "differencing": ("differencing (Karmarkar and Karp)", "green", "^"),
    "greedy": ("greedy", "orange", "s"),
}


def errors(cell: dict[str, Any]) -> dict[str, list[float]]:
    """Quartiles of the error for each method; numbers from U[-1, 1], and so the target."""
    rng = np.random.default_rng([cell["seed"], cell["n"]])
    methods = {
        "best": best_subset_sum,
        "differencing": differencing_subset_sum,
        "greedy": greedy_subset_sum,
    }
    found: dict[str, list[float]] = {name: [] for name in methods}
    for _ in range(cell["draws"]):
        x, target = rng.uniform(-1, 1, cell["n"]), rng.uniform(-1, 1)
        for name, method in methods.items():
            found[name].append(method(x, target)[1])
    return {
        name: [float(f"{q:.4g}") for q in np.quantile(row, [0.25, 0.5, 0.75])]
        for name, row in found.items()
    }


def floor(n: int) -> float:
    """No method has a smaller median: P(error <= e) <= 2^n e, as no sum has a density above 1/2."""
    return 2.0 ** -(n + 1)


def draw(results: list[tuple[dict, dict]]) -> plt.Figure:
    results = sorted(results, key=lambda pair: pair[0]["n"])
    n = [cell["n"] for cell, _ in results]
    figure, axes = plt.subplots(figsize=(5.4, 3.3))
    for name, (label, colour, marker) in METHODS.items():
        low, middle, high = np.array([result[name] for _, result in results]).T
        look = dict(color=COLORS[colour], marker=marker, linestyle="")
        axes.errorbar(n, middle, (middle - low, high - middle), label=label, capsize=2, **look)
    line = dict(marker="", linewidth=1.5)
    axes.plot(n, [median_error(m) for m in n], "-", color=COLORS["black"],
              label="expected median", **line)  # fmt: skip
    axes.plot(n, [floor(m) for m in n], "--", color=COLORS["vermillion"],
              label="no median is lower", **line)  # fmt: skip
    axes.set(yscale="log", xlabel="random numbers n", ylabel="distance to the target")
    axes.legend(loc="lower left")
    return figure


def table(results: list[tuple[dict, dict]]) -> tuple[list[str], list[list]]:
    header = ["n", "draws", "expected median", "lower bound"]
    header += [f"{name}_{part}" for name in METHODS for part in ("q1", "median", "q3")]
    rows = [
        [c["n"], c["draws"], median_error(c["n"]), floor(c["n"])]
        + [value for name in METHODS for value in r[name]]
        for c, r in results
    ]
    return header, rows


def _at(n: int):
    def ours(results: list[tuple[dict, dict]]) -> float | None:
        return next((r["best"][1] for c, r in results if c["n"] == n), None)

    return ours


FIGURE = Figure(
    name="subset_sum_error",
    title="One weight from n random numbers: the error falls by half with each",
    source="Lueker (1998); Pensia et al. (NeurIPS 2020); neither has such a figure",
    presets={
        "smoke": [{"n": n, "draws": 20, "seed": 0} for n in (6, 12)],
        "quick": [{"n": n, "draws": 400, "seed": 0} for n in range(4, 35, 2)],
    },
    compute=errors,
    draw=draw,
    description=(
        "The distance from the target to the sum that is found, against the count of random "
        "numbers (median and quartiles of 400 draws). For the best subset it halves with each "
        "number, along the expected line (black), down to 1e-9 for n = 32; no method can have its "
        "median below the dashed line. Differencing and greedy search gain far more slowly."
    ),
    table=table,
    published=(
        Published("median error of the best subset, n = 20", None, "not given", _at(20)),
        Published("median error of the best subset, n = 32", None, "not given", _at(32)),
    ),
)
