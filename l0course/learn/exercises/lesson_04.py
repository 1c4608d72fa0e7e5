"""Exercises of lesson 04, smooth l0 and relaxed l1: DRR and R-L1."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from l0course.learn.exercise import Exercise, Mistake

# --- 04.1: the smooth count and its slope ---------------------------------------------------------


def smooth_count(theta: np.ndarray, alpha: float, beta: float) -> tuple[float, np.ndarray]:
    decay = np.exp(-beta * np.abs(theta))
    return alpha * (1 - decay).sum(), alpha * beta * np.sign(theta) * decay


def _slope(theta: np.ndarray, alpha: float, beta: float) -> np.ndarray:
    return smooth_count(theta, alpha, beta)[1]


def _price(theta: np.ndarray, alpha: float, beta: float) -> float:
    return smooth_count(theta, alpha, beta)[0]


SMOOTH_COUNT = Exercise(
    id="04.1",
    title="A count with a slope",
    difficulty=2,
    minutes=8,
    reference=smooth_count,
    cases=(
        (np.array([0.5, -1.0]), 1.0, 2.0),
        (np.array([0.1, 0.0, -0.2]), 0.5, 5.0),
        (np.array([3.0, -0.01]), 0.1, 20.0),
        (np.array([[0.3, -0.3], [0.05, 1.0]]), 2.0, 3.0),
    ),
    mistakes=(
        Mistake(
            "beta lost",
            lambda theta, alpha, beta: (
                _price(theta, alpha, beta),
                _slope(theta, alpha, beta) / beta,
            ),
            "The price is right, and the slope lacks a factor beta: the chain rule on "
            "exp(-beta |theta|) gives -beta.",
        ),
        Mistake(
            "wrong sign",
            lambda theta, alpha, beta: (_price(theta, alpha, beta), -_slope(theta, alpha, beta)),
            "The slope has the wrong sign. The price rises away from 0, so for theta > 0 the slope "
            "is positive, and descent goes towards 0. There are two minus signs in it.",
        ),
        Mistake(
            "sign of theta lost",
            lambda theta, alpha, beta: (
                _price(theta, alpha, beta),
                alpha * beta * np.exp(-beta * np.abs(theta)),
            ),
            "The derivative of |theta| is sign(theta). Without it negative weights are pushed away "
            "from 0.",
        ),
        Mistake(
            "no absolute value",
            lambda theta, alpha, beta: (
                alpha * (1 - np.exp(-beta * theta)).sum(),
                alpha * beta * np.exp(-beta * theta),
            ),
            "The |.| is missing: for a negative weight exp(-beta theta) is above 1, and its price "
            "would be negative.",
        ),
        Mistake(
            "slope of the count",
            lambda theta, alpha, beta: (
                alpha * float(np.count_nonzero(theta)),
                np.zeros_like(theta),
            ),
            "That is l0 itself: a step, flat on both sides. Its slope is 0, so descent learns "
            "nothing from it. That is why it is made smooth.",
        ),
        Mistake(
            "slope of l1",
            lambda theta, alpha, beta: (_price(theta, alpha, beta), alpha * np.sign(theta)),
            "That is the slope of alpha |theta|. Here the pull fades with exp(-beta |theta|), and "
            "it starts at alpha beta.",
        ),
        Mistake(
            "one minus left out",
            lambda theta, alpha, beta: (
                alpha * np.exp(-beta * np.abs(theta)).sum(),
                _slope(theta, alpha, beta),
            ),
            "You added up exp(-beta |theta|), which is 1 for a zero weight. The price is one minus "
            "that.",
        ),
        Mistake(
            "alpha in one place only",
            lambda theta, alpha, beta: (
                _price(theta, alpha, beta),
                _slope(theta, 1.0, beta),
            ),
            "The slope lacks alpha: it is the derivative of alpha times the sum.",
        ),
        Mistake(
            "mean",
            lambda theta, alpha, beta: (
                _price(theta, alpha, beta) / theta.size,
                _slope(theta, alpha, beta) / theta.size,
            ),
            "You averaged over the weights. It is a count, so take the sum: a network of twice the "
            "size costs twice as much.",
        ),
        Mistake(
            "slope added up",
            lambda theta, alpha, beta: (
                _price(theta, alpha, beta),
                _slope(theta, alpha, beta).sum(),
            ),
            "You added up the slopes. Each weight has its own: return an array of theta's shape.",
        ),
        Mistake(
            "prices not added up",
            lambda theta, alpha, beta: (
                alpha * (1 - np.exp(-beta * np.abs(theta))),
                _slope(theta, alpha, beta),
            ),
            "You returned a price for each weight. Add them up: the price is one number, and only "
            "the slope is an array.",
        ),
        Mistake(
            "mean of the prices",
            lambda theta, alpha, beta: (
                _price(theta, alpha, beta) / theta.size,
                _slope(theta, alpha, beta),
            ),
            "The slope is right, and the price is a mean. Take the sum, as in a count.",
        ),
        Mistake(
            "no absolute value in the slope",
            lambda theta, alpha, beta: (
                _price(theta, alpha, beta),
                alpha * beta * np.sign(theta) * np.exp(-beta * theta),
            ),
            "The price is right. In the slope |.| is missing inside exp, so the pull on negative "
            "weights grows with their size.",
        ),
        Mistake(
            "swapped",
            lambda theta, alpha, beta: (_slope(theta, alpha, beta), _price(theta, alpha, beta)),
            "The two are right, in the wrong order: first the price, then the slope.",
        ),
    ),
    hints=(
        "Take one weight theta > 0. Then |theta| = theta. What is the derivative of "
        "1 - exp(-beta theta)?",
        "It is beta exp(-beta theta). For theta < 0 it is the mirror image, with a minus; "
        "np.sign(theta) does both, and gives 0 at 0.",
        "decay = np.exp(-beta * np.abs(theta)). Return alpha * (1 - decay).sum() and "
        "alpha * beta * np.sign(theta) * decay.",
    ),
    why="The price of a weight goes from 0 to alpha as it leaves 0, so the sum is nearly alpha "
    "times the number of weights that are well away from 0. The slope is alpha beta at 0 and dies "
    "out: small weights feel a strong pull, large ones none. At exactly 0 we say that the slope "
    "is 0: who has arrived is left alone.",
)

# --- 04.2: the reach of the pull ------------------------------------------------------------------


def half_pull(beta: float) -> float:
    return np.log(2) / beta


HALF = Exercise(
    id="04.2",
    title="How far does it reach?",
    difficulty=1,
    minutes=4,
    reference=half_pull,
    cases=((5.0,), (2.0,), (20.0,)),
    mistakes=(
        Mistake(
            "one over beta",
            lambda beta: 1 / beta,
            "There the pull has fallen to 1/e = 37 %. Half of it is left a little earlier.",
        ),
        Mistake(
            "straight line",
            lambda beta: 0.5 / beta,
            "That would be right if the pull fell along a straight line, to 0 at 1/beta. It falls "
            "exponentially.",
        ),
        Mistake(
            "upside down",
            lambda beta: beta * np.log(2),
            "A larger beta has a shorter reach: divide by beta.",
        ),
        Mistake(
            "logarithm to base 10",
            lambda beta: np.log10(2) / beta,
            "That is the logarithm to base 10. exp needs the natural one.",
        ),
        Mistake(
            "logarithm of a half",
            lambda beta: np.log(0.5) / beta,
            "A size cannot be negative: exp(-beta |theta|) = 1/2 gives -beta |theta| = ln(1/2).",
        ),
    ),
    hints=(
        "The pull is alpha beta exp(-beta |theta|), and at 0 it is alpha beta.",
        "Solve exp(-beta |theta|) = 1/2.",
        "|theta| = ln(2) / beta.",
    ),
    why="exp(-beta |theta|) = 1/2 at |theta| = ln(2) / beta = 0.69 / beta. At the same place half "
    "of the price is charged. alpha does not matter for where, only for how much.",
)

# --- 04.3: when the map begins to jump ------------------------------------------------------------


def steepest(strength: float) -> float:
    return 1 / np.sqrt(strength)


JUMP = Exercise(
    id="04.3",
    title="Slide or jump",
    difficulty=3,
    minutes=8,
    reference=steepest,
    cases=((0.25,), (1.0,), (0.04,), (4.0,)),
    mistakes=(
        Mistake(
            "one derivative too few",
            lambda strength: 1 / strength,
            "You looked at the slope at 0, strength * beta. Whether the curve bends up is asked of "
            "the second derivative, which has another factor beta.",
        ),
        Mistake(
            "upside down",
            lambda strength: np.sqrt(strength),
            "A stronger penalty jumps earlier, so the limit falls as the strength grows.",
        ),
        Mistake(
            "half",
            lambda strength: 1 / np.sqrt(2 * strength),
            "A factor 2 crept in. The second derivative of (x - z)^2 / 2 is 1, not 1/2.",
        ),
        Mistake(
            "two",
            lambda strength: np.sqrt(2 / strength),
            "The factor 1/2 was overlooked: the second derivative of (x - z)^2 / 2 is 1, not 2.",
        ),
        Mistake(
            "square forgotten",
            lambda strength: 1 / strength**2,
            "You solved strength * beta^2 = 1 the wrong way: take the root.",
        ),
    ),
    hints=(
        "A curve that bends upwards everywhere has one valley, which slides as z moves. Look at "
        "the second derivative for x > 0.",
        "It is 1 - strength * beta^2 * exp(-beta x). Where on x > 0 is that least?",
        "At x = 0: 1 - strength * beta^2. It is >= 0 up to beta = 1 / sqrt(strength).",
    ),
    why="The square bends up with curvature 1, the penalty bends down with curvature strength * "
    "beta^2 * exp(-beta x), most of all at 0. As long as strength * beta^2 <= 1 there is one "
    "valley, and the best x slides to 0 like a soft threshold. Beyond, there are two valleys, and "
    "the best x jumps from one to the other like a hard threshold.",
)

# --- 04.4: what Adam makes of a penalty -----------------------------------------------------------


def first_step(theta: np.ndarray, alpha: float, beta: float, lr: float) -> np.ndarray:
    return theta - lr * np.sign(theta)


def _adam(theta, alpha, beta, lr, m=1.0, v=1.0) -> np.ndarray:
    """One Adam step, with the two running means off by the factors m and v."""
    g = _slope(theta, alpha, beta)
    return theta - lr * m * g / np.maximum(np.sqrt(v) * np.abs(g), 1e-300)


ADAM = Exercise(
    id="04.4",
    title="Adam's first step",
    difficulty=2,
    minutes=7,
    reference=first_step,
    cases=(
        (np.array([0.5, -1.0]), 0.5, 2.0, 0.1),
        (np.array([0.02, 0.0, -0.3]), 0.01, 5.0, 0.1),
        (np.array([1.0, -0.2, 0.4]), 3.0, 5.0, 0.01),
    ),
    mistakes=(
        Mistake(
            "gradient descent",
            lambda theta, alpha, beta, lr: theta - lr * _slope(theta, alpha, beta),
            "That is a step of plain gradient descent. Adam divides the slope by its own size.",
        ),
        Mistake(
            "lr times alpha",
            lambda theta, alpha, beta, lr: theta - lr * alpha * np.sign(theta),
            "alpha stands above and below the line: Adam divides by the size of the slope, and "
            "alpha is part of that size.",
        ),
        Mistake(
            "lr times alpha beta",
            lambda theta, alpha, beta, lr: theta - lr * alpha * beta * np.sign(theta),
            "alpha beta stands above and below the line, and cancels.",
        ),
        Mistake(
            "fading kept",
            lambda theta, alpha, beta, lr: (
                theta - lr * np.sign(theta) * np.exp(-beta * np.abs(theta))
            ),
            "exp(-beta |theta|) is part of the slope's size too, so it cancels as alpha does.",
        ),
        Mistake(
            "no bias correction",
            lambda theta, alpha, beta, lr: _adam(theta, alpha, beta, lr, m=0.1, v=0.001),
            "You forgot to correct the running means for their start at 0. After one step they are "
            "0.1 g and 0.001 g^2: divide them by 0.1 and 0.001.",
        ),
        Mistake(
            "one mean corrected",
            lambda theta, alpha, beta, lr: _adam(theta, alpha, beta, lr, v=0.001),
            "You corrected the mean of g, and not that of g^2. Both started at 0.",
        ),
        Mistake(
            "the other mean corrected",
            lambda theta, alpha, beta, lr: _adam(theta, alpha, beta, lr, m=0.1),
            "You corrected the mean of g^2, and not that of g. Both started at 0.",
        ),
        Mistake(
            "sign lost",
            lambda theta, alpha, beta, lr: theta - lr,
            "All your weights go down. g / |g| is the sign of g, so negative weights go up, and a "
            "weight at 0 stays.",
        ),
        Mistake(
            "root forgotten",
            lambda theta, alpha, beta, lr: (
                theta
                - lr
                * np.divide(
                    1,
                    _slope(theta, alpha, beta),
                    out=np.zeros_like(theta),
                    where=theta != 0,
                )
            ),
            "You divided by g^2. Take its root: the step has no unit of the slope left.",
        ),
        Mistake(
            "uphill",
            lambda theta, alpha, beta, lr: theta + lr * np.sign(theta),
            "That goes uphill, away from 0.",
        ),
        Mistake(
            "stopped at 0",
            lambda theta, alpha, beta, lr: np.sign(theta) * np.maximum(np.abs(theta) - lr, 0),
            "You stopped at 0. It would be kind, but Adam does not: a weight nearer to 0 than lr "
            "lands on the other side.",
        ),
    ),
    hints=(
        "Adam keeps running means m of g and v of g^2, and moves by -lr m / sqrt(v). What are m "
        "and v after one step, once they are corrected for their start at 0?",
        "m = g and v = g^2. So m / sqrt(v) = g / |g|.",
        "g / |g| = sign(g) = sign(theta), and 0 where theta = 0: theta - lr * np.sign(theta).",
    ),
    why="After one step m = g and v = g^2, so the step is -lr sign(g), and the slope of a penalty "
    "has the sign of theta. Everything that says how strong the penalty is cancels: alpha, beta, "
    "and the distance. The strength counts only against the noise of the data's slope.",
)

# --- 04.5: the step that stops at zero ------------------------------------------------------------


def proximal_step(theta: np.ndarray, gradient: np.ndarray, alpha: float, lr: float) -> np.ndarray:
    z = theta - lr * gradient
    return np.sign(z) * np.maximum(np.abs(z) - lr * alpha, 0)


def _soft(z: np.ndarray, t: float) -> np.ndarray:
    return np.sign(z) * np.maximum(np.abs(z) - t, 0)


PROXIMAL = Exercise(
    id="04.5",
    title="The step that stops at 0",
    difficulty=3,
    minutes=8,
    reference=proximal_step,
    cases=(
        (np.array([1.0, -0.06]), np.array([0.5, 0.2]), 0.4, 0.1),
        (np.array([0.3, -0.02, 0.0, 0.04]), np.array([-1.0, 0.1, 0.3, 2.0]), 0.5, 0.1),
        (np.array([[0.5, -2.0], [0.2, 0.35]]), np.array([[1.0, -1.0], [0.0, 0.2]]), 1.0, 0.3),
    ),
    mistakes=(
        Mistake(
            "threshold alpha",
            lambda theta, gradient, alpha, lr: _soft(theta - lr * gradient, alpha),
            "You shrank by alpha in one step. A step of size lr takes lr times the pull, so the "
            "threshold is lr * alpha.",
        ),
        Mistake(
            "divided by lr",
            lambda theta, gradient, alpha, lr: _soft(theta - lr * gradient, alpha / lr),
            "You divided by lr. (x - z)^2 / (2 lr) + alpha |x| times lr has the penalty "
            "lr * alpha |x|.",
        ),
        Mistake(
            "uphill",
            lambda theta, gradient, alpha, lr: _soft(theta + lr * gradient, lr * alpha),
            "The data's step goes uphill: subtract lr * gradient.",
        ),
        Mistake(
            "subgradient step",
            lambda theta, gradient, alpha, lr: theta - lr * (gradient + alpha * np.sign(theta)),
            "That is a plain step on the sum of both slopes. It jumps over 0, and never stops "
            "there.",
        ),
        Mistake(
            "no stop",
            lambda theta, gradient, alpha, lr: (
                (theta - lr * gradient) - lr * alpha * np.sign(theta - lr * gradient)
            ),
            "You moved each weight by lr * alpha towards 0, and some went beyond. Stop at 0.",
        ),
        Mistake(
            "penalty first",
            lambda theta, gradient, alpha, lr: _soft(theta, lr * alpha) - lr * gradient,
            "You shrank first and moved after, so the zeros were moved away again. The data's step "
            "comes first.",
        ),
        Mistake(
            "charged twice",
            lambda theta, gradient, alpha, lr: _soft(
                theta - lr * (gradient + alpha * np.sign(theta)), lr * alpha
            ),
            "The penalty is charged twice: its slope is in your step, and the threshold charges it "
            "again.",
        ),
        Mistake(
            "hard threshold",
            lambda theta, gradient, alpha, lr: np.where(
                np.abs(theta - lr * gradient) < lr * alpha, 0.0, theta - lr * gradient
            ),
            "The survivors were not shrunk: that is a hard threshold. l1 pulls each of them by "
            "lr * alpha.",
        ),
        Mistake(
            "lr missing",
            lambda theta, gradient, alpha, lr: _soft(theta - gradient, lr * alpha),
            "The data's step lacks lr.",
        ),
        Mistake(
            "gradient forgotten",
            lambda theta, gradient, alpha, lr: _soft(theta, lr * alpha),
            "The data have no say in your step: subtract lr * gradient first.",
        ),
        Mistake(
            "old sign",
            lambda theta, gradient, alpha, lr: (
                np.sign(theta) * np.maximum(np.abs(theta - lr * gradient) - lr * alpha, 0)
            ),
            "You gave the new weight the sign of the old one. Use that of theta - lr * gradient.",
        ),
    ),
    hints=(
        "Two moves: the data's step, then the penalty's.",
        "The data's step: z = theta - lr * gradient. Then minimise (x - z)^2 / (2 lr) + "
        "alpha |x|. Multiply by lr: which exercise of lesson 02 is that?",
        "z = theta - lr * gradient; np.sign(z) * np.maximum(np.abs(z) - lr * alpha, 0).",
    ),
    why="Near theta the data's loss is replaced by a parabola of curvature 1 / lr, whose lowest "
    "point is z. Parabola plus penalty is solved exactly: (x - z)^2 / 2 + lr alpha |x|, the soft "
    "threshold of 02.1 at lr alpha. Where it says 0, the weight is 0 to the last bit.",
)

# --- 04.6: shrunk, and given back -----------------------------------------------------------------


def shrunk_and_relaxed(X: np.ndarray, y: np.ndarray, alpha: float) -> tuple[np.ndarray, np.ndarray]:
    free = X.T @ y / len(y)
    shrunk = np.sign(free) * np.maximum(np.abs(free) - alpha, 0)
    return shrunk, np.where(shrunk != 0, free, 0.0)


def _both(X, y, alpha, free=None, relax=None):
    """Shrunk and relaxed, with one of the parts replaced."""
    free = X.T @ y / len(y) if free is None else free
    shrunk = _soft(free, alpha)
    return shrunk, (np.where(shrunk != 0, free, 0.0) if relax is None else relax(free, shrunk))


def _orthogonal(generator: np.random.Generator) -> list[tuple]:
    two = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    cases = [(two, np.array([3.0, 2.0, -1.0, -4.0]), 1.0)]
    for n, p, alpha in [(6, 3, 0.4), (8, 5, 0.3)]:
        X = np.linalg.qr(generator.normal(size=(n, p)))[0] * np.sqrt(n)
        w = np.linspace(-1.5, 1.0, p)
        cases.append((X, X @ w + 0.2 * generator.normal(size=n), alpha))
    return cases


RELAX = Exercise(
    id="04.6",
    title="What relaxing gives back",
    difficulty=3,
    minutes=9,
    reference=shrunk_and_relaxed,
    cases=_orthogonal,
    mistakes=(
        Mistake(
            "n forgotten",
            lambda X, y, alpha: _both(X, y, alpha, free=X.T @ y),
            "X'X is n times the unit matrix, not the unit matrix: divide X'y by n.",
        ),
        Mistake(
            "alpha times n",
            lambda X, y, alpha: _both(X, y, len(y) * alpha, free=X.T @ y / len(y)),
            "Your threshold is too high: the loss is divided by n already, so c = X'y / n is "
            "compared with alpha itself.",
        ),
        Mistake(
            "half of alpha",
            lambda X, y, alpha: _both(X, y, alpha / 2),
            "You shrank by alpha / 2. The loss has a factor 1/2 of its own, so the slope of "
            "(w - c)^2 / 2 is w - c, and it is compared with alpha.",
        ),
        Mistake(
            "relaxed everywhere",
            lambda X, y, alpha: _both(X, y, alpha, relax=lambda free, shrunk: free),
            "You relaxed the dropped weights too. The zeros stay: relaxing gives back size, and "
            "not membership.",
        ),
        Mistake(
            "alpha added without its sign",
            lambda X, y, alpha: _both(
                X, y, alpha, relax=lambda free, shrunk: np.where(shrunk != 0, shrunk + alpha, 0.0)
            ),
            "You added alpha to negative survivors as well. They were moved up by alpha, so they "
            "get it back downwards.",
        ),
        Mistake(
            "not relaxed",
            lambda X, y, alpha: _both(X, y, alpha, relax=lambda free, shrunk: shrunk),
            "Your relaxed weights are still shrunk. Fit the survivors again, with alpha = 0.",
        ),
        Mistake(
            "half way",
            lambda X, y, alpha: _both(
                X, y, alpha, relax=lambda free, shrunk: np.where(shrunk != 0, free + shrunk, 0) / 2
            ),
            "Only half of the bias is undone: that is the mean of the two.",
        ),
        Mistake(
            "ridge",
            lambda X, y, alpha: (X.T @ y / len(y) / (1 + alpha), X.T @ y / len(y)),
            "That is the penalty alpha w^2 / 2, which scales all weights down and drops none.",
        ),
        Mistake(
            "kept whole",
            lambda X, y, alpha: (shrunk_and_relaxed(X, y, alpha)[1],) * 2,
            "Your shrunk weights are not shrunk. Under l1 every survivor loses alpha.",
        ),
        Mistake(
            "swapped",
            lambda X, y, alpha: shrunk_and_relaxed(X, y, alpha)[::-1],
            "The two are right, in the wrong order: first the shrunk weights, then the relaxed.",
        ),
    ),
    hints=(
        "X'X = n I, so ||y - X w||^2 / (2n) is, up to a constant, the sum of (w_j - c_j)^2 / 2 "
        "with c = X'y / n. Each weight is on its own.",
        "That is exercise 02.1 with theta = c. And without a penalty, on the survivors?",
        "c = X.T @ y / len(y); shrunk = sign(c) max(|c| - alpha, 0); relaxed = c where shrunk is "
        "not 0, else 0.",
    ),
    why="With orthogonal columns the problem falls into single weights. The penalty moves each "
    "survivor by exactly alpha, whatever its size: that is the bias. Fitting the survivors again "
    "gives each of them its alpha back, and leaves the dropped ones at 0.",
)

# --- 04.7: a fair share for each layer ------------------------------------------------------------


def norm_factors(sizes: Sequence[int]) -> np.ndarray:
    sizes = np.asarray(sizes)
    return sizes.sum() / (sizes * len(sizes))


def _sizes(function):
    return lambda sizes: function(np.asarray(sizes, dtype=float))


NORM = Exercise(
    id="04.7",
    title="A fair share for each layer",
    difficulty=2,
    minutes=6,
    reference=norm_factors,
    cases=(([30, 10],), ([6500, 5050, 510],), ([8, 8, 8],), ([235500, 30100, 1010],)),
    mistakes=(
        Mistake(
            "upside down",
            _sizes(lambda sizes: sizes * len(sizes) / sizes.sum()),
            "Your factor makes large layers dearer still. Turn it over.",
        ),
        Mistake(
            "layers not counted",
            _sizes(lambda sizes: sizes.sum() / sizes),
            "Each layer now has the weight of the whole network, so all of them together cost as "
            "many times more as there are layers. Divide by their number.",
        ),
        Mistake(
            "mean over the layer",
            _sizes(lambda sizes: 1 / sizes),
            "That is the mean in each layer: the layers are equal, and the whole penalty has "
            "shrunk to the number of layers. Scale it so that the sum over all is that of the "
            "network.",
        ),
        Mistake(
            "same for all",
            _sizes(lambda sizes: np.full(len(sizes), sizes.mean())),
            "That is the mean size, the same for every layer. Divide it by the layer's own size.",
        ),
        Mistake(
            "root",
            _sizes(lambda sizes: np.sqrt(sizes.mean() / sizes)),
            "The root goes half of the way only: factor times size shall be the same for all "
            "layers.",
        ),
        Mistake(
            "shares",
            _sizes(lambda sizes: sizes / sizes.sum()),
            "That is each layer's share of the weights as it is, before any factor.",
        ),
        Mistake(
            "factors of mean 1",
            _sizes(lambda sizes: 1 / sizes / (1 / sizes).mean()),
            "Your factors add up to the number of layers. It is factor * size that has to add up, "
            "to sum(sizes).",
        ),
        Mistake(
            "layers over size",
            _sizes(lambda sizes: len(sizes) / sizes),
            "The shares are equal, and their sum is the square of the number of layers. It has to "
            "be sum(sizes).",
        ),
    ),
    hints=(
        "A layer can pay at most factor * size. Which factor makes that the same for all layers?",
        "The factor is some constant over the size. The sum of factor * size over the L layers "
        "shall be N, the number of all weights.",
        "N / (size * L), with N = sum(sizes) and L = len(sizes).",
    ),
    why="factor * size is N / L for every layer: equal shares, and their sum is N as before, so "
    "alpha keeps its scale. A weight in a small layer then costs more than one in a large layer. "
    "Whether that is fair is another question: in bits, a weight is a weight.",
)

EXERCISES = [SMOOTH_COUNT, HALF, JUMP, ADAM, PROXIMAL, RELAX, NORM]
