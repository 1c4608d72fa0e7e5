"""Sparse models for the tests of the codec."""

import copy

import torch
from hypothesis import strategies as st
from torch import nn


@torch.no_grad()
def sparsify(model, density, seed=2**20, values=None):
    """Keep each weight with this probability; with `values`, draw the others from them."""
    generator = torch.Generator().manual_seed(seed)
    for p in model.parameters():
        if values is not None:
            choice = torch.randint(len(values), p.shape, generator=generator)
            p.copy_(torch.tensor(values, dtype=p.dtype)[choice])
        if p.is_floating_point():
            p.mul_(torch.rand(p.shape, generator=generator) < density)
    return model


@torch.no_grad()
def scrambled(model):
    """A twin with other weights: nothing of it may be left after loading."""
    twin = copy.deepcopy(model)
    for t in [*twin.parameters(), *twin.buffers()]:
        t.fill_(7)
    return twin


class Tied(nn.Module):
    """One table for the first and the last layer, and one block that is used twice."""

    def __init__(self, width):
        super().__init__()
        self.embed, self.head = nn.Embedding(5, width), nn.Linear(width, 5, bias=False)
        self.head.weight = self.embed.weight
        block = nn.Linear(width, width)
        self.blocks = nn.ModuleList([block, block])


class Odd(nn.Module):
    """A scalar, an empty tensor, three dimensions, frozen parameters and buffers of all kinds."""

    def __init__(self, width):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(2.0))
        self.none = nn.Parameter(torch.zeros(0, 3))
        self.cube = nn.Parameter(torch.randn(2, 3, width))
        self.still = nn.Parameter(torch.randn(width), requires_grad=False)
        self.frozen = nn.Parameter(torch.arange(3), requires_grad=False)
        self.register_buffer("mask", torch.rand(width) < 0.5)
        self.register_buffer("scratch", torch.zeros(2), persistent=False)
        self.register_buffer("low", torch.tensor([float("-inf"), 1.5]))


def network(kind, width, dtype, seed):
    """A small model, with running statistics if it has any."""
    make = {
        "linear": lambda: nn.Sequential(nn.Linear(width, 2 * width), nn.Linear(2 * width, 3)),
        "pixels": lambda: nn.Sequential(nn.Linear(25, width), nn.Linear(width, 3)),
        "conv": lambda: nn.Sequential(
            nn.Conv2d(2, width, 3, bias=False), nn.BatchNorm2d(width), nn.Conv2d(width, 3, 3)
        ),
        "embedding": lambda: nn.Sequential(nn.Embedding(5 * width, width), nn.LayerNorm(width)),
        "tied": lambda: Tied(width),
        "odd": lambda: Odd(width),
    }[kind]
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        model = make().to(dtype)
        for name, b in model.named_buffers():
            if b.is_floating_point() and name != "low":
                b.uniform_(0.5, 2)
    return model


MODELS = st.builds(
    network,
    st.sampled_from(["linear", "pixels", "conv", "embedding", "tied", "odd"]),
    st.integers(1, 20),
    st.sampled_from([torch.float32, torch.float64, torch.bfloat16]),
    st.integers(0, 2**32),
)
DENSITIES = st.sampled_from([0.0, 0.003, 0.02, 0.1, 0.5, 1.0])
SEEDS = st.integers(0, 2**32)
