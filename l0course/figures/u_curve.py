"""Test loss against the strength of the penalty, for few and for many data: the U-curve.

The teacher-student experiment of the main paper (arXiv 2505.17469, Section 3.2) and of its
companion (2509.15060): a 2-5-8-1 tanh teacher, noise of 0.08, students of 2-25-25-1 and a DRR
penalty. Strengths are given as n * alpha, as in the published grid. Differences from the published
runs: validation and test data are independent, the strength and the epoch are chosen on validation
data only (the published curve takes the best test loss over some epochs), the teacher's weights are
drawn by PyTorch, and a run takes 4,000 steps with a cosine schedule instead of up to 50,000.
"""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.ticker import LogLocator, MaxNLocator

from ..codelength import mdl_alpha
from ..ensemble import train_many
from ..teacher_student import teacher, teacher_data
from .registry import Figure, Published
from .style import COLORS

SIGMA, WIDTHS = 0.08, (2, 25, 25, 1)


def one_seed(cell: dict[str, Any], device: str = "cpu") -> dict[str, list]:
    """Students of every strength on one data set: mean squared errors and live weights.

    `early_...` is a student without penalty that stops when its validation loss stops to fall;
    `constant` is the test error of the mean of the training targets.
    """
    data = teacher_data(teacher(seed=cell["teacher"]), cell["n"], SIGMA, seed=cell["seed"])
    (x, y), validation, test = data.train, data.validation, data.test
    if cell["targets"] == "noise":  # a teacher that says nothing
        generator = torch.Generator().manual_seed(cell["seed"])
        y, *others = (
            SIGMA * torch.randn(part.shape, generator=generator)
            for part in (y, validation[1], test[1])
        )
        validation, test = (validation[0], others[0]), (test[0], others[1])
    elif cell["targets"] == "shuffled":  # a teacher whose answers belong to other questions
        generator = torch.Generator().manual_seed(cell["seed"])
        y = y[torch.randperm(len(y), generator=generator)]
        validation, test = (
            (a, b[torch.randperm(len(b), generator=generator)]) for a, b in (validation, test)
        )
    common = dict(validation=validation, seeds=[cell["seed"]], device=device, progress=False)
    alphas = [strength / cell["n"] for strength in cell["strengths"]]
    many = train_many(WIDTHS, x, y, alphas=alphas, **cell["schedule"], **common)
    early = train_many(WIDTHS, x, y, alphas=[0], patience=30, **cell["schedule"], **common)
    constant = (test[1] - y.mean()).square().mean()
    return {
        "test": _rounded(many.loss(*test)),
        "validation": _rounded(many.validation_loss),
        "train": _rounded(many.train_loss),
        "nonzero": many.nonzero[:, 0].tolist(),
        "early_test": _rounded(early.loss(*test))[0],
        "early_validation": _rounded(early.validation_loss)[0],
        "early_nonzero": early.nonzero.item(),
        "constant": _rounded(constant[None, None])[0],
    }


def _rounded(losses: torch.Tensor) -> list[float]:
    return [float(f"{v:.6g}") for v in losses[:, 0].tolist()]


def stacked(results: list[tuple[dict, dict]], n: int | None = None) -> dict[str, np.ndarray]:
    """The results (of one sample size) as arrays: (seeds, strengths), or (seeds,) for one number.

    `chosen` (seeds,) is the place of the strength with the least validation loss.
    """
    runs = [result for cell, result in results if n in (None, cell["n"])]
    arrays = {name: np.array([run[name] for run in runs]) for name in runs[0]}
    arrays["chosen"] = arrays["validation"].argmin(axis=1)
    return arrays


def draw(results: list[tuple[dict, dict]]) -> plt.Figure:
    """One panel a sample size: median test loss with quartiles, and MDL's strengths."""
    sizes = sorted({cell["n"] for cell, _ in results})
    strengths = np.array(results[0][0]["strengths"])
    figure, axes = plt.subplots(
        1, len(sizes), figsize=(2.8 * len(sizes), 3.8), squeeze=False, layout="constrained"
    )
    for axis, n in zip(axes[0], sizes, strict=True):
        runs = stacked(results, n)
        low, middle, high = np.percentile(runs["test"], [25, 50, 75], axis=0)
        axis.fill_between(strengths, low, high, color=COLORS["sky"], alpha=0.4, linewidth=0)
        axis.plot(strengths, middle, color=COLORS["blue"], marker="o", label="median, quartiles")
        best = middle.argmin()
        axis.plot(strengths[best], middle[best], marker="*", markersize=14, color=COLORS["black"],
                  linestyle="", label="least median")  # fmt: skip
        axis.axhline(np.median(runs["early_test"]), color=COLORS["purple"], linestyle=(0, (6, 2)),
                     marker="", label="no penalty, stopped early")  # fmt: skip
        axis.axhline(SIGMA**2, color="0.4", linestyle=":", marker="", label="noise floor")
        for bits, name, colour, style in [
            (32, "32 bits a weight", "vermillion", "--"),
            (np.log2(n) / 2, "½ log2 n bits a weight", "green", "-."),
        ]:
            axis.axvline(n * mdl_alpha(SIGMA, bits, n), color=COLORS[colour], linestyle=style,
                         marker="", linewidth=1.5, label=f"MDL, {name}")  # fmt: skip
        linear = strengths[strengths > 0].min()
        axis.set_xscale("symlog", linthresh=linear, linscale=0.4)
        ticks = [t for t in (0, 0.01, 0.1, 1, 10) if t == 0 or linear <= t <= strengths.max()]
        axis.set_xticks(ticks, [f"{t:g}" for t in ticks])
        axis.set_xlim(-linear / 2, 1.3 * strengths.max())
        axis.minorticks_off()
        axis.set(title=f"n = {n} rows", xlabel="strength n·α", yscale="log")
        wide = high.max() > 4 * low.min()
        axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)) if wide else MaxNLocator(6))
        axis.yaxis.set_major_formatter("{x:.3g}")
        axis.yaxis.set_minor_formatter("")
    axes[0, 0].set_ylabel("test error (mean square)")
    lines, names = axes[0, 0].get_legend_handles_labels()
    figure.get_layout_engine().set(rect=(0, 0.14, 1, 0.86))  # a caption may go below the legend
    figure.legend(
        lines, names, loc="lower center", bbox_to_anchor=(0.5, 0),
        bbox_transform=figure.transFigure, ncols=3,
    ).set_in_layout(False)  # fmt: skip
    return figure


def table(results: list[tuple[dict, dict]]) -> tuple[list[str], list[list]]:
    lists = ["test", "validation", "train", "nonzero"]
    numbers = ["early_test", "early_nonzero", "constant"]
    rows = [
        [cell["targets"], cell["n"], cell["seed"], strength]
        + [result[name][i] for name in lists]
        + [result[name] for name in numbers]
        for cell, result in results
        for i, strength in enumerate(cell["strengths"])
    ]
    return ["targets", "n", "seed", "n_alpha", *lists, *numbers], rows


def least(results: list[tuple[dict, dict]]) -> float:
    """The strength n * alpha with the least median test error at 300 rows."""
    return results[0][0]["strengths"][np.median(stacked(results, 300)["test"], axis=0).argmin()]


def cells(
    sizes: list[int],
    strengths: list[float],
    seeds: int,
    schedule: dict[str, Any],
    targets: str = "teacher",
) -> list[dict[str, Any]]:
    return [
        {
            "n": n, "seed": seed, "targets": targets, "strengths": strengths, "teacher": 35,
            "schedule": schedule,
        }
        for n in sizes
        for seed in range(seeds)
    ]  # fmt: skip


SCHEDULE = {"epochs": 3000, "finetune": 1000, "lr": 1e-2, "check": 50}
STRENGTHS = [0, 0.0025, 0.005, 0.01, 0.02, 0.035, 0.05, 0.07, 0.14, 0.28, 0.5, 1, 2, 5, 10]
PUBLISHED = [0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1, 1.5, 2, 5, 10]

FIGURE = Figure(
    name="u_curve",
    title="Test error of students against the strength of the penalty, for three sample sizes",
    source="main paper, arXiv 2505.17469, Section 3.2; companion, 2509.15060 (test loss vs alpha)",
    presets={
        "smoke": cells([30], [0, 0.05, 3], 2, {"epochs": 200, "finetune": 50, "lr": 1e-2}),
        "quick": cells([30, 300, 2000], STRENGTHS, 10, SCHEDULE),
        "paper": cells([30, 300, 2000], PUBLISHED, 10, SCHEDULE),
    },
    compute=one_seed,
    draw=draw,
    description=(
        "Three panels, for 30, 300 and 2,000 rows: median test error of ten students with its "
        "quartiles, against the strength of the penalty. With 30 rows the left side is steep: "
        "without a penalty the error is four times higher. With 300 rows there is a shallow U. "
        "With 2,000 the left side is level. Vertical lines: the strengths that description length "
        "predicts for half of log2 n bits a weight (close to the minimum for 30 and 300 rows) and "
        "for 32 bits (to the right of it). Dashed across: no penalty, stopped early."
    ),
    table=table,
    published=(
        Published(
            what="strength n·α of the least median test error, 300 rows",
            value=None,
            source="arXiv 2505.17469, Section 3.2 (its figure was not seen by us)",
            ours=lambda results: least(results) if any(c["n"] == 300 for c, _ in results) else None,
        ),
    ),
)
