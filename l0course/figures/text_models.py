"""The transformers of the text figures: trained on the text that they are to code, then kept."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from ..byte_transformer import ByteTransformer, byte_rows, look_back, next_byte_loss
from ..texts import english, wikipedia
from .kept import kept
from .trained_networks import train_as_told

Cell = dict[str, Any]
JUDGED = 200  # rows of the text on which the threshold and the epoch are chosen


def text_of(cell: Cell) -> bytes:
    """The first bytes of the cell's text."""
    return {"wikipedia": wikipedia, "english": english}[cell["text"]]()[: cell["bytes"]]


def untrained(cell: Cell) -> ByteTransformer:
    return ByteTransformer(**cell["model"], seed=cell["seed"])


def train(cell: Cell) -> nn.Module:
    """A transformer trained, and unless it is dense pruned and fine-tuned, on the cell's text.

    In a two-part code the model is paid for, so there is nothing to hold back: the threshold is
    chosen on rows of the same text.
    """
    model = untrained(cell)
    look_back(model)
    x, y = byte_rows(text_of(cell), model.context)
    return train_as_told(cell, model, (x, y), judged(x, y), loss=next_byte_loss)


def judged(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Rows spread over the text."""
    step = -(-len(x) // JUDGED)
    return x[::step], y[::step]


def trained(cell: Cell) -> tuple[nn.Module, float]:
    """The trained model of a cell, and the minutes of processor time that its training took."""
    return kept(cell, train, untrained)
