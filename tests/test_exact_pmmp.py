"""PMMP with w and gamma eliminated: against a search over both, autograd, and DRR as a limit."""

import pytest
import torch

from l0course import DRR, MLP, ExactPMMP, compress
from l0course.figures.pmmp_ablation import (
    ADMM,
    Alternating,
    LogMultiplier,
    MaskFromGamma,
    NoRevival,
    Tempered,
)
from l0course.penalties import capped_quadratic


def small_model() -> torch.nn.Sequential:
    return MLP((3, 4, 2), seed=0, dtype=torch.float64)


def with_gradients(model: torch.nn.Module, seed: int = 0) -> list[torch.Tensor]:
    """Put random gradients into the model; returns copies."""
    g = torch.Generator().manual_seed(seed)
    for p in model.parameters():
        p.grad = torch.randn(p.shape, generator=g, dtype=p.dtype)
    return [p.grad.clone() for p in model.parameters()]


@pytest.mark.parametrize("distance", ["absolute", "square"])
def test_one_weight_costs_the_minimum_over_w_and_gamma(distance):
    """E of alpha z + u d(theta - w z) over the coin z, minimised on a fine grid of w and gamma."""
    d = torch.abs if distance == "absolute" else torch.square
    alpha, start = 0.3, 0.4
    u = alpha / d(torch.tensor(start, dtype=torch.float64))
    gamma = torch.linspace(0, 1, 101, dtype=torch.float64)[:, None]
    for theta in torch.linspace(-1, 1, 21, dtype=torch.float64):
        w = torch.cat([torch.linspace(-2, 2, 401, dtype=torch.float64), theta[None]])
        expected = alpha * gamma + u * (gamma * d(theta - w) + (1 - gamma) * d(theta))
        layer = torch.nn.Linear(1, 1, bias=False, dtype=torch.float64)
        layer.weight.data.fill_(theta)
        penalty = ExactPMMP(alpha, start, distance=distance, curvature=0.0).attach(layer)
        penalty.ramp = 1e-15  # the beginning of the plan
        assert penalty.penalty().item() == pytest.approx(expected.min().item(), abs=1e-12)
        if distance == "square":
            assert penalty.penalty().item() == pytest.approx(
                capped_quadratic(theta, u, alpha).item(), abs=1e-12
            )


@pytest.mark.parametrize("distance", ["absolute", "square"])
@pytest.mark.parametrize("ramp", [0.3, 1.0])
def test_the_fast_gradient_is_that_of_the_penalty(distance, ramp):
    model = small_model()
    regularizer = ExactPMMP(0.7, distance=distance).attach(model)
    regularizer.ramp = ramp
    before = with_gradients(model)
    regularizer.add_gradient()
    by_hand = [p.grad - g for p, g in zip(model.parameters(), before, strict=True)]
    assert len({scale.item() for s in regularizer.scales for scale in s.flatten()}) > 10
    model.zero_grad()
    regularizer.penalty().backward()
    for p, gradient in zip(model.parameters(), by_hand, strict=True):
        torch.testing.assert_close(gradient, p.grad, rtol=1e-10, atol=1e-12)


def test_the_threshold_falls_with_the_plan_and_warm_up_is_free():
    model = small_model()
    regularizer = ExactPMMP(0.7, 0.4, 0.1).attach(model)
    thresholds = []
    for regularizer.ramp in (0.0, 0.5, 1.0):
        thresholds.append(regularizer.threshold)
    assert thresholds == pytest.approx([0.4, 0.2, 0.1])
    regularizer.ramp = 0.0
    before = with_gradients(model)
    regularizer.add_gradient()
    assert (
        all(torch.equal(p.grad, g) for p, g in zip(model.parameters(), before, strict=True))
        and regularizer.penalty().item() == 0
    )


def test_high_curvature_lowers_the_threshold():
    """The rule is h theta^2 / 2 against alpha: where gradients are large, small weights count."""
    layer = torch.nn.Linear(2, 1, bias=False, dtype=torch.float64)
    layer.weight.data[:] = torch.tensor([[0.3, 0.3]])
    regularizer = ExactPMMP(1.0, 0.4, 0.4, curvature=1.0).attach(layer)
    for _ in range(3):
        layer.weight.grad = torch.tensor([[2.0, 0.2]], dtype=torch.float64)
        regularizer.add_gradient()
    steep, flat = (layer.weight.grad - torch.tensor([[2.0, 0.2]]))[0]
    assert steep == 0 and flat > 0  # kept, and pulled to zero
    scale = regularizer.scales[0][0]
    assert scale[0] / scale[1] == pytest.approx(10)


def test_at_temperature_one_it_is_drr():
    """The entropy term makes the corner solution smooth; at temperature 1 this is DRR, exactly."""
    one, other = small_model(), small_model()
    tempered = Tempered(0.7, 0.2, 0.2, end_temperature=1.0)
    tempered.curvature = 0.0
    tempered.attach(one)
    drr = DRR(0.7, beta=5.0).attach(other)
    with_gradients(one), with_gradients(other)
    tempered.add_gradient(), drr.add_gradient()
    for p, q in zip(one.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(p.grad, q.grad, rtol=1e-6, atol=1e-9)


def useless_inputs():
    x = torch.randn(200, 5, generator=torch.Generator().manual_seed(0))
    return x, (x[:, 0] > 0).long()


@pytest.mark.parametrize(
    "regularizer",
    [
        ExactPMMP(1e-2),
        ExactPMMP(1e-2, curvature=0.0),
        Tempered(1e-2),
        Alternating(1e-2),
        LogMultiplier(0.3, u0=0.3, lr=1e-2, lr_u=2e-2),
        ADMM(1e-2, rho=(1e-2, 1.0)),
        NoRevival(1e-2),
        MaskFromGamma(0.5, u0=0.5, lr=1e-2),
    ],
    ids=lambda r: type(r).__name__,
)
def test_compress_takes_the_variants(regularizer):
    data = useless_inputs()
    done = compress(
        MLP((5, 16, 2), seed=0), data, data, regularizer, lr=1e-2, regularize=80, batch_size=50,
        tolerance=0.1, progress=False,
    )  # fmt: skip
    assert done.compression_rate > 5 and done.validation_loss < 0.1


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"start": 0.0}, "start must"),
        ({"end": -1.0}, "end must"),
        ({"start": 0.1, "end": 0.2}, "threshold falls"),
        ({"distance": "cubic"}, '"absolute" or "square"'),
        ({"curvature": 1.5}, "curvature must lie between 0 and 1"),
    ],
)
def test_bad_settings_get_one_sentence(settings, says):
    with pytest.raises(ValueError, match=says):
        ExactPMMP(1e-3, **settings)


def test_the_scales_are_running_means_over_the_whole_model():
    """By hand: two different gradients, the first in the warm-up, and layers of unlike size."""
    model = small_model()
    regularizer = ExactPMMP(0.7, curvature=1.0).attach(model)
    squares = [torch.zeros_like(p) for p in model.parameters()]
    for step, size in enumerate((1.0, 3.0)):
        regularizer.ramp = float(step)
        for i, gradient in enumerate(with_gradients(model, seed=step)):
            list(model.parameters())[i].grad.mul_(size * 10**i)
            squares[i] = 0.999 * squares[i] + 0.001 * (size * 10**i * gradient) ** 2
        regularizer.add_gradient()
    mean = torch.cat([s.flatten() for s in squares]).mean()
    for scale, square in zip(regularizer.scales, squares, strict=True):
        expected = (square / mean).clamp(1e-4, 1e4).sqrt()
        torch.testing.assert_close(scale, expected.detach(), rtol=1e-10, atol=0)
    assert min(scale.min() for scale in regularizer.scales) == 0.01  # the documented limit


def test_a_gradient_that_is_not_finite_does_not_spoil_the_scales():
    model = small_model()
    regularizer = ExactPMMP(0.7).attach(model)
    with_gradients(model)
    regularizer.add_gradient()
    before = [scale.clone() for scale in regularizer.scales]
    with_gradients(model)
    model[0].bias.grad[0] = float("inf")
    regularizer.add_gradient()
    assert all(torch.equal(a, b) for a, b in zip(before, regularizer.scales, strict=True))
