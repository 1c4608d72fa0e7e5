"""A text as a two-part code: first a small transformer, then the text as the transformer sees it.

The model is trained on the very text that is to be sent. This is no cheating: overfitting is paid
for by the bits of the model, so the text is the training set, and thresholds, epochs and levels may
be judged on it. What is minimised is the size of the file.

The text is cut into rows of `context` bytes, and each is predicted from its first byte on, without
the rows before it. So rows are independent, and `streams` of them are coded in lockstep as one
batch, by one range coder. The encoder takes whole rows at once, the decoder one byte of each row
after the other; exact arithmetic (exact.py) makes the probabilities of both equal. Starting afresh
costs the first bytes of a row about 3 bits, measured with models of 2.6 bits a byte: 0.9 % of the
text's part with rows of 128. To carry half a row over would save no more, and take twice the time.

The code: 4 bytes with the size of the model's file; this file (l0course.codec); the text.
"""

from __future__ import annotations

import copy
import math
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import torch
from constriction import stream
from torch import Tensor, nn
from tqdm.auto import tqdm

from ..byte_transformer import BYTES, ByteTransformer, byte_rows, look_back, next_byte_loss
from ..checks import integer
from ..codec import CorruptFileError, decode_model, encode_model
from ..codec.levels import MOST_LEVELS
from ..quantization import quantize
from ..regularizers import DRR, Regularizer
from ..training import Compressed, compress
from .exact import ONE, ExactTransformer, check_sizes

__all__ = ["TwoPart", "code_bits", "decode", "encode", "model_bytes", "train", "write"]

_SIZE = 4  # bytes that say how large the model is
_JUDGED = 2**16  # bytes of text on which thresholds and levels are judged
_BATCH = 4  # rows
_SYMBOLS = stream.model.Categorical(perfect=False)


@dataclass(frozen=True)
class TwoPart:
    """How a text is coded in two parts.

    Attributes
    ----------
    width, layers, heads, context : int
        Of the `ByteTransformer`.
    epochs : int
        How often training reads the text, in all phases together.
    price : int
        Bits of the text that a weight must save, or nearly so: DRR with the alpha at which a weight
        costs them. 0 trains without a penalty.
    levels : int
        The number of values besides zero that the weights take at most (`quantize`).
    streams : int
        Rows that are coded in lockstep.
    seed : int

    Raises
    ------
    ValueError
        If a number is out of range, or together they ask for too much memory.
    """

    width: int = 32
    layers: int = 2
    heads: int = 2
    context: int = 128
    epochs: int = 30
    price: int = 40
    levels: int = 32
    streams: int = 32
    seed: int = 0

    def __post_init__(self) -> None:
        integer("streams", self.streams, 1, 256)
        check_sizes(self.width, self.layers, self.heads, self.context, self.streams)
        integer("epochs", self.epochs, 3, 10_000)
        integer("price", self.price, 0, 1000)
        integer("levels", self.levels, 1, MOST_LEVELS)
        integer("seed", self.seed, 0)

    def model(self) -> ByteTransformer:
        """A fresh model of these sizes."""
        return ByteTransformer(self.width, self.layers, self.heads, self.context, self.seed)


def encode(data: bytes, settings: TwoPart, progress: bool = False) -> bytes:
    """Train a model on a text, and write both.

    Where no model pays for itself (a short text, or random bytes) the model is all zeros, and the
    text is sent as it is, 8 bits a byte.

    >>> data = b"never more than one busy process at a time. " * 30
    >>> code = encode(data, TwoPart(width=8, layers=1, heads=1, context=32, epochs=10))
    >>> decode(code, len(data), TwoPart(width=8, layers=1, heads=1, context=32)) == data
    True
    """
    nothing = _zeros(settings.model())
    if len(data) >= BYTES:
        with suppress(ValueError):  # every weight was pruned, or training did not converge
            model = _small_model(data, settings, progress)
            bits = max(1, (settings.levels - 1).bit_length())
            code = write(data, model, bits=bits, streams=settings.streams, progress=progress)
            if len(code) <= _SIZE + len(encode_model(nothing)) + len(data):
                return code
    return write(data, nothing, streams=settings.streams, progress=progress)


def _small_model(data: bytes, settings: TwoPart, progress: bool) -> nn.Module:
    """Trained, pruned and fine-tuned, then with few values for its weights."""
    alpha = settings.price * math.log(2) / len(data)
    pruned = train(data, DRR(alpha), settings.model(), epochs=settings.epochs, progress=progress)
    x, y = byte_rows(data, settings.context)
    return quantize(
        pruned.model, (x, y), _some(x, y), levels=settings.levels, epochs=-(-settings.epochs // 6),
        loss=next_byte_loss, batch_size=_BATCH, progress=progress,
    )  # fmt: skip


def train(
    data: bytes,
    regularizer: Regularizer,
    model: ByteTransformer,
    *,
    epochs: int = 30,
    tolerance: float = 0.01,
    lr: float = 2e-3,
    batch_size: int = _BATCH,
    device: str | torch.device = "cpu",
    progress: bool = True,
) -> Compressed:
    """Train a copy of a model on a text through `compress`: a fifth of the epochs without penalty,
    half of them with, the rest after pruning.

    Parameters
    ----------
    data : bytes
        The text that is to be coded.
    regularizer : Regularizer
        For example DRR(alpha); its loss is in nats a byte, so a weight is worth alpha * len(data) /
        ln 2 bits.
    model : ByteTransformer
        Stays as it is. Its copy starts with heads that `look_back`. Bytes that the text does not
        hold start with an embedding of zeros, and keep it.
    epochs, tolerance, lr, batch_size, device, progress
        As in `compress`.

    Raises ValueError if the text is empty, a number is out of range, or all weights were pruned.
    """
    x, y = byte_rows(data, model.context)
    model = copy.deepcopy(model)
    absent = np.bincount(np.frombuffer(data, np.uint8), minlength=BYTES) == 0
    absent[0] = False  # every row begins with it
    look_back(model)
    with torch.no_grad():
        model.embedding.weight[torch.from_numpy(absent)] = 0
    warmup, finetune = epochs // 5, epochs - epochs // 5 - epochs // 2
    return compress(
        model, (x, y), _some(x, y), regularizer, loss=next_byte_loss,
        warmup=warmup, regularize=epochs // 2, finetune=finetune, tolerance=tolerance,
        lr=lr, batch_size=batch_size, device=device, progress=progress,
    )  # fmt: skip


def write(
    data: bytes,
    model: ByteTransformer,
    *,
    bits: int | None = None,
    streams: int = 32,
    progress: bool = False,
) -> bytes:
    """The file of a model and the text that it predicts; the model stays as it is.

    Weights are rounded to at most 2**bits levels, as by `save_compressed`; without bits, to as many
    as make the sum of both parts smallest, where the second is measured on some of the text.

    Raises ValueError if the text is empty, or bits is not one that `save_compressed` knows.
    """
    x, y = byte_rows(data, model.context)
    blob = encode_model(model, bits=bits) if bits else _smallest(model, x, y)
    exact = _rounded(model, blob)
    coder = stream.queue.RangeEncoder()
    with tqdm(total=len(data), unit="B", unit_scale=True, disable=not progress) as bar:
        for rows, bytes_ in zip(x.split(streams), y.split(streams), strict=True):
            frequencies = exact.frequencies(rows).numpy()
            for i, live in enumerate((bytes_ >= 0).T.numpy()):  # byte by byte, without padding
                if live.any():
                    symbols = bytes_[live, i].numpy().astype(np.int32)
                    coder.encode(symbols, _SYMBOLS, frequencies[live, i] / ONE)
            bar.update(int((bytes_ >= 0).sum()))
    text = coder.get_compressed().astype(">u4").tobytes()
    return len(blob).to_bytes(_SIZE, "big") + blob + text


def decode(code: bytes, length: int, settings: TwoPart, progress: bool = False) -> bytes:
    """The text of `length` bytes; CorruptFileError if the code is not one of `encode`."""
    end = _SIZE + model_bytes(code)
    text = code[end:]
    if len(code) < end or len(text) % 4:
        raise CorruptFileError("The file is corrupt: its model is cut off.")
    try:
        exact = ExactTransformer(decode_model(code[_SIZE:end], settings.model()))
    except ValueError as error:
        raise CorruptFileError(f"The file is corrupt: {error}") from None
    coder = stream.queue.RangeDecoder(np.frombuffer(text, ">u4").astype(np.uint32))
    batch, found = settings.context * settings.streams, []
    with tqdm(total=length, unit="B", unit_scale=True, disable=not progress) as bar:
        for start in range(0, length, batch):
            found.append(_decode_rows(exact, coder, min(length - start, batch)))
            bar.update(len(found[-1]))
    return b"".join(found)


def model_bytes(code: bytes) -> int:
    """How many bytes of a code are the model."""
    return int.from_bytes(code[:_SIZE], "big")


def code_bits(exact: ExactTransformer, x: Tensor, y: Tensor) -> float:
    """Ideal bits of the bytes y (n, t) behind x, as coded; -1 in y is padding."""
    bits = 0.0
    for rows, bytes_ in zip(x.split(32), y.split(32), strict=True):
        found = exact.frequencies(rows).gather(2, bytes_.clamp(min=0)[..., None])[..., 0]
        bits -= float(torch.log2(found[bytes_ >= 0].double() / ONE).sum())
    return bits


def _decode_rows(exact: ExactTransformer, coder: stream.queue.RangeDecoder, length: int) -> bytes:
    """The next `length` bytes, as rows in lockstep."""
    context = exact.context
    rows = -(-length // context)
    last = length - (rows - 1) * context  # bytes of the last row
    text = np.zeros((rows, context), np.int64)
    past, tokens = exact.cache(rows), torch.zeros(rows, dtype=torch.int64)
    for i in range(min(length, context)):
        live = rows if i < last else rows - 1
        frequencies = exact.step(tokens, past).numpy()[:live]
        try:
            text[:live, i] = coder.decode(_SYMBOLS, frequencies / ONE)
        except AssertionError as error:
            raise CorruptFileError("The file is corrupt: its code stands for nothing.") from error
        tokens = torch.from_numpy(text[:, i])
    return text.astype(np.uint8).tobytes()[:length]


def _smallest(model: ByteTransformer, x: Tensor, y: Tensor) -> bytes:
    """The file of the model for which model and text together are smallest."""
    some = _some(x, y)
    share = int((some[1] >= 0).sum()) / int((y >= 0).sum())
    least, best, rises = math.inf, b"", 0
    for bits in range(8, 0, -1):
        blob = encode_model(model, bits=bits)
        if blob == best:
            break  # the weights have few values already
        size = len(blob) + code_bits(_rounded(model, blob), *some) / share / 8
        if size < least:
            least, best, rises = size, blob, 0
        elif (rises := rises + 1) == 2:
            break  # coarser levels hurt the text more and more
    return best


def _rounded(model: ByteTransformer, blob: bytes) -> ExactTransformer:
    return ExactTransformer(decode_model(blob, copy.deepcopy(model)))


def _some(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Rows spread over the text, about `_JUDGED` bytes in all."""
    step = -(-y.numel() // _JUDGED)
    return x[::step], y[::step]


def _zeros(model: nn.Module) -> nn.Module:
    with torch.no_grad():
        for p in model.parameters():
            p.zero_()
    return model
