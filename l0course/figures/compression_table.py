"""The compression table: every method on the same networks and data, in bytes of a real file.

Every method gets the same network, the same epochs, the same pruning by TAMADE and the same coder.
Threshold, epoch and number of levels are chosen on 5,000 validation images. The test images are
looked at once, with the network that was read back from its file.
"""

from __future__ import annotations

import copy
import statistics
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from torch import Tensor, nn

from ..datasets import Split
from ..evaluation import error_rate
from ..file_search import smallest_file
from ..forward_time import forward_milliseconds
from ..neuron_removal import fold_constants, remove_neurons
from ..pruning import compression_rate, count_nonzero
from .frontier import setting
from .pmmp_lenet300 import EXTRA, RAMP, published_rates
from .registry import Figure
from .style import COLORS, plain_ticks
from .trained_networks import network, split_of, trained

TIMES = ("dense_ms", "small_ms", "train_minutes")
ALLOWED = 0.001  # what rounding may add to the validation error: 5 of 5,000 images
STYLE = {  # method: colour, marker, line
    "dense": ("black", "*", ":"),
    "magnitude": ("black", "v", "-."),
    "Hard-Concrete": ("purple", "D", ":"),
    "R-L1": ("green", "s", "--"),
    "DRR": ("orange", "^", "--"),
    "PMMP, exact": ("blue", "o", "-"),
    "PMMP, published": ("vermillion", "X", "-."),
}


def run(cell: dict[str, Any]) -> dict[str, float]:
    """Train, prune, write the file, read it back; errors are shares in [0, 1]."""
    split = split_of(cell)
    model, minutes = trained(cell)
    return measured(model, network(cell, split), split, minutes, images=256)


def measured(
    model: nn.Module, untrained: nn.Module, split: Split, minutes: float, images: int
) -> dict[str, float]:
    """What the table says of a trained model; `images` at a time are classified for its speed."""
    file = smallest_file(
        model, split.train, split.validation, allowed=ALLOWED, levels=(), progress=False
    )
    return {
        "test_error": round(error_rate(file.model, split.test), 6),
        "validation_error": round(file.best.metric, 6),
        "test_error_32_bits": round(error_rate(model, split.test), 6),
        "compression_rate": round(compression_rate(model), 3),
        "nonzero": count_nonzero(model),
        "levels": file.best.levels or 2**32,
        "file_bytes": file.best.size,
        **milliseconds(untrained, file.model, split.x_test[:images].cpu()),
        "train_minutes": round(minutes, 3),
    }


def milliseconds(untrained: nn.Module, model: nn.Module, x: Tensor) -> dict[str, float]:
    """Per image on the CPU: the untrained network, and this one without its idle neurons."""
    dense, small = copy.deepcopy(untrained).cpu().eval(), copy.deepcopy(model).cpu()
    fold_constants(small)
    small = remove_neurons(small, x[:16])
    times = forward_milliseconds({"dense": dense, "small": small}, x, rounds=15)
    return {f"{name}_ms": round(ms / len(x), 6) for name, ms in times.items()}


def medians(results: list[tuple[dict, dict]]) -> list[dict[str, Any]]:
    """One row for each setting, by rising rate: medians over the seeds, and the range of errors."""
    rows = []
    for one in sorted({setting(cell) for cell, _ in results}):
        pairs = [(cell, result) for cell, result in results if setting(cell) == one]
        cell, runs = pairs[0][0], [result for _, result in pairs]
        row = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
        row["times_faster"] = statistics.median(run["dense_ms"] / run["small_ms"] for run in runs)
        errors = [run["test_error"] for run in runs]
        row |= {"lowest_error": min(errors), "highest_error": max(errors), "seeds": len(runs)}
        rows.append({name: cell[name] for name in ("network", "data", "method")} | row)
    return sorted(rows, key=lambda row: row["compression_rate"])


def draw(results: list[tuple[dict, dict]]) -> plt.Figure:
    """Test error against the bytes of the file, for each network and data set."""
    rows = medians(results)
    tasks = list(dict.fromkeys((row["network"], row["data"]) for row in rows))
    figure, axes = plt.subplots(1, len(tasks), figsize=(4.6 * len(tasks), 4.2), squeeze=False)
    for axis, task in zip(axes[0], tasks, strict=True):
        for method, (colour, marker, line) in STYLE.items():
            mine = [r for r in rows if (r["network"], r["data"], r["method"]) == (*task, method)]
            if mine:
                x = [row["file_bytes"] for row in mine]
                y, low, high = (
                    [100 * row[name] for row in mine]
                    for name in ("test_error", "lowest_error", "highest_error")
                )
                spread = [np.subtract(y, low), np.subtract(high, y)]
                axis.errorbar(
                    x, y, yerr=spread, color=COLORS[colour], marker=marker, linestyle=line,
                    capsize=3, label=method,
                )  # fmt: skip
        axis.set(xscale="log", yscale="log", xlabel="file (bytes)", ylabel="test error (%)")
        axis.set_title(f"{task[0]}, {task[1]}")
        plain_ticks(axis.xaxis, (1000, 3000, 10_000, 30_000, 100_000, 300_000))
        plain_ticks(axis.yaxis, (0.5, 0.7, 1, 1.5, 2, 3, 5, 7, 10, 15, 20, 30, 50, 90))
    axes[0][0].legend(fontsize=9)
    return figure


def table(results: list[tuple[dict, dict]]) -> tuple[list[str], list[list]]:
    names = list(results[0][1])
    keys = ["network", "data", "method", "alpha", "seed"]
    rows = [[*(c.get(k, "") for k in keys), *(r[name] for name in names)] for c, r in results]
    return [*keys, *names], rows


def cells(
    network: str, data: str, strengths: dict[str, list[float]], schedule: dict, seeds: int
) -> list[dict[str, Any]]:
    """Each method at its strengths, once a seed; magnitude pruning's strength is the tolerance."""
    made = []
    for seed in range(seeds):
        for method, values in strengths.items():
            one = {"network": network, "data": data, "method": method, "seed": seed}
            for value in values:
                plan = schedule | {"ramp": RAMP.get(method, 0.5)}
                if method == "magnitude":
                    plan |= {"tolerance": value}
                else:
                    one = one | {"alpha": value} | EXTRA.get(method, {})
                made.append(one | {"schedule": plan})
    return made


SHORT = {"warmup": 1, "regularize": 8, "finetune": 3, "tolerance": 0.05, "lr": 1e-2}
THIRTY = {
    "warmup": 2, "regularize": 20, "finetune": 8, "tolerance": 0.05, "lr": 2e-3, "batch_size": 250,
}  # fmt: skip
STRENGTHS = {  # more of them: pmmp_lenet300 and drr_frontiers
    "dense": [0.0],
    "magnitude": [0.5, 12.0],
    "DRR": [1.25e-4, 2.5e-4],
    "R-L1": [2e-4, 4e-4],
    "PMMP, exact": [4e-5, 8e-5],
    "Hard-Concrete": [7e-5, 2e-4],
    "PMMP, published": [3e-4, 1e-3],
}
FASHION = {
    method: STRENGTHS[method][:1] for method in ("dense", "magnitude", "DRR", "R-L1", "PMMP, exact")
}
LENET5 = {
    "dense": [0.0],
    "DRR": [6e-5, 1.2e-4],
    "R-L1": [1e-4, 2e-4],
    "PMMP, exact": [2e-5, 4e-5],
}
BEST = {"PMMP, exact": [4e-5]}  # the highest rate of the first seed
NETWORKS = ("LeNet-300-100", "LeNet-5-Caffe")

FIGURE = Figure(
    name="compression_table",
    title="Test error against the bytes of the file: every method, one coder",
    source="main paper, arXiv 2505.17469, classifier table (values for each network unknown to us)",
    presets={
        "smoke": cells("LeNet-300-100", "digits", {"dense": [0.0], "DRR": [1e-3]}, SHORT, 1),
        "mnist": cells("LeNet-300-100", "mnist", STRENGTHS, THIRTY, 3),
        "fashion": cells("LeNet-300-100", "fashion-mnist", FASHION, THIRTY, 3),
        "lenet5": [
            *cells("LeNet-5-Caffe", "mnist", LENET5, THIRTY, 1),
            *cells("LeNet-5-Caffe", "mnist", BEST, THIRTY, 3)[1:],
        ],
    },
    compute=run,
    draw=draw,
    description=(
        "Test error against the bytes of the real file, on logarithmic axes: medians of three "
        "seeds with the range of errors, for each network and data set. All methods have the same "
        "epochs and the same coder. The dense network is on the far right; the further left and "
        "down a line, the better the method."
    ),
    table=table,
    published=published_rates({"PMMP": "PMMP, published", "DRR": "DRR", "R-L1": "R-L1"}, NETWORKS),
    times=TIMES,
)
