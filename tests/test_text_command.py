"""`l0course text`: what it writes, what it says, and what it refuses."""

import lzma
import re
import subprocess
import sys

import pytest
import text_modes

from l0course.cli import main
from l0course.text import decode, encode
from l0course.text.container import MODES, Mode, examine


@pytest.fixture(autouse=True)
def shift(monkeypatch):
    """A quick mode stands in for the real ones."""
    monkeypatch.setitem(MODES, "shift", Mode(99, "text_modes", "Shift"))
    text_modes.calls.clear()


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "a text.txt"
    path.write_bytes(b"to be or not to be " * 100)
    return path


def text(*arguments):
    return main(["text", *map(str, arguments)])


def test_there_and_back_with_a_report_that_adds_up(path, capsys):
    data = path.read_bytes()
    assert text("encode", path, "--mode", "shift") == 0
    report = capsys.readouterr().out
    small = path.with_name("a text.txt.l0t")
    assert report.startswith(f"{small}\n") and decode(small.read_bytes()) == data
    found = re.findall(r"^(\S.*?) +([\d,]+) bytes +([\d.]+) bits per byte$", report, re.M)
    sizes = {name: int(size.replace(",", "")) for name, size, _ in found}
    assert sizes["text"] == len(data) == 1900
    assert sizes["header"] + sizes["model"] + sizes["data"] == sizes["file"]
    assert sizes["file"] == small.stat().st_size and sizes["model"] == 5
    assert sizes["xz -9e"] == len(lzma.compress(data, preset=9 | lzma.PRESET_EXTREME))
    assert {name: float(rate) for name, _, rate in found} == {
        name: pytest.approx(8 * size / 1900, abs=6e-4) for name, size in sizes.items()
    }
    assert re.search(r"^[\d.]+ s, [\d,.]+ kB/s$", report, re.M)

    path.unlink()
    assert text("decode", small) == 0
    assert path.read_bytes() == data
    assert capsys.readouterr().out.splitlines()[:-1] == [str(path), *report.splitlines()[1:-1]]


def test_an_empty_file_goes_there_and_back(tmp_path, capsys):
    (tmp_path / "none").touch()
    assert text("encode", tmp_path / "none", "--mode", "shift") == 0
    assert text("decode", tmp_path / "none.l0t", "-o", tmp_path / "again") == 0
    assert (tmp_path / "again").read_bytes() == b""


def test_settings_are_given_by_name(path, capsys):
    out = path.with_name("small")
    given = ["--mode", "shift", "--set", "by=7", "--set", "order=backwards"]
    assert text("encode", path, "-o", out, *given) == 0
    assert examine(out.read_bytes()).settings == text_modes.Shift(7, "backwards")
    for wrong, words in {
        "by": "by must be an integer",
        "by=-3": "by must lie between",
        "by=1.5": "by must be an integer",
        "width=3": "shift has no setting 'width'",
    }.items():
        assert text("encode", path, "-o", out, "--force", "--mode", "shift", "--set", wrong) == 1
        assert words in capsys.readouterr().err
    assert text("encode", path, "-o", out, "--force", "--mode", "shift", "--model", "mixed") == 1
    assert "shift has no setting 'model'" in capsys.readouterr().err
    assert text("encode", path, "-o", out, "--force", "--mode", "both") == 1
    assert "mode must be" in capsys.readouterr().err


def test_a_file_that_is_there_is_replaced_only_if_told_to(path, capsys):
    out = path.with_name("out")
    out.write_text("precious")
    assert text("encode", path, "-o", out, "--mode", "shift") == 1
    assert "is there already" in capsys.readouterr().err
    assert out.read_text() == "precious" and text_modes.calls == []
    assert text("encode", path, "-o", out, "--mode", "shift", "--force") == 0
    assert decode(out.read_bytes()) == path.read_bytes()


def test_nothing_is_computed_for_a_place_that_cannot_be(path, tmp_path, capsys):
    small = tmp_path / "small.bin"
    small.write_bytes(encode(b"abc", mode="shift"))
    text_modes.calls.clear()
    for arguments, words in [
        (["encode", path, "-o", path, "--force"], "or the input itself"),
        (["encode", path, "-o", tmp_path, "--force"], "is a folder"),
        (["decode", small], "does not end in .l0t: say where to"),
        (["encode", tmp_path / "nothing"], "nothing"),
        (["encode", tmp_path], "a directory"),
        (["decode", path, "-o", tmp_path / "out"], "not an encoded text"),
    ]:
        assert text(*arguments) == 1
        error = capsys.readouterr().err
        assert error.startswith("l0course text: ") and words in error and error.count("\n") == 1
    assert text_modes.calls == []


def test_a_damaged_file_leaves_nothing_behind(path, capsys):
    text("encode", path, "--mode", "shift")
    small = path.with_name("a text.txt.l0t")
    blob = small.read_bytes()
    small.write_bytes(blob[:50] + b"?" + blob[51:])
    out = path.with_name("out")
    assert text("decode", small, "-o", out) == 1
    assert "The file is corrupt" in capsys.readouterr().err and not out.exists()


def test_ctrl_c_leaves_nothing_behind(path, capsys, monkeypatch):
    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(text_modes, "encode", stopped)
    assert text("encode", path, "--mode", "shift") == 130
    assert "nothing was written" in capsys.readouterr().err
    assert [p.name for p in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_shows_only_on_a_terminal(path, terminal, monkeypatch):
    seen = []
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
    monkeypatch.setattr(text_modes, "encode", lambda data, _, progress: seen.append(progress))
    encode_as = ["encode", path, "--mode", "shift"]
    with pytest.raises(TypeError):  # it gave no bytes
        text(*encode_as)
    monkeypatch.delenv("L0COURSE_PROGRESS")
    with pytest.raises(TypeError):
        text(*encode_as)
    assert seen == [False, terminal]


def test_the_command_answers_without_loading_pytorch():
    code = "import sys, l0course.cli, l0course.text; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
