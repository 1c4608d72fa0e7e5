"""Error against compression rate: one network's numbers, and the line of a method.

What the figures of LeNet-300-100 share. A cell names its data, method, strength, schedule and seed.
"""

from __future__ import annotations

import json
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from torch import nn

from ..datasets import Split
from ..evaluation import error_rate
from ..models import MLP
from ..pruning import count_nonzero
from ..regularizers import Regularizer
from ..training import compress
from .style import COLORS


def lenet(split: Split, seed: int) -> nn.Sequential:
    """LeNet-300-100 for the inputs of a data set."""
    return MLP((split.x_train.shape[1], 300, 100, 10), seed=seed)


def compressed(
    model: nn.Module, split: Split, penalty: Regularizer, cell: dict[str, Any]
) -> dict[str, float]:
    """Errors, compression rate, live weights and TAMADE's threshold of one network."""
    done = compress(
        model,
        split.train,
        split.validation,
        penalty,
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


def setting(cell: dict[str, Any]) -> str:
    """What the seeds of one point share."""
    return json.dumps({key: value for key, value in cell.items() if key != "seed"}, sort_keys=True)


def points(results: list[tuple[dict, dict]]) -> np.ndarray:
    """One row a setting, by rising rate: median rate, median, lowest and highest test error (%)."""
    rows = []
    for one in sorted({setting(cell) for cell, _ in results}):
        runs = [result for cell, result in results if setting(cell) == one]
        rates = [r["compression_rate"] for r in runs]
        errors = [100 * r["test_error"] for r in runs]
        rows.append((np.median(rates), np.median(errors), min(errors), max(errors)))
    return np.array(sorted(rows))


def lines(
    axis: plt.Axes, results: list[tuple[dict, dict]], looks: dict[str, tuple[str, str, str]]
) -> None:
    """A line of `points` for each method that has results; its look: colour, marker, line style."""
    for method, (colour, marker, line) in looks.items():
        mine = [pair for pair in results if pair[0]["method"] == method]
        if mine:
            x, y, low, high = points(mine).T
            axis.errorbar(
                x, y, yerr=[y - low, high - y], color=COLORS[colour], marker=marker, capsize=3,
                linestyle=line, label=method,
            )  # fmt: skip


def at_error(results: list[tuple[dict, dict]], method: str, error: float) -> float:
    """Compression rate where the method's line of medians crosses a test error (%).

    Interpolated in the logarithm of the rate; NaN outside the measured errors.
    """
    rate, median = points([pair for pair in results if pair[0]["method"] == method])[:, :2].T
    crossings = [
        i for i in range(len(rate) - 1) if min(median[i : i + 2]) <= error <= max(median[i : i + 2])
    ]
    if not crossings:
        return float("nan")
    i = crossings[-1]  # the highest rate at which the error is reached
    share = (error - median[i]) / (median[i + 1] - median[i]) if median[i + 1] != median[i] else 1.0
    return float(np.exp(np.log(rate[i]) + share * np.log(rate[i + 1] / rate[i])))
