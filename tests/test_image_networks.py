"""The convolutional networks: the published sizes, plain arithmetic, and all the course's tools."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from l0course import DRR, compress, prune_dead, remove_neurons
from l0course.codec import decode_model, encode_model
from l0course.image_networks import VGG16, LeNet5
from l0course.pruning import count_nonzero


def rows(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def bright_and_dark(*shape: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Noise of class 0, and of class 1 at a fifth of the light."""
    y = torch.arange(shape[0]) % 2
    return torch.where(y.reshape(-1, *[1] * (len(shape) - 1)) == 1, 0.2, 1.0) * rows(*shape), y


def parameters(model: nn.Module, *kinds: type[nn.Module]) -> int:
    layers = [layer for layer in model.modules() if isinstance(layer, kinds)]
    return sum(p.numel() for layer in layers for p in layer.parameters())


def lenet_by_hand(p: list[torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    """Convolutions as sums over the 25 shifts, pools as maxima over four slices."""

    def block(weight: torch.Tensor, bias: torch.Tensor, h: torch.Tensor) -> torch.Tensor:
        size = h.shape[2] - 4
        shifts = [(i, j, h[:, :, i : i + size, j : j + size]) for i in range(5) for j in range(5)]
        z = sum(torch.einsum("oc,ncij->noij", weight[:, :, i, j], part) for i, j, part in shifts)
        z = z + bias[:, None, None]
        corners = [z[:, :, i::2, j::2] for i in (0, 1) for j in (0, 1)]
        return torch.stack(corners).amax(0).relu()

    h = block(p[2], p[3], block(p[0], p[1], x.reshape(-1, 1, 28, 28)))
    return (h.flatten(1) @ p[4].T + p[5]).relu() @ p[6].T + p[7]


def test_lenet5_has_the_published_size_in_pytorchs_usual_shapes():
    shapes = [tuple(p.shape) for p in LeNet5(seed=0).parameters()]
    convolutions = [(20, 1, 5, 5), (20,), (50, 20, 5, 5), (50,)]
    assert shapes == [*convolutions, (500, 800), (500,), (10, 500), (10,)]
    assert parameters(LeNet5(seed=0), nn.Conv2d, nn.Linear) == 520 + 25_050 + 400_500 + 5_010


@pytest.mark.parametrize("shape", [(6, 784), (6, 1, 28, 28)])
def test_lenet5_computes_what_its_formula_says_with_its_gradients(shape):
    net, x = LeNet5(seed=3).double(), rows(*shape).double()
    by_hand = [p.detach().clone(memory_format=torch.contiguous_format) for p in net.parameters()]
    by_hand = [p.requires_grad_() for p in by_hand]
    out, expected = net(x), lenet_by_hand(by_hand, x)
    torch.testing.assert_close(out, expected)
    F.cross_entropy(out, torch.arange(6)).backward()
    F.cross_entropy(expected, torch.arange(6)).backward()
    for mine, theirs in zip(net.parameters(), by_hand, strict=True):
        torch.testing.assert_close(mine.grad, theirs.grad)


@pytest.mark.parametrize("network", [LeNet5, VGG16])
def test_the_seed_alone_draws_the_weights(network):
    state = torch.random.get_rng_state()
    first, again, other = (list(network(seed).parameters()) for seed in (5, 5, 6))
    assert torch.equal(torch.random.get_rng_state(), state)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first[0], other[0])


def test_lenet5_keeps_its_order_in_memory_through_compression():
    data, net = bright_and_dark(20, 784), LeNet5(seed=0)
    schedule = dict(warmup=2, regularize=2, finetune=1, batch_size=10, tolerance=0.05)
    done = compress(net, data, data, DRR(1e-4), **schedule, progress=False).model
    assert 0 < count_nonzero(done) < 431_080
    for before, after in zip(net.parameters(), done.parameters(), strict=True):
        assert before.stride() == after.stride()


def test_idle_channels_of_lenet5_are_cut_out_and_its_file_gives_it_back():
    net, x = LeNet5(seed=0), rows(9, 784)
    with torch.no_grad():
        net[5].weight[:, 4:] = 0  # 16 of the 20 channels are read by nobody
        net[9].weight[:, 3 * 16 :] = 0  # and 47 of the 50
    small = remove_neurons(net, x)
    assert (small[2].out_channels, small[5].out_channels, small[9].in_features) == (4, 3, 48)
    torch.testing.assert_close(small(x), net(x))
    twin = decode_model(encode_model(net, bits=32), LeNet5(seed=1))
    assert torch.equal(twin(x), net(x))


def test_vgg16_has_the_published_size():
    net = VGG16(seed=0)
    assert parameters(net, nn.Conv2d) == 14_714_688
    assert parameters(net, nn.BatchNorm2d) == 8_448
    assert parameters(net, nn.Linear) == 530_442
    assert sum(p.numel() for p in net.parameters()) == 15_253_578
    kinds = [type(layer).__name__ for layer in net]
    assert [kinds.count(kind) for kind in ("Conv2d", "BatchNorm2d", "MaxPool2d")] == [13, 13, 5]
    assert [layer.p for layer in net if isinstance(layer, nn.Dropout)] == [0.4, 0.4]


def test_a_narrow_vgg16_has_the_same_form():
    net, narrow = VGG16(seed=0), VGG16(seed=0, width=4)
    assert [type(layer) for layer in net] == [type(layer) for layer in narrow]
    assert [p.dim() for p in net.parameters()] == [p.dim() for p in narrow.parameters()]
    assert parameters(narrow, nn.BatchNorm2d) == 8_448 // 16
    with pytest.raises(ValueError, match="width must lie between 1"):
        VGG16(seed=0, width=0)


def test_what_an_unread_channel_of_vgg16_owns_is_dead():
    net = VGG16(seed=0)
    convolutions = [layer for layer in net if isinstance(layer, nn.Conv2d)]
    linear = next(layer for layer in net if isinstance(layer, nn.Linear))
    with torch.no_grad():
        linear.weight[:, 7] = 0  # channel 7 of the last convolution is read by nobody
        convolutions[4].weight[:, :2] = 0  # nor are two of the fourth
    owned = (512 * 9 + 3) + 2 * (128 * 9 + 3)  # weights, bias, scale and shift of the batch norm
    for norm in (layer for layer in net if isinstance(layer, nn.BatchNorm2d)):
        norm.bias.data.fill_(0.1)  # a shift of zero is no weight
    before = count_nonzero(net)
    assert prune_dead(net, rows(2, 3, 32, 32)) == owned == before - count_nonzero(net)


def test_vgg16_goes_through_compress_and_its_file():
    data, net = bright_and_dark(8, 3, 32, 32), VGG16(seed=0)
    for norm in (layer for layer in net if isinstance(layer, nn.BatchNorm2d)):
        norm.momentum = 0.9  # two batches an epoch are few
    schedule = dict(warmup=1, regularize=1, finetune=1, batch_size=4, tolerance=0.2)
    done = compress(net, data, data, DRR(1e-4), **schedule, progress=False)
    assert 0 < count_nonzero(done.model) < 15_253_578
    assert not torch.equal(done.model[1].running_mean, net[1].running_mean)
    with torch.no_grad():
        for p in done.model.parameters():  # few are left, so that coding is quick
            p *= p.abs() >= p.abs().flatten().kthvalue(max(1, round(p.numel() * 0.9999))).values
    twin = decode_model(encode_model(done.model, bits=32), copy.deepcopy(net)).eval()
    assert torch.equal(twin(data[0]), done.model(data[0]))
