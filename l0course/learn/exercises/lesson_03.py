"""Exercises of lesson 03, PMMP: from the discrete problem to exact gradients."""

from __future__ import annotations

import itertools

import numpy as np

from l0course.learn.exercise import Exercise, Mistake

# --- 03.1: coins in place of bits -----------------------------------------------------------------


def expectation(values: np.ndarray, gamma: np.ndarray) -> float:
    total = 0.0
    for z in itertools.product((0, 1), repeat=len(gamma)):
        total += np.where(z, gamma, 1 - gamma).prod() * values[z]
    return total


def _averaged(values: np.ndarray, gamma: np.ndarray, chance) -> float:
    """The sum over all masks of chance(z, gamma) * values[z]."""
    masks = itertools.product((0, 1), repeat=len(gamma))
    return sum(chance(np.array(z), gamma) * values[z] for z in masks)


def _tables(generator: np.random.Generator) -> list[tuple]:
    cases = [
        (np.array([1.0, 3.0]), np.array([0.25])),
        (np.array([[4.0, 1.0], [2.0, 7.0]]), np.array([0.5, 0.25])),
        (np.array([[4.0, 1.0], [2.0, 7.0]]), np.array([1.0, 0.0])),
    ]
    for n in (3, 4):
        values = generator.integers(0, 10, (2,) * n).astype(float)
        cases.append((values, generator.uniform(0.1, 0.9, n).round(1)))
    return cases


EXPECTATION = Exercise(
    id="03.1",
    title="A coin for each yes or no",
    difficulty=2,
    minutes=8,
    reference=expectation,
    cases=_tables,
    mistakes=(
        Mistake(
            "zeros forgotten",
            lambda values, gamma: _averaged(
                values, gamma, lambda z, gamma: np.where(z, gamma, 1.0).prod()
            ),
            "Your probabilities do not add up to 1. A coin that shows 0 counts too: with "
            "probability 1 - gamma.",
        ),
        Mistake(
            "heads and tails swapped",
            lambda values, gamma: expectation(values, 1 - gamma),
            "You swapped heads and tails: z = 1 has probability gamma, and z = 0 has 1 - gamma.",
        ),
        Mistake(
            "fair coins",
            lambda values, gamma: values.mean(),
            "That is the plain average over all masks, as if every coin were fair. Weigh each mask "
            "by its probability.",
        ),
        Mistake(
            "most likely mask",
            lambda values, gamma: values[tuple((gamma > 0.5).astype(int))],
            "That is the value of one mask, the most likely one. The expectation asks all masks, "
            "each with its probability.",
        ),
        Mistake(
            "added instead of multiplied",
            lambda values, gamma: _averaged(
                values, gamma, lambda z, gamma: np.where(z, gamma, 1 - gamma).sum()
            ),
            "You added the probabilities of the coins. The coins are independent, so the "
            "probability of a mask is their product.",
        ),
        Mistake(
            "minimum",
            lambda values, gamma: values.min(),
            "That is the least value over the masks. It does not depend on gamma; the expectation "
            "does.",
        ),
    ),
    hints=(
        "itertools.product((0, 1), repeat=n) gives all masks z, as tuples; values[z] is g(z).",
        "The probability of a mask is a product: gamma_j for each z_j = 1, 1 - gamma_j for each "
        "z_j = 0.",
        "Add up np.where(z, gamma, 1 - gamma).prod() * values[z] over all masks.",
    ),
    why="It is a weighted average of the values, so it can never be below the least of them. And "
    "with every gamma_j at 0 or 1 it is the value of one mask. Both together: the least "
    "expectation is the least value.",
)

# --- 03.2 and 03.3: a quadratic loss --------------------------------------------------------------


def egp_objective(
    X: np.ndarray, y: np.ndarray, w: np.ndarray, gamma: np.ndarray, alpha: float
) -> float:
    fit = np.square(y - X @ (w * gamma)).sum()
    variance = np.square(X).sum(axis=0) @ (w**2 * gamma * (1 - gamma))
    return fit + variance + alpha * gamma.sum()


def gamma_gradient(
    X: np.ndarray, y: np.ndarray, w: np.ndarray, gamma: np.ndarray, alpha: float
) -> np.ndarray:
    residual = y - X @ (w * gamma)
    spread = np.square(X).sum(axis=0) * w**2 * (1 - 2 * gamma)
    return -2 * w * (X.T @ residual) + spread + alpha


def _fit(X: np.ndarray, y: np.ndarray, w: np.ndarray, gamma: np.ndarray) -> float:
    return np.square(y - X @ (w * gamma)).sum()


def _pull(X: np.ndarray, y: np.ndarray, w: np.ndarray, gamma: np.ndarray) -> np.ndarray:
    return -2 * w * (X.T @ (y - X @ (w * gamma)))


def _size(X: np.ndarray) -> np.ndarray:
    return np.square(X).sum(axis=0)


def _regressions(generator: np.random.Generator) -> list[tuple]:
    cases = [
        (np.array([[1.0], [2.0]]), np.array([3.0, 1.0]), np.array([2.0]), np.array([0.25]), 0.5),
        (np.array([[1.0], [2.0]]), np.array([3.0, 1.0]), np.array([2.0]), np.array([1.0]), 0.5),
    ]
    two = np.array([[1.0, 2.0], [-1.0, 1.0]]), np.array([2.0, 1.0])
    cases.append((*two, np.array([1.0, 2.0]), np.array([0.5, 0.25]), 0.5))
    for n, p, alpha in [(4, 3, 1.0), (6, 4, 0.3)]:
        X, y = generator.normal(size=(n, p)).round(1), generator.normal(size=n).round(1)
        w, gamma = generator.normal(size=p).round(1), generator.uniform(0.1, 0.9, p).round(1)
        cases.append((X, y, w, gamma, alpha))
    return cases


OBJECTIVE = Exercise(
    id="03.2",
    title="The mean of the loss",
    difficulty=3,
    minutes=12,
    reference=egp_objective,
    cases=_regressions,
    mistakes=(
        Mistake(
            "loss of the mean",
            lambda X, y, w, gamma, alpha: _fit(X, y, w, gamma) + alpha * gamma.sum(),
            "This forgets the variance term: it is the loss of the mean, not the mean of the loss. "
            "A coin that is still undecided makes the prediction jump, and squares punish jumps.",
        ),
        Mistake(
            "second moment",
            lambda X, y, w, gamma, alpha: (
                _fit(X, y, w, gamma) + _size(X) @ (w**2 * gamma) + alpha * gamma.sum()
            ),
            "You added the second moment, w^2 gamma. The square of the mean is already in the fit, "
            "so what is missing is the variance of w z, which is w^2 gamma (1 - gamma).",
        ),
        Mistake(
            "unit columns",
            lambda X, y, w, gamma, alpha: (
                _fit(X, y, w, gamma) + (w**2 * gamma * (1 - gamma)).sum() + alpha * gamma.sum()
            ),
            "Your variance term forgets the columns: a jump of w_j moves row i by X_ij w_j. "
            "Multiply by the sum of X_ij^2 over the rows.",
        ),
        Mistake(
            "square of the sum",
            lambda X, y, w, gamma, alpha: (
                _fit(X, y, w, gamma)
                + np.square(X.sum(axis=0)) @ (w**2 * gamma * (1 - gamma))
                + alpha * gamma.sum()
            ),
            "You squared the sum of a column. Each row is hit by itself: sum the squares.",
        ),
        Mistake(
            "standard deviations added",
            lambda X, y, w, gamma, alpha: (
                _fit(X, y, w, gamma)
                + np.square(X @ (w * np.sqrt(gamma * (1 - gamma)))).sum()
                + alpha * gamma.sum()
            ),
            "You added standard deviations before squaring. Independent coins add variances.",
        ),
        Mistake(
            "w not squared",
            lambda X, y, w, gamma, alpha: (
                _fit(X, y, w, gamma) + _size(X) @ (w * gamma * (1 - gamma)) + alpha * gamma.sum()
            ),
            "The variance of w z is w^2 times the variance of z: square w.",
        ),
        Mistake(
            "coins ignored in the fit",
            lambda X, y, w, gamma, alpha: (
                _fit(X, y, w, np.ones_like(w))
                + _size(X) @ (w**2 * gamma * (1 - gamma))
                + alpha * gamma.sum()
            ),
            "The residual is taken at w. The mean of w z is w gamma: take it there.",
        ),
        Mistake(
            "price of every possible column",
            lambda X, y, w, gamma, alpha: (
                egp_objective(X, y, w, gamma, 0.0) + alpha * np.count_nonzero(gamma)
            ),
            "You charged the full price for every gamma above 0. The expected number of heads is "
            "the sum of gamma.",
        ),
        Mistake(
            "free of charge",
            lambda X, y, w, gamma, alpha: egp_objective(X, y, w, gamma, 0.0),
            "The price alpha is missing.",
        ),
        Mistake(
            "mean over rows",
            lambda X, y, w, gamma, alpha: (
                egp_objective(X, y, w, gamma, 0.0) / len(y) + alpha * gamma.sum()
            ),
            "You averaged over the rows. In this lesson squares are summed, so that alpha is the "
            "drop of the sum that a column must earn.",
        ),
    ),
    hints=(
        "For one row the residual is a random number R. E R^2 = (E R)^2 + Var R. What are its mean "
        "and its variance?",
        "The mean uses w * gamma. The coins are independent, so the variances add up: "
        "sum_j X_ij^2 w_j^2 gamma_j (1 - gamma_j) in row i.",
        "np.square(y - X @ (w * gamma)).sum() + np.square(X).sum(axis=0) @ (w**2 * gamma * "
        "(1 - gamma)) + alpha * gamma.sum().",
    ),
    why="E R^2 = (E R)^2 + Var R, row by row. The mean of w z is w gamma. The coins are "
    "independent, so there are no mixed terms, and p variances replace 2^p masks. The expected "
    "number of heads is the sum of gamma.",
)

GRADIENT = Exercise(
    id="03.3",
    title="The slope of a coin",
    difficulty=3,
    minutes=10,
    reference=gamma_gradient,
    cases=_regressions,
    mistakes=(
        Mistake(
            "variance forgotten",
            lambda X, y, w, gamma, alpha: _pull(X, y, w, gamma) + alpha,
            "The variance term has a slope too. Differentiate gamma (1 - gamma).",
        ),
        Mistake(
            "product rule",
            lambda X, y, w, gamma, alpha: (
                _pull(X, y, w, gamma) + _size(X) * w**2 * (1 - gamma) + alpha
            ),
            "You took 1 - gamma for the derivative of gamma (1 - gamma). It is 1 - 2 gamma: both "
            "factors change.",
        ),
        Mistake(
            "wrong sign",
            lambda X, y, w, gamma, alpha: (
                -_pull(X, y, w, gamma) + _size(X) * w**2 * (1 - 2 * gamma) + alpha
            ),
            "The fit has the wrong sign: the residual is y - X (w gamma), so its derivative in "
            "gamma_j is -X_j w_j.",
        ),
        Mistake(
            "half",
            lambda X, y, w, gamma, alpha: (
                _pull(X, y, w, gamma) / 2 + _size(X) * w**2 * (1 - 2 * gamma) + alpha
            ),
            "A factor 2 is missing: the squares here carry no factor 1/2.",
        ),
        Mistake(
            "w forgotten",
            lambda X, y, w, gamma, alpha: (
                -2 * (X.T @ (y - X @ (w * gamma))) + _size(X) * w**2 * (1 - 2 * gamma) + alpha
            ),
            "The chain rule wants a factor w_j: gamma_j enters the prediction as w_j gamma_j.",
        ),
        Mistake(
            "gradient in w",
            lambda X, y, w, gamma, alpha: (
                -2 * gamma * (X.T @ (y - X @ (w * gamma))) + 2 * _size(X) * w * gamma * (1 - gamma)
            ),
            "That is the gradient in w. Asked for: the gradient in gamma.",
        ),
        Mistake(
            "free of charge",
            lambda X, y, w, gamma, alpha: gamma_gradient(X, y, w, gamma, 0.0),
            "The price is missing: alpha * sum(gamma) has the slope alpha.",
        ),
        Mistake(
            "price times gamma",
            lambda X, y, w, gamma, alpha: gamma_gradient(X, y, w, gamma, 0.0) + alpha * gamma,
            "alpha * gamma_j has the slope alpha, not alpha * gamma_j.",
        ),
    ),
    hints=(
        "Three terms, three slopes. The price is the easy one.",
        "The fit: -2 w_j X_j . residual. The variance: derive gamma (1 - gamma) with the product "
        "rule.",
        "-2 * w * (X.T @ residual) + np.square(X).sum(axis=0) * w**2 * (1 - 2 * gamma) + alpha.",
    ),
    why="The expectation is linear in each gamma_j: with z_j = 1 it has one value, with z_j = 0 "
    "another, and gamma_j mixes them. So the slope is the difference of the two: what it costs, "
    "on average over the other coins, to have the column. Your formula computes it for all p "
    "columns at the price of two products with X.",
)

# --- 03.4: the sampled rival ----------------------------------------------------------------------


def leave_one_out(values: np.ndarray, masks: np.ndarray, gamma: np.ndarray) -> np.ndarray:
    K = len(values)
    baseline = (values.sum() - values) / (K - 1)
    score = (masks - gamma) / (gamma * (1 - gamma))
    return ((values - baseline)[:, None] * score).mean(axis=0)


def _score(masks: np.ndarray, gamma: np.ndarray) -> np.ndarray:
    return (masks - gamma) / (gamma * (1 - gamma))


def _samples(generator: np.random.Generator) -> list[tuple]:
    cases = [(np.array([3.0, 1.0]), np.array([[1, 0], [0, 0]]), np.array([0.5, 0.25]))]
    for K, p in [(3, 2), (5, 3)]:
        gamma = generator.uniform(0.1, 0.9, p).round(1)
        masks = (generator.random((K, p)) < gamma).astype(int)
        cases.append((generator.integers(1, 9, K).astype(float), masks, gamma))
    return cases


LEAVE_ONE_OUT = Exercise(
    id="03.4",
    title="Roll the dice",
    difficulty=3,
    minutes=10,
    reference=leave_one_out,
    cases=_samples,
    mistakes=(
        Mistake(
            "no baseline",
            lambda values, masks, gamma: (values[:, None] * _score(masks, gamma)).mean(axis=0),
            "That is the plain score function. It is unbiased, and noisier: a constant added to "
            "all values would change it. Subtract from each value the mean of the others.",
        ),
        Mistake(
            "own value in the baseline",
            lambda values, masks, gamma: (
                (values - values.mean())[:, None] * _score(masks, gamma)
            ).mean(axis=0),
            "Your baseline contains the sample's own value, so the estimate is too small by the "
            "factor (K - 1) / K. Leave it out.",
        ),
        Mistake(
            "divided by K",
            lambda values, masks, gamma: (
                (values - (values.sum() - values) / len(values))[:, None] * _score(masks, gamma)
            ).mean(axis=0),
            "The others are K - 1: divide their sum by K - 1.",
        ),
        Mistake(
            "slope of the logit",
            lambda values, masks, gamma: leave_one_out(values, masks, gamma) * gamma * (1 - gamma),
            "That is the gradient in the logit of gamma. For gamma itself, divide z - gamma by "
            "gamma (1 - gamma).",
        ),
        Mistake(
            "sum over samples",
            lambda values, masks, gamma: leave_one_out(values, masks, gamma) * len(values),
            "You added up the K samples. An expectation is a mean.",
        ),
        Mistake(
            "wrong sign",
            lambda values, masks, gamma: -leave_one_out(values, masks, gamma),
            "The sign is turned round: coins that showed 1 when the loss was high should have a "
            "positive slope.",
        ),
        Mistake(
            "heads only",
            lambda values, masks, gamma: (
                (values - (values.sum() - values) / (len(values) - 1))[:, None] * masks / gamma
            ).mean(axis=0),
            "You counted the coins that showed 1 only. A 0 has a score as well, -1 / (1 - gamma). "
            "Both are (z - gamma) / (gamma (1 - gamma)).",
        ),
        Mistake(
            "not averaged",
            lambda values, masks, gamma: (
                (values - (values.sum() - values) / (len(values) - 1))[:, None]
                * _score(masks, gamma)
            ),
            "You returned one estimate for each sample. Average them: shape (p,).",
        ),
    ),
    hints=(
        "P(z) is a product over the coins, so log P(z) is a sum. Which of its terms hold gamma_j "
        "if z_j = 1? And if z_j = 0?",
        "Their slopes are 1 / gamma_j and -1 / (1 - gamma_j): in one formula, (z_j - gamma_j) / "
        "(gamma_j (1 - gamma_j)). The mean of the others is (values.sum() - values) / (K - 1).",
        "((values - baseline)[:, None] * score).mean(axis=0), with score of shape (K, p).",
    ),
    why="d/dgamma sum_z P(z) g(z) = sum_z P(z) g(z) d log P(z) / dgamma, which is an expectation, "
    "so samples can estimate it. The score has mean 0, so a baseline that does not depend on the "
    "sample itself changes nothing on average. It removes the part of the noise that comes from "
    "the height of the loss.",
)

# --- 03.5: the four gradients of the saddle -------------------------------------------------------

Four = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def saddle_gradients(
    theta: np.ndarray, w: np.ndarray, gamma: np.ndarray, u: np.ndarray, alpha: float
) -> Four:
    r = theta - w * gamma
    g_theta = 2 * u * r
    g_w = -2 * u * r * gamma + 2 * u * w * gamma * (1 - gamma)
    g_gamma = -2 * u * r * w + u * w**2 * (1 - 2 * gamma) + alpha
    g_u = r**2 + w**2 * gamma * (1 - gamma)
    return g_theta, g_w, g_gamma, g_u


def _replaced(place: int, part) -> object:
    """The reference with one of its four parts replaced by part(theta, w, gamma, u, alpha)."""

    def wrong(theta, w, gamma, u, alpha):
        four = list(saddle_gradients(theta, w, gamma, u, alpha))
        four[place] = part(theta, w, gamma, u, alpha)
        return tuple(four)

    return wrong


def _linear(theta, w, gamma, u, alpha) -> Four:
    r = theta - w * gamma
    return 2 * u * r, -2 * u * r * gamma, -2 * u * r * w + alpha, r**2


def _saddles(generator: np.random.Generator) -> list[tuple]:
    cases = [tuple(np.array([v]) for v in (1.0, 2.0, 0.25, 3.0)) + (0.5,)]
    for size in (3, 5):
        theta, w = generator.normal(size=(2, size)).round(1)
        gamma = generator.uniform(0.1, 0.9, size).round(1)
        cases.append((theta, w, gamma, generator.uniform(0.2, 3, size).round(1), 0.7))
    return cases


SADDLE = Exercise(
    id="03.5",
    title="Four slopes",
    difficulty=3,
    minutes=12,
    reference=saddle_gradients,
    cases=_saddles,
    mistakes=(
        Mistake(
            "variance forgotten",
            _linear,
            "This forgets the variance term, in w, gamma and u: it lets gamma go to 0 while w "
            "grows, as the table above has shown.",
        ),
        Mistake(
            "variance forgotten in w",
            _replaced(1, lambda theta, w, gamma, u, alpha: -2 * u * (theta - w * gamma) * gamma),
            "The slope in w lacks the variance: w^2 gamma (1 - gamma) depends on w too.",
        ),
        Mistake(
            "variance forgotten in gamma",
            _replaced(2, lambda theta, w, gamma, u, alpha: alpha - 2 * u * (theta - w * gamma) * w),
            "The slope in gamma lacks the variance: derive w^2 gamma (1 - gamma) too.",
        ),
        Mistake(
            "variance forgotten in u",
            _replaced(3, lambda theta, w, gamma, u, alpha: (theta - w * gamma) ** 2),
            "The slope in u lacks the variance: u multiplies both terms.",
        ),
        Mistake(
            "chain rule in w",
            _replaced(
                1,
                lambda theta, w, gamma, u, alpha: (
                    -2 * u * (theta - w * gamma) + 2 * u * w * gamma * (1 - gamma)
                ),
            ),
            "The slope in w: theta - w gamma has the derivative -gamma, not -1.",
        ),
        Mistake(
            "product rule",
            _replaced(
                2,
                lambda theta, w, gamma, u, alpha: (
                    -2 * u * (theta - w * gamma) * w + u * w**2 * (1 - gamma) + alpha
                ),
            ),
            "The slope in gamma: the derivative of gamma (1 - gamma) is 1 - 2 gamma.",
        ),
        Mistake(
            "free of charge",
            lambda theta, w, gamma, u, alpha: saddle_gradients(theta, w, gamma, u, 0.0),
            "The slope in gamma lacks the price alpha.",
        ),
        Mistake(
            "u descends",
            _replaced(
                3,
                lambda theta, w, gamma, u, alpha: (
                    -((theta - w * gamma) ** 2) - w**2 * gamma * (1 - gamma)
                ),
            ),
            "The slope in u has its sign turned round. Give the derivative as it is, a sum of "
            "squares; u *climbs* it, and that is for the step to say.",
        ),
        Mistake(
            "opposite residual",
            lambda theta, w, gamma, u, alpha: (
                -2 * u * (theta - w * gamma),
                2 * u * (theta - w * gamma) * gamma + 2 * u * w * gamma * (1 - gamma),
                2 * u * (theta - w * gamma) * w + u * w**2 * (1 - 2 * gamma) + alpha,
                (theta - w * gamma) ** 2 + w**2 * gamma * (1 - gamma),
            ),
            "The residual is turned round in theta, w and gamma: it is theta - w gamma.",
        ),
        Mistake(
            "twos forgotten",
            lambda theta, w, gamma, u, alpha: (
                u * (theta - w * gamma),
                -u * (theta - w * gamma) * gamma + u * w * gamma * (1 - gamma),
                -u * (theta - w * gamma) * w + u * w**2 * (1 - 2 * gamma) + alpha,
                (theta - w * gamma) ** 2 + w**2 * gamma * (1 - gamma),
            ),
            "The twos of the squares are missing in theta, w and gamma.",
        ),
    ),
    hints=(
        "Write r = theta - w gamma. Its derivatives are 1, -gamma and -w in theta, w and gamma.",
        "Each slope has a part from u r^2 and, for w and gamma, a part from u w^2 gamma "
        "(1 - gamma). In gamma there is alpha as well.",
        "2 u r; -2 u r gamma + 2 u w gamma (1 - gamma); -2 u r w + u w^2 (1 - 2 gamma) + alpha; "
        "r^2 + w^2 gamma (1 - gamma).",
    ),
    why="The chain rule on u [r^2 + w^2 gamma (1 - gamma)] + alpha gamma. Two things are worth "
    "seeing. The slope in u is a sum of squares, so u can only grow. And at u = 0 neither w nor "
    "theta feels anything: the coin moves first.",
)

# --- 03.6: the inner problem, exactly -------------------------------------------------------------


def inner_minimum(theta: np.ndarray, u: np.ndarray, alpha: float) -> np.ndarray:
    return np.minimum(u * theta**2, alpha)


INNER = Exercise(
    id="03.6",
    title="Let two of the four go",
    difficulty=2,
    minutes=8,
    reference=inner_minimum,
    cases=(
        (np.array([2.0]), np.array([0.5]), 1.0),
        (np.array([-0.5]), np.array([2.0]), 1.0),
        (np.array([0.3, -2.0, 0.0, 1.1]), np.array([4.0, 0.1, 1.0, 1.0]), 0.5),
        (np.array([[0.2, -3.0], [1.5, -0.7]]), np.array([[1.0, 1.0], [0.3, 6.0]]), 2.0),
    ),
    mistakes=(
        Mistake(
            "always kept",
            lambda theta, u, alpha: np.where(theta != 0, alpha, 0.0),
            "That is the price of keeping every weight, alpha l0. The coin may also show 0 always: "
            "then nothing is paid, and the distance is u theta^2.",
        ),
        Mistake(
            "always dropped",
            lambda theta, u, alpha: u * theta**2,
            "That is the cost with gamma = 0. A large weight would rather pay alpha, and have no "
            "distance.",
        ),
        Mistake(
            "linear distance",
            lambda theta, u, alpha: np.minimum(u * np.abs(theta), alpha),
            "That is the answer for the distance |theta - w z|, which comes later in the lesson. "
            "Here the distance is squared.",
        ),
        Mistake(
            "average of the corners",
            lambda theta, u, alpha: (u * theta**2 + alpha) / 2,
            "That is the value at gamma = 1/2. A straight line has its least value at an end.",
        ),
        Mistake(
            "larger of the two",
            lambda theta, u, alpha: np.maximum(u * theta**2, alpha),
            "You took the dearer end of the line. Take the cheaper.",
        ),
        Mistake(
            "half",
            lambda theta, u, alpha: np.minimum(u * theta**2 / 2, alpha),
            "The distance here carries no factor 1/2.",
        ),
        Mistake(
            "one number for all",
            lambda theta, u, alpha: np.minimum(u * theta**2, alpha).sum(),
            "You added up the weights. Give the minimum for each of them: theta's shape.",
        ),
        Mistake(
            "the minimiser",
            lambda theta, u, alpha: np.where(u * theta**2 < alpha, 0.0, theta),
            "That is w gamma at the minimum, hard thresholding. Asked for: the least value.",
        ),
    ),
    hints=(
        "A straight line over [0, 1] is least at one of its two ends.",
        "What is left of u theta^2 (1 - gamma) + alpha gamma at gamma = 0? And at gamma = 1?",
        "At gamma = 0 it is u theta^2, at gamma = 1 it is alpha. np.minimum takes the smaller.",
    ),
    why="With probability gamma the distance is (theta - w)^2, else theta^2. So w = theta is best, "
    "and what is left is linear in gamma: its least value is at an end. The coin is certain even "
    "though nobody asked it to be, and the two ends meet at |theta| = sqrt(alpha / u).",
)

# --- 03.7: ADMM -----------------------------------------------------------------------------------

Three = tuple[np.ndarray, np.ndarray, np.ndarray]


def admm_round(
    X: np.ndarray,
    y: np.ndarray,
    v: np.ndarray,
    d: np.ndarray,
    alpha: float,
    rho: float,
) -> Three:
    A = 2 * X.T @ X + rho * np.eye(X.shape[1])
    theta = np.linalg.solve(A, 2 * X.T @ y + rho * (v - d))
    near = theta + d
    v = np.where(np.abs(near) < np.sqrt(2 * alpha / rho), 0.0, near)
    return theta, v, d + theta - v


def _round(X, y, v, d, alpha, rho, *, choose=None, t=None, two=2.0, dual=None) -> Three:
    """One round of ADMM with one of its parts replaced."""
    A = two * X.T @ X + rho * np.eye(X.shape[1])
    theta = np.linalg.solve(A, two * X.T @ y + rho * (v - d))
    t = np.sqrt(2 * alpha / rho) if t is None else t
    choose = choose or (lambda theta, d, t: np.where(np.abs(theta + d) < t, 0.0, theta + d))
    new = choose(theta, d, t)
    return theta, new, (d + theta - new) if dual is None else dual(theta, v, new, d)


def _after(d, theta, _v, _d, alpha, rho) -> Three:
    """The steps in v and d that follow a given theta."""
    v = np.where(np.abs(theta + d) < np.sqrt(2 * alpha / rho), 0.0, theta + d)
    return theta, v, d + theta - v


def _soft(theta: np.ndarray, d: np.ndarray, t: float) -> np.ndarray:
    return np.sign(theta + d) * np.maximum(np.abs(theta + d) - t, 0)


def _rounds(generator: np.random.Generator) -> list[tuple]:
    one = np.array([[1.0]]), np.array([3.0]), np.array([1.0]), np.array([0.5]), 1.0, 1.0
    y, d = np.array([1.7, 2.4, 0.6, -1.6, -3.5]), np.array([0.1, -0.1, 0.0, 0.2, -0.3])
    cases = [one, (np.eye(5), y, np.zeros(5), d, 1.0, 2.0)]  # thresholds 1, 0.71, 1.41
    for n, p, alpha, rho in [(5, 3, 0.5, 2.0), (6, 4, 2.0, 8.0), (6, 4, 0.8, 1.5)]:
        X = generator.normal(size=(n, p)).round(1)
        y = (2 * X[:, 0] - X[:, 1] + generator.normal(size=n)).round(1)
        v, d = generator.normal(size=(2, p)).round(1)
        cases.append((X, y, v, d, alpha, rho))
    return cases


ADMM = Exercise(
    id="03.7",
    title="Two solvers and a ledger",
    difficulty=4,
    minutes=12,
    reference=admm_round,
    cases=_rounds,
    mistakes=(
        Mistake(
            "threshold without the 2",
            lambda X, y, v, d, alpha, rho: _round(X, y, v, d, alpha, rho, t=np.sqrt(alpha / rho)),
            "Your threshold is too small by sqrt(2): the distance here carries a factor 1/2. "
            "Dropping x costs rho x^2 / 2, keeping it costs alpha.",
        ),
        Mistake(
            "threshold forgets rho",
            lambda X, y, v, d, alpha, rho: _round(X, y, v, d, alpha, rho, t=np.sqrt(2 * alpha)),
            "Your threshold forgets rho: dropping x costs rho x^2 / 2, keeping it costs alpha.",
        ),
        Mistake(
            "soft thresholding",
            lambda X, y, v, d, alpha, rho: _round(X, y, v, d, alpha, rho, choose=_soft),
            "That is soft thresholding, the step for l1: the survivors were shrunk. l0 keeps them "
            "as they are.",
        ),
        Mistake(
            "ledger not used",
            lambda X, y, v, d, alpha, rho: _round(
                X, y, v, d, alpha, rho, choose=lambda theta, d, t: theta * (np.abs(theta) >= t)
            ),
            "v must be close to theta + d, not to theta: d is what the two still owe each other.",
        ),
        Mistake(
            "wrong sign of d in v",
            lambda X, y, v, d, alpha, rho: _round(
                X,
                y,
                v,
                d,
                alpha,
                rho,
                choose=lambda theta, d, t: np.where(np.abs(theta - d) < t, 0.0, theta - d),
            ),
            "d has the wrong sign in v: v is near theta + d.",
        ),
        Mistake(
            "wrong sign of d in theta",
            lambda X, y, v, d, alpha, rho: _after(
                d, *_round(X, y, v, -d, alpha, rho, choose=lambda theta, _, t: theta), alpha, rho
            ),
            "d has the wrong sign in theta: theta is near v - d.",
        ),
        Mistake(
            "ledger written the wrong way round",
            lambda X, y, v, d, alpha, rho: _round(
                X, y, v, d, alpha, rho, dual=lambda theta, old, new, d: d - theta + new
            ),
            "The ledger has the wrong sign: d grows by theta - v.",
        ),
        Mistake(
            "old v in the ledger",
            lambda X, y, v, d, alpha, rho: _round(
                X, y, v, d, alpha, rho, dual=lambda theta, old, new, d: d + theta - old
            ),
            "You wrote the old v into the ledger. Update v first.",
        ),
        Mistake(
            "factor 2 of the loss",
            lambda X, y, v, d, alpha, rho: _round(X, y, v, d, alpha, rho, two=1.0),
            "The loss is ||y - X theta||^2 without a factor 1/2, so its gradient has a factor 2: "
            "solve (2 X'X + rho I) theta = 2 X'y + rho (v - d).",
        ),
        Mistake(
            "no ledger",
            lambda X, y, v, d, alpha, rho: (*admm_round(X, y, v, d, alpha, rho)[:2], d),
            "d did not change. Without it this is alternation, and it stops wherever theta and v "
            "first agree to disagree.",
        ),
    ),
    hints=(
        "theta: set the gradient of ||y - X theta||^2 + rho/2 ||theta - v + d||^2 to 0, a linear "
        "system.",
        "v: for each entry, minimise rho/2 (x - v)^2 + alpha [v != 0], with x = theta + d. That is "
        "exercise 02.2 with alpha / rho in place of alpha.",
        "theta = np.linalg.solve(2 * X.T @ X + rho * np.eye(p), 2 * X.T @ y + rho * (v - d)); v is "
        "theta + d where that is at least sqrt(2 alpha / rho) in size, else 0; then d + theta - v.",
    ),
    why="The problem falls into two parts that are easy apart: a ridge regression towards v - d, "
    "and the hard threshold of lesson 02. The ledger d adds up what they still differ by, and so "
    "pulls them together at a finite rho. With u = rho / 2 the threshold is the one of 03.6.",
)

EXERCISES = [EXPECTATION, OBJECTIVE, GRADIENT, LEAVE_ONE_OUT, SADDLE, INNER, ADMM]
