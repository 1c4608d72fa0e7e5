"""A text as a prequential code: both sides learn while they code, and no model is sent.

The text is cut into streams, which are coded side by side: one byte of each, then the next. After
every block of some bytes of each stream the transformer is trained on all that is known by then,
and predicts the next block. A `ContextMixer` learns after every bit. The mixer alone codes with
whole numbers only, so that its files can be read on every machine.

The code is that of one range coder: for the transformer alone a symbol for each byte, else a flag
for each bit. Source: Dawid 1984; Rissanen 1984; bits as flags: Mahoney 2005 (PAQ).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args, get_type_hints

import numpy as np
import torch
from constriction import stream
from torch import Tensor
from tqdm.auto import tqdm

from ..byte_transformer import ByteTransformer
from ..checks import integer
from ..codec.range_coder import CorruptFileError
from ..codelength import prequential_bits
from .contexts import ContextMixer, streams_for
from .exact import ONE, check_sizes
from .online import Learner, one_thread

__all__ = ["Prequential", "Writer", "decode", "encode", "model_bytes", "written"]

_PARTS = 1 << 16  # of which the mixer's probabilities are so many
_FIRST = 8  # bytes of each stream in the first block; blocks grow up to the size that is set
_MOST_STREAMS = 1024


@dataclass(frozen=True)
class Prequential:
    """How a text is coded while it is learnt.

    Attributes
    ----------
    model : "contexts", "transformer" or "mixed"
        A `ContextMixer`; a `ByteTransformer`; or the mixer with the transformer as one more expert.
    streams : int
        Parts of the text that are coded side by side; 0 chooses by its length.
    block : int
        Bytes of each stream between two trainings. The first blocks are shorter.
    updates : int
        Updates of the weights for every 1,000 bytes of text.
    width, layers, heads, context : int
        Of the `ByteTransformer`.
    seed : int
        Draws its first weights, and the rows that it is trained on.

    Raises
    ------
    ValueError
        If a setting is out of range, or together they ask for too much memory.
    """

    model: Literal["contexts", "transformer", "mixed"] = "contexts"
    streams: int = 0
    block: int = 32
    updates: int = 32
    width: int = 64
    layers: int = 2
    heads: int = 4
    context: int = 64
    seed: int = 0

    def __post_init__(self) -> None:
        if self.model not in _MODELS:
            raise ValueError(f"model must be one of {', '.join(_MODELS)}, not {self.model!r}.")
        integer("streams", self.streams, 0, _MOST_STREAMS)
        integer("updates", self.updates, 1, 10_000)
        most = self.streams or streams_for(2**60)
        alone = self.model == "contexts"
        check_sizes(self.width, self.layers, self.heads, self.context, 1 if alone else most)
        integer("block", self.block, 1, self.context)
        integer("seed", self.seed, 0)

    def transformer(self) -> ByteTransformer:
        """A fresh model of these sizes."""
        return ByteTransformer(self.width, self.layers, self.heads, self.context, self.seed)


_MODELS = get_args(get_type_hints(Prequential)["model"])


def encode(data: bytes, settings: Prequential, progress: bool = False) -> bytes:
    """The code of a text; `decode` with the same settings and the same length gets it back.

    >>> data = b"never more than one busy process at a time. " * 30
    >>> code = encode(data, Prequential())
    >>> decode(code, len(data), Prequential()) == data
    True
    """
    return written(data, settings, progress).code()


def decode(code: bytes, length: int, settings: Prequential, progress: bool = False) -> bytes:
    """The text of `length` bytes; CorruptFileError if the code cannot be one of `encode`."""
    streams = _Streams(length, settings)
    try:
        _walk(streams, _Reader(code, settings), settings, progress)
    except AssertionError as error:  # of the range coder
        raise CorruptFileError("The file is corrupt: its code stands for nothing.") from error
    return b"".join(part.tobytes() for part in streams.parts)


def model_bytes(code: bytes) -> int:
    """How many bytes of a code are the model: none."""
    return 0


def written(data: bytes, settings: Prequential, progress: bool = False) -> Writer:
    """What has encoded a text: it knows the code, and what each block took of it.

    >>> data = b"never more than one busy process at a time. " * 30
    >>> done = written(data, Prequential())
    >>> n, bits = done.lengths()
    >>> n.sum() == len(data), abs(bits.sum() / 8 - len(done.code())) < 8
    (np.True_, np.True_)
    """
    streams, writer = _Streams(len(data), settings), Writer(settings)
    text = np.frombuffer(data, np.uint8)
    for part, given in zip(streams.parts, np.array_split(text, len(streams.parts)), strict=True):
        part[:] = given
    _walk(streams, writer, settings, progress)
    return writer


class _Streams:
    """A text of zeros as rows (streams, longest), and in them its parts one after the other.

    Only the first rows may have a byte in the last column.
    """

    def __init__(self, length: int, settings: Prequential) -> None:
        count = max(1, min(settings.streams or streams_for(length), length))
        self.length, self.longest = length, -(-length // count)
        self.rows = np.zeros((count, self.longest), np.uint8)
        full = length - count * (self.longest - 1)  # rows
        self.parts = [row[: self.longest - (i >= full)] for i, row in enumerate(self.rows)]
        self.live = [count] * (self.longest - 1) + [full]  # rows with a byte, in each column

    def blocks(self, size: int) -> Iterator[tuple[int, int]]:
        """Columns from and to, of one block after the other."""
        stop = 0
        while stop < self.longest:
            start, stop = stop, min(self.longest, stop + min(size, max(_FIRST, stop // 4)))
            yield start, stop


def _walk(
    streams: _Streams, coder: Writer | _Reader, settings: Prequential, progress: bool
) -> None:
    """What both sides do. The writer finds the text in the rows, the reader puts it there."""
    rows, mixer, learner = streams.rows, None, None
    if settings.model != "contexts":
        learner = Learner(settings.transformer(), torch.from_numpy(rows), settings.seed)
    if settings.model != "transformer":
        mixer = ContextMixer(len(rows), experts=int(learner is not None))
    bar = tqdm(total=streams.length, unit="B", unit_scale=True, disable=not progress)
    with one_thread(), bar:
        for start, stop in streams.blocks(settings.block):
            forecasts = [None] * (stop - start)
            if learner:
                forecasts = learner.forecasts(start, stop, coder.knows)
            for i, forecast in zip(range(start, stop), forecasts, strict=True):
                byte, live = rows[:, i], streams.live[i]
                if mixer is None:
                    byte[:live] = coder.take(forecast[:live].numpy() / ONE, byte[:live])
                else:
                    byte[:] = _mixed(mixer, forecast, coder, byte, live)
            count = sum(streams.live[start:stop])
            coder.end_block(count)
            bar.update(count)
            if learner and stop < streams.longest:
                learner.learn(start, stop, -(-settings.updates * count // 1000))


def _mixed(
    mixer: ContextMixer,
    forecast: Tensor | None,
    coder: Writer | _Reader,
    given: np.ndarray,
    live: int,
) -> np.ndarray:
    """One byte of each stream, its highest bit first; 0 for those that have ended."""
    mixer.begin(None if forecast is None else forecast.numpy())
    byte, bits = np.zeros_like(given), np.zeros_like(given)
    for shift in reversed(range(8)):
        p = mixer.p()[:live]
        bits[:live] = coder.take(p / _PARTS, given[:live] >> shift & 1)
        mixer.update(bits)
        byte = 2 * byte + bits
    return byte


class Writer:
    """Takes symbols with their probabilities, and encodes them block by block."""

    knows = True  # the text, before it is coded

    def __init__(self, settings: Prequential) -> None:
        self._family = _family(settings)
        self._coder = stream.queue.RangeEncoder()
        self._notes: list[tuple[np.ndarray, np.ndarray]] = []
        self._lengths: list[tuple[int, float]] = []

    def take(self, p: np.ndarray, given: np.ndarray) -> np.ndarray:
        """Note symbols (n,) of probabilities p (n, symbols), or flags (n,), p (n,) being of 1."""
        self._notes.append((p, given))
        return given

    def end_block(self, count: int) -> None:
        """Encode what was noted, `count` bytes of text."""
        p, found = (np.concatenate(part) for part in zip(*self._notes, strict=True))
        self._notes.clear()
        self._coder.encode(found.astype(np.int32), self._family, p)
        if p.ndim == 1:
            chosen = np.where(found == 1, p, 1 - p)
        else:
            chosen = np.take_along_axis(p, found[:, None], axis=1)
        self._lengths.append((count, prequential_bits(-np.log(chosen))))

    def code(self) -> bytes:
        """The bytes of the code; it may end in zeros, which are left out."""
        return self._coder.get_compressed().astype(">u4").tobytes().rstrip(b"\0")

    def lengths(self) -> tuple[np.ndarray, np.ndarray]:
        """Bytes of text (blocks,) and ideal bits (blocks,) of each block.

        Bits over bytes is the online loss curve. Its area, the sum of the bits, is the length of
        the code to within 8 bytes.
        """
        return np.array([n for n, _ in self._lengths]), np.array([b for _, b in self._lengths])


class _Reader:
    """Takes symbols from a code."""

    knows = False

    def __init__(self, code: bytes, settings: Prequential) -> None:
        self._family = _family(settings)
        words = np.frombuffer(code.ljust(-(-len(code) // 4) * 4, b"\0"), ">u4")
        self._coder = stream.queue.RangeDecoder(words.astype(np.uint32))

    def take(self, p: np.ndarray, given: np.ndarray) -> np.ndarray:
        """The next symbols, whatever is given."""
        return self._coder.decode(self._family, p)

    def end_block(self, count: int) -> None:
        """Nothing is left to do."""


def _family(settings: Prequential) -> stream.model.Model:
    family = stream.model.Categorical if settings.model == "transformer" else stream.model.Bernoulli
    return family(perfect=False)
