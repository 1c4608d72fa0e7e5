"""Weights that cannot matter: random gradient pruning finds those on no path through the network.

Source: main paper (arXiv 2505.17469), appendix.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from .pruning import trainable

__all__ = ["random_gradient_prune"]


def random_gradient_prune(model: nn.Module, example_input: Tensor, seed: int = 0) -> int:
    """Set to zero, in place, every weight that lies on no live path from input to output.

    A weight behind a neuron without inputs (dead head), or before one without outputs (dead tail),
    has a gradient of exactly zero for every input and loss. Any other weight has a nonzero one for
    almost every input and loss. So one backward pass finds all spurious weights, whatever the
    architecture (main paper, appendix).

    "Almost every" has gaps: a ReLU may be off on all random inputs, and a large weight saturates a
    sigmoid. But being dead depends only on where the zeros are. So a second pass replaces the live
    weights by small positive random numbers and the inputs by positive ones, where nothing is off
    and nothing saturates, and a weight must be dead in both passes to go. Neurons that only their
    bias holds at a constant are not found.

    `l0course.prune_dead` needs one pass, is several times faster, and finds the same.

    Parameters
    ----------
    model : nn.Module
        Its output may be a tensor, or a tuple, list or dict of tensors.
    example_input : Tensor, (batch, ...)
        Real inputs, on the model's device. Integers (tokens) are used in both passes; an embedding
        is then judged by whole columns, because a token may be missing from the example.
    seed : int
        Draws the random weights, inputs and loss.

    Returns
    -------
    int
        Number of weights removed (nonzero before, zero after).

    Raises
    ------
    ValueError
        If the model has no trainable parameters, the example is empty, or a value is not finite.

    Examples
    --------
    >>> model = nn.Sequential(nn.Linear(1, 2, bias=False), nn.ReLU(), nn.Linear(2, 1, bias=False))
    >>> _ = model[0].weight.data.copy_(torch.tensor([[1.0], [2.0]]))
    >>> _ = model[2].weight.data.copy_(torch.tensor([[3.0, 0.0]]))      # neuron 2: no output
    >>> random_gradient_prune(model, torch.zeros(8, 1)), model[0].weight.flatten().tolist()
    (1, [1.0, 0.0])
    """
    parameters = trainable(model)
    if not all(p.isfinite().all() for p in parameters.values()):
        raise ValueError("The model holds NaN or infinite weights; train it again before pruning.")
    if example_input.numel() == 0 or not example_input.isfinite().all():
        raise ValueError("example_input is empty, or holds NaN or infinite values: give real rows.")
    generator = torch.Generator().manual_seed(seed)
    twin = copy.deepcopy(model).eval()
    if any(p.dtype in (torch.float16, torch.bfloat16) for p in twin.parameters()):
        twin, example_input = twin.float(), example_input.float()
    noise = _like(example_input, generator, torch.randn)
    own = _has_gradient(twin, torch.cat([example_input, noise]), generator)
    _make_positive(twin, generator)
    positive = _has_gradient(twin, noise.abs(), generator)
    removed = 0
    with torch.no_grad():
        for name, p in parameters.items():
            dead = (p != 0) & ~(own[name] | positive[name])
            removed += int(dead.sum())
            p.masked_fill_(dead, 0)
    return removed


def _like(x: Tensor, generator: torch.Generator, draw: Callable[..., Tensor]) -> Tensor:
    """Random numbers of x's shape, type and device; x itself if it holds integers."""
    if not x.is_floating_point():
        return x
    return draw(x.shape, generator=generator, dtype=x.dtype).to(x.device)


def _has_gradient(model: nn.Module, x: Tensor, generator: torch.Generator) -> dict[str, Tensor]:
    """Where a random linear function of the outputs has a nonzero gradient, by parameter."""
    model.zero_grad()
    with torch.enable_grad():
        loss = sum((t * _like(t, generator, torch.randn)).sum() for t in _tensors(model(x)))
        loss.backward()
    embeddings = {m.weight for m in model.modules() if isinstance(m, nn.Embedding)}
    live = {}
    for name, p in trainable(model).items():
        g = torch.zeros_like(p) if p.grad is None else p.grad
        live[name] = (g != 0) & g.isfinite()
        if p in embeddings:
            live[name] = live[name].any(dim=0).expand_as(p)
    return live


def _tensors(output: object) -> list[Tensor]:
    """The floating-point tensors in a model's output."""
    if isinstance(output, Tensor):
        return [output] if output.is_floating_point() else []
    parts = output.values() if isinstance(output, Mapping) else output
    return [t for part in parts if part is not None for t in _tensors(part)]


@torch.no_grad()
def _make_positive(model: nn.Module, generator: torch.Generator) -> None:
    """Random weights between 0.1 and 0.5 over the fan-in where the weights are not zero."""
    for p in model.parameters():
        fan_in = p[0].numel() if p.dim() > 1 else 1
        p.copy_((p != 0) * (0.1 + 0.4 * _like(p, generator, torch.rand)) / fan_in)
    for module in model.modules():
        if getattr(module, "running_var", None) is not None:  # a mean that is not 0 is a constant
            module.running_mean = -(module.running_mean != 0).to(module.running_mean.dtype)
            module.running_var = torch.ones_like(module.running_mean)
