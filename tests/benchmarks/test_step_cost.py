"""What the penalties add to a training step of LeNet-300-100 at batch 128.

Measured side by side: in each round every variant takes a few steps, and the ratio of medians over
the rounds is printed, and recorded in data/results/benchmarks/step_cost.json. Run it with

    python tests/benchmarks/test_step_cost.py

As a test it only checks that the variants compute what they should: a test never asserts a time.
"""

from __future__ import annotations

import json
import statistics
import time

import torch
from torch import nn

from l0course import DRR, L1, PMMP, ExactPMMP, HardConcrete, LeNet300
from l0course.figures.registry import results_folder, versions

BATCH, STEPS = 128, 10


class Variant:
    """One way to train, with its own copy of the same network."""

    def __init__(self, regularizer=None):
        self.model = LeNet300(seed=0)
        self.optimiser = torch.optim.Adam(self.model.parameters(), lr=1e-3, fused=True)
        self.regularizer = regularizer and regularizer.attach(self.model)
        self.seconds = []

    def step(self, x, y):
        self.optimiser.zero_grad()
        nn.functional.cross_entropy(self.model(x), y).backward()
        if self.regularizer is not None:
            self.regularizer.add_gradient()
        self.optimiser.step()
        if self.regularizer is not None:
            self.regularizer.after_step()


def measure(rounds: int) -> dict[str, Variant]:
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(BATCH, 784, generator=generator)
    y = torch.randint(0, 10, (BATCH,), generator=generator)
    regularizers = (L1, DRR, PMMP, ExactPMMP, HardConcrete)
    variants = {"plain": Variant()} | {r.__name__: Variant(r(1e-5)) for r in regularizers}
    for _ in range(rounds):
        for variant in variants.values():
            start = time.perf_counter()
            for _ in range(STEPS):
                variant.step(x, y)
            variant.seconds.append((time.perf_counter() - start) / STEPS)
    return variants


def test_the_variants_take_the_same_step_but_for_the_penalty():
    variants = measure(rounds=1)
    weights = [v.model[0].weight.detach() for v in variants.values()]
    assert not any(torch.equal(weights[0], w) for w in weights[1:])
    assert all((w - weights[0]).abs().max() < 3e-2 for w in weights)


if __name__ == "__main__":
    torch.set_num_threads(1)
    measured = measure(rounds=200)
    plain = statistics.median(measured["plain"].seconds)
    record = {"command": "python tests/benchmarks/test_step_cost.py", "versions": versions()}
    for name, variant in measured.items():
        median = statistics.median(variant.seconds)
        print(f"{name:12} {1e3 * median:6.3f} ms a step, {median / plain:.3f} times plain")
        record[name] = {"milliseconds": 1e3 * median, "times_plain": median / plain}
    path = results_folder() / "benchmarks" / "step_cost.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=1) + "\n")
