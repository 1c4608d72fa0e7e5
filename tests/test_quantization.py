"""Few values by fine-tuning, what they cost, and the smallest file: against brute force."""

import copy
import itertools
import math

import numpy as np
import pytest
import torch
from own_models import residual_cnn
from torch import nn
from torch.func import functional_call

from l0course import MLP, count_nonzero, fit, magnitude_prune, mean_loss
from l0course.code_cost import cheapest_levels, level_bits, position_bits
from l0course.codec import decode_model, encode_model
from l0course.curvature import curvature
from l0course.evaluation import loss_function
from l0course.file_search import smallest_file
from l0course.live_vector import LiveVector
from l0course.quantization import quantize
from l0course.shared_weights import SharedWeights

QUICK = dict(batch_size=50, progress=False, lr=1e-2)


def two_classes(n=200, inputs=6, seed=0):
    x = torch.randn(n, inputs, generator=torch.Generator().manual_seed(seed))
    return x, (x[:, 0] * x[:, 1] + x[:, 2] > 0).long()


@pytest.fixture(scope="module")
def data():
    return two_classes()


@pytest.fixture(scope="module")
def pruned(data):
    model = fit(MLP((6, 16, 2), seed=0), data, data, epochs=20, **QUICK)
    return fit(model, data, data, masks=magnitude_prune(model, 0.25), epochs=10, **QUICK)


def live_values(model):
    flat = torch.cat([p.detach().flatten() for p in model.parameters()])
    return flat[flat != 0].unique()


# --- what a weight costs, and the choice of levels ------------------------------------------------


@pytest.mark.parametrize("zero", [True, False])
@pytest.mark.parametrize("seed", range(10))
def test_the_choice_is_the_best_of_all_assignments(seed, zero):
    g = torch.Generator().manual_seed(seed)
    weights, levels = torch.randn(4, generator=g), torch.randn(1, 3, generator=g)
    curvature, position = torch.rand(4, generator=g), 0.2 * torch.rand(4, generator=g)
    level_cost = 0.2 * torch.rand(3, generator=g)

    def cost(choice):
        total = 0.0
        for i, j in enumerate(choice):
            value = 0.0 if j == 0 else float(levels[0, j - 1])
            total += float(curvature[i]) * (float(weights[i]) - value) ** 2 / 2
            total += 0.0 if j == 0 else float(position[i] + level_cost[j - 1])
        return total

    best = min(itertools.product(range(0 if zero else 1, 4), repeat=4), key=cost)
    found = cheapest_levels(weights, levels, curvature, position, level_cost, zero=zero)
    assert found.tolist() == list(best)


def test_bits_of_levels_are_the_entropy():
    index = torch.tensor([0] * 500 + [1] * 4000 + [2] * 2000 + [3] * 2000)
    bits = level_bits(index, 3)
    share = np.array([0.5, 0.25, 0.25])
    entropy = -(share * np.log2(share)).sum() * 8000
    assert float(bits[index[index > 0] - 1].sum()) == pytest.approx(entropy, rel=1e-3)


def test_bits_of_positions_foretell_what_the_file_saves():
    """Remove a tenth of the live weights of a matrix with rows and columns of unlike density."""
    rng = np.random.default_rng(0)
    density = np.outer(rng.gamma(0.5, size=60), rng.gamma(0.5, size=200))
    support = rng.random((60, 200)) < np.clip(0.15 * density, 0, 0.9)
    bits = position_bits(torch.from_numpy(support)).numpy()
    places = np.argwhere(support)[np.argsort(bits[support], kind="stable")]
    tenth, middle = len(places) // 10, len(places) // 2

    def size(support):
        layer = nn.Linear(200, 60, bias=False)
        layer.weight.data.copy_(torch.from_numpy(support))
        return 8 * len(encode_model(layer, bits=1))

    saved, foretold = [], []
    for first in (0, middle, len(places) - tenth):  # in company, in between, alone
        some = tuple(places[first : first + tenth].T)
        fewer = support.copy()
        fewer[some] = False
        saved.append(size(support) - size(fewer))
        foretold.append(bits[some].sum())
    assert foretold == pytest.approx(saved, rel=0.3, abs=tenth)  # one bit each
    assert foretold[2] > 2 * foretold[1] > 4 * foretold[0]


@pytest.mark.parametrize("loss", ["cross_entropy", "mse", "soft"])
def test_curvature_is_the_diagonal_of_gauss_newton(loss):
    """J' H J with the exact Jacobian and the exact second derivative of the loss by the outputs."""
    x = torch.randn(4000, 4, generator=torch.Generator().manual_seed(0))
    model = MLP((4, 3, 2), seed=0)
    y = model(x).detach()  # fits perfectly: gradients of the data vanish for two of the three
    y = y.argmax(1) if loss == "cross_entropy" else y.softmax(1) if loss == "soft" else y
    function = loss_function("mse" if loss == "mse" else "cross_entropy")
    vector = LiveVector(model)

    def outputs(weights):
        parts, at = {}, 0
        for name, p in model.named_parameters():
            parts[name] = weights[at : at + p.numel()].reshape(p.shape)
            at += p.numel()
        return functional_call(model, parts, x[:500])

    jacobian = torch.func.jacrev(outputs)(vector.read())  # (500, 2, k)
    share = outputs(vector.read()).softmax(1)
    bend = torch.diag_embed(share) - share[:, :, None] * share[:, None]
    if loss == "mse":
        bend = torch.eye(2).expand(500, 2, 2)  # 2 (out - y)^2 / 2 outputs
    exact = torch.einsum("rik,rij,rjk->k", jacobian, bend, jacobian) / 500
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        some = x[:500].repeat(2, 1), y[:500].repeat(2, *[1] * (y.dim() - 1))
        found = torch.stack([curvature(model, vector, some, function, 500) for _ in range(3)])
    torch.testing.assert_close(found.mean(0), exact, rtol=0.25, atol=1e-4)


# --- training -------------------------------------------------------------------------------------


def test_gradients_of_levels_are_autograd_through_the_sharing(data, pruned):
    model = copy.deepcopy(pruned)
    shared = SharedWeights(model, 3, codebook="shared", lr=1e-3)
    before = shared.levels.detach().clone()
    shared.write()
    index = shared._index
    nn.functional.cross_entropy(model(data[0]), data[1]).backward()
    shared.step()

    levels = before.bfloat16().float().requires_grad_()
    vector, values = LiveVector(pruned), {}
    parts = levels[0][index - 1].split(vector.sizes)
    for (name, p), part in zip(pruned.named_parameters(), parts, strict=True):
        places = p.detach().flatten().nonzero().squeeze(1)
        values[name] = torch.zeros(p.numel()).index_put((places,), part).reshape(p.shape)
    nn.functional.cross_entropy(functional_call(pruned, values, data[0]), data[1]).backward()
    torch.testing.assert_close(shared.levels.grad, levels.grad)


def test_levels_start_at_the_means_of_clusters(data):
    model, centres = MLP((6, 16, 2), seed=0), torch.tensor([-1.0, 0.25, 2.0])
    g = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(centres[torch.randint(3, p.shape, generator=g)])
            p.add_(0.02 * torch.randn(p.shape, generator=g))
    flat = torch.cat([p.detach().flatten() for p in model.parameters()])
    nearest = (flat[:, None] - centres).abs().argmin(1)
    means = torch.stack([flat[nearest == j].mean() for j in range(3)])
    still = quantize(model, data, data, levels=3, epochs=1, **QUICK | dict(lr=1e-12))
    torch.testing.assert_close(live_values(still), means, rtol=2**-8, atol=0)  # 16 bits


@pytest.mark.parametrize("codebook", ["shared", "grid"])
@pytest.mark.parametrize("price", [0.0, 0.05])
def test_few_values_zeros_stay_zero_and_the_file_keeps_them_exactly(data, pruned, codebook, price):
    before = copy.deepcopy(pruned.state_dict())
    small = quantize(
        pruned, data, data, levels=4, price=price, codebook=codebook, epochs=4, **QUICK
    )
    for name, p in pruned.named_parameters():
        assert torch.equal(p, before[name])
        q = small.get_parameter(name)
        assert not q[p == 0].any()
        if codebook == "grid":
            multiples = q / q[q != 0].abs().min() if q.any() else q
            assert len(q[q != 0].unique()) <= 4
            assert torch.allclose(2 * multiples, (2 * multiples).round(), atol=1e-6)
    if price == 0:
        assert count_nonzero(small) == count_nonzero(pruned)
    values = live_values(small)
    assert len(values) <= (4 if codebook == "shared" else 16)
    if codebook == "shared":
        assert torch.equal(values, values.bfloat16().float())
    twin = decode_model(encode_model(small, bits=4), copy.deepcopy(pruned))
    assert all(
        torch.equal(a, b) for a, b in zip(twin.parameters(), small.parameters(), strict=True)
    )


def test_training_beats_rounding(data, pruned):
    rounded = decode_model(encode_model(pruned, bits=1), copy.deepcopy(pruned))
    trained = quantize(pruned, data, data, levels=2, epochs=20, **QUICK)
    assert mean_loss(trained, data) < 0.95 * mean_loss(rounded, data)


def test_the_same_seed_gives_the_same_bits_and_leaves_the_global_state(data, pruned):
    state = torch.get_rng_state()
    first, again, other = (
        quantize(pruned, data, data, price=0.05, epochs=3, seed=seed, **QUICK) for seed in (1, 1, 2)
    )
    assert torch.equal(state, torch.get_rng_state())
    assert encode_model(first) == encode_model(again) != encode_model(other)


def test_a_weight_that_does_nothing_is_not_worth_its_bits(data):
    x = data[0].clone()
    x[:, 5] = 0  # its weights have no influence at all
    model = fit(MLP((6, 8, 2), seed=0), (x, data[1]), (x, data[1]), epochs=10, **QUICK)
    dear, free = (
        quantize(model, (x, data[1]), (x, data[1]), price=p, epochs=6, **QUICK) for p in (0.02, 0.0)
    )
    assert free[0].weight[:, 5].all() and not dear[0].weight[:, 5].any()
    assert dear[0].weight[:, 0].any()


def test_price_one_has_the_shortest_two_part_code_of_three():
    """n * loss / ln 2 + 8 * bytes of the real file."""
    data = two_classes(3000)
    settings = dict(batch_size=100, progress=False, lr=1e-2)
    model = fit(MLP((6, 16, 2), seed=0), data, data, epochs=5, **settings)

    def bits(price):
        small = quantize(model, data, data, levels=8, price=price, epochs=8, **settings)
        code = encode_model(small, bits=3)
        return len(data[0]) * mean_loss(small, data) / math.log(2) + 8 * len(code)

    assert bits(1.0) < min(bits(0.0), bits(30.0))


def test_convolutions_and_normalisation():
    model = residual_cnn(0).to(memory_format=torch.channels_last)
    x = torch.randn(40, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    y = torch.arange(40) % 10
    assert not model.block1.conv1.weight.is_contiguous()
    small = quantize(model, (x, y), (x, y), levels=8, price=0.1, epochs=2, **QUICK)
    assert len(live_values(small)) <= 8 and mean_loss(small, (x, y)) < math.inf


@pytest.mark.parametrize(
    "settings, message",
    [
        (dict(levels=0), "levels must lie between"),
        (dict(levels=3, codebook="grid"), "3 is odd"),
        (dict(codebook="fish"), "codebook must be one of"),
        (dict(price=-1.0), "price must be"),
        (dict(epochs=0), "epochs must lie"),
        (dict(rows=201), "rows must lie"),
        (dict(lr=0.0), "lr must be"),
    ],
)
def test_bad_arguments(data, pruned, settings, message):
    with pytest.raises(ValueError, match=message):
        quantize(pruned, data, data, progress=False, **settings)


def test_bad_models(data):
    model = MLP((6, 4, 2), seed=0)
    with torch.no_grad():
        model[0].weight[0, 0] = math.nan
    with pytest.raises(ValueError, match="NaN or infinite weights"):
        quantize(model, data, data, progress=False)
    with torch.no_grad():
        for p in model.parameters():
            p.zero_()
    with pytest.raises(ValueError, match="No weight of the model is live"):
        quantize(model, data, data, progress=False)


# --- the smallest file ----------------------------------------------------------------------------


def test_the_smallest_file_is_the_smallest_within_the_bound(data, pruned):
    found = smallest_file(pruned, data, data, allowed=0.02, levels=(8, 4), epochs=3, **QUICK)
    feasible = [t for t in found.trials if t.metric <= found.bound]
    assert found.best.size == min(t.size for t in feasible) == len(found.blob)
    assert {t.method for t in found.trials} == {"exact", "rounded", "trained"}
    twin = decode_model(found.blob, MLP((6, 16, 2), seed=5))
    wrong = (twin(data[0]).argmax(1) != data[1]).double().mean().item()
    assert wrong == pytest.approx(found.best.metric)
    base = (pruned(data[0]).argmax(1) != data[1]).double().mean().item()
    assert found.bound == pytest.approx(base + 0.02) and wrong <= found.bound
    assert found.best.live == count_nonzero(twin) == count_nonzero(found.model)
    assert found.report().count("->") == 1


def test_bisection_finds_the_highest_price_that_is_allowed(data, pruned):
    """The metric is the number of weights that have gone; all prices one by one are the truth."""
    prices, all_live = (0.0, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0), count_nonzero(pruned)

    def gone(model, data):
        return float(all_live - count_nonzero(model))

    one_by_one = [
        gone(quantize(pruned, data, data, levels=4, price=p, epochs=3, **QUICK), data)
        for p in prices
    ]
    assert one_by_one == sorted(one_by_one) and one_by_one[-1] > one_by_one[0]
    allowed = (one_by_one[0] + one_by_one[-1]) // 2
    found = smallest_file(
        pruned, data, data, metric=gone, allowed=allowed, levels=[4], prices=prices, epochs=3,
        **QUICK,
    )  # fmt: skip
    trained = [t for t in found.trials if t.method == "trained"]
    assert len(trained) == 3
    highest = max(t.price for t in trained if t.feasible)
    assert highest == max(p for p, v in zip(prices, one_by_one, strict=True) if v <= allowed)


def test_a_search_without_training_keeps_a_rounded_file(data, pruned):
    found = smallest_file(pruned, data, data, allowed=1.0, levels=(), progress=False)
    assert found.best.method == "rounded" and found.best.levels == 2


@pytest.mark.parametrize("settings", [dict(allowed=-0.1), dict(prices=(0.1, 0.1))])
def test_a_bad_search(data, pruned, settings):
    with pytest.raises(ValueError, match="allowed must be|prices must rise"):
        smallest_file(pruned, data, data, progress=False, **settings)


def test_a_metric_that_is_not_a_number_or_random_is_refused(data, pruned):
    with pytest.raises(ValueError, match="the metric of the model must be a finite number"):
        smallest_file(pruned, data, data, metric=lambda m, d: float("nan"), progress=False)
    rising = iter(range(100))
    with pytest.raises(ValueError, match="is the metric random"):
        smallest_file(
            pruned,
            data,
            data,
            metric=lambda m, d: next(rising),
            allowed=0,
            levels=(),
            progress=False,
        )


def test_levels_of_a_model_with_frozen_weights_are_kept(data, pruned):
    model = copy.deepcopy(pruned)
    next(model.parameters()).requires_grad_(False)
    found = smallest_file(
        model, data, data, allowed=1.0, levels=[2], prices=[0.0], epochs=2, **QUICK
    )
    trained = [t for t in found.trials if t.method == "trained"]
    assert trained and trained[0].live < count_nonzero(pruned)
