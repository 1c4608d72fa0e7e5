"""Exact arithmetic: the same bits in every order of work, and close to the model in float32."""

import math
import os
import subprocess
import sys
import zlib
from fractions import Fraction

import numpy as np
import pytest
import torch

from l0course.byte_transformer import ByteTransformer, byte_rows, next_byte_loss, positions
from l0course.text import exact as module
from l0course.text.exact import ONE, ExactTransformer
from l0course.text.two_part import code_bits

U, W, L = 2**14, 2**20, 2**21 - 1  # units of activations and weights, and the limit of activations
CHECKSUM = """
import torch, zlib
from l0course.byte_transformer import ByteTransformer
from l0course.text.exact import ExactTransformer
torch.set_num_threads(2)
g = torch.Generator().manual_seed(3)
model = ByteTransformer(32, 2, 4, context=96, seed=3)
tokens = torch.randint(256, (40, 96), generator=g)
print(zlib.crc32(ExactTransformer(model).frequencies(tokens).numpy().tobytes()))
"""


@pytest.fixture(scope="module")
def trained() -> tuple[ByteTransformer, torch.Tensor, torch.Tensor]:
    """A model that has learnt something, and rows of its text."""
    text = b"".join(b"%d times %d is %d; " % (i, j, i * j) for i in range(30) for j in range(30))
    model = ByteTransformer(32, 2, 4, context=96, seed=1)
    x, y = byte_rows(text, 96)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-2)
    for i in range(60):
        rows = slice(8 * i % len(x), 8 * i % len(x) + 8)
        optimiser.zero_grad()
        next_byte_loss(model(x[rows]), y[rows]).backward()
        optimiser.step()
    return model, x[:40], y[:40]


def random_tokens(n: int, t: int) -> torch.Tensor:
    return torch.randint(256, (n, t), generator=torch.Generator().manual_seed(3))


def test_whole_rows_and_steps_and_any_batch_are_equal(trained):
    model, x, _ = trained
    exact = ExactTransformer(model)
    whole = exact.frequencies(x)
    assert all(torch.equal(exact.frequencies(x[i : i + 1]), whole[i : i + 1]) for i in (0, 7, 39))
    for rows in (slice(0, 40), slice(11, 12)):
        past = exact.cache(len(x[rows]))
        steps = [exact.step(x[rows, i], past) for i in range(96)]
        assert torch.equal(torch.stack(steps, 1), whole[rows])


def test_the_work_can_be_cut_anywhere(trained, monkeypatch):
    """Blocks of queries, batches and a longer cache change nothing."""
    model, x = trained[0], trained[1][:10]
    whole = ExactTransformer(model).frequencies(x)
    for queries, tokens in [(1, 96), (7, 200), (1000, 10**6)]:
        monkeypatch.setattr(module, "_QUERIES", queries)
        monkeypatch.setattr(module, "_TOKENS", tokens)
        assert torch.equal(ExactTransformer(model).frequencies(x), whole)


def test_another_process_with_two_threads_is_equal():
    model = ByteTransformer(32, 2, 4, context=96, seed=3)
    expected = ExactTransformer(model).frequencies(random_tokens(40, 96))
    environment = os.environ | {"OMP_NUM_THREADS": "2", "MKL_NUM_THREADS": "2"}
    done = subprocess.run(
        [sys.executable, "-c", CHECKSUM],
        capture_output=True, text=True, check=True, env=environment,
    )  # fmt: skip
    assert int(done.stdout) == zlib.crc32(expected.numpy().tobytes())


def test_sums_do_not_depend_on_their_order(trained):
    """Hidden neurons in another order: in float32 the last digits change."""
    model, x, _ = trained
    order = torch.randperm(128, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        other = ByteTransformer(32, 2, 4, context=96)
        other.load_state_dict(model.state_dict())
        for block in other.blocks:
            block.up.weight.copy_(block.up.weight[order])
            block.up.bias.copy_(block.up.bias[order])
            block.down.weight.copy_(block.down.weight[:, order])
        assert not torch.equal(model(x), other(x))
    a, b = (ExactTransformer(m).frequencies(x) for m in (model, other))
    assert torch.equal(a, b)


def test_against_whole_numbers_of_python(trained):
    """The same function in Python's unbounded integers, for one short row: no sum overflowed."""
    model, x, _ = trained
    tokens = x[:1, :5]
    found = ExactTransformer(model).frequencies(tokens)[0].tolist()
    assert found == in_python(model, tokens[0].tolist())


def test_frequencies_are_a_code(trained):
    model, x, y = trained
    found = ExactTransformer(model).frequencies(x)
    assert found.dtype == torch.int32
    assert found.min() >= 1
    assert (found.sum(-1) == ONE).all()


def test_the_code_is_as_short_as_that_of_the_model(trained):
    """At most 0.1 % longer than the cross-entropy in float32."""
    model, x, y = trained
    with torch.no_grad():
        ideal = float(next_byte_loss(model(x), y)) / np.log(2) * y.numel()
    assert ideal < 4 * y.numel()  # it has learnt something
    assert code_bits(ExactTransformer(model), x, y) == pytest.approx(ideal, rel=1e-3)


def test_a_certain_model_still_gives_every_byte_a_chance():
    model = ByteTransformer(8, 1, 1, context=4)
    with torch.no_grad():
        model.head.weight.zero_()
        model.head.bias.zero_()
        model.head.bias[65] = 1000
    found = ExactTransformer(model).frequencies(random_tokens(1, 4))
    assert (found[..., 65] == ONE - 255).all()


def test_equal_logits_get_equal_frequencies():
    model = ByteTransformer(8, 1, 1, context=4)
    with torch.no_grad():
        for p in model.parameters():
            p.zero_()
    assert (ExactTransformer(model).frequencies(random_tokens(2, 4)) == ONE // 256).all()


def test_the_model_may_change_later():
    model = ByteTransformer(8, 1, 1, context=4)
    exact, tokens = ExactTransformer(model), random_tokens(1, 4)
    before = exact.frequencies(tokens)
    with torch.no_grad():
        for p in model.parameters():
            p.add_(1)
    assert torch.equal(exact.frequencies(tokens), before)


def test_weights_that_are_too_large_or_not_finite():
    model = ByteTransformer(8, 1, 1, context=4)
    with torch.no_grad():
        model.blocks[0].up.weight[3] = 1000
    with pytest.raises(ValueError, match=r"blocks\.0\.up are too large"):
        ExactTransformer(model)
    with torch.no_grad():
        model.blocks[0].up.weight[3] = torch.nan
    with pytest.raises(ValueError, match=r"NaN or infinite weights in blocks\.0\.up\.weight"):
        ExactTransformer(model)


def test_rows_longer_than_the_context():
    exact = ExactTransformer(ByteTransformer(8, 1, 1, context=4))
    with pytest.raises(ValueError, match="context is 4"):
        exact.frequencies(random_tokens(1, 5))
    past = exact.cache(1)
    for _ in range(4):
        exact.step(random_tokens(1, 1)[0], past)
    with pytest.raises(ValueError, match="context is 4"):
        exact.step(random_tokens(1, 1)[0], past)


def test_the_largest_sums_stay_exact():
    """The budget of the docstring, in whole numbers of Python."""
    limit = module.LIMIT
    assert 512 * (limit + 1) ** 2 + 512 // 4 < 2**53  # squares, scores of one head
    assert 2048 * 2**20 * limit < 2**53  # attention
    assert 256 * 2**20 * ONE < 2**53  # frequencies


def in_python(model: ByteTransformer, tokens: list[int]) -> list[list[int]]:
    """Frequencies by the definition: sums of Python integers, rounded fractions and floats."""
    table = positions(model.context, model.width)
    x = [
        [
            clamp(round(float(e) * U) + round(p * U))
            for e, p in zip(row.tolist(), place, strict=True)
        ]
        for row, place in zip(model.embedding.weight[tokens].double(), table.tolist(), strict=False)
    ]
    for block in model.blocks:
        qkv = [linear(block.qkv, normalised(row, block.norm1)) for row in x]
        seen = [attention(qkv[: i + 1], block.heads) for i in range(len(x))]
        x = [add(row, linear(block.out, s)) for row, s in zip(x, seen, strict=True)]
        hidden = [linear(block.up, normalised(row, block.norm2)) for row in x]
        relu = [[max(0, h) for h in row] for row in hidden]
        x = [add(row, linear(block.down, h)) for row, h in zip(x, relu, strict=True)]
    return [frequencies(products(model.head, normalised(row, None))) for row in x]


def clamp(x: int) -> int:
    return max(-L, min(L, x))


def add(x: list[int], y: list[int]) -> list[int]:
    return [clamp(a + b) for a, b in zip(x, y, strict=True)]


def products(layer: torch.nn.Linear, x: list[int]) -> list[int]:
    weights, bias = layer.weight.double().tolist(), layer.bias.double().tolist()
    return [
        sum(round(w * W) * a for w, a in zip(row, x, strict=True)) + round(b * W * U)
        for row, b in zip(weights, bias, strict=True)
    ]


def linear(layer: torch.nn.Linear, x: list[int]) -> list[int]:
    return [clamp(round(Fraction(s, W))) for s in products(layer, x)]


def normalised(x: list[int], norm: torch.nn.LayerNorm | None) -> list[int]:
    n = len(x)
    gains = norm.weight.tolist() if norm else [1.0] * n
    biases = norm.bias.tolist() if norm else [0.0] * n
    mean = round(Fraction(sum(x), n))
    deviation = math.sqrt(sum((a - mean) ** 2 for a in x) / n + 1e-5 * U * U)
    return [
        clamp(round((a - mean) / deviation * (g * U) + b * U))
        for a, g, b in zip(x, gains, biases, strict=True)
    ]


def powers(x: list[int], unit: float) -> list[int]:
    """Like 2**20 exp((x - max x) unit), in steps of 1/256 of a halving."""
    steps = [round((a - max(x)) * (-256 * 1.4426950408889634 * unit)) for a in x]
    return [round(2 ** (20 - s / 256)) if s < 256 * 22 else 0 for s in steps]


def attention(qkv: list[list[int]], heads: int) -> list[int]:
    width = len(qkv[0]) // 3
    d, out = width // heads, []
    for start in range(0, width, d):
        q = qkv[-1][start : start + d]
        keys = [row[width + start : width + start + d] for row in qkv]
        values = [row[2 * width + start : 2 * width + start + d] for row in qkv]
        scores = [sum(a * b for a, b in zip(q, k, strict=True)) for k in keys]
        weights = powers(scores, 1 / (U * U * math.sqrt(d)))
        sums = [sum(w * v[i] for w, v in zip(weights, values, strict=True)) for i in range(d)]
        out += [round(s / sum(weights)) for s in sums]
    return out


def frequencies(logits: list[int]) -> list[int]:
    weights = powers(logits, 1 / (U * W))
    found = [1 + w * (2**20 - 256) // sum(weights) for w in weights]
    found[weights.index(max(weights))] += 2**20 - sum(found)
    return found
