"""Controls of the U-curve that must fail: a teacher of noise, and shuffled answers.

Where there is nothing to learn, no strength may beat the constant, and a strong penalty should
leave no weights. The same students and strengths as in u_curve.py, with 300 rows.
"""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np

from .registry import Figure
from .style import COLORS
from .u_curve import SCHEDULE, STRENGTHS, cells, one_seed, stacked, table

KINDS = {
    "teacher": ("a teacher's answers", "blue", "o", "-"),
    "shuffled": ("the same answers, shuffled", "vermillion", "s", "--"),
    "noise": ("noise alone", "green", "^", "-."),
}


def draw(results: list[tuple[dict, dict]]) -> plt.Figure:
    """Test error as a multiple of the constant's, and live weights, against the strength."""
    strengths = np.array(results[0][0]["strengths"])
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.6, 3.5), layout="constrained")
    for kind, (label, colour, marker, line) in KINDS.items():
        runs = stacked([pair for pair in results if pair[0]["targets"] == kind])
        ratio = runs["test"] / runs["constant"][:, None]
        style = {"color": COLORS[colour], "marker": marker, "linestyle": line, "label": label}
        left.plot(strengths, np.median(ratio, axis=0), **style)
        right.plot(strengths, np.median(runs["nonzero"], axis=0), **style)
    left.axhline(1, color="0.4", linestyle=":", marker="", label="the constant")
    left.set(ylabel="test error / the constant's", yscale="log")
    left.yaxis.set_major_formatter("{x:g}")
    left.set_yticks([0.1, 0.2, 0.5, 1, 2])
    left.yaxis.set_minor_formatter("")
    right.set(ylabel="live weights (median)")
    right.set_yscale("symlog", linthresh=1)
    right.set_yticks([0, 1, 10, 100], ["0", "1", "10", "100"])
    for axis in (left, right):
        linear = strengths[strengths > 0].min()
        axis.set_xscale("symlog", linthresh=linear, linscale=0.4)
        axis.set_xlim(-linear / 2, 1.3 * strengths.max())
        axis.set_xticks([0, 0.01, 0.1, 1, 10], ["0", "0.01", "0.1", "1", "10"])
        axis.minorticks_off()
        axis.set_xlabel("strength n·α")
    left.legend()
    return figure


def _cells(strengths: list[float], seeds: int, schedule: dict) -> list[dict]:
    return [c for kind in KINDS for c in cells([300], strengths, seeds, schedule, kind)]


FIGURE = Figure(
    name="u_curve_controls",
    title="Controls that must fail: noise, and shuffled answers",
    source="own",
    presets={
        "smoke": _cells([0, 0.05, 3], 2, {"epochs": 200, "finetune": 50, "lr": 1e-2}),
        "quick": _cells(STRENGTHS, 10, SCHEDULE),
    },
    compute=one_seed,
    draw=draw,
    description=(
        "Left: test error as a multiple of what a constant reaches, against the strength, for 300 "
        "rows. With a teacher's answers it falls far below 1. With noise or shuffled answers it "
        "never does: weak penalties are worse than the constant, strong ones reach it. Right: the "
        "live weights that are left."
    ),
    table=table,
)
