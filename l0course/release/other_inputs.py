"""Drawn inputs for exercises that ask for a function, and whose cases were written by hand.

Each entry of `INPUTS` is a function of a numpy Generator that returns cases. They are drawn so that
every planted mistake shows: with zeros, ties, negative entries, unequal rows.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.random import Generator

__all__ = ["INPUTS"]

Cases = list[tuple[Any, ...]]


def _sparse(g: Generator, *shape: int) -> np.ndarray:
    """Numbers of both signs to two digits, about half of them 0; never all 0."""
    array = g.normal(scale=2, size=shape).round(2) * (g.random(shape) < 0.5)
    array.flat[0] = -1.5
    return array


def _tensors(g: Generator) -> Cases:
    sizes = g.integers(2, 6, size=4).tolist()
    return [([_sparse(g, 3, n), _sparse(g, n), _sparse(g, 2, 3)],) for n in sizes]


def _weights_and_a_threshold(g: Generator) -> Cases:
    cases = []
    for shape in [(6,), (3, 4), (2, 5)]:
        theta = g.normal(scale=2, size=shape).round(1)
        cases.append((theta, float(np.median(np.abs(theta).round(1)))))
        cases.append((theta, float(np.abs(theta).flat[g.integers(theta.size)])))  # one of them
    return cases


def _places(g: Generator) -> Cases:
    sizes = g.integers(50, 100_000, size=4)
    return [(int(n), int(g.integers(2, n // 2))) for n in sizes]


def _flags_and_a_chance(g: Generator) -> Cases:
    return [(x, round(float(g.choice([0.15, 0.3, 0.7, 0.85])), 2)) for (x,) in _flags(g)]


def _flags(g: Generator) -> Cases:
    flags = [(g.random(n) < 0.4).astype(int) for n in g.integers(8, 20, size=4)]
    return [(np.concatenate([[1, 0, 0], x]),) for x in flags]


def _cells(g: Generator) -> Cases:
    cases = []
    for b in (1, 2, 3, 5):
        span = float(g.integers(2, 9))
        inside = g.normal(scale=span, size=6).round(2)
        cases.append((np.concatenate([[-span, 0.0, span, -2 * span], inside]), b, span))
    return cases


def _lengths(g: Generator) -> Cases:
    return [(g.uniform(5, 9, size=n) + far,) for n, far in [(2, 0), (5, 0), (4, 3000)]]


def _pulled(g: Generator) -> Cases:
    """Weights of many sizes and a strength."""
    cases = []
    for shape in [(8,), (5, 3), (12,)]:
        theta, alpha = g.normal(scale=2, size=shape).round(2), round(g.uniform(0.3, 1.4), 2)
        theta.flat[:3] = 0.05, 0.0, -1.2 * alpha**0.5  # between the thresholds one mixes up
        cases.append((theta, alpha))
    return cases


def _two_parts(g: Generator) -> Cases:
    def one(n: int) -> tuple[Any, ...]:
        p, sigma = int(g.integers(8, 40)), round(g.uniform(0.3, 3), 2)
        return g.normal(size=n).round(2), sigma, p, int(g.integers(1, 6)), float(g.integers(4, 16))

    return [one(n) for n in (3, 6, 9)]


def _saddles(g: Generator) -> Cases:
    sizes = [(1,), (6,), (3, 4)]
    return [
        (g.normal(scale=2, size=s).round(2), g.uniform(0.2, 5, size=s).round(2), g.uniform(0.4, 2))
        for s in sizes
    ]


def _smooth(g: Generator) -> Cases:
    cases = []
    for shape in [(2,), (5,), (3, 2)]:
        theta = g.normal(scale=0.7, size=shape).round(2)
        theta.flat[:2] = 0.0, -0.3
        cases.append((theta, float(g.uniform(0.2, 0.8)), float(g.uniform(2, 7))))
    return cases


def _adam(g: Generator) -> Cases:
    cases = []
    for theta, alpha, beta in _smooth(g):
        lr = round(g.uniform(0.02, 0.09), 3)
        cases.append((np.append(theta, [0.3 * lr, -1.0]), alpha, beta, lr))
    return cases


def _proximal(g: Generator) -> Cases:
    cases = []
    for n in (4, 6, 9):
        theta, slope = g.normal(size=n).round(2), g.normal(size=n).round(2)
        theta[:3], slope[:3] = [0.02, -0.03, 0.0], [3.0, 0.1, 0.1]  # across 0, stopped, at rest
        cases.append((theta, slope, float(g.uniform(0.3, 0.9)), float(g.uniform(0.1, 0.3))))
    return cases


def _answers(g: Generator) -> Cases:
    powers = [2 ** int(e) for e in g.integers(3, 20, size=2)]
    return [(n,) for p in powers for n in (p - 1, p, p + 1)] + [(int(g.integers(20, 10_000)),)]


def _positions(g: Generator) -> Cases:
    sizes = [2 ** int(g.integers(3, 9)), *g.integers(20, 900, size=3).tolist()]
    return [(n, int(g.integers(2, n // 2))) for n in sizes] + [(sizes[1], sizes[1] - 2)]


def _files(g: Generator) -> Cases:
    cases = []
    for m in (5, 6, 7, 8):
        sizes, errors = 300 + 10 * g.permutation(m), 0.01 * (1 + g.permutation(m))
        first, second = np.argsort(sizes)[:2]
        if errors[first] < errors[second]:
            errors[[first, second]] = errors[[second, first]]
        cases.append((sizes, errors, float(errors[second])))  # a tie counts; the smallest is bad
        cases.append((sizes, errors, float(g.uniform(0.03, 0.04))))
    return [*cases, (sizes, errors, 0.005)]


def _blobs(g: Generator) -> Cases:
    """Whole files and damaged ones, in the format of the lesson."""
    cases: Cases = []
    for far in (260, 520):
        levels = np.sort(g.choice([-2.0, -1.25, -0.5, 0.75, 1.5, 3.0], size=3, replace=False))
        gaps = [*g.integers(1, 20, size=4).tolist(), far, int(g.integers(1, 20))]
        head = bytes([3]) + struct.pack("<3f", *levels)
        numbers = g.integers(3, size=len(gaps)).tolist()
        body = [(gap // 255 * [255]) + [gap % 255, j] for gap, j in zip(gaps, numbers, strict=True)]
        blob, n = head + bytes(sum(body, [])), sum(gaps) + len(gaps)
        cases += [(blob, n), (blob, n + 7), (blob, n - 1), (blob[:-1], n), (blob[:-1] + b"\x09", n)]
    return [*cases, (blob[:7], n), (b"", n)]


def _pairs(g: Generator) -> Cases:
    cases = []
    for n in (5, 6, 7, 8):
        a = g.normal(size=n).round(2)
        b = a + (g.uniform(0.1, 2, size=n) * np.where(g.random(n) < 0.3, -1, 1)).round(2)
        b[0] = a[0]
        cases.append((a, b))
    return cases


def _noise_and_bits(g: Generator) -> Cases:
    return [
        (round(g.uniform(0.05, 3), 2), int(g.integers(2, 33)), int(g.integers(20, 900)))
        for _ in range(4)
    ]


def _neurons(g: Generator) -> Cases:
    cases = []
    for h in (3, 5, 8):
        b = (1 + g.permutation(h)) / 10 * np.where(np.arange(h) % 2, 1, -1)
        cases.append((g.normal(size=(h, 2)).round(2), b, g.normal(size=h).round(2)))
    return cases


def _chains(g: Generator) -> Cases:
    return [
        (g.dirichlet(np.full(m, 2.0), size=n), g.dirichlet(np.full(n, 2.0)))
        for n, m in [(2, 3), (3, 4), (5, 2)]
    ]


def _letters(g: Generator) -> Cases:
    """Texts that repeat themselves, so that a memory helps."""
    texts = [np.resize(g.integers(m, size=4), n) for m, n in [(3, 14), (4, 20), (5, 26)]]
    for text in texts:
        text[g.integers(len(text), size=3)] = 0
    return [(x, order, 5) for order, x in zip((1, 2, 3), texts, strict=True)] + [(texts[0], 0, 5)]


def _shares(g: Generator) -> Cases:
    cases = []
    for m in (3, 5, 7):
        p = np.insert(np.sort(g.dirichlet(np.ones(m)))[::-1], 0, 0.0)  # the largest comes second
        cases.append((p, int(g.integers(3 * m, 300))))
    return cases


def _opinions(g: Generator) -> Cases:
    return [
        (
            g.normal(0.4, 0.4, size=m),
            g.uniform(0.03, 0.97, size=m),
            bit,
            float(g.uniform(0.02, 0.4)),
        )
        for m in (1, 2, 4)
        for bit in (0, 1)
    ]


def _file_sizes(g: Generator) -> Cases:
    sizes = [sorted(g.integers(1_000, 900_000, size=2).tolist()) for _ in range(3)]
    return [(float(t), float(m), int(g.integers(10**6, 10**8))) for m, t in sizes]


def _tolerances(g: Generator) -> Cases:
    """Where k = 1 the answer is about 1 / error, so the error is mild; 2k is enough for large k."""
    few = [(k, float(10 ** -g.uniform(1.5, 1 + k))) for k in g.integers(1, 8, size=7).tolist()]
    return few + [(k, float(10 ** -g.uniform(1, 2))) for k in g.integers(6, 12, size=3).tolist()]


def _degrees(g: Generator) -> Cases:
    return [(int(m), int(k)) for m, k in zip(g.integers(2, 9, 5), g.integers(2, 6, 5), strict=True)]


def _factors(g: Generator) -> Cases:
    return [(float(g.integers(3, 90)), m, k) for m, k in _degrees(g)]


def _three_sizes(g: Generator) -> Cases:
    def one() -> tuple[Any, ...]:
        dense = int(g.integers(5_000, 500_000))
        small, nonzero = dense // int(g.integers(2, 6)), dense // int(g.integers(10, 60))
        return dense, small, nonzero, int(nonzero * g.uniform(0.8, 3))

    return [one() for _ in range(3)]


def _validated(g: Generator) -> Cases:
    """Files that shrink as errors grow; three are within one standard error of the best."""
    cases = []
    for rows in g.integers(100, 2_000, size=4).tolist():
        least = g.uniform(0.02, 0.1)
        errors = least + (least * (1 - least) / rows) ** 0.5 * np.array([0, 0.4, 0.8, 1.5, 3.0])
        order, sizes = g.permutation(5), 100 * np.arange(5, 0, -1) + g.integers(90, size=5)
        cases.append((sizes[order], errors[order], rows))
    return cases


def _mistakes(g: Generator) -> Cases:
    rows = g.integers(10, 2_000, size=4).tolist()
    return [(0, rows[0])] + [(int(g.integers(1, n // 2)), n) for n in rows]


def _looks(g: Generator) -> Cases:
    """Counts a little better than what chance gives."""
    cases = []
    for looks in (1, 2, int(g.integers(3, 30))):
        rows, error = int(g.integers(50, 500)), float(g.uniform(0.05, 0.3))
        cases.append((int(rows * error * g.uniform(0.7, 0.9)), rows, error, looks))
    return cases


INPUTS: dict[str, Callable[[Generator], Cases]] = {
    "00.1": _tensors,
    "00.2": _weights_and_a_threshold,
    "00.3": _places,
    "01.1": _flags_and_a_chance,
    "01.2": _flags,
    "01.3": lambda g: [tuple(g.uniform(0.3, 6, size=2).tolist()) for _ in range(4)],
    "01.5": _cells,
    "01.6": lambda g: [(n, k, int(g.integers(3, 33))) for n, k in _places(g)],
    "01.7": _lengths,
    "02.1": _pulled,
    "02.2": _pulled,
    "02.5": _two_parts,
    "03.6": _saddles,
    "04.1": _smooth,
    "04.2": lambda g: [(float(beta),) for beta in g.uniform(1.2, 30, size=3)],
    "04.3": lambda g: [(float(strength),) for strength in g.uniform(0.02, 5, size=4)],
    "04.4": _adam,
    "04.5": _proximal,
    "04.7": lambda g: [
        ((100 * np.arange(1, n) + g.integers(90, size=n - 1)).tolist(),) for n in (3, 4, 5)
    ],
    "05.2": _answers,
    "06.1": _positions,
    "06.6": _files,
    "06.7": _blobs,
    "07.2": lambda g: [(g.normal(size=s), g.normal(size=s)) for s in [(3, 4), (4, 5), (5, 7)]],
    "07.3": _pairs,
    "07.4": _noise_and_bits,
    "07.6": _neurons,
    "08.1": _chains,
    "08.2": _letters,
    "08.4": _shares,
    "08.5": _opinions,
    "08.6": _file_sizes,
    "08.7": lambda g: [(g.uniform(2, 32), int(g.integers(10**3, 10**9))) for _ in range(3)],
    "09.2": lambda g: [(n,) for n in g.choice(np.arange(3, 46), size=4, replace=False).tolist()],
    "09.4": _tolerances,
    "09.6": lambda g: [tuple(g.integers([3, 1], [30, 9]).tolist()) for _ in range(5)],
    "10.2": _degrees,
    "10.3": _factors,
    "11.1": _three_sizes,
    "11.3": _validated,
    "11.4": _mistakes,
    "11.6": _looks,
}
