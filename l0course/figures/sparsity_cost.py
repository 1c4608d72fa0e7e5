"""What it costs to use few numbers: n against the share k/n, for one target and for all.

Natale et al. (arXiv 2410.14754): Theorem 2 (one target) and Corollary 1 (all |z| <= sqrt(k) at
once), whose constants are not known; and, as lower bounds, two counts of subsets.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from ..subset_sum import best_subset_sum, sums_by_size
from ..sum_theory import binary_entropy, expected_hits, sparse_sum_size
from .registry import Figure
from .style import COLORS, plain_ticks

TARGET = 0.5


def needed(cell: dict[str, Any]) -> dict[str, int]:
    """The smallest n with success in half of the draws, for one target and for all."""
    k, error = cell["k"], cell["error"]

    def one(x: np.ndarray) -> bool:
        return best_subset_sum(x, TARGET, k)[1] < error

    def every(x: np.ndarray) -> bool:
        return all_within(x, k, error)

    return {"one": _first_half(one, cell), "all": _first_half(every, cell)}


def all_within(x: np.ndarray, k: int, error: float) -> bool:
    """Whether each |z| <= sqrt(k) is within `error` of a sum of k numbers: look at the gaps."""
    edge, sums = math.sqrt(k), np.sort(sums_by_size(x, k)[k])
    start = max(np.searchsorted(sums, -edge) - 1, 0)
    points = sums[start : np.searchsorted(sums, edge) + 1]  # with a neighbour on either side
    ends = len(points) and points[0] <= error - edge and points[-1] >= edge - error
    return bool(ends) and np.diff(points).max(initial=0) <= 2 * error


def _first_half(success: Callable[[np.ndarray], bool], cell: dict[str, Any]) -> int:
    """Bisection over n: success grows with n."""

    def often(n: int) -> bool:
        rng = np.random.default_rng([cell["seed"], cell["k"], n])
        hits = sum(success(rng.uniform(-1, 1, n)) for _ in range(cell["draws"]))
        return 2 * hits >= cell["draws"]

    low = cell["k"]  # one subset only
    high = 2 * low
    while not often(high):
        low, high = high, math.ceil(1.5 * high)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if often(middle) else (middle, high)
    return high


def theorem_2(k: int, error: float) -> float:
    """The n with n H2(k/n) >= log2(k / error), so c_hyp = 1; not a number where 2k is enough."""
    n = sparse_sum_size(k, error)
    return math.nan if n == 2 * k else float(n)


def packing_floor(k: int, error: float) -> int:
    """No n below this reaches all |z| <= sqrt(k): each of C(n, k) sums serves 2 * error of them.

    The count of Theorem 5, in one dimension.
    """
    n = k
    while math.comb(n, k) * error < math.sqrt(k):
        n += 1
    return n


def counting_floor(k: int, error: float) -> int:
    """No n below this succeeds half of the time: P <= expected hits (first moment)."""
    n = k
    while expected_hits(n, k, error, TARGET) < 0.5:
        n += 1
    return n


def draw(results: list[tuple[dict, dict]]) -> plt.Figure:
    errors = sorted({cell["error"] for cell, _ in results}, reverse=True)
    figure, axes = plt.subplots(1, len(errors), figsize=(6.8, 3.0), sharey=True, squeeze=False)
    for axis, error in zip(axes[0], errors, strict=True):
        pairs = sorted(((c["k"], r) for c, r in results if c["error"] == error), key=lambda p: p[0])
        ks = [k for k, _ in pairs]
        for name, label, colour, marker in (
            ("all", "all targets, measured", "orange", "s"),
            ("one", "one target, measured", "blue", "o"),
        ):
            n = [r[name] for _, r in pairs]
            axis.plot(ks, n, marker, color=COLORS[colour], linestyle="", label=label, ms=6)
        for curve, label, colour, line in (
            (theorem_2, "Theorem 2, c = 1", "black", "-"),
            (packing_floor, "all: at least", "orange", "--"),
            (counting_floor, "one: at least", "blue", ":"),
        ):
            look = dict(color=COLORS[colour], linestyle=line, marker="", label=label)
            axis.plot(ks, [curve(k, error) for k in ks], **look)
        axis.set(yscale="log", xlabel="numbers that are used, k", title=f"within {error:g}")
        axis.set_ylim(7, 400)
        plain_ticks(axis.yaxis, (10, 20, 50, 100, 200))
    axes[0, 0].set_ylabel("random numbers n")
    axes[0, -1].legend(loc="upper right", fontsize=9)
    return figure


def table(results: list[tuple[dict, dict]]) -> tuple[list[str], list[list]]:
    header = ["k", "error", "draws", "n for one", "at least", "n for all", "at least"]
    header += ["Theorem 2, c = 1", "Corollary 1, c = 1"]
    rows = []
    for c, r in sorted(results, key=lambda pair: (pair[0]["error"], pair[0]["k"])):
        k, error = c["k"], c["error"]
        floors = counting_floor(k, error), packing_floor(k, error)
        amplified = corollary_1(k, error)
        sizes = [sparse_sum_size(k, error), float(f"{amplified:.3g}")]
        rows.append([k, error, c["draws"], r["one"], floors[0], r["all"], floors[1], *sizes])
    return header, rows


def corollary_1(k: int, error: float) -> float:
    """n H2(k/n) = log2(k / error)^2: all targets at once, with its unknown constant set to 1."""
    low, high = 2.0 * k, 4.0 * k
    wanted = math.log2(k / error) ** 2
    while high * binary_entropy(k / high) < wanted:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        short = middle * binary_entropy(k / middle) < wanted
        low, high = (middle, high) if short else (low, middle)
    return high


def _cells(sizes: list[int], errors: list[float], draws: int) -> list[dict[str, Any]]:
    return [{"k": k, "error": error, "draws": draws, "seed": 0} for error in errors for k in sizes]


FIGURE = Figure(
    name="sparsity_cost",
    title="Few numbers out of many: what a limit on the size costs",
    source="Natale et al. (2024), Theorem 2, Corollary 1; the paper measures nothing",
    presets={
        "smoke": _cells([3, 5], [1e-2], 20),
        "quick": _cells([2, 3, 4, 5, 6, 7, 8], [1e-2, 1e-3], 300),
    },
    compute=needed,
    draw=draw,
    description=(
        "How many random numbers it takes (up) if exactly k of them are to be used (across), for "
        "success in half of 300 draws. For one target the points follow Theorem 2 with its unknown "
        "constant set to 1, where it asks for more than 2k. To reach all targets at once takes "
        "more. Neither goes below what counting subsets says (dotted, dashed)."
    ),
    table=table,
)
