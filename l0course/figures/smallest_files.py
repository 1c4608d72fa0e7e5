"""How small a classifier's file can be: a learned support, learned levels, and a price on bits.

DRR prunes a network that learns from the answers of a better one (a dense LeNet-5-Caffe) beside
the labels. Then `smallest_file` tries numbers of levels and prices for bits, and keeps the smallest
real file. Training, pruning and all choices see training and validation images only; the test
images are looked at once, with the network that was read back from the file.
"""

from __future__ import annotations

import base64
from typing import Any

import matplotlib.pyplot as plt
import torch.nn.functional as F

from ..evaluation import error_rate
from ..file_search import smallest_file
from ..pruning import compression_rate, count_nonzero
from .registry import Figure
from .style import COLORS, plain_ticks
from .trained_networks import soft_labels, split_of, trained

Results = list[tuple[dict[str, Any], dict[str, Any]]]
TRIAL = ("method", "levels", "price", "live", "size", "metric")
LOOKS = {  # how a file was made: colour, marker
    "exact": ("black", "*"),
    "rounded": ("vermillion", "X"),
    "trained": ("blue", "o"),
    "trained, with a price": ("orange", "^"),
}


def run(cell: dict[str, Any]) -> dict[str, Any]:
    """Train, prune, search the smallest file; errors are shares in [0, 1]."""
    split = split_of(cell)
    model, minutes = trained(cell)
    train, validation, loss = split.train, split.validation, "cross_entropy"
    if "teacher" in cell:
        (train, validation), loss = soft_labels(cell["teacher"], split), F.cross_entropy
    file = smallest_file(
        model,
        train,
        validation,
        metric=lambda net, _: error_rate(net, split.validation),
        loss=loss,
        seed=cell["seed"],
        progress=False,
        **cell["file"],
    )
    trials = [[t.method, t.levels, t.price, t.live, t.size, t.metric] for t in file.trials]
    return {
        "test_error": round(error_rate(file.model, split.test), 6),
        "validation_error": round(file.best.metric, 6),
        "test_error_before": round(error_rate(model, split.test), 6),
        "validation_error_before": round(error_rate(model, split.validation), 6),
        "rate": round(compression_rate(file.model), 3),
        "rate_before": round(compression_rate(model), 3),
        "nonzero": count_nonzero(file.model),
        "nonzero_before": count_nonzero(model),
        "file_bytes": file.best.size,
        "train_minutes": round(minutes, 3),
        "trials": trials,
        "file": base64.b64encode(file.blob).decode(),
    }


def draw(results: Results) -> plt.Figure:
    """Every file that was made: validation error against bytes; the chosen one is ringed."""
    networks = list(dict.fromkeys(cell["network"] for cell, _ in results))
    figure, axes = plt.subplots(1, len(networks), figsize=(5.2 * len(networks), 4.2), squeeze=False)
    for axis, network in zip(axes[0], networks, strict=True):
        mine = [result for cell, result in results if cell["network"] == network]
        trials = [dict(zip(TRIAL, t, strict=True)) for result in mine for t in result["trials"]]
        for name, (colour, marker) in LOOKS.items():
            dots = [(t["size"], 100 * t["metric"]) for t in trials if look(t) == name]
            if dots:
                axis.plot(*zip(*dots, strict=True), marker, color=COLORS[colour], label=name, ms=6)
        chosen = [(result["file_bytes"], 100 * result["validation_error"]) for result in mine]
        axis.plot(
            *zip(*chosen, strict=True), "o", ms=13, mfc="none", mec=COLORS["black"], label="chosen"
        )
        axis.set(title=network, xlabel="file (bytes)", ylabel="validation error (%)")
        axis.set(xscale="log", yscale="log")
        plain_ticks(axis.xaxis, (500, 700, 1000, 1500, 2000, 3000, 5000, 7000, 10_000, 20_000))
        plain_ticks(axis.yaxis, (0.7, 1, 1.5, 2, 3, 5, 10, 20, 50, 90))
    axes[0][0].legend(fontsize=9)
    return figure


def look(trial: dict[str, Any]) -> str:
    return "trained, with a price" if trial["price"] else trial["method"]


def table(results: Results) -> tuple[list[str], list[list]]:
    names = [name for name in results[0][1] if name not in ("trials", "file")]
    rows = [
        [cell["network"], cell["alpha"], cell["seed"], *(r[name] for name in names)]
        for cell, r in results
    ]
    return ["network", "alpha", "seed", *names], rows


TEACHER = {
    "network": "LeNet-5-Caffe", "data": "mnist", "method": "dense", "seed": 100, "shift": 2,
    "schedule": {"warmup": 0, "regularize": 12, "finetune": 0, "lr": 2e-3, "batch_size": 250},
}  # fmt: skip
COMMON = {"tolerance": 0.05, "lr": 2e-3, "batch_size": 250, "ramp": 0.5}
LENET300 = {
    "network": "LeNet-300-100", "data": "mnist", "method": "DRR", "beta": 5.0, "teacher": TEACHER,
    "schedule": {"warmup": 3, "regularize": 60, "finetune": 30, **COMMON},
    "file": {
        "allowed": 0.004, "levels": [16, 8], "prices": [0.05, 0.2], "epochs": 10, "lr": 1e-3,
    },
}  # fmt: skip
LENET5 = {
    "network": "LeNet-5-Caffe", "data": "mnist", "method": "DRR", "beta": 5.0, "teacher": TEACHER,
    "schedule": {"warmup": 2, "regularize": 30, "finetune": 12, **COMMON},
    "file": {
        "allowed": 0.002, "levels": [16], "prices": [0.05, 0.2], "epochs": 6, "lr": 1e-3,
        "rows": 30_000,
    },
}  # fmt: skip
SMOKE = {
    "network": "LeNet-300-100", "data": "digits", "method": "DRR", "alpha": 1e-3, "seed": 0,
    "schedule": {"warmup": 1, "regularize": 8, "finetune": 3, "tolerance": 0.05, "lr": 1e-2},
    "file": {"allowed": 0.02, "levels": [4], "prices": [0.0, 0.1], "epochs": 2},
}  # fmt: skip

FIGURE = Figure(
    name="smallest_files",
    title="How small the file of a classifier can be",
    source="main paper, arXiv 2505.17469, open question: regularities among the surviving weights",
    presets={
        "smoke": [SMOKE],
        "paper": [
            recipe | {"alpha": alpha, "seed": seed}
            for recipe, alphas in ((LENET300, (8e-5, 1.1e-4)), (LENET5, (1.1e-4,)))
            for alpha in alphas
            for seed in range(3)
        ],
    },
    compute=run,
    draw=draw,
    description=(
        "Validation error against the bytes of the file, one dot for each file that was made from "
        "the same pruned networks: exact values, rounded values, values trained through the "
        "rounding, and the same with a price on every bit. The chosen files are ringed."
    ),
    table=table,
    times=("train_minutes",),
)
