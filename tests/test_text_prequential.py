"""The prequential code: what comes back, what it costs, and that nothing depends on the future."""

import os
import random
import subprocess
import sys

import numpy as np
import pytest
import torch

from l0course.byte_transformer import ByteTransformer
from l0course.text.exact import ONE
from l0course.text.online import Learner, one_thread
from l0course.text.prequential import Prequential, decode, encode, model_bytes, written

SMALL = {"streams": 3, "block": 8, "updates": 60, "width": 16, "layers": 1, "context": 16}
MODELS = ("contexts", "transformer", "mixed")
TEXT = b"It is a truth universally acknowledged, that a single man in possession of a good fortune "
TEXT += b"must be in want of a wife. " + bytes(range(0, 256, 5))


def small(model, **changes):
    return Prequential(model, **SMALL | changes)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("length", [0, 1, 2, 3, 100, len(TEXT)])
def test_what_is_decoded_is_what_was_encoded(model, length):
    settings, data = small(model), TEXT[:length]
    code = encode(data, settings)
    assert decode(code, length, settings) == data
    assert model_bytes(code) == 0


@pytest.mark.parametrize("model", MODELS)
def test_the_code_is_as_long_as_it_says(model):
    n, bits = written(TEXT, small(model)).lengths()
    assert n.sum() == len(TEXT) and (n > 0).all() and (bits > 0).all()
    ideal = bits.sum() / 8
    assert ideal - 1 < len(encode(TEXT, small(model))) < 1.001 * ideal + 8


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("streams", [1, 3])
def test_code_lengths_do_not_depend_on_what_comes_later(model, streams):
    """A change of the last byte changes the last block only, and does so."""
    data, settings = TEXT[:60], small(model, streams=streams)  # 60: the last column is full
    (n, bits), (_, others) = (
        written(text, settings).lengths() for text in (data, data[:-1] + b"#")
    )
    assert len(n) > 2 and (bits[:-1] == others[:-1]).all() and bits[-1] != others[-1]


def test_a_fresh_process_with_two_threads_decodes():
    code = encode(TEXT, small("mixed"))
    program = (
        "import sys, torch; from l0course.text.prequential import *;"
        "assert torch.get_num_threads() == 2;"
        f"code = bytes.fromhex({code.hex()!r});"
        f"found = decode(code, {len(TEXT)}, Prequential('mixed', **{SMALL}));"
        "sys.stdout.buffer.write(found)"
    )
    two = {**os.environ, "OMP_NUM_THREADS": "2", "MKL_NUM_THREADS": "2"}
    found = subprocess.run([sys.executable, "-c", program], env=two, capture_output=True)
    assert found.stdout == TEXT, found.stderr.decode()


def test_both_sides_have_the_same_forecasts_and_weights():
    """One knows all of the text, the other only what it was told, with rubbish behind it."""
    text = torch.randint(0, 256, (5, 40), generator=torch.Generator().manual_seed(1))
    told = torch.full_like(text, 77)
    sides = [
        Learner(ByteTransformer(16, 2, 2, context=16), known, seed=3) for known in (text, told)
    ]
    for start, stop in ((0, 3), (3, 13), (13, 29), (29, 40)):
        forecasts = zip(
            sides[0].forecasts(start, stop, known=True),
            sides[1].forecasts(start, stop, known=False),
            strict=True,
        )
        for i, (mine, other) in enumerate(forecasts, start):
            assert torch.equal(mine, other) and (mine.sum(1) == ONE).all()
            told[:, i] = text[:, i]
        for side in sides:
            side.learn(start, stop, updates=3)
        for mine, other in zip(*(side.model.parameters() for side in sides), strict=True):
            assert torch.equal(mine, other)


@pytest.mark.parametrize("model", MODELS)
def test_what_was_learnt_pays(model):
    n, bits = written(TEXT[:60] * 6, small(model, updates=500)).lengths()
    rate = bits / n
    assert rate[-1] < 0.6 * rate[0] and bits.sum() < 6 * n.sum()


@pytest.mark.parametrize("model", ["contexts", "transformer"])
def test_random_bytes_do_not_get_shorter(model):
    data = random.Random(0).randbytes(500)
    assert len(encode(data, small(model))) > 500


def test_nothing_of_the_caller_changes():
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with torch.no_grad():
            encode(TEXT[:50], small("transformer"))
        assert torch.get_num_threads() == 2
        with pytest.raises(KeyError), one_thread():
            assert torch.get_num_threads() == 1
            raise KeyError
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(torch.get_rng_state(), state)


def test_number_of_updates_and_seed_matter():
    codes = [
        encode(TEXT, small("transformer", **change))
        for change in ({}, {"seed": 1}, {"updates": 300})
    ]
    assert len(set(codes)) == 3


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"model": "lstm"}, "model must be one of contexts, transformer, mixed, not 'lstm'"),
        ({"streams": -1}, "streams must lie between 0 and 1024, got -1"),
        ({"block": 65}, "block must lie between 1 and 64, got 65"),
        ({"updates": 2.5}, "updates must be an integer, got 2.5"),
        ({"model": "mixed", "streams": 1024, "width": 512}, "set fewer streams"),
    ],
)
def test_settings_out_of_range(wrong, words):
    with pytest.raises(ValueError, match=words):
        Prequential(**wrong)


def test_the_lengths_are_those_of_the_forecasts():
    """One stream, one block: the cost is that of the untrained model, counted by hand."""
    data, settings = b"abcab", small("transformer", streams=1)
    text = torch.tensor([list(data)])
    forecasts = Learner(settings.transformer(), text).forecasts(0, 5, known=True)
    by_hand = -sum(np.log2(int(f[0, x]) / ONE) for f, x in zip(forecasts, data, strict=True))
    n, bits = written(data, settings).lengths()
    assert n.tolist() == [5] and bits[0] == pytest.approx(by_hand, rel=1e-12)
