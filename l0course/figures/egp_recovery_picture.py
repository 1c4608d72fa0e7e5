"""The picture and the table of the figure egp_recovery."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from .registry import Results
from .style import COLORS

LOOKS = {  # method -> its name in the picture, colour, marker
    "egp": ("EGP", "vermillion", "o"),
    "iht": ("IHT", "blue", "s"),
    "abess": ("abess", "green", "^"),
    "omp": ("OMP", "purple", "v"),
    "relaxed": ("relaxed lasso", "orange", "D"),
    "lasso": ("lasso", "black", "X"),
}


def gather(results: Results, key: str, n: int, p: int, rho: float) -> np.ndarray:
    """Shape (seeds, SNR) of one measure in one setting."""
    same = [r for c, r in results if (c["n"], c["p"], c["rho"]) == (n, p, rho)]
    return np.array([result[key] for result in same])


def places(results: Results) -> list[tuple[int, int, int, float]]:
    """The different n, p, s and rho, small problems first."""
    found = {(c["n"], c["p"], c["s"], c["rho"]) for c, _ in results}
    return sorted(found, key=lambda place: (place[1], *place))


def draw(results: Results) -> plt.Figure:
    """A row for each setting: support error and test error, at each rho; the time at the foot."""
    rhos = sorted({c["rho"] for c, _ in results})
    rows = list(dict.fromkeys(place[:3] for place in places(results)))
    shown = [name for name in LOOKS if f"{name}_asre" in results[0][1]]
    with plt.rc_context({"font.size": 12, "xtick.labelsize": 11, "ytick.labelsize": 11}):
        figure = plt.figure(figsize=(9.6, 2.3 * len(rows) + 2.6), layout="constrained")
        grid = figure.add_gridspec(
            len(rows) + 1, 2 * len(rhos), height_ratios=[1] * len(rows) + [0.7]
        )
        for i, (n, p, s) in enumerate(rows):
            for j, (measure, rho) in enumerate((m, r) for m in ("asre", "rte") for r in rhos):
                axis = figure.add_subplot(grid[i, j])
                top = _curves(axis, results, shown, measure, (n, p, rho))
                _scales(axis, results[0][0]["snr"], measure, top)
                what = "wrong columns" if measure == "asre" else "test error"
                axis.set_title(f"{what}, rho {rho:g}", fontsize=12)
                if j == 0:
                    axis.set_ylabel(f"n={n}, p={p}, s={s}")
                axis.set_xlabel("signal / noise" if i == len(rows) - 1 else "")
        _foot(figure, grid, results, shown, rows)
    return figure


def _curves(
    axis: plt.Axes, results: Results, shown: list[str], measure: str, place: tuple
) -> float:
    """Median and 30 to 70 % band of each method against SNR; the largest median."""
    top, snr = 0.0, results[0][0]["snr"]
    for name in shown:
        label, colour, marker = LOOKS[name]
        values = gather(results, f"{name}_{measure}", *place)
        low, middle, high = np.quantile(values, [0.3, 0.5, 0.7], axis=0)
        top = max(top, middle.max())
        style = {"color": COLORS[colour], "marker": marker, "linestyle": "-", "markersize": 4}
        axis.plot(snr, middle, **style, label=label, zorder=3 + (name == "egp"))
        axis.fill_between(snr, low, high, color=COLORS[colour], alpha=0.13, linewidth=0)
    return top


def _scales(axis: plt.Axes, snr: list[float], measure: str, top: float) -> None:
    if measure == "asre":  # linear up to 2, then logarithmic
        axis.set_yscale("symlog", linthresh=2)
        ticks = [t for t in (0, 1, 2, 5, 10, 20, 50) if t <= 1.3 * top]
        axis.set_yticks(ticks, [str(t) for t in ticks])
        axis.set_ylim(-0.15, 1.25 * top)
    else:  # the dotted line is predicting zero
        axis.plot(snr, 1 + np.array(snr), color="grey", linestyle=":", marker="")
        high = 1 + min(1.1 * (top - 1), 2)
        axis.set_ylim(1 - 0.04 * (high - 1), high)
    axis.set_xscale("log")
    axis.set_xticks([0.1, 10, 1000], ["0.1", "10", "1000"])
    axis.minorticks_off()
    axis.set_xlim(0.8 * min(snr), 1.3 * max(snr))


def _foot(figure: plt.Figure, grid: Any, results: Results, shown: list[str], rows: list) -> None:
    """The legend, and the processor time of every method in every setting."""
    half = grid.ncols // 2
    corner, times = figure.add_subplot(grid[-1, :half]), figure.add_subplot(grid[-1, half:])
    handles, labels = figure.axes[0].get_legend_handles_labels()
    corner.axis("off")
    corner.set_title("median, 30 to 70 % band", fontsize=12)
    corner.legend(handles, labels, ncols=2, loc="upper center", fontsize=12, frameon=False)
    for name in shown:
        _, colour, marker = LOOKS[name]
        spent = [
            np.median([r[f"{name}_seconds"] for c, r in results if (c["n"], c["p"]) == row[:2]])
            for row in rows
        ]
        times.plot(spent, range(len(rows)), color=COLORS[colour], marker=marker, linestyle="none")
    times.set_xscale("log")
    times.set_yticks(range(len(rows)), [f"{n} x {p}" for n, p, _ in rows])
    times.set(ylim=(len(rows) - 0.5, -0.5), xlabel="seconds for a whole path, one core")


def table(results: Results) -> tuple[list[str], list[list]]:
    """Medians over seeds, a row for each setting, rho, method and SNR."""
    names = [key.removesuffix("_asre") for key in results[0][1] if key.endswith("_asre")]
    measures = ["asre", "rte", "nonzeros", "seconds"]
    rows = []
    for n, p, s, rho in places(results):
        for name in names:
            columns = [
                np.median(gather(results, f"{name}_{measure}", n, p, rho), axis=0).round(4).tolist()
                for measure in measures
            ]
            for snr, *values in zip(results[0][0]["snr"], *columns, strict=True):
                rows.append([n, p, s, rho, name, snr, *values])
    return ["n", "p", "s", "rho", "method", "snr", *measures], rows


def share_best(results: Results, measure: str) -> str | None:
    """In how many of the settings, rho and SNR above 1 EGP's median is the least, or ties."""
    above = np.array(results[0][0]["snr"]) > 1
    wins: list[bool] = []
    for n, p, _, rho in places(results):
        medians = {
            name: np.median(gather(results, f"{name}_{measure}", n, p, rho), axis=0)[above]
            for name in LOOKS
            if f"{name}_{measure}" in results[0][1]
        }
        wins += (medians["egp"] <= 1.001 * np.min(list(medians.values()), axis=0)).tolist()
    return f"{sum(wins)} of {len(wins)}" if wins else None
