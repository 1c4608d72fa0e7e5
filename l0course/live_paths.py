"""Which weights lie on a live path: one backward pass in which only the zeros count.

Random gradient pruning (main paper, arXiv 2505.17469, appendix) takes a weight for dead if its
gradient is exactly zero on a random batch. That is also so behind a ReLU that is off on the whole
batch, a saturated unit, or where a product underflows, so `random_gradient_prune` makes two passes
over many rows. But whether a path is open depends only on where the zeros are. Here one pass over
three rows is enough, in a twin of the model where everything that is not zero is open
(open_paths.py). Two passes forward then check on real rows that nothing was lost.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.func import functional_call

from .dead_weights import _has_gradient
from .evaluation import evaluating
from .open_paths import OpenPaths, positive_twin, uniform
from .pruning import Masks, trainable

__all__ = ["HiddenWeightsError", "live_weights", "prune_dead", "real_tensors"]


class HiddenWeightsError(ValueError):
    """Gradients do not tell which weights of this model are live."""


def live_weights(model: nn.Module, example_input: Tensor) -> Masks:
    """Which weights lie on a live path from input to output: those a model cannot do without.

    A weight is live if it is not zero, and neither is everything before it or everything behind it.
    Where values decide and not zeros, it counts as live: a ReLU that is off on all data, a neuron
    that its bias holds at a constant, or a key bias, which attention ignores.

    Parameters
    ----------
    model : nn.Module
        Stays as it is: weights, gradients, buffers, modes and hooks. Its output may be a tensor, or
        a tuple, list or dict of tensors. Frozen weights get no mask, but their zeros cut paths too.
    example_input : Tensor, (batch, ...)
        Real rows, on the model's device. Of the first three their shape and type are used, and of
        integers (tokens) the values; on up to 256 it is checked that the outputs stay. Rows must be
        as long as any that the model will see: a weight that only a longer input uses, such as a
        late position, counts as dead. An `nn.Embedding` is judged by whole columns, because a token
        may be missing from the example.

    Returns
    -------
    Masks
        For each trainable parameter, True where it is live.

    Raises
    ------
    ValueError
        If the model has no trainable parameters, the example is empty, or a value is not finite.
    HiddenWeightsError (a ValueError)
        If the output does not depend on the weights in a differentiable way, or, without the dead
        weights, the outputs on the first rows of the example differ.

    Notes
    -----
    A part that chooses by its values, for example one expert of many, is seen only if it is chosen
    on the example. Attention over a single position does not depend on queries and keys: they are
    dead then, unless it is an `nn.MultiheadAttention`, which here always gets one more position to
    look at.

    Examples
    --------
    >>> model = nn.Sequential(nn.Linear(1, 2, bias=False), nn.ReLU(), nn.Linear(2, 1, bias=False))
    >>> _ = model[0].weight.data.copy_(torch.tensor([[1.0], [2.0]]))
    >>> _ = model[2].weight.data.copy_(torch.tensor([[3.0, 0.0]]))      # neuron 2: no output
    >>> live_weights(model, torch.zeros(8, 1))["0.weight"].flatten().tolist()
    [True, False]
    """
    parameters = trainable(model)
    if not all(_finite(p.detach()) for p in parameters.values()):
        raise ValueError("The model holds NaN or infinite weights; train it again before pruning.")
    rows = example_input[:3]
    if rows.numel() == 0 or not _finite(rows):
        raise ValueError("example_input is empty, or holds NaN or infinite values: give real rows.")
    with torch.inference_mode(False), torch.random.fork_rng(devices=[]):
        masks = _open(model, rows)
        if not _agree(model, masks, example_input[:32]):
            twin = copy.deepcopy(model).eval()
            generator = torch.Generator().manual_seed(0)
            own = _has_gradient(twin, example_input[:256], generator)
            masks = Masks({name: (mask | own[name]) for name, mask in masks.items()})
            if not _agree(model, masks, example_input[:256]):
                raise HiddenWeightsError(
                    "Without the weights that seem dead the outputs on example_input differ: a "
                    "part of the model hides its weights from gradients (detach, no_grad, round, "
                    "reparametrised weights). Give the parts of the model without it."
                )
    return masks


def prune_dead(model: nn.Module, example_input: Tensor) -> int:
    """Set to zero, in place, every weight that is not live; returns how many those were.

    The function that the model computes stays the same. See `live_weights` for the arguments, the
    errors, and what counts as live. For LeNet-300-100 it takes about as long as one training step.

    >>> model = nn.Sequential(nn.Linear(1, 2, bias=False), nn.ReLU(), nn.Linear(2, 1, bias=False))
    >>> _ = model[0].weight.data.copy_(torch.tensor([[1.0], [2.0]]))
    >>> _ = model[2].weight.data.copy_(torch.tensor([[3.0, 0.0]]))      # neuron 2: no output
    >>> prune_dead(model, torch.zeros(8, 1)), model[0].weight.flatten().tolist()
    (1, [1.0, 0.0])
    """
    live, removed = live_weights(model, example_input), 0
    with torch.no_grad():
        for name, p in trainable(model).items():  # `!= 0`, and in place: several times faster
            removed += int(torch.count_nonzero(p != 0)) - int(torch.count_nonzero(live[name]))
            p.mul_(live[name])  # finite, as checked
    return removed


def real_tensors(output: object) -> list[Tensor]:
    """The floating-point tensors in what a model gives, a tensor or nested tuples, lists, dicts.

    >>> len(real_tensors({"scores": torch.zeros(2), "parts": (torch.ones(1), None), "name": "a"}))
    2
    """
    if isinstance(output, Tensor):
        return [output] if output.is_floating_point() else []
    parts = output.values() if isinstance(output, Mapping) else output
    return [t for part in parts for t in real_tensors(part)] if _is_nested(output) else []


def _is_nested(output: object) -> bool:
    return isinstance(output, Mapping | list | tuple)


def _finite(x: Tensor) -> bool:
    """Whether all entries are finite: one pass over memory, unlike x.isfinite().all()."""
    return x.numel() == 0 or all(bool(end.isfinite()) for end in x.aminmax())


@torch.enable_grad()
def _open(model: nn.Module, rows: Tensor) -> Masks:
    """The weights of the twin that are not zero, and have a gradient that is not zero."""
    generator = torch.Generator().manual_seed(0)
    twin = positive_twin(model, generator)
    rows = uniform(rows, generator) if rows.is_floating_point() else rows.clone()
    with OpenPaths(generator):
        outputs = real_tensors(twin(rows))
    loss = sum((t * uniform(t, generator)).sum() for t in outputs)
    if not (isinstance(loss, Tensor) and loss.requires_grad):
        raise HiddenWeightsError(
            "The model's output holds no floating-point numbers that depend on its weights: "
            "give the model that computes the scores, before argmax or detach."
        )
    weights = list(trainable(twin).values())
    gradients = torch.autograd.grad(loss, weights, materialize_grads=True)
    live = list(map(torch.logical_and, weights, gradients))  # NaN counts as live: nothing is lost
    names, parameters = zip(*trainable(model).items(), strict=True)
    shared: dict[tuple, Tensor] = {}  # parameters on the same memory live together
    for p, mask in zip(parameters, live, strict=True):
        place = (p.data_ptr(), p.shape, p.stride())
        mask |= shared.setdefault(place, mask)
        shared[place].copy_(mask)
    return Masks(dict(zip(names, live, strict=True)))


@torch.no_grad()
def _agree(model: nn.Module, masks: Masks, rows: Tensor) -> bool:
    """Whether the outputs on these rows stay without the weights outside the masks."""
    masked = {name: p * masks[name] for name, p in trainable(model).items()}
    outputs = []
    with evaluating(model):
        for weights in ({}, masked):
            torch.default_generator.manual_seed(0)
            outputs.append(real_tensors(functional_call(model, weights, (rows,))))
    return len(outputs[0]) == len(outputs[1]) and all(map(_close, *outputs))


def _close(a: Tensor, b: Tensor) -> bool:
    """Equal up to rounding, which goes by the size of an output over the rows: sums can cancel."""
    if a.shape != b.shape or a.numel() == 0:
        return a.shape == b.shape
    size = a.nan_to_num(0, 0, 0).abs()
    size = size.amax(0) if a.dim() else size
    near = (a - b).abs() <= 1e-5 * size
    return bool((near | (a == b) | (a.isnan() & b.isnan())).all())
