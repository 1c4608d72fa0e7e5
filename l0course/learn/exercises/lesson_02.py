"""Exercises of lesson 02, l0 against l1."""

from __future__ import annotations

import itertools
import math

import numpy as np

from l0course.codelength import gaussian_bits, support_bits
from l0course.learn.exercise import Exercise, Mistake

# --- 02.1 and 02.2: the two thresholding maps ----------------------------------------------------


def shrink(theta: np.ndarray, alpha: float) -> np.ndarray:
    return np.sign(theta) * np.maximum(np.abs(theta) - alpha, 0)


def keep_or_drop(theta: np.ndarray, alpha: float) -> np.ndarray:
    return np.where(np.abs(theta) < np.sqrt(2 * alpha), 0.0, theta)


THETAS = (
    (np.array([3.0, -0.2]), 0.5),
    (np.array([1.1, -1.2, 0.8, 0.0]), 0.5),
    (np.array([-2.5, 0.1, 0.3, 0.6, -0.9, 4.0]), 0.2),
    (np.array([[0.3, -3.0], [1.7, 2.2]]), 1.5),
    (np.array([0.05, -0.5, 7.0]), 0.0),
)

SHRINK = Exercise(
    id="02.1",
    title="Shrink",
    difficulty=1,
    minutes=5,
    reference=shrink,
    cases=THETAS,
    mistakes=(
        Mistake(
            "hard thresholding",
            lambda theta, alpha: np.where(np.abs(theta) < alpha, 0.0, theta),
            "That is hard thresholding: the survivors kept their full size. Under l1 each of them "
            "pays alpha for every unit of its size, so it moves towards 0 by alpha.",
        ),
        Mistake(
            "no stop at zero",
            lambda theta, alpha: theta - alpha * np.sign(theta),
            "Small entries jumped across 0 and changed their sign. They should stop at 0.",
        ),
        Mistake(
            "sign lost",
            lambda theta, alpha: np.maximum(theta - alpha, 0.0),
            "All negative entries became 0. Shrink the absolute value and give the sign back.",
        ),
        Mistake(
            "ridge",
            lambda theta, alpha: theta / (1 + alpha),
            "That is the map of the squared penalty: everything shrinks in proportion, and nothing "
            "becomes exactly 0.",
        ),
    ),
    hints=(
        "Take theta > 0 first. For x > 0 the derivative of the objective is x - theta + alpha.",
        "Set that derivative to 0: x = theta - alpha. What if this is negative?",
        "x = sign(theta) * max(|theta| - alpha, 0). NumPy has np.sign, np.abs and np.maximum.",
    ),
    why="For x > 0 the slope of the objective is x - theta + alpha, so the minimum is at "
    "theta - alpha if that is positive, and at 0 otherwise. Negative theta is the mirror image. "
    "Every survivor is moved by alpha: this is the bias of the lasso.",
)

KEEP_OR_DROP = Exercise(
    id="02.2",
    title="Keep or drop",
    difficulty=2,
    minutes=6,
    reference=keep_or_drop,
    cases=THETAS,
    mistakes=(
        Mistake(
            "soft thresholding",
            lambda theta, alpha: np.sign(theta) * np.maximum(np.abs(theta) - np.sqrt(2 * alpha), 0),
            "That is soft thresholding: the survivors were shrunk. Under l0 a weight pays the same "
            "whatever its size, so a survivor stays where the data want it.",
        ),
        Mistake(
            "shrink again",
            shrink,
            "That is the answer of 02.1. Under l0 a survivor is not shrunk, and the threshold is "
            "another one.",
        ),
        Mistake(
            "threshold alpha",
            lambda theta, alpha: np.where(np.abs(theta) < alpha, 0.0, theta),
            "The threshold is not alpha itself. Dropping theta costs theta^2 / 2, and keeping it "
            "costs alpha: where are the two equal?",
        ),
        Mistake(
            "half forgotten",
            lambda theta, alpha: np.where(np.abs(theta) < np.sqrt(alpha), 0.0, theta),
            "The threshold is too small by a factor of sqrt(2): the squared error here carries a "
            "factor 1/2.",
        ),
        Mistake(
            "kept the wrong side",
            lambda theta, alpha: np.where(np.abs(theta) < np.sqrt(2 * alpha), theta, 0.0),
            "The large entries were dropped and the small ones kept.",
        ),
    ),
    hints=(
        "If you have paid for being there, the size is free. Which x is best then?",
        "The best nonzero x is theta itself. It costs alpha. x = 0 costs theta^2 / 2.",
        "Keep theta where theta^2 / 2 >= alpha, that is where |theta| >= sqrt(2 alpha); "
        "np.where makes the choice.",
    ),
    why="A nonzero x pays alpha whatever its size, so the best one is x = theta, at a cost of "
    "alpha. x = 0 costs theta^2 / 2. The cheaper one wins, and they meet at |theta| = "
    "sqrt(2 alpha). Nothing is shrunk, but there is a jump.",
)

# --- 02.3: undo the bias --------------------------------------------------------------------------


def refit(X: np.ndarray, y: np.ndarray, w: np.ndarray) -> np.ndarray:
    support = np.flatnonzero(w)
    relaxed = np.zeros_like(w)
    if support.size:
        relaxed[support] = np.linalg.lstsq(X[:, support], y, rcond=None)[0]
    return relaxed


def _half_relaxed(X: np.ndarray, y: np.ndarray, w: np.ndarray) -> np.ndarray:
    return (refit(X, y, w) + w) / 2


def _refit_residual(X: np.ndarray, y: np.ndarray, w: np.ndarray) -> np.ndarray:
    return refit(X, y - X @ w, w)


def _refit_cases(generator: np.random.Generator) -> list[tuple]:
    cases = [(np.array([[1.0, 1.0], [0.0, 1.0], [0.0, 0.0]]), np.array([2.0, 0.0, 1.0]))]
    cases = [(X, y, np.array([0.5, 0.0])) for X, y in cases]
    for n, p in [(8, 3), (20, 6)]:
        X, w = generator.normal(size=(n, p)).round(1), np.zeros(p)
        w[1 : p - 1] = 0.3
        w[1] = -0.2
        cases.append((X, generator.normal(size=n).round(1), w))
    return cases


REFIT = Exercise(
    id="02.3",
    title="Relax",
    difficulty=2,
    minutes=7,
    reference=refit,
    cases=_refit_cases,
    mistakes=(
        Mistake(
            "refit on all columns",
            lambda X, y, w: np.linalg.lstsq(X, y, rcond=None)[0],
            "You fitted all columns, so the zeros came back. Fit only the columns where w is not "
            "0, and leave the others at 0.",
        ),
        Mistake(
            "masked afterwards",
            lambda X, y, w: np.where(w != 0, np.linalg.lstsq(X, y, rcond=None)[0], 0.0),
            "You fitted all columns and dropped some afterwards. Drop them first: without them, "
            "the other coefficients come out differently.",
        ),
        Mistake(
            "support only",
            lambda X, y, w: np.linalg.lstsq(X[:, w != 0], y, rcond=None)[0],
            "You returned the fitted coefficients only. Put them back into a vector of length p, "
            "with zeros elsewhere.",
        ),
        Mistake(
            "half way",
            _half_relaxed,
            "This undoes only half of the shrinkage: it is the average of the lasso and the refit.",
        ),
        Mistake(
            "fitted the residual",
            _refit_residual,
            "You fitted what the lasso left over and forgot to add the lasso's own coefficients.",
        ),
    ),
    hints=(
        "Which columns does w use? np.flatnonzero(w) lists them.",
        "np.linalg.lstsq(X[:, support], y, rcond=None)[0] is least squares on those columns.",
        "Start from np.zeros_like(w), and assign the least-squares solution to its entries at "
        "`support`.",
    ),
    why="The lasso does two jobs with one knob: it selects, and it shrinks. Its support is often "
    "good when its values are not. Least squares on the support keeps the choice and drops the "
    "shrinkage. In lessons 04 and 06 fine-tuning a pruned network is this same step.",
)

# --- 02.4: best subset ----------------------------------------------------------------------------


def rss(X: np.ndarray, y: np.ndarray, support: tuple[int, ...]) -> float:
    w = np.linalg.lstsq(X[:, support], y, rcond=None)[0]
    return float(np.square(y - X[:, support] @ w).sum())


def best_subset(X: np.ndarray, y: np.ndarray, k: int) -> tuple[int, ...]:
    def rss(support: tuple[int, ...]) -> float:
        w = np.linalg.lstsq(X[:, support], y, rcond=None)[0]
        return float(np.square(y - X[:, support] @ w).sum())

    return min(itertools.combinations(range(X.shape[1]), k), key=rss)


def _greedy(X: np.ndarray, y: np.ndarray, k: int) -> tuple[int, ...]:
    chosen: tuple[int, ...] = ()
    for _ in range(k):
        left = [j for j in range(X.shape[1]) if j not in chosen]
        chosen += (min(left, key=lambda j: rss(X, y, (*chosen, j))),)
    return tuple(sorted(chosen))


def _largest(scores: np.ndarray, k: int) -> tuple[int, ...]:
    return tuple(sorted(np.argsort(-np.abs(scores), kind="stable")[:k].tolist()))


def _backward(X: np.ndarray, y: np.ndarray, k: int) -> tuple[int, ...]:
    left = tuple(range(X.shape[1]))
    while len(left) > k:
        left = min(itertools.combinations(left, len(left) - 1), key=lambda s: rss(X, y, s))
    return left


def _worst(X: np.ndarray, y: np.ndarray, k: int) -> tuple[int, ...]:
    return max(itertools.combinations(range(X.shape[1]), k), key=lambda s: rss(X, y, s))


def _subset_cases(generator: np.random.Generator) -> list[tuple]:
    """Two columns that are good only together, and some random problems."""
    a, b = np.array([1.0, 1, -1, -1, 0, 0]), np.array([1.0, -1, 1, -1, 0, 0])
    X = np.stack([a + 3 * b, 3 * b, 0.9 * a + np.array([0, 0, 0, 0, 0.9, -0.9])], axis=1)
    cases = [(X, a.copy(), 1), (X, a.copy(), 2)]
    for _ in range(4):
        common = generator.normal(size=(12, 1))
        X = (generator.normal(size=(12, 5)) + 2 * common).round(1)
        cases.append((X, (X[:, 0] - X[:, 3] + generator.normal(size=12)).round(1), 2))
    return cases


BEST_SUBSET = Exercise(
    id="02.4",
    title="Best subset",
    difficulty=3,
    minutes=10,
    reference=best_subset,
    cases=_subset_cases,
    same=lambda got, right: sorted(np.ravel(got).tolist()) == right.tolist(),  # in any order
    mistakes=(
        Mistake(
            "greedy",
            _greedy,
            "That is forward selection: it took the best single column and never let it go. Two "
            "columns can be good only together, so all subsets of size k must be compared.",
        ),
        Mistake(
            "by correlation",
            lambda X, y, k: _largest(X.T @ y / np.linalg.norm(X, axis=0), k),
            "You took the k columns that agree most with y one by one. Correlated columns carry "
            "the same news twice, so compare the fits of whole subsets.",
        ),
        Mistake(
            "by inner product",
            lambda X, y, k: _largest(X.T @ y, k),
            "You ranked the columns one by one, by X.T @ y. Their sizes and their overlap fool "
            "this ranking: compare the fits of whole subsets.",
        ),
        Mistake(
            "backward elimination",
            _backward,
            "That is backward elimination: a column that was dropped early never came back. "
            "Compare all subsets of size k.",
        ),
        Mistake(
            "largest least-squares coefficients",
            lambda X, y, k: _largest(np.linalg.lstsq(X, y, rcond=None)[0], k),
            "You kept the k largest coefficients of the full fit. When a column is dropped, the "
            "others change: fit each subset by itself.",
        ),
        Mistake(
            "worst subset",
            _worst,
            "That is the subset with the largest residual sum of squares. Use the smallest.",
        ),
    ),
    hints=(
        "itertools.combinations(range(p), k) gives every subset of k columns, in order.",
        "For one subset s: w = np.linalg.lstsq(X[:, s], y, rcond=None)[0], and the residual sum of "
        "squares is np.square(y - X[:, s] @ w).sum().",
        "Python's min takes a key: min(combinations, key=rss), with a function rss(s) of your own.",
    ),
    why="Every subset is fitted and the smallest residual sum of squares wins. There is no local "
    "minimum to fall into, but there are C(p, k) subsets. The mistakes in this exercise are the "
    "shortcuts that people take; each of them fails on some data.",
)

# --- 02.5: what a coefficient costs ---------------------------------------------------------------


def total_bits(residuals: np.ndarray, sigma: float, p: int, k: int, b: float) -> float:
    return gaussian_bits(residuals, sigma) + support_bits(p, k) + b * k


RESIDUALS = np.array([0.5, -1.0, 0.25])
BIT_CASES = (
    (RESIDUALS, 1.0, 4, 0, 8.0),
    (RESIDUALS, 0.5, 10, 3, 8.0),
    (np.array([0.1, 0.2, -0.4, 0.0, 0.3]), 0.2, 20, 5, 6.0),
)

TOTAL_BITS = Exercise(
    id="02.5",
    title="What a column costs",
    difficulty=1,
    minutes=4,
    reference=total_bits,
    cases=BIT_CASES,
    mistakes=(
        Mistake(
            "nats",
            lambda residuals, sigma, p, k, b: (
                gaussian_bits(residuals, sigma) * math.log(2) + support_bits(p, k) + b * k
            ),
            "The data part is in nats. One nat is 1 / ln(2) = 1.44 bits: use log2, and divide the "
            "squares by ln(2).",
        ),
        Mistake(
            "ln 2 forgotten",
            lambda residuals, sigma, p, k, b: (
                len(residuals) / 2 * math.log2(2 * math.pi * sigma**2)
                + np.square(residuals).sum() / (2 * sigma**2)
                + support_bits(p, k)
                + b * k
            ),
            "The squares are in nats, and the rest is in bits: divide RSS / (2 sigma^2) by ln(2).",
        ),
        Mistake(
            "positions forgotten",
            lambda residuals, sigma, p, k, b: gaussian_bits(residuals, sigma) + b * k,
            "The positions are missing: the receiver must learn which k of the p columns you "
            "mean. That takes log2 C(p, k) bits.",
        ),
        Mistake(
            "values forgotten",
            lambda residuals, sigma, p, k, b: gaussian_bits(residuals, sigma) + support_bits(p, k),
            "The values are missing: each of the k coefficients takes b bits.",
        ),
        Mistake(
            "spread forgotten",
            lambda residuals, sigma, p, k, b: (
                np.square(residuals).sum() / (2 * sigma**2 * math.log(2))
                + support_bits(p, k)
                + b * k
            ),
            "The term n/2 log2(2 pi sigma^2) is missing. It is the same for all models of one data "
            "set, but without it the number is not a code length.",
        ),
    ),
    hints=(
        "Three parts: the residuals, the positions, the values.",
        "l0course has the first two: gaussian_bits(residuals, sigma) and support_bits(p, k).",
        "Their sum, plus b * k.",
    ),
    why="A two-part code sends the model and then what the model does not explain. A column pays "
    "for its position and its value, and is worth it only if it saves more bits of residuals. This "
    "sets the strength of the l0 penalty: no cross-validation is needed to choose k.",
)

# --- 02.6: where the lasso breaks -----------------------------------------------------------------

BREAKS = Exercise(
    id="02.6",
    title="Where the lasso breaks",
    difficulty=2,
    minutes=5,
    reference=1 / 3,
    same=lambda got, right: np.ndim(got) == 0 and abs(got - right) < 0.005,  # 0.33 will do
    mistakes=(
        Mistake(
            "s instead of its root",
            1 / 9,
            "That is 1 / s. The s relevant columns add up like independent noise: their sum has "
            "standard deviation sqrt(s), not s.",
        ),
        Mistake(
            "the picture's value",
            0.5,
            "That is the limit for s = 4, the line in the picture. Here s = 9.",
        ),
        Mistake(
            "upside down",
            3.0,
            "That is sqrt(s). A correlation cannot exceed 1: turn it over.",
        ),
    ),
    hints=(
        "The condition says: the irrelevant column, predicted from the relevant ones, must have "
        "coefficients that add up to less than 1 in absolute value.",
        "Here x_j = rho * (x_1 + ... + x_s) / sqrt(s) + noise: each of the s coefficients is "
        "rho / sqrt(s).",
        "s * rho / sqrt(s) < 1. Solve for rho, with s = 9.",
    ),
    why="The lasso prefers the cheaper explanation in the sum of absolute values. One irrelevant "
    "column can stand in for rho * (x_1 + ... + x_s) / sqrt(s). Paying 1 for it replaces a payment "
    "of rho * sqrt(s). Once rho * sqrt(s) > 1 the wrong column is the cheaper one, and clean data "
    "do not help. Counting pays 1 for one column and s for s columns, but one column alone does "
    "not fit, so the truth still wins.",
)

EXERCISES = [SHRINK, KEEP_OR_DROP, REFIT, BEST_SUBSET, TOTAL_BITS, BREAKS]
