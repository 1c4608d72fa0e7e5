"""Two small networks as people write their own: a residual CNN and a transformer with a tied head.

Both use functions as well as modules (residual sums, a functional ReLU, a weight used twice).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def seeded(seed: int, make) -> nn.Module:
    """make() with the global random state set to `seed`, and put back after it."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return make()


class Block(nn.Module):
    """Two convolutions with batch normalisation and a shortcut: (n, c, h, w) to the same."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        out = self.norm2(self.conv2(torch.relu(self.norm1(self.conv1(x)))))
        return torch.relu(x + out)


class ResidualCNN(nn.Module):
    """Images (n, 1, 8, 8) to scores of ten classes: stem, two residual blocks, pooling, head."""

    def __init__(self, channels: int = 8) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, channels, 3, padding=1)
        self.block1, self.block2 = Block(channels), Block(channels)
        self.head = nn.Linear(4 * channels, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(self.block1(torch.relu(self.stem(x))), 2)
        x = F.adaptive_avg_pool2d(self.block2(x), 2)
        return self.head(x.flatten(1))


class Transformer(nn.Module):
    """Bytes (n, length) to scores of the next one (n, length, 256), causal, with a tied head."""

    def __init__(
        self, width: int = 16, heads: int = 4, length: int = 16, tokens: int = 256, blocks: int = 1
    ) -> None:
        super().__init__()
        self.embed = nn.Embedding(tokens, width)
        nn.init.normal_(self.embed.weight, std=0.1)  # it is the head too
        self.position = nn.Parameter(0.1 * torch.randn(length, width))
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(
                width, heads, 2 * width, dropout=0.1, batch_first=True, norm_first=True
            )
            for _ in range(blocks)
        )
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        length = x.shape[1]
        h = self.embed(x) + self.position[:length]
        mask = nn.Transformer.generate_square_subsequent_mask(length, x.device, h.dtype)
        for block in self.blocks:
            h = block(h, src_mask=mask, is_causal=True)
        return F.linear(self.norm(h), self.embed.weight)


def next_byte_loss(scores: Tensor, y: Tensor) -> Tensor:
    """Cross entropy over all positions: scores (n, length, tokens), y (n, length)."""
    return F.cross_entropy(scores.flatten(0, 1), y.flatten())


def residual_cnn(seed: int, **sizes: int) -> ResidualCNN:
    return seeded(seed, lambda: ResidualCNN(**sizes))


def transformer(seed: int, **sizes: int) -> Transformer:
    return seeded(seed, lambda: Transformer(**sizes))
