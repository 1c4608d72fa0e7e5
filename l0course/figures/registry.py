"""The figures of the course: from a name to its numbers and its picture.

A figure is a sweep of independent cells. Each cell is computed once and recorded (records.py), so a
sweep can be interrupted and resumed, and run on one core or on a cluster (executors.py).

To add a figure, write one module in this folder, named as the figure. It is found by itself.

    from .registry import Figure

    def compute(cell): ...           # a dict of JSON values, from nothing but the cell, its seed
                                     # and named data; compute(cell, device="cpu") if it can use one
    def draw(results): ...           # [(cell, result), ...] -> a matplotlib figure
    def table(results): ...          # the same -> (header, rows), for the CSV file

    FIGURE = Figure(name=..., title=..., source=..., presets={"smoke": [cell, ...], ...},
                    compute=compute, draw=draw, table=table, description=...,
                    published=(Published(...), ...))  # if a paper gives numbers to compare with

Presets are `smoke` (seconds), `quick` (minutes on two cores) and `paper` (the published size).
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import logging
import re
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import records
from .executors import sweep, versions
from .fingerprint import fingerprint
from .records import Found, results_folder

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

__all__ = [
    "CellError",
    "Figure",
    "Published",
    "StaleRecordError",
    "find",
    "names",
    "results_folder",
    "versions",
]

log = logging.getLogger(__name__)
Results = list[tuple[dict[str, Any], dict[str, Any]]]  # (cell, its result)

MODULES = {
    path.stem: f"{__package__}.{path.stem}"
    for path in Path(__file__).parent.glob("*.py")
    if re.search(r"^FIGURE = ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
}
"""Figure name -> module. A module is imported when its figure is asked for."""


class StaleRecordError(RuntimeError):
    """A recorded result is missing or corrupt, or was made by other code than is here."""


class CellError(RuntimeError):
    """Some cells of a sweep failed; the others are recorded."""


def names() -> list[str]:
    """The names of all figures."""
    return sorted(MODULES)


def find(name: str) -> Figure:
    """The figure of that name. ValueError, with near matches or all names, if there is none."""
    if name not in MODULES:
        raise ValueError(f"There is no figure {name!r}; {_instead(name, names())}.")
    return importlib.import_module(MODULES[name]).FIGURE


def _instead(name: str, known: Collection[str]) -> str:
    """What a wrong name may have meant.

    >>> _instead("quik", ["smoke", "quick", "paper"]), _instead("huge", ["smoke", "quick"])
    ('did you mean quick?', 'there are: smoke, quick')
    """
    near = difflib.get_close_matches(name, known)
    return f"did you mean {' or '.join(near)}?" if near else f"there are: {', '.join(known)}"


@dataclass(frozen=True)
class Published:
    """A number of a paper, to stand beside ours.

    Attributes
    ----------
    what : what is counted, on which data, with its unit.
    value : the published number; None if it is not known to us.
    source : where it stands.
    ours : [(cell, result), ...] -> our number; None if this preset does not give it.
    """

    what: str
    value: float | str | None
    source: str
    ours: Callable[[Results], float | str | None]


@dataclass(frozen=True)
class Figure:
    """One published or own figure or table.

    Attributes
    ----------
    name, title : how the command line and a reader call it.
    source : where the published counterpart stands, or "own".
    presets : preset name -> the cells of the sweep, each a dict of JSON values with its seed.
    compute : cell -> dict of JSON values; depends on nothing but the cell (and on named data).
    draw : [(cell, result), ...] -> matplotlib Figure.
    description : what the picture shows and means, in words (at least 60 characters).
    table : [(cell, result), ...] -> (header, rows), for the CSV file.
    published : numbers of the paper, each with ours.
    times : names of results that are measured times, which differ from run to run.
    """

    name: str
    title: str
    source: str
    presets: dict[str, list[dict[str, Any]]]
    compute: Callable[..., dict[str, Any]]
    draw: Callable[[Results], Picture]
    description: str
    table: Callable[[Results], tuple[list[str], list[list]]]
    published: tuple[Published, ...] = ()
    times: tuple[str, ...] = ()

    @property
    def default_preset(self) -> str:
        """`quick` if there is one, else the first that is more than `smoke`."""
        longer = [preset for preset in self.presets if preset != "smoke"]
        return "quick" if "quick" in longer else (longer or ["smoke"])[0]

    @property
    def takes_device(self) -> bool:
        """Whether `compute` can run on something else than the CPU."""
        return "device" in inspect.signature(self.compute).parameters

    def cells(self, preset: str) -> list[dict[str, Any]]:
        """The cells of a preset. ValueError, with near matches, if there is no such preset."""
        if preset not in self.presets:
            raise ValueError(
                f"{self.name} has no preset {preset!r}; {_instead(preset, self.presets)}."
            )
        return self.presets[preset]

    def fingerprint(self) -> str:
        """Hash of the code that `compute` reaches in this package."""
        return fingerprint(self.compute)

    def path(self, cell: dict[str, Any]) -> Path:
        """Where the record of a cell lies."""
        return records.path_of(self.name, cell)

    def look_up(self, cell: dict[str, Any]) -> Found:
        """The record of a cell, and whether it may be used."""
        return records.look_up(self.name, cell, self.fingerprint())

    def recorded(self, cell: dict[str, Any]) -> dict[str, Any] | None:
        """The recorded result of a cell, or None if there is none that may be used."""
        return self.look_up(cell).result

    def load(self, preset: str) -> Results:
        """All cells of a preset with their recorded results.

        Raises StaleRecordError if one may not be used, with the command that makes it.
        """
        found = [(cell, self.look_up(cell)) for cell in self.cells(preset)]
        if any(one.state != "current" for _, one in found):
            raise StaleRecordError(
                f"Only {records.summary([one for _, one in found])} by this code for the preset "
                f"{preset} of {self.name}: run `{self.command(preset)}`."
            )
        return [(cell, one.result) for cell, one in found]

    def command(self, preset: str, device: str = "cpu") -> str:
        """The command that records a preset."""
        on = "" if device == "cpu" else f" --device {device}"
        return f"l0course figures {self.name} --preset {preset}{on}"

    def run(
        self,
        preset: str,
        executor: Executor | None = None,
        *,
        device: str = "cpu",
        fresh: bool = False,
    ) -> Iterator[dict[str, Any]]:
        """Compute and record every cell that has no valid record; yield each cell when it is done.

        Interrupting loses only the cells that are under way. Raises CellError at the end if some
        cells failed; each is logged when it does. With `fresh`, valid records are made again too.
        """
        cells = self.cells(preset)
        todo = [cell for cell in cells if fresh or self.look_up(cell).state != "current"]
        options = {"device": device} if self.takes_device else {}
        common = {"figure": self.name, "preset": preset, "command": self.command(preset, **options)}
        failed = []
        for cell, outcome in sweep(self.compute, todo, executor, **options):
            if "error" in outcome:
                if outcome["error"] not in {other["error"] for other in failed}:
                    log.error("A cell of %s failed: %s: %.300s", self.name, outcome["error"], cell)
                failed.append(outcome)
            else:
                records.save({**common, "parameters": cell, **outcome})
                yield cell
        if failed:
            error = CellError(
                f"{len(failed)} of {len(todo)} cells of {self.name} failed, the first with "
                f"{failed[0]['error']}"
            )
            if "traceback" in failed[0]:
                error.add_note(failed[0]["traceback"])
            raise error
