"""Normal forms against every permutation and flip; teacher, data and loss against closed forms."""

import itertools
import math
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import nn

from l0course import MLP, gaussian_bits, magnitude_prune
from l0course.teacher_student import (
    distance,
    gaussian_loss,
    normal_form,
    sample,
    student,
    teacher,
    teacher_data,
)

Net = list[tuple[np.ndarray, np.ndarray]]  # (weight, bias) of each layer


def model_of(net: Net) -> nn.Sequential:
    model = MLP([net[0][0].shape[1], *(len(b) for _, b in net)], nn.Tanh, seed=0).double()
    for linear, (w, b) in zip(model[::2], net, strict=True):
        linear.weight.data.copy_(torch.tensor(w))
        linear.bias.data.copy_(torch.tensor(b))
    return model


def net_of(model: nn.Sequential) -> Net:
    return [(m.weight.detach().numpy(), m.bias.detach().numpy()) for m in model[::2]]


def flat(model: nn.Sequential) -> torch.Tensor:
    return nn.utils.parameters_to_vector(model.parameters()).detach()


def bits(model: nn.Sequential) -> bytes:
    """The weights' own bits: 0.0 is not -0.0."""
    return flat(model).numpy().tobytes()


def key(net: Net) -> tuple[float, ...]:
    return tuple(np.concatenate([part.ravel() for layer in net for part in layer]).tolist())


def move(net: Net, orders, signs) -> Net:
    """Hidden layer k in order orders[k], then neuron i of it flipped if signs[k][i] is -1."""
    moved = [(w.copy(), b.copy()) for w, b in net]
    for k, (order, sign) in enumerate(zip(orders, signs, strict=True)):
        order, sign = list(order), np.array(sign)
        (w, b), (after, c) = moved[k], moved[k + 1]
        moved[k] = sign[:, None] * w[order], sign * b[order]
        moved[k + 1] = after[:, order] * sign, c
    return moved


def random_move(net: Net, rng: np.random.Generator) -> Net:
    widths = [len(b) for _, b in net[:-1]]
    return move(net, [rng.permutation(h) for h in widths], [rng.choice([-1, 1], h) for h in widths])


def random_widths(rng: np.random.Generator, largest: int) -> list[int]:
    hidden = rng.integers(1, largest + 1, rng.integers(1, 5))
    return [int(rng.integers(1, 4)), *hidden.tolist(), int(rng.integers(1, 4))]


def random_net(widths, rng: np.random.Generator, values=None) -> Net:
    """Gaussian entries, or entries drawn from `values`."""
    draw = rng.standard_normal if values is None else lambda size: rng.choice(values, size)
    return [(draw((m, n)), draw(m)) for n, m in itertools.pairwise(widths)]


def assert_same_class(net: Net, rng: np.random.Generator) -> None:
    """The moved net has the same form; the form has the same function; twice is once."""
    model, moved = model_of(net), model_of(random_move(net, rng))
    before = flat(model).clone()
    form = normal_form(model)
    x = torch.tensor(rng.uniform(-2, 2, (20, net[0][0].shape[1])))
    torch.testing.assert_close(form(x), model(x), rtol=0, atol=1e-12)
    assert bits(form) == bits(normal_form(moved)) == bits(normal_form(form))
    assert torch.equal(flat(model), before)


# --- the normal form -----------------------------------------------------------------------------


def test_1000_permuted_and_flipped_networks_come_back_to_the_same_bits():
    rng = np.random.default_rng(0)
    for _ in range(1000):
        assert_same_class(random_net(random_widths(rng, 10), rng), rng)


@pytest.mark.parametrize("values", [(-1.0, 0.0, 1.0), (0.0, 0.0, 0.0, 1.0, -2.0), (-1.0, 1.0)])
def test_networks_full_of_ties_and_zeros_come_back_to_the_same_bits(values):
    rng = np.random.default_rng(1)
    for _ in range(150):
        assert_same_class(random_net(random_widths(rng, 6), rng, values), rng)


def test_duplicated_neurons_and_biases_of_equal_size_come_back_to_the_same_bits():
    rng = np.random.default_rng(2)
    for _ in range(150):
        net = random_net(random_widths(rng, 8), rng)
        for (w, b), (after, _) in itertools.pairwise(net):
            h = len(b)
            b[:] = rng.choice([-1.5, 0.0, 1.5], h)  # equal |bias| throughout
            twins = rng.integers(0, h, h)  # the neuron that each one copies
            if rng.random() < 0.7:
                w[:], b[:] = w[twins], b[twins]
            if rng.random() < 0.4:
                after[:] = after[:, twins]
        assert_same_class(net, rng)


def two_regular(*cycles: int) -> Net:
    """Duplicates in both layers, each wired to two of the other: rings of the given lengths."""
    h = sum(cycles)
    ring = np.zeros((h, h))
    for start, n in zip(np.cumsum((0, *cycles)), cycles, strict=False):
        ring[start : start + n, start : start + n] = np.eye(n) + np.roll(np.eye(n), 1, axis=1)
    ones = np.ones(h)
    return [(ones[:, None], ones), (ring, ones), (ones[None], ones[:1])]


@pytest.mark.parametrize("cycles", [(5,), (6,), (3, 3), (3, 4), (3, 3, 4), (2, 3)])
def test_rings_of_duplicates_need_a_search(cycles):
    rng = np.random.default_rng(3)
    for _ in range(5):
        assert_same_class(two_regular(*cycles), rng)


def test_two_rings_of_three_are_not_one_ring_of_six():
    """Every neuron sees the same in both, so no local rule can tell them apart."""
    assert distance(model_of(two_regular(3, 3)), model_of(two_regular(6))) > 0


def buried(net: Net) -> Net:
    """Dead neurons zeroed one at a time, until there are none left to zero."""
    net = [(w.copy(), b.copy()) for w, b in net]
    changed = True
    while changed:
        changed = False
        for (w, b), (after, _) in itertools.pairwise(net):
            for i in range(len(b)):
                silent = b[i] == 0 and (w[i] == 0).all()
                unread = (after[:, i] == 0).all()
                if (silent or unread) and (b[i] or w[i].any() or after[:, i].any()):
                    w[i], b[i], after[:, i] = 0, 0, 0
                    changed = True
    return net


def orbit(net: Net) -> Iterator[tuple[float, ...]]:
    """All permuted and flipped networks."""
    widths = [len(b) for _, b in net[:-1]]
    orders = [itertools.permutations(range(h)) for h in widths]
    signs = [itertools.product((-1, 1), repeat=h) for h in widths]
    pairs = [list(itertools.product(o, s)) for o, s in zip(orders, signs, strict=True)]
    return (key(move(net, *zip(*choice, strict=True))) for choice in itertools.product(*pairs))


def assert_forms_are_orbits(nets: list[Net]) -> int:
    """Two nets have the same form if and only if they lie in the same orbit; number of orbits."""
    forms = [key(net_of(normal_form(model_of(net)))) for net in nets]
    orbits = [max(orbit(buried(net))) for net in nets]
    classes = len(set(zip(forms, orbits, strict=True)))
    assert classes == len(set(forms)) == len(set(orbits))
    return classes


def test_every_network_with_weights_minus_one_zero_one_and_two_hidden_neurons():
    nets = []
    for v in itertools.product((-1.0, 0.0, 1.0), repeat=6):
        v = np.array(v)
        nets.append([(v[:2, None], v[2:4]), (v[None, 4:], np.zeros(1))])
    # One neuron lives in 18 / 2 - 1 = 8 ways up to its sign: (w, b) != 0 and outgoing != 0, so
    # 8 * 2 / 2 = 8 classes, and the dead one. Two neurons: multisets of size 2 of these 9.
    assert assert_forms_are_orbits(nets) == 9 * 10 // 2


@pytest.mark.parametrize("widths", [(2, 3, 1), (1, 2, 2, 1), (1, 3, 2, 1), (1, 2, 2, 2, 1)])
def test_same_form_exactly_if_some_permutation_and_flip_leads_there(widths):
    rng = np.random.default_rng(4)
    nets = []
    for _ in range(25):
        net = random_net(widths, rng, (-1.0, 0.0, 1.0))
        if rng.random() < 0.5:  # duplicates
            net[0][0][:], net[0][1][:] = net[0][0][0], net[0][1][0]
        moved = random_move(net, rng)
        changed = [(w.copy(), b.copy()) for w, b in moved]
        part = changed[rng.integers(len(net))][rng.integers(2)]
        part.flat[rng.integers(part.size)] = rng.choice([-1.0, 0.0, 1.0])
        rewired = [(w.copy(), b.copy()) for w, b in net]
        rewired[-1][0][:] = rewired[-1][0][:, ::-1]  # often another function
        nets += [net, moved, changed, rewired]
    assert 20 < assert_forms_are_orbits(nets) < 76


def test_another_weight_is_another_form():
    rng = np.random.default_rng(5)
    for _ in range(200):
        net = random_net(random_widths(rng, 6), rng)
        other = random_move(net, rng)
        part = other[rng.integers(len(net))][rng.integers(2)]
        part.flat[rng.integers(part.size)] *= 1 + 1e-9
        assert bits(normal_form(model_of(net))) != bits(normal_form(model_of(other)))


def test_biases_are_positive_and_fall_and_ties_go_to_the_incoming_weights():
    rng = np.random.default_rng(6)
    for _, b in net_of(normal_form(model_of(random_net((2, 9, 7, 2), rng))))[:-1]:
        assert (b > 0).all() and (np.diff(b) < 0).all()
    zero, one, two = np.zeros(3), np.ones((1, 3)), np.array([[0, -2.0], [3, 1], [-3, 5]])
    (w, b), (after, _) = net_of(normal_form(model_of([(two, zero), (one, zero[:1])])))
    assert w.tolist() == [[3, 1], [3, -5], [0, 2]]
    assert after.tolist() == [[1, -1, -1]]


def test_dead_neurons_are_zeroed_in_chains_and_stand_last_and_constants_stay():
    w1 = np.array([[0.0], [2.0], [0.0], [1.0]])  # neuron 0 is silent, 2 constant, 3 unread below
    w2 = np.array([[7.0, 0, 0, 0], [0, 1, 5, 0], [0, 3, 0, 4]])  # row 0 hears only the silent one
    net = [(w1, np.array([0.0, 1, 3, 1])), (w2, np.array([0.0, 0, 1]))]
    net.append((np.array([[9.0, 2, 0]]), np.array([0.5])))
    form = normal_form(model_of(net))
    (w, b), (v, c), (u, _) = net_of(form)
    assert (w.tolist(), b.tolist()) == ([[0], [2], [0], [0]], [3, 1, 0, 0])
    assert v.tolist() == [[5, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    assert (c.tolist(), u.tolist()) == ([0, 0, 0], [[2, 0, 0]])
    x = torch.linspace(-2, 2, 9, dtype=torch.float64)[:, None]
    torch.testing.assert_close(form(x), model_of(net)(x), rtol=0, atol=1e-12)
    assert distance(form, model_of(random_move(net, np.random.default_rng(7)))) == 0


def test_single_precision_and_gradients_are_kept_and_a_linear_model_stays():
    net = MLP((3, 6, 6, 2), nn.Tanh, seed=0)
    net[0].requires_grad_(False)
    form = normal_form(net)
    assert [p.dtype for p in form.parameters()] == [torch.float32] * 6
    assert [p.requires_grad for p in form.parameters()] == [False] * 2 + [True] * 4
    assert flat(form).abs().sort()[0].equal(flat(net).abs().sort()[0])  # the numbers themselves
    line = MLP((3, 2), nn.Tanh, seed=0)
    assert torch.equal(flat(normal_form(line)), flat(line))


@pytest.mark.parametrize(
    "model",
    [
        MLP((2, 3, 1), nn.ReLU, seed=0),
        nn.Linear(2, 1),
        nn.Sequential(),
        nn.Sequential(nn.Linear(2, 2), nn.Tanh()),
        nn.Sequential(nn.Linear(2, 2, bias=False), nn.Tanh(), nn.Linear(2, 1)),
    ],
)
def test_what_is_no_tanh_network_is_refused(model):
    with pytest.raises(ValueError, match=r"Linear \(with bias\), Tanh, \.\.\., Linear"):
        normal_form(model)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_weights_that_are_not_finite_are_refused(value):
    net = student()
    net[2].bias.data[3] = value
    with pytest.raises(ValueError, match="NaN or infinite"):
        normal_form(net)


def test_distance_is_euclidean_between_forms_and_pads_the_narrower():
    small = [
        (np.array([[1.0], [2.0]]), np.array([4.0, -3.0])),
        (np.array([[5.0, 6.0]]), np.ones(1)),
    ]
    wide = [
        (np.array([[0.0], [-2.0], [1.0]]), np.array([0.0, 3.0, 4.0])),
        (np.array([[0.0, -6.0, 5.0]]), np.ones(1)),
    ]
    assert distance(model_of(small), model_of(wide)) == 0
    wide[0][0][2] += 3
    wide[1][0][0, 1] -= 4
    assert (
        distance(model_of(small), model_of(wide)) == distance(model_of(wide), model_of(small)) == 5
    )
    for widths in [(2, 3, 1), (1, 3, 2), (1, 3, 3, 1)]:
        with pytest.raises(ValueError, match="same inputs, outputs and number"):
            distance(model_of(small), MLP(widths, nn.Tanh, seed=0))


@pytest.mark.parametrize("widths", [(2, 3, 1), (1, 4, 2), (1, 2, 3, 1)])
def test_distance_is_the_smallest_one_with_one_hidden_layer_and_else_a_bound(widths):
    rng = np.random.default_rng(11)
    exact = 0
    for _ in range(60):
        net, other = random_net(widths, rng), random_net(widths, rng)
        a, b = (model_of(n) for n in (net, other))
        smallest = min(math.dist(key(net), moved) for moved in orbit(other))
        aligned = math.dist(key(net_of(normal_form(a))), key(net_of(normal_form(b))))
        found = distance(a, b)
        assert smallest * (1 - 1e-12) <= found <= aligned * (1 + 1e-12)
        assert found == pytest.approx(distance(model_of(random_move(other, rng)), a), rel=1e-12)
        exact += found == pytest.approx(smallest, rel=1e-12)
    assert exact == 60 if len(widths) == 3 else exact >= 40


@pytest.mark.parametrize("size", [1e-5, 1e-3, 1e-2, 3e-2])
def test_distance_sees_a_small_change_although_the_normal_form_swaps_neurons(size):
    rng = np.random.default_rng(12)
    net = net_of(teacher(dtype=torch.float64))  # two of its |biases| differ by 0.0003
    for _ in range(10):
        other = [tuple(p + size * rng.normal(size=p.shape) for p in layer) for layer in net]
        moved = model_of(random_move(other, rng))
        assert distance(model_of(net), moved) <= math.dist(key(net), key(other)) * (1 + 1e-12)


# --- teacher and student -------------------------------------------------------------------------


def test_the_teacher_is_the_default_network_scaled_and_shifted():
    raw, scaled = MLP((2, 5, 8, 1), nn.Tanh, seed=35), teacher()
    assert torch.equal(scaled[0].weight, 2 * raw[0].weight + 1)
    assert torch.equal(scaled[2].weight, 2 * raw[2].weight)
    for name in ("0.bias", "2.bias", "4.weight", "4.bias"):
        assert torch.equal(scaled.get_parameter(name), raw.get_parameter(name))
    assert teacher(dtype=torch.float64)[0].weight.dtype == torch.float64
    assert not torch.equal(teacher(seed=1)[0].weight, scaled[0].weight)
    assert torch.equal(flat(student()), flat(MLP((2, 25, 25, 1), nn.Tanh, seed=43)))
    for wrong in [dict(widths=(2, 1)), dict(scale=math.nan), dict(scale=0)]:
        with pytest.raises(ValueError, match="hidden layer|scale must be"):
            teacher(**wrong)


def test_a_teacher_hidden_in_a_student_is_found_again():
    """Zero neurons around it, all shuffled and flipped: pruning nothing, its form is the same."""
    truth, wide = teacher(dtype=torch.float64), student(dtype=torch.float64)
    magnitude_prune(wide, 1e9)  # all zero
    for small, large in zip(truth[::2], wide[::2], strict=True):
        m, n = small.weight.shape
        large.weight.data[:m, :n], large.bias.data[:m] = small.weight.data, small.bias.data
    hidden = model_of(random_move(net_of(wide), np.random.default_rng(8)))
    assert distance(truth, hidden) == 0
    assert distance(truth, student(dtype=torch.float64)) > 1


# --- data ----------------------------------------------------------------------------------------


def test_inputs_are_uniform_and_the_noise_has_the_standard_deviation_sigma():
    n, net = 40_000, teacher(widths=(3, 4, 2), dtype=torch.float64)
    x, y = sample(net, n, sigma=0.08, seed=0)
    with torch.no_grad():
        noise = (y - net(x)).numpy() / 0.08
    assert x.shape == (n, 3) and y.shape == (n, 2) and not y.requires_grad
    assert -1 <= x.min() and x.max() <= 1
    columns = np.hstack([x.numpy() * math.sqrt(3), noise])  # independent, mean 0, variance 1
    moments = columns.T @ columns / n
    assert np.abs(columns.mean(0)).max() < 5 / math.sqrt(n)
    assert np.abs(moments - np.eye(5)).max() < 5 * math.sqrt(2 / n)
    fourth = (columns**4).mean(0)  # 9/5 for the uniform law, 3 for the normal; sd < 10 / sqrt(n)
    assert np.abs(fourth - [1.8, 1.8, 1.8, 3, 3]).max() < 0.25


def test_one_seed_fixes_the_bits_and_leaves_the_global_streams_alone():
    net = teacher()
    torch.manual_seed(5)
    np.random.seed(5)
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()
    teacher(), student()
    first, again, other = (sample(net, 50, seed=seed) for seed in (3, 3, 4))
    teacher_data(net, 10, seed=0)
    assert torch.equal(torch.get_rng_state(), torch_state)
    assert (np.random.get_state()[1] == numpy_state).all()
    assert torch.equal(first[0], again[0]) and torch.equal(first[1], again[1])
    assert not set(first[0][:, 0].tolist()) & set(other[0][:, 0].tolist())
    assert first[0].dtype == first[1].dtype == torch.float32


def test_more_rows_and_other_noise_keep_the_inputs():
    net = teacher(dtype=torch.float64)
    x, y = sample(net, 300, 0.1, seed=0)
    short_x, short_y = sample(net, 30, 0.2, seed=0)
    clean_x, clean_y = sample(net, 300, 0, seed=0)
    assert torch.equal(short_x, x[:30]) and torch.equal(clean_x, x)
    torch.testing.assert_close(clean_y, net(x).detach(), rtol=0, atol=1e-14)
    torch.testing.assert_close(short_y - clean_y[:30], 2 * (y - clean_y)[:30], rtol=0, atol=1e-13)


def test_training_validation_and_test_rows_are_independent_also_across_seeds():
    net = teacher(dtype=torch.float64)
    splits = [teacher_data(net, 300, seed=seed) for seed in range(20)]
    parts = [part for s in splits for part in (s.train, s.validation, s.test)]
    parts += [sample(net, 300, seed=seed) for seed in range(60)]
    assert [len(x) for x, _ in parts[:3]] == [300, 1000, 5000]
    numbers = torch.cat([x for x, _ in parts]).flatten()
    assert len(numbers.unique()) == len(numbers)  # no number is shared, so no row
    noise = torch.cat([y - net(x).detach() for x, y in parts])
    assert len(noise.unique()) == len(noise)
    again = teacher_data(net, 300, seed=3, n_validation=7, n_test=8)
    assert torch.equal(again.x_train, splits[3].x_train)
    assert (len(again.x_val), len(again.x_test)) == (7, 8)


@pytest.mark.parametrize("wrong", [dict(n=0), dict(n=2.5), dict(sigma=-1), dict(seed=-1)])
def test_bad_sizes_noise_and_seeds_are_refused(wrong):
    name = next(iter(wrong))
    for draw in (sample, teacher_data):
        with pytest.raises(ValueError, match=f"^{name} must"):
            draw(teacher(), **(dict(n=5, sigma=0.1, seed=0) | wrong))
    with pytest.raises(ValueError, match="^n_test must"):
        teacher_data(teacher(), 5, seed=0, n_test=0)


# --- loss ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("sigma", [1e-3, 0.08, 1.0, 40.0])
def test_the_loss_is_the_gaussian_code_length_of_one_observation(sigma):
    rng = np.random.default_rng(9)
    out, y = rng.standard_normal((2, 50, 3))
    loss = gaussian_loss(
        torch.tensor(out), torch.tensor(y), torch.tensor(sigma, dtype=torch.float64).log()
    )
    assert float(loss) == pytest.approx(gaussian_bits(out - y, sigma) / 150, rel=1e-12)


def test_descent_on_log_sigma_finds_the_mean_square_residual():
    residual = torch.tensor(np.random.default_rng(10).normal(0, 0.08, (300, 1)))
    log_sigma = torch.tensor(math.log(0.1), dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.SGD([log_sigma], lr=0.2)
    for _ in range(200):
        optimiser.zero_grad()
        gaussian_loss(torch.zeros_like(residual), residual, log_sigma).backward()
        optimiser.step()
    assert math.exp(2 * log_sigma.item()) == pytest.approx(float(residual.square().mean()))


def test_the_loss_refuses_to_broadcast():
    with pytest.raises(ValueError, match=r"gaussian_loss needs .* \(4,\) and \(4, 1\)"):
        gaussian_loss(torch.zeros(4, 1), torch.zeros(4), torch.tensor(0.0))
