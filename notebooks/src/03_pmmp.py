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
# # 03 · PMMP: from the discrete problem to exact gradients
#
# **Claim.** Choosing which weights to keep is a smooth problem in disguise. *Phenomenon:* put a coin in the
# place of each yes or no. The average over all 2^p choices has the same least value, and for squared errors
# it is one line of algebra, with an exact slope. *Evidence:* every step of the derivation is computed on both
# sides, the exact slope is set against five ways of sampling it, and five pruning methods compress the same
# network. *Control:* shuffled answers, in which there is nothing to find; and a constraint that looks right, put
# to the test.
#
# **You will be able to**
# - replace a yes or no by a coin, and say what this changes and what it does not;
# - write the exact expectation of a squared error over all masks, and its gradient;
# - measure how noisy a sampled gradient is, and what that costs;
# - derive PMMP for networks, and eliminate two of its four variables exactly;
# - say why its threshold is √(α/u), and what limits the method.
#
# **You need** lesson 02. **Time:** 60 minutes of reading, 75 of doing, {{running}} of running.

# %%
import itertools
import time
from copy import deepcopy

import matplotlib.pyplot as plt
import numpy as np
import torch

from l0course import (
    MLP,
    PMMP,
    best_subsets,
    compress,
    count_nonzero,
    error_rate,
    magnitude_prune,
    pmmp_lagrangian,
)
from l0course.datasets import digits
from l0course.exact_gradient import egp_gradients, egp_objective
from l0course.exact_pmmp import ExactPMMP
from l0course.figures import registry
from l0course.figures.egp_recovery_picture import LOOKS, gather
from l0course.figures.frontier import at_error
from l0course.figures.monte_carlo import PUBLISHED, quartiles, settings, speed_ratio
from l0course.figures.pmmp_ablation import VARIANTS, excess
from l0course.figures.style import COLORS, show, use_style
from l0course.generated import sparse_regression
from l0course.layerwise import layerwise_prune
from l0course.learn import Explore, Question, ex, predict, quiz
from l0course.mask_gradients import ESTIMATORS, gradient_noise
from l0course.penalties import capped_quadratic

use_style()
torch.set_num_threads(1)  # for matrices this small, threads only wait for each other

# %% [markdown]
# ## A trillion masks
#
# Lesson 02 ended its search with a sigh: 40 columns have 2^40 subsets, and at a million subsets a second that
# takes 13 days. Here are those 40 columns: 200 rows, the first four columns matter, and each of the other 36
# is correlated with their sum. The lasso was helpless in this design.
#
# A *mask* z has a 0 or a 1 for each column. Now throw 40 fair coins for it. A column with heads keeps its
# least-squares weight, the others get 0. How large is the squared error **on average over all 2^40 masks**?

# %%
guess = predict(
    "03.trillion",
    "How long does it take to compute this average, exactly?",
    low=1e-6,
    high=1e7,
    log=True,
    unit="seconds",
)

# %% tags=["nbval-ignore-output"]
data = sparse_regression(200, 40, 4, rho=0.7, snr=100, design="confounded", seed=2)
X, y = data.X, data.y
ALPHA = 1.0  # what a column costs
w_all = np.linalg.lstsq(X, y, rcond=None)[0]
fair = np.full(40, 0.5)
start = time.perf_counter()
for _ in range(100):
    exact = egp_objective(X, y, w_all, fair, alpha=0)
seconds = (time.perf_counter() - start) / 100
print(f"average over {2**40:,} masks: {exact:.4f}, in {1e6 * seconds:.0f} microseconds")
guess.reveal(float(f"{seconds:.1g}"), "No mask was looked at. How? That is step 2 of this lesson.")

# %% [markdown]
# Do you believe it? Throw the coins 10,000 times and look at the mean.

# %%
G, c = X.T @ X, X.T @ y


def squared_error(masks, w, alpha=0.0):
    """||y - X v||^2 + alpha * (number of ones), v = w z, for each row z of masks (m, 40)."""
    v = masks * w
    fit = y @ y - 2 * v @ c + ((v @ G) * v).sum(axis=1)  # the square, expanded: cheap for many
    return fit + alpha * masks.sum(axis=1)


thrown = squared_error(np.random.default_rng(0).random((10_000, 40)) < 0.5, w_all)
print(f"exact average over all masks:  {exact:.2f}")
print(f"mean of 10,000 masks:          {thrown.mean():.2f} ± {thrown.std() / 100:.2f}")

# %% [markdown]
# Now the coins need not be fair. Coin j shows heads with probability γ_j. The average is a smooth function of
# γ and of the weights w, so we can go downhill. We add a price of α = 1 for each head, start with fair coins
# and weights 0, and let Adam run. **Predict:** how many of the 40 coins will still be undecided at the end, and
# how many show heads?

# %%
def descend(gradients, w, gamma, steps=600, lr=0.05):
    """Adam on w and gamma, which stays in [0, 1]; returns the path, (steps, 2, *shape)."""
    x = np.stack([w, gamma])
    mean, square, path = np.zeros_like(x), np.zeros_like(x), []
    for t in range(1, steps + 1):
        slope = np.stack(gradients(*x))
        mean, square = 0.9 * mean + 0.1 * slope, 0.999 * square + 0.001 * slope**2
        x = x - lr * (mean / (1 - 0.9**t)) / (np.sqrt(square / (1 - 0.999**t)) + 1e-12)
        x[1] = x[1].clip(0, 1)
        path.append(x)
    return np.array(path)


def heads(gamma):
    return np.flatnonzero(gamma > 0.5).tolist()


path = descend(lambda w, g: egp_gradients(X, y, w, g, ALPHA), np.zeros(40), fair)
w, gamma = path[-1]
print("undecided coins:   ", int(((gamma > 0) & (gamma < 1)).sum()))
print("columns with heads:", heads(gamma))
print("their weights:     ", np.round(w[heads(gamma)], 2).tolist())

# %%
figure, axis = plt.subplots(figsize=(5.2, 2.4))
for j in (*range(4, 40, 3), *range(4)):
    axis.plot(
        path[:450, 1, j],
        color=COLORS["blue"] if j < 4 else COLORS["vermillion"],
        linestyle="-" if j < 4 else "--",
        linewidth=2.2 if j < 4 else 0.9,
        marker="",
        label={0: "the four that matter", 4: "every third of the others"}.get(j),
    )
axis.set(xlabel="step", ylabel="γ, the chance of heads")
axis.legend(loc="center right")
show(
    figure,
    "Coins along the descent, all fair at the start. They end at exactly 0 or 1 within 420 steps: the "
    "four that matter (solid) at 1, the others (dashed) at 0, though some of these rose first, two "
    "of them to 1. "
    "The slope of an average over a trillion masks has chosen one of them.",
)

# %% [markdown]
# The right four of 40, in a fraction of a second, and nobody asked the coins to be certain. It looks like
# magic, so we take it apart.
#
# ## Step 1: a coin for each yes or no
#
# Let g be *any* function of a mask z in {0, 1}^p: a table with 2^p entries. We want its least entry. Instead
# of z we choose the coins' chances γ in [0, 1]^p, and pay the expected value:
#
# min over masks z of g(z)  =  min over γ of E g(z), z_j = 1 with probability γ_j, independently.
#
# ### Exercise 03.1
# Write the right-hand side by brute force.

# %%
def expectation(values, gamma):
    """E g(z) over independent coins, by enumeration.

    values: (2,) * p, values[z] = g(z) for each tuple z of zeros and ones; gamma: (p,), 0 and 1 included.
    """
    ### BEGIN SOLUTION
    total = 0.0
    for z in itertools.product((0, 1), repeat=len(gamma)):
        total += np.where(z, gamma, 1 - gamma).prod() * values[z]
    return total
    ### END SOLUTION


expectation = ex("03.1").attempt(expectation)

# %% [markdown]
# With two coins the expectation is a surface over a square.
# **Predict:** where on the square is it least? Could another table have its least expectation inside?

# %%
table = np.array([[0.6, 1.0], [0.9, 0.2]])
side = np.linspace(0, 1, 41)
surface = np.array([[expectation(table, np.array([a, b])) for b in side] for a in side])
figure, axis = plt.subplots(figsize=(4.5, 3.2))
contours = axis.contourf(side, side, surface.T, levels=np.linspace(0.2, 1, 9), cmap="cividis")
for (a, b), value in np.ndenumerate(table):
    axis.text(0.04 + 0.92 * a, 0.05 + 0.9 * b, f"g = {value}", ha="right" if a else "left",
              va="center", color="black" if value > 0.5 else "white", fontsize=10)  # fmt: skip
axis.set(xlabel="γ₁", ylabel="γ₂", aspect="equal", xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
axis.grid(False)
figure.colorbar(contours, label="E g(z)")
show(
    figure,
    "E g(z) of two coins over the square of their chances; the corners hold the four values of g. Along "
    "each edge the colour changes evenly, for the function is linear in each chance. It is a saddle: the "
    "least value is at the corner (1, 1), and (0, 0) is lower than everything near it.",
)

# %%
rng = np.random.default_rng(0)
below = 0
for _ in range(10):
    values = rng.normal(size=(2,) * 12)
    inside = [expectation(values, rng.beta(0.3, 0.3, 12)) for _ in range(5)]
    best = np.array(np.unravel_index(values.argmin(), values.shape))
    assert np.isclose(expectation(values, best.astype(float)), values.min())
    below += min(inside) < values.min()
print(f"{below} of 10 tables of 4,096 random numbers go lower inside the cube than at their best corner")
assert below == 0

# %% [markdown]
# An average of numbers is never below the least of them: this is the whole proof. At a corner of the cube the
# expectation *is* an entry of the table; elsewhere it is an average of entries. So both sides have the same
# least value. Nothing has been approximated.
#
# And E g(z) is linear in each γ_j when the others are fixed. So on its way downhill each coin runs to an end
# of its line, 0 or 1. That is why the coins became certain by themselves.
#
# **But is it easy now?** A table of random numbers has no structure at all. If descent always found its least
# entry, that would be a miracle. A corner is a trap if no *single* flip of a coin improves it: then every slope
# points back to it.

# %%
guess = predict(
    "03.traps",
    "A table of 4,096 random numbers (p = 12): how many of its corners are such traps?",
    low=1,
    high=4096,
    log=True,
    unit="corners",
)

# %%
def traps(values):
    """How many masks no single flip improves."""
    stuck = np.ones(values.shape, dtype=bool)
    for j in range(values.ndim):
        stuck &= values <= np.flip(values, axis=j)
    return int(stuck.sum())


small = sparse_regression(200, 12, 4, rho=0.7, snr=100, design="confounded", seed=2)  # lesson 02's


def best_fit(z, alpha):
    """Squared error of the best weights on the columns with z = 1, plus their price."""
    on = np.flatnonzero(z)
    fit = np.linalg.lstsq(small.X[:, on], small.y, rcond=None)[0]
    return np.square(small.y - small.X[:, on] @ fit).sum() + alpha * len(on)


masks = list(itertools.product((0, 1), repeat=12))
free = np.array([best_fit(z, 0.0) for z in masks]).reshape((2,) * 12)
sizes = np.array([sum(z) for z in masks]).reshape((2,) * 12)
print("random numbers:", traps(values))
for alpha in (1, 20, 50):
    priced = free + alpha * sizes
    where = np.flatnonzero(np.unravel_index(priced.argmin(), priced.shape)).tolist()
    print(f"best subset of lesson 02, price {alpha:2}: {traps(priced):2}   the least is at {where}")
assert best_subsets(small.X, small.y, 4)[4][0] == (0, 1, 2, 3)
guess.reveal(traps(values), "Each corner has 12 neighbours, so it is the least of 13 with chance 1/13.")

# %% [markdown]
# So remember both halves. **The coins do not move the minimum. They do not remove the traps either.** A sparse
# regression is no random table: with a small price it has a single trap, the truth itself. With a large price
# there are several.
#
# ## Step 2: squared errors, exactly
#
# Now let each weight be θ_j = w_j z_j: w says how large, z says whether. For p = 40 the brute force of exercise
# 03.1 is out of reach. But a squared error is kind. In one row the residual R = y_i − Σ_j X_ij w_j z_j is a
# random number, and for every random number
#
# E R² = (E R)² + Var R.
#
# ### Exercise 03.2
# Write E ‖y − X(w ∘ z)‖² + α E(number of ones), without a loop over masks. (∘ multiplies entry by entry.)

# %%
def mean_loss(X, y, w, gamma, alpha):
    """E ||y - X (w z)||^2 + alpha * E sum(z), z_j ~ Bernoulli(gamma_j) independent.

    X: (n, p), y: (n,), w and gamma: (p,), alpha: number >= 0; returns a number.
    """
    ### BEGIN SOLUTION
    fit = np.square(y - X @ (w * gamma)).sum()
    variance = np.square(X).sum(axis=0) @ (w**2 * gamma * (1 - gamma))
    return fit + variance + alpha * gamma.sum()
    ### END SOLUTION


mean_loss = ex("03.2").attempt(mean_loss)

# %% [markdown]
# Both sides, for 8 columns and 256 masks:

# %%
rng = np.random.default_rng(1)
gaps = []
for _ in range(20):
    A, b = rng.normal(size=(15, 8)), rng.normal(size=15)
    w8, gamma8, alpha8 = rng.normal(size=8), rng.random(8), rng.random()
    one_by_one = [
        np.square(b - A @ (w8 * z)).sum() + alpha8 * sum(z)
        for z in itertools.product((0, 1), repeat=8)
    ]
    table = np.reshape(one_by_one, (2,) * 8)
    gaps.append(abs(expectation(table, gamma8) - mean_loss(A, b, w8, gamma8, alpha8)))
print("largest gap of 20 cases is below 1e-10:", max(gaps) < 1e-10)

# %% [markdown]
# This is the trick of the cold open, called *exact gradient pruning* (EGP, arXiv 2509.15060). The variance
# term has a meaning of its own: it punishes undecided coins, γ(1 − γ) being largest at ½. (With γ fixed
# for good, it is *dropout* on the inputs, averaged exactly: a ridge penalty.)
#
# ### Exercise 03.3
# Now the slope in γ.

# %%
def gamma_slope(X, y, w, gamma, alpha):
    """Gradient of mean_loss with respect to gamma, shape (p,). Arguments as in 03.2."""
    ### BEGIN SOLUTION
    residual = y - X @ (w * gamma)
    spread = np.square(X).sum(axis=0) * w**2 * (1 - 2 * gamma)
    return -2 * w * (X.T @ residual) + spread + alpha
    ### END SOLUTION


gamma_slope = ex("03.3").attempt(gamma_slope)

# %% [markdown]
# There is a second way to see this slope. The expectation is linear in γ_j, so its slope is the difference of
# its values at γ_j = 1 and γ_j = 0: *what the column is worth, on average over all the other coins.*

# %%
halfway = path[50]  # somewhere on the way down
slope = gamma_slope(X, y, *halfway, ALPHA)
worth = []
for j in range(40):
    on, off = halfway[1].copy(), halfway[1].copy()
    on[j], off[j] = 1, 0
    worth.append(
        mean_loss(X, y, halfway[0], on, ALPHA) - mean_loss(X, y, halfway[0], off, ALPHA)
    )
print("slope = value with heads - value with tails:", np.allclose(slope, worth, atol=1e-9))
print("equal to the package's:", np.allclose(slope, egp_gradients(X, y, *halfway, ALPHA)[1]))

# %% [markdown]
# ### Raise the price
# The price α = 1 was low: 18 bits a column. (Lesson 01 has α = 2σ² ln 2 · b / n for the *mean* squared error. Here
# squares are summed, so the n goes; σ = 0.2.) Now raise it to 20. The true four columns are still the best.
# **Predict:** what does the same descent, from fair coins and weights 0, find now? The right four, wrong ones,
# none?

# %%
right = np.arange(40) < 4
w_right = np.zeros(40)
w_right[:4] = np.linalg.lstsq(X[:, :4], y, rcond=None)[0]
starts = {"weights 0": np.zeros(40), "least squares": w_all}
print("price   start           columns found                            objective   of the true four")
found = {}
for alpha in (1.0, 5.0, 20.0):
    truth = mean_loss(X, y, w_right, right.astype(float), alpha)
    for name, w0 in starts.items():
        w, gamma = descend(lambda w, g, a=alpha: egp_gradients(X, y, w, g, a), w0, fair)[-1]
        found[alpha, name] = heads(gamma)
        columns = ", ".join(map(str, heads(gamma)))
        cost = mean_loss(X, y, w, gamma, alpha)
        print(f"{alpha:5g}   {name:15} {columns:40} {cost:8.1f} {truth:15.1f}")
least = min(rss + 20 * len(support) for support, rss in best_subsets(X, y, 4))
print(f"the least of all subsets at price 20: {least:.1f}")
assert found[20.0, "weights 0"] != [0, 1, 2, 3] == found[20.0, "least squares"]

# %% [markdown]
# Wrong columns: it is in a trap. (The last line looked at all subsets of up to four columns. Five cost 100
# before they explain anything, so none of them is better.) Same objective, same data, another start: from the
# least-squares weights the descent finds the truth at all three prices. At price 20 the wrong answer costs
# twice as much as the right one, and the descent cannot know. At price 5 it fails as well.
#
# So in earnest EGP is run with many prices, from several starts, as columns of one matrix, and validation data
# choose. That is cheap, and it is no guarantee.

# %% [markdown]
# ### How good is it, next to others?
# Six methods, in the settings of the EGP paper: few rows, up to 1,000 columns, the first s of which have weight 1,
# and the signal-to-noise ratio from 0.05 to 60,000. All choose on the same 500 validation rows. For each setting
# and each ratio, ten data sets; who has the fewest wrong columns (median; ties count for all)?

# %%
figure = registry.find("egp_recovery")
recovery = figure.load("quick")
snr = np.array(recovery[0][0]["snr"])
names = {key: look[0] for key, look in LOOKS.items() if f"{key}_asre" in recovery[0][1]}
bands = {"below 1": snr < 1, "1 to 10": (snr >= 1) & (snr < 10), "10 and more": snr >= 10}
settings_seen = sorted({(cell["n"], cell["p"], cell["rho"]) for cell, _ in recovery})
print("signal to noise          " + "".join(f"{band:>14}" for band in bands) + "   seconds a fit")
for measure, what in [("asre", "fewest wrong columns"), ("rte", "least test error")]:
    medians = {
        key: np.array([np.median(gather(recovery, f"{key}_{measure}", *one), axis=0)
                       for one in settings_seen])
        for key in names
    }  # (settings, ratios) each  # fmt: skip
    least = np.min(list(medians.values()), axis=0)
    print(what)
    for key, name in names.items():
        best = medians[key] <= 1.001 * least
        shares = "".join(f"{best[:, band].mean():14.0%}" for band in bands.values())
        spent = np.median([result[f"{key}_seconds"] for _, result in recovery])
        print(f"   {name:22}{shares}{spent:16.2g}")

# %% [markdown]
# Ties count, so a share says how often a method is *not beaten*. In the middle band that is EGP's: it has the
# fewest wrong columns in nearly nine of ten cases. Nobody is best everywhere. The table hides a pattern: with
# 1,000 independent columns EGP is level with abess, and IHT fails. With correlated ones (ρ = 0.7) it is level
# with IHT, and abess fails until the signal is strong. Below a ratio of 1 there is little to be found; there the
# relaxed lasso predicts as well, and above 10 it is ahead. And EGP takes its time: three times that of abess.
# (`l0course figures egp_recovery` draws the curves. Its EGP is `EGPRegression`: 30 prices, each with five
# ridge penalties that guide the search.)

# %% [markdown]
# ## Step 3: why not just throw the coins?
#
# For most losses there is no closed form. The usual way out is to sample: throw the coins K times, look at
# the losses, and estimate the slope. P(z) is the chance of mask z, and ∂P = P · ∂ log P. So
# ∂/∂γ Σ_z P(z) g(z) = Σ_z P(z) · g(z) · ∂ log P(z)/∂γ: the slope is
# itself an average over masks, of the loss times the *score* ∂ log P/∂γ. This is the *score function*
# estimator, or REINFORCE.
#
# It needs a *baseline*: the score is 0 on average, so we may subtract from g(z) anything that does not depend
# on z. Subtract from each sample the mean of the other K − 1: *leave one out*.
#
# ### Exercise 03.4
# Write it.

# %%
def leave_one_out(values, masks, gamma):
    """Score-function estimate of the gradient of E g(z) in gamma, shape (p,).

    values: (K,), g of each mask; masks: (K, p) of zeros and ones, thrown with chances gamma: (p,),
    0 < gamma < 1. The baseline of a sample is the mean of the other values.
    """
    ### BEGIN SOLUTION
    K = len(values)
    baseline = (values.sum() - values) / (K - 1)
    score = (masks - gamma) / (gamma * (1 - gamma))
    return ((values - baseline)[:, None] * score).mean(axis=0)
    ### END SOLUTION


leave_one_out = ex("03.4").attempt(leave_one_out)

# %% [markdown]
# We know the exact slope, so we can do what is usually impossible: measure the error of an estimate. Take the
# descent of the cold open after 50 steps. With K = 4 masks, how long is the error, compared with the slope
# itself?
# **Predict** also: how many masks until it is a tenth?

# %%
guess = predict(
    "03.masks-needed",
    "How many masks must leave-one-out throw until its error is a tenth of the slope's length?",
    low=10,
    high=1e7,
    log=True,
    unit="masks",
)

# %%
def sampled(K, w, gamma, rng):
    """One leave-one-out estimate from K masks."""
    masks = rng.random((K, len(gamma))) < gamma
    return leave_one_out(squared_error(masks, w, ALPHA), masks, gamma)


rng = np.random.default_rng(2)
w, gamma = halfway[0], halfway[1].clip(0.01, 0.99)
exact = gamma_slope(X, y, w, gamma, ALPHA)
print("masks   error / length of the slope (root mean square of 400 estimates)")
noise = {}
for K in (4, 16, 64, 256):
    errors = np.array([sampled(K, w, gamma, rng) - exact for _ in range(400)])
    noise[K] = np.sqrt(np.square(errors).sum(axis=1).mean()) / np.linalg.norm(exact)
    print(f"{K:5} {noise[K]:9.2f}")
needed = 256 * (noise[256] / 0.1) ** 2
assert 1.7 < noise[64] / noise[256] < 2.4
guess.reveal(
    float(f"{needed:.1g}"),
    "Four times the masks, half the error. The exact slope costs two products with X.",
)

# %% [markdown]
# With four masks the noise is an order of magnitude longer than the slope. People have worked hard to do
# better. Four of their estimators, all unbiased, with four evaluations of the loss each:
#
# - **ARM** throws the coins in pairs that mirror each other (v and 1 − v);
# - **DisARM** averages out of ARM what can be averaged out;
# - **BitFlip-1** picks one column at random and compares heads with tails;
# - **UGC** takes BitFlip-1 for coins that are nearly certain, and DisARM for the others.

# %%
moments = {"step 50": path[50], "step 100": path[100], "step 400": path[400]}
rows = {}
rng = np.random.default_rng(3)
for moment, (w, gamma) in moments.items():
    gamma = gamma.clip(0.01, 0.99)  # the score is not defined at 0 and 1
    exact = egp_gradients(X, y, w, gamma, ALPHA)[1]
    for name, estimator in ESTIMATORS.items():
        rows[name, moment] = gradient_noise(
            estimator, lambda z, w=w: squared_error(z, w, ALPHA), gamma, exact, rng
        )
print("error / length of the slope, with 4 masks")
print(f"{'':15}" + "".join(f"{moment:>10}" for moment in moments) + "     largest bias")
for name in ESTIMATORS:
    errors = "".join(f"{rows[name, moment][0]:10.1f}" for moment in moments)
    print(f"{name:15}{errors} {max(rows[name, moment][1] for moment in moments):12.1f}")
assert min(error for error, _ in rows.values()) > 4

# %% [markdown]
# (The last column is the largest bias of the three moments, in units of what chance alone would give. About
# 1: none to be seen.) None of them is below four. And the plain leave-one-out is not the worst: it beats ARM
# at two of the three moments, and is level with it at the first. ARM, which DisARM was made to improve, suffers
# where coins are nearly certain.
#
# Does the noise matter? Perhaps Adam averages it away. The same descent with the slope in γ from 4, 40 and 400
# masks (the slope in w stays exact). **Predict:** which of them find the four columns?

# %%
def noisy(K, seed):
    """Gradients for `descend`, the one in gamma from K masks."""
    rng = np.random.default_rng(seed)

    def gradients(w, gamma):
        inside = gamma.clip(0.01, 0.99)
        return egp_gradients(X, y, w, gamma, ALPHA)[0], sampled(K, w, inside, rng)

    return gradients


figure, axis = plt.subplots(figsize=(5.4, 2.7))
best = mean_loss(X, y, w_right, right.astype(float), ALPHA)
looks = {4: ("vermillion", ":"), 40: ("orange", "-."), 400: ("green", "--")}
hits = {}
for K, (colour, line) in looks.items():
    runs = [descend(noisy(K, seed), np.zeros(40), fair) for seed in range(3)]
    hits[K] = sum(heads(run[-1, 1]) == [0, 1, 2, 3] for run in runs)
    height = [mean_loss(X, y, w, gamma, ALPHA) - best for w, gamma in runs[0]]
    axis.plot(height, color=COLORS[colour], linestyle=line, marker="", label=f"{K} masks a step")
height = [mean_loss(X, y, w, gamma, ALPHA) - best for w, gamma in path]
axis.plot(height, color=COLORS["blue"], linestyle="-", marker="", label="exact")
axis.set(xlabel="step", ylabel="expected loss above the best", yscale="log", ylim=(1e-2, 2e3))
axis.legend(ncols=2)
show(
    figure,
    "Expected loss above that of the best four columns, along the same descent with the slope in the "
    "chances exact (solid) or from 4, 40 or 400 masks. The exact one drops out of the picture; the "
    "sampled ones level off far above it, the higher the fewer masks.",
)
for K, hit in hits.items():
    print(f"{K:3} masks a step: the right four columns in {hit} of 3 runs")
assert hits[4] == hits[40] == 0 and hits[400] == 3

# %% [markdown]
# Only 400 are enough. That is 240,000 losses, where the exact descent needs 600 slopes. Adam averages some of
# the noise away, and not enough. Even with 400 masks, when the right columns have heads, the coins keep
# trembling, and the expected loss stays above the best.
#
# That was our data. The paper that proposed EGP compares it with sampling in two settings; the figure
# `monte_carlo` runs both again, on ten data sets each. Beware of one column of the published table: its "L0
# loss" is MSE + nonzeros for EGP, and MSE + price · nonzeros for the others, so it does not compare. We leave
# it out, and look at the coefficients: Σ |b − β|, and the number of columns too many or too few. (In these
# runs the sampling methods fit least squares anew on each mask, while EGP shares one w among all masks.)

# %%
guess = predict(
    "03.converge",
    "p = 200, s = 3: how many times longer than EGP with Adam does the fastest sampler take to converge?",
    low=0.1,
    high=1e4,
    log=True,
    unit="times",
)

# %%
recorded = settings(registry.find("monte_carlo").load("paper"))
for (n, p, s), runs in recorded.items():
    print(f"n = {n}, p = {p}, s = {s}")
    print("                         Σ |b − β|        wrong columns          seconds     converged")
    print("                  published   here   published   here   published   here  after (here)")
    for name, published in PUBLISHED[n, p, s].items():
        here = {key: middle for key, (_, middle, _) in quartiles(runs, name).items()}
        cells = [
            f"{published[i]:10.3g} {here[key]:7.3g}"
            for i, key in [(0, "l1"), (1, "support error"), (3, "seconds")]
        ]
        end = here["seconds to converge"]
        print(f"{name:17}" + "".join(cells) + (f"{end:12.3g} s" if end < np.inf else "       never"))
ratio = speed_ratio(recorded[60, 200, 3])
guess.reveal(round(ratio), "Medians. Over EGP with plain steps it is 21.")

# %% [markdown]
# "Published" are averages over ten runs on one data set, "here" medians of ten data sets, so look at their
# order only. *Converged* means: within 10 % of the least loss of any method, for good. Sampling methods had
# five to ten times the published steps for that. (b is the estimate, β the truth; the price is 2, then 15.
# *UGC, 1/3* takes BitFlip-1 within 1/3 of 0 or 1.)
#
# With 200 columns, BitFlip-1 and UGC find about what EGP finds. But they take at least 35 times as long as EGP
# with Adam, and 21 times as long as EGP with plain steps. (Our samplers are dozens of times faster than the
# published.) With 2,000 columns none of them comes near: 200 wrong columns and more, against about ten. (Of 30
# normal coefficients about six are smaller than √(15/200) = 0.27, and do not earn their price.) Adam is not the
# reason: *EGP, descent* takes the same plain steps as the rest. With 2,000 columns it ends better than Adam, which
# by our strict rule does not arrive. `l0course figures monte_carlo` draws all of it.

# %% [markdown]
# ## Step 4: networks, and which constraint?
#
# In a network the loss is not quadratic. The algebra of step 2 ends at the first tanh.

# %%
rng = np.random.default_rng(4)
A, w8, gamma8 = rng.normal(size=(30, 8)), rng.normal(size=8), np.full(8, 0.5)
b = np.tanh(A @ w8)  # one tanh neuron


def neuron_loss(z):
    return np.square(b - np.tanh(A @ (w8 * z))).sum()


table = np.reshape([neuron_loss(z) for z in itertools.product((0, 1), repeat=8)], (2,) * 8)
print(f"mean of the loss, all 256 masks:           {expectation(table, gamma8):.3f}")
print(f"loss of the mean:                          {neuron_loss(gamma8):.3f}")
slopes = 1 - np.tanh(A @ (w8 * gamma8)) ** 2
spread = (slopes**2) @ (A**2 @ (w8**2 * gamma8 * (1 - gamma8)))
print(f"... plus the variance, as if tanh were straight: {neuron_loss(gamma8) + spread:.3f}")

# %% [markdown]
# Only the first line is right, and it needs all masks. PMMP (*probabilistic minimax pruning*, arXiv
# 2505.17469) goes round this. Keep the weight θ of the network apart from its decision w z, let the loss see θ
# only, and demand that they agree:
#
# min over θ, w, γ of  L(θ) + α Σ γ_j   subject to  θ = w z "in some sense".
#
# In which sense? The nearest thought is *on average*: θ = E w z = wγ. **Predict** what that charges for θ = 2.

# %%
guess = predict(
    "03.cheat",
    "With the constraint θ = wγ and α = 1: what is the least that a weight of θ = 2 must pay?",
    choices=("1, as it should be", "1/2", "as little as you like"),
)

# %%
theta, alpha = 2.0, 1.0
print("    γ        w    θ − wγ   price αγ    E (θ − wz)²")
for gamma in (1.0, 0.5, 0.1, 0.01, 0.001):
    w = theta / gamma
    mean_square = gamma * (theta - w) ** 2 + (1 - gamma) * theta**2  # heads: w, tails: 0
    print(f"{gamma:5} {w:8g} {theta - w * gamma:8.1f} {alpha * gamma:10.3f} {mean_square:12.0f}")
guess.reveal("as little as you like", "A coin that almost never shows heads; when it does, the weight is huge.")

# %% [markdown]
# The linear constraint is a swindle: γ → 0 and w → ∞ with wγ = 2 satisfy it to the letter, and the price goes
# to 0. On average they agree, and for γ < 1 never in any single throw. The last column tells the truth. So
# demand that they agree *in the square*, E (θ − wz)² = 0, which means: in every throw. As in step 2, it is a
# square of a mean plus a variance,
#
# E (θ − wz)² = (θ − wγ)² + w² γ(1 − γ),
#
# and the second term is what forbids the swindle. With a multiplier u for each weight, the whole problem is
#
# **min over θ, w, γ, max over u:  L(θ) + α Σ γ + Σ u [(θ − wγ)² + w² γ(1 − γ)].**
#
# No expectation is left in it, and no sample.
#
# ### Exercise 03.5
# Derive the four gradients of what was added to L.

# %%
def saddle_slopes(theta, w, gamma, u, alpha):
    """Derivatives of alpha * gamma + u * [(theta - w gamma)^2 + w^2 gamma (1 - gamma)].

    theta, w, gamma, u: arrays of one shape; returns four of that shape, for theta, w, gamma, u.
    """
    ### BEGIN SOLUTION
    r = theta - w * gamma
    g_theta = 2 * u * r
    g_w = -2 * u * r * gamma + 2 * u * w * gamma * (1 - gamma)
    g_gamma = -2 * u * r * w + u * w**2 * (1 - 2 * gamma) + alpha
    g_u = r**2 + w**2 * gamma * (1 - gamma)
    return g_theta, g_w, g_gamma, g_u
    ### END SOLUTION


saddle_slopes = ex("03.5").attempt(saddle_slopes)

# %% [markdown]
# The other side: autograd on the package's `pmmp_lagrangian`.

# %%
rng = np.random.default_rng(5)
four = [rng.normal(size=1000), rng.normal(size=1000), rng.random(1000), 3 * rng.random(1000)]
tensors = [torch.tensor(part, requires_grad=True) for part in four]
pmmp_lagrangian(*tensors, alpha=0.3).backward()
for name, ours, tensor in zip("θwγu", saddle_slopes(*four, 0.3), tensors, strict=True):
    print(f"slope in {name}: largest gap to autograd below 1e-12:",
          bool(np.abs(ours - tensor.grad.numpy()).max() < 1e-12))  # fmt: skip

# %% [markdown]
# Look at the last slope: a sum of squares. u climbs it, so **u can only grow**. The minimax problem is a
# penalty that is tightened as long as θ and wz disagree.
#
# ## Explore: one weight and its coin
#
# One weight, with the data loss ½ (θ − t)²: the data want θ = t. Keeping a weight costs α, dropping
# it costs ½ t², so the ℓ0 rule of lesson 02 keeps it if t > √(2α). All four variables move at the same time,
# θ, w, γ downhill and u uphill, from the published start θ = w, γ = 1, u = u₀ (the rate is 0.05 for all).
#
# At the start θ = w and γ = 1, so the slope in γ is α − uθ². The coin stays if |θ| ≥ √(α/u), the dotted line.
#
# **Predict first.** α = 0.5, t = 0.8: ℓ0 would drop this weight, for 0.32 < 0.5. What will the saddle do from
# u₀ = 0? And from u₀ = 2? Then move the sliders: where does it change its mind?

# %%
def saddle(target, alpha, u0, steps=3000, rate=0.05):
    """The path of (theta, w, gamma, u), (steps + 1, 4, *shape of target)."""
    theta = np.asarray(target, dtype=float)
    now = np.stack([theta, theta, np.ones_like(theta), np.full_like(theta, u0)])
    path = [now]
    for _ in range(steps):
        slope = np.stack(saddle_slopes(*now, alpha))
        slope[0] += now[0] - target  # the data's
        now = now - rate * slope * np.array([1, 1, 1, -1]).reshape(-1, *[1] * theta.ndim)
        now[2] = now[2].clip(0, 1)
        path.append(now)
    return np.array(path)


def one_weight(alpha, u0, target):
    theta, w, gamma, u = saddle(target, alpha, u0, steps=600).T
    figure, (top, middle, bottom) = plt.subplots(3, 1, figsize=(5.4, 4.2), sharex=True)
    top.plot(theta, color=COLORS["blue"], marker="", label="θ")
    top.plot(w * gamma, color=COLORS["vermillion"], linestyle="--", marker="", label="wγ")
    with np.errstate(divide="ignore"):
        threshold = np.sqrt(alpha / u)
    top.plot(threshold, color="0.4", linestyle=":", marker="", label="√(α/u)")
    top.set(ylabel="weight", ylim=(-0.1, 1.25 * max(target, 0.4)))
    top.legend(loc="upper right", ncols=3)
    middle.plot(gamma, color=COLORS["green"], linestyle="-.", marker="")
    middle.set(ylabel="γ", ylim=(-0.05, 1.1))
    bottom.plot(u, color=COLORS["purple"], marker="", linestyle=(0, (6, 1)))
    bottom.set(ylabel="u", xlabel="step", ylim=(0, 1.1 * u.max() + 0.1))
    return figure


def words(alpha, u0, target):
    theta, w, gamma, u = saddle(target, alpha, u0, steps=600)[-1]
    rule = "keeps" if target > np.sqrt(2 * alpha) else "drops"
    ends = "keeps it" if gamma > 0.5 else "drops it"
    return (
        f"One weight that the data want at {target:g}, at price α = {alpha:g}, with u from {u0:g}. From "
        f"top to bottom: the weight θ with wγ and the threshold √(α/u) (dotted), the chance γ, and u. "
        f"The ℓ0 rule {rule} this weight; the saddle {ends}: γ ends at {gamma:.2f}, θ at {theta:.2f} "
        f"and u at {u:.2f}."
    )


Explore(
    one_weight,
    description=words,
    labels={"alpha": "price α", "u0": "u at the start", "target": "t, what the data want"},
    alpha=(0.05, 1.5, 0.05, 0.5),
    u0=(0.0, 4.0, 0.1, 0.0),
    target=(0.1, 2.0, 0.05, 0.8),
)

# %% [markdown]
# From u₀ = 0 it is a small drama. Nothing binds θ, so the coin falls freely, at the rate of its price. Then
# θ and wγ disagree, u climbs, and θ is pulled down after them. From u₀ = 2 nothing happens at all: the start
# already agrees in every throw, so u stays, and α is less than u₀ t², so the coin stays. The weight is kept,
# though it is not worth its price.
#
# So the start of u decides. Scan 200 targets, and note the smallest one that is kept:

# %%
targets = np.round(np.arange(0.05, 2.05, 0.01), 2)
alpha = 0.5
print("u at the start   smallest t kept   √(α/u₀)   ℓ0: √(2α)   largest θ of a dropped one")
kept_from = {}
for u0 in (0, 0.25, 0.5, 1, 2, 8):
    theta, w, gamma, u = saddle(targets, alpha, u0)[-1]
    assert set(gamma) <= {0.0, 1.0} and np.all(np.diff(gamma) >= 0)
    kept_from[u0] = targets[gamma == 1].min()
    limit = f"{np.sqrt(alpha / u0):.2f}" if u0 else "none"
    print(f"{u0:14} {kept_from[u0]:17.2f} {limit:>9} {np.sqrt(2 * alpha):11.2f} "
          f"{theta[gamma == 0].max():20.2f}")  # fmt: skip

# %% [markdown]
# For u₀ of 1 and more the saddle keeps exactly what reaches √(α/u₀): **the first look decides, and what
# dropping would cost has no say.** For small u₀ it comes close to the ℓ0 rule. The two formulas meet at
# u₀ = ½ (the saddle itself already keeps 0.93 there): the data loss has curvature h = 1, and √(α/u₀) is
# √(2α/h) for u₀ = h/2. Remember this: *u should know the curvature.*
#
# Two more things. A dropped weight is small, but not 0: u all but stops climbing when the disagreement is
# small. What is left needs a threshold (lesson 05). And at γ = 0 the slope in w is 0 as well (exercise 03.5):
# w freezes at its old value. While θ is below half of it, the slope in γ is positive, and the coin has no way
# back.
#
# ## Step 5: two of the four variables are not needed
#
# A coin has two sides. So the expected distance is a sum of two terms:
#
# E (θ − wz)² = γ (θ − w)² + (1 − γ) θ².
#
# Fix θ and u > 0. Which w is best? w = θ, whatever γ is. What is then left, u θ² (1 − γ) + α γ, is a *straight
# line* in γ.
#
# ### Exercise 03.6
# So what is the least value over w and γ together?

# %%
def inner_minimum(theta, u, alpha):
    """min over w and gamma in [0, 1] of alpha gamma + u E (theta - w z)^2, for each weight.

    theta, u: arrays of one shape, u > 0; alpha: number; returns an array of that shape.
    """
    ### BEGIN SOLUTION
    return np.minimum(u * theta**2, alpha)
    ### END SOLUTION


inner_minimum = ex("03.6").attempt(inner_minimum)

# %% [markdown]
# The other side, without that algebra, on 1,000 random cases. For each of 201 values of γ the function is a
# parabola in w; three points of a parabola give its least value. Then we take the least of the 201.

# %%
rng = np.random.default_rng(6)
theta, u, alphas = rng.normal(size=1000), rng.exponential(2, 1000), rng.exponential(1, 1000)


def added(w, gamma):
    return alphas * gamma + u * ((theta - w * gamma) ** 2 + w**2 * gamma * (1 - gamma))


least = np.full(1000, np.inf)
for gamma in np.linspace(0, 1, 201):
    left, middle, right_side = (added(w, gamma) for w in (-1.0, 0.0, 1.0))
    bend, tilt = (left + right_side) / 2 - middle, (right_side - left) / 2
    lowest = middle - np.divide(tilt**2, 4 * bend, out=np.zeros(1000), where=bend > 1e-15)
    least = np.minimum(least, lowest)
gap = np.abs(least - alphas * inner_minimum(theta, u / alphas, 1.0))
print("1,000 cases, largest gap below 1e-8:", gap.max() < 1e-8)
package = capped_quadratic(torch.tensor(theta), torch.tensor(u), 0.5).item()
print("the package calls the sum capped_quadratic:",
      np.isclose(package, inner_minimum(theta, u, 0.5).sum()))  # fmt: skip

# %%
figure, (left, middle, right_axis) = plt.subplots(1, 3, figsize=(7.2, 2.5))
chance, x = np.array([0.0, 1.0]), np.linspace(-2.2, 2.2, 441)
for t, colour, line in [(0.6, "blue", "-"), (1.0, "orange", ":"), (1.4, "vermillion", "--")]:
    ends = t**2 * (1 - chance) + chance  # u = α = 1
    left.plot(chance, ends, color=COLORS[colour], linestyle=line, marker="", label=f"θ = {t}")
    left.plot(chance[ends.argmin()], ends.min(), "o", color=COLORS[colour], markersize=7)
left.set(xlabel="γ", ylabel="cost, best w (α = u = 1)", ylim=(0, 2.2))
left.legend(loc="lower right")
for u_here, colour, line in [(0.5, "green", "-."), (1, "blue", "-"), (20, "vermillion", "--")]:
    middle.plot(x, inner_minimum(x, np.full_like(x, u_here), 1.0), color=COLORS[colour],
                linestyle=line, marker="", label=f"u = {u_here}")  # fmt: skip
middle.set(xlabel="θ", ylabel="least cost (α = 1)", ylim=(0, 2.2))
middle.legend(loc="upper center")
force = np.where(np.abs(x) < 1, 2 * np.abs(x), 0)
right_axis.plot(x[x > 0], force[x > 0], color=COLORS["blue"], marker="", label="u = 1")
right_axis.plot(x[x > 0], 5 * np.exp(-5 * x[x > 0]), color=COLORS["purple"], linestyle="-.",
                marker="", label="DRR, β = 5")  # fmt: skip
right_axis.set(xlabel="θ", ylabel="force towards 0")
right_axis.legend()
show(
    figure,
    "Left: the cost after the best w is a straight line in γ, least at one of its ends (dots). Middle: "
    "what is left after w and γ, a square that is cut off at α; it tends to a count as u grows. Right: "
    "its force vanishes at 0 and beyond the threshold, while that of DRR (lesson 04, steepness β) is largest at 0.",
)

# %% [markdown]
# So PMMP's inner problem is a **capped quadratic** with the threshold |θ| = √(α/u): the very rule that the scan
# found. We can throw w and γ away, and instead of the climbing u take a *planned* one. As u → ∞ the penalty
# becomes α times the count: exactly ℓ0.
#
# The right panel shows the trouble. Below the threshold it is weight decay: the force fades as θ → 0, so small
# weights become smaller and never 0. Above it there is no force at all, so a weight that is there stays.
#
# **Another distance.** Nobody forces us to square. For *any* distance d the expectation is exact, because
# a coin has only two sides: E d(θ, wz) = γ d(θ, w) + (1 − γ) d(θ, 0). **Predict:** with |θ − wz| in place
# of its square, what is the least value over w and γ? Is there still a cap?

# %%
least = np.full(1000, np.inf)
for gamma in np.linspace(0, 1, 51):
    for w in (*np.linspace(-3, 3, 61), theta):
        distance = gamma * np.abs(theta - w) + (1 - gamma) * np.abs(theta)
        least = np.minimum(least, alphas * gamma + u * distance)
candidates = {
    "min(u θ², α)": np.minimum(u * theta**2, alphas),
    "min(u |θ|, α)": np.minimum(u * np.abs(theta), alphas),
    "u |θ|, with no cap": u * np.abs(theta),
}
for name, values in candidates.items():
    print(f"{name:20} largest gap to the search: {np.abs(least - values).max():.3f}")

# %% [markdown]
# The argument is the same, and the penalty is another: min(u |θ|, α), a capped ℓ1, whose force is u right down
# to 0. We shall see whether it matters.
#
# **An undecided coin.** And what if the coins need not be certain? Write x = u |θ| / α for the weight in
# units of its threshold, count costs in units of α, and charge τ (1 − γ) ln (1 − γ) on top. This term is
# negative inside, so it pays coins for being undecided; τ is a *temperature*. At τ = 0 we have min(x, 1).
# **Predict:** is there still a cap at τ = 1?

# %%
x = np.linspace(0, 3, 7)
tails = np.linspace(1e-6, 1, 100_001)[:, None]  # 1 - gamma
for temperature in (0.0, 0.5, 1.0):
    cost = (1 - tails) + x * tails + temperature * tails * np.log(tails)
    print(f"τ = {temperature}:", np.round(cost.min(axis=0), 3).tolist())

# %% [markdown]
# No cap at τ = 1, but a smooth way to it. Write q = 1 − γ, the chance of tails. The slope of the cost in q is
# −1 + x + τ (ln q + 1). At τ = 1 it is 0 at q = exp(−x), and what is left of the cost is 1 − q:

# %%
print("1 − exp(−x):", np.round(1 - np.exp(-x), 3).tolist())

# %% [markdown]
# With u = αβ this is α (1 − exp(−β |θ|)), **the smooth count of DRR**, which lessons 00 and 07 use and lesson 04
# is about. So DRR and PMMP with the distance |θ − wz| are relatives: the one lets its coins hover, the other
# makes them choose.
#
# ## Step 6: the same idea with a ledger
#
# There is an old way to solve "loss of θ, count of v, and θ = v": *ADMM*, the alternating direction method of
# multipliers. It repeats three lines, with a ledger d of what θ and v still differ by:
#
# 1. θ: minimise L(θ) + (ρ/2) ‖θ − v + d‖²;
# 2. v: minimise α ‖v‖₀ + (ρ/2) ‖θ − v + d‖²;
# 3. d ← d + θ − v.
#
# (This ρ is a strength, no correlation.)
#
# ### Exercise 03.7
# Write one round for L(θ) = ‖y − Xθ‖².

# %%
def admm_round(X, y, v, d, alpha, rho):
    """One round of ADMM for ||y - X theta||^2 + alpha * l0(v), theta = v.

    X: (n, p), y: (n,), v and d: (p,), alpha and rho > 0: numbers; returns the new theta, v, d.
    """
    ### BEGIN SOLUTION
    A = 2 * X.T @ X + rho * np.eye(X.shape[1])
    theta = np.linalg.solve(A, 2 * X.T @ y + rho * (v - d))
    near = theta + d
    v = np.where(np.abs(near) < np.sqrt(2 * alpha / rho), 0.0, near)
    return theta, v, d + theta - v
    ### END SOLUTION


admm_round = ex("03.7").attempt(admm_round)

# %% [markdown]
# The threshold is √(2α/ρ), PMMP's √(α/u) with u = ρ/2. Choosing ρ is choosing when to decide. **Predict:** on
# our 40 columns, is a small ρ (loose), a large one (strict), or one in between best?

# %%
print("   ρ   columns of v after 600 rounds")
settled = {}
for rho in (1.0, 10.0, 100.0, 400.0, 1000.0):
    v = d = np.zeros(40)
    for _ in range(600):
        theta, v, d = admm_round(X, y, v, d, ALPHA, rho)
    settled[rho] = bool(np.abs(theta - v).max() < 1e-6)
    print(f"{rho:4g}   {np.flatnonzero(v).tolist() if settled[rho] else 'not settled: θ and v differ'}")
assert settled == {1.0: False, 10.0: False, 100.0: True, 400.0: True, 1000.0: True}

# %% [markdown]
# One in between. With a small ρ it does not settle; with a large one it settles, on too many columns. It is
# the story of u again. The curvatures of the loss, the diagonal of 2XᵀX, are 320 to 500 here, and ρ works from
# a quarter of that to about all of it. Much stricter, and the first look decides.
#
# ## Step 7: layer by layer
#
# There is a second way to a network, without any constraint. The outputs of one layer *before the activation*
# are linear in its weights. "Keep few weights, and change these outputs little" is a regression, and for that
# step 2 is exact. So prune one layer after the other. No labels are needed, and no backward pass.
#
# **Predict:** two digit readers with 12,060 weights each, pruned so to about a ninth, and not trained
# any further. Beside them: as many weights, the largest ones (magnitude pruning).

# %%
guess = predict(
    "03.layerwise",
    "Dense, they misread 2 to 4 % of the test digits. And pruned layer by layer, to a ninth?",
    low=0,
    high=90,
    unit="%",
)

# %% tags=["nbval-ignore-output"]
readers = {"dense": [], "layer by layer": [], "largest weights": []}
for seed in range(2):
    split, model = digits(seed=seed), MLP((64, 100, 50, 10), seed=seed)
    optimiser = torch.optim.Adam(model.parameters(), lr=3e-3, fused=True)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(40):
        for rows in torch.randperm(len(split.x_train), generator=generator).split(50):
            loss = torch.nn.functional.cross_entropy(
                model(split.x_train[rows]), split.y_train[rows]
            )
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    layered, largest = deepcopy(model), deepcopy(model)
    layerwise_prune(layered, split.x_train, alpha=0.01)
    sizes = torch.cat([p.detach().abs().flatten() for p in model.parameters()])
    magnitude_prune(largest, sizes.sort(descending=True).values[count_nonzero(layered)].item())
    for name, one in zip(readers, [model, layered, largest], strict=True):
        readers[name].append(100 * error_rate(one, split.test))
        print(f"{name:16} {count_nonzero(one):6,} weights, test error {readers[name][-1]:5.2f} %")
guess.reveal(round(float(np.mean(readers["layer by layer"])), 1), "The mean of the two.")

# %%
dense, layered, largest = (np.array(readers[name]) for name in readers)
print("layer by layer: at most 6 points above dense, both times:", bool(np.all(layered - dense < 6)))
print("largest weights: at least twice as many errors, both times:", bool(np.all(largest > 2 * layered)))
assert np.all(layered - dense < 6) and np.all(largest > 2 * layered)

# %% [markdown]
# A weight that is small may be one that its layer cannot replace. Each layer asks its own data. What it does
# not know is what the network is for: it keeps outputs that no later layer needs to be exact.
#
# ## Does it compress a network?
#
# Now the whole network at once: train with the penalty, prune, fine-tune, as in lesson 00. Two versions of
# PMMP:
#
# - **as published:** `PMMP` carries w, γ and u for each weight. All four start and move as in the Explore,
#   with Adam;
# - **solved exactly:** `ExactPMMP` has eliminated w and γ. Its distance is |θ|; its threshold follows a plan and
#   *falls* during training, from almost ℓ1 to almost ℓ0; and u knows the curvature h. The mean squared gradient
#   of a weight stands in for h. The ℓ0 rule asks for thresholds in proportion to h^(−½) (*full power*); we take
#   h^(−¼) (*half*).
#
# **Predict:** two digit readers each, at the same price. Which version leaves fewer weights, and by how much?

# %% tags=["nbval-ignore-output"]
makers = {  # the second number: the share of the epochs in which the strength, or the plan, moves
    "PMMP, published": (PMMP(alpha=1e-3, lr=5e-3), 0.0),
    "PMMP, exact": (ExactPMMP(alpha=1e-3), 0.5),
}
rates, errors = {}, {}
for name, (penalty, ramp) in makers.items():
    rates[name], errors[name] = [], []
    for seed in range(2):
        split = digits(seed=seed)
        done = compress(
            MLP((64, 100, 50, 10), seed=seed), split.train, split.validation, penalty, warmup=5,
            regularize=60, ramp=ramp, finetune=20, tolerance=0.1, lr=5e-3, batch_size=50, seed=seed,
            progress=False,
        )  # fmt: skip
        rates[name].append(done.compression_rate)
        errors[name].append(100 * error_rate(done.model, split.test))
    pairs = zip(rates[name], errors[name], strict=True)
    print(f"{name:16}", ",  ".join(f"{r:4.1f} times smaller, error {e:.2f} %" for r, e in pairs))

# %%
fewer = np.divide(rates["PMMP, exact"], rates["PMMP, published"])
gap = np.mean(errors["PMMP, exact"]) - np.mean(errors["PMMP, published"])
print("the exact version leaves at least 5 times fewer weights, both times:", bool(fewer.min() > 5))
print("their mean errors differ by less than 2 points:", bool(abs(gap) < 2))
assert fewer.min() > 5 and abs(gap) < 2

# %% [markdown]
# One price and two small networks are no comparison.
#
# The recorded comparison is LeNet-300-100 on MNIST: 266,610 weights, four strengths and three seeds for each
# method, the same 30 epochs, the same pruning. Three others join: *DRR* and *R-L1*, the subject of lesson 04, and
# *Hard-Concrete* (Louizos, Welling and Kingma 2018), the rival of step 3 among networks: it throws a smoothed coin
# for each weight in each step.
#
# **Predict:** which method has the fewest weights at the same error? Where does published PMMP stand?

# %% tags=["signature"]
figure = registry.find("pmmp_lenet300")
lenet = figure.load("paper")
show(figure.draw(lenet), figure.description)

# %%
levels = (2.25, 2.5, 3.0)  # test error in %
print("compression rate at a test error of " + "".join(f"{level:>9g} %" for level in levels))
reached = {}
for method in dict.fromkeys(cell["method"] for cell, _ in lenet):
    reached[method] = [at_error(lenet, method, level) for level in levels]
    print(f"{method:36}" + "".join("  beyond it" if np.isnan(rate) else f"{rate:11.0f}"
                                   for rate in reached[method]))  # fmt: skip
assert reached["PMMP, exact"][1] > 3 * reached["PMMP, published"][1]

# %% [markdown]
# Published PMMP trails: at the same error it keeps several times as many weights. Solved exactly, PMMP stands
# beside DRR up to about 150 times smaller, within the spread of the seeds. At 200 times DRR is ahead by about 0.15
# points. Hard-Concrete is close as well, though it samples: over thousands of steps the optimiser averages.
#
# What made the difference? The ablation changes one thing at a time, on 20,000 of the images. Given is the test
# error above that of DRR at the same compression rate (median of its runs, in percentage points).

# %%
ablation = registry.find("pmmp_ablation").load("paper")
above = {}
for method, what in VARIANTS.items():
    values = excess(ablation, method)
    seen = values[np.isfinite(values)]
    above[method] = np.median(seen) if len(seen) else np.nan
    print(f"{what:48}" + (f"{above[method]:+7.2f}" if len(seen) else "   beyond DRR's range")
          + f"   ({len(seen)} of {len(values)} runs)")  # fmt: skip

# %% [markdown]
# The distance matters most. Without curvature, the square costs more than a point where |θ| costs a tenth: small
# weights shrink and do not go. (Its threshold falls further, to 0.02; at 0.1 it hardly pruned.) Published PMMP has
# the same square; to drop what its γ drops mends a part, and to let log u climb at its own rate makes it worse.
# Curvature comes next, worth about a third of a point at half its power; at full power it is lost again, for large
# weights stay wherever gradients are small. The falling threshold is worth about 0.2, which is also the noise of
# two seeds. A temperature changes nothing, and neither does it matter that pruned weights may come back. ADMM of
# step 6 reaches DRR's line too: its ledger does what the force at 0 does. (Runs beyond DRR's range have lower
# rates than its weakest strength, or higher than its strongest. No variant was tuned beyond a trial or two.)
#
# ## Control: nothing to find
#
# Back to regression, with noise: signal to noise 2. EGP runs with 16 prices at once, from least squares; for
# each price the columns with heads are fitted again (lesson 02), and 200 validation rows choose the price.
# Then the same with *shuffled* answers, in the training and in the validation rows.

# %%
guess = predict(
    "03.shuffled",
    "In how many of 20 shuffles will it keep no column at all?",
    low=0,
    high=20,
    unit="shuffles",
)

# %%
def select(X, y, X_new, y_new):
    """EGP with 16 prices; the columns with the least validation error, and that error."""
    prices = np.geomspace(0.001, 0.2, 16) * np.square(y).sum()
    w0 = np.repeat(np.linalg.lstsq(X, y, rcond=None)[0][:, None], 16, axis=1)  # (p, 16)
    gammas = descend(lambda w, g: egp_gradients(X, y, w, g, prices), w0, np.full_like(w0, 0.5))[-1, 1]
    best = (np.inf, [])
    for gamma in gammas.T:  # from cheap to dear; of equal ones the dearer wins
        on = heads(gamma)
        fit = np.linalg.lstsq(X[:, on], y, rcond=None)[0]
        best = min((np.square(y_new - X_new[:, on] @ fit).mean(), on), best, key=lambda b: b[0])
    return best


train, fresh = (
    sparse_regression(200, 40, 4, rho=0.7, snr=2, design="confounded", seed=s) for s in (2, 102)
)
error, columns = select(train.X, train.y, fresh.X, fresh.y)
total = np.square(fresh.y).mean()
print(f"true answers: columns {columns}, validation error {error / total:.0%} of the variance")
rng = np.random.default_rng(0)
shuffled = [
    select(train.X, rng.permutation(train.y), fresh.X, rng.permutation(fresh.y)) for _ in range(20)
]
sizes = [len(columns) for _, columns in shuffled]
lowest = min(error for error, _ in shuffled) / total
print(f"shuffled: no column in {sizes.count(0)} of 20, and at most {max(sizes)}; "
      f"lowest error {lowest:.0%} of the variance")  # fmt: skip
assert columns == [0, 1, 2, 3] and sizes.count(0) >= 15
guess.reveal(sizes.count(0), "Sixteen prices are sixteen tickets in the lottery of 200 validation rows.")

# %% [markdown]
# With true answers, the four columns and nothing else. With shuffled ones, mostly nothing, and what is kept
# explains next to nothing. The other control was the swindle of step 4: a constraint that holds to the letter
# and charges nothing.
#
# ## Quiz

# %%
quiz(
    "03",
    [
        Question(
            "You went downhill in γ until all coins were certain. The mask that they show is ...",
            (
                "the best mask, for the way there was exact",
                "close to the best mask, within the noise of the data",
                "one that no single flip improves, at these weights",
            ),
            answer=2,
            why="The least expectation belongs to the best mask. But descent finds a corner from which, "
            "with the weights held, no edge leads down, and there may be several. At price 20 we saw one "
            "that costs twice as much.",
        ),
        Question(
            "For a squared error, the loss of the mean weights w γ is ...",
            (
                "never above the mean of the loss",
                "never below the mean of the loss",
                "sometimes above, sometimes below",
            ),
            answer=0,
            why="E R² = (E R)² + Var R, and a variance is never negative. Without it "
            "undecided coins would cost nothing.",
        ),
        Question(
            "You solve w and γ exactly, and make u four times larger. A weight is now kept from ...",
            (
                "a quarter of the size",
                "four times the size",
                "half the size",
            ),
            answer=2,
            why="The penalty is min(u θ², α), so the threshold is √(α/u). As u grows it goes to 0, and the "
            "penalty to α times the number of weights.",
        ),
    ],
)

# %% [markdown]
# ## What to take away
# 1. A yes or no may be replaced by a coin: the least expectation is the least value, and lies at a corner.
# 2. For squared errors the expectation is exact: the loss of the mean, plus a variance.
# 3. Sampling estimates the same slope with noise, and each halving of the noise costs four times as much.
# 4. PMMP asks for agreement in every throw, and so needs no sampling in a network. Its inner problem is solved:
#    min(u θ², α), with the threshold √(α/u).
# 5. Smooth is not convex. The start decides, u decides, and u should know the curvature.
# 6. As published, PMMP trails. With the distance |θ|, a falling threshold and some curvature it stands beside DRR.
#
# **Limits.** Our regression has more rows than columns, so least squares is a good start; with fewer rows
# there is no such start. One design, chosen because the lasso fails in it. The saddle of the Explore has one
# weight and plain gradient steps; a network has many, noise, and Adam. The network comparison has one network,
# one data set and 30 epochs. The thresholds 0.4 to 0.1 and half the power of the curvature were chosen in
# some twenty earlier runs of seed 0 on the same data, test errors in sight; DRR has its published β. So a lead of
# a few hundredths means nothing.
#
# **What would change our mind.** Shuffled answers on which EGP keeps columns in most shuffles; or a sampled
# slope that reaches what the exact one reaches for as many products with X; or a second network on which exact
# PMMP falls off DRR's line.
#
# ## Read more
# - *Efficient compression of neural networks and datasets* (arXiv 2505.17469). Look for the quadratic
#   constraint, and count the variables that PMMP keeps for each weight.
# - *Probabilistic and nonlinear compressive sensing* (arXiv 2509.15060). Look at the comparison with Monte Carlo,
#   and ask of each column of the table what it counts.
# - Dong, Mnih and Tucker, *DisARM: an antithetic gradient estimator for binary latent variables* (NeurIPS 2020).
#   Look at how ARM's remaining noise is averaged out, and for which coins it stays.
#
# ## From equations to code
# | In words | Formula | Code |
# |---|---|---|
# | mean loss over masks | ‖y − X(wγ)‖² + Σ x² w² γ(1−γ) + α Σγ | `egp_objective(X, y, w, gamma, alpha)` |
# | its slopes | exercise 03.3 | `egp_gradients(X, y, w, gamma, alpha)` |
# | sampled slopes | mean of (g − baseline) · score | `mask_gradients.ESTIMATORS` |
# | PMMP | αγ + u [(θ − wγ)² + w² γ(1−γ)] | `pmmp_lagrangian(theta, w, gamma, u, alpha)` |
# | ... w and γ eliminated | min(u θ², α) | `penalties.capped_quadratic(theta, u, alpha)` |
# | ... on a network | four variables a weight | `PMMP(alpha, gamma0=, u0=)` |
# | ... solved exactly, with a plan | α min(abs(θ) / t, 1), t falling | `ExactPMMP(alpha, start=, end=)` |
# | regression, EGP | many prices, validation chooses | `EGPRegression().fit(X, y, X_val, y_val)` |
# | regression, ADMM | hard threshold at √(2α/ρ) | `L0Regression(alpha, solver="admm")` |
# | layer by layer | mean loss of step 2, for each layer | `layerwise_prune(model, x, alpha)` |

# %% [markdown] tags=["teacher"]
# ## Teacher's note
# **15 minutes:** cold open, exercise 03.2 on the board, the race against sampling. **50 minutes:** steps 1 to
# 3, or steps 4 and 5 with the Explore; not both. **90 minutes:** steps 1 to 5; leave ADMM as homework.
#
# **Misconceptions.** (1) "The relaxation is an approximation." It is not: the minimum is the same number.
# What is lost is nothing, and what is gained is a slope; the traps stay. (2) "The loss of the mean is the
# mean of the loss." Let the class throw one coin with w = 2 and y = 1: both outcomes miss by 1, and their
# mean hits. (3) "Unbiased means good." All five estimators are unbiased, and with four masks none is within
# four times the slope. (4) "A constraint that holds on average holds." Show the table of the swindle again.
# (5) "Minimax: so u finds the right multiplier." u only grows, and there is no finite right one.
#
# **Discussion.** *Why do the coins become certain in step 2, though w moves too?* For fixed w the mean loss
# is linear in each γ_j, so an inner point can be a minimum only if its slope is exactly 0. *Would you start
# at γ = 1 or at ½?* At 1 nothing is random, and the first slope of a coin is that of removing one column from
# the full fit. *Why is the force of the capped ℓ1 at 0 both good and bad?* Small weights arrive at 0, and
# useful small weights arrive there too. It shrinks, as in lesson 02, but only below the threshold.
#
# **If you change the data:** more rows than columns are needed for the least-squares start. With ρ up to 0.4
# both starts find the truth at all prices, and the trap of step 2 does not show.
