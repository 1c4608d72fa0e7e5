"""What finding dead weights costs, in training steps of LeNet-300-100 at batch 128.

Measured side by side: each round takes one training step and calls each method once, on the same
pruned network, and the ratio of medians over the rounds is printed, and recorded in
data/results/benchmarks/dead_weights.json. Run it with

    python tests/benchmarks/test_dead_weights.py

As a test it only checks that the methods agree: a test never asserts a time.
"""

from __future__ import annotations

import json
import statistics
import time

import torch
from torch import nn

from l0course import LeNet300, count_nonzero, magnitude_prune, random_gradient_prune
from l0course.figures.registry import results_folder, versions
from l0course.live_paths import live_weights, prune_dead

BATCH = 128


def measure(rounds: int) -> tuple[dict[str, list[float]], dict[str, int]]:
    """Seconds of each call, by method, and the number of weights that each removes."""
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(BATCH, 784, generator=generator)
    y = torch.randint(0, 10, (BATCH,), generator=generator)
    model, trained = LeNet300(seed=0), LeNet300(seed=0)
    magnitude_prune(model, 0.02)
    model[0].weight.data[::3] = 0  # every third neuron hears nothing ...
    model[0].bias.data[::3] = 0
    model[4].weight.data[:, ::2] = 0  # ... and nobody listens to every second one
    weights = {name: p.clone() for name, p in model.state_dict().items()}
    optimiser = torch.optim.Adam(trained.parameters(), lr=1e-3, fused=True)

    def step() -> None:
        optimiser.zero_grad()
        nn.functional.cross_entropy(trained(x), y).backward()
        optimiser.step()

    methods = {
        "training step": step,
        "random_gradient_prune": lambda: random_gradient_prune(model, x),
        "live_weights": lambda: live_weights(model, x),
        "prune_dead": lambda: prune_dead(model, x),
    }
    seconds = {name: [] for name in methods}
    removed = {}
    for _ in range(rounds):
        for name, method in methods.items():
            model.load_state_dict(weights)
            before = count_nonzero(model)
            start = time.perf_counter()
            method()
            seconds[name].append(time.perf_counter() - start)
            removed[name] = before - count_nonzero(model)
    return seconds, removed


def test_the_methods_remove_the_same_weights():
    _, removed = measure(rounds=1)
    assert removed["prune_dead"] == removed["random_gradient_prune"] > 1000
    assert removed["live_weights"] == removed["training step"] == 0


if __name__ == "__main__":
    torch.set_num_threads(1)
    measured, removed = measure(rounds=300)
    step = statistics.median(measured["training step"])
    record = {"command": "python tests/benchmarks/test_dead_weights.py", "versions": versions()}
    for name, seconds in measured.items():
        median = statistics.median(seconds)
        print(f"{name:22} {1e3 * median:6.3f} ms, {median / step:5.2f} training steps", end="")
        print(f", {removed[name]:,} weights removed" if removed[name] else "")
        record[name] = {
            "milliseconds": 1e3 * median,
            "training_steps": median / step,
            "removed": removed[name],
        }
    path = results_folder() / "benchmarks" / "dead_weights.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=1) + "\n")
