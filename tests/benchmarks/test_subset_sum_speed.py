"""Subset sums beside CP-SAT and naive enumeration: seconds and ratios, side by side in one run.

Each row solves the same instances to the proved optimum in each way, on one thread, and the errors
found are compared. CP-SAT (OR-Tools) works on whole numbers, so values are rounded to a grid for
all; a search that it has not finished in a minute counts as a minute. Memory is the peak of a
process of its own. The numbers are printed, and recorded in
data/results/benchmarks/subset_sum_speed.json. Run it with

    python tests/benchmarks/test_subset_sum_speed.py

As a test it only checks that the ways agree: a test never asserts a time.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from l0course.figures.registry import results_folder, versions
from l0course.lottery import random_network, strong_ticket
from l0course.quantised_sum import exact_subset_sum
from l0course.subset_sum import best_subset_sum

ROWS = [  # n, size, steps in one unit, instances
    (12, None, 10**4, 5),
    (16, None, 10**5, 5),
    (20, None, 10**6, 3),
    (20, 5, 10**4, 3),
    (24, None, 10**7, 1),
    (24, 6, 10**5, 1),
]
ALONE = [(24, None), (32, None), (36, None), (40, None), (44, None), (48, None), (32, 16), (32, 8)]


def enumerate_all(values: np.ndarray, target: int, size: int | None) -> int:
    """Every one of the 2^n sums, a block of subsets at a time."""
    n, best = len(values), None
    for start in range(0, 2**n, 2**16):
        rows = np.arange(start, min(start + 2**16, 2**n))[:, None] >> np.arange(n) & 1
        if size is not None:
            rows = rows[rows.sum(axis=1) == size]
        if len(rows):
            error = int(np.abs(rows @ values - target).min())
            best = error if best is None else min(best, error)
    return best


def cp_sat(values: np.ndarray, target: int, size: int | None, seconds: float = 60.0) -> int | None:
    """The smallest error, or None if it was not proved in time."""
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    taken = [model.new_bool_var(f"x{i}") for i in range(len(values))]
    span = int(np.abs(values).sum()) + abs(target)
    error = model.new_int_var(0, span, "error")
    total = sum(int(v) * x for v, x in zip(values, taken, strict=True))
    model.add(total - target <= error)
    model.add(target - total <= error)
    if size is not None:
        model.add(sum(taken) == size)
    model.minimize(error)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.max_time_in_seconds = seconds
    status = solver.solve(model)
    return round(solver.objective_value) if status == cp_model.OPTIMAL else None


def instances(n: int, steps: int, count: int) -> list[tuple[np.ndarray, int]]:
    rng = np.random.default_rng(n)
    return [
        (rng.integers(-steps, steps + 1, n), int(rng.integers(-steps, steps + 1)))
        for _ in range(count)
    ]


def timed(solve: Callable[[], object], repeat: int = 1) -> tuple[float, object]:
    """Seconds of one call, the fastest of `repeat`, and what it returned."""
    best = np.inf
    for _ in range(repeat):
        start = time.perf_counter()
        found = solve()
        best = min(best, time.perf_counter() - start)
    return best, found


def compare(n: int, size: int | None, steps: int, count: int) -> dict[str, object]:
    """Mean seconds for each way, and how many times longer the others take than ours."""
    seconds: dict[str, list[float]] = {"ours": [], "cp_sat": [], "enumeration": []}
    proved = 0
    for values, target in instances(n, steps, count):
        took, (_, error) = timed(lambda v=values, t=target: best_subset_sum(v, t, size), 5)
        seconds["ours"].append(took)
        for way, solve in (("cp_sat", cp_sat), ("enumeration", enumerate_all)):
            took, found = timed(lambda v=values, t=target, s=solve: s(v, t, size))
            assert found in (error, None), (way, found, error)
            proved += way == "cp_sat" and found is not None
            seconds[way].append(took)
    mean = {way: float(np.mean(row)) for way, row in seconds.items()}
    ratios = {f"{way}_over_ours": mean[way] / mean["ours"] for way in ("cp_sat", "enumeration")}
    row = {"n": n, "size": size, "steps": steps, "instances": count, "cp_sat_proved": proved}
    return row | {f"{way}_seconds": v for way, v in mean.items()} | ratios


def layer_16_to_16() -> dict[str, float | int]:
    """The exact layer: 8-bit weights from random 4-bit ones, 60 units for each input."""
    generator = torch.Generator().manual_seed(0)
    target = nn.Sequential(nn.Linear(16, 16, bias=False)).double()
    whole = torch.randint(-256, 257, (16, 16), generator=generator)
    target[0].weight.data = whole.double() / 256
    network = random_network(target, 60, seed=0, bits=4)
    seconds, ticket = timed(lambda: strong_ticket(target, network, bits=4), 3)
    rng = np.random.default_rng(0)
    sums = [(rng.integers(-16, 17, 30) * rng.integers(1, 17, 30)).tolist() for _ in range(512)]
    goals = rng.integers(-256, 257, 512).tolist()
    alone, _ = timed(lambda: [exact_subset_sum(v, t) for v, t in zip(sums, goals, strict=True)], 3)
    return {
        "seconds_with_network": seconds,
        "seconds_of_512_sums": alone,
        "missed": ticket.missed,
        "density": ticket.density,
    }


def alone(n: int, size: int | None) -> dict[str, float]:
    """Seconds, and peak memory in GiB, of one search in a process of its own."""
    code = f"import {__name__.replace('__main__', 'test_subset_sum_speed')} as b; b.report({n}, {size})"  # noqa: E501
    folder = __file__.rpartition("/")[0]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, check=True, capture_output=True, text=True
    )
    return {"n": n, "size": size, **json.loads(done.stdout)}


def report(n: int, size: int | None) -> None:
    x = np.random.default_rng(0).uniform(-1, 1, n)
    best_subset_sum(x[:12], 0.3)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds, _ = timed(lambda: best_subset_sum(x, 0.3, size), 3)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"seconds": seconds, "gib": (peak - before) / 2**20}))


@pytest.mark.parametrize("size", [None, 4])
def test_the_ways_agree(size):
    pytest.importorskip("ortools")
    row = compare(10, size, 1000, 2)  # asserts that the errors are equal
    assert row["cp_sat_proved"] == 2


def test_the_layer_is_exact():
    assert layer_16_to_16()["missed"] == 0


if __name__ == "__main__":
    torch.set_num_threads(1)
    record = {"command": "python tests/benchmarks/test_subset_sum_speed.py", "versions": versions()}
    record["alone"] = [alone(*row) for row in ALONE]
    for row in record["alone"]:
        print(row)
    record["layer_16_to_16"] = layer_16_to_16()
    print(record["layer_16_to_16"])
    record["compared"] = []
    for row in ROWS:
        record["compared"].append(compare(*row))
        print({k: float(f"{v:.3g}") if v else v for k, v in record["compared"][-1].items()})
    path = results_folder() / "benchmarks" / "subset_sum_speed.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=1) + "\n")
