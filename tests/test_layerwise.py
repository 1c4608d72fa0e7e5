"""Layerwise pruning against enumeration, a planted layer, and magnitude pruning on the digits."""

import copy
from itertools import product

import numpy as np
import pytest
import torch
from torch import nn

from l0course import (
    L1,
    MLP,
    compress,
    compression_rate,
    count_nonzero,
    error_rate,
    magnitude_prune,
    random_gradient_prune,
)
from l0course.datasets import digits
from l0course.layerwise import layerwise_prune


def draw(*shape: int, seed: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def linear(weights: torch.Tensor) -> nn.Sequential:
    """One layer without activation from the weights (inputs + 1, neurons), the bias last."""
    layer = nn.Linear(len(weights) - 1, weights.shape[1], dtype=torch.float64)
    layer.weight.data.copy_(weights[:-1].T)
    layer.bias.data.copy_(weights[-1])
    return nn.Sequential(layer)


@pytest.mark.parametrize("seed", range(3))
def test_small_layers_against_the_best_of_all_supports(seed):
    """Enumeration of 2^7 supports for each of 50 neurons: never better, nearly always as good."""
    n, inputs, neurons, alpha = 60, 6, 50, 0.2
    x = draw(n, inputs, seed=seed) + 0.3  # not centred, so the bias is not apart from the rest
    model = linear(draw(inputs + 1, neurons, seed=seed + 100))
    y = model(x).detach().numpy()
    z = np.column_stack([x.numpy(), np.ones(n)])
    best = np.full(neurons, np.inf)
    for support in product([False, True], repeat=inputs + 1):
        part = z[:, support]
        fitted = part @ np.linalg.lstsq(part, y, rcond=None)[0]
        best = np.minimum(best, ((y - fitted) ** 2).mean(axis=0) + alpha * sum(support))

    done = layerwise_prune(model, x, alpha)
    live = done.masks["0.weight"].sum(1).numpy() + done.masks["0.bias"].numpy()
    moved = ((y - model(x).detach().numpy()) ** 2).mean(axis=0)
    excess = (moved + alpha * live) / best - 1
    assert excess.min() > -1e-9
    assert (excess < 1e-9).mean() >= 0.9 and excess.max() < 0.1
    assert done.errors["0.weight"] == pytest.approx(moved.sum() / (y**2).mean(axis=0).sum())


def test_a_planted_sparse_layer_is_recovered():
    x = draw(500, 30, seed=0)
    x[:, 1:] += 0.8 * x[:, :-1]  # neighbours are correlated
    planted = torch.sign(draw(31, 20, seed=1)) * (draw(31, 20, seed=2) > 1.3)
    model = linear(planted + 0.03 * draw(31, 20, seed=3))
    layerwise_prune(model, x, alpha=0.2)
    found = torch.cat([model[0].weight.T, model[0].bias[None]]) != 0
    assert torch.equal(found, planted != 0)


def test_removals_propagate_to_the_layers_before():
    """Two of the four hidden neurons are read so weakly that they go, with all their inputs."""
    model = MLP((3, 4, 2), nn.Tanh, seed=0)
    model[2].weight.data[:] = torch.tensor([[1.0, 1.0, 1e-3, 0.0], [1.0, -1.0, 0.0, 1e-3]])
    x = torch.randn(200, 3, generator=torch.Generator().manual_seed(0))
    done = layerwise_prune(model, x, alpha=1e-4)
    assert not done.masks["0.weight"][2:].any() and not done.masks["0.bias"][2:].any()
    assert done.spurious >= 8
    assert done.masks["0.weight"][:2].any() and done.masks["2.weight"][:, :2].all()
    assert random_gradient_prune(model, x) == 0
    assert list(done.errors) == ["2.weight", "0.weight"]  # in the order of the work


def test_alpha_zero_leaves_the_function_as_it_is():
    model = nn.Sequential(nn.Sequential(nn.Linear(5, 8), nn.ReLU()), nn.Linear(8, 3, bias=False))
    with torch.no_grad():
        for i, p in enumerate(model.parameters()):
            p.copy_(draw(*p.shape, seed=i))
    x = draw(100, 5, seed=9).float()
    before = model(x)
    layerwise_prune(model, x, alpha=0.0, starts=(0.5,), steps=100)
    torch.testing.assert_close(model(x), before, rtol=1e-4, atol=1e-4)


def test_frozen_layers_stay_and_dropout_is_off():
    model = nn.Sequential(nn.Dropout(0.5), *MLP((6, 8, 3), seed=0)).train()
    model[1].requires_grad_(False)
    frozen, twin = copy.deepcopy(model[1].state_dict()), copy.deepcopy(model)
    x = draw(50, 6, seed=0).float()
    done = layerwise_prune(model, x, alpha=1e-3)
    assert all(torch.equal(v, frozen[k]) for k, v in model[1].state_dict().items())
    assert list(done.errors) == ["3.weight"] and model.training
    assert layerwise_prune(twin, x, alpha=1e-3).errors == done.errors


def test_digits_keep_their_accuracy_where_magnitude_pruning_loses_it():
    data = digits()
    quick = dict(lr=3e-3, batch_size=50, tolerance=0.0, progress=False)
    pair = data.train, data.validation
    dense = compress(
        MLP((64, 200, 60, 10), seed=0), *pair, L1(0.0), warmup=15, regularize=0, finetune=5, **quick
    ).model
    pruned, by_size = copy.deepcopy(dense), copy.deepcopy(dense)
    layerwise_prune(pruned, data.x_train, alpha=3e-3)
    assert compression_rate(pruned) > 5
    sizes = torch.cat([p.detach().abs().flatten() for p in by_size.parameters()])
    magnitude_prune(by_size, sizes.sort(descending=True).values[count_nonzero(pruned) - 1].item())
    assert count_nonzero(by_size) >= count_nonzero(pruned)
    assert error_rate(pruned, data.test) < error_rate(dense, data.test) + 0.02
    assert error_rate(by_size, data.test) > error_rate(pruned, data.test) + 0.05
    tuned = compress(pruned, *pair, L1(0.0), warmup=0, regularize=0, finetune=10, **quick).model
    assert error_rate(tuned, data.test) < error_rate(dense, data.test) + 0.01


X = torch.randn(20, 3, generator=torch.Generator().manual_seed(0))
BROKEN = MLP((3, 4, 2), seed=0)
BROKEN[2].bias.data[0] = float("nan")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (dict(alpha=-1), "alpha must be a finite number of at least 0, but it is -1"),
        (dict(steps=0), "steps must"),
        (dict(starts=(0.5, 0)), r"starts needs numbers above 0 and up to 1, but it is \(0.5, 0\)"),
        (dict(starts=()), "starts needs"),
        (dict(x=X[:0]), "x is empty"),
        (dict(x=X * float("nan")), "NaN or infinite"),
        (dict(x=X[:, :2]), r"with 3 inputs, but it has shape \(20, 2\)"),
        (dict(x=X[0]), "must have shape"),
        (dict(model=nn.Linear(3, 2)), "this Linear is not one"),
        (dict(model=nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))), "parameters are in nn.Lin"),
        (dict(model=nn.Sequential(nn.Conv1d(3, 2, 1))), "needs an nn.Sequential, such as MLP"),
        (dict(model=nn.ReLU()), "needs an nn.Sequential"),
        (dict(x=X.double()), "type torch.float64, but the model has torch.float32"),
        (dict(x=X.long()), "convert x"),
        (dict(model=nn.Sequential(nn.Dropout(), nn.Linear(4, 2))), "with 4 inputs"),
        (dict(model=nn.Sequential(*[nn.Linear(3, 3)] * 2)), "Two layers share"),
        (dict(model=BROKEN), "train it again"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_bad_input_gets_one_sentence(change, says):
    settings = dict(model=MLP((3, 4, 2), seed=0), x=X, alpha=0.1) | change
    before = copy.deepcopy(settings["model"].state_dict())
    with pytest.raises(ValueError, match=says):
        layerwise_prune(**settings)
    for name, value in settings["model"].state_dict().items():
        torch.testing.assert_close(value, before[name], rtol=0, atol=0, equal_nan=True)
