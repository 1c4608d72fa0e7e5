"""The two-part code: texts and back, and what is minimised."""

import random

import numpy as np
import pytest
import torch

from l0course import DRR, count_nonzero
from l0course.byte_transformer import ByteTransformer, byte_rows
from l0course.codec import CorruptFileError, decode_model, encode_model
from l0course.text import two_part
from l0course.text.exact import ExactTransformer
from l0course.text.two_part import TwoPart, code_bits, decode, encode, model_bytes, train, write

SMALL = TwoPart(width=16, layers=1, heads=2, context=32, epochs=30, price=20, streams=8)
TEXT = b"".join(b"%d and %d make %d. " % (i, j, i + j) for i in range(30) for j in range(6))


@pytest.fixture(scope="module")
def trained() -> ByteTransformer:
    """A model of TEXT."""
    return train(
        TEXT, DRR(5e-4), SMALL.model(), epochs=12, lr=1e-2, batch_size=4, progress=False
    ).model


@pytest.mark.parametrize("length", [1, 32, 33, 8 * 32 + 1, 3000])
def test_texts_of_any_length_come_back(trained, length):
    """Rows, batches of rows, and parts of both."""
    data = TEXT[:length]
    assert decode(write(data, trained, bits=4, streams=8), length, SMALL) == data


def test_other_texts_than_the_one_it_was_trained_on_come_back(trained):
    data = bytes(range(256)) * 2
    assert decode(write(data, trained, bits=4, streams=8), 512, SMALL) == data


def test_the_code_is_as_long_as_its_two_parts(trained):
    code = write(TEXT, trained, bits=4, streams=8)
    size = model_bytes(code)
    exact = ExactTransformer(decode_model(code[4 : 4 + size], SMALL.model()))
    bits = code_bits(exact, *byte_rows(TEXT, 32))
    assert len(code) == pytest.approx(4 + size + bits / 8, abs=9)  # two words, rounded up
    assert bits < 0.6 * 8 * len(TEXT)


def test_bits_of_the_code_by_their_definition(trained):
    exact = ExactTransformer(trained)
    x, y = byte_rows(TEXT[:50], 32)
    found = exact.frequencies(x)
    expected = sum(
        np.log2(2**20 / int(found[i, j, y[i, j]]))
        for i in range(2)
        for j in range(32)
        if y[i, j] >= 0
    )
    assert code_bits(exact, x, y) == pytest.approx(expected)


def test_the_levels_give_the_smallest_file(trained):
    """The neighbours are tried here, too, with the whole text."""
    x, y = byte_rows(TEXT, 32)
    totals = []
    for bits in range(2, 5):
        blob = encode_model(trained, bits=bits)
        exact = ExactTransformer(decode_model(blob, SMALL.model()))
        totals.append(4 + len(blob) + code_bits(exact, x, y) / 8)
    assert len(write(TEXT, trained, streams=8)) <= min(totals) + 9


def test_a_price_makes_the_model_smaller(trained):
    free = train(
        TEXT, DRR(0), SMALL.model(), epochs=12, lr=1e-2, batch_size=4, progress=False
    ).model
    assert count_nonzero(trained) < 0.9 * count_nonzero(free)
    assert len(encode_model(trained, bits=8)) < 0.9 * len(encode_model(free, bits=8))


def test_absent_bytes_cost_nothing(trained):
    absent = sorted(set(range(1, 256)) - set(TEXT))
    assert (trained.embedding.weight[absent] == 0).all()
    assert (trained.embedding.weight[list(set(TEXT))] != 0).any()


@pytest.mark.parametrize("kind", ["random", "short"])
def test_what_no_model_can_predict_is_sent_as_it_is(kind):
    data = random.Random(0).randbytes(300) if kind == "random" else b"a short text"
    code = encode(data, SMALL)
    assert decode(code, len(data), SMALL) == data
    assert len(data) < len(code) <= len(data) + 70


def test_encode_trains_a_model_that_pays():
    code = encode(TEXT, SMALL)
    assert decode(code, len(TEXT), SMALL) == TEXT
    assert model_bytes(code) > 100
    assert len(code) < len(TEXT)


def test_the_model_stays_as_it_is():
    model = SMALL.model()
    before = {name: p.clone() for name, p in model.state_dict().items()}
    train(TEXT[:300], DRR(0), model, epochs=3, progress=False)
    write(TEXT[:300], model, bits=4)
    assert all(torch.equal(p, before[name]) for name, p in model.state_dict().items())


def test_codes_that_are_not_ours(trained):
    code = write(TEXT, trained, bits=4, streams=8)
    other = TwoPart(width=16, layers=2, heads=2, context=32, streams=8)
    for bad, settings in [(b"", SMALL), (code[:9], SMALL), (code[:-1], SMALL), (code, other)]:
        with pytest.raises(CorruptFileError, match="corrupt"):
            decode(bad, len(TEXT), settings)


def test_damage_gives_another_text_of_that_length_or_an_error(trained):
    """The checksum of the container tells; nothing else may happen."""
    code = bytearray(write(TEXT, trained, bits=4, streams=8))
    for at in np.linspace(0, len(code) - 1, 8).astype(int):
        damaged = bytes(code[:at]) + bytes([code[at] ^ 255]) + bytes(code[at + 1 :])
        try:
            assert len(decode(damaged, 500, SMALL)) == 500
        except CorruptFileError:
            pass


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        (dict(width=3), "even"),
        (dict(heads=3), "multiple"),
        (dict(epochs=2), "epochs"),
        (dict(price=-1), "price"),
        (dict(streams=0), "streams"),
        (dict(width=512, heads=8, context=2048, streams=64), "memory"),
    ],
)
def test_settings_that_cannot_be(settings, word):
    with pytest.raises(ValueError, match=word):
        TwoPart(**settings)


def test_an_empty_text():
    for call in (train, write):
        arguments = (DRR(0), SMALL.model()) if call is train else (SMALL.model(),)
        with pytest.raises(ValueError, match="empty"):
            call(b"", *arguments)


def test_judged_rows_are_spread_over_the_text(monkeypatch):
    monkeypatch.setattr(two_part, "_JUDGED", 100)
    x, y = byte_rows(bytes(range(200)), 10)
    some = two_part._some(x, y)
    assert some[1][:, 0].tolist() == list(range(0, 200, 20))
