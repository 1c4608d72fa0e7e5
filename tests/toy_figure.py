"""A figure of small cells for the tests of `l0course figures`; toy_command.py is its command."""

import random
import time

from l0course.figures.registry import Figure, Published


class Awkward(Exception):
    """An exception that does not survive pickling."""

    def __init__(self, what, why):
        super().__init__(f"{what} because {why}")


def compute(cell):
    time.sleep(cell["pause"])
    if cell.get("fails"):
        raise Awkward("no number", "this cell fails")
    generator = random.Random(cell["seed"])
    return {"mean": sum(generator.random() for _ in range(1000)) / 1000}


def compute_on(cell, device="cpu"):
    import torch

    return {"mean": float(torch.ones(3, device=device).mean()), "device": device}


def draw(results):
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots()
    axis.plot([cell["seed"] for cell, _ in results], [result["mean"] for _, result in results])
    axis.set(xlabel="seed", ylabel="mean of a thousand uniform numbers")
    return figure


def table(results):
    return ["seed", "mean"], [[cell["seed"], result["mean"]] for cell, result in results]


def largest(results):
    return max(result["mean"] for _, result in results)


def _cells(number, pause, **others):
    return [{"seed": seed, "pause": pause, **others} for seed in range(number)]


FIGURE = Figure(
    name="toy",
    title="Means of random numbers & nothing <else>",
    source="own",
    presets={
        "smoke": _cells(4, 0.0),
        "sweep": _cells(100, 0.02),
        "slow": _cells(8, 0.15),
        "endless": _cells(4, 60.0),
        "faulty": [*_cells(2, 0.0, fails=True), *_cells(3, 0.0)],
    },
    compute=compute,
    draw=draw,
    table=table,
    description="Means of a thousand uniform numbers, one for each seed: all lie near 0.5.",
    published=(
        Published("expected mean", 0.5, "any textbook", largest),
        Published("largest mean", None, "nowhere", lambda results: None),
    ),
)
