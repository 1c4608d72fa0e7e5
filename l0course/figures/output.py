"""What a recorded figure becomes: files for a paper, and our numbers beside the published ones.

The same records give the same bytes.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
from matplotlib.figure import Figure as Picture

from ..whole_file import write_whole
from .registry import Figure, Results
from .style import STYLE, png, thin_markers

__all__ = ["COMPARED", "compared", "drawn", "in_words", "save"]

COMPARED = ["what", "published", "here", "source"]


def save(figure: Figure, preset: str, folder: Path) -> list[Path]:
    """Write a recorded figure as SVG, PDF, PNG and CSV; return the paths.

    If the figure has published numbers, a second table sets ours beside them.
    Raises StaleRecordError if a record is missing or may not be used.
    """
    results = figure.load(preset)
    named = {"Title": figure.title}
    files = {".csv": _csv(*figure.table(results))}
    if figure.published:
        files["_published.csv"] = _csv(COMPARED, compared(figure, results))
    with drawn(figure, results) as picture:
        for kind, undated in [
            ("svg", {"Date": None, "Description": figure.description}),
            ("pdf", {"CreationDate": None, "Subject": figure.description}),
        ]:
            buffer = io.BytesIO()
            picture.savefig(buffer, format=kind, metadata=named | undated)
            files[f".{kind}"] = buffer.getvalue()
        files[".png"] = png(picture)
    paths = [folder / f"{figure.name}{ending}" for ending in files]
    for path, content in zip(paths, files.values(), strict=True):
        write_whole(path, content)
    return paths


@contextmanager
def drawn(figure: Figure, results: Results) -> Iterator[Picture]:
    """The picture, in the look of the course; closed at the end."""
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": figure.name}):
        picture = figure.draw(results)
        try:
            thin_markers(picture)
            yield picture
        finally:
            plt.close(picture)


def compared(figure: Figure, results: Results) -> list[list[Any]]:
    """Rows of (what, published, here, source)."""
    return [
        [
            one.what,
            "not known to us" if one.value is None else one.value,
            "not in this preset" if (ours := one.ours(results)) is None else ours,
            one.source,
        ]
        for one in figure.published
    ]


def in_words(value: Any) -> str:
    """A value for a reader: numbers with four digits.

    >>> in_words(0.012345678), in_words(266610), in_words("not known to us")
    ('0.01235', '266,610', 'not known to us')
    """
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _csv(header: list[str], rows: list[list]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue().encode()
