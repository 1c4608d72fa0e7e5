"""Two-part codes of a text: bytes of the model against bytes of the text, for every penalty.

Every cell trains a transformer on the text, prunes it or not, gives its weights few values, which
are trained too, and writes the real file: the model, and the text coded by it. `published_bytes` is
the description length as the main paper counts it: four bytes a live weight, no position, and the
ideal code of the text (fact: its code takes the mean loss of the training text).
"""

from __future__ import annotations

import math
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import MaxNLocator

from ..byte_transformer import byte_rows, next_byte_loss
from ..evaluation import mean_loss
from ..pruning import count_nonzero
from ..quantization import quantize
from ..text.two_part import model_bytes, write
from .registry import Figure
from .style import COLORS, plain_ticks
from .text_models import Cell, judged, text_of, trained

Results = list[tuple[Cell, dict[str, Any]]]
STYLE = {  # method: colour, marker
    "dense": ("black", "*"),
    "magnitude": ("black", "v"),
    "DRR": ("orange", "^"),
    "R-L1": ("green", "s"),
    "PMMP, exact": ("blue", "o"),
}


def run(cell: Cell) -> dict[str, Any]:
    """Train, write the file, and say what its bytes are; `loss_bits` are bits a byte of text."""
    data = text_of(cell)
    model, minutes = trained(cell)
    x, y = byte_rows(data, model.context)
    few_values = quantize(
        model, (x, y), judged(x, y), **cell["file"], loss=next_byte_loss, batch_size=4,
        seed=cell["seed"], progress=False,
    )  # fmt: skip
    code = write(data, few_values, bits=5, streams=64)  # up to 32 values are kept
    size, live = model_bytes(code), count_nonzero(model)
    nats = mean_loss(model, (x[:-1], y[:-1]), next_byte_loss)  # the last row is padded
    return {
        "model_bytes": size,
        "data_bytes": len(code) - size,
        "total_bytes": len(code),
        "nonzero": live,
        "loss_bits": round(nats / math.log(2), 5),
        "published_bytes": round(4 * live + len(data) * nats / math.log(2) / 8),
        "train_minutes": round(minutes, 3),
    }


def price(cell: Cell) -> float:
    """What the strength says a live weight is worth: alpha * n / ln 2, in bits of the text's code.

    >>> round(price({"alpha": 1e-4, "bytes": 100_000}), 1)
    14.4
    """
    return cell.get("alpha", 0.0) * cell["bytes"] / math.log(2)


def draw(results: Results) -> plt.Figure:
    """Left: bits a byte against the model's bytes, with lines of equal sums. Right: the sum.

    Its horizontal axis is the price of a live weight or, where cells differ in it, the number of
    values that weights may take.
    """
    size = results[0][0]["bytes"]
    by_levels = len({cell["file"]["levels"] for cell, _ in results}) > 1
    figure, (left, right) = plt.subplots(1, 2, figsize=(6.4, 2.9))
    seen: set[str] = set()
    for (method, bits), points in _series(results, by_levels).items():
        colour, marker = STYLE[method]
        x, model, data = np.array(sorted(points)).T
        label = f"{method}, {bits:.0f} bits" if bits else method
        look = {"color": COLORS[colour], "marker": marker, "label": label}
        if method in seen:
            look["mfc"] = "white"  # a second price of the same method
        seen.add(method)
        left.plot(model / 1000, 8 * data / size, ":", **look)
        if x.any():
            right.plot(x, (model + data) / 1000, "-", **look)
        else:
            line = "--" if method == "dense" else ":"
            right.axhline(float((model + data)[0]) / 1000, ls=line, marker="", color=COLORS[colour])
            right.plot([], [], line, **look)
    left.set(xscale="log", xlabel="model (kB of the file)", ylabel="text (bits a byte)")
    _equal_sums(left, size)
    varied = "values of a weight" if by_levels else "price of a live weight, αn / ln 2 (bits)"
    right.set(xscale="log", xlabel=varied, ylabel="whole file (kB)")
    plain_ticks(left.xaxis, [d * 10**n for n in range(4) for d in (1, 2, 5)])
    plain_ticks(right.xaxis, (2, 4, 8, 16, 32) if by_levels else (0.5, 1, 2, 5, 10, 20, 50, 100))
    if by_levels:  # the lines cross all of it: the legend stands above them
        right.set_ylim(top=1.3 * right.get_ylim()[1])
        right.legend(fontsize=8, loc="upper center", ncols=2)
    else:
        right.legend(fontsize=8, loc="upper right", bbox_to_anchor=(1, 0.79))  # below dense
    return figure


def _series(results: Results, by_levels: bool) -> dict[tuple[str, float], list]:
    """Points of each line: (what varies, the model's bytes, the text's bytes)."""
    order = sorted(results, key=lambda one: (list(STYLE).index(one[0]["method"]), price(one[0])))
    found: dict[tuple[str, float], list] = {}
    for cell, r in order:
        bits = price(cell)
        line, x = (bits, cell["file"]["levels"]) if by_levels else (0.0, bits)
        points = found.setdefault((cell["method"], line), [])
        points.append((x, r["model_bytes"], r["data_bytes"]))
    return found


def _equal_sums(axis: plt.Axes, size: int) -> None:
    """Lines along which model and text together have the same number of bytes, written above."""
    (low, high), (bottom, top) = axis.get_xlim(), axis.get_ylim()
    model = np.geomspace(low, high, 200)
    sums = size / 8000 * np.array([bottom, top]) + [low, high]  # kB, at two corners
    written = low
    for total in MaxNLocator(8).tick_values(*sums):
        look = {"color": "0.6", "lw": 0.8, "ls": "-", "marker": "", "zorder": 0}
        axis.plot(model, 8 * (total - model) / size * 1000, **look)
        meets = total - size / 8000 * top
        if 1.5 * written < meets < high:
            axis.text(meets, top, f"{total:.0f}", size=9, color="0.35", ha="center", va="bottom")
            written = meets
    axis.set(xlim=(low, high), ylim=(bottom, top))
    axis.set_title("lines: whole file (kB)", fontsize=9, color="0.35", pad=16)


def table(results: Results) -> tuple[list[str], list[list]]:
    names = list(results[0][1])
    rows = [
        [c["text"], c["bytes"], c["model"]["width"], c["method"], c.get("alpha", "")]
        + [c["file"]["levels"], c["seed"], *(r[name] for name in names)]
        for c, r in results
    ]
    return ["text", "bytes", "width", "method", "alpha", "levels", "seed", *names], rows


def cells(
    text: str,
    size: int,
    model: dict,
    schedule: dict,
    prices: dict[str, list[float]],
    rounding: dict[str, float],
    levels: tuple[int, ...] = (32,),
) -> list[Cell]:
    """Each method at its prices, in bits a live weight; alpha = price * ln 2 / n, to one digit.

    The weights then get so many `levels`; `rounding` are the settings of that training.
    """
    made = []
    for few in levels:
        for method, bits in prices.items():
            for b in bits:
                one = {"text": text, "bytes": size, "model": model, "method": method, "seed": 0}
                one["file"] = {"levels": few, **rounding}
                if method != "dense":
                    one["alpha"] = float(f"{b * math.log(2) / size:.1g}")
                made.append(one | {"schedule": schedule})
    return made


TINY = {"width": 16, "layers": 1, "heads": 2, "context": 64}
SMALL = {"width": 64, "layers": 4, "heads": 4, "context": 128}  # 232,960 parameters, as published
LARGE = {"width": 128, "layers": 4, "heads": 4, "context": 128}  # 858,880
V1 = {"width": 256, "layers": 5, "heads": 8, "context": 2048}  # 4,080,128: the main paper's first
FEW = {"warmup": 1, "regularize": 2, "finetune": 1, "lr": 1e-2, "batch_size": 8, "tolerance": 0.05}
LONG = {
    "warmup": 2, "regularize": 7, "finetune": 4, "lr": 2e-3, "batch_size": 4, "tolerance": 0.01,
    "ramp": 0.5,
}  # fmt: skip
SIX = {
    "warmup": 1, "regularize": 3, "finetune": 2, "lr": 2e-3, "batch_size": 4, "tolerance": 0.01,
    "ramp": 0.5,
}  # fmt: skip
PART, WHOLE = ("wikipedia", 150_000), ("wikipedia", 2_378_130)
ONCE, TWICE, GENTLE = {"epochs": 1}, {"epochs": 2}, {"epochs": 1, "lr": 1e-3}

FIGURE = Figure(
    name="text_two_part",
    title="Two-part codes of a text: the model's bytes and the text's",
    source="main paper, arXiv 2505.17469, its transformers (values unknown to us)",
    presets={
        "smoke": cells("english", 5000, TINY, FEW, {"dense": [0], "DRR": [8]}, ONCE),
        "alphas": cells(
            *PART, SMALL, LONG,
            {
                "dense": [0], "magnitude": [0], "DRR": [5, 10, 20, 50, 100, 200],
                "R-L1": [5, 20, 50, 200], "PMMP, exact": [5, 20, 50, 100],
            },
            rounding=TWICE,
        ),
        "wikipedia": cells(*WHOLE, SMALL, SIX, {"dense": [0], "DRR": [50]}, ONCE),
        "levels": cells(
            *PART, SMALL, LONG, {"dense": [0], "DRR": [20, 50], "PMMP, exact": [20]},
            rounding=TWICE, levels=(32, 16, 8, 4, 2),
        ),
        "large": cells(*WHOLE, LARGE, SIX, {"dense": [0], "DRR": [50]}, ONCE, (32, 16))
        + cells(*WHOLE, LARGE, SIX, {"DRR": [100]}, ONCE),
        "gentle": cells(*WHOLE, LARGE, SIX, {"DRR": [100]}, GENTLE)
        + cells(*WHOLE, LARGE, SIX, {"dense": [0]}, GENTLE, (16, 8, 4)),
        "paper": cells(
            *WHOLE, V1, LONG, {"dense": [0], "DRR": [5, 10, 20], "R-L1": [5, 10]}, TWICE
        ),
    },  # fmt: skip
    compute=run,
    draw=draw,
    description=(
        "Real files of one text, each with its transformer. Left: the text's bits a byte against "
        "the model's bytes; along a thin line the whole file has the same size. Right: the whole "
        "file against the price of a live weight, or the number of its values. With 32 values it "
        "is largest without a penalty (dashed, dotted): most weights do not earn their bits."
    ),
    table=table,
)  # fmt: skip
