"""A list of choices whose long lines wrap, on a narrow page too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = ["WRAP", "choices"]

WRAP = (
    "<style>"
    ".l0course-choices .widget-radio-box { min-width: 0 }"
    ".l0course-choices label { display: flex; flex-direction: row-reverse;"
    " justify-content: flex-end; height: auto; line-height: 1.4; padding: 2px 0 }"
    ".l0course-choices input { flex: none; height: 1.4em; margin-right: 6px }"
    "</style>"
)
"""Goes into the HTML above the choices: ipywidgets gives each of them one line of fixed height."""


def choices(options: Sequence[Any]) -> Any:
    """Radio buttons with none chosen yet; put `WRAP` into the text above them.

    Examples
    --------
    >>> choices(["yes", "no"]).value is None
    True
    """
    import ipywidgets as widgets

    radio = widgets.RadioButtons(options=options, value=None, layout={"width": "auto"})
    return radio.add_class("l0course-choices")
