"""Many tanh networks of one shape as one batch: their losses and gradients.

A student of 751 weights keeps a processor busy for microseconds, and PyTorch needs hundreds of them
to start its work. So all students get a leading axis, "runs", and one call serves them all. Four
more things make it fast on a CPU:

- features first: a layer's activity has shape (runs, features, rows), so that each matrix product
  is W @ h with the long side last, and a row of ones in h makes the bias a column of W;
- the weights of a run lie in one row of `theta`, shape (runs, weights): Adam, penalties, thresholds
  and masks act on all layers at once;
- tanh(a) = 2 sigmoid(2a) - 1: PyTorch's sigmoid takes a fraction of the time of its tanh (about a
  tenth in float32). Activities far below 1e-3 lose digits in float32: scale x to about 1;
- the gradient is written down, not recorded, and works in memory that is allocated once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = ["Students", "layers", "n_weights"]

_BLOCK = 200_000  # numbers in a hidden layer's activity that are worked on at once: fits a cache


class Students:
    """Tanh networks of one shape, with one data set each; `theta` is given to each call.

    x (runs, rows, n_in), y (runs, rows, n_out); of data set r the first `sizes[r]` rows count.
    """

    def __init__(self, widths: Sequence[int], x: Tensor, y: Tensor, sizes: Tensor) -> None:
        self.widths = tuple(widths)
        ones = x.new_ones(()).expand(*x.shape[:2], 1)
        self.x = torch.cat([x, ones], dim=2).mT  # (runs, n_in + 1, rows)
        self.y = y.mT  # (runs, n_out, rows)
        self.counted = (torch.arange(x.shape[1], device=x.device) < sizes[:, None])[:, None]
        self.observations = (sizes * widths[-1]).to(x.dtype)  # (runs,)
        self.partial = bool((sizes < x.shape[1]).any())
        self.step = max(1, _BLOCK // (max(widths) * x.shape[1])) if x.device.type == "cpu" else 1024
        self._memory: list[list[Tensor]] = []

    def take(self, runs: Tensor) -> Students:
        """The same data for some of the runs, in that order."""
        some = object.__new__(Students)
        some.__dict__ = dict(self.__dict__)
        for name in ("x", "y", "counted", "observations"):
            setattr(some, name, getattr(self, name)[runs])
        return some

    def losses(self, theta: Tensor) -> Tensor:
        """Mean squared error of each run, shape (runs,)."""
        return torch.cat(
            [
                self._residual(self._forward(theta, block)[-1], block).square().sum((1, 2))
                for block in self._blocks(len(theta))
            ]
        ).div_(self.observations)

    def gradient(self, theta: Tensor, out: Tensor) -> Tensor:
        """Write the gradient of each run's loss into `out`; return the mean squared errors (runs,).

        The loss is the mean squared error. If theta has one column more, that is log sigma, and the
        loss is the bits per observation of a Gaussian code (main paper, Eq. 5).
        """
        factor = 2 / self.observations  # d loss / d output = factor * residual
        log_sigma = theta[:, n_weights(self.widths) :]
        if log_sigma.numel():
            bits = torch.exp(-2 * log_sigma[:, 0]) / (2 * math.log(2))  # 1 / (2 sigma^2 ln 2)
            factor = factor * bits
        total = theta.new_empty(len(theta))
        for block in self._blocks(len(theta)):
            activity = self._forward(theta, block)
            residual = self._residual(activity[-1], block)
            total[block] = residual.square().sum((1, 2))
            self._backward(theta, out, block, activity, residual.mul_(factor[block, None, None]))
        total.div_(self.observations)
        if log_sigma.numel():
            out[:, -1] = 1 / math.log(2) - 2 * bits * total
        return total

    def _blocks(self, runs: int) -> list[slice]:
        return [slice(i, min(i + self.step, runs)) for i in range(0, runs, self.step)]

    def _residual(self, output: Tensor, block: slice) -> Tensor:
        residual = output.sub_(self.y[block])
        return residual.mul_(self.counted[block]) if self.partial else residual

    def _buffers(self, runs: int) -> tuple[list[Tensor], list[Tensor]]:
        """For a block: each layer's activity with a row of ones below it, and its gradient."""
        if not self._memory or len(self._memory[0][-1]) < runs:
            rows, hidden = self.x.shape[2], self.widths[1:-1]
            activity = [self.x.new_ones(runs, w + 1, rows) for w in hidden]
            output = self.x.new_empty(runs, self.widths[-1], rows)
            slopes = [self.x.new_empty(runs, w, rows) for w in hidden]
            self._memory[:] = [*activity, output], slopes
        activity, slopes = self._memory
        return [a[:runs] for a in activity], [s[:runs] for s in slopes]

    def _forward(self, theta: Tensor, block: slice) -> list[Tensor]:
        """The activity of every layer for the runs of a block; the last one is the output."""
        activity, scratch = self._buffers(block.stop - block.start)
        *weights, last = layers(theta[block], self.widths)
        below = self.x[block]
        for w, a, h in zip(weights, scratch, activity, strict=False):
            torch.baddbmm(a, w, below, beta=0, alpha=2, out=a)  # 2 W h
            torch.add(-1, a.sigmoid_(), alpha=2, out=h[:, :-1])  # tanh(W h)
            below = h
        torch.bmm(last, below, out=activity[-1])
        return activity

    def _backward(
        self, theta: Tensor, out: Tensor, block: slice, activity: list[Tensor], slope: Tensor
    ) -> None:
        """From d loss / d output (slope) down to the gradient of the weights."""
        _, slopes = self._buffers(block.stop - block.start)
        weights = layers(theta[block], self.widths)
        gradients = layers(out[block], self.widths)
        below = [self.x[block], *activity[:-1]]
        for i in reversed(range(len(weights))):
            gradients[i].copy_(torch.bmm(slope, below[i].mT))
            if i > 0:
                torch.bmm(weights[i][:, :, :-1].mT, slope, out=slopes[i - 1])
                h = activity[i - 1][:, :-1]
                slope = torch.ops.aten.tanh_backward.grad_input(
                    slopes[i - 1], h, grad_input=slopes[i - 1]
                )


def layers(theta: Tensor, widths: Sequence[int]) -> list[Tensor]:
    """Views of theta (runs, weights), one a layer: (runs, n_out, n_in + 1), the bias last."""
    shapes = [(b, a + 1) for a, b in zip(widths, widths[1:], strict=False)]
    parts = theta[:, : n_weights(widths)].split([b * a for b, a in shapes], dim=1)
    return [part.unflatten(1, shape) for part, shape in zip(parts, shapes, strict=True)]


def n_weights(widths: Sequence[int]) -> int:
    """Weights and biases of a fully connected network.

    >>> n_weights((2, 25, 25, 1))
    751
    """
    return sum((a + 1) * b for a, b in zip(widths, widths[1:], strict=False))
