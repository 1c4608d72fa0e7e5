"""Checks at the boundary: bad input gets one clear sentence."""

from __future__ import annotations

import math


def require(name: str, value: float, *, above: float = -math.inf, least: float = -math.inf) -> None:
    """Raise a ValueError that names the number unless it is finite, > `above` and >= `least`.

    >>> require("alpha", -1, least=0)
    Traceback (most recent call last):
    ValueError: alpha must be a finite number of at least 0, but it is -1.
    """
    if not (math.isfinite(value) and value > above and value >= least):
        wanted = f"above {above:g}" if math.isfinite(above) else f"of at least {least:g}"
        raise ValueError(f"{name} must be a finite number {wanted}, but it is {value!r}.")
