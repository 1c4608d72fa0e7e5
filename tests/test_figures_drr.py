"""The figures on DRR: penalties side by side, Adam's chatter, and the ablation."""

import copy
import math

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from torch import nn

from l0course.datasets import Split
from l0course.figures import adam_chatter, drr_ablation, registry, relaxations
from l0course.hard_concrete import HardConcrete
from l0course.models import MLP
from l0course.penalties import hard_threshold, soft_threshold
from l0course.proximal import prox_smooth_l0
from l0course.regularizers import DRR, L1


def recorded(name: str) -> list[tuple[dict, dict]]:
    try:
        return registry.find(name).load("quick")
    except registry.StaleRecordError as error:
        pytest.skip(str(error))


# --- relaxations ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def curves():
    return relaxations.run({"beta": 5.0, "strength": 0.1, "points": 301, "seed": 0})


@pytest.mark.parametrize("name", ["l1", "l2", "DRR", "log-sum", "capped quadratic", "l0"])
def test_the_third_column_minimises_the_first(curves, name):
    """On the curve's own grid nothing is cheaper than where the map lands."""
    curve = {key: np.array(values) for key, values in curves[name].items()}
    for z, x in zip(curve["size"], curve["prox"], strict=True):
        grid = (curve["size"] - z) ** 2 / 2 + 0.1 * curve["cost"]
        at_x = np.interp(x, curve["size"], curve["cost"]) if x > 0 else 0.0
        assert (x - z) ** 2 / 2 + 0.1 * at_x <= grid.min() + 1e-4


@pytest.mark.parametrize("name", ["l1", "l2", "DRR", "log-sum", "reweighted l1", "Hard-Concrete"])
def test_the_second_column_is_the_slope_of_the_first(curves, name):
    size, cost, slope = (np.array(curves[name][key]) for key in ("size", "cost", "slope"))
    differences = np.diff(cost) / np.diff(size)
    assert differences == pytest.approx((slope[1:] + slope[:-1]) / 2, abs=0.02)


def test_all_stand_on_one_scale_and_reweighted_l1_touches_log_sum_from_above(curves):
    at_one = {name: np.interp(1.0, c["size"], c["cost"]) for name, c in curves.items()}
    reweighted = at_one.pop("reweighted l1")
    assert all(cost == pytest.approx(1.0, abs=0.02) for cost in at_one.values())
    assert reweighted > 1
    gap = np.array(curves["reweighted l1"]["cost"]) - np.array(curves["log-sum"]["cost"])
    assert gap.min() > -1e-4 and curves["l1"]["size"][gap.argmin()] == pytest.approx(0.1, abs=0.01)


def test_hard_concretes_cost_is_the_one_that_the_class_charges():
    """The class's test-time network and penalty, for theta = 1 and some gates."""
    size, cost, *_ = relaxations.hard_concrete(torch.linspace(0, 1.5, 31).double(), 0.1)
    for log_alpha in (-2.0, 0.0, 1.5):
        model = nn.Linear(1, 1, bias=False).double()
        model.weight.data.fill_(1.0)
        gates = HardConcrete(1.0, log_alpha=log_alpha).attach(model)
        weight = float(relaxations.gate(torch.sigmoid(torch.tensor(log_alpha).double())))
        expected = np.interp(weight, size.numpy(), cost.numpy())
        assert gates.penalty().item() == pytest.approx(expected, abs=0.003)


def test_hard_concrete_lands_where_l0_does_and_sampled_gates_find_nothing_better():
    target, strength = torch.tensor([0.2, 0.4, 0.5, 1.2], dtype=torch.float64), 0.1
    prox = relaxations.hard_concrete(target, strength)[3]
    assert torch.allclose(prox, hard_threshold(target, math.sqrt(2 * strength)), atol=1e-3)
    generator = torch.Generator().manual_seed(0)
    u = torch.rand(20_000, generator=generator, dtype=torch.float64)
    for z, x in zip(target.tolist(), prox.tolist(), strict=True):
        ours = (x - z) ** 2 / 2 + strength * (x > 0)
        for log_alpha in np.linspace(-6, 6, 13):
            s = torch.sigmoid((u.logit() + log_alpha) / (2 / 3))
            draws = relaxations.gate(s)
            for theta in (z, 1.2 * z, 2 * z):
                cost = ((theta * draws - z) ** 2 / 2 + strength * (draws > 0)).mean()
                assert cost > ours - 0.003  # of 20,000 draws


def test_the_gallery_follows_beta_and_refuses_what_is_out_of_range():
    figure = relaxations.gallery(beta=12.0)
    labels = [text.get_text() for a in figure.axes if a.legend_ for text in a.legend_.get_texts()]
    assert "DRR, β = 12" in labels and len(labels) == 8
    plt.close(figure)
    with pytest.raises(ValueError, match="beta"):
        relaxations.gallery(beta=0)
    with pytest.raises(ValueError, match="strength"):
        relaxations.gallery(strength=-1)


# --- adam_chatter --------------------------------------------------------------------------------


def silent_split(rows: int = 60) -> Split:
    """Images that are all black: the first layer's weights feel no data."""
    x, y = torch.zeros(rows, 4), torch.arange(rows) % 3
    return Split(x, y, x, y, x, y)


def path_of(alpha: float, method: str = "gradient", lr: float = 1e-3) -> torch.Tensor:
    """The first layer's 20 weights, (100 steps, 20), after 300 steps without any data gradient."""
    model = MLP((4, 5, 3), seed=0)
    optimiser = torch.optim.Adam(model.parameters(), lr=lr)
    penalty = L1(alpha).attach(model)
    order = torch.Generator().manual_seed(0)
    path = adam_chatter.train(model, silent_split(), 150, optimiser, order, method, penalty)
    return path[:, :20]


def test_without_a_data_gradient_alpha_cancels():
    """A hundred times alpha: the same walk, and a rattle of the same size."""
    weak, strong = path_of(1e-3), path_of(1e-1)
    walking = weak[-1].abs() > 0.01  # not yet at 0: they walk at the speed of the rate
    assert torch.allclose(weak[:, walking], strong[:, walking], atol=2e-5)
    moves = weak.diff(dim=0)[:, walking]
    assert walking.any() and torch.allclose(moves.abs(), torch.full_like(moves, 1e-3), rtol=1e-2)
    there = weak[0].abs() < 0.002
    amplitudes = [path[:, there].abs().mean().item() for path in (weak, strong)]
    assert 5e-5 < amplitudes[0] < 1e-3 and amplitudes[1] == pytest.approx(amplitudes[0], rel=0.1)
    assert (weak != 0).all()


def test_the_proximal_step_lands_and_the_decoupled_one_passes():
    landed, passing = path_of(2.0, "proximal"), path_of(2.0, "decoupled")
    assert (landed[-1] == 0).all()
    assert (passing[-1] != 0).all() and passing[-1].abs().max() <= 2e-3


@pytest.mark.parametrize("method", ["gradient", "cosine"])
def test_the_loop_is_adam_on_the_loss_with_the_penalty(method):
    generator = torch.Generator().manual_seed(3)
    x, y = torch.rand(50, 4, generator=generator), torch.arange(50) % 3
    model = MLP((4, 5, 3), seed=0)
    twin = copy.deepcopy(model)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-2)
    order, penalty = torch.Generator().manual_seed(0), DRR(0.01).attach(model)
    split = Split(x, y, x, y, x, y)
    path = adam_chatter.train(model, split, 8, optimiser, order, method, penalty)
    theirs, charge = torch.optim.Adam(twin.parameters(), lr=1e-2), DRR(0.01).attach(twin)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(theirs, 8)
    for _ in range(8):  # one batch holds all rows, so their order does not matter
        theirs.zero_grad()
        (nn.functional.cross_entropy(twin(x), y) + charge.penalty()).backward()
        theirs.step()
        if method == "cosine":
            schedule.step()
    expected = torch.cat([p.detach().flatten() for p in twin.parameters()])
    assert path.shape == (8, len(expected))
    torch.testing.assert_close(path[-1], expected, atol=1e-5, rtol=1e-4)


def test_the_steps_after_adam_by_hand():
    for penalty in (DRR(0.5), L1(0.5)):
        for method in ("decoupled", "proximal"):
            model = MLP((4, 5, 3), seed=1, dtype=torch.float64)
            before = [p.detach().clone() for p in model.parameters()]
            adam_chatter.after_step(penalty.attach(model), method, lr=0.1)
            for old, new in zip(before, model.parameters(), strict=True):
                if method == "decoupled":
                    slope = old.sign() * (
                        5 * torch.exp(-5 * old.abs()) if isinstance(penalty, DRR) else 1
                    )
                    expected = old - 0.05 * slope
                elif isinstance(penalty, DRR):
                    expected = prox_smooth_l0(old, 0.05, 5.0)
                else:
                    expected = soft_threshold(old, 0.05)
                torch.testing.assert_close(new.detach(), expected)


# --- drr_ablation --------------------------------------------------------------------------------


def runs(method: str, alpha: float, *pairs: tuple[float | None, float | None]):
    """(compression rate, test error in %) for the seeds 0, 1, ..."""
    return [
        (
            {"method": method, "alpha": alpha, "seed": seed},
            {"compression_rate": rate, "test_error": None if e is None else e / 100},
        )
        for seed, (rate, e) in enumerate(pairs)
    ]


DRR_LINE = runs("DRR", 1, (10, 1.5), (10, 2.5)) + runs("DRR", 2, (1000, 3.5), (1000, 4.5))


def test_the_excess_is_over_drrs_line_moved_to_the_same_split():
    """Means 2 and 4 points at the rates 10 and 1000; split 0 is easier by half a point."""
    other = runs("x", 1, (100, 3.0), (100, 3.0)) + runs("x", 2, (5000, 9.0), (None, None))
    found = drr_ablation.excess(DRR_LINE + other, "x")
    assert found == pytest.approx([0.5, -0.5, np.nan, np.nan], nan_ok=True)
    assert drr_ablation.excess(DRR_LINE, "DRR") == pytest.approx([0, 0, 0, 0])


def test_the_centre_is_the_mean_of_the_splits_with_its_standard_error():
    other = runs("x", 1, (100, 2.5), (100, 4.5)) + runs("x", 2, (100, 3.5), (None, None))
    # split 0: 0 and 1 above, so 0.5; split 1: 1 above
    assert drr_ablation.centre(DRR_LINE + other, "x") == pytest.approx((0.75, 0.25))


def test_beta_zero_is_magnitude_pruning_to_the_bit():
    cells = {c["method"]: c for c in registry.find("drr_ablation").cells("smoke")}
    silent, plain = (drr_ablation.run(cells[name]) for name in ("beta 0", "magnitude"))
    assert cells["beta 0"]["alpha"] > 0 and cells["beta 0"]["beta"] == 0
    assert silent == plain
    assert drr_ablation.run(cells["DRR"]) != plain


def test_a_dead_network_is_recorded_as_dead_and_other_errors_are_raised():
    cell = copy.deepcopy(registry.find("drr_ablation").cells("smoke")[0])
    cell["schedule"] |= {"warmup": 0, "ramp": 0.0, "regularize": 12, "finetune": 0, "lr": 0.03}
    assert set(drr_ablation.run(cell | {"alpha": 1.0}).values()) == {None}
    cell["schedule"]["lr"] = -1.0
    with pytest.raises(ValueError, match="lr"):
        drr_ablation.run(cell)


def test_every_variant_changes_what_its_name_says():
    cells = {c["method"]: c for c in registry.find("drr_ablation").cells("quick")}
    base = cells["DRR"]
    changed = {
        name: {key for key in base["schedule"] if cell["schedule"][key] != base["schedule"][key]}
        | {key for key in ("beta", "rho", "norm") if cell[key] != base[key]}
        for name, cell in cells.items()
    }
    moved = {"warmup", "regularize", "ramp"}
    assert changed == {
        "DRR": set(), "no warm-up": moved, "no ramp": {"ramp"}, "neither": moved,
        "NORM": {"norm"}, "rho 0.001": {"rho"}, "rho 0.01": {"rho"}, "magnitude": set(),
        "beta 0": {"beta"},
    }  # fmt: skip
    for cell in cells.values():
        schedule = cell["schedule"]
        assert schedule["warmup"] + schedule["regularize"] == 45
        assert schedule["ramp"] * schedule["regularize"] in (0, pytest.approx(20))


# --- the recorded numbers say what the words say -------------------------------------------------


def test_the_ablation_says_what_its_description_says():
    results = recorded("drr_ablation")
    centres = {name: drr_ablation.centre(results, name) for name in drr_ablation.VARIANTS}
    for name in ("no warm-up", "no ramp", "NORM", "rho 0.001", "rho 0.01"):
        middle, error = centres[name]
        assert -0.5 < middle < 0.8 and abs(middle) < 3 * error
    assert centres["neither"][0] > 3 * centres["neither"][1] and centres["neither"][0] > 1
    of = {
        (method, alpha): [r for c, r in results if (c["method"], c["alpha"]) == (method, alpha)]
        for method, alpha in {(c["method"], c["alpha"]) for c, _ in results}
    }
    assert all(r["compression_rate"] is None for r in of["neither", 2e-3])
    assert 12 < np.median([r["compression_rate"] for r in of["DRR", 2e-3]]) < 16
    assert np.median([r["test_error"] for r in of["no ramp", 8e-3]]) > 0.2
    assert of["beta 0", 2e-3] == of["beta 0", 8e-3] == of["magnitude", 0.0]
    assert max(r["compression_rate"] for r in of["magnitude", 0.0]) < 3


def test_the_chatter_says_what_its_description_says():
    results = recorded("adam_chatter")
    of = {
        (penalty, method): adam_chatter.medians(results, penalty, method)
        for penalty, method in adam_chatter.STRENGTHS
    }
    rates = np.array(of["DRR", "gradient"][0])
    assert rates[-1] == 100 * rates[0]
    middle = {key: found for key, (_, found) in of.items()}
    ratio = middle["DRR", "gradient"]["amplitude"] / rates
    assert ratio.min() > 0.13 and ratio.max() < 0.19
    assert (middle["DRR", "decoupled"]["amplitude"] > 3 * rates * ratio).all()
    assert (middle["DRR", "cosine"]["amplitude"][1:] < 1e-3 * rates[1:]).all()
    for penalty in ("DRR", "R-L1"):
        assert (middle[penalty, "proximal"]["amplitude"] == 0).all()
        assert (middle[penalty, "proximal"]["zeros"] > 0.25).all()
        assert all(middle[penalty, m]["zeros"].max() == 0 for m in ("gradient", "cosine"))
        assert middle[penalty, "decoupled"]["zeros"].max() < 0.03
    zeros = middle["DRR", "proximal"]["zeros"]
    assert zeros.min() == pytest.approx(0.49, abs=0.01) and zeros.max() > 0.93
    silent = [
        np.median([r["silent_amplitude"] for c, r in results if gradient_strength(c) == alpha])
        for alpha in (3e-4, 1e-3, 3e-3)
    ]
    assert max(silent) < 1.1 * min(silent)  # alpha cancels


def gradient_strength(cell: dict) -> float | None:
    """The strength of a cell with DRR in Adam's gradient and the rate 0.001."""
    here = (cell["penalty"], cell["method"], cell["lr"]) == ("DRR", "gradient", 1e-3)
    return cell["alpha"] if here else None
