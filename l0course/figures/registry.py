"""Recorded experiments: from a figure's name to its numbers and its picture.

A figure is a sweep of independent cells. Each cell is computed once and recorded as a small file
under data/results/<figure>/, so a sweep can be interrupted and resumed. The file names the
parameters, the versions, the seconds, the machine and the command, and a fingerprint of the code
that computed it. A record made by other code is stale: it is never used.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import importlib.metadata
import inspect
import json
import os
import platform
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, as_completed
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure as Picture

__all__ = ["Figure", "StaleRecordError", "find", "names", "results_folder", "versions"]

MODULES = {
    "support_recovery": "l0course.figures.support_recovery",
    "lenet300_mnist": "l0course.figures.lenet300_mnist",
}


class StaleRecordError(RuntimeError):
    """A recorded result is missing, or was made by other code than the code that is here."""


def names() -> list[str]:
    """The names of all figures."""
    return sorted(MODULES)


def find(name: str) -> Figure:
    """The figure of that name. ValueError, with the names there are, if there is none."""
    if name not in MODULES:
        raise ValueError(f"There is no figure {name!r}; there are: {', '.join(names())}.")
    return importlib.import_module(MODULES[name]).FIGURE


def results_folder() -> Path:
    """`$L0COURSE_RESULTS`, else data/results in the clone that this package lies in."""
    default = Path(__file__).resolve().parents[2] / "data" / "results"
    return Path(os.environ.get("L0COURSE_RESULTS") or default)


@dataclass(frozen=True)
class Figure:
    """One published or own figure or table.

    Attributes
    ----------
    name, title : how the command line and a reader call it.
    source : where the published counterpart stands, or "own".
    presets : preset name -> the cells of the sweep, each a dict of JSON values with its seed.
    compute : cell -> dict of JSON values; depends on nothing but the cell (and on named data).
    code : names of the modules that decide the numbers, beside the figure's own.
    draw : [(cell, result), ...] -> matplotlib Figure.
    description : what the picture shows and means, in words (at least 60 characters).
    table : [(cell, result), ...] -> (header, rows), for the CSV file.
    """

    name: str
    title: str
    source: str
    presets: dict[str, list[dict[str, Any]]]
    compute: Callable[[dict[str, Any]], dict[str, Any]]
    code: tuple[str, ...]
    draw: Callable[[list[tuple[dict, dict]]], Picture]
    description: str
    table: Callable[[list[tuple[dict, dict]]], tuple[list[str], list[list]]]

    def fingerprint(self) -> str:
        """Hash of the code that matters, blind to comments, docstrings, layout and drawing."""
        modules = (self.compute.__module__, *self.code)
        texts = [essence(inspect.getsource(importlib.import_module(name))) for name in modules]
        return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]

    def path(self, cell: dict[str, Any]) -> Path:
        """Where the record of a cell lies."""
        key = hashlib.sha256(json.dumps(cell, sort_keys=True).encode()).hexdigest()[:16]
        return results_folder() / self.name / f"{key}.json"

    def recorded(self, cell: dict[str, Any]) -> dict[str, Any] | None:
        """The recorded result of a cell, or None if there is no record or a stale one."""
        try:
            record = json.loads(self.path(cell).read_text(encoding="utf-8"))
            return record["result"] if record["code"] == self.fingerprint() else None
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def load(self, preset: str) -> list[tuple[dict, dict]]:
        """All cells of a preset with their recorded results.

        Raises StaleRecordError if one is missing or stale, with the command that makes it.
        """
        cells = self.cells(preset)
        found = [(cell, self.recorded(cell)) for cell in cells]
        missing = sum(result is None for _, result in found)
        if missing:
            raise StaleRecordError(
                f"{missing} of {len(cells)} cells of {self.name} have no record made by this code: "
                f"run `l0course figures {self.name} --preset {preset}`."
            )
        return found

    def cells(self, preset: str) -> list[dict[str, Any]]:
        if preset not in self.presets:
            known = ", ".join(self.presets)
            raise ValueError(f"{self.name} has no preset {preset!r}; it has: {known}.")
        return self.presets[preset]

    def run(self, preset: str, executor: Executor | None = None) -> Iterator[dict[str, Any]]:
        """Compute and record every cell that has no valid record; yield each cell when it is done.

        Interrupting loses only the cells that are under way.
        """
        code = self.fingerprint()  # now: the source may be edited while a long sweep runs
        todo = [cell for cell in self.cells(preset) if self.recorded(cell) is None]
        if executor is None:
            for cell in todo:
                self._record(preset, cell, *_timed(self.name, cell), code)
                yield cell
            return
        jobs = {executor.submit(_timed, self.name, cell): cell for cell in todo}
        failed = None
        try:
            for job in as_completed(jobs):
                if job.exception() is None:
                    self._record(preset, jobs[job], *job.result(), code)
                    yield jobs[job]
                else:  # the others go on and are recorded first
                    failed = job.exception()
        finally:
            for job in jobs:
                job.cancel()
        if failed is not None:
            raise failed

    def _record(self, preset: str, cell: dict, result: dict, seconds: float, code: str) -> None:
        record = {
            "figure": self.name,
            "preset": preset,
            "parameters": cell,
            "result": result,
            "code": code,
            "command": f"l0course figures {self.name} --preset {preset}",
            "seconds": round(seconds, 2),
            "date": date.today().isoformat(),
            "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
            "versions": versions(),
        }
        path = self.path(cell)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}.part")
        part.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        os.replace(part, path)


def _timed(name: str, cell: dict) -> tuple[dict, float]:
    start = time.perf_counter()
    result = find(name).compute(cell)
    return result, time.perf_counter() - start


def versions() -> dict[str, str]:
    """The versions that decide the numbers, for a record."""
    packages = ("l0course", "numpy", "scipy", "scikit-learn", "torch")
    found = {package: importlib.metadata.version(package) for package in packages}
    return {"python": platform.python_version(), **found}


def essence(source: str) -> str:
    """The syntax tree of a module without docstrings, and without a figure's drawing part."""
    tree = ast.parse(source)
    drawing = ("draw", "table", "FIGURE")
    tree.body = [node for node in tree.body if _name(node) not in drawing]
    for node in ast.walk(tree):
        documented = isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef)
        if documented and ast.get_docstring(node):
            node.body = node.body[1:] or [ast.Pass()]
    return ast.dump(tree)


def _name(node: ast.stmt) -> str:
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id
    return getattr(node, "name", "")
