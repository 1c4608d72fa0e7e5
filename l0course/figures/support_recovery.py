"""Where counting and shrinking find the true support: a phase diagram.

Data: n = 200 rows, 4 relevant columns and 8 irrelevant ones, each of which is a mix of all relevant
ones with weight rho (`design="confounded"`). The lasso's irrepresentable condition (Zhao and Yu,
JMLR 2006) says that no shrinkage strength finds the support once rho > 1 / sqrt(4), however clean
the data are. Counting has no such limit, but at low signal to noise it predicts worse than the
lasso (Hastie, Tibshirani, Tibshirani, Statistical Science 2020).
"""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import lars_path

from ..best_subset import best_subsets
from ..generated import LinearData, sparse_regression
from .registry import Figure
from .style import COLORS

N, P, S, N_VALIDATION = 200, 12, 4, 500
SNR = [float(f"{v:.3g}") for v in np.logspace(-2, 2, 9)]
RHO = [0.0, 0.1, 0.2, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7, 0.8, 0.9]


def column(cell: dict[str, Any]) -> dict[str, list[float]]:
    """One column of the diagram: every SNR at one rho, `repetitions` data sets each.

    For each method: `found`, the share of data sets for which some size (counting) or some
    strength (shrinking) gives exactly the true support; and `risk`, the median relative test error
    (1 is perfect, SNR + 1 is predicting zero) when 500 validation rows choose size or strength.
    """
    methods = {"l0": counting, "l1": shrinking, "relaxed": relaxed}
    found = {name: [] for name in methods}
    risk = {name: [] for name in methods}
    for level, snr in enumerate(cell["snr"]):
        outcomes: dict[str, list] = {name: [] for name in methods}
        for repetition in range(cell["repetitions"]):
            seed = 2 * (1000 * level + repetition) + 100_000 * cell["seed"]
            train, validation = (
                sparse_regression(
                    n, P, S, rho=cell["rho"], snr=snr, design="confounded", seed=seed + part
                )
                for part, n in enumerate((N, N_VALIDATION))
            )
            for name, method in methods.items():
                outcomes[name].append(judge(method(train.X, train.y), train, validation))
        for name in methods:
            hits, errors = np.array(outcomes[name]).T
            found[name].append(float(hits.mean()))
            risk[name].append(float(np.round(np.median(errors), 5)))
    return {f"found_{m}": v for m, v in found.items()} | {f"risk_{m}": v for m, v in risk.items()}


def counting(X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Best subset of every size, fitted by least squares: coefficients of shape (sizes, p)."""
    return least_squares(X, y, [support for support, _ in best_subsets(X, y)])


def shrinking(X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The lasso at every corner of its path and halfway between: shape (strengths, p)."""
    corners = lars_path(X, y, method="lasso")[2].T
    return np.concatenate([corners, (corners[1:] + corners[:-1]) / 2])


def relaxed(X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The lasso's supports, with half or all of the shrinkage undone: shape (2 * strengths, p)."""
    lasso = shrinking(X, y)
    refit = least_squares(X, y, [tuple(np.flatnonzero(w)) for w in lasso])
    return np.concatenate([refit, (refit + lasso) / 2])


def least_squares(X: np.ndarray, y: np.ndarray, supports: list[tuple[int, ...]]) -> np.ndarray:
    coefficients = np.zeros((len(supports), X.shape[1]))
    for w, support in zip(coefficients, supports, strict=True):
        w[list(support)] = np.linalg.lstsq(X[:, support], y, rcond=None)[0]
    return coefficients


def judge(candidates: np.ndarray, train: LinearData, validation: LinearData) -> tuple[bool, float]:
    """(was the true support among the candidates, relative test error of the validated one)."""
    truth = train.beta != 0
    hit = bool(((candidates != 0) == truth).all(axis=1).any())
    errors = np.square(validation.y - candidates @ validation.X.T).mean(axis=1)  # (candidates,)
    gap = candidates[errors.argmin()] - train.beta
    return hit, 1 + gap @ train.covariance @ gap / train.sigma**2


def draw(results: list[tuple[dict, dict]]) -> plt.Figure:
    """Three maps over (rho, SNR): recovery by counting, by shrinking, and who predicts better."""
    results = sorted(results, key=lambda pair: pair[0]["rho"])
    rho = [cell["rho"] for cell, _ in results]
    snr = results[0][0]["snr"]
    stack = {k: np.array([r[k] for _, r in results]).T for k in results[0][1]}  # (snr, rho)
    maps = [
        ("Best subset finds\nthe true support", stack["found_l0"], "cividis", 0, 1),
        ("Lasso finds\nthe true support", stack["found_l1"], "cividis", 0, 1),
        (
            "Excess test error:\nbest subset / lasso",
            np.log2((stack["risk_l0"] - 1) / (stack["risk_l1"] - 1)),
            "PuOr",
            -2,
            2,
        ),
    ]
    figure, axes = plt.subplots(1, 3, figsize=(9.6, 3.5), sharey=True, layout="constrained")
    ticks = [i for i, r in enumerate(rho) if round(10 * r) == 10 * r and round(10 * r) % 2 == 0]
    for axis, (title, values, colours, low, high) in zip(axes, maps, strict=True):
        image = axis.imshow(
            values, origin="lower", aspect="auto", cmap=colours, vmin=low, vmax=high
        )
        axis.set(title=title, xlabel="correlation rho")
        axis.set_xticks(ticks, [f"{rho[i]:g}" for i in ticks])
        axis.set_yticks(range(0, len(snr), 2), [f"{snr[i]:g}" for i in range(0, len(snr), 2)])
        axis.grid(False)
        if len(rho) > 1:  # the theory's line, between the columns around 1 / sqrt(s)
            at = float(np.interp(1 / np.sqrt(S), rho, range(len(rho))))
            axis.axvline(at, color=COLORS["vermillion"], linestyle="--", linewidth=2)
        bar = figure.colorbar(image, ax=axis, shrink=0.9)
        bar.ax.set_title("share" if low == 0 else "ratio", fontsize=9)
        if low != 0:
            bar.set_ticks([-2, -1, 0, 1, 2], labels=["1/4", "1/2", "1", "2", "4"])
    axes[0].set_ylabel("signal to noise ratio")
    return figure


def table(results: list[tuple[dict, dict]]) -> tuple[list[str], list[list]]:
    names = list(results[0][1])
    rows = [
        [cell["rho"], snr, cell["repetitions"], *(result[name][i] for name in names)]
        for cell, result in results
        for i, snr in enumerate(cell["snr"])
    ]
    return ["rho", "snr", "repetitions", *names], rows


def _cells(rhos: list[float], snrs: list[float], repetitions: int) -> list[dict[str, Any]]:
    return [
        {"rho": rho, "snr": snrs, "repetitions": repetitions, "seed": index}
        for index, rho in enumerate(rhos)
    ]


FIGURE = Figure(
    name="support_recovery",
    title="Where counting and where shrinking find the true support",
    source="own; data as in Zhao and Yu (2006) and Hastie, Tibshirani and Tibshirani (2020)",
    presets={
        "smoke": _cells([0.2, 0.8], [1.0, 100.0], 3),
        "quick": _cells(RHO, SNR, 100),
    },
    compute=column,
    draw=draw,
    description=(
        "Three maps over correlation (across) and signal to noise (up). Best subset finds the true "
        "support wherever the signal is strong. The lasso finds it only left of the dashed line at "
        "rho = 0.5, whatever its strength: the irrepresentable condition. The third map shows who "
        "predicts better: counting when the signal is strong (orange), shrinking when it is weak "
        "(purple)."
    ),
    table=table,
)
