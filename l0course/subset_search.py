"""Which columns to keep: the searches behind `l0course.best_subset`, on plain arrays.

`enumerate_subsets` looks at all subsets; `search` is iterative hard thresholding (`iht`) and
exchanges of single columns; `admm` alternates between a ridge regression and a hard threshold. All
work on unit columns, as `prepare` makes them.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr, solve_triangular

__all__ = ["admm", "enumerate_subsets", "iht", "least_squares", "prepare", "search"]

Array = NDArray[np.float64]
Support = tuple[int, ...]

_MAX_SUBSETS = 2**25  # subsets that enumeration agrees to look at
_BLOCK = 2**21  # numbers in one block of enumeration's working memory
_DEPENDENT = 1e-10  # a unit column with less squared length left depends on the chosen ones
_MAX_STEPS = 300  # of iterative hard thresholding, from each start, and of ADMM
_GROWTH = 1.05  # of ADMM's rho, from step to step
_BEYOND = 10  # sizes that the search goes beyond the best one known
_RETRIES = 20  # columns that the search tries to do without


# ------------------------------------------------------------------- enumeration


def prepare(X: Array, y: Array) -> tuple[Array, Array, Array]:
    """Unit columns, y, and the columns' norms (inf for a zero column, which stays zero).

    More than p + 1 rows are replaced by p + 1 that give every w the same sum of squares.
    """
    norms = np.linalg.norm(X, axis=0)
    norms[norms == 0] = np.inf
    Z = X / norms
    if len(Z) > Z.shape[1] + 1:
        r = np.linalg.qr(np.column_stack([Z, y]), mode="r")
        Z, y = r[:, :-1], r[:, -1]
    return Z, y, norms


def least_squares(X: Array, y: Array, support: Support) -> tuple[Array, float]:
    """Least-squares coefficients on ``support``, zero elsewhere, and the rss."""
    w = np.zeros(X.shape[1])
    w[list(support)] = np.linalg.lstsq(X[:, support], y, rcond=None)[0]
    return w, float(np.sum((y - X @ w) ** 2))


def enumerate_subsets(X: Array, y: Array, max_size: int) -> list[tuple[Support, float]]:
    """The work of `best_subsets`, on unit columns."""
    p = X.shape[1]
    count = sum(math.comb(p, k) for k in range(max_size + 1))
    if count > _MAX_SUBSETS:
        raise ValueError(
            f"Enumeration would look at {count:.2g} subsets of up to {max_size} of {p} columns; "
            f"its limit is {_MAX_SUBSETS:.2g}. Use solver='iht', or a smaller size (n_nonzero)."
        )
    columns = np.column_stack([X, y])
    gram = (columns.T @ columns)[:, :, None]  # (p + 1, p + 1, 1); y is the last column
    empty = np.zeros((p, 1), dtype=bool)
    rss, found = np.full(max_size + 1, np.inf), [()] * (max_size + 1)
    _record_additions(np.diagonal(gram).T, gram[:, -1], empty, rss, found)
    stack = [(gram, empty)]
    while stack:
        schur, chosen = stack.pop()  # (q + 1, q + 1, m), (p, m): q columns are undecided
        m = schur.shape[2]
        if schur.size > _BLOCK and m > 1:
            stack += [(schur[..., i], chosen[:, i]) for i in (slice(m // 2), slice(m // 2, m))]
        elif len(schur) > 2 and max_size > 1:
            stack.append(_decide_next_column(schur, chosen, rss, found))
    best: list[tuple[Support, float]] = []
    for support in found:
        exact = least_squares(X, y, support)[1]
        best.append((support, exact) if not best or exact < best[-1][1] else best[-1])
    return best


def _decide_next_column(
    schur: Array, chosen: NDArray[np.bool_], rss: Array, found: list[Support]
) -> tuple[Array, NDArray[np.bool_]]:
    """Leave the first undecided column out of all m subsets, and also put it into them."""
    pivot, row, rest = schur[0, 0], schur[0, 1:], schur[1:, 1:]
    # A column that depends on the chosen ones gains nothing: a smaller subset does as well.
    grow = np.flatnonzero(pivot > _DEPENDENT)
    row, child = row[:, grow], chosen[:, grow]  # indexing by an array copies
    ratio = row / pivot[grow]
    child[len(chosen) + 1 - len(schur)] = True
    lengths = np.diagonal(rest).T[:, grow] - row * ratio
    _record_additions(lengths, rest[:, -1, grow] - row * ratio[-1], child, rss, found)
    more = child.sum(axis=0) < len(rss) - 2  # the last addition has been tried already
    update = rest[:, :, grow[more]] - row[:, None, more] * ratio[None, :, more]
    return np.concatenate([rest, update], axis=2), np.hstack([chosen, child[:, more]])


def _record_additions(
    lengths: Array, inner: Array, chosen: NDArray[np.bool_], rss: Array, found: list[Support]
) -> None:
    """Try every undecided column as the last of each subset; keep the best of each size.

    ``lengths`` and ``inner``, both (q + 1, m): squared length, and inner product with y, of what
    each subset leaves unexplained of the undecided columns and, in the last row, of y.
    """
    gain = np.where(
        lengths[:-1] > _DEPENDENT, inner[:-1] ** 2 / np.maximum(lengths[:-1], _DEPENDENT), 0.0
    )
    if len(rss) == 1 or not gain.size:
        return
    size, value = chosen.sum(axis=0) + 1, lengths[-1] - gain.max(axis=0)
    lowest = rss.copy()
    np.minimum.at(lowest, size, value)
    for k in np.flatnonzero(lowest < rss):
        i = np.flatnonzero((size == k) & (value == lowest[k]))[0]
        last = len(chosen) - len(gain) + int(gain[:, i].argmax())
        found[k] = (*np.flatnonzero(chosen[:, i]).tolist(), last)
        rss[k] = lowest[k]


# ------------------------------------------------- hard thresholding and exchanges


def _iht_step(X: Array, y: Array, w: Array, curvature: float, alpha: float, limit: int) -> Array:
    """One step of iterative hard thresholding, which never raises the objective.

    Let c, the curvature, be at least the largest eigenvalue of X'X. Then ||y - Xv||^2 is at most
    ||y - Xw||^2 - 2 (v - w)'X'(y - Xw) + c ||v - w||^2. With u = w + X'(y - Xw) / c, this plus
    alpha * ||v||_0 is, up to a constant, the sum over entries of c (v - u)^2 + alpha [v != 0].
    So entries of u with u^2 >= alpha / c stay as they are, at most ``limit`` of them (the
    largest), and the others become zero. (With a factor 1/2 on the squares: 2 alpha / c.)
    """
    return _threshold(w + X.T @ (y - X @ w) / curvature, alpha / curvature, limit)


def _threshold(u: Array, square: float, limit: int) -> Array:
    """Set to zero, in place, entries below the root of ``square``, and all but ``limit`` others."""
    u[u**2 < square] = 0.0
    if limit < u.size:
        u[np.argpartition(-np.abs(u), limit)[limit:]] = 0.0
    return u


def iht(
    X: Array, y: Array, w: Array, curvature: float, alpha: float, limit: int
) -> tuple[Support, int]:
    """Support where IHT from ``w`` ends, less columns that depend on others; number of steps."""
    steps, moving = 0, True
    while moving and steps < _MAX_STEPS:
        w, old, steps = _iht_step(X, y, w, curvature, alpha, limit), w, steps + 1
        moving = np.abs(w - old).max() > 1e-6 * np.abs(w).max()
    return _independent(X, w), steps


def _independent(X: Array, w: Array) -> Support:
    """The nonzeros of w, less columns that depend on others."""
    support = np.flatnonzero(w)
    triangle, order = qr(X[:, support], mode="r", pivoting=True)
    free = np.count_nonzero(np.diagonal(triangle) ** 2 > _DEPENDENT)
    return tuple(support[order[:free]].tolist())


def admm(X: Array, y: Array, alpha: float, limit: int) -> tuple[Support, int]:
    """Support where the alternating direction method of multipliers ends, and its steps.

    The problem is min ||y - Xw||^2 + alpha * ||v||_0 subject to w = v, with at most ``limit``
    nonzeros. To it are added rho * ||w - v + u||^2, where u is the scaled multiplier. The step in w
    is a ridge regression towards v - u; all of them share one singular value decomposition. The
    step in v keeps entries of w + u with square >= alpha / rho (with halved squares: 2 alpha /
    rho). Then u grows by w - v. rho grows too, so w and v meet. (Boyd et al., "Distributed
    optimization and statistical learning via ADMM", 2011, Section 9.1.)
    """
    _, s, vt = np.linalg.svd(X, full_matrices=False)
    inner, rho, steps = X.T @ y, 0.1, 0
    v = u = np.zeros_like(inner)
    apart = True
    while apart and steps < _MAX_STEPS:
        h = inner + rho * (v - u)
        w = (h - vt.T @ (s**2 / (s**2 + rho) * (vt @ h))) / rho
        v = _threshold(w + u, alpha / rho, limit)
        u = (u + w - v) / _GROWTH  # u is the multiplier over rho
        rho, steps = rho * _GROWTH, steps + 1
        apart = np.abs(w - v).max() > 1e-6 * np.abs(w).max()
    return _independent(X, v), steps


def _best_move(
    X: Array, y: Array, support: Support, alpha: float, limit: int, banned: Support
) -> tuple[float, float, Support]:
    """Objective, its change by the best single add, drop or swap, and the support after it."""
    k, p = len(support), X.shape[1]
    q, r = np.linalg.qr(X[:, support])
    shared, target = q.T @ X, q.T @ y
    residual, inverse = y - q @ target, solve_triangular(r, np.eye(k))
    w, variance = inverse @ target, np.sum(inverse**2, axis=1)
    slopes = inverse @ shared  # (k, p): every column regressed on the support
    # What a support leaves of each column: squared length, and inner product with y. One row for
    # the support without each of its columns, and a last row for the whole support.
    length = np.sum(X**2, axis=0) - np.sum(shared**2, axis=0)
    length = np.vstack([length + slopes**2 / variance[:, None], length])
    inner = X.T @ residual
    inner = np.vstack([inner + slopes * (w / variance)[:, None], inner])
    gain = np.where(length > _DEPENDENT, inner**2 / np.maximum(length, _DEPENDENT), 0.0)
    change = np.zeros((k + 1, p + 1))  # [column dropped or none, column added or none]
    change[:k] += (w**2 / variance - alpha)[:, None]
    change[:, :p] += alpha - gain
    change[:, [*support, *banned]] = np.inf
    if k >= limit:  # no adding; above the limit, nothing but dropping
        change[k if k == limit else 0 :, :p] = np.inf
        change[k, p] = 0.0 if k == limit else np.inf
    out, into = divmod(int(change.argmin()), p + 1)
    moved = support[:out] + support[out + 1 :] + ((into,) if into < p else ())
    return float(residual @ residual) + alpha * k, float(change[out, into]), moved


def _polish(
    X: Array, y: Array, support: Support, alpha: float, limit: int, banned: Support = ()
) -> tuple[float, Support]:
    """Make the best single add, drop or swap until none helps: objective and support there.

    Such a support is optimal among its neighbours (Beck and Eldar, SIAM J. Optim. 23, 2013;
    Hazimeh and Mazumder, Operations Research 68, 2020), and a fixed point of IHT if alpha > 0.
    """
    best, tiny = (math.inf, support), 1e-12 * float(y @ y)
    while True:
        value, change, moved = _best_move(X, y, support, alpha, limit, banned)
        if len(support) <= limit:
            stuck = value >= best[0] - tiny  # rounding, with columns that nearly depend
            best = best if stuck else (value, support)
            if stuck or change >= -tiny:
                return best
        support = moved


def search(X: Array, y: Array, alpha: float, limit: int) -> tuple[float, Support, int]:
    """Objective and support of the best local optimum found, and the number of IHT steps."""
    gram = X @ X.T
    curvature = max(1.001 * float(np.linalg.eigvalsh(gram)[-1]), _DEPENDENT)
    ridge = X.T @ np.linalg.solve(gram + np.eye(len(X)), y)
    ends = [iht(X, y, w, curvature, alpha, limit) for w in (np.zeros_like(ridge), ridge)]
    best = min(_polish(X, y, support, alpha, limit) for support, _ in ends)
    # A path: let the size grow one by one, then shrink, with swaps at every size.
    top = min(*X.shape, len(best[1]) + _BEYOND)
    bottom = max(1, len(best[1]) - _BEYOND if alpha > 0 else limit)
    support: Support = ()
    for size in (*range(1, top + 1), *range(top - 1, bottom - 1, -1)):
        rss, support = _polish(X, y, support, 0.0, size)
        if len(support) <= limit:
            best = min(best, (rss + alpha * len(support), support))
    best = min(best, _polish(X, y, best[1], alpha, limit))
    retries = best[1][-_RETRIES:]
    while retries:  # can we do better without this column?
        *retries, column = retries
        rest = tuple(j for j in best[1] if j != column)
        value, support = _polish(X, y, rest, alpha, limit, banned=(column,))
        if value < best[0] * (1 - 1e-9):
            best = _polish(X, y, support, alpha, limit)
            retries = best[1][-_RETRIES:]
    return *best, sum(steps for _, steps in ends)
