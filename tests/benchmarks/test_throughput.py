"""Student-steps a second: `train_many` against a plain PyTorch loop and against torch.func.vmap.

Students of 2-25-25-1 with a DRR penalty and fused Adam, full batch, one thread, float32. In each
round every way takes a few steps of the same students; medians over the rounds are printed, and
recorded in data/results/benchmarks/throughput.json. Run it (three minutes, on a quiet machine) with

    python tests/benchmarks/test_throughput.py [--device cuda]

As a test it only checks that the three ways take the same steps: a test never asserts a time.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import time

import torch
from torch import nn

from l0course import DRR, MLP, train_many
from l0course.batched_mlp import layers
from l0course.figures.registry import results_folder, versions
from l0course.teacher_student import sample, teacher

WIDTHS, ALPHA, BETA, LR = (2, 25, 25, 1), 1e-4, 5.0, 1e-2


def student(seed: int, like: torch.Tensor) -> nn.Module:
    return MLP(WIDTHS, nn.Tanh, seed=seed, dtype=like.dtype).to(like.device)


class Loop:
    """One student after the other, as most people would write it."""

    def __init__(self, runs: int, x, y) -> None:
        self.x, self.y, self.students = x, y, []
        for seed in range(runs):
            model = student(seed, x)
            optimiser = torch.optim.Adam(model.parameters(), lr=LR, fused=True)
            self.students.append((model, optimiser, DRR(ALPHA, BETA).attach(model)))

    def steps(self, number: int) -> None:
        for model, optimiser, penalty in self.students:
            for _ in range(number):
                optimiser.zero_grad()
                nn.functional.mse_loss(model(self.x), self.y).backward()
                penalty.add_gradient()
                optimiser.step()

    def first_weights(self):
        return torch.stack([model[0].weight.detach() for model, _, _ in self.students])


class Vmap:
    """All students through torch.func: one call, the layout of the plain network."""

    def __init__(self, runs: int, x, y) -> None:
        models = [student(seed, x) for seed in range(runs)]
        self.parameters, _ = torch.func.stack_module_state(models)
        self.optimiser = torch.optim.Adam(self.parameters.values(), lr=LR, fused=True)
        self.penalty = DRR(ALPHA, BETA)
        self.penalty.parameters, self.penalty._work = list(self.parameters.values()), []
        base = models[0]

        def loss(parameters):
            return nn.functional.mse_loss(torch.func.functional_call(base, parameters, (x,)), y)

        self.gradient = torch.func.vmap(torch.func.grad(loss))

    def steps(self, number: int) -> None:
        for _ in range(number):
            found = self.gradient({k: p.detach() for k, p in self.parameters.items()})
            for name, p in self.parameters.items():
                p.grad = found[name]
            self.penalty.add_gradient()
            self.optimiser.step()

    def first_weights(self):
        return self.parameters["0.weight"].detach()


class Many:
    """`train_many`, whole calls: pruning and one look at validation data are part of the time."""

    def __init__(self, runs: int, x, y) -> None:
        self.runs, self.x, self.y = runs, x, y

    def steps(self, number: int, tolerance: float = 0.01) -> None:
        self.result = train_many(
            WIDTHS, self.x, self.y, validation=(self.x[:30], self.y[:30]), alphas=[ALPHA],
            betas=BETA, seeds=range(self.runs), epochs=number, finetune=0, ramp=0.0, lr=LR,
            tolerance=tolerance, check=number, device=self.x.device, progress=False,
        )  # fmt: skip

    def first_weights(self):
        return layers(self.result.theta[0], WIDTHS)[0][:, :, :-1]


def flops(n: int) -> int:
    """Multiplications and additions of the matrix products in one student-step (bias as input)."""
    forward = sum(2 * n * (a + 1) * b for a, b in zip(WIDTHS, WIDTHS[1:], strict=False))
    inputs = sum(2 * n * a * b for a, b in zip(WIDTHS[1:], WIDTHS[2:], strict=False))
    return 2 * forward + inputs


def microseconds(ways: dict, runs: int, steps: dict[str, int], rounds: int, device) -> dict:
    """Median time of a student-step for each way; the ways take turns."""
    seconds = {name: [] for name in ways}
    for turn in range(rounds + 1):
        for name, way in ways.items():
            start = time.perf_counter()
            way.steps(steps[name])
            if device == "cuda":
                torch.cuda.synchronize()
            if turn:  # the first round warms up
                seconds[name].append((time.perf_counter() - start) / steps[name] / runs)
    return {name: 1e6 * statistics.median(times) for name, times in seconds.items()}


def data(n: int, device="cpu"):
    return tuple(part.to(device) for part in sample(teacher(), n, seed=n))


def test_the_three_ways_take_the_same_first_step(monkeypatch):
    monkeypatch.setitem(globals(), "ALPHA", 0.0)  # train_many's ramp starts after the first step
    x, y = (part.double() for part in data(40))
    ways = [Loop(3, x, y), Vmap(3, x, y), Many(3, x, y)]
    for way in ways[:2]:
        way.steps(1)
    ways[2].steps(1, tolerance=0)  # one step has the full rate; pruning then takes small weights
    plain, vmap, many = (way.first_weights() for way in ways)
    assert (many != 0).double().mean() > 0.5
    assert (plain - vmap).abs().max() < 1e-9
    assert (plain - many)[many != 0].abs().max() < 1e-9


def matrix_product_rate(device) -> float:
    """GFLOP/s of a product of two 1,024 x 1,024 matrices."""
    a = torch.randn(1024, 1024, device=device)
    times = []
    for _ in range(10):
        start = time.perf_counter()
        float((a @ a)[0, 0])  # waits for a GPU, too
        times.append(time.perf_counter() - start)
    return 2 * 1024**3 / statistics.median(times) / 1e9


def main(device: str) -> None:
    torch.set_num_threads(1)
    peak = matrix_product_rate(device)
    print(f"matrix product: {peak:.0f} GFLOP/s")
    record = {
        "command": "python tests/benchmarks/test_throughput.py",
        "versions": versions(),
        "device": device,
        "matrix_product_gflops": peak,
        "rows": [],
    }
    for n in (30, 300, 2000):
        x, y = data(n, device)
        ways = {"loop": Loop(150, x, y), "vmap": Vmap(150, x, y), "train_many": Many(150, x, y)}
        steps = {"loop": 2, "vmap": math.ceil(600 / n), "train_many": math.ceil(120_000 / n)}
        found = microseconds(ways, 150, steps, 7, device)
        gain = {name: found[name] / found["train_many"] for name in ("loop", "vmap")}
        row = {"students": 150, "n": n, **found, "gflops": flops(n) / found["train_many"] / 1e3}
        record["rows"].append(row)
        print(
            f"n {n:5}: loop {found['loop']:6.1f}, vmap {found['vmap']:6.1f}, train_many "
            f"{found['train_many']:6.1f} us a student-step: {gain['loop']:.1f} times the loop, "
            f"{gain['vmap']:.1f} times vmap, {row['gflops']:.1f} GFLOP/s"
        )
    x, y = data(300, device)
    record["scaling"] = []
    for runs in (1, 4, 16, 64, 256, 1024):
        steps = {"train_many": max(100, 20_000 // runs)}
        found = microseconds({"train_many": Many(runs, x, y)}, runs, steps, 3, device)["train_many"]
        record["scaling"].append({"students": runs, "n": 300, "microseconds": found})
        print(f"{runs:5} students at n = 300: {1e6 / found:8.0f} student-steps a second")
    path = results_folder() / "benchmarks" / f"throughput{'' if device == 'cpu' else '_gpu'}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--device", default="cpu")
    main(parser.parse_args().device)
