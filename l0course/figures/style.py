"""One look for every figure: colours, text sizes, and pictures that carry their own words."""

from __future__ import annotations

import base64
import io
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
from cycler import cycler
from IPython.display import display
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.transforms import Bbox
from PIL import Image

__all__ = [
    "COLORS",
    "STYLE",
    "Picture",
    "check_description",
    "plain_ticks",
    "png",
    "show",
    "thin_markers",
    "use_style",
]

COLORS: dict[str, str] = {
    "black": "#000000",
    "orange": "#E69F00",
    "sky": "#56B4E9",
    "green": "#009E73",
    "yellow": "#F0E442",
    "blue": "#0072B2",
    "vermillion": "#D55E00",
    "purple": "#CC79A7",
}
"""The palette of Okabe and Ito ("Color universal design", 2008), by name."""

# Yellow is left out of the lines: on white it is too pale to see.
_SERIES = [
    ("blue", "o", "-"),
    ("vermillion", "s", "--"),
    ("green", "^", "-."),
    ("orange", "D", ":"),
    ("purple", "v", (0, (6, 1))),
    ("sky", "P", (0, (3, 1, 1, 1, 1, 1))),
    ("black", "X", (0, (1, 1))),
]

STYLE: dict[str, Any] = {
    "axes.prop_cycle": cycler(color=[COLORS[name] for name, _, _ in _SERIES])
    + cycler(marker=[marker for _, marker, _ in _SERIES])
    + cycler(linestyle=[line for _, _, line in _SERIES]),
    "figure.figsize": (6.4, 3.6),
    "figure.dpi": 90,
    "figure.facecolor": "white",
    "figure.constrained_layout.use": True,
    "savefig.facecolor": "white",
    "axes.facecolor": "white",
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.8,
    "lines.markersize": 5,
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.labelsize": 10,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "legend.fontsize": 9,
    "figure.titlesize": 12,
}
"""The settings of matplotlib that give the look; ``with plt.rc_context(STYLE):`` is a local use."""


def use_style() -> None:
    """Give every later figure of this session the look of the course.

    Examples
    --------
    >>> use_style()
    >>> plt.rcParams["figure.facecolor"]
    'white'
    """
    mpl.rcParams.update(STYLE)


@dataclass(frozen=True)
class Picture:
    """A picture and its words, as one output of a notebook cell.

    A notebook shows the PNG; a terminal and a screen reader get the words.

    Examples
    --------
    >>> Picture(b"", "A line that rises.")
    A line that rises.
    """

    data: bytes = field(repr=False)
    words: str

    def __repr__(self) -> str:
        return self.words

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> tuple[dict[str, str], dict[str, Any]]:
        bundle = {"image/png": base64.b64encode(self.data).decode(), "text/plain": self.words}
        return bundle, {"image/png": {"alt": self.words}}


def check_description(text: str) -> str:
    """Return the description on one line, or raise ValueError if it is under 60 characters.

    Examples
    --------
    >>> check_description("A line.")
    Traceback (most recent call last):
    ...
    ValueError: a description needs 60 characters or more, and this one has 7 ('A line.'): \
say what is seen and what it means
    """
    text = " ".join(text.split())
    if len(text) < 60:
        raise ValueError(
            f"a description needs 60 characters or more, and this one has {len(text)} "
            f"({text!r}): say what is seen and what it means"
        )
    return text


def thin_markers(fig: Figure) -> None:
    """Give a line of many points a marker at each tenth of its axes only.

    `png` and `show` do this; call it before saving a figure in another form.

    Examples
    --------
    >>> fig = Figure()
    >>> line, = fig.add_subplot().plot(range(100), marker="o")
    >>> thin_markers(fig)
    >>> line.get_markevery()
    0.1
    """
    for line in fig.findobj(Line2D):
        drawn = line.get_linestyle() != "None" and line.get_markevery() is None
        if drawn and len(line.get_xdata(orig=False)) > 30:
            line.set_markevery(0.1)


def png(fig: Figure, caption: str = "", *, dpi: int = 90) -> bytes:
    """Draw a figure as PNG bytes, with its caption wrapped underneath.

    The background is white and opaque, so that the picture reads on a dark page. The same figure
    gives the same bytes (for one version of matplotlib).

    Parameters
    ----------
    fig : matplotlib Figure
    caption : str
        Plain text; not part of the picture if empty.
    dpi : int
        Pixels per inch.

    Examples
    --------
    >>> png(Figure(figsize=(2, 1)), "An empty figure.")[1:4]
    b'PNG'
    """
    width, height = fig.get_size_inches()
    below = 0.0
    thin_markers(fig)
    note = fig.text(0.1 / width, -0.08 / height, "", va="top", parse_math=False)
    note.set(in_layout=False, fontsize=9, color="#333333", linespacing=1.35)
    if caption:
        columns = int(18 * width)
        note.set_text(textwrap.fill(caption, columns))
        while note.get_window_extent().width > (width - 0.2) * fig.dpi and columns > 10:
            columns -= 1
            note.set_text(textwrap.fill(caption, columns))
        below = note.get_window_extent().height / fig.dpi + 0.2
    buffer = io.BytesIO()
    fig.savefig(
        buffer,
        format="png",
        dpi=dpi,
        bbox_inches=Bbox([[0, -below], [width, height]]),
        facecolor="white",
    )
    note.remove()
    small = io.BytesIO()  # 256 colours are enough, and a third of the bytes
    whole = Image.open(buffer).convert("RGB")
    way = Image.Quantize.MAXCOVERAGE  # keeps rare colours: no bands in a colour map
    whole.quantize(256, method=way, dither=Image.Dither.NONE).save(
        small, format="png", optimize=True
    )
    return small.getvalue()


def show(fig: Figure, description: str) -> None:
    """Show a figure once: the picture with its caption, and the same words as text.

    The figure is closed.

    Parameters
    ----------
    fig : matplotlib Figure
    description : str
        What is seen and what it means, in 60 characters or more.

    Raises
    ------
    ValueError
        If the description is too short.

    Examples
    --------
    >>> words = "A straight line through the origin: the output doubles when the input doubles."
    >>> show(plt.figure(), words)
    A straight line through the origin: the output doubles when the input doubles.
    """
    words = check_description(description)
    display(Picture(png(fig, words), words))
    plt.close(fig)


def plain_ticks(axis: Axis, ticks: Sequence[float]) -> None:
    """Those ticks that lie inside the limits, as plain numbers, and no others: for logarithms.

    >>> figure, axes = plt.subplots()
    >>> _ = axes.set(xscale="log", xlim=(3, 70))
    >>> plain_ticks(axes.xaxis, (1, 10, 50, 100))
    >>> [label.get_text() for label in axes.get_xticklabels()]
    ['10', '50']
    """
    low, high = sorted(axis.get_view_interval())
    inside = [t for t in ticks if low <= t <= high]
    axis.set_ticks(inside, [f"{t:g}" for t in inside])
    axis.set_ticks([], minor=True)
