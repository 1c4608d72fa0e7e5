"""The file of a text: what comes back, and that no damaged file gives another text."""

import random
import tracemalloc
import zlib

import pytest
import text_modes
from damage import damaged

from l0course import codec, text
from l0course.text import CorruptFileError, container, decode, encode
from l0course.text.container import MODES, Mode, examine

TEXTS = [b"", b"a", bytes(range(256)), b"to be or not to be", bytes(1000)]


@pytest.fixture(autouse=True)
def shift(monkeypatch):
    """A quick mode stands in for the real ones."""
    monkeypatch.setitem(MODES, "shift", Mode(99, "text_modes", "Shift"))
    text_modes.calls.clear()


def sealed(body):
    """With the checksum that belongs to it."""
    return body + zlib.crc32(body).to_bytes(4, "big")


@pytest.mark.parametrize("data", TEXTS, ids=len)
def test_what_is_decoded_is_what_was_encoded(data):
    for settings in ({}, {"by": 300}, {"by": 0, "order": "backwards"}):
        blob = encode(data, mode="shift", **settings)
        assert type(blob) is bytes and decode(blob) == data
        assert len(blob) <= len(data) + 5 * bool(data) + 18
        header = examine(blob)
        assert (header.mode, header.length) == ("shift", len(data))
        assert header.settings == text_modes.Shift(**settings)
        assert encode(data, mode="shift", **settings) == blob


def test_an_empty_text_is_not_given_to_the_mode():
    assert decode(encode(b"", mode="shift")) == b""
    assert text_modes.calls == []


def test_other_containers_of_bytes_are_taken():
    for data in (bytearray(b"abc"), memoryview(b"abc")):
        assert decode(bytearray(encode(data, mode="shift"))) == b"abc"


def test_a_long_text_has_a_long_number():
    for n in (127, 128, 16_383, 16_384, 70_000):
        assert examine(encode(bytes(n), mode="shift")).length == n


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: encode("a text"), r"data must be bytes, but it is a str: take text\.encode"),
        (lambda: encode(7), "data must be bytes, but it is a int"),
        (lambda: encode([1, 2]), "data must be bytes, but it is a list"),
        (lambda: encode(None), "data must be bytes, but it is a NoneType"),
        (lambda: decode("a text"), "blob must be bytes, but it is a str"),
        (
            lambda: encode(b"a", mode="both"),
            "mode must be 'prequential' or 'two-part' or .* 'both'",
        ),
        (lambda: encode(b"a", mode=None), "mode must be .*, not None"),
        (lambda: encode(b"a", mode=["shift"]), "mode must be"),
        (lambda: encode(b"a", mode="shift", width=3), "no setting 'width'; it has by, order"),
        (lambda: encode(b"a", mode="shift", by=-1), "by must lie between 0 and 1000"),
        (lambda: encode(b"a", mode="shift", by="3"), "by must be an integer"),
        (lambda: encode(b"a", mode="shift", order="up"), "order must be 'forwards' or"),
    ],
)
def test_what_is_no_text_or_no_setting_is_refused_in_one_sentence(call, words):
    with pytest.raises(ValueError, match=words) as caught:
        call()
    assert not isinstance(caught.value, CorruptFileError) and text_modes.calls == []


def test_5000_damaged_files_are_refused_before_anything_is_computed():
    dice = random.Random(0)
    blobs = [encode(data, mode="shift") for data in TEXTS]
    text_modes.calls.clear()
    refused = 0
    while refused < 5000:
        blob = dice.choice(blobs)
        bad = damaged(blob, dice)
        if bad in blobs:
            continue
        with pytest.raises(CorruptFileError, match="corrupt|not an encoded text"):
            decode(bad)
        refused += 1
    assert text_modes.calls == []


def test_every_single_cut_and_every_flipped_bit_is_refused():
    blob = encode(b"to be or not to be", mode="shift")
    bad = [blob[:n] for n in range(len(blob))]
    bad += [
        blob[:i] + bytes([blob[i] ^ 1 << bit]) + blob[i + 1 :]
        for i in range(len(blob))
        for bit in range(8)
    ]
    for one in bad:
        with pytest.raises(CorruptFileError):
            decode(one)


def test_forged_files_with_a_right_checksum_never_give_another_text_and_take_little_memory(
    monkeypatch,
):
    for mode in ("prequential", "two-part"):
        monkeypatch.delitem(MODES, mode)
    dice, kinds = random.Random(1), set()
    blobs = [encode(data, mode="shift", by=200) for data in TEXTS]
    tracemalloc.start()
    for _ in range(5000):
        i = dice.randrange(len(blobs))
        bad = damaged(blobs[i][:-4], dice)
        try:  # a field that says nothing about the text may differ: by=200 and by=456
            assert decode(sealed(bad)) in TEXTS
        except CorruptFileError as error:
            kinds.add(str(error)[:60])
        except ValueError as error:
            assert "has format" in str(error)
    assert tracemalloc.get_traced_memory()[1] < 5e6
    tracemalloc.stop()
    assert len(kinds) >= 6  # by several checks


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"tx\x01\x07\x01\x03\x00" + bytes(4), "there is no mode 7"),
        (b"tx\x01", "its header is cut off"),
        (b"tx\x01\x63\x05", "its header is cut off"),
        (b"tx\x01\x63\x05\x03\x02" + bytes(9), "it has no order that is known"),
        (b"tx\x01\x63\x05\xff\x7f\x00" + bytes(9), "its settings say by must lie"),
        (b"tx\x01\x63" + b"\xff" * 9 + b"\x00" + bytes(9), "a number in its header is too large"),
        (b"tx\x01\x63" + b"\xff" * 6 + b"\x00\x03\x00" + bytes(9), "not one of 4398046511103 byte"),
        (b"tx\x01\x63\x00\x03\x00" + bytes(9), "its code is not one of 0 bytes"),
        (b"tx\x01\x63\x00\x03\x00" + b"1234", "does not decode to the text"),
    ],
)
def test_each_part_of_the_header_is_checked(body, words):
    with pytest.raises(CorruptFileError, match=words):
        decode(sealed(body))
    assert text_modes.calls == []


def test_a_later_format_is_named():
    blob = encode(b"abc", mode="shift")
    with pytest.raises(ValueError, match="has format 9, but this version reads 1") as caught:
        decode(sealed(b"tx\x09" + blob[3:-4]))
    assert not isinstance(caught.value, CorruptFileError)


def test_a_machine_that_computes_other_numbers_says_so_and_gives_no_text(monkeypatch):
    blob = encode(b"to be or not to be", mode="shift")
    monkeypatch.setattr(text_modes, "machine", 1)
    with pytest.raises(CorruptFileError, match="is whole, .* other floating-point numbers"):
        decode(blob)
    monkeypatch.setattr(text_modes, "decode", lambda *_: b"to be")
    with pytest.raises(CorruptFileError, match="is whole"):
        decode(blob)


def test_a_code_that_stands_for_nothing_is_refused():
    header = examine(encode(b"abc", mode="shift"))
    head = b"tx\x01\x63\x03\x03\x00" + header.text_crc
    assert decode(sealed(head + header.code)) == b"abc"
    with pytest.raises(CorruptFileError, match="does not decode"):
        decode(sealed(head + b"other" + header.code))


def test_it_is_the_error_of_the_codec_and_files_of_the_codec_are_not_taken():
    assert text.CorruptFileError is container.CorruptFileError is codec.CorruptFileError
    from l0course import MLP, encode_model

    with pytest.raises(CorruptFileError, match="not an encoded text"):
        decode(encode_model(MLP((3, 2, 1), seed=0)))
