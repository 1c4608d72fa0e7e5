"""Neurons that a sparse network does not need: constants become biases, idle neurons are cut out.

A zero costs as much memory and time as any number. A pruned network gets smaller and faster only
where whole neurons go. Source: main paper (arXiv 2505.17469), appendix, and its published code,
which does this for fully connected networks; here it goes by the traced graph (neuron_flow.py).
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from .evaluation import evaluating
from .live_paths import real_tensors
from .neuron_constants import Source, connected, response
from .neuron_flow import find_sources
from .pruning import count_nonzero

__all__ = ["fold_constants", "remove_neurons"]

_WIDTHS = [("out_features", "out_channels", "num_features"), ("in_features", "in_channels")]


@torch.no_grad()
def fold_constants(model: nn.Module, x: Tensor | None = None) -> int:
    """Move what constant neurons contribute into the biases of the next layer, in place.

    A neuron (output of a Linear, channel of a convolution) whose nonzero weights read nothing, or
    only constants, puts out a constant. Its outgoing weights become part of the next layer's
    biases and then zero, and so do its own weights, bias and batch-norm entries. That may leave
    constants in the next layer, which are folded in turn. In eval mode the function stays the
    same, up to rounding.

    Left alone is a constant

    - in front of zero padding, where the border is not constant (unless it is 0);
    - whose next layer has no bias, or a frozen weight or bias;
    - that flows into anything but a Linear or convolution by way of activations, dropout, batch
      norm, pooling or flatten: a residual sum, attention, a concatenation, the output; nor are
      layers touched that are called twice, have forward hooks, tied weights or groups.

    Parameters
    ----------
    model : nn.Module
        Its parameters are changed; frozen ones stay. Without `x`, a BatchNorm1d after a Linear is
        taken to see rows of shape (n, features).
    x : Tensor, (n, ...), n >= 2
        Data, of the model's type and on its device. Inputs that are constant over all rows (black
        pixels, a column of ones) are folded into the first layer as well. Then the function stays
        the same only on rows with those values.

    Returns
    -------
    int
        Nonzero trainable weights before minus after.

    Raises
    ------
    ValueError
        If torch.fx cannot trace the model, it has no trainable parameters, or x has fewer than two
        rows or values that are not finite.

    Examples
    --------
    >>> model = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1))
    >>> _ = model[0].weight.data.copy_(torch.tensor([[1.0, 2.0], [0.0, 0.0]]))
    >>> _ = model[0].bias.data.copy_(torch.tensor([0.5, 3.0]))        # neuron 2 is always 3
    >>> _ = model[2].weight.data.fill_(1.0), model[2].bias.data.fill_(10.0)
    >>> fold_constants(model), model[2].weight.tolist(), model[2].bias.item()
    (2, [[1.0, 0.0]], 13.0)
    """
    if x is not None and (len(x) < 2 or not x.isfinite().all()):
        raise ValueError(
            "x needs at least two rows, all of finite values: give real data, or None."
        )
    before = count_nonzero(model)
    original = None if x is None else copy.deepcopy(model)
    arriving: dict[nn.Module, Tensor] = {}
    with evaluating(model):
        for source in find_sources(model):
            if source.layer is not None:
                constants = source.constants(arriving.get(source.layer))
            elif x is not None and x.is_floating_point():
                constants = x[:1].where((x == x[:1]).all(0), torch.nan)
            else:
                continue
            for route in source.routes:
                arriving[route.reader] = route.carry(constants)
                _fold(route.reader, arriving[route.reader])
            if source.layer is not None:
                _silence(source, constants)
    if original is not None and not same_function(original, model, x[:256]):
        model.load_state_dict(original.state_dict())
        raise ValueError("Folding would change this model's outputs on x; it is left as it came.")
    return before - count_nonzero(model)


@torch.no_grad()
def remove_neurons(model: nn.Module, example_input: Tensor) -> nn.Module:
    """A smaller copy that computes the same: neurons that do nothing are cut out of the tensors.

    Out go the outputs of Linear layers and the channels of convolutions, with their batch-norm
    entries, whose outgoing weights are all zero or whose output is always zero; and then those
    that only fed them. Most go after `fold_constants` and `prune_dead`.

    A layer's width can change if its outputs flow only through elementwise functions, dropout,
    batch norm, pooling and flatten into Linear layers or convolutions. It stays if they flow into
    anything else (see `fold_constants`). The feed-forward layers in PyTorch's transformer layers
    shrink, too. A layer of which nothing is needed keeps one neuron of zeros.

    Parameters
    ----------
    model : nn.Module
        Stays as it is. Frozen parameters are cut as well, and stay frozen in the copy. Optimisers
        do not know the copy: make a new one for it.
    example_input : Tensor, (batch, ...)
        Real inputs, on the model's device. The copy must agree with the model on them to 1e-6
        (relative to outputs above 1), both in eval mode and double precision; or to 1e-5 in their
        own precision, if the model's code does not run in double.

    Returns
    -------
    nn.Module
        Of the same class, type, device and training mode.

    Raises
    ------
    ValueError
        If torch.fx cannot trace the model, or the copy does not agree with it.

    Examples
    --------
    >>> model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    >>> _ = model[2].weight.data.copy_(torch.tensor([[1.0, 0.0, 2.0]]))  # nobody reads neuron 2
    >>> remove_neurons(model, torch.ones(4, 2))
    Sequential(
      (0): Linear(in_features=2, out_features=2, bias=True)
      (1): ReLU()
      (2): Linear(in_features=2, out_features=1, bias=True)
    )
    """
    small = copy.deepcopy(model)
    with evaluating(small):
        sources = [source for source in find_sources(small) if source.layer is not None]
        while _shrink(sources):
            pass
    if not same_function(model, small, example_input):
        raise ValueError(
            "The smaller copy would not compute the same on example_input: are there values that "
            "are not finite, or random numbers in eval mode? Keep the model as it is."
        )
    return small


def _fold(reader: nn.Module, arriving: Tensor) -> None:
    """Turn the weights on constant inputs into biases, where both may change."""
    if not reader.weight.requires_grad:
        return
    if reader.bias is None or not reader.bias.requires_grad:
        arriving = arriving.where(arriving == 0, torch.nan)
    else:
        reader.bias.copy_(reader.bias.double() + response(reader, arriving))
        if hasattr(reader, "bias_mask"):  # of hold_masks: the new biases live
            reader.bias_mask |= reader.bias != 0
    reader.weight[:, ~arriving.isnan()] = 0


def _silence(source: Source, constants: Tensor) -> None:
    """Set what belongs to constant neurons to zero, if no weight reads them any more."""
    silent = ~(constants.flatten().isnan() | _read(source, {}))
    for p in (p for m in (source.layer, *source.norms) for p in m.parameters()):
        if p.requires_grad:
            p[silent] = 0


def _read(source: Source, arriving: dict[nn.Module, Tensor]) -> Tensor:
    """Which neurons matter: some weight reads them, and they do not arrive there as zeros."""
    weight = source.layer.weight
    read = weight.new_full((len(weight),), not source.closed, dtype=torch.bool)
    for route in source.routes:
        inputs = connected(route.reader).any(0)
        if route.reader in arriving:
            inputs &= arriving[route.reader] != 0
        read |= inputs.reshape(len(read), -1).any(1)
    return read


def _shrink(sources: list[Source]) -> bool:
    """Cut out what the constants and zeros of this moment allow; whether anything changed."""
    arriving: dict[nn.Module, Tensor] = {}
    for source in sources:
        constants = source.constants(arriving.get(source.layer))
        arriving |= {route.reader: route.carry(constants) for route in source.routes}
    reads = [_read(source, arriving) for source in sources]
    return any([_cut(source, read) for source, read in zip(sources, reads, strict=True)])


def _cut(source: Source, keep: Tensor) -> bool:
    """Keep these neurons of a layer, or one of zeros; whether anything changed."""
    layer, changed = source.layer, False
    positions = {r.reader: r.reader.weight.shape[1] // len(keep) for r in source.routes}
    if not keep.any():
        keep[0] = True
        ends = [layer.weight[0], *(reader.weight[:, :n] for reader, n in positions.items())]
        changed = any(bool(weights.any()) for weights in ends)
        for weights in ends:
            weights.zero_()
    for module in (layer, *source.norms):
        _select(module, keep, 0)
    for reader, n in positions.items():
        _select(reader, keep.repeat_interleave(n), 1)
    return changed or not bool(keep.all())


def _select(module: nn.Module, keep: Tensor, dim: int) -> None:
    """Keep these entries along `dim` of all tensors of a module that have it."""
    for t in (*module.parameters(recurse=False), *module.buffers(recurse=False)):
        if t.dim() > dim and t.shape[dim] == len(keep):
            t.data = t.data[keep] if dim == 0 else t.data[:, keep]
    for width in _WIDTHS[dim]:
        if hasattr(module, width):
            setattr(module, width, int(keep.sum()))


def same_function(model: nn.Module, other: nn.Module, x: Tensor) -> bool:
    """Whether both agree on x in eval mode, to 1e-6 in double precision."""

    def run(m: nn.Module, double: bool) -> list[Tensor]:
        m = copy.deepcopy(m).eval()
        if not double:
            return real_tensors(m(x))
        return real_tensors(m.double()(x.double() if x.is_floating_point() else x))

    double, tolerance = True, 1e-6
    try:
        want = run(model, double)
    except RuntimeError:  # its code insists on a type, as x.float() does
        double, tolerance = False, 1e-5
        want = run(model, double)
    try:
        found = run(other, double)
    except RuntimeError:
        return False
    return all(
        a.shape == b.shape and torch.allclose(a, b, rtol=tolerance, atol=tolerance)
        for a, b in zip(want, found, strict=True)
    )
