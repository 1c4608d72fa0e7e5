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

    A subclass says what one tensor costs (`cost`), and adds the slope of that to a gradient
    (`add_slope`), both before the factor alpha. `ramp` in [0, 1] scales alpha: a schedule may raise
    it during training.
    """

    def __init__(self, alpha: float) -> None:
        require("alpha", alpha, least=0)
        self.alpha = alpha
        self.ramp = 1.0
        self.parameters: list[nn.Parameter] = []

    def cost(self, theta: Tensor) -> Tensor:
        """Penalty of one tensor, without alpha: a scalar tensor."""
        raise NotImplementedError

    def add_slope(self, theta: Tensor, gradient: Tensor, scale: float, work: list[Tensor]) -> None:
        """Add scale * (derivative of `cost`) to `gradient`, in place.

        `work` holds two tensors of theta's shape to calculate in: fresh memory at every step would
        cost more than the arithmetic.
        """
        raise NotImplementedError

    def attach(self, model: nn.Module) -> Regularizer:
        """Act on the trainable parameters of `model`; returns self.

        Raises ValueError if the model has none.
        """
        self.parameters = [p for p in model.parameters() if p.requires_grad]
        if not self.parameters:
            raise ValueError("The model has no trainable parameters, so there is nothing to prune.")
        self._work: list[list[Tensor]] = []
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

        The same as adding `penalty()` to the loss, but several times cheaper.
        """
        if [w[0].dtype for w in self._work] != [p.dtype for p in self._attached()]:
            self._work = [[torch.empty_like(p), torch.empty_like(p)] for p in self.parameters]
        for p, work in zip(self.parameters, self._work, strict=True):
            if p.grad is not None:
                self.add_slope(p, p.grad, self.alpha * self.ramp, work)

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

    def add_slope(self, theta: Tensor, gradient: Tensor, scale: float, work: list[Tensor]) -> None:
        gradient.add_(torch.sign(theta, out=work[0]), alpha=scale)


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

    def add_slope(self, theta: Tensor, gradient: Tensor, scale: float, work: list[Tensor]) -> None:
        sign = torch.sign(theta, out=work[0])
        # exp(-beta |theta|) as a power of two: exp2 runs several times faster than exp
        decay = torch.abs(theta, out=work[1]).mul_(-self.beta / math.log(2)).exp2_()
        gradient.addcmul_(sign, decay, value=scale * self.beta)
