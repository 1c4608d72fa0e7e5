"""The byte transformer against the published sizes, and against its own definition."""

import math

import numpy as np
import pytest
import torch

from l0course.byte_transformer import (
    ByteTransformer,
    byte_rows,
    next_byte_loss,
    positions,
    shifted,
)


@pytest.mark.parametrize(
    ("width", "layers", "heads", "published"),
    [(64, 4, 4, 232_960), (128, 4, 4, 858_880), (256, 5, 8, 4_080_128)],
)
def test_sizes_are_the_published_ones(width, layers, heads, published):
    """`facts/main-paper.md`, Section 7.5: the three models of the paper's first version."""
    model = ByteTransformer(width, layers, heads, context=8)
    assert sum(p.numel() for p in model.parameters()) == published


def test_it_sees_the_past_only():
    model = ByteTransformer(16, 2, 2, context=12, seed=1)
    tokens = torch.randint(256, (3, 12), generator=torch.Generator().manual_seed(0))
    whole = model(tokens)
    changed = tokens.clone()
    changed[:, 7] = (changed[:, 7] + 1) % 256
    other = model(changed)
    assert torch.allclose(whole[:, :7], other[:, :7], atol=1e-6)
    assert (whole[:, 7:] - other[:, 7:]).abs().amax(dim=(0, 2)).min() > 1e-4


def test_the_seed_and_nothing_else_draws_the_weights():
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    a, b, c = (ByteTransformer(8, 1, 1, 4, seed=s).state_dict() for s in (0, 0, 1))
    assert torch.equal(before, torch.random.get_rng_state())
    assert all(torch.equal(a[name], b[name]) for name in a)
    assert not torch.equal(a["head.weight"], c["head.weight"])


def test_positions_are_sines_and_cosines():
    table = positions(2048, 64)
    angle = np.arange(2048)[:, None] * 10_000.0 ** (-np.arange(32) / 32)
    assert np.allclose(table, 0.1 * np.concatenate([np.sin(angle), np.cos(angle)], 1), atol=1e-13)
    assert np.array_equal(positions(100, 64), table[:100])  # a longer table starts the same


def test_rows_hold_the_text():
    data = bytes(range(256)) * 3 + b"end"
    x, y = byte_rows(data, context=100)
    assert bytes(y.flatten()[: len(data)].tolist()) == data
    assert y.flatten()[len(data) :].eq(-1).all()
    assert x[:, 0].eq(0).all()
    assert torch.equal(x[:-1, 1:], y[:-1, :-1])


def test_the_loss_ignores_the_padding():
    x, y = byte_rows(b"some text", context=6)
    logits = ByteTransformer(8, 1, 1, 6)(x).detach()
    expected = sum(
        -math.log(float(logits[i, j].softmax(0)[y[i, j]]))
        for i in range(2)
        for j in range(6)
        if y[i, j] >= 0
    )
    assert float(next_byte_loss(logits, y)) == pytest.approx(expected / 9, rel=1e-5)


@pytest.mark.parametrize(
    ("settings", "word"),
    [(dict(width=7), "even"), (dict(width=8, heads=3), "multiple"), (dict(layers=0), "layers")],
)
def test_sizes_that_cannot_be(settings, word):
    with pytest.raises(ValueError, match=word):
        ByteTransformer(**settings)


def test_rows_that_are_too_long_or_empty():
    with pytest.raises(ValueError, match="context is 4"):
        ByteTransformer(8, 1, 1, context=4)(torch.zeros(1, 5, dtype=torch.int64))
    with pytest.raises(ValueError, match="empty"):
        byte_rows(b"", 4)


def test_shifted_rows():
    assert shifted(torch.tensor([[1, 2], [3, 4]])).tolist() == [[0, 1], [0, 3]]
