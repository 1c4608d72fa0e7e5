"""Texts to compress: one that is always here, ones on this machine, and sources of known entropy.

A text is `bytes`. The entropy of real text is unknown; that of a `MarkovSource` is known exactly,
and so is how long the best code of one of its samples is.
"""

from __future__ import annotations

import importlib.util
import math
import os
import re
from bisect import bisect
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from .checks import integer, require
from .image_files import checked_bytes

__all__ = ["MarkovSource", "english", "random_bytes", "read", "wikipedia"]

_WIKIPEDIA = {
    "valid.txt": "f0737ed31fc1329026e95cb8b98e19c2a182c39c240ab909dc31abf2f8af58e8",
    "test.txt": "d790b833ef8cf03a90db7bf1271b7520b83c45ce07ba3c1a9699df81e239eca0",
}


def english() -> bytes:
    """Half a megabyte of English prose about mathematics, which is here with every installation.

    The paragraphs of SciPy's own documentation, as they stand in its source files: those that are
    sentences and not lists, formulas or code, each once. The bytes depend on SciPy's version but
    not on Python's: with SciPy 1.17.1, which requirements.lock names, they are 437,327. Licence:
    BSD 3-clause.

    >>> english()[:56]
    b'Clustering algorithms are useful in information theory, '
    """
    spec = importlib.util.find_spec("scipy")
    root = Path(next(iter(spec.submodule_search_locations)))
    kept: dict[str, None] = {}
    ends: set[str] = set()
    for path in sorted(root.glob("[a-z]*/**/*.py"), key=lambda path: path.relative_to(root).parts):
        if "tests" in path.parts:
            continue
        for doc in re.findall(r'"""(.*?)"""', path.read_text("utf-8"), re.DOTALL):
            for paragraph in (" ".join(part.split()) for part in re.split(r"\n\s*\n", doc)):
                mine = {paragraph[:20], paragraph[-20:]}
                if _is_prose(paragraph) and not mine & ends:
                    kept[paragraph] = None
                ends |= mine
    return "\n\n".join(kept).encode("ascii") + b"\n"


def _is_prose(paragraph: str) -> bool:
    plain = sum(letter.islower() or letter == " " for letter in paragraph)
    sentence = re.fullmatch(r"[A-Z][ -~]{100,}[.:]", paragraph)
    return bool(sentence) and plain > 0.9 * len(paragraph)


def wikipedia(folder: str | Path | None = None) -> bytes:
    """2,378,130 bytes of English Wikipedia: the validation and then the test part of WikiText-2.

    Parameters
    ----------
    folder : where `valid.txt` and `test.txt` lie, directly or in a sub-folder `text`. None is the
        folder that the environment variable L0COURSE_DATA names.

    Raises
    ------
    FileNotFoundError : it is not there; says where it looked.
    CorruptDataError : a file is damaged, or another text.

    Source: Merity, Xiong, Bradbury, Socher, arXiv 1609.07843; articles CC BY-SA.

    >>> len(wikipedia())  # doctest: +SKIP
    2378130
    """
    root = folder if folder is not None else os.environ.get("L0COURSE_DATA")
    places = [Path(root).expanduser() / "text", Path(root).expanduser()] if root else []
    for place in places:
        if all((place / name).is_file() for name in _WIKIPEDIA):
            remedy = "get it again"
            parts = [checked_bytes(place / name, sha, remedy) for name, sha in _WIKIPEDIA.items()]
            return b"".join(parts)
    looked = f"looked in {' and '.join(map(str, places))}" if places else "L0COURSE_DATA is not set"
    raise FileNotFoundError(
        f"the Wikipedia text (valid.txt and test.txt) was not found; {looked}: set L0COURSE_DATA "
        "to a folder that has both in a sub-folder `text`, or take english()"
    )


def read(path: str | Path, n: int | None = None) -> bytes:
    """The first n bytes of a file on this machine, such as enwik8; None is all of it.

    Raises ValueError if the file has fewer than n bytes, FileNotFoundError if it is not there.

    >>> read(__file__, 12)
    b'\"\"\"Texts to '
    """
    with open(Path(path).expanduser(), "rb") as file:
        data = file.read(-1 if n is None else integer("n", n, 0))
    if n is not None and len(data) < n:
        raise ValueError(f"{path} has {len(data)} bytes only, {n} were asked for.")
    return data


def random_bytes(n: int, seed: int = 0) -> bytes:
    """n bytes that no code makes shorter: the control.

    >>> random_bytes(4).hex()
    '5f82c2d9'
    """
    return np.random.default_rng(integer("seed", seed, 0)).bytes(integer("n", n, 0))


@dataclass(frozen=True)
class MarkovSource:
    """A random text over a few letters in which each letter depends on the `order` before it.

    Parameters
    ----------
    order : letters of memory, 0 to 8.
    letters : size of the alphabet, 2 to 26: the first letters of the English one.
    spread : parameter (> 0) of the symmetric Dirichlet distribution from which each row of the
        table is drawn. Small: nearly certain; 1: all rows alike likely; large: all letters alike.
        One letter in a hundred is any letter, whatever the row says.
    seed : of the table, which has letters**(order + 1) entries, at most 2**20.

    Examples
    --------
    >>> source = MarkovSource(order=1, letters=3)
    >>> round(source.entropy_rate, 4)
    1.0304
    >>> text = source.sample(30)
    >>> text, round(source.bits(text), 2)
    (b'caaacbcbcbcacacacbcbaacbcbcbcb', 27.17)
    """

    order: int = 2
    letters: int = 8
    spread: float = 0.3
    seed: int = 0

    def __post_init__(self) -> None:
        integer("order", self.order, 0, 8)
        integer("letters", self.letters, 2, 26)
        integer("seed", self.seed, 0)
        require("spread", self.spread, above=0)
        if self.letters ** (self.order + 1) > 1 << 20:
            raise ValueError(
                f"order {self.order} over {self.letters} letters needs a table of "
                f"{self.letters ** (self.order + 1)} entries: take at most 1048576."
            )

    @cached_property
    def table(self) -> np.ndarray:
        """(letters**order, letters): probability of each next letter after each memory.

        The memory is a number in base `letters`, the latest letter last.
        """
        rng = np.random.default_rng(self.seed)
        drawn = rng.dirichlet(np.full(self.letters, self.spread), size=self.letters**self.order)
        return (1 - _NOISE) * drawn + _NOISE / self.letters

    @cached_property
    def stationary(self) -> np.ndarray:
        """(letters**order,): how often each memory occurs in the long run."""
        states = len(self.table)
        p, change = np.full(states, 1 / states), 1.0
        while change > 1e-14:  # ends: the noise makes the chain forget
            before = p
            p = (p[:, None] * self.table).reshape(-1, states).sum(axis=0)
            change = np.abs(p - before).sum()
        return p / p.sum()

    @cached_property
    def entropy_rate(self) -> float:
        """Bits per byte of a long text: no code is shorter on average (Shannon 1948)."""
        return float(-self.stationary @ (self.table * np.log2(self.table)).sum(axis=1))

    def sample(self, n: int, seed: int = 0) -> bytes:
        """n letters (bytes from b"a" on), the first ones as frequent as in the long run."""
        integer("n", n, 0)
        rng = np.random.default_rng(integer("seed", seed, 0))
        memory = int(rng.choice(len(self.table), p=self.stationary))
        text = bytearray(_digits(memory, self.letters, self.order))
        sums = np.cumsum(self.table, axis=1)[:, :-1].tolist()
        for u in rng.random(max(0, n - self.order)).tolist():
            letter = bisect(sums[memory], u)
            memory = (memory * self.letters + letter) % len(sums)
            text.append(letter)
        return bytes(text[:n]).translate(_LETTERS)

    def bits(self, text: bytes) -> float:
        """-log2 of the probability of just this text: the length of its best code.

        Infinite if it has bytes that are no letters of the source. Differs from n * `entropy_rate`
        by chance; the gap of a code of this text to the floor is its length minus this.
        """
        letters = np.frombuffer(text, np.uint8).astype(np.int64) - ord("a")
        if ((letters < 0) | (letters >= self.letters)).any():
            return math.inf
        k = min(self.order, len(letters))
        memory = np.zeros(len(letters) + 1 - k, np.int64)
        for j in range(k):
            memory = memory * self.letters + letters[j : j + len(memory)]
        first = self.stationary.reshape(self.letters**k, -1).sum(axis=1)[memory[0]]
        then = self.table[memory[:-1], letters[k:]]
        return float(-np.log2(first) - np.log2(then).sum())


_NOISE = 0.01
_LETTERS = bytes(range(ord("a"), ord("z") + 1)).ljust(256, b"?")


def _digits(number: int, base: int, count: int) -> list[int]:
    return [number // base**place % base for place in reversed(range(count))]
