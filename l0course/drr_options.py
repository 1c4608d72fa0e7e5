"""DRR with the options of its predecessor: every layer the same weight, and an l2 term beside it.

Oliveira, Batista and Seara ("On the compression of neural networks using l0-norm regularization and
weight pruning", arXiv 2109.05075) train with both; the code of the main paper (arXiv 2505.17469)
offers both and leaves both out by default. figures/drr_ablation.py measures what they do.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from . import penalties
from .checks import require
from .regularizers import DRR

__all__ = ["LayerDRR"]


class LayerDRR(DRR):
    """alpha * sum over layers of factor * sum (1 - exp(-beta |theta|)), and rho * sum theta^2.

    A layer is a module with trainable parameters of its own: a weight and its bias count as one.
    Its factor is N / (N_layer * layers), with N trainable entries in all. So every layer can cost
    alpha * N / layers at most, the small last layer as much as the large first one. The mean over
    all entries of the factor is 1. A tensor that two modules share counts for the first one.

    `ramp` scales both terms. The factor does not act on the l2 term, and neither does alpha.

    Parameters
    ----------
    alpha, beta : float
        As in `DRR`.
    rho : float
        Strength of the l2 term, >= 0.
    norm : bool
        False: every factor is 1, as in `DRR`.

    Attributes
    ----------
    factors : dict, parameter -> factor of its layer, after `attach`.

    Raises ValueError if alpha < 0, beta <= 0 or rho < 0.

    Examples
    --------
    >>> model = nn.Sequential(nn.Linear(3, 1), nn.Linear(1, 1))  # 4 and 2 entries
    >>> list(LayerDRR(alpha=1.0).attach(model).factors.values())
    [0.75, 0.75, 1.5, 1.5]
    """

    def __init__(
        self, alpha: float, beta: float = 5.0, *, rho: float = 0.0, norm: bool = True
    ) -> None:
        super().__init__(alpha, beta)
        require("rho", rho, least=0)
        self.rho, self.norm = rho, norm

    def attach(self, model: nn.Module) -> LayerDRR:
        super().attach(model)
        self.factors: dict[Tensor, float] = dict.fromkeys(self.parameters, 1.0)
        if self.norm:
            layers = self._layers(model)
            total = sum(p.numel() for p in self.parameters)
            for layer in layers:
                own = sum(p.numel() for p in layer)
                self.factors |= dict.fromkeys(layer, total / (own * len(layers)))
        return self

    def _layers(self, model: nn.Module) -> list[list[nn.Parameter]]:
        """The trainable parameters by the module that holds them, each once."""
        left = set(self.parameters)
        layers = []
        for module in model.modules():
            own = [p for p in module.parameters(recurse=False) if p in left]
            left.difference_update(own)
            if own:
                layers.append(own)
        return layers

    def penalty(self) -> Tensor:
        """Both terms: a differentiable scalar tensor."""
        squares = torch.stack([penalties.l2(p) for p in self._attached()]).sum()
        return super().penalty() + self.rho * self.ramp * squares

    def cost(self, theta: Tensor) -> Tensor:
        return self.factors[theta] * super().cost(theta)

    def add_slope(self, theta: Tensor, gradient: Tensor, scale: float, work: list[Tensor]) -> None:
        super().add_slope(theta, gradient, self.factors[theta] * scale, work)
        gradient.add_(theta, alpha=2 * self.rho * self.ramp)
