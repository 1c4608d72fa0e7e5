"""The recorded experiments: resumable, refused when stale, drawn, written as files."""

import csv
import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from l0course.cli import main
from l0course.figures import registry, style

SHOWN_IN_A_LESSON = {"support_recovery"}


@pytest.fixture
def results(tmp_path, monkeypatch):
    monkeypatch.setenv("L0COURSE_RESULTS", str(tmp_path / "results"))
    return tmp_path


def test_a_sweep_is_recorded_resumed_and_drawn(results, capsys):
    figure = registry.find("support_recovery")
    with pytest.raises(registry.StaleRecordError, match="--preset smoke"):
        figure.load("smoke")
    run = figure.run("smoke")
    next(run)  # interrupted after the first cell
    run.close()
    assert len(list(figure.run("smoke"))) == 1  # the other cell only
    assert list(figure.run("smoke")) == []

    command = ["figures", "support_recovery", "--preset", "smoke", "--out", str(results / "out")]
    assert main(command) == 0
    written = {path.suffix: path for path in (results / "out").iterdir()}
    assert set(written) == {".svg", ".pdf", ".png", ".csv"}
    assert written[".png"].read_bytes().startswith(b"\x89PNG")
    rows = list(csv.reader(written[".csv"].read_text().splitlines()))
    assert rows[0][:2] == ["rho", "snr"] and len(rows) == 1 + 4

    record = json.loads(next((results / "results" / "support_recovery").iterdir()).read_text())
    for key in ("parameters", "seconds", "versions", "machine", "date", "command", "code"):
        assert record[key]


def test_a_record_of_other_code_is_refused(results):
    figure = registry.find("support_recovery")
    cell = figure.cells("smoke")[0]
    list(figure.run("smoke"))
    record = json.loads(figure.path(cell).read_text())
    record["code"] = "0" * 16
    figure.path(cell).write_text(json.dumps(record))
    assert figure.recorded(cell) is None


def test_the_fingerprint_is_blind_to_words_and_drawing_but_not_to_code():
    code = '"""Doc."""\nN = 3\ndef f(x):\n    """Doc."""\n    return x + N  # add\n'
    same = "N = 3\ndef f(x):\n    return (x + N)\n\ndef draw(r):\n    return r\n"
    assert registry.essence(code) == registry.essence(same)
    for other in (code.replace("N = 3", "N = 4"), code.replace("x + N", "x - N")):
        assert registry.essence(other) != registry.essence(code)


@pytest.mark.parametrize("broken", ["{}", "[]", '{"half a rec', '{"code": 1}'])
def test_a_broken_record_is_no_record(results, broken):
    figure = registry.find("support_recovery")
    path = figure.path(figure.cells("smoke")[0])
    path.parent.mkdir(parents=True)
    path.write_text(broken)
    assert figure.recorded(figure.cells("smoke")[0]) is None


def test_a_cell_that_fails_does_not_lose_the_others(results, monkeypatch):
    figure = registry.find("support_recovery")

    def timed(name, cell):
        if cell["rho"] == 0.2:
            raise RuntimeError("this cell fails")
        return figure.compute(cell), 1.0

    monkeypatch.setattr(registry, "_timed", timed)
    with ThreadPoolExecutor(2) as executor, pytest.raises(RuntimeError, match="this cell fails"):
        list(figure.run("smoke", executor))
    assert [figure.recorded(cell) is not None for cell in figure.cells("smoke")] == [False, True]


def test_the_same_cell_gives_the_same_numbers():
    figure = registry.find("support_recovery")
    cell = figure.cells("smoke")[1]
    assert figure.compute(cell) == figure.compute(dict(cell))


@pytest.mark.parametrize("name", registry.names())
def test_every_figure_has_words_a_source_and_recorded_numbers(name):
    figure = registry.find(name)
    assert style.check_description(figure.description)
    assert figure.source and figure.title and "smoke" in figure.presets
    preset = next(p for p in figure.presets if p != "smoke")
    try:
        picture = figure.draw(figure.load(preset))
    except registry.StaleRecordError as error:
        if name in SHOWN_IN_A_LESSON:
            raise
        pytest.skip(str(error))  # an hour of training is not repeated for each change of the code
    labels = [a.get_xlabel() + a.get_ylabel() + a.get_title() for a in picture.axes]
    assert all(labels)
    header, rows = figure.table(figure.load(preset))
    assert all(len(row) == len(header) for row in rows)


def test_the_phase_diagram_says_what_the_lesson_says():
    """Bands for the claims of lesson 02, on the committed numbers."""
    results = {c["rho"]: r for c, r in registry.find("support_recovery").load("quick")}
    strong = -1  # the highest signal to noise
    assert all(r["found_l0"][strong] >= 0.95 for r in results.values())
    assert results[0.0]["found_l1"][strong] >= 0.95
    assert all(r["found_l1"][strong] <= 0.05 for rho, r in results.items() if rho >= 0.55)
    weak = 1  # far below 1: shrinking predicts better
    assert all(r["risk_l0"][weak] > r["risk_l1"][weak] for rho, r in results.items() if rho >= 0.1)


def test_unknown_names_list_the_known_ones(capsys):
    assert main(["figures", "fig_nothing"]) == 1
    assert "support_recovery" in capsys.readouterr().err
    assert main(["figures", "support_recovery", "--preset", "huge"]) == 1
    assert re.search("smoke, quick", capsys.readouterr().err)
    assert main(["figures", "--list"]) == 0
    assert "support_recovery" in capsys.readouterr().out
