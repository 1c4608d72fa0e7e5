"""The figures of the course: each can be computed, resumed and drawn, and has its words."""

import csv
import re

import matplotlib.pyplot as plt
import pytest
from colour_vision import alike

from l0course.cli import main
from l0course.figures import registry, style

SHOWN_IN_A_LESSON = {
    "support_recovery",
    "monte_carlo",
    "egp_recovery",
    "pmmp_lenet300",
    "pmmp_ablation",
    "relaxations",
    "adam_chatter",
    "drr_ablation",
    "drr_frontiers",
    "tamade_cost",
    "digit_files",
    "compression_table",
    "smallest_files",
    "text_compressors",
    "text_prequential",
    "text_two_part",
    "text_crossing",
    "moment_error",
    "moment_polylog",
    "moment_runtime",
    "data_compression",
    "width_compression",
    "scaling_law",
    "subset_sum_error",
    "fixed_size_sums",
    "sparsity_cost",
    "partition_transition",
    "exact_tickets",
    "ticket_density",
}


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


def test_the_same_cell_gives_the_same_numbers():
    figure = registry.find("support_recovery")
    cell = figure.cells("smoke")[1]
    assert figure.compute(cell) == figure.compute(dict(cell))


@pytest.mark.parametrize("name", registry.names())
def test_every_figure_has_words_a_source_and_recorded_numbers(name):
    figure = registry.find(name)
    assert figure.name == name
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
    plt.close(picture)
    assert all(labels)
    assert alike(picture) == []
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
