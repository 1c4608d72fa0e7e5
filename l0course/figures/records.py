"""Records: one small JSON file for each computed cell, believed only if it is whole and fits.

A record names its parameters, versions, seconds, machine, date and command, a fingerprint of the
code that made it, and a checksum of all of that. One made by other code is stale, unless a recheck
(recheck.py) has accepted it; one that is cut off, was changed by hand, or belongs to other
parameters is corrupt. Neither is ever used.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..whole_file import write_whole

__all__ = [
    "Found",
    "look_up",
    "path_of",
    "results_folder",
    "save",
    "summary",
    "sweep_up",
]

FIELDS = {"figure", "preset", "parameters", "result", "code", "command", "seconds", "date"}


@dataclass(frozen=True)
class Found:
    """What lies where the record of a cell belongs.

    Attributes
    ----------
    path : where that is.
    state : "current", "stale" (made by other code), "corrupt" or "missing".
    record : the whole record, if it is current or stale.
    reason : what is wrong with a corrupt one.
    """

    path: Path
    state: str
    record: dict[str, Any] | None = None
    reason: str = ""

    @property
    def result(self) -> dict[str, Any] | None:
        """The numbers, if they may be used."""
        return self.record["result"] if self.state == "current" else None


def results_folder() -> Path:
    """`$L0COURSE_RESULTS`, else data/results in the clone that this package lies in."""
    default = Path(__file__).resolve().parents[2] / "data" / "results"
    return Path(os.environ.get("L0COURSE_RESULTS") or default)


def path_of(figure: str, cell: dict[str, Any]) -> Path:
    """Where the record of a cell lies: its name is a hash of the parameters."""
    return results_folder() / figure / f"{_hash(cell)}.json"


def look_up(figure: str, cell: dict[str, Any], code: str) -> Found:
    """Read the record of a cell and judge it; `code` is the fingerprint of today's code."""
    path = path_of(figure, cell)
    try:
        record = json.loads(path.read_bytes())
    except FileNotFoundError:
        return Found(path, "missing")
    except (ValueError, RecursionError):
        return Found(path, "corrupt", reason="it is not whole JSON")
    if not isinstance(record, dict) or "checksum" not in record:
        return Found(path, "corrupt", reason="it has no checksum")
    if record["checksum"] != _checksum(record) or not FIELDS <= record.keys():
        return Found(path, "corrupt", reason="it is not what was written: the checksum differs")
    if record["figure"] != figure or _hash(record["parameters"]) != path.stem:
        return Found(path, "corrupt", reason="it belongs to another cell")
    made_by = {record["code"], record.get("rechecked", {}).get("code")}
    return Found(path, "current" if code in made_by else "stale", record)


def save(record: dict[str, Any]) -> None:
    """Write a record, with its checksum, where `look_up` finds it."""
    record = {**record, "checksum": _checksum(record)}
    path = path_of(record["figure"], record["parameters"])
    write_whole(path, (json.dumps(record, indent=1) + "\n").encode())


def summary(found: Sequence[Found]) -> str:
    """A few words: how many cells have a record that may be used, and what the others have.

    >>> here = Path("record.json")
    >>> summary([Found(here, "current"), Found(here, "stale"), Found(here, "missing")])
    '1 of 3 cells are recorded (1 stale)'
    """
    count = Counter(one.state for one in found)
    others = ", ".join(f"{count[state]} {state}" for state in ("stale", "corrupt") if count[state])
    return f"{count['current']} of {len(found)} cells are recorded" + (others and f" ({others})")


def sweep_up(folder: Path, name: str = "*") -> None:
    """Remove what killed processes left of their writing: nobody writes a file for a minute."""
    for part in folder.glob(f"{name}.????????.part"):
        try:
            if time.time() - part.stat().st_mtime > 60:
                part.unlink()
        except FileNotFoundError:
            pass  # its process has just finished, or another one sweeps too


def _checksum(record: dict[str, Any]) -> str:
    return _hash({key: value for key, value in record.items() if key != "checksum"})


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
