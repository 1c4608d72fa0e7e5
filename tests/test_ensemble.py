"""Many students as one batch give the numbers of one after the other."""

import math

import pytest
import torch
from torch import nn

from l0course import DRR, L1, MLP, batched_mlp, compress, random_gradient_prune, tamade, train_many
from l0course.batched_mlp import Students, layers, n_weights
from l0course.batched_pruning import remove_dead, tamade_many
from l0course.evaluation import mean_loss
from l0course.teacher_student import gaussian_loss

WIDTHS, SEEDS, ALPHAS = (2, 12, 9, 1), [5, 6, 7], [0.0, 1e-3, 3e-3]


def wave(sets: int, n: int, seed: int):
    generator = torch.Generator().manual_seed(seed)
    x = 2 * torch.rand(sets, n, 2, generator=generator, dtype=torch.float64) - 1
    noise = torch.randn(sets, n, 1, generator=generator, dtype=torch.float64)
    return x, torch.sin(3 * x[..., :1]) + 0.1 * noise


X, Y = wave(3, 40, 0)
XV, YV = (part[0] for part in wave(1, 100, 1))
SHORT = dict(validation=(XV, YV), progress=False, lr=1e-2)


def sparse(runs: int, widths, seed: int, live: float = 0.4) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    shape = (runs, n_weights(widths))
    theta = torch.randn(shape, generator=generator, dtype=torch.float64)
    return theta * (torch.rand(shape, generator=generator) < live)


def network(theta: torch.Tensor, widths) -> nn.Sequential:
    """An ordinary network with the weights of one row of theta."""
    model = MLP(widths, nn.Tanh, seed=0, dtype=theta.dtype)
    with torch.no_grad():
        for linear, w in zip(model[::2], layers(theta[None], widths), strict=True):
            linear.weight.copy_(w[0, :, :-1])
            linear.bias.copy_(w[0, :, -1])
    return model


def flat(model: nn.Sequential) -> torch.Tensor:
    rows = [torch.cat([m.weight, m.bias[:, None]], 1).flatten() for m in model[::2]]
    return torch.cat(rows).detach()


@pytest.mark.parametrize("penalty", ["drr", "l1"])
def test_each_student_is_the_one_that_compress_makes(penalty):
    schedule = dict(warmup=20, finetune=80, lr=1e-2, tolerance=0.05)
    many = train_many(
        WIDTHS, X, Y, validation=(XV, YV), alphas=ALPHAS, seeds=SEEDS, epochs=200, check=1,
        penalty=penalty, progress=False, **schedule,
    )  # fmt: skip
    assert many.spurious.sum() > 0 and (many.nonzero < 100).any()  # something to compare
    for i, alpha in enumerate(ALPHAS):
        for j, seed in enumerate(SEEDS):
            alone = compress(
                MLP(WIDTHS, nn.Tanh, seed=seed, dtype=torch.float64), (X[j], Y[j]), (XV, YV),
                DRR(alpha) if penalty == "drr" else L1(alpha), loss="mse", regularize=200,
                batch_size=40, progress=False, **schedule,
            )  # fmt: skip
            assert (flat(many.model(i, j)) - flat(alone.model)).abs().max() < 1e-9
            assert abs(many.validation_loss[i, j] - alone.validation_loss) < 1e-10
            assert abs(many.threshold[i, j] - alone.pruning.threshold) < 1e-10
            assert int(many.spurious[i, j]) == alone.spurious
            curve = [epoch["validation_loss"] for epoch in alone.history]
            assert (
                many.curve[:, i, j] - torch.tensor(curve, dtype=torch.float64)
            ).abs().max() < 1e-9


@pytest.mark.parametrize("block", [1, 150, 10**9])
@pytest.mark.parametrize("gaussian", [False, True])
def test_losses_and_gradients_are_those_of_autograd(gaussian, block, monkeypatch):
    monkeypatch.setattr(batched_mlp, "_BLOCK", block)
    sizes = torch.tensor([40, 7, 23])
    theta = sparse(3, WIDTHS, 0, live=0.9)
    if gaussian:
        theta = torch.cat([theta, torch.tensor([[-1.0], [0.3], [-2.0]]).double()], dim=1)
    expected = theta.clone().requires_grad_()
    losses, errors = [], []
    for r, size in enumerate(sizes):
        h = X[r, :size]
        for i, w in enumerate(layers(expected[r : r + 1], WIDTHS)):
            h = h @ w[0, :, :-1].T + w[0, :, -1]
            h = h.tanh() if i < len(WIDTHS) - 2 else h
        errors.append((h - Y[r, :size]).square().mean())
        s = expected[r, -1]
        bits = errors[-1] / (2 * torch.exp(2 * s) * math.log(2)) + s / math.log(2)
        losses.append(bits if gaussian else errors[-1])
    sum(losses).backward()
    students, out = Students(WIDTHS, X, Y, sizes), torch.empty_like(theta)
    found = students.gradient(theta, out)
    assert (out - expected.grad).abs().max() < 1e-12
    assert (found - torch.stack(errors).detach()).abs().max() < 1e-13
    assert (students.losses(theta) - found).abs().max() < 1e-13


def test_a_run_does_not_feel_the_others_and_stops_alone():
    options = dict(epochs=600, finetune=100, check=10, patience=2, **SHORT)
    many = train_many(WIDTHS, X, Y, alphas=[0.0, 3e-3], seeds=SEEDS, **options)
    assert len(many.epochs.unique()) > 1 and many.epochs.min() < 600
    for i, alpha in enumerate([0.0, 3e-3]):
        for j, seed in enumerate(SEEDS):
            alone = train_many(WIDTHS, X[j], Y[j], alphas=[alpha], seeds=[seed], **options)
            assert alone.epochs.item() == many.epochs[i, j]
            assert (alone.theta[0, 0] - many.theta[i, j]).abs().max() < 1e-9
            stop = many.checks.index(int(many.epochs[i, j]))
            first = many.checks.index(600) if 600 in many.checks else len(many.checks)
            assert many.curve[stop + 1 : first, i, j].isnan().all()
            watched = many.curve[: stop + 1, i, j][
                torch.tensor(many.checks[: stop + 1]) >= (300 if alpha else 0)
            ]
            if many.epochs[i, j] < 600:  # two checks without a better one
                assert watched.argmin() == len(watched) - 3


def test_a_stopped_run_goes_back_to_its_best_check():
    options = dict(finetune=0, tolerance=0.0, seeds=[5], check=10, **SHORT)
    many = train_many(WIDTHS, X[0], Y[0], alphas=[0.0], epochs=1500, patience=3, **options)
    assert many.epochs.item() < 1500
    best = many.curve.nan_to_num(math.inf).min()
    assert many.validation_loss.item() <= best * (1 + 1e-12)  # pruning with tolerance 0 may help


def test_checks_count_after_the_first_step_at_full_strength():
    """Without a ramp, a stop must not go back to the last check of the warm-up."""
    options = dict(seeds=[1], warmup=600, epochs=600, finetune=0, ramp=0.0, check=50, **SHORT)
    options |= dict(alphas=[0.05], tolerance=0.0, lr=2e-2)
    x, y = (part[0] for part in wave(1, 300, 0))
    stopped = train_many((2, 12, 1), x, y, patience=5, **options)
    through = train_many((2, 12, 1), x, y, **options)
    before = stopped.curve[stopped.checks.index(600), 0, 0]
    assert stopped.validation_loss.item() != before and through.validation_loss.item() != before


def test_memory_does_not_grow_with_the_number_of_stops():
    students = Students(WIDTHS, X[:1].expand(50, -1, -1), Y[:1].expand(50, -1, -1),
                        torch.full((50,), 40))  # fmt: skip
    theta = sparse(50, WIDTHS, 0)
    expected = students.losses(theta)
    held = [part.data_ptr() for part in students._memory[0]]
    for runs in range(49, 0, -1):
        some = students.take(torch.arange(runs))
        assert torch.equal(some.losses(theta[:runs]), expected[:runs])
        assert [part.data_ptr() for part in some._memory[0]] == held


def test_data_that_carry_a_graph_are_taken_as_they_are():
    y = MLP((2, 3, 1), nn.Tanh, seed=0, dtype=torch.float64)(X[0])
    options = dict(alphas=[1e-3], seeds=[0], epochs=5, finetune=0) | SHORT
    many = train_many(WIDTHS, X[0], y, **options)
    assert not many.loss(X[0], y).requires_grad
    assert torch.equal(many.theta, train_many(WIDTHS, X[0], y.detach(), **options).theta)


def test_sample_sizes_side_by_side():
    options = dict(alphas=[1e-3], epochs=100, finetune=50, **SHORT)
    x, y = X[0], Y[0]
    many = train_many(WIDTHS, x, y, seeds=[1, 1, 2], sizes=[10, 40, 25], **options)
    for j, (seed, size) in enumerate([(1, 10), (1, 40), (2, 25)]):
        alone = train_many(WIDTHS, x[:size], y[:size], seeds=[seed], **options)
        assert (alone.theta[0, 0] - many.theta[0, j]).abs().max() < 1e-9


@pytest.mark.parametrize("widths", [(3, 8, 2), (2, 6, 5, 1), (2, 5, 4, 4, 3)])
def test_dead_weights_are_those_of_random_gradient_pruning(widths):
    theta = sparse(60, widths, 1, live=0.35)
    models = [network(row, widths) for row in theta]
    example = torch.randn(20, widths[0], generator=torch.Generator().manual_seed(0)).double()
    expected = [random_gradient_prune(model, example) for model in models]
    assert sum(n > 0 for n in expected) > 20
    assert remove_dead(theta, widths).tolist() == expected
    assert all(torch.equal(row, flat(m)) for row, m in zip(theta, models, strict=True))


def test_thresholds_are_those_of_tamade():
    theta = sparse(6, WIDTHS, 2) * torch.logspace(-2, 0, 6)[:, None]
    models = [network(row, WIDTHS) for row in theta]
    data = (XV, YV)
    expected = [tamade(m, lambda m: mean_loss(m, data, "mse"), 0.02).threshold for m in models]
    students = Students(
        WIDTHS, XV.expand(6, -1, -1), YV.expand(6, -1, -1), torch.full((6,), len(XV))
    )
    assert tamade_many(theta, students, 0.02).tolist() == expected and max(expected) > 0
    assert all(torch.equal(row, flat(m)) for row, m in zip(theta, models, strict=True))


def test_the_gaussian_loss_learns_the_noise_and_weighs_alpha_in_bits():
    x, y = wave(1, 400, 3)
    many = train_many(
        (2, 10, 1), x[0], y[0], alphas=[0.0, 3e-2], seeds=[0, 1], epochs=1500, finetune=300,
        loss="gaussian", **SHORT,
    )  # fmt: skip
    error = many.train_loss.sqrt()
    assert ((many.sigma - error).abs() < 0.02 * error).all()
    assert (many.nonzero[1] < many.nonzero[0]).all()


def test_the_noise_scale_is_learnt_as_autograd_says_and_not_charged():
    many = train_many(
        WIDTHS, X[0], Y[0], alphas=[0.1], seeds=[5], epochs=60, finetune=0, ramp=0.0,
        loss="gaussian", **SHORT,
    )  # fmt: skip
    model = MLP(WIDTHS, nn.Tanh, seed=5, dtype=torch.float64)
    log_sigma = torch.tensor(math.log(0.1), dtype=torch.float64, requires_grad=True)
    penalty = DRR(0.1).attach(model)
    optimiser = torch.optim.Adam([*model.parameters(), log_sigma], lr=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, 60)
    for step in range(60):
        optimiser.zero_grad()
        penalty.ramp = min(1.0, step / 1e-9)
        (gaussian_loss(model(X[0]), Y[0], log_sigma) + penalty.penalty()).backward()
        optimiser.step()
        schedule.step()
    assert abs(many.sigma.item() - log_sigma.exp().item()) < 1e-10


def test_the_same_seed_gives_the_same_bits():
    options = dict(alphas=ALPHAS, seeds=SEEDS, epochs=100, finetune=0, progress=False)
    x, y, xv, yv = (part.float() for part in (X, Y, XV, YV))
    one, two = (train_many(WIDTHS, x, y, validation=(xv, yv), **options) for _ in range(2))
    assert torch.equal(one.theta, two.theta) and one.theta.dtype == torch.float32
    state = torch.random.get_rng_state()
    train_many(WIDTHS, x, y, validation=(xv, yv), **options)
    assert torch.equal(state, torch.random.get_rng_state())


def test_the_result_judges_other_data_and_makes_networks():
    many = train_many(WIDTHS, X, Y, alphas=ALPHAS, seeds=SEEDS, epochs=30, finetune=0, **SHORT)
    shared, apart = many.loss(XV, YV), many.loss(*wave(3, 50, 9))
    for i in range(3):
        for j in range(3):
            assert abs(mean_loss(many.model(i, j), (XV, YV), "mse") - shared[i, j]) < 1e-12
            x, y = (part[j] for part in wave(3, 50, 9))
            assert abs(mean_loss(many.model(i, j), (x, y), "mse") - apart[i, j]) < 1e-12


def test_a_penalty_that_is_too_strong_leaves_nothing():
    many = train_many(WIDTHS, X, 0 * Y, alphas=[1.0], seeds=SEEDS, epochs=300, finetune=10, **SHORT)
    assert (many.nonzero == 0).all() and many.theta.isfinite().all()


@pytest.mark.parametrize(
    "change, words",
    [
        (dict(alphas=[-1.0]), "each alpha"),
        (dict(alphas=[]), "one or more alphas"),
        (dict(betas=0.0), "each beta"),
        (dict(betas=[5.0, 5.0]), "as many betas"),
        (dict(seeds=[]), "one or more seeds"),
        (dict(seeds=[0.5]), "each seed must be an integer"),
        (dict(epochs=-1), "epochs must lie"),
        (dict(check=0), "check must lie"),
        (dict(patience=0), "patience must lie"),
        (dict(lr=0.0), "lr must be"),
        (dict(ramp=1.5), "ramp must lie"),
        (dict(tolerance=-1.0), "tolerance must be"),
        (dict(penalty="l3"), "penalty must be"),
        (dict(loss="hinge"), "loss 'mse' or 'gaussian'"),
        (dict(sizes=[1, 2]), "one size for each"),
        (dict(sizes=[1, 2, 41]), "each size must lie"),
        (dict(x=X[:2]), "they are \\(2, 40, 2\\)"),
        (dict(y=Y[:, :30]), "they are \\(3, 40, 2\\) and \\(3, 30, 1\\)"),
        (dict(x=X[..., :1]), "The data must be x \\(n, 2\\)"),
        (dict(x=X * math.nan), "The data hold NaN"),
        (dict(validation=(XV, YV * math.nan)), "The validation data hold NaN"),
        (dict(x=X.long(), y=Y.long()), "both be float32 or both float64"),
        (dict(x=X.half(), y=Y.half()), "both be float32 or both float64"),
        (dict(alphas=1e-3), "alphas must be a sequence"),
        (dict(seeds=3), "seeds must be a sequence"),
        (dict(y=Y.float() * 1e25, x=X.float(), alphas=[0.0]), "training loss is infinite"),
        (dict(lr=1e300), "smaller lr"),
    ],
)
def test_bad_input_gets_one_sentence(change, words):
    options = dict(x=X, y=Y, alphas=[1e-3], seeds=SEEDS, epochs=20, finetune=0) | SHORT | change
    with pytest.raises(ValueError, match=words):
        train_many(WIDTHS, **options)
