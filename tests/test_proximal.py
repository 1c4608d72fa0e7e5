"""Proximal maps against brute force, their limits, and other people's Lambert W."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import lambertw

from l0course import penalties, proximal

CASES = 3000


def draw(seed: int, low: float, high: float) -> torch.Tensor:
    """Log-uniform positive numbers."""
    generator = torch.Generator().manual_seed(seed)
    uniform = torch.rand(CASES, generator=generator, dtype=torch.float64)
    return low * (high / low) ** uniform


def brute_force(z, penalty):
    """Lowest cost over a grid around [0, z] and finer grids around its best point: (cost, x).

    `penalty(x)` takes x of shape (cases, grid). Every case keeps 0 and z as candidates.
    """
    grid = torch.linspace(-0.1, 1.1, 2401, dtype=torch.float64)
    x = z[:, None] * grid
    width = 1.2 / 2400 * z.abs()
    best = torch.zeros_like(z)
    for _ in range(6):
        x = torch.cat([x, torch.zeros_like(z)[:, None], z[:, None], best[:, None]], dim=1)
        cost = (x - z[:, None]).square() / 2 + penalty(x)
        lowest, at = cost.min(dim=1)
        best = x.gather(1, at[:, None])[:, 0]
        x = best[:, None] + width[:, None] * torch.linspace(-1, 1, 41, dtype=torch.float64)
        width = width / 20
    return lowest, best


Z = draw(0, 1e-3, 30.0) * torch.tensor([1.0, -1.0], dtype=torch.float64).repeat(CASES // 2)
STRENGTH, SECOND = draw(1, 1e-4, 10.0), draw(2, 1e-2, 100.0)

MAPS = {  # name: map of one case, its penalty on a grid (cases, grid)
    "l2": (
        lambda z, s, _: proximal.prox_l2(z, s),
        lambda x: STRENGTH[:, None] * x.square(),
    ),
    "smooth l0": (
        proximal.prox_smooth_l0,
        lambda x: -STRENGTH[:, None] * torch.expm1(-SECOND[:, None] * x.abs()),
    ),
    "log sum": (
        proximal.prox_log_sum,
        lambda x: STRENGTH[:, None] * torch.log1p(x.abs() / SECOND[:, None]),
    ),
    "capped quadratic": (
        lambda z, s, u: proximal.prox_capped_quadratic(z, u, s),
        lambda x: torch.minimum(SECOND[:, None] * x.square(), STRENGTH[:, None]),
    ),
}


@pytest.mark.parametrize("name", MAPS)
def test_the_map_is_the_global_minimiser(name):
    """It costs no more than brute force finds, and lies where brute force lies unless they tie."""
    one, penalty = MAPS[name]
    x = torch.cat([one(Z[i : i + 1], float(STRENGTH[i]), float(SECOND[i])) for i in range(CASES)])
    ours = (x - Z).square() / 2 + penalty(x[:, None])[:, 0]
    brute, at = brute_force(Z, penalty)
    scale = Z.square()
    assert ((ours - brute) / scale).max() < 1e-12
    apart = (x - at).abs() > 1e-4 * Z.abs()
    assert apart.double().mean() < 0.01  # flat minima, or ties
    assert ((ours - brute).abs() / scale)[apart].sum() < 1e-7
    if name in ("smooth l0", "log sum"):
        zeros = (x == 0).double().mean()
        assert 0.2 < zeros < 0.8  # both candidates win often


@given(z=st.floats(-40, 40), strength=st.floats(0, 50), second=st.floats(1e-3, 1e3))
def test_maps_shrink_and_keep_the_sign(z, strength, second):
    t = torch.tensor([z], dtype=torch.float64)
    maps = (
        proximal.prox_l2(t, strength),
        proximal.prox_smooth_l0(t, strength, second),
        proximal.prox_log_sum(t, strength, second),
        proximal.prox_capped_quadratic(t, second, strength),
    )
    for x in maps:
        assert x.abs() <= t.abs() and x * t >= 0


@given(z=st.floats(1e-3, 40), strength=st.floats(1e-3, 50), second=st.floats(1e-2, 1e2))
def test_survivors_stand_where_the_slope_is_zero(z, strength, second):
    t = torch.tensor([z], dtype=torch.float64)
    for value, prox in (
        (penalties.smooth_l0, proximal.prox_smooth_l0),
        (proximal.log_sum, proximal.prox_log_sum),
    ):
        x = prox(t, strength, second).requires_grad_()
        if x > 0:
            cost = (x - t).square().sum() / 2 + strength * value(x, second)
            (slope,) = torch.autograd.grad(cost, x)
            assert slope.abs() < 1e-9 * max(1.0, z, strength * second, strength / second)


def test_large_beta_is_hard_thresholding():
    z = torch.linspace(-4, 4, 2001, dtype=torch.float64)
    for strength in (0.1, 0.7, 2.0):
        t = math.sqrt(2 * strength)
        away = ((z.abs() - t).abs() > 1e-3) & (z.abs() > 0)
        got = proximal.prox_smooth_l0(z, strength, beta=1e7)
        assert torch.equal(got[away], penalties.hard_threshold(z, t)[away])


def test_small_beta_is_soft_thresholding():
    """With strength * beta = t the penalty tends to t |x|."""
    z, t = torch.linspace(-4, 4, 2001, dtype=torch.float64), 0.8
    soft = penalties.soft_threshold(z, t)
    gaps = [
        (proximal.prox_smooth_l0(z, t / beta, beta) - soft).abs().max().item()
        for beta in (1e-1, 1e-2, 1e-4, 1e-7)
    ]
    assert gaps == sorted(gaps, reverse=True) and gaps[-1] < 1e-6


def test_large_eps_of_the_log_sum_is_soft_thresholding():
    z, t = torch.linspace(-4, 4, 2001, dtype=torch.float64), 0.8
    got = proximal.prox_log_sum(z, t * 1e7, eps=1e7)
    assert torch.allclose(got, penalties.soft_threshold(z, t), atol=1e-5)


def test_a_large_u_caps_like_the_hard_threshold():
    z, alpha = torch.tensor([0.99, 1.01, -1.01], dtype=torch.float64), 0.5
    got = proximal.prox_capped_quadratic(z, 1e9, alpha)
    assert torch.allclose(got, penalties.hard_threshold(z, math.sqrt(2 * alpha)), atol=1e-8)


def test_u_may_differ_from_entry_to_entry():
    z = torch.tensor([[1.0, 1.0], [-1.0, 1.0]])
    u = torch.tensor([[0.0, 0.1], [0.5, 50.0]])
    one_by_one = [proximal.prox_capped_quadratic(a, float(b), 0.4) for a, b in
                  zip(z.flatten(), u.flatten(), strict=True)]  # fmt: skip
    got = proximal.prox_capped_quadratic(z, u, 0.4)
    assert torch.equal(got.flatten(), torch.stack(one_by_one))
    assert got[0, 0] == 1 and got[1, 1] == 1 and got[1, 0] == -0.5


def test_a_tie_keeps_the_entry():
    """At |z| = sqrt(alpha (1 + 2 u) / u) both candidates of the capped quadratic cost the same."""
    u, alpha = 0.5, 1.0  # the tie is at |z| = 2, exactly
    z = torch.tensor([2.0, -2.0, math.nextafter(2.0, 0)], dtype=torch.float64)
    assert proximal.prox_capped_quadratic(z, u, alpha).tolist()[:2] == [2.0, -2.0]
    assert proximal.prox_capped_quadratic(z, u, alpha)[2] == pytest.approx(1.0)


def test_the_jump_of_drr_is_where_the_costs_cross():
    """Just above the jump the survivor beats 0, just below it loses; both by brute force."""
    strength, beta = 0.3, 5.0
    low, high = 0.0, 3.0
    for _ in range(60):
        middle = (low + high) / 2
        x = proximal.prox_smooth_l0(torch.tensor([middle], dtype=torch.float64), strength, beta)
        low, high = (middle, high) if x == 0 else (low, middle)
    x = float(proximal.prox_smooth_l0(torch.tensor([high], dtype=torch.float64), strength, beta))
    assert x > 0.5  # it jumps
    cost = (x - high) ** 2 / 2 + strength * (1 - math.exp(-beta * x))
    assert cost == pytest.approx(high**2 / 2, rel=1e-12)


def test_lambert_w_agrees_with_scipy():
    near = -1 - torch.logspace(-14, 0, 200, dtype=torch.float64)
    log_q = torch.cat([near, torch.linspace(-2, -600, 400, dtype=torch.float64)])
    truth = -torch.as_tensor(lambertw(-log_q.exp().numpy()).real)
    ours = proximal._minus_lambert_w(log_q)
    well = log_q < -1 - 1e-6  # at the branch point itself scipy sees the rounding of q
    assert ((ours - truth) / truth).abs()[well].max() < 1e-9
    assert (ours - truth).abs().max() < 1e-6
    assert (ours.log() - ours - log_q).abs().max() < 1e-13 * 600


def test_extreme_settings_stay_finite_and_right():
    z = torch.tensor([1e-300, 1e-8, 1.0, 1e8, 1e150, math.inf], dtype=torch.float64)
    for beta in (1e-12, 1.0, 1e12, 1e200):
        x = proximal.prox_smooth_l0(z, 1e-3, beta)
        assert not x.isnan().any() and x[-1] == math.inf and x[3] == pytest.approx(1e8)
    x = proximal.prox_log_sum(z, 1e-3, 1e-12)
    assert not x.isnan().any() and x[-1] == math.inf


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3, 4)])
def test_any_shape_and_dtype(dtype, shape):
    z = torch.ones(shape, dtype=dtype)
    for x in (
        proximal.prox_l2(z, 0.1),
        proximal.prox_smooth_l0(z, 0.1, 5.0),
        proximal.prox_log_sum(z, 0.1, 0.2),
        proximal.prox_capped_quadratic(z, 2.0, 0.1),
    ):
        assert x.shape == z.shape and x.dtype == dtype


def test_strength_zero_changes_nothing_and_nan_stays_nan():
    z = torch.tensor([1.5, -0.0, math.nan])
    for prox in (
        lambda s: proximal.prox_l2(z, s),
        lambda s: proximal.prox_smooth_l0(z, s, 5.0),
        lambda s: proximal.prox_log_sum(z, s, 0.1),
        lambda s: proximal.prox_capped_quadratic(z, 2.0, s),
    ):
        assert torch.equal(prox(0.0)[:2], z[:2])
        assert prox(0.3)[2].isnan() and prox(0.0)[2].isnan()


def test_log_sum_by_hand_and_above_it_the_tangent_of_reweighted_l1():
    theta = torch.tensor([3.0, 0.0, -0.2], dtype=torch.float64)
    by_hand = math.log(1 + 3 / 0.4) + math.log(1 + 0.2 / 0.4)
    assert proximal.log_sum(theta, 0.4).item() == pytest.approx(by_hand)
    old = torch.tensor(0.7, dtype=torch.float64)
    for new in torch.linspace(-3, 3, 61, dtype=torch.float64):
        tangent = proximal.log_sum(old, 0.4) + (new.abs() - old) / (old + 0.4)
        assert proximal.log_sum(new, 0.4) <= tangent + 1e-12


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda z: proximal.prox_l2(z, -1), "strength"),
        (lambda z: proximal.prox_smooth_l0(z, -1, 5), "strength"),
        (lambda z: proximal.prox_smooth_l0(z, 1, 0), "beta"),
        (lambda z: proximal.prox_smooth_l0(z, 1, math.inf), "beta"),
        (lambda z: proximal.prox_log_sum(z, math.nan, 1), "strength"),
        (lambda z: proximal.prox_log_sum(z, 1, 0), "eps"),
        (lambda z: proximal.log_sum(z, 0), "eps"),
        (lambda z: proximal.prox_capped_quadratic(z, 1, -1), "alpha"),
        (lambda z: proximal.prox_capped_quadratic(z, -1, 1), "u must"),
        (lambda z: proximal.prox_capped_quadratic(z, math.nan, 1), "u must"),
        (lambda z: proximal.prox_l2(z.long(), 1), "floating-point"),
        (lambda z: proximal.prox_log_sum(z.tolist(), 1, 1), "floating-point"),
    ],
)
def test_bad_numbers_get_one_clear_sentence(call, words):
    with pytest.raises(ValueError, match=words):
        call(torch.ones(2))
