"""The random network that a lottery ticket is cut from; and its fit to a target, layer by layer."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from .checks import integer

__all__ = ["check_grid", "check_target", "largest_input", "layer_pairs", "random_network"]

Layer = nn.Linear | nn.Conv2d
_SHAPES_ONLY = nn.Flatten | nn.MaxPool2d | nn.ReLU | nn.Identity


def random_network(
    target: nn.Sequential, width: int, *, seed: int, bits: int | None = None
) -> nn.Sequential:
    """A random network that is wide enough for a ticket; of the target it knows the shape alone.

    For each layer of the target it has two: the first with `width` relu units for each input (and
    for the bias), the second with the layer's outputs. A convolution has 1x1 kernels in the first
    and its own kernels in the second.

    Parameters
    ----------
    target : nn.Sequential of nn.Linear, nn.Conv2d, and nn.ReLU, nn.MaxPool2d, nn.Flatten
    width : int
        Random units for each input of each layer. About half of them are of use for either sign.
    seed : int
    bits : int, optional
        Draw weights from the grid {-1, -1 + 2^-bits, ..., 1} rather than from U[-1, 1].

    Returns
    -------
    nn.Sequential in float64, in which all weights and biases are random.

    Raises
    ------
    ValueError
        If the target has a module of another kind, or a convolution that is grouped, not padded by
        zeros, or padded by more than half of its kernel.

    Examples
    --------
    >>> random_network(nn.Sequential(nn.Linear(2, 3), nn.ReLU()), 10, seed=0)
    Sequential(
      (0): Linear(in_features=2, out_features=30, bias=True)
      (1): ReLU()
      (2): Linear(in_features=30, out_features=3, bias=False)
      (3): ReLU()
    )
    """
    integer("width", width, 1)
    if bits is not None:
        integer("bits", bits, 1, 24)
    check_target(target)
    generator = torch.Generator().manual_seed(integer("seed", seed, 0))
    modules: list[nn.Module] = []
    for module in target:
        if not isinstance(module, Layer):
            modules.append(copy.deepcopy(module))
            continue
        has_bias = module.bias is not None
        outs, ins = module.weight.shape[:2]
        hidden = width * (ins + has_bias)
        if isinstance(module, nn.Linear):
            pair = nn.Linear(ins, hidden, has_bias), nn.Linear(hidden, outs, False)
        else:
            shape = module.kernel_size, module.stride, module.padding, module.dilation
            first = nn.Conv2d(ins, hidden, 1, bias=has_bias)
            pair = first, nn.Conv2d(hidden, outs, *shape, bias=False)
        modules += [pair[0], nn.ReLU(), pair[1]]
    network = nn.Sequential(*modules).double()
    for p in network.parameters():
        if bits is None:
            p.data.uniform_(-1, 1, generator=generator)
        else:
            p.data.copy_(torch.randint(-(2**bits), 2**bits + 1, p.shape, generator=generator))
            p.data /= 2**bits
    return network


def layer_pairs(
    target: nn.Sequential, network: nn.Sequential, nonnegative: bool
) -> Iterator[tuple[Layer, Layer, Layer, bool]]:
    """Each layer of the target, its two random layers, and whether its inputs are all >= 0."""
    modules = iter(network)
    for module in target:
        own = next(modules, None)
        if isinstance(module, Layer):
            next(modules, None)
            second = next(modules, None)
            if not _fits(module, own, second):
                raise ValueError(
                    "The network was not made for this target: make it with random_network(target, "
                    "width, seed=...)."
                )
            yield module, own, second, nonnegative
        nonnegative = not isinstance(module, Layer) and (nonnegative or isinstance(module, nn.ReLU))


def _fits(layer: Layer, first: nn.Module | None, second: nn.Module | None) -> bool:
    if not (isinstance(first, type(layer)) and isinstance(second, type(layer))):
        return False
    inputs = layer.weight.shape[1]
    return (
        first.weight.shape[1] == inputs
        and (first.bias is None) == (layer.bias is None)
        and first.weight.dtype == torch.float64
        and len(first.weight) == second.weight.shape[1]
        and len(first.weight) % (inputs + (layer.bias is not None)) == 0
        and len(second.weight) == len(layer.weight)
        and second.weight.shape[2:] == layer.weight.shape[2:]
    )


def check_grid(network: nn.Sequential, bits: int) -> None:
    """ValueError unless all weights of the network are multiples of 2^-bits."""
    integer("bits", bits, 1, 24)
    for p in network.parameters():
        steps = p.detach() * 2**bits
        if not torch.equal(steps, steps.round()):
            raise ValueError(
                f"The network has weights that are not multiples of 2^-{bits}: make it with "
                f"random_network(target, width, seed=..., bits={bits})."
            )


def check_target(target: nn.Sequential) -> None:
    if not isinstance(target, nn.Sequential) or not any(isinstance(m, Layer) for m in target):
        raise ValueError("The target must be an nn.Sequential with a Linear or Conv2d layer.")
    for module in target:
        if not isinstance(module, Layer | _SHAPES_ONLY):
            raise ValueError(
                f"The target has a {type(module).__name__}: tickets are for Linear, Conv2d, ReLU, "
                "MaxPool2d and Flatten."
            )
        if isinstance(module, nn.Conv2d):
            inside = isinstance(module.padding, tuple) and all(
                2 * p <= d * (k - 1)
                for p, k, d in zip(module.padding, module.kernel_size, module.dilation, strict=True)
            )
            if module.groups != 1 or module.padding_mode != "zeros" or not inside:
                raise ValueError(
                    "A convolution must have groups=1 and be padded by zeros, at most half of its "
                    "kernel on each side."
                )
        for p in module.parameters():
            if not torch.isfinite(p).all():
                raise ValueError("The target has weights that are not finite.")


def largest_input(target: nn.Sequential, radius: float, example: Tensor | None) -> Tensor:
    """The largest input, for the bounds: every entry is the radius."""
    if example is None:
        layer = next(m for m in target if isinstance(m, Layer))
        if isinstance(layer, nn.Conv2d):
            raise ValueError("A target with convolutions needs an example, (1, channels, h, w).")
        example = torch.ones(1, layer.in_features)
    return torch.full_like(example[:1], radius, dtype=torch.float64)
