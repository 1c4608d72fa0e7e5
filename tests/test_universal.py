"""Weighted networks against networks with real copies of each neuron, and data against all data."""

import io

import numpy as np
import pytest
import torch
from torch import nn

from l0course import (
    MLP,
    WeightedNeurons,
    compress_along,
    compress_data,
    compress_neurons,
    mean_field_network,
)

OPTIMISERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.02),
    "momentum": lambda p: torch.optim.SGD(p, lr=0.005, momentum=0.9),
    "adam": lambda p: torch.optim.Adam(p, lr=0.01, eps=1e-14),
}


def steps(model, optimiser, x, y, number=60):
    """Outputs on x along the way: (number, n, outputs)."""
    optimiser, outputs = optimiser(model.parameters()), []
    for _ in range(number):
        optimiser.zero_grad()
        outputs.append(model(x))
        (outputs[-1] - y).square().mean().backward()
        optimiser.step()
    return torch.stack(outputs).detach()


@pytest.fixture
def data():
    g = torch.Generator().manual_seed(0)
    x = 2 * torch.rand(30, 2, generator=g, dtype=torch.float64) - 1
    return x, torch.sin(3 * x[:, :1]) * x[:, 1:]


@pytest.mark.parametrize("optimiser", OPTIMISERS.values(), ids=OPTIMISERS)
@pytest.mark.parametrize("activation", [nn.Tanh, nn.ReLU])
def test_a_neuron_of_weight_c_trains_as_c_copies_of_it(data, activation, optimiser):
    """The copies are a plain network and know nothing of weights."""
    counts = torch.tensor([1, 3, 2, 4, 7])
    few = mean_field_network(2, 5, 1, activation, seed=1)
    copies = torch.repeat_interleave(torch.arange(5), counts)
    plain = few.subset(copies, torch.ones(17)).fold()
    weighted = few.subset(torch.arange(5), counts)
    gap = steps(weighted, optimiser, *data) - steps(plain, optimiser, *data)
    assert gap.abs().max() < 1e-9


def test_without_the_factor_the_same_steps_go_elsewhere(data):
    counts = torch.tensor([1, 3, 2, 4, 7])
    few = mean_field_network(2, 5, 1, seed=1)
    weighted = few.subset(torch.arange(5), counts)
    right = steps(weighted, OPTIMISERS["sgd"], *data)
    control = WeightedNeurons(
        *(few.inward, few.activation, few.outward), counts, scale_gradients=False
    )
    assert (steps(control, OPTIMISERS["sgd"], *data)[-1] - right[-1]).abs().max() > 0.01


@pytest.mark.parametrize("activation", [nn.Tanh, nn.ReLU])
def test_2000_neurons_become_126_and_start_ten_times_closer_than_chance(data, activation):
    """Five seeds, against as many random neurons with the weights d / d', the honest baseline."""
    errors, baseline = [], []
    for seed in range(5):
        wide = mean_field_network(2, 2000, 1, activation, seed=seed)
        small = wide.compress(126, degree=5)
        assert small.width <= 126
        some = torch.randperm(2000, generator=torch.Generator().manual_seed(seed))[:126]
        for model, into in [(small, errors), (wide.subset(some, torch.ones(126) / 126), baseline)]:
            into.append((model(data[0]) - wide(data[0])).square().mean().sqrt().item())
    assert np.median(errors) < np.median(baseline) / 10


def test_a_compressed_network_follows_the_wide_one(data):
    wide = mean_field_network(2, 1000, 1, seed=0)
    some = torch.randperm(1000, generator=torch.Generator().manual_seed(0))[:126]
    models = wide, wide.compress(126, degree=5), wide.subset(some, torch.ones(126) / 126)
    runs = [steps(model, lambda p: torch.optim.SGD(p, lr=0.1), *data) for model in models]
    error, baseline = ((run - runs[0]).square().mean(dim=(1, 2)).sqrt() for run in runs[1:])
    assert error.max() < baseline.max() / 3


def test_neurons_chosen_along_a_pilots_path_follow_all_the_way(data):
    """On other points than those of training, ten times closer than moments at every late step."""
    x, y = data
    wide = mean_field_network(2, 400, 1, seed=0)
    before = wide.neurons()
    pilot = wide.compress(70, degree=4)
    chosen = compress_along(
        wide, pilot, x, lambda out: (out - y).square().mean(), 70, lr=0.1, steps=200
    )
    assert chosen.width <= 70 and np.array_equal(wide.neurons(), before)
    fresh = (
        2 * torch.rand(50, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(9)) - 1
    )
    gaps = {}
    for name, model in {"wide": wide, "moments": pilot, "chosen": chosen}.items():
        optimiser, path = torch.optim.SGD(model.parameters(), lr=0.1), []
        for _ in range(200):
            optimiser.zero_grad()
            (model(x) - y).square().mean().backward()
            optimiser.step()
            path.append(model(fresh).detach())
        gaps[name] = torch.stack(path)
    error, baseline = (
        (gaps[name] - gaps["wide"]).square().mean(dim=(1, 2)).sqrt()[50:]
        for name in ("chosen", "moments")
    )
    assert (error < baseline / 10).all()


def test_folding_copying_and_saving_keep_the_function(data):
    x, _ = data
    small = mean_field_network(2, 500, 1, seed=0).compress(35, degree=3)
    assert torch.allclose(small.fold()(x), small(x), atol=1e-14)
    file = io.BytesIO()
    torch.save(small.state_dict(), file)
    file.seek(0)
    empty = mean_field_network(2, small.width, 1, seed=9)
    empty.load_state_dict(torch.load(file))
    assert torch.equal(empty(x), small(x))


def test_a_deep_network_is_compressed_layer_by_layer(data):
    """2 -> 1000 -> 2 -> 1000 -> 1: both wide layers lie between narrow ones."""
    x, _ = data
    errors, baseline = [], []
    for seed in range(3):
        deep = MLP((2, 1000, 2, 1000, 1), nn.Tanh, seed=seed, dtype=torch.float64)
        before = deep(x)
        small = compress_neurons(deep, 252, degree=5)
        small = compress_neurons(small, 126, degree=5, layer=2)
        assert [type(module) for module in small] == [WeightedNeurons, nn.Tanh, WeightedNeurons]
        assert small[0].width <= 252 and small[2].width <= 126
        by_chance = nn.Sequential(chance(deep[:3], 252), deep[3], chance(deep[4:], 126))
        for model, into in [(small, errors), (by_chance, baseline)]:
            into.append((model(x) - before).square().mean().sqrt().item())
        assert torch.equal(deep(x), before)  # the original is not touched
    assert np.median(errors) < np.median(baseline) / 10


def chance(piece, size):
    """As many random neurons of Linear, activation, Linear, with the weights d / d'."""
    wide = WeightedNeurons(*piece, torch.ones(1000))
    some = torch.randperm(1000, generator=torch.Generator().manual_seed(0))[:size]
    return wide.subset(some, torch.full((size,), 1000 / size))


def tanh_losses(x, y, seed, count=30):
    """Squared losses (n, count) of random tanh networks."""
    rng, losses = np.random.default_rng(seed), []
    for _ in range(count):
        scale = rng.choice([0.5, 1, 2])
        hidden = np.tanh(x @ (scale * rng.normal(size=(2, 50))) + scale * rng.normal(size=50))
        losses.append(np.square(hidden @ rng.normal(size=50) / 7 - y))
    return np.array(losses).T


def test_few_weighted_rows_have_the_loss_of_all():
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, size=(10_000, 2))
    y = np.sin(3 * x[:, 0]) * x[:, 1] + rng.normal(size=10_000)
    losses = tanh_losses(x, y, seed=1)
    full = losses.mean(axis=0)
    kept, c = compress_data(x, y, 1000)
    worst = np.abs(c @ losses[kept] / c.sum() / full - 1).max()
    some = rng.choice(10_000, 1000, replace=False)
    by_chance = np.abs(losses[some].mean(axis=0) / full - 1).max()
    assert len(kept) <= 1000 and worst < 1e-3 and worst < by_chance / 20
    wrong = np.abs(losses[kept].mean(axis=0) / full - 1).max()  # the right rows, no weights
    assert wrong > 10 * worst


def test_class_labels_keep_the_cross_entropy():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(6000, 2))
    y = np.where(rng.random(6000) < 0.2, 2, (x[:, 0] > 0).astype(int))
    kept, c = compress_data(x, y, 600, degree=4)
    assert len(kept) <= 600 and set(y[kept]) == {0, 1, 2}
    for _ in range(20):
        scores = np.tanh(x @ rng.normal(size=(2, 8))) @ rng.normal(size=(8, 3))
        loss = np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(6000), y]
        assert c @ loss[kept] / c.sum() == pytest.approx(loss.mean(), rel=2e-3)


LINEAR = nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: WeightedNeurons(*LINEAR, torch.ones(4)), "inward gives 3 neurons"),
        (lambda: WeightedNeurons(*LINEAR, torch.zeros(3)), "positive and finite"),
        (lambda: mean_field_network(2, 300, 1, seed=0).compress(100, 5), "needs 126 points"),
        (lambda: mean_field_network(2, 100, 1, seed=0).compress(126, 5), "only 100 points"),
        (lambda: compress_neurons(MLP((2, 9, 1), seed=0), 5, 1, layer=1), "must stand at 1, 2, 3"),
        (
            lambda: compress_along(
                *[mean_field_network(2, 9, 1, seed=0)] * 2,
                torch.ones(2, 2),
                sum,
                10,
                lr=0.1,
                steps=1,
            ),
            "size must lie between 2 and 9",
        ),
        (lambda: compress_data(np.ones((9, 2)), np.ones(8), 5, 1), "one row for each of the 9"),
        (lambda: compress_data(np.ones((9, 2)), np.ones(9) * np.nan, 8, 1), "targets must be fin"),
        (lambda: compress_data(np.ones((9, 2)), np.arange(9) % 3, 8, 1), "each of the 3 classes"),
    ],
)
def test_bad_input_gets_one_clear_sentence(call, says):
    with pytest.raises(ValueError, match=says):
        call()
