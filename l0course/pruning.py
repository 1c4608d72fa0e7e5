"""From small weights to zero weights: what is counted, masks, thresholds and TAMADE.

Source: main paper (arXiv 2505.17469), Section 3 and appendix; what is counted: design of the
tables there (compression rate = all trainable entries / nonzero entries).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .checks import require

__all__ = [
    "Masks",
    "TamadeResult",
    "compression_rate",
    "count_nonzero",
    "magnitude_prune",
    "tamade",
]


def trainable(model: nn.Module) -> dict[str, nn.Parameter]:
    """The trainable parameters by name; ValueError if there are none."""
    found = {name: p for name, p in model.named_parameters() if p.requires_grad}
    if not found:
        raise ValueError("The model has no trainable parameters, so there is nothing to prune.")
    return found


def count_nonzero(model: nn.Module) -> int:
    """Number of nonzero entries in the trainable parameters, biases included.

    >>> model = nn.Linear(2, 1)
    >>> _ = model.weight.data.copy_(torch.tensor([[3.0, 0.0]])), model.bias.data.fill_(1.0)
    >>> count_nonzero(model)
    2
    """
    return sum(int(torch.count_nonzero(p)) for p in trainable(model).values())


def compression_rate(model: nn.Module) -> float:
    """All trainable entries / nonzero entries; infinite for a model of zeros.

    Biases and normalisation weights count on both sides; positions and file bytes do not (see
    `l0course.codelength` for those).

    >>> model = nn.Linear(2, 1)
    >>> _ = model.weight.data.copy_(torch.tensor([[3.0, 0.0]])), model.bias.data.fill_(0.0)
    >>> compression_rate(model)
    3.0
    """
    total = sum(p.numel() for p in trainable(model).values())
    left = count_nonzero(model)
    return total / left if left else math.inf


class Masks(Mapping[str, Tensor]):
    """Which weights live: one boolean tensor of the parameter's shape for each trainable parameter.

    `Masks.of(model)` reads them off the nonzero entries; `apply(model)` sets all others to zero.
    Apply them after every optimiser step, and a pruned weight stays pruned.

    >>> model = nn.Linear(2, 1, bias=False)
    >>> _ = model.weight.data.copy_(torch.tensor([[3.0, 0.0]]))
    >>> masks = Masks.of(model)
    >>> masks
    Masks(1 of 2 weights live)
    """

    def __init__(self, masks: Mapping[str, Tensor]) -> None:
        self._masks = {name: mask.bool() for name, mask in masks.items()}

    @classmethod
    def of(cls, model: nn.Module) -> Masks:
        """The nonzero pattern of the model's trainable parameters."""
        return cls({name: p.detach() != 0 for name, p in trainable(model).items()})

    @torch.no_grad()
    def apply(self, model: nn.Module) -> None:
        """Set every weight outside the masks to zero, in place.

        Raises ValueError, before anything is changed, if names or shapes differ.
        """
        parameters = trainable(model)
        mine = {name: tuple(mask.shape) for name, mask in self.items()}
        theirs = {name: tuple(p.shape) for name, p in parameters.items()}
        if mine != theirs:
            differ = sorted(dict(mine.items() ^ theirs.items()))
            raise ValueError(f"These masks are of another model: {', '.join(differ)} differ.")
        for name, p in parameters.items():
            p.masked_fill_(~self[name].to(p.device), 0)

    def __getitem__(self, name: str) -> Tensor:
        return self._masks[name]

    def __iter__(self):
        return iter(self._masks)

    def __len__(self) -> int:
        return len(self._masks)

    def __repr__(self) -> str:
        live = sum(int(m.sum()) for m in self.values())
        return f"Masks({live} of {sum(m.numel() for m in self.values())} weights live)"


@torch.no_grad()
def magnitude_prune(model: nn.Module, threshold: float) -> Masks:
    """Set every trainable entry with |theta| < threshold to zero, in place; return the masks.

    One threshold for all tensors. Raises ValueError if threshold < 0 or not finite.

    >>> model = nn.Linear(2, 1, bias=False)
    >>> _ = model.weight.data.copy_(torch.tensor([[3.0, 0.1]]))
    >>> magnitude_prune(model, 0.5)
    Masks(1 of 2 weights live)
    """
    require("threshold", threshold, least=0)
    for p in trainable(model).values():
        p.masked_fill_(p.abs() < threshold, 0)
    return Masks.of(model)


@dataclass(frozen=True)
class TamadeResult:
    """What `tamade` found.

    Attributes
    ----------
    threshold : the largest feasible threshold seen; weights below it were set to zero.
    evaluations : number of calls of the metric.
    curve : (threshold, metric) pairs in rising order of threshold; the first is (0, base).
    monotone : False if a smaller threshold than the returned one was seen to be infeasible. Then
        the metric is not monotone, and a larger feasible threshold may have been missed.
    """

    threshold: float
    evaluations: int
    curve: tuple[tuple[float, float], ...]
    monotone: bool


_MOST_EVALUATIONS = 30


def tamade(
    model: nn.Module,
    metric: Callable[[nn.Module], float],
    tolerance: float = 0.01,
    resolution: float = 1e-7,
) -> TamadeResult:
    """Prune at the largest threshold that the metric tolerates (threshold adaptive mask
    determination; main paper, appendix).

    A threshold is feasible if pruning below it leaves metric <= base + tolerance * |base|, where
    base is the metric of the model as it comes. Only the magnitudes themselves can be thresholds
    that differ, so the search bisects their sorted list, not the real line: fewer evaluations,
    and for a metric that only rises the answer is exact. It first looks at a few thresholds spread
    over the whole list, so that a metric that falls again after a rise is noticed; where it crosses
    the limit more than once, the threshold is one of the crossings (figure `tamade_cost`).
    `l0course.secant_tamade` needs fewer evaluations.

    Parameters
    ----------
    model : nn.Module
        Left pruned at the threshold.
    metric : callable
        metric(model) -> float, lower is better; for example the loss on validation data. It must
        not change the model.
    tolerance : float
        Allowed relative rise of the metric.
    resolution : float
        Width of the bins in which magnitudes are treated as one; 0 keeps all apart.

    Raises
    ------
    ValueError
        If tolerance < 0, resolution < 0, the model is empty, or its weights or the metric of the
        unpruned model are not finite.

    Examples
    --------
    >>> model = nn.Linear(4, 1, bias=False)
    >>> _ = model.weight.data.copy_(torch.tensor([[0.1, 3.0, 0.2, 2.0]]))
    >>> def metric(m):                       # breaks when the weight 2.0 is removed
    ...     return 1.0 if m.weight[0, 3] != 0 else 5.0
    >>> found = tamade(model, metric)
    >>> found.threshold, model.weight.tolist()
    (2.0, [[0.0, 3.0, 0.0, 2.0]])
    """
    require("tolerance", tolerance, least=0)
    require("resolution", resolution, least=0)
    return follow(
        model,
        metric,
        lambda weights: threshold_search(threshold_candidates(weights, resolution), tolerance),
    )


Search = Generator[float, float, TamadeResult]  # yields a threshold, is sent the metric there


def follow(
    model: nn.Module,
    metric: Callable[[nn.Module], float],
    search: Callable[[list[Tensor]], Search],
) -> TamadeResult:
    """Ask the metric what the search wants to know; leave the model pruned at what it found.

    `search` is called with the weights; after an error or Ctrl-C the model is as it came. Raises
    ValueError for weights that are not finite.
    """
    parameters = list(trainable(model).values())
    if not all(p.isfinite().all() for p in parameters):
        raise ValueError("The model holds NaN or infinite weights; train it again before pruning.")
    original = [p.detach().clone() for p in parameters]
    asking = search(original)
    kept = 0.0
    try:
        threshold = next(asking)
        while True:
            _set_pruned(parameters, original, threshold)
            threshold = asking.send(float(metric(model)))
    except StopIteration as end:
        kept = end.value.threshold
        return end.value
    finally:
        _set_pruned(parameters, original, kept)


def threshold_search(
    candidates: Sequence[float], tolerance: float
) -> Generator[float, float, TamadeResult]:
    """TAMADE's search apart from any model: it yields a threshold and is sent the metric there.

    So one caller can follow one search, and another hundreds of them in step (ensemble.py).

    >>> search = threshold_search([1.0, 2.0, 4.0], tolerance=0.1)
    >>> value, metric = next(search), lambda t: 1.0 if t <= 2 else 9.0
    >>> try:
    ...     while True:
    ...         value = search.send(metric(value))
    ... except StopIteration as end:
    ...     end.value.threshold
    2.0
    """
    thresholds = [0.0, *candidates]  # index -1 stands for 0: nothing pruned
    seen: dict[int, float] = {}  # index of the candidate -> metric

    def value(index: int) -> Generator[float, float, float]:
        if index not in seen:
            seen[index] = yield thresholds[index + 1]
        return seen[index]

    base = yield from value(-1)
    if not math.isfinite(base):
        raise ValueError(f"The metric of the unpruned model is {base}: check data and model.")
    limit = base + tolerance * abs(base)
    best, beyond = -1, len(candidates)
    for i in _probes(len(candidates)):  # in rising order
        if (yield from value(i)) <= limit:
            best, beyond = i, len(candidates)
        else:
            beyond = min(beyond, i)
    while beyond - best > 1:
        middle = (best + beyond) // 2
        if (yield from value(middle)) <= limit:
            best = middle
        else:
            beyond = middle
    curve = tuple((thresholds[i + 1], seen[i]) for i in sorted(seen))
    monotone = all(v <= limit for i, v in seen.items() if i <= best)
    return TamadeResult(thresholds[best + 1], len(seen), curve, monotone)


def threshold_candidates(tensors: list[Tensor], resolution: float) -> list[float]:
    """Thresholds that differ in what they prune: the sorted nonzero magnitudes, and one above."""
    sizes = torch.cat([t.abs().flatten() for t in tensors])
    sizes = torch.unique(sizes[sizes > 0])  # sorted
    if len(sizes) == 0:
        return []
    top = 2 * float(sizes[-1])
    if resolution > 0:  # the smallest magnitude of each bin
        bins = torch.floor(sizes.double() / resolution)
        sizes = sizes[torch.diff(bins, prepend=bins[:1] - 1) > 0]
    return [*sizes.tolist(), top]


def _probes(n: int) -> list[int]:
    """A few candidate indices for a first look: evenly spread, and denser where few survive."""
    left = _MOST_EVALUATIONS - 1 - math.ceil(math.log2(n + 1))
    half = max(0, min(4, left // 2))
    even = {n * j // (half + 1) for j in range(1, half + 1)}
    few_left = {n - round(n ** (j / half)) for j in range(half)}
    return sorted(i for i in even | few_left if 0 <= i < n)


@torch.no_grad()
def _set_pruned(parameters: list[nn.Parameter], original: list[Tensor], threshold: float) -> None:
    for p, o in zip(parameters, original, strict=True):
        p.copy_(o).masked_fill_(o.abs() < threshold, 0)
