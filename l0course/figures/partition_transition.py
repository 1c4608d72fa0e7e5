"""The phase transition of number partitioning (Borgs, Chayes and Pittel, 2001).

n numbers from {1 ... M}, M = 2^(kappa n). Below kappa = 1 signs that make the sum 0 (or 1, if it is
odd) nearly always exist, above it hardly ever, and the change sharpens with n.
"""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from ..subset_sum import best_subset_sum
from ..sum_theory import partition_probability
from .registry import Figure
from .style import COLORS

KAPPAS = [0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0, 1.05, 1.1, 1.2, 1.3]
LOOKS = {12: ("orange", "s", ":"), 16: ("green", "^", "-."), 20: ("sky", "D", "--"),
         24: ("blue", "o", "-")}  # fmt: skip


def perfect(cell: dict[str, Any]) -> dict[str, list[float]]:
    """For each kappa, the share of draws with a perfect partition: a difference of 0 or 1."""
    shares = []
    for index, kappa in enumerate(cell["kappas"]):
        rng, found = np.random.default_rng([cell["seed"], cell["n"], index]), 0
        for _ in range(cell["draws"]):
            x = rng.integers(1, round(2 ** (kappa * cell["n"])) + 1, cell["n"])
            found += best_subset_sum(x, int(x.sum()) // 2)[1] == 0
        shares.append(found / cell["draws"])
    return {"shares": shares}


def expected(n: int, kappa: float) -> float:
    return partition_probability(n, round(2 ** (kappa * n)))


def draw(results: list[tuple[dict, dict]]) -> plt.Figure:
    results = sorted(results, key=lambda pair: pair[0]["n"])
    figure, (plain, scaled) = plt.subplots(1, 2, figsize=(7.0, 3.0), sharey=True)
    for cell, result in results:
        n, kappas = cell["n"], np.array(cell["kappas"])
        colour, marker, line = LOOKS[n]
        fine = np.linspace(kappas[0], kappas[-1], 80)
        window = n * (1 - np.log2(n) / (2 * n))
        for axis, x, curve in ((plain, kappas, fine), (scaled, n * kappas - window, n * fine - window)):  # noqa: E501 # fmt: skip
            look = dict(color=COLORS[colour])
            axis.plot(x, result["shares"], marker, linestyle="", label=f"n = {n}", **look)
            axis.plot(curve, [expected(n, k) for k in fine], line, marker="", linewidth=1.3, **look)
    plain.axvline(1, color="0.5", linewidth=1, linestyle="--", marker="")
    plain.set(xlabel="kappa = bits of a number / n", ylabel="share with a perfect partition")
    scaled.set(xlabel="bits above the window's centre", xlim=(-6, 6))
    plain.legend()
    return figure


def table(results: list[tuple[dict, dict]]) -> tuple[list[str], list[list]]:
    rows = [
        [cell["n"], kappa, cell["draws"], share, expected(cell["n"], kappa)]
        for cell, result in sorted(results, key=lambda pair: pair[0]["n"])
        for kappa, share in zip(cell["kappas"], result["shares"], strict=True)
    ]
    return ["n", "kappa", "draws", "measured", "expected"], rows


def _cells(sizes: list[int], kappas: list[float], draws: int) -> list[dict[str, Any]]:
    return [{"n": n, "kappas": kappas, "draws": draws, "seed": 0} for n in sizes]


FIGURE = Figure(
    name="partition_transition",
    title="The phase transition of number partitioning",
    source="Borgs, Chayes and Pittel (Random Struct. Alg. 19, 2001); curves by a Poisson count",
    presets={
        "smoke": _cells([12], [0.7, 1.2], 20),
        "quick": _cells([12, 16, 20, 24], KAPPAS, 600),
    },
    compute=perfect,
    draw=draw,
    description=(
        "Left: the share of random sets that split into two parts of equal sum, against the bits "
        "of their numbers over n (600 draws a marker; lines: expected). It falls from 1 to 0 near "
        "kappa = 1, more steeply for larger n. Right: against the distance in bits from the "
        "window's centre, n - log2(n)/2, the four curves are one."
    ),
    table=table,
)
