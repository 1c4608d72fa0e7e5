"""Prequential codes of a text: the online loss curve, whose area is the length of the file.

The main paper sums the loss of each batch before the model is updated on it (its information under
the curve). Here every block is really coded with those probabilities, and decoded again.
"""

from __future__ import annotations

import time
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from ..text import decode, encode
from ..text.prequential import Prequential, code_lengths
from .registry import Figure
from .style import COLORS
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
    data = TEXTS[cell["text"]]()[: cell["bytes"]]
    times = [time.process_time()]
    blob = encode(data, mode="prequential", **cell["settings"])
    times.append(time.process_time())
    if decode(blob) != data:
        raise RuntimeError("the decoded text is another one")
    times.append(time.process_time())
    return {
        "total_bytes": len(blob),
        "encode_seconds": round(times[1] - times[0], 1),
        "decode_seconds": round(times[2] - times[1], 1),
        "curve": curve(*code_lengths(data, Prequential(**cell["settings"]))),
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
    """The curves of the longest text; the area under the lowest one is shaded."""
    longest = max(cell["bytes"] for cell, _ in results)
    mine = [(cell["settings"]["model"], r) for cell, r in results if cell["bytes"] == longest]
    figure, axis = plt.subplots(figsize=(6.8, 3.8))
    for model, result in mine:
        colour, line = LOOKS[model]
        size, bits = np.array(result["curve"]).T
        label = f"{model}: {result['total_bytes']:,} bytes"
        axis.step(
            size / 1000, bits, line, where="pre", color=COLORS[colour], marker="", label=label
        )
    best = min((result for _, result in mine), key=lambda result: result["total_bytes"])
    size, bits = np.array(best["curve"]).T
    axis.fill_between(size / 1000, bits, step="pre", color="0.9", label="area = smallest file")
    axis.set(
        xlabel="text so far (kB)", ylabel="bits a byte, before learning from it", ylim=(0, 8.5),
        xlim=(0, longest / 1000),
    )  # fmt: skip
    axis.legend()
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
        "Bits that each further part of the text takes, with what was learnt before it: the online "
        "loss curve. The area under a curve is the length of the real file. It falls steeply at "
        "first and goes on falling to the end; the shaded area is that of the smallest file."
    ),
    table=table,
    times=("encode_seconds", "decode_seconds"),
)
