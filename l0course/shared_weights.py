"""Live weights that share few values: latent numbers, levels, and who takes which."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from .code_cost import cheapest_levels, level_bits
from .codec.levels import Codebook, Grid
from .live_vector import LiveVector

__all__ = ["CODEBOOKS", "SharedWeights"]

_LEVEL_RATE = 0.3  # learning rate of levels / learning rate of weights


class SharedWeights:
    """What `quantize` trains instead of the model's own weights.

        shared.write()                                 # the model computes with levels
        loss(model(x), y).backward()
        shared.step()                                  # latent weights and levels move

    Attributes
    ----------
    weights : Tensor, shape (k,)
        The latent numbers of all weights that are live at the start.
    levels : Tensor, shape (1, count) or (tensors, 1)
        The values of a shared codebook, or the steps of grids.
    vector : LiveVector
        Where these weights are in the model.
    """

    def __init__(self, model: nn.Module, count: int, *, codebook: str, lr: float) -> None:
        self.vector = LiveVector(model)
        weights = self.vector.read()
        arrays = [w.cpu().numpy() for w in weights.split(self.vector.sizes)]
        levels, pattern = (t.to(weights.device) for t in CODEBOOKS[codebook](arrays, count))
        self._pattern, self._count = pattern, (levels * pattern).shape[1]
        self._prune, self._curvature = False, torch.ones_like(weights)
        self._position_cost = torch.zeros_like(weights)
        self._level_cost = torch.zeros(self._count, device=weights.device)
        self.weights, self.levels = weights.requires_grad_(), levels.requires_grad_()
        groups = [
            {"params": [self.weights], "lr": lr},
            {"params": [self.levels], "lr": _LEVEL_RATE * lr},
        ]
        self.optimiser = torch.optim.Adam(groups)

    def write(self) -> None:
        """Choose a level for each weight, and set the model to it."""
        short = self.levels.detach().bfloat16().float()
        # Gradients pass the rounding to 16 bits unchanged.
        table = (self.levels + (short - self.levels).detach()) * self._pattern  # (tensors, count)
        tensor = self.vector.tensor
        self._index = cheapest_levels(
            self.weights.detach(),
            table.detach()[tensor],
            self._curvature,
            self._position_cost,
            self._level_cost,
            zero=self._prune,
        )
        table = torch.cat([torch.zeros_like(table[:, :1]), table], dim=1)
        self._values = table[tensor, self._index]  # (k,)
        self.vector.write(self._values.detach())

    def step(self) -> None:
        """Move weights and levels by the gradients that the model's parameters have."""
        gradient = self.vector.gradient()
        self.optimiser.zero_grad()
        self._values.backward(gradient)
        self.weights.grad = gradient  # straight through the choice of levels
        self.optimiser.step()

    def bits(self) -> float:
        """Bits of all positions and levels, as of the last `write`."""
        live = self._index > 0
        levels = level_bits(self._index, self._count)[self._index[live] - 1]
        return float(levels.sum() + self.vector.position_bits()[live].sum())

    def set_price(self, price: float, curvature: Tensor) -> None:
        """From now on zero is a choice, and a bit costs `price`, in units of the loss."""
        self._prune, self._curvature = True, curvature
        self._position_cost = price * self.vector.position_bits()
        self._level_cost = price * level_bits(self._index, self._count)


def _shared_codebook(arrays: list[np.ndarray], count: int) -> tuple[Tensor, Tensor]:
    """(1, count) values, and ones for each tensor, (tensors, 1)."""
    table = torch.from_numpy(Codebook.fit(arrays, count).table)
    return table[None].clone(), torch.ones(len(arrays), 1)


def _grids(arrays: list[np.ndarray], count: int) -> tuple[Tensor, Tensor]:
    """Steps, (tensors, 1), and their multiples, (1, count)."""
    steps = [[float(step) or 1.0] for step in Grid.fit(arrays, count).steps]
    half = count // 2
    whole = [*range(-half, 0), *range(1, half + 1)]
    return torch.tensor(steps), torch.tensor([whole], dtype=torch.float32)


CODEBOOKS = {"shared": _shared_codebook, "grid": _grids}
