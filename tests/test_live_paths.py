"""Live weights against graph search, planted structure, and random gradient pruning."""

import copy
import math

import pytest
import torch
import torch.nn.functional as F
from own_models import ResidualCNN, Transformer, residual_cnn, seeded, transformer
from torch import Tensor, nn
from torch.nn.utils import prune

from l0course import MLP, LeNet5, Masks, count_nonzero, live_paths, random_gradient_prune
from l0course.live_paths import live_weights, prune_dead

SEEDS = range(50)
Truth = dict[str, Tensor]


def fill(model: nn.Module, seed: int) -> torch.Generator:
    """No zero anywhere, and batch-norm statistics as after training."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(0.3 * torch.randn(p.shape, generator=generator))
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.copy_(torch.randn(len(module.bias), generator=generator))
                module.running_var.copy_(0.5 + torch.rand(len(module.bias), generator=generator))
    return generator


def zeros(*parts: Tensor) -> None:
    for part in parts:
        part.data.zero_()


def nonzero(model: nn.Module) -> Truth:
    return {name: mask.clone() for name, mask in Masks.of(model).items()}


def dead(*parts: Tensor) -> None:
    for part in parts:
        part[...] = False


# --- three families with a truth that needs no gradient ------------------------------------------


def graph_search(model: nn.Sequential) -> Truth:
    """Which weights of an MLP lie on a path, by following its zeros forward and then backward."""
    layers = [module for module in model if isinstance(module, nn.Linear)]
    always = bool((model[1](torch.zeros(1)) != 0).all())  # a sigmoid of nothing is 1/2
    edges = [layer.weight.detach() != 0 for layer in layers]
    biases = [layer.bias.detach() != 0 for layer in layers]
    speaks = [torch.ones(layers[0].in_features, dtype=torch.bool)]  # is not constantly zero
    for edge, bias in zip(edges, biases, strict=True):
        speaks.append((edge & speaks[-1]).any(1) | bias | always)
    heard = [torch.ones(layers[-1].out_features, dtype=torch.bool)]  # reaches an output
    for edge in reversed(edges):
        heard.insert(0, (edge & heard[0][:, None]).any(0))
    truth = {}
    for i, (edge, bias) in enumerate(zip(edges, biases, strict=True)):
        truth[f"{2 * i}.weight"] = edge & heard[i + 1][:, None] & speaks[i]
        truth[f"{2 * i}.bias"] = bias & heard[i + 1]
    return truth


def sparse_mlp(seed: int) -> tuple[nn.Module, Tensor, Truth]:
    """2 to 7 layers so thin that most of what is left leads nowhere."""
    generator = torch.Generator().manual_seed(seed)
    widths = torch.randint(3, 30, (3 + seed % 6,), generator=generator).tolist()
    activation = (nn.ReLU, nn.Tanh, nn.GELU, nn.Sigmoid)[seed % 4]
    model = MLP(widths, activation, seed=seed)
    with torch.no_grad():
        for p in model.parameters():
            keep = 2 / p.shape[1] if p.dim() > 1 else 0.1
            p *= torch.rand(p.shape, generator=generator) < keep
    return model, torch.randn(64, widths[0], generator=generator), graph_search(model)


def planted_cnn(seed: int) -> tuple[ResidualCNN, Tensor, Truth]:
    model = residual_cnn(seed)
    generator = fill(model, seed)
    a, b, c, d, e, f = torch.randperm(8, generator=generator)[:6].tolist()
    one, two, head = model.block1, model.block2, model.head.weight.view(10, 8, 4)
    zeros(one.conv2.weight[:, a])  # inside block 1, nobody listens to channel a
    zeros(one.conv1.weight[b], one.norm1.bias[b], one.norm1.running_mean[b])  # b hears nothing
    zeros(two.norm1.weight[c], two.norm1.bias[c])  # c of block 2 is scaled to nothing
    zeros(two.conv1.weight[d], two.norm1.bias[d])  # d is a positive constant: it stays
    two.norm1.running_mean[d] = -two.norm1.weight[d].sign().detach()
    # channel e of the stream is zero up to block 2; nobody reads channel f, block 2 neither
    zeros(model.stem.weight[e], model.stem.bias[e], one.norm2.weight[e], one.norm2.bias[e])
    zeros(one.conv1.weight[:, f], two.conv1.weight[:, f], head[:, f])
    live = nonzero(model)
    dead(live["block1.conv1.weight"][a], live["block1.norm1.weight"][a])
    dead(live["block1.norm1.bias"][a])
    dead(live["block1.norm1.weight"][b], live["block1.conv2.weight"][:, b])
    dead(live["block2.conv1.weight"][c], live["block2.conv2.weight"][:, c])
    dead(live["block1.conv1.weight"][:, e], live["block2.conv1.weight"][:, e])
    dead(live["block1.conv2.weight"][e])
    dead(live["stem.weight"][f], live["stem.bias"][f])
    for block in ("block1", "block2"):
        dead(live[f"{block}.conv2.weight"][f], live[f"{block}.norm2.weight"][f])
        dead(live[f"{block}.norm2.bias"][f])
    return model, torch.rand(64, 1, 8, 8, generator=generator), live


def planted_transformer(seed: int) -> tuple[Transformer, Tensor, Truth]:
    model = transformer(seed)
    generator = fill(model, seed)
    block = model.blocks[0]
    attention, width = block.self_attn, 16
    weight, bias = attention.in_proj_weight, attention.in_proj_bias
    f, g = torch.randperm(32, generator=generator)[:2].tolist()
    zeros(block.linear2.weight[:, f])  # nobody listens to feed-forward neuron f
    zeros(block.linear1.weight[g], block.linear1.bias[g])  # g hears nothing
    mute, unheard, even = (
        slice(4 * h, 4 * h + 4) for h in torch.randperm(4, generator=generator)[:3].tolist()
    )
    query, key, value = (slice(i * width, (i + 1) * width) for i in range(3))
    zeros(weight[value][mute], bias[value][mute])  # a head without values,
    zeros(attention.out_proj.weight[:, unheard])  # one that nobody listens to,
    zeros(weight[query][even], bias[query][even])  # and one that attends evenly: its values live
    a, b, c, d = torch.randperm(width, generator=generator)[:4].tolist()
    zeros(block.norm1.weight[a], block.norm1.bias[a])  # the attention sees nothing of coordinate a
    zeros(weight[:, b])  # and does not look at b
    zeros(block.norm2.weight[c], block.norm2.bias[c])
    zeros(model.embed.weight[:, d])  # embedding and head are one: nobody hears d at the end
    live = nonzero(model)
    of = {name.removeprefix("blocks.0."): mask for name, mask in live.items()}
    dead(of["linear1.weight"][f], of["linear1.bias"][f], of["linear2.weight"][:, g])
    for part in (query, key, value):
        for head in (mute, unheard):
            dead(of["self_attn.in_proj_weight"][part][head])
            dead(of["self_attn.in_proj_bias"][part][head])
    dead(of["self_attn.out_proj.weight"][:, mute])
    dead(of["self_attn.in_proj_weight"][key][even], of["self_attn.in_proj_bias"][key][even])
    dead(of["self_attn.in_proj_weight"][:, a], of["norm1.weight"][b], of["norm1.bias"][b])
    dead(of["linear1.weight"][:, c], of["norm.weight"][d], of["norm.bias"][d])
    return model, torch.randint(0, 256, (32, 16), generator=generator), live


FAMILIES = {"MLP": sparse_mlp, "CNN": planted_cnn, "transformer": planted_transformer}


def mistakes(found: Truth | Masks, truth: Truth) -> tuple[int, int]:
    """(live weights lost, dead weights kept)."""
    lost = sum(int((truth[name] & ~found[name]).sum()) for name in truth)
    return lost, sum(int((found[name] & ~truth[name]).sum()) for name in truth)


@pytest.mark.parametrize("family", FAMILIES)
def test_planted_dead_structure_is_found_exactly_over_50_seeds(family):
    removed = 0
    for seed in SEEDS:
        model, x, truth = FAMILIES[family](seed)
        model.eval()
        before, outputs = count_nonzero(model), model(x)
        assert mistakes(live_weights(model, x), truth) == (0, 0), seed
        assert count_nonzero(model) == before  # only looked at
        dead_weights = before - sum(int(mask.sum()) for mask in truth.values())
        assert prune_dead(model, x) == dead_weights == before - count_nonzero(model)
        assert torch.allclose(model(x), outputs, rtol=1e-5, atol=1e-5)
        assert prune_dead(model, x) == 0
        removed += dead_weights
    assert removed > 50 * 20


def test_all_that_random_gradient_pruning_keeps_for_its_gradient_is_kept():
    """What has a gradient on random data is live: the older method is a witness, not the truth."""
    for seed in range(10):
        model, x, _ = sparse_mlp(seed)
        ours = live_weights(model, x)
        random_gradient_prune(model, x, seed)
        assert all(bool((ours[name] | ~mask).all()) for name, mask in Masks.of(model).items())


# --- what hides a path from a plain backward pass ------------------------------------------------


class Chain(nn.Module):
    """x -> f(W x) many times, all functions, which no hook sees."""

    def __init__(self, depth: int, width: int, function) -> None:
        super().__init__()
        shape = (width, width)
        self.weights = nn.ParameterList(nn.Parameter(torch.ones(shape)) for _ in range(depth))
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        for weight in self.weights:
            x = self.function(F.linear(x, weight))
        return x


@pytest.mark.parametrize("function", [torch.relu, torch.tanh, torch.sigmoid, F.gelu])
def test_fifty_layers_of_functions_do_not_underflow(function):
    model = Chain(50, 8, function)
    zeros(model.weights[20][3])
    live = live_weights(model, torch.zeros(1, 8))
    heard = function(torch.zeros(1)).item() != 0  # a sigmoid of nothing is 1/2, and is heard
    assert bool(live["weights.21"][:, 3].all()) is heard
    assert bool(live["weights.21"][:, 4].all()) and bool(live["weights.0"].all())
    assert sum(int(mask.sum()) for mask in live.values()) == 50 * 64 - 8 - (0 if heard else 8)


@pytest.mark.parametrize("activation", [nn.ReLU, nn.Sigmoid, nn.Tanh, nn.ReLU6, nn.Hardtanh])
def test_one_thread_through_300_wide_layers(activation):
    """A path of single weights beside thousands: its share of the gradient would be 300^-300."""
    layers = [MLP((20, 20), seed=i)[0] for i in range(300)]
    for layer in layers:
        zeros(layer.weight[:, 7], layer.weight[7], layer.bias[7])
        layer.weight.data[7, 7] = 1e-30
    zeros(layers[-1].weight)
    layers[-1].weight.data[0, 7] = 1e30
    model = nn.Sequential(*[m for layer in layers for m in (layer, activation())])
    live = live_weights(model, torch.zeros(2, 20))
    assert all(bool(live[f"{2 * i}.weight"][7, 7]) for i in range(299))
    assert not any(live[f"{2 * i}.weight"][0].any() for i in range(299))  # all others lead nowhere
    assert int(live["598.weight"].sum()) == 1


@pytest.mark.parametrize("value", [1.0, -1.0, 1e-30, 1e30])
def test_equal_weights_do_not_cancel_in_a_layer_norm(value):
    """Of a constant vector a layer norm makes zero: equal weights must not look like that."""
    model = nn.Sequential(nn.Linear(6, 6), nn.LayerNorm(6), nn.Linear(6, 6), nn.LayerNorm(6))
    for p in model.parameters():
        p.data.fill_(value)
    assert prune_dead(model, torch.ones(4, 6)) == 0
    model[1].weight.data[2] = model[1].bias.data[2] = 0
    assert prune_dead(model, torch.ones(4, 6)) == 6  # column 2 of the next layer, and that is all


class Functions(nn.Module):
    """Signs that no module mends: a functional norm and differences before the ReLU."""

    def __init__(self) -> None:
        super().__init__()
        self.w, self.v = (nn.Parameter(torch.randn(12, 12)) for _ in range(2))
        self.u, self.slope = nn.Parameter(torch.randn(3, 12)), nn.Parameter(torch.tensor(-0.5))

    def forward(self, x: Tensor) -> Tensor:
        h = F.layer_norm(x @ self.w.T, (12,))
        h = (h @ self.v.T - h.mean(-1, keepdim=True)).relu()
        return F.linear(F.prelu(h, self.slope), self.u).max(1, keepdim=True).values


class Pools(nn.Module):
    """Every choice among features: all that is chosen from must stay."""

    def __init__(self, pool) -> None:
        super().__init__()
        self.first, self.last, self.pool = nn.Linear(16, 64), nn.Linear(8, 2), pool

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.pool(self.first(x)))


POOLS = {
    "max_pool1d": lambda x: F.max_pool1d(x[:, None], 8)[:, 0],
    "MaxPool2d": lambda x: nn.MaxPool2d((1, 8))(x.view(-1, 1, 8, 8)).flatten(1),
    "max_pool3d": lambda x: F.max_pool3d(x.view(-1, 8, 2, 2, 2), 2).flatten(1),
    "adaptive_max_pool1d": lambda x: F.adaptive_max_pool1d(x[:, None], 8)[:, 0],
    "AdaptiveMaxPool2d": lambda x: nn.AdaptiveMaxPool2d(1)(x.view(-1, 8, 4, 2)).flatten(1),
    "max of a dimension": lambda x: x.view(-1, 8, 8).max(dim=2)[0],
    "torch.max": lambda x: torch.max(x.view(-1, 8, 8), 1).values,
    "amax": lambda x: x.view(-1, 8, 8).amax((2,)),
    "maximum": lambda x: torch.maximum(x[:, :8], torch.max(x[:, 8:16], x[:, 16:].max())),
}


@pytest.mark.parametrize("name", POOLS)
def test_what_is_not_the_maximum_here_may_be_elsewhere(name):
    model = seeded(0, lambda: Pools(POOLS[name]))
    example = torch.ones(1, 16)
    assert prune_dead(model, example) == 0
    zeros(model.last.weight)
    assert prune_dead(model, example) == 64 * 17  # and with nobody to listen, all go


@pytest.mark.parametrize("seed", range(5))
def test_signs_slopes_and_functions(seed):
    model = seeded(seed, Functions)
    assert prune_dead(model, torch.zeros(1, 12)) == 0
    zeros(model.v[4], model.u[:, 7])
    assert prune_dead(model, torch.zeros(1, 12)) == 0 + 12  # what unit 7 hears; not what 4 says:
    assert bool(model.u[:, 4].all())  # the mean that is subtracted speaks there


@pytest.mark.parametrize("activation", [nn.PReLU(4), nn.Softshrink(), nn.Hardshrink(9.0)])
def test_slopes_and_dead_zones(activation):
    model = nn.Sequential(nn.Conv1d(1, 4, 3), activation, nn.Flatten(), nn.Linear(16, 1))
    assert prune_dead(model, torch.zeros(2, 1, 6)) == 0


# --- modules of all kinds ------------------------------------------------------------------------


def test_the_mean_of_a_batch_norm_is_a_constant_that_flows():
    """A channel that hears nothing gives -mean * weight / std: live, or the function changes."""
    model = nn.Sequential(nn.Conv2d(1, 2, 3, bias=False), nn.BatchNorm2d(2), nn.Conv2d(2, 1, 3))
    zeros(model[0].weight)
    model[1].running_mean.copy_(torch.tensor([3.0, 0.0]))
    live = live_weights(model.eval(), torch.zeros(1, 1, 8, 8))
    assert live["1.weight"].tolist() == [True, False] and not live["1.bias"].any()
    assert bool(live["2.weight"][:, 0].all()) and not live["2.weight"][:, 1].any()


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("length", [1, 2, 7])
def test_key_biases_and_single_positions_of_an_attention_count_as_live(length, causal):
    attention = nn.MultiheadAttention(8, 2, batch_first=True, kdim=5, vdim=3)
    mask = torch.ones(length, length, dtype=torch.bool).triu(1)

    class Attend(nn.Module):
        def __init__(self):
            super().__init__()
            self.attention = attention
            for p in attention.parameters():
                p.data.normal_()

        def forward(self, x):
            parts = (x, x[..., :5], x[..., :3])
            return self.attention(*parts, attn_mask=mask if causal else None, is_causal=causal)[0]

    model = seeded(0, Attend)
    live = live_weights(model, torch.zeros(2, length, 8))
    assert all(bool(mask.all()) for mask in live.values())


@pytest.mark.parametrize("make", [nn.LSTM, nn.GRU, nn.RNN])
def test_recurrent_networks(make):
    model = seeded(0, lambda: make(3, 4, num_layers=2, batch_first=True))
    zeros(model.weight_hh_l1, model.weight_ih_l1[:, 2])  # nobody listens to unit 2 but itself
    before = count_nonzero(model)
    live = live_weights(model, torch.randn(2, 5, 3))
    assert not live["weight_ih_l1"][:, 2].any() and bool(live["weight_hh_l0"].all())
    outputs = model(torch.ones(2, 5, 3))[0].sum()
    assert outputs.requires_grad and sum(int(m.sum()) for m in live.values()) == before
    copy.deepcopy(model)


def test_an_lstm_loses_a_unit_that_nobody_hears():
    class Reader(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm, self.head = nn.LSTM(3, 4, batch_first=True), nn.Linear(4, 2)

        def forward(self, x):
            return self.head(self.lstm(x)[0][:, -1])

    model = seeded(0, Reader)
    rows = torch.arange(16) % 4 == 2  # the four gates of unit 2
    zeros(model.head.weight[:, 2])
    model.lstm.weight_hh_l0.data[:, 2] = 0
    live = live_weights(model, torch.randn(2, 5, 3))
    for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"):
        mask, p = live[f"lstm.{name}"], getattr(model.lstm, name)
        assert not mask[rows].any() and bool((mask[~rows] == (p[~rows] != 0)).all())


@pytest.mark.parametrize("bag", [False, True])
def test_an_embedding_is_judged_by_columns(bag):
    class Words(nn.Module):
        def __init__(self):
            super().__init__()
            self.words = (nn.EmbeddingBag if bag else nn.Embedding)(30, 8)
            self.norm, self.head = nn.LayerNorm(8, elementwise_affine=False), nn.Linear(8, 3)

        def forward(self, x):
            return {"scores": self.head(self.norm(self.words(x))), "none": None, "n": [x]}

    model = seeded(0, Words)
    zeros(model.head.weight[:, 5], model.words.weight[:, 6], model.words.weight[4:, 2])
    live = live_weights(model, torch.zeros(2, 4, dtype=torch.long))  # one word only
    assert mistakes(live, nonzero(model)) == (0, 0)  # through the norm all columns are heard
    model.norm = nn.Identity()
    truth = nonzero(model)
    dead(truth["words.weight"][:, 5], truth["head.weight"][:, 6])
    assert mistakes(live_weights(model, torch.zeros(2, 4, dtype=torch.long)), truth) == (0, 0)


def test_whole_numbers_are_not_averaged():
    class Steps(nn.Linear):
        def forward(self, x):
            steps = torch.arange(x.shape[1]).max() + torch.maximum(x.long(), x.long()).amax()
            return super().forward(x)[:, : int(steps)].amax(1)

    assert prune_dead(seeded(0, lambda: Steps(3, 3)), torch.zeros(2, 3)) > 0  # 2 of 3 are read


def test_frozen_weights_are_left_alone_and_their_zeros_cut_paths():
    model = MLP((3, 4, 4, 2), seed=0)
    model[2].requires_grad_(False)
    zeros(model[2].weight[:, 1], model[4].weight[:, 3])
    frozen = copy.deepcopy(model[2].state_dict())
    assert prune_dead(model, torch.zeros(1, 3)) == 3 + 1  # what neuron 1 of layer 1 hears
    assert all(torch.equal(v, frozen[k]) for k, v in model[2].state_dict().items())
    assert set(live_weights(model, torch.zeros(1, 3))) == {
        "0.weight", "0.bias", "4.weight", "4.bias",
    }  # fmt: skip


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_half_and_double_precision(dtype):
    for family in (planted_cnn, planted_transformer):
        model, x, _ = family(0)
        x = x.to(dtype) if x.is_floating_point() else x
        model = model.to(dtype)
        truth = family(0)[2]
        names = {p.dtype for p in model.parameters()}
        assert mistakes(live_weights(model, x), truth) == (0, 0)
        assert {p.dtype for p in model.parameters()} == names == {dtype}


def test_the_model_and_its_surroundings_stay_as_they_are():
    """Weights, gradients, buffers, modes, hooks, the caller's no_grad and global random state."""
    model, x, truth = planted_cnn(3)
    model.block1.norm1.eval()
    seen = []
    model.stem.weight.register_hook(lambda g: seen.append(1) or g * 0)  # a gradient that is masked
    model(x).sum().backward()
    assert seen == [1]
    state = copy.deepcopy(model.state_dict())
    gradients = [p.grad.clone() for p in model.parameters()]
    modes = [module.training for module in model.modules()]
    before = torch.get_rng_state()
    for context in (torch.no_grad(), torch.inference_mode(), torch.enable_grad()):
        with context:
            assert mistakes(live_weights(model, x.clone()), truth) == (0, 0)
    assert seen == [1] and torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(v, state[k]) for k, v in model.state_dict().items())
    assert all(torch.equal(p.grad, g) for p, g in zip(model.parameters(), gradients, strict=True))
    assert [module.training for module in model.modules()] == modes
    assert not any(module._forward_hooks for module in model.modules())


def test_a_model_pruned_by_torch_is_read_through_its_masks():
    model = MLP((4, 5, 2), seed=0)
    prune.custom_from_mask(model[2], "weight", torch.tensor([[1, 1, 0, 1, 1]] * 2))
    model(torch.ones(1, 4)).sum().backward()
    live = live_weights(model, torch.zeros(1, 4))
    assert not live["0.weight"][2].any() and not live["2.weight_orig"][:, 2].any()
    assert sum(int(mask.sum()) for mask in live.values()) == count_nonzero(model) - 5 - 2


@pytest.mark.parametrize(
    ("model", "example", "says"),
    [
        (nn.ReLU(), torch.ones(1, 2), "no trainable parameters"),
        (nn.Linear(2, 1), torch.ones(0, 2), "example_input is empty, or holds NaN"),
        (nn.Linear(2, 1), torch.full((1, 2), float("nan")), "example_input is empty, or holds NaN"),
        (nn.Linear(2, 1), None, "NaN or infinite weights"),
    ],
)
def test_bad_input_gets_one_sentence(model, example, says):
    if example is None:
        example = torch.ones(1, 2)
        model.weight.data[0, 0] = float("inf")
    with pytest.raises(ValueError, match=says):
        live_weights(model, example)


def test_an_output_without_gradient_is_refused():
    class Classify(nn.Linear):
        def forward(self, x):
            return super().forward(x).argmax(1)

    with pytest.raises(ValueError, match="before argmax"):
        prune_dead(Classify(2, 3), torch.ones(1, 2))


class Between(nn.Module):
    """Linear, a function, Linear."""

    def __init__(self, function, widths=(3, 8, 2), first=True):
        super().__init__()
        n_in, n, n_out = widths
        self.function = function
        self.first = nn.Linear(n_in, n) if first else nn.Identity()
        self.last = nn.Linear(n, n_out)

    def forward(self, x):
        return self.last(self.function(self.first(x)))


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


FLAT = {
    "clamp": lambda h: (h - 1).clamp(min=0),
    "relu_": lambda h: h.relu_(),
    "relu6": lambda h: F.relu6(-h),
    "hardtanh": lambda h: F.hardtanh(h, -0.1, 0.1),
    "threshold": lambda h: F.threshold(h, 0.6, 0.0),
    "hardswish": F.hardswish,
    "gate": lambda h: h * (h > 0),
    "where": lambda h: torch.where(h > 0.5, h, 0),
    "saturated": lambda h: torch.sigmoid(200 * h),
    "window with gaps": lambda h: F.max_pool1d(h[:, None], 3, 1, 1, dilation=1)[:, 0],
}


@pytest.mark.parametrize("name", FLAT)
def test_flat_parts_and_choices_lose_no_weight_of_a_dense_model(name):
    model = seeded(0, lambda: Between(FLAT[name]))
    assert prune_dead(model, 3 * normal(50, 3)) == 0


class Wide(nn.Module):
    """A matrix stored as (in, out), used by einsum, in front of a tanh."""

    def __init__(self):
        super().__init__()
        self.weight, self.last = nn.Parameter(normal(784, 8) / 28), nn.Linear(8, 2)

    def forward(self, x):
        return self.last(torch.einsum("bi,io->bo", x, self.weight).tanh())


def test_wide_sums_do_not_saturate_what_follows():
    assert prune_dead(seeded(0, Wide), normal(50, 784)) == 0
    assert prune_dead(seeded(0, lambda: Between(lambda h: h.sum(1).tanh())), normal(5, 40, 3)) == 0


def test_outputs_near_zero_count_too():
    model = seeded(0, lambda: Between(lambda h: h.prod(1, keepdim=True), (3, 1, 2)))
    model.first = seeded(1, lambda: nn.Linear(3, 40))
    model.last.bias = None
    assert prune_dead(model, normal(50, 3)) == 0


def test_inputs_are_more_than_their_first_three_rows():
    pixels = (1 + torch.arange(1500) % 250).view(50, 30).to(torch.uint8)
    pixels[:3, :20] = 0
    model = Between(lambda x: x.float() / 255, (0, 30, 4), first=False)
    classes = Between(lambda x: F.one_hot(x[:, 0].long(), 5).float(), (0, 5, 4), first=False)
    assert prune_dead(model, pixels) == 0
    assert prune_dead(classes, (torch.arange(50) % 5.0)[:, None]) == 0


@pytest.mark.parametrize(
    "make",
    [
        lambda: Between(Tensor.detach),
        lambda: Between(lambda h: h.round() + 0 * h),
        lambda: nn.Sequential(
            nn.Linear(3, 5), nn.utils.parametrizations.weight_norm(nn.Linear(5, 4)), nn.Linear(4, 2)
        ),
    ],
    ids=["detach", "round", "weight norm"],
)
def test_where_gradients_do_not_tell_the_model_is_left_as_it_was(make):
    model = seeded(0, make)
    if isinstance(model, nn.Sequential):
        model[2].weight.data[:, 1] = 0  # a direction that nobody reads would become 0 / 0
    before = [p.clone() for p in model.parameters()]
    state = torch.get_rng_state()
    with pytest.raises(ValueError, match="outputs on example_input differ"):
        prune_dead(model, 3 * normal(50, 3))
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
    assert torch.equal(state, torch.get_rng_state()) and model.training


def test_parameters_on_one_memory_live_together():
    class Sum(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False)
            self.b.weight = nn.Parameter(self.a.weight.data)
            self.out = nn.Linear(2, 1)

        def forward(self, x):
            return {"score": self.out(self.a(x)), "other": self.b(x)[:, :1], "scale": 1.0, "n": "x"}

    model = seeded(0, Sum)
    model.out.weight.data[0, 1] = 0  # row 1 is read by nobody: not behind a, and not behind b
    assert prune_dead(model, normal(9, 2)) == 2
    model.out.weight.data[0] = torch.tensor([0.0, 1.0])  # row 0 dead behind a, alive behind b
    model.a.weight.data.fill_(1.0)
    assert prune_dead(model, normal(9, 2)) == 0


def test_dead_weights_are_found_in_channels_last_order_too():
    last = LeNet5(0)
    zeros(last[5].weight[:, :4])  # nothing reads four channels, of 25 weights and a bias each
    usual = LeNet5(0).to(memory_format=torch.contiguous_format)
    usual.load_state_dict(last.state_dict())
    x = torch.rand(256, 784, generator=torch.Generator().manual_seed(2))
    removed = prune_dead(last, x)
    assert removed == prune_dead(usual, x) == 4 * 26
    assert all(map(torch.equal, last.parameters(), usual.parameters()))


@pytest.mark.parametrize("change, same", [(1e-7, True), (1e-3, False), (math.nan, False)])
def test_outputs_agree_up_to_the_rounding_of_their_own_column(change, same):
    a = torch.tensor([[1e6, 1.0], [-1e6, 1e-9]])
    b = a.clone()
    b[1, 1] += change  # small beside the first column, not beside its own
    assert live_paths._close(a, b) == same
    assert live_paths._close(torch.full((2, 2), math.nan), torch.full((2, 2), math.nan))
