"""The codec: files that are cut off, changed or forged are refused; saving is all or nothing."""

import os
import random
import signal
import time
import tracemalloc
import zlib

import pytest
import torch
from codec_models import network, sparsify
from damage import damaged
from torch import nn

from l0course import MLP
from l0course.codec import (
    CorruptFileError,
    decode_model,
    encode_model,
    load_compressed,
    save_compressed,
)

MODEL = sparsify(MLP((25, 9, 4), seed=0), 0.3)


@pytest.fixture(scope="module")
def blobs():
    """Files of one model: rounded, and exact."""
    return [encode_model(MODEL, bits=bits) for bits in (3, 32)]


def test_10000_damaged_files_are_refused_and_the_model_stays(tmp_path, blobs):
    dice, path, model = random.Random(0), tmp_path / "bad.l0", MLP((25, 9, 4), seed=1)
    before, refused = nn.utils.parameters_to_vector(model.parameters()).clone(), 0
    while refused < 10_000:
        blob = dice.choice(blobs)
        bad = damaged(blob, dice)
        if bad == blob:
            continue
        with pytest.raises(CorruptFileError, match="corrupt|not a compressed model"):
            if refused % 10:
                decode_model(bad, model)
            else:
                path.write_bytes(bad)
                load_compressed(path, model)
        refused += 1
    assert torch.equal(before, nn.utils.parameters_to_vector(model.parameters()))


@pytest.mark.parametrize("kind", ["pixels", "conv", "odd"])
def test_forged_files_with_a_right_checksum_are_refused_and_take_little_memory(kind):
    """What nobody writes by accident: random code behind a header that is right."""
    dice, model = random.Random(1), sparsify(network(kind, 6, torch.float32, 0), 0.3)
    blob = encode_model(model, bits=3)
    before = {name: t.clone() for name, t in model.state_dict().items()}
    decode_model(blob, network(kind, 6, torch.float32, 0))  # tables are made once
    refused, kinds = 0, set()
    tracemalloc.start()
    while refused < 700:
        bad = damaged(blob[:-4], dice)
        if bad == blob[:-4]:
            continue
        with pytest.raises(ValueError, match=r"corrupt|not a compressed|another model|format") as e:
            decode_model(bad + zlib.crc32(bad).to_bytes(4, "big"), model)
        kinds.add(str(e.value))
        if bad.startswith(blob[:-40]):  # the header is right
            assert isinstance(e.value, CorruptFileError)
        refused += 1
    assert tracemalloc.get_traced_memory()[1] < 20e6
    tracemalloc.stop()
    assert len([text for text in kinds if "corrupt" in text]) >= 4  # by several checks
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[name])


def test_a_large_file_of_something_else_is_not_read_as_a_whole(tmp_path):
    path = tmp_path / "large"
    with open(path, "wb") as file:
        file.write(b"l0")
        file.truncate(1 << 33)  # 8 GB, but only of holes
    with pytest.raises(CorruptFileError, match="corrupt"):
        load_compressed(path, MODEL)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (MLP((25, 8, 4), seed=0), r"0\.weight is \(9, 25\) there, but \(8, 25\) here"),
        (MLP((25, 9, 4, 4), seed=0), "it has 4 tensors, yours 6"),
        (MLP((25, 9, 4), seed=0, dtype=torch.float64), "names or types"),
        (nn.Sequential(MLP((25, 9, 4), seed=0)), "names or types"),
    ],
)
def test_another_architecture_is_named(blobs, other, words):
    with pytest.raises(ValueError, match=words) as caught:
        decode_model(blobs[0], other)
    assert not isinstance(caught.value, CorruptFileError)


def test_another_version_is_named(blobs):
    later = blobs[0][:2] + b"\x63" + blobs[0][3:-4]
    with pytest.raises(ValueError, match="format 99") as caught:
        decode_model(later + zlib.crc32(later).to_bytes(4, "big"), MODEL)
    assert not isinstance(caught.value, CorruptFileError)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_killed_process_leaves_the_old_file_or_the_new_one(tmp_path):
    path, dice = tmp_path / "a.l0", random.Random(0)
    models = [sparsify(MLP((12, 9, 4), seed=s), 0.5) for s in (0, 1)]
    whole = [encode_model(model, bits=4) for model in models]
    path.write_bytes(whole[0])
    for _ in range(50):
        child = os.fork()
        if child == 0:
            while True:
                for model in models:
                    save_compressed(model, path, bits=4)
        time.sleep(dice.uniform(0, 0.05))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        assert path.read_bytes() in whole
