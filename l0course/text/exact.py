"""A transformer whose every bit is the same on every machine, in every order of work.

A text can only be decoded if both sides compute the very same probabilities. In floating point they
do not: a sum depends on the order of its terms, and so on the processor, the number of threads, the
size of the batch, and on whether earlier positions come from a cache. Here every number is a whole
number held in float64, and no sum, partial sums included, reaches 2**53. Such sums are exact, so
their order does not matter. What remains is done by single operations that IEEE 754 rounds
correctly (+ - * / sqrt), rounding, comparisons, and a table of powers of two.

The budget, in bits; `LIMIT` < 2**21 holds every activation, by clamping:

==================  =================================================================  ======
unit of activations 2**-14: they lie between -128 and 128                              21
unit of weights     2**-20; unit of biases 2**-34, that of their products              checked
linear layers       sum of |weights| in a row times LIMIT, plus |bias|: checked        < 53
normalisation       512 squares of 2**21 (those of x - mean are no larger), 512 / 4    < 52
scores q k          2 * 21, and 9 for a width of 512                                   51
attention           weights of up to 2**20, times 21, and 11 for a context of 2048     52
frequencies         256 weights of up to 2**20; each of them times ONE = 2**20         40
==================  =================================================================  ======

What it costs: code lengths grow by less than 0.01 %, and half the speed of float32. On one core, 64
wide with 4 layers and rows of 256 bytes: 34,000 bytes a second for whole rows (float32: 71,000), in
steps 9,800 for 64 rows at once and 1,300 for one row alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..byte_transformer import BYTES, Block, ByteTransformer, positions
from ..checks import integer
from ..codec.range_coder import ONE

__all__ = ["ONE", "Cache", "ExactTransformer", "check_sizes"]

_UNIT = 2.0**14  # activations a unit
_WEIGHT = 2.0**20  # weights a unit
LIMIT = 2**21 - 1
_EXACT = 2**53
_STEPS = 256  # of the table of powers of two, for each halving
_HALVINGS = 22
_TOKENS = 1024  # at once in a full pass, so that all fits into the processor's cache
_MOST_NUMBERS = 2**25  # keys of a batch: twice as many float64 take half a gigabyte
_QUERIES = 64  # at once: the rest of the square above the diagonal is left out


def check_sizes(width: int, layers: int, heads: int, context: int, streams: int) -> None:
    """ValueError unless a transformer of these sizes can decode so many streams at once.

    >>> check_sizes(width=512, layers=16, heads=8, context=2048, streams=64)
    Traceback (most recent call last):
    ValueError: width * layers * context * streams must be at most 33,554,432, so that decoding \
fits into memory, but it is 1,073,741,824: set fewer streams.
    """
    for name, size, most in [("width", width, 512), ("layers", layers, 16)]:
        integer(name, size, 1, most)
    integer("heads", heads, 1, width)
    integer("context", context, 1, 2048)
    if width % 2 or width % heads:
        raise ValueError(
            f"width must be even and a multiple of heads, but they are {width} and {heads}."
        )
    numbers = width * layers * context * streams
    if numbers > _MOST_NUMBERS:
        raise ValueError(
            f"width * layers * context * streams must be at most {_MOST_NUMBERS:,}, so that "
            f"decoding fits into memory, but it is {numbers:,}: set fewer streams."
        )


@dataclass
class Cache:
    """Keys and values of the positions so far: (layers, n, heads, context, width / heads) each."""

    keys: Tensor
    values: Tensor
    length: int = 0


class ExactTransformer:
    """A `ByteTransformer` in whole numbers: frequencies that do not depend on the order of sums.

    Parameters
    ----------
    model : ByteTransformer
        Stays as it is; later changes of it have no effect here. Its weights are rounded to
        multiples of 2**-20, its activations to multiples of 2**-14.

    Raises
    ------
    ValueError
        If a weight is not finite, or the weights are so large that a sum could reach 2**53.

    Examples
    --------
    >>> exact = ExactTransformer(ByteTransformer(16, 1, 2, context=8, seed=0))
    >>> tokens = torch.tensor([[0, 65, 66]])
    >>> whole = exact.frequencies(tokens)
    >>> whole.shape, whole.sum(-1).tolist(), int(whole.min()) >= 1
    (torch.Size([1, 3, 256]), [[1048576, 1048576, 1048576]], True)
    >>> past = exact.cache(1)
    >>> steps = [exact.step(tokens[:, i], past) for i in range(3)]
    >>> torch.equal(torch.stack(steps, 1), whole)
    True
    """

    def __init__(self, model: ByteTransformer) -> None:
        bad = [name for name, p in model.named_parameters() if not p.isfinite().all()]
        if bad:
            raise ValueError(f"The model holds NaN or infinite weights in {', '.join(bad)}.")
        self.heads, self.width, self.context = model.heads, model.width, model.context
        self._bytes = _rounded(_double(model.embedding.weight), _UNIT)
        self._positions = _rounded(torch.from_numpy(positions(model.context, model.width)), _UNIT)
        self._blocks = [_ExactBlock(block, f"blocks.{i}.") for i, block in enumerate(model.blocks)]
        self._head = _matrix(model.head, "head")

    def frequencies(self, tokens: Tensor) -> Tensor:
        """How often, of ONE times, each byte follows each of the tokens (n, t), int64.

        Whole numbers (n, t, 256), int32, each at least 1, summing to ONE. Raises ValueError if a
        row is longer than the context.
        """
        t = tokens.shape[1]
        rows = tokens.split(max(1, _TOKENS // max(1, t)))
        return torch.cat([self._extend(part, self.cache(len(part), t)) for part in rows])

    def step(self, tokens: Tensor, past: Cache) -> Tensor:
        """The frequencies (n, 256) behind one more token (n,) of each row; they join the cache."""
        return self._extend(tokens[:, None], past)[:, 0]

    def cache(self, rows: int, context: int | None = None) -> Cache:
        """A cache for `rows` rows of which nothing has been seen."""
        length = self.context if context is None else context
        shape = (len(self._blocks), rows, self.heads, length, self.width // self.heads)
        return Cache(*(torch.zeros(shape, dtype=torch.float64) for _ in range(2)))

    @torch.no_grad()
    def _extend(self, tokens: Tensor, past: Cache) -> Tensor:
        """The full pass and the step are one and the same: t more positions behind a cache."""
        n, t = tokens.shape
        if past.length + t > min(self.context, past.keys.shape[3]):
            raise ValueError(f"A row has {past.length + t} bytes, but context is {self.context}.")
        x = _clamp(self._bytes[tokens] + self._positions[past.length : past.length + t])
        for block, keys, values in zip(self._blocks, past.keys, past.values, strict=True):
            x = block(x, keys, values, past.length)
        past.length += t
        weights, bias = self._head
        return _frequencies(F.linear(_normalised(x), weights, bias))


class _ExactBlock:
    """The block of a ByteTransformer in whole numbers."""

    def __init__(self, block: Block, name: str) -> None:
        self.heads = block.heads
        self.norm1, self.norm2 = map(_scales, (block.norm1, block.norm2))
        self.qkv, self.out, self.up, self.down = (
            _matrix(getattr(block, part), name + part) for part in ("qkv", "out", "up", "down")
        )

    def __call__(self, x: Tensor, keys: Tensor, values: Tensor, start: int) -> Tensor:
        n, t, width = x.shape
        heads = _linear(_normalised(x, *self.norm1), *self.qkv)
        q, k, v = heads.view(n, t, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        keys[:, :, start : start + t] = k
        values[:, :, start : start + t] = v
        seen = torch.empty(n, t, self.heads, width // self.heads, dtype=torch.float64)
        for a in range(0, t, _QUERIES):
            b = min(t, a + _QUERIES)
            end = start + b
            seen[:, a:b] = _attention(q[:, :, a:b], keys[:, :, :end], values[:, :, :end])
        x = _clamp(x + _linear(seen.view(n, t, width), *self.out))
        hidden = _linear(_normalised(x, *self.norm2), *self.up).clamp_(min=0)
        return _clamp(x + _linear(hidden, *self.down))


def _attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """(n, t, heads, d) from the last t queries (n, heads, t, d), all keys and values so far."""
    t, d = q.shape[2:]
    scores = q @ k.transpose(2, 3)  # (n, heads, t, keys)
    if t > 1:
        later = torch.ones(t, t, dtype=torch.bool).triu_(1)
        scores[..., -t:].masked_fill_(later, -math.inf)
    weights = _powers(scores, 1 / (_UNIT * _UNIT * math.sqrt(d)))
    mean = (weights @ v) / weights.sum(-1, keepdim=True)
    return mean.round_().transpose(1, 2)


def _frequencies(logits: Tensor) -> Tensor:
    """At least 1 each; what is left over when all are rounded down goes to the most frequent."""
    weights = _powers(logits, 1 / (_UNIT * _WEIGHT))
    found = (weights * (ONE - BYTES) / weights.sum(-1, keepdim=True)).floor_() + 1
    first = (weights * BYTES - torch.arange(BYTES, dtype=torch.float64)).argmax(-1, keepdim=True)
    return found.scatter_add_(-1, first, ONE - found.sum(-1, keepdim=True)).int()


def _powers(exponents: Tensor, unit: float) -> Tensor:
    """round(2**20 exp((x - max x) unit)) along the last axis, from a table; changes its input."""
    exponents -= exponents.amax(-1, keepdim=True)
    exponents *= -_STEPS * _LOG2_E * unit
    index = exponents.round_().clamp_(max=_STEPS * _HALVINGS).int()
    return _table().index_select(0, index.flatten()).view(index.shape)


_LOG2_E = 1.4426950408889634


@cache
def _table() -> Tensor:
    """round(2**20 * 2**(-i / _STEPS)) for i from 0 on; the last is 0."""
    root = [float(2 ** (Decimal(20) - Decimal(i) / _STEPS)) for i in range(_STEPS)]
    table = [round(math.ldexp(r, -i)) for i in range(_HALVINGS) for r in root]
    return torch.tensor([*table, 0], dtype=torch.float64)


def _normalised(x: Tensor, gain: Tensor | float = _UNIT, bias: Tensor | float = 0.0) -> Tensor:
    """Layer normalisation of whole numbers, up to the rounding of the mean."""
    width = x.shape[-1]
    x = x - (x.sum(-1, keepdim=True) / width).round_()
    variance = (x * x).sum(-1, keepdim=True) / width + 1e-5 * _UNIT * _UNIT
    return _clamp((x / variance.sqrt_() * gain + bias).round_())


def _linear(x: Tensor, weights: Tensor, bias: Tensor) -> Tensor:
    """A product in units of activations."""
    return _clamp(F.linear(x, weights, bias).mul_(1 / _WEIGHT).round_())


def _clamp(x: Tensor) -> Tensor:
    return x.clamp_(-LIMIT, LIMIT)


def _rounded(x: Tensor, scale: float) -> Tensor:
    return (x * scale).round_()


def _double(p: Tensor) -> Tensor:
    return p.detach().cpu().double()


def _scales(norm: nn.LayerNorm) -> tuple[Tensor, Tensor]:
    return _double(norm.weight) * _UNIT, _double(norm.bias) * _UNIT


def _matrix(layer: nn.Linear, name: str) -> tuple[Tensor, Tensor]:
    """Whole numbers; ValueError if a product with activations within LIMIT could be inexact."""
    weights = _rounded(_double(layer.weight), _WEIGHT)
    bias = _rounded(_double(layer.bias), _WEIGHT * _UNIT)
    largest = (weights.abs().sum(1) * LIMIT + bias.abs()).max()
    if largest >= _EXACT:
        raise ValueError(
            f"The weights of {name} are too large for exact sums: in some row their magnitudes sum "
            f"to more than {_EXACT / LIMIT / _WEIGHT:.0f}. Train with a penalty or a smaller lr."
        )
    return weights, bias
