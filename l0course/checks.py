"""Checks at the boundary: bad input gets one clear sentence."""

from __future__ import annotations

import math
from numbers import Integral


def require(name: str, value: float, *, above: float = -math.inf, least: float = -math.inf) -> None:
    """Raise a ValueError that names the number unless it is finite, > `above` and >= `least`.

    >>> require("alpha", -1, least=0)
    Traceback (most recent call last):
    ValueError: alpha must be a finite number of at least 0, but it is -1.
    """
    if not (math.isfinite(value) and value > above and value >= least):
        wanted = f"above {above:g}" if math.isfinite(above) else f"of at least {least:g}"
        raise ValueError(f"{name} must be a finite number {wanted}, but it is {value!r}.")


def integer(name: str, value: int, low: int, high: int = 2**32 - 1) -> int:
    """Return the whole number, or raise a ValueError that names it if it is out of range.

    >>> integer("n", 0, 1)
    Traceback (most recent call last):
    ValueError: n must lie between 1 and 4294967295, got 0
    """
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise ValueError(f"{name} must be an integer, got {value!r}")
    if not low <= value <= high:
        raise ValueError(f"{name} must lie between {low} and {high}, got {value}")
    return int(value)
