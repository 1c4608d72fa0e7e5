"""What general-purpose compressors make of a text, of its beginning, and of random bytes.

LZMA2 stands twice: as the main paper uses it, a new .xz stream for every 512 bytes, and on the
whole text, as anyone would use it.
"""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from ..compressors import COMPRESSORS, compressed_sizes
from ..texts import english, random_bytes, wikipedia
from .registry import Figure, Published
from .style import COLORS

Results = list[tuple[dict[str, Any], dict[str, int]]]
TEXTS = {"wikipedia": wikipedia, "english": english}
LOOKS = {"wikipedia": ("blue", "o"), "english": ("orange", "^"), "random": ("black", "X")}


def run(cell: dict[str, Any]) -> dict[str, int]:
    """Bytes of each compressor's file."""
    if cell["text"] == "random":
        return compressed_sizes(random_bytes(cell["bytes"], cell["seed"]))
    return compressed_sizes(TEXTS[cell["text"]]()[: cell["bytes"]])


def draw(results: Results) -> plt.Figure:
    """Bits a byte of each compressor, for the longest piece of each text."""
    figure, axis = plt.subplots(figsize=(5.8, 3.2))
    names = list(COMPRESSORS)
    for text, (colour, marker) in LOOKS.items():
        mine = [pair for pair in results if pair[0]["text"] == text]
        if mine:
            cell, result = max(mine, key=lambda pair: pair[0]["bytes"])
            bits = [8 * result[name] / cell["bytes"] for name in names]
            label = f"{text}, {cell['bytes'] / 1000:,.0f} kB"
            axis.plot(bits, np.arange(len(names)), marker, color=COLORS[colour], label=label)
    axis.set_yticks(np.arange(len(names)), names)
    axis.set(xlabel="bits a byte", xlim=(0, None))
    axis.legend()
    return figure


def table(results: Results) -> tuple[list[str], list[list]]:
    rows = [[c["text"], c["bytes"], *(r[name] for name in COMPRESSORS)] for c, r in results]
    return ["text", "bytes", *COMPRESSORS], rows


def cells(sizes: dict[str, list[int]]) -> list[dict[str, Any]]:
    return [{"text": text, "bytes": n, "seed": 0} for text, many in sizes.items() for n in many]


def _chunked(results: Results) -> str | None:
    shares = [100 * r["xz, chunks"] / c["bytes"] for c, r in results if c["text"] == "wikipedia"]
    return f"{shares[0]:.1f} % of the text (2.4 MB)" if shares else None


FIGURE = Figure(
    name="text_compressors",
    title="Text in general-purpose compressors",
    source="main paper, arXiv 2505.17469, table of conventional compressors (values unknown to us)",
    presets={
        "smoke": cells({"english": [20_000], "random": [5000]}),
        "paper": cells(
            {
                "wikipedia": [2_378_130, 1_000_000, 300_000, 150_000, 100_000, 30_000, 10_000],
                "english": [437_327],
                "random": [100_000],
            }
        ),
    },
    compute=run,
    draw=draw,
    description=(
        "Bits a byte that seven compressors need for Wikipedia articles, for English prose about "
        "mathematics, and for random bytes. LZMA2 in chunks of 512 bytes, the main paper's "
        "baseline, needs three times the bits of LZMA2 on the whole text; PPMd needs the "
        "fewest; random bytes take a little more than 8 bits each with all of them."
    ),
    table=table,
    published=(Published("LZMA2 in chunks of 512 bytes", None, "main paper, Table 2", _chunked),),
)
