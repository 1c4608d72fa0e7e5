"""The attached penalties against the closed-form gradients of the papers and against autograd."""

import pytest
import torch
from torch import nn

from l0course import DRR, L1, MLP


def small_model() -> nn.Sequential:
    model = MLP((4, 3, 2), seed=0, dtype=torch.float64)
    model[0].weight.data[0, 0] = 0.0  # sign(0) = 0: an exact zero feels nothing
    return model


@pytest.mark.parametrize("ramp", [1.0, 0.25])
def test_drr_gradient_is_the_published_one(ramp):
    """alpha * beta * sign(theta) * exp(-beta |theta|), by autograd and by add_gradient."""
    alpha, beta = 0.3, 5.0
    by_autograd, by_hand = small_model(), small_model()
    regularizer = DRR(alpha, beta).attach(by_autograd)
    regularizer.ramp = ramp
    regularizer.penalty().backward()

    regularizer = DRR(alpha, beta).attach(by_hand)
    regularizer.ramp = ramp
    for p in by_hand.parameters():
        p.grad = torch.ones_like(p)  # the data loss's gradient, to be added to
    regularizer.add_gradient()

    for p, q in zip(by_autograd.parameters(), by_hand.parameters(), strict=True):
        formula = ramp * alpha * beta * torch.sign(p) * torch.exp(-beta * p.abs())
        torch.testing.assert_close(p.grad, formula.detach(), rtol=1e-12, atol=0)
        torch.testing.assert_close(q.grad, 1 + formula.detach(), rtol=1e-12, atol=0)
    assert by_autograd[0].weight.grad[0, 0] == 0


def test_l1_gradient_is_alpha_times_sign():
    model = small_model()
    L1(0.7).attach(model).penalty().backward()
    for p in model.parameters():
        torch.testing.assert_close(p.grad, 0.7 * torch.sign(p.detach()))


def test_frozen_parameters_are_left_alone():
    model = small_model()
    model[0].requires_grad_(False)
    assert [id(p) for p in L1(1.0).attach(model).parameters] == [
        id(p) for p in model[2].parameters()
    ]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: DRR(-1e-3), "alpha must be a finite number of at least 0, but it is -0.001"),
        (lambda: L1(float("nan")), "alpha must"),
        (lambda: DRR(1e-3, beta=0), "beta must be a finite number above 0, but it is 0"),
        (lambda: DRR(1e-3, beta=-5), "beta must"),
        (lambda: L1(1.0).attach(nn.ReLU()), "no trainable parameters"),
    ],
)
def test_bad_input_gets_one_sentence(make, says):
    with pytest.raises(ValueError, match=says):
        make()


def test_penalty_before_attach_says_what_to_do():
    for call in (L1(1.0).penalty, L1(1.0).add_gradient, DRR(1.0).add_gradient):
        with pytest.raises(RuntimeError, match="attach"):
            call()
