"""Where the bytes of a compressed file go, for any model: a picture and its words."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from torch import nn

from ..codec import file_report, load_compressed
from .style import COLORS

__all__ = ["file_bytes", "file_bytes_in_words"]

PARTS = {  # part -> (legend, colour, hatch)
    "support": ("positions", "blue", ""),
    "values": ("values", "orange", "//"),
    "buffers": ("buffers", "green", ".."),
    "rest": ("header, checksum", "purple", "xx"),
}
MOST_BARS = 14


@dataclass(frozen=True)
class _Bar:
    """One tensor, or several small ones, or what belongs to none."""

    name: str
    bytes: dict[str, float]  # by part
    live: int = 0
    numbers: int = 0

    @property
    def total(self) -> float:
        return sum(self.bytes.values())

    def label(self) -> str:
        text = f"{self.total:,.0f}"
        if self.numbers:
            text += f"  ({self.live:,} of {self.numbers:,} live)"
        return text


def file_bytes(path: str | Path, model: nn.Module) -> Figure:
    """Draw where the bytes of a file of `save_compressed` go: one bar for each tensor.

    Parameters
    ----------
    path : str or Path
    model : nn.Module
        Of the architecture in the file; it stays as it is. If there are more than 14 bars, the
        shortest are drawn as one.

    Raises
    ------
    ValueError
        As `load_compressed`: if the file is corrupt or of another model.

    Examples
    --------
    >>> import tempfile
    >>> from l0course import MLP
    >>> from l0course.codec import save_compressed
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     size = save_compressed(MLP((9, 5, 2), seed=0), f"{folder}/a.l0", bits=3)
    ...     figure = file_bytes(f"{folder}/a.l0", MLP((9, 5, 2), seed=1))
    >>> [text.get_text() for text in figure.axes[0].get_yticklabels()]
    ['0.weight', '0.bias', '2.weight', '2.bias', 'whole file']
    >>> plt.close(figure)
    """
    bars = _merged(_bars(path, model))
    figure, axis = plt.subplots(figsize=(7.6, 1.3 + 0.3 * len(bars)), layout="constrained")
    places = range(len(bars))
    for part, (legend, colour, hatch) in PARTS.items():
        widths = [bar.bytes.get(part, 0.0) for bar in bars]
        left = [_before(bar, part) for bar in bars]
        if any(widths):
            axis.barh(
                places,
                widths,
                left=left,
                label=legend,
                color=COLORS[colour],
                hatch=hatch,
                edgecolor="white",
                linewidth=0.5,
            )
    longest = max(bar.total for bar in bars)
    for place, bar in zip(places, bars, strict=True):
        axis.annotate(
            bar.label(),
            (bar.total, place),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )
    size = sum(bar.total for bar in bars)
    axis.set(xlim=(0, 1.5 * longest), xlabel="bytes", title=f"A file of {size:,.0f} bytes")
    axis.set_yticks(places, [bar.name for bar in bars])
    axis.invert_yaxis()
    axis.grid(axis="y", visible=False)
    axis.legend(loc="lower right")
    return figure


def file_bytes_in_words(path: str | Path, model: nn.Module) -> str:
    """What `file_bytes` shows, as a description: sums over the file and the largest tensor.

    Arguments and errors as there.
    """
    bars = _bars(path, model)
    size, live = sum(bar.total for bar in bars), sum(bar.live for bar in bars)
    sums = {part: sum(bar.bytes.get(part, 0.0) for bar in bars) for part in PARTS}
    shares = [
        f"{legend} {sums[part]:,.0f} ({sums[part] / size:.0%})"
        for part, (legend, *_) in PARTS.items()
        if sums[part] > 0
    ]
    most = max(bars, key=lambda bar: bar.total)
    each = f", {8 * size / live:.1f} bits for each of {live:,} live weights" if live else ""
    return (
        f"Where the {size:,.0f} bytes of the file go{each}: {', '.join(shares)}. The longest of "
        f"the bars is {most.name} with {most.total:,.0f} bytes ({most.total / size:.0%})."
    )


def _bars(path: str | Path, model: nn.Module) -> list[_Bar]:
    """One bar for each tensor in the file, in the model's order, and one for the rest."""
    twin = load_compressed(path, copy.deepcopy(model))
    weights = {n: p for n, p in twin.named_parameters() if p.is_floating_point()}
    parts: dict[str, dict[str, float]] = {}
    for name, part, count in file_report(path, model):
        of_tensor = parts.setdefault(name, {})
        part = part if name else "rest"
        of_tensor[part] = of_tensor.get(part, 0.0) + count
    whole = _Bar("whole file", parts.pop(""))
    bars = []
    for name, by_part in parts.items():
        p = weights.get(name)
        live, numbers = (0, 0) if p is None else (int(p.count_nonzero()), p.numel())
        bars.append(_Bar(name, by_part, live, numbers))
    return [*bars, whole]


def _merged(bars: list[_Bar]) -> list[_Bar]:
    """At most MOST_BARS: the shortest tensors become one."""
    *tensors, whole = bars
    if len(bars) <= MOST_BARS:
        return bars
    kept = sorted(tensors, key=lambda bar: -bar.total)[: MOST_BARS - 2]
    others = [bar for bar in tensors if bar not in kept]
    sums = {part: sum(bar.bytes.get(part, 0.0) for bar in others) for part in PARTS}
    live, numbers = sum(bar.live for bar in others), sum(bar.numbers for bar in others)
    rest = _Bar(f"{len(others)} others", sums, live, numbers)
    return [*(bar for bar in tensors if bar in kept), rest, whole]


def _before(bar: _Bar, part: str) -> float:
    """Where the piece of a part begins."""
    names = list(PARTS)
    return sum(bar.bytes.get(name, 0.0) for name in names[: names.index(part)])
