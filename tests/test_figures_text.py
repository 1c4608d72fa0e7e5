"""The figures of lesson 08: what they count, on tiny texts, and what their records say."""

import math

import numpy as np
import pytest
import torch

from l0course import count_nonzero, decode_model, quantize
from l0course.byte_transformer import byte_rows, next_byte_loss
from l0course.compressors import COMPRESSORS
from l0course.figures import kept, registry, text_models, text_prequential, text_two_part
from l0course.figures.output import drawn
from l0course.text import two_part
from l0course.text.exact import ExactTransformer
from l0course.texts import english

TEXT = ["text_compressors", "text_two_part", "text_prequential", "text_crossing"]


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "user_cache_dir", lambda name: str(tmp_path / name))


@pytest.mark.parametrize("name", TEXT)
def test_smoke_presets_are_computed_drawn_and_listed(name):
    figure = registry.find(name)
    results = [(cell, figure.compute(cell)) for cell in figure.cells("smoke")]
    header, rows = figure.table(results)
    assert {len(row) for row in rows} == {len(header)} and len(rows) == len(results)
    with drawn(figure, results) as picture:
        assert all(axis.get_xlabel() and axis.get_ylabel() for axis in picture.axes[1:])
    if name == "text_compressors":
        sizes = results[0][1]
        assert set(sizes) == set(COMPRESSORS) and sizes["xz"] * 2 < sizes["xz, chunks"]


def test_a_two_part_file_is_counted_part_by_part():
    cell = text_two_part.FIGURE.cells("smoke")[1]
    result = text_two_part.run(cell)
    model, minutes = text_models.trained(cell)
    assert result["total_bytes"] == result["model_bytes"] + result["data_bytes"]
    assert result["nonzero"] == count_nonzero(model) and minutes > 0
    ideal = result["loss_bits"] * cell["bytes"] / 8
    assert result["published_bytes"] == pytest.approx(4 * result["nonzero"] + ideal, abs=1)
    data, size = text_models.text_of(cell), result["model_bytes"]
    x, y = byte_rows(data, model.context)
    few_values = quantize(
        model, (x, y), text_models.judged(x, y), **cell["file"], loss=next_byte_loss, batch_size=4,
        progress=False,
    )  # fmt: skip
    code = two_part.write(data, few_values, bits=5, streams=64)
    sent = decode_model(code[4 : 4 + size], text_models.untrained(cell))
    weights = torch.cat([p.flatten() for p in sent.parameters()])
    assert len(weights[weights != 0].unique()) <= cell["file"]["levels"]
    bits = two_part.code_bits(ExactTransformer(sent), x, y)
    assert result["data_bytes"] == pytest.approx(4 + bits / 8, abs=8)


def test_where_files_differ_in_the_values_of_a_weight_these_are_the_axis():
    figure = registry.find("text_two_part")
    results = figure.load("levels")
    with drawn(figure, results) as picture:
        right = picture.axes[1]
        lines = {line.get_label(): line.get_xydata() for line in right.lines}
    dense = [r["total_bytes"] / 1000 for c, r in results if c["method"] == "dense"]
    assert right.get_xlabel() == "values of a weight" and len(lines) == 4
    assert lines["dense"][:, 0].tolist() == [2, 4, 8, 16, 32]
    assert lines["dense"][::-1, 1].tolist() == dense


def test_a_price_is_the_strength_at_which_a_weight_saves_its_bits():
    cells = text_two_part.cells("english", 80_000, {}, {}, {"dense": [0], "DRR": [10]}, {})
    assert "alpha" not in cells[0]
    assert text_two_part.price(cells[1]) == pytest.approx(10, rel=0.05)
    assert cells[1]["alpha"] == pytest.approx(10 * math.log(2) / 80_000, rel=0.05)


def test_a_kept_model_is_trained_once_and_again_when_the_cell_differs(monkeypatch):
    cell, calls = {"seed": 3, "file": 1}, []

    def train(cell):
        calls.append(cell)
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(cell["seed"])
            return torch.nn.Linear(2, 2)

    first, again = (kept.kept(c, train, train_empty)[0] for c in (cell, cell | {"file": 2}))
    assert len(calls) == 1 and torch.equal(first.weight, again.weight) and not first.training
    other, _ = kept.kept(cell | {"seed": 4}, train, train_empty)
    assert len(calls) == 2 and not torch.equal(first.weight, other.weight)


def train_empty(cell):
    return torch.nn.Linear(2, 2)


def test_the_curve_has_the_area_of_the_code():
    rng = np.random.default_rng(0)
    sizes, bits = rng.integers(1, 50, 1000), rng.uniform(1, 400, 1000)
    curve = np.array(text_prequential.curve(sizes, bits))
    assert len(curve) == text_prequential.POINTS and curve[-1, 0] == sizes.sum()
    area = (np.diff(curve[:, 0], prepend=0) * curve[:, 1]).sum()
    assert area == pytest.approx(bits.sum(), rel=1e-4)


def test_texts_are_cut_and_named():
    assert text_models.text_of({"text": "english", "bytes": 100}) == english()[:100]
    with pytest.raises(KeyError):
        text_models.text_of({"text": "latin", "bytes": 100})
