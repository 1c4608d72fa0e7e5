"""Exercises of lesson 08, compressing text."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np

from l0course.learn.exercise import Exercise, Mistake

# --- 08.1: the floor ------------------------------------------------------------------------------


def entropy_rate(table: np.ndarray, share: np.ndarray) -> float:
    return float(-(share[:, None] * table * np.log2(table)).sum())


def _of_the_letters(table: np.ndarray, share: np.ndarray) -> float:
    """Entropy of the next letter for someone who does not look at the memory."""
    p = share @ table
    return float(-(p * np.log2(p)).sum())


_COIN = np.array([[0.5, 0.5], [0.25, 0.75]])
_THREE = np.array([[0.8, 0.1, 0.1], [0.2, 0.5, 0.3], [0.1, 0.3, 0.6]])

FLOOR = Exercise(
    id="08.1",
    title="The floor",
    difficulty=2,
    minutes=6,
    reference=entropy_rate,
    cases=(
        (np.array([[0.5, 0.5]]), np.array([1.0])),
        (_COIN, np.array([1 / 3, 2 / 3])),
        (_THREE, np.array([0.5, 0.3, 0.2])),
        (np.array([[0.9, 0.05, 0.05], [0.1, 0.1, 0.8]]), np.array([0.75, 0.25])),
    ),
    mistakes=(
        Mistake(
            "all memories alike",
            lambda table, share: entropy_rate(table, np.full(len(share), 1 / len(share))),
            "You took the plain mean over the memories. A memory that occurs often counts often: "
            "weight it with its share.",
        ),
        Mistake(
            "the memory forgotten",
            _of_the_letters,
            "That is the entropy of the letters alone, of someone who does not look at what came "
            "before. Take the entropy of each row, then the mean of the entropies.",
        ),
        Mistake(
            "nats",
            lambda table, share: math.log(2) * entropy_rate(table, share),
            "That is in nats: you took the natural logarithm. Bits need log2.",
        ),
        Mistake(
            "sign",
            lambda table, share: -entropy_rate(table, share),
            "The logarithm of a probability is negative, a code length is not: turn the sign.",
        ),
        Mistake(
            "every letter alike",
            lambda table, share: float(-(share[:, None] * np.log2(table)).sum() / table.shape[1]),
            "You averaged -log2 p over the letters as if all came equally often. The letter with "
            "probability p comes with probability p: weight it with that.",
        ),
    ),
    hints=(
        "After one memory, the next letter costs -log2 p with probability p. What is the mean?",
        "The entropy of a row is -sum p log2 p. Then average the rows, each with its share.",
        "-(share[:, None] * table * np.log2(table)).sum().",
    ),
    why="Each letter costs -log2 of its probability, and comes with that probability. The mean "
    "over letters is the entropy of one row, and the mean over memories weights the rows as they "
    "occur. No code is shorter on average (Shannon 1948), for any other code gives some letter a "
    "longer word than its probability deserves.",
)

# --- 08.2: counts with a memory -------------------------------------------------------------------


def _counted(
    x: np.ndarray, order: int, letters: int, *, start: float = 0.5, peek: bool = False
) -> np.ndarray:
    """Bits of each letter by counts, each of which starts at `start`."""
    follow, visits, bits = Counter(), Counter(), []
    memory = (0,) * order
    for letter in x.tolist():
        follow[memory, letter] += peek
        visits[memory] += peek
        bits.append(
            -math.log2((follow[memory, letter] + start) / (visits[memory] + start * letters))
        )
        follow[memory, letter] += not peek
        visits[memory] += not peek
        memory = (*memory, letter)[1:]
    return np.array(bits)


def count_bits(x: np.ndarray, order: int, letters: int) -> np.ndarray:
    follow, visits, bits = Counter(), Counter(), []
    memory = (0,) * order
    for letter in x.tolist():
        p = (follow[memory, letter] + 1 / 2) / (visits[memory] + letters / 2)
        bits.append(-math.log2(p))
        follow[memory, letter] += 1
        visits[memory] += 1
        memory = (*memory, letter)[1:]
    return np.array(bits)


def _hindsight(x: np.ndarray, order: int, letters: int) -> np.ndarray:
    """Each letter by the counts of the whole text."""
    padded = [0] * order + x.tolist()
    pairs = [(tuple(padded[t : t + order]), padded[t + order]) for t in range(len(x))]
    follow, visits = Counter(pairs), Counter(memory for memory, _ in pairs)
    p = [(follow[pair] + 1 / 2) / (visits[pair[0]] + letters / 2) for pair in pairs]
    return -np.log2(p)


def _one_half_in_all(x: np.ndarray, order: int, letters: int) -> np.ndarray:
    """The half in the numerator only."""
    follow, visits, bits = Counter(), Counter(), []
    memory = (0,) * order
    for letter in x.tolist():
        bits.append(-math.log2((follow[memory, letter] + 1 / 2) / (visits[memory] + 1)))
        follow[memory, letter] += 1
        visits[memory] += 1
        memory = (*memory, letter)[1:]
    return np.array(bits)


COUNTS = Exercise(
    id="08.2",
    title="Counts with a memory",
    difficulty=3,
    minutes=12,
    reference=count_bits,
    cases=(
        (np.array([0, 1, 0, 1]), 1, 3),
        (np.array([2, 2, 1, 2, 2]), 0, 3),
        (np.array([1, 0, 1, 1, 0, 1, 1, 0, 1, 0]), 2, 3),
        (np.array([4, 1, 4, 1, 0, 3, 4, 1, 4, 1, 0, 3, 2]), 3, 5),
    ),
    mistakes=(
        Mistake(
            "peeked",
            lambda x, order, letters: _counted(x, order, letters, peek=True),
            "You counted the letter before you coded it. The receiver does not know it yet. First "
            "pay, then learn.",
        ),
        Mistake(
            "hindsight",
            _hindsight,
            "You used the counts of the whole text from its start. The receiver knows only what "
            "came before.",
        ),
        Mistake(
            "the memory forgotten",
            lambda x, order, letters: count_bits(x, 0, letters),
            "Your counts are the same after every memory. Each memory has counts of its own.",
        ),
        Mistake(
            "one in the place of a half",
            lambda x, order, letters: _counted(x, order, letters, start=1.0),
            "You started each count at 1 (Laplace's rule). Here each starts at a half.",
        ),
        Mistake(
            "probabilities that do not sum to 1",
            _one_half_in_all,
            "Each of the `letters` counts starts at a half, so their sum starts at letters / 2. "
            "With less than that below the line, the probabilities sum to more than 1.",
        ),
        Mistake(
            "nats",
            lambda x, order, letters: math.log(2) * count_bits(x, order, letters),
            "That is in nats: you took the natural logarithm. Bits need log2.",
        ),
    ),
    hints=(
        "Keep two tables of counts: how often a letter followed a memory, and how often the memory "
        "occurred. A Counter with tuples as keys will do.",
        "For each letter: p = (follow[memory, letter] + 1/2) / (visits[memory] + letters/2). Note "
        "-log2 p. Only then add 1 to both counts, and shift the memory.",
        "The memory starts as (0,) * order; after each letter, memory = (*memory, letter)[1:].",
    ),
    why="The receiver counts along, so no table is sent. Each memory is a small text of its own, "
    "with the rule of lesson 01: Krichevsky and Trofimov's halves. The more memories there are, "
    "the fewer letters each of them has to learn from.",
)

# --- 08.3: the price of a text that is ten times longer -------------------------------------------

_PARAMETERS = 64 * 7

LONGER = Exercise(
    id="08.3",
    title="Ten times the text",
    difficulty=2,
    minutes=5,
    reference=_PARAMETERS / 2 * math.log2(10),
    same=lambda got, right: abs(float(got) - float(right)) <= 1,
    mistakes=(
        Mistake(
            "eight in the place of seven",
            64 * 8 / 2 * math.log2(10),
            "Eight probabilities that sum to 1 are seven numbers: the last one follows.",
        ),
        Mistake(
            "no half",
            _PARAMETERS * math.log2(10),
            "A number that n letters can teach is worth half of log2 n: it is known to 1 / "
            "sqrt(n).",
        ),
        Mistake(
            "one memory",
            7 / 2 * math.log2(10),
            "That is for one memory. There are 64 of them, each with its own probabilities.",
        ),
        Mistake(
            "nats",
            _PARAMETERS / 2 * math.log(10),
            "That is in nats: take log2.",
        ),
        Mistake(
            "bytes",
            _PARAMETERS / 16 * math.log2(10),
            "That is in bytes. The question is for bits.",
        ),
        Mistake(
            "ten times the price",
            10 * _PARAMETERS / 2,
            "The price of learning grows with the logarithm of the text, not with the text.",
        ),
    ),
    hints=(
        "How many free numbers has a table of 64 rows with 8 probabilities each?",
        "64 * 7 = 448 numbers, each for half of log2 n bits. What does n -> 10 n add?",
        "448 / 2 * log2(10).",
    ),
    why="log2(10 n) = log2 n + log2 10, so each of the 448 numbers costs 1.66 bits more, whatever "
    "n was. Ten times the text is a little more to learn, and ten times as much to win by it.",
)

# --- 08.4: whole numbers --------------------------------------------------------------------------


def whole(p: np.ndarray, total: int) -> np.ndarray:
    parts = 1 + np.floor(p * (total - len(p))).astype(int)
    parts[np.argmax(p)] += total - parts.sum()
    return parts


def _floored(p: np.ndarray, total: int) -> np.ndarray:
    parts = np.floor(p * total).astype(int)
    parts[np.argmax(p)] += total - parts.sum()
    return parts


def _leftover_to(p: np.ndarray, total: int, where: int) -> np.ndarray:
    parts = 1 + np.floor(p * (total - len(p))).astype(int)
    parts[where] += total - parts.sum()
    return parts


WHOLE = Exercise(
    id="08.4",
    title="Parts of a whole",
    difficulty=3,
    minutes=8,
    reference=whole,
    cases=(
        (np.array([0.5, 0.5]), 16),
        (np.array([0.3, 0.6, 0.1]), 16),
        (np.array([0.2, 0.0, 0.7999, 0.0001]), 64),
        (np.array([0.15, 0.15, 0.3, 0.15, 0.25]), 1000),
    ),
    mistakes=(
        Mistake(
            "zeros",
            _floored,
            "A letter got the part 0. Should it come nevertheless, it cannot be coded at all: "
            "every letter needs at least 1.",
        ),
        Mistake(
            "the sum is lost",
            lambda p, total: np.maximum(1, np.round(p * total)).astype(int),
            "Rounded by itself, each part is as near as it can be, but together they are not "
            "`total`. The coder's interval would have a gap, or two letters in one place.",
        ),
        Mistake(
            "what was left over",
            lambda p, total: 1 + np.floor(p * (total - len(p))).astype(int),
            "Rounding down left something over, and nobody got it. Give it to the most probable "
            "letter, so that the sum is `total`.",
        ),
        Mistake(
            "to the first",
            lambda p, total: _leftover_to(p, total, 0),
            "You gave what was left over to the first letter, whatever its probability. The most "
            "probable one should have it: there it changes least.",
        ),
        Mistake(
            "to the last",
            lambda p, total: _leftover_to(p, total, -1),
            "You gave what was left over to the last letter, whatever its probability. The most "
            "probable one should have it: there it changes least.",
        ),
    ),
    hints=(
        "Give every letter 1 first. How much is left to share out?",
        "Share out total - len(p) in proportion to p, rounded down. Who gets what remains?",
        "parts = 1 + floor(p * (total - len(p))); parts[argmax(p)] += total - parts.sum().",
    ),
    why="The coder cuts an interval into `total` equal slots. A letter without a slot could never "
    "be sent, and slots that overlap could not be told apart. Of the many ways to round, both "
    "sides must take the same one. It hardly matters for the length: with 2^20 slots the loss is "
    "far below a thousandth of a bit.",
)

# --- 08.5: mixing ---------------------------------------------------------------------------------


def mix(weights: np.ndarray, p: np.ndarray, bit: int, rate: float) -> tuple[float, np.ndarray]:
    stretched = np.log(p / (1 - p))
    mixed = 1 / (1 + np.exp(-(weights @ stretched)))
    return mixed, weights + rate * (bit - mixed) * stretched


def _mixed_with(update):
    """The right mixture, with another change of the weights."""

    def wrong(weights, p, bit, rate):
        mixed, _ = mix(weights, p, bit, rate)
        return mixed, weights + update(p, bit - mixed, rate)

    return wrong


def _straight(weights, p, bit, rate):
    mixed = weights @ p / weights.sum()
    return mixed, weights + rate * (bit - mixed) * np.log(p / (1 - p))


def _learnt_first(weights, p, bit, rate):
    _, after = mix(weights, p, bit, rate)
    return mix(after, p, bit, rate)[0], after


MIX = Exercise(
    id="08.5",
    title="Mix and learn",
    difficulty=4,
    minutes=12,
    reference=mix,
    cases=(
        (np.array([1.0]), np.array([0.8]), 1, 0.1),
        (np.array([0.5, 0.5]), np.array([0.9, 0.6]), 1, 0.1),
        (np.array([0.3, 0.7, 0.2]), np.array([0.99, 0.5, 0.2]), 0, 0.02),
        (np.array([1.2, -0.1]), np.array([0.001, 0.7]), 0, 0.5),
    ),
    mistakes=(
        Mistake(
            "straight average",
            _straight,
            "You averaged the probabilities. Then a model that is almost sure is drowned by one "
            "that knows nothing. Average the stretched ones, ln(p / (1 - p)), and squash the sum.",
        ),
        Mistake(
            "downhill turned uphill",
            _mixed_with(lambda p, error, rate: -rate * error * np.log(p / (1 - p))),
            "Your weights move away from those who were right. A 1 came: who said 'likely' gains.",
        ),
        Mistake(
            "the raw probability",
            _mixed_with(lambda p, error, rate: rate * error * p),
            "In the change of the weights stands the raw p. What the weights multiply is the "
            "stretched one; so that is what the gradient holds.",
        ),
        Mistake(
            "learnt first",
            _learnt_first,
            "You changed the weights before you gave the probability. The receiver does not know "
            "the bit yet. First pay, then learn.",
        ),
        Mistake(
            "the size of the error",
            _mixed_with(lambda p, error, rate: rate * np.sign(error) * np.log(p / (1 - p))),
            "You used only the sign of the error. A prediction that was nearly right should hardly "
            "change anything.",
        ),
        Mistake(
            "weights squeezed",
            lambda weights, p, bit, rate: mix(weights / weights.sum(), p, bit, rate),
            "You made the weights sum to 1. They need not: models that each see another reason to "
            "say yes may be added up.",
        ),
    ),
    hints=(
        "stretch(p) = ln(p / (1 - p)), and squash(s) = 1 / (1 + exp(-s)) undoes it.",
        "mixed = squash(weights @ stretch(p)). The gradient of -ln(probability of the bit) with "
        "respect to the weights is -(bit - mixed) * stretch(p).",
        "return mixed, weights + rate * (bit - mixed) * stretched.",
    ),
    why="This is logistic regression on the opinions of others, learnt one bit at a time. "
    "Stretched, 'almost sure' is a large number and 'no idea' is 0, so who has no idea is not "
    "heard. The loss is convex in the weights, and online gradient descent stays close to the "
    "best fixed weights.",
)

# --- 08.6 and 08.7: iso-lines and the strength ----------------------------------------------------


def iso_loss(total: float, model: float, n: int) -> float:
    return 8 * math.log(2) * (total - model) / n


ISO = Exercise(
    id="08.6",
    title="Lines of equal length",
    difficulty=2,
    minutes=6,
    reference=iso_loss,
    cases=(
        (1000.0, 0.0, 4000),
        (1000.0, 400.0, 4000),
        (60_000.0, 25_000.0, 240_000),
        (971e6, 139e6, 6_159_990_784),
    ),
    mistakes=(
        Mistake(
            "bits",
            lambda total, model, n: iso_loss(total, model, n) / math.log(2),
            "That is in bits a byte. The loss of a network is in nats: times ln 2.",
        ),
        Mistake(
            "bytes for bits",
            lambda total, model, n: iso_loss(total, model, n) / 8,
            "The rest of the file is counted in bytes, the loss by bits (or nats): a factor 8.",
        ),
        Mistake(
            "the model forgotten",
            lambda total, model, n: iso_loss(total, 0, n),
            "You gave all of the file to the text. The model takes its part first.",
        ),
        Mistake(
            "the model twice",
            lambda total, model, n: iso_loss(total, -model, n),
            "You added the model's bytes. What is left for the text is the total less the model.",
        ),
        Mistake(
            "of the whole text",
            lambda total, model, n: iso_loss(total, model, n) * n,
            "That is the loss of the whole text. The loss that training prints is per byte.",
        ),
    ),
    hints=(
        "How many bytes of the file are left for the text? How many bits are they?",
        "8 * (total - model) bits for n bytes of text. And a nat is 1 / ln 2 bits.",
        "8 * log(2) * (total - model) / n.",
    ),
    why="All models on one line give files of the same length, so they are equally good. The line "
    "falls by 8 ln 2 / n for each byte of the model: the longer the text, the flatter the lines, "
    "and the more a small gain in loss may cost.",
)


def best_alpha(b: float, n: int) -> float:
    return b * math.log(2) / n


ALPHA = Exercise(
    id="08.7",
    title="The strength that bits predict",
    difficulty=3,
    minutes=6,
    reference=best_alpha,
    cases=((8.0, 1000), (32.0, 6_159_990_784), (12.5, 240_000), (6.0, 2_378_130)),
    mistakes=(
        Mistake(
            "nats and bits mixed",
            lambda b, n: b / n,
            "The loss is in nats and the price in bits. One bit is ln 2 nats.",
        ),
        Mistake(
            "the wrong way round",
            lambda b, n: b / (n * math.log(2)),
            "You divided by ln 2. From bits to nats one multiplies: a bit is the smaller unit.",
        ),
        Mistake(
            "the whole text",
            lambda b, n: b * math.log(2),
            "That is for the sum of the losses. The training loss is the mean over n bytes.",
        ),
        Mistake(
            "squared error",
            lambda b, n: 2 * b * math.log(2) / n,
            "The 2 belongs to the squared error of lesson 01, where alpha = 2 sigma^2 ln 2 b / n. "
            "A cross-entropy is a code length already.",
        ),
        Mistake(
            "bits of the text",
            lambda b, n: b * math.log(2) / (8 * n),
            "You divided by the bits of the text. The loss is per byte.",
        ),
    ),
    hints=(
        "Write the length of the file in bits: the text, at the mean loss L in nats, and l0 "
        "weights at b bits.",
        "n L / ln 2 + b l0. Divide it so that L stands alone.",
        "Times ln 2 / n: L + (b ln 2 / n) l0.",
    ),
    why="Training minimises L + alpha l0, and the file has n L / ln 2 + b l0 bits. They are the "
    "same, up to a factor, if alpha = b ln 2 / n. Twice the text makes each weight half as dear: "
    "large texts deserve large models.",
)

EXERCISES = [FLOOR, COUNTS, LONGER, WHOLE, MIX, ISO, ALPHA]
