"""Texts, and sources of known entropy, against blocks counted one by one."""

import hashlib
import itertools
import math
import subprocess
import sys
import zlib
from importlib import metadata

import numpy as np
import pytest

from l0course.image_files import CorruptDataError
from l0course.texts import MarkovSource, english, random_bytes, read, wikipedia

CHAINS = [MarkovSource(0, 3), MarkovSource(1, 3), MarkovSource(2, 2), MarkovSource(3, 2, 0.1, 5)]
IDS = [f"order {source.order}" for source in CHAINS]


def table_of(source):
    """Probabilities of the next letter, by the letters before it."""
    letters = [chr(ord("a") + i) for i in range(source.letters)]
    memories = map("".join, itertools.product(letters, repeat=source.order))
    return {
        memory: dict(zip(letters, row, strict=True))
        for memory, row in zip(memories, source.table.tolist(), strict=True)
    }


def stationary_of(source):
    """The left eigenvector of eigenvalue 1 of the matrix between memories."""
    table = table_of(source)
    step = np.array(
        [
            [sum(p for letter, p in row.items() if (old + letter)[1:] == new) for new in table]
            if source.order
            else [1.0]
            for old, row in table.items()
        ]
    )
    values, vectors = np.linalg.eig(step.T)
    vector = np.real(vectors[:, np.argmin(np.abs(values - 1))])
    return dict(zip(table, vector / vector.sum(), strict=True))


def probability(source, text):
    """Of a text, letter by letter; texts shorter than the memory by summing over what follows."""
    table, start, k = table_of(source), stationary_of(source), source.order
    if len(text) < k:
        return sum(p for memory, p in start.items() if memory.startswith(text))
    p = start[text[:k]]
    for i in range(k, len(text)):
        p *= table[text[i - k : i]][text[i]]
    return p


@pytest.mark.parametrize("source", CHAINS, ids=IDS)
def test_every_text_of_a_length_has_its_probability_and_all_sum_to_one(source):
    letters = [chr(ord("a") + i) for i in range(source.letters)]
    for n in range(6):
        texts = ["".join(block) for block in itertools.product(letters, repeat=n)]
        bits = np.array([source.bits(text.encode()) for text in texts])
        expected = [probability(source, text) for text in texts]
        np.testing.assert_allclose(2.0**-bits, expected, rtol=1e-10)
        assert sum(expected) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("source", CHAINS, ids=IDS)
def test_the_entropy_rate_is_the_growth_of_the_entropy_of_blocks(source):
    letters = [chr(ord("a") + i) for i in range(source.letters)]

    def entropy(n):
        blocks = itertools.product(letters, repeat=n)
        p = np.array([2.0 ** -source.bits("".join(block).encode()) for block in blocks])
        return -(p * np.log2(p)).sum()

    k = source.order
    assert source.entropy_rate == pytest.approx(entropy(k + 1) - entropy(k), abs=1e-10)
    assert source.entropy_rate == pytest.approx(entropy(k + 3) - entropy(k + 2), abs=1e-10)


def test_a_sample_has_the_frequencies_of_the_source():
    source, n = MarkovSource(2, 3, seed=4), 60_000
    text = source.sample(n, seed=1)
    assert len(text) == n and set(text) <= set(b"abc")
    for block in itertools.product("abc", repeat=3):
        block = "".join(block).encode()
        p = 2.0 ** -source.bits(block)
        seen = sum(text[i : i + 3] == block for i in range(n - 2)) / n
        assert seen == pytest.approx(p, abs=6 * math.sqrt(p / n) + 1e-3)
    assert source.bits(text) / n == pytest.approx(source.entropy_rate, abs=0.02)


def test_the_first_letters_of_samples_are_stationary_too():
    source = MarkovSource(1, 2, seed=4)
    seen = np.mean([source.sample(1, seed) == b"a" for seed in range(3000)])
    assert seen == pytest.approx(source.stationary[0], abs=0.04)


def test_samples_depend_on_the_seed_only_and_leave_the_global_state():
    source = MarkovSource()
    np.random.seed(0)
    before = np.random.get_state()[1].tolist()
    assert source.sample(500, 1) == MarkovSource().sample(500, 1) != source.sample(500, 2)
    assert source.sample(500, 1)[:77] == source.sample(77, 1)
    assert MarkovSource(seed=1).sample(500, 1) != source.sample(500, 1)
    assert np.random.get_state()[1].tolist() == before
    assert [len(source.sample(n)) for n in range(4)] == [0, 1, 2, 3]


def test_what_the_source_cannot_say_has_infinitely_many_bits():
    source = MarkovSource(1, 3)
    assert source.bits(b"abcd") == source.bits(b"`") == math.inf
    assert source.bits(b"") == 0


def test_a_small_spread_is_predictable_and_a_large_one_is_not():
    rates = [MarkovSource(2, 8, spread).entropy_rate for spread in (1e-4, 0.1, 1, 1e4)]
    assert rates == sorted(rates)
    assert rates[0] < 0.2 and rates[-1] == pytest.approx(3, abs=0.01)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"order": 9}, "order must lie between 0 and 8"),
        ({"letters": 1}, "letters must lie between 2 and 26"),
        ({"letters": 2.0}, "letters must be an integer"),
        ({"spread": 0}, "spread must be a finite number above 0"),
        ({"seed": -1}, "seed must lie"),
        ({"order": 6, "letters": 20}, "needs a table of 1280000000 entries: take at most 1048576"),
    ],
)
def test_a_source_that_cannot_be_is_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        MarkovSource(**arguments)


def test_english_is_prose_and_the_same_in_every_process():
    text = english()
    assert text.isascii() and 100_000 < len(text) < 900_000
    assert text.count(b" the ") > len(text) / 150
    paragraphs = text.decode().strip().split("\n\n")
    assert len(paragraphs) == len(set(paragraphs)) > 500
    if metadata.version("scipy") == "1.17.1":
        assert hashlib.sha256(text).hexdigest().startswith("1c57df0d691615f8")
        assert len(text) == 437_327
    code = "from l0course.texts import english; import zlib; print(zlib.crc32(english()))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    assert int(out) == zlib.crc32(text)


def test_read_takes_the_first_bytes_or_says_that_there_are_too_few(tmp_path):
    path = tmp_path / "text"
    path.write_bytes(b"0123456789")
    assert [read(path), read(path, 4), read(str(path), 0)] == [b"0123456789", b"0123", b""]
    with pytest.raises(ValueError, match="has 10 bytes only, 11 were asked for"):
        read(path, 11)
    with pytest.raises(ValueError, match="n must lie between 0"):
        read(path, -1)
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "none")


def test_wikipedia_says_where_it_looked_and_what_is_wrong(tmp_path, monkeypatch):
    monkeypatch.delenv("L0COURSE_DATA", raising=False)
    with pytest.raises(FileNotFoundError, match="L0COURSE_DATA is not set"):
        wikipedia()
    monkeypatch.setenv("L0COURSE_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="looked in .*text and "):
        wikipedia()
    for name in ("valid.txt", "test.txt"):
        (tmp_path / name).write_bytes(b"another text")
    with pytest.raises(CorruptDataError, match=r"valid\.txt has the wrong checksum.*get it again"):
        wikipedia()


def test_random_bytes_are_of_the_seed():
    assert len(random_bytes(1000)) == 1000 and random_bytes(0) == b""
    assert random_bytes(1000, 1) == random_bytes(1000, 1) != random_bytes(1000, 2)
    assert len(set(random_bytes(10_000))) == 256
