"""Records: believed only if they are whole and fit; written so that nothing can tear them."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import toy_figure

from l0course.cli import main
from l0course.figures import records, registry


@pytest.fixture
def toy(tmp_path, monkeypatch):
    monkeypatch.setitem(registry.MODULES, "toy", "toy_figure")
    monkeypatch.setenv("L0COURSE_RESULTS", str(tmp_path / "results"))
    list(toy_figure.FIGURE.run("smoke"))
    return toy_figure.FIGURE


def edited(**changes):
    return lambda text, other: json.dumps({**json.loads(text), **changes})


DAMAGES = {
    "cut off": lambda text, other: text[: len(text) // 2],
    "empty": lambda text, other: "",
    "no JSON": lambda text, other: "Traceback",
    "a list": lambda text, other: "[]",
    "an empty record": lambda text, other: "{}",
    "no text": lambda text, other: "\udcff\udcfe",
    "deeply nested": lambda text, other: "[" * 100_000,
    "a better number": edited(result={"mean": 0.5}),
    "a number that became text": edited(result={"mean": "0.5"}),
    "a new code": edited(code="0" * 16),
    "no checksum": edited(checksum=None),
    "another cell's record": lambda text, other: other,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_corrupt_record_is_never_used_and_computed_again(toy, damage):
    cells = toy.cells("smoke")
    before = [toy.path(cell).read_text() for cell in cells]
    toy.path(cells[0]).write_text(damage(*before[:2]), errors="surrogateescape")
    assert toy.look_up(cells[0]).state == "corrupt" and toy.recorded(cells[0]) is None
    with pytest.raises(registry.StaleRecordError, match=r"3 of 4 cells .*\(1 corrupt\)"):
        toy.load("smoke")
    assert list(toy.run("smoke")) == [cells[0]]
    assert [r for _, r in toy.load("smoke")] == [json.loads(text)["result"] for text in before]


def test_the_command_names_the_corrupt_file(toy, tmp_path, capsys):
    path = toy.path(toy.cells("smoke")[0])
    path.write_text(path.read_text()[:-20])
    assert main(["figures", "toy", "--preset", "smoke", "--out", str(tmp_path / "out")]) == 0
    words = capsys.readouterr().err
    assert f"Corrupt record {path}: it is not whole JSON. It is computed again." in words
    assert "3 of 4 cells are recorded (1 corrupt)" in words


def test_a_record_of_other_code_is_stale_and_computed_again(toy):
    cell = toy.cells("smoke")[0]
    records.save({**toy.look_up(cell).record, "code": "0" * 16, "result": {"mean": -1}})
    assert toy.look_up(cell).state == "stale" and toy.recorded(cell) is None
    with pytest.raises(registry.StaleRecordError, match=r"3 of 4 cells are recorded \(1 stale\)"):
        toy.load("smoke")
    assert list(toy.run("smoke")) == [cell]
    assert toy.recorded(cell)["mean"] > 0


def test_a_record_names_all_that_made_it(toy):
    cell = toy.cells("smoke")[2]
    record = json.loads(toy.path(cell).read_text())
    assert record["parameters"] == cell and record["parameters"]["seed"] == 2
    assert record["command"] == "l0course figures toy --preset smoke"
    assert record["code"] == toy.fingerprint() and record["preset"] == "smoke"
    assert set(record["versions"]) >= {"python", "l0course", "numpy", "torch"}
    for key in ("seconds", "machine", "date", "checksum"):
        assert key in record
    assert "device" not in record


def test_what_a_killed_process_left_is_swept_up_but_nothing_that_is_being_written(toy, tmp_path):
    folder = toy.path(toy.cells("smoke")[0]).parent
    names = ["a.json.0123abcd.part", "b.json.4567abcd.part", "c.part", "d.json"]
    for name in names:
        (folder / name).write_text("{")
    for name in names[1:]:
        os.utime(folder / name, (time.time() - 3600,) * 2)
    assert main(["figures", "toy", "--preset", "smoke", "--out", str(tmp_path / "out")]) == 0
    assert [(folder / name).exists() for name in names] == [True, False, True, True]


def test_two_commands_at_once_do_each_other_no_harm(toy, tmp_path):
    script = str(Path(__file__).with_name("toy_command.py"))
    command = [sys.executable, script, "figures", "toy", "--preset", "slow"]
    both = [
        subprocess.Popen([*command, "--out", str(tmp_path / "out")], stderr=subprocess.DEVNULL)
        for _ in range(2)
    ]
    assert [process.wait() for process in both] == [0, 0]
    assert len(toy.load("slow")) == 8
    assert not list(tmp_path.rglob("*.part"))
