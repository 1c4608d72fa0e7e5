"""Sampled gradients of E g(z): unbiased, as noisy as the formulas say, and of the stated price."""

import itertools

import numpy as np
import pytest

from l0course.exact_gradient import egp_gradients
from l0course.mask_gradients import ESTIMATORS, bitflip_1, disarm, gradient_noise, ugc

ALL = pytest.mark.parametrize("name", ESTIMATORS)


def table_of_values(n, seed):
    """A g without any structure: one random number for each mask."""
    values = np.random.default_rng(seed).normal(size=2**n)
    return lambda z: values[z @ (1 << np.arange(n))]


def enumerated(g, gamma):
    """The exact gradient: the definition, averaged over all masks of the other entries."""
    n, gradient = len(gamma), np.zeros(len(gamma))
    for mask in itertools.product([False, True], repeat=n):
        z = np.array(mask)
        for i in range(n):
            others = np.delete(np.where(z, gamma, 1 - gamma), i).prod()
            gradient[i] += (1 if z[i] else -1) * others * g(z[None])[0]
    return gradient


@ALL
@pytest.mark.parametrize("gamma", [[0.3, 0.5, 0.9, 0.07], [0.02, 0.6, 0.45, 0.98, 0.5, 0.2]])
def test_unbiased(name, gamma):
    gamma = np.array(gamma)
    g = table_of_values(len(gamma), seed=1)
    generator = np.random.default_rng(2)
    draws = np.array([ESTIMATORS[name](g, gamma, generator, 8) for _ in range(4000)])
    error = np.abs(draws.mean(axis=0) - enumerated(g, gamma))
    assert (error <= 5 * draws.std(axis=0) / np.sqrt(len(draws))).all()


@ALL
def test_the_mean_is_the_closed_form_of_a_squared_error(name):
    generator = np.random.default_rng(0)
    X, y, w = generator.normal(size=(8, 5)), generator.normal(size=8), generator.normal(size=5)
    gamma = np.array([0.1, 0.5, 0.4, 0.8, 0.3])

    def g(z):
        return np.square(y - (z * w) @ X.T).sum(axis=1) + 0.7 * z.sum(axis=1)

    exact = egp_gradients(X, y, w, gamma, 0.7)[1]
    assert np.allclose(exact, enumerated(g, gamma), atol=1e-10)
    noise, bias = gradient_noise(ESTIMATORS[name], g, gamma, exact, generator, repetitions=2000)
    assert bias < 4 and noise > 0.1


@pytest.mark.parametrize("gamma", [0.05, 0.3, 0.5, 0.8])
def test_noise_of_one_switch(gamma):
    """g(1) - g(0) = 1: the variances are integrals over one uniform number or two coins."""
    m, product = min(gamma, 1 - gamma), gamma * (1 - gamma)
    variance = {
        "REINFORCE-LOO": 1 / (2 * product) - 1,
        "ARM": 2 / 3 * (1 / 8 - (1 / 2 - m) ** 3) / product**2 - 1,
        "DisARM": 1 / (2 * m) - 1,
        "BitFlip-1": 0,
    }
    assert variance["BitFlip-1"] <= variance["DisARM"]
    assert variance["DisARM"] <= min(variance["ARM"], variance["REINFORCE-LOO"])
    generator = np.random.default_rng(3)
    for name, expected in variance.items():
        draws = [
            ESTIMATORS[name](lambda z: 7 + z[:, 0], [gamma], generator, 2) for _ in range(5000)
        ]
        assert np.var(draws) == pytest.approx(expected, rel=0.2, abs=1e-12)


def test_near_the_edge_disarm_explodes_and_ugc_does_not():
    g, generator = table_of_values(5, seed=4), np.random.default_rng(5)
    gamma = np.array([1e-3, 0.5, 0.4, 1 - 1e-3, 0.6])
    exact = enumerated(g, gamma)
    noise = {
        name: gradient_noise(ESTIMATORS[name], g, gamma, exact, generator, 4, 5000)[0]
        for name in ["DisARM", "UGC", "BitFlip-1"]
    }
    assert 3 * noise["UGC"] < noise["DisARM"] and 3 * noise["BitFlip-1"] < noise["DisARM"]


def test_bitflip_is_exact_on_linear_functions():
    a, generator = np.array([1.0, -2.0, 4.0]), np.random.default_rng(0)
    seen = set()
    for _ in range(50):
        estimate = bitflip_1(lambda z: z @ a + 5, [0.0, 0.3, 1.0], generator)
        (i,) = np.flatnonzero(estimate)
        assert estimate[i] == 3 * a[i]
        seen.add(i)
    assert seen == {0, 1, 2}


def test_ugc_takes_bitflip_at_and_below_its_threshold():
    """On a linear g, BitFlip-1 gives 0 or n * a_i; DisARM's values depend on the other entries."""
    a, gamma = np.array([1.0, 2.0, 4.0, 8.0]), np.array([0.1, 0.9, 0.2, 0.5])
    generator = np.random.default_rng(0)
    for threshold, bound in [(None, 1 / 8), (0.1, 0.1), (0.2, 0.2), (0.5, 0.5)]:
        draws = np.array(
            [ugc(lambda z: z @ a, gamma, generator, threshold=threshold) for _ in range(300)]
        )
        flips = [set(np.round(column, 9)) <= {0, 4 * a[i]} for i, column in enumerate(draws.T)]
        assert flips == (np.minimum(gamma, 1 - gamma) <= bound + 1e-12).tolist()


@ALL
def test_the_price_is_the_stated_one_and_the_seed_decides(name):
    asked = []

    def g(z):
        assert z.dtype == bool and z.shape[1] == 3
        asked.append(len(z))
        return z[:, 0] * z[:, 1] + 2.0 * z[:, 2]

    state = np.random.get_state()[1].copy()
    first, again = (
        ESTIMATORS[name](g, [0.2, 0.5, 0.7], np.random.default_rng(6), 12) for _ in range(2)
    )
    assert sum(asked) == 2 * 12
    assert np.array_equal(first, again) and np.array_equal(np.random.get_state()[1], state)


@ALL
@pytest.mark.parametrize(
    ("gamma", "evaluations", "g", "match"),
    [
        ([0.5, 1.2], 4, None, "in \\[0, 1\\]"),
        ([0.5, np.nan], 4, None, "in \\[0, 1\\]"),
        ([[0.5]], 4, None, "one row"),
        ([0.5, 0.5], 1, None, "evaluations"),
        ([0.5, 0.5], 4.0, None, "evaluations"),
        ([0.5, 0.5], 4, lambda z: 1.0, "one number for each"),
        ([0.5, 0.5], 4, lambda z: np.full(len(z), np.nan), "not finite"),
    ],
)
def test_bad_input(name, gamma, evaluations, g, match):
    g = g or (lambda z: z[:, 0])
    with pytest.raises(ValueError, match=match):
        ESTIMATORS[name](g, gamma, np.random.default_rng(0), evaluations)


@pytest.mark.parametrize("name", [name for name in ESTIMATORS if name != "BitFlip-1"])
def test_a_certain_switch_has_no_score(name):
    with pytest.raises(ValueError, match="strictly between"):
        ESTIMATORS[name](lambda z: z[:, 0], [0.0, 0.5], np.random.default_rng(0), 4)


def test_odd_numbers_and_shapes():
    generator = np.random.default_rng(0)
    with pytest.raises(ValueError, match="even"):
        disarm(lambda z: z[:, 0], [0.5], generator, 3)
    with pytest.raises(ValueError, match="multiple of 4"):
        ugc(lambda z: z[:, 0], [0.5], generator, 6)
    with pytest.raises(ValueError, match="threshold"):
        ugc(lambda z: z[:, 0], [0.5], generator, threshold=-1)
    with pytest.raises(ValueError, match="exact"):
        gradient_noise(disarm, lambda z: z[:, 0], [0.5], [1.0, 2.0], generator, repetitions=2)


def test_a_biased_estimator_is_found_out():
    def doubled(g, gamma, generator, evaluations):
        return 2 * disarm(g, gamma, generator, evaluations)

    g, gamma = table_of_values(3, seed=7), np.array([0.3, 0.5, 0.6])
    exact, generator = enumerated(g, gamma), np.random.default_rng(8)
    assert gradient_noise(disarm, g, gamma, exact, generator)[1] < 4
    assert gradient_noise(doubled, g, gamma, exact, generator, repetitions=4000)[1] > 8
