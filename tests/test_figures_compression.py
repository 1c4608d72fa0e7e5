"""The compression tables: kept networks, the files in the records, what lesson 06 says of them."""

import base64
import statistics

import pytest
import torch

from l0course import LeNet5, LeNet300, compression_rate, count_nonzero, decode_model
from l0course.figures import compression_table, kept, smallest_files, trained_networks

NETWORKS = {"LeNet-300-100": LeNet300, "LeNet-5-Caffe": LeNet5}
FILES = smallest_files.FIGURE.load("paper")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "user_cache_dir", lambda name: str(tmp_path / name))
    return tmp_path


def test_a_network_is_trained_once_and_kept(cache, monkeypatch):
    cell = compression_table.FIGURE.cells("smoke")[1]
    first, minutes = trained_networks.trained(cell)
    assert len(list(cache.rglob("*.pt"))) == 1
    monkeypatch.setattr(trained_networks, "train", None)  # nothing is trained again
    monkeypatch.setattr(kept, "fingerprint", lambda function: FINGERPRINT)
    second, again = trained_networks.trained(cell | {"file": {"levels": [4]}})
    assert minutes == again > 0
    for p, q in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(p, q)


FINGERPRINT = kept.fingerprint(trained_networks.train)


def test_a_cell_of_the_table(cache):
    cell = compression_table.FIGURE.cells("smoke")[1]
    result = compression_table.run(cell)
    assert result["nonzero"] == pytest.approx(50_610 / result["compression_rate"], rel=1e-3)
    assert result["file_bytes"] < 4 * result["nonzero"]  # levels, not 32 bits
    assert result["validation_error"] <= 0.2 and result["small_ms"] > 0 < result["train_minutes"]
    assert result == result | compression_table.run(cell) | {
        name: result[name] for name in ("dense_ms", "small_ms")
    }


def test_soft_labels_are_a_mixture_of_the_labels_and_a_teachers_answers(cache):
    teacher = compression_table.FIGURE.cells("smoke")[0]
    split = trained_networks.split_of(teacher)
    (x, mixed), (_, hard) = trained_networks.soft_labels(teacher, split)
    assert mixed.shape == (len(x), 10) and torch.equal(hard.argmax(1), split.y_val)
    assert torch.allclose(mixed.sum(1), torch.ones(len(x)))
    of_label = mixed[torch.arange(len(x)), split.y_train]
    assert of_label.min() >= 1 - trained_networks.TRUST and of_label.max() < 1


def test_shifted_pictures_lose_nothing_but_their_place():
    shift = trained_networks.RandomShift(2)
    x = torch.zeros(3, 28, 28)
    x[:, 14, 14] = 1
    with torch.random.fork_rng():
        torch.manual_seed(0)
        places = {tuple(shift(x.flatten(1)).nonzero()[0].tolist()) for _ in range(200)}
    assert len(places) == 25
    assert torch.equal(shift.eval()(x.flatten(1)), x.flatten(1))


@pytest.mark.parametrize("cell, result", FILES, ids=lambda x: f"{x.get('network')}-{x.get('seed')}")
def test_the_file_in_a_record_is_what_its_numbers_say(cell, result):
    blob = base64.b64decode(result["file"])
    model = decode_model(blob, NETWORKS[cell["network"]](seed=0))
    assert len(blob) == result["file_bytes"]
    assert count_nonzero(model) == result["nonzero"]
    assert compression_rate(model) == pytest.approx(result["rate"], abs=1e-3)
    as_good = [trial[4] for trial in result["trials"] if trial[5] <= result["validation_error"]]
    assert min(as_good) == result["file_bytes"]


def median(network, name):
    """Of three seeds, at the lowest strength."""
    least = min(c["alpha"] for c, _ in FILES if c["network"] == network)
    chosen = [r[name] for c, r in FILES if (c["network"], c["alpha"]) == (network, least)]
    assert len(chosen) == 3
    return statistics.median(chosen)


def test_the_targets_that_the_lesson_names_are_reached():
    """Medians of three seeds: rates and errors of the pruned networks, bytes of the files."""
    assert median("LeNet-300-100", "rate_before") >= 120
    assert median("LeNet-300-100", "test_error_before") <= 0.02
    assert median("LeNet-5-Caffe", "rate_before") >= 350
    assert median("LeNet-5-Caffe", "test_error_before") <= 0.01
    assert median("LeNet-300-100", "file_bytes") <= 3000
    assert median("LeNet-5-Caffe", "file_bytes") <= 1500
