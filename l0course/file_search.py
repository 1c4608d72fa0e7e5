"""The smallest file of a pruned model at a stated accuracy: levels and price of bits by trial.

Every size is that of a real file (l0course.codec), and every accuracy is that of the model read
back from it. So positions, codebook, header and checksum are all in the comparison. Hidden neurons
come in an order that makes the file smaller (neuron_order.py).
"""

from __future__ import annotations

import contextlib
import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from tqdm.auto import tqdm

from .checks import require
from .codec import decode_model, encode_model
from .evaluation import Data, error_rate
from .neuron_order import sort_neurons
from .pruning import count_nonzero
from .quantization import quantize

__all__ = ["SmallestFile", "Trial", "smallest_file"]

PRICES = (0.0, 0.05, 0.1, 0.2, 0.4, 0.7, 1.0)
_MOST_BITS = 8  # of values that are rounded without training


@dataclass(frozen=True)
class Trial:
    """One file that was made.

    Attributes
    ----------
    method : "exact" (32 bits), "rounded" (after training) or "trained" (`quantize`).
    levels : at most so many values besides zero; None for exact.
    price : as in `quantize`; None if nothing was trained.
    live : trainable weights that are not zero.
    size : bytes of the whole file.
    metric : of the model read back from the file, on validation data.
    feasible : whether that is within the bound.
    seconds : wall time.
    """

    method: str
    levels: int | None
    price: float | None
    live: int
    size: int
    metric: float
    feasible: bool
    seconds: float


@dataclass(frozen=True)
class SmallestFile:
    """The smallest file within the bound.

    Attributes
    ----------
    model : what is read back from the file.
    blob : the bytes of the file, as `save_compressed` writes it and `load_compressed` reads it.
    best : its trial.
    trials : all that was tried, in order.
    bound : the largest metric that was allowed.
    """

    model: nn.Module
    blob: bytes
    best: Trial
    trials: tuple[Trial, ...]
    bound: float

    def report(self) -> str:
        """All trials as lines for a person; the best is marked by an arrow."""
        lines = [f"   method   levels  price   live    bytes  metric (bound {self.bound:.4g})"]
        for t in self.trials:
            mark = "->" if t is self.best else "  "
            levels, price = (f"{'' if v is None else v:>6}" for v in (t.levels, t.price))
            lines.append(
                f"{mark} {t.method:<8} {levels} {price} {t.live:6,} {t.size:8,}  {t.metric:.4g}"
                + ("" if t.feasible else "  above the bound")
            )
        return "\n".join(lines)


def smallest_file(
    model: nn.Module,
    train: Data,
    validation: Data,
    *,
    metric: Callable[[nn.Module, Data], float] = error_rate,
    allowed: float = 0.001,
    levels: Sequence[int] = (16, 8, 4),
    prices: Sequence[float] = PRICES,
    progress: bool = True,
    **settings: Any,
) -> SmallestFile:
    """Try levels and prices, and keep the smallest file whose validation metric is within a bound.

    First the file with exact values, then rounded ones with fewer and fewer levels while they are
    within the bound. Then `quantize`: for each number of levels the highest price within the bound,
    by bisection, because the metric rises with the price, or nearly so.

    Parameters
    ----------
    model : nn.Module
        Pruned and fine-tuned; stays as it is. Several models, of different strengths, need one
        call each: compare the sizes at the same bound.
    train, validation : (x, y), tensors of shape (n, ...) and (n, ...)
        The choice uses `validation` only. Keep test data out of both.
    metric : callable
        metric(model, validation) -> float, lower is better.
    allowed : float
        How far the metric may rise above that of the given model; not relative.
    levels : sequence of int
        Numbers of levels to try; may be empty.
    prices : sequence of float
        Prices to try, rising.
    progress : bool
    **settings
        For `quantize`: loss, epochs, rows, lr, batch_size, seed, device, codebook. Where an epoch
        is long, `rows` makes it shorter. For soft targets (distillation), give them in `train` and
        `validation`, a loss that takes them, and a metric that knows the classes.

    Raises
    ------
    ValueError
        As from `quantize` and `save_compressed`, or if allowed < 0 or prices do not rise.

    Examples
    --------
    >>> from l0course import MLP, fit
    >>> x = torch.randn(200, 5, generator=torch.Generator().manual_seed(0))
    >>> data = x, (x[:, 0] > x[:, 1]).long()
    >>> settings = dict(epochs=5, lr=1e-2, batch_size=50, progress=False)
    >>> model = fit(MLP((5, 16, 2), seed=0), data, data, **settings)
    >>> found = smallest_file(model, data, data, allowed=0.02, levels=[4], **settings)
    >>> found.best.size < 80 < found.trials[0].size, found.best.metric <= found.bound
    (True, True)
    """
    require("allowed", allowed, least=0)
    if any(b <= a for a, b in zip(prices, prices[1:], strict=False)):
        raise ValueError(f"prices must rise, but they are {list(prices)}.")
    levels = list(levels)
    start = float(metric(model, validation))
    require("the metric of the model", start)
    bound = start + allowed + 1e-6 * abs(start)  # another order of neurons adds up in another order
    trials: list[Trial] = []
    best: list = [None, b""]
    most = _MOST_BITS + 1 + len(levels) * len(prices).bit_length()
    bar = tqdm(total=most, unit="file", disable=not progress)

    def attempt(method: str, count: int | None, price: float | None) -> bool:
        start = time.perf_counter()
        candidate = model
        if method == "trained":
            candidate = quantize(
                model, train, validation, levels=count, price=price, progress=False, **settings
            ).to(next(model.parameters()).device)
        with contextlib.suppress(ValueError):  # a model that cannot be traced stays as it is
            candidate = sort_neurons(candidate, validation[0][:16])
        blob = encode_model(candidate, bits=_bits(candidate, method, count))
        twin = decode_model(blob, copy.deepcopy(candidate))
        value = float(metric(twin, validation))
        spent = time.perf_counter() - start
        live, feasible = count_nonzero(twin), value <= bound
        trials.append(Trial(method, count, price, live, len(blob), value, feasible, spent))
        if feasible and (not best[1] or len(blob) < len(best[1])):
            best[:] = twin, blob, trials[-1]
        bar.update()
        bar.set_postfix_str(f"{len(best[1]):,} bytes")
        return feasible

    with bar:
        attempt("exact", None, None)
        for bits in range(_MOST_BITS, 0, -1):
            if not attempt("rounded", 1 << bits, None):
                break
        for count in levels:
            low, high = 0, len(prices)  # first price that is not feasible
            while low < high:
                middle = (low + high) // 2
                if attempt("trained", count, prices[middle]):
                    low = middle + 1
                else:
                    high = middle
    if best[0] is None:
        raise ValueError("Even the exact file is not within the bound: is the metric random?")
    return SmallestFile(*best, tuple(trials), bound)


def _bits(model: nn.Module, method: str, count: int | None) -> int:
    """For `encode_model`: enough for all values of a trained model, grids of all tensors too."""
    if method == "exact":
        return 32
    if method == "trained":
        weights = [p.detach() for p in model.parameters() if p.is_floating_point()]
        values = torch.cat([p.flatten() for p in weights])
        count = len(values[values != 0].unique())
    return min(12, max(1, (count - 1).bit_length()))
