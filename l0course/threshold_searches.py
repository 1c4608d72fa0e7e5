"""Two more searches for TAMADE's threshold: as published, and one that reads the metric's values.

The published procedure bisects the real line (main paper, arXiv 2505.17469, appendix). It learns
one bit from each evaluation, and about half of its questions are about thresholds that prune the
same weights as an earlier one. `pruning.tamade` bisects the sorted magnitudes instead.

Near its limit the metric of a trained network is no smooth curve: weight by weight it walks up and
down, and crosses the limit several times. Which crossing a bisection finds depends on its
midpoints. `secant_tamade` therefore follows the midpoints of the published bisection, and uses the
values only to answer some of them without asking.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import chain

from torch import Tensor, nn

from .checks import require
from .pruning import Search, TamadeResult, follow, threshold_candidates

__all__ = ["bisection_tamade", "secant_tamade"]

Metric = Callable[[nn.Module], float]


def bisection_tamade(
    model: nn.Module, metric: Metric, tolerance: float = 0.01, resolution: float = 1e-7
) -> TamadeResult:
    """TAMADE as published: bisect the real line between 0 and twice the largest magnitude.

    Stops when the bracket is no wider than `resolution`, or has no float64 number inside. That
    takes 24 to 27 evaluations for largest magnitudes of 0.5 to 3, the one of the unpruned model
    included, whatever the number of weights. Parameters, errors and what is left of the model are
    those of `l0course.tamade`.

    Examples
    --------
    >>> model = nn.Linear(4, 1, bias=False)
    >>> _ = model.weight.data.copy_(Tensor([[0.1, 3.0, 0.2, 2.0]]))
    >>> found = bisection_tamade(model, lambda m: 1.0 if m.weight[0, 3] != 0 else 5.0)
    >>> round(found.threshold, 5), found.evaluations, model.weight.tolist()
    (2.0, 27, [[0.0, 3.0, 0.0, 2.0]])
    """
    require("tolerance", tolerance, least=0)
    require("resolution", resolution, least=0)
    return follow(model, metric, lambda sizes: _bisection(sizes, tolerance, resolution))


def secant_tamade(
    model: nn.Module, metric: Metric, tolerance: float = 0.01, resolution: float = 1e-7
) -> TamadeResult:
    """The published bisection's threshold, or a larger one, in about half as many evaluations.

    Three ideas. Thresholds that prune the same weights are asked once. Far up the cliff the metric
    grows like a power of the threshold, so a few midpoints, each a power of two below the last,
    lead down to its foot. Between a feasible and an infeasible threshold, midpoints below the
    crossing of a straight line are taken to be feasible; only the last of them is asked. If it is
    not feasible, the path is walked again with what is now known. At the end the threshold is
    feasible and the next candidate was found infeasible.

    For a metric that only rises, this is the largest feasible threshold (up to `resolution`), and
    so never below the bisection's. Otherwise it can end lower if the metric, after a rise of some
    tolerances, falls back under its limit at twice the threshold or further up. On 136 trained
    networks and on 3,000 cliffs with a random walk of up to two tolerances on top that was never
    seen; in 8 of 600 walks of four tolerances it was. About a tenth ended higher.

    It took 11 evaluations in place of 28 for 2,000 weights, and 15 for 50,000 (median of trained
    networks: half, figure `tamade_cost`). To close the last bracket costs about log2 of the number
    of weights within which the metric walks about its limit, so on wide networks it can be more
    than half.

    At most 2 log2(n) + 6 evaluations for n candidates, whatever the metric. Parameters, errors and
    what is left of the model are those of `l0course.tamade`.

    Examples
    --------
    >>> model = nn.Linear(4, 1, bias=False)
    >>> _ = model.weight.data.copy_(Tensor([[0.1, 3.0, 0.2, 2.0]]))
    >>> found = secant_tamade(model, lambda m: 1.0 if m.weight[0, 3] != 0 else 5.0)
    >>> found.threshold, found.evaluations, model.weight.tolist()
    (2.0, 4, [[0.0, 3.0, 0.0, 2.0]])
    """
    require("tolerance", tolerance, least=0)
    require("resolution", resolution, least=0)
    return follow(model, metric, lambda sizes: _secant(sizes, tolerance, resolution))


def _limit(base: float, tolerance: float) -> float:
    """The largest metric that is tolerated."""
    if not math.isfinite(base):
        raise ValueError(f"The metric of the unpruned model is {base}: check data and model.")
    return base + tolerance * abs(base)


def _result(threshold: float, curve: dict[float, float], limit: float) -> TamadeResult:
    monotone = all(value <= limit for t, value in curve.items() if t <= threshold)
    return TamadeResult(threshold, len(curve), tuple(sorted(curve.items())), monotone)


def _bisection(sizes: list[Tensor], tolerance: float, resolution: float) -> Search:
    curve = {0.0: (yield 0.0)}
    limit = _limit(curve[0.0], tolerance)
    low, high = 0.0, 2 * max(float(s.abs().max()) for s in sizes if s.numel())
    while high - low > resolution and low < (middle := (low + high) / 2) < high:
        curve[middle] = yield middle
        if curve[middle] <= limit:
            low = middle
        else:
            high = middle
    return _result(low, curve, limit)


def _secant(sizes: list[Tensor], tolerance: float, resolution: float) -> Search:
    curve = {0.0: (yield 0.0)}
    limit = _limit(curve[0.0], tolerance)
    candidates = threshold_candidates(sizes, resolution)
    least = min((float(s[s != 0].abs().min()) for s in sizes if s.any()), default=0.0)
    if candidates and candidates[0] > least:  # a bin wider than `resolution`, of huge weights
        candidates.insert(0, least)
    if not candidates:
        return _result(0.0, curve, limit)
    unit = (limit - curve[0.0]) or abs(curve[0.0]) or 1.0
    path = _Path(candidates, resolution)
    for i in path.questions():
        value = curve[candidates[i]] = yield candidates[i]
        path.answer(i, (value - limit) / unit)
    return _result(candidates[path.feasible], curve, limit)


# Chosen on 136 trained networks. The trust hardly matters (0.7: half an evaluation more); a cliff
# of 2 saves a tenth of an evaluation, and ended below the bisection once.
_START = 4  # the first question: the largest magnitude, halved so often
_CLIFF = 3.0  # a rise of 2 ** 3 tolerances: so far up the cliff nothing is feasible
_STEEPNESS = 4.0  # power of the threshold with which the metric rises there, until it is measured
_TRUST = 0.9  # how far to believe a straight line between a feasible and an infeasible threshold


class _Path:
    """The midpoints of the published bisection, and which of them must be asked.

    Candidates go by their index. `excess` holds (metric - limit) / (limit - base) where it was
    asked: at most 0 where feasible, -1 for the unpruned model. `feasible` is the largest index
    known to be so, and `infeasible` the next above it known not to be (else the length).
    """

    def __init__(self, candidates: list[float], resolution: float) -> None:
        self.candidates, self.resolution = candidates, resolution
        self.excess = {0: -1.0}  # the smallest magnitude as a threshold prunes nothing
        self.feasible, self.infeasible = 0, len(candidates)
        self.has_cliff = True  # False once something up there was feasible after all

    def answer(self, i: int, excess: float) -> None:
        self.excess[i] = 1e9 if math.isnan(excess) else min(max(excess, -1.0), 1e9)
        if excess <= 0:
            self.has_cliff &= i < self.infeasible
            self.feasible = max(self.feasible, i)
        beyond = (j for j in self.excess if j > self.feasible)
        self.infeasible = min(beyond, default=len(self.candidates))

    def questions(self) -> Iterator[int]:
        """Which index to ask next; each answer comes in before the next question."""
        guided = chain(self.descent(), iter(self.open_midpoint, None))
        patience = math.log2(len(self.candidates)) + 4
        while len(self.excess) <= patience and (i := next(guided, None)) is not None:
            yield i
        while self.infeasible - self.feasible > 1:
            yield (self.feasible + self.infeasible) // 2

    def index(self, threshold: float) -> int:
        """The candidate that prunes the same weights as a threshold."""
        return min(bisect_left(self.candidates, threshold), len(self.candidates) - 1)

    def height(self, i: int) -> float:
        """Binary logarithm of the rise above the base, in tolerances; 0 where feasible."""
        return math.log2(1 + max(0.0, self.excess[i]))

    def descent(self) -> Iterator[int]:
        """Powers of two: from far up down to the foot of the cliff, or from its foot up."""
        largest, halvings, asked = self.candidates[-1] / 2, _START, []
        while (i := self.index(largest / 2**halvings)) not in self.excess:
            yield i
            asked.append((halvings, self.height(i)))
            if self.height(i) < _CLIFF + 1:
                break
            slope = _STEEPNESS
            if len(asked) > 1:
                (h0, y0), (h1, y1) = asked[-2:]
                slope = max(1.0, (y0 - y1) / (h1 - h0))
            halvings += max(1, int((self.height(i) - _CLIFF) / slope))
        while len(asked) < 2 and self.feasible >= i and halvings > 0:
            halvings -= 1
            i = self.index(largest / 2**halvings)
            if i not in self.excess:
                yield i

    def open_midpoint(self) -> int | None:
        """Walk the bisection down to the first midpoint that must be asked; None at its end."""
        low, high = 0.0, self.candidates[-1]
        taken = self.taken()
        while high - low > self.resolution and low < (middle := (low + high) / 2) < high:
            i = self.index(middle)
            if i <= self.feasible or (i <= taken and i not in self.excess):
                low = middle
            elif i in self.excess or self.is_up_the_cliff(i):
                high = middle
            else:
                return i
        for i in (self.index(low), self.index(high)):  # the end of the path must be certain
            if i > self.feasible and i not in self.excess:
                return i
        return None

    def taken(self) -> float:
        """Up to which index midpoints are taken to be feasible without asking."""
        if self.infeasible == len(self.candidates):
            return self.feasible
        low, high = self.excess[self.feasible], min(4.0, self.excess[self.infeasible])
        share = -low / (high - low)
        return self.feasible + _TRUST * share * (self.infeasible - self.feasible)

    def is_up_the_cliff(self, i: int) -> bool:
        """Is the height at least _CLIFF on a line, doubly logarithmic, through what was asked?

        Beyond the last infeasible threshold the line rises like the threshold itself.
        """
        if i < self.infeasible or not self.has_cliff:
            return False
        below = max(j for j in self.excess if j < i)
        above = min((j for j in self.excess if j > i), default=None)
        x, slope = math.log2(self.candidates[below]), 1.0
        if above is not None:
            run = math.log2(self.candidates[above]) - x
            slope = (self.height(above) - self.height(below)) / run
        return self.height(below) + slope * (math.log2(self.candidates[i]) - x) >= _CLIFF
