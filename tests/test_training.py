"""compress() on small real data, and what it refuses."""

import copy
import math

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch import nn

from l0course import DRR, L1, MLP, compress, count_nonzero, error_rate, mean_loss


@pytest.fixture(scope="module")
def digits():
    data = load_digits()
    order = np.random.default_rng(0).permutation(len(data.data))
    x = torch.tensor(data.data[order] / 16, dtype=torch.float32)
    y = torch.tensor(data.target[order])
    return (x[:1000], y[:1000]), (x[1000:1300], y[1000:1300]), (x[1300:], y[1300:])


QUICK = dict(warmup=3, regularize=30, finetune=15, lr=1e-2, batch_size=50, progress=False)
QUICK["tolerance"] = 0.05


@pytest.mark.parametrize("regularizer", [DRR(1e-3), L1(1e-3)], ids=["DRR", "R-L1"])
def test_digits_shrink_at_least_ten_times_and_keep_their_accuracy(digits, regularizer):
    train, validation, test = digits
    model = MLP((64, 200, 60, 10), seed=0)
    before = copy.deepcopy(model.state_dict())
    done = compress(model, train, validation, regularizer, **QUICK)
    assert done.compression_rate > 10
    assert error_rate(done.model, test) < 0.08
    # the support is what the masks say, the user's objects are untouched, the report is honest
    assert count_nonzero(done.model) <= sum(int(m.sum()) for m in done.masks.values())
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())
    assert regularizer.parameters == [] and regularizer.ramp == 1.0
    assert f"{done.compression_rate:.1f} times" in done.report()
    # fine-tuning kept the epoch with the lowest validation loss
    tuned = [h["validation_loss"] for h in done.history if h["phase"] == "fine-tune"]
    assert done.validation_loss == mean_loss(done.model, validation) <= min(tuned)
    assert f"{done.validation_loss:.4f}" in done.report()


def test_the_same_seed_gives_the_same_bits_and_another_seed_does_not(digits):
    train, validation, _ = digits
    model = nn.Sequential(nn.Linear(64, 30), nn.ReLU(), nn.Dropout(0.2), nn.Linear(30, 10))
    settings = {**QUICK, "regularize": 4, "finetune": 2}
    torch.manual_seed(1)
    first = compress(model, train, validation, DRR(1e-4), seed=3, **settings)
    torch.manual_seed(2)  # the global seed must not matter
    state = torch.get_rng_state()
    again = compress(model, train, validation, DRR(1e-4), seed=3, **settings)
    assert torch.equal(state, torch.get_rng_state())
    other = compress(model, train, validation, DRR(1e-4), seed=4, **settings)

    def bits(done):
        return [p.detach().numpy().tobytes() for p in done.model.parameters()]

    assert bits(first) == bits(again) != bits(other)
    assert first.history == again.history


def test_alpha_zero_is_plain_magnitude_pruning(digits):
    """The control: without a penalty there is much less to prune."""
    train, validation, _ = digits
    model = MLP((64, 200, 60, 10), seed=0)
    plain = compress(model, train, validation, DRR(0.0), **QUICK)
    pressed = compress(model, train, validation, DRR(1e-3), **QUICK)
    assert plain.compression_rate < pressed.compression_rate / 2


def test_regression_with_a_loss_of_ones_own():
    x = torch.linspace(-1, 1, 64)[:, None]
    data = (x, 2 * x)
    done = compress(
        MLP((1, 8, 1), nn.Tanh, seed=0), data, data, DRR(3e-2), warmup=20, regularize=300,
        tolerance=0.5, finetune=60, lr=2e-2, batch_size=32, progress=False,
        loss=lambda out, y: (out - y).abs().mean(),
    )  # fmt: skip
    assert mean_loss(done.model, data, "mse") < 1e-2 and done.compression_rate > 2


X, Y = torch.randn(20, 3, generator=torch.Generator().manual_seed(0)), torch.zeros(20).long()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (dict(train=(X, Y[:7])), "train needs as many targets as inputs"),
        (dict(train=(X[:0], Y[:0])), "at least one"),
        (dict(validation=(X * float("nan"), Y)), "validation x holds NaN"),
        (dict(tolerance=-0.1), "tolerance must"),
        (dict(lr=0), "lr must"),
        (dict(batch_size=0), "batch_size must"),
        (dict(regularize=-1), "regularize must"),
        (dict(loss="hinge"), "loss must be"),
        (dict(ramp=2), "ramp must lie between 0 and 1"),
        (dict(seed=1.5), "seed must be an integer"),
        (dict(train=(X, Y.float())), "cross_entropy needs classes"),
        (dict(loss="mse", model=MLP((3, 1), seed=0)), "mse needs targets of the outputs' shape"),
        (
            dict(loss=lambda out, y: out.sum() * math.nan),
            "loss became nan in epoch 1: use a smaller",
        ),
        (dict(model=nn.ReLU()), "no trainable parameters"),
        (dict(regularizer=L1(1e3), regularize=30, lr=0.1), "Every weight was pruned"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_bad_input_gets_one_sentence(change, says):
    settings = dict(model=MLP((3, 2), seed=0), train=(X, Y), validation=(X, Y))
    settings |= dict(regularizer=L1(0.1), warmup=0, regularize=1, finetune=1, progress=False)
    with pytest.raises(ValueError, match=says):
        compress(**{**settings, **change})


def test_batch_norm_and_a_last_batch_of_one_row():
    model = nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2))
    x, y = X.repeat(2, 1)[:33], Y.repeat(2)[:33]  # 33 rows in batches of 16: 16 and 17
    settings = dict(warmup=1, regularize=2, finetune=1, batch_size=16, progress=False)
    done = compress(model, (x, y), (x, y), L1(1e-4), **settings)
    assert [h["phase"] for h in done.history] == ["warm-up", *["regularise"] * 2, "fine-tune"]


def test_weights_that_hide_from_gradients_are_kept():
    class Detached(nn.Sequential):
        def forward(self, x):
            return self[1](self[0](x).relu().detach())

    model = Detached(*MLP((3, 8, 2), seed=0)[::2])
    settings = dict(warmup=1, regularize=2, finetune=1, batch_size=10, progress=False)
    y = (X[:, 0] > 0).long()
    done = compress(model, (X, y), (X, y), L1(1e-4), tolerance=0.0, **settings)
    assert done.spurious == 0 and torch.count_nonzero(done.model[0].weight) > 0


def test_error_rate_refuses_what_would_broadcast():
    model = MLP((3, 2), seed=0)
    assert 0 <= error_rate(model, (X, Y)) <= 1
    for network, y in [(model, Y[:, None]), (MLP((3, 1), seed=0), Y)]:
        with pytest.raises(ValueError, match="error_rate needs scores of shape"):
            error_rate(network, (X, y))


def test_mean_loss_leaves_every_module_in_its_mode():
    model = nn.Sequential(nn.BatchNorm1d(3).eval(), nn.Linear(3, 2)).train()
    model[0].eval()
    mean_loss(model, (X, Y))
    with pytest.raises(RuntimeError):
        mean_loss(model, (X[:, :2], Y))
    assert [m.training for m in model.modules()] == [True, False, True]
