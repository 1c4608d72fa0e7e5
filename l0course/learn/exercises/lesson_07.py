"""Exercises of lesson 07, sample efficiency."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import logsumexp
from scipy.stats import binomtest, ttest_rel, wilcoxon

from l0course.learn.exercise import Exercise, Mistake

# --- 07.1: many students at once ------------------------------------------------------------------


def layer_many(W: np.ndarray, b: np.ndarray, h: np.ndarray) -> np.ndarray:
    return h @ W.swapaxes(1, 2) + b[:, None, :]


def _layer_cases(generator: np.random.Generator) -> list[tuple]:
    """Rows for all students alike, and rows of their own; no two sizes are equal."""
    cases = []
    for shape in [(3, 4), (2, 3, 4)]:
        W, b, h = (generator.integers(-3, 4, s) / 2 for s in [(2, 5, 4), (2, 5), shape])
        cases.append((W, b, h))
    return [(np.array([[[1.0, 2.0]], [[0.0, -1.0]]]), np.array([[0.5], [1.0]]), np.eye(2)), *cases]


LAYER_MANY = Exercise(
    id="07.1",
    title="One layer of many students",
    difficulty=2,
    minutes=8,
    reference=layer_many,
    cases=_layer_cases,
    mistakes=(
        Mistake(
            "bias forgotten",
            lambda W, b, h: h @ W.swapaxes(1, 2),
            "The biases are missing: b has shape (R, out), one bias for each neuron of each "
            "student.",
        ),
        Mistake(
            "first student for all",
            lambda W, b, h: h @ W[:1].swapaxes(1, 2) + np.zeros((len(W), 1, 1)) + b[0],
            "All students gave the answers of the first one. Each has its own W[r] and b[r].",
        ),
        Mistake(
            "biases of the first student",
            lambda W, b, h: h @ W.swapaxes(1, 2) + b[0],
            "The weights are right, but all students got the biases of the first one. b[:, None, "
            ":] has shape (R, 1, out), and each student keeps its own.",
        ),
        Mistake(
            "rows last",
            lambda W, b, h: (h @ W.swapaxes(1, 2) + b[:, None, :]).swapaxes(1, 2),
            "The numbers are right, and the axes are not: rows come before outputs, (R, n, out).",
        ),
        Mistake(
            "averaged",
            lambda W, b, h: (h @ W.swapaxes(1, 2) + b[:, None, :]).mean(axis=0),
            "You averaged over the students. They never meet: keep the axis R.",
        ),
    ),
    hints=(
        "For one student it is h @ W.T + b, with shapes (n, in) @ (in, out) + (out,).",
        "The @ of NumPy takes leading axes along: (n, in) @ (R, in, out) gives (R, n, out). Turn "
        "the last two axes of W with W.swapaxes(1, 2).",
        "h @ W.swapaxes(1, 2) + b[:, None, :]",
    ),
    why="The leading axis goes along untouched: student r sees only W[r] and b[r]. So one call "
    "does the work of R, and the processor spends its time on arithmetic, not on starting calls. "
    "`train_many` is this line, its gradient, and Adam, with R = 150.",
)

# --- 07.2: honest selection -----------------------------------------------------------------------


def honest(validation: np.ndarray, test: np.ndarray) -> np.ndarray:
    chosen = validation.argmin(axis=0)
    return test[chosen, np.arange(test.shape[1])]


HONEST = Exercise(
    id="07.2",
    title="Honest selection",
    difficulty=2,
    minutes=6,
    reference=honest,
    cases=(
        (np.array([[3.0, 1.0], [2.0, 4.0]]), np.array([[2.5, 2.0], [3.0, 1.5]])),
        (
            np.array([[5.0, 2.0, 9.0], [4.0, 3.0, 6.0], [4.5, 2.5, 6.5], [7.0, 8.0, 7.0]]),
            np.array([[4.4, 2.2, 8.0], [4.3, 2.9, 6.6], [4.2, 2.1, 6.1], [7.1, 1.9, 5.0]]),
        ),
    ),
    mistakes=(
        Mistake(
            "chose on test",
            lambda validation, test: test.min(axis=0),
            "You took the smallest test error of each seed, so the test data made the choice. "
            "Such a number is too good: nobody knows the test data beforehand.",
        ),
        Mistake(
            "reported validation",
            lambda validation, test: validation.min(axis=0),
            "You reported the validation error itself. It is the smallest of many, so luck has "
            "chosen it too. Choose with it, and report the test error of the chosen one.",
        ),
        Mistake(
            "one strength for all",
            lambda validation, test: test[validation.mean(axis=1).argmin()],
            "You chose one strength for all seeds, by the mean. A person with one data set sees "
            "one seed only: choose for each seed apart.",
        ),
        Mistake(
            "best median on test",
            lambda validation, test: test[np.median(test, axis=1).argmin()],
            "You took the strength with the least median test error. That describes the curve. It "
            "is not a choice that a person could have made.",
        ),
        Mistake(
            "the strengths themselves",
            lambda validation, test: validation.argmin(axis=0),
            "Those are the chosen strengths (their places). Look up their test errors.",
        ),
        Mistake(
            "one number",
            lambda validation, test: honest(validation, test).mean(),
            "You averaged. Return one test error for each seed, shape (S,): the spread matters.",
        ),
    ),
    hints=(
        "For each seed (a column): which strength has the smallest validation error?",
        "validation.argmin(axis=0) gives one place for each seed.",
        "test[chosen, np.arange(S)] takes the entry in row chosen[s] and column s, for each s.",
    ),
    why="The validation data choose, the test data judge. Taking the smallest of 15 test errors "
    "would report luck as skill: exactly the luck that a person with one data set does not have.",
)

# --- 07.3: a paired test --------------------------------------------------------------------------


def sign_test(a: np.ndarray, b: np.ndarray) -> float:
    wins, losses = (a < b).sum(), (a > b).sum()
    return binomtest(wins, wins + losses).pvalue


def _unpaired(a: np.ndarray, b: np.ndarray) -> float:
    return binomtest((a < np.median(b)).sum(), len(a)).pvalue


SIGN_TEST = Exercise(
    id="07.3",
    title="Ten pairs, one question",
    difficulty=2,
    minutes=8,
    reference=sign_test,
    cases=(
        (np.array([1.0, 2, 3, 4, 5]), np.array([1.5, 2.7, 3.1, 4.4, 4.8])),
        (np.array([2.0, 2, 3, 1, 1, 6]), np.array([2.0, 3, 4.5, 5, 4, 7.2])),
        (np.array([4.0, 1, 7, 3, 2, 9, 5]), np.array([1.0, 2, 5.5, 2.6, 3, 1, 4.2])),
    ),
    mistakes=(
        Mistake(
            "one-sided",
            lambda a, b: binomtest((a < b).sum(), (a != b).sum(), alternative="greater").pvalue,
            "That is the one-sided test. We would have been surprised by many losses too, so both "
            "sides count.",
        ),
        Mistake(
            "ties count",
            lambda a, b: binomtest((a < b).sum(), len(a)).pvalue,
            "A tie says nothing about who is better, and you counted it as a loss. Leave ties out.",
        ),
        Mistake(
            "exactly so many",
            lambda a, b: (
                math.comb(int((a != b).sum()), int((a < b).sum())) / 2 ** int((a != b).sum())
            ),
            "That is the chance of exactly so many wins. A p-value asks for a result at least as "
            "uneven, on either side: add up the tails.",
        ),
        Mistake(
            "not paired",
            _unpaired,
            "You compared each a with the median of b. The pairs share their data: compare a[i] "
            "with b[i].",
        ),
        Mistake(
            "t-test",
            lambda a, b: ttest_rel(a, b).pvalue,
            "That is the paired t-test. It uses the sizes of the differences, and assumes that "
            "they are Gaussian. Here only their signs count.",
        ),
        Mistake(
            "Wilcoxon",
            lambda a, b: wilcoxon(a, b).pvalue,
            "That is Wilcoxon's signed-rank test, which comes next. It ranks the sizes of the "
            "differences. Here only their signs count.",
        ),
    ),
    hints=(
        "If neither is better, each pair is a fair coin: a wins with probability 1/2.",
        "Count wins and losses and leave ties out. How likely is a result as uneven as this, or "
        "more, on either side?",
        "scipy.stats.binomtest(wins, wins + losses).pvalue is two-sided with a fair coin.",
    ),
    why="Without a difference, wins are as likely as losses, and the number of wins has a binomial "
    "distribution with p = 1/2. Nothing is assumed about the sizes of the errors. Pairing removes "
    "what both share: a hard data set is hard for both.",
)

# --- 07.4: MDL's strength -------------------------------------------------------------------------


def mdl_strength(sigma: float, b: float, n: int) -> float:
    return 2 * sigma**2 * math.log(2) * b / n


MDL_STRENGTH = Exercise(
    id="07.4",
    title="The price of a weight",
    difficulty=3,
    minutes=10,
    reference=mdl_strength,
    cases=((0.08, 32, 300), (0.5, 8, 30), (2.0, 5.5, 2000), (0.1, 0, 10)),
    mistakes=(
        Mistake(
            "nats",
            lambda sigma, b, n: 2 * sigma**2 * b / n,
            "The factor ln 2 is missing: b counts bits, and the exponent of the Gaussian counts "
            "nats. One bit is ln 2 nats.",
        ),
        Mistake(
            "ln 2 upside down",
            lambda sigma, b, n: 2 * sigma**2 * b / (n * math.log(2)),
            "You divided by ln 2. The data cost n MSE / (2 sigma^2 ln 2) bits; multiplied up, ln 2 "
            "stands beside b.",
        ),
        Mistake(
            "factor 2",
            lambda sigma, b, n: sigma**2 * math.log(2) * b / n,
            "The factor 2 is missing: the Gaussian's exponent is r^2 / (2 sigma^2).",
        ),
        Mistake(
            "not divided by n",
            lambda sigma, b, n: 2 * sigma**2 * math.log(2) * b,
            "You gave n times alpha. The training loss is a mean over n rows, and the bits are a "
            "sum: divide by n.",
        ),
        Mistake(
            "sigma not squared",
            lambda sigma, b, n: 2 * sigma * math.log(2) * b / n,
            "Square sigma: MSE and alpha have the unit of y squared.",
        ),
        Mistake(
            "multiplied by n",
            lambda sigma, b, n: 2 * sigma**2 * math.log(2) * b * n,
            "You multiplied by n. With more rows the same weight saves more bits, so on the mean "
            "loss it must pay *less*: divide.",
        ),
    ),
    hints=(
        "Write the bits: a constant + RSS / (2 sigma^2 ln 2) + b k, with RSS = n MSE and k live "
        "weights.",
        "Multiply by a positive number, so that MSE stands alone. The minimum stays where it is.",
        "The factor is 2 sigma^2 ln 2 / n. What became of b k?",
    ),
    why="Multiplying all bits by 2 sigma^2 ln 2 / n leaves the minimum where it is, and turns "
    "them into MSE + (2 sigma^2 ln 2 / n) b k. So a weight may stay if it lowers the *sum* of "
    "squares by more than 2 sigma^2 ln 2 b, that is, if it saves more bits than its b. This sum "
    "does not depend on n, and so the axis of our pictures is n alpha.",
)

# --- 07.5: the mixture ----------------------------------------------------------------------------


def mixture(prior: np.ndarray, past: np.ndarray, ahead: np.ndarray) -> float:
    log_weight = np.log(prior) + np.log(past).sum(axis=1)
    weight = np.exp(log_weight - log_weight.max())
    return weight @ ahead / weight.sum()


def _mixture_cases(generator: np.random.Generator) -> list[tuple]:
    cases = [
        (np.array([0.5, 0.25]), np.array([[0.8], [0.2]]), np.array([0.8, 0.2])),
        (np.array([0.5, 0.25, 0.25]), np.empty((3, 0)), np.array([0.8, 0.2, 0.5])),
    ]
    for models, seen in [(3, 4), (4, 1500)]:
        prior = 2.0 ** -generator.permutation(np.arange(1, models + 1))
        past = generator.choice([0.2, 0.8], (models, seen), p=[0.45, 0.55])
        ahead = generator.choice([0.2, 0.5, 0.8], models)
        ahead[:2] = 0.2, 0.8
        cases.append((prior, past, ahead))
    return cases


def _weighted(prior: np.ndarray, past: np.ndarray) -> np.ndarray:
    log_weight = np.log(prior) + np.log(past).sum(axis=1)
    return np.exp(log_weight - logsumexp(log_weight))


def _naive(prior: np.ndarray, past: np.ndarray, ahead: np.ndarray) -> float:
    weight = prior * past.prod(axis=1)
    return weight @ ahead / weight.sum()


MIXTURE = Exercise(
    id="07.5",
    title="Everybody votes",
    difficulty=3,
    minutes=10,
    reference=mixture,
    cases=_mixture_cases,
    mistakes=(
        Mistake(
            "prior never updated",
            lambda prior, past, ahead: prior @ ahead / prior.sum(),
            "The past is not used: every model keeps its first weight for ever. Multiply each by "
            "the probability that the model gave to what was seen.",
        ),
        Mistake(
            "prior forgotten",
            lambda prior, past, ahead: _weighted(np.ones_like(prior), past) @ ahead,
            "All models started with the same weight. A short model starts with more: use the "
            "prior.",
        ),
        Mistake(
            "best model only",
            lambda prior, past, ahead: ahead[_weighted(prior, past).argmax()],
            "You asked the best model only. The mixture asks all of them, each with its weight; "
            "the bound holds for the mixture.",
        ),
        Mistake(
            "not normalised",
            lambda prior, past, ahead: prior * past.prod(axis=1) @ ahead,
            "The weights do not add up to 1, so this is not yet the probability of the next "
            "symbol: divide by the sum of the weights.",
        ),
        Mistake(
            "added instead of multiplied",
            lambda prior, past, ahead: (
                (prior * (past.sum(axis=1) if past.size else 1))
                @ ahead
                / (prior * (past.sum(axis=1) if past.size else 1)).sum()
            ),
            "You added up the probabilities of the past symbols. The probability of the whole past "
            "is their product.",
        ),
        Mistake(
            "underflow",
            _naive,
            "Right for a short past. But a product of 1,500 probabilities is smaller than the "
            "smallest floating-point number, and 0 / 0 is no answer. Add logarithms, and subtract "
            "the largest before np.exp.",
        ),
    ),
    hints=(
        "The weight of a model after the past: its prior, times the product of the probabilities "
        "that it gave to the symbols seen.",
        "Work with logarithms: np.log(prior) + np.log(past).sum(axis=1). Subtracting the largest "
        "changes no ratio.",
        "With w = np.exp(logs - logs.max()), the answer is w @ ahead / w.sum().",
    ),
    why="Bayes: weight after = weight before times the probability of what happened. The mixture's "
    "probability of the next symbol is the weighted average. It need not know which model is true: "
    "if the truth is in the class, models that keep predicting otherwise lose their weight fast.",
)

# --- 07.6: one network for each class -------------------------------------------------------------


def normal_layer(
    W: np.ndarray, b: np.ndarray, v: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    sign = np.sign(b)
    order = np.argsort(-np.abs(b))
    return (sign[:, None] * W)[order], (sign * b)[order], (sign * v)[order]


def _layer(order: np.ndarray, sign: np.ndarray, W: np.ndarray, b: np.ndarray, v: np.ndarray):
    return (sign[:, None] * W)[order], (sign * b)[order], (sign * v)[order]


NORMAL_LAYER = Exercise(
    id="07.6",
    title="The same network in other clothes",
    difficulty=3,
    minutes=10,
    reference=normal_layer,
    cases=(
        (np.array([[1.0], [2.0]]), np.array([-3.0, 4.0]), np.array([5.0, 6.0])),
        (
            np.array([[0.5, -1.0], [2.0, 0.3], [-0.7, 0.2]]),
            np.array([0.4, -0.9, 0.1]),
            np.array([1.0, -2.0, 0.6]),
        ),
        (
            np.array([[1.5, -0.2], [-0.4, 0.6], [0.9, 0.8], [-1.1, -0.3]]),
            np.array([-0.2, -0.7, 0.5, 1.3]),
            np.array([-0.5, 0.8, 1.2, -0.9]),
        ),
    ),
    mistakes=(
        Mistake(
            "v not flipped",
            lambda W, b, v: (
                *_layer(np.argsort(-np.abs(b)), np.sign(b), W, b, v)[:2],
                v[np.argsort(-np.abs(b))],
            ),
            "You flipped W and b and not v, so the function changed. tanh(-a) = -tanh(a): the "
            "outgoing weight must flip too.",
        ),
        Mistake(
            "v not sorted",
            lambda W, b, v: (
                *_layer(np.argsort(-np.abs(b)), np.sign(b), W, b, v)[:2],
                np.sign(b) * v,
            ),
            "The neurons moved and their outgoing weights stayed behind. Put v into the same "
            "order.",
        ),
        Mistake(
            "absolute values",
            lambda W, b, v: tuple(np.abs(part)[np.argsort(-np.abs(b))] for part in (W, b, v)),
            "You took the absolute value of every weight. A flip turns all weights of a neuron "
            "over, and only the sign of its bias decides whether.",
        ),
        Mistake(
            "not flipped",
            lambda W, b, v: _layer(np.argsort(-np.abs(b)), np.ones_like(b), W, b, v),
            "You sorted the neurons and left negative biases. Turn over the neurons with b < 0.",
        ),
        Mistake(
            "not sorted",
            lambda W, b, v: _layer(np.arange(len(b)), np.sign(b), W, b, v),
            "You flipped the neurons and did not sort them.",
        ),
        Mistake(
            "sorted before flipping",
            lambda W, b, v: _layer(np.argsort(-b), np.sign(b), W, b, v),
            "You sorted by b while some were still negative. Sort by |b|, or flip first.",
        ),
        Mistake(
            "smallest first",
            lambda W, b, v: _layer(np.argsort(np.abs(b)), np.sign(b), W, b, v),
            "The order is upside down: the largest |b| comes first.",
        ),
    ),
    hints=(
        "tanh is odd: v tanh(w x + b) = (-v) tanh(-w x - b). Which neurons should be turned over?",
        "sign = np.sign(b) multiplies the row of W, b and v. Then sort all three by |b|.",
        "order = np.argsort(-np.abs(b)); return (sign[:, None] * W)[order], (sign * b)[order], "
        "(sign * v)[order].",
    ),
    why="Moving neurons around changes the order of a sum, and flipping one changes two signs that "
    "cancel. So 2^h h! settings of the weights give one function. The rule picks one of them, and "
    "then weights can be compared. For deeper networks, ties and zeros, use "
    "`normal_form`.",
)

EXERCISES = [LAYER_MANY, HONEST, SIGN_TEST, MDL_STRENGTH, MIXTURE, NORMAL_LAYER]
