"""Moment matching beside four other ways to the same points, as ratios of seconds.

One singular value decomposition a point (the textbook's walk, and the published code's), SciPy's
nonnegative least squares, a vertex of a linear program (HiGHS, dual simplex), and the package
pyrecombine (Lyons and others), in a process of its own: it loads another OpenMP. Give its Python as
L0COURSE_PEER_PYTHON; without the package that column is empty. Seconds are of processor time, one
thread, the best of some runs. The numbers are printed, and recorded in
data/results/benchmarks/moments_speed.json. Run it with

    python tests/benchmarks/test_moments_speed.py

As a test it only checks that all ways keep the moments: a test never asserts a time.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from math import comb
from pathlib import Path

import numpy as np
from scipy.optimize import linprog, nnls

from l0course.figures.registry import results_folder, versions
from l0course.moments import legendre_features, reduce_features

PEER = """
import sys, time
import numpy as np, pyrecombine
features = np.load(sys.argv[1])
start = time.process_time()
kept, weights = pyrecombine.recombine(features[:, 1:].copy())
seconds = time.process_time() - start
new = np.zeros(len(features)); new[kept] = weights
np.savez(sys.argv[2], new=new, seconds=seconds)
"""


def one_svd_a_point(features: np.ndarray) -> np.ndarray:
    """The walk of exercise 10.1, with a full decomposition for each step."""
    c = np.ones(len(features))
    while len(alive := np.flatnonzero(c)) > features.shape[1]:
        v = np.linalg.svd(features[alive].T)[2][-1]
        v = v if (v > 0).any() else -v
        t = np.divide(c[alive], v, out=np.full(len(v), np.inf), where=v > 0)
        c[alive] = np.maximum(c[alive] - t.min() * v, 0)
        c[alive[t.argmin()]] = 0
    return c


def least_squares(features: np.ndarray) -> np.ndarray:
    return nnls(features.T, features.sum(axis=0))[0]


def vertex(features: np.ndarray) -> np.ndarray:
    price = np.random.default_rng(0).random(len(features))
    return linprog(price, A_eq=features.T, b_eq=features.sum(axis=0), method="highs-ds").x


def ours(features: np.ndarray) -> np.ndarray:
    return reduce_features(features, np.ones(len(features)))


def pyrecombine(features: np.ndarray) -> tuple[np.ndarray, float] | None:
    """New weights and seconds; None if the package is not there."""
    python = os.environ.get("L0COURSE_PEER_PYTHON", sys.executable)
    env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {"OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryDirectory() as folder:
        given, found = Path(folder, "features.npy"), Path(folder, "found.npz")
        np.save(given, features)
        done = subprocess.run([python, "-c", PEER, given, found], env=env, capture_output=True)
        if done.returncode:
            return None
        result = np.load(found)
        return result["new"], float(result["seconds"])


def timed(way: Callable, features: np.ndarray, runs: int) -> tuple[np.ndarray, float]:
    seconds = []
    for _ in range(runs):
        start = time.process_time()
        new = way(features)
        seconds.append(time.process_time() - start)
    return new, min(seconds)


def measure(m: int, k: int, d: int, ways: list[str], runs: int = 3) -> dict[str, float | None]:
    """Seconds of ours, and of the others over ours; the largest relative error of a moment."""
    features = legendre_features(np.random.default_rng(0).uniform(-1, 1, (d, m)), k)
    named = {"one_svd_a_point": one_svd_a_point, "nnls": least_squares, "lp_vertex": vertex}
    new, seconds = timed(ours, features, runs)
    row: dict[str, float | None] = {
        "m": m, "k": k, "d": d, "points": comb(m + k, k),
        "seconds": round(seconds, 4), "error": check(features, new),
    }  # fmt: skip
    for name in ways:
        if name == "pyrecombine":
            found = pyrecombine(features)
        else:
            found = timed(named[name], features, 1)
        row[f"{name}_ratio"] = found and round(found[1] / seconds, 1)
        row[f"{name}_error"] = found and check(features, found[0])
    return row


def check(features: np.ndarray, new: np.ndarray) -> float:
    """Largest error of a mean; AssertionError if too many points stay, or a weight is negative."""
    assert (new >= 0).all() and np.count_nonzero(new) <= features.shape[1]
    return float(f"{np.abs(new @ features - features.sum(axis=0)).max() / len(features):.2g}")


def test_all_ways_keep_the_moments():
    row = measure(2, 3, 200, ["one_svd_a_point", "nnls", "lp_vertex", "pyrecombine"], runs=1)
    errors = [value for name, value in row.items() if name.endswith("error")]
    assert all(error is None or error < 1e-10 for error in errors)


ROWS = [
    (2, 3, 250, ["one_svd_a_point", "nnls", "lp_vertex", "pyrecombine"]),
    (2, 3, 500, ["one_svd_a_point", "nnls", "lp_vertex", "pyrecombine"]),
    (2, 3, 1000, ["one_svd_a_point", "nnls", "lp_vertex", "pyrecombine"]),
    (2, 5, 10_000, ["nnls", "lp_vertex", "pyrecombine"]),
    (4, 5, 10_000, ["nnls", "lp_vertex", "pyrecombine"]),
    (2, 5, 100_000, ["nnls", "lp_vertex", "pyrecombine"]),
    (4, 5, 100_000, ["nnls", "pyrecombine"]),
    (5, 5, 100_000, ["pyrecombine"]),
    (2, 5, 1_000_000, ["pyrecombine"]),
]

if __name__ == "__main__":
    command = "python tests/benchmarks/test_moments_speed.py"
    record = {"command": command, "versions": versions(), "rows": []}
    for row in ROWS:
        record["rows"].append(measure(*row))
        print(record["rows"][-1], flush=True)
    path = results_folder() / "benchmarks" / "moments_speed.json"
    path.write_text(json.dumps(record, indent=1) + "\n")
