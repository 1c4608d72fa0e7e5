"""Strong lottery tickets: a random network that is only pruned does the work of a trained one.

Every weight w of a target becomes a small random network: relu units with random weights u in and
v out. Where x > 0 only the units with u > 0 are on, where x < 0 only those with u < 0, and either
side gives (sum of v u) x. So keep some units of each side whose v u add up to w: two subset sums.
(Malach et al., ICML 2020; Pensia et al., NeurIPS 2020; with a fixed number of units: Natale et al.,
arXiv 2410.14754; on a grid: Kumar and Natale, arXiv 2508.11020.)
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from .checks import integer, require
from .lottery_bound import output_bound, weight_tolerance
from .lottery_network import (
    Layer,
    check_grid,
    check_target,
    largest_input,
    layer_pairs,
    random_network,
)
from .quantised_sum import exact_subset_sum, sparsest_subset_sum
from .subset_sum import best_subset_sum

__all__ = ["Ticket", "random_network", "strong_ticket"]

_FIRST = (12, 16, 20, 24, 32, 40)  # units that are searched, one after the other, for a tolerance
Size = int | Literal["fewest"] | None


@dataclass(frozen=True)
class Ticket:
    """A pruned random network, and how well it stands for its target.

    Attributes
    ----------
    network : the random network with zeros where it was pruned; nothing else was changed
    errors : of each layer, |weight that the subset sums give - target weight|, and of the bias
    missed : subset sums that are not within the tolerance that was asked for
    tolerance : that tolerance, for each weight; None if none was asked for
    bound : no output is off by more than this, for any input within the radius
    kept, total : entries that are not zero, and all entries, of the random network
    target_entries : weights and biases of the target
    """

    network: nn.Sequential
    errors: list[tuple[Tensor, Tensor | None]] = field(repr=False)
    missed: int
    tolerance: float | None
    bound: float
    kept: int
    total: int
    target_entries: int

    @property
    def density(self) -> float:
        """Share of the random network that is kept."""
        return self.kept / self.total


def strong_ticket(
    target: nn.Sequential,
    network: nn.Sequential,
    *,
    precision: float | None = None,
    size: Size = None,
    bits: int | None = None,
    nonnegative: bool = False,
    radius: float = 1.0,
    example: Tensor | None = None,
) -> Ticket:
    """Prune a random network until it computes what the target computes.

    Parameters
    ----------
    target : nn.Sequential, as `random_network` takes it
    network : what `random_network` made for it; not changed
    precision : float, optional
        The error of an output that is asked for. It gives a tolerance for each weight.
    size : int, "fewest" or None
        How many random units make up each weight: exactly so many; or as few as stay within the
        tolerance (four or more: of the first 40 units); or any number, the best subset of the
        first 12 units or, until that is within the tolerance, of the first 16 to 40 (with no
        precision: 24). A weight of 0 takes none.
    bits : int, optional
        The network's weights lie on a grid of step 2^-bits and the target's on one of its square:
        ask for equal weights.
    nonnegative : bool
        Inputs are never negative (pixels): then only the units with u > 0 are of use.
    radius : float
        Inputs lie between -radius and radius; for `precision` and `bound`.
    example : (1, channels, height, width) tensor, optional
        The size of the images, needed if the target has a convolution.

    Raises
    ------
    ValueError
        If the network was not made for the target, "fewest" has no precision to keep, or a weight
        of the target or of the network is not on its grid.

    Examples
    --------
    >>> target = nn.Sequential(nn.Linear(2, 1, bias=False)).double()
    >>> target[0].weight.data = torch.tensor([[0.5, -0.25]], dtype=torch.float64)
    >>> wide = random_network(target, 40, seed=0)
    >>> ticket = strong_ticket(target, wide, precision=1e-3)
    >>> ticket.missed, ticket.bound < 1e-3
    (0, True)
    """
    require("radius", radius, above=0)
    check_target(target)
    if size not in (None, "fewest"):
        size = integer("size, if it is not 'fewest',", size, 1)
    target, pruned = copy.deepcopy(target).double(), copy.deepcopy(network)
    start = largest_input(target, radius, example)
    tolerance = None
    if bits is not None:
        check_grid(network, bits)
        tolerance = 0.0
    elif precision is not None:
        require("precision", precision, above=0)
        tolerance = weight_tolerance(target, start, precision)
    elif size == "fewest":
        raise ValueError("size='fewest' needs a precision to keep, such as precision=1e-2.")
    errors, missed = [], 0
    for layer, first, second, positive in layer_pairs(target, pruned, nonnegative):
        sums = _Sums(size, bits, tolerance)
        errors.append(_prune(layer, first, second, positive, sums))
        missed += sums.missed
    return Ticket(
        network=pruned,
        errors=errors,
        missed=missed,
        tolerance=tolerance,
        bound=output_bound(target, start, errors),
        kept=sum(int(p.count_nonzero()) for p in pruned.parameters()),
        total=sum(p.numel() for p in pruned.parameters()),
        target_entries=sum(p.numel() for p in target.parameters()),
    )


# ------------------------------------------------------------------------ one layer


class _Sums:
    """One subset sum after the other, all of one kind; `missed` counts those that failed."""

    def __init__(self, size: Size, bits: int | None, tolerance: float | None) -> None:
        self.size, self.bits, self.tolerance, self.missed = size, bits, tolerance, 0

    def __call__(self, values: NDArray[np.float64], w: float) -> tuple[NDArray[np.intp], float]:
        chosen, error = np.zeros(0, dtype=np.intp), abs(w)
        if w and len(values):
            chosen, error = (self._nearest if self.bits is None else self._exact)(values, w)
        self.missed += self.tolerance is not None and error > self.tolerance
        return chosen, error

    def _nearest(self, values: NDArray[np.float64], w: float) -> tuple[NDArray[np.intp], float]:
        if isinstance(self.size, int):
            return best_subset_sum(values, w, min(self.size, len(values)))
        if self.size == "fewest":
            few = (values[: len(values) if size <= 3 else 40] for size in range(len(values) + 1))
            tries = (best_subset_sum(x, w, k) for k, x in enumerate(few) if k <= len(x))
        elif self.tolerance is None:
            tries = iter([best_subset_sum(values[:24], w)])
        else:
            tries = (best_subset_sum(values[:first], w) for first in _FIRST)
        found = next(tries)
        while self.tolerance is not None and found[1] > self.tolerance:
            other = next(tries, None)
            if other is None:
                break
            found = min(found, other, key=lambda one: one[1])
        return found

    def _exact(self, values: NDArray[np.float64], w: float) -> tuple[NDArray[np.intp], float]:
        whole = np.rint(values * 4**self.bits).astype(np.int64)  # products of two grid points
        goal = w * 4**self.bits
        if not float(goal).is_integer():
            raise ValueError(
                f"The target weight {w!r} is not a multiple of 2^-{2 * self.bits}, the finest that "
                f"random weights of {self.bits} bits give: round the target first."
            )
        solve = sparsest_subset_sum if self.size == "fewest" else exact_subset_sum
        sizes = () if self.size in (None, "fewest") else (min(self.size, len(values)),)
        chosen = solve(whole, int(goal), *sizes)
        return (np.zeros(0, dtype=np.intp), abs(w)) if chosen is None else (chosen, 0.0)


def _prune(
    layer: Layer, first: Layer, second: Layer, nonnegative: bool, solve: _Sums
) -> tuple[Tensor, Tensor | None]:
    """Prune two random layers, in place, into one of the target; the errors of its weights."""
    outs, ins = layer.weight.shape[:2]
    w = layer.weight.detach().reshape(outs, ins, -1).numpy()  # (outs, ins, taps)
    taps = w.shape[2]
    u, v = first.weight.data.view(len(first.weight), ins).numpy(), second.weight.data.numpy()
    v = v.reshape(outs, -1, taps)  # views: what is set to zero here is set in the modules
    width = len(u) // (ins + (layer.bias is not None))
    keep_u, keep_v, errors = np.zeros(u.shape, bool), np.zeros(v.shape, bool), np.zeros(w.shape)

    def represent(units: NDArray, column: NDArray, goals: NDArray, worst: NDArray) -> NDArray:
        """Which units serve the goals, (outs, taps), through the weights `column` into them."""
        for at in np.ndindex(goals.shape):
            out, tap = at
            chosen, error = solve(v[out, units, tap] * column[units], float(goals[at]))
            keep_v[out, units[chosen], tap] = True
            worst[at] = max(worst[at], error)
        return units[keep_v[:, units].any(axis=(0, 2))]

    for j in range(ins):
        block = np.arange(j * width, (j + 1) * width)
        for sign in (1,) if nonnegative else (1, -1):
            units = block[sign * u[block, j] > 0]
            used = represent(units, u[:, j], w[:, j], errors[:, j])
            keep_u[used, j] = True
    bias_error = None
    if layer.bias is not None:  # the bias is the weight of an input that is always 1
        b, centre = first.bias.data.numpy(), taps // 2
        goals, worst = np.zeros((outs, taps)), np.zeros((outs, taps))
        goals[:, centre] = layer.bias.detach().numpy()
        units = np.arange(ins * width, len(u))
        used = represent(units[b[units] > 0], b, goals, worst)
        b[np.setdiff1d(np.arange(len(u)), used)] = 0.0
        bias_error = torch.from_numpy(worst[:, centre])
    u[~keep_u] = 0.0
    v[~keep_v] = 0.0
    return torch.from_numpy(errors.reshape(layer.weight.shape)), bias_error
