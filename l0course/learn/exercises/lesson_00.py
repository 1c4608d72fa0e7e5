"""Exercises of lesson 00, start here."""

from __future__ import annotations

import math

import numpy as np

from l0course.codelength import support_bits
from l0course.learn.exercise import Exercise, Mistake

# --- 00.1: the compression rate -------------------------------------------------------------------


def rate(tensors: list[np.ndarray]) -> float:
    total = sum(t.size for t in tensors)
    nonzero = sum(np.count_nonzero(t) for t in tensors)
    return total / nonzero


SMALL_NET = [np.array([[1.0, 0.0, 0.0, -2.0], [0.0, 0.5, 0.0, 0.0]]), np.array([0.0, 0.3])]

RATE = Exercise(
    id="00.1",
    title="Compression rate",
    difficulty=1,
    minutes=4,
    reference=rate,
    cases=(
        ([np.array([2.0, 0.0, 0.0, 0.0])],),
        (SMALL_NET,),
        ([np.array([[1.0, -1.0], [0.0, 4.0]]), np.array([0.0, 0.0]), np.array([[0.0, 0.2]])],),
    ),
    mistakes=(
        Mistake(
            "upside down",
            lambda tensors: 1 / rate(tensors),
            "That is the share that is left. The rate says how many times smaller: turn it over.",
        ),
        Mistake(
            "counted the zeros",
            lambda tensors: sum(t.size for t in tensors) / sum((t == 0).sum() for t in tensors),
            "You divided by the number of zeros. Divide by the number of entries that are left.",
        ),
        Mistake(
            "mean of the layers",
            lambda tensors: float(np.mean([t.size / max(1, np.count_nonzero(t)) for t in tensors])),
            "That is the average of the tensors' own rates, in which a small bias counts as much "
            "as a large layer. Add up the entries first.",
        ),
        Mistake(
            "positive entries only",
            lambda tensors: sum(t.size for t in tensors) / sum((t > 0).sum() for t in tensors),
            "Negative weights are alive too: count all entries that are not 0.",
        ),
    ),
    hints=(
        "You need two numbers: how many entries there are, and how many are not 0.",
        "t.size counts the entries of one array, and np.count_nonzero(t) those that are not 0.",
        "sum(t.size for t in tensors) / sum(np.count_nonzero(t) for t in tensors)",
    ),
    why="All entries of all tensors, divided by those that are not zero. Biases count like "
    "weights. Positions are not counted here; exercise 00.3 does that.",
)

# --- 00.2: prune ----------------------------------------------------------------------------------


def prune(theta: np.ndarray, t: float) -> np.ndarray:
    return np.where(np.abs(theta) < t, 0.0, theta)


def _prune_in_place(theta: np.ndarray, t: float) -> np.ndarray:
    theta[np.abs(theta) < t] = 0.0
    return theta


PRUNE = Exercise(
    id="00.2",
    title="Prune",
    difficulty=1,
    minutes=4,
    reference=prune,
    cases=(
        (np.array([3.0, -0.2, 0.5, -1.0]), 0.5),
        (np.array([[0.1, -4.0], [2.0, -0.3]]), 0.25),
        (np.array([1.0, -1.0, 0.0]), 0.0),
        (np.array([1.0, -2.0, 3.0]), 10.0),
    ),
    mistakes=(
        Mistake(
            "sign forgotten",
            lambda theta, t: np.where(theta < t, 0.0, theta),
            "Large negative weights were dropped. What counts is the distance from 0: np.abs.",
        ),
        Mistake(
            "dropped the large ones",
            lambda theta, t: np.where(np.abs(theta) >= t, 0.0, theta),
            "You dropped the large weights and kept the small ones.",
        ),
        Mistake(
            "at the threshold",
            lambda theta, t: np.where(np.abs(theta) <= t, 0.0, theta),
            "A weight that equals the threshold stays: drop |theta| < t, not <=.",
        ),
        Mistake(
            "changed in place",
            _prune_in_place,
            "The values are right, but you changed the array that you were given. Work on a copy.",
        ),
    ),
    hints=(
        "Compare the absolute values with t.",
        "np.where(condition, a, b) takes a where the condition holds, and b elsewhere.",
        "np.where(np.abs(theta) < t, 0.0, theta)",
    ),
    why="A small weight changes the output little, so it is the first candidate to go. How small "
    "is small enough? That is what TAMADE finds out, in lesson 05.",
)

# --- 00.3: what a sparse model costs --------------------------------------------------------------


def sparse_bits(n: int, k: int) -> float:
    return 32 * k + support_bits(n, k)


SPARSE_BITS = Exercise(
    id="00.3",
    title="Bits of a sparse model",
    difficulty=2,
    minutes=6,
    reference=sparse_bits,
    cases=((4, 1), (10, 3), (50_610, 1_000), (1_000_000, 10)),
    mistakes=(
        Mistake(
            "positions forgotten",
            lambda n, k: 32.0 * k,
            "The values alone do not make a model: the reader must also learn where they belong. "
            "Add log2 C(n, k) bits.",
        ),
        Mistake(
            "an address for each weight",
            lambda n, k: k * (32 + math.log2(n)),
            "You gave each weight its own address of log2 n bits. The order of the k weights does "
            "not matter, so log2 C(n, k) bits for all positions together are enough.",
        ),
        Mistake(
            "one bit for each place",
            lambda n, k: 32.0 * k + n,
            "You sent one bit for each of the n places. When few are alive, log2 C(n, k) is much "
            "less.",
        ),
        Mistake(
            "a fixed address",
            lambda n, k: 64.0 * k,
            "You gave each weight an address of 32 bits. All positions together need only "
            "log2 C(n, k) bits.",
        ),
        Mistake(
            "bytes",
            lambda n, k: (32 * k + support_bits(n, k)) / 8,
            "That is the number of bytes. Bits are asked for: 8 to a byte.",
        ),
    ),
    hints=(
        "Two parts: the values and the positions.",
        "A value takes 32 bits. There are C(n, k) possible sets of positions, and log2 of that "
        "many bits tell which one it is.",
        "32 * k + support_bits(n, k)",
    ),
    why="There are C(n, k) ways to choose k of n places, so log2 C(n, k) bits name one of them. "
    "The compression rate leaves this out; a real file cannot.",
)

# --- 00.4: rates and shares -----------------------------------------------------------------------

REMOVED = Exercise(
    id="00.4",
    title="What a rate says",
    difficulty=1,
    minutes=2,
    reference=0.975,
    same=lambda got, right: np.ndim(got) == 0 and abs(got - right) < 0.006,  # 0.98 will do
    mistakes=(
        Mistake(
            "per cent",
            97.5,
            "As a share between 0 and 1, please: 97.5 per cent is 0.975.",
        ),
        Mistake(
            "what is left",
            0.025,
            "That is the share that is left, 1 / 40.",
        ),
        Mistake(
            "40 per cent",
            0.4,
            "Forty times smaller is not 40 per cent smaller: only 1 / 40 is left.",
        ),
    ),
    hints=(
        "What share of the weights is left?",
        "1 / 40 is left.",
        "1 - 1 / 40",
    ),
    why="1 / 40 of the weights is left, so 39 / 40 = 0.975 of them are gone. From 40 to 80 times "
    "only another 0.0125 goes: the more you have removed, the harder each further step.",
)

EXERCISES = [RATE, PRUNE, SPARSE_BITS, REMOVED]
