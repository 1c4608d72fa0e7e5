"""The scaling law of the loss, in objects and in weighted objects: the exponent about doubles.

If L ~ d^-alpha and d objects can be written as d' = 16 sqrt(d) weighted ones, then
L ~ d'^(-2 alpha). Data: the paper's task, teacher and student 2-50-1 with ReLU and noise 3, AdamW
1e-3, 2,048 batches of 512, rows drawn in proportion to their weights. Width: networks of d neurons,
AdamW 1e-3, batches of 128. The paper's target J_6(20 r) cos(6 theta) and 312,000 steps are out of
a laptop's reach; here it is J_2(8 r) cos(2 theta), with the exponents of this short training.
"""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from scipy.special import jv
from torch import Tensor, nn

from ..models import MLP
from ..universal import compress_data, compress_neurons
from .registry import Figure, Published, Results
from .style import COLORS, plain_ticks


def run(cell: dict[str, Any]) -> dict[str, Any]:
    """Test error after training with all d objects, and with 16 sqrt(d) weighted or random ones."""
    return (data if cell["kind"] == "data" else width)(cell)


def data(cell: dict[str, Any]) -> dict[str, Any]:
    d, seed = cell["d"], cell["seed"]
    generator = torch.Generator().manual_seed(seed)
    teacher = MLP((2, 50, 1), seed=seed)
    with torch.no_grad():
        for p in teacher.parameters():
            p.copy_(2 * torch.rand(p.shape, generator=generator) - 1)
        fresh, x = (2 * torch.rand(n, 2, generator=generator) - 1 for n in (20_000, d))
        y = teacher(x) + 3 * torch.randn(d, 1, generator=generator)
        truth = teacher(fresh)
    size = compressed_size(d)
    rows, c = compress_data(x.double().numpy(), y[:, 0].double().numpy(), size, 5)
    some = torch.randperm(d, generator=generator)[:size]
    found = {"size": size}
    for name, kept, weights in [
        ("all", torch.arange(d), torch.ones(d)),
        ("moments", torch.as_tensor(rows), torch.as_tensor(c)),
        ("random", some, torch.ones(size)),
    ]:
        student = MLP((2, 50, 1), seed=1000 + seed)
        batches = torch.multinomial(
            weights.float(), 512 * cell["steps"], replacement=True, generator=generator
        )
        train(student, x[kept], y[kept], batches.view(-1, 512))
        found[name] = error(student, fresh, truth)
    return found


def width(cell: dict[str, Any]) -> dict[str, Any]:
    d, seed = cell["d"], cell["seed"]
    generator = torch.Generator().manual_seed(seed)
    x, fresh = (2 * torch.rand(n, 2, generator=generator) - 1 for n in (20_000, 5_000))
    y = whirl(x) + 0.2 * torch.randn(len(x), 1, generator=generator)
    batches = torch.randint(len(x), (cell["steps"], 128), generator=generator)
    wide = MLP((2, d, 1), seed=1000 + seed)
    size = compressed_size(d)
    small = compress_neurons(wide, size, 6) if size >= 210 else wide
    found = {"size": size}
    for name, model in [("all", wide), ("moments", small)]:
        train(model, x, y, batches)
        found[name] = error(model, fresh, whirl(fresh))
    return found


def compressed_size(d: int) -> int:
    """16 sqrt(d), rounded, at most d.

    >>> compressed_size(65_536), compressed_size(256)
    (4096, 256)
    """
    return min(d, round(16 * d**0.5))


def whirl(x: Tensor) -> Tensor:
    """J_2(8 r) cos(2 theta): (n, 2) -> (n, 1)."""
    r, theta = x.square().sum(dim=1).sqrt(), torch.atan2(x[:, 1], x[:, 0])
    return (
        torch.as_tensor(jv(2, 8 * r.numpy()), dtype=x.dtype)[:, None] * (2 * theta).cos()[:, None]
    )


def train(model: nn.Module, x: Tensor, y: Tensor, batches: Tensor) -> None:
    """One AdamW step (rate from 1e-3 to 0 by a cosine) for each row of batches (steps, size)."""
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, len(batches))
    for rows in batches:
        optimiser.zero_grad()
        F.mse_loss(model(x[rows]), y[rows]).backward()
        optimiser.step()
        schedule.step()


@torch.no_grad()
def error(model: nn.Module, x: Tensor, truth: Tensor) -> float:
    return float(f"{F.mse_loss(model(x), truth).item():.5g}")


def medians(results: Results, kind: str) -> dict[str, np.ndarray]:
    """d, size, and the median error over seeds at each d, by name."""
    own = [(c["d"], r) for c, r in results if c["kind"] == kind]
    sizes = sorted({d for d, _ in own})
    names = list(own[0][1]) if own else []
    found = {
        n: np.array([np.median([r[n] for e, r in own if e == d]) for d in sizes]) for n in names
    }
    return {"d": np.array(sizes)} | found


def exponent(results: Results, kind: str, name: str, across: str) -> float | None:
    """-slope of ln(median error) of `name` against ln(`across`)."""
    m = medians(results, kind)
    if len(m["d"]) < 3:
        return None
    return round(float(-np.polyfit(np.log(m[across]), np.log(m[name]), 1)[0]), 3)


def draw(results: Results) -> plt.Figure:
    kinds = [k for k in ("data", "width") if any(c["kind"] == k for c, _ in results)]
    figure, axes = plt.subplots(
        1, len(kinds), figsize=(3.9 * len(kinds), 3.4), layout="constrained", squeeze=False
    )
    for axis, kind in zip(axes[0], kinds, strict=True):
        m = medians(results, kind)
        for name, across, colour, marker, line, label in [
            ("all", "d", "vermillion", "s", "--", "all, against d"),
            ("moments", "size", "blue", "o", "-", "weighted, against d'"),
            ("random", "size", "orange", "D", ":", "random, against d'"),
        ]:
            if name in m:
                slope = exponent(results, kind, name, across)
                say = f"{label}" + ("" if slope is None else f": exponent {slope:.2f}")
                axis.plot(m[across], m[name], color=COLORS[colour], marker=marker, linestyle=line,
                          label=say)  # fmt: skip
        what = {"data": "training rows", "width": "neurons"}[kind]
        axis.set(xscale="log", yscale="log", xlabel=what, ylabel="test error (median)")
        axis.legend(fontsize=8)
        plain_ticks(axis.xaxis, (256, 1024, 4096, 16_384, 65_536))
        plain_ticks(axis.yaxis, (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2))
    return figure


def table(results: Results) -> tuple[list[str], list[list]]:
    rows = [
        [c["kind"], c["d"], c["seed"], r["size"], r["all"], r["moments"], r.get("random")]
        for c, r in results
    ]
    return ["kind", "d", "seed", "size", "all", "moments", "random"], rows


def _cells(kind: str, sizes: list[int], seeds: int, steps: int) -> list[dict[str, Any]]:
    return [
        {"kind": kind, "d": d, "seed": seed, "steps": steps} for d in sizes for seed in range(seeds)
    ]


ROWS = [256 * 4**j for j in range(5)]
WIDTHS = [256 * 2**j for j in range(5)]
FILES = "arXiv 2510.00504, figure 5, from the authors' result files"

FIGURE = Figure(
    name="scaling_law",
    title="The scaling law before and after compression",
    source="arXiv 2510.00504, figure 5",
    presets={
        "smoke": _cells("data", [256, 512], 1, 10),
        "quick": _cells("data", ROWS, 7, 2048) + _cells("width", WIDTHS, 3, 2000),
    },
    compute=run,
    draw=draw,
    table=table,
    description=(
        "Test error against the number of training rows, and of neurons, on logarithmic axes. "
        "Written as 16 sqrt(d) weighted ones, the same objects give nearly the same error from far "
        "fewer, so the line is about twice as steep; random rows only continue the old law. Both "
        "laws of the data bend at the end, where the number of training steps is the limit."
    ),
    published=(
        Published("exponent of the data, before", 0.683, FILES,
                  lambda results: exponent(results, "data", "all", "d")),
        Published("exponent of the data, after", 1.271, FILES,
                  lambda results: exponent(results, "data", "moments", "size")),
        Published("exponent of the width, before (here: easier target, fewer steps)", 0.308, FILES,
                  lambda results: exponent(results, "width", "all", "d")),
        Published("exponent of the width, after (here: easier target, fewer steps)", 0.607, FILES,
                  lambda results: exponent(results, "width", "moments", "size")),
    ),
)  # fmt: skip
