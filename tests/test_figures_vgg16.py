"""VGG-16 on CIFAR-10: what was not run says so; the whole way is taken on generated pictures."""

import numpy as np
import pytest
import torch

from l0course import count_nonzero, fit
from l0course.figures import registry
from l0course.figures.output import compared, drawn
from l0course.figures.trained_networks import train_as_told
from l0course.figures.vgg16_cifar10 import FIGURE, NOT_RUN, in_one_line, striped
from l0course.image_networks import VGG16

PAPER = FIGURE.cells("paper")


def test_the_published_setting_stands_in_the_preset():
    assert FIGURE.takes_device
    assert {cell["network"] for cell in PAPER} == {"VGG-16-512"}
    assert {cell["seed"] for cell in PAPER} == {0, 1, 2}
    assert {c["method"] for c in PAPER} == {"dense", "magnitude", "R-L1", "DRR", "PMMP, exact"}
    for plan in (cell["schedule"] for cell in PAPER):
        assert (plan["batch_size"], plan["lr"]) == (500, 1e-3)
        assert 30 <= plan["warmup"] + plan["regularize"] <= 300 and 10 <= plan["finetune"] <= 50


def test_without_records_it_says_not_run_here_and_how_to_run_it(tmp_path, monkeypatch):
    monkeypatch.setenv("L0COURSE_RESULTS", str(tmp_path))
    words = in_one_line()
    assert words.startswith(NOT_RUN) and "--preset paper --device cuda" in words
    with pytest.raises(registry.StaleRecordError, match="0 of 36"):
        FIGURE.load("paper")


def test_the_paper_preset_asks_for_the_files_of_cifar(tmp_path, monkeypatch):
    monkeypatch.setenv("L0COURSE_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="cifar-10-binary.tar.gz"):
        FIGURE.compute(PAPER[0])


def test_the_generated_pictures_have_ten_classes_that_differ_in_colour():
    data = striped(3)
    assert data.x_train.min() == 0 and data.x_train.max() == 1
    assert not np.allclose(data.x_train[0], striped(4).x_train[0])
    x, y = data.train
    tints = np.stack([(x[y == k] - 0.5).std((0, 2, 3)).numpy() for k in range(10)])
    assert np.linalg.norm(tints[:, None] - tints, axis=2)[~np.eye(10, dtype=bool)].min() > 0.01


def test_a_narrow_vgg_is_trained_pruned_and_read_back_from_a_small_file():
    cell = next(cell for cell in FIGURE.cells("smoke") if cell["method"] == "DRR")
    result = FIGURE.compute(cell)
    total = 60_798
    assert result["compression_rate"] == pytest.approx(total / result["nonzero"], rel=1e-3)
    assert result["nonzero"] < total / 2 and result["validation_error"] < 0.87  # chance: 0.9
    assert result["file_bytes"] < result["nonzero"] * 4  # positions and levels, not 32 bits
    assert result["small_ms"] > 0 and result["dense_ms"] > 0
    pairs = [(cell, result)]
    assert [row[2] for row in compared(FIGURE, pairs)] == ["not in this preset"] * 3
    header, rows = FIGURE.table(pairs)
    assert len(rows[0]) == len(header) and "file_bytes" in header
    with drawn(FIGURE, pairs) as picture:
        assert NOT_RUN in picture.get_suptitle()
        assert all(axis.get_xlabel() for axis in picture.axes)


def test_the_dense_network_is_trained_for_all_epochs_and_keeps_all_weights():
    plan = FIGURE.cells("smoke")[0]["schedule"] | {"warmup": 2, "regularize": 1, "finetune": 0}
    cell = {"method": "dense", "seed": 0, "schedule": plan}
    data, network = striped(0, (40, 20, 20)), VGG16(0, width=2)
    settings = {name: plan[name] for name in ("lr", "batch_size")} | {"progress": False}
    expected = fit(network, data.train, data.validation, epochs=3, **settings)
    found = train_as_told(cell, network, data.train, data.validation)
    assert count_nonzero(found) == sum(p.numel() for p in network.parameters())
    for mine, theirs in zip(found.parameters(), expected.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_rates_on_cifar_stand_beside_the_published_ones():
    results = [
        (cell, {"compression_rate": 10.0 + 5 * i, "test_error": 0.1})
        for i, cell in enumerate(c for c in PAPER if c["method"] == "DRR")
    ]
    ours = {row[0]: row[2] for row in compared(FIGURE, results)}
    assert ours["compression rates of DRR"] == "25 to 35 (VGG-16-512 alone)"  # medians of 3 seeds
    assert ours["compression rates of R-L1"] == "not in this preset"
