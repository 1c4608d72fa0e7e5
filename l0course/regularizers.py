"""Penalties attached to a model's parameters, ready for a training loop.

    regularizer = DRR(alpha=1e-4).attach(model)
    loss = data_loss + regularizer.penalty()        # autograd does the rest

The data loss is a mean over the batch and the penalty a plain sum over all trainable entries,
biases included, as in the published code (main paper, arXiv 2505.17469, Sections 2 and 3).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from . import penalties
from .checks import require

__all__ = ["DRR", "L1", "Regularizer"]


class Regularizer:
    """What every penalty on a model shares: a strength `alpha` and the parameters it acts on.

    A subclass says what one tensor costs (`cost`) and the slope of that (`slope`), both before
    the factor alpha. `ramp` in [0, 1] scales alpha: a schedule may raise it during training.
    """

    def __init__(self, alpha: float) -> None:
        require("alpha", alpha, least=0)
        self.alpha = alpha
        self.ramp = 1.0
        self.parameters: list[nn.Parameter] = []

    def cost(self, theta: Tensor) -> Tensor:
        """Penalty of one tensor, without alpha: a scalar tensor."""
        raise NotImplementedError

    def slope(self, theta: Tensor) -> Tensor:
        """Derivative of `cost`: a new tensor of theta's shape."""
        raise NotImplementedError

    def attach(self, model: nn.Module) -> Regularizer:
        """Act on the trainable parameters of `model`; returns self.

        Raises ValueError if the model has none.
        """
        self.parameters = [p for p in model.parameters() if p.requires_grad]
        if not self.parameters:
            raise ValueError("The model has no trainable parameters, so there is nothing to prune.")
        return self

    def _attached(self) -> list[nn.Parameter]:
        if not self.parameters:
            raise RuntimeError(f"Call {type(self).__name__}(...).attach(model) first.")
        return self.parameters

    def penalty(self) -> Tensor:
        """alpha * sum of the costs: a differentiable scalar tensor."""
        costs = [self.cost(p) for p in self._attached()]
        return self.alpha * self.ramp * torch.stack(costs).sum()

    @torch.no_grad()
    def add_gradient(self) -> None:
        """Add the penalty's gradient to each parameter's `.grad`, after `loss.backward()`.

        The same as adding `penalty()` to the loss, at about a third of the cost.
        """
        for p in self._attached():
            if p.grad is not None:
                p.grad.add_(self.slope(p), alpha=self.alpha * self.ramp)

    def after_step(self) -> None:
        """Called after each optimiser step; L1 and DRR have nothing to project."""


class L1(Regularizer):
    """Lasso penalty, alpha * sum |theta|: the regularised phase of R-L1 (main paper, Section 3).

    Shrinks every weight by the same force; fine-tuning on the surviving support undoes the bias.

    Raises ValueError if alpha < 0.

    >>> model = nn.Linear(2, 1, bias=False)
    >>> _ = model.weight.data.copy_(torch.tensor([[3.0, -1.0]]))
    >>> L1(alpha=0.5).attach(model).penalty().item()
    2.0
    """

    def cost(self, theta: Tensor) -> Tensor:
        return penalties.l1(theta)

    def slope(self, theta: Tensor) -> Tensor:
        return torch.sign(theta)


class DRR(Regularizer):
    """Differentiable relaxation of l0, alpha * sum (1 - exp(-beta |theta|)) (main paper, Eq. 11).

    Its gradient is alpha * beta * sign(theta) * exp(-beta |theta|): it pulls small weights to zero
    and leaves large ones alone. beta = 5 is the published setting.

    Raises ValueError if alpha < 0 or beta <= 0.

    >>> model = nn.Linear(2, 1, bias=False)
    >>> _ = model.weight.data.copy_(torch.tensor([[3.0, 0.0]]))
    >>> round(DRR(alpha=1.0, beta=5.0).attach(model).penalty().item(), 4)
    1.0
    """

    def __init__(self, alpha: float, beta: float = 5.0) -> None:
        super().__init__(alpha)
        require("beta", beta, above=0)
        self.beta = beta

    def cost(self, theta: Tensor) -> Tensor:
        return penalties.smooth_l0(theta, self.beta)

    def slope(self, theta: Tensor) -> Tensor:
        # exp(-beta |theta|) as a power of two: exp2 runs several times faster than exp
        decay = theta.abs().mul_(-self.beta / math.log(2)).exp2_()
        return decay.mul_(theta.sign()).mul_(self.beta)
