"""Sorted neurons: the same function in a smaller file."""

import pytest
import torch
from codec_models import sparsify
from own_models import residual_cnn, transformer
from torch import nn

from l0course import LeNet300, count_nonzero, hold_masks
from l0course.codec import encode_model
from l0course.neuron_order import sort_neurons


def convolutions(seed):
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        model = nn.Sequential(
            nn.Conv2d(1, 12, 3), nn.BatchNorm2d(12), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
            nn.Linear(12 * 9, 20), nn.PReLU(20), nn.Linear(20, 4),
        )  # fmt: skip
        model[1].running_mean.normal_()
        model[1].running_var.uniform_(0.5, 2)
        model[6].weight.data.uniform_(0.1, 0.5)
    return model.eval()


MODELS = {
    "LeNet-300-100": (LeNet300, torch.rand(5, 784, generator=torch.Generator().manual_seed(0))),
    "convolutions": (convolutions, torch.rand(5, 1, 8, 8)),
    "residual": (residual_cnn, torch.rand(5, 1, 8, 8)),
    "transformer": (transformer, torch.randint(256, (5, 8))),
}


@pytest.mark.parametrize("name", MODELS)
def test_the_function_stays_and_live_neurons_come_first(name):
    make, x = MODELS[name]
    model = sparsify(make(0), 0.05 if name == "LeNet-300-100" else 0.5)
    before = {key: t.clone() for key, t in model.state_dict().items()}
    out = sort_neurons(model, x)
    assert out.training == model.training and count_nonzero(out) == count_nonzero(model)
    for p, q in zip(model.parameters(), out.parameters(), strict=True):
        assert torch.equal(p.flatten().sort().values, q.flatten().sort().values)
    for key, t in model.state_dict().items():
        assert torch.equal(t, before[key])
    a, b = model.eval().double(), out.eval().double()
    x = x.double() if x.is_floating_point() else x
    assert torch.allclose(a(x), b(x), rtol=1e-9, atol=1e-9)


def test_dead_neurons_go_last_and_the_file_is_smaller():
    generator = torch.Generator().manual_seed(0)
    model = sparsify(LeNet300(0), 0.02)
    with torch.no_grad():
        for layer, reader in ((model[0], model[2]), (model[2], model[4])):
            dead = torch.rand(len(layer.weight), generator=generator) < 0.7
            layer.weight[dead], layer.bias[dead], reader.weight[:, dead] = 0, 0, 0
    out = sort_neurons(model, torch.rand(5, 784))
    for layer in (out[0], out[2]):
        live = layer.weight.any(1)
        assert torch.equal(live, live.sort(descending=True).values)
    before, after = (len(encode_model(m, bits=4)) for m in (model, out))
    # At least log2 C(300, 90) + log2 C(100, 30) bits, or 33 + 11 bytes: which neurons are dead.
    assert after < before - 35
    again = sort_neurons(out, torch.rand(5, 784))
    for p, q in zip(out[0].parameters(), again[0].parameters(), strict=True):
        assert torch.equal(p, q)  # it is sorted


def test_held_masks_move_with_their_weights():
    model = sparsify(LeNet300(0), 0.02)
    hold_masks(model)
    x = torch.rand(5, 784, generator=torch.Generator().manual_seed(1))
    out = sort_neurons(model, x)
    assert torch.allclose(out(x), model(x), atol=1e-5)
    assert torch.equal(out[2].weight_mask, out[2].weight != 0)
