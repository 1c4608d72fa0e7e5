"""A transformer that learns a text while it is coded, by the same steps on both sides.

Both sides hold the bytes that were coded so far. So both can train on them, and no weights are
sent. But the weights must be the same to the last bit. Training is in float32, where a sum depends
on the order of its terms; it runs in one thread, in a fixed order, and so a machine finds the same
weights in every process. Another processor may round otherwise; the checksum of the file tells.
The probabilities come from `ExactTransformer`, because the encoder computes whole rows at once and
the decoder one byte after the other, which in float32 would never agree.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from ..byte_transformer import ByteTransformer, look_back, next_byte_loss, shifted
from .exact import ExactTransformer

__all__ = ["Learner", "one_thread"]

_LR = 2.5e-3
_BETAS = (0.9, 0.98)
_WARMUP = 50  # updates
_MEMORY = 200  # updates in the mean of the weights, in the end
_STEADY = 2000  # updates; from then on the step size falls with the root of their number
_NEW, _OLD = 1, 3  # rows of an update that end in the new bytes, and rows from anywhere
_ROWS = _NEW + _OLD


class Learner:
    """A `ByteTransformer` that predicts streams of bytes, and is trained on those known so far.

    The updates are many and small, and each throws the weights about. Their mean over the last
    updates, `mean`, predicts far better than `model`, which is trained; so `mean` codes.

    Parameters
    ----------
    model : ByteTransformer
        Is trained in place.
    text : Tensor
        The streams (streams, length), whole numbers. Bytes that are not yet known are never read,
        so a decoder may write them as it goes.
    seed : int
        Draws the rows that are trained on.

    Examples
    --------
    >>> text = torch.tensor([list(b"to be or not to be")])
    >>> learner = Learner(ByteTransformer(16, 1, 2, context=8), text)
    >>> first = list(learner.forecasts(0, 6, known=True))
    >>> len(first), first[0].shape
    (6, torch.Size([1, 256]))
    >>> learner.learn(0, 6, updates=4)
    """

    def __init__(self, model: ByteTransformer, text: Tensor, seed: int = 0) -> None:
        look_back(model)
        self.model, self.mean = model, copy.deepcopy(model)
        self._text, self._updates = text, 0
        self._adam = torch.optim.Adam(model.parameters(), lr=_LR, betas=_BETAS, fused=True)
        self._draws = torch.Generator().manual_seed(seed)

    def forecasts(self, start: int, stop: int, known: bool) -> Iterator[Tensor]:
        """Frequencies (streams, 256) of the bytes start, ..., stop - 1 of the streams, one by one.

        If the bytes are known, all are computed at once. If not, each must have been written into
        the text before the next frequencies are asked for. The two agree bit for bit.
        """
        exact = ExactTransformer(self.mean)
        first = max(0, stop - exact.context)
        if known:
            tokens = shifted(self._text[:, first:stop].long())
            yield from exact.frequencies(tokens)[:, start - first :].unbind(1)
            return
        past = exact.cache(len(self._text), stop - first)
        tokens = torch.zeros(len(self._text), dtype=torch.int64)
        for i in range(first, stop):
            frequencies = exact.step(tokens, past)
            if i >= start:
                yield frequencies
            tokens = self._text[:, i].long()

    def learn(self, start: int, stop: int, updates: int) -> None:
        """Train on the bytes before `stop`; the new ones, from `start` on, come up more often."""
        size = min(self.model.context, stop)
        last = stop - size  # where a row can begin
        oldest = max(0, last - (stop - start))
        for _ in range(updates):
            streams = self._draw(0, len(self._text), _ROWS)
            begins = torch.cat([self._draw(oldest, last + 1, _NEW), self._draw(0, last + 1, _OLD)])
            places = begins[:, None] + torch.arange(size)
            self._update(self._text[streams[:, None], places].long())

    def _draw(self, low: int, high: int, count: int) -> Tensor:
        return torch.randint(low, high, (count,), generator=self._draws)

    def _update(self, y: Tensor) -> None:
        self._updates += 1
        factor = min(self._updates / _WARMUP, 1, (_STEADY / self._updates) ** 0.5)
        self._adam.param_groups[0]["lr"] = _LR * factor
        with torch.enable_grad():
            loss = next_byte_loss(self.model(shifted(y)), y)
        self._adam.zero_grad()
        loss.backward()
        self._adam.step()
        share = max(1 / _MEMORY, 1 / (1 + self._updates / 10))
        with torch.no_grad():
            for mean, p in zip(self.mean.parameters(), self.model.parameters(), strict=True):
                mean.lerp_(p, share)


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread for PyTorch within, as many as before afterwards."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
