"""Run notebooks without nbval: the fallback if nbval and pytest fall out.

    python tests/run_notebooks.py notebooks/*.ipynb notebooks/solutions/*.ipynb

Runs each notebook top to bottom and fails on an error, or if a solved notebook prints something
else than what it holds (cells tagged nbval-ignore-output aside).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError


def text_of(cell) -> list[str]:
    """What a cell says in words: streams and text/plain, in order."""
    if "nbval-ignore-output" in cell.metadata.get("tags", []):
        return []
    return [
        o.get("text") or o.get("data", {}).get("text/plain", "") for o in cell.get("outputs", [])
    ]


def problems(path: Path) -> list[str]:
    """Why a notebook does not pass; empty if it does."""
    committed = nbformat.read(path, as_version=4)
    fresh = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(path.parent)}}
    env = {**os.environ, "L0COURSE_PROGRESS": "off"}
    try:
        NotebookClient(fresh, timeout=120, resources=resources).execute(env=env)
    except CellExecutionError as error:
        return [f"{path}: {error}"]
    if path.parent.name != "solutions":  # a student copy only has to run
        return []
    return [
        f"{path}, cell {number}: {text_of(new)} instead of {text_of(old)}"
        for number, (old, new) in enumerate(zip(committed.cells, fresh.cells, strict=True))
        if "".join(text_of(old)) != "".join(text_of(new))
    ]


if __name__ == "__main__":
    found = [line for name in sys.argv[1:] for line in problems(Path(name))]
    print("\n".join(found) or f"{len(sys.argv) - 1} notebooks passed")
    sys.exit(bool(found))
