"""Tickets run as networks: their outputs against the target's, in numbers and in whole numbers."""

import copy
import itertools
from functools import cache

import pytest
import torch
from torch import nn

from l0course import MLP, digits
from l0course.lottery import Ticket, random_network, strong_ticket
from l0course.lottery_bound import output_bound, weight_tolerance
from l0course.mask_scores import edge_popup


@cache
def classifier(seed=0):
    """A trained digits classifier, 64-32-10."""
    data, model = digits(seed=0), MLP((64, 32, 10), seed=seed)
    optimiser = torch.optim.Adam(model.parameters(), 5e-3)
    order = torch.Generator().manual_seed(seed)
    for _ in range(25):
        for rows in torch.randperm(len(data.x_train), generator=order).split(50):
            optimiser.zero_grad()
            out = model(data.x_train[rows])
            nn.functional.cross_entropy(out, data.y_train[rows]).backward()
            optimiser.step()
    return model.double().requires_grad_(False)


def small_images(bias=True, seed=0):
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return nn.Sequential(
            nn.Conv2d(2, 3, 3, padding=1, bias=bias), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(3, 2, (3, 2), stride=2, bias=bias), nn.ReLU(), nn.Flatten(),
            nn.Linear(2, 3, bias=bias),
        ).double()  # fmt: skip


def inputs(*shape, seed=0, low=-1.0):
    uniform = torch.rand(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    return low + (1 - low) * uniform


def only_pruned(ticket: Ticket, network: nn.Sequential) -> bool:
    """Every entry is 0 or that of the random network, and the counts are those of the zeros."""
    pairs = list(zip(ticket.network.parameters(), network.parameters(), strict=True))
    kept = sum(int((p != 0).sum()) for p, _ in pairs)
    assert (ticket.kept, ticket.total) == (kept, sum(r.numel() for _, r in pairs))
    return all(bool(((p == 0) | (p == r)).all()) for p, r in pairs)


@torch.no_grad()
def outputs(network, x):
    return torch.cat([network(part) for part in x.split(500)])  # a wide network fills the memory


def sup_error(ticket, target, x):
    return float((outputs(ticket.network, x) - outputs(target, x)).abs().max())


@pytest.mark.parametrize("size", [None, "fewest", 6])
def test_a_small_network_within_the_precision_asked_for(size):
    target = MLP((2, 16, 16, 1), seed=0, dtype=torch.float64)
    network = random_network(target, 80, seed=1)
    before = copy.deepcopy(network.state_dict())
    ticket = strong_ticket(target, network, precision=1e-2, size=size)
    assert all(torch.equal(v, before[k]) for k, v in network.state_dict().items())
    assert only_pruned(ticket, network)
    assert ticket.missed == 0 and ticket.bound <= 1e-2
    corners = torch.tensor(list(itertools.product((-1.0, 1.0), repeat=2)), dtype=torch.float64)
    assert sup_error(ticket, target, torch.cat([inputs(10_000, 2), corners])) <= ticket.bound


def test_the_weights_are_those_that_the_outputs_show():
    """A layer answers a unit vector with a column: this measures its weights from outside."""
    target = MLP((3, 2), seed=0, dtype=torch.float64)
    ticket = strong_ticket(target, random_network(target, 60, seed=2), precision=1e-3)
    eye, zero = torch.eye(3, dtype=torch.float64), torch.zeros(1, 3, dtype=torch.float64)
    with torch.no_grad():
        b = ticket.network(zero)[0]
        plus, minus = (ticket.network(eye) - b).T, -(ticket.network(-eye) - b).T
    weight_error, bias_error = ticket.errors[0]
    worst = torch.maximum(
        (plus - target[0].weight).abs(), (minus - target[0].weight).abs()
    ).detach()
    assert torch.allclose(worst, weight_error, rtol=0, atol=1e-12)
    assert torch.allclose((b - target[0].bias).abs().detach(), bias_error, rtol=0, atol=1e-12)
    assert float(weight_error.max()) <= ticket.tolerance


def test_fewer_units_for_each_weight_make_a_sparser_ticket():
    target = MLP((3, 8, 2), seed=3, dtype=torch.float64)
    network = random_network(target, 80, seed=0)
    every, few = (strong_ticket(target, network, precision=0.1, size=s) for s in (None, "fewest"))
    assert every.missed == few.missed == 0 and few.bound <= 0.1
    assert few.density < 0.6 * every.density
    for k in (1, 5):
        ticket = strong_ticket(target, network, size=k)
        per_output = (ticket.network[2].weight != 0).reshape(8, 4, 80).sum(2)
        assert (per_output[:, :3] == 2 * k).all() and (per_output[:, 3] == k).all()


def test_a_digits_classifier_and_a_random_mask_as_control():
    target, x = classifier(), inputs(10_000, 64, low=0.0)
    network = random_network(target, 80, seed=1)
    ticket = strong_ticket(target, network, precision=0.1, size="fewest", nonnegative=True)
    assert ticket.missed == 0 and only_pruned(ticket, network)
    assert sup_error(ticket, target, x) <= ticket.bound <= 0.1
    data = digits(seed=0)
    x_test = data.x_test.double()
    assert torch.equal(ticket.network(x_test).argmax(1), target(x_test).argmax(1))
    shuffled = copy.deepcopy(network)  # the same share of each tensor, at random places
    generator = torch.Generator().manual_seed(0)
    for p, mask in zip(shuffled.parameters(), ticket.network.parameters(), strict=True):
        order = torch.randperm(p.numel(), generator=generator)
        p.data *= (mask != 0).flatten()[order].view_as(p)
    assert (shuffled(x_test).argmax(1) != data.y_test).double().mean() > 0.6


def rounded(model, bits):
    model = copy.deepcopy(model)
    for p in model.parameters():
        p.data = torch.round(p.data * 2**bits) / 2**bits
    return model


def in_whole_numbers(model, bits, x):
    """The same network in int64: weights times 2^bits, and biases in the unit of their layer."""
    x, unit = x, 4  # the inputs are multiples of 2^-4
    for module in model:
        if isinstance(module, nn.Linear):
            weight = (module.weight.detach() * 2**bits).round().long()
            x = nn.functional.linear(x, weight)
            if module.bias is not None:
                x = x + (module.bias.detach() * 2 ** (bits + unit)).round().long()
            unit += bits
        else:
            x = module(x)
    return x


@pytest.mark.parametrize("size", [None, "fewest", 12])
def test_the_quantised_classifier_is_equal_in_every_bit(size):
    target = rounded(classifier(), 8)
    network = random_network(target, 100, seed=1, bits=4)
    assert all(torch.equal(p * 16, (p * 16).round()) for p in network.parameters())
    ticket = strong_ticket(target, network, bits=4, size=size, nonnegative=True)
    assert ticket.missed == 0 and ticket.bound == 0.0 and only_pruned(ticket, network)
    pixels = torch.randint(0, 17, (10_000, 64), generator=torch.Generator().manual_seed(0))
    x = pixels.double() / 16
    assert torch.equal(outputs(ticket.network, x), outputs(target, x))
    # Two random layers of 4 bits make one layer of 8 bits, so the unit is the same at the end.
    whole = in_whole_numbers(target, 8, pixels[:500])
    assert torch.equal(in_whole_numbers(ticket.network, 4, pixels[:500]), whole)


@pytest.mark.parametrize("bias", [True, False])
def test_a_convolutional_network(bias):
    target, x = small_images(bias), inputs(500, 2, 6, 7)
    network = random_network(target, 60, seed=0)
    ticket = strong_ticket(target, network, precision=0.02, size="fewest", example=x)
    assert ticket.missed == 0 and only_pruned(ticket, network)
    assert sup_error(ticket, target, x) <= ticket.bound <= 0.02
    coarse = rounded(target, 6)
    network = random_network(coarse, 60, seed=0, bits=3)
    ticket = strong_ticket(coarse, network, bits=3, example=x)
    steps = torch.round(8 * x) / 8
    assert ticket.missed == 0 and torch.equal(ticket.network(steps), coarse(steps))


def test_too_few_random_units_miss():
    target = MLP((2, 16, 16, 1), seed=0, dtype=torch.float64)
    ticket = strong_ticket(target, random_network(target, 8, seed=0), precision=1e-2)
    assert ticket.missed > 300 and ticket.bound > 1e-2
    assert sup_error(ticket, target, inputs(1000, 2)) > 1e-2
    coarse = rounded(target, 8)
    ticket = strong_ticket(coarse, random_network(coarse, 12, seed=0, bits=4), bits=4)
    assert ticket.missed > 0 and ticket.bound > 0


def test_the_bound_holds_and_is_reached():
    """One layer: the worst input is a corner of the box, and the bound is its error."""
    layer = MLP((3, 2), seed=0, dtype=torch.float64)
    errors = [(inputs(2, 3, low=0.0), inputs(2, low=0.0))]
    other = copy.deepcopy(layer)
    other[0].weight.data += errors[0][0]
    other[0].bias.data += errors[0][1]
    corner = torch.full((1, 3), 2.0, dtype=torch.float64)
    worst = float((other(corner) - layer(corner)).abs().max().detach())
    assert output_bound(layer, corner, errors) == pytest.approx(worst, rel=1e-12)
    net = small_images()
    tolerance = weight_tolerance(net, torch.ones(1, 2, 6, 7).double(), 0.1)
    for seed in range(20):
        moved, generator = copy.deepcopy(net), torch.Generator().manual_seed(seed)
        for p in moved.parameters():
            signs = torch.randint(0, 2, p.shape, generator=generator) * 2 - 1
            p.data += tolerance * signs
        x = inputs(50, 2, 6, 7, seed=seed).sign()
        assert float((moved(x) - net(x)).abs().max().detach()) <= 0.1


def test_edge_popup_learns_a_mask_and_leaves_the_weights_alone():
    data, model = digits(seed=0), MLP((64, 100, 10), seed=0)
    for p in model.parameters():
        p.data *= 5
    start = copy.deepcopy(model)
    edge_popup(model, data.train, density=0.3, epochs=8)
    for p, q in zip(model.parameters(), start.parameters(), strict=True):
        assert torch.equal(p[p != 0], q[p != 0])
        assert int(p.count_nonzero()) == max(1, round(0.3 * p.numel()))
    wrong = (model(data.x_test).argmax(1) != data.y_test).double().mean()
    assert wrong < 0.15


# -------------------------------------------------------------------- bad input


def test_bad_input_is_named():
    target = MLP((2, 3, 1), seed=0, dtype=torch.float64)
    network = random_network(target, 10, seed=0)
    with pytest.raises(ValueError, match="has a Tanh"):
        random_network(nn.Sequential(nn.Linear(2, 2), nn.Tanh()), 10, seed=0)
    with pytest.raises(ValueError, match="Sequential with a Linear"):
        random_network(nn.Linear(2, 2), 10, seed=0)
    with pytest.raises(ValueError, match="width must"):
        random_network(target, 0, seed=0)
    with pytest.raises(ValueError, match="groups=1"):
        random_network(nn.Sequential(nn.Conv2d(2, 2, 3, groups=2)), 10, seed=0)
    with pytest.raises(ValueError, match="half of its kernel"):
        random_network(nn.Sequential(nn.Conv2d(2, 2, 3, padding=2)), 10, seed=0)
    with pytest.raises(ValueError, match="precision must"):
        strong_ticket(target, network, precision=0.0)
    with pytest.raises(ValueError, match="needs a precision"):
        strong_ticket(target, network, size="fewest")
    with pytest.raises(ValueError, match="size, if it is not 'fewest', must"):
        strong_ticket(target, network, precision=0.1, size="few")
    with pytest.raises(ValueError, match=r"not multiples of 2\^-4"):
        strong_ticket(rounded(target, 8), network, bits=4)
    with pytest.raises(ValueError, match="not made for this target"):
        strong_ticket(MLP((3, 3, 1), seed=0), network, precision=0.1)
    with pytest.raises(ValueError, match=r"not a multiple of 2\^-8"):
        strong_ticket(target, random_network(target, 10, seed=0, bits=4), bits=4)
    with pytest.raises(ValueError, match="needs an example"):
        images = small_images()
        strong_ticket(images, random_network(images, 5, seed=0), precision=0.1)
    broken = copy.deepcopy(target)
    broken[0].weight.data[0, 0] = torch.nan
    with pytest.raises(ValueError, match="not finite"):
        strong_ticket(broken, network, precision=0.1)
    with pytest.raises(ValueError, match="at most 1"):
        edge_popup(MLP((2, 2), seed=0), (inputs(2, 2), torch.zeros(2)), density=1.5, epochs=1)
