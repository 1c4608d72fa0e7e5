"""Penalties attached to a model's parameters, ready for a training loop.

    regularizer = DRR(alpha=1e-4).attach(model)
    loss.backward()                  # of the data alone
    regularizer.add_gradient()       # to each parameter's .grad
    optimiser.step()
    regularizer.after_step()

`compress()` does this for you. (For L1 and DRR, `(loss + regularizer.penalty()).backward()` gives
the same gradients; the others keep variables of their own, which move in `after_step`.)

The data loss is a mean over the batch and the penalty a plain sum over all trainable entries,
biases included, as in the published code (main paper, arXiv 2505.17469, Sections 2 and 3).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from . import penalties
from .checks import require

__all__ = ["DRR", "L1", "PMMP", "Regularizer", "pmmp_lagrangian"]


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
        if [p.dtype for p in self._attached()] != [w[0].dtype for w in self._work]:
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


def pmmp_lagrangian(
    theta: Tensor, w: Tensor, gamma: Tensor, u: Tensor | float, alpha: float
) -> Tensor:
    """What PMMP adds to the loss (main paper, Cor. 2.4 and Eq. 10), exactly and without sampling.

    A weight theta shall equal w * z with a random mask z ~ Bernoulli(gamma). Every kept weight
    costs alpha, and every squared violation u. Expectation over the masks::

        alpha * sum(gamma) + sum(u * ((theta - w * gamma)^2 + w^2 * gamma * (1 - gamma)))

    Parameters
    ----------
    theta, w, gamma : tensors of one shape
        Weights, their values if kept, and the probabilities of keeping them.
    u : tensor of that shape, or a number
        Multipliers; PMMP minimises over the others and maximises over u.
    alpha : float
        Price of a weight.

    Returns
    -------
    scalar tensor, differentiable in all four

    Raises
    ------
    ValueError
        If shapes differ, gamma leaves [0, 1], u < 0 or alpha < 0, or for integer tensors.

    Examples
    --------
    >>> half = torch.tensor([0.5])
    >>> pmmp_lagrangian(half, w=2 * half, gamma=half, u=4.0, alpha=0.1).item()  # mean 0.5, spread
    1.0499999523162842
    """
    require("alpha", alpha, least=0)
    if not all(torch.is_tensor(v) and v.is_floating_point() for v in (theta, w, gamma)):
        raise ValueError("theta, w and gamma must be tensors of floating-point numbers.")
    u = torch.as_tensor(u, dtype=theta.dtype, device=theta.device)
    shapes = {"theta": theta.shape, "w": w.shape, "gamma": gamma.shape}
    if len(set(shapes.values())) > 1 or u.shape not in {theta.shape, torch.Size()}:
        listed = ", ".join(f"{name} {tuple(shape)}" for name, shape in shapes.items())
        raise ValueError(
            f"theta, w and gamma need one shape, and u that shape or none, but they are {listed} "
            f"and u {tuple(u.shape)}."
        )
    if not ((gamma >= 0) & (gamma <= 1)).all():
        raise ValueError("gamma holds probabilities and must lie in [0, 1]; clamp it first.")
    if not (u >= 0).all():
        raise ValueError("u must be at least 0 everywhere, but some entry is negative or NaN.")
    violation = (theta - w * gamma).square() + w.square() * gamma * (1 - gamma)
    return alpha * gamma.sum() + (u * violation).sum()


class PMMP(Regularizer):
    """Probabilistic minimax pruning as published: every weight carries its own w, gamma and u.

    Descent in theta, w and gamma, ascent in u, all from the same point, on `pmmp_lagrangian` (main
    paper, Eq. 10, and the authors' settings: gamma from 1, u from 0, w from a copy of theta, Adam
    with a constant learning rate). gamma is put back into [0, 1] after each step. While `ramp` is 0
    (warm-up), nothing is charged and w follows theta. The published runs have no ramp: use
    `compress(..., ramp=0)`.

    Parameters
    ----------
    alpha : float
        Price of a weight. With alpha = 0 the weights are still tied to w * gamma.
    gamma0, u0 : float
        Where gamma (in [0, 1]) and u (>= 0) start.
    lr, lr_u : float
        Adam's learning rate for w and gamma, and for u (the same if it is not given). The
        published runs use the model's.

    Attributes
    ----------
    w, gamma, u : lists of tensors, shaped as the model's parameters, after `attach`.

    Raises ValueError if a number is out of its range, or, from `attach`, for half precision.

    >>> model = nn.Linear(2, 1, bias=False)
    >>> regularizer = PMMP(alpha=0.5, u0=2.0).attach(model)
    >>> regularizer.penalty().item()  # gamma = 1 and w = theta: two weights at 0.5 each
    1.0
    """

    def __init__(
        self,
        alpha: float,
        gamma0: float = 1.0,
        u0: float = 0.0,
        *,
        lr: float = 1e-3,
        lr_u: float | None = None,
    ) -> None:
        super().__init__(alpha)
        if not 0 <= gamma0 <= 1:
            raise ValueError(f"gamma0 must lie between 0 and 1, but it is {gamma0!r}.")
        require("u0", u0, least=0)
        require("lr", lr, above=0)
        self.gamma0, self.u0, self.lr = gamma0, u0, lr
        self.lr_u = lr if lr_u is None else lr_u
        require("lr_u", self.lr_u, least=0)

    def attach(self, model: nn.Module) -> PMMP:
        super().attach(model)
        refuse_half_precision(self.parameters)
        self.w = [p.detach().clone() for p in self.parameters]
        self.gamma = [torch.full_like(p, self.gamma0).detach() for p in self.parameters]
        self.u = [torch.full_like(p, self.u0).detach() for p in self.parameters]
        groups = [
            {"params": self.w + self.gamma, "lr": self.lr},
            {"params": self.u, "lr": self.lr_u, "maximize": True},
        ]
        self._optimiser = torch.optim.Adam(groups, fused=True)
        return self

    def penalty(self) -> Tensor:
        """The Lagrangian summed over the model, with alpha scaled by `ramp`; 0 if `ramp` is 0."""
        variables = zip(self._attached(), self.w, self.gamma, self.u, strict=True)
        alpha = self.alpha * self.ramp
        total = torch.stack([pmmp_lagrangian(*four, alpha) for four in variables]).sum()
        return total * (self.ramp > 0)

    @torch.no_grad()
    def add_gradient(self) -> None:
        """Add 2 u (theta - w gamma) to each parameter's `.grad`, and note the other gradients."""
        if self.ramp == 0:
            return
        for p, w, gamma, u in zip(self._attached(), self.w, self.gamma, self.u, strict=True):
            if p.grad is None:
                continue
            residual = p - w * gamma
            force = 2 * u * residual
            p.grad.add_(force)
            w.grad = 2 * u * w * gamma * (1 - gamma) - force * gamma
            gamma.grad = u * w.square() * (1 - 2 * gamma) - force * w + self.alpha * self.ramp
            u.grad = residual.square() + w.square() * gamma * (1 - gamma)

    @torch.no_grad()
    def after_step(self) -> None:
        """Step w and gamma down and u up, from the gradients of before the step; project gamma."""
        parameters = self._attached()
        if self.ramp == 0:
            for p, w in zip(parameters, self.w, strict=True):
                w.copy_(p)
            return
        if all(w.grad is None for w in self.w):
            raise RuntimeError("Call add_gradient() between loss.backward() and the step.")
        self._optimiser.step()
        self._optimiser.zero_grad()  # each gradient is used once
        for gamma in self.gamma:
            gamma.clamp_(0, 1)


def refuse_half_precision(parameters: list[nn.Parameter]) -> None:
    """ValueError if slow averages or small steps would be lost in 16 bits."""
    if any(p.dtype in (torch.float16, torch.bfloat16) for p in parameters):
        raise ValueError(
            "The parameters are in half precision, which loses the small steps of this method: "
            "keep them in float32 and use torch.autocast."
        )


def __getattr__(name: str) -> type[Regularizer]:
    """HardConcrete and ExactPMMP are regularisers too; each has a module of its own."""
    if name == "HardConcrete":
        from .hard_concrete import HardConcrete as found
    elif name == "ExactPMMP":
        from .exact_pmmp import ExactPMMP as found
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return found
