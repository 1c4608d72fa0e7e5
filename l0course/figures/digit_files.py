"""Digit readers as files: bits of the model, bits of the labels given the model, and mistakes.

DRR prunes a small network on scikit-learn's digits, dead weights go, constants become biases, and
`quantize` puts a price on every bit. A price of 1 minimises the two-part code, a lower one keeps
more accuracy. Each seed has its own split, so the spread is that of data and training.
"""

from __future__ import annotations

import base64
import math
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from ..codec import decode_model, encode_model
from ..datasets import digits
from ..file_measures import class_bits, label_bits_of, wrong_answers
from ..live_paths import prune_dead
from ..models import MLP
from ..neuron_order import sort_neurons
from ..neuron_removal import fold_constants
from ..pruning import count_nonzero
from ..quantization import quantize
from ..regularizers import DRR
from ..training import compress
from .registry import Figure
from .style import COLORS

Results = list[tuple[dict[str, Any], dict[str, Any]]]
LOOKS = {0.0: ("black", "*"), 0.1: ("blue", "o"), 0.3: ("green", "^"), 1.0: ("vermillion", "s")}
ROWS, CLASSES = 1097, 10


def run(cell: dict[str, Any]) -> dict[str, Any]:
    """One network, pruned once, then a file for each price: bytes, bits of labels, mistakes."""
    split, seed, widths = digits(cell["seed"]), cell["seed"], cell["widths"]
    settings = {"lr": 5e-3, "batch_size": 50, "seed": seed, "progress": False}
    pruned = compress(
        MLP(widths, seed=seed), split.train, split.validation, DRR(cell["alpha"]),
        tolerance=0.1, **cell["schedule"], **settings,
    ).model  # fmt: skip
    fold_constants(pruned, split.x_train)
    prune_dead(pruned, split.x_train)
    files = []
    for price in cell["prices"]:
        small = quantize(
            pruned, split.train, split.validation, levels=cell["levels"], price=price,
            epochs=cell["epochs"], **settings,
        )  # fmt: skip
        blob = encode_model(sort_neurons(small, split.x_val[:16]))
        twin = decode_model(blob, MLP(widths, seed=0))
        files.append(
            {
                "price": price,
                "bytes": len(blob),
                "nonzero": count_nonzero(twin),
                "label_bits": round(label_bits_of(twin, split.train), 2),
                "validation_wrong": wrong_answers(twin, split.validation),
                "test_wrong": wrong_answers(twin, split.test),
                "file": base64.b64encode(blob).decode(),
            }
        )
    plain = class_bits(split.y_train.numpy(), CLASSES)
    return {"files": files, "plain_bits": round(plain, 2), "before": count_nonzero(pruned)}


def rows_of(results: Results) -> list[dict[str, Any]]:
    """One row for each file, without its bytes."""
    return [
        {"widths": "-".join(map(str, cell["widths"])), "alpha": cell["alpha"], "seed": cell["seed"]}
        | {name: value for name, value in file.items() if name != "file"}
        | {"label_bytes": file["label_bits"] / 8}
        for cell, result in results
        for file in result["files"]
    ]


def draw(results: Results) -> plt.Figure:
    """Left: bytes of labels against bytes of the file. Right: validation error against the file."""
    rows, plain = rows_of(results), ROWS * math.log2(CLASSES) / 8
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.6, 3.5))
    for price, (colour, marker) in LOOKS.items():
        mine = [row for row in rows if row["price"] == price]
        sizes = [row["bytes"] for row in mine]
        look = {"color": COLORS[colour], "linestyle": "", "alpha": 0.7}
        left.plot(sizes, [row["label_bytes"] for row in mine], marker, **look)
        errors = [row["validation_wrong"] / 3 for row in mine]  # of 300, in per cent
        right.plot(sizes, errors, marker, label=f"price {price:g}", **look)
    low, high = min(row["bytes"] for row in rows), max(row["bytes"] for row in rows)
    most = max(row["label_bytes"] for row in rows)
    at = np.geomspace(0.8 * low, 1.2 * high, 200)
    for total in (200, 250, 300, 350):
        left.plot(at, total - at, color="0.6", linewidth=1, linestyle=":", marker="")
    left.plot(at, plain - at, color="black", linewidth=1.4, linestyle="--", marker="")
    left.set(xlim=(0.8 * low, min(1.1 * high, plain)), ylim=(0, 1.15 * most))
    left.set(xlabel="file (bytes)", ylabel="labels, given the model (bytes)")
    left.set_title("Sum: 200 to 350 (dotted), 456 (dashed)", fontsize=10)
    right.set(xlabel="file (bytes)", ylabel="validation error (%)", ylim=(0, None))
    right.set_title("Smaller files make more mistakes", fontsize=10)
    right.legend(loc="upper right")
    return figure


def table(results: Results) -> tuple[list[str], list[list]]:
    rows = rows_of(results)
    return list(rows[0]), [list(row.values()) for row in rows]


def cells(
    widths: list[list[int]], alphas: list[float], seeds: int, **settings: Any
) -> list[dict[str, Any]]:
    return [
        {"widths": w, "alpha": alpha, "seed": seed} | settings
        for w in widths
        for alpha in alphas
        for seed in range(seeds)
    ]


SMALL, LARGE = [64, 30, 10], [64, 300, 100, 10]
QUICK = {
    "schedule": {"regularize": 60, "finetune": 20}, "levels": 4, "prices": list(LOOKS),
    "epochs": 30,
}  # fmt: skip
SMOKE = QUICK | {"schedule": {"regularize": 6, "finetune": 2}, "epochs": 2, "prices": [0.0, 1.0]}

FIGURE = Figure(
    name="digit_files",
    title="Digit readers as files: bits of the model and bits of the labels",
    source="own; two-part code as in the main paper, arXiv 2505.17469, Eq. 2",
    presets={
        "smoke": cells([SMALL], [4e-3], 1, **SMOKE),
        "quick": cells([SMALL, LARGE], [1e-3, 2e-3, 4e-3, 8e-3, 1.6e-2, 3.2e-2], 5, **QUICK),
    },
    compute=run,
    draw=draw,
    description=(
        "Digit readers of two sizes, six strengths, five splits and four prices on a bit, one "
        "mark a file. Left: bytes of the training labels given the model against bytes of the "
        "file; along a dotted line the sum is the same, and at the dashed line it is that of the "
        "labels alone. Right: validation error against bytes of the file."
    ),
    table=table,
)
