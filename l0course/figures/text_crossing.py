"""Two-part against prequential codes as a text grows: where do they cross, and why?

Every cell is a real file of the first bytes of a text, made by `l0course.text.encode` and decoded
again. The prequential code of the same transformer pays for no model, but codes the beginning of
the text with one that has not learnt yet. The main paper leaves the comparison open (its fourth
question).
"""

from __future__ import annotations

import time
from typing import Any

import matplotlib.pyplot as plt

from ..text import container, decode, encode
from ..text.two_part import model_bytes
from .registry import Figure
from .style import COLORS, plain_ticks
from .text_compressors import TEXTS

Results = list[tuple[dict[str, Any], dict[str, Any]]]
LOOKS = {  # (mode, model or width): label, colour, marker, line
    ("two-part", 32): ("two-part, width 32", "vermillion", "s", "--"),
    ("two-part", 64): ("two-part, width 64", "orange", "D", "--"),
    ("prequential", 32): ("prequential, width 32", "sky", "o", "-"),
    ("prequential", 64): ("prequential, width 64", "blue", "^", "-"),
    ("prequential", "contexts"): ("contexts alone", "green", "P", ":"),
    ("prequential", "mixed"): ("contexts and transformer", "purple", "v", ":"),
}


def run(cell: dict[str, Any]) -> dict[str, Any]:
    """Encode, decode, compare; sizes in bytes, seconds of processor time."""
    data = TEXTS[cell["text"]]()[: cell["bytes"]]
    times = [time.process_time()]
    blob = encode(data, mode=cell["mode"], **cell["settings"])
    times.append(time.process_time())
    if decode(blob) != data:
        raise RuntimeError("the decoded text is another one")
    times.append(time.process_time())
    model = model_bytes(container.examine(blob).code) if cell["mode"] == "two-part" else 0
    return {
        "total_bytes": len(blob),
        "model_bytes": model,
        "encode_seconds": round(times[1] - times[0], 2),
        "decode_seconds": round(times[2] - times[1], 2),
    }


def kind(cell: dict[str, Any]) -> tuple[str, str | int]:
    """What makes a line of the picture: the mode, and the model or its width."""
    settings = cell["settings"]
    model = settings.get("model", "transformer")
    return cell["mode"], settings["width"] if model == "transformer" else model


def draw(results: Results) -> plt.Figure:
    """Bits a byte of the whole file against the bytes of the text."""
    figure, axis = plt.subplots(figsize=(5.6, 3.4))
    for one, (label, colour, marker, line) in LOOKS.items():
        mine = sorted((c["bytes"], r["total_bytes"]) for c, r in results if kind(c) == one)
        if mine:
            sizes, files = zip(*mine, strict=True)
            bits = [8 * b / n for n, b in mine]
            axis.plot(sizes, bits, line, color=COLORS[colour], marker=marker, label=label)
    axis.axhline(8, color="0.5", lw=1, marker="", ls="-")
    axis.set(xscale="log", xlabel="text (bytes)", ylabel="file (bits a byte of text)")
    plain_ticks(axis.xaxis, [d * 10**n for n in range(2, 8) for d in (1, 3)])
    axis.legend(fontsize=9)
    return figure


def table(results: Results) -> tuple[list[str], list[list]]:
    names = list(results[0][1])
    rows = [[c["text"], c["bytes"], *kind(c), *(r[n] for n in names)] for c, r in results]
    return ["text", "bytes", "mode", "model or width", *names], rows


def cells(text: str, sizes: list[int], settings: list[tuple[str, dict]]) -> list[dict[str, Any]]:
    return [
        {"text": text, "bytes": n, "mode": mode, "settings": chosen}
        for n in sizes
        for mode, chosen in settings
    ]


W32 = {"width": 32, "layers": 2, "heads": 2, "context": 128, "seed": 0}
W64 = {"width": 64, "layers": 4, "heads": 4, "context": 128, "seed": 0}
ALL = [
    ("two-part", {**W32, "epochs": 30}),
    ("two-part", {**W64, "epochs": 30}),
    ("prequential", {**W32, "model": "transformer"}),
    ("prequential", {**W64, "model": "transformer"}),
    ("prequential", {"model": "contexts"}),
    ("prequential", {**W64, "model": "mixed", "layers": 2}),
]
TINY = {"width": 8, "layers": 1, "heads": 1, "context": 32, "seed": 0}

FIGURE = Figure(
    name="text_crossing",
    title="Two-part against prequential codes, as the text grows",
    source="main paper, arXiv 2505.17469, fourth open question",
    presets={
        "smoke": cells(
            "english", [2000],
            [("two-part", {**TINY, "epochs": 5}), ("prequential", {"model": "contexts"})],
        ),
        "paper": cells("wikipedia", [3000, 10_000, 30_000, 100_000], ALL)
        + cells("wikipedia", [300_000], [one for one in ALL if one[1].get("layers") != 4]),
    },  # fmt: skip
    compute=run,
    draw=draw,
    description=(
        "Bits of the whole file for a byte of text, against the length of the text. A transformer "
        "that learns along (solid) makes shorter files than one that is sent (dashed), by less and "
        "less as the text grows. Contexts (dotted), alone or mixed with a transformer, lie lowest."
    ),
    table=table,
    times=("encode_seconds", "decode_seconds"),
)  # fmt: skip
