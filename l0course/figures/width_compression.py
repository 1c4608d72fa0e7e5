"""A wide network and small ones that should train like it: how far apart, step by step.

The wide network has 2,000 neurons, y = mean of v s(w . x + b), all numbers from U(-1, 1); it
learns sin(2 x1 + x2) + x1 x2 / 2 from 200 points by gradient descent. Each small one is compared
with it on 1,000 fresh points: root mean square difference over standard deviation of the target.
The paper's own setting (ReLU, 10,000 neurons, a whirling target) is too long for a laptop; its
final test losses stand beside ours as `published`.
"""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import Tensor, nn

from ..pilot import compress_along
from ..weighted_neurons import WeightedNeurons, mean_field_network
from .registry import Figure, Published
from .style import COLORS

WIDTH, ETA, STEPS, ROWS = 2000, 0.1, 500, 200
TIMES = [0, 1, 2, 5, *range(10, 100, 10), *range(100, STEPS + 1, 25)]
SIZES = {126: 5, 495: 8}  # neurons: degree
ACTIVATIONS = {"tanh": nn.Tanh, "relu": nn.ReLU}


def target(x: Tensor) -> Tensor:
    return torch.sin(2 * x[:, :1] + x[:, 1:]) + 0.5 * x[:, :1] * x[:, 1:]


def run(cell: dict[str, Any]) -> dict[str, Any]:
    """Relative distance to the wide network at TIMES, for each small network; final test losses."""
    generator = torch.Generator().manual_seed(100 + cell["seed"])
    x, fresh = (
        2 * torch.rand(n, 2, generator=generator, dtype=torch.float64) - 1 for n in (ROWS, 1000)
    )
    y, truth = target(x), target(fresh)
    wide = mean_field_network(2, WIDTH, 1, ACTIVATIONS[cell["activation"]], seed=cell["seed"])
    small: dict[str, WeightedNeurons] = {}
    for size, degree in SIZES.items():
        small[f"moments {size}"] = wide.compress(size, degree)
        some = torch.randperm(WIDTH, generator=generator)[:size]
        small[f"random {size}"] = wide.subset(some, torch.full((size,), 1 / size))
        small[f"unscaled {size}"] = wide.subset(some, torch.full((size,), 1 / WIDTH))
        matched = small[f"moments {size}"]
        small[f"wrong weights {size}"] = matched.subset(
            torch.arange(matched.width), torch.full((matched.width,), 1 / matched.width)
        )
        small[f"pilot {size}"] = compress_along(
            wide, small["moments 126"], x, lambda out: (out - y).square().mean(), size,
            lr=ETA, steps=STEPS,
        )  # fmt: skip
    matched = small["moments 126"]
    small["no 1/c 126"] = WeightedNeurons(
        matched.inward, matched.activation, matched.outward, matched.weights, scale_gradients=False
    )
    full, halfway = descend(wide, x, y, fresh, ETA, restart_at=100)
    scale = float(truth.std())
    result: dict[str, Any] = {"wide": {"loss": float((full[-1] - truth).square().mean())}}
    for name, model in small.items():
        rate = ETA * WIDTH if name.startswith("no 1/c") else ETA  # plain gradients: mean-field rate
        result[name] = compare(descend(model, x, y, fresh, rate)[0], full, truth, scale, TIMES)
    again = halfway.compress(126, 5)
    late = [t for t in TIMES if t >= 100]
    curve = descend(again, x, y, fresh, ETA, steps=STEPS - 100)[0]
    result["moments at step 100, 126"] = compare(curve, full[100:], truth, scale, late, start=100)
    return result


def descend(
    model: WeightedNeurons, x: Tensor, y: Tensor, fresh: Tensor, rate: float,
    *, steps: int = STEPS, restart_at: int = -1,
) -> tuple[Tensor, WeightedNeurons | None]:  # fmt: skip
    """Gradient descent: outputs (steps + 1, n, 1) on fresh points, and a copy from `restart_at`."""
    model = model.subset(torch.arange(model.width), model.weights)
    optimiser, outputs, copy = torch.optim.SGD(model.parameters(), lr=rate), [], None
    for step in range(steps + 1):
        with torch.no_grad():
            outputs.append(model(fresh))
        if step == restart_at:
            copy = model.subset(torch.arange(model.width), model.weights)
        optimiser.zero_grad()
        (model(x) - y).square().mean().backward()
        optimiser.step()
    return torch.stack(outputs), copy


def compare(
    curve: Tensor, full: Tensor, truth: Tensor, scale: float, times: list[int], start: int = 0
) -> dict[str, Any]:
    """Distances at `times`, the largest and the mean in the first 100 steps, the final loss.

    Not a number becomes None: JSON has no infinity.
    """
    gap = (curve - full).square().mean(dim=(1, 2)).sqrt().numpy() / scale

    def plain(value: float) -> float | None:
        return float(f"{value:.5g}") if np.isfinite(value) else None

    return {
        "gap": [plain(gap[t - start]) for t in times],
        "most_100": plain(gap[:101].max()),
        "mean_100": plain(gap[:101].mean()),
        "end": plain(gap[-1]),
        "loss": plain(float((curve[-1] - truth).square().mean())),
    }


def medians(results: list[tuple[dict, dict]], activation: str, name: str, what: str) -> Any:
    """Median over seeds; infinity where a run blew up."""
    runs = [r[name][what] for c, r in results if c["activation"] == activation]
    return np.median(np.array(runs, dtype=float), axis=0)


LINES = [
    ("moments", "blue", "-", "o", "moments at the start"),
    ("pilot", "green", "-.", "^", "outputs along a pilot's path"),
    ("random", "vermillion", "--", "s", "random, weights d / d'"),
]


def draw(results: list[tuple[dict, dict]]) -> plt.Figure:
    """Distance to the wide network while training: activations across, sizes down."""
    kinds = list(dict.fromkeys(c["activation"] for c, _ in results))
    figure, axes = plt.subplots(
        2, len(kinds), figsize=(3.4 * len(kinds), 4.2), sharex=True, sharey=True,
        layout="constrained", squeeze=False,
    )  # fmt: skip
    for column, kind in enumerate(kinds):
        for row, size in enumerate(SIZES):
            axis = axes[row, column]
            for name, colour, line, marker, label in LINES:
                runs = np.array(
                    [r[f"{name} {size}"]["gap"] for c, r in results if c["activation"] == kind]
                )
                look = {"color": COLORS[colour], "linestyle": line, "marker": marker}
                axis.plot(TIMES, np.median(runs, axis=0), label=label, **look)
                axis.fill_between(
                    TIMES, runs.min(axis=0), runs.max(axis=0), alpha=0.15, color=COLORS[colour]
                )
            axis.set(yscale="log", title=f"{kind}: {WIDTH:,} neurons → {size}")
            axis.set_xscale("symlog", linthresh=10)
            axis.set_xticks([0, 10, 100, 500], ["0", "10", "100", "500"])
    for axis in axes[-1]:
        axis.set_xlabel("step of gradient descent")
    for axis in axes[:, 0]:
        axis.set_ylabel("distance to the wide\nnetwork (relative)")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return figure


def table(results: list[tuple[dict, dict]]) -> tuple[list[str], list[list]]:
    rows = [
        [cell["activation"], cell["seed"], name, r["gap"][0], r["most_100"], r["mean_100"],
         r["end"], r["loss"]]
        for cell, result in results
        for name, r in result.items() if name != "wide"
    ]  # fmt: skip
    header = ["activation", "seed", "network", "start", "most_100", "mean_100", "end", "test_loss"]
    return header, rows


def _cells(seeds: int, activations: list[str]) -> list[dict[str, Any]]:
    return [{"activation": a, "seed": seed} for a in activations for seed in range(seeds)]


def _loss_ratio(results: list[tuple[dict, dict]]) -> float | None:
    runs = [r for cell, r in results if cell["activation"] == "relu"]
    ratios = [r["moments 126"]["loss"] / r["wide"]["loss"] for r in runs]
    return float(np.median(ratios)) if ratios else None


FIGURE = Figure(
    name="width_compression",
    title="A few weighted neurons train like a wide network",
    source="arXiv 2510.00504, figure 4 (dynamical lottery ticket), in a smaller setting",
    presets={"smoke": _cells(1, ["tanh"]), "quick": _cells(5, ["tanh", "relu"])},
    compute=run,
    draw=draw,
    table=table,
    description=(
        "Distance to the wide network while both train, median and range of five seeds. Matching "
        "moments starts ten to a thousand times closer than a random subset with weights d/d', and "
        "loses most of that lead within a hundred steps. Neurons matched along the path of a pilot "
        "network keep it to the end."
    ),
    published=(
        Published(
            "final test loss, compressed / wide network (ReLU; published: 10,000 to 1,000 neurons, "
            "SGD, one run; here 2,000 to 126)",
            0.00999 / 0.00959,
            "arXiv 2510.00504, figure 4, from the authors' result files",
            _loss_ratio,
        ),
    ),
)
