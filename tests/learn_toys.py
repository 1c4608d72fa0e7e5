"""Two toy exercises for the tests of l0course.learn."""

from __future__ import annotations

import numpy as np

from l0course.learn import Exercise, Mistake


def keep(theta, t):
    return np.where(np.abs(theta) >= t, theta, 0.0)


def keep_in_place(theta, t):
    theta[np.abs(theta) < t] = 0.0
    return theta


def cases(rng):
    return [
        (np.array([3.0, -0.2]), 0.5),
        (np.array([0.5, -2.0]), 0.5),
        *((rng.normal(size=30), 0.3) for _ in range(3)),
    ]


KEEP = Exercise(
    id="98.1",
    title="Keep or drop",
    difficulty=2,
    minutes=5,
    reference=keep,
    cases=cases,
    mistakes=(
        Mistake(
            "soft thresholding",
            lambda theta, t: np.sign(theta) * np.maximum(np.abs(theta) - t, 0),
            "That is soft thresholding: the survivor was shrunk.",
        ),
        Mistake(
            "strict",
            lambda theta, t: np.where(np.abs(theta) > t, theta, 0.0),
            "An entry of exactly size t must stay.",
        ),
        Mistake(
            "no absolute value",
            lambda theta, t: np.where(theta >= t, theta, 0.0),
            "Large negative entries were dropped: compare their size.",
        ),
    ),
    hints=("Look at the size.", "Use np.abs.", "Use np.where(np.abs(theta) >= t, theta, 0)."),
    why="An entry is worth keeping or it is not;\n    its value does not change.",
)

BITS = Exercise(
    id="98.2",
    title="Bits of a choice",
    difficulty=1,
    minutes=2,
    reference=3.0,
    mistakes=(
        Mistake("nats", np.log(8), "That is in nats: use log2."),
        Mistake("count", 8, "That counts the choices, not the bits."),
        Mistake("natural base", 1 / 8, "That is the probability."),
    ),
    hints=("How many choices?", "Eight.", "Use log2."),
    why="Eight equal choices take log2(8) bits.",
)

EXERCISES = [KEEP, BITS]
