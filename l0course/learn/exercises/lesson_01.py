"""Exercises of lesson 01, description length."""

from __future__ import annotations

import math

import numpy as np

from l0course.codelength import support_bits
from l0course.learn.exercise import Exercise, Mistake

# --- 01.1: what a bit is --------------------------------------------------------------------------


def flag_bits(x: np.ndarray, q: float) -> float:
    ones = np.count_nonzero(x)
    return float(-ones * np.log2(q) - (len(x) - ones) * np.log2(1 - q))


def _entropy(x: np.ndarray, q: float) -> float:
    """Bits with the true frequency in the place of q."""
    p = np.mean(x)
    return len(x) * float(-p * np.log2(p) - (1 - p) * np.log2(1 - p))


FLAG_BITS = Exercise(
    id="01.1",
    title="The price of what happened",
    difficulty=1,
    minutes=5,
    reference=flag_bits,
    cases=(
        (np.array([1, 0, 0]), 0.25),
        (np.array([1, 1, 0, 1]), 0.5),
        (np.array([0, 0, 0, 0, 1]), 0.1),
        (np.array([1, 0, 1, 1, 1, 0, 1]), 0.9),
    ),
    mistakes=(
        Mistake(
            "nats",
            lambda x, q: math.log(2) * flag_bits(x, q),
            "That is the length in nats: you took the natural logarithm. A bit needs log2.",
        ),
        Mistake(
            "sign lost",
            lambda x, q: -flag_bits(x, q),
            "A length cannot be negative. The logarithm of a probability is: turn the sign.",
        ),
        Mistake(
            "only the ones",
            lambda x, q: float(-np.count_nonzero(x) * np.log2(q)),
            "You paid for the ones only. A zero had probability 1 - q, and it costs -log2(1 - q).",
        ),
        Mistake(
            "the true frequency",
            _entropy,
            "You used the frequency of ones in x. The receiver has been told q, and so both must "
            "work with q, right or wrong.",
        ),
        Mistake(
            "bits for each flag",
            lambda x, q: flag_bits(x, q) / len(x),
            "That is the mean. Wanted: the length of the whole message.",
        ),
        Mistake(
            "zeros and ones swapped",
            lambda x, q: flag_bits(1 - x, q),
            "q is the probability of a 1; you charged the zeros with it.",
        ),
    ),
    hints=(
        "An event of probability p costs -log2 p bits. Which probability did each flag have?",
        "A 1 had probability q, and a 0 had 1 - q. Add up the costs of all flags.",
        "With `ones = np.count_nonzero(x)`: -ones * log2(q) - (len(x) - ones) * log2(1 - q).",
    ),
    why="Probabilities of independent events multiply, so their code lengths add. The code is made "
    "for q. If q is wrong, likely events got long codes, and you pay for that.",
)

# --- 01.2: learn along ----------------------------------------------------------------------------


def learn_along(x: np.ndarray) -> float:
    bits, seen = 0.0, [0, 0]
    for t, flag in enumerate(x):
        bits -= math.log2((seen[flag] + 0.5) / (t + 1))
        seen[flag] += 1
    return bits


def _running(x: np.ndarray, start: float, peek: int = 0) -> float:
    """Learn along with `start` counts of each kind; peek = 1 counts the flag before coding it."""
    bits = 0.0
    for t, flag in enumerate(x):
        before = np.count_nonzero(x[: t + peek] == flag)
        bits -= math.log2((before + start) / (t + peek + 2 * start))
    return bits


LEARN_ALONG = Exercise(
    id="01.2",
    title="Learn along",
    difficulty=3,
    minutes=10,
    reference=learn_along,
    cases=(
        (np.array([1, 0]),),
        (np.array([1, 1, 1]),),
        (np.array([0, 1, 0, 0, 0, 1]),),
        (np.array([0, 0, 1, 1, 1, 1, 0, 1, 1, 0]),),
    ),
    mistakes=(
        Mistake(
            "peeked",
            lambda x: _running(x, 0.5, peek=1),
            "You counted the flag before you coded it. The receiver does not know it yet, so he "
            "could not read your file. First pay, then learn.",
        ),
        Mistake(
            "hindsight",
            lambda x: flag_bits(x, (np.count_nonzero(x) + 0.5) / (len(x) + 1)),
            "You used the counts of the whole sequence from the start. The receiver knows only "
            "what came before.",
        ),
        Mistake(
            "one in the place of a half",
            lambda x: _running(x, 1.0),
            "You started both counts at 1 (Laplace's rule). That works, but here each count starts "
            "at a half.",
        ),
        Mistake(
            "nats",
            lambda x: math.log(2) * learn_along(x),
            "That is the length in nats: you took the natural logarithm. A bit needs log2.",
        ),
        Mistake(
            "always the probability of a one",
            lambda x: -sum(math.log2((x[:t].sum() + 0.5) / (t + 1)) for t in range(len(x))),
            "You always paid for a 1. If the flag is a 0, its probability is that of a 0: "
            "(zeros so far + 1/2) / (t + 1).",
        ),
    ),
    hints=(
        "Go through the flags in order, and keep two counts: ones so far, zeros so far.",
        "For each flag: p = (times that this kind came before + 1/2) / (flags before + 1). Pay "
        "-log2 p. Only then count it.",
        "for t, flag in enumerate(x): bits -= log2((seen[flag] + 0.5) / (t + 1)); seen[flag] += 1.",
    ),
    why="Sender and receiver do the same arithmetic on the same past, so no number has to be sent. "
    "Half of the price of learning is paid in the first sqrt(n) flags, when the guess is bad. This "
    "rule is named after Krichevsky and Trofimov (1981); its half makes the worst case cheap.",
)

# --- 01.3 and 01.4: squared error as bits ---------------------------------------------------------


def bits_per_row(mse: float, sigma: float) -> float:
    return mse / (2 * sigma**2 * math.log(2)) + math.log2(sigma * math.sqrt(2 * math.pi))


BITS_PER_ROW = Exercise(
    id="01.3",
    title="Squared error in bits",
    difficulty=2,
    minutes=8,
    reference=bits_per_row,
    cases=((1.0, 1.0), (4.0, 1.0), (9.0, 2.0), (0.5, 3.0), (100.0, 7.0)),
    mistakes=(
        Mistake(
            "half nats, half bits",
            lambda mse, sigma: mse / (2 * sigma**2) + math.log2(sigma * math.sqrt(2 * math.pi)),
            "The first term is still in nats: log2(e^-z) is -z / ln 2.",
        ),
        Mistake(
            "nats",
            lambda mse, sigma: math.log(2) * bits_per_row(mse, sigma),
            "That is in nats. Divide by ln 2.",
        ),
        Mistake(
            "constant dropped",
            lambda mse, sigma: mse / (2 * sigma**2 * math.log(2)) + math.log2(sigma),
            "log2 sqrt(2 pi) is missing. It changes no comparison of models, but without it the "
            "number is not the length of a file.",
        ),
        Mistake(
            "variance not doubled",
            lambda mse, sigma: bits_per_row(2 * mse, sigma),
            "The exponent of the Gaussian is r^2 / (2 sigma^2): a factor 2 is missing.",
        ),
        Mistake(
            "sigma not squared",
            lambda mse, sigma: (
                mse / (2 * sigma * math.log(2)) + math.log2(sigma * math.sqrt(2 * math.pi))
            ),
            "The squared error is divided by sigma squared: bits have no unit.",
        ),
    ),
    hints=(
        "Write -log2 of the density at one residual r, then average over rows.",
        "-log2 of exp(-r^2 / (2 sigma^2)) is r^2 / (2 sigma^2 ln 2). The mean of r^2 is the MSE.",
        "mse / (2 * sigma**2 * log(2)) + log2(sigma * sqrt(2 * pi)).",
    ),
    why="The minus logarithm turns the Gaussian's exponent into a squared error with a price: "
    "1 / (2 sigma^2 ln 2) bits for each unit. The second term is the price of a wide code. So "
    "minimising squared error is minimising code length, and sigma is the rate of exchange.",
)

HALF_THE_ERROR = Exercise(
    id="01.4",
    title="Half of the error",
    difficulty=2,
    minutes=4,
    reference=0.5,
    same=lambda got, right: abs(float(got) - float(right)) < 0.005,
    mistakes=(
        Mistake(
            "half the deviation",
            1.0,
            "That is what half the *deviation* saves. Half the mean squared error is sqrt(1/2) of "
            "the deviation.",
        ),
        Mistake(
            "sign",
            -0.5,
            "Right, but for the sign: bits that are saved count as positive here.",
        ),
        Mistake(
            "nats",
            0.5 * math.log(2),
            "That is in nats. In bits it is a round number.",
        ),
        Mistake(
            "sigma not fitted again",
            0.25 / math.log(2),
            "That is the saving with the old sigma. Fit sigma again: it shrinks, too.",
        ),
        Mistake(
            "a share",
            50,
            "It is not a share of the bits. What remains of the formula if sigma^2 is the MSE?",
        ),
    ),
    hints=(
        "If sigma^2 = MSE, what is left of the first term of 01.3?",
        "The first term is 1 / (2 ln 2), whatever the MSE. Only log2 sigma changes.",
        "log2 sigma = log2(MSE) / 2, so half the MSE saves (log2 2) / 2.",
    ),
    why="With sigma fitted, the bits of a row are log2(MSE) / 2 plus a constant. So only the ratio "
    "of errors counts: each halving of the MSE saves half a bit a row, whether from 100 to 50 or "
    "from 0.02 to 0.01.",
)

# --- 01.5: a weight in b bits ---------------------------------------------------------------------


def cell(w: np.ndarray, b: int, span: float) -> np.ndarray:
    width = 2 * span / 2**b
    return np.clip(np.floor((w + span) / width), 0, 2**b - 1).astype(int)


def _cell(w: np.ndarray, width: float, span: float, top: float) -> np.ndarray:
    return np.clip(np.floor((w + span) / width), 0, top).astype(int)


CELL = Exercise(
    id="01.5",
    title="A weight in b bits",
    difficulty=3,
    minutes=10,
    reference=cell,
    cases=(
        (np.array([0.6, -0.6]), 1, 1.0),
        (np.array([-3.9, -0.1, 0.1, 3.9]), 2, 4.0),
        (np.array([-9.0, -4.0, 1.3, 3.0, 4.0, 9.0]), 3, 4.0),
        (np.array([[0.24, -0.77], [1.6, -2.3]]), 4, 2.0),
    ),
    mistakes=(
        Mistake(
            "not clipped",
            lambda w, b, span: np.floor((w + span) / (2 * span / 2**b)).astype(int),
            "Weights outside of [-span, span) got numbers that b bits cannot hold. They belong to "
            "the first or the last cell.",
        ),
        Mistake(
            "rounded",
            lambda w, b, span: np.clip(
                np.round((w + span) / (2 * span / 2**b)), 0, 2**b - 1
            ).astype(int),
            "You rounded to the nearest edge of a cell, which moves everything by half a cell. The "
            "cell that w lies in is found by rounding down.",
        ),
        Mistake(
            "one cell too many",
            lambda w, b, span: _cell(w, 2 * span / 2**b, span, 2**b),
            "The last cell has the number 2^b - 1, for the first one has 0.",
        ),
        Mistake(
            "half the range",
            lambda w, b, span: _cell(w, span / 2**b, span, 2**b - 1),
            "Your cells are half as wide as they should be. The range from -span to span is "
            "2 * span long.",
        ),
        Mistake(
            "one cell short",
            lambda w, b, span: _cell(w, 2 * span / (2**b - 1), span, 2**b - 1),
            "You made 2^b - 1 cells. b bits tell 2^b cells apart.",
        ),
        Mistake(
            "range from 0",
            lambda w, b, span: _cell(w + span, 2 * span / 2**b, 0.0, 2**b - 1) * (w >= 0),
            "All negative weights ended up in cell 0. The range starts at -span.",
        ),
    ),
    hints=(
        "How wide is a cell, if 2^b of them fill the range from -span to span?",
        "width = 2 * span / 2**b. The cell number of w is (w + span) / width, rounded down.",
        "np.clip(np.floor((w + span) / width), 0, 2**b - 1).astype(int).",
    ),
    why="b bits name one of 2^b cells, and the receiver takes the middle of the cell. The error is "
    "then at most half a cell, width^2 / 12 on average if w may be anywhere in it. One bit more "
    "halves the width: four times less squared error.",
)

# --- 01.6: the price of the place -----------------------------------------------------------------


def left_out(n: int, k: int, b: float) -> float:
    return support_bits(n, k) / (b * k)


LEFT_OUT = Exercise(
    id="01.6",
    title="The price of the place",
    difficulty=1,
    minutes=3,
    reference=left_out,
    cases=((10, 2, 8), (10, 9, 4), (1000, 100, 32), (50_610, 1_000, 32), (50_610, 1_000, 5)),
    mistakes=(
        Mistake(
            "log2 n for each weight",
            lambda n, k, b: math.log2(n) / b,
            "You sent each position by its number, log2 n bits. But the order of the k weights "
            "does not matter, and that makes a list of positions far too long.",
        ),
        Mistake(
            "share of the whole",
            lambda n, k, b: support_bits(n, k) / (b * k + support_bits(n, k)),
            "You divided by the whole message. The question is what comes on top: divide by the "
            "bits of the values alone.",
        ),
        Mistake(
            "one bit a weight",
            lambda n, k, b: n / (b * k),
            "You sent one bit for each of the n weights, live or not. log2 C(n, k) is less, unless "
            "half of them live.",
        ),
        Mistake(
            "nats",
            lambda n, k, b: math.log(2) * support_bits(n, k) / (b * k),
            "The positions are in nats: take log2 C(n, k). `support_bits` gives it.",
        ),
        Mistake(
            "bytes and bits mixed",
            lambda n, k, b: support_bits(n, k) / 8 / (b * k),
            "You divided bytes by bits: both are in bits here.",
        ),
    ),
    hints=(
        "How many bits are the k values? How many are the positions?",
        "The values are b * k bits, the positions log2 C(n, k): support_bits(n, k).",
        "support_bits(n, k) / (b * k).",
    ),
    why="There are C(n, k) ways to choose the live weights, so naming one takes log2 C(n, k) bits. "
    "For few live weights that is about log2(n / k) + 1.44 bits each. Against 32 bits a value it "
    "looks small; against honest values of 4 or 5 bits it does not.",
)

# --- 01.7: all models at once ---------------------------------------------------------------------


def mix(bits: np.ndarray) -> float:
    least = np.min(bits)
    return float(least - np.log2(np.sum(2.0 ** (least - bits))))


def _underflow(bits: np.ndarray) -> float:
    return float(-np.log2(np.sum(2.0**-bits)))


MIX = Exercise(
    id="01.7",
    title="All models at once",
    difficulty=4,
    minutes=10,
    reference=mix,
    cases=(
        (np.array([3.0, 3.0]),),
        (np.array([5.0]),),
        (np.array([10.0, 12.5, 11.0]),),
        (np.array([2000.0, 2001.0, 2010.0]),),
    ),
    mistakes=(
        Mistake(
            "underflow",
            _underflow,
            "Right in principle, but 2^-2000 is 0 on this machine. Take out the smallest length "
            "first: 2^-bits = 2^-least * 2^(least - bits).",
        ),
        Mistake(
            "the best model only",
            lambda bits: float(np.min(bits)),
            "That is the two-part code: it names one model. The mixture adds the probabilities of "
            "all of them, so it is shorter.",
        ),
        Mistake(
            "smallest length not put back",
            lambda bits: mix(bits) - np.min(bits),
            "You took the smallest length out, but did not add it again at the end.",
        ),
        Mistake(
            "mean of the probabilities",
            lambda bits: mix(bits) + np.log2(len(bits)),
            "You took the mean. The weights 2^-l are already in the totals: only add.",
        ),
        Mistake(
            "mean of the lengths",
            lambda bits: float(np.mean(bits)),
            "You averaged lengths. What adds up is probabilities: turn each length into 2^-length "
            "first.",
        ),
        Mistake(
            "nats",
            lambda bits: math.log(2) * mix(bits),
            "That is in nats: take log2 of the sum.",
        ),
    ),
    hints=(
        "A total of B bits stands for the probability 2^-B. Add the probabilities, and go back.",
        "-log2(sum of 2^-bits). But 2^-2000 underflows to 0.",
        "least = bits.min(); least - log2(sum of 2^(least - bits)).",
    ),
    why="l(m) + d(m) bits mean the probability 2^-l(m) * m(x). The sum over all models is at least "
    "its largest term, so the mixture never needs more bits than the best two-part code. It saves "
    "what naming one model among many equally good ones would waste.",
)

EXERCISES = [FLAG_BITS, LEARN_ALONG, BITS_PER_ROW, HALF_THE_ERROR, CELL, LEFT_OUT, MIX]
