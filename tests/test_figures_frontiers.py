"""DRR's frontier beside its rivals: how the baselines are cut, and what lesson 04 says of it."""

import numpy as np
import pytest

from l0course import MLP, error_rate, fit
from l0course.figures import registry
from l0course.figures.drr_frontiers import NO_RAMP, STYLE
from l0course.figures.frontier import at_error


def test_every_method_is_there_with_its_ramp_and_its_beta():
    cells = registry.find("drr_frontiers").cells("paper")
    assert {cell["method"] for cell in cells} == {*STYLE, *NO_RAMP}
    for cell in cells:
        assert ("no ramp" in cell["method"]) == (cell["schedule"].get("ramp") == 0)
        if "DRR" in cell["method"]:
            assert cell["method"].split(",")[1] == f" beta {cell['beta']:.0f}"


def test_magnitude_pruning_keeps_the_largest_weights_and_random_pruning_any():
    figure = registry.find("drr_frontiers")
    cells = {cell["method"]: cell for cell in figure.cells("smoke")}
    large, chance = (figure.compute(cells[method]) for method in ("magnitude", "random"))
    total = 64 * 300 + 300 * 100 + 100 * 10 + 410
    for result in (large, chance):  # one weight in 20, less the dead ones
        assert 0.3 * total / 20 < result["nonzero"] <= round(total / 20)
        assert result["compression_rate"] == pytest.approx(total / result["nonzero"], abs=1e-3)
    assert large["threshold"] > 0 and large["test_error"] < chance["test_error"]
    assert figure.compute(cells["magnitude"]) == large


def test_fit_without_masks_trains_all_weights_and_refuses_what_compress_refuses():
    from l0course.datasets import digits

    split = digits(0)
    model = MLP((64, 30, 10), seed=0)
    dense = fit(model, split.train, split.validation, epochs=15, lr=1e-2, progress=False)
    assert error_rate(dense, split.test) < 0.1 < error_rate(model, split.test)
    for wrong, says in [
        (dict(epochs=-1), "epochs must"),
        (dict(epochs=1, lr=0), "lr must"),
        (dict(epochs=1, batch_size=0), "batch_size must"),
    ]:
        with pytest.raises(ValueError, match=says):
            fit(model, split.train, split.validation, **wrong)


def test_the_mnist_runs_say_what_lesson_04_says():
    """Bands for the claims of lesson 04, on the committed numbers."""
    results = registry.find("drr_frontiers").load("paper")
    rate = {method: at_error(results, method, 2.5) for method in {*STYLE, *NO_RAMP}}
    assert max(rate, key=lambda method: -1 if np.isnan(rate[method]) else rate[method]).startswith(
        "DRR"
    )
    assert rate["DRR, beta 5"] > rate["R-L1"] > 2 * rate["magnitude"]
    assert np.isnan(rate["random"])  # never as good as 2.5 %
    for method in NO_RAMP:  # a ramp is worth something at every beta
        assert rate[method] < rate[method.removesuffix(", no ramp")]


def test_what_two_figures_share_is_the_same_to_the_bit():
    """DRR (beta 5) and R-L1 were trained twice, for this figure and for pmmp_lenet300."""

    def by_run(name, method):
        runs = registry.find(name).load("paper")
        mine = [(c["alpha"], c["seed"], r) for c, r in runs if c["method"] == method]
        return sorted(mine, key=lambda run: run[:2])

    for ours, theirs in [("DRR, beta 5", "DRR"), ("R-L1", "R-L1")]:
        assert by_run("drr_frontiers", ours) == by_run("pmmp_lenet300", theirs)
