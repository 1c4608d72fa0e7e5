"""Who reads a neuron: the ways from a layer's outputs to the layers that take them in.

torch.fx traces the model. A way may lead through elementwise functions, dropout, batch norm,
pooling and flatten, where every neuron stays apart from the others. Anything else (a residual sum,
attention, a concatenation, a reshape, the model's output) mixes or counts the neurons.
"""

from __future__ import annotations

import copy
import functools
import operator
from collections import Counter
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn

from .neuron_constants import LAYERS, Route, Source, Step, apart, pool, pool_zeros

_NORMS = {nn.BatchNorm1d: (0, 1), nn.BatchNorm2d: (2,), nn.BatchNorm3d: (3,)}
_POOLS = {
    getattr(home, f"{name}{dims}d"): dims
    for home, names in [
        (nn, ["MaxPool", "AvgPool", "AdaptiveMaxPool", "AdaptiveAvgPool"]),
        (F, ["max_pool", "avg_pool", "adaptive_max_pool", "adaptive_avg_pool"]),
    ]
    for name in names
    for dims in (1, 2, 3)
}
_MODULES = """Identity ReLU LeakyReLU ReLU6 PReLU RReLU ELU SELU CELU GELU SiLU Mish Sigmoid Tanh
    Softplus Softsign LogSigmoid Hardtanh Hardswish Hardsigmoid Tanhshrink Softshrink Hardshrink
    Threshold Dropout Dropout1d Dropout2d Dropout3d AlphaDropout FeatureAlphaDropout""".split()
_FUNCTIONS = """relu relu_ leaky_relu relu6 elu selu celu gelu silu mish sigmoid tanh softplus
    softsign logsigmoid hardtanh hardswish hardsigmoid tanhshrink softshrink hardshrink threshold
    dropout dropout1d dropout2d dropout3d alpha_dropout abs neg square sqrt exp sin cos clamp
    add sub mul div truediv pow contiguous""".split()
_ELEMENTWISE = {getattr(nn, name) for name in _MODULES} | {
    getattr(home, name)
    for name in _FUNCTIONS
    for home in (torch, F, operator, Tensor)
    if hasattr(home, name)
}


def find_sources(model: nn.Module) -> list[Source]:
    """The model's input and its layers, in the order of the forward pass, each with its readers.

    The model must be in eval mode. Left out: layers called twice or with forward hooks, tied or
    reparametrised weights, convolutions in groups.

    Raises ValueError if torch.fx cannot trace the model.
    """
    whole = nn.Sequential(model)  # so that a bare layer is called like any other
    try:
        graph = fx.Tracer().trace(copy.deepcopy(whole))  # the forward pass may leave something
    except Exception as error:  # whatever the model's code raises on stand-ins for tensors
        raise ValueError(
            "torch.fx cannot trace this model (its forward pass may branch on values or shapes): "
            f"give a part of it that can be traced. The cause: {error}"
        ) from error
    walk = _Walk(whole, list(graph.nodes))
    return [*walk.sources(), *walk.feed_forwards()]


class _Walk:
    """The traced graph, and what its layers share."""

    def __init__(self, whole: nn.Module, nodes: list[fx.Node]) -> None:
        self.whole, self.nodes = whole, nodes
        self.calls = Counter(self.module(node) for node in nodes)
        used = [p for m in whole.modules() for p in m._parameters.values() if p is not None]
        used += [_attribute(whole, n.target) for n in nodes if n.op == "get_attr"]
        self.uses = Counter(t.data_ptr() for t in used if isinstance(t, Tensor))

    def module(self, node: fx.Node) -> nn.Module | None:
        return self.whole.get_submodule(node.target) if node.op == "call_module" else None

    def sources(self) -> list[Source]:
        found = []
        for node in self.nodes:
            layer = self.module(node)
            if node.op == "placeholder" or self.is_free(layer, LAYERS):
                found.append(Source(layer))
                self.follow(node, found[-1], LAYERS.get(type(layer)))
                if found[-1].altered:
                    found[-1].routes.clear()
        return found

    def feed_forwards(self) -> list[Source]:
        """The hidden neurons inside PyTorch's own transformer layers."""
        found = []
        for m in self.whole.modules():
            if type(m) in (nn.TransformerEncoderLayer, nn.TransformerDecoderLayer):
                act = m.activation
                known = act in _ELEMENTWISE or type(act) in _ELEMENTWISE
                if known and all(self.is_free(x, LAYERS, calls=0) for x in (m.linear1, m.linear2)):
                    found.append(Source(m.linear1, [Route(m.linear2, [apart(act)])]))
        return found

    def is_free(self, module: nn.Module | None, kinds: dict, calls: int = 1) -> bool:
        """Whether its parameters act in one place only, as they stand."""
        return (
            type(module) in kinds
            and self.calls[module] == calls
            and not _hooked(module)
            and getattr(module, "groups", 1) == 1
            and {"weight", "bias"} <= module._parameters.keys()
            and all(self.uses[p.data_ptr()] == 1 for p in module.parameters())
        )

    def follow(
        self,
        node: fx.Node,
        source: Source,
        dims: int | None,
        steps: Sequence[Step] = (),
        alone: bool = True,
    ) -> None:
        """Follow the users of `node`, whose values have `dims` spatial dimensions.

        dims is None if unknown. `alone` is False where a change in place would reach other users.
        """
        alone = alone and len(node.users) == 1
        source.closed &= len(node.users) > 0  # a value that goes nowhere may be kept for the person
        if not alone and any(_in_place(user, self.module(user)) for user in node.users):
            source.closed, source.altered = False, True
        for user in node.users:
            if _is_batch_size(user, node):
                continue
            if self.reads(user, node, source, dims):
                source.routes.append(Route(self.module(user), steps))
                continue
            on = self.step(user, node, source, dims)
            if on is None:
                source.closed = False
            else:
                self.follow(user, source, on[1], [*steps, *on[0]], alone)

    def reads(self, user: fx.Node, node: fx.Node, source: Source, dims: int | None) -> bool:
        """Whether `user` is a layer that takes in the neurons one by one."""
        layer = self.module(user)
        if not self.is_free(layer, LAYERS) or user.args != (node,) or user.kwargs:
            return False
        if source.layer is None:
            return dims is None or dims == LAYERS[type(layer)]
        positions, rest = divmod(layer.weight.shape[1], source.layer.weight.shape[0])
        flattened_rows = type(source.layer) is nn.Linear and positions > 1
        return dims == LAYERS[type(layer)] and rest == 0 and not flattened_rows

    def step(
        self, user: fx.Node, node: fx.Node, source: Source, dims: int | None
    ) -> tuple[list[Step], int | None] | None:
        """What `user` does to constants, and dims after it; None if it mixes the neurons."""
        module = self.module(user)
        if _flattens(user, node, module):
            return [lambda v: v.flatten(1)], 0
        if user.all_input_nodes != [node] or (module is not None and _hooked(module)):
            return None
        kind = user.target if module is None else type(module)
        if user.op == "call_method":
            kind = getattr(Tensor, user.target)
        if kind in _POOLS and dims in (None, _POOLS[kind]):
            return [pool if _pools_evenly(user, module) else pool_zeros], dims
        if kind in _NORMS and dims in (None, *_NORMS[kind]) and self.is_free(module, _NORMS):
            fits = source.layer is None or module.num_features == source.layer.weight.shape[0]
            if fits and module.running_mean is not None:
                source.norms.append(module)
                return [apart(module)], dims
        if kind not in _ELEMENTWISE or (kind is nn.PReLU and module.num_parameters > 1):
            return None
        if "ropout" in kind.__name__:
            off = module is not None or user.kwargs.get("training") is False
            return ([], dims) if off else None
        return [apart(module or _call(user, kind))], dims


def _attribute(module: nn.Module, path: str) -> object:
    return functools.reduce(lambda owner, name: getattr(owner, name, None), path.split("."), module)


def _call(user: fx.Node, function: Callable) -> Step:
    def call(v: Tensor) -> Tensor:
        put = {node: v for node in user.all_input_nodes}
        args, kwargs = fx.node.map_arg((user.args, dict(user.kwargs)), put.get)
        return function(*args, **kwargs)

    return call


def _pools_evenly(user: fx.Node, module: nn.Module | None) -> bool:
    """Whether the pool of a constant is that constant: not if it averages over padding, too."""
    if module is not None:
        return "AvgPool" not in type(module).__name__ or (
            not any(_numbers(getattr(module, "padding", 0)))
            and getattr(module, "divisor_override", None) is None
        )
    if "avg_pool" not in user.target.__name__ or "adaptive" in user.target.__name__:
        return True
    return len(user.args) <= 3 and user.kwargs.keys() <= {"kernel_size", "stride"}


def _numbers(padding: int | Sequence[int]) -> Sequence[int]:
    return [padding] if isinstance(padding, int) else padding


def _hooked(module: nn.Module) -> bool:
    return bool(module._forward_hooks or module._forward_pre_hooks)


def _in_place(user: fx.Node, module: nn.Module | None) -> bool:
    if module is not None:
        return getattr(module, "inplace", False)
    name = user.target if isinstance(user.target, str) else user.target.__name__
    return name.endswith("_") or user.kwargs.get("inplace", False)


def _flattens(user: fx.Node, node: fx.Node, module: nn.Module | None) -> bool:
    """Whether all dimensions but the batch become one: flatten(1) or view(x.size(0), -1)."""
    if module is not None:
        plain = type(module) is nn.Flatten and not _hooked(module)
        return plain and (module.start_dim, module.end_dim) == (1, -1)
    if user.target in (torch.flatten, "flatten"):
        given = (user.args[1:], dict(user.kwargs))
        return given in [((1,), {}), ((1, -1), {}), ((), {"start_dim": 1})]
    if user.target in ("view", "reshape") and len(user.args) == 3 and user.args[2] == -1:
        size = user.args[1]
        return isinstance(size, fx.Node) and any(
            _is_batch_size(size, x) for x in (node, next(iter(node.graph.nodes)))
        )
    return False


def _is_batch_size(user: fx.Node, node: fx.Node) -> bool:
    """Whether `user` is node.size(0) or node.shape[0], or is on the way to these only."""
    if user.target == "size" and user.args == (node, 0):
        return True
    if user.target is operator.getitem and user.args[1] == 0:
        shape = user.args[0]
        return isinstance(shape, fx.Node) and shape in node.users and _is_shape(shape)
    return _is_shape(user) and all(_is_batch_size(u, node) for u in user.users)


def _is_shape(node: fx.Node) -> bool:
    getattr_shape = node.target is getattr and node.args[1] == "shape"
    return getattr_shape or (node.target == "size" and len(node.args) == 1)
