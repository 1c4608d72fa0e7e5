"""The codec: sizes are near the ideal, and below it where weights follow a pattern."""

from collections import Counter

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from codec_models import sparsify
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from l0course import LeNet300, count_nonzero
from l0course.codec import decode_model, encode_model, file_report, save_compressed
from l0course.codec.architecture import fingerprint, slots_of
from l0course.codec.levels import Codebook, Grid, choose_levels, relative_error
from l0course.codec.logistic_fit import fit
from l0course.codec.logits import UNIT, log2, probability, shares
from l0course.codec.pictures import NEAR, WIDE, Sums
from l0course.codec.range_coder import ONE, Coder, Reader
from l0course.codelength import support_bits
from l0course.figures.file_bytes import file_bytes, file_bytes_in_words


def report(model, path, **options):
    """(bytes of the file, bytes by part)"""
    size, parts = save_compressed(model, path, **options), Counter()
    for _, part, count in file_report(path, model):
        parts[part] += count
    return size, parts


@pytest.mark.parametrize("density", [0.5, 0.1, 0.02, 0.0075, 0.003])
def test_a_file_has_the_ideal_length_of_the_coders_model(tmp_path, density):
    model = sparsify(LeNet300(0), density)
    size, parts = report(model, tmp_path / "a.l0", bits=4)
    assert abs(parts["rounding"]) < 0.01 * size  # range coding
    fixed = len(fingerprint(slots_of(model))) + 4  # shapes and names, and a checksum
    assert size <= 1.03 * (size - parts["rounding"] - fixed)
    least = sum(support_bits(p.numel(), int(p.count_nonzero())) for p in model.parameters())
    assert 8 * parts["support"] < 1.02 * least + 6 * 16  # six tensors, and how many are live


@pytest.mark.parametrize("density", [0.5, 0.02, 0.003])
@pytest.mark.parametrize("shape", [(300, 784), (100, 300), (20, 1)])
def test_positions_and_levels_against_counting(tmp_path, density, shape):
    model = sparsify(nn.Linear(shape[1], shape[0], bias=False), density)
    _, parts = report(model, tmp_path / "a.l0", bits=5)
    k = count_nonzero(model)
    assert 8 * parts["support"] < 1.02 * support_bits(shape[0] * shape[1], k) + 24  # k itself: 24
    twin = decode_model(encode_model(model, bits=5), nn.Linear(shape[1], shape[0], bias=False))
    counts = twin.weight[twin.weight != 0].unique(return_counts=True)[1].double()
    entropy = -float((counts / max(k, 1) * (counts / max(k, 1)).log2()).sum())
    # What it costs to learn the frequencies, and a step.
    table = len(counts) / 2 * np.log2(max(k, 1)) + 16
    assert 8 * parts["values"] < 1.01 * k * entropy + table


def test_dead_rows_and_columns_and_uneven_densities_cost_less(tmp_path):
    generator = torch.Generator().manual_seed(0)
    model = LeNet300(0)
    rows, columns = torch.rand(300, generator=generator), torch.rand(784, generator=generator)
    with torch.no_grad():
        chance = (rows.sub(0.6).relu()[:, None] * columns.square()).mul_(0.4)
        model[0].weight.mul_(torch.rand(300, 784, generator=generator) < chance)
        live = model[0].weight.any(1)
        model[0].bias.mul_(live)
        model[2].weight.mul_(live & (torch.rand(100, 300, generator=generator) < 0.1))
    save_compressed(model, tmp_path / "a.l0", bits=4)
    parts = {
        name: 8 * size
        for name, part, size in file_report(tmp_path / "a.l0", model)
        if part == "support"
    }
    for name, p in list(model.named_parameters())[:3]:
        assert parts[name] < 0.85 * support_bits(p.numel(), int(p.count_nonzero())), name
    assert parts["0.bias"] < 24  # it is alive where its row is


def spots(seed):
    """Each of 30 rows hears a spot of a picture of 20 by 20 pixels; half of a spot is positive."""
    generator = torch.Generator().manual_seed(seed)
    y, x = torch.meshgrid(torch.arange(20), torch.arange(20), indexing="ij")
    rows = []
    for _ in range(30):
        cy, cx, angle = torch.rand(3, generator=generator) * torch.tensor([20, 20, 6.28])
        inside = ((y - cy) ** 2 + (x - cx) ** 2 < 12).float()
        live = inside * (torch.rand(20, 20, generator=generator) < 0.6)
        rows.append(live * ((y - cy) * angle.cos() + (x - cx) * angle.sin()).sign())
    return torch.stack(rows).flatten(1)


def test_spots_in_a_picture_cost_less_than_the_same_weights_elsewhere(tmp_path):
    weights = spots(0)
    shuffled = weights[:, torch.randperm(400, generator=torch.Generator().manual_seed(0))]
    costs = []
    for w in (weights, shuffled):
        model = nn.Linear(400, 30, bias=False)
        model.weight.data.copy_(w)
        costs.append(report(model, tmp_path / "a.l0", bits=1)[1])
    assert costs[0]["support"] < 0.75 * costs[1]["support"]
    assert costs[0]["values"] < 0.6 * costs[1]["values"]
    live = int(weights.count_nonzero())
    assert 8 * costs[1]["values"] < 1.02 * live + 40  # no pattern: a bit for each sign


def test_kernels_that_die_as_a_whole_cost_less(tmp_path):
    generator = torch.Generator().manual_seed(0)
    model = nn.Conv2d(20, 50, 5, bias=False)
    with torch.no_grad():
        whole = torch.rand(50, 20, 1, 1, generator=generator) < 0.05
        model.weight.mul_(whole & (torch.rand(50, 20, 5, 5, generator=generator) < 0.5))
    _, parts = report(model, tmp_path / "a.l0", bits=4)
    assert 8 * parts["support"] < 0.8 * support_bits(model.weight.numel(), count_nonzero(model))


def test_levels():
    x = [np.random.default_rng(0).normal(size=500).astype(np.float32), np.zeros(0, np.float32)]
    for bits in (1, 2, 4, 6):
        grid, book = choose_levels(x, bits, 0.05)
        assert isinstance(grid, Grid) and isinstance(book, Codebook)
        assert relative_error(x, book) <= relative_error(x, grid)
        near = [np.abs(x[0][:, None] - one.values(0)).min(1) for one in (grid, book)]
        for one, least in zip((grid, book), near, strict=True):  # brute force
            found = np.abs(x[0] - one.values(0)[one.nearest(0, x[0])])
            assert np.allclose(found, least, atol=1e-6)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(1, ONE - 1), st.booleans()), max_size=300), st.data())
def test_the_range_coder_takes_the_ideal_length_and_at_most_two_bytes(flags, data):
    numbers = data.draw(st.lists(st.integers(0, 255), max_size=5))
    p = np.array([p for p, _ in flags], int)
    first = next((i for i, (_, flag) in enumerate(flags) if flag), len(flags))
    coder = Coder()
    for one, flag in flags:
        coder.flag(one, flag)
    coder.first(p, first)
    for n in numbers:
        coder.number(8, n)
    code = coder.code()
    assert 8 * len(code) <= coder.total * 1.01 + 16
    reader = Reader(code)
    assert [reader.flag(p) for p, _ in flags] == [flag for _, flag in flags]
    assert reader.first(p) == first
    assert [reader.number(8) for _ in numbers] == numbers
    assert reader.total == pytest.approx(coder.total)
    reader.close()
    other = Coder()
    other.add(coder)
    assert other.code() == code and other.total == coder.total


def test_whole_number_logarithms_and_probabilities_are_right_to_their_last_part():
    n = np.random.default_rng(0).integers(1, 1 << 52, 1000)
    n = np.concatenate([np.arange(1, 5000), n])
    assert np.abs(log2(n) / UNIT - np.log2(n)).max() < 1 / UNIT
    assert (np.diff(log2(np.arange(1, 5000))) >= 0).all()
    x = np.arange(-20 * UNIT, 20 * UNIT)
    limited = np.clip(x / UNIT, -16, 16)
    assert np.abs(probability(x) / ONE - 1 / (1 + 2.0**-limited)).max() < 2 / ONE
    assert probability(x).min() > 0 and probability(x).max() < ONE
    chances = np.array([0, 0, 1, 5, 1000, 10**9])
    parts = shares(chances)
    assert parts.sum() == ONE and parts.min() > 0
    assert np.abs(parts / ONE - chances / chances.sum()).max() < 10 / ONE


def test_sums_over_a_picture_against_adding_one_by_one():
    generator = np.random.default_rng(0)
    columns = np.sort(generator.choice(7 * 5, 25, replace=False))  # a picture 5 wide with holes
    sums = Sums(columns, 5, [NEAR, WIDE])
    expected = np.zeros((2, 25), int)
    for _ in range(10):
        at, amounts = int(generator.integers(25)), generator.integers(-3, 4, 2).tolist()
        sums.add(at, amounts)
        for i, other in enumerate(columns):
            d = (other // 5 - columns[at] // 5) ** 2 + (other % 5 - columns[at] % 5) ** 2
            d = max(d, 1)
            if max(abs(other // 5 - columns[at] // 5), abs(other % 5 - columns[at] % 5)) <= 6:
                expected[0, i] += 64 // d**2 * amounts[0]
                expected[1, i] += int(64 / d**0.75) * amounts[1]
    assert (sums.of(0) == expected[0]).all() and (sums.of(1, start=3) == expected[1, 3:]).all()
    assert sums.at(4) == expected[:, 4].tolist()
    sums.clear()
    assert not sums.of(0).any()


def test_the_fit_finds_the_coefficients_that_made_the_flags():
    generator = np.random.default_rng(0)
    features = np.stack([np.full(20_000, UNIT), generator.integers(-800, 800, 20_000)])
    truth = np.array([-16, 6])
    p = probability(truth @ features // 8) / ONE
    found = fit(features, generator.random(20_000) < p, usual=(0, 0))
    assert np.abs(found - truth).max() <= 1
    assert fit(np.zeros((2, 0)), np.zeros(0, bool), usual=(3, 4)).tolist() == [3, 4]


def test_the_picture_of_a_file_has_a_bar_for_each_tensor_and_says_its_size(tmp_path):
    model = sparsify(LeNet300(0), 0.01)
    size = save_compressed(model, tmp_path / "a.l0", bits=3)
    figure = file_bytes(tmp_path / "a.l0", model)
    assert len(figure.axes[0].get_yticklabels()) == 7
    drawn = sum(bar.get_width() for bar in figure.axes[0].patches)
    assert drawn == pytest.approx(size)
    plt.close(figure)
    words = file_bytes_in_words(tmp_path / "a.l0", model)
    assert f"{size:,} bytes" in words and f"{count_nonzero(model):,} live" in words
