"""Exercises of lesson 06, compress a classifier: from a pruned network to a small file."""

from __future__ import annotations

import math

import numpy as np

from l0course.codelength import support_bits
from l0course.learn.exercise import Exercise, Mistake

# --- 06.1: three ways to say where ----------------------------------------------------------------


def position_bits(n: int, k: int) -> tuple[float, float, float]:
    return n, k * math.ceil(math.log2(n)), math.log2(math.comb(n, k))


def _ideal_as(ideal):
    """A bitmap, a list, and this in place of the ideal code."""
    return lambda n, k: (n, k * math.ceil(math.log2(n)), ideal(n, k))


def _entropy_bound(n, k):
    p = k / n
    return -n * (p * math.log2(p) + (1 - p) * math.log2(1 - p)) if 0 < p < 1 else 0.0


POSITIONS = Exercise(
    id="06.1",
    title="Three ways to say where",
    difficulty=2,
    minutes=8,
    reference=position_bits,
    cases=((8, 2), (10, 3), (16, 1), (100, 90), (1000, 30), (5, 5), (50_610, 979)),
    mistakes=(
        Mistake(
            "the list in its order",
            _ideal_as(lambda n, k: math.log2(math.perm(n, k))),
            "You counted ordered lists: n (n - 1) ... (n - k + 1). A set of positions has no "
            "order, so divide by k!.",
        ),
        Mistake(
            "natural logarithm",
            _ideal_as(lambda n, k: math.log(math.comb(n, k))),
            "That is the natural logarithm of C(n, k). Bits need log2.",
        ),
        Mistake(
            "all subsets",
            _ideal_as(lambda n, k: float(n)),
            "You counted the subsets of every size. The reader knows that k weights live: count "
            "the subsets of size k.",
        ),
        Mistake(
            "entropy in place of the count",
            _ideal_as(_entropy_bound),
            "That is n times the entropy of k / n. It is close, and always a little too large: "
            "count the subsets.",
        ),
        Mistake(
            "fractions in the list",
            lambda n, k: (n, k * math.log2(n), math.log2(math.comb(n, k))),
            "Your list has fractions of bits. An index of fixed width takes whole bits: round "
            "log2(n) up.",
        ),
        Mistake(
            "an index n",
            lambda n, k: (n, k * n.bit_length(), math.log2(math.comb(n, k))),
            "Your list has room for an index n. The largest is n - 1: eight weights need 3 bits, "
            "not 4.",
        ),
        Mistake(
            "width by the number of live weights",
            lambda n, k: (n, k * math.ceil(math.log2(k)), math.log2(math.comb(n, k))),
            "Your list gives each index log2(k) bits. An index can be anything below n.",
        ),
        Mistake(
            "bitmap of the live ones",
            lambda n, k: (k, k * math.ceil(math.log2(n)), math.log2(math.comb(n, k))),
            "Your bitmap has one bit for each live weight. It needs one for each weight, live or "
            "not.",
        ),
    ),
    hints=(
        "Bitmap: one bit a weight. List: k numbers, each below n. Ideal: number all possible sets "
        "and send one number.",
        "There are C(n, k) sets of k positions: math.comb(n, k).",
        "n, k * math.ceil(math.log2(n)), math.log2(math.comb(n, k))",
    ),
    why="If all sets of k positions are equally likely, no code can do better than log2 C(n, k) on "
    "average. The list pays for something nobody needs: it also says in which order the positions "
    "come, and that is worth log2(k!) bits.",
)

# --- 06.2: an adaptive code -----------------------------------------------------------------------


def adaptive_bits(flags: np.ndarray) -> float:
    bits, live = 0.0, 0
    for seen, flag in enumerate(flags):
        p = (live + 1) / (seen + 2)
        bits -= math.log2(p if flag else 1 - p)
        live += flag
    return bits


def _adaptive(start: float, *, log=math.log2, dead: bool = True, late: int = 0, flip: bool = False):
    """The adaptive code with its parts exchangeable; `late` = 1 counts a flag before coding it."""

    def wrong(flags):
        bits, live = 0.0, 0
        for seen, flag in enumerate(flags):
            p = (live + late * flag + start) / (seen + late + 2 * start)
            p = 1 - p if flip else p
            if flag or dead:
                bits -= log(p if flag else 1 - p)
            live += flag
        return bits

    return wrong


def _flags(generator: np.random.Generator) -> list[tuple]:
    short = [np.array(f, dtype=bool) for f in ([1], [0], [1, 0], [0, 0, 1], [1, 1, 1, 0])]
    return [(f,) for f in [*short, *(generator.random(n) < 0.2 for n in (12, 40, 100))]]


ADAPTIVE = Exercise(
    id="06.2",
    title="Learn while you code",
    difficulty=3,
    minutes=10,
    reference=adaptive_bits,
    cases=_flags,
    mistakes=(
        Mistake(
            "peeking",
            _adaptive(1, late=1),
            "You counted the flag before you coded it. The reader does not have it yet: code "
            "first, then count.",
        ),
        Mistake(
            "half counts",
            _adaptive(0.5),
            "You started with half a flag of each kind (that is Krichevsky and Trofimov's rule, "
            "and a good one). Here start with one of each: (live + 1) / (seen + 2).",
        ),
        Mistake(
            "natural logarithm",
            _adaptive(1, log=math.log),
            "That is in nats. Bits need log2.",
        ),
        Mistake(
            "only the live flags",
            _adaptive(1, dead=False),
            "You charged for the live flags only. A dead one costs -log2(1 - p).",
        ),
        Mistake(
            "the wrong one",
            _adaptive(1, flip=True),
            "You gave dead flags the probability of live ones. What happens should cost "
            "-log2 of the probability of just that.",
        ),
        Mistake(
            "nothing learnt",
            lambda flags: float(len(flags)),
            "Each flag costs one bit in your code: p stays at 1/2. Update it after each flag.",
        ),
        Mistake(
            "positions alone",
            lambda flags: math.log2(math.comb(len(flags), int(np.sum(flags)))),
            "That is log2 C(n, k). The adaptive code costs more: nobody told the reader how many "
            "live.",
        ),
        Mistake(
            "known in advance",
            lambda flags: _entropy_bound(len(flags), int(np.sum(flags))),
            "You used the final density for all flags. The reader does not know it at the start: "
            "use only what came before.",
        ),
    ),
    hints=(
        "Keep two numbers: how many flags were seen, and how many of them were live.",
        "Before flag i: p = (live + 1) / (i + 2). It costs -log2(p) if it is live, else "
        "-log2(1 - p). Then count it.",
        "for seen, flag in enumerate(flags): p = (live + 1) / (seen + 2); "
        "bits -= np.log2(p if flag else 1 - p); live += flag",
    ),
    why="Writer and reader count the same flags, so both know p, and nobody has to send it. "
    "Multiply the probabilities: the product is k! (n - k)! / (n + 1)!, in whatever order the "
    "flags come. So the cost is exactly log2 C(n, k) + log2(n + 1): the positions, and the number "
    "of them.",
)

# --- 06.3: rows and columns first -----------------------------------------------------------------


def grid_bits(mask: np.ndarray) -> float:
    bits, area = 0.0, 1
    for live in (mask.any(axis=1), mask.any(axis=0)):
        bits += np.log2(len(live) + 1) + support_bits(len(live), live.sum())
        area *= live.sum()
    return bits + np.log2(area + 1) + support_bits(area, mask.sum())


def _parts(mask: np.ndarray) -> tuple[int, int, int, int, int]:
    live_rows, live_columns = mask.any(axis=1).sum(), mask.any(axis=0).sum()
    return *mask.shape, int(live_rows), int(live_columns), int(mask.sum())


def _numbers(*sizes: int) -> float:
    """Bits to send a number from 0 to size, for each size."""
    return sum(math.log2(size + 1) for size in sizes)


def _numbers_free(mask):
    rows, columns, r, c, k = _parts(mask)
    return support_bits(rows, r) + support_bits(columns, c) + support_bits(r * c, k)


def _whole_grid(mask):
    rows, columns, r, c, k = _parts(mask)
    area = rows * columns
    which = support_bits(rows, r) + support_bits(columns, c) + support_bits(area, k)
    return _numbers(rows, columns, area) + which


def _no_rows_first(mask):
    rows, columns, r, c, k = _parts(mask)
    return _numbers(rows * columns) + support_bits(rows * columns, k)


def _rows_only(mask):
    rows, columns, r, c, k = _parts(mask)
    which = support_bits(rows, r) + support_bits(r * columns, k)
    return _numbers(rows, r * columns) + which


def _free_rows(mask):
    rows, columns, r, c, k = _parts(mask)
    return _numbers(rows, columns, r * c) + support_bits(r * c, k)


def _nats(mask):
    return grid_bits(mask) * math.log(2)


def _masks(generator: np.random.Generator) -> list[tuple]:
    first = np.zeros((3, 4), bool)
    first[1, [0, 2]] = True
    cases = [first, np.zeros((2, 3), bool), np.ones((2, 2), bool)]
    for rows, columns in [(6, 5), (12, 9), (30, 20)]:
        live = (generator.random(rows) < 0.5)[:, None] & (generator.random(columns) < 0.6)
        cases.append(live & (generator.random((rows, columns)) < 0.5))
    return [(mask,) for mask in cases]


GRID = Exercise(
    id="06.3",
    title="Dead rows and columns first",
    difficulty=3,
    minutes=10,
    reference=grid_bits,
    cases=_masks,
    mistakes=(
        Mistake(
            "numbers for nothing",
            _numbers_free,
            "The reader does not know how many rows, columns and weights are live. Each of these "
            "numbers has to be sent as well: log2(most + 1) bits.",
        ),
        Mistake(
            "the whole matrix again",
            _whole_grid,
            "You paid for live rows and columns, and then searched the whole matrix. The live "
            "weights lie where a live row meets a live column.",
        ),
        Mistake(
            "no structure",
            _no_rows_first,
            "That is the plain code: the number of live weights, and which ones in the whole "
            "matrix.",
        ),
        Mistake(
            "rows only",
            _rows_only,
            "You left out rows only. Dead columns can go the same way.",
        ),
        Mistake(
            "which ones?",
            _free_rows,
            "You sent how many rows and columns live, and not which: that costs log2 C(rows, r) "
            "and log2 C(columns, c).",
        ),
        Mistake("natural logarithm", _nats, "That is in nats. Bits need log2."),
    ),
    hints=(
        "Six parts: how many rows, which rows, how many columns, which columns, how many weights, "
        "which weights.",
        "A number from 0 to m costs log2(m + 1) bits; which r of m costs support_bits(m, r). The "
        "weights lie in a grid of r * c places.",
        "r, c = mask.any(1).sum(), mask.any(0).sum(); add np.log2(m + 1) + support_bits(m, live) "
        "for (m, live) = (rows, r), (columns, c), (r * c, mask.sum()).",
    ),
    why="A dead row is said once, not once for each of its entries. The code pays when whole "
    "neurons have died, and costs a few bits too many when none has. That is what a prior belief "
    "is, written as a code: it helps where it is true.",
)

# --- 06.4: the entropy of the levels --------------------------------------------------------------


def entropy(index: np.ndarray) -> float:
    counts = np.bincount(index)
    p = counts[counts > 0] / len(index)
    return -(p * np.log2(p)).sum()


def _shares(index: np.ndarray) -> np.ndarray:
    counts = np.bincount(index)
    return counts[counts > 0] / len(index)


def _level_cases(generator: np.random.Generator) -> list[tuple]:
    short = [[0, 0, 0, 1], [2, 2, 2], [0, 1, 2, 3], [5, 1, 1, 5, 5, 5, 0, 1]]
    some = [generator.binomial(9, 0.3, size=n) for n in (50, 400)]
    return [(np.array(index),) for index in [*short, *some]]


ENTROPY = Exercise(
    id="06.4",
    title="Frequent levels are cheap",
    difficulty=2,
    minutes=6,
    reference=entropy,
    cases=_level_cases,
    mistakes=(
        Mistake(
            "as many bits as levels need",
            lambda index: math.log2(len(_shares(index))),
            "That is log2 of the number of levels: right only if all are equally frequent.",
        ),
        Mistake(
            "whole bits",
            lambda index: math.ceil(math.log2(len(_shares(index)))),
            "That is a fixed width in whole bits. Frequent levels can have shorter codes, and an "
            "arithmetic coder does not round.",
        ),
        Mistake(
            "natural logarithm",
            lambda index: entropy(index) * math.log(2),
            "That is in nats. Bits need log2.",
        ),
        Mistake(
            "of all weights",
            lambda index: entropy(index) * len(index),
            "That is the cost of all weights together. Asked for: bits per weight.",
        ),
        Mistake(
            "mean over levels",
            lambda index: -np.log2(_shares(index)).mean(),
            "You averaged over the levels. Average over the weights: frequent levels count more.",
        ),
        Mistake(
            "unused levels",
            lambda index: (lambda p: float("nan") if (p == 0).any() else -(p * np.log2(p)).sum())(
                np.bincount(index) / len(index)
            ),
            "A level that nobody uses gives 0 * log2(0), which is NaN. It costs nothing: leave it "
            "out.",
        ),
        Mistake(
            "sign",
            lambda index: -entropy(index),
            "A logarithm of a share is negative. A cost is not.",
        ),
    ),
    hints=(
        "Which share p of the weights has each level? np.bincount(index) counts them.",
        "A weight of that level costs -log2(p) bits, and a share p of the weights pays it.",
        "p = counts[counts > 0] / len(index), then -(p * np.log2(p)).sum()",
    ),
    why="A level with share p costs -log2(p) bits, so the average is the entropy. It is at most "
    "log2 of the number of levels, and lower the more unequal the shares are. Levels that are "
    "hardly used cost hardly anything: a fine grid is cheaper than it looks.",
)

# --- 06.5: a step of k-means ----------------------------------------------------------------------


def lloyd(x: np.ndarray, centres: np.ndarray) -> np.ndarray:
    nearest = np.abs(x[:, None] - centres).argmin(axis=1)
    moved = centres.copy()
    for j in range(len(centres)):
        if (nearest == j).any():
            moved[j] = x[nearest == j].mean()
    return moved


def _lloyd(middle, empty=lambda centre, x: centre):
    """Lloyd's step with another middle, or another fate for a centre without weights."""

    def wrong(x, centres):
        nearest = np.abs(x[:, None] - centres).argmin(axis=1)
        groups = [x[nearest == j] for j in range(len(centres))]
        pairs = zip(groups, centres, strict=True)
        return np.array([middle(g, c) if len(g) else empty(c, x) for g, c in pairs])

    return wrong


def _many_steps(x, centres):
    for _ in range(100):
        centres = lloyd(x, centres)
    return centres


def _clouds(generator: np.random.Generator) -> list[tuple]:
    cases = [
        (np.array([1.0, 2.0, 6.0, 9.0]), np.array([0.0, 5.0])),
        (np.array([-1.0, -2.0, -6.0]), np.array([-3.0, 7.0, -5.0])),  # 7 gets nothing
    ]
    for n, levels in [(20, 3), (60, 8)]:
        cases.append((generator.normal(size=n), np.append(generator.normal(size=levels), 9.0)))
    return cases


LLOYD = Exercise(
    id="06.5",
    title="A step of k-means",
    difficulty=3,
    minutes=8,
    reference=lloyd,
    cases=_clouds,
    mistakes=(
        Mistake(
            "an empty centre",
            _lloyd(lambda g, c: g.mean(), lambda c, x: float("nan")),
            "A centre that no weight chose became NaN: the mean of nothing. Let it stay.",
        ),
        Mistake(
            "an empty centre goes to 0",
            _lloyd(lambda g, c: g.mean(), lambda c, x: 0.0),
            "A centre that no weight chose went to 0. Let it stay.",
        ),
        Mistake(
            "median",
            _lloyd(lambda g, c: np.median(g)),
            "You moved to the median. That is best for absolute errors; for squared errors it is "
            "the mean.",
        ),
        Mistake(
            "half way",
            _lloyd(lambda g, c: (g.mean() + c) / 2),
            "You went half of the way. Go to the mean.",
        ),
        Mistake(
            "middle of the range",
            _lloyd(lambda g, c: (g.min() + g.max()) / 2),
            "You moved to the middle between the smallest and the largest. Go to the mean of all.",
        ),
        Mistake(
            "sums",
            _lloyd(lambda g, c: g.sum()),
            "You moved to the sum of the weights. Divide by how many they are.",
        ),
        Mistake(
            "rounded weights",
            lambda x, centres: centres[np.abs(x[:, None] - centres).argmin(axis=1)],
            "You returned the rounded weights. Asked for: the centres, after they moved.",
        ),
        Mistake(
            "to the end",
            _many_steps,
            "You iterated to the end. Asked for: one step.",
        ),
    ),
    hints=(
        "First each weight chooses the nearest centre, then each centre moves.",
        "np.abs(x[:, None] - centres).argmin(axis=1) is the choice of each weight.",
        "moved = centres.copy(); for each j that some weight chose: "
        "moved[j] = x[nearest == j].mean().",
    ),
    why="Both halves can only lower the squared error: the first for fixed centres, the second for "
    "fixed groups (the mean is the point with the smallest sum of squares). So repeated steps "
    "come to rest, at a local optimum: the start matters.",
)

# --- 06.6: choose by bytes ------------------------------------------------------------------------


def choose(sizes: np.ndarray, errors: np.ndarray, allowed: float) -> int | None:
    good = np.flatnonzero(errors <= allowed)
    return int(good[sizes[good].argmin()]) if len(good) else None


def _choose(pick, fits=lambda errors, allowed: errors <= allowed):
    def wrong(sizes, errors, allowed):
        good = np.flatnonzero(fits(errors, allowed))
        return int(pick(sizes, errors, good)) if len(good) else None

    return wrong


_TRIED = (
    (np.array([400, 300, 500, 450]), np.array([0.02, 0.30, 0.01, 0.02]), 0.02),
    (np.array([900, 700, 800]), np.array([0.05, 0.09, 0.03]), 0.06),
    (np.array([900, 700, 800]), np.array([0.05, 0.09, 0.03]), 0.01),
    (np.array([380, 433, 483, 537, 591]), np.array([0.26, 0.10, 0.05, 0.04, 0.03]), 0.05),
    (np.array([620, 540, 610, 590, 700]), np.array([0.10, 0.20, 0.04, 0.03, 0.02]), 0.05),
)

CHOOSE = Exercise(
    id="06.6",
    title="The smallest that is good enough",
    difficulty=2,
    minutes=5,
    reference=choose,
    cases=_TRIED,
    mistakes=(
        Mistake(
            "counted among the good",
            _choose(lambda sizes, errors, good: sizes[good].argmin()),
            "Your index counts the good files only. Translate it back: good[...].",
        ),
        Mistake(
            "the first good one",
            _choose(lambda sizes, errors, good: good[0]),
            "You took the first that is good enough. Fewer bits a weight need not give the "
            "smaller file: compare the bytes.",
        ),
        Mistake(
            "the best one",
            _choose(lambda sizes, errors, good: good[errors[good].argmin()]),
            "You took the lowest error. Asked for: the fewest bytes among all that are good "
            "enough.",
        ),
        Mistake(
            "strict inequality",
            _choose(lambda s, e, good: good[s[good].argmin()], lambda e, allowed: e < allowed),
            "You ask for less than what is allowed. At most means <=.",
        ),
        Mistake(
            "any error",
            lambda sizes, errors, allowed: int(sizes.argmin()),
            "You took the smallest file, whatever its error.",
        ),
        Mistake(
            "never None",
            lambda sizes, errors, allowed: int(np.where(errors <= allowed, sizes, np.inf).argmin()),
            "If no file is good enough, say so: return None.",
        ),
        Mistake(
            "the size",
            _choose(lambda sizes, errors, good: sizes[good].min()),
            "You returned the size of the file. Asked for: its index.",
        ),
        Mistake(
            "the largest",
            _choose(lambda sizes, errors, good: good[sizes[good].argmax()]),
            "You took the largest good file.",
        ),
    ),
    hints=(
        "Two steps: which files are good enough, and which of these is smallest?",
        "good = np.flatnonzero(errors <= allowed) are the indices of the good ones.",
        "good[sizes[good].argmin()], or None if good is empty.",
    ),
    why="What is wanted is few bytes; the number of bits is only a way to get there. The error is "
    "measured on validation data, because choosing is a kind of learning: the winner's error on "
    "these data is a little flattering.",
)

# --- 06.7: a reader -------------------------------------------------------------------------------


def read(blob: bytes, n: int) -> np.ndarray | None:
    if len(blob) < 1 or len(blob) < 1 + 4 * blob[0]:
        return None
    levels = np.frombuffer(blob[1 : 1 + 4 * blob[0]], "<f4")
    weights, place, at = np.zeros(n, np.float32), 0, 1 + 4 * blob[0]
    while at < len(blob):
        if blob[at] == 255:
            place, at = place + 255, at + 1
            continue
        place += blob[at]
        if at + 1 == len(blob) or blob[at + 1] >= len(levels) or place >= n:
            return None
        weights[place] = levels[blob[at + 1]]
        place, at = place + 1, at + 2
    return weights


def _reader(
    *, order="<", filler=255, step=1, clip=False, partial=False, extra=False, backwards=False
):
    """The reader with one part exchanged."""

    def wrong(blob, n):
        if len(blob) < 1 or len(blob) < 1 + 4 * blob[0]:
            return np.zeros(n, np.float32) if partial else None
        levels = np.frombuffer(blob[1 : 1 + 4 * blob[0]], order + "f4")
        weights, place, at = np.zeros(n, np.float32), 0, 1 + 4 * blob[0]
        while at < len(blob):
            if blob[at] == 255 and not extra:
                place, at = place + filler, at + 1
                continue
            place += blob[at]
            bad = at + 1 == len(blob) or place >= n or blob[at + 1] >= len(levels)
            if bad and clip and at + 1 < len(blob) and place < n and len(levels):
                weights[place] = levels[-1]
            elif bad:
                return weights if partial else None
            else:
                weights[place] = levels[blob[at + 1]]
            place, at = place + step, at + 2
        return weights[::-1] if backwards else weights

    return wrong


def _file(levels: list[float], code: list[int]) -> bytes:
    return bytes([len(levels)]) + np.array(levels, "<f4").tobytes() + bytes(code)


_FILES = (
    (_file([0.5, -2.0], [1, 0, 0, 1]), 5),
    (_file([1.5], [255, 3, 0, 2, 0]), 300),
    (_file([0.25, 3.0, -1.0], [0, 2, 255, 255, 0, 1, 7, 0]), 600),
    (_file([1.0], []), 3),
    (_file([0.5, -2.0], [1, 0, 0, 1]), 2),  # a place outside
    (_file([0.5, -2.0], [0, 0, 1, 2]), 9),  # a level that is not there
    (_file([0.5, -2.0], [1, 0, 4]), 9),  # a pair cut off
    (_file([0.5, -2.0], [])[:7], 9),  # a level cut off
    (b"", 4),
)

READ = Exercise(
    id="06.7",
    title="A reader that trusts nobody",
    difficulty=4,
    minutes=15,
    reference=read,
    cases=_FILES,
    mistakes=(
        Mistake(
            "the place of the weight itself",
            _reader(step=0),
            "After a weight the next gap starts one place further: the weight takes a place too.",
        ),
        Mistake(
            "short fillers",
            _reader(filler=254),
            "A byte of 255 skips 255 zeros, and no weight follows.",
        ),
        Mistake(
            "long fillers",
            _reader(filler=256),
            "A byte of 255 skips 255 zeros and nothing more: no weight takes a place there.",
        ),
        Mistake(
            "fillers read as gaps",
            _reader(extra=True),
            "A byte of 255 is not a gap before a weight: no level follows it.",
        ),
        Mistake(
            "big-endian",
            _reader(order=">"),
            "The bytes of your levels are in the wrong order: '<f4' is little-endian.",
        ),
        Mistake(
            "half a model",
            _reader(partial=True),
            "You returned a part of a broken file. Half a model is worse than none: return None.",
        ),
        Mistake(
            "levels clipped",
            _reader(clip=True),
            "You took the last level for one that is not there. The file is broken: return None.",
        ),
        Mistake(
            "backwards",
            _reader(backwards=True),
            "Your weights come out in the reverse order.",
        ),
    ),
    hints=(
        "Three parts: the byte 0, the levels, and then a loop over the rest. At each step ask: is "
        "there still enough of the file?",
        "np.frombuffer(blob[1 : 1 + 4 * blob[0]], '<f4') are the levels. Keep two numbers: `at`, "
        "where you are in the file, and `place`, where you are among the weights.",
        "In the loop: 255 means place += 255, at += 1. Else place += blob[at]; check that a level "
        "follows, that it exists and that place < n; set weights[place]; then place += 1, at += 2.",
    ),
    why="Every number in a file may be wrong. A reader that checks each of them before it uses it "
    "can at worst say no. It never runs what it reads, and never asks for more memory than n says.",
)

EXERCISES = [POSITIONS, ADAPTIVE, GRID, ENTROPY, LLOYD, CHOOSE, READ]
