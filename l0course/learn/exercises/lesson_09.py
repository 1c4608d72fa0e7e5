"""Exercises of lesson 09, strong lottery tickets."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from l0course.learn.exercise import Exercise, Mistake
from l0course.subset_sum import best_subset_sum
from l0course.sum_heuristics import greedy_subset_sum

# --- 09.1: meet in the middle ---------------------------------------------------------------------


def all_sums(values: np.ndarray) -> np.ndarray:
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate([sums, sums + value])
    return sums


def nearest(values: np.ndarray, target: float) -> float:
    half = len(values) // 2
    left, right = np.sort(all_sums(values[:half])), all_sums(values[half:])
    at = np.searchsorted(left, target - right)
    above, below = left[np.minimum(at, len(left) - 1)], left[np.maximum(at - 1, 0)]
    return min(np.abs(above + right - target).min(), np.abs(below + right - target).min())


def _one_side(values, target, side):
    half = len(values) // 2
    left, right = np.sort(all_sums(values[:half])), all_sums(values[half:])
    at = np.searchsorted(left, target - right)
    partner = left[np.minimum(at, len(left) - 1) if side == "above" else np.maximum(at - 1, 0)]
    return np.abs(partner + right - target).min()


def _signed(values, target):
    half = len(values) // 2
    gaps = (all_sums(values[:half])[:, None] + all_sums(values[half:]) - target).ravel()
    return gaps[np.abs(gaps).argmin()]


def _halves_alone(values, target):
    half = len(values) // 2
    parts = all_sums(values[:half]), all_sums(values[half:])
    return min(np.abs(part - target).min() for part in parts)


def _instances(rng: np.random.Generator) -> list[tuple[Any, ...]]:
    sizes = (1, 2, 3, 5, 8, 11, 14, 18, 22)
    return [(rng.uniform(-1, 1, n).round(4), round(float(rng.uniform(-1, 1)), 3)) for n in sizes]


NEAREST = Exercise(
    id="09.1",
    title="Meet in the middle",
    difficulty=3,
    minutes=12,
    reference=nearest,
    cases=_instances,
    same=lambda got, right: abs(float(got) - float(right)) < 1e-10,
    mistakes=(
        Mistake(
            "greedy",
            lambda values, target: greedy_subset_sum(values, target)[1],
            "You take one number after the other if it helps. That is greedy: it never takes back.",
        ),
        Mistake(
            "only the partner above",
            lambda values, target: _one_side(values, target, "above"),
            "You look at the partner at searchsorted's position only: the first that is not "
            "smaller. The one before it may be nearer.",
        ),
        Mistake(
            "only the partner below",
            lambda values, target: _one_side(values, target, "below"),
            "You look only at the partner below. The one at searchsorted's position may be nearer.",
        ),
        Mistake(
            "signed distance",
            _signed,
            "This is the signed gap. The distance is its absolute value.",
        ),
        Mistake(
            "halves alone",
            _halves_alone,
            "You look at the sums of each half, but not at pairs of them.",
        ),
    ),
    hints=(
        "A sum of all numbers is a sum of the first half plus a sum of the second half.",
        "For each sum r of the second half the best partner is the sum of the first half that is "
        "nearest to target - r. Sort, and np.searchsorted finds where that is.",
        "at = np.searchsorted(left, target - right); look at left[at] and at left[at - 1], both "
        "kept inside the array.",
    ),
    why="Every subset is a pair: one of the first half's 2^(n/2) subsets and one of the second's. "
    "For a given second part the best first part is a neighbour of target - right in the sorted "
    "list. Sorting and looking up 2^(n/2) times costs about n 2^(n/2), in place of 2^n.",
)

# --- 09.2: how near is the nearest ----------------------------------------------------------------


def typical_gap(n: int) -> float:
    density = 2**n / math.sqrt(2 * math.pi * n / 6)
    return math.log(2) / (2 * density)


GAP = Exercise(
    id="09.2",
    title="How near is the nearest?",
    difficulty=3,
    minutes=10,
    reference=typical_gap,
    cases=((4,), (10,), (20,), (40,)),
    same=lambda got, right: abs(float(got) - float(right)) < 1e-6 * float(right),
    mistakes=(
        Mistake(
            "one side",
            lambda n: math.log(2) * math.sqrt(2 * math.pi * n / 6) / 2**n,
            "Twice too large: the nearest sum may lie on either side, so an interval of length 2e "
            "has to be empty for an error above e.",
        ),
        Mistake(
            "mean",
            lambda n: math.sqrt(2 * math.pi * n / 6) / 2 / 2**n,
            "That is the mean of the error, 1 / (2 density). Half of all draws are below ln 2 of "
            "it.",
        ),
        Mistake(
            "variance n/3",
            lambda n: math.log(2) * math.sqrt(2 * math.pi * n / 3) / 2 / 2**n,
            "n/3 is the variance if every number is in the sum. Each is in half of the subsets.",
        ),
        Mistake(
            "even density",
            lambda n: math.log(2) * 2 * n / 2 / 2**n,
            "You spread the sums evenly over [-n, n]. They crowd around 0, like a Gaussian.",
        ),
    ),
    hints=(
        "How many sums are there, and which share of them lies in a short interval around 0?",
        "The density of the sums at 0 is 2^n times that of a Gaussian with variance n/6: "
        "1 / sqrt(2 pi n / 6).",
        "P(error > e) = exp(-2 e density) is 1/2 at e = ln 2 / (2 density).",
    ),
    why="A number of U[-1, 1] that is in with probability 1/2 adds 1/2 * 1/3 = 1/6 to the variance "
    "of the sum. Near 0 there are 2^n / sqrt(2 pi n / 6) sums for each unit of length. If they lie "
    "like independent points, an interval of length 2e is empty with probability "
    "exp(-2 e density), and that is 1/2 for the median.",
)

# --- 09.3: all sums in one integer ----------------------------------------------------------------


def splits_evenly(numbers: list[int]) -> bool:
    reached = 1
    for number in numbers:
        reached |= reached << number
    return bool(reached >> (sum(numbers) // 2) & 1)


def _unbounded(numbers):
    goal = sum(numbers) // 2
    reached = [True] + [False] * goal
    for number in numbers:
        for s in range(number, goal + 1):
            reached[s] |= reached[s - number]
    return reached[goal]


def _only_even(numbers):
    return sum(numbers) % 2 == 0 and splits_evenly(numbers)


def _differences(numbers):
    left = sorted(numbers)
    while len(left) > 1:
        left = sorted([*left[:-2], left[-1] - left[-2]])
    return left[0] <= 1


def _sets(rng: np.random.Generator) -> list[tuple[list[int]]]:
    fixed = [[1], [2], [1, 1], [3, 1], [2, 3], [8, 7, 6, 5, 4], [5, 2], [4, 3, 3], [9, 3, 3, 3]]
    drawn = [rng.integers(1, 60, n).tolist() for n in (4, 5, 6, 7, 8) for _ in range(4)]
    return [(numbers,) for numbers in fixed + drawn]


BITS = Exercise(
    id="09.3",
    title="All sums in one integer",
    difficulty=2,
    minutes=8,
    reference=splits_evenly,
    cases=_sets,
    same=lambda got, right: bool(got) == bool(right),
    mistakes=(
        Mistake(
            "numbers used twice",
            _unbounded,
            "A number is used more than once: new sums are used again in the same round. Shift "
            "all sums at once.",
        ),
        Mistake(
            "odd totals",
            _only_even,
            "An odd total cannot be halved, but a difference of 1 counts as even here.",
        ),
        Mistake(
            "differencing",
            _differences,
            "Two largest numbers on opposite sides, again and again: that is Karmarkar and Karp's "
            "method, which is quick and sometimes misses.",
        ),
        Mistake(
            "always",
            lambda numbers: True,
            "It says yes each time.",
        ),
    ),
    hints=(
        "Let bit s of an integer say that some of the numbers so far add up to s. Which integer is "
        "that for no numbers at all?",
        "A new number x is taken or not: the new sums are the old ones, shifted by x bits.",
        "reached |= reached << x for each number; then look at the bit of half of the total.",
    ),
    why="A shift adds the number to all sums at the same time, 64 of them in one step of the "
    "processor, and the OR keeps the old ones. If the total is odd, a part of (total - 1) / 2 "
    "leaves a difference of 1, the best there is.",
)

# --- 09.4: Theorem 2 ------------------------------------------------------------------------------


def entropy(p: float) -> float:
    return -p * math.log2(p) - (1 - p) * math.log2(1 - p)


def enough(k: int, error: float) -> int:
    n = 2 * k
    while n * entropy(k / n) < math.log2(k / error):
        n += 1
    return n


def _enough(k, error, start=None, wanted=None, bits=lambda n, k: n * entropy(k / n)):
    n = 2 * k if start is None else start
    while bits(n, k) < (math.log2(k / error) if wanted is None else wanted):
        n += 1
    return n


ENOUGH = Exercise(
    id="09.4",
    title="Numbers to choose from",
    difficulty=2,
    minutes=8,
    reference=enough,
    cases=((1, 1e-2), (2, 1e-2), (2, 1e-3), (3, 1e-4), (4, 1e-6), (6, 1e-2), (8, 1e-9), (9, 1e-3)),
    mistakes=(
        Mistake(
            "natural logarithm on one side",
            lambda k, error: _enough(k, error, wanted=math.log(k / error)),
            "The entropy is in bits, so the right-hand side is a logarithm to base 2.",
        ),
        Mistake(
            "below 2k",
            lambda k, error: _enough(k, error, start=k + 1),
            "The theorem is for k <= n/2: begin at n = 2k.",
        ),
        Mistake(
            "1 / error",
            lambda k, error: _enough(k, error, wanted=math.log2(1 / error)),
            "The right-hand side is log2(k / error), not log2(1 / error).",
        ),
        Mistake(
            "log of the binomial",
            lambda k, error: _enough(k, error, bits=lambda n, k: math.log2(math.comb(n, k))),
            "log2 C(n, k) is a little less than n H2(k/n). It is the better count, but not the "
            "theorem's.",
        ),
    ),
    hints=(
        "Try n = 2k, 2k + 1, ... until the condition holds.",
        "H2(p) = -p log2 p - (1 - p) log2(1 - p), at p = k/n.",
        "while n * entropy(k / n) < math.log2(k / error): n += 1",
    ),
    why="n H2(k/n) is about log2 C(n, k), the bits it takes to name a subset; log2(k / error) are "
    "about the bits it takes to name the target to that precision. There must be at least as many "
    "names as things to name, and the theorem says that a constant times that is enough.",
)

# --- 09.5: one weight -----------------------------------------------------------------------------


def keep_units(u: np.ndarray, v: np.ndarray, w: float) -> np.ndarray:
    keep = np.zeros(len(u), dtype=bool)
    for side in (u > 0, u < 0):
        units = np.flatnonzero(side)
        chosen, _ = best_subset_sum(v[units] * u[units], w)
        keep[units[chosen]] = True
    return keep


def _kept(u, v, values, goals):
    keep = np.zeros(len(u), dtype=bool)
    for side, goal in zip((u > 0, u < 0), goals, strict=True):
        units = np.flatnonzero(side)
        if goal is not None:
            keep[units[best_subset_sum(values[units], goal)[0]]] = True
    return keep


def _at_once(u, v, w):
    keep = np.zeros(len(u), dtype=bool)
    keep[best_subset_sum(v * u, w)[0]] = True
    return keep


def _weights(rng: np.random.Generator) -> list[tuple[Any, ...]]:
    def pair(n):
        return rng.uniform(-1, 1, n).round(3), rng.uniform(-1, 1, n).round(3)

    return [(*pair(n), round(float(rng.uniform(-1, 1)), 3)) for n in (4, 8, 12, 16, 20)]


KEEP = Exercise(
    id="09.5",
    title="One weight out of random units",
    difficulty=3,
    minutes=10,
    reference=keep_units,
    cases=_weights,
    mistakes=(
        Mistake(
            "both sides at once",
            _at_once,
            "One subset sum over all units. But for x > 0 only the units with u > 0 are on: "
            "each side has to give w by itself.",
        ),
        Mistake(
            "wrong sign",
            lambda u, v, w: _kept(u, v, v * np.abs(u), (w, w)),
            "For x < 0 a unit with u < 0 gives v u x, and u is negative there: what has to add up "
            "to w is v u, not v |u|.",
        ),
        Mistake(
            "only x > 0",
            lambda u, v, w: _kept(u, v, v * u, (w, None)),
            "You keep units for x > 0 only: the function would be 0 for all x < 0.",
        ),
        Mistake(
            "only v",
            lambda u, v, w: _kept(u, v, v, (w, w)),
            "A unit passes the product of its two weights: v u x.",
        ),
    ),
    hints=(
        "Which units are on when x > 0, and which when x < 0?",
        "A unit that is on gives v u x, whichever side it is on. The sum of v u over the kept "
        "units of each side should be w.",
        "For side in (u > 0, u < 0): best_subset_sum(v[units] * u[units], w), with the positions "
        "of that side.",
    ),
    why="relu(u x) is u x where u x > 0, so where x > 0 only the units with u > 0 speak, where "
    "x < 0 only those with u < 0. Each side is a linear function of x with slope sum of v u, and "
    "both slopes should be w.",
)

# --- 09.6: count the masks ------------------------------------------------------------------------


def fewest_parameters(d: int, bits: int) -> int:
    return math.ceil(d**2 * math.log2(2 * 4**bits + 1))


COUNT = Exercise(
    id="09.6",
    title="Fewer masks than targets",
    difficulty=2,
    minutes=6,
    reference=fewest_parameters,
    cases=((1, 1), (2, 1), (3, 2), (8, 4), (16, 4), (10, 6)),
    mistakes=(
        Mistake(
            "the random grid",
            lambda d, bits: math.ceil(d**2 * math.log2(2 * 2**bits + 1)),
            "That is the grid of the random weights. The target's is the square of it: steps of "
            "4^-bits.",
        ),
        Mistake(
            "one weight",
            lambda d, bits: math.ceil(math.log2(2 * 4**bits + 1)),
            "That is for one weight. The matrix has d^2 of them.",
        ),
        Mistake(
            "no signs",
            lambda d, bits: math.ceil(d**2 * math.log2(4**bits)),
            "The grid from -1 to 1 has 2 * 4^bits + 1 points: two signs, and 0.",
        ),
        Mistake(
            "natural logarithm",
            lambda d, bits: math.ceil(d**2 * math.log(2 * 4**bits + 1)),
            "Masks are counted as powers of 2, so the logarithm has base 2.",
        ),
    ),
    hints=(
        "How many masks does a network of a parameters have? How many targets are there?",
        "2^a masks; (2 * 4^bits + 1)^(d^2) matrices on the grid. Different targets need different "
        "masks.",
        "a >= d^2 log2(2 * 4^bits + 1), rounded up.",
    ),
    why="A mask says yes or no to each parameter, so there are 2^a of them, and one mask gives one "
    "function. If every d x d matrix on the grid is to be found, there must be at least as many "
    "masks: this is Theorem 3 of Kumar and Natale, for certain success.",
)

EXERCISES = [NEAREST, GAP, BITS, ENOUGH, KEEP, COUNT]
