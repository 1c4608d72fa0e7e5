"""Folding and removing neurons: planted structure, brute force, and models made to break it."""

import copy
import itertools

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from l0course import MLP, count_nonzero
from l0course.live_paths import prune_dead
from l0course.neuron_removal import fold_constants, remove_neurons
from l0course.persistent_masks import hold_masks


def randn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@torch.no_grad()
def sparse(model, seed, kept=0.3, rows=0.7):
    """Random zeros in Linear and convolution weights, in whole rows too; random norms."""
    generator = torch.Generator().manual_seed(seed)
    for m in model.modules():
        if isinstance(m, nn.Linear | nn.Conv1d | nn.Conv2d):
            m.weight *= torch.rand(m.weight.shape, generator=generator) < kept
            m.weight[torch.rand(len(m.weight), generator=generator) > rows] = 0
            if m.bias is not None:
                m.bias *= torch.rand(m.bias.shape, generator=generator) < 0.6
        if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d):
            for t in (m.weight, m.bias, m.running_mean):
                t.copy_(torch.randn(t.shape, generator=generator))
            m.running_var.copy_(torch.rand(t.shape, generator=generator) + 0.5)
    return model


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def parameters(model):
    return sum(p.numel() for p in model.parameters())


@torch.no_grad()
def difference(a, b, x):
    return float((copy.deepcopy(a).eval()(x) - copy.deepcopy(b).eval()(x)).abs().max())


def shrunk(model, x):
    """All three steps, each checked against the model as it came."""
    folded = copy.deepcopy(model)
    before = count_nonzero(model)
    assert fold_constants(folded) == before - count_nonzero(folded) >= 0
    assert difference(model, folded, x) < 1e-6
    prune_dead(folded, x)
    small = remove_neurons(folded, x)
    assert difference(model, small, x) < 1e-6
    assert parameters(small) <= parameters(remove_neurons(model, x)) <= parameters(model)
    return small


class LeNet5(nn.Module):
    """As many write it: functions, and a view by the batch size."""

    def __init__(self):
        super().__init__()
        self.conv1, self.norm = nn.Conv2d(1, 6, 5, padding=2), nn.BatchNorm2d(6)
        self.conv2 = nn.Conv2d(6, 8, 5, bias=False)
        self.fc1, self.norm1, self.fc2 = nn.Linear(32, 20), nn.BatchNorm1d(20), nn.Linear(20, 4)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.norm(self.conv1(x))), 2)
        x = F.avg_pool2d(torch.tanh(self.conv2(x)), 2)
        x = F.dropout(x.view(x.size(0), -1), 0.2, self.training)
        return self.fc2(F.relu(self.norm1(self.fc1(x)), inplace=True))


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 6, 3, padding=1)
        self.a, self.b = nn.Conv2d(6, 9, 3, padding=1), nn.Conv2d(9, 6, 3, padding=1)
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 3))

    def forward(self, x):
        x = F.relu(self.stem(x))
        return self.head(F.relu(x + self.b(F.relu(self.a(x)))))


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(11, 8)
        self.layer = nn.TransformerEncoderLayer(8, 2, 12, batch_first=True, activation="gelu")
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.norm = nn.LayerNorm(8)
        self.up, self.down, self.head = nn.Linear(8, 12), nn.Linear(12, 8), nn.Linear(8, 11)

    def forward(self, tokens):
        x = self.layer(self.embed(tokens))
        h = self.norm(x)
        x = x + self.attention(h, h, h, need_weights=False)[0]
        return self.head(x + self.down(F.gelu(self.up(self.norm(x)))))


# --- the function stays, and the sizes are the smallest ------------------------------------------


@pytest.mark.parametrize("seed", range(12))
def test_random_sparse_networks_compute_the_same_on_100_inputs(seed):
    activation = [nn.ReLU, nn.Tanh, nn.GELU, nn.Sigmoid][seed % 4]
    mlp = sparse(MLP((12, 16, 14, 10, 3), activation, seed=seed), seed, kept=0.15)
    shrunk(mlp, randn(100, 12, seed=seed))
    shrunk(sparse(LeNet5(), seed, kept=0.05), randn(100, 1, 16, 16, seed=seed))
    shrunk(sparse(Residual(), seed, kept=0.1), randn(100, 3, 6, 6, seed=seed))


def smallest_width(model, x):
    """By trying every set of hidden neurons: how many must vary if the others stand still?"""
    first, act, second, _, third = model
    want = model(x)
    n, m = first.out_features, second.out_features
    best = n + m
    for still in itertools.product([False, True], repeat=n + m):
        still = torch.tensor(still)
        h = act(first(x))
        h = torch.where(still[:n], h.mean(0), h)
        g = act(second(h))
        g = torch.where(still[n:], g.mean(0), g)
        if (third(g) - want).abs().max() < 1e-9:
            best = min(best, max(1, n - int(still[:n].sum())) + max(1, m - int(still[n:].sum())))
    return best


@pytest.mark.parametrize("seed", range(20))
def test_widths_are_the_smallest_by_brute_force(seed):
    activation = [nn.Tanh, nn.Sigmoid][seed % 2]
    model = sparse(MLP((3, 4, 4, 2), activation, seed=seed, dtype=torch.float64), seed, kept=0.5)
    x = randn(100, 3, seed=seed).double()
    with torch.no_grad():
        want = smallest_width(model, x)
    folded = copy.deepcopy(model)
    fold_constants(folded)
    assert difference(model, folded, x) < 1e-12
    prune_dead(folded, x)
    small = remove_neurons(folded, x)
    assert small[0].out_features + small[2].out_features == want
    assert difference(model, small, x) < 1e-12


def test_planted_neurons_go_and_no_others():
    model = MLP((5, 6, 4, 2), nn.Sigmoid, seed=0, dtype=torch.float64)
    model[0].weight.data[[1, 4]] = 0  # two constants
    model[2].weight.data[3, [0, 2, 3, 5]] = 0  # fed by these constants only
    model[2].weight.data[:, 0] = 0  # unread
    x = randn(50, 5).double()
    folded = copy.deepcopy(model)
    removed = fold_constants(folded)
    # two biases; 2 * 4 weights on constants; the cascade's bias and 2 weights
    assert removed == 2 + 8 + 1 + 2 - 0
    assert difference(model, folded, x) < 1e-12
    assert fold_constants(folded) == 0
    small = remove_neurons(folded, x)
    assert [small[i].weight.shape for i in (0, 2, 4)] == [(3, 5), (3, 3), (2, 3)]
    assert torch.equal(small[0].weight, model[0].weight[[2, 3, 5]])
    assert difference(model, small, x) < 1e-12


def test_constant_inputs_are_folded_for_rows_like_them():
    x = randn(40, 6)
    x[:, 1], x[:, 4] = 0.0, 1.5
    for first in ([], [nn.BatchNorm1d(6)], [nn.Identity(), nn.Tanh()]):
        model = sparse(nn.Sequential(*first, *MLP((6, 5, 2), seed=0)), 0, kept=2, rows=1)
        folded = copy.deepcopy(model)
        assert fold_constants(folded, x) == 2 * 5 - int((model[-3].bias == 0).sum())
        assert not folded[-3].weight[:, [1, 4]].any()
        assert folded[-3].weight[:, [0, 2, 3, 5]].all()
        assert difference(model, folded, x) < 1e-6
    images = randn(40, 2, 4, 4)
    images[:, 0], images[:, 1, 0] = 0.7, 0.0  # a channel; a row of pixels in the other
    flat = nn.Sequential(nn.Flatten(), nn.Linear(32, 3))
    conv = nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(12, 1))
    for model, folds in [(flat, 3 * (16 + 4)), (conv, 3 * 9)]:
        folded = copy.deepcopy(model)
        assert fold_constants(folded, images) == folds
        assert difference(model, folded, images) < 1e-6
    images[:, 0] = randn(4, 4)  # one and the same picture, but no constant under a kernel
    assert fold_constants(copy.deepcopy(conv), images) == 0
    images[:, 0] = 0.7
    padded = nn.Sequential(nn.Conv2d(2, 3, 3, padding=1), nn.ReLU())
    assert fold_constants(padded, images) == 0
    with pytest.raises(ValueError, match="two rows"):
        fold_constants(flat, images[:1])


# --- architectures -------------------------------------------------------------------------------


@torch.no_grad()
def test_lenet_with_pooling_flatten_and_batch_norm():
    model = LeNet5()
    model.norm.running_mean[1:3] = 0.1
    model.conv1.weight[[0, 3]] = 0
    model.conv1.bias[[0, 3]] = 0
    model.norm.bias.fill_(0.3)
    model.norm.bias[0] = -9  # channel 0 is off, channel 3 constant: conv2 has no bias
    model.conv2.weight[5] = 0  # zero, as it has no bias
    model.fc1.weight[:, 4:8] = 0  # nobody reads channel 1
    model.fc1.weight[7] = 0
    x = randn(30, 1, 16, 16)
    small = shrunk(model.train(), x)
    assert small.training and small.norm.num_features == 5
    assert (small.conv1.out_channels, small.conv2.in_channels) == (5, 5)
    assert (small.conv2.out_channels, small.fc1.in_features) == (6, 24)
    assert (small.fc1.out_features, small.fc2.in_features) == (19, 19)
    with torch.enable_grad():
        small(x).sum().backward()  # and it trains
    assert small.conv2.weight.grad.shape == (6, 5, 5, 5)


@torch.no_grad()
def test_a_residual_sum_keeps_its_width_and_the_branch_shrinks():
    model = Residual()
    model.a.weight[:4], model.a.bias[:2] = (
        0,
        0,
    )  # two of the four are zero; all stand before padding
    model.a.bias[2:4] = 1.0
    model.stem.weight[0], model.stem.bias[0] = 0, 0
    x = randn(20, 3, 6, 6)
    small = shrunk(model, x)
    assert small.stem.out_channels == small.b.out_channels == 6
    assert (small.a.out_channels, small.b.in_channels) == (7, 7)


@pytest.mark.parametrize("mode", [True, False])
def test_feed_forward_layers_of_a_transformer_shrink(mode):
    model = Transformer().train(mode)
    tokens = torch.randint(0, 11, (20, 7), generator=torch.Generator().manual_seed(0))
    model.layer.linear1.weight.data[:3] = 0
    model.layer.linear1.bias.data[:3] = 1.0
    model.layer.linear2.weight.data[:, 5] = 0
    model.up.weight.data[2] = 0
    model.down.weight.data[:, [7, 8]] = 0
    small = shrunk(model, tokens)
    assert (small.layer.linear1.out_features, small.layer.linear2.in_features) == (8, 8)
    assert (small.up.out_features, small.down.in_features) == (9, 9)
    assert small.attention.embed_dim == 8
    assert all(m.training == mode for m in small.modules())


# --- models made to break it ---------------------------------------------------------------------


class Function(nn.Module):
    """Layers and a forward pass, given as a function of them."""

    def __init__(self, forward, **layers):
        super().__init__()
        self.rule = forward
        for name, layer in layers.items():
            setattr(self, name, layer)

    def forward(self, x):
        return self.rule(self, x)


def half_dead(out, into, width=6):
    """Two Linear layers; neurons 0 and 1 between them constant, 2 and 3 unread."""
    a, b = nn.Linear(into, width), nn.Linear(width, out)
    a.weight.data[:2], a.bias.data[:2] = 0, 1.0
    b.weight.data[:, 2:4] = 0
    return {"a": a, "b": b}


def tie(m):
    m.c.weight = m.a.weight
    return m


def squashed(m, x):
    """relu_ after c has been handed the tensor: c sees what the change in place leaves."""
    h = m.a(x)
    y = h.relu_()
    return m.b(y) + m.c(h)


def c(width=6, out=3):
    layer = nn.Linear(width, out)
    layer.weight.data[:, 2:4] = 0
    return layer


LEFT_ALONE = {
    "called twice": Function(lambda m, x: m.b(m.a(m.a(x))), **half_dead(3, 6)),
    "one module under two names": Function(lambda m, x: m.b(m.c(m.a(x))), **half_dead(3, 6)),
    "tied": tie(Function(lambda m, x: m.b(m.a(x)) + m.c(x), **half_dead(6, 6), c=nn.Linear(6, 6))),
    "weight read elsewhere": Function(
        lambda m, x: m.b(m.a(x).relu()) + m.a.weight.sum(), **half_dead(3, 5)
    ),
    "in the output": Function(
        lambda m, x: torch.cat([m.b(h := m.a(x).relu()), h], 1), **half_dead(3, 5)
    ),
    "kept beside the output": Function(
        lambda m, x: (m.b(h := m.a(x).relu()), setattr(m, "seen", h.tanh()))[0], **half_dead(3, 5)
    ),
    "concatenated": Function(
        lambda m, x: m.b(torch.cat([m.a(x), x], 1)), **half_dead(3, 2) | {"b": nn.Linear(8, 3)}
    ),
    "view by number": Function(lambda m, x: m.b(m.a(x).view(-1, 6)), **half_dead(3, 5)),
    "view to a number": Function(lambda m, x: m.b(m.a(x).view(x.size(0), 6)), **half_dead(3, 5)),
    "softmax": Function(lambda m, x: m.b(m.a(x).softmax(-1)), **half_dead(3, 5)),
    "transposed": Function(lambda m, x: m.b(m.a(x).relu()[:, :, None].mean(2)), **half_dead(3, 5)),
    "layer norm": nn.Sequential(nn.Linear(5, 6), nn.LayerNorm(6), nn.Linear(6, 3)),
    "gated": Function(lambda m, x: m.b(m.a(x) * m.a(x).sigmoid()), **half_dead(3, 5)),
    "in place beside a branch": Function(squashed, **half_dead(3, 5), c=c()),
    "groups": nn.Sequential(nn.Conv1d(4, 4, 1, groups=2), nn.ReLU(), nn.Conv1d(4, 4, 1, groups=2)),
    "hook": Function(lambda m, x: m.b(m.a(x).relu()), **half_dead(3, 5)),
}
LEFT_ALONE["groups before"] = nn.Sequential(
    nn.Conv1d(4, 4, 1, groups=2), nn.ReLU(), nn.Conv1d(4, 4, 1)
)
LEFT_ALONE["groups before"][2].weight.data[:, 0] = 0
LEFT_ALONE["one module under two names"].c = LEFT_ALONE["one module under two names"].a
LEFT_ALONE["groups"][0].weight.data[0] = 0
LEFT_ALONE["hook"].a.register_forward_hook(lambda module, args, out: out + args[0].sum())


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_what_cannot_shrink_safely_is_left_alone(name):
    model = LEFT_ALONE[name]
    first = next(model.parameters())
    x = randn(20, first.shape[1] * (2 if "groups" in name else 1))
    x = x[:, :, None] if "groups" in name else x
    small = remove_neurons(model, x)
    assert difference(model, small, x) < 1e-6
    assert parameters(small) == parameters(model)
    folded = copy.deepcopy(model)
    fold_constants(folded)
    assert not any(isinstance(value, torch.fx.Proxy) for value in vars(folded).values())
    assert difference(model, folded, x) < 1e-6


SHRINKS = {
    "functional relu": Function(lambda m, x: m.b(torch.relu(m.a(x))), **half_dead(3, 5)),
    "arithmetic": Function(lambda m, x: m.b(1 - 2 * m.a(x) ** 2), **half_dead(3, 5)),
    "two readers": Function(
        lambda m, x: m.b(h := m.a(x).relu()) + m.c(h), **half_dead(3, 5), c=c()
    ),
    "x.shape[0]": Function(lambda m, x: m.b(m.a(x).reshape(x.shape[0], -1)), **half_dead(3, 5)),
    "optional mask": Function(lambda m, x, mask=None: m.b(m.a(x).tanh()), **half_dead(3, 5)),
    "nested": nn.Sequential(
        nn.Sequential((n := half_dead(3, 5))["a"], nn.PReLU()),
        nn.Sequential(nn.Dropout(0.5), nn.Sequential(n["b"])),
    ),
}


ON_SEQUENCES = [(name, (4, 7)) for name in SHRINKS if name != "x.shape[0]"]


@pytest.mark.parametrize("name, shape", [(name, (20,)) for name in SHRINKS] + ON_SEQUENCES)
def test_what_can_shrink_does_on_rows_and_on_sequences(name, shape):
    model, x = SHRINKS[name], randn(*shape, 5)
    small = shrunk(model, x)
    assert next(small.parameters()).shape[0] == 2
    assert remove_neurons(model, x) is not model
    assert next(model.parameters()).shape[0] == 6  # the original is untouched


@torch.no_grad()
@pytest.mark.parametrize(
    "padding, mode, folds",
    [
        (0, "zeros", True),
        (1, "zeros", False),
        ("same", "zeros", False),
        ("valid", "zeros", True),
        (1, "circular", True),
    ],
)
@pytest.mark.parametrize("pool", [nn.Identity(), nn.MaxPool2d(2), nn.AvgPool2d(2, padding=1)])
def test_constants_before_padding(padding, mode, folds, pool):
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.Tanh(), pool, nn.Conv2d(4, 2, 3, padding=padding, padding_mode=mode)
    )
    model[0].weight[:2] = 0
    model[0].bias[0], model[0].bias[1] = 0.8, 0.0  # the zero goes in any case
    folded, x = copy.deepcopy(model), randn(5, 1, 12, 12)
    folds = folds and not isinstance(pool, nn.AvgPool2d)
    assert fold_constants(folded) == 18 + (18 + 1) * folds
    assert difference(model, folded, x) < 1e-6
    assert remove_neurons(folded, x)[0].out_channels == 3 - folds


def test_frozen_layers_and_layers_without_bias():
    x = randn(20, 5)
    for change in ("frozen bias", "frozen weight", "no bias"):
        model = nn.Sequential(*half_dead(3, 5).values())
        if change == "no bias":
            model[1].bias = None
        else:
            getattr(model[1], change.split()[1]).requires_grad_(False)
        before = copy.deepcopy(model)
        assert fold_constants(model) == 0
        assert torch.equal(model[1].weight, before[1].weight)
        small = remove_neurons(model, x)  # the two that nobody reads
        assert small[0].out_features == 4
        assert difference(model, small, x) < 1e-6
        assert [p.requires_grad for p in small.parameters()] == [
            p.requires_grad for p in model.parameters()
        ]
    model = nn.Sequential(*half_dead(3, 5).values())
    model[0].requires_grad_(False)
    assert fold_constants(model) == 2 * 3  # its own biases are frozen
    assert model[0].bias[:2].tolist() == [1, 1]
    assert difference(model, remove_neurons(model, x), x) < 1e-6
    # constants go on through a layer without bias to the next one that has one
    chain = nn.Sequential(nn.Linear(5, 4), nn.Linear(4, 3, bias=False), nn.Linear(3, 2))
    chain[0].weight.data[0] = 0
    chain[1].weight.data[1, 1:] = 0
    folded = copy.deepcopy(chain)
    assert fold_constants(folded) == 1 + 2
    assert not folded[2].weight[:, 1].any() and difference(chain, folded, x) < 1e-6


def test_an_emptied_layer_keeps_one_neuron_and_the_function():
    model = MLP((5, 4, 6, 2), seed=0)
    model[4].weight.data.zero_()
    x = randn(10, 5)
    for small in (shrunk(model, x), remove_neurons(model, x)):
        assert [small[i].weight.shape for i in (0, 2, 4)] == [(1, 5), (1, 1), (2, 1)]
        assert not small[0].weight.any()


def test_relu_that_is_off_on_the_example_stays():
    model = MLP((3, 4, 2), seed=0)
    model[0].bias.data[1] = -100.0
    model[0].weight.data[2], model[0].bias.data[2] = 0, -1.0  # this one is off for all inputs
    small = remove_neurons(model, randn(50, 3))
    assert small[0].out_features == shrunk(model, randn(50, 3))[0].out_features == 3
    assert difference(model, small, 1e3 * randn(50, 3)) < 1e-2  # outputs of some hundreds


def test_types_modes_and_sharp_corners():
    model = nn.Sequential(*half_dead(3, 5).values()).to(torch.bfloat16)
    model[0].weight.grad = torch.ones_like(model[0].weight)
    x = randn(8, 5).bfloat16()
    small = remove_neurons(model, x)
    assert small[0].weight.dtype == torch.bfloat16 and small[0].weight.shape == (4, 5)
    assert model[0].weight.grad is not None and small[0].weight.grad is None
    mixed = nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4).eval(), nn.Dropout(), nn.Linear(4, 2))
    modes = [m.training for m in mixed.modules()]
    fold_constants(mixed)
    assert [m.training for m in mixed.modules()] == modes
    assert [m.training for m in remove_neurons(mixed, randn(8, 5)).modules()] == modes
    pixels = Function(lambda m, x: m.b(m.a(x.float() / 255).relu()), **half_dead(3, 5))
    images = torch.arange(40, dtype=torch.uint8).reshape(8, 5)
    assert remove_neurons(pixels, images).a.out_features == 4  # code that insists on float32
    model = nn.Sequential(*half_dead(3, 5).values())
    model[0].register_buffer("mine", torch.ones(2))
    assert remove_neurons(model, randn(8, 5))[0].mine.tolist() == [1, 1]
    bare = nn.Linear(5, 2)
    assert parameters(remove_neurons(bare, randn(8, 5))) == 12


def test_held_masks_are_cut_and_let_folded_biases_live():
    model = sparse(nn.Sequential(*half_dead(3, 5).values()), 0, kept=0.8, rows=1)
    model[1].bias.data.zero_()
    x = randn(20, 5)
    hold_masks(model)
    small = shrunk(model, x)
    assert small[0].weight_mask.shape == small[0].weight.shape
    assert small[1].weight_mask.shape == small[1].weight.shape
    before = [p.detach().clone() for p in small.parameters()]
    optimiser = torch.optim.Adam(small.parameters())
    small(x).square().sum().backward()
    optimiser.step()
    for old, new in zip(before, small.parameters(), strict=True):
        assert not new[old == 0].any() and not torch.equal(old, new)


def test_what_cannot_be_traced_or_checked_is_refused():
    branching = Function(lambda m, x: m.b(m.a(x)) if x.sum() > 0 else x, **half_dead(3, 5))
    with pytest.raises(ValueError, match="cannot trace"):
        remove_neurons(branching, randn(8, 5))
    with pytest.raises(ValueError, match="cannot trace"):
        fold_constants(branching)
    norm = nn.BatchNorm1d(6)  # of six positions, not of six neurons
    norm.running_mean.copy_(randn(6))
    with pytest.raises(ValueError, match="same on example_input"):
        remove_neurons(nn.Sequential((h := half_dead(3, 5))["a"], norm, h["b"]), randn(4, 6, 5))
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        remove_neurons(nn.Sequential(*half_dead(3, 5).values()), randn(8, 7))
    rows = nn.Sequential(h["a"], nn.BatchNorm1d(7), h["b"])
    assert parameters(remove_neurons(rows, randn(4, 7, 5))) == parameters(rows)
    assert fold_constants(Function(lambda m, x: m.b(F.dropout(m.a(x))), **half_dead(3, 5))) == 0
    noisy = Function(lambda m, x: F.dropout(m.b(m.a(x))), **half_dead(3, 5))
    with pytest.raises(ValueError, match="same on example_input"):
        remove_neurons(noisy, randn(8, 5))
    model = nn.Sequential(*half_dead(3, 5).values())
    model[0].weight.data[5, 0] = torch.nan
    with pytest.raises(ValueError, match="not finite"):
        remove_neurons(model, randn(8, 5))


@pytest.mark.parametrize(
    "change", [lambda h: h.relu_(), lambda h: h.add_(1), lambda h: F.relu(h, inplace=True)]
)
def test_a_change_in_place_that_is_not_assigned_leaves_constants_alone(change):
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(3, 4), nn.Linear(4, 2)

        def forward(self, x):
            h = self.a(x)
            change(h)
            return self.b(h)

    model = Model().eval()
    model.a.weight.data[0] = 0
    model.a.bias.data.fill_(-1.0)
    x = randn(9, 3)
    before = model(x)
    fold_constants(model)
    assert torch.equal(model(x), before)
