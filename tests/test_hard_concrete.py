"""Hard concrete gates against autograd, against sampling, and at work in compress()."""

import copy
import pickle

import pytest
import torch
from torch import nn
from torch.func import functional_call

from l0course import DRR, MLP, compress, error_rate, mean_loss
from l0course.datasets import digits
from l0course.hard_concrete import HardConcrete

X = torch.randn(16, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
Y = torch.randn(16, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def gated(seed: int = 0, alpha: float = 0.3, **options) -> tuple[nn.Module, HardConcrete]:
    """A small model whose gates are switched on, with parameters spread over their range."""
    model = MLP((4, 3, 2), nn.Tanh, seed=0, dtype=torch.float64)
    regularizer = HardConcrete(alpha, seed=seed, **options).attach(model)
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for log_alpha in regularizer.log_alphas:
            log_alpha.copy_(3 * torch.randn(log_alpha.shape, generator=generator))
    regularizer.after_step()
    return model, regularizer


def gates(log_alpha: torch.Tensor, u: torch.Tensor) -> torch.Tensor:
    """Eq. 10 of the paper, as it is written there."""
    s = torch.sigmoid((torch.log(u) - torch.log(1 - u) + log_alpha) / (2 / 3))
    return torch.clamp(s * 1.2 - 0.1, 0, 1)


def test_both_gradients_are_those_of_the_reparameterised_loss():
    model, regularizer = gated(seed=7)
    regularizer.ramp = 0.25
    theta = {
        n: p.detach().clone().requires_grad_()
        for n, p in MLP((4, 3, 2), nn.Tanh, seed=0, dtype=torch.float64).named_parameters()
    }
    log_alphas = [a.detach().clone().requires_grad_() for a in regularizer.log_alphas]
    noise = torch.Generator().manual_seed(7)
    weights = {}
    for (name, t), log_alpha in zip(theta.items(), log_alphas, strict=True):
        u = torch.empty_like(t).uniform_(generator=noise)
        weights[name] = t * gates(log_alpha, u)
    shift = 2 / 3 * torch.log(torch.tensor(11.0, dtype=torch.float64))
    expected_open = sum(torch.sigmoid(a + shift).sum() for a in log_alphas)
    loss = (functional_call(model, weights, X) - Y).square().mean()
    (loss + 0.25 * 0.3 * expected_open).backward()

    (model(X) - Y).square().mean().backward()
    regularizer.add_gradient()
    for p, t in zip(model.parameters(), theta.values(), strict=True):
        torch.testing.assert_close(p.grad, t.grad, rtol=1e-10, atol=1e-14)
        torch.testing.assert_close(p.data, t.data, rtol=0, atol=0)  # the optimiser steps theta
    for mine, log_alpha in zip(regularizer.log_alphas, log_alphas, strict=True):
        torch.testing.assert_close(mine.grad, log_alpha.grad, rtol=1e-10, atol=1e-14)


def test_penalty_is_alpha_times_expected_l0_and_its_gradient_the_one_added():
    values = torch.tensor([-6.0, -2.0, 0.0, 1.0, 4.0])
    model = nn.Linear(50_000, 5, bias=False)
    nn.init.ones_(model.weight)
    regularizer = HardConcrete(2.0, seed=3).attach(model)
    regularizer.log_alphas[0].data.copy_(values[:, None].expand(5, 50_000))
    regularizer.after_step()
    model(torch.zeros(1, 50_000))  # puts the sample in place
    open_share = (model.weight.detach() != 0).double().mean(dim=1)
    p = torch.sigmoid(values - 2 / 3 * torch.tensor(1 / 11).log())
    assert (open_share - p).abs().le(5 * (p * (1 - p) / 50_000).sqrt()).all()
    assert regularizer.penalty().item() == pytest.approx(2.0 * 50_000 * p.sum().item(), rel=1e-5)
    regularizer.add_gradient()  # without a data loss
    (by_autograd,) = torch.autograd.grad(regularizer.penalty(), regularizer.log_alphas)
    torch.testing.assert_close(regularizer.log_alphas[0].grad, by_autograd)


def test_training_mode_samples_and_evaluation_mode_does_not():
    model, regularizer = gated()
    theta = MLP((4, 3, 2), nn.Tanh, seed=0, dtype=torch.float64)
    test_time = [p.detach().clone() for p in model.parameters()]
    for p, t, a in zip(test_time, theta.parameters(), regularizer.log_alphas, strict=True):
        at_rest = torch.clamp(torch.sigmoid(a) * 1.2 - 0.1, 0, 1)
        torch.testing.assert_close(p, (t * at_rest).detach())
    first, again = model(X), model(X)  # one sample a step, however many batches
    assert torch.equal(first, again)
    with torch.no_grad():
        mean_loss(model, (X, Y), "mse")  # in evaluation mode
    assert all(torch.equal(p, t) for p, t in zip(model.parameters(), test_time, strict=True))
    assert not torch.equal(model(X), first)  # a new sample
    regularizer.detach()
    assert all(torch.equal(p, t) for p, t in zip(model.parameters(), test_time, strict=True))


@pytest.mark.parametrize("write", ["copy_", "load_state_dict", "detach"])
def test_the_hook_goes_when_the_weights_are_written_even_with_the_same_values(write):
    model, regularizer = gated()
    with torch.no_grad():
        if write == "copy_":
            model[0].bias.copy_(model[0].bias.clone())
        elif write == "load_state_dict":
            model.load_state_dict(copy.deepcopy(model.state_dict()))
        else:
            regularizer.detach()
    before = copy.deepcopy(model.state_dict())
    model.train()(X)
    assert len(model._forward_pre_hooks) == 0
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())
    with pytest.raises(RuntimeError, match=r"attach\(model\) first"):
        regularizer.add_gradient()


def test_a_deep_copy_of_the_model_is_not_gated():
    model, _ = gated()
    twin = copy.deepcopy(model).train()
    before = copy.deepcopy(twin.state_dict())
    twin(X)
    for network in (twin, model):
        assert all(torch.equal(before[k], v) for k, v in network.state_dict().items())


QUICK = dict(warmup=3, regularize=30, finetune=15, lr=1e-2, batch_size=50, progress=False)
QUICK["tolerance"] = 0.05


def test_digits_shrink_and_keep_their_accuracy():
    data = digits()
    regularizer = HardConcrete(3e-3, gate_lr=0.1)
    done = compress(
        MLP((64, 200, 60, 10), seed=0), data.train, data.validation, regularizer, **QUICK
    )
    assert done.compression_rate > 10
    assert error_rate(done.model, data.test) < 0.08
    assert len(done.model._forward_pre_hooks) == 0
    assert regularizer.parameters == [] and regularizer.ramp == 1.0


def test_warm_up_is_that_of_the_other_methods_and_the_rest_depends_on_the_seed_only():
    data = digits()
    settings = {**QUICK, "regularize": 2, "finetune": 0}

    def run(regularizer):
        return compress(
            MLP((64, 30, 10), seed=0), data.train, data.validation, regularizer, **settings
        )

    plain = run(DRR(1e-4))
    state = torch.get_rng_state()
    first, again, other = (run(HardConcrete(1e-3, seed=seed)) for seed in (0, 0, 1))
    assert torch.equal(state, torch.get_rng_state())
    assert first.history[:3] == other.history[:3] == plain.history[:3]
    assert first.history == again.history and first.history[3:] != other.history[3:]
    assert len(first.model._forward_pre_hooks) == 0  # pruning ended it
    for p, q in zip(first.model.parameters(), again.model.parameters(), strict=True):
        assert torch.equal(p, q)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: HardConcrete(-1e-3), "alpha must be a finite number of at least 0"),
        (lambda: HardConcrete(1e-3, gate_lr=0), "gate_lr must be a finite number above 0"),
        (lambda: HardConcrete(1e-3, log_alpha=float("inf")), "log_alpha must"),
        (lambda: HardConcrete(1e-3, seed=-1), "seed must"),
        (lambda: HardConcrete(1.0).attach(nn.ReLU()), "no trainable parameters"),
    ],
)
def test_bad_input_gets_one_sentence(make, says):
    with pytest.raises(ValueError, match=says):
        make()


@pytest.mark.parametrize("call", ["penalty", "add_gradient", "after_step"])
def test_use_before_attach_says_what_to_do(call):
    with pytest.raises(RuntimeError, match=r"Call HardConcrete\(...\).attach\(model\) first"):
        getattr(HardConcrete(1.0), call)()


def test_a_step_without_a_sample_says_what_to_do():
    model, regularizer = gated()
    model.eval()(X).sum().backward()
    with pytest.raises(RuntimeError, match=r"model.train\(\) and model\(x\) first"):
        regularizer.add_gradient()


def test_a_step_without_add_gradient_says_what_to_do():
    """`(loss + penalty()).backward()` alone would multiply the masks, step after step."""
    model, penalty = gated()
    model(X).sum().backward()
    with pytest.raises(RuntimeError, match=r"add_gradient\(\) between"):
        penalty.after_step()


def test_the_theta_of_the_next_step_is_the_optimisers():
    """One step of plain descent by hand: theta - lr * G * z, with the z that was sampled."""
    model, penalty = gated()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    theta = [t.clone() for t in penalty._theta]
    model(X).square().sum().backward()
    z = [z.clone() for z in penalty._z]
    G = [p.grad.clone() for p in model.parameters()]
    penalty.add_gradient()
    optimiser.step()
    penalty.after_step()
    for new, old, slope, gate in zip(penalty._theta, theta, G, z, strict=True):
        torch.testing.assert_close(new, old - 0.1 * slope * gate)
    assert any((gate < 1).any() for gate in z)


@pytest.mark.parametrize("hidden", [False, True])
def test_whoever_writes_into_the_weights_ends_the_gates(hidden):
    model, penalty = gated()
    with torch.no_grad():
        for p in model.parameters():
            (p.data if hidden else p).zero_()
    model.train()(X)
    assert all((p == 0).all() for p in model.parameters()) and not model._forward_pre_hooks


def test_a_gated_model_can_be_copied_and_saved(tmp_path):
    model, penalty = gated()
    other = copy.deepcopy(model)
    before = [p.clone() for p in other.parameters()]
    other.train()(X)  # its hook is inert
    assert all(torch.equal(p, q) for p, q in zip(before, other.parameters(), strict=True))
    torch.save(model, tmp_path / "model.pt")
    pickle.loads(pickle.dumps(penalty)).attach(other)


def test_attaching_again_lets_go_of_the_first_model():
    first, penalty = gated()
    first.train()(X)  # a sample is in place
    penalty.attach(MLP((4, 3, 2), seed=1))
    assert not first._forward_pre_hooks
    zhat = penalty.log_alphas[0].detach().sigmoid() * 1.2 - 0.1
    assert zhat.min() > 0
