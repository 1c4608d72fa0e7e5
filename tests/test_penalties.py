"""Penalties against closed forms, autograd and brute-force minimisation."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from l0course import penalties

THETA = torch.tensor([[3.0, 0.0, -0.2], [1e-3, -7.0, 0.5]], dtype=torch.float64)


def test_values_by_hand():
    assert penalties.l0(THETA) == 5
    assert penalties.l1(THETA).item() == pytest.approx(10.701)
    assert penalties.l2(THETA).item() == pytest.approx(9 + 0.04 + 1e-6 + 49 + 0.25)
    by_hand = sum(1 - math.exp(-5 * abs(v)) for v in THETA.flatten().tolist())
    assert penalties.smooth_l0(THETA, 5).item() == pytest.approx(by_hand, rel=1e-12)


def test_smooth_l0_tends_to_l0():
    gaps = [abs(penalties.smooth_l0(THETA, b).item() - 5) for b in (1, 10, 1e3, 1e5)]
    assert gaps == sorted(gaps, reverse=True) and gaps[-1] < 1e-9


@given(theta=st.floats(-5, 5), u=st.floats(0.01, 20), alpha=st.floats(0, 5))
def test_capped_quadratic_solves_pmmps_inner_problem(theta, u, alpha):
    """min over w, gamma of alpha*gamma + u*[(theta - w*gamma)^2 + w^2*gamma*(1 - gamma)]."""
    gamma = torch.linspace(0, 1, 101, dtype=torch.float64)
    w = torch.linspace(-6, 6, 241, dtype=torch.float64)[:, None]
    w = torch.cat([w, torch.tensor([[theta]], dtype=torch.float64)])
    grid = alpha * gamma + u * ((theta - w * gamma) ** 2 + w**2 * gamma * (1 - gamma))
    exact = penalties.capped_quadratic(torch.tensor([theta], dtype=torch.float64), u, alpha)
    assert grid.min().item() == pytest.approx(exact.item(), abs=1e-12)


@pytest.mark.parametrize(
    ("threshold_map", "t_of_alpha", "penalty"),
    [
        (penalties.hard_threshold, lambda a: math.sqrt(2 * a), lambda x: (x != 0).double()),
        (penalties.soft_threshold, lambda a: a, lambda x: x.abs()),
    ],
)
def test_threshold_maps_are_exact_minimisers(threshold_map, t_of_alpha, penalty):
    """Brute force over a grid never beats the map, entry by entry."""
    grid = torch.linspace(-4, 4, 8001, dtype=torch.float64)
    for alpha in (0.0, 0.3, 1.1):
        for theta in torch.linspace(-3, 3, 37, dtype=torch.float64):
            x = threshold_map(theta[None], t_of_alpha(alpha))
            ours = (x - theta).square() / 2 + alpha * penalty(x)
            brute = ((grid - theta).square() / 2 + alpha * penalty(grid)).min()
            assert ours.item() <= brute.item() + 1e-12


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: penalties.smooth_l0(THETA, 0), "beta"),
        (lambda: penalties.smooth_l0(THETA, float("nan")), "beta"),
        (lambda: penalties.hard_threshold(THETA, -1), "t must"),
        (lambda: penalties.soft_threshold(THETA, -1), "t must"),
        (lambda: penalties.capped_quadratic(THETA, 1.0, -1), "alpha"),
        (lambda: penalties.capped_quadratic(THETA, -1.0, 1), "u must"),
    ],
)
def test_bad_numbers_are_named(call, name):
    with pytest.raises(ValueError, match=name):
        call()
