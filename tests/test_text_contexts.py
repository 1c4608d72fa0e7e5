"""The mixer of contexts: whole numbers that are the same everywhere, and that compress."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from l0course.text.contexts import ContextMixer, streams_for
from l0course.text.counting import Counters
from l0course.text.matching import Matches
from l0course.text.mixing import LIMIT, PARTS, Calibration, Mixer, squash, stretch
from l0course.texts import english

EVIDENCE = np.arange(-LIMIT, LIMIT + 1)


@pytest.fixture(scope="module")
def prose() -> bytes:
    return english()


def columns(data: bytes, streams: int) -> np.ndarray:
    """A text as (steps, streams); what is left over is dropped."""
    steps = len(data) // streams
    return np.frombuffer(data[: steps * streams], np.uint8).reshape(streams, steps).T


def walk(mixer: ContextMixer, text: np.ndarray, frequencies=None, as_given=lambda x: x):
    """Probabilities and bits (steps, 8, streams) of a text (steps, streams)."""
    p, bits = np.zeros((2, len(text), 8, mixer.streams), np.int64)
    for i, byte in enumerate(text):
        mixer.begin(None if frequencies is None else as_given(frequencies[i]))
        for k in range(8):
            p[i, k], bits[i, k] = mixer.p(), byte >> 7 - k & 1
            mixer.update(as_given(bits[i, k]))
        assert (mixer.last == byte).all()
    return p, bits


def cost(p: np.ndarray, bits: np.ndarray) -> np.ndarray:
    """Bits that each byte costs (steps, streams)."""
    assert p.min() >= 1 and p.max() < PARTS
    return -np.log2(np.where(bits == 1, p, PARTS - p) / PARTS).sum(axis=1)


def checksum() -> str:
    """Of the probabilities of a made-up text: in one stream, and in 24 with an expert."""
    words = b"she sells sea shells; \xc3\xa9t\xc3\xa9 1234 SHE.\n".split(b" ")
    seeds = [k % 25 for k in range(60)] + list(range(2_000))  # a repeated piece first
    draws = [k * k * 2_654_435_761 % 4_294_967_291 for k in seeds]  # NumPy's may change
    data = b" ".join(words[k % 7] + b"qrstuvwxyz"[k % 11 : k % 13] for k in draws)
    total = hashlib.sha256()
    for streams, experts in ((1, 0), (24, 1)):
        text = columns(data[: 400 * (1 if streams == 1 else 20)], streams)
        said = 1 + np.arange(text.size * 256, dtype=np.int64) * 40_503 % 499
        p, _ = walk(
            ContextMixer(streams, experts, 14),
            text,
            said.reshape(*text.shape, 256) if experts else None,
        )
        total.update(p.astype("<i4").tobytes())
    return total.hexdigest()


# ---------------------------------------------------------------- the logistic domain


def test_squash_is_the_logistic_function_to_the_last_digit():
    exact = PARTS / (1 + np.exp(-EVIDENCE / 256))
    assert (np.abs(squash(EVIDENCE) - exact.clip(1, PARTS - 1)) < 0.5 + 1e-6).all()
    assert (squash(EVIDENCE) + squash(-EVIDENCE) == PARTS).all()
    assert (np.diff(squash(EVIDENCE)) >= 0).all()
    assert squash(np.array([-(10**12), 10**12])).tolist() == [1, PARTS - 1]


def test_stretch_is_the_inverse():
    p = np.arange(PARTS // 2, PARTS)
    assert (squash(stretch(p)) >= p).all()
    assert (squash(stretch(p)[1:] - 1) < p[1:]).all()
    assert (stretch(PARTS - p) == -stretch(p)).all()
    assert (np.diff(stretch(np.arange(PARTS))) >= 0).all()
    steep = EVIDENCE[np.abs(EVIDENCE) < 5 * 256]
    assert (stretch(squash(steep)) == steep).all()


def test_calibration_counts_one_by_one():
    rng = np.random.default_rng(0)
    map_, counts, first = Calibration(3, prior=6, most=20), {}, {}
    truth = np.array([1 / 16, 1 / 2, 15 / 16])
    for _ in range(200):
        context, p = rng.integers(0, 3, (2, 4)), rng.choice([5_000, 60_000], (2, 4))
        refined = map_.refine(context, p)
        cells = list(zip(context.ravel().tolist(), p.ravel().tolist(), strict=True))
        for cell, found in zip(cells, refined.ravel(), strict=True):
            ones, total = counts.get(cell, (0, 0))
            prior = found if total == 0 else first[cell[1]]  # the middle of the range of p
            first[cell[1]] = prior
            assert abs(prior - cell[1]) < 2_500
            assert found == (ones * PARTS + 6 * prior) // (total + 6)
        bits = (rng.random((2, 4)) < truth[context]).astype(int)
        map_.update(bits)
        for cell, bit in zip(cells, bits.ravel().tolist(), strict=True):
            ones, total = counts.get(cell, (0, 0))
            counts[cell] = ones + bit, total + 1
        for cell in set(cells):
            if counts[cell][1] > 20:
                counts[cell] = tuple(n // 2 for n in counts[cell])


def test_mixer_takes_the_gradient_of_the_code_length():
    rng = np.random.default_rng(0)
    mixer, weights = Mixer(3, [2, 4]), np.zeros((6, 3))
    weights[:2] = PARTS // 5 / PARTS
    for step in range(40):
        x, y = rng.integers(-900, 900, (5, 3)), rng.integers(0, 2, 5)
        a, b = rng.integers(0, 2, 5), rng.integers(0, 4, 5)
        p = mixer.mix(x, [a, b])
        real = 1 / (1 + np.exp(-((weights[a] + weights[2 + b]) * x / 256).sum(axis=1)))
        assert np.abs(p / PARTS - real).max() < 0.003
        mixer.update(y)
        rate = (1049 + 5243 * 2000 / (2000 + step)) / 2**20
        for sets in (a, 2 + b):
            for k in range(5):
                crowd = (15 + (sets == sets[k]).sum()) / 16
                weights[sets[k]] += rate / crowd * (y[k] - real[k]) * x[k] / 256


# ---------------------------------------------------------------- counters and matches


def test_counters_count_and_forget():
    """Against one-by-one shares; the calibration is left out by looking at what is in the slots."""
    rng, counters = np.random.default_rng(0), Counters(2, 12)
    share, seen = np.full(8, 0.5), np.zeros(8, int)
    for _ in range(1500):
        context = rng.integers(0, 4, (2, 1))
        evidence = counters.evidence((context * 977).astype(np.uint64), np.array([1]))
        cell = context[:, 0] + [0, 4]
        assert (counters.known[:, 0] == np.minimum(seen[cell], 63)).all()
        assert (evidence[seen[cell] == 0] == 0).all()
        assert (np.abs((counters._slot[:, 0] >> 14) / 2**18 + 0.5 - share[cell]) < 0.003).all()
        bit = rng.random() < context[0, 0] / 3
        counters.update(np.array([int(bit)]))
        share[cell] += (bit - share[cell]) / (np.minimum(seen[cell], 63) + 1.5)
        seen[cell] += 1


def test_counters_are_calibrated():
    rng, counters = np.random.default_rng(0), Counters(1, 12)
    truth, errors = np.array([0.01, 0.5, 0.97]), []
    for i in range(2000):
        context = rng.integers(0, 3)
        hashes = np.array([[context * 977]], np.uint64)
        p = squash(counters.evidence(hashes, np.array([1]))).item() / PARTS
        counters.update(np.array([int(rng.random() < truth[context])]))
        errors += [abs(p - truth[context])] * (i > 1000)
    assert np.mean(errors) < 0.03


def test_a_slot_of_another_context_is_taken_over():
    counters, known = Counters(1, 8), []
    contexts = np.random.default_rng(0).integers(0, 2**64, (4000, 1, 1), np.uint64)
    for context in contexts:  # many more than slots
        counters.evidence(context, np.array([1]))
        counters.update(np.array([1]))
        known.append(counters.known.item() > 0)
    assert 0 < np.mean(known) < 0.02  # one check of 256 agrees by chance


def test_matches_against_searching_the_text():
    rng, text = np.random.default_rng(0), b""
    for _ in range(60):
        start = int(rng.integers(0, len(text) + 1))
        text += text[start : start + 12] + bytes(rng.integers(97, 123, 3).astype(np.uint8))
    matches, before, followed = Matches(1), 0, 0
    for i in range(len(text) - 1):
        matches.append(np.array([text[i]]))
        known, length = text[: i + 1], matches.length.item()
        if length and before:
            assert length == before + 1
        elif length:  # just found: the latest place with these bytes, and all that agrees
            latest = known[:-1].rfind(known[-6:]) + 6
            agrees = next(n for n in range(7, 40) if known[latest - n : latest] != known[-n:]) - 1
            assert length == min(agrees, 32)
        else:
            assert i < 6 or known[-6:] not in known[:-1]
        for k in range(8):  # the match ends with the first bit that is not as it was there
            matches.evidence(k)
            followed += matches.length.item() > 0
            matches.update(np.array([text[i + 1] >> 7 - k & 1]))
        before = matches.length.item()
    assert followed > 2 * len(text)


# ---------------------------------------------------------------- what it costs


def test_random_bytes_do_not_grow():
    text = np.random.default_rng(0).integers(0, 256, (200, 64))
    assert cost(*walk(ContextMixer(64, table_bits=16), text)).mean() < 8 * 1.01


def test_a_text_costs_little_the_second_time_in_its_own_stream_and_in_another(prose):
    once = columns(prose[:1600], 16)
    own = cost(*walk(ContextMixer(16, table_bits=18), np.concatenate([once, once])))
    assert own[: len(once)].mean() > 2 and own[len(once) + 10 :].mean() < 0.25
    noise = np.random.default_rng(0).integers(0, 256, once.shape)
    delayed = np.hstack([np.vstack([once, noise]), np.vstack([noise, once])])
    other = cost(*walk(ContextMixer(32, table_bits=18), delayed))[len(once) + 10 :, 16:]
    assert other.mean() < 0.5


def test_english_is_learnt_soon_in_one_stream_or_many(prose):
    one = cost(*walk(ContextMixer(1, table_bits=18), columns(prose[:600], 1))).mean()
    many = cost(*walk(ContextMixer(64, table_bits=18), columns(prose[:6400], 64))).mean()
    assert one < 4.2 and many < 3


def test_an_expert_is_heard_if_it_knows_and_ignored_if_it_does_not():
    rng = np.random.default_rng(0)
    text = rng.integers(0, 256, (60, 32))
    knows = np.where(text[..., None] == np.arange(256), PARTS - 255, 1)
    liar = np.roll(knows, 1, axis=1)
    for experts in ([knows], [liar, knows]):
        said = np.stack(experts, axis=1)
        bits = cost(*walk(ContextMixer(32, len(experts), 16), text, said))
        assert bits[30:].mean() < 0.5
    assert cost(*walk(ContextMixer(32, 1, 16), text, liar))[30:].mean() < 8.4


# ---------------------------------------------------------------- the same everywhere


def test_checksum_of_the_probabilities():
    """If this changes, files that were written before can no longer be read."""
    assert checksum() == "34c42e6919630b09e90039bb90d40e3bfa9832ee05f289748636d9aac795f19e"


def test_same_numbers_in_another_process():
    code = "import test_text_contexts; print(test_text_contexts.checksum())"
    run = [sys.executable, "-c", code]
    done = subprocess.run(
        run, capture_output=True, text=True, check=True, cwd=Path(__file__).parent
    )
    assert done.stdout.strip() == checksum()


@pytest.mark.parametrize(
    "as_given", [np.asfortranarray, np.uint16, lambda x: np.repeat(x, 2, -1)[..., ::2]]
)
def test_same_numbers_whatever_the_arrays_look_like(as_given):
    text = columns(b"abracadabra " * 10, 4)
    said = np.random.default_rng(0).integers(1, 99, (len(text), 1, 4, 256))
    want, _ = walk(ContextMixer(4, 1, 12), text, said)
    found, _ = walk(ContextMixer(4, 1, 12), text, said, as_given)
    assert (found == want).all()


def test_what_is_predicted_depends_on_the_past_only():
    text = columns(b"mississippi " * 8, 3)
    other = text.copy()
    other[20:] = 255 - other[20:]
    first, second = (walk(ContextMixer(3, 0, 12), t)[0] for t in (text, other))
    assert (first[:20] == second[:20]).all() and (first[20, 0] == second[20, 0]).all()
    assert (first[20:] != second[20:]).any()


# ---------------------------------------------------------------- bad input


def test_streams_for_grows_with_the_length():
    counts = [streams_for(n) for n in range(0, 2_000_000, 1000)]
    assert counts == sorted(counts) and counts[0] == 1 and counts[-1] == 128


@pytest.mark.parametrize(
    "wrong", [{"streams": 0}, {"streams": 2, "experts": -1}, {"streams": 2, "table_bits": 99}]
)
def test_numbers_out_of_range(wrong):
    with pytest.raises(ValueError, match="must lie between"):
        ContextMixer(**wrong)


def test_calls_out_of_turn_and_arrays_that_do_not_fit():
    mixer = ContextMixer(2, 1, 12)
    with pytest.raises(ValueError, match="call begin first"):
        mixer.p()
    for wrong in (None, np.ones((2, 256)), np.zeros((2, 256), int), np.ones((256, 2), int)):
        with pytest.raises(ValueError, match="whole numbers from 1"):
            mixer.begin(wrong)
    with pytest.raises(ValueError, match="whole numbers from 1"):
        ContextMixer(2).begin(np.ones((2, 256), int))
    mixer.begin(np.ones((2, 256), int))
    mixer.p()
    for wrong in ([1], [0, 2], [[0, 1]]):
        with pytest.raises(ValueError, match="2 zeros and ones"):
            mixer.update(np.array(wrong))
    mixer.update(np.array([0, 1]))
    with pytest.raises(ValueError, match="has had 1 bits"):
        mixer.begin()
