"""The codec: what is loaded is what was saved, sizes are near the ideal, bad files are refused."""

import copy
import os
import random
import signal
import subprocess
import sys
import time
import zlib

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from own_models import residual_cnn, transformer
from torch import nn

from l0course import MLP, LeNet300, count_nonzero
from l0course.codec import CorruptFileError, file_report, load_compressed, save_compressed
from l0course.codelength import support_bits
from l0course.levels import Codebook, Grid, choose_levels, relative_error
from l0course.range_coder import ONE, Coder, Reader, Writer


@torch.no_grad()
def sparsify(model, density, seed=0, values=None):
    """Keep each weight with this probability; with `values`, draw the others from them."""
    generator = torch.Generator().manual_seed(seed)
    for p in model.parameters():
        if values is not None:
            choice = torch.randint(len(values), p.shape, generator=generator)
            p.copy_(torch.tensor(values, dtype=p.dtype)[choice])
        p.mul_(torch.rand(p.shape, generator=generator) < density)
    return model


def scrambled(model):
    """A twin with other weights: nothing of it may be left after loading."""
    twin = copy.deepcopy(model)
    with torch.no_grad():
        for t in [*twin.parameters(), *twin.buffers()]:
            t.fill_(7)
    return twin


def network(kind, width, seed):
    """A small model of Linear, Conv, BatchNorm and Embedding, with running statistics."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layers = {
            "linear": [nn.Linear(width, 2 * width), nn.ReLU(), nn.Linear(2 * width, 3)],
            "conv": [nn.Conv2d(2, width, 3, bias=False), nn.BatchNorm2d(width)],
            "embedding": [nn.Embedding(5 * width, width), nn.LayerNorm(width)],
        }[kind]
        model = nn.Sequential(*layers)
        for b in model.buffers():
            if b.is_floating_point():
                b.uniform_(0.5, 2)
    return model


SEEDS = st.integers(0, 2**32)
KINDS = st.sampled_from(["linear", "conv", "embedding"])
MODELS = st.builds(network, KINDS, st.integers(1, 24), SEEDS)
DENSITIES = st.sampled_from([0.0, 0.003, 0.02, 0.1, 0.5, 1.0])


@settings(max_examples=150, deadline=None)
@given(MODELS, DENSITIES, SEEDS, st.integers(1, 7))
def test_rounding_keeps_positions_and_changes_a_weight_by_little(
    tmp_path_factory, model, density, seed, bits
):
    path = tmp_path_factory.getbasetemp() / "rounded.l0"
    sparsify(model, density, seed)
    before = copy.deepcopy(model.state_dict())
    assert save_compressed(model, path, bits=bits) == path.stat().st_size
    twin = load_compressed(path, scrambled(model))
    again = load_compressed(path, scrambled(model))
    values = torch.cat([p.flatten() for p in twin.parameters()]).unique()
    assert len(values) <= 1 + 2**bits * len(list(twin.parameters()))
    for p, q, r in zip(model.parameters(), twin.parameters(), again.parameters(), strict=True):
        assert torch.equal(q, r)
        assert torch.equal(p != 0, q != 0)
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[name])  # saving changes nothing
    weights, near = (nn.utils.parameters_to_vector(m.parameters()).detach() for m in (model, twin))
    error = (weights - near).square().mean().sqrt()
    assert error <= 1.02 * weights.abs().max() / (2**bits // 2)  # one step of the coarsest grid
    if bits <= 6:  # the rounded model is its own rounding
        save_compressed(twin, path, bits=bits)
        load_compressed(path, again)
        for q, r in zip(twin.parameters(), again.parameters(), strict=True):
            assert torch.equal(q, r)


@settings(max_examples=150, deadline=None)
@given(
    MODELS,
    DENSITIES,
    SEEDS,
    st.lists(st.floats(-100, 100, width=32).filter(bool), min_size=1, max_size=16, unique=True),
)
def test_few_values_come_back_bit_for_bit(tmp_path_factory, model, density, seed, values):
    path = tmp_path_factory.getbasetemp() / "few.l0"
    sparsify(model, density, seed, values)
    save_compressed(model, path, bits=4)
    twin = load_compressed(path, scrambled(model))
    for p, q in zip(model.parameters(), twin.parameters(), strict=True):
        assert torch.equal(p, q)


@settings(max_examples=50, deadline=None)
@given(MODELS, DENSITIES, SEEDS)
def test_32_bits_keep_everything(tmp_path_factory, model, density, seed):
    path = tmp_path_factory.getbasetemp() / "exact.l0"
    sparsify(model, density, seed)
    save_compressed(model, path, bits=32)
    twin = load_compressed(path, scrambled(model)).state_dict()
    for name, tensor in model.state_dict().items():
        assert name.endswith("num_batches_tracked") or torch.equal(tensor, twin[name])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("bits", [3, None, 32])
def test_other_types_and_odd_shapes(tmp_path, dtype, bits):
    class Odd(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.tensor(2.0, dtype=dtype))
            self.none = nn.Parameter(torch.zeros(0, 3, dtype=dtype))
            self.cube = nn.Parameter(torch.ones(2, 3, 4, dtype=dtype))
            self.frozen = nn.Parameter(torch.arange(3), requires_grad=False)
            self.register_buffer("mask", torch.tensor([True, False, True]))
            self.register_buffer("scratch", torch.zeros(2), persistent=False)
            self.register_buffer("low", torch.tensor([float("-inf"), 1.5], dtype=dtype))

    model = Odd()
    save_compressed(model, tmp_path / "odd.l0", bits=bits)
    twin = load_compressed(tmp_path / "odd.l0", scrambled(model))
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, twin.state_dict()[name]), name
    assert twin.scratch.tolist() == [7, 7]


@pytest.mark.parametrize("make", [residual_cnn, transformer])
def test_peoples_own_models(tmp_path, make):
    model = sparsify(make(0), 0.6)
    path = tmp_path / "own.l0"
    size = save_compressed(model, path, bits=6)
    twin = load_compressed(path, make(1))
    assert count_nonzero(twin) == count_nonzero(model)
    x = torch.rand(4, 1, 8, 8) if make is residual_cnn else torch.randint(256, (4, 8))
    a, b = model.eval()(x), twin.eval()(x)
    assert a.norm() > 0 and (a - b).norm() < 0.2 * a.norm()
    assert sum(bytes for *_, bytes in file_report(path, model)) == pytest.approx(size)


def test_none_chooses_the_error_that_it_states(tmp_path):
    model = sparsify(MLP((40, 50, 10), seed=0), 0.3)
    save_compressed(model, tmp_path / "a.l0")
    twin = load_compressed(tmp_path / "a.l0", MLP((40, 50, 10), seed=1))
    weights, near = (nn.utils.parameters_to_vector(m.parameters()) for m in (model, twin))
    assert 0.025 < (weights - near).norm() / weights.norm() <= 0.05


@pytest.mark.parametrize("density", [0.5, 0.1, 0.02, 0.007, 0.003])
@pytest.mark.parametrize("shape", [(300, 784), (100, 300), (500, 800)])
def test_sizes_against_the_ideal(tmp_path, density, shape):
    model = sparsify(nn.Linear(shape[1], shape[0], bias=False), density)
    path = tmp_path / "one.l0"
    size = save_compressed(model, path, bits=5)
    parts = {part: bytes for _, part, bytes in file_report(path, model)}
    assert abs(parts["rounding"]) < 0.03 * size  # the coder against the probabilities it was given
    k = count_nonzero(model)
    assert 8 * parts["support"] < 1.02 * support_bits(shape[0] * shape[1], k) + 24  # k itself: 24
    twin = load_compressed(path, nn.Linear(shape[1], shape[0], bias=False))
    counts = twin.weight[twin.weight != 0].unique(return_counts=True)[1].double()
    entropy = float(-(counts / k * (counts / k).log2()).sum())
    table = len(counts) / 2 * np.log2(k) + 16  # what it costs to learn the frequencies, and a step
    assert 8 * parts["values"] < 1.01 * k * entropy + table


def test_dead_rows_and_columns_and_uneven_densities_cost_less(tmp_path):
    generator = torch.Generator().manual_seed(0)
    model = LeNet300(0)
    rows, columns = torch.rand(300, generator=generator), torch.rand(784, generator=generator)
    with torch.no_grad():
        chance = (rows.sub(0.6).relu()[:, None] * columns.square()).mul_(0.4)
        model[0].weight.mul_(torch.rand(300, 784, generator=generator) < chance)
        live = model[0].weight.any(1)
        model[0].bias.mul_(live)
        model[2].weight.mul_(live & (torch.rand(100, 300, generator=generator) < 0.1))
    save_compressed(model, tmp_path / "a.l0", bits=4)
    parts = {
        name: 8 * size
        for name, part, size in file_report(tmp_path / "a.l0", model)
        if part == "support"
    }
    for name, p in list(model.named_parameters())[:3]:
        assert parts[name] < 0.85 * support_bits(p.numel(), int(p.count_nonzero())), name
    assert parts["0.bias"] < 24  # it is alive where its row is


BLOB_MODEL = sparsify(MLP((12, 9, 4), seed=0), 0.3)


@pytest.fixture(scope="module")
def blob(tmp_path_factory):
    path = tmp_path_factory.mktemp("blob") / "a.l0"
    save_compressed(BLOB_MODEL, path, bits=4)
    return path.read_bytes()


def damaged(blob, dice):
    """One of several kinds of damage."""
    cut, at = dice.randrange(len(blob)), dice.randrange(len(blob))
    some = dice.randbytes(dice.randrange(1, 20))
    return dice.choice(
        [
            blob[:cut],
            blob[cut:],
            blob + some,
            blob[:cut] + blob[cut + 1 :],
            blob[:cut] + some + blob[cut:],
            blob[:at] + bytes([blob[at] ^ 1 << dice.randrange(8)]) + blob[at + 1 :],
            blob[:at] + some + blob[at + len(some) :],
            dice.randbytes(len(blob)),
            blob[:3] + dice.randbytes(len(blob) - 3),
        ]
    )


def test_damaged_files_are_refused_and_the_model_stays(tmp_path, blob):
    dice, path, model = random.Random(0), tmp_path / "bad.l0", MLP((12, 9, 4), seed=1)
    before = nn.utils.parameters_to_vector(model.parameters()).clone()
    for _ in range(3000):
        bad = damaged(blob, dice)
        if bad != blob:
            path.write_bytes(bad)
            with pytest.raises(CorruptFileError, match="corrupt|not a compressed model"):
                load_compressed(path, model)
    assert torch.equal(before, nn.utils.parameters_to_vector(model.parameters()))


def test_damage_with_a_right_checksum_never_crashes(tmp_path, blob):
    """Also what nobody writes by accident: the code behind the checksum is random."""
    dice, path, model = random.Random(1), tmp_path / "bad.l0", MLP((12, 9, 4), seed=1)
    outcomes = set()
    for _ in range(1500):
        bad = damaged(blob[:-4], dice)
        path.write_bytes(bad + zlib.crc32(bad).to_bytes(4, "big"))
        try:
            load_compressed(path, model)
            outcomes.add("loaded")
        except ValueError as error:
            outcomes.add(type(error).__name__)
    assert outcomes <= {"loaded", "ValueError", "CorruptFileError"} and len(outcomes) >= 2


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (MLP((12, 8, 4), seed=0), r"0\.weight is \(9, 12\) there, but \(8, 12\) here"),
        (MLP((12, 9, 4, 4), seed=0), "it has 4 tensors, yours 6"),
        (MLP((12, 9, 4), seed=0, dtype=torch.float64), "names or types"),
        (nn.Sequential(MLP((12, 9, 4), seed=0)), "names or types"),
    ],
)
def test_another_architecture_is_named(tmp_path, blob, other, words):
    (tmp_path / "a.l0").write_bytes(blob)
    with pytest.raises(ValueError, match=words) as caught:
        load_compressed(tmp_path / "a.l0", other)
    assert not isinstance(caught.value, CorruptFileError)


def test_bad_arguments(tmp_path):
    model = MLP((3, 2), seed=0)
    for bits in (0, 13, 2.5, True):
        with pytest.raises(ValueError, match="bits"):
            save_compressed(model, tmp_path / "a.l0", bits=bits)
    with pytest.raises(ValueError, match="no parameters"):
        save_compressed(nn.ReLU(), tmp_path / "a.l0")
    model[0].weight.data[0, 0] = torch.nan
    with pytest.raises(ValueError, match="NaN"):
        save_compressed(model, tmp_path / "a.l0")
    model[0].weight.data[0, 0] = 2e38
    with pytest.raises(ValueError, match=r"1e\+38"):
        save_compressed(model, tmp_path / "a.l0")
    assert not list(tmp_path.iterdir())


def test_another_process_with_other_threads_reads_the_same(tmp_path):
    path, model = tmp_path / "a.l0", sparsify(LeNet300(0), 0.02)
    save_compressed(model, path, bits=5)
    mine = load_compressed(path, LeNet300(1))
    code = (
        "import sys, zlib, torch\n"
        "from l0course import LeNet300\n"
        "from l0course.codec import load_compressed\n"
        "torch.set_num_threads(3)\n"
        "m = load_compressed(sys.argv[1], LeNet300(2))\n"
        "print(zlib.crc32(b''.join(p.detach().numpy().tobytes() for p in m.parameters())))"
    )
    out = subprocess.run(
        [sys.executable, "-c", code, str(path)], check=True, capture_output=True, text=True
    )
    bytes_here = b"".join(p.detach().numpy().tobytes() for p in mine.parameters())
    assert int(out.stdout) == zlib.crc32(bytes_here)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_killed_process_leaves_the_old_file_or_the_new_one(tmp_path):
    path, dice = tmp_path / "a.l0", random.Random(0)
    models = [sparsify(MLP((12, 9, 4), seed=s), 0.5) for s in (0, 1)]
    whole = set()
    for model in models:
        save_compressed(model, path, bits=4)
        whole.add(path.read_bytes())
    for _ in range(50):
        child = os.fork()
        if child == 0:
            while True:
                for model in models:
                    save_compressed(model, path, bits=4)
        time.sleep(dice.uniform(0, 0.03))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        assert path.read_bytes() in whole


def test_levels():
    x = [np.random.default_rng(0).normal(size=500).astype(np.float32), np.zeros(0, np.float32)]
    for bits in (1, 2, 4, 6):
        grid, book = choose_levels(x, bits, 0.05)
        assert isinstance(grid, Grid) and isinstance(book, Codebook)
        assert relative_error(x, book) <= relative_error(x, grid)
        near = [np.abs(x[0][:, None] - one.values(0)).min(1) for one in (grid, book)]
        for one, least in zip((grid, book), near, strict=True):  # brute force
            found = np.abs(x[0] - one.values(0)[one.nearest(0, x[0])])
            assert np.allclose(found, least, atol=1e-6)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(1, ONE - 1), st.booleans()), max_size=300), st.data())
def test_the_range_coder_takes_the_ideal_length_and_at_most_two_bytes(flags, data):
    numbers = data.draw(st.lists(st.integers(0, 255), max_size=5))
    writer = Writer()
    for p, flag in flags:
        writer.flag(p, flag)
    for n in numbers:
        writer.number(8, n)
    code = writer.done()
    assert 8 * len(code) <= sum(writer.bits.values()) * 1.01 + 16
    reader = Reader(code)
    assert [reader.flag(p) for p, _ in flags] == [flag for _, flag in flags]
    assert [reader.number(8) for _ in numbers] == numbers
    assert sum(reader.bits.values()) == pytest.approx(sum(writer.bits.values()))
    p = np.array([p for p, _ in flags], int)
    counter = Coder()
    counter.flags(p, np.array([flag for _, flag in flags], bool))
    assert sum(counter.bits.values()) == pytest.approx(sum(reader.bits.values()) - 8 * len(numbers))
