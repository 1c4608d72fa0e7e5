"""Exercises of lesson 11: honest counts, choosing, and what a look at the test data costs."""

from __future__ import annotations

import math

import numpy as np
from scipy.stats import binom, norm

from l0course.learn.exercise import Exercise, Mistake

# --- 11.1: honest rates ---------------------------------------------------------------------------


def rates(dense: int, small: int, nonzero: int, file_bytes: int) -> tuple[float, float]:
    return dense / nonzero, 4 * dense / file_bytes


RATES = Exercise(
    id="11.1",
    title="Two honest rates",
    difficulty=1,
    minutes=4,
    reference=rates,
    cases=((50_610, 4_000, 600, 800), (2_260, 900, 190, 167), (431_080, 20_000, 1_132, 1_284)),
    mistakes=(
        Mistake(
            "the network after it shrank",
            lambda dense, small, nonzero, file_bytes: (small / nonzero, 4 * small / file_bytes),
            "You start from the network after neurons were cut out. What was compressed is the "
            "dense one.",
        ),
        Mistake(
            "weights by tensors",
            lambda dense, small, nonzero, file_bytes: (dense / small, 4 * dense / file_bytes),
            "You divide by the entries of the smaller tensors; many of these are 0. Divide by the "
            "weights that are not zero.",
        ),
        Mistake(
            "weights by bytes",
            lambda dense, small, nonzero, file_bytes: (dense / nonzero, dense / file_bytes),
            "Your second rate divides weights by bytes. A dense weight takes 4 bytes.",
        ),
        Mistake(
            "bits by bytes",
            lambda dense, small, nonzero, file_bytes: (dense / nonzero, 32 * dense / file_bytes),
            "Your second rate divides bits by bytes. Count both in bytes.",
        ),
        Mistake(
            "free positions",
            lambda dense, small, nonzero, file_bytes: (dense / nonzero, dense / nonzero),
            "Your second rate counts no file at all: the bytes say what positions and values cost.",
        ),
        Mistake(
            "the other way round",
            lambda dense, small, nonzero, file_bytes: (nonzero / dense, file_bytes / (4 * dense)),
            "You have what is left, not how many times smaller it is: turn both fractions over.",
        ),
    ),
    hints=(
        "Both rates compare with the same thing: the dense network.",
        "In weights: all entries of the dense network over those that are not zero.",
        "(dense / nonzero, 4 * dense / file_bytes)",
    ),
    why="A rate needs a fixed start, or cutting neurons out would make the same network look less "
    "compressed. And a rate in weights is not a rate in bytes: positions and values cost bits.",
)

# --- 11.2: the two-part total ---------------------------------------------------------------------


def two_part_total(file_bytes: int, probabilities: np.ndarray, labels: np.ndarray) -> float:
    given = probabilities[np.arange(len(labels)), labels]
    return 8 * file_bytes - float(np.log2(given).sum())


def _total(part=8, log=np.log2, gather=np.sum, pick=None):
    def wrong(file_bytes, probabilities, labels):
        rows = np.arange(len(labels))
        chosen = pick(probabilities) if pick else probabilities[rows, labels]
        return part * file_bytes - float(gather(log(chosen)))

    return wrong


def _answers(rng: np.random.Generator) -> list[tuple]:
    cases = []
    for n, classes in ((2, 2), (6, 3), (200, 10)):
        logits = 2 * rng.normal(size=(n, classes))
        p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        cases.append((int(rng.integers(10, 300)), p, rng.integers(classes, size=n)))
    return cases


TOTAL = Exercise(
    id="11.2",
    title="The whole message",
    difficulty=2,
    minutes=6,
    reference=two_part_total,
    cases=_answers,
    mistakes=(
        Mistake(
            "bytes and bits",
            _total(part=1),
            "You add bytes and bits. A byte of the file is 8 bits.",
        ),
        Mistake("nats", _total(log=np.log), "Your labels are in nats: bits need log2."),
        Mistake(
            "a mean",
            _total(gather=np.mean),
            "You charge the labels of one row, on average. All rows are sent: take the sum.",
        ),
        Mistake("a free model", _total(part=0), "The reader needs the file, too: add its bits."),
        Mistake(
            "its own favourite",
            _total(pick=lambda p: p.max(axis=1)),
            "You charge for the class that the model likes best. Charge for the label that came.",
        ),
        Mistake(
            "only the mistakes",
            lambda file_bytes, p, labels: (
                8 * file_bytes + math.log2(p.shape[1]) * float((p.argmax(axis=1) != labels).sum())
            ),
            "You charge for mistakes only. A right answer that was not sure costs bits as well.",
        ),
    ),
    hints=(
        "Two parts: the file in bits, and for each row the bits of the label that really came.",
        "What has probability p costs -log2 p bits. probabilities[np.arange(len(labels)), labels] "
        "are those of the labels.",
        "8 * file_bytes - np.log2(probabilities[np.arange(len(labels)), labels]).sum()",
    ),
    why="The receiver has the pictures. From the file it computes the same probabilities as the "
    "sender, and a range coder needs -log2 p for each label (lesson 06). A model is worth sending "
    "if it saves more bits of labels than it has itself.",
)

# --- 11.3: choose on validation data --------------------------------------------------------------


def choose(sizes: np.ndarray, validation: np.ndarray, rows: int) -> int:
    least = validation.min()
    good = np.flatnonzero(validation <= least + math.sqrt(least * (1 - least) / rows))
    return int(good[sizes[good].argmin()])


def _one_error(error=lambda p, n: math.sqrt(p * (1 - p) / n), pick=np.argmin, count=False):
    def wrong(sizes, validation, rows):
        good = np.flatnonzero(validation <= validation.min() + error(validation.min(), rows))
        place = int(pick(sizes[good]))
        return place if count else int(good[place])

    return wrong


_FOUND = (
    (np.array([167, 188, 208, 252]), np.array([0.060, 0.050, 0.040, 0.040]), 300),
    (np.array([252, 208, 188, 167]), np.array([0.040, 0.0401, 0.050, 0.090]), 300),
    (np.array([900, 300, 500, 200]), np.array([0.020, 0.024, 0.021, 0.200]), 1000),
    (np.array([800, 150, 400]), np.array([0.02, 0.31, 0.10]), 50),
    (np.array([310, 500, 280, 90]), np.array([0.100, 0.090, 0.104, 0.300]), 300),
)

CHOOSE = Exercise(
    id="11.3",
    title="One standard error",
    difficulty=2,
    minutes=6,
    reference=choose,
    cases=_FOUND,
    mistakes=(
        Mistake(
            "the best one",
            lambda sizes, validation, rows: int(validation.argmin()),
            "You took the least error. A smaller file may be as good, as far as these rows can "
            "tell.",
        ),
        Mistake(
            "any error",
            lambda sizes, validation, rows: int(sizes.argmin()),
            "You took the smallest file, however many mistakes it makes.",
        ),
        Mistake(
            "a variance",
            _one_error(error=lambda p, n: p * (1 - p) / n),
            "p (1 - p) / n is a variance. The standard error is its root.",
        ),
        Mistake(
            "the spread of one row",
            _one_error(error=lambda p, n: math.sqrt(p * (1 - p))),
            "That is the deviation of one answer. The mean of n answers deviates by sqrt(n) less.",
        ),
        Mistake(
            "counted among the good",
            _one_error(count=True),
            "Your index counts the good files only. Translate it back: good[...].",
        ),
        Mistake(
            "the largest",
            _one_error(pick=np.argmax),
            "You took the largest of the good files.",
        ),
    ),
    hints=(
        "The least error is itself uncertain. What is within one standard error of it is as good.",
        "The standard error of a share p among n rows is sqrt(p (1 - p) / n).",
        "good = np.flatnonzero(validation <= least + error), then good[sizes[good].argmin()].",
    ),
    why="Validation errors are noisy, and the very best of many was partly lucky. One standard "
    "error is a common allowance (Breiman et al. 1984): it buys a smaller file for a difference "
    "that the rows cannot see.",
)

# --- 11.4: the interval of an error ---------------------------------------------------------------

Z = float(norm.ppf(0.975))


def wilson(wrong: int, rows: int) -> tuple[float, float]:
    centre = wrong + Z**2 / 2
    half = Z * math.sqrt(wrong * (rows - wrong) / rows + Z**2 / 4)
    return (centre - half) / (rows + Z**2), (centre + half) / (rows + Z**2)


def _interval(z=Z, *, centre=0.5, over=1.0, inner=0.25):
    def wrong_interval(wrong, rows):
        middle = wrong + centre * z**2
        half = z * math.sqrt(wrong * (rows - wrong) / rows + inner * z**2)
        return (middle - half) / (rows + over * z**2), (middle + half) / (rows + over * z**2)

    return wrong_interval


WILSON = Exercise(
    id="11.4",
    title="The interval of an error",
    difficulty=3,
    minutes=10,
    reference=wilson,
    cases=((12, 400), (0, 400), (1, 20), (103, 10_000), (9, 10)),
    mistakes=(
        Mistake(
            "the textbook interval",
            _interval(centre=0, over=0, inner=0),
            "That is p ± z sqrt(p (1 - p) / n). For 0 mistakes it has no width at all, as if "
            "nothing could go wrong. Put the unknown p, not the measured one, under the root.",
        ),
        Mistake(
            "a rounded z",
            _interval(1.96),
            "Right, but for z = 1.96: the check needs more digits, 1.959964 (norm.ppf(0.975)).",
        ),
        Mistake(
            "one-sided",
            _interval(float(norm.ppf(0.95))),
            "Your z is 1.64, that of one side. Two sides of 2.5 % each need 1.959964.",
        ),
        Mistake(
            "not moved",
            _interval(centre=0),
            "Your middle is the measured share. It moves towards one half: wrong + z² / 2.",
        ),
        Mistake(
            "not divided",
            _interval(over=0),
            "Divide by rows + z², not by rows: at 0 of 400 the upper end is z² / (400 + z²).",
        ),
        Mistake(
            "z² under the root",
            _interval(inner=1.0),
            "Under the root stands z² / 4, a quarter of what you added.",
        ),
    ),
    hints=(
        "All p with |wrong - rows p| <= z sqrt(rows p (1 - p)) are in the interval. Square it: "
        "that is quadratic in p.",
        "(rows + z²) p² - (2 wrong + z²) p + wrong² / rows = 0.",
        "(wrong + z²/2 ± z sqrt(wrong (rows - wrong) / rows + z²/4)) / (rows + z²)",
    ),
    why="Wilson (1927) asks which true error rates would make this count unsurprising. The answer "
    "never leaves [0, 1], and 0 mistakes in 400 still allow a true error of 1 %. (The certificate "
    "uses the exact interval of Clopper and Pearson, which is a little wider.)",
)

# --- 11.5: the Pareto front -----------------------------------------------------------------------


def front(sizes: np.ndarray, errors: np.ndarray) -> np.ndarray:
    smaller = sizes[None, :] <= sizes[:, None]
    better = errors[None, :] <= errors[:, None]
    strictly = (sizes[None, :] < sizes[:, None]) | (errors[None, :] < errors[:, None])
    return ~(smaller & better & strictly).any(axis=1)


def _not_beaten(rule):
    def wrong(sizes, errors):
        s, e = (sizes[None, :], sizes[:, None]), (errors[None, :], errors[:, None])
        return ~rule(s, e).any(axis=1)

    return wrong


def _fronts(rng: np.random.Generator) -> list[tuple]:
    small = [
        (np.array([100, 200, 150]), np.array([9, 5, 9])),
        (np.array([100, 100, 200]), np.array([7, 5, 5])),
        (np.array([300, 200, 200]), np.array([4, 6, 6])),
    ]
    return small + [(rng.integers(0, 12, size=n), rng.integers(0, 12, size=n)) for n in (5, 12, 30)]


FRONT = Exercise(
    id="11.5",
    title="Nobody beats it in both",
    difficulty=3,
    minutes=8,
    reference=front,
    cases=_fronts,
    mistakes=(
        Mistake(
            "beaten by a tie",
            _not_beaten(lambda s, e: (s[0] < s[1]) & (e[0] < e[1])),
            "You only drop what is beaten in both. The same error in fewer bytes beats, too.",
        ),
        Mistake(
            "beaten by itself",
            _not_beaten(lambda s, e: (s[0] <= s[1]) & (e[0] <= e[1])),
            "Everything is at most as large and as wrong as itself. Ask for less in one of them.",
        ),
        Mistake(
            "beaten in one",
            _not_beaten(lambda s, e: (s[0] < s[1]) | (e[0] < e[1])),
            "You drop what somebody beats in one of the two. That is how the others got there.",
        ),
        Mistake(
            "the smallest of all",
            lambda sizes, errors: sizes == sizes.min(),
            "You kept the smallest files only. One with fewer mistakes is on the front as well.",
        ),
        Mistake(
            "who is beaten",
            lambda sizes, errors: ~front(sizes, errors),
            "You marked those that are beaten. Asked for: those that are not.",
        ),
    ),
    hints=(
        "For each file ask of every other: at most as large, at most as wrong, and less of one?",
        "sizes[None, :] <= sizes[:, None] compares every pair: row i is about file i.",
        "~(smaller & better & strictly).any(axis=1)",
    ),
    why="Bytes and mistakes are two currencies, and nobody has told the rate. What is beaten in "
    "both nobody wants; the rest is a matter of taste. Twins both stay: neither is less in any.",
)

# --- 11.6: luck -----------------------------------------------------------------------------------


def luck(wrong: int, rows: int, error: float, looks: int) -> float:
    return float(1 - (1 - binom.cdf(wrong, rows, error)) ** looks)


LUCK = Exercise(
    id="11.6",
    title="The best of many looks",
    difficulty=3,
    minutes=8,
    reference=luck,
    cases=((8, 400, 0.04, 1), (8, 400, 0.04, 20), (11, 400, 0.04, 100), (0, 3, 0.5, 2)),
    mistakes=(
        Mistake(
            "all of them",
            lambda wrong, rows, error, looks: float(binom.cdf(wrong, rows, error) ** looks),
            "That is the chance that ALL models look so good. One is enough.",
        ),
        Mistake(
            "one of them",
            lambda wrong, rows, error, looks: float(binom.cdf(wrong, rows, error)),
            "That is the chance for a single look. The best of several is luckier.",
        ),
        Mistake(
            "times looks",
            lambda wrong, rows, error, looks: float(looks * binom.cdf(wrong, rows, error)),
            "Adding up chances counts it twice when two models are lucky, and can exceed 1.",
        ),
        Mistake(
            "fewer than",
            lambda wrong, rows, error, looks: float(
                1 - (1 - binom.cdf(wrong - 1, rows, error)) ** looks
            ),
            "At most `wrong` includes `wrong` itself: cdf(wrong), not cdf(wrong - 1).",
        ),
        Mistake(
            "none of them",
            lambda wrong, rows, error, looks: float((1 - binom.cdf(wrong, rows, error)) ** looks),
            "That is the chance that NO model looks so good. Take it from 1.",
        ),
    ),
    hints=(
        "First one model: the chance of at most `wrong` mistakes in `rows` is binom.cdf.",
        "The best is at most `wrong` unless every one of them is above.",
        "1 - (1 - binom.cdf(wrong, rows, error)) ** looks",
    ),
    why="Nobody learnt anything, and the best of many looks better than it is. The remedy is to "
    "choose on validation data, look at the test data once, and say how often you looked.",
)

EXERCISES = [RATES, TOTAL, CHOOSE, WILSON, FRONT, LUCK]
