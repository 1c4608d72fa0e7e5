"""PMMP with w and gamma eliminated: the version that competes.

A mask is a coin, so the expected violation of theta = w z is exact for every distance d, not only
for the square: E d(theta - w z) = gamma d(theta - w) + (1 - gamma) d(theta). The best w is theta
itself. What is left is linear in gamma, so its minimum lies at gamma = 0 or 1::

    min over w, gamma of  alpha gamma + u E d(theta - w z)  =  min(u d(theta), alpha)

Three choices turn this into a training method. The distance is |theta|, whose force does not
vanish at zero as that of the square does. u follows a plan: a weight is pruned below the threshold
where u d(theta) = alpha, and the plan lowers the threshold, from almost l1 to almost l0. And u is
weighted by curvature: pruning theta costs about h theta^2 / 2, so a weight of high curvature h gets
a lower threshold. These three are our own; the main paper (arXiv 2505.17469, Eq. 10) has the square
and lets u ascend.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .checks import require
from .regularizers import Regularizer, refuse_half_precision

__all__ = ["ExactPMMP"]

MEMORY = 0.999  # of the running mean of squared gradients, as in Adam
RANGE = 1e-4, 1e4  # of a weight's mean square relative to that of all weights


class ExactPMMP(Regularizer):
    """Capped penalty alpha * sum min(d(c theta / t), 1), with a falling threshold t.

    It is what PMMP's terms cost once w and gamma are solved exactly, with u = alpha / d(t / c).
    `ramp` moves t from `start` to `end` (geometrically), and not alpha; at 0 nothing is charged.

    Parameters
    ----------
    alpha : float
        Price of a kept weight.
    start, end : float
        Threshold at the beginning and at the end of the plan, for a weight of mean curvature.
    distance : "absolute" or "square"
        d(x) = |x| or x^2.
    curvature : float in [0, 1]
        c = (root mean squared gradient of the weight / that of all weights) ** curvature, with the
        ratio kept in [0.01, 100]; 0 means the same threshold for all. The squared gradient stands
        for the curvature h, and the rule h theta^2 / 2 asks for 1; 0.5 prunes better (ablation).

    Attributes
    ----------
    scales : list of tensors, the c of every weight, after `attach`.

    Raises
    ------
    ValueError
        If alpha < 0, a threshold <= 0, end > start, curvature outside [0, 1], or the distance is
        unknown; from `attach`, for half precision.

    Examples
    --------
    >>> model = nn.Linear(2, 1, bias=False)
    >>> _ = model.weight.data.copy_(torch.tensor([[3.0, 0.1]]))
    >>> ExactPMMP(alpha=1.0, start=0.4, end=0.2, curvature=0.0).attach(model).penalty().item()
    1.5
    """

    def __init__(
        self,
        alpha: float,
        start: float = 0.4,
        end: float = 0.1,
        *,
        distance: str = "absolute",
        curvature: float = 0.5,
    ) -> None:
        super().__init__(alpha)
        require("start", start, above=0)
        require("end", end, above=0)
        if end > start:
            raise ValueError(f"The threshold falls, but start is {start!r} and end is {end!r}.")
        if distance not in ("absolute", "square"):
            raise ValueError(f'distance must be "absolute" or "square", but it is {distance!r}.')
        if not 0 <= curvature <= 1:
            raise ValueError(f"curvature must lie between 0 and 1, but it is {curvature!r}.")
        self.start, self.end = start, end
        self.power = 1 if distance == "absolute" else 2
        self.curvature = curvature

    def attach(self, model: nn.Module) -> ExactPMMP:
        super().attach(model)
        refuse_half_precision(self.parameters)
        self._squares = [torch.zeros_like(p).detach() for p in self.parameters]
        self.scales = [torch.ones_like(p).detach() for p in self.parameters]
        return self

    @property
    def threshold(self) -> float:
        """Where a weight of mean curvature is pruned, at this point of the plan."""
        return self.start * (self.end / self.start) ** self.ramp

    def cost(self, theta: Tensor) -> Tensor:
        """sum of min(d(theta / t), 1), for weights that are scaled by c already."""
        return (theta.abs() / self.threshold).pow(self.power).clamp(max=1).sum()

    def penalty(self) -> Tensor:
        """alpha * sum min(d(c theta / t), 1): a differentiable scalar tensor; 0 if ramp is 0."""
        costs = [self.cost(c * p) for p, c in zip(self._attached(), self.scales, strict=True)]
        return self.alpha * (self.ramp > 0) * torch.stack(costs).sum()

    @torch.no_grad()
    def add_gradient(self) -> None:
        """Update `scales` from the data loss's gradients, then add the penalty's to them."""
        if self.curvature > 0:
            self._measure()
        if self.ramp > 0:
            self._pull()

    def _measure(self) -> None:
        """Update the scales from the running means of the squared gradients, if they are finite."""
        gradients = [p.grad for p in self._attached()]
        if not torch.stack([g.sum() for g in gradients if g is not None]).sum().isfinite():
            return
        for gradient, square in zip(gradients, self._squares, strict=True):
            if gradient is not None:
                square.mul_(MEMORY).addcmul_(gradient, gradient, value=1 - MEMORY)
        count = sum(square.numel() for square in self._squares)
        mean = sum(square.sum() for square in self._squares) / count
        for square, scale in zip(self._squares, self.scales, strict=True):
            relative = torch.div(square, mean.clamp(min=1e-30), out=scale)
            relative.clamp_(*RANGE).pow_(self.curvature / 2)  # of the squares: half the power

    def _pull(self) -> None:
        """Add (1 - gamma) * alpha * d'(c theta / t) * c / t to the gradients."""
        for p, scale in zip(self._attached(), self.scales, strict=True):
            if p.grad is not None:
                x = torch.div(p, self.threshold).mul_(scale)  # c theta / t
                slope = torch.sign(x) if self.power == 1 else 2 * x
                slope.mul_(self.pruned(x.abs_()))
                p.grad.addcmul_(slope, scale, value=self.alpha / self.threshold)

    def pruned(self, x: Tensor) -> Tensor:
        """1 - gamma, the probability that a weight at x = |c theta / t| is pruned: 0 or 1."""
        return x < 1
