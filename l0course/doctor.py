"""`l0course doctor`: what this machine has, what it lacks, and how long the course takes on it."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import time
from pathlib import Path

import psutil
import torch

from .models import MLP

__all__ = ["examine", "reference_seconds"]

NEEDED = ("numpy", "scipy", "scikit-learn", "matplotlib", "torch", "ipywidgets")
OPTIONAL = {
    "jupyterlab": ("opens the notebooks", "make lab"),
    "nbval": ("tests the notebooks", "make test"),
    "distributed": ("runs figures on a Dask cluster", "pip install distributed"),
    "abess": ("stands beside our solvers in lesson 02", "pip install abess"),
}


def examine() -> tuple[list[str], bool]:
    """Lines for a person, and whether everything that is needed is there."""
    lines = [
        f"l0course      {importlib.metadata.version('l0course')}",
        f"python        {platform.python_version()}, {platform.system()} {platform.machine()}",
    ]
    lines += [f"{name:13} {_version(name) or 'MISSING: run `make lab`'}" for name in NEEDED]
    for name, (purpose, command) in OPTIONAL.items():
        missing = f"not installed ({purpose}): run `{command}`"
        lines.append(f"{name:13} {_version(name) or missing}")
    memory = psutil.virtual_memory()
    lines += [
        f"cores         {os.cpu_count()}",
        f"threads       {torch.get_num_threads()} in each process" + _advice(),
        f"memory        {memory.available / 2**30:.1f} of {memory.total / 2**30:.1f} GiB free"
        + (": close something, 2 GiB are needed" if memory.available < 2 * 2**30 else ""),
        f"accelerator   {torch.cuda.get_device_name() if torch.cuda.is_available() else 'none'}",
        f"data          {_data()}",
        f"time          {_minutes()}",
    ]
    return lines, all(_version(name) for name in NEEDED) and memory.available >= 2 * 2**30


def reference_seconds() -> float:
    """Seconds for a fixed piece of training, to compare machines by: the best of three."""
    model = MLP((64, 300, 100, 10), seed=0)
    x = torch.zeros(50, 64)
    optimiser = torch.optim.Adam(model.parameters(), fused=True)
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        for _ in range(100):
            optimiser.zero_grad()
            model(x).square().mean().backward()
            optimiser.step()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _advice() -> str:
    if torch.get_num_threads() == 1:
        return ""
    return ": set OMP_NUM_THREADS=1, or training may be many times slower on a busy machine"


def _data() -> str:
    folder = os.environ.get("L0COURSE_DATA")
    if folder is None:
        return "digits and diabetes (L0COURSE_DATA is not set; no lesson needs it)"
    return f"L0COURSE_DATA is {folder}" + ("" if Path(folder).is_dir() else ", which is MISSING")


def _minutes() -> str:
    """How long the solved lessons take here, scaled from where they were built."""
    folder = Path(__file__).resolve().parents[1] / "notebooks" / "solutions"
    built = [json.loads(path.read_text())["metadata"] for path in sorted(folder.glob("*.ipynb"))]
    measured = [m["l0course"] for m in built if "l0course" in m]
    ratios = [m["seconds"] / m["reference"] for m in measured]
    if not ratios:
        return "unknown: no built lesson was found beside the package"
    minutes = sum(ratios) * reference_seconds() / 60
    return f"about {minutes:.1f} minutes to run all {len(ratios)} lessons on this machine"
