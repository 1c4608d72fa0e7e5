"""Zeros that stay, whatever trains, copies, saves or loads the model."""

import copy
import io

import pytest
import torch
from own_models import next_byte_loss, residual_cnn, transformer
from torch import nn
from torch.nn.utils import prune

from l0course import MLP, Masks, compression_rate, count_nonzero, magnitude_prune
from l0course.live_paths import live_weights
from l0course.persistent_masks import held_masks, hold_masks, release_masks

X = torch.randn(32, 6, generator=torch.Generator().manual_seed(0))


def net(seed: int = 0) -> nn.Sequential:
    return MLP((6, 12, 8, 3), nn.Tanh, seed=seed)


def step(model: nn.Module, optimiser: torch.optim.Optimizer, x=X) -> None:
    def closure():
        optimiser.zero_grad()
        loss = (model(x) - 1).square().mean()
        loss.backward()
        return loss

    optimiser.step(closure)


def stays(model: nn.Module, masks: Masks) -> bool:
    """Every weight outside the masks is zero."""
    return all(bool((p[~masks[name]] == 0).all()) for name, p in model.named_parameters())


def saved(thing: object) -> object:
    file = io.BytesIO()
    torch.save(thing, file)
    file.seek(0)
    return torch.load(file, weights_only=isinstance(thing, dict))


OPTIMISERS = {
    "SGD": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.1),
    "Adam": lambda p: torch.optim.Adam(p, lr=0.05, fused=True, weight_decay=0.1),
    "AdamW": lambda p: torch.optim.AdamW(p, lr=0.05, amsgrad=True, foreach=True),
    "RMSprop": lambda p: torch.optim.RMSprop(p, lr=0.01, momentum=0.9),
    "Adagrad": lambda p: torch.optim.Adagrad(p, lr=0.1),
    "Rprop": lambda p: torch.optim.Rprop(p, lr=0.01),
    "LBFGS": lambda p: torch.optim.LBFGS(p, line_search_fn="strong_wolfe"),
}


@pytest.mark.parametrize("name", OPTIMISERS)
def test_an_optimiser_with_momentum_from_before_moves_no_held_weight(name):
    model = net()
    optimiser = OPTIMISERS[name](model.parameters())
    for _ in range(5):
        step(model, optimiser)
    magnitude_prune(model, 0.15)
    masks, before = Masks.of(model), copy.deepcopy(model.state_dict())
    assert 0 < count_nonzero(hold_masks(model)) < sum(p.numel() for p in model.parameters())
    for _ in range(5):
        step(model, optimiser)
        assert stays(model, masks)  # right after the step, before any forward pass
        assert all(bool((p.grad[~masks[n]] == 0).all()) for n, p in model.named_parameters())
    assert any(not torch.equal(p, before[n]) for n, p in model.named_parameters())


def test_a_held_model_trains_like_the_really_smaller_one():
    """Neurons 4 and up of the hidden layer held at zero, or not there: the same losses."""
    big, small = MLP((6, 8, 3), nn.Tanh, seed=0), MLP((6, 4, 3), nn.Tanh, seed=0)
    big[0].weight.data[4:] = big[0].bias.data[4:] = big[2].weight.data[:, 4:] = 0
    for part, whole in zip(small.parameters(), big.parameters(), strict=True):
        part.data.copy_(whole[tuple(slice(n) for n in part.shape)])
    hold_masks(big)
    for model in (big, small):
        optimiser = torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.9)
        for _ in range(20):
            optimiser.zero_grad()
            (model(X) - 1).square().mean().backward()
            nn.utils.clip_grad_norm_(model.parameters(), 0.1)  # a norm over all gradients
            optimiser.step()
    assert torch.allclose(big(X), small(X), atol=1e-6) and count_nonzero(big) == 4 * 7 + 3 * 5


def test_steps_by_hand_and_values_set_by_hand_are_undone_by_the_next_forward_pass():
    model = net()
    magnitude_prune(model, 0.15)
    masks = Masks.of(hold_masks(model))
    model(X).sum().backward()
    with torch.no_grad():
        for p in model.parameters():
            p -= p.grad
    assert stays(model, masks)
    outputs = model(X)
    for p in model.parameters():
        p.data[p == 0] = 7.0
    with torch.inference_mode():
        assert torch.equal(model(X), outputs)
    assert stays(model, masks)


def test_two_forward_passes_before_one_backward_pass():
    model = hold_masks(net())
    (model(X) - model(X + 1)).square().sum().backward()
    assert all(p.grad is not None for p in model.parameters())


@pytest.mark.parametrize("way", ["deepcopy", "torch.save", "state_dict", "state on disk", "assign"])
def test_copies_and_loaded_models_hold_the_same_masks(way):
    model = net()
    magnitude_prune(model, 0.15)
    masks = Masks.of(hold_masks(model))
    model(X).sum().backward()  # hooks are there now
    if way == "deepcopy":
        twin = copy.deepcopy(model)
    elif way == "torch.save":
        twin = saved(model)
    else:
        state = model.state_dict() if way == "state_dict" else saved(model.state_dict())
        twin = hold_masks(net(seed=1))
        twin.load_state_dict(state, assign=way == "assign")
    assert torch.equal(twin(X), model(X))
    found = held_masks(twin)
    assert list(found) == list(masks) and all(torch.equal(found[n], masks[n]) for n in masks)
    for _ in range(2):  # a copy of a copy too
        optimiser = OPTIMISERS["SGD"](twin.parameters())
        for _ in range(3):
            step(twin, optimiser)
        assert stays(twin, masks) and not torch.equal(twin(X), model(X))
        twin = saved(copy.deepcopy(twin))
    release_masks(twin)
    step(twin, OPTIMISERS["SGD"](twin.parameters()))
    assert not stays(twin, masks)
    assert stays(model, masks) and held_masks(model) is not None  # its own, untouched


def test_the_masks_of_two_models_and_of_the_caller_are_apart():
    masks = Masks.of(net())
    one, two = hold_masks(net(), masks), hold_masks(net(1), masks)
    one[0].weight_mask[0] = False
    assert bool(masks["0.weight"].all()) and bool(two[0].weight_mask.all())
    one(X)
    assert not one[0].weight[0].any()  # what the buffer says is what is held


def test_types_and_devices():
    model = net()
    magnitude_prune(model, 0.15)
    masks = Masks.of(hold_masks(model))
    for dtype in (torch.bfloat16, torch.float64):
        model.to(dtype)
        assert model[0].weight_mask.dtype == torch.bool
        optimiser = OPTIMISERS["SGD"](model.parameters())
        for _ in range(2):
            step(model, optimiser, X.to(dtype))
        assert stays(model, masks)
    assert held_masks(model.to("meta"))["0.weight"].device.type == "meta"


def test_buffers_are_named_as_in_torch_prune_and_are_not_counted():
    model, other = net(), net()
    magnitude_prune(model, 0.15)
    rate, masks = compression_rate(model), Masks.of(model)
    hold_masks(model)
    for i in (0, 2, 4):
        for name in ("weight", "bias"):
            prune.custom_from_mask(other[i], name, masks[f"{i}.{name}"])
    buffers = dict(model.named_buffers())
    assert set(buffers) == {name for name, _ in other.named_buffers()}
    assert all(torch.equal(b, buffers[name].float()) for name, b in other.named_buffers())
    assert torch.equal(model(X), other(X)) and compression_rate(model) == rate
    assert [n for n, _ in model.named_parameters()] == list(masks)  # under their own names
    assert not prune.is_pruned(model) and held_masks(other) is None
    with pytest.raises(ValueError, match="make that permanent"):
        hold_masks(other)
    for i in (0, 2, 4):
        for name in ("weight", "bias"):
            prune.remove(other[i], name)
    assert repr(held_masks(hold_masks(other))) == repr(masks)


# --- where torch.nn.utils.prune does not reach ---------------------------------------------------


def attention(seed: int = 0) -> nn.MultiheadAttention:
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return nn.MultiheadAttention(6, 2, batch_first=True)


def test_torch_prune_breaks_the_output_of_an_attention_and_held_masks_do_not():
    """`out_proj` is used by a function, so its forward hook never runs: the second step fails."""
    sequence = X[None]
    pruned, held = attention(), attention()
    prune.l1_unstructured(pruned.out_proj, "weight", 0.5)
    held.out_proj.weight.data *= pruned.out_proj.weight_mask
    zero = held.out_proj.weight == 0
    hold_masks(held)
    for model in (pruned, held):
        optimiser = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        for i in range(3):
            if model is pruned and i == 1:
                with pytest.raises(RuntimeError, match="second time"):
                    model(sequence, sequence, sequence)[0].square().sum().backward()
                break
            optimiser.zero_grad()
            model(sequence, sequence, sequence)[0].square().sum().backward()
            optimiser.step()
    assert int(zero.sum()) == 18 and torch.equal(held.out_proj.weight == 0, zero)


def test_torch_prune_unties_a_tied_weight_and_held_masks_do_not():
    def tied():
        model = nn.Sequential(nn.Embedding(5, 4), nn.Linear(4, 5, bias=False))
        model[0].weight.data.copy_(torch.arange(1.0, 21).view(5, 4))
        model[1].weight = model[0].weight
        return model

    pruned, held = tied(), tied()
    prune.l1_unstructured(pruned[0], "weight", 0.5)
    assert int((pruned[0].weight == 0).sum()) == 10 and int((pruned[1].weight == 0).sum()) == 0
    magnitude_prune(held, 10.5)
    hold_masks(held)
    assert [name for name, _ in held.named_buffers()] == ["0.weight_mask"]  # counted once
    optimiser = torch.optim.SGD(held.parameters(), lr=0.01, momentum=0.9)
    for _ in range(3):
        optimiser.zero_grad()
        held(torch.arange(5)).square().sum().backward()
        optimiser.step()
    assert held[1].weight is held[0].weight and count_nonzero(held) == 10


@pytest.mark.parametrize("kind", ["CNN", "transformer", "LSTM"])
def test_own_models(kind):
    generator = torch.Generator().manual_seed(0)
    if kind == "LSTM":
        model, x = nn.LSTM(3, 4), torch.randn(5, 2, 3, generator=generator)
    elif kind == "CNN":
        model, x = residual_cnn(0), torch.rand(8, 1, 8, 8, generator=generator)
    else:
        model, x = transformer(0), torch.randint(0, 256, (4, 17), generator=generator)
    for name, p in model.named_parameters():
        if p.dim() > 1 and not name.startswith("embed"):
            p.data[torch.rand(p.shape, generator=generator) < 0.5] = 0
    masks = Masks.of(hold_masks(model))
    live = live_weights(model, x[:, :16])
    assert all(bool((masks[n] | ~live[n]).all()) for n in masks) and held_masks(model)
    optimiser = torch.optim.AdamW(model.parameters(), lr=0.01)
    for _ in range(3):
        optimiser.zero_grad()
        if kind == "transformer":
            loss = next_byte_loss(model(x[:, :-1]), x[:, 1:])
        else:
            loss = (model(x)[0] - 1).square().mean()
        loss.backward()
        optimiser.step()
    now = Masks.of(model)
    assert all(bool((masks[n] | ~now[n]).all()) for n in masks)


# --- changing one's mind -------------------------------------------------------------------------


def test_frozen_parameters_are_not_masked_and_a_mask_outlives_freezing():
    model = net()
    model[2].requires_grad_(False)
    model[2].weight.data[0] = 0
    hold_masks(model)
    assert set(held_masks(model)) == {"0.weight", "0.bias", "4.weight", "4.bias"}
    model[0].requires_grad_(False)
    step(model, OPTIMISERS["SGD"](model.parameters()))
    assert len(held_masks(model)) == 4


def test_new_masks_replace_the_old_ones_and_release_lets_go():
    model = net()
    magnitude_prune(model, 0.1)
    hold_masks(model)
    magnitude_prune(model, 0.2)
    masks = Masks.of(hold_masks(model))
    assert repr(held_masks(model)) == repr(masks) and len(model._forward_pre_hooks) == 1
    assert release_masks(model) is model and held_masks(model) is None
    assert list(model.state_dict()) == list(net().state_dict()) and not model._forward_pre_hooks
    step(model, OPTIMISERS["Adam"](model.parameters()))
    assert not stays(model, masks)
    assert release_masks(model) is model  # nothing to do


def test_bad_input_gets_one_sentence_and_changes_nothing():
    model = net()
    with pytest.raises(ValueError, match="another model"):
        hold_masks(model, Masks.of(MLP((2, 2), seed=0)))
    with pytest.raises(ValueError, match="no trainable parameters"):
        hold_masks(nn.ReLU())
    model[2].register_buffer("bias_mask", torch.ones(8))
    with pytest.raises(ValueError, match="another bias_mask beside 2.bias"):
        hold_masks(model)
    assert held_masks(model) is None and not hasattr(model[0], "weight_mask")


def test_a_held_zero_is_zero_whatever_its_gradient():
    model = nn.Linear(2, 1, bias=False)
    model.weight.data[0, 0] = 0
    optimiser = torch.optim.SGD(hold_masks(model).parameters(), lr=0.1)
    model(torch.tensor([[torch.inf, 1.0]])).sum().backward()  # 0 * inf, and a gradient of inf
    optimiser.step()
    assert model.weight[0, 0] == 0 and model.weight[0, 1].isfinite()
