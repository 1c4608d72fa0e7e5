"""The two other searches for TAMADE's threshold, against trying every threshold."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from l0course import MLP, count_nonzero
from l0course.pruning import magnitude_prune, tamade, threshold_candidates
from l0course.threshold_searches import bisection_tamade, secant_tamade

SEARCHES = [bisection_tamade, secant_tamade]


def vector_model(values) -> nn.Linear:
    model = nn.Linear(len(values), 1, bias=False).double()
    model.weight.data.copy_(torch.as_tensor(values, dtype=torch.float64)[None])
    return model


def sorted_magnitudes(values) -> np.ndarray:
    return np.unique(np.abs(values)[np.abs(values) > 0])


def pruned(values, threshold: float) -> int:
    """How many nonzero values fall below the threshold."""
    return int(((np.abs(values) > 0) & (np.abs(values) < threshold)).sum())


def exhaustive(values, metric, tolerance: float) -> int:
    """The most weights that can go: every threshold is tried. 0 if none can."""
    sizes = sorted_magnitudes(values)
    limit = metric(vector_model(values))
    limit += tolerance * abs(limit)
    best = 0
    for t in [*sizes, 2 * sizes[-1]]:
        model = vector_model(values)
        magnitude_prune(model, t)
        if metric(model) <= limit:
            best = max(best, pruned(values, t))
    return best


def bound(values, resolution: float = 0.0) -> float:
    n = len(threshold_candidates([torch.as_tensor(values, dtype=torch.float64)], resolution))
    return 2 * math.log2(n) + 6


# --- the largest feasible threshold --------------------------------------------------------------


@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize("seed", range(4))
def test_a_rising_metric_gives_the_largest_feasible_threshold(search, seed):
    """Ties, signs and zeros among the weights; a metric that rises with every weight removed."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=120)
    values[:20] = 0
    values[20:40] = -values[40:60]
    cost = torch.from_numpy(rng.random(120))

    def metric(model):
        return 1.0 + float(cost[model.weight[0] == 0].sum())

    for tolerance in (0.0, 0.01, 0.3, 40.0, 1e9):
        model = vector_model(values)
        found = search(model, metric, tolerance, resolution=1e-12)
        removed = 100 - count_nonzero(model)
        assert removed == exhaustive(values, metric, tolerance) == pruned(values, found.threshold)
        assert found.monotone
        kept = (model.weight[0] != 0).numpy()
        assert np.array_equal(kept, (values != 0) & (np.abs(values) >= found.threshold))


def draw(rng: np.random.Generator) -> np.ndarray:
    """Magnitudes as they come: bell, spread over decades, two clusters, heavy tails, few values."""
    n = int(rng.choice([1, 2, 3, 10, 100, 1500]))
    return [
        lambda: rng.normal(size=n),
        lambda: 10 ** rng.uniform(-6, 0, n),
        lambda: np.concatenate([1e-4 * rng.normal(size=9 * n), 0.1 + rng.random(n)]),
        lambda: rng.standard_cauchy(n),
        lambda: rng.choice([0.0, 0.1, -0.1, 0.5, 2.0], n) + 0.25 * (rng.random(n) < 0.1),
    ][rng.integers(5)]()


def rising(rng: np.random.Generator, n: int):
    """A random metric of the number of weights removed that never falls."""
    shape = rng.integers(4)
    at = rng.integers(0, n + 1)
    power = rng.uniform(0.5, 8)
    walk = np.cumsum(rng.exponential(size=n + 1) ** 3)
    return [
        lambda k: 1.0 if k <= at else 1.0 + 10 ** (power - 4),
        lambda k: 1.0 + 0.01 * (k / max(at, 1)) ** power,
        lambda k: 1.0 + 0.01 * walk[k] / walk[at],
        lambda k: 1.0 if k <= at else [math.nan, math.inf][at % 2],
    ][shape]


@pytest.mark.parametrize("seed", range(200))
def test_secant_is_exact_and_never_below_the_bisection_when_the_metric_rises(seed):
    rng = np.random.default_rng(seed)
    values = draw(rng)
    if not np.any(values):
        values[0] = 1.0
    nonzero = int(np.count_nonzero(values))
    of_removed = rising(rng, nonzero)
    removed = [0, *(pruned(values, t) for t in sorted_magnitudes(values)), nonzero]
    want = max(k for k in removed if of_removed(k) <= 1.01 * of_removed(0))

    def metric(model):
        return of_removed(nonzero - count_nonzero(model))

    resolution = float(rng.choice([0.0, 1e-12]))
    model = vector_model(values)
    found = secant_tamade(model, metric, resolution=resolution)
    assert nonzero - count_nonzero(model) == want
    assert found.monotone
    assert found.evaluations == len(found.curve) <= bound(values, resolution)
    plain = bisection_tamade(vector_model(values), metric, resolution=1e-12)
    assert plain.threshold <= found.threshold * (1 + 1e-12)


@pytest.mark.parametrize("search", SEARCHES)
def test_everything_can_go_or_nothing(search):
    model = vector_model([1.0, -2.0, 0.0, 3.0])
    assert search(model, lambda m: 1.0).threshold > 3.0 and count_nonzero(model) == 0
    model = vector_model([1.0, -2.0, 0.0, 3.0])
    found = search(model, lambda m: 1.0 + (count_nonzero(m) < 3))
    assert 0.0 <= found.threshold <= 1.0 and count_nonzero(model) == 3
    for model in (vector_model([0.0, 0.0]), vector_model([0.0])):
        found = search(model, lambda m: 1.0)
        assert found.threshold == 0 and found.evaluations == 1 and found.monotone


@pytest.mark.parametrize("search", SEARCHES)
def test_a_negative_base_and_a_base_of_zero(search):
    model = vector_model([1.0, 2.0, 3.0])
    found = search(model, lambda m: -100.0 + float((m.weight == 0).sum()), tolerance=0.01)
    assert found.threshold == pytest.approx(2.0) and count_nonzero(model) == 2
    model = vector_model([1.0, 2.0, 3.0])
    search(model, lambda m: float((m.weight == 0).sum() > 1))  # nothing above 0 is tolerated
    assert count_nonzero(model) == 2


@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_values_that_are_not_finite_are_infeasible(search, bad):
    values = np.random.default_rng(0).normal(size=300)
    model = vector_model(values)
    found = search(model, lambda m: 1.0 if count_nonzero(m) >= 200 else bad, resolution=1e-12)
    assert count_nonzero(model) == 200 and found.monotone


@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_other_precisions(search, dtype):
    model = vector_model([0.1, 1.0, 3.0]).to(dtype)
    search(model, lambda m: 1.0 + (count_nonzero(m) < 1))
    assert count_nonzero(model) == 1


# --- metrics that fall again ---------------------------------------------------------------------


def cliff_with_noise(rng: np.random.Generator, n: int) -> np.ndarray:
    """Metric after k weights are gone: a plateau and a cliff at 0.3 n, plus a random walk.

    Up to the cliff the walk strays by half a tolerance (of 0.01) to two of them.
    """
    k, cliff = np.arange(n + 1), 0.3 * n
    walk = np.cumsum(rng.normal(size=n + 1)) * 0.01 * rng.uniform(0.5, 2) / math.sqrt(cliff)
    return 1.0 + 0.01 * (k / cliff) ** 6 + walk - walk[0]


@pytest.mark.parametrize("seed", range(60))
def test_what_it_returns_is_feasible_and_the_next_is_not_whatever_the_metric(seed):
    rng = np.random.default_rng(seed)
    n = 400
    values = rng.normal(size=n)
    curve = cliff_with_noise(rng, n) if seed % 2 else 1.0 + 0.03 * rng.random(n + 1)
    curve[0] = 1.0

    def metric(model):
        return float(curve[n - count_nonzero(model)])

    model = vector_model(values)
    found = secant_tamade(model, metric, resolution=0)
    removed = n - count_nonzero(model)
    assert curve[removed] <= 1.01
    assert removed == n or curve[removed + 1] > 1.01
    assert found.evaluations <= bound(values)
    seen = [value for t, value in found.curve if t <= found.threshold]
    assert found.monotone == all(value <= 1.01 for value in seen)


def test_on_noisy_cliffs_it_never_ends_below_the_bisection():
    """The metric of a trained network crosses its limit several times: so does this one."""
    crossings, evaluations = [], []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        n = 2000
        values, curve = rng.normal(size=n), cliff_with_noise(rng, n)

        def metric(model, curve=curve, n=n):
            return float(curve[n - count_nonzero(model)])

        found = [search(vector_model(values), metric) for search in SEARCHES]
        assert pruned(values, found[1].threshold) >= pruned(values, found[0].threshold)
        feasible = curve <= 1.01
        crossings.append(int((feasible[1:] != feasible[:-1]).sum()))
        evaluations.append([one.evaluations for one in found])
    assert np.median(crossings) >= 3
    plain, secant = np.array(evaluations).T
    assert np.median(secant / plain) <= 0.5 and (secant / plain).max() < 0.75


@pytest.mark.parametrize("search", [*SEARCHES, tamade])
def test_a_dip_beyond_the_cliff_is_reported(search):
    """Infeasible in the middle, feasible again at the end: found from above, and said so."""
    values = np.arange(1, 2001) / 1000

    def dips(model):
        removed = 2000 - count_nonzero(model)
        return 1.02 if 100 < removed < 1200 else 1.0 if removed <= 1500 else 9.0

    model = vector_model(values)
    found = search(model, dips)
    assert dips(model) == 1.0
    below = [value for t, value in found.curve if t <= found.threshold]
    assert found.monotone == (max(below) < 1.01)
    if search is not secant_tamade:
        assert 1998 - count_nonzero(model) <= 1500


def test_monotone_is_false_when_an_infeasible_threshold_below_was_seen():
    values = np.arange(1, 65) / 64

    def metric(model):  # bad exactly at the first question, 1/16 of the largest magnitude
        removed = 64 - count_nonzero(model)
        return 1.015 if removed == 3 else 1.0 if removed < 40 else 9.0

    model = vector_model(values)
    found = secant_tamade(model, metric)
    assert count_nonzero(model) == 64 - 39 and not found.monotone


# --- the model -----------------------------------------------------------------------------------


@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_interrupted_search_leaves_the_model_as_it_was(search, error):
    model = vector_model([1.0, 2.0, 3.0, 4.0])
    calls = []

    def metric(m):
        calls.append(1)
        if len(calls) == 2:
            raise error
        return 1.0 if len(calls) == 1 else 5.0

    with pytest.raises(error):
        search(model, metric)
    assert model.weight.tolist() == [[1.0, 2.0, 3.0, 4.0]]


@pytest.mark.parametrize("search", SEARCHES)
def test_several_tensors_share_one_threshold_and_frozen_ones_stay(search):
    model = MLP((20, 30, 10), seed=0)
    model[2].bias.requires_grad_(False)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    total = count_nonzero(model)
    found = search(model, lambda m: 1.0 + (count_nonzero(m) < 0.4 * total), resolution=0)
    assert count_nonzero(model) == math.ceil(0.4 * total)
    for name, p in model.named_parameters():
        kept = before[name].abs() >= (0 if name == "2.bias" else found.threshold)
        assert torch.equal(p, before[name] * kept)


def test_evaluations_count_the_calls_and_the_curve_holds_them():
    model = MLP((20, 30, 10), seed=0)
    for search in SEARCHES:
        calls = []

        def metric(m, calls=calls):
            calls.append(count_nonzero(m))
            return 1.0 + (calls[-1] < 300)

        found = search(MLP((20, 30, 10), seed=0), metric)
        assert found.evaluations == len(calls) == len(found.curve)
        thresholds = [t for t, _ in found.curve]
        assert thresholds == sorted(thresholds) and found.curve[0] == (0.0, 1.0)
    largest = max(float(p.detach().abs().max()) for p in model.parameters())
    plain = bisection_tamade(model, lambda m: 1.0 + (count_nonzero(m) < 300))
    assert plain.evaluations == 1 + math.ceil(math.log2(2 * largest / 1e-7))


@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda s, m: s(m, lambda _: 1.0, tolerance=-0.1), "tolerance must"),
        (lambda s, m: s(m, lambda _: 1.0, resolution=-1), "resolution must"),
        (lambda s, m: s(m, lambda _: math.nan), "metric of the unpruned model is nan"),
        (lambda s, m: s(nn.ReLU(), lambda _: 1.0), "no trainable parameters"),
    ],
)
def test_bad_input_gets_one_sentence(search, call, says):
    model = vector_model([1.0, 2.0])
    with pytest.raises(ValueError, match=says):
        call(search, model)
    assert model.weight.tolist() == [[1.0, 2.0]]


@pytest.mark.parametrize("search", SEARCHES)
def test_huge_weights_are_not_taken_for_one_bin(search):
    """At 1e10 a float32 is 1024 apart from the next: a bin of 1e-7 is no number of its own."""
    model = vector_model([1e10, 1e10, 2e10]).float()
    found = search(model, lambda m: 1.0 if count_nonzero(m) == 3 else 5.0)
    assert count_nonzero(model) == 3 and found.threshold > 0
