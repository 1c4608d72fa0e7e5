"""A twin of a model in which only the zeros count: whatever is not zero is open.

In the twin every weight that is not zero is positive, and random. What modules and products give is
replaced by random positive numbers wherever it is not zero, and so is its gradient on the way back:
nothing cancels, underflows or saturates, at any depth. Functions that choose, such as max pooling,
take the mean of what they choose from, and functions with a flat part get a slope.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

__all__ = ["OpenPaths", "positive_twin", "uniform"]

_PERIOD = 65_537  # of the random numbers in a weight; a prime, so that no two rows are equal


def uniform(x: Tensor, generator: torch.Generator) -> Tensor:
    """Random numbers between 1/4 and 1/2 of x's shape and device, of 32 bits or more."""
    dtype = torch.promote_types(x.dtype, torch.float32)
    noise = torch.empty(x.shape, dtype=dtype).uniform_(0.25, 0.5, generator=generator)
    return noise.to(x.device)


def _pattern(x: Tensor, generator: torch.Generator) -> Tensor:
    """Random numbers between 1/4 and 1/2 wherever x is not zero; inf and NaN stay as they are."""
    return torch.where((x != 0) & x.isfinite(), uniform(x, generator), x)


def positive_twin(model: nn.Module, generator: torch.Generator) -> nn.Module:
    """A copy in evaluation mode with a zero where the model has one, and positive elsewhere."""
    noise = uniform(torch.empty(_PERIOD), generator)
    memo = {}  # deepcopy takes from here what it finds, so the weights themselves are not copied
    for p in model.parameters():
        values = p.detach().sign().abs_().to(torch.promote_types(p.dtype, torch.float32))
        values = values.contiguous().div_(p[:1].numel() if p.dim() else 1)  # the fan-in
        for part in values.view(-1).split(_PERIOD):  # in place: fresh memory costs more
            part.mul_(noise[: len(part)].to(p.device))
        memo[id(p)] = nn.Parameter(values, requires_grad=p.requires_grad)
    for module in model.modules():  # results of torch.nn.utils.prune and the like: not to be copied
        memo |= {id(t): t for t in vars(module).values() if isinstance(t, Tensor) and t.grad_fn}
    twin = copy.deepcopy(model, memo).eval()
    if any(p.dtype in (torch.float16, torch.bfloat16) for p in model.parameters()):
        twin.float()  # its buffers too
    for module in twin.modules():
        module.register_forward_hook(_hook(generator))
        if getattr(module, "running_var", None) is not None:  # x - mean must not change sign
            module.running_mean = -_pattern(module.running_mean, generator)
            module.running_var = torch.ones_like(module.running_mean)
        if isinstance(module, nn.MultiheadAttention):  # one position more: softmax never constant
            module.add_zero_attn = True
            module.register_forward_pre_hook(_explicit_mask, with_kwargs=True)
    return twin


def _explicit_mask(module: nn.Module, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
    """Causal attention by its mask, which knows the position more, instead of by a flag."""
    return args, {name: value for name, value in kwargs.items() if name != "is_causal"}


class _Pattern(torch.autograd.Function):
    """`_pattern` of the values on the way forward, and of the gradients on the way back."""

    @staticmethod
    def forward(context, x: Tensor, generator: torch.Generator) -> Tensor:
        context.generator = generator
        return _pattern(x, generator)

    @staticmethod
    def backward(context, gradient: Tensor) -> tuple[Tensor, None]:
        return _pattern(gradient, context.generator), None


def _refresh(output: object, generator: torch.Generator) -> object:
    """`_Pattern` of a module's or a product's output, once, if it is a tensor of real numbers."""
    if not isinstance(output, Tensor) or not output.is_floating_point() or hasattr(output, "fresh"):
        return output
    output = _Pattern.apply(output, generator)
    output.fresh = True
    return output


def _hook(generator: torch.Generator) -> Callable:
    def hook(module: nn.Module, args: tuple, output: object) -> object:
        if isinstance(module, nn.Embedding | nn.EmbeddingBag):  # every token, not only these
            output = module.weight.mean(0).expand_as(output)
        return _refresh(output, generator)

    return hook


class OpenPaths(TorchFunctionMode):
    """Functions that let only some of their inputs through let all of them through."""

    def __init__(self, generator: torch.Generator) -> None:
        super().__init__()
        self.generator = generator

    def __torch_function__(self, function, types, args=(), kwargs=None):
        real = bool(args) and isinstance(args[0], Tensor) and args[0].is_floating_point()
        result = (_OPEN.get(function, function) if real else function)(*args, **(kwargs or {}))
        return _refresh(result, self.generator) if function in _PRODUCTS else result


def _pool(maximum: Callable, mean: Callable) -> Callable:
    """The mean in place of the maximum of each window; a window with gaps keeps its maximum."""

    def pool(x, size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
        if dilation not in (1, (1,), (1, 1), (1, 1, 1)):
            return maximum(x, size, stride or size, padding, dilation, ceil_mode)
        return mean(x, size, stride or size, padding, ceil_mode)

    return pool


def _extreme(function: Callable) -> Callable:
    """torch.max or min: over a dimension (values, indices), else of all, or of two tensors."""

    def mean(x: Tensor, *args, **kwargs) -> object:
        result = function(x, *args, **kwargs)
        if not isinstance(result, Tensor):
            return type(result)((torch.mean(x, *args, **kwargs), result.indices))
        other = args[0] if args else kwargs.get("other")
        return x.mean() if other is None else (x + other) / 2

    return mean


def _sloped(function: Callable) -> Callable:
    """The function plus half of its input: flat nowhere, and constant where it was constant."""
    return lambda x, *args, **kwargs: function(x.clone(), *args, **kwargs) + x / 2


_PRODUCTS = {F.linear, torch.einsum} | {
    getattr(home, name)
    for home in (torch, Tensor)
    for name in ("matmul", "__matmul__", "mm", "bmm", "addmm", "baddbmm", "sum")
    if hasattr(home, name)
}
_OPEN = {
    torch.prelu: lambda x, w: x * (1 + (w if w.dim() == 0 else w.view(-1, *[1] * (x.dim() - 2)))),
    F.adaptive_max_pool1d: lambda x, size, return_indices=False: F.adaptive_avg_pool1d(x, size),
    F.adaptive_max_pool2d: lambda x, size, return_indices=False: F.adaptive_avg_pool2d(x, size),
    F.adaptive_max_pool3d: lambda x, size, return_indices=False: F.adaptive_avg_pool3d(x, size),
    F.hardshrink: lambda x, lambd=0.5: x,
    F.softshrink: lambda x, lambd=0.5: x,
}
for _n in "123":
    for _home in (F, torch):
        _maximum = getattr(_home, f"max_pool{_n}d")
        _OPEN[_maximum] = _pool(_maximum, getattr(F, f"avg_pool{_n}d"))
for _home in (torch, Tensor):
    _OPEN[_home.amax] = _OPEN[_home.amin] = torch.mean
    _OPEN[_home.max], _OPEN[_home.min] = _extreme(torch.max), _extreme(torch.min)
    _OPEN[_home.maximum] = _OPEN[_home.minimum] = lambda x, other: (x + other) / 2
for _home in (torch, Tensor, F):
    for _name in """relu relu_ clamp clamp_ clamp_min clamp_min_ clamp_max clip clip_
        relu6 hardtanh hardtanh_ threshold threshold_ hardsigmoid hardswish""".split():
        if hasattr(_home, _name):
            _OPEN[getattr(_home, _name)] = _sloped(getattr(_home, _name))
