"""Exact tickets on a grid: how many coarse random weights make every fine weight.

Kumar and Natale (arXiv 2508.11020): random weights are multiples of delta = 2^-bits, target weights
of delta^2. Theorem 1: O(log 1/delta) units for each weight are enough, with unknown constants.
Theorem 3: below log2(2/delta^2 + 1) random parameters for each target weight, masks are too few.
"""

from __future__ import annotations

import math
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn

from ..lottery import random_network, strong_ticket
from ..quantised_sum import reachable_sums
from .registry import Figure
from .style import COLORS, plain_ticks

D = 8  # inputs and outputs of the layer
BITS = [1, 2, 3, 4, 5, 6]
COLOUR_OF = dict(zip(BITS, ["orange", "green", "blue", "purple", "sky", "black"], strict=True))


def exact(cell: dict[str, Any]) -> dict[str, Any]:
    """For each n the share of draws that reach one weight, and all; layers that are wide enough."""
    steps, rng = 2 ** cell["bits"], np.random.default_rng([cell["seed"], cell["bits"]])
    one, every = [], []
    for n in cell["n"]:
        hits = np.zeros((cell["draws"], 2), dtype=bool)
        for row in range(cell["draws"]):
            u = rng.integers(1, steps + 1, n)
            v = rng.integers(1, steps + 1, n) * rng.choice([-1, 1], n)
            bits, low = reachable_sums(u * v)
            window = bits >> (-low - steps**2) if low <= -(steps**2) else bits << (steps**2 + low)
            window &= (1 << (2 * steps**2 + 1)) - 1  # the targets -1, ..., 1 on the grid delta^2
            hits[row] = (
                window >> int(rng.integers(0, 2 * steps**2 + 1)) & 1,
                window.bit_count() == 2 * steps**2 + 1,
            )
        one.append(float(hits[:, 0].mean()))
        every.append(float(hits[:, 1].mean()))
    layers = [layer(cell["bits"], seed) for seed in range(cell["layers"])]
    return {"one": one, "all": every, "layers": layers}


def layer(bits: int, seed: int) -> dict[str, float]:
    """The narrowest random layer, in steps of 2, that holds a random 8 x 8 target exactly."""
    generator = torch.Generator().manual_seed(seed)
    target = nn.Sequential(nn.Linear(D, D, bias=False)).double()
    whole = torch.randint(-(4**bits), 4**bits + 1, (D, D), generator=generator)
    target[0].weight.data = whole.double() / 4**bits
    width = 2
    while True:
        network = random_network(target, width, seed=seed, bits=bits)
        every = strong_ticket(target, network, bits=bits)
        if not every.missed:
            break
        width += 2
    few = strong_ticket(target, network, bits=bits, size="fewest")
    x = torch.randint(-8, 9, (200, D), generator=generator).double()
    assert torch.equal(few.network(x), target(x)) and torch.equal(every.network(x), target(x))
    return {
        "width": width,
        "total": every.total / D**2,
        "kept": every.kept / D**2,
        "fewest": few.kept / D**2,
    }


def floor(bits: int) -> float:
    """Theorem 3: random parameters for each target weight, at the least (of all d x d targets)."""
    return math.log2(2 * 4**bits + 1)


def enough(cell: dict[str, Any], result: dict[str, Any], share: float = 0.95) -> int | None:
    """The smallest n at which all weights are reached in that share of the draws."""
    pairs = zip(cell["n"], result["all"], strict=True)
    return next((n for n, measured in pairs if measured >= share), None)


def draw(results: list[tuple[dict, dict]]) -> plt.Figure:
    results = sorted(results, key=lambda pair: pair[0]["bits"])
    figure, (curves, needed, layers) = plt.subplots(1, 3, figsize=(9.0, 3.1))
    for cell, result in results:
        bits = cell["bits"]
        curves.plot(cell["n"], result["all"], marker="o", linestyle="-", markersize=3,
                    color=COLORS[COLOUR_OF[bits]])  # fmt: skip
        at = int(np.searchsorted(result["all"], 0.5))
        curves.annotate(str(bits), (cell["n"][at], result["all"][at]), (-4, 3), ha="right",
                        textcoords="offset points", fontsize=9)  # fmt: skip
    curves.set(xlabel="useful units n", ylabel="share of draws", title="all weights are exact")
    bits = np.array([cell["bits"] for cell, _ in results])
    n = [enough(*pair) for pair in results]
    needed.plot(bits, n, "o", color=COLORS["blue"], linestyle="", label="measured, 95 %")
    if len(bits) > 1:
        slope, start = np.polyfit(bits, n, 1)
        label = f"{slope:.1f} bits + {start:.1f}"
        needed.plot(bits, slope * bits + start, "-", color=COLORS["blue"], marker="", label=label)
    needed.plot(bits, [floor(b) for b in bits], "--", color=COLORS["vermillion"], marker="",
                label="fewer masks than weights")  # fmt: skip
    needed.set(xlabel="bits of the random weights", ylabel="useful units n", title="for one weight",
               ylim=(0, 38))  # fmt: skip
    for name, label, colour, marker in (
        ("total", "drawn", "blue", "o"),
        ("kept", "kept", "orange", "s"),
        ("fewest", "fewest kept", "green", "^"),
    ):
        middle = [np.median([one[name] for one in r["layers"]]) for _, r in results]
        layers.plot(bits, middle, marker, color=COLORS[colour], linestyle="", label=label)
    layers.plot(bits, [floor(b) for b in bits], "--", color=COLORS["vermillion"], marker="",
                label="Theorem 3")  # fmt: skip
    layers.set(xlabel="bits of the random weights", ylabel="for each target weight",
               title="a whole layer, 8 to 8", ylim=(1.5, 400), yscale="log")  # fmt: skip
    plain_ticks(layers.yaxis, (2, 5, 10, 20, 50, 100, 200))
    needed.legend(loc="upper left")
    layers.legend(loc="upper left", ncols=2, columnspacing=0.8, handlelength=1.5, fontsize=9)
    return figure


def table(results: list[tuple[dict, dict]]) -> tuple[list[str], list[list]]:
    rows = []
    for c, r in sorted(results, key=lambda pair: pair[0]["bits"]):
        parts = [float(np.median([one[p] for one in r["layers"]])) for p in r["layers"][0]]
        n50 = enough(c, r, 0.5)
        rows.append([c["bits"], c["draws"], n50, enough(c, r), floor(c["bits"]), *parts])
    header = ["bits", "draws", "n for 50 %", "n for 95 %", "at least", "width of a layer"]
    return header + ["all weights each", "kept each", "fewest kept each"], rows


def _cells(bits: list[int], draws: int, layers: int) -> list[dict[str, Any]]:
    return [
        {"bits": b, "n": [*range(2 * b, 2 * b + 18)], "draws": draws, "layers": layers, "seed": 0}
        for b in bits
    ]


FIGURE = Figure(
    name="exact_tickets",
    title="Fine weights from coarse random ones, exactly",
    source="Kumar and Natale (arXiv 2508.11020), Theorems 1 and 3; the paper measures nothing",
    presets={"smoke": _cells([1, 2], 20, 1), "quick": _cells(BITS, 400, 7)},
    compute=exact,
    draw=draw,
    description=(
        "Left: the share of 400 draws in which subset sums of n products reach every weight of the "
        "target's grid, for random weights of 1 to 6 bits. Middle: the n for 95 % grows in "
        "proportion to the bits, as in Theorem 1, and stays above the count of masks (dashed). "
        "Right: a whole layer takes 8 to 30 times the random weights of Theorem 3's lower bound."
    ),
    table=table,
)
