"""Explore: a picture with sliders that is also a still picture and a text."""

from __future__ import annotations

import base64
import html
import struct
from collections.abc import Callable, Mapping
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from l0course.figures.style import STYLE, Picture, check_description, png
from l0course.learn.compare import in_words

__all__ = ["Explore"]


class Explore:
    """One output: sliders and a picture (live), a PNG with its caption (static), and words.

    End a cell with it, or pass it to ``display``. The widgets are made only then.

    Parameters
    ----------
    draw : callable
        ``draw(**values)`` returns a matplotlib Figure. It runs in the style of the course.
    description : str or callable
        What is seen and what it means, in 60 characters or more; it is the caption and the text
        for screen readers. A function of the same values follows the sliders.
    labels : mapping, optional
        A longer label for a slider, by its name.
    **sliders
        ``name=(low, high, step, default)``, or a list of choices (the first is the default), or
        an ipywidgets object.

    Raises
    ------
    ValueError
        If the description is too short, or a slider is not of these forms.
    TypeError
        If `draw` does not return a Figure.

    Examples
    --------
    >>> def draw(slope):
    ...     fig, ax = plt.subplots()
    ...     ax.plot([0, 1], [0, slope])
    ...     return fig
    >>> words = "A line through the origin; the slider turns it, and a larger slope is steeper."
    >>> Explore(draw, description=words, slope=(0.0, 2.0, 0.1, 1.0))
    A line through the origin; the slider turns it, and a larger slope is steeper.
    """

    def __init__(
        self,
        draw: Callable[..., Figure],
        /,
        *,
        description: str | Callable[..., str],
        labels: Mapping[str, str] | None = None,
        **sliders: Any,
    ) -> None:
        self._draw = draw
        self._description = description
        self._labels = dict(labels or {})
        self._sliders = sliders
        defaults = {name: _default(name, spec) for name, spec in sliders.items()}
        self._words = self._describe(defaults)
        self._still = Picture(self._render(defaults, self._words), self._words)
        self._view: Any = None

    def __repr__(self) -> str:
        return self._words

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        still, metadata = self._still._repr_mimebundle_()
        return dict(self.view()._repr_mimebundle_()) | still, metadata

    def view(self) -> Any:
        """The live view, an ipywidgets box; made at the first call."""
        if self._view is None:
            import ipywidgets as widgets

            controls = {n: _control(n, s, self._labels.get(n)) for n, s in self._sliders.items()}
            picture = widgets.HTML()  # not widgets.Image: that has no alternative text

            def refresh(_: object = None) -> None:
                values = {name: control.value for name, control in controls.items()}
                try:
                    picture.value = _figure(self._render(values), self._describe(values))
                except Exception as error:
                    where = ", ".join(
                        f"{name} = {in_words(value)}" for name, value in values.items()
                    )
                    line = f"No picture for {where}. {type(error).__name__}: {error}"
                    picture.value = f"<p>{html.escape(line)}</p>"

            for control in controls.values():
                control.observe(refresh, names="value")
            refresh()
            self._view = widgets.VBox([*controls.values(), picture])
        return self._view

    def _describe(self, values: dict[str, Any]) -> str:
        text = self._description(**values) if callable(self._description) else self._description
        return check_description(text)

    def _render(self, values: dict[str, Any], caption: str = "") -> bytes:
        """Draw, and leave no figure open behind, whatever happens."""
        before = set(plt.get_fignums())
        try:
            with plt.rc_context(STYLE):
                fig = self._draw(**values)
                if not isinstance(fig, Figure):
                    raise TypeError(f"draw must return a Figure, and it gave {fig!r}")
                return png(fig, caption)
        finally:
            for number in set(plt.get_fignums()) - before:
                plt.close(number)


def _figure(data: bytes, words: str) -> str:
    """A picture and its caption as HTML; the size is given so that the page does not jump."""
    width, height = struct.unpack(">II", data[16:24])  # in the header of each PNG
    words = html.escape(words)
    return (
        f'<figure style="margin: 4px 0; max-width: {width}px">'
        f'<img width="{width}" height="{height}" style="max-width: 100%; height: auto" '
        f'alt="{words}" src="data:image/png;base64,{base64.b64encode(data).decode()}">'
        f'<figcaption aria-hidden="true" style="line-height: 1.4">{words}</figcaption></figure>'
    )


def _default(name: str, spec: Any) -> Any:
    """The value a slider starts at; ValueError for a form that is not known."""
    if isinstance(spec, tuple) and len(spec) == 4:
        low, high, step, default = spec
        if low <= default <= high and low < high and step > 0:
            return default
    elif isinstance(spec, list) and spec:
        return spec[0]
    elif hasattr(spec, "value") and hasattr(spec, "observe"):
        return spec.value
    raise ValueError(
        f"slider {name}={spec!r}: give (low, high, step, default) with low <= default <= high, "
        "a list of choices, or an ipywidgets object"
    )


def _control(name: str, spec: Any, label: str | None) -> Any:
    """The widget for a slider; each of them can be used from the keyboard."""
    import ipywidgets as widgets

    look: dict[str, Any] = {
        "description": label or name,
        "style": {"description_width": "initial"},
        "layout": {"width": "auto", "max_width": "480px"},
    }
    if isinstance(spec, list):
        return widgets.Dropdown(options=spec, value=spec[0], **look)
    if not isinstance(spec, tuple):
        if label:
            spec.description = label
        return spec
    low, high, step, default = spec
    whole = all(isinstance(number, int) for number in spec)
    kind = widgets.IntSlider if whole else widgets.FloatSlider
    if not whole:
        look["readout_format"] = f".{max(0, _decimals(step))}f"
    return kind(value=default, min=low, max=high, step=step, continuous_update=False, **look)


def _decimals(step: float) -> int:
    """How many decimals a step such as 0.05 needs."""
    text = f"{step:.10f}".rstrip("0")
    return len(text.split(".")[1])
