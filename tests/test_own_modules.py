"""The whole tool box on networks of one's own: a residual CNN and a transformer with a tied head.

Convolution, batch norm, layer norm, embedding, attention, tied weights, a loss of one's own, frozen
parameters. Each run is short: what is tested is that all parts fit, not how far they compress.
"""

import argparse
import copy
import math
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from own_models import next_byte_loss, residual_cnn, transformer
from torch import Tensor, nn

from l0course import (
    DRR,
    L1,
    PMMP,
    ExactPMMP,
    HardConcrete,
    Masks,
    compress,
    compression_rate,
    count_nonzero,
    digits,
    magnitude_prune,
    mean_loss,
    random_gradient_prune,
    tamade,
)
from l0course.live_paths import live_weights, prune_dead
from l0course.persistent_masks import held_masks, hold_masks

Data = tuple[Tensor, Tensor]
REGULARIZERS = {
    "DRR": DRR(alpha=2e-3),
    "L1": L1(alpha=1e-3),
    "PMMP": PMMP(alpha=1e-3, u0=0.1, lr=1e-2),
    "ExactPMMP": ExactPMMP(alpha=1e-3, start=0.3, end=0.1),
    "HardConcrete": HardConcrete(alpha=1e-3, gate_lr=0.05, log_alpha=0.5),
}


def images() -> tuple[Data, Data]:
    """The digits as images (n, 1, 8, 8)."""
    d = digits()
    train, validation = (d.x_train[:384], d.y_train[:384]), (d.x_val, d.y_val)
    return tuple(
        (torch.as_tensor(x).view(-1, 1, 8, 8), torch.as_tensor(y)) for x, y in (train, validation)
    )


def text(length: int = 16) -> tuple[Data, Data]:
    """Pieces of a module that ships with Python: bytes x (n, length), and the next ones y."""
    raw = torch.tensor(list(Path(argparse.__file__).read_bytes()[: 320 * length + 1]))
    x, y = raw[:-1].view(-1, length), raw[1:].view(-1, length)
    return (x[:256], y[:256]), (x[256:], y[256:])


def case(kind: str) -> tuple[nn.Module, Data, Data, object]:
    if kind == "CNN":
        return residual_cnn(0), *images(), F.cross_entropy
    return transformer(0, width=8, heads=2), *text(), next_byte_loss


KINDS = ["CNN", "transformer"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", REGULARIZERS)
def test_compress_goes_through_with_every_regularizer(kind, name):
    model, train, validation, loss = case(kind)
    frozen = [p for n, p in model.named_parameters() if n in ("stem.bias", "position")][0]
    frozen.requires_grad_(False)
    before = copy.deepcopy(model.state_dict())
    untrained = mean_loss(model, validation, loss)
    done = compress(
        model, train, validation, REGULARIZERS[name],
        loss=loss, warmup=1, regularize=4, finetune=2, lr=1e-2, batch_size=32, tolerance=0.05,
        progress=False,
    )  # fmt: skip
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())
    found = dict(done.model.named_parameters())
    assert set(found) == set(dict(model.named_parameters()))
    assert set(done.masks) == {n for n, p in found.items() if p.requires_grad}
    name_of_frozen = next(n for n, p in model.named_parameters() if p is frozen)
    assert torch.equal(found[name_of_frozen], frozen) and name_of_frozen not in done.masks
    total = sum(p.numel() for p in model.parameters() if p.requires_grad)
    assert done.compression_rate == pytest.approx(total / count_nonzero(done.model))
    assert done.compression_rate > 1.05 and done.validation_loss < 0.8 * untrained
    live = {n: p != 0 for n, p in found.items() if p.requires_grad}
    assert all(not (live[n] & ~done.masks[n]).any() for n in live)  # pruned is pruned
    assert mean_loss(done.model, validation, loss) == done.validation_loss
    assert not any(module._forward_pre_hooks for module in model.modules())


@pytest.mark.parametrize("kind", KINDS)
def test_same_seed_same_bits(kind):
    model, train, validation, loss = case(kind)
    settings = dict(loss=loss, warmup=0, regularize=2, finetune=1, batch_size=32, lr=1e-2)
    one, two = (
        compress(model, train, validation, DRR(1e-3), progress=False, **settings) for _ in "ab"
    )
    pairs = zip(one.model.parameters(), two.model.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    assert one.history == two.history


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_counted(kind):
    """Trainable entries, a tied weight once; no buffers and no frozen entries."""
    model, *_ = case(kind)
    with torch.no_grad():
        for p in model.parameters():
            p.fill_(1.0)
    total = sum(p.numel() for p in model.parameters())
    assert count_nonzero(model) == total and compression_rate(model) == 1
    masks = Masks.of(model)
    assert list(masks) == [n for n, _ in model.named_parameters()]
    if kind == "transformer":
        tied = copy.deepcopy(model)
        tied.head = nn.Linear(8, 256, bias=False)
        tied.head.weight = tied.embed.weight  # tied as a parameter of two modules
        assert count_nonzero(tied) == total and list(Masks.of(tied)) == list(masks)
        magnitude_prune(tied, 2.0)
        assert tied.head.weight is tied.embed.weight and count_nonzero(tied) == 0
    hold_masks(model)
    assert any(True for _ in model.buffers()) and count_nonzero(model) == total
    first = next(model.parameters()).requires_grad_(False)
    assert count_nonzero(model) == total - first.numel()


@pytest.mark.parametrize("kind", KINDS)
def test_tamade_prunes_all_that_the_loss_tolerates(kind):
    model, train, validation, loss = case(kind)
    base = mean_loss(model, validation, loss)
    modes = [module.training for module in model.modules()]
    found = tamade(model, lambda m: mean_loss(m, validation, loss), tolerance=0.02)
    assert mean_loss(model, validation, loss) <= 1.02 * base + 1e-9
    assert found.threshold > 0 and found.evaluations <= 30 and compression_rate(model) > 1
    sizes = torch.cat([p.detach().abs().flatten() for p in model.parameters()])
    assert not ((sizes > 0) & (sizes < found.threshold)).any()
    assert [module.training for module in model.modules()] == modes


@pytest.mark.parametrize("kind", KINDS)
def test_dead_weights_of_a_sparse_network_go_and_the_function_stays(kind):
    model, (x, _), _, _ = case(kind)
    model.eval()
    magnitude_prune(model, 0.22)
    twin, outputs = copy.deepcopy(model), model(x)
    live = live_weights(model, x)
    removed = prune_dead(model, x)
    assert removed > 0 and all(torch.equal(live[n], p != 0) for n, p in model.named_parameters())
    assert torch.allclose(model(x), outputs, atol=1e-5)
    random_gradient_prune(twin, x)
    assert torch.allclose(twin(x), outputs, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_held_masks_through_a_second_compression(kind):
    """Prune, hold, compress again with another penalty: what was zero stays zero in the copy."""
    model, train, validation, loss = case(kind)
    magnitude_prune(model, 0.05)
    masks = Masks.of(hold_masks(model))
    done = compress(
        model, train, validation, DRR(1e-3), loss=loss, warmup=1, regularize=2, finetune=1,
        lr=1e-2, batch_size=64, progress=False,
    )  # fmt: skip
    for mine in (model, done.model):
        found = held_masks(mine)
        assert all(torch.equal(found[n], masks[n]) for n in masks)
        assert all(not p[~masks[n]].any() for n, p in mine.named_parameters())
    assert done.validation_loss < math.log(256) if kind == "transformer" else math.log(10)


def test_a_penalty_sees_frozen_and_tied_weights_as_it_should():
    model, *_ = case("transformer")
    model.blocks.requires_grad_(False)
    model.head = nn.Linear(8, 256, bias=False)
    model.head.weight = model.embed.weight
    total = sum(
        p.abs().sum() for p in {model.embed.weight, model.position, *model.norm.parameters()}
    )
    assert L1(2.0).attach(model).penalty().item() == pytest.approx(2 * total.item(), rel=1e-5)
