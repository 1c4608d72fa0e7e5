"""Prequential codes of a text: the online loss curve, whose area is the length of the file.

The main paper sums the loss of each batch before the model is updated on it (its information under
the curve). Here every block is really coded with those probabilities, and decoded again.
"""

from __future__ import annotations

import time
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from ..text.container import decode, file_of
from ..text.prequential import Prequential, written
from .registry import Figure
from .style import COLORS, plain_ticks
from .text_compressors import TEXTS

Results = list[tuple[dict[str, Any], dict[str, Any]]]
LOOKS = {  # model: colour, line
    "transformer": ("blue", "-"),
    "contexts": ("green", "--"),
    "mixed": ("purple", "-."),
}
POINTS = 60  # of a curve


def run(cell: dict[str, Any]) -> dict[str, Any]:
    """Encode, decode, compare; the curve has [bytes so far, bits a byte since the last point]."""
    data, settings = TEXTS[cell["text"]]()[: cell["bytes"]], Prequential(**cell["settings"])
    times = [time.process_time()]
    code = written(data, settings)
    blob = file_of(data, "prequential", settings, code.code())
    times.append(time.process_time())
    if decode(blob) != data:
        raise RuntimeError("the decoded text is another one")
    times.append(time.process_time())
    return {
        "total_bytes": len(blob),
        "encode_seconds": round(times[1] - times[0], 1),
        "decode_seconds": round(times[2] - times[1], 1),
        "curve": curve(*code.lengths()),
    }


def curve(sizes: np.ndarray, bits: np.ndarray) -> list[list[float]]:
    """[bytes so far, bits a byte since the last point] at up to 60 places.

    >>> curve(np.array([10, 10, 20]), np.array([80.0, 60.0, 80.0]))
    [[10, 8.0], [20, 6.0], [40, 4.0]]
    """
    ends = np.unique(np.linspace(0, len(sizes), POINTS + 1).astype(int))[1:]
    so_far, spent = np.cumsum(sizes)[ends - 1], np.cumsum(bits)[ends - 1]
    slopes = np.diff(spent, prepend=0) / np.diff(so_far, prepend=0)
    return [[int(n), round(float(b), 4)] for n, b in zip(so_far, slopes, strict=True)]


def draw(results: Results) -> plt.Figure:
    """Curves of the longest text. Left, the area of the lowest; right, a logarithmic axis."""
    longest = max(cell["bytes"] for cell, _ in results)
    mine = [(cell["settings"]["model"], r) for cell, r in results if cell["bytes"] == longest]
    figure, axes = plt.subplots(1, 2, figsize=(7.0, 3.1), sharey=True)
    for model, result in mine:
        colour, line = LOOKS[model]
        size, bits = np.array(result["curve"]).T
        look = {"where": "pre", "color": COLORS[colour], "marker": ""}
        label = f"{model}: {result['total_bytes']:,} bytes"
        for axis in axes:
            axis.step([0.1, *size / 1000], [bits[0], *bits], line, label=label, **look)
    best = min((result for _, result in mine), key=lambda result: result["total_bytes"])
    size, bits = np.array(best["curve"]).T
    axes[0].fill_between(
        [0, *size / 1000], [bits[0], *bits], step="pre", color="0.85", label="area: smallest file"
    )
    axes[0].set(
        xlabel="text so far (kB)", ylabel="bits a byte, before learning from it",
        xlim=(0, longest / 1000), ylim=(0, None),
    )  # fmt: skip
    first = min(result["curve"][0][0] for _, result in mine)
    axes[1].set(
        xscale="log", xlabel="text so far (kB)", xlim=(first / 2000, longest / 1000),
        ylabel="bits a byte",
    )  # fmt: skip
    plain_ticks(axes[1].xaxis, [10.0**n for n in range(-2, 5)])
    axes[0].legend()
    return figure


def table(results: Results) -> tuple[list[str], list[list]]:
    names = ["total_bytes", "encode_seconds", "decode_seconds"]
    rows = [
        [c["text"], c["bytes"], c["settings"]["model"], *(r[n] for n in names)] for c, r in results
    ]
    return ["text", "bytes", "model", *names], rows


def cells(text: str, size: int, settings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"text": text, "bytes": size, "settings": one} for one in settings]


TINY = {"width": 8, "layers": 1, "heads": 1, "context": 32, "updates": 4}
MODELS = [{"model": model} for model in ("contexts", "transformer", "mixed")]

FIGURE = Figure(
    name="text_prequential",
    title="Prequential codes of a text: bits a byte while it is learnt",
    source="main paper, arXiv 2505.17469, online description length (values unknown to us)",
    presets={
        "smoke": cells("english", 2000, [{"model": "contexts"}, {"model": "transformer", **TINY}]),
        "quick": cells("wikipedia", 300_000, MODELS),
        "paper": cells("wikipedia", 2_378_130, MODELS),
    },
    compute=run,
    draw=draw,
    description=(
        "Bits that each further part of the text takes, with what was learnt before it: the "
        "online loss curve; right, on a logarithmic axis. Its area is the length of the file. All "
        "fall steeply, then slowly to the end. The transformer begins highest, and stays above."
    ),
    table=table,
    times=("encode_seconds", "decode_seconds"),
)
