"""LayerDRR: factors by hand, the gradient against autograd, and its work inside compress()."""

import copy

import pytest
import torch
from torch import nn

from l0course.drr_options import LayerDRR
from l0course.models import MLP
from l0course.regularizers import DRR
from l0course.training import compress


def network(seed: int = 0) -> nn.Sequential:
    return MLP((4, 6, 3), seed=seed, dtype=torch.float64)  # layers of 30 and 21 entries


def gradients(regularizer, model, start: float = 0.0) -> list[torch.Tensor]:
    for p in model.parameters():
        p.grad = torch.full_like(p, start)
    regularizer.add_gradient()
    return [p.grad for p in model.parameters()]


def test_factors_by_hand():
    first, bias, last, last_bias = LayerDRR(1.0).attach(network()).factors.values()
    assert first == bias == pytest.approx(51 / (30 * 2))
    assert last == last_bias == pytest.approx(51 / (21 * 2))


def test_every_layer_of_large_weights_costs_the_same():
    model = network()
    for p in model.parameters():
        p.data.fill_(100.0)
    penalty = LayerDRR(0.1).attach(model)
    layers = [sum(penalty.cost(p) for p in model[i].parameters()).item() for i in (0, 2)]
    assert layers == pytest.approx([25.5, 25.5])
    assert penalty.penalty().item() == pytest.approx(5.1)  # as DRR's: 51 entries at 0.1


def test_layers_of_other_kinds_frozen_and_shared_tensors():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Linear(5, 5), nn.Linear(5, 5))
    model[2].weight.requires_grad_(False)  # leaves a bias of 5
    model[3].bias = model[2].bias  # leaves a weight of 25
    factors = LayerDRR(1.0).attach(model).factors
    total, layers = 20 + 4 + 5 + 25, 4
    assert [
        factors[p] for p in (model[0].weight, model[1].bias, model[2].bias, model[3].weight)
    ] == [pytest.approx(total / (n * layers)) for n in (20, 4, 5, 25)]
    assert len(factors) == 6 and model[2].weight not in factors
    assert sum(factors[p] * p.numel() for p in factors) == pytest.approx(total)


@pytest.mark.parametrize("ramp", [1.0, 0.3, 0.0])
@pytest.mark.parametrize("norm", [True, False])
@pytest.mark.parametrize("rho", [0.0, 0.02])
@pytest.mark.parametrize("alpha", [0.0, 0.7])
def test_the_gradient_is_autograds(ramp, norm, rho, alpha):
    model = network()
    penalty = LayerDRR(alpha, beta=3.0, rho=rho, norm=norm).attach(model)
    penalty.ramp = ramp
    truth = torch.autograd.grad(penalty.penalty(), list(model.parameters()))
    for ours, theirs in zip(gradients(penalty, model, 0.5), truth, strict=True):
        torch.testing.assert_close(ours, theirs + 0.5)


def test_without_its_options_it_is_drr():
    model = network()
    ours, plain = LayerDRR(0.3, norm=False).attach(model), DRR(0.3).attach(model)
    assert ours.penalty().item() == plain.penalty().item()
    copied = [g.clone() for g in gradients(ours, model)]
    assert all(map(torch.equal, copied, gradients(plain, model)))


def test_rho_alone_is_l2_by_hand():
    model = network()
    penalty = LayerDRR(0.0, rho=0.25).attach(model)
    squares = sum(p.detach().square().sum().item() for p in model.parameters())
    assert penalty.penalty().item() == pytest.approx(0.25 * squares)
    for p, g in zip(model.parameters(), gradients(penalty, model), strict=True):
        torch.testing.assert_close(g, 0.5 * p.detach())


def test_compress_uses_it_and_leaves_it_as_it_is():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(200, 5, generator=generator)
    y = (x[:, 0] > 0).long()
    options = dict(lr=1e-2, regularize=60, batch_size=50, tolerance=0.1, progress=False)
    model, penalty = MLP((5, 16, 2), seed=0), LayerDRR(3e-2, rho=1e-4)
    before = copy.deepcopy(vars(penalty))
    done = compress(model, (x, y), (x, y), penalty, **options)
    assert vars(penalty) == before
    plain = compress(model, (x, y), (x, y), DRR(0.0), **options)
    assert done.compression_rate > 2 * plain.compression_rate


def test_attach_again_forgets_the_first_model():
    penalty = LayerDRR(1.0)
    assert penalty.attach(network()) is penalty
    other = nn.Linear(2, 2)
    penalty.attach(other)
    assert set(penalty.factors) == set(other.parameters())
    assert list(penalty.factors.values()) == [1.0, 1.0]


def test_a_deep_copy_knows_its_own_parameters():
    model = network()
    penalty = LayerDRR(1.0).attach(model)
    twin, twin_model = copy.deepcopy((penalty, model))
    assert twin.penalty().item() == penalty.penalty().item()
    assert set(twin.factors) == set(twin_model.parameters())


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: LayerDRR(-1.0), "alpha"),
        (lambda: LayerDRR(1.0, 0.0), "beta"),
        (lambda: LayerDRR(1.0, rho=-1.0), "rho"),
        (lambda: LayerDRR(1.0, rho=float("nan")), "rho"),
        (lambda: LayerDRR(1.0).attach(nn.ReLU()), "no trainable parameters"),
    ],
)
def test_bad_settings_get_one_clear_sentence(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_it_says_what_to_do_before_it_is_attached():
    with pytest.raises(RuntimeError, match="LayerDRR"):
        LayerDRR(1.0).penalty()
