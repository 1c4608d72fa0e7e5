"""What a student learns from its teacher: the function, and hardly the weights.

The pictures of both papers (arXiv 2505.17469 and 2509.15060): the teacher's and the student's
surface with the data, and the weights of teacher, untrained and pruned student, as they are and in
normal form. Strength and seed of the student that is shown are chosen on validation data.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor, nn

from ..ensemble import train_many
from ..models import MLP
from ..symmetry import distance, normal_form
from ..teacher_student import student, teacher, teacher_data
from .network import draw_network
from .registry import Figure, Published, Results

SIGMA, TEACHER, STUDENT = 0.08, (2, 5, 8, 1), (2, 25, 25, 1)
GRID = 41  # places along each axis of the surfaces


def learn(cell: dict[str, Any], device: str = "cpu") -> dict[str, Any]:
    """Students of all strengths and seeds on one data set; the weights of the chosen one.

    `teacher`, `untrained` and `pruned` are weights and biases layer by layer, in the order of
    `parameters()`. `test`, `validation` and `nonzero` have shape (strengths, seeds), `chosen` is
    the place there of the least validation error, and `teacher_test` the teacher's own test error.
    The distances are those of `l0course.symmetry.distance` from the teacher; `teacher_norm` is how
    far a network of zeros would be.
    """
    truth = teacher(TEACHER, seed=cell["teacher"])
    data = teacher_data(truth, cell["n"], SIGMA, seed=cell["data"])
    alphas = [strength / cell["n"] for strength in cell["strengths"]]
    many = train_many(
        STUDENT, *data.train, validation=data.validation, alphas=alphas, seeds=cell["seeds"],
        device=device, progress=False, **cell["schedule"],
    )  # fmt: skip
    chosen = divmod(int(many.validation_loss.argmin()), len(cell["seeds"]))
    pruned, fresh = many.model(*chosen), student(STUDENT, seed=cell["seeds"][chosen[1]])
    with torch.no_grad():
        noise = (truth(data.test[0]) - data.test[1]).square().mean()
    return {
        "teacher": weights(truth),
        "untrained": weights(fresh),
        "pruned": weights(pruned),
        "chosen": list(chosen),
        "test": _rounded(many.loss(*data.test)),
        "validation": _rounded(many.validation_loss),
        "nonzero": many.nonzero.tolist(),
        "teacher_test": _rounded(noise),
        "teacher_norm": round(float(np.linalg.norm(weights(normal_form(truth)))), 6),
        "untrained_distance": round(distance(fresh, truth), 6),
        "pruned_distance": round(distance(pruned, truth), 6),
        "x": _rounded(data.train[0]),
        "y": _rounded(data.train[1][:, 0]),
    }


def weights(model: nn.Module) -> list[float]:
    """All weights, with the nine digits that a float32 needs to come back."""
    return [float(f"{v:.9g}") for p in model.parameters() for v in p.flatten().tolist()]


@torch.no_grad()
def rebuilt(widths: Sequence[int], values: list[float]) -> nn.Sequential:
    """The tanh network whose `weights` these are."""
    model = MLP(widths, nn.Tanh, seed=0)
    parameters = list(model.parameters())
    parts = torch.tensor(values).split([p.numel() for p in parameters])
    for p, part in zip(parameters, parts, strict=True):
        p.copy_(part.view_as(p))
    return model


def _rounded(values: Tensor) -> Any:
    return np.vectorize(lambda v: float(f"{v:.6g}"))(values.double().cpu().numpy()).tolist()


def draw(results: Results) -> plt.Figure:
    """Two surfaces and their difference; below, three networks as they are and in normal form."""
    cell, result = results[0]
    models = {
        "teacher": rebuilt(TEACHER, result["teacher"]),
        "untrained": rebuilt(STUDENT, result["untrained"]),
        "pruned": rebuilt(STUDENT, result["pruned"]),
    }
    x, y = np.array(result["x"]), np.array(result["y"])
    figure = plt.figure(figsize=(9.6, 9), layout="constrained")
    places = figure.add_gridspec(3, 3, height_ratios=[1.15, 1, 1])
    heights = {name: surface(models[name]) for name in ("teacher", "pruned")}
    limits = min(y.min(), heights["teacher"].min()), max(y.max(), heights["teacher"].max())
    for column, (name, title) in enumerate([("teacher", "teacher"), ("pruned", "pruned student")]):
        axis = figure.add_subplot(places[0, column], projection="3d")
        _draw_surface(axis, heights[name], limits)
        axis.plot(*x.T, y, "o", color="black", markersize=1.5, alpha=0.6)
        axis.set_title(f"{title}: y, and data", fontsize=13, y=0.98)
    axis = figure.add_subplot(places[0, 2])
    _draw_difference(axis, heights["pruned"] - heights["teacher"], x)
    below = {
        "teacher": f"norm {result['teacher_norm']:.3g}",
        "untrained": f"matched distance {result['untrained_distance']:.3g}",
        "pruned": f"matched distance {result['pruned_distance']:.3g}",
    }
    for column, (name, model) in enumerate(models.items()):
        for row, (one, form) in enumerate([(model, "raw"), (normal_form(model), "normal form")], 1):
            axis = draw_network(one, figure.add_subplot(places[row, column]), biases=True)
            words = f"{name}, {form}" + (f"\n{below[name]}" if row == 2 else "")
            axis.set_title(words, fontsize=13)
            for lines in axis.collections if name != "untrained" else ():  # few: room for width
                lines.set_linewidth(np.multiply(2, lines.get_linewidth()))
            for text in axis.texts:
                text.set_fontsize(10)
    return figure


@torch.no_grad()
def surface(model: nn.Sequential) -> np.ndarray:
    """The function on a grid over [-1, 1]^2, shape (GRID, GRID): rows x2, columns x1."""
    line = torch.linspace(-1, 1, GRID)
    grid = torch.stack(torch.meshgrid(line, line, indexing="xy"), dim=2)
    return model(grid)[..., 0].numpy()


def _draw_surface(axis: Axes, heights: np.ndarray, limits: tuple[float, float]) -> None:
    line = np.linspace(-1, 1, GRID)
    axis.plot_surface(*np.meshgrid(line, line), heights, cmap="cividis", alpha=0.75, vmin=limits[0],
                      vmax=limits[1], rstride=2, cstride=2, linewidth=0)  # fmt: skip
    axis.set(xlabel="x1", ylabel="x2", zlim=limits, xticks=[-1, 0, 1], yticks=[-1, 0, 1])
    axis.view_init(25, -60)
    axis.set_box_aspect(None, zoom=1.1)


def _draw_difference(axis: Axes, difference: np.ndarray, x: np.ndarray) -> None:
    most = np.abs(difference).max()
    image = axis.imshow(difference, origin="lower", extent=(-1, 1, -1, 1), cmap="PuOr", vmin=-most,
                        vmax=most)  # fmt: skip
    axis.plot(*x.T, "o", color="black", markersize=1.2)
    axis.set(xlabel="x1", ylabel="x2", xticks=[-1, 0, 1], yticks=[-1, 0, 1])
    axis.set_title("student - teacher", fontsize=13)
    axis.grid(False)
    axis.figure.colorbar(image, ax=axis, location="bottom", aspect=15, label="difference of y")


def table(results: Results) -> tuple[list[str], list[list]]:
    """A row for each student."""
    header = ["n", "n_alpha", "seed", "validation", "test", "nonzero", "chosen"]
    rows = [
        [cell["n"], strength, seed, *(run[k][a][s] for k in ("validation", "test", "nonzero")),
         int([a, s] == run["chosen"])]
        for cell, run in results
        for a, strength in enumerate(cell["strengths"])
        for s, seed in enumerate(cell["seeds"])
    ]  # fmt: skip
    return header, rows


def of_chosen(results: Results, name: str) -> float:
    """Test error or number of weights of the student that is shown."""
    run = results[0][1]
    a, s = run["chosen"]
    return run[name][a][s]


def _cell(n: int, strengths: list[float], seeds: int, **schedule: Any) -> dict[str, Any]:
    return {"n": n, "teacher": 35, "data": 0, "strengths": strengths,
            "seeds": list(range(43, 43 + seeds)), "schedule": schedule}  # fmt: skip


PUBLISHED = [0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1, 1.5, 2, 5, 10]  # n * alpha
UNKNOWN = [
    ("test error (mean square) of the student shown", lambda r: of_chosen(r, "test")),
    ("live weights of the student shown", lambda r: of_chosen(r, "nonzero")),
    ("its distance from the teacher, neurons matched", lambda r: r[0][1]["pruned_distance"]),
]

FIGURE = Figure(
    name="teacher_networks",
    title="A teacher and its student: functions alike, weights apart",
    source="main paper, arXiv 2505.17469, and companion, 2509.15060: teacher and student networks",
    presets={
        "smoke": [_cell(300, [0.05, 0.2], 2, epochs=200, finetune=50, lr=1e-2)],
        "quick": [_cell(300, [0.02, 0.05, 0.1, 0.2], 5, epochs=3000, finetune=1000, lr=1e-2)],
        "paper": [_cell(300, PUBLISHED, 10, epochs=3000, finetune=1000, lr=1e-2)],
    },
    compute=learn,
    draw=draw,
    description=(
        "Above: the teacher's surface and the pruned student's, both with the 300 data points, and "
        "their difference, a fraction of the noise of 0.08. Below: teacher, untrained and pruned "
        "student, each as it is and in normal form. Solid blue is positive, dashed orange "
        "negative, width is size, triangles are biases. The student has the function with far "
        "fewer weights than the teacher's 72, and these weights, neurons matched, are hardly "
        "nearer to the teacher's than zeros would be."
    ),
    table=table,
    published=tuple(Published(what, None, "companion, 2509.15060", ours) for what, ours in UNKNOWN),
)
