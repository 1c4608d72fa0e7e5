"""Hard concrete gates: l0 regularisation by sampling, beside the penalties of regularizers.py.

Every weight is theta * z with a random gate z in [0, 1] that is exactly 0, or exactly 1, with
positive probability. The penalty counts the expected number of open gates, which is smooth in the
gates' parameters, and the data loss is that of one sampled network a step.

Source: Louizos, Welling, Kingma 2018, "Learning sparse neural networks through l0 regularization"
(arXiv 1712.01312); here with one gate a weight, biases included.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from .checks import integer, require
from .regularizers import Regularizer

__all__ = ["HardConcrete"]

BETA, GAMMA, ZETA = 2 / 3, -0.1, 1.1  # temperature and ends of the stretched interval (Section 4)


class HardConcrete(Regularizer):
    """Gated weights theta * z, penalised by alpha * sum P(z != 0) (Louizos et al. 2018, Eq. 10-13).

    With u uniform in (0, 1) a gate with parameter log_alpha is

        s = sigmoid((log u - log(1 - u) + log_alpha) / beta),  z = clamp(s (zeta - gamma) + gamma)

    clamped to [0, 1], and P(z != 0) = sigmoid(log_alpha - beta log(-gamma / zeta)), with the
    published beta = 2/3, gamma = -0.1, zeta = 1.1. The test-time gate is
    clamp(sigmoid(log_alpha) (zeta - gamma) + gamma).

    Between two steps the parameters of the model hold the test-time network, so evaluation,
    pruning and saving need nothing special. A hook puts a sampled network in its place for each
    forward pass in training mode. Until `ramp` is above 0 (the warm-up), and in the first step,
    the model is left alone.

    The hook goes when the penalty's work is done: when anything but this object writes into the
    parameters between two steps (pruning, loading), or with `detach()`.

    Parameters
    ----------
    alpha : float
        Cost of an expected weight, on the scale of the mean data loss.
    gate_lr : float
        Learning rate of the gates' own Adam. It is constant. A gate that closes travels about 5 in
        log_alpha, so 1e-2 suits thousands of steps, 0.1 hundreds.
    log_alpha : float
        Where all gates start. From log 11 = 2.4 on, the test-time gate is exactly 1.
    seed : int
        Of the gates' noise.

    Attributes
    ----------
    log_alphas : list of tensors, one in the shape of each parameter.

    Raises
    ------
    ValueError
        If alpha < 0, gate_lr <= 0, or log_alpha is not finite.

    Examples
    --------
    >>> from l0course import compress, MLP, error_rate
    >>> x = torch.randn(200, 5, generator=torch.Generator().manual_seed(0))
    >>> y = (x[:, 0] > 0).long()                       # four of the five inputs are useless
    >>> gates = HardConcrete(alpha=0.1, gate_lr=0.1)
    >>> done = compress(MLP((5, 16, 2), seed=0), (x, y), (x, y), gates, lr=1e-2,
    ...                 regularize=80, batch_size=50, tolerance=0.1, progress=False)
    >>> done.compression_rate > 5, error_rate(done.model, (x, y)) < 0.05
    (True, True)
    """

    def __init__(
        self, alpha: float, *, gate_lr: float = 1e-2, log_alpha: float = 2.5, seed: int = 0
    ) -> None:
        super().__init__(alpha)
        require("gate_lr", gate_lr, above=0)
        require("log_alpha", log_alpha)
        self.gate_lr = gate_lr
        self.log_alpha = log_alpha
        self.seed = integer("seed", seed, 0)
        self._handle = None

    def attach(self, model: nn.Module) -> HardConcrete:
        """Act on the trainable parameters of `model`, with fresh gates; returns self.

        Raises ValueError if the model has none.
        """
        self.detach()
        super().attach(model)
        self._handle = model.register_forward_pre_hook(_Hook(self))
        self._generator = torch.Generator(self.parameters[0].device).manual_seed(self.seed)
        self._theta = [p.detach().clone() for p in self.parameters]
        self.log_alphas = [torch.full_like(t, self.log_alpha).requires_grad_() for t in self._theta]
        for log_alpha in self.log_alphas:
            log_alpha.grad = torch.empty_like(log_alpha)
        self._optimiser = torch.optim.Adam(self.log_alphas, lr=self.gate_lr, fused=True)
        buffers = ([torch.empty_like(t) for t in self._theta] for _ in range(3))
        self._s, self._z, self._work = buffers  # s: the gate before it is stretched and clamped
        self._on = self._sampled = False
        return self

    def detach(self) -> None:
        """End the gates' work: the model keeps its test-time network, and no hook."""
        if self._handle is not None:
            if self._on and self._sampled and not self._overwritten():
                self._write(sample=False)
            self._handle.remove()
        self._handle, self.parameters = None, []

    def penalty(self) -> Tensor:
        """alpha * expected number of open gates: a scalar, differentiable in `log_alphas`."""
        self._attached()
        opens = [torch.sigmoid(a - BETA * math.log(-GAMMA / ZETA)).sum() for a in self.log_alphas]
        return self.alpha * self.ramp * torch.stack(opens).sum()

    @torch.no_grad()
    def add_gradient(self) -> None:
        """After `loss.backward()`: gradients of theta for the optimiser, and of the gates.

        With G the gradient with respect to theta * z, theta gets G * z, and log_alpha gets
        G * theta * dz/dlog_alpha and the penalty's gradient. The parameters then hold theta.
        """
        parameters = self._attached()
        if not self._on:
            return
        if not self._sampled:
            raise RuntimeError("Call model.train() and model(x) first: no gates were sampled.")
        for i, p in enumerate(parameters):
            theta, log_alpha = self._theta[i], self.log_alphas[i]
            s, z, work = self._s[i], self._z[i], self._work[i]
            # of the penalty: alpha * q (1 - q), where q = P(z != 0)
            q = torch.sub(log_alpha, BETA * math.log(-GAMMA / ZETA), out=log_alpha.grad).sigmoid_()
            q.addcmul_(q, q, value=-1).mul_(self.alpha * self.ramp)
            p.copy_(theta)
            if p.grad is None:
                continue
            # of the data loss: where 0 < z < 1, dz/dlog_alpha = (zeta - gamma) / beta * s (1 - s)
            between = torch.addcmul(z, z, z, value=-1, out=work).sign_()
            slope = s.addcmul_(s, s, value=-1).mul_(between).mul_(p.grad)
            log_alpha.grad.addcmul_(slope, theta, value=(ZETA - GAMMA) / BETA)
            p.grad.mul_(z)
        self._sampled = False

    @torch.no_grad()
    def after_step(self) -> None:
        """Step the gates, and put the test-time network into the model."""
        parameters = self._attached()
        if self._on and self._sampled:
            raise RuntimeError("Call add_gradient() between loss.backward() and the step.")
        if self._on:
            self._optimiser.step()
        elif self.ramp == 0:
            return
        self._on = True
        for theta, p in zip(self._theta, parameters, strict=True):
            theta.copy_(p)
        self._write(sample=False)

    def _before_forward(self, training: bool) -> None:
        if not self._on:
            return
        if self._overwritten():
            self.detach()
        elif training != self._sampled:
            self._write(sample=training)

    def _overwritten(self) -> bool:
        """Whether anything was written into the parameters since `_write`.

        In-place operations count even if they write the same values; `.data` hides them, so the
        values are compared too.
        """
        if self._versions != [p._version for p in self.parameters]:
            return True
        written = (torch.mul(*factors) for factors in zip(self._theta, self._z, strict=True))
        return not all(torch.equal(p, w) for p, w in zip(self.parameters, written, strict=True))

    def __getstate__(self) -> dict[str, object]:
        """What a copy takes along: the settings. A copy is not attached."""
        settings = {name: vars(self)[name] for name in ("alpha", "gate_lr", "log_alpha", "seed")}
        return settings | {"ramp": self.ramp, "parameters": [], "_handle": None}

    @torch.no_grad()
    def _write(self, sample: bool) -> None:
        """Put theta * z into the model, with sampled or with test-time gates."""
        for i, p in enumerate(self.parameters):
            s, z, log_alpha = self._s[i], self._z[i], self.log_alphas[i]
            if sample:
                s.uniform_(generator=self._generator).logit_().add_(log_alpha).div_(BETA).sigmoid_()
            else:
                torch.sigmoid(log_alpha, out=s)
            torch.mul(s, ZETA - GAMMA, out=z).add_(GAMMA).clamp_(0, 1)
            torch.mul(self._theta[i], z, out=p)
        self._sampled = sample
        self._versions = [p._version for p in self.parameters]


class _Hook:
    """Calls its gates before each forward pass of their model; a copy of it does nothing."""

    def __init__(self, gates: HardConcrete | None = None) -> None:
        self.gates = gates

    def __call__(self, module: nn.Module, _: object) -> None:
        if self.gates is not None:
            self.gates._before_forward(module.training)

    def __reduce__(self) -> tuple:
        return _Hook, ()
