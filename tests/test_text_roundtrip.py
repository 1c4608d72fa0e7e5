"""Texts through every mode and back: here, in other processes, with other numbers of threads."""

import os
import random
import subprocess
import sys
import zlib

import pytest
import torch
from text_inputs import INPUTS

from l0course.figures.executors import ONE_THREAD
from l0course.text import CorruptFileError, decode, encode, online
from l0course.text.container import examine

ONLINE = dict(width=16, layers=1, heads=2, context=32, block=8, updates=4, streams=128)
WAYS = {
    "contexts": {"mode": "prequential", "streams": 64},
    "transformer": {"mode": "prequential", "model": "transformer"} | ONLINE,
    "mixed": {"mode": "prequential", "model": "mixed"} | ONLINE,
    "two-part": {"mode": "two-part", "width": 8, "layers": 1, "context": 32, "epochs": 3},
}
READER = """
import pathlib, sys, torch
from l0course.text import decode
assert torch.get_num_threads() == int(sys.argv[2])
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.l0t")):
    path.with_suffix("." + sys.argv[2]).write_bytes(decode(path.read_bytes()))
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The files of all inputs in all ways: path by way and name."""
    folder = tmp_path_factory.mktemp("texts")
    found = {}
    for way, arguments in WAYS.items():
        step = 3 if way == "mixed" else 1  # it is the slowest, and made of the other two
        for i, (name, data) in enumerate(list(INPUTS.items())[::step]):
            path = found[way, name] = folder / f"{way} {i}.l0t"
            path.write_bytes(encode(data, **arguments))
    return found


@pytest.mark.parametrize("count", [1, 2])
def test_each_input_comes_back_in_a_fresh_process(files, count):
    folder = next(iter(files.values())).parent
    threads = dict.fromkeys(ONE_THREAD, str(count))  # a test before this one may have set them
    env = {**os.environ, **threads, "OMP_WAIT_POLICY": "PASSIVE"}
    subprocess.run([sys.executable, "-c", READER, folder, str(count)], env=env, check=True)
    for (way, name), path in files.items():
        assert path.with_suffix(f".{count}").read_bytes() == INPUTS[name], (way, name)


def test_the_file_does_not_depend_on_threads_or_on_the_global_seed(files):
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        torch.manual_seed(7)
        state = torch.get_rng_state()
        for way in ("contexts", "transformer", "mixed"):
            assert encode(INPUTS["Greek"], **WAYS[way]) == files[way, "Greek"].read_bytes()
        assert torch.equal(torch.get_rng_state(), state) and torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_random_bytes_do_not_shrink_and_what_repeats_does(files):
    for way in ("contexts", "transformer", "two-part"):
        for name in ("random bytes", "a compressed text"):
            n = len(INPUTS[name])
            assert n < files[way, name].stat().st_size < n + 120
    for name in ("zeros", "a short period", "a long period", "numbers"):
        assert files["contexts", name].stat().st_size < len(INPUTS[name]) / 2
    assert files["mixed", "English"].stat().st_size < len(INPUTS["English"])


def test_a_machine_that_trains_otherwise_says_so(files, monkeypatch):
    update = online.Learner._update

    def elsewhere(learner, *arguments):
        update(learner, *arguments)
        with torch.no_grad():
            for p in learner.model.parameters():
                p.mul_(1 + 1e-3)

    monkeypatch.setattr(online.Learner, "_update", elsewhere)
    for way in ("transformer", "mixed"):
        with pytest.raises(CorruptFileError, match="is whole, .* other floating-point numbers"):
            decode(files[way, "English"].read_bytes())
    for way in ("contexts", "two-part"):  # whole numbers
        assert decode(files[way, "English"].read_bytes()) == INPUTS["English"]


@pytest.mark.parametrize("way", WAYS)
def test_damaged_files_are_refused(files, way):
    dice = random.Random(0)
    blob = files[way, "Greek"].read_bytes()
    for _ in range(300):
        at = dice.randrange(len(blob))
        some = dice.randbytes(dice.randrange(1, 9))
        bad = dice.choice(
            [blob[:at], blob[at:], blob + some, blob[:at] + some + blob[at + len(some) :]]
        )
        if bad == blob:
            continue
        with pytest.raises(CorruptFileError, match="corrupt|not an encoded text"):
            decode(bad)


@pytest.mark.parametrize("way", WAYS)
def test_forged_code_with_a_right_checksum_never_gives_another_text(files, way):
    dice = random.Random(1)
    data = INPUTS["a short period"]
    blob = files[way, "a short period"].read_bytes()
    start = len(blob) - 4 - len(examine(blob).code)
    for _ in range(4):
        at = dice.randrange(start, len(blob) - 4)
        body = dice.choice(
            [blob[:at], blob[:at] + dice.randbytes(3) + blob[at + 3 : -4], blob[:at] + bytes(99)]
        )
        try:
            assert decode(body + zlib.crc32(body).to_bytes(4, "big")) == data
        except CorruptFileError as error:
            assert "is whole, but it does not decode" in str(error)
