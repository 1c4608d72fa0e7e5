"""The convolutional networks that the course compresses, in the sizes of the published tables."""

from __future__ import annotations

import torch
from torch import nn

from .checks import integer

__all__ = ["LeNet5", "VGG16"]


def LeNet5(seed: int) -> nn.Sequential:  # noqa: N802 (named as the field names it)
    """LeNet-5-Caffe: two convolutions and two linear layers for digits, with 431,080 parameters.

    conv 5x5 to 20, max pool 2, conv 5x5 to 50, max pool 2, linear 800-500-10, without padding. A
    ReLU stands behind each pool and the first linear layer, as in the tables of the papers; Caffe's
    own LeNet has only the last of the three. Takes rows of shape (n, 784) or (n, 1, 28, 28).

    The convolutions are kept in PyTorch's channels-last order. Their shapes and numbers are the
    usual ones, only the order in memory differs; on one CPU core training is 1.5 times as fast.

    Sources: LeCun, Bottou, Bengio, Haffner 1998; main paper (arXiv 2505.17469), image classifiers.

    Parameters
    ----------
    seed : int
        Draws the initial weights (PyTorch's default initialisation), whatever the global seed.

    Raises
    ------
    ValueError
        If seed is not an integer of at least 0.

    Examples
    --------
    >>> net = LeNet5(seed=0)
    >>> net(torch.zeros(2, 784)).shape, net(torch.zeros(2, 1, 28, 28)).shape
    (torch.Size([2, 10]), torch.Size([2, 10]))
    >>> sum(p.numel() for p in net.parameters())
    431080
    """
    integer("seed", seed, 0)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        net = nn.Sequential(
            nn.Flatten(),
            nn.Unflatten(1, (1, 28, 28)),
            nn.Conv2d(1, 20, 5),  # (n, 20, 24, 24)
            nn.MaxPool2d(2),
            nn.ReLU(),
            nn.Conv2d(20, 50, 5),  # (n, 50, 8, 8)
            nn.MaxPool2d(2),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(800, 500),
            nn.ReLU(),
            nn.Linear(500, 10),
        )
    return net.to(memory_format=torch.channels_last)


def VGG16(seed: int, width: int = 64) -> nn.Sequential:  # noqa: N802
    """VGG-16-512 for colour pictures of 32x32, with 15,253,578 parameters.

    Thirteen convolutions 3x3 (64, 64, 128, 128, 3 x 256, 6 x 512 channels), each with biases, batch
    norm and ReLU; a max pool of 2 after the second, fourth, seventh, tenth and thirteenth; linear
    512-512-512-10 with ReLU and dropout of 0.4. In millions of parameters: 14.71 in convolutions,
    0.53 in linear layers, 0.01 in batch norm. Takes (n, 3, 32, 32).

    That dropout stands behind the two hidden linear layers is our choice: of the source we know
    only its rate. Sources: Simonyan, Zisserman (ICLR 2015), configuration D; main paper (arXiv
    2505.17469), image classifiers.

    Parameters
    ----------
    seed : int
        Draws the initial weights (PyTorch's default initialisation), whatever the global seed.
    width : int
        Channels of the first layer; all other widths go with it. Less than 64 gives a small network
        of the same form, to try things out on a CPU.

    Raises
    ------
    ValueError
        If seed or width is not an integer of at least 0 or 1.

    Examples
    --------
    >>> sum(p.numel() for p in VGG16(seed=0).parameters())
    15253578
    >>> VGG16(seed=0, width=4).eval()(torch.zeros(1, 3, 32, 32)).shape
    torch.Size([1, 10])
    """
    integer("seed", seed, 0)
    width = integer("width", width, 1)
    layers: list[nn.Module] = []
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        before = 3
        for times, size in [(2, width), (2, 2 * width), (3, 4 * width), (6, 8 * width)]:
            for i in range(times):
                layers += [nn.Conv2d(before, size, 3, padding=1), nn.BatchNorm2d(size), nn.ReLU()]
                layers += [nn.MaxPool2d(2)] if i in (2, 5) or i == times - 1 else []
                before = size
        layers += [nn.Flatten()]
        for _ in range(2):
            layers += [nn.Linear(before, before), nn.ReLU(), nn.Dropout(0.4)]
        layers += [nn.Linear(before, 10)]
    return nn.Sequential(*layers)
