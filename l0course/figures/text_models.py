"""The transformers of the text figures: trained on the text that they are to code, then kept."""

from __future__ import annotations

from typing import Any

from torch import nn

from ..byte_transformer import ByteTransformer, byte_rows, next_byte_loss
from ..exact_pmmp import ExactPMMP
from ..regularizers import DRR, L1, Regularizer
from ..texts import english, wikipedia
from ..training import compress, fit
from .kept import kept

Cell = dict[str, Any]
JUDGED = 200  # rows of the text on which the threshold and the epoch are chosen


def text_of(cell: Cell) -> bytes:
    """The first bytes of the cell's text."""
    return {"wikipedia": wikipedia, "english": english}[cell["text"]]()[: cell["bytes"]]


def untrained(cell: Cell) -> ByteTransformer:
    return ByteTransformer(**cell["model"], seed=cell["seed"])


def penalty(cell: Cell) -> Regularizer:
    return {"DRR": DRR, "R-L1": L1, "PMMP, exact": ExactPMMP, "magnitude": L1}[cell["method"]](
        cell["alpha"]
    )


def train(cell: Cell) -> nn.Module:
    """A transformer trained, and unless it is dense pruned and fine-tuned, on the cell's text.

    In a two-part code the model is paid for, so there is nothing to hold back: the threshold is
    chosen on rows of the same text.
    """
    model, schedule = untrained(cell), dict(cell["schedule"])
    x, y = byte_rows(text_of(cell), model.context)
    step = -(-len(x) // JUDGED)
    some = (x[::step], y[::step])
    schedule |= {"loss": next_byte_loss, "seed": cell["seed"], "progress": False}
    if cell["method"] != "dense":
        return compress(model, (x, y), some, penalty(cell), **schedule).model
    epochs = sum(schedule.pop(phase) for phase in ("warmup", "regularize", "finetune"))
    settings = {k: v for k, v in schedule.items() if k not in ("ramp", "tolerance")}
    return fit(model, (x, y), some, epochs=epochs, **settings)


def trained(cell: Cell) -> tuple[nn.Module, float]:
    """The trained model of a cell, and the minutes of processor time that its training took."""
    return kept(cell, train, untrained)
