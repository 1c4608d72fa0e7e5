"""The cost of TAMADE's threshold: its networks, one cell, and what the recorded cells say."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from torch import nn

from l0course.figures import registry
from l0course.figures.tamade_cost import (
    DRAWS,
    Residual,
    Transformer,
    draw_sources,
    manual,
    residual_cnn,
    run,
)


@pytest.fixture(scope="module")
def smoke() -> list[tuple[dict, dict]]:
    (cell,) = registry.find("tamade_cost").cells("smoke")
    short = {**cell, "epochs": 200}
    return [(short, run(short))]


def test_a_cell_starts_every_search_from_the_same_weights(smoke):
    (_, result), figure = smoke[0], registry.find("tamade_cost")
    plain, listed, secant = (result["searches"][n] for n in ("bisection", "sorted list", "secant"))
    assert result["weights"] == 751  # nothing was pruned before
    assert secant["threshold"] >= plain["threshold"] - 1e-7
    assert 0 < secant["nonzero"] <= plain["nonzero"] < 751
    assert secant["evaluations"] < min(plain["evaluations"], listed["evaluations"])
    data = [source["data"] for source in result["sources"]]
    assert data == ["training"] + ["16 rows"] * DRAWS + ["64 rows"] * DRAWS
    few = [source["threshold"] for source in result["sources"][1:]]
    assert len(set(few)) > 2  # other rows, other thresholds
    header, rows = figure.table(smoke)
    assert len(rows) == 3 + 1 + 2 * DRAWS and all(len(row) == len(header) for row in rows)
    for draw in (figure.draw, draw_sources):
        picture = draw(smoke)
        assert [text.get_text() for text in picture.axes[0].get_yticklabels()] == [
            "tanh student, DRR"
        ]
        plt.close(picture)


def test_the_same_cell_gives_the_same_result(smoke):
    assert run(smoke[0][0]) == smoke[0][1]


def test_the_transformer_sees_no_later_byte_and_ties_its_weights():
    model = Transformer(seed=0).eval()
    tokens = torch.randint(0, 256, (3, 32), generator=torch.Generator().manual_seed(0))
    other = tokens.clone()
    other[:, 20:] = 7
    with torch.no_grad():
        a, b = model(tokens), model(other)
    assert a.shape == (3, 256, 32)
    assert torch.allclose(a[..., :20], b[..., :20], atol=1e-5)
    assert not torch.allclose(a[..., 20:], b[..., 20:], atol=1e-2)
    shapes = [tuple(p.shape) for p in model.parameters()]
    assert shapes.count((256, 32)) == 1  # embedding and output layer are one


def test_the_residual_block_passes_its_input_on():
    block = Residual(nn.Linear(4, 4))
    x = torch.randn(5, 4, generator=torch.Generator().manual_seed(0))
    for p in block.parameters():
        p.data.zero_()
    assert torch.equal(block(x), x.relu())
    assert residual_cnn(0)(torch.rand(2, 64)).shape == (2, 10)


def test_the_manual_is_cut_into_pieces_that_no_two_parts_share():
    split = manual(seed=0)
    for x, y in (split.train, split.validation, split.test):
        assert x.shape == y.shape and torch.equal(x[:, 1:], y[:, :-1])
    total = sum(len(x) for x, _ in (split.train, split.validation, split.test))
    assert total == 80_000 // 33
    again = manual(seed=1)
    assert len(again.x_val) == 128 and not torch.equal(again.x_val, split.x_val)


def test_the_recorded_cells_say_what_the_description_says():
    results = registry.find("tamade_cost").load("quick")
    assert len({cell["kind"] for cell, _ in results}) >= 6
    found = [result["searches"] for _, result in results]
    for one in found:
        assert one["secant"]["threshold"] >= one["bisection"]["threshold"] - 1e-7
        assert one["secant"]["nonzero"] <= one["bisection"]["nonzero"]
    plain, listed, secant = (
        np.array([one[name]["evaluations"] for one in found])
        for name in ("bisection", "sorted list", "secant")
    )
    assert 24 <= plain.min() and plain.max() <= 27
    assert np.median(secant / plain) <= 0.52 and (secant / plain).max() < 0.9
    assert np.median(secant) < np.median(listed) < np.median(plain)
    lower = [o["sorted list"]["threshold"] < 0.999 * o["bisection"]["threshold"] for o in found]
    assert any(lower)
    spread = {}
    for _, result in results:
        for source in result["sources"]:
            ratio = source["threshold"] / result["searches"]["secant"]["threshold"]
            spread.setdefault(source["data"], []).append(abs(np.log(ratio)))
    assert np.median(spread["16 rows"]) > np.median(spread["64 rows"]) > 0.05
