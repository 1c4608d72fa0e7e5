# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 04 · Smooth ℓ0 and relaxed ℓ1: DRR and R-L1
#
# **Claim.** A count can be given a slope, and then ordinary training finds the weights to prune. *Phenomenon:*
# the penalty 1 − exp(−β|θ|) pulls at small weights and leaves large ones alone (DRR); ℓ1 pulls at all of them,
# and fine-tuning without it gives the survivors their size back (R-L1). *Evidence:* penalties, gradients and
# proximal maps side by side; what Adam does to them, measured; error against compression on digits, live, and on
# MNIST, recorded with three seeds. *Control:* the same penalty with β = 0, which looks alive and is not; and
# weights chosen at random.
#
# **You will be able to**
# - derive the price and the pull of DRR, and say what β and α each decide;
# - tell from a penalty's map whether it shrinks, and whether it jumps;
# - say what Adam makes of a penalty, and how a weight becomes exactly 0;
# - measure the bias of a penalty, and undo it;
# - find out whether a penalty acts at all.
#
# **You need** lessons 00 and 02; 03 helps. **Time:** 45 minutes of reading, 50 of doing, {{running}} of running.

# %%
import math
from copy import deepcopy

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.linear_model import Lasso

from l0course import (
    DRR,
    L1,
    MLP,
    compress,
    count_nonzero,
    error_rate,
    magnitude_prune,
    mean_loss,
)
from l0course.datasets import digits
from l0course.drr_options import LayerDRR
from l0course.figures import registry
from l0course.figures.adam_chatter import STRENGTHS, medians
from l0course.figures.drr_ablation import VARIANTS, centre
from l0course.figures.drr_frontiers import STYLE
from l0course.figures.frontier import at_error, lines, points
from l0course.figures.relaxations import gallery
from l0course.figures.style import COLORS, show, use_style
from l0course.generated import sparse_regression
from l0course.learn import Explore, Question, ex, predict, quiz
from l0course.penalties import smooth_l0, soft_threshold
from l0course.proximal import prox_smooth_l0
from l0course.regularizers import Regularizer

use_style()
torch.set_num_threads(1)  # for networks this small, threads only wait for each other

# %% [markdown]
# ## Count the zeros
#
# A digit reader with 50,610 weights learns with a *smooth count* of its weights added to the loss. The loop is
# that of lesson 00 with one more line: the penalty adds its slope to the gradient. The strength α is 0 for five
# epochs (the *warm-up*), then rises to its value (the *ramp*).


# %%
def train(model, split, penalty=None, *, lr=5e-3, epochs=45, warmup=5, ramp=20, cosine=False,
          shrink=0.0, masks=None):  # fmt: skip
    """Train in place with Adam; `shrink` and `masks` come later in the lesson."""
    optimiser = torch.optim.Adam(model.parameters(), lr=lr, fused=True)
    generator = torch.Generator().manual_seed(0)
    if penalty is not None:
        penalty.attach(model)
    for epoch in range(epochs):
        strength = min(1.0, max(0.0, epoch - warmup) / max(ramp, 1e-9))
        rate = lr * (1 + math.cos(math.pi * epoch / epochs)) / 2 if cosine else lr
        optimiser.param_groups[0]["lr"] = rate
        for rows in torch.randperm(len(split.x_train), generator=generator).split(50):
            loss = torch.nn.functional.cross_entropy(
                model(split.x_train[rows]), split.y_train[rows]
            )
            optimiser.zero_grad()
            loss.backward()
            if penalty is not None:
                penalty.ramp = strength
                penalty.add_gradient()  # the new line
            optimiser.step()
            if shrink:
                with torch.no_grad():
                    for p in model.parameters():
                        p.copy_(soft_threshold(p, rate * shrink * strength))
            if masks is not None:
                masks.apply(model)
    return model


def sizes(model):
    """|theta| of all weights, as one array."""
    return torch.cat([p.detach().flatten() for p in model.parameters()]).abs().numpy()


# %%
guess = predict(
    "04.zeros",
    "How many of the 50,610 weights are exactly 0 at the end?",
    low=0,
    high=50_610,
    unit="weights",
)

# %% tags=["nbval-ignore-output"]
split = digits(seed=0)
reader = train(MLP((64, 300, 100, 10), seed=0), split, DRR(alpha=1e-3), epochs=60, ramp=27)
size = sizes(reader)
zeros = int((size == 0).sum())
guess.reveal(zeros, "The penalty counts weights, and after training all of them are still there.")

# %%
figure, axis = plt.subplots(figsize=(5.2, 2.3))
bins = np.linspace(-7, 0.7, 36)
start = sizes(MLP((64, 300, 100, 10), seed=0))
axis.hist(np.log10(start), bins, histtype="step", color=COLORS["vermillion"], linestyle="--",
          linewidth=1.6, label="before training")  # fmt: skip
axis.hist(np.log10(size.clip(1e-7)), bins, color=COLORS["blue"], alpha=0.85, label="after")
axis.axvline(np.log10(5e-3), color="black", linestyle=":", marker="", label="learning rate")
axis.set(xlabel="log10 of |θ|", ylabel="number of weights", yscale="log")
axis.legend(loc="upper left")
show(
    figure,
    "Sizes of the 50,610 weights on a logarithmic axis, before (dashed) and after training. Afterwards there are "
    "two heaps with hardly a weight between them: a few hundred weights of size 0.1 and more, and nearly all "
    "others below the learning rate, near zero and not at zero.",
)

# %% tags=["nbval-ignore-output"]
kept = deepcopy(reader)
magnitude_prune(kept, 0.02)
for name, one in [("as trained", reader), ("below 0.02 set to 0", kept)]:
    print(
        f"{name:20} {count_nonzero(one):6,} weights, test error {error_rate(one, split.test):.2%}"
    )

# %%
print("at most 20 weights are exactly 0:", zeros <= 20)
print("at least 98 % can be set to 0:   ", count_nonzero(kept) < 0.02 * len(size))
moved = abs(error_rate(kept, split.test) - error_rate(reader, split.test))
print("... and the test error moves by one point at most:", moved < 0.0101)
assert zeros <= 20 and count_nonzero(kept) < 0.02 * len(size) and moved < 0.0101

# %% [markdown]
# So the penalty has done its work, and yet not one weight is zero. This lesson explains both halves: why a
# smooth count separates weights into two heaps, and what keeps the lower heap off 0.
#
# ## Step 1: a count with a slope
#
# Counting is a step function: a weight costs 0 at 0, and α everywhere else. Its slope is 0 wherever it is
# defined, so gradient descent learns nothing from it. Round off the step:
#
# price of a weight = α (1 − exp(−β |θ|)).
#
# It is 0 at 0 and tends to α for large |θ|. The steepness β says how fast. The method is called *DRR*
# (differentiable relaxation of the ℓ0 regularisation; Oliveira, Batista and Seara, arXiv 2109.05075).
#
# ### Exercise 04.1
# Write the price of all weights together, and its slope in each of them.


# %%
def smooth_count(theta, alpha, beta):
    """alpha * sum(1 - exp(-beta |theta|)), and its gradient (0 where theta is 0).

    theta: array of any shape; alpha, beta > 0: numbers; returns (number, array of theta's shape).
    """
    ### BEGIN SOLUTION
    decay = np.exp(-beta * np.abs(theta))
    return alpha * (1 - decay).sum(), alpha * beta * np.sign(theta) * decay
    ### END SOLUTION


smooth_count = ex("04.1").attempt(smooth_count)

# %% [markdown]
# Compare with the package's `smooth_l0`, and autograd.

# %%
theta = torch.tensor(np.random.default_rng(0).normal(size=1000), requires_grad=True)
value = 0.3 * smooth_l0(theta, beta=5.0)
value.backward()
price, slope = smooth_count(theta.detach().numpy(), 0.3, 5.0)
print("prices agree:", bool(abs(price - value.item()) < 1e-10))
print("slopes agree:", bool(np.abs(slope - theta.grad.numpy()).max() < 1e-12))
print(f"count: {theta.numel()}, smooth count: {price / 0.3:.1f}")

# %% [markdown]
# The slope is a *pull* towards 0 of strength αβ next to 0, and it fades with distance. ℓ1 pulls with the same
# force at any distance. How far does DRR reach?
#
# ### Exercise 04.2
# At which |θ| has the pull fallen to half of what it is near 0?


# %%
def half_pull(beta):
    """The size |theta| at which the pull of DRR is half of alpha * beta."""
    ### BEGIN SOLUTION
    return np.log(2) / beta
    ### END SOLUTION


half_pull = ex("04.2").attempt(half_pull)
for beta in (2, 5, 20):
    print(f"β = {beta:2}: half of the pull at |θ| = {half_pull(beta):.3f}")

# %% [markdown]
# ## Explore: eight ways to charge for a weight
#
# DRR has relatives. In each row a family, all on one scale (a weight of size 1 costs 1), with ℓ0 and ℓ1 in grey:
#
# - ℓ0, ℓ1 and ℓ2, as in lesson 02;
# - *log-sum*, log(1 + |θ|/ε), and *reweighted ℓ1*, which minimises it by ℓ1 in rounds: after a round that left a
#   weight at θ, its next ℓ1 costs 1/(|θ| + ε), more for small weights (drawn for one left at 0.1);
# - the *capped quadratic* of PMMP (lesson 03), and *Hard-Concrete*, which charges a random gate in front of the
#   weight.
#
# From left to right: what a weight costs, how hard it is pulled to 0, and the *proximal map*: the best x for a
# weight that the data want at z (the θ of lesson 02; no mask here), at a given strength.
#
# **Predict, then look.** Which of them still pull at a weight of size 1? Which bring weights to exactly 0? Then
# move β: what does a larger β take away, and from whom?


# %%
def words(beta, strength):
    z = torch.linspace(0.0, 1.5, 1501, dtype=torch.float64)
    x = prox_smooth_l0(z, strength, beta)
    first = int((x > 0).nonzero()[0])
    how = "jumps" if strength * beta**2 > 1 else "slides"
    return (
        "Cost, slope and proximal map of eight penalties, a row a family. DRR with "
        f"β = {beta:g} pulls with {beta:g} at 0, with half of that at {half_pull(beta):.2f}, and with "
        f"{beta * np.exp(-beta):.2g} at 1. At strength {strength:g} its map keeps weights from "
        f"{z[first]:.2f} on and {how}: the first survivor lands at {x[first]:.2f}."
    )


def relatives(beta, strength):
    figure = gallery(beta, strength)
    figure.set(layout_engine="constrained", size_inches=(8.8, 6.6))
    return figure


Explore(
    relatives,
    description=words,
    labels={"beta": "β of DRR", "strength": "strength"},
    beta=(0.5, 30.0, 0.5, 5.0),
    strength=(0.02, 0.5, 0.02, 0.1),
)

# %% [markdown]
# Three things to read off. **The pull near 0** (second column): where it is not 0 there, the map has a flat
# piece, and weights land on exactly 0 (as under ℓ0, whose whole cost is a step at 0). ℓ2 and the capped
# quadratic have none; they make small weights smaller, for ever. **The pull far out:** ℓ1 and ℓ2 pull at all
# sizes, so they shrink all survivors. DRR and the capped quadratic let go, log-sum nearly. **The map:** that of
# ℓ1 slides to 0. Those that let go jump, as ℓ0 does, and DRR does so when β is large enough.
#
# With a small β, DRR is almost ℓ1. With a large one it is almost ℓ0, and its pull ends right beside 0.

# %% [markdown]
# ## Step 2: slide or jump
#
# From which β on does DRR's map jump? It minimises ½ (x − z)² + s · (1 − exp(−β|x|)), a parabola and a penalty
# of strength s. It slides as long as this sum has only one valley.
#
# ### Exercise 04.3
# Up to which β has it only one valley, whatever z is? (Look at the second derivative for x > 0.)


# %%
def steepest(strength):
    """Largest beta for which (x - z)**2 / 2 + strength * (1 - exp(-beta |x|)) is convex on x > 0."""
    ### BEGIN SOLUTION
    return 1 / np.sqrt(strength)
    ### END SOLUTION


steepest = ex("04.3").attempt(steepest)

# %% [markdown]
# Compare with a search on a fine grid, and with the package's exact map. For each β we note the z from which a
# weight is kept, and the x of this first survivor (z goes in steps of 0.001). **Predict:** which β slide, and
# which jump, at s = 0.25?

# %%
strength = 0.25
z, grid = np.linspace(0, 2, 2001), np.linspace(0, 2, 8001)
print(
    f"the limit is β = {steepest(strength):g}; ℓ0 itself keeps from √(2s) = {np.sqrt(2 * strength):.3f}"
)
print("    β   s·β    kept from    its x")
for beta in (0.5, 1, 2, 3, 5, 20, 100):
    exact = prox_smooth_l0(torch.tensor(z), strength, beta).numpy()
    price = strength * -np.expm1(-beta * grid)
    searched = np.array([grid[((grid - one) ** 2 / 2 + price).argmin()] for one in z[::20]])
    assert np.abs(searched - exact[::20]).max() < 0.02
    first = exact > 0
    print(f"{beta:5g} {strength * beta:5.2f} {z[first][0]:10.3f} {exact[first][0]:12.3f}")

# %% [markdown]
# Up to β = 2 the map slides: it keeps from s·β on, as ℓ1 with strength s·β would, and the first survivor is near
# 0. Beyond, it jumps, and for large β it is the hard threshold of ℓ0. **So β chooses between the two maps of
# lesson 02.** (For small β, 1 − exp(−β|θ|) ≈ β|θ|: plain ℓ1.)
#
# Why not take β as large as possible, then? The map looks at the whole line at once. Descent does not.

# %%
figure, axis = plt.subplots(figsize=(4.4, 2.3))
x = np.linspace(-0.15, 1.0, 1151)
for beta, colour, line in [(2, "blue", "-"), (5, "orange", "--"), (20, "purple", "-.")]:
    cost = (x - 0.6) ** 2 / 2 - 0.25 * np.expm1(-beta * np.abs(x))
    axis.plot(x, cost, color=COLORS[colour], linestyle=line, marker="", label=f"β = {beta}")
    low = np.flatnonzero((cost[1:-1] < cost[:-2]) & (cost[1:-1] <= cost[2:])) + 1
    axis.plot(x[low], cost[low], "o", color=COLORS[colour], markersize=7)
    print(f"β = {beta:2}: valleys at x = {np.round(np.abs(x[low]), 2).tolist()}")
axis.set(xlabel="x", ylabel="parabola + penalty")
axis.legend(loc="upper right")
show(
    figure,
    "The cost of x when the data want 0.6 and s = 0.25, for three steepnesses, with dots in the valleys. For "
    "beta 2 there is one, at 0.35. For beta 20 there are two: the one at 0 is lower and "
    "narrow as a needle, and a descent that starts at 0.6 feels no slope and stays.",
)

# %% [markdown]
# With β = 20 the best x is 0, and a weight that stands at 0.6 will never know. A steep penalty only acts on
# weights that are small already. A flat one reaches all, and shrinks all. That is the trade that β makes.
#
# ## Step 3: what Adam makes of a pull
#
# Adam keeps running means m of the gradient g and v of g², both corrected for their start at 0, and moves a
# weight by −lr · m / √v (lr is the *learning rate*).
#
# ### Exercise 04.4
# Suppose that only the penalty acts. Where does Adam's first step take the weights? (Leave out the tiny ε of
# the denominator.)


# %%
def first_step(theta, alpha, beta, lr):
    """The weights after one Adam step on the gradient of DRR alone, from m = v = 0.

    theta: array; alpha, beta, lr > 0: numbers; returns an array of theta's shape.
    """
    ### BEGIN SOLUTION
    return theta - lr * np.sign(theta)
    ### END SOLUTION


first_step = ex("04.4").attempt(first_step)

# %% [markdown]
# Compare with `torch.optim.Adam`. Then one weight for a thousand steps, with three strengths that differ by
# factors of 1,024. **Predict:** how do the three paths differ? Where do they end?

# %%
theta = torch.tensor(np.linspace(-0.5, 0.5, 8), requires_grad=True)
before = theta.detach().numpy().copy()
optimiser = torch.optim.Adam([theta], lr=0.01)
(0.3 * smooth_l0(theta, beta=5.0)).backward()
optimiser.step()
print("first step agrees:", np.allclose(theta.detach().numpy(), first_step(before, 0.3, 5.0, 0.01)))


def alone(alpha, lr=0.01, steps=1000):
    """One weight that feels nothing but the penalty."""
    theta = torch.tensor([0.105], dtype=torch.float64, requires_grad=True)
    optimiser, path = torch.optim.Adam([theta], lr=lr, eps=0), []
    for _ in range(steps):
        optimiser.zero_grad()
        (alpha * smooth_l0(theta, beta=5.0)).backward()
        optimiser.step()
        path.append(theta.item())
    return np.array(path)


paths = {alpha: alone(alpha) for alpha in (1 / 1024, 1, 1024)}
print("the three paths are equal to the last bit:",
      all(np.array_equal(path, paths[1]) for path in paths.values()))  # fmt: skip
print("steps on which the weight is exactly 0:", int((paths[1] == 0).sum()), "of 1,000")
far = np.abs(paths[1][100:]).max()
print("after step 100 it stays within half a learning rate of 0:", bool(far < 0.005))
assert np.array_equal(paths[1], paths[1024])

# %% [markdown]
# The strength has vanished. Adam divides a gradient by its own size, so a pull a million times stronger takes
# the same steps. Their length goes with lr, and nothing makes one end at 0: the weight passes it, and is thrown
# back and forth for ever.
#
# Then what is α for? A real weight also feels the data, whose gradient is different in each batch. So take
# weights whose data gradient is nothing but noise, of standard deviation 1. They are useless, and the penalty
# should bring them to zero. We take seven strengths, three learning rates and 300 weights each. **Predict:**
# with pull and noise of equal size, how far from 0 does a typical weight stay? And with ten times the pull?

# %%
pulls = np.array([0.03, 0.1, 0.3, 1, 3, 10, 30])[:, None]  # alpha * beta, noise 1
figure, (left, right) = plt.subplots(1, 2, figsize=(6.4, 2.4))
left.axhline(0, color="0.5", linewidth=1, marker="")
left.plot(paths[1][:80], color=COLORS["blue"], marker="")
left.set(xlabel="step", ylabel="θ", title="no noise, lr = 0.01")
amplitude = {}
for lr, colour, shape in [(1e-3, "blue", "o"), (3e-3, "orange", "^"), (1e-2, "purple", "D")]:
    rng = np.random.default_rng(0)
    theta, m, v, seen = 0.05 * rng.normal(size=(7, 300)), 0, 0, []
    for step in range(1, 1501):
        g = rng.normal(size=theta.shape) + pulls * np.sign(theta) * np.exp(-5 * np.abs(theta))
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        theta = theta - lr * (m / (1 - 0.9**step)) / np.sqrt(v / (1 - 0.999**step))
        if step > 1000:
            seen.append(np.abs(theta))
    amplitude[lr] = np.median(seen, axis=(0, 2)) / lr
    right.plot(
        pulls, amplitude[lr], shape, color=COLORS[colour], linestyle="-", label=f"lr = {lr:g}"
    )
right.set(xscale="log", yscale="log", xlabel="pull / noise", ylabel="median |θ| / lr")
right.legend()
show(
    figure,
    "Left: one weight under Adam and the penalty alone runs straight to 0, overshoots, and is thrown back and forth. "
    "Right: useless weights with noise. In units of the learning rate the typical distance from 0 is nearly one curve "
    "for three learning rates; it falls as the pull outgrows the noise, and levels off at a tenth.",
)
assert all(0.2 < amplitude[lr][3] < 0.4 for lr in amplitude)
for row in (3, 5):
    print(
        f"pull {pulls[row, 0]:2g} times the noise: about {amplitude[1e-2][row]:.1f} learning rates from 0"
    )

# %% [markdown]
# So α is measured against the noise of the data's gradient, and **the learning rate sets how wide the lower
# heap is**. Does it hold in the network? We train a smaller reader (12,060 weights) with three constant
# learning rates, and with one that falls to 0 along a cosine. The lower heap: all weights below 0.05.
# **Predict:** by which factor does the heap widen from one rate to the next? What is left of it when the rate
# ends at 0?

# %% tags=["nbval-ignore-output"]
heap = {}
print("learning rate      exactly 0   median |θ| below 0.05    in units of lr   test error")
for lr, cosine in [(5e-4, False), (2e-3, False), (8e-3, False), (8e-3, True)]:
    model = train(MLP((64, 100, 50, 10), seed=0), split, DRR(1e-3), lr=lr, cosine=cosine)
    small = sizes(model)
    small = small[small < 0.05]
    heap[lr, cosine] = np.median(small)
    print(f"{lr:<8g}{'to 0' if cosine else '':8} {(small == 0).sum():10} {np.median(small):16.2g} "
          f"{np.median(small) / lr:20.2g} {error_rate(model, split.test):15.2%}")  # fmt: skip

# %%
constant = [heap[lr, False] / lr for lr in (5e-4, 2e-3, 8e-3)]
print("constant rate: the heap is 0.05 to 0.4 learning rates wide:",
      0.05 < min(constant) and max(constant) < 0.4)  # fmt: skip
print("falling rate:  it is at least 100 times narrower:",
      bool(heap[8e-3, True] < heap[8e-3, False] / 100))  # fmt: skip
assert 0.05 < min(constant) and max(constant) < 0.4 and heap[8e-3, True] < heap[8e-3, False] / 100

# %% [markdown]
# With four times the rate the heap is about three times as wide. A falling rate makes it a needle, and the gap
# wide: this is why `compress` lets the rate end at zero. The heap is still not at zero. So a threshold must
# follow, and lesson 05 is about finding it.
#
# ### The step that stops
# There is another way. Let the optimiser see the data only. Then apply the penalty by itself, *exactly*: the
# proximal map. For ℓ1 it is the soft threshold, which stops at 0.
#
# ### Exercise 04.5
# One step of size lr on the data's gradient leads to z. Then take the x that minimises (x − z)² / (2 lr) + α|x|.


# %%
def proximal_step(theta, gradient, alpha, lr):
    """A gradient step of size lr on the data's loss, then the exact step for alpha * l1.

    theta, gradient: arrays of one shape; alpha, lr > 0: numbers; returns an array of that shape.
    """
    ### BEGIN SOLUTION
    z = theta - lr * gradient
    return np.sign(z) * np.maximum(np.abs(z) - lr * alpha, 0)
    ### END SOLUTION


proximal_step = ex("04.5").attempt(proximal_step)

# %% [markdown]
# Compare: the lasso of lesson 02 on 12 columns, solved by scikit-learn, and three descents of 2,000 steps.

# %%
data = sparse_regression(200, 12, 4, rho=0.5, snr=5, seed=1)
X, y, alpha, lr = data.X, data.y, 0.3, 0.1


def data_slope(w):
    return X.T @ (X @ w - y) / len(y)


start = np.full(12, 0.1)
proximal, plain = start, start
adam = torch.tensor(start, requires_grad=True)
optimiser = torch.optim.Adam([adam], lr=0.01)
for _ in range(2000):
    proximal = proximal_step(proximal, data_slope(proximal), alpha, lr)
    plain = plain - lr * (data_slope(plain) + alpha * np.sign(plain))
    w = adam.detach().numpy()
    adam.grad = torch.tensor(data_slope(w) + alpha * np.sign(w))
    optimiser.step()
lasso = Lasso(alpha=alpha, fit_intercept=False, tol=1e-12, max_iter=10_000).fit(X, y).coef_
ways = {
    "scikit-learn": lasso, "proximal steps": proximal, "plain steps": plain,
    "Adam": adam.detach().numpy(),
}  # fmt: skip
for name, w in ways.items():
    print(f"{name:15} exactly 0: {(w == 0).sum():2} of 12    within 0.05 of the lasso: "
          f"{np.abs(w - lasso).max() < 0.05}")  # fmt: skip
print("proximal steps agree with scikit-learn:", np.allclose(proximal, lasso, atol=1e-8))

# %% [markdown]
# All come near, and only the proximal steps arrive. In a network Adam's steps have a size of their own for each
# weight. We let Adam see the data only, and then take the same soft threshold, lr · α, for all (`shrink` in our
# loop). **Predict:** how many exact zeros, and at which error?

# %% tags=["nbval-ignore-output"]
ended = {}
print("                              not 0    ... and above 0.05   test error")
for name, penalty, shrink in [
    ("ℓ1 in the gradient", L1(1e-3), 0.0),
    ("ℓ1 proximal, α = 0.1", None, 0.1),
    ("ℓ1 proximal, α = 0.3", None, 0.3),
]:
    model = train(MLP((64, 100, 50, 10), seed=0), split, penalty, shrink=shrink)
    ended[name] = count_nonzero(model), error_rate(model, split.test)
    above = int((sizes(model) > 0.05).sum())
    print(f"{name:25} {ended[name][0]:9,} {above:16,} {ended[name][1]:16.2%}")

# %%
print("ℓ1 in the gradient: at most 20 exact zeros:", ended["ℓ1 in the gradient"][0] >= 12_040)
print("proximal, α = 0.3: more than 9,000 of 12,060 exact zeros, error below 6 %:",
      ended["ℓ1 proximal, α = 0.3"][0] < 3_060 and ended["ℓ1 proximal, α = 0.3"][1] < 0.06)  # fmt: skip
assert ended["ℓ1 proximal, α = 0.3"][0] < 3_060 and ended["ℓ1 proximal, α = 0.3"][1] < 0.06

# %% [markdown]
# These zeros are exact, and no threshold is needed. But α now stands against steps of length lr, not against
# gradients, so it has another scale. DRR and R-L1 as published do not do it.
#
# What makes the zeros: keeping the penalty out of Adam, or the map? The figure `adam_chatter` has four ways, on
# three splits: the penalty in the *gradient*; the same with a rate that falls to 0 (*cosine*); *decoupled* (as
# in AdamW), a plain step along the penalty's slope after Adam's; and *proximal*, its map after Adam's step.

# %%
chatter = registry.find("adam_chatter").load("quick")
print("medians, lr = 0.001   exactly 0   |θ| of the pruned / lr   compression   test error")
exact = {}
for penalty, method in STRENGTHS:
    rates, middle = medians(chatter, penalty, method)
    here = {name: values[rates.index(1e-3)] for name, values in middle.items()}
    exact[penalty, method] = here["zeros"]
    print(f"{penalty:5} {method:12} {here['zeros']:12.1%} {here['amplitude'] / 1e-3:20.2g} "
          f"{here['compression_rate']:16.1f} {here['test_error']:15.1%}")  # fmt: skip
rates, middle = medians(chatter, "DRR", "gradient")
print("DRR, gradient, |θ| of the pruned / lr:",
      ",  ".join(f"{size / lr:.2f} at {lr:g}" for lr, size in zip(rates, middle["amplitude"], strict=True)))  # fmt: skip
assert min(exact[p, "proximal"] for p in ("DRR", "R-L1")) > 0.5
assert max(share for (_, method), share in exact.items() if method != "proximal") < 0.1

# %% [markdown]
# It is the map. A decoupled step along the slope jumps over 0 as Adam's own steps do, nearly always; the proximal
# step lands on it. The last line: over two decades, the distance from 0 goes with the learning rate. And the last
# two columns say what exact zeros are *not* good for: after TAMADE, which looks for a threshold, the one with
# exact zeros is not much smaller than the others, and has no fewer errors. Zeros spare you the search. They do not
# make a better network.
#
# ## Step 4: relaxing, or how to undo the bias
#
# ℓ1 has another trouble than zeros. It pulls at all weights alike, so the survivors are too small (lesson 02).
# R-L1 trains with ℓ1, prunes, and then trains the survivors *without* it: it relaxes. In one case we can see
# exactly what this does: least squares with orthogonal columns.
#
# ### Exercise 04.6
# Give the lasso's weights in closed form, and the relaxed ones.


# %%
def shrunk_and_relaxed(X, y, alpha):
    """Minimisers of ||y - X w||^2 / (2n) + alpha * l1(w): with the penalty, and relaxed.

    X: (n, p) with X.T @ X = n * identity, y: (n,), alpha > 0; returns two arrays of shape (p,). Relaxed:
    least squares on the columns that the first keeps, zeros elsewhere.
    """
    ### BEGIN SOLUTION
    free = X.T @ y / len(y)
    shrunk = np.sign(free) * np.maximum(np.abs(free) - alpha, 0)
    return shrunk, np.where(shrunk != 0, free, 0.0)
    ### END SOLUTION


shrunk_and_relaxed = ex("04.6").attempt(shrunk_and_relaxed)

# %% [markdown]
# So the bias of ℓ1 is exactly α for each survivor, the large ones too. And DRR's? Its map gives the answer as
# well. Six orthogonal columns, true weights from 3 to 0; the strengths are such that both pull with 0.3 at 0.

# %%
rng = np.random.default_rng(0)
Q = np.linalg.qr(rng.normal(size=(60, 6)))[0] * np.sqrt(60)
true = np.array([3.0, -2.0, 1.0, 0.5, 0.2, 0.0])
answers = Q @ true + 0.2 * rng.normal(size=60)
free = Q.T @ answers / 60
shrunk, relaxed = shrunk_and_relaxed(Q, answers, 0.3)
table = {"least squares": free, "ℓ1, α = 0.3": shrunk, "... relaxed": relaxed}
for beta in (2, 5):
    table[f"DRR, β = {beta}, αβ = 0.3"] = prox_smooth_l0(
        torch.tensor(free), 0.3 / beta, beta
    ).numpy()
for name, w in table.items():
    print(f"{name:22}" + "".join(f"{one:8.3f}" for one in w + 0.0))
kept = shrunk != 0
print("ℓ1: the bias of the survivors:", np.round(np.abs(free - shrunk)[kept], 6).tolist())
assert np.allclose(np.abs(free - shrunk)[kept], 0.3)

# %% [markdown]
# DRR hardly touches the large ones: at |θ| = 1 its pull is αβ exp(−β), for β = 5 a hundred-and-fiftieth of that
# at 0. What it does to the small survivors, relaxing undoes as well.
#
# Now a network. There is no closed form, but we can look at the same weights before and after. As the
# yardstick, the survivors also train as long *with* the penalty still on. **Predict:** by how much does the
# typical survivor grow, with ℓ1 and with DRR?

# %% tags=["nbval-ignore-output"]
settings = {"regularize": 50, "tolerance": 0.05, "lr": 5e-3, "batch_size": 50, "progress": False}
grown = {}
print("                   weights   penalty stays: size, loss    relaxed: size, loss (validation)")
for name, penalty in [("ℓ1, α = 0.002", L1(2e-3)), ("DRR, α = 0.0008", DRR(8e-4))]:
    for seed in range(2):
        part = digits(seed=seed)
        done = compress(MLP((64, 100, 50, 10), seed=seed), part.train, part.validation, penalty,
                        finetune=0, seed=seed, **settings)  # fmt: skip
        live = sizes(done.model) > 0
        cells = []
        for on in (penalty, None):
            model = train(deepcopy(done.model), part, on, epochs=20, warmup=-1, ramp=0,
                          cosine=True, masks=done.masks)  # fmt: skip
            ratio = np.median(sizes(model)[live] / sizes(done.model)[live])
            loss = mean_loss(model, part.validation)
            grown[name, seed, on is None] = ratio - 1, loss
            cells.append(f"{ratio - 1:+6.0%}  {loss:.3f}")
        print(f"{name:18} {live.sum():7,}   {cells[0]:>24} {cells[1]:>22}")

# %%
print("with the penalty still on, they do not grow by more than 10 %:",
      all(growth < 0.1 for (*_, free), (growth, _) in grown.items() if not free))  # fmt: skip
relaxed_growth = {(name[0], seed): grown[name, seed, True][0] for name, seed, free in grown if free}
print("relaxed, those of ℓ1 grow by 20 to 60 %, and those of DRR by less:",
      all(0.6 > relaxed_growth["ℓ", s] > max(0.2, relaxed_growth["D", s]) for s in range(2)))  # fmt: skip
lower = [
    grown[name, seed, True][1] < grown[name, seed, False][1] for name, seed, free in grown if free
]
print("relaxed, the validation loss is lower, each time:", all(lower))
assert all(0.6 > relaxed_growth["ℓ", s] > max(0.2, relaxed_growth["D", s]) for s in range(2))

# %% [markdown]
# Freed, the survivors of ℓ1 grow by a third or more, and the loss falls with it; those of DRR grow less. With
# the penalty still on they do not grow, and those of ℓ1 shrink further. (Some of the growth is simply more
# training: a network that is right gains a little by saying so louder.) So ℓ1 needs relaxing. For DRR it is a
# smaller correction.
#
# ## Step 5: when to start
#
# A penalty cannot tell a useless weight from a young one. At the start of training *all* weights are small: they
# are random numbers. Four schedules for DRR: with and without the five epochs of warm-up, with and without the
# ramp. Each has 45 epochs before pruning and 15 after. (In `compress`, `ramp` is a share of the penalised epochs, in
# our loop a number of epochs.) **Predict:** which of the four leave a network that reads at all, at α = 0.002?

# %% tags=["nbval-ignore-output"]
schedules = {"both": (5, 0.5), "no warm-up": (0, 0.5), "no ramp": (5, 0.0), "neither": (0, 0.0)}
alive = {}
for name, (warmup, ramp) in schedules.items():
    cells = []
    for seed in range(2):
        part = digits(seed=seed)
        try:
            done = compress(MLP((64, 100, 50, 10), seed=seed), part.train, part.validation,
                            DRR(2e-3), warmup=warmup, ramp=ramp, finetune=15, seed=seed,
                            **settings | {"regularize": 45 - warmup})  # fmt: skip
            error = error_rate(done.model, part.test)
            cells.append(f"{done.compression_rate:3.0f} times, error {error:.2%}")
        except ValueError as dead:
            cells.append(str(dead).split(":")[0])
        alive[name, seed] = "pruned" not in cells[-1]
    print(f"{name:11}", "    ".join(cells))

# %%
fresh = sizes(MLP((64, 100, 50, 10), seed=0))
warm = sizes(train(MLP((64, 100, 50, 10), seed=0), split, epochs=5))
reach = half_pull(5.0)
print(f"weights beyond {reach:.2f}, where the pull has halved: "
      f"{np.mean(fresh > reach):.1%} at the start")  # fmt: skip
print("after five epochs without penalty, 15 to 30 %:", bool(0.15 < np.mean(warm > reach) < 0.3))
print("the schedule with neither died in both runs, the others in none:",
      all(alive[name, seed] == (name != "neither") for name, seed in alive))  # fmt: skip
assert all(alive[name, seed] == (name != "neither") for name, seed in alive)

# %% [markdown]
# At the start nearly every weight is within reach of the pull. At full strength it crushes them before the data
# have had a word, and from a network of zeros no gradient leads back. The warm-up lets useful weights escape;
# the ramp gives them time to. One of the two is enough here.
#
# One strength and two splits are an anecdote. The figure `drr_ablation` has eight splits and several strengths
# for each variant. Careful: the same α gives another rate in each, so we compare at the *same rate*: how far
# above DRR's line is the error? Before we look, two more variants.
#
# They come from the inventors of DRR. The first is *NORM*: the layers of a network have very different sizes,
# and in a sum over all weights the largest layer has most to say. NORM multiplies the penalty of each layer by
# a factor. Then the most that a layer can pay is the same for all layers, and the sum of these is as before.
#
# ### Exercise 04.7
# Which factors are these?


# %%
def norm_factors(sizes):
    """One factor a layer: factor * size is the same for all, and adds up to sum(sizes).

    sizes: list of L positive integers, the weights of each layer; returns an array of shape (L,).
    """
    ### BEGIN SOLUTION
    sizes = np.asarray(sizes)
    return sizes.sum() / (sizes * len(sizes))
    ### END SOLUTION


norm_factors = ex("04.7").attempt(norm_factors)

# %%
model = MLP((64, 100, 50, 10), seed=0)
layers = [layer for layer in model if hasattr(layer, "weight")]
per_layer = [layer.weight.numel() + layer.bias.numel() for layer in layers]
factors = norm_factors(per_layer)
package = LayerDRR(alpha=1.0).attach(model).factors
for size, factor, layer in zip(per_layer, factors, layers, strict=True):
    print(
        f"{size:6,} weights, factor {factor:5.2f}   agrees: {np.isclose(package[layer.weight], factor)}"
    )

# %% [markdown]
# A weight of the last layer now costs 13 times as much as one of the first. The second option is an ℓ2 term, ρ
# Σ θ², as in weight decay: it pulls most at large weights. **Predict:** which of the six changes cost accuracy
# at the same rate, and which gain?

# %%
ablation = registry.find("drr_ablation").load("quick")
print("test error above that of DRR at the same rate (mean of eight splits ± its standard error)")
for name in VARIANTS:
    mine = [result for cell, result in ablation if cell["method"] == name]
    dead = sum(result["compression_rate"] is None for result in mine)
    middle, error = centre(ablation, name)
    print(
        f"{VARIANTS[name][0]:38} {middle:+5.2f} ± {error:4.2f} points   {dead} of {len(mine)} runs dead"
    )

# %% [markdown]
# (A difference counts from about twice its standard error. DRR's line joins medians, so its own mean is not 0.
# The 8 smallest networks without a ramp lie beyond its end, and are left out.) Leave out the warm-up, and we see
# no difference. Leave out the ramp, and it may be a little worse. Leave out both, and it is far worse where it
# lives at all. So one of them has to be there. NORM costs about 0.4 points, at the edge of what eight splits
# can tell. For the ℓ2 terms we see no difference that counts. None of the changes helps. (The
# published code leaves both out by default; its ImageNet runs have a small ℓ2 term.)
#
# The published code has no ramp; its transformer runs may begin with a warm-up.
#
# ## Step 6: error against compression
#
# Now the whole trade. A method at one strength is a point: so many times smaller, so many errors. At several
# strengths it is a line, and lines can be compared. LeNet-300-100 (the network of the start) on the digits, 60
# epochs for everybody:
#
# - **DRR** with β = 2, 5, 20, with and without ramp, and **R-L1**: warm-up, penalty, TAMADE, fine-tuning;
# - **magnitude**: no penalty, the largest weights stay, fine-tuning. Is a penalty worth its trouble?
# - **random**: weights chosen by lot, fine-tuning. This must fail.
#
# Five splits are recorded. We compute some points now, for the first split. **Predict:** thirty times smaller,
# a network trained with a penalty makes about 3 % errors. And one cut by magnitude?

# %% tags=["nbval-ignore-output"]
frontier = registry.find("drr_frontiers")
live = {}
for cell in frontier.cells("quick"):
    chosen = cell["method"] == "DRR, beta 5" or cell.get("rate") in (10, 20)
    if cell["seed"] == 0 and chosen:
        live.setdefault(cell["method"], []).append(frontier.compute(cell))
for method, runs in live.items():
    print(f"{method:12}", ",  ".join(f"{r['compression_rate']:3.0f} times: {r['test_error']:.1%}"
                                     for r in runs))  # fmt: skip

# %%
recorded = frontier.load("quick")
figure, axis = plt.subplots(figsize=(5.2, 3.2))
lines(axis, recorded, STYLE)
for runs in live.values():
    axis.plot([r["compression_rate"] for r in runs], [100 * r["test_error"] for r in runs], "*",
              markersize=11, markerfacecolor="white", color="black", linestyle="none")  # fmt: skip
axis.set(xscale="log", yscale="log", xlabel="compression rate", ylabel="test error (%)")
axis.set_xticks([5, 10, 20, 50, 100], ["5", "10", "20", "50", "100"])
axis.set_yticks([2, 3, 5, 10, 20, 50], ["2", "3", "5", "10", "20", "50"])
axis.minorticks_off()
axis.legend(loc="upper left")
show(
    figure,
    "Test error on the digits against the compression rate, medians of five splits with their range; stars: computed "
    "just now, for one split. Up to 50 times smaller the methods with a penalty lie together near 3 %; magnitude "
    "pruning rises from 10 times on, and random weights are worst until, beyond 100 times, both have failed.",
)

# %%
print("digits: the highest rate with a median test error of at most 4 %")
smallest = {}
for method in dict.fromkeys(cell["method"] for cell, _ in recorded):
    line = points([pair for pair in recorded if pair[0]["method"] == method])  # rate, error, ...
    good = line[line[:, 1] <= 4.001, 0]
    smallest[method] = good.max(initial=0)
    print(f"   {method:22}" + (f"{good.max():4.0f} times" if len(good) else "none"))
assert smallest["DRR, beta 5"] > 4 * smallest["magnitude"] and smallest["random"] == 0

# %% [markdown]
# With a penalty the network learns to need few weights. A dense one was never asked to: when most of its
# weights are cut, training on what is left mends only a part. (Cut to 1 in 20 it ends up 29 times smaller: the
# cut leaves neurons without inputs or outputs, and their weights are removed as well.)
#
# Do not rank the β by this picture. 400 test digits are few: one digit is a quarter of a point.
#
# ### MNIST
# So the same on MNIST, with 10,000 test images. LeNet-300-100 has 266,610 weights here, every method gets 30
# epochs, and there are three seeds.
#
# **Predict:** which β is best at 50 times smaller, and which further out? Does the ramp pay?

# %% tags=["signature"]
mnist = frontier.load("paper")
show(frontier.draw(mnist), frontier.description)

# %%
levels = (2.25, 2.5, 3.0)
print(f"{'':22} compression rate at an error of      error at")
print(f"{'':22}" + "".join(f"{level:10g} %" for level in levels) + "      50 times")
reached, at_fifty = {}, {}
for method in dict.fromkeys(cell["method"] for cell, _ in mnist):
    line = points([pair for pair in mnist if pair[0]["method"] == method])  # rate, error, ...
    rates = reached[method] = [at_error(mnist, method, level) for level in levels]
    covers = line[0, 0] <= 50 <= line[-1, 0]
    at_fifty[method] = np.interp(np.log(50), np.log(line[:, 0]), line[:, 1]) if covers else np.nan
    print(f"{method:22}" + "".join(f"{'beyond it' if np.isnan(r) else f'{r:.0f}':>12}" for r in rates)
          + f"{'beyond it' if not covers else f'{at_fifty[method]:.2f} %':>14}")  # fmt: skip
middle = {method: rates[1] for method, rates in reached.items()}  # at 2.5 %
assert middle["DRR, beta 5"] > middle["R-L1"] > 3.5 * middle["magnitude"]
with_ramp = [at_fifty[method] for method in ("DRR, beta 2", "DRR, beta 5", "DRR, beta 20", "R-L1")]
assert max(with_ramp) - min(with_ramp) < 0.2
assert all(middle[f"DRR, beta {b}"] > middle[f"DRR, beta {b}, no ramp"] for b in (2, 5, 20))

# %% [markdown]
# ("Beyond it" means that the method's strengths do not bracket this error.) Four answers:
#
# - **A penalty pays.** At 2.5 % errors every one of them leaves about a quarter of the weights that magnitude
#   pruning needs, or less.
# - **Which penalty** hardly matters at 50 times: R-L1 and the three β lie within about a tenth of a point.
#   Further out ℓ1 falls behind, and at 3 % errors β = 5 is ahead of β = 2. That is no law: it is one network,
#   and each β has its own strengths.
# - **The ramp pays a little** when much is pruned: at 2.5 % errors it saves each β about one weight in seven. In
#   errors that is a tenth or two of a point, the edge of what three seeds can tell; but all three β agree. At
#   2.25 % there is no difference for β = 5.
# - **Random** weights do not come near. It is the choice that counts, not the number.
#
# One more thing is hidden in the record: the strengths. **Predict:** to make the network 70 times smaller, do ℓ1
# and the three β need the same α, the same pull near 0 (αβ, for ℓ1 α), or neither?


# %%
def strength_at(method, rate):
    """alpha at which the method's median compression rate is `rate`, between its strengths."""
    mine = [(cell["alpha"], result["compression_rate"]) for cell, result in mnist
            if cell["method"] == method]  # fmt: skip
    alphas = sorted({alpha for alpha, _ in mine})
    medians = [np.median([r for a, r in mine if a == alpha]) for alpha in alphas]
    return float(np.exp(np.interp(np.log(rate), np.log(medians), np.log(alphas))))


print("70 times smaller           α    pull at 0")
pull = {}
for method, steepness in [
    ("R-L1", 1),
    ("DRR, beta 2", 2),
    ("DRR, beta 5", 5),
    ("DRR, beta 20", 20),
]:
    alpha = strength_at(method, 70)
    pull[method] = alpha * steepness
    print(f"{method:16} {alpha:11.5f} {pull[method]:12.5f}")
gentle = [pull[method] for method in ("R-L1", "DRR, beta 2", "DRR, beta 5")]
assert max(gentle) < 1.25 * min(gentle) and pull["DRR, beta 20"] > 3 * max(gentle)

# %% [markdown]
# The same αβ, within a tenth or so, for ℓ1, β = 2 and β = 5. This has a reason. A weight is held at 0 as long
# as the data's gradient there is smaller than the pull at 0, and that pull is αβ, whatever α and β are. What
# the penalty does further out, shrink or let go, changes the error, and here hardly the number. β = 20 leaves
# the law, as it must: its pull has halved at 0.03, and the weights that it should catch are not that small
# (step 2). It needs several times the pull.
#
# So if you change β, and stay at 5 or below, keep αβ.
#
# ## Control: a penalty that is not there
#
# The published code of the main paper has β as a parameter, and its default is 0. With β = 0 the price 1 −
# exp(0) is 0 for every weight, and so is its slope. Nothing is charged, whatever α is; nothing fails either.
# Our `DRR` refuses:

# %%
try:
    DRR(alpha=1e-3, beta=0)
except ValueError as error:
    print(error)

# %% [markdown]
# Suppose it did not. Here is the same penalty without that check, with the absurd strength α = 1,000.

# %%
guess = predict(
    "04.beta-zero",
    "β = 0, α = 1000: trained, pruned and fine-tuned, how many times smaller is the digit reader?",
    low=0.5,
    high=1000,
    log=True,
    unit="times",
)


# %% tags=["nbval-ignore-output"]
class Unguarded(Regularizer):
    """DRR's slope, with any beta."""

    def __init__(self, alpha, beta):
        super().__init__(alpha)
        self.beta = beta

    def add_slope(self, theta, gradient, scale, work):
        gradient.add_(self.beta * theta.sign() * torch.exp(-self.beta * theta.abs()), alpha=scale)


def reader_with(penalty):
    return compress(MLP((64, 100, 50, 10), seed=0), split.train, split.validation, penalty,
                    finetune=15, **settings | {"regularize": 40})  # fmt: skip


silent, none = reader_with(Unguarded(1000, beta=0)), reader_with(L1(0))
alive = reader_with(Unguarded(1e-3, beta=5))
for name, one in [
    ("β = 0, α = 1000", silent),
    ("no penalty at all", none),
    ("β = 5, α = 0.001", alive),
]:
    print(f"{name:18} {one.compression_rate:5.1f} times smaller, test error "
          f"{error_rate(one.model, split.test):.2%}")  # fmt: skip
guess.reveal(round(silent.compression_rate, 1), "TAMADE prunes a plain network, too.")


# %%
def same_weights(one, other):
    pairs = zip(one.model.parameters(), other.model.parameters(), strict=True)
    return all(torch.equal(p, q) for p, q in pairs)


print("β = 0 and no penalty: the same weights, to the last bit:", same_weights(silent, none))
print("β = 5 and no penalty:                                   ", same_weights(alive, none))
slopes = []
for penalty in (Unguarded(1e-3, beta=5), DRR(1e-3, beta=5)):
    model = MLP((64, 100, 50, 10), seed=0)
    for p in model.parameters():
        p.grad = torch.zeros_like(p)
    penalty.attach(model).add_gradient()
    slopes.append(torch.cat([p.grad.flatten() for p in model.parameters()]))
print("with β = 5 its slope is that of DRR:", torch.allclose(*slopes, rtol=1e-5))
assert same_weights(silent, none) and not same_weights(alive, none)

# %% [markdown]
# Look at what such a run reports: it trains, it prunes, the error is good, and it is even smaller than before.
# Only the comparison gives it away: the result does not depend on α. **So check that a penalty acts before you
# tune it:** double α, and something must change. The ablation above repeats it on eight splits:

# %%
plain = {cell["seed"]: result for cell, result in ablation if cell["method"] == "magnitude"}
zero = [(cell["seed"], result) for cell, result in ablation if cell["method"] == "beta 0"]
print(
    f"{sum(result == plain[seed] for seed, result in zero)} of {len(zero)} runs with β = 0 equal the run without"
)
assert all(result == plain[seed] for seed, result in zero)

# %% [markdown]
# The other control stands in the frontiers: as many weights, chosen by lot, and fine-tuned as long.

# %%
for what, results in [("digits", recorded), ("MNIST", mnist)]:
    for rate in (10, 20):
        by = {
            method: 100 * np.median([r["test_error"] for c, r in results
                                     if c["method"] == method and c.get("rate") == rate])
            for method in ("magnitude", "random")
        }  # fmt: skip
        print(f"{what:7} cut to 1 in {rate}: largest weights {by['magnitude']:5.2f} %, "
              f"random weights {by['random']:5.2f} %")  # fmt: skip
        assert by["random"] > 1.5 * by["magnitude"]

# %% [markdown]
# ## Quiz

# %%
quiz(
    "04",
    [
        Question(
            "You raise β from 5 to 20 and keep α. A weight of size 0.5 is now pulled ...",
            (
                "hundreds of times less",
                "four times as hard",
                "as before, for α is the same",
            ),
            answer=0,
            why="Near 0 the pull is αβ, four times what it was. But it fades with exp(−β|θ|): at 0.5 that is "
            "exp(−10) instead of exp(−2.5), so the pull there is about 450 times weaker.",
        ),
        Question(
            "A weight has no data gradient at all (its pixel is always white). You multiply α by 1,000. With "
            "Adam the weight ends up ...",
            (
                "1,000 times closer to 0",
                "exactly 0",
                "as far off as before",
            ),
            answer=2,
            why="Adam divides the pull by its own size. The distance is set by the learning rate. Let the "
            "rate fall, or take a step that stops.",
        ),
        Question(
            "ℓ1 has dropped a weight that was needed. Relaxing ...",
            (
                "brings it back, at the size that the data ask for",
                "leaves it at 0 and refits the others",
                "brings it back, shrunk by α",
            ),
            answer=1,
            why="Relaxing gives survivors their size back. The choice stays as it is, with its mistakes.",
        ),
    ],
)

# %% [markdown]
# ## What to take away
# 1. 1 − exp(−β|θ|) is a count with a slope. Its pull is αβ at 0 and halves at ln 2 / β: α says how dear, β says
#    how near.
# 2. Small β is ℓ1, large β is ℓ0. With strength s, the map slides up to sβ² = 1, and jumps beyond.
# 3. Adam divides a pull by its own size. Useless weights rattle around 0, at a fraction of the learning rate;
#    zeros need a threshold, or a proximal step.
# 4. ℓ1 shrinks its survivors. Relaxing undoes that, and does not undo a wrong choice.
# 5. Do not charge before the data have spoken: warm-up or ramp.
# 6. A method is a line, not a point: compare errors at the same rate. Near 0 only αβ counts, so scale α when you
#    change a β of 5 or less.
#
# **Limits.** Two sets of digits, fully connected networks, Adam. Magnitude pruning had the same epochs and cut
# once; cutting a little many times, with more epochs, is its strongest form and is not in our comparison. The
# strengths differ from method to method and were spread to cover the rates, not tuned. Rates count weights;
# bits are for lessons 00 and 01. And a median of three seeds is good for a tenth or two of a point, not for a
# hundredth.
#
# **What would change our mind.** A schedule with as many epochs in which cuts by magnitude reach DRR's line; a
# penalty in Adam's gradient that leaves exact zeros; or a second network on which β = 20 beats β = 5 at every
# rate.
#
# ## Read more
# - *Efficient compression of neural networks and datasets* (arXiv 2505.17469). Look for the relaxation (Eq.
#   11), and for what the regularised phase leaves to the threshold.
# - Oliveira, Batista and Seara, *On the compression of neural networks using ℓ0-norm regularization and weight
#   pruning* (arXiv 2109.05075). Look at the two options that step 5 tests.
# - Loshchilov and Hutter, *Decoupled weight decay regularization* (ICLR 2019). Look at why Adam and a penalty
#   in the gradient do not mix, and replace their ℓ2 by ℓ1.
#
# ## From equations to code
# | In words | Formula | Code |
# |---|---|---|
# | smooth count | Σ 1 − exp(−β abs(θ)) | `penalties.smooth_l0(theta, beta)` |
# | its map | Lambert's W, or 0 | `proximal.prox_smooth_l0(z, strength, beta)` |
# | soft threshold | sign(z) · max(abs(z) − t, 0) | `penalties.soft_threshold(z, t)` |
# | DRR on a network | α times the smooth count | `DRR(alpha, beta=5.0)` |
# | ... with NORM and ℓ2 term | N / (N_layer · L), ρ Σ θ² | `LayerDRR(alpha, beta, rho=, norm=)` |
# | R-L1 | α Σ abs(θ), then prune, then α = 0 | `compress(model, train, validation, L1(alpha))` |
# | warm-up, ramp, relaxing | epochs without, rising, without again | `compress(..., warmup=, ramp=, finetune=)` |
# | magnitude pruning | largest weights, fine-tuned | `fit(model, ..., masks=magnitude_prune(model, t))` |

# %% [markdown] tags=["teacher"]
# ## Teacher's note
# **15 minutes:** the cold open, the Explore, the path of one weight under Adam. **50 minutes:** steps 1 to 3
# with exercises 04.1, 04.3 and 04.4; show the frontiers. **90 minutes:** everything but 04.7; let the class bet
# on the four schedules of step 5 before they run.
#
# **Misconceptions.** (1) "A penalty with a corner at 0 gives exact zeros." The *minimiser* has zeros; gradient
# steps never get there. (2) "A larger α means smaller weights." Under Adam a weight without data gradient does
# not feel α at all; what grows is the number of weights that count as useless. (3) "Large β is closer to ℓ0, so
# it is better." The minimum is closer to that of ℓ0, and descent is further from the minimum: show the picture
# with the two valleys. (4) "Fine-tuning is there to repair the pruning." TAMADE allows hardly any damage; what
# is repaired is the bias. (5) "It compressed, so the penalty works." Show the control with β = 0.
#
# **Discussion.** *Why is the slope at 0 set to 0?* A weight at exactly 0 should not be pushed to either side;
# for the proximal step the question does not arise. *Is NORM fair?* Per layer, yes; in bits a weight of the last
# layer costs what one of the first does. *AdamW decouples weight decay. Which units does its strength have?*
# Those of lr · α, like our proximal ℓ1, and a tuned value does not carry over from Adam.
#
# **If you change the data:** the asserts hold for the given seeds. The schedule with neither warm-up nor ramp
# dies from about α = 0.002 on these digits; with smaller strengths it lives, and is worse.
