"""PMMP against its peers: reading the lines, and what lesson 03 says of the recorded runs."""

import numpy as np
import pytest

from l0course.figures import registry
from l0course.figures.frontier import at_error, points
from l0course.figures.pmmp_ablation import VARIANTS, excess, variant
from l0course.figures.pmmp_lenet300 import STYLE, regularizer


def runs(method: str, *pairs: tuple[float, float]) -> list[tuple[dict, dict]]:
    """One seed: (compression rate, test error in %) at strengths 0, 1, ..."""
    return [
        ({"method": method, "alpha": i, "seed": 0}, {"compression_rate": r, "test_error": e / 100})
        for i, (r, e) in enumerate(pairs)
    ]


def test_a_point_is_the_median_of_its_seeds():
    cells = [{"method": "DRR", "alpha": 1, "seed": seed} for seed in range(3)]
    outcomes = [(10, 0.02), (30, 0.05), (20, 0.03)]
    results = [
        (cell, {"compression_rate": r, "test_error": e})
        for cell, (r, e) in zip(cells, outcomes, strict=True)
    ]
    assert points(results) == pytest.approx(np.array([[20, 3, 2, 5]]))


def test_the_rate_at_an_error_is_interpolated_in_the_logarithm():
    results = runs("DRR", (10, 2.0), (1000, 4.0)) + runs("R-L1", (5, 9.0), (6, 9.5))
    assert at_error(results, "DRR", 3.0) == pytest.approx(100)
    assert at_error(results, "DRR", 4.0) == pytest.approx(1000)
    assert np.isnan(at_error(results, "DRR", 1.5)) and np.isnan(at_error(results, "R-L1", 3.0))


def test_a_line_that_dips_counts_where_it_is_crossed_last():
    results = runs("DRR", (10, 3.0), (20, 2.0), (40, 4.0))
    assert at_error(results, "DRR", 3.0) == pytest.approx(20 * np.sqrt(2))


def test_the_excess_is_over_drr_at_the_same_rate():
    results = runs("DRR", (10, 2.0), (1000, 4.0)) + runs("square", (100, 5.5), (5, 2.0))
    assert excess(results, "square") == pytest.approx([2.5, np.nan], nan_ok=True)
    assert excess(results, "DRR") == pytest.approx([0, 0])


def test_every_cell_has_its_regulariser():
    for cell in registry.find("pmmp_ablation").cells("smoke"):
        assert variant(cell).alpha == cell["alpha"]
    cells = registry.find("pmmp_lenet300").cells("smoke")
    assert [cell["method"] for cell in cells] == list(STYLE)
    assert len({type(regularizer(cell)) for cell in cells}) == len(STYLE)
    names = {cell["method"] for cell in registry.find("pmmp_ablation").cells("paper")}
    assert names == set(VARIANTS)


def test_the_lenet_runs_say_what_the_lesson_says():
    """Bands for the claims of lesson 03, on the committed numbers."""
    results = registry.find("pmmp_lenet300").load("paper")
    for error in (2.25, 2.5, 3.0):
        exact, drr = (at_error(results, method, error) for method in ("PMMP, exact", "DRR"))
        assert 0.9 < exact / drr < 1.2  # beside DRR
        assert at_error(results, "PMMP, published", error) < 0.4 * drr  # behind
    assert at_error(results, "PMMP, exact", 3.5) < at_error(results, "DRR", 3.5)  # DRR ahead there


def test_the_ablation_says_what_the_lesson_says():
    results = registry.find("pmmp_ablation").load("paper")
    middle = {name: np.nanmedian(excess(results, name)) for name in VARIANTS}
    near = ("exact PMMP", "ADMM", "temperature, annealed", "no revival", "alternating", "absolute")
    assert all(abs(middle[name]) < 0.3 for name in near)
    assert middle["exact PMMP"] < -0.1
    assert middle["square"] > 1 and middle["square, curvature"] > 1
    assert 0.3 < middle["mask from gamma, published"] < middle["published"]
    assert middle["log u, own rates"] > 1
    assert middle["exact PMMP"] < min(middle["absolute"], middle["full curvature"])
