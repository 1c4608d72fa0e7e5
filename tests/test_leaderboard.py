"""The leaderboard: true entries hold, and every lie that a file can show is told in a sentence."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from l0course import MLP, save_compressed
from l0course.cli import main
from l0course.leaderboard import entries, tasks
from l0course.leaderboard.command import board_folder
from l0course.leaderboard.entries import add_entry, check_entry
from l0course.leaderboard.ranking import best

DIGITS = sorted(board_folder().glob("digits/*.json"))
MNIST = sorted(board_folder().glob("mnist/*.json"))
WORDS = {"task": "digits", "who": "A. Learner", "method": "untrained", "looks": 1}


@pytest.fixture
def entry(tmp_path):
    """A copy of a true entry, to be changed: a function of what to write in its place."""
    source = DIGITS[0]
    claim = json.loads(source.read_text())
    shutil.copy(source.with_name(claim["file"]), tmp_path)

    def written(**changes):
        path = tmp_path / "entry.json"
        path.write_text(json.dumps(claim | changes))
        return path

    written.claim, written.file = claim, tmp_path / claim["file"]
    return written


def test_all_digit_entries_hold_and_the_command_ranks_them(capsys):
    assert main(["leaderboard", "check", *map(str, DIGITS)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"digits: {len(DIGITS)} entries, 150 looks at the 400 test rows")
    sizes = [int(line[2:9].replace(",", "")) for line in lines[2:]]
    assert sizes == sorted(sizes) and len(sizes) == len(DIGITS)
    assert lines[2].startswith("*")  # nobody is smaller than the smallest


def test_mnist_entries_hold_or_say_what_they_need(monkeypatch, capsys):
    """With the images one real check of a small file; without them all but the test error."""
    small = min(
        MNIST, key=lambda path: json.loads(path.read_text())["architecture"] != "LeNet-300-100"
    )
    try:
        tasks.task_split("mnist")
        assert check_entry(small).test_checked
    except FileNotFoundError:
        assert "needs mnist" in check_entry(small).note

    def nothing(task):
        raise FileNotFoundError("no images")

    monkeypatch.setattr(entries, "task_split", nothing)
    assert main(["leaderboard", "check", *map(str, MNIST)]) == 0
    out = capsys.readouterr().out
    assert out.count("test error not checked: needs mnist (`l0course download mnist`)") == len(
        MNIST
    )
    assert out.count("\n? ") == len(MNIST)  # nothing is on the front on its word
    recorded = {2022: 192, 1284: 100}  # bytes: wrong answers, of data/results/smallest_files
    found = {json.loads(path.read_text())["bytes"]: json.loads(path.read_text()) for path in MNIST}
    assert {size: found[size]["test_wrong"] for size in recorded} == recorded


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"test_wrong": 0}, "claims 0 wrong answers on the test rows, but there are"),
        ({"test_wrong": 401}, "claims more wrong answers than there are test rows"),
        ({"bytes": 1}, "claims 1 bytes, but there are"),
        ({"nonzero": 1}, "claims 1 weights that are not zero, but there are"),
        ({"sha256": "0" * 64}, "is not the file of this entry, its hash differs"),
        ({"architecture": "my_net.py:Net"}, "there is no architecture 'my_net.py:Net'"),
        ({"architecture": "MLP 64-31-10"}, "another model: 0.weight is"),
        ({"architecture": "MLP 64-30-9"}, "does not fit digits, which needs widths from 64 to 10"),
        ({"architecture": "MLP 64-99999-99999-10"}, "more than 5,000,000 weights"),
        ({"architecture": "LeNet-5-Caffe"}, "LeNet-5-Caffe does not fit digits"),
        ({"task": "imagenet"}, "there is no task 'imagenet'; there are digits"),
        ({"file": "../../secret.l0"}, "the name of a .l0 file in the same folder"),
        ({"who": "\x1b[2J"}, "who must be a printable text"),
        ({"who": ""}, "who must be a printable text"),
        ({"method": "x" * 301}, "at most 300 letters"),
        ({"looks": 0}, "looks must lie between 1"),
        ({"bytes": 1.5}, "bytes must be an integer"),
        ({"more": 1}, "must hold just these: task, who"),
    ],
    ids=lambda value: str(value)[:28],
)
def test_a_wrong_entry_gets_one_sentence_and_fails(entry, change, says, capsys):
    path = entry(**change)
    with pytest.raises(ValueError, match=says):
        check_entry(path)
    assert main(["leaderboard", "check", str(path)]) == 1
    told = capsys.readouterr().err
    assert told.startswith(f"WRONG  {path}") and told.count("\n") == 1


def test_a_damaged_file_is_refused_also_with_its_own_hash(entry, capsys):
    import hashlib

    whole = entry.file.read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(40):
        damaged = bytearray(whole)
        damaged[rng.integers(len(whole))] ^= 1 << int(rng.integers(8))
        entry.file.write_bytes(damaged)
        with pytest.raises(ValueError, match="hash differs"):
            check_entry(entry())
        with pytest.raises(
            ValueError, match="corrupt|compressed model|architecture|tensors|format"
        ):
            check_entry(entry(sha256=hashlib.sha256(damaged).hexdigest()))
    entry.file.write_bytes(whole)
    assert check_entry(entry()).test_checked


@pytest.mark.parametrize("text", [b"{", b"\xff\xfe", b"[1]", b"[" * 100_000, b'{"a": NaN}', b""])
def test_what_is_no_entry_is_told(tmp_path, text):
    (tmp_path / "entry.json").write_bytes(text)
    with pytest.raises(ValueError, match="is not an entry|must hold just these"):
        check_entry(tmp_path / "entry.json")


def test_missing_files_and_twins_fail(entry, tmp_path, capsys):
    assert main(["leaderboard", "check", str(tmp_path / "none.json")]) == 1
    path = entry()
    twin = tmp_path / "twin.json"
    twin.write_text(path.read_text())
    assert main(["leaderboard", "check", str(path), str(twin)]) == 1
    assert f"{twin} holds the same file as {path}" in capsys.readouterr().err
    entry.file.unlink()
    assert main(["leaderboard", "check", str(path)]) == 1
    assert main(["leaderboard", "check", "--folder", str(tmp_path / "empty")]) == 1
    assert "there is no entry in" in capsys.readouterr().err


def test_an_entry_is_added_and_holds(tmp_path, capsys):
    model, folder = tmp_path / "mine.l0", tmp_path / "board"
    size = save_compressed(MLP((64, 5, 10), seed=0), model, bits=2)
    words = [text for name, value in WORDS.items() for text in (f"--{name}", str(value))]
    command = ["leaderboard", "add", str(model), "--folder", str(folder), *words]
    assert main([*command, "--architecture", "MLP 64-5-10"]) == 0
    path = Path(capsys.readouterr().out.strip())
    assert path.parent == folder / "digits"
    checked = check_entry(path)
    assert checked.entry.bytes == size and checked.entry.nonzero <= 385
    assert checked.entry.test_wrong > 200  # it was never trained
    assert main(["leaderboard", "check", "--folder", str(folder)]) == 0

    assert main([*command, "--architecture", "MLP 64-5-10"]) == 1
    assert "is there already" in capsys.readouterr().err
    assert main([*command, "--architecture", "MLP 64-6-10"]) == 1  # another network
    with pytest.raises(ValueError, match="who must be a printable text"):
        add_entry(model, folder, architecture="MLP 64-5-10", **(WORDS | {"who": "\n"}))
    assert len(list(folder.glob("*/*"))) == 2  # nothing was left behind


def test_the_front_is_right_on_ties():
    assert best([1, 1, 2], [2, 2, 1]) == [True, True, True]
    assert best([1, 2], [1, 1]) == [True, False]


def test_the_command_line_starts_without_torch():
    import subprocess

    code = "import sys, l0course.leaderboard.command; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
