"""A transformer that predicts the next byte of a text.

Source: main paper (arXiv 2505.17469), transformer experiments; its code's first version for the
sizes (vocabulary 256, feed-forward four times the width, ReLU, sinusoidal positions).
"""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .checks import integer

__all__ = [
    "BYTES",
    "ByteTransformer",
    "byte_rows",
    "look_back",
    "next_byte_loss",
    "positions",
    "shifted",
]

BYTES = 256
_PADDING = -1
_SHARP = 5.0  # of the heads that look back


class ByteTransformer(nn.Module):
    """Decoder-only transformer over bytes: logits for the next byte at each position.

    Pre-norm blocks of causal attention and a ReLU feed-forward layer of 4 * width, biases
    everywhere, fixed sinusoidal positions, a head of its own. The last normalisation has no weights
    of its own, so the parameter counts are the published ones: 232,960 (width 64), 858,880 (128),
    4,080,128 (256 with 5 layers and 8 heads). There, normalisation came after each sublayer.

    Parameters
    ----------
    width, layers, heads : int
        `heads` divides `width`; `width` is even.
    context : int
        The longest row that the model reads.
    seed : int
        Draws the initial weights, whatever the global seed.

    Raises
    ------
    ValueError
        If a size is out of range, or `heads` does not divide `width`.

    Examples
    --------
    >>> model = ByteTransformer(width=64, layers=4, heads=4, context=256, seed=0)
    >>> sum(p.numel() for p in model.parameters())
    232960
    >>> model(torch.zeros(2, 10, dtype=torch.int64)).shape
    torch.Size([2, 10, 256])
    """

    def __init__(
        self, width: int = 64, layers: int = 4, heads: int = 4, context: int = 256, seed: int = 0
    ) -> None:
        super().__init__()
        self.width = integer("width", width, 2, 512)
        self.layers = integer("layers", layers, 1, 64)
        self.heads = integer("heads", heads, 1, width)
        self.context = integer("context", context, 1, 2048)
        if width % 2 or width % heads:
            raise ValueError(f"width must be even and a multiple of heads, got {width} and {heads}")
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(integer("seed", seed, 0))
            self.embedding = nn.Embedding(BYTES, width)
            self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
            self.norm = nn.LayerNorm(width, elementwise_affine=False)
            self.head = nn.Linear(width, BYTES)
            nn.init.normal_(self.embedding.weight, std=0.3)
        table = torch.from_numpy(positions(context, width)).float()
        self.register_buffer("positions", table, persistent=False)

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits (n, t, 256) of the byte that follows each of the tokens (n, t), int64, t > 0."""
        if tokens.shape[1] > self.context:
            raise ValueError(f"A row has {tokens.shape[1]} bytes, but context is {self.context}.")
        x = self.embedding(tokens) + self.positions[: tokens.shape[1]]
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


class Block(nn.Module):
    """Causal attention and a feed-forward layer, each added to what it was given, normalised."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1 = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm2 = nn.LayerNorm(width)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """(n, t, width) -> (n, t, width)."""
        n, t, width = x.shape
        heads = self.qkv(self.norm1(x)).view(n, t, 3, self.heads, width // self.heads)
        q, k, v = heads.permute(2, 0, 3, 1, 4)  # each (n, heads, t, width / heads)
        seen = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(seen.transpose(1, 2).reshape(n, t, width))
        return x + self.down(F.relu(self.up(self.norm2(x))))


@torch.no_grad()
def look_back(model: ByteTransformer) -> None:
    """Let the heads of the first block attend to the 1st, 2nd, 3rd, ... byte before, for a start.

    From random weights a transformer needs hundreds of updates to find out which byte came before.
    Here some coordinates, those with the fastest sines and cosines of the position, are kept free
    of the byte: the embedding is zero there, and elsewhere equally large for all bytes. In these
    coordinates the key is the position p, and the query is p - 1, p - 2, ...: the sines and cosines
    of p, rotated. The product is largest where both are equal. Training may change all of it.

    >>> model = ByteTransformer(128, 1, 8, context=24)
    >>> look_back(model)
    >>> x = model.blocks[0].norm1(model.embedding.weight[:24] + model.positions)
    >>> q, k, _ = model.blocks[0].qkv(x).view(24, 3, 8, 16).unbind(1)
    >>> [(q[12:, head] @ k[:, head].T).tril(12).argmax(1)[:5].tolist() for head in range(3)]
    [[11, 12, 13, 14, 15], [10, 11, 12, 13, 14], [9, 10, 11, 12, 13]]
    """
    width, heads = model.width, model.heads
    pairs = min(width // heads // 2, width // 8)
    sines, cosines = torch.arange(pairs), torch.arange(pairs) + width // 2
    free = torch.ones(width, dtype=torch.bool)
    free[sines] = free[cosines] = False
    bytes_ = model.embedding.weight[:, free]
    model.embedding.weight.zero_()
    model.embedding.weight[:, free] = 0.1 * F.layer_norm(bytes_, bytes_.shape[1:])

    qkv = model.blocks[0].qkv
    weight, bias = qkv.weight.view(3, heads, -1, width), qkv.bias.view(3, heads, -1)
    weight[:2, :, : 2 * pairs] = 0
    bias[:2, :, : 2 * pairs] = 0
    queries, keys, _ = weight
    i = torch.arange(pairs)
    keys[:, i, sines] = keys[:, pairs + i, cosines] = _SHARP
    back = 1 + torch.arange(heads)[:, None]
    angles = back * 10_000.0 ** (-i / (width // 2))  # (heads, pairs), as in `positions`
    queries[:, i, sines] = queries[:, pairs + i, cosines] = _SHARP * angles.cos()
    queries[:, pairs + i, sines] = _SHARP * angles.sin()
    queries[:, i, cosines] = -_SHARP * angles.sin()


def positions(context: int, width: int) -> np.ndarray:
    """(context, width) sines, then cosines, of wavelengths 2 pi to 20,000 pi, times 0.1, float64.

    The same bits on every machine: no library sine, only series and the addition theorems in single
    float64 operations. Vaswani et al. 2017 (arXiv 1706.03762), Section 3.5; the factor lets the
    bytes be heard beside the positions when training starts.

    >>> table = positions(4, 2)
    >>> bool(np.allclose(table[3], [0.1 * math.sin(3), 0.1 * math.cos(3)]))
    True
    """
    half = width // 2
    angles = [float(Decimal(10_000) ** (Decimal(-i) / half)) for i in range(half)]
    sine, cosine = np.zeros((1, half)), np.ones((1, half))
    s, c = (np.array([_series(a, first) for a in angles]) for first in (1, 0))
    while len(sine) < context:  # angles p -> p + len(sine); s and c are of the angle len(sine)
        sine, cosine = (
            np.concatenate([sine, sine * c + cosine * s]),
            np.concatenate([cosine, cosine * c - sine * s]),
        )
        s, c = s * c + c * s, c * c - s * s
    return 0.1 * np.concatenate([sine, cosine], axis=1)[:context]


def _series(x: float, first: int) -> float:
    """sin x (first = 1) or cos x (first = 0) for |x| <= 1."""
    terms = [(-1) ** (k // 2) * Decimal(x) ** k / math.factorial(k) for k in range(first, 28, 2)]
    return float(sum(terms))


def shifted(rows: Tensor) -> Tensor:
    """What the model reads to predict `rows` (n, t): a byte 0, then all of a row but its last byte.

    >>> shifted(torch.tensor([[7, 8, 9]])).tolist()
    [[0, 7, 8]]
    """
    return F.pad(rows[:, :-1], (1, 0))


def byte_rows(data: bytes, context: int) -> tuple[Tensor, Tensor]:
    """(x, y), int64 (n, context): a text in rows, each predicted from its first byte on.

    y are the bytes, x the same shifted by one behind a byte 0. The last row is padded; the padding
    counts for nothing in `next_byte_loss`.

    Raises ValueError for an empty text.

    >>> x, y = byte_rows(b"abcd", context=3)
    >>> x.tolist(), y.tolist()
    ([[0, 97, 98], [0, 100, 0]], [[97, 98, 99], [100, -1, -1]])
    """
    if not data:
        raise ValueError("The text is empty: there is nothing to learn from it.")
    integer("context", context, 1)
    y = torch.full((-(-len(data) // context), context), _PADDING, dtype=torch.int64)
    y.view(-1)[: len(data)] = torch.from_numpy(np.frombuffer(data, np.uint8).astype(np.int64))
    return shifted(y.clamp(min=0)), y


def next_byte_loss(logits: Tensor, y: Tensor) -> Tensor:
    """Mean cross-entropy in nats a byte of logits (n, t, 256) and bytes y (n, t), -1 for padding.

    >>> round(float(next_byte_loss(torch.zeros(1, 2, 256), torch.tensor([[5, -1]]))), 4)
    5.5452
    """
    return F.cross_entropy(logits.flatten(0, 1), y.flatten(), ignore_index=_PADDING)
