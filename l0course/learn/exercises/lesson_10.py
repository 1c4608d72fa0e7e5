"""Exercises of lesson 10, universal compression by moment matching."""

from __future__ import annotations

from math import comb, factorial

import numpy as np

from l0course.learn.exercise import Exercise, Mistake

# --- 10.1: walk until a weight is 0 ---------------------------------------------------------------


def remove_one(c: np.ndarray, v: np.ndarray) -> np.ndarray:
    v = v if (v > 0).any() else -v
    steps = np.divide(c, v, out=np.full(len(c), np.inf), where=v > 0)
    j = steps.argmin()
    c = c - steps[j] * v
    c[j] = 0.0
    return c


def _walk(c: np.ndarray, v: np.ndarray, step: float) -> np.ndarray:
    return c - step * v


def _ratios(c: np.ndarray, v: np.ndarray) -> np.ndarray:
    return np.divide(c, v, out=np.full(len(c), np.inf), where=v > 0)


def _farthest(c, v):
    v = v if (v > 0).any() else -v
    ratios = np.where(v > 0, _ratios(c, v), -np.inf)
    return _walk(c, v, ratios.max())


def _absolute(c, v):
    ratios = np.divide(c, np.abs(v), out=np.full(len(c), np.inf), where=v != 0)
    return _walk(c, v, ratios.min())


def _no_flip(c, v):
    step = _ratios(c, v).min()
    return _walk(c, v, step) if np.isfinite(step) else c.copy()


def _clipped(c, v):
    v = v if (v > 0).any() else -v
    new = c.copy()
    new[_ratios(c, v).argmin()] = 0.0
    return new


def _smallest_weight(c, v):
    v = v if (v > 0).any() else -v
    j = np.where(v > 0, c, np.inf).argmin()
    return np.maximum(_walk(c, v, c[j] / v[j]), 0.0)


def _uphill(c, v):
    v = v if (v > 0).any() else -v
    return c + _ratios(c, v).min() * v


def _walks(generator: np.random.Generator) -> list[tuple]:
    cases = [
        (np.array([1.0, 2.0, 1.0]), np.array([0.5, -2.0, 0.25])),
        (np.array([3.0, 2.0, 1.0]), np.array([-1.0, -4.0, -0.25])),
        (np.array([1.0, 1.0, 1.0, 1.0]), np.array([0.0, 1.0, -3.0, 2.0])),
        (np.array([0.2, 4.0, 1.0]), np.array([0.01, 2.0, -5.0])),
    ]
    for n in (5, 8):
        cases.append((generator.random(n) + 0.1, generator.normal(size=n).round(2)))
    return cases


WALK = Exercise(
    id="10.1",
    title="Walk until a weight is 0",
    difficulty=2,
    minutes=10,
    reference=remove_one,
    cases=_walks,
    mistakes=(
        Mistake(
            "too far",
            _farthest,
            "You went to the last weight that becomes 0. On the way others became negative: stop "
            "at the first, the smallest c_j / v_j.",
        ),
        Mistake(
            "ratio of sizes",
            _absolute,
            "You divided by |v_j|. Only weights with v_j > 0 fall as you subtract v; the others "
            "grow and set no limit.",
        ),
        Mistake(
            "no way down",
            _no_flip,
            "If no v_j is positive, no weight falls. Turn around: -v is a null direction as well.",
        ),
        Mistake(
            "just dropped",
            _clipped,
            "You set one weight to 0 and left the others. The moments changed: all weights have "
            "to move along v.",
        ),
        Mistake(
            "smallest weight",
            _smallest_weight,
            "You took the smallest weight. The first to become 0 is the one with the smallest "
            "c_j / v_j: a large weight may fall fast.",
        ),
        Mistake(
            "wrong way",
            _uphill,
            "You added t v: the weights with v_j > 0 grow. Subtract it.",
        ),
    ),
    hints=(
        "c - t v has the same moments for every t. Which weights fall as t grows?",
        "Weight j reaches 0 at t = c_j / v_j if v_j > 0. Take the smallest of these. If no v_j is "
        "positive, use -v.",
        "j = np.where(v > 0, c / v, np.inf).argmin(); c = c - c[j] / v[j] * v; c[j] = 0.",
    ),
    why="F.T @ v = 0, so every moment is the same all along the line. The first weight that "
    "reaches 0 is the end of the walk: all others are still nonnegative. Each walk removes a "
    "point, and there is a direction as long as there are more points than moments.",
)

# --- 10.2: how many points ------------------------------------------------------------------------


def points_needed(m: int, k: int) -> int:
    return comb(m + k, k)


COUNT = Exercise(
    id="10.2",
    title="How many moments are there?",
    difficulty=2,
    minutes=5,
    reference=points_needed,
    cases=((1, 5), (2, 1), (2, 5), (3, 2), (4, 5), (5, 5), (16, 2), (8, 0)),
    mistakes=(
        Mistake(
            "a box of exponents",
            lambda m, k: (k + 1) ** m,
            "That lets each coordinate have a power up to k. Here the powers together are at most "
            "k: x^5 y^5 has degree 10.",
        ),
        Mistake(
            "exactly k",
            lambda m, k: comb(m + k - 1, k),
            "Those are the monomials of degree exactly k. The lower ones count too, with 1 for "
            "the mass.",
        ),
        Mistake(
            "mass forgotten",
            lambda m, k: comb(m + k, k) - 1,
            "One is missing: degree 0, the sum of the weights.",
        ),
        Mistake(
            "powers of one coordinate",
            lambda m, k: m * k + 1,
            "Mixed moments are missing, such as x y: they say how the coordinates go together.",
        ),
        Mistake(
            "order matters",
            lambda m, k: sum(m**j for j in range(k + 1)),
            "You counted x y and y x as two. They are the same moment.",
        ),
    ),
    hints=(
        "Write them down for m = 2, k = 2: 1, x, y, x², x y, y².",
        "Share out k units of power among m coordinates and one bin for what is not used.",
        "k stars and m bars: math.comb(m + k, k).",
    ),
    why="A monomial of degree at most k shares out k units of power among m coordinates and a bin "
    "for the rest. Stars and bars: C(m + k, k).",
)

# --- 10.3: the curse ------------------------------------------------------------------------------


def times_as_many(factor: float, m: int, k: int) -> float:
    return factor ** (m / (k + 1))


CURSE = Exercise(
    id="10.3",
    title="The price of a digit",
    difficulty=2,
    minutes=6,
    reference=times_as_many,
    cases=((10.0, 1, 1), (10.0, 2, 5), (100.0, 4, 1), (10.0, 16, 1), (2.0, 3, 2)),
    mistakes=(
        Mistake(
            "upside down",
            lambda factor, m, k: factor ** ((k + 1) / m),
            "Upside down: a higher degree makes a digit cheaper, more coordinates make it dearer.",
        ),
        Mistake(
            "degree k",
            lambda factor, m, k: factor ** (m / k),
            "Degrees up to k are matched, so the error begins at degree k + 1.",
        ),
        Mistake(
            "no dimension",
            lambda factor, m, k: factor ** (1 / (k + 1)),
            "That is by how much the cells must shrink. In m dimensions, how many more are there?",
        ),
        Mistake(
            "one dimension",
            lambda factor, m, k: m * factor ** (1 / (k + 1)),
            "Cells that are half as wide are 2^m times as many, not 2 m times.",
        ),
        Mistake(
            "factorial",
            lambda factor, m, k: factorial(m) * factor ** (m / (k + 1)),
            "The factor m! does not change: it is in both numbers of cells.",
        ),
    ),
    hints=(
        "In a cell of width r the error is proportional to r^(k + 1).",
        "r must fall by factor^(1 / (k + 1)). How many cells of that width fill the same box?",
        "factor ** (m / (k + 1))",
    ),
    why="The error of a cell is of order r^(k + 1), and the box holds r^(-m) cells. So the error "
    "is of order d'^(-(k + 1) / m). With m = 2 and k = 5 ten times less error costs about "
    "twice the points; with m = 16 and k = 1, a hundred million times as many.",
)

# --- 10.4: what a squared loss is made of ---------------------------------------------------------


def loss_features(P: np.ndarray, y: np.ndarray) -> np.ndarray:  # noqa: N803
    return np.column_stack([P, y[:, None] * P, y**2])


def _tables(generator: np.random.Generator) -> list[tuple]:
    return [
        (np.column_stack([np.ones(n), generator.normal(size=(n, p))]), generator.normal(size=n))
        for n, p in [(2, 1), (4, 2), (6, 5)]
    ]


LOSS = Exercise(
    id="10.4",
    title="What a squared loss is made of",
    difficulty=3,
    minutes=8,
    reference=loss_features,
    cases=_tables,
    mistakes=(
        Mistake(
            "only the inputs",
            lambda P, y: P,
            "The answers are missing: nothing here knows y. Open the square (f - y)².",
        ),
        Mistake(
            "no mixed terms",
            lambda P, y: np.column_stack([P, y, y**2]),
            "f y needs y times every polynomial of x, not y alone.",
        ),
        Mistake(
            "no square",
            lambda P, y: np.column_stack([P, y[:, None] * P]),
            "y² is missing. The minimiser does not need it, but the value of the loss does.",
        ),
        Mistake(
            "too much",
            lambda P, y: np.column_stack([P, y[:, None] * P, (y**2)[:, None] * P]),
            "y² comes alone, not times a polynomial: you would pay for half as many columns again.",
        ),
        Mistake(
            "the loss of one model",
            lambda P, y: (P.sum(axis=1) - y)[:, None] ** 2,
            "That is the loss of one model. Give the columns from which the loss of every f can be "
            "put together.",
        ),
    ),
    hints=(
        "(f - y)² = f² - 2 f y + y². f and f² are polynomials of x, or nearly.",
        "So three kinds of sums are needed: p(x), y p(x), and y².",
        "np.column_stack([P, y[:, None] * P, y**2])",
    ),
    why="The loss of any model f is a sum of f², f y and y² over the rows. If f and f² are "
    "polynomials of x within the degree, the first two are sums of columns of P and of y P. So "
    "2 C(m + k, k) + 1 rows are enough, and y costs no further coordinate.",
)

# --- 10.5: the factor 1 / c -----------------------------------------------------------------------


def weighted_gradients(
    X: np.ndarray,  # noqa: N803
    r: np.ndarray,
    W: np.ndarray,  # noqa: N803
    v: np.ndarray,
    c: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    h = np.tanh(X @ W.T)
    return ((r[:, None] * (1 - h**2) * v).T @ X) / len(r), r @ h / len(r)


def _plain(X, r, W, v, c):
    gW, gv = weighted_gradients(X, r, W, v, c)
    return c[:, None] * gW, c * gv


def _twice(X, r, W, v, c):
    gW, gv = weighted_gradients(X, r, W, v, c)
    return gW / c[:, None], gv / c


def _only_v(X, r, W, v, c):
    gW, gv = weighted_gradients(X, r, W, v, c)
    return c[:, None] * gW, gv


def _only_w(X, r, W, v, c):
    gW, gv = weighted_gradients(X, r, W, v, c)
    return gW, c * gv


def _folded(X, r, W, v, c):
    gW, gv = weighted_gradients(X, r, W, v, c)
    return c[:, None] ** 2 * gW, c * gv


def _layers(generator: np.random.Generator) -> list[tuple]:
    cases = []
    for n, d in [(3, 2), (6, 4)]:
        X, W = generator.normal(size=(n, 2)), generator.normal(size=(d, 2))
        r, v = generator.normal(size=n), generator.normal(size=d)
        cases.append((X, r, W, v, 0.5 + 4 * generator.random(d)))
    return cases


GRADIENT = Exercise(
    id="10.5",
    title="A neuron that stands for many",
    difficulty=3,
    minutes=12,
    reference=weighted_gradients,
    cases=_layers,
    mistakes=(
        Mistake(
            "plain gradient",
            _plain,
            "That is the plain gradient: c_j times too large. A neuron of weight c_j feels the "
            "pull on all c_j that it stands for, and each of those moves by its own share only.",
        ),
        Mistake(
            "divided twice",
            _twice,
            "Divided twice: the gradient of one neuron has no c_j in it at all.",
        ),
        Mistake(
            "v only",
            _only_v,
            "v is right, W is c_j times too large: all numbers of a neuron move as one.",
        ),
        Mistake(
            "W only",
            _only_w,
            "W is right, v is c_j times too large: all numbers of a neuron move as one.",
        ),
        Mistake(
            "folded first",
            _folded,
            "You folded c into v first. Then W moves c_j² times too fast: fold after training.",
        ),
    ),
    hints=(
        "The gradient with respect to w_j is c_j v_j mean(r (1 - tanh²) x). Divide by c_j.",
        "h = np.tanh(X @ W.T) is (n, d); the derivative of tanh is 1 - h².",
        "gW = (r[:, None] * (1 - h**2) * v).T @ X / n; gv = r @ h / n.",
    ),
    why="The output is sum_j c_j v_j tanh(w_j . x), so both gradients carry a factor c_j. In the "
    "wide network there are c_j separate neurons, and each feels its own gradient only: divide. "
    "Then both networks move in the same way, whatever the weights.",
)

EXERCISES = (WALK, COUNT, CURSE, LOSS, GRADIENT)
