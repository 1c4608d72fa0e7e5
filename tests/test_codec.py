"""The codec: what is loaded is what was saved, on any machine, for any model."""

import base64
import copy
import subprocess
import sys
import zlib

import pytest
import torch
from codec_models import DENSITIES, MODELS, SEEDS, scrambled, sparsify
from hypothesis import given, settings
from hypothesis import strategies as st
from own_models import residual_cnn, transformer
from torch import nn

from l0course import MLP, LeNet300, count_nonzero
from l0course.codec import (
    decode_model,
    encode_model,
    file_report,
    load_compressed,
    save_compressed,
)


def weights_of(model):
    """Floating-point parameters; each tensor once, also if the model has it twice."""
    return [p.detach() for p in model.parameters() if p.is_floating_point()]


@settings(max_examples=200, deadline=None)
@given(MODELS, DENSITIES, SEEDS, st.integers(1, 7))
def test_rounding_keeps_positions_and_changes_a_weight_by_little(model, density, seed, bits):
    sparsify(model, density, seed)
    before = copy.deepcopy(model.state_dict())
    blob = encode_model(model, bits=bits)
    twin, again = (decode_model(blob, scrambled(model)) for _ in range(2))
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[name])  # saving changes nothing
    for p, q, r in zip(*map(weights_of, (model, twin, again)), strict=True):
        assert torch.equal(q, r)
        assert torch.equal(p != 0, q != 0)
    values = torch.cat([q.flatten() for q in weights_of(twin)]).unique()
    assert len(values) <= 1 + 2**bits * len(weights_of(twin))
    weights, near = (
        torch.cat([p.flatten() for p in weights_of(m)]).double() for m in (model, twin)
    )
    error = (weights - near).square().mean().sqrt()
    assert error <= 1.02 * weights.abs().max() / (2**bits // 2)  # one step of the coarsest grid
    if bits <= 6:  # the rounded model is its own rounding
        decode_model(encode_model(twin, bits=bits), again)
        for q, r in zip(weights_of(twin), weights_of(again), strict=True):
            assert torch.equal(q, r)


@settings(max_examples=200, deadline=None)
@given(
    MODELS,
    DENSITIES,
    SEEDS,
    st.lists(st.floats(-100, 100, width=16).filter(bool), min_size=1, max_size=16, unique=True),
    st.sampled_from([None, 4]),
)
def test_few_values_come_back_bit_for_bit(model, density, seed, values, bits):
    sparsify(model, density, seed, values)
    twin = decode_model(encode_model(model, bits=bits), scrambled(model))
    for p, q in zip(weights_of(model), weights_of(twin), strict=True):
        assert torch.equal(p, q)


@settings(max_examples=100, deadline=None)
@given(MODELS, DENSITIES, SEEDS, st.integers(1, 8), st.integers(0, 2**32))
def test_multiples_of_one_step_for_each_tensor_come_back_bit_for_bit(
    model, density, seed, half, dice
):
    generator = torch.Generator().manual_seed(dice)
    sparsify(model, density, seed)
    with torch.no_grad():
        for p in weights_of(model):
            step = torch.rand((), generator=generator).add(0.01).bfloat16()
            size = torch.randint(1, half + 1, p.shape, generator=generator)
            p.copy_(p.sign() * size * step)
    if any(p.dtype == torch.bfloat16 for p in weights_of(model)):
        return  # a multiple of the step may have more digits than that
    twin = decode_model(encode_model(model, bits=4), scrambled(model))
    for p, q in zip(weights_of(model), weights_of(twin), strict=True):
        assert torch.equal(p, q)


@settings(max_examples=100, deadline=None)
@given(MODELS, DENSITIES, SEEDS)
def test_32_bits_keep_everything(model, density, seed):
    sparsify(model, density, seed)
    twin = decode_model(encode_model(model, bits=32), scrambled(model)).state_dict()
    for name, tensor in model.state_dict().items():
        assert name.endswith("num_batches_tracked") or torch.equal(tensor, twin[name]), name


def test_what_is_not_saved_stays():
    from codec_models import Odd

    model = Odd(3)
    twin = decode_model(encode_model(model), scrambled(model))
    assert twin.scratch.tolist() == [7, 7]
    assert torch.equal(twin.mask, model.mask) and torch.equal(twin.low, model.low)
    assert torch.equal(twin.frozen, model.frozen)


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


def test_none_chooses_the_error_that_it_states():
    model = sparsify(MLP((40, 50, 10), seed=0), 0.3)
    twin = decode_model(encode_model(model), MLP((40, 50, 10), seed=1))
    weights, near = (nn.utils.parameters_to_vector(m.parameters()) for m in (model, twin))
    assert 0.025 < (weights - near).norm() / weights.norm() <= 0.05


def test_the_file_has_the_bytes_that_were_encoded(tmp_path):
    model = sparsify(MLP((12, 9, 4), seed=0), 0.3)
    size = save_compressed(model, tmp_path / "a.l0", bits=4)
    assert (tmp_path / "a.l0").read_bytes() == encode_model(model, bits=4)
    assert size == (tmp_path / "a.l0").stat().st_size


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
    with pytest.raises(ValueError, match="too large to be rounded"):
        save_compressed(model, tmp_path / "a.l0", bits=4)
    assert not list(tmp_path.iterdir())


def test_other_processes_with_other_threads_read_the_same(tmp_path):
    model = sparsify(LeNet300(0), 0.01)
    sizes = [save_compressed(model, tmp_path / f"{bits}.l0", bits=bits) for bits in (3, 32)]
    assert sizes[0] < sizes[1]
    code = (
        "import sys, zlib, torch\n"
        "from l0course import LeNet300\n"
        "from l0course.codec import load_compressed\n"
        "torch.set_num_threads(int(sys.argv[1]))\n"
        "for path in sys.argv[2:]:\n"
        "    m = load_compressed(path, LeNet300(2))\n"
        "    print(zlib.crc32(b''.join(p.detach().numpy().tobytes() for p in m.parameters())))"
    )
    paths = [str(tmp_path / f"{bits}.l0") for bits in (3, 32)]
    mine = []
    for path in paths:
        twin = load_compressed(path, LeNet300(1))
        mine.append(zlib.crc32(b"".join(p.detach().numpy().tobytes() for p in twin.parameters())))
    for threads in ("1", "2"):
        command = [sys.executable, "-c", code, threads, *paths]
        out = subprocess.run(command, check=True, capture_output=True, text=True)
        assert [int(line) for line in out.stdout.split()] == mine


# Of a network that hears spots of a picture: neighbours, grids, buffers, all is in it.
OLD_FILE = base64.b64decode(
    "bDABCAMMkAMAAAADAwwAAgwAGxH//Hx7dxbUXVy3OV3DXvsRY1WUt5gltz4avlS3+QogncRr+e4AP6uf8SL/uq2j"
    "R541ESzGFSh3S7G/w23m+fIvGegLD+c7mY+fWD8ROXBb6qGJBqxfUwPJ/khZohW4oI4DuQrHRV1P6+4X8sHEwGA3"
    "kgzU/9nbTPOVTMme6dQSDRLIt10LGLmdv2uTAi1MuzhIgQjiK9vLeTusw6EaSqtmKEeomWnJoQZEniN+2bY4fZBb"
    "Ne0HPQ1qi/CwbDq1zsgoWpQVC4L6Wl5GgK+NJy1uLOs1Y/jt0lP0xMS8Pa1mMLY4xcIgYwNG38ZMhQ=="
)


def test_a_file_of_another_day_and_machine_is_read_to_the_same_bits():
    """If this fails, the format has changed: then its version must change, too."""
    model = nn.Sequential(nn.Linear(400, 12), nn.BatchNorm1d(12), nn.Linear(12, 3))
    decode_model(OLD_FILE, model)
    state = [t for name, t in model.state_dict().items() if not name.endswith("tracked")]
    assert zlib.crc32(b"".join(t.numpy().tobytes() for t in state)) == 354837586


def test_a_layer_of_small_weights_is_not_rounded_away():
    """One codebook for all tensors must not give up a layer whose scale is another one."""
    model = sparsify(MLP((20, 30, 5), seed=0), 0.5)
    with torch.no_grad():
        model[0].weight /= 255
    for bits in (2, 3):
        twin = decode_model(encode_model(model, bits=bits), scrambled(model))
        wrong = (twin[0].weight - model[0].weight).norm() / model[0].weight.norm()
        assert wrong < 0.6


@pytest.mark.parametrize(
    "kind, value", [(torch.float32, -3.4028e38), (torch.float64, 1e300), (torch.float16, 65504)]
)
def test_a_number_that_rounding_would_make_infinite_is_refused(kind, value):
    model = nn.Linear(3, 2)
    model.register_buffer("mask", torch.tensor([value, 0], dtype=kind))
    with pytest.raises(ValueError, match="mask is too large to be rounded"):
        encode_model(model)
    assert torch.equal(
        decode_model(encode_model(model, bits=32), scrambled(model)).mask, model.mask
    )
    half = nn.Linear(3, 2).half()
    half.weight.data[0, 0] = 65504
    with pytest.raises(ValueError, match="weight is too large to be rounded"):
        encode_model(half, bits=3)


def test_what_is_not_bits_or_has_no_memory_is_refused():
    for bits in (0, 13, 16, "4", 2.5):
        with pytest.raises(ValueError, match="from 1 to 12, 32, or None"):
            encode_model(nn.Linear(2, 2), bits=bits)
    with pytest.raises(ValueError, match="to_empty"):
        encode_model(nn.Linear(2, 2, device="meta"))


def test_a_counter_of_ones_own_is_kept():
    model = nn.Linear(2, 2)
    model.register_buffer("my_num_batches_tracked", torch.tensor(5))
    twin = decode_model(encode_model(model), scrambled(model))
    assert twin.my_num_batches_tracked == 5
