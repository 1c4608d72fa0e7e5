"""Masks, TAMADE and random gradient pruning against exhaustive search and planted structure."""

import math

import pytest
import torch
from sklearn.datasets import load_digits
from torch import nn

from l0course import (
    MLP,
    Masks,
    compression_rate,
    count_nonzero,
    magnitude_prune,
    random_gradient_prune,
    tamade,
)
from l0course.pruning import _MOST_EVALUATIONS


def vector_model(values) -> nn.Linear:
    model = nn.Linear(len(values), 1, bias=False).double()
    model.weight.data.copy_(torch.as_tensor(values, dtype=torch.float64)[None])
    return model


# --- what is counted ---------------------------------------------------------------------------


def test_compression_rate_counts_all_trainable_entries_over_nonzero_entries():
    model = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Linear(3, 2))
    for p in model.parameters():
        p.data.fill_(1.0)
    assert compression_rate(model) == 1.0  # running statistics are not counted
    model[0].weight.data[:2] = 0  # 8 of 12 + 3 + 3 + 3 + 6 + 2 = 29 entries
    model[1].bias.data.zero_()
    assert count_nonzero(model) == 18
    assert compression_rate(model) == pytest.approx(29 / 18)
    model[2].requires_grad_(False)
    assert compression_rate(model) == pytest.approx(21 / 10)  # frozen entries count on no side


def test_a_model_of_zeros_is_infinitely_small_and_an_empty_one_is_refused():
    assert compression_rate(vector_model([0.0, 0.0])) == math.inf
    with pytest.raises(ValueError, match="no trainable parameters"):
        compression_rate(nn.ReLU())


# --- masks -------------------------------------------------------------------------------------


def test_magnitude_prune_keeps_what_reaches_the_threshold():
    model = vector_model([0.5, -0.5, 0.49999, 2.0])
    masks = magnitude_prune(model, 0.5)
    assert model.weight.tolist() == [[0.5, -0.5, 0.0, 2.0]]
    model.weight.data.add_(1.0)  # further training moves every entry
    masks.apply(model)
    assert model.weight.tolist() == [[1.5, 0.5, 0.0, 3.0]]


def test_masks_of_another_model_are_refused_and_change_nothing():
    model = MLP((3, 2, 1), seed=0)
    before = [p.clone() for p in model.parameters()]
    with pytest.raises(ValueError, match="another model"):
        Masks.of(MLP((3, 4, 1), seed=0)).apply(model)
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))


# --- TAMADE ------------------------------------------------------------------------------------


def exhaustive(values, metric, tolerance):
    """The largest feasible threshold by trying every one."""
    base = metric(vector_model(values))
    best = 0.0
    sizes = sorted({abs(v) for v in values if v})
    for t in [*sizes, 1.001 * sizes[-1]]:
        model = vector_model(values)
        magnitude_prune(model, t)
        if metric(model) <= base + tolerance * abs(base):
            best = max(best, t)
    return best


@pytest.mark.parametrize("seed", range(6))
def test_tamade_finds_the_largest_feasible_threshold(seed):
    """Planted magnitudes, a metric that rises with every weight removed; ties and zeros too."""
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(400, generator=generator, dtype=torch.float64)
    values[:50] = 0
    values[50:90] = -values[90:130]
    values = values.tolist()
    cost = torch.rand(400, generator=generator, dtype=torch.float64)

    def metric(model):
        return 1.0 + float(cost[model.weight[0] == 0].sum())

    for tolerance in (0.0, 0.01, 0.3, 40.0, 1e9):
        model = vector_model(values)
        found = tamade(model, metric, tolerance, resolution=0)
        want = exhaustive(values, metric, tolerance)
        largest = max(map(abs, values))
        assert found.threshold == want or min(found.threshold, want) > largest
        assert found.evaluations <= _MOST_EVALUATIONS == 30
        assert found.monotone
        kept = model.weight[0] != 0
        original = torch.tensor(values, dtype=torch.float64)
        assert torch.equal(kept, (original != 0) & (original.abs() >= found.threshold))


def test_tamade_stays_within_30_evaluations_on_a_large_model():
    model = MLP((784, 300, 100, 10), seed=0)
    total = count_nonzero(model)
    found = tamade(model, lambda m: 1.0 + (count_nonzero(m) < 0.123 * total))
    assert found.evaluations <= 30
    assert count_nonzero(model) == pytest.approx(0.123 * total, rel=1e-3)  # within `resolution`
    exact = MLP((784, 300, 100, 10), seed=0)
    tamade(exact, lambda m: 1.0 + (count_nonzero(m) < 0.123 * total), resolution=0)
    assert count_nonzero(exact) == math.ceil(0.123 * total)


def test_tamade_says_so_when_the_metric_is_not_monotone():
    values = [float(v) for v in range(1, 2001)]

    def dips(model):  # infeasible between 400 and 1200 weights removed, feasible again after
        removed = int((model.weight == 0).sum())
        return 5.0 if 400 < removed < 1200 or removed > 1900 else 1.0

    model = vector_model(values)
    found = tamade(model, dips)
    assert not found.monotone
    assert found.threshold == exhaustive(values, dips, 0.01) == 1901.0
    thresholds = [t for t, _ in found.curve]
    assert thresholds == sorted(thresholds) and found.curve[0] == (0.0, 1.0)


def test_tamade_with_a_negative_base_and_a_constant_metric():
    """A log density may be negative; a metric that never rises lets everything go."""
    model = vector_model([1.0, 2.0, 3.0])
    found = tamade(model, lambda m: -100.0 + float((m.weight == 0).sum()), tolerance=0.01)
    assert found.threshold == 2.0 and count_nonzero(model) == 2
    assert tamade(model, lambda m: 1.0).threshold > 3.0 and count_nonzero(model) == 0


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_everything_can_go_whatever_the_precision_and_the_resolution(dtype):
    model = vector_model([0.1, 1.0, 3.0]).to(dtype)
    tamade(model, lambda m: 0.0, resolution=10.0)
    assert count_nonzero(model) == 0


def test_an_interrupted_tamade_leaves_the_model_as_it_was():
    model = vector_model([1.0, 2.0, 3.0, 4.0])
    calls = []

    def metric(m):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return 5.0 * len(calls)  # everything is infeasible

    with pytest.raises(KeyboardInterrupt):
        tamade(model, metric)
    assert model.weight.tolist() == [[1.0, 2.0, 3.0, 4.0]]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda m: tamade(m, lambda _: 1.0, tolerance=-0.1), "tolerance must"),
        (lambda m: tamade(m, lambda _: 1.0, resolution=-1), "resolution must"),
        (lambda m: tamade(m, lambda _: float("nan")), "metric of the unpruned model is nan"),
        (lambda m: tamade(nn.ReLU(), lambda _: 1.0), "no trainable parameters"),
        (lambda m: tamade(vector_model([1.0, math.inf]), lambda _: 1.0), "NaN or infinite weights"),
        (lambda m: magnitude_prune(m, -1), "threshold must"),
    ],
)
def test_bad_input_gets_one_sentence(call, says):
    with pytest.raises(ValueError, match=says):
        call(vector_model([1.0, 2.0]))


# --- random gradient pruning -------------------------------------------------------------------


def planted(activation, seed):
    """An MLP with a chain of dead heads and one of dead tails; what must go, as masks."""
    model = MLP((6, 8, 8, 8, 3), activation, seed=seed)
    w1, w2, w3, w4 = (model[i].weight.data for i in (0, 2, 4, 6))
    b1, b2, b3, _ = (model[i].bias.data for i in (0, 2, 4, 6))
    w1[0], b1[0] = 0, 0  # dead head: neuron 0 of layer 1 has no input, so it is always 0 ...
    w2[1, 1:], b2[1] = 0, 0  # ... and neuron 1 of layer 2 listens to it alone
    w4[:, 2] = 0  # dead tail: nobody listens to neuron 2 of layer 3 ...
    w3[3:, 5], w3[:2, 5] = 0, 0  # ... and neuron 5 of layer 2 speaks to it alone
    live = {name: p.detach() != 0 for name, p in model.named_parameters()}
    live["2.weight"][:, 0] = False  # out of the dead head
    live["4.weight"][:, 1] = False
    live["4.weight"][2], live["4.bias"][2] = False, False  # into the dead tail
    live["2.weight"][5], live["2.bias"][5] = False, False
    return model, live


@pytest.mark.parametrize("activation", [nn.Tanh, nn.ReLU])
@pytest.mark.parametrize("seed", range(10))
def test_one_pass_removes_exactly_the_planted_dead_weights(activation, seed):
    model, live = planted(activation, seed)
    before = count_nonzero(model)
    x = torch.rand(16, 6, generator=torch.Generator().manual_seed(seed))
    outputs = model(x)
    removed = random_gradient_prune(model, x, seed)
    after = Masks.of(model)
    assert all(torch.equal(after[name], live[name]) for name in live)
    assert removed == before - count_nonzero(model) > 0
    assert torch.equal(model(x), outputs)  # the function stays, bit for bit
    assert random_gradient_prune(model, x, seed + 1) == 0  # nothing left for a second pass


@pytest.mark.parametrize("seed", range(20))
def test_nothing_that_lives_on_real_data_is_removed(seed):
    """Sparse ReLU networks on the digits: each weight with a gradient on real data stays."""
    digits = load_digits()
    x = torch.tensor(digits.data / 16, dtype=torch.float32)
    y = torch.tensor(digits.target)
    model = MLP((64, 40, 20, 10), seed=seed)
    magnitude_prune(model, 0.11)
    model[0].bias.data -= 0.6 * torch.rand(40, generator=torch.Generator().manual_seed(seed))
    nn.functional.cross_entropy(model(x), y).backward()
    lives = {n: (p.grad != 0) & (p.detach() != 0) for n, p in model.named_parameters()}
    before, outputs = count_nonzero(model), model(x)
    removed = random_gradient_prune(model, x[:50], seed)
    after = Masks.of(model)
    assert all(bool((after[name] | ~lives[name]).all()) for name in lives)
    assert torch.equal(model(x), outputs) and removed == before - count_nonzero(model)


class Functional(nn.Module):
    """ReLU as a function, which no hook sees, with units that are rarely on."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(20, 30), nn.Linear(30, 4)
        self.first.bias.data -= 3

    def forward(self, x):
        return {"scores": self.last(torch.relu(self.first(x))), "unused": None}


@pytest.mark.parametrize("activation", [nn.ReLU6, nn.Hardtanh, nn.Tanh, nn.Sigmoid, None])
def test_what_is_off_or_saturated_on_the_random_inputs_is_not_dead(activation):
    if activation is None:
        model = Functional()
    else:
        model = MLP((20, 30, 10, 4), activation, seed=0)
        for p in model.parameters():
            p.data *= 1000
    before = count_nonzero(model)
    x = torch.randn(4, 20, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():  # a caller's no_grad must not matter
        assert random_gradient_prune(model, x) == 0
    assert count_nonzero(model) == before
    assert all(p.grad is None for p in model.parameters())


def test_tokens_that_are_not_in_the_example_keep_their_embedding():
    model = nn.Sequential(nn.Embedding(30, 8), nn.Flatten(), nn.Linear(32, 3))
    model[2].weight.data.view(3, 4, 8)[:, :, 5] = 0  # nobody listens to coordinate 5
    tokens = torch.randint(0, 5, (4, 4), generator=torch.Generator().manual_seed(0))
    assert random_gradient_prune(model, tokens) == 30
    assert bool((model[0].weight[:, 5] == 0).all()) and count_nonzero(model) == 30 * 7 + 84 + 3


def test_a_recurrent_network_with_a_dead_output_goes_through():
    model = nn.LSTM(3, 4, batch_first=True)
    assert random_gradient_prune(model, torch.randn(2, 5, 3)) == 0


def test_a_relu_that_is_off_on_every_random_input_is_not_taken_for_dead():
    """Live on bright images only: a plain backward pass through ReLU would remove it."""
    model = MLP((100, 1, 1), seed=0)
    model[0].weight.data.fill_(1.0)
    model[0].bias.data.fill_(-80.0)
    model[2].weight.data.fill_(1.0)
    assert random_gradient_prune(model, torch.zeros(32, 100)) == 0


def test_tiny_weights_do_not_underflow_to_dead_ones():
    model = MLP((2, 2, 2, 2, 1), nn.Tanh, seed=0)
    for layer in model[::2]:
        layer.weight.data.fill_(1e-15)
    assert random_gradient_prune(model, torch.ones(4, 2)) == 0


def test_frozen_dropout_batchnorm_and_convolutions():
    model = nn.Sequential(
        nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Dropout(0.5),
        nn.Flatten(), nn.Linear(3 * 36, 4),
    )  # fmt: skip
    model[5].weight.data.view(4, 3, 36)[:, 1] = 0  # nobody listens to channel 1
    before = count_nonzero(model)
    mode = model.training
    removed = random_gradient_prune(model, torch.rand(8, 1, 8, 8))
    assert removed == 9 + 1 + 1  # its kernel, its bias, its batch-norm scale (the shift is 0)
    assert count_nonzero(model) == before - removed and model.training is mode


def test_a_channel_that_only_batch_norm_holds_at_a_constant_is_not_dead():
    model = nn.Sequential(
        nn.Conv2d(1, 2, 1, bias=False), nn.BatchNorm2d(2), nn.ReLU(), nn.Conv2d(2, 1, 1), nn.ReLU()
    ).eval()
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor([0.0, 1.0]).view(2, 1, 1, 1))
        model[1].running_mean.copy_(torch.tensor([-2.0, 0.0]))  # channel 0 is the constant 2
        model[3].weight.fill_(1.0)
        model[3].bias.fill_(-20.0)  # off on the example, and on for brighter images
    bright = torch.full((1, 1, 1, 1), 50.0)
    before = model(bright)
    random_gradient_prune(model, torch.rand(64, 1, 8, 8))
    assert torch.equal(model(bright), before)


def test_rgp_refuses_what_is_not_finite():
    model = vector_model([1.0, float("nan")])
    with pytest.raises(ValueError, match="NaN or infinite weights"):
        random_gradient_prune(model, torch.zeros(2, 2, dtype=torch.float64))
    for example in (torch.full((2, 2), float("nan")), torch.zeros(0, 2)):
        with pytest.raises(ValueError, match="example_input is empty, or holds NaN"):
            random_gradient_prune(vector_model([1.0, 2.0]), example.double())
