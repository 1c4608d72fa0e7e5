"""Drawings of small networks: every live weight is a line."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from torch import nn

from .style import COLORS

__all__ = ["draw_network"]


def draw_network(model: nn.Sequential, axis: Axes | None = None, *, biases: bool = False) -> Axes:
    """Draw the live weights of a fully connected network, inputs on the left.

    Solid blue lines are positive weights and dashed orange ones negative; a thicker line is a
    larger weight. A dot is a neuron with at least one live weight; neurons without are left out.
    With `biases`, a blue triangle up is a positive bias, an orange one down a negative.

    Parameters
    ----------
    model : nn.Sequential of nn.Linear and activations
    axis : matplotlib Axes; a new one if None

    Examples
    --------
    >>> from l0course import MLP
    >>> axis = draw_network(MLP((2, 3, 1), seed=0))
    >>> len(axis.collections)
    2
    """
    axis = axis or plt.subplots(figsize=(6.4, 4))[1]
    linears = [m for m in model if isinstance(m, nn.Linear)]
    matrices = [m.weight.detach().cpu().numpy() for m in linears]
    sizes = [matrices[0].shape[1], *(w.shape[0] for w in matrices)]
    alive = [np.zeros(size, bool) for size in sizes]
    for layer, w in enumerate(matrices):
        alive[layer] |= (w != 0).any(axis=0)
        alive[layer + 1] |= (w != 0).any(axis=1)
    heights = [_spread(a) for a in alive]
    for sign, colour, style in [(1, "blue", "-"), (-1, "orange", (0, (3, 1.5)))]:
        lines, widths = [], []
        for layer, w in enumerate(matrices):
            scale = np.abs(w).max() or 1.0
            for out, into in zip(*np.nonzero(w * sign > 0), strict=True):
                lines.append([(layer, heights[layer][into]), (layer + 1, heights[layer + 1][out])])
                widths.append(0.15 + 1.1 * abs(w[out, into]) / scale)
        axis.add_collection(
            LineCollection(lines, colors=COLORS[colour], linewidths=widths, linestyles=style)
        )
    for layer, (a, y) in enumerate(zip(alive, heights, strict=True)):
        axis.plot([layer] * a.sum(), y[a], "o", color="black", markersize=2.5, linestyle="")
        if biases and layer:
            bias = linears[layer - 1].bias.detach().cpu().numpy()
            for sign, colour, marker in [(1, "blue", "^"), (-1, "orange", "v")]:
                there = y[a & (bias * sign > 0)]
                axis.plot([layer] * len(there), there, marker, color=COLORS[colour], markersize=5)
        axis.text(layer, 1.04, f"{a.sum()} of {a.size}", ha="center", fontsize=9)
    axis.set(xlim=(-0.15, len(sizes) - 0.85), ylim=(-0.02, 1.1))
    axis.axis("off")
    return axis


def _spread(alive: np.ndarray) -> np.ndarray:
    """Heights in [0, 1] for the live neurons of a layer, in order from the top."""
    y = np.full(alive.size, np.nan)
    n = int(alive.sum())
    y[alive] = np.linspace(0.98, 0.02, n) if n > 1 else 0.5
    return y
