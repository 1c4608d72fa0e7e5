"""Layerwise pruning: one l0 problem of least squares for each layer of a trained network.

A layer's outputs before the activation are linear in its weights, so for one layer exact gradient
pruning (exact_gradient.py) applies as it stands: keep few weights, and change these outputs little
on the training inputs. No labels, and no backward pass through the network.

Source: main paper (arXiv 2505.17469), the layerwise procedure of its published code.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .checks import integer, require
from .live_paths import prune_dead
from .pruning import Masks, trainable

__all__ = ["LayerwiseResult", "layerwise_prune"]


@dataclass(frozen=True)
class LayerwiseResult:
    """What `layerwise_prune` did.

    Attributes
    ----------
    masks : which weights live.
    errors : for each layer, by the name of its weight: how far its outputs moved when it was
        pruned, as a share of the mean square of its outputs.
    spurious : dead weights removed (`prune_dead`).
    """

    masks: Masks
    errors: dict[str, float]
    spurious: int


def layerwise_prune(
    model: nn.Sequential,
    x: Tensor,
    alpha: float,
    *,
    starts: Sequence[float] = (0.3, 0.6, 1.0),
    steps: int = 300,
) -> LayerwiseResult:
    """Prune the linear layers one after the other, in place, the last one first.

    For a layer with weights B (bias included), inputs Z (a column of ones included) on the n rows
    of x, and outputs Y = Z B before the activation, the weights become W * P, where

        min over W, P in [0, 1]:  |Y - Z (W * P)|^2 / n + sum_jk mean(Z_j^2) W_jk^2 P_jk (1 - P_jk)
                                  + alpha * sum_jk P_jk

    is minimised by Adam from several starts P. Then P is rounded, single weights are put in or
    taken out while that lowers the objective, the survivors are refitted by least squares, and
    each neuron takes the best of its solutions. All neurons share the Gram matrix Z'Z / n, the only
    thing that is computed from the data. After each layer, `prune_dead` removes neurons that
    nothing reads any more, which makes the layers before it cheaper.

    Fine-tuning on the masks afterwards pays: the layers do not know of each other's errors.

    Parameters
    ----------
    model : nn.Sequential, may be nested
        All trainable parameters must be in nn.Linear layers; activations and dropout are free.
        Layers with a frozen weight or bias stay as they are.
    x : Tensor, (n, inputs)
        Training inputs, on the model's device.
    alpha : float
        Price of one weight: the rise of a layer's squared output error, summed over the
        neurons and averaged over the rows of x, that removing one weight may cause.
    starts : numbers in (0, 1]
        Where P starts, one solution for each; fewer are faster.
    steps : int
        Of Adam, for each layer and start. More find sparser solutions.

    Raises
    ------
    ValueError
        If the model is of another kind, shares weights or is not finite, x is empty, not finite
        or of another width or type, alpha < 0, steps < 1 or a start is outside (0, 1]. The model
        is then as it was.

    Examples
    --------
    The second weight does little, and the first can do most of it:

    >>> model = nn.Sequential(nn.Linear(2, 1, bias=False))
    >>> _ = model[0].weight.data.copy_(torch.tensor([[2.0, 0.5]]))
    >>> x = torch.tensor([[1.0, 1.0], [-1.0, -1.0], [1.0, 0.0], [0.0, -1.0]])
    >>> done = layerwise_prune(model, x, alpha=0.2)
    >>> done.masks, [round(w, 3) for w in model[0].weight.flatten().tolist()]
    (Masks(1 of 2 weights live), [2.333, 0.0])
    """
    require("alpha", alpha, least=0)
    integer("steps", steps, 1)
    if not starts or not all(0 < start <= 1 for start in starts):
        raise ValueError(f"starts needs numbers above 0 and up to 1, but it is {starts!r}.")
    modules = _checked(model, x)
    names = {p: name for name, p in model.named_parameters()}
    errors, spurious = {}, 0
    for i, layer in reversed(list(enumerate(modules))):
        if not isinstance(layer, nn.Linear) or not all(p.requires_grad for p in layer.parameters()):
            continue
        gram = _gram(nn.Sequential(*modules[:i]), x, layer.bias is not None)
        dense = _joined(layer)
        pruned = _pruned(gram, dense, alpha, starts, steps)
        moved, size = (float(_errors(gram, part).sum()) for part in (dense - pruned, dense))
        errors[names[layer.weight]] = moved / size if size else 0.0
        _put(layer, pruned)
        spurious += prune_dead(model, x[:256])
    return LayerwiseResult(Masks.of(model), errors, spurious)


def _pruned(
    gram: Tensor, dense: Tensor, alpha: float, starts: Sequence[float], steps: int
) -> Tensor:
    """For each neuron (a column of `dense`) the best of the solutions from several starts."""
    best, least = torch.zeros_like(dense), _errors(gram, dense)  # nothing kept is always possible
    for start in starts:
        rough = _exact_gradients(gram, dense, alpha, start, steps)
        found = _least_squares(gram, dense, _best_responses(gram, dense, rough, alpha) != 0)
        cost = _errors(gram, dense - found) + alpha * (found != 0).sum(0)
        best = torch.where(cost < least, found, best)
        least = torch.minimum(cost, least)
    return best


def _exact_gradients(gram: Tensor, dense: Tensor, alpha: float, start: float, steps: int) -> Tensor:
    """W * P with P rounded, by Adam on the objective from P = start."""
    w = nn.Parameter(dense.clone())
    p = nn.Parameter(torch.full_like(w, start))
    spread = gram.diagonal()[:, None]
    scale = float(dense.square().mean().sqrt()) or 1.0
    optimiser = torch.optim.Adam(
        [{"params": [w], "lr": 0.5 * scale}, {"params": [p], "lr": 0.05}], eps=1e-30
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    with torch.no_grad():
        for _ in range(steps):
            pull = 2 * gram @ (dense - w * p)
            w.grad = p * (2 * spread * w * (1 - p) - pull)
            p.grad = w * (spread * w * (1 - 2 * p) - pull) + alpha
            optimiser.step()
            schedule.step()
            p.clamp_(0, 1)
        return w * (p > 0.5)


def _best_responses(gram: Tensor, dense: Tensor, weights: Tensor, alpha: float) -> Tensor:
    """Go through the inputs until no single weight of any neuron can lower the objective.

    For one (w, p), all others fixed, the objective is p (d w^2 - 2 d c w + alpha), where d is the
    mean square of the input and c the best weight. So the answer is w = c, and p = 1 if
    d c^2 > alpha, else 0.
    """
    weights, rest = weights.clone(), gram @ (dense - weights)
    for _ in range(20):
        before = weights != 0
        for j, d in enumerate(gram.diagonal().tolist()):
            c = rest[j] / d + weights[j] if d > 0 else torch.zeros_like(weights[j])
            c = torch.where(d * c * c > alpha, c, 0.0)
            rest.addr_(gram[j], weights[j] - c)
            weights[j] = c
        if torch.equal(before, weights != 0):
            break
    return weights


def _least_squares(gram: Tensor, dense: Tensor, keep: Tensor) -> Tensor:
    """The weights on the support that leave the outputs closest to those of `dense`."""
    pruned, goal = torch.zeros_like(dense), gram @ dense
    for k in range(dense.shape[1]):
        rows = keep[:, k].nonzero()[:, 0]
        if len(rows):
            part = gram[rows][:, rows]
            part.diagonal().add_(1e-12 * part.diagonal().mean())  # inputs may be collinear
            factor = torch.linalg.cholesky(part)
            pruned[rows, k] = torch.cholesky_solve(goal[rows, k : k + 1], factor)[:, 0]
    return pruned


def _errors(gram: Tensor, weights: Tensor) -> Tensor:
    """Mean over the rows of the squared outputs of a layer with these weights, (neurons,)."""
    return (weights * (gram @ weights)).sum(0)


@torch.no_grad()
def _gram(before: nn.Sequential, x: Tensor, ones: bool) -> Tensor:
    """Z'Z / n in float64, where Z (n, inputs) = before(x) in evaluation mode, and ones if asked."""
    before = copy.deepcopy(before).eval()
    total = 0.0
    for rows in x.split(10_000):
        z = before(rows).double()
        z = torch.cat([z, z.new_ones(len(z), 1)], 1) if ones else z
        total = total + z.T @ z
    return total / len(x)


def _joined(layer: nn.Linear) -> Tensor:
    """Weights and bias as one (inputs (+ 1), neurons) matrix in float64."""
    parts = [layer.weight.detach().T] + ([] if layer.bias is None else [layer.bias.detach()[None]])
    return torch.cat(parts).double()


@torch.no_grad()
def _put(layer: nn.Linear, weights: Tensor) -> None:
    layer.weight.copy_(weights[: layer.in_features].T)
    if layer.bias is not None:
        layer.bias.copy_(weights[-1])


def _flat(model: nn.Sequential) -> Iterator[nn.Module]:
    for module in model:
        if isinstance(module, nn.Sequential):
            yield from _flat(module)
        else:
            yield module


def _checked(model: nn.Module, x: Tensor) -> list[nn.Module]:
    """The modules in order; one clear sentence if model or inputs do not fit."""
    modules = list(_flat(model)) if isinstance(model, nn.Sequential) else []
    linear = [module for module in modules if isinstance(module, nn.Linear)]
    known = {p for layer in linear for p in layer.parameters()}
    if not linear or not known.issuperset(trainable(model).values()):
        raise ValueError(
            "layerwise_prune needs an nn.Sequential, such as MLP(...), in which all trainable "
            f"parameters are in nn.Linear layers; this {type(model).__name__} is not one."
        )
    if len({id(layer.weight) for layer in linear}) < len(linear):
        raise ValueError("Two layers share their weights, so they cannot be pruned one by one.")
    if not all(p.isfinite().all() for p in known):
        raise ValueError("The model holds NaN or infinite weights: train it again first.")
    if x.dtype != linear[0].weight.dtype:
        raise ValueError(
            f"x has the type {x.dtype}, but the model has {linear[0].weight.dtype}: convert x."
        )
    if x.numel() == 0 or not x.isfinite().all():
        raise ValueError("x is empty, or holds NaN or infinite values: give the training inputs.")
    if x.dim() != 2 or x.shape[1] != linear[0].in_features:
        raise ValueError(
            f"x must have shape (n, inputs) with {linear[0].in_features} inputs, but it has "
            f"shape {tuple(x.shape)}."
        )
    return modules
