"""A recheck accepts stale records only if a sample of them comes out the same."""

import dataclasses

import pytest
import toy_figure

from l0course.cli import main
from l0course.figures import records, registry
from l0course.figures.recheck import recheck

CELLS = toy_figure.FIGURE.cells("sweep")


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """A hundred records, without pauses, that today's code did not make."""
    quick = [{**cell, "pause": 0.0} for cell in CELLS]
    figure = dataclasses.replace(toy_figure.FIGURE, presets={"sweep": quick})
    monkeypatch.setitem(registry.MODULES, "toy", "toy_figure")
    monkeypatch.setattr(toy_figure, "FIGURE", figure)
    monkeypatch.setenv("L0COURSE_RESULTS", str(tmp_path / "results"))
    list(figure.run("sweep"))
    for cell in quick:
        records.save({**figure.look_up(cell).record, "code": "0" * 16})
    return figure


def spoil(figure, cells, **result):
    for cell in cells:
        record = figure.look_up(cell).record
        records.save({**record, "result": record["result"] | result})


def test_stale_records_that_come_out_the_same_are_accepted(toy):
    before = [toy.look_up(cell) for cell in toy.cells("sweep")]
    assert {one.state for one in before} == {"stale"}
    assert recheck(toy, "sweep") == (5, 100)
    assert toy.load("sweep") == [(f.record["parameters"], f.record["result"]) for f in before]
    record = toy.look_up(toy.cells("sweep")[0]).record
    assert record["code"] == "0" * 16  # what made it is kept
    assert (record["rechecked"]["cells"], record["rechecked"]["of"]) == (5, 100)
    assert recheck(toy, "sweep") == (0, 0)


def test_one_other_number_in_the_sample_and_none_is_accepted(toy, capsys):
    spoil(toy, toy.cells("sweep"), mean=0.5)
    with pytest.raises(registry.CellError, match="mean of .* came out otherwise"):
        recheck(toy, "sweep")
    assert main(["figures", "toy", "--preset", "sweep", "--recheck"]) == 1
    assert "run `l0course figures toy --preset sweep`" in capsys.readouterr().err
    assert {toy.look_up(cell).state for cell in toy.cells("sweep")} == {"stale"}


def test_a_result_that_is_gone_or_new_counts_as_other(toy):
    spoil(toy, toy.cells("sweep"), more=1)
    with pytest.raises(registry.CellError, match="more of"):
        recheck(toy, "sweep")


def test_measured_times_may_differ(toy):
    spoil(toy, toy.cells("sweep"), seconds=3.0)
    assert recheck(dataclasses.replace(toy, times=("seconds",)), "sweep") == (5, 100)


def test_a_few_records_are_all_computed_again_and_a_failure_accepts_none(toy):
    few = dataclasses.replace(toy, presets={"sweep": toy.cells("sweep")[:2]})
    assert recheck(few, "sweep") == (2, 2)
    one = toy.cells("sweep")[3]
    record = toy.look_up(one).record
    broken = {**one, "fails": True}
    records.save({**record, "parameters": broken})
    with pytest.raises(registry.CellError, match="failed"):
        recheck(dataclasses.replace(toy, presets={"sweep": [broken]}), "sweep")
    assert toy.look_up(broken).state == "stale"


def test_an_accepted_record_is_stale_again_after_the_next_change(toy, monkeypatch):
    recheck(toy, "sweep")
    monkeypatch.setattr(registry, "fingerprint", lambda function: "1" * 16)
    assert {toy.look_up(cell).state for cell in toy.cells("sweep")} == {"stale"}
