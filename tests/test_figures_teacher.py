"""The teacher-student figures `l2_rebound` and `teacher_networks`, against independent truths."""

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from l0course import MLP
from l0course.batched_mlp import Students
from l0course.figures import descent, l2_rebound, network, registry, teacher_networks
from l0course.symmetry import distance, normal_form
from l0course.teacher_student import teacher, teacher_data

WIDTHS = descent.WIDTHS


def normal(*shape, seed=0):
    return torch.tensor(np.random.default_rng(seed).standard_normal(shape))


def cell(**values):
    return l2_rebound._cell("A", 100, 2, epochs=20) | values


def arrays(result):
    return {name: np.array(value) for name, value in result.items()}


@pytest.fixture(scope="module")
def smoke():
    return {
        name: [(c, registry.find(name).compute(c)) for c in registry.find(name).cells("smoke")]
        for name in ("l2_rebound", "teacher_networks")
    }


def test_gradient_descent_is_that_of_autograd():
    theta, x, y = 0.3 * normal(2, 751), normal(2, 30, 2, seed=1), normal(2, 30, 1, seed=2)
    data = Students(WIDTHS, x, y, torch.tensor([30, 30]))
    path, train, test = descent.gradient_descent(theta, data, data, 0.05, [0, 1, 4])
    assert torch.equal(path[0], theta) and torch.equal(train, test)
    for run in range(2):
        model = descent.network(theta[run])
        optimiser = torch.optim.SGD(model.parameters(), lr=0.05)
        losses = []
        for _ in range(5):
            optimiser.zero_grad()
            losses.append((model(x[run]) - y[run]).square().mean())
            last = descent._flat(model).clone()
            losses[-1].backward()
            optimiser.step()
        assert (path[2, run] - last).abs().max() < 1e-12
        expected = torch.stack(losses)[[0, 1, 4]].detach()
        assert (train[:, run] - expected).abs().max() < 1e-12


def test_the_curvature_is_that_of_the_loss():
    """The largest eigenvalue by power iteration on autograd's Hessian, the trace by its rows."""
    theta, x = 0.4 * normal(751), normal(20, 2, seed=1)
    model = descent.network(theta)
    parameters = list(model.parameters())
    h = descent.curvature(theta, x)
    output = model(x)
    loss = (output - output.detach()).square().mean()
    slopes = torch.autograd.grad(loss, parameters, create_graph=True)
    v = [torch.ones_like(p) for p in parameters]
    for _ in range(100):
        size = torch.sqrt(sum(part.square().sum() for part in v))
        v = [part / size for part in v]
        v = torch.autograd.grad(slopes, parameters, grad_outputs=v, retain_graph=True)
    assert abs(torch.sqrt(sum(part.square().sum() for part in v)) / h[-1] - 1) < 1e-6
    rows = [torch.autograd.grad(o, parameters, retain_graph=True) for o in model(x)[:, 0]]
    trace = 2 / 20 * sum(part.square().sum() for row in rows for part in row)
    assert abs(trace / h.sum() - 1) < 1e-10


def test_the_linear_response_is_that_of_the_recursion():
    h, n, sigma, lr = torch.tensor([0.0, 0.01, 1.0, 30.0]), 50, 0.1, 0.02
    moved, expected = np.zeros(4), []
    for _ in range(8):  # step by step, for a first slope of 1
        expected.append((moved**2 * 2 * h.numpy() * sigma**2 / n).sum())
        moved = moved - lr * (h.numpy() * moved - 1)
    found = descent.linear_response(h.double(), n, sigma, lr, range(8))
    assert np.allclose(found, expected, rtol=1e-6) and found[0] == 0


def test_noise_moves_a_perfect_student_as_far_as_the_theory_says():
    result = arrays(descent.descend(cell(sigma=1e-3, seeds=list(range(60)), lr=1e-3)))
    assert (result["distance"][0] == 0).all()
    ratio = result["distance"][1:].mean(1) / result["theory"][1:]
    assert (0.6 < ratio).all() and (ratio < 1.6).all()  # 60 sums of about three squares


def test_distances_by_hand():
    result = arrays(descent.descend(cell(perturbation=0.3, teacher_scale=0.2)))
    draws = [np.random.default_rng([0, seed]).standard_normal((2, 751)) for seed in (43, 44)]
    by_hand = [0.09 * np.square(draw[1]).sum() for draw in draws]
    assert np.allclose(result["distance"][0], by_hand, rtol=1e-5)
    assert (result["matched"][0] <= result["distance"][0] * (1 + 1e-5)).all()
    truth = torch.tensor(0.2 * draws[0][0])
    student = truth + 0.3 * torch.tensor(draws[0][1])
    forms = [normal_form(descent.network(theta)) for theta in (student, truth)]
    gaps = [
        (p - q).detach().square().sum()
        for p, q in zip(*(f.parameters() for f in forms), strict=True)
    ]
    assert result["normal_form"][0, 0] == pytest.approx(float(sum(gaps)), rel=1e-5)


def test_matching_undoes_permutations_and_flips():
    theta = normal(751)
    model = descent.network(theta)
    order = torch.randperm(25, generator=torch.Generator().manual_seed(0))
    sign = torch.where(normal(25, seed=1) < 0, -1.0, 1.0)
    with torch.no_grad():
        for into, out in [(model[0], model[2]), (model[2], model[4])]:
            into.weight.copy_(sign[:, None] * into.weight[order])
            into.bias.copy_(sign * into.bias[order])
            out.weight.copy_(sign * out.weight[:, order])
    moved = descent._flat(model)
    assert (moved - theta).square().sum() > 100
    assert descent.up_to_symmetry(moved, theta) == (0.0, 0.0)


def test_matching_one_hidden_layer_is_brute_force(monkeypatch):
    monkeypatch.setattr(descent, "WIDTHS", (1, 3, 1))
    for seed in range(10):
        student, truth = normal(2, 10, seed=seed)
        w = student[:6].view(3, 2)  # weight and bias of each neuron; then 3 weights out and a bias
        least = np.inf
        for order in itertools.permutations(range(3)):
            for signs in itertools.product([1.0, -1.0], repeat=3):
                s = torch.tensor(signs).double()
                moved = (s[:, None] * w[list(order)]).flatten(), s * student[6:9][list(order)]
                other = torch.cat([*moved, student[9:]])
                least = min(least, float((other - truth).square().sum()))
        assert descent.match(student, truth) == pytest.approx(least, rel=1e-12)


def test_the_path_is_that_of_the_slope_and_not_of_the_step():
    options = {"teacher_scale": 1.0, "perturbation": 0.58, "seeds": [43, 44, 45]}
    coarse = arrays(descent.descend(cell(**options, lr=2e-3, epochs=100)))["distance"]
    fine = arrays(descent.descend(cell(**options, lr=5e-4, epochs=400)))["distance"]
    change = fine[-1] - fine[0]
    assert (abs(coarse[-1] - fine[-1]) < 0.1 * abs(change).max()).all()


def test_a_step_that_is_too_long_gets_one_sentence():
    with pytest.raises(ValueError, match="smaller lr"):
        descent.descend(cell(perturbation=0.1, lr=1e3, epochs=200))


def test_scaling_and_rebound_by_hand():
    runs = np.array([[4.0, 1.0], [2.0, 3.0], [3.0, 5.0]])  # (looks, runs)
    assert l2_rebound.scaled(runs).tolist() == [0.5, 0.25, 0.75]
    assert l2_rebound.rebounds(runs).tolist() == [True, True]
    assert l2_rebound.rebounds(np.array([[4.0], [2.0], [2.1]])).tolist() == [False]


@pytest.mark.parametrize("name", ["l2_rebound", "teacher_networks"])
def test_the_smoke_preset_is_drawn_and_listed(smoke, name):
    figure = registry.find(name)
    picture = figure.draw(smoke[name])
    picture.draw_without_rendering()
    assert all(a.get_xlabel() + a.get_ylabel() + a.get_title() for a in picture.axes)
    plt.close(picture)
    header, rows = figure.table(smoke[name])
    assert rows and all(len(row) == len(header) for row in rows)
    for one in figure.published:
        assert np.isfinite(one.ours(smoke[name]))


def test_the_chosen_student_is_the_recorded_one(smoke):
    ((c, result),) = smoke["teacher_networks"]
    a, s = result["chosen"]
    assert result["validation"][a][s] == np.min(result["validation"])
    pruned = teacher_networks.rebuilt(teacher_networks.STUDENT, result["pruned"])
    truth = teacher_networks.rebuilt(teacher_networks.TEACHER, result["teacher"])
    assert all(
        torch.equal(*pair) for pair in zip(truth.parameters(), teacher().parameters(), strict=True)
    )
    untrained = MLP(teacher_networks.STUDENT, torch.nn.Tanh, seed=c["seeds"][s])
    assert result["untrained"] == teacher_networks.weights(untrained)
    assert sum(int(p.count_nonzero()) for p in pruned.parameters()) == result["nonzero"][a][s]
    data = teacher_data(truth, c["n"], 0.08, seed=c["data"])
    x, y = data.test
    error = (pruned(x) - y).square().mean().item()
    assert error == pytest.approx(result["test"][a][s], rel=1e-4)
    assert np.allclose(result["x"], data.train[0], atol=1e-5)
    assert result["pruned_distance"] == pytest.approx(distance(pruned, truth), rel=1e-6)
    header, rows = teacher_networks.table(smoke["teacher_networks"])
    assert [row[header.index("nonzero")] for row in rows if row[-1]] == [result["nonzero"][a][s]]


def test_the_surface_is_the_function():
    heights = teacher_networks.surface(teacher())
    for row, column in [(0, 0), (0, 40), (40, 0), (20, 30)]:
        x = torch.tensor([[-1 + column / 20, -1 + row / 20]])  # across: x1; up: x2
        assert heights[row, column] == pytest.approx(teacher()(x).item(), abs=1e-6)


def test_a_drawing_shows_the_signs_of_the_biases():
    model = teacher()
    axis = network.draw_network(model, biases=True)
    biases = torch.cat([m.bias for m in model[::2]])
    drawn = {m: sum(len(line.get_xdata()) for line in axis.lines if line.get_marker() == m)
             for m in "^v"}  # fmt: skip
    assert drawn == {"^": int((biases > 0).sum()), "v": int((biases < 0).sum())}
    plt.close(axis.figure)


@pytest.mark.parametrize("preset", ["quick", "paper"])
def test_the_rebound_is_as_described(preset):
    """Bands for the claims of the description, on the committed numbers."""
    results = recorded("l2_rebound", preset)
    large, fresh = (l2_rebound.shown(results, name) for name in ("large weights", "fresh weights"))
    curve = l2_rebound.scaled(large["distance"])
    assert curve.min() < curve[0] - 0.1 and curve[-1] > curve.min() + 0.3
    assert l2_rebound.rebounds(large["distance"]).mean() >= 0.6
    assert l2_rebound.rebounds(fresh["distance"]).mean() <= 0.2
    for run in (large, fresh):
        assert abs(run["distance"] / run["distance"][0] - 1).max() < 0.05
        assert (run["train"][-1] < 0.1 * run["train"][0]).all()
        assert (run["test"][-1] < 0.1 * run["test"][0]).all()
    assert (large["matched"][-1] > 0.99 * large["distance"][-1]).all()
    b = l2_rebound.pick(results, "B")[0][1]
    assert (np.diff(b["distance"], axis=0) > 0).all()
    assert (b["train"][-1] < b["train"][0]).all() and (b["curvature"] > 0.1).sum() < 10
    assert abs(l2_rebound.slope(results) - 2) < 0.1
    for _, run in l2_rebound.pick(results, "C"):
        assert 0.25 < run["distance"][-1].mean() / run["theory"][-1] < 3


def test_the_published_line_lies_where_one_step_ends():
    runs = l2_rebound.pick(recorded("l2_rebound", "paper"), "C")
    for at, value in zip(*l2_rebound.READ_OFF["C"], strict=True):
        run = min(runs, key=lambda pair: abs(np.log(pair[0]["sigma"] / at)))[1]
        assert 0.5 < value / run["theory"][1] < 2 and value < run["theory"][-1] / 1000


@pytest.mark.parametrize("preset", ["quick", "paper"])
def test_the_student_is_as_described(preset):
    ((_, result),) = recorded("teacher_networks", preset)
    a, s = result["chosen"]
    assert result["nonzero"][a][s] < 36  # half of the teacher's
    assert result["test"][a][s] < 1.1 * result["teacher_test"]
    zeros = result["teacher_norm"]  # the distance that a network of zeros has
    assert 0.85 * zeros < result["pruned_distance"] < zeros  # nearer, but hardly
    missed = np.sort(np.abs(result["teacher"]))[: 72 - result["nonzero"][a][s]]
    assert result["pruned_distance"] >= np.linalg.norm(missed)  # whatever the matching
    models = [
        teacher_networks.rebuilt(getattr(teacher_networks, widths), result[name])
        for widths, name in [("TEACHER", "teacher"), ("STUDENT", "pruned")]
    ]
    gap = np.subtract(*(teacher_networks.surface(model) for model in models))
    assert np.sqrt(np.square(gap).mean()) < 0.04  # half the noise


def recorded(name, preset):
    try:
        return registry.find(name).load(preset)
    except registry.StaleRecordError as error:
        pytest.skip(str(error))
