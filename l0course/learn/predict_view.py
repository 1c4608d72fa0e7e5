"""How a prediction looks: the question with its slider, and the guess drawn over the answer."""

from __future__ import annotations

import html
import math
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from l0course.figures.style import COLORS
from l0course.learn.choices import WRAP, choices

if TYPE_CHECKING:
    from l0course.learn.predict import Prediction

__all__ = ["Asked", "choice_picture", "line_picture", "number"]


class Asked:
    """The question as one output: the live slider or choices, and the words."""

    def __init__(self, asked: Prediction) -> None:
        self.asked = asked

    def __repr__(self) -> str:
        p = self.asked
        if p.choices:
            scope = "One of: " + "; ".join(p.choices)
        else:
            scope = f"From {number(p.low)} to {p.say(p.high)}"
        how = "Record a guess with the button, or type it: predict(..., guess=...)."
        if p.guess is not None:
            how = f"Your guess is {p.say(p.guess)}."
        return f"Predict: {p.question} {scope}. {how}"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        return dict(self._view()._repr_mimebundle_()) | {"text/plain": repr(self)}

    def _view(self) -> Any:
        import ipywidgets as widgets

        p = self.asked
        control = _control(p)
        button = widgets.Button(description="Record my guess", layout={"width": "auto"})
        said = widgets.HTML(
            f"Recorded: {html.escape(p.say(p.guess))}" if p.guess is not None else ""
        )

        def record(_: object) -> None:
            if control.value is None:
                said.value = "Choose one first."
                return
            p.record(control.value if p.choices else _rounded(p, control.value))
            said.value = f"Recorded: {html.escape(p.say(p.guess))}"

        button.on_click(record)
        question = widgets.HTMLMath(f"{WRAP}<b>Predict:</b> {html.escape(p.question)}")
        return widgets.VBox([question, control, widgets.HBox([button, said])])


def _control(p: Prediction) -> Any:
    """Radio buttons for choices, else a slider that starts in the middle."""
    import ipywidgets as widgets

    if p.choices:
        return choices(p.choices)
    look: dict[str, Any] = {
        "description": f"your guess ({p.unit})" if p.unit else "your guess",
        "style": {"description_width": "initial"},
        "layout": {"width": "auto", "max_width": "480px"},
    }
    if p.log:
        ends = math.log10(p.low), math.log10(p.high)
        middle = 10 ** (sum(ends) / 2)
        return widgets.FloatLogSlider(
            value=middle, min=ends[0], max=ends[1], step=0.01, readout_format=".3r", **look
        )
    step = _step(p.low, p.high)
    middle = step * round((p.low + p.high) / 2 / step)
    return widgets.FloatSlider(
        value=middle,
        min=p.low,
        max=p.high,
        step=step,
        readout_format=f".{_decimals(step)}f",
        **look,
    )


def _rounded(p: Prediction, value: float) -> float:
    """The number as the slider shows it."""
    return float(f"{value:.3g}") if p.log else round(value, _decimals(_step(p.low, p.high)))


def _step(low: float, high: float) -> float:
    """A power of ten that gives at least 50 steps; whole numbers where the ends are whole."""
    step = 10.0 ** math.floor(math.log10((high - low) / 50))
    whole = low == int(low) and high == int(high) and high - low >= 10
    return max(step, 1.0) if whole else step


def _decimals(step: float) -> int:
    return max(0, -math.floor(math.log10(step) + 1e-9))


def line_picture(p: Prediction, truth: float) -> Figure:
    """A number line with the answer, and the guess above it."""
    top = 0.6 if p.guess is None else 2  # room for the row of the guess
    fig = Figure(figsize=(6.4, 0.8 + 0.35 * top), layout="constrained")
    ax = fig.add_subplot()
    shown = [v for v in (p.low, p.high, truth, p.guess) if v is not None]
    low, high = min(shown), max(shown)
    if p.log:
        ax.set_xscale("log")
        ax.set_xlim(low / (high / low) ** 0.04, high * (high / low) ** 0.04)
    else:
        margin = 0.04 * (high - low)
        ax.set_xlim(low - margin, high + margin)
    ax.set(ylim=(-0.6, top), yticks=[], xlabel=p.unit)
    ax.spines["left"].set_visible(False)
    ax.grid(False)
    mark = {"color": COLORS["blue"], "marker": "o", "markersize": 9}
    _label(ax, f"answer: {p.say(truth)}", truth, 0, mark)
    if p.guess is not None:
        gap = {"color": "#777777", "linestyle": ":", "marker": "", "linewidth": 1}
        ax.plot([truth, truth, p.guess], [0, 1, 1], **gap)
        mark = {"color": COLORS["vermillion"], "marker": "v", "markersize": 9}
        _label(ax, f"your guess: {p.say(p.guess)}", p.guess, 1, mark)
    return fig


def _label(ax: Axes, text: str, x: float, row: int, mark: dict[str, Any]) -> None:
    """A marker and its label: beside it in row 0, above it in row 1; always inside the axes."""
    ax.plot([x], [row], **mark)
    place = ax.transAxes.inverted().transform(ax.transData.transform((x, row)))[0]
    side = "left" if place < 0.5 else "right"
    if row and 0.2 < place < 0.8:
        side = "center"
    shift = {"left": 9, "right": -9, "center": 0}[side]
    style = {"textcoords": "offset points", "ha": side, "va": "bottom" if row else "center"}
    ax.annotate(text, (x, row), xytext=(0, 7) if row else (shift, 0), **style)


def choice_picture(p: Prediction, truth: str) -> Figure:
    """The choices as rows, with the answer and the guess marked in words."""
    rows = len(p.choices)
    fig = Figure(figsize=(6.4, 0.3 + 0.32 * rows), layout="constrained")
    ax = fig.add_subplot()
    ax.set(xlim=(0, 1), ylim=(rows - 0.5, -0.5))
    ax.axis("off")
    for row, choice in enumerate(p.choices):
        notes = ["answer"] * (choice == truth) + ["your guess"] * (choice == p.guess)
        weight = "bold" if choice == truth else "normal"
        ax.text(0.04, row, choice, va="center", weight=weight)
        ax.text(0.99, row, " and ".join(notes), va="center", ha="right", weight=weight)
        if choice == truth:
            ax.plot([0.015], [row], marker="o", color=COLORS["blue"], markersize=7)
    return fig


def number(value: float) -> str:
    """A number with about three digits, and thousands kept apart.

    Examples
    --------
    >>> number(1234.5), number(0.12345)
    ('1,234', '0.123')
    """
    value = float(value)
    if value == int(value) and abs(value) < 1e9:
        return f"{int(value):,}"
    return f"{value:,.0f}" if 100 <= abs(value) < 1e9 else f"{value:.3g}"
