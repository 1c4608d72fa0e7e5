"""Exercises of lesson 05, thresholds and dead weights."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from l0course.learn.exercise import Exercise, Mistake

# --- 05.1: the bisection --------------------------------------------------------------------------


def largest_threshold(
    theta: np.ndarray, metric: Callable, tolerance: float, resolution: float
) -> float:
    limit = (1 + tolerance) * metric(theta)
    low, high = 0.0, 2 * np.abs(theta).max()
    while high - low > resolution:
        middle = (low + high) / 2
        if metric(np.where(np.abs(theta) < middle, 0.0, theta)) <= limit:
            low = middle
        else:
            high = middle
    return low


def _below(theta: np.ndarray, t: float) -> np.ndarray:
    return np.where(np.abs(theta) < t, 0.0, theta)


def _bisect(
    theta: np.ndarray,
    metric: Callable,
    resolution: float,
    fits: Callable[[float], bool],
    *,
    top: float = 2.0,
    end: Callable[[float, float], float] = lambda low, high: low,
    pruned: Callable[[np.ndarray, float], np.ndarray] = _below,
) -> float:
    """The bisection with its parts exchangeable: fits(metric there) decides a step."""
    low, high = 0.0, top * np.abs(theta).max()
    while high - low > resolution:
        middle = (low + high) / 2
        if fits(metric(pruned(theta, middle))):
            low = middle
        else:
            high = middle
    return end(low, high)


def _with_limit(**parts) -> Callable:
    """The bisection with the right limit and one wrong part."""

    def wrong(theta, metric, tolerance, resolution):
        limit = (1 + tolerance) * metric(theta)
        return _bisect(theta, metric, resolution, lambda value: value <= limit, **parts)

    return wrong


def _absolute(theta, metric, tolerance, resolution):
    limit = metric(theta) + tolerance
    return _bisect(theta, metric, resolution, lambda value: value <= limit)


def _strict(theta, metric, tolerance, resolution):
    limit = (1 + tolerance) * metric(theta)
    return _bisect(theta, metric, resolution, lambda value: value < limit)


def _upside_down(theta, metric, tolerance, resolution):
    limit = (1 + tolerance) * metric(theta)
    return _bisect(theta, metric, resolution, lambda value: value > limit)


def _not_restored(theta, metric, tolerance, resolution):
    limit, damaged = (1 + tolerance) * metric(theta), theta.copy()

    def prune(_, t):
        damaged[np.abs(damaged) < t] = 0.0
        return damaged

    return _bisect(theta, metric, resolution, lambda value: value <= limit, pruned=prune)


def _in_place(theta, metric, tolerance, resolution):
    limit = (1 + tolerance) * metric(theta)

    def prune(theta, t):
        theta[np.abs(theta) < t] = 0.0
        return theta

    return _bisect(theta, metric, resolution, lambda value: value <= limit, pruned=prune)


def _creeping(theta, metric, tolerance, resolution):
    last = metric(theta)

    def fits(value):
        nonlocal last
        good = value <= (1 + tolerance) * last
        last = value if good else last
        return good

    return _bisect(theta, metric, resolution, fits)


def _scan(theta, metric, tolerance, resolution):
    limit, line = (1 + tolerance) * metric(theta), np.arange(0, 2 * np.abs(theta).max(), resolution)
    return max(t for t in line if metric(_below(theta, t)) <= limit)


def _sorted_sizes(theta, metric, tolerance, resolution):
    limit, sizes = (1 + tolerance) * metric(theta), np.sort(np.abs(theta))
    low, high = 0, len(sizes)
    while high - low > 1:
        middle = (low + high) // 2
        good = metric(_below(theta, sizes[middle])) <= limit
        low, high = (middle, high) if good else (low, middle)
    return sizes[low]


def needs_the_two(w: np.ndarray) -> float:
    """1 while the weight 2 is there, else 5."""
    return 1.0 if w[3] != 0 else 5.0


def flat_loss(w: np.ndarray) -> float:
    return 4.0


def _squares(wanted: np.ndarray, floor: float) -> Callable:
    def squared_loss(w: np.ndarray) -> float:
        return floor + float(np.square(w - wanted).sum())

    return squared_loss


def _searches(generator: np.random.Generator) -> list[tuple]:
    cases = [
        (np.array([0.1, 4.0, -0.2, 2.0]), needs_the_two, 0.0, 1 / 8),
        (np.array([1.0, -3.0]), flat_loss, 0.1, 1 / 8),
    ]
    for n, floor, tolerance in [(5, 4.0, 0.1), (9, 0.5, 0.3), (12, 3.0, 0.2)]:
        theta = generator.normal(size=n).round(2)
        cases.append((theta, _squares(theta.copy(), floor), tolerance, 1e-3))
    return cases


BISECTION = Exercise(
    id="05.1",
    title="Halve and halve again",
    difficulty=2,
    minutes=10,
    reference=largest_threshold,
    cases=_searches,
    mistakes=(
        Mistake(
            "upper end",
            _with_limit(end=lambda low, high: high),
            "You returned the upper end. That is the smallest threshold that was seen to be too "
            "large; the lower end is the largest that was seen to be good.",
        ),
        Mistake(
            "middle at the end",
            _with_limit(end=lambda low, high: (low + high) / 2),
            "You returned the middle of the last interval. Nobody has tried it: return the lower "
            "end, which passed.",
        ),
        Mistake(
            "absolute tolerance",
            _absolute,
            "Your tolerance is absolute: base + tolerance. TAMADE's is relative: "
            "(1 + tolerance) * base.",
        ),
        Mistake(
            "strict inequality",
            _strict,
            "You ask for less than the limit. With a tolerance of 0 no threshold is then good, not "
            "even one that changes nothing: use <=.",
        ),
        Mistake(
            "weights not restored",
            _not_restored,
            "The weights that one try removed were still missing in the next: after the first "
            "failure everything failed. Prune a fresh copy of theta each time.",
        ),
        Mistake(
            "pruned in place",
            _in_place,
            "You pruned theta itself: the weights that one try removed are missing in the next, "
            "and whoever called you has lost them too. Prune a fresh copy each time.",
        ),
        Mistake(
            "limit creeps",
            _creeping,
            "You compare with the last good value, so the limit creeps upwards, step by step. "
            "Compare with the metric of the unpruned weights.",
        ),
        Mistake(
            "wrong half",
            _upside_down,
            "You keep the wrong half: when the loss is still good, go up (low = middle).",
        ),
        Mistake(
            "the threshold itself goes",
            _with_limit(pruned=lambda theta, t: np.where(np.abs(theta) <= t, 0.0, theta)),
            "A weight that equals the threshold went. Here |theta| < t goes, and |theta| = t "
            "stays.",
        ),
        Mistake(
            "top at the largest weight",
            _with_limit(top=1.0),
            "Your interval ends at the largest weight. A threshold there still keeps it, so you "
            "never try to remove everything: begin with 2 * max|theta|.",
        ),
        Mistake(
            "too many steps",
            lambda theta, metric, tolerance, _: largest_threshold(theta, metric, tolerance, 1e-12),
            "You went on after the interval was short enough. Stop as soon as it is at most "
            "`resolution` long: each step is a look at the data.",
        ),
        Mistake(
            "one after the other",
            _scan,
            "You tried one threshold after the other. Halve the interval instead: begin in its "
            "middle.",
        ),
        Mistake(
            "sorted sizes",
            _sorted_sizes,
            "You bisected the sorted sizes. That is a good idea, and the lesson comes to it; here "
            "halve the line from 0 to 2 * max|theta|.",
        ),
        Mistake(
            "negative weights",
            _with_limit(pruned=lambda theta, t: np.where(theta < t, 0.0, theta)),
            "All negative weights went at once. Compare |theta| with the threshold.",
        ),
    ),
    hints=(
        "Keep two numbers: low, the largest threshold that passed, and high, the smallest that "
        "failed. At the start: 0 and 2 * max|theta|.",
        "Try the middle: metric(np.where(np.abs(theta) < middle, 0.0, theta)). If it is at most "
        "(1 + tolerance) * metric(theta), low becomes middle, else high does.",
        "Put that into `while high - low > resolution:` and return low.",
    ),
    why="Low has passed, high has failed (or was never tried, at the start), and each step halves "
    "what is between. So the answer is a threshold that passed, with one that failed within "
    "`resolution` above it. That is all that is promised: if the loss falls again further up, a "
    "larger threshold that passes may exist.",
)

# --- 05.2: how many evaluations -------------------------------------------------------------------


def calls(answers: int) -> int:
    return math.ceil(math.log2(answers)) + 1


CALLS = Exercise(
    id="05.2",
    title="How many looks?",
    difficulty=1,
    minutes=4,
    reference=calls,
    cases=tuple((m,) for m in (1, 2, 3, 5, 8, 9, 100, 12_061, 2**25)),
    mistakes=(
        Mistake(
            "base forgotten",
            lambda answers: math.ceil(math.log2(answers)),
            "One call is missing: the metric of the unpruned model, which sets the limit.",
        ),
        Mistake(
            "rounded down",
            lambda answers: int(math.log2(answers)) + 1,
            "You rounded down. Three answers need two questions: round the logarithm up.",
        ),
        Mistake(
            "not rounded",
            lambda answers: math.log2(answers) + 1,
            "A call is a whole thing: round the logarithm up.",
        ),
        Mistake(
            "half of them",
            lambda answers: answers // 2 + 1,
            "You halved once. Each call halves what is left, until one answer remains.",
        ),
        Mistake(
            "natural logarithm",
            lambda answers: math.ceil(math.log(answers)) + 1,
            "That is the natural logarithm. A yes or no halves what is left: use log2.",
        ),
        Mistake(
            "one by one",
            lambda answers: answers + 1,
            "That is trying one after the other. Each call of a bisection halves what is left.",
        ),
        Mistake(
            "one question too many",
            lambda answers: answers.bit_length() + 1,
            "One too many when the number of answers is a power of 2: eight answers need three "
            "questions, not four.",
        ),
    ),
    hints=(
        "One yes or no tells two answers apart. How many do three of them?",
        "q questions tell 2^q answers apart, so you need the smallest q with 2^q >= answers.",
        "int(np.ceil(np.log2(answers))), and one call more for the unpruned model.",
    ),
    why="Each call says yes or no, and so at best halves the answers that are left: log2, rounded "
    "up. The first call, on the unpruned model, sets the limit. No search by yes or no can promise "
    "less. A search that looks at the values themselves can be luckier.",
)

# --- 05.3: graph search ---------------------------------------------------------------------------


def on_a_path(masks: list[np.ndarray], biases: list[np.ndarray]) -> list[np.ndarray]:
    fed = [np.ones(masks[0].shape[1], dtype=bool)]
    for mask, bias in zip(masks, biases, strict=True):
        fed.append((mask & fed[-1]).any(axis=1) | bias)
    heard = [np.ones(masks[-1].shape[0], dtype=bool)]
    for mask in reversed(masks):
        heard.insert(0, (mask & heard[0][:, None]).any(axis=0))
    return [m & f & h[:, None] for m, f, h in zip(masks, fed[:-1], heard[1:], strict=True)]


def _fed(masks: list[np.ndarray], biases: list[np.ndarray]) -> list[np.ndarray]:
    """For each layer of neurons, inputs first: does anything come in?"""
    fed = [np.ones(masks[0].shape[1], dtype=bool)]
    for mask, bias in zip(masks, biases, strict=True):
        fed.append((mask & fed[-1]).any(axis=1) | bias)
    return fed


def _heard(masks: list[np.ndarray]) -> list[np.ndarray]:
    """For each layer of neurons: does anything go out?"""
    heard = [np.ones(masks[-1].shape[0], dtype=bool)]
    for mask in reversed(masks):
        heard.insert(0, (mask & heard[0][:, None]).any(axis=0))
    return heard


def _heads_only(masks, biases):
    return [m & f for m, f in zip(masks, _fed(masks, biases)[:-1], strict=True)]


def _tails_only(masks, biases):
    return [m & h[:, None] for m, h in zip(masks, _heard(masks)[1:], strict=True)]


def _one_sweep(masks, biases):
    """Looks at a neuron's own weights only, so a chain of dead neurons is not followed."""
    fed = [np.ones(masks[0].shape[1], dtype=bool)]
    fed += [m.any(axis=1) | b for m, b in zip(masks, biases, strict=True)]
    heard = [m.any(axis=0) for m in masks] + [np.ones(masks[-1].shape[0], dtype=bool)]
    return [m & f & h[:, None] for m, f, h in zip(masks, fed[:-1], heard[1:], strict=True)]


def _one_loop(masks, biases):
    """Prunes heads and tails in one loop forwards: the tails do not get further than one layer."""
    masks = [m.copy() for m in masks]
    for before, bias, behind in zip(masks, biases, masks[1:], strict=False):
        behind[:, ~(before.any(axis=1) | bias)] = False
        before[~behind.any(axis=0)] = False
    return masks


def _needs_both(masks, biases):
    fed, heard = [np.ones(masks[0].shape[1], dtype=bool)], _heard(masks)
    for mask, bias in zip(masks, biases, strict=True):
        fed.append((mask & fed[-1]).any(axis=1) & bias)
    return [m & f & h[:, None] for m, f, h in zip(masks, fed[:-1], heard[1:], strict=True)]


def _either(masks, biases):
    fed, heard = _fed(masks, biases), _heard(masks)
    return [m & (f | h[:, None]) for m, f, h in zip(masks, fed[:-1], heard[1:], strict=True)]


def _graphs(generator: np.random.Generator) -> list[tuple]:
    one, no = np.ones(1, bool), np.zeros(1, bool)
    chain = [np.array([[True]]), np.array([[False]]), np.array([[True]]), np.array([[True]])]
    cases = [
        (chain, [no, no, no, no]),
        (chain, [no, one, no, no]),  # a bias feeds the second neuron
        ([np.array([[True], [True]]), np.array([[True, False]])], [np.zeros(2, bool), no]),
    ]
    for widths in [(3, 4, 4, 2), (4, 5, 5, 5, 3)]:
        shapes = list(zip(widths[1:], widths, strict=False))
        masks = [generator.random(shape) < 0.3 for shape in shapes]
        cases.append((masks, [generator.random(out) < 0.15 for out, _ in shapes]))
    return cases


GRAPH = Exercise(
    id="05.3",
    title="Who is fed, and who is heard?",
    difficulty=3,
    minutes=12,
    reference=on_a_path,
    cases=_graphs,
    mistakes=(
        Mistake(
            "heads only",
            _heads_only,
            "You found the dead heads only. A neuron that nobody listens to is dead as well, and "
            "so are the weights into it.",
        ),
        Mistake(
            "tails only",
            _tails_only,
            "You found the dead tails only. A neuron that gets nothing is dead as well, and so are "
            "the weights out of it.",
        ),
        Mistake(
            "bias forgotten",
            lambda masks, biases: on_a_path(masks, [np.zeros_like(b) for b in biases]),
            "You forgot that a bias feeds its neuron: without incoming weights it is constant, but "
            "not 0.",
        ),
        Mistake(
            "one sweep only",
            _one_sweep,
            "You looked at each neuron's own weights only. If all that feeds a neuron is dead, it "
            "is dead too: carry the verdict from layer to layer.",
        ),
        Mistake(
            "tails not carried",
            _one_loop,
            "You carried the dead heads from layer to layer, but not the dead tails: these spread "
            "backwards, so they need a sweep from the last layer to the first.",
        ),
        Mistake(
            "weights and a bias",
            _needs_both,
            "You ask for weights and a bias. One of them is enough to feed a neuron: use |.",
        ),
        Mistake(
            "one of the two is enough",
            _either,
            "A weight needs both: a neuron that is fed before it, and one that is heard behind it.",
        ),
        Mistake(
            "dead ones returned",
            lambda masks, biases: [
                m & ~live for m, live in zip(masks, on_a_path(masks, biases), strict=True)
            ],
            "Those are the dead weights. Asked for: the ones that live.",
        ),
        Mistake(
            "no search",
            lambda masks, biases: [m.copy() for m in masks],
            "That is every weight that is not zero. Some of them lie on no path from input to "
            "output.",
        ),
    ),
    hints=(
        "Two sweeps. Forwards: which neurons are fed? Backwards: which ones are heard?",
        "All inputs are fed; a neuron is fed if a weight from a fed neuron comes in, or if it has "
        "a bias. All outputs are heard; a neuron is heard if one that is heard listens to it.",
        "(mask & fed).any(axis=1) | bias, and backwards (mask & heard[:, None]).any(axis=0). A "
        "weight lives where mask & fed & heard[:, None]: fed before the layer, heard behind it.",
    ),
    why="A weight changes the output only along a path: something must arrive at its start, and "
    "something must leave from its end. Two sweeps carry both facts through any depth.",
)

# --- 05.4: constant neurons -----------------------------------------------------------------------


def fold(
    W1: np.ndarray, b1: np.ndarray, W2: np.ndarray, b2: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    constant = ~(W1 != 0).any(axis=1)
    b2 = b2 + W2[:, constant] @ np.maximum(b1[constant], 0)
    b1, W2 = np.where(constant, 0.0, b1), np.where(constant, 0.0, W2)
    return b1, W2, b2


def _folded(W1, b1, W2, b2, moved, *, constant=None, clear_b1=True, clear_W2=True):
    constant = ~(W1 != 0).any(axis=1) if constant is None else constant
    added = b2 + moved(W2[:, constant], b1[constant])
    return (
        np.where(constant & clear_b1, 0.0, b1),
        np.where(constant & clear_W2, 0.0, W2),
        added,
    )


def _relu_into(W, b):
    return W @ np.maximum(b, 0)


def _pairs_of_layers(generator: np.random.Generator) -> list[tuple]:
    cases = [
        (np.array([[0.0], [2.0]]), np.array([3.0, 1.0]), np.array([[2.0, 1.0]]), np.array([0.5])),
        (np.array([[0.0], [2.0]]), np.array([-3.0, 1.0]), np.array([[2.0, 1.0]]), np.array([0.5])),
    ]
    for hidden, out in [(4, 2), (6, 3)]:
        W1 = generator.normal(size=(hidden, 3)).round(1)
        W1[::2] = 0
        W1[1, 1:] = 0  # one weight only is enough to be fed
        b1, b2 = generator.normal(size=hidden).round(1), generator.normal(size=out).round(1)
        b1[0] = abs(b1[0]) + 0.5
        cases.append((W1, b1, generator.normal(size=(out, hidden)).round(1), b2))
    return cases


FOLD = Exercise(
    id="05.4",
    title="A neuron that always says the same",
    difficulty=3,
    minutes=10,
    reference=fold,
    cases=_pairs_of_layers,
    mistakes=(
        Mistake(
            "activation forgotten",
            lambda *layers: _folded(*layers, moved=lambda W, b: W @ b),
            "You folded the bias itself. The next layer sees relu(bias): a negative one says "
            "nothing at all.",
        ),
        Mistake(
            "absolute value",
            lambda *layers: _folded(*layers, moved=lambda W, b: W @ np.abs(b)),
            "You folded |bias|. relu of a negative bias is 0.",
        ),
        Mistake(
            "weight forgotten",
            lambda *layers: _folded(*layers, moved=lambda W, b: np.maximum(b, 0).sum()),
            "You forgot the weight: the next neuron hears W2 * relu(bias), not relu(bias).",
        ),
        Mistake(
            "added twice",
            lambda *layers: _folded(*layers, moved=_relu_into, clear_W2=False, clear_b1=False),
            "The constant is now counted twice: it is in the next bias, and the neuron still sends "
            "it. Set the neuron's outgoing weights (and its own bias) to 0.",
        ),
        Mistake(
            "dead bias left",
            lambda *layers: _folded(*layers, moved=_relu_into, clear_b1=False),
            "The function is right, but the neuron's own bias is still there, and it is a weight "
            "too. Set it to 0.",
        ),
        Mistake(
            "outgoing weights left",
            lambda *layers: _folded(*layers, moved=_relu_into, clear_W2=False),
            "The function is right, but the neuron's outgoing weights are still there. They carry "
            "nothing now: set them to 0.",
        ),
        Mistake(
            "cleared too early",
            lambda *layers: _folded(*layers, moved=lambda W, b: 0.0),
            "The constant is lost: it never arrived in the next bias. (Did you set b1 or W2 to 0 "
            "before you used them?)",
        ),
        Mistake(
            "wrong sign",
            lambda *layers: _folded(*layers, moved=lambda W, b: -_relu_into(W, b)),
            "You took the constant away from the next bias. Add it.",
        ),
        Mistake(
            "every neuron",
            lambda W1, b1, W2, b2: _folded(
                W1, b1, W2, b2, moved=_relu_into, constant=np.ones(len(b1), bool)
            ),
            "You folded every neuron. Only those without any incoming weight are constant.",
        ),
        Mistake(
            "one weight missing is not enough",
            lambda W1, b1, W2, b2: _folded(
                W1, b1, W2, b2, moved=_relu_into, constant=(W1 == 0).any(axis=1)
            ),
            "You folded neurons that lack some incoming weights. Constant are those that lack all "
            "of them.",
        ),
    ),
    hints=(
        "Which neurons are constant? Those whose whole row of W1 is 0.",
        "Such a neuron sends relu(b1[j]), whatever comes in; output i receives "
        "W2[i, j] * relu(b1[j]). Who else could send that?",
        "b2 + W2[:, constant] @ np.maximum(b1[constant], 0); then set b1 and the columns of W2 to "
        "0 where the neuron is constant.",
    ),
    why="What never changes needs no neuron. Its share of the next layer is a number, and the next "
    "bias can hold it. The function stays the same for every input, and the neuron with all its "
    "weights can go.",
)

# --- 05.5: really smaller -------------------------------------------------------------------------


def cut(
    W1: np.ndarray, b1: np.ndarray, W2: np.ndarray, keep: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return W1[keep], b1[keep], W2[:, keep]


def _square_layers(generator: np.random.Generator) -> list[tuple]:
    cases = []
    for n, keep in [(2, [True, False]), (3, [True, False, True]), (4, [False, True, True, False])]:
        W1, W2 = generator.integers(-9, 10, size=(2, n, n)).astype(float)
        cases.append((W1, generator.integers(1, 9, size=n).astype(float), W2, np.array(keep)))
    return cases


CUT = Exercise(
    id="05.5",
    title="Cut it out",
    difficulty=2,
    minutes=5,
    reference=cut,
    cases=_square_layers,
    mistakes=(
        Mistake(
            "wrong axis of W2",
            lambda W1, b1, W2, keep: (W1[keep], b1[keep], W2[keep]),
            "You cut rows of W2. Its rows are the neurons of the next layer; a hidden neuron is a "
            "column there: W2[:, keep].",
        ),
        Mistake(
            "wrong axis of W1",
            lambda W1, b1, W2, keep: (W1[:, keep], b1[keep], W2[:, keep]),
            "You cut columns of W1. Its columns are the inputs; a hidden neuron is a row there.",
        ),
        Mistake(
            "bias forgotten",
            lambda W1, b1, W2, keep: (W1[keep], b1.copy(), W2[:, keep]),
            "The bias still has one entry for each old neuron: cut it too.",
        ),
        Mistake(
            "next layer forgotten",
            lambda W1, b1, W2, keep: (W1[keep], b1[keep], W2.copy()),
            "The next layer still expects the old neurons: cut its columns too.",
        ),
        Mistake(
            "zeros in place of cuts",
            lambda W1, b1, W2, keep: (W1 * keep[:, None], b1 * keep, W2 * keep),
            "You set them to 0, and the tensors are as large as before: that is a mask. Select "
            "with keep instead.",
        ),
        Mistake(
            "the wrong ones",
            lambda W1, b1, W2, keep: (W1[~keep], b1[~keep], W2[:, ~keep]),
            "You kept the neurons that should go.",
        ),
    ),
    hints=(
        "PyTorch stores a layer as (out, in). Where does hidden neuron j stand in W1, in b1, in "
        "W2?",
        "In row j of W1, in entry j of b1, in column j of W2.",
        "A Boolean array selects: W1[keep], b1[keep], W2[:, keep].",
    ),
    why="A neuron has three places: its incoming weights are a row, its bias an entry, its "
    "outgoing weights a column of the next layer. Cut in all three and the shapes fit again. The "
    "function stays the same if the neuron was silent: that is why dead weights and constants had "
    "to go first.",
)

# --- 05.6: the rate afterwards --------------------------------------------------------------------

RATE = Exercise(
    id="05.6",
    title="Smaller than what?",
    difficulty=1,
    minutes=3,
    reference=266_610 / 1_900,
    same=lambda got, right: abs(float(got) - float(right)) < 0.005 * float(right),
    mistakes=(
        Mistake(
            "the small tensors in the numerator",
            12_500 / 1_900,
            "You compared with the tensors that are left. Then removing neurons would make a "
            "network look less compressed. The numerator is the network as it was at the start.",
        ),
        Mistake(
            "entries in place of nonzeros",
            266_610 / 12_500,
            "You divided by all the entries that are left. That is how much smaller the tensors "
            "are; the compression rate counts the entries that are not 0.",
        ),
        Mistake(
            "upside down",
            1_900 / 266_610,
            "That is the share that is left. The rate is its inverse.",
        ),
        Mistake(
            "share removed",
            1 - 1_900 / 266_610,
            "That is the share that was removed.",
        ),
        Mistake(
            "share removed, in percent",
            100 * (1 - 1_900 / 266_610),
            "That is the share that was removed, in percent.",
        ),
    ),
    hints=(
        "All trainable entries / nonzero entries. But the entries of which network?",
        "Of the network as it was before anything was cut.",
        "Divide 266,610 by the number of entries that are not 0.",
    ),
    why="A rate compares with something, and that something must not move. Cutting silent neurons "
    "changes neither the function nor the number of live weights, so it must not change the rate. "
    "Keep the original count before you cut: from the small network alone nobody can read it.",
)

EXERCISES = [BISECTION, CALLS, GRAPH, FOLD, CUT, RATE]
