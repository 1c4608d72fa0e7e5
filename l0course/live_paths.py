"""Which weights lie on a live path: one backward pass in which only the zeros count.

Random gradient pruning (main paper, arXiv 2505.17469, appendix) takes a weight for dead if its
gradient is exactly zero on a random batch. That is also so behind a ReLU that is off on the whole
batch, a saturated unit, or where a product underflows, so `random_gradient_prune` makes two passes
over many rows. But whether a path is open depends only on where the zeros are. Here one pass over
three rows is enough, in a twin of the model in which

- every weight that is not zero is replaced by a random number between 1/4 and 1/2 over the fan-in,
- what a module or a matrix product gives is replaced by random numbers between 1/4 and 1/2 wherever
  it is not zero, and so is its gradient on the way back: nothing is off, saturates, underflows or
  cancels, at any depth,
- functions that choose, such as max pooling, take the mean of what they choose from.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from .dead_weights import _tensors
from .pruning import Masks, count_nonzero, trainable

__all__ = ["live_weights", "prune_dead"]

_PERIOD = 65_537  # of the random numbers in a weight; a prime, so that no two rows are equal


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
        Up to three rows are used, on the model's device: their shape and type, and of integers
        (tokens) the values. Rows must be as long as any that the model will see: a weight that only
        a longer input uses, such as a late position, counts as dead. An `nn.Embedding` is judged by
        whole columns, because a token may be missing from the example.

    Returns
    -------
    Masks
        For each trainable parameter, True where it is live.

    Raises
    ------
    ValueError
        If the model has no trainable parameters, the example is empty, a value is not finite, or
        the output does not depend on the weights in a differentiable way.

    Notes
    -----
    A part that chooses by its values, for example one expert of many, is seen only if it is chosen
    here. Attention over a single position does not depend on queries and keys: they are dead then,
    unless it is an `nn.MultiheadAttention`, which here always gets one more position to look at.

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
    generator = torch.Generator().manual_seed(0)
    with torch.inference_mode(False), torch.enable_grad():
        twin = _positive_twin(model, generator)
        rows = _uniform(rows, generator) if rows.is_floating_point() else rows.clone()
        with _OpenPaths(generator):
            outputs = _tensors(twin(rows))
        loss = sum((t * _uniform(t, generator)).sum() for t in outputs)
        if not (isinstance(loss, Tensor) and loss.requires_grad):
            raise ValueError(
                "The model's output holds no floating-point numbers that depend on its weights: "
                "give the model that computes the scores, before argmax or detach."
            )
        weights = list(trainable(twin).values())
        gradients = torch.autograd.grad(loss, weights, materialize_grads=True)
    live = map(torch.logical_and, weights, gradients)  # NaN counts as live: nothing is lost
    return Masks(dict(zip(parameters, live, strict=True)))


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
    live = live_weights(model, example_input)
    removed = count_nonzero(model) - sum(int(torch.count_nonzero(m)) for m in live.values())
    with torch.no_grad():
        for name, p in trainable(model).items():
            p.mul_(live[name])  # finite, as checked; several times faster than filling in zeros
    return removed


def _finite(x: Tensor) -> bool:
    """Whether all entries are finite: one pass over memory, unlike x.isfinite().all()."""
    return x.numel() == 0 or all(bool(end.isfinite()) for end in x.aminmax())


def _uniform(x: Tensor, generator: torch.Generator) -> Tensor:
    """Random numbers between 1/4 and 1/2 of x's shape and device, of 32 bits or more."""
    dtype = torch.promote_types(x.dtype, torch.float32)
    noise = torch.empty(x.shape, dtype=dtype).uniform_(0.25, 0.5, generator=generator)
    return noise.to(x.device)


def _pattern(x: Tensor, generator: torch.Generator) -> Tensor:
    """Random numbers between 1/4 and 1/2 wherever x is not zero; inf and NaN stay as they are."""
    return torch.where((x != 0) & x.isfinite(), _uniform(x, generator), x)


def _positive_twin(model: nn.Module, generator: torch.Generator) -> nn.Module:
    """A copy in evaluation mode with a zero where the model has one, and positive elsewhere."""
    noise = _uniform(torch.empty(_PERIOD), generator)
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


class _OpenPaths(TorchFunctionMode):
    """Functions that let only some of their inputs through let all of them through."""

    def __init__(self, generator: torch.Generator) -> None:
        super().__init__()
        self.generator = generator

    def __torch_function__(self, function, types, args=(), kwargs=None):
        real = bool(args) and isinstance(args[0], Tensor) and args[0].is_floating_point()
        result = (_OPEN.get(function, function) if real else function)(*args, **(kwargs or {}))
        return _refresh(result, self.generator) if function in _PRODUCTS else result


def _pool(mean: Callable) -> Callable:
    """The mean in place of the maximum of each window."""

    def pool(x, size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
        return mean(x, size, stride, padding, ceil_mode)  # a dilated window is taken as a whole

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


_PRODUCTS = {F.linear, torch.matmul, Tensor.matmul, Tensor.__matmul__}
_OPEN = {
    torch.prelu: lambda x, w: x * (1 + (w if w.dim() == 0 else w.view(-1, *[1] * (x.dim() - 2)))),
    F.max_pool1d: _pool(F.avg_pool1d),
    F.max_pool2d: _pool(F.avg_pool2d),
    F.max_pool3d: _pool(F.avg_pool3d),
    F.adaptive_max_pool1d: lambda x, size, return_indices=False: F.adaptive_avg_pool1d(x, size),
    F.adaptive_max_pool2d: lambda x, size, return_indices=False: F.adaptive_avg_pool2d(x, size),
    F.adaptive_max_pool3d: lambda x, size, return_indices=False: F.adaptive_avg_pool3d(x, size),
}
for _home in (torch, Tensor):
    _OPEN[_home.relu] = lambda x: F.leaky_relu(x, 0.5)
    _OPEN[_home.amax] = _OPEN[_home.amin] = torch.mean
    _OPEN[_home.max], _OPEN[_home.min] = _extreme(torch.max), _extreme(torch.min)
    _OPEN[_home.maximum] = _OPEN[_home.minimum] = lambda x, other: (x + other) / 2
_OPEN[F.hardshrink] = _OPEN[F.softshrink] = lambda x, lambd=0.5: x
_OPEN[F.relu] = lambda x, inplace=False: F.leaky_relu(x, 0.5)
