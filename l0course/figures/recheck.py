"""After a change of code that should change no number: compute some cells again, and compare.

A record is stale as soon as any code behind it changes, also where the change cannot touch its
numbers. Then a random sample of the stale cells is computed again. If each result is the recorded
one to the last digit, the others are accepted for today's code. Their records keep what made them,
and say besides how many cells were computed again. One difference, and none is accepted.
"""

from __future__ import annotations

import math
import random
from datetime import date
from typing import Any

from . import records
from .executors import attempt, versions
from .registry import CellError, Figure

__all__ = ["recheck"]

SHARE = 0.05  # of the stale cells is computed again,
LEAST = 3  # and no fewer than these


def recheck(figure: Figure, preset: str) -> tuple[int, int]:
    """Accept the stale records of a preset if a sample of them comes out the same.

    The sample is drawn by the fingerprint of the code, so nobody chooses it. Measured times
    (`figure.times`) may differ.

    Returns
    -------
    (how many cells were computed again, how many records are accepted)

    Raises
    ------
    CellError
        If a result differs from its record, or a cell fails. Nothing is accepted then.
    """
    found = [figure.look_up(cell) for cell in figure.cells(preset)]
    stale = [one.record for one in found if one.state == "stale"]
    code = figure.fingerprint()
    size = min(len(stale), max(LEAST, math.ceil(SHARE * len(stale))))
    for record in random.Random(code).sample(stale, size):
        outcome = attempt(figure.compute, record["parameters"], code, {})
        if "error" in outcome:
            raise CellError(f"{record['parameters']} failed: {outcome['error']}.")
        names = _differences(record["result"], outcome["result"], figure.times)
        if names:
            raise CellError(
                f"{', '.join(names)} of {record['parameters']} came out otherwise, so the change "
                f"does change numbers: run `{figure.command(preset)}`."
            )
    note = {"code": code, "cells": size, "of": len(stale), "date": date.today().isoformat()}
    for record in stale:
        records.save({**record, "rechecked": {**note, "versions": versions()}})
    return size, len(stale)


def _differences(old: dict[str, Any], new: dict[str, Any], times: tuple[str, ...]) -> list[str]:
    """The names under which two results differ, measured times apart."""
    return [
        name
        for name in sorted({*old, *new} - {*times})
        if name not in old or name not in new or old[name] != new[name]
    ]
