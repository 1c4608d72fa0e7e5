"""LeNet-300-100 on MNIST: test error against compression rate, for DRR and R-L1.

The setting of the main paper (arXiv 2505.17469, classifier experiments): 266,610 parameters, pixels
in [0, 1], no augmentation, Adam. The threshold and the epoch are chosen on 5,000 validation images;
the 10,000 test images are looked at once. The paper's strengths, errors and rates for this network
are not known to us; of its three image networks together, only ranges are reported second-hand.
"""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from torch import nn

from ..datasets import digits, mnist
from ..evaluation import error_rate
from ..models import MLP
from ..pruning import count_nonzero
from ..regularizers import DRR, L1
from ..training import compress
from .registry import Figure
from .style import COLORS

METHODS = {"DRR": DRR, "R-L1": L1}
MODULES = (
    "training",
    "evaluation",
    "pruning",
    "dead_weights",
    "regularizers",
    "models",
    "datasets",
)
WIDTHS = {"mnist": (784, 300, 100, 10), "digits": (64, 300, 100, 10)}


def run(cell: dict[str, Any]) -> dict[str, float]:
    """Compress one network; errors are shares in [0, 1]."""
    split = mnist() if cell["data"] == "mnist" else digits(cell["seed"])
    done = compress(
        network(cell),
        split.train,
        split.validation,
        METHODS[cell["method"]](cell["alpha"]),
        **cell["schedule"],
        seed=cell["seed"],
        progress=False,
    )
    return {
        "test_error": round(error_rate(done.model, split.test), 6),
        "validation_error": round(error_rate(done.model, split.validation), 6),
        "compression_rate": round(done.compression_rate, 3),
        "nonzero": count_nonzero(done.model),
        "threshold": done.pruning.threshold,
        "evaluations": done.pruning.evaluations,
    }


def network(cell: dict[str, Any]) -> nn.Sequential:
    """LeNet-300-100, with dropout of the inputs (no weights) if the cell asks for it."""
    layers = MLP(WIDTHS[cell["data"]], seed=cell["seed"])
    return nn.Sequential(nn.Dropout(cell["input_dropout"]), *layers)


def draw(results: list[tuple[dict, dict]]) -> plt.Figure:
    """Median test error against median compression rate, with the range over the seeds."""
    figure, axis = plt.subplots(figsize=(6.4, 3.8))
    for method, colour, marker in [("DRR", "blue", "o"), ("R-L1", "vermillion", "s")]:
        points = []
        for alpha in sorted({c["alpha"] for c, _ in results if c["method"] == method}):
            runs = [r for c, r in results if (c["method"], c["alpha"]) == (method, alpha)]
            rates = [r["compression_rate"] for r in runs]
            errors = [100 * r["test_error"] for r in runs]
            points.append((np.median(rates), np.median(errors), min(errors), max(errors)))
        x, y, low, high = np.array(points).T
        axis.errorbar(
            x, y, yerr=[y - low, high - y], color=COLORS[colour], marker=marker, capsize=3,
            linestyle="-" if marker == "o" else "--", label=method, markevery=1,
        )  # fmt: skip
    axis.set(xlabel="compression rate (all weights / live weights)", ylabel="test error (%)")
    axis.set_xscale("log")
    axis.set_xticks([20, 50, 100, 200, 300], ["20", "50", "100", "200", "300"], minor=False)
    axis.minorticks_off()
    axis.legend()
    return figure


def table(results: list[tuple[dict, dict]]) -> tuple[list[str], list[list]]:
    names = list(results[0][1])
    rows = [[c["method"], c["alpha"], c["seed"], *(r[name] for name in names)] for c, r in results]
    return ["method", "alpha", "seed", *names], rows


def _cells(data: str, strengths: dict[str, list[float]], seeds: int, schedule: dict) -> list[dict]:
    return [
        {
            "data": data,
            "method": method,
            "alpha": alpha,
            "seed": seed,
            "input_dropout": 0.1,
            "schedule": schedule,
        }
        for seed in range(seeds)
        for method, alphas in strengths.items()
        for alpha in alphas
    ]


FULL = {"warmup": 3, "regularize": 60, "finetune": 30, "tolerance": 0.05}

FIGURE = Figure(
    name="lenet300_mnist",
    title="LeNet-300-100 on MNIST: error against compression",
    source="main paper, arXiv 2505.17469, classifier table (values for this network unknown to us)",
    presets={
        "smoke": _cells("digits", {"DRR": [1e-3], "R-L1": [1e-3]}, 1,
                        {"warmup": 1, "regularize": 10, "finetune": 3, "lr": 1e-2}),
        "paper": _cells("mnist", {"DRR": [1e-4, 2e-4, 4e-4], "R-L1": [1e-4, 2e-4, 4e-4]}, 3, FULL),
    },
    compute=run,
    code=tuple(f"l0course.{name}" for name in MODULES),
    draw=draw,
    description=(
        "Test error of LeNet-300-100 on MNIST against the compression rate, median of three seeds "
        "with their range. DRR (solid) and relaxed l1 (dashed): the error rises slowly with the "
        "rate, and at high rates DRR needs fewer weights for the same error."
    ),
    table=table,
)  # fmt: skip
