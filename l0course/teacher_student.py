"""A student network learns from a teacher that we know: data, loss, and the weights to find.

The teacher is a small tanh network, the student a wider one. What the student learnt can be held
against the truth twice: its predictions on test data, and its weights in normal form
(`l0course.symmetry`).

Source: main paper (arXiv 2505.17469), its teacher-student experiment.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn

from .checks import integer, require
from .datasets import Split
from .models import MLP
from .symmetry import distance, normal_form

__all__ = [
    "distance",
    "gaussian_loss",
    "normal_form",
    "sample",
    "student",
    "teacher",
    "teacher_data",
]


@torch.no_grad()
def teacher(
    widths: tuple[int, ...] = (2, 5, 8, 1),
    seed: int = 35,
    scale: float = 2.0,
    dtype: torch.dtype = torch.float32,
) -> nn.Sequential:
    """Tanh network with W1 <- scale * W1 + 1 and W2 <- scale * W2: more bent than a fresh one.

    Widths, seed and scaling are the published ones, but PyTorch's default initialisation stands in
    for that of Lux (Julia), so these are other teachers than the published. Biases and later layers
    stay as drawn. ValueError if there is no hidden layer or `scale` is not positive.

    >>> sum(p.numel() for p in teacher().parameters())
    72
    """
    require("scale", scale, above=0)
    if len(widths) < 3:
        raise ValueError(f"A teacher needs a hidden layer, so three widths, but it has {widths}.")
    net = MLP(widths, nn.Tanh, seed=seed, dtype=dtype)
    net[0].weight.mul_(scale).add_(1)
    net[2].weight.mul_(scale)
    return net


def student(
    widths: tuple[int, ...] = (2, 25, 25, 1), seed: int = 43, dtype: torch.dtype = torch.float32
) -> nn.Sequential:
    """Fresh tanh network. Take another seed than the teacher's: with the same one, both draw their
    first weights from the same numbers.

    >>> sum(p.numel() for p in student().parameters())
    751
    """
    return MLP(widths, nn.Tanh, seed=seed, dtype=dtype)


def sample(teacher: nn.Module, n: int, sigma: float = 0.08, *, seed: int) -> tuple[Tensor, Tensor]:
    """n noisy observations of the teacher: x (n, d) uniform on [-1, 1]^d, y (n, outputs).

    y = teacher(x) + sigma * noise, where sigma is a standard deviation in the unit of y; 0 is
    allowed. Both have the teacher's dtype and device. x and noise have streams of their own: with
    the same seed, a larger n adds rows, and another sigma keeps x. ValueError if n < 1, sigma < 0
    or seed < 0.

    >>> x, y = sample(teacher(), 300, seed=0)
    >>> x.shape, y.shape
    (torch.Size([300, 2]), torch.Size([300, 1]))
    """
    stream = np.random.SeedSequence(integer("seed", seed, 0))
    return _draw(teacher, integer("n", n, 1), sigma, stream)


def teacher_data(
    teacher: nn.Module,
    n: int,
    sigma: float = 0.08,
    *,
    seed: int,
    n_validation: int = 1000,
    n_test: int = 5000,
) -> Split:
    """Training, validation and test rows of the teacher (see `sample`), all independent.

    One seed gives three streams that no other seed shares. (The published code seeds validation and
    test alike, so they share rows.) y has shape (n, outputs). ValueError as for `sample`.

    >>> teacher_data(teacher(), 30, seed=0)
    Split(teacher: 30 training, 1000 validation, 5000 test; 2 features, x float32, y float32)
    """
    sizes = {"n": n, "n_validation": n_validation, "n_test": n_test}
    sizes = [integer(name, size, 1) for name, size in sizes.items()]
    streams = np.random.SeedSequence(integer("seed", seed, 0)).spawn(3)
    parts = (_draw(teacher, m, sigma, s) for m, s in zip(sizes, streams, strict=True))
    return Split(*(t for pair in parts for t in pair), name="teacher")


@torch.no_grad()
def _draw(
    teacher: nn.Module, n: int, sigma: float, stream: np.random.SeedSequence
) -> tuple[Tensor, Tensor]:
    require("sigma", sigma, least=0)
    places, noise = (np.random.default_rng(s) for s in stream.spawn(2))
    weight = next(teacher.parameters())  # of the first layer, (hidden, d)
    x = torch.from_numpy(places.uniform(-1, 1, (n, weight.shape[1]))).to(weight)
    y = teacher(x)
    return x, y + sigma * torch.from_numpy(noise.standard_normal(tuple(y.shape))).to(y)


def gaussian_loss(output: Tensor, y: Tensor, log_sigma: Tensor) -> Tensor:
    """Mean bits for an observation under a Gaussian around the output (main paper, Eq. 5).

    r^2 / (2 sigma^2 ln 2) + log2(sigma) + log2(2 pi) / 2, averaged; `codelength.gaussian_bits` at
    precision 1, divided by the number of entries. `log_sigma` is the natural logarithm of sigma, a
    scalar tensor that can be trained along (published start: sigma = 0.1); its best value is the
    log of the root mean square residual. ValueError if `output` and `y` differ in shape.

    >>> round(float(gaussian_loss(torch.zeros(2), torch.tensor([0.0, 1.0]), torch.tensor(0.0))), 3)
    1.686
    """
    if output.shape != y.shape:
        raise ValueError(
            "gaussian_loss needs targets of the outputs' shape, but they are "
            f"{tuple(y.shape)} and {tuple(output.shape)}: use y[:, None] or y.squeeze()."
        )
    nats = ((output - y) * torch.exp(-log_sigma)).square().mean() / 2 + log_sigma
    return nats / math.log(2) + 0.5 * math.log2(2 * math.pi)
