"""PMMP against enumeration over masks, autograd, and numerical minimisation."""

import itertools

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from l0course import MLP, PMMP, compress, pmmp_lagrangian
from l0course.penalties import capped_quadratic


def draws(n: int, seed: int) -> list[torch.Tensor]:
    """theta, w of any sign, gamma in [0, 1], u > 0: n of each, float64."""
    g = torch.Generator().manual_seed(seed)
    theta, w = torch.randn(2, n, generator=g, dtype=torch.float64)
    gamma, u = torch.rand(2, n, generator=g, dtype=torch.float64)
    return [theta, w, gamma, 5 * u + 1e-3]


def test_it_is_the_expectation_over_all_masks():
    theta, w, gamma, u = draws(6, seed=0)
    expected = 0.0
    for z in itertools.product([0.0, 1.0], repeat=6):
        z = torch.tensor(z, dtype=torch.float64)
        probability = torch.where(z == 1, gamma, 1 - gamma).prod()
        expected += probability * (0.3 * z.sum() + (u * (theta - w * z) ** 2).sum())
    torch.testing.assert_close(
        pmmp_lagrangian(theta, w, gamma, u, 0.3), expected, rtol=1e-12, atol=0
    )


def test_its_gradients_are_the_published_ones():
    four = [v.requires_grad_() for v in draws(50, seed=1)]
    pmmp_lagrangian(*four, 0.3).backward()
    theta, w, gamma, u = (v.detach() for v in four)
    r = theta - w * gamma
    published = [
        2 * u * r,
        -2 * u * r * gamma + 2 * u * w * gamma * (1 - gamma),
        -2 * u * r * w + u * w**2 * (1 - 2 * gamma) + 0.3,
        r**2 + w**2 * gamma * (1 - gamma),
    ]
    for variable, formula in zip(four, published, strict=True):
        torch.testing.assert_close(variable.grad, formula, rtol=1e-12, atol=1e-12)


def test_minimised_over_w_and_gamma_it_is_a_capped_quadratic():
    """1,000 random cases; a general minimiser with bounds, from both sides, knows no formula."""
    theta, _, _, u = draws(1000, seed=2)
    alpha = np.random.default_rng(2).uniform(0.01, 2, 1000)
    for t, v, a in zip(theta, u, alpha, strict=True):

        def value(x, t=t, v=v, a=a):
            w, gamma = torch.tensor(x, requires_grad=True)
            out = pmmp_lagrangian(t, w, gamma, v, a)
            slopes = torch.autograd.grad(out, (w, gamma))
            return out.item(), np.array([s.item() for s in slopes])

        best = min(
            minimize(
                value, [t.item() * 0.9, start], jac=True, bounds=[(None, None), (0, 1)],
                method="L-BFGS-B", options={"ftol": 1e-16, "gtol": 1e-12},
            ).fun
            for start in (0.02, 0.98)
        )  # fmt: skip
        assert best == pytest.approx(capped_quadratic(t, v, a).item(), abs=1e-8)


def small_model() -> torch.nn.Sequential:
    return MLP((3, 4, 2), seed=0, dtype=torch.float64)


def test_the_fast_gradient_is_that_of_the_penalty_and_u_goes_up():
    model = small_model()
    pmmp = PMMP(alpha=0.2, gamma0=0.7, u0=1.5).attach(model)
    for p, w in zip(model.parameters(), pmmp.w, strict=True):
        w.mul_(0.5)
        p.grad = torch.ones_like(p)
    pmmp.add_gradient()
    by_hand = [v.grad.clone() for v in (*model.parameters(), *pmmp.w, *pmmp.gamma, *pmmp.u)]
    variables = [*model.parameters(), *pmmp.w, *pmmp.gamma, *pmmp.u]
    for v in variables:
        v.requires_grad_().grad = None
    pmmp.penalty().backward()
    for p in model.parameters():
        p.grad += 1
    for v, gradient in zip(variables, by_hand, strict=True):
        torch.testing.assert_close(gradient, v.grad, rtol=1e-12, atol=1e-12)

    for v in variables:
        v.requires_grad_(False)
    pmmp.after_step()
    assert all((u > 1.5).all() for u in pmmp.u)
    assert all(((g >= 0) & (g <= 1)).all() for g in pmmp.gamma)


def test_gamma_stays_in_the_unit_interval():
    model = small_model()
    pmmp = PMMP(alpha=100.0, gamma0=1e-4, u0=1.0).attach(model)
    for p in model.parameters():
        p.grad = torch.zeros_like(p)
    pmmp.add_gradient()
    pmmp.after_step()
    assert all((g == 0).all() for g in pmmp.gamma)


def test_one_weight_is_kept_or_pruned_on_the_right_side_of_the_l0_rule():
    """Loss (theta - target)^2 / 2: keeping is right if target^2 / 2 > alpha (fact sheet, 2.4)."""
    for target, keep in [(0.3, False), (3.0, True)]:
        layer = torch.nn.Linear(1, 1, bias=False, dtype=torch.float64)
        layer.weight.data.fill_(target)
        pmmp = PMMP(alpha=0.5, u0=1.0, lr=1e-2).attach(layer)
        optimiser = torch.optim.Adam(layer.parameters(), lr=1e-2)
        for _ in range(6000):
            optimiser.zero_grad()
            ((layer.weight - target) ** 2 / 2).sum().backward()
            pmmp.add_gradient()
            optimiser.step()
            pmmp.after_step()
        assert pmmp.gamma[0].item() == pytest.approx(float(keep), abs=0.02)
        assert layer.weight.item() == pytest.approx(target if keep else 0, abs=0.05)


def test_warm_up_leaves_pmmp_out():
    model = small_model()
    pmmp = PMMP(alpha=0.2, u0=1.0).attach(model)
    pmmp.ramp = 0.0
    for p in model.parameters():
        p.data += 1
        p.grad = torch.ones_like(p)
    pmmp.add_gradient()
    pmmp.after_step()
    for p, w, u in zip(model.parameters(), pmmp.w, pmmp.u, strict=True):
        assert torch.equal(p.grad, torch.ones_like(p)) and torch.equal(w, p) and (u == 1).all()


def test_compress_takes_it():
    g = torch.Generator().manual_seed(0)
    x = torch.randn(200, 5, generator=g)
    y = (x[:, 0] > 0).long()
    done = compress(
        MLP((5, 16, 2), seed=0), (x, y), (x, y), PMMP(alpha=0.3, u0=0.5, lr=1e-2), lr=1e-2,
        regularize=80, batch_size=50, tolerance=0.1, progress=False,
    )  # fmt: skip
    assert done.compression_rate > 4 and done.validation_loss < 0.1


ONE = torch.ones(2, 3)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"gamma": 1.1 * ONE}, r"gamma holds probabilities and must lie in \[0, 1\]"),
        ({"gamma": float("nan") * ONE}, "gamma holds probabilities"),
        ({"u": -ONE}, "u must be at least 0"),
        ({"w": torch.ones(3, 2)}, r"w \(3, 2\)"),
        ({"u": torch.ones(3)}, r"u \(3,\)"),
        ({"alpha": -1.0}, "alpha must"),
    ],
)
def test_bad_input_gets_one_sentence(change, says):
    good = {"theta": ONE, "w": ONE, "gamma": 0.5 * ONE, "u": ONE, "alpha": 1.0}
    pmmp_lagrangian(**good)
    with pytest.raises(ValueError, match=says):
        pmmp_lagrangian(**(good | change))


@pytest.mark.parametrize(
    ("numbers", "says"),
    [
        ({"gamma0": 1.2}, "gamma0 must lie between 0 and 1"),
        ({"u0": -1.0}, "u0 must"),
        ({"lr": 0.0}, "lr must"),
        ({"lr_u": -1.0}, "lr_u must"),
    ],
)
def test_bad_settings_get_one_sentence(numbers, says):
    with pytest.raises(ValueError, match=says):
        PMMP(1e-3, **numbers)


def test_one_step_moves_all_four_from_the_same_point():
    """By hand, from the published formulas at the old theta; Adam's first step is lr * sign."""
    model = small_model()
    pmmp = PMMP(alpha=0.2, gamma0=0.7, u0=1.5, lr=1e-3, lr_u=5e-2).attach(model)
    optimiser = torch.optim.SGD(model.parameters(), lr=10.0)  # theta moves far
    for w in pmmp.w:
        w.mul_(0.5)
    old = [(p.detach().clone(), w.clone()) for p, w in zip(model.parameters(), pmmp.w, strict=True)]
    for p in model.parameters():
        p.grad = torch.ones_like(p)
    pmmp.add_gradient()
    optimiser.step()
    pmmp.after_step()
    for i, (theta, w) in enumerate(old):
        r = theta - 0.7 * w
        g_w = -2 * 1.5 * r * 0.7 + 2 * 1.5 * w * 0.7 * 0.3
        g_gamma = -2 * 1.5 * r * w + 1.5 * w**2 * (1 - 1.4) + 0.2
        moves = [pmmp.w[i] - w, pmmp.gamma[i] - 0.7, pmmp.u[i] - 1.5]
        for move, expected in zip(
            moves, [-1e-3 * g_w.sign(), -1e-3 * g_gamma.sign(), 5e-2 * (w != 0)], strict=True
        ):
            torch.testing.assert_close(move, expected.to(move), rtol=1e-3, atol=1e-9)


def test_a_gradient_is_used_once():
    """A parameter outside this step's loss keeps its w, gamma and u."""
    model = small_model()
    pmmp = PMMP(alpha=0.2, gamma0=0.7, u0=1.5).attach(model)
    first, last = model[0].weight, model[2].weight
    for p in model.parameters():
        p.grad = torch.ones_like(p)
    for _ in range(2):
        pmmp.add_gradient()
        pmmp.after_step()
        gamma = [g.clone() for g in pmmp.gamma]
        last.grad = None
    kept = [torch.equal(g, before) for g, before in zip(pmmp.gamma, gamma, strict=True)]
    assert all(kept)
    first.grad = torch.ones_like(first)
    pmmp.add_gradient()
    pmmp.after_step()
    moved = [not torch.equal(g, before) for g, before in zip(pmmp.gamma, gamma, strict=True)]
    assert moved == [p is not last for p in model.parameters()]


def test_a_step_without_add_gradient_says_what_to_do():
    pmmp = PMMP(alpha=0.2).attach(small_model())
    with pytest.raises(RuntimeError, match=r"add_gradient\(\) between"):
        pmmp.after_step()
    with pytest.raises(RuntimeError, match="attach"):
        PMMP(alpha=0.2).after_step()
    with pytest.raises(ValueError, match="half precision"):
        PMMP(alpha=0.2).attach(small_model().half())
    with pytest.raises(ValueError, match="floating-point"):
        pmmp_lagrangian(*(torch.tensor([1]) for _ in range(3)), 0.5, 0.1)
