"""A ticket found by training the mask: every weight keeps its random value and learns a score.

Ramanujan et al., "What's hidden in a randomly weighted neural network?" (CVPR 2020). The entries
with the highest scores of each tensor are in. The gradient goes through this choice as if the
score were a factor (straight-through).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from .checks import integer, require
from .pruning import trainable

__all__ = ["edge_popup"]


class _TopScores(nn.Module):
    """weight -> weight where the score is among the highest, 0 elsewhere."""

    def __init__(self, weight: Tensor, density: float, generator: torch.Generator) -> None:
        super().__init__()
        self.kept = max(1, round(density * weight.numel()))
        scores = torch.rand(weight.shape, generator=generator, dtype=weight.dtype)
        self.scores = nn.Parameter(scores)

    def forward(self, weight: Tensor) -> Tensor:
        limit = self.scores.detach().flatten().topk(self.kept).values[-1]
        mask = (self.scores.detach() >= limit).to(weight.dtype)
        through = self.scores - self.scores.detach()  # 0, with the gradient of a factor
        return weight.detach() * (mask + through)


def edge_popup(
    model: nn.Module,
    train: tuple[Tensor, Tensor],
    *,
    density: float,
    epochs: int,
    lr: float = 0.02,
    batch_size: int = 50,
    seed: int = 0,
) -> nn.Module:
    """Learn which weights of a classifier to keep; prunes the model in place and returns it.

    Parameters
    ----------
    model : nn.Module with inputs x and outputs (n, classes); all trainable entries are masked
    train : (x, y), y of shape (n,) with integer classes
    density : share of the entries of each tensor that stays, in (0, 1]
    epochs, lr, batch_size, seed : of Adam on the scores, with a rate that falls to 0

    Raises
    ------
    ValueError
        If a number is out of range, or the model has nothing to train.

    Examples
    --------
    >>> model = nn.Linear(2, 2, bias=False)
    >>> x, y = torch.eye(2).repeat(50, 1), torch.tensor([0, 1]).repeat(50)
    >>> kept = edge_popup(model, (x, y), density=0.5, epochs=1)
    >>> int(kept.weight.count_nonzero())
    2
    """
    require("density", density, above=0)
    if density > 1:
        raise ValueError(f"density is a share of the weights, at most 1, but it is {density}.")
    integer("epochs", epochs, 1)
    generator = torch.Generator().manual_seed(integer("seed", seed, 0))
    owners = {}
    for name, p in trainable(model).items():
        module, _, own = name.rpartition(".")
        owners[name] = (model.get_submodule(module), own)
        parametrize.register_parametrization(*owners[name], _TopScores(p, density, generator))
    scores = [p for name, p in model.named_parameters() if name.endswith(".scores")]
    optimiser = torch.optim.Adam(scores, lr)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs)
    x, y = train
    for _ in range(epochs):
        for rows in torch.randperm(len(x), generator=generator).split(batch_size):
            optimiser.zero_grad()
            nn.functional.cross_entropy(model(x[rows]), y[rows]).backward()
            optimiser.step()
        schedule.step()
    for module, own in owners.values():  # the mask becomes zeros in the plain tensor
        parametrize.remove_parametrizations(module, own)
    model.zero_grad()
    return model
