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
# # 07 · Sample efficiency: few data, few weights
#
# **Claim.** Trained to the end on few data, a network that must pay for its weights predicts far better
# than one that need not. *Phenomenon:* against the strength of the penalty, the test error is a U; with
# more data it becomes shallow, and more weights are worth keeping. *Evidence:* 450 students of a known
# teacher: 3 sample sizes, 15 strengths, 10 seeds. *Control:* noise and shuffled answers, from which
# nobody can learn: there no strength may beat a constant. (And a rival, early stopping, will do better with
# 30 rows and as well later, with dozens of times as many weights.)
#
# **You will be able to**
# - train hundreds of small networks as one batch;
# - choose a strength honestly, and test a difference over seeds in pairs;
# - derive the strength that description length predicts, and say where it fits and where it does not;
# - compute Solomonoff's bound for a finite class, and say why short rules need few data;
# - compare networks whose neurons are permuted and flipped.
#
# **You need** lessons 00 and 02; 01 helps. **Time:** 45 minutes of reading, 55 of doing, {{running}} of running.

# %%
import itertools
import time
from functools import lru_cache

import matplotlib.pyplot as plt
import numpy as np
import torch
from scipy.stats import wilcoxon

from l0course import count_nonzero, mdl_alpha, train_many
from l0course.figures import registry
from l0course.figures.network import draw_network
from l0course.figures.style import COLORS, show, use_style
from l0course.figures.u_curve import stacked
from l0course.learn import Explore, Question, ex, predict, quiz
from l0course.symmetry import distance, normal_form
from l0course.teacher_student import student, teacher, teacher_data

use_style()
torch.set_num_threads(1)  # for matrices this small, threads only wait for each other

# %% [markdown]
# ## Thirty rows
#
# A *teacher* is a small network that we know: 2 inputs, hidden layers of 5 and 8 tanh neurons, 1 output,
# 72 weights. It answers questions x, uniform in a square, with a little noise: y = teacher(x) + σε,
# where σ = 0.08. A *student* sees 30 such rows. It is larger than it should be: 25 and 25 neurons, 751
# weights.
#
# We judge it on 5,000 other rows by the mean squared error. On average nobody gets below σ² = 0.0064, the
# *noise floor*. One student trains without a penalty. Its twin pays for each weight that is not zero.

# %%
guess = predict(
    "07.thirty-rows",
    "How many times smaller is the test error of the one that pays?",
    low=0.1,
    high=100,
    log=True,
    unit="times",
)

# %% [markdown]
# Ten pairs, each with its own data and first weights. `train_many` minimises
#
# mean squared error + α · Σ (1 − exp(−5|w|)),
#
# a smooth count: a weight near 0 adds about 0, a large one about 1 (DRR, lesson 04). Then it prunes on
# validation data and fine-tunes, as `compress` does in lesson 00. Pruning acts on both twins; only the
# penalty differs. We give strengths as n·α; why will become clear.

# %% tags=["nbval-ignore-output"]
SIGMA, WIDTHS, SEEDS = 0.08, (2, 25, 25, 1), range(10)
SCHEDULE = {"epochs": 2000, "finetune": 500, "lr": 1e-2, "check": 50}  # full batch: epochs are steps
truth = teacher(seed=35)


def part_of(sets, part):
    """The training, validation or test rows of S data sets: x (S, n, 2), y (S, n, 1)."""
    return tuple(torch.stack(t) for t in zip(*(getattr(d, part) for d in sets), strict=True))


def learn(sets, strengths, **schedule):
    """Students of every strength on every data set."""
    n = len(sets[0].x_train)
    return train_many(
        WIDTHS, *part_of(sets, "train"), validation=part_of(sets, "validation"),
        alphas=[s / n for s in strengths], seeds=range(len(sets)), progress=False, **schedule,
    )  # fmt: skip


sets = [teacher_data(truth, 30, SIGMA, seed=s) for s in SEEDS]
pair = learn(sets, [0, 0.05], **SCHEDULE)
free, paying = pair.loss(*part_of(sets, "test")).numpy()  # (10,) each
print("test error        median   quartiles          live weights")
for name, errors, live in zip(["no penalty", "penalty"], [free, paying], pair.nonzero, strict=True):
    low, middle, high = np.percentile(errors, [25, 50, 75])
    print(f"{name:15} {middle:8.4f}   {low:.4f} to {high:.4f}   {np.median(live):8.0f}")

# %%
print("the paying twin is better in at least 9 of 10 pairs:", (paying < free).sum() >= 9)
print("median error at least halved:", np.median(paying) < np.median(free) / 2)
assert (paying < free).sum() >= 9 and np.median(paying) < np.median(free) / 2

# %% tags=["nbval-ignore-output"]
guess.reveal(
    round(float(np.median(free) / np.median(paying)), 1),
    "Measured from the noise floor, which nobody can beat, the factor is larger still.",
)

# %%
edge = torch.linspace(-1, 1, 61)
square = torch.stack(torch.meshgrid(edge, edge, indexing="xy"), dim=-1)  # (61, 61, 2)
median_pair = int(np.argsort(free)[5])
panels = {
    "teacher": truth,
    "no penalty": pair.model(0, median_pair),
    "penalty": pair.model(1, median_pair),
}
figure, axes = plt.subplots(1, 3, figsize=(6.8, 2.5), sharey=True, layout="constrained")
for axis, (name, model) in zip(axes, panels.items(), strict=True):
    with torch.no_grad():
        surface = model(square)[..., 0]
    image = axis.contourf(edge, edge, surface, levels=np.linspace(-0.6, 1.0, 9), cmap="cividis",
                          extend="both")  # fmt: skip
    axis.plot(*sets[median_pair].x_train.T, "o", color="white", markeredgecolor="black",
              linestyle="")  # fmt: skip
    axis.set(title=name, xlabel="x1", aspect="equal", xticks=[-1, 0, 1], yticks=[-1, 0, 1])
axes[0].set_ylabel("x2")
figure.colorbar(image, ax=axes, label="output", shrink=0.85)
show(
    figure,
    "Three surfaces over the square: the teacher, a student without a penalty, and its twin that "
    "paid; dots are the 30 questions. The free student bends wherever the noise of a single row "
    "pulls it. The paying one is smoother than the teacher: it all but ignores x2.",
)

# %% [markdown]
# On its own 30 rows the free student has an error far below the noise floor. That is the trouble: even the
# teacher does not predict the noise. The free student has learnt it by heart.
#
# ## Hundreds of students at once
#
# One strength is not a curve. We want 15 strengths with 10 seeds: 150 students, 2,500 steps each. A student
# is so small that the arithmetic of a step takes some ten microseconds. How long does the step take in
# PyTorch? **Predict** also: trained as one batch, how many times more student-steps a second?
#
# The trick is a leading axis. The weights of R students form arrays W (R, out, in) and b (R, out), and one
# call serves them all.
#
# ### Exercise 07.1
# Write one linear layer of R students. In the first layer all see the same rows (n, in); later, each
# has rows of its own (R, n, in).

# %%
def layer_many(W, b, h):
    """Outputs (R, n, out) of R linear layers, without tanh.

    W: (R, out, in), b: (R, out), h: (n, in) or (R, n, in); NumPy arrays.
    """
    ### BEGIN SOLUTION
    return h @ W.swapaxes(1, 2) + b[:, None, :]
    ### END SOLUTION


layer_many = ex("07.1").attempt(layer_many)

# %%
crowd = [student(seed=s, dtype=torch.float64) for s in range(150)]
x = sets[0].x_train.double()
h = x.numpy()
for k in (0, 2, 4):
    W = np.stack([net[k].weight.detach().numpy() for net in crowd])
    b = np.stack([net[k].bias.detach().numpy() for net in crowd])
    h = layer_many(W, b, np.tanh(h) if k else h)
one_by_one = np.stack([net(x).detach().numpy() for net in crowd])
print("outputs of 150 students in three calls:", h.shape)
print("same as one by one:", bool(np.allclose(h, one_by_one, atol=1e-12)))

# %% [markdown]
# `train_many` does the same for gradients, Adam, penalty and pruning. Now race it against plain PyTorch.

# %% tags=["nbval-ignore-output"]
net = student(seed=0)
optimiser = torch.optim.Adam(net.parameters(), lr=1e-2, fused=True)
for step in range(320):
    if step == 20:  # the first steps warm up
        start = time.perf_counter()
    loss = (net(sets[0].x_train) - sets[0].y_train).square().mean()
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
plain = (time.perf_counter() - start) / 300
race = learn(sets, [0.05] * 15, epochs=200, finetune=100)
batched = race.seconds / race.student_steps
print(f"one by one:  {1e6 * plain:5.0f} microseconds a student-step")
print(f"150 at once: {1e6 * batched:5.0f} microseconds a student-step, pruning and checks included")
print(f"{plain / batched:.0f} times faster")

# %%
print("at least 3 times faster:", plain > 3 * batched)
assert plain > 3 * batched

# %% [markdown]
# PyTorch spends most of a small step on starting its calls. Now it starts them once for 150 students.
#
# ## The curve, live
#
# **Predict.** From no penalty (left) to one that kills every weight (right): what does the median test
# error do?

# %%
guess = predict(
    "07.shape",
    "Test error against the strength of the penalty, with 30 rows:",
    choices=("it rises", "it falls, then stays level", "it falls, then rises", "nearly level"),
)

# %% tags=["nbval-ignore-output"]
LIVE = np.array([0, 0.0025, 0.005, 0.01, 0.02, 0.035, 0.05, 0.07, 0.14, 0.28, 0.5, 1, 3, 10, 30])
live = learn(sets, LIVE, **SCHEDULE)
students = live.nonzero.numel()
print(f"{students} students, {live.student_steps:,} student-steps: {live.seconds:.0f} seconds")

# %%
def strength_axis(axis, most):
    """A log scale that has a place for 0."""
    axis.set_xscale("symlog", linthresh=0.0025, linscale=0.4)
    axis.set_xticks([0, 0.01, 0.1, 1, 10], ["0", "0.01", "0.1", "1", "10"])
    axis.minorticks_off()
    axis.set(xlabel="strength n·α", xlim=(-0.001, 1.3 * most))


test = live.loss(*part_of(sets, "test")).numpy()  # (15, 10)
low, middle, high = np.percentile(test, [25, 50, 75], axis=1)
figure, (left, right) = plt.subplots(1, 2, figsize=(6.6, 2.6), layout="constrained")
left.fill_between(LIVE, low, high, color=COLORS["sky"], alpha=0.4, linewidth=0)
left.plot(LIVE, middle, color=COLORS["blue"], marker="o", label="median, quartiles")
left.axhline(SIGMA**2, color="0.4", linestyle=":", marker="", label="noise floor")
left.set(ylabel="test error", yscale="log", ylim=(0.005, 0.25))
left.legend(loc="upper center")
right.plot(LIVE, np.median(live.nonzero, axis=1), color=COLORS["green"], marker="^", linestyle="-.")
right.set_yscale("symlog", linthresh=1)
right.set_yticks([0, 1, 10, 100], ["0", "1", "10", "100"])
right.set_ylabel("live weights (median)")
for axis in (left, right):
    strength_axis(axis, LIVE[-1])
show(
    figure,
    "150 students on 30 rows, against the strength of the penalty. Left: the test error falls, rises by "
    "some 15 % up to strength 3, and jumps where no weights are left. Right: the live weights fall "
    "from hundreds to none; the best keep about eight.",
)

# %%
best, learnt = middle[1:-1].min(), np.median(live.train_loss, axis=1)
print("training error without penalty: a third of the noise floor or less:", learnt[0] < SIGMA**2 / 3)
print("training error rises from each fourth strength to the next:",
      bool(np.all(np.diff(learnt[::4]) > 0)))  # fmt: skip
print("left end, no penalty: at least twice the best:       ", middle[0] > 2 * best)
print("on the way up, strengths 0.28 to 3: 5 % above or more:", middle[9:13].min() > 1.05 * best)
print("right end, no weights at all: ten times the best:    ", middle[-1] > 10 * best)
assert middle[0] > 2 * best and middle[9:13].min() > 1.05 * best and middle[-1] > 10 * best
assert learnt[0] < SIGMA**2 / 3 and np.all(np.diff(learnt[::4]) > 0)
guess.reveal(
    "it falls, then rises",
    "On the left, hundreds of weights fit the noise. On the right, too few are left to bend, and at "
    "last even the mean is gone: a network without weights says 0.",
)

# %% [markdown]
# ### Who chooses the strength?
# The curve was drawn with test data. A person with one data set has no such curve. The validation rows
# must choose, and the test rows judge.
#
# ### Exercise 07.2
# Write it: for each seed, the test error at the strength with the least validation error.

# %%
def honest(validation, test):
    """Test errors (S,) of the strengths that validation chooses, seed by seed.

    validation, test: errors (A, S) of A strengths and S seeds.
    """
    ### BEGIN SOLUTION
    chosen = validation.argmin(axis=0)
    return test[chosen, np.arange(test.shape[1])]
    ### END SOLUTION


honest = ex("07.2").attempt(honest)

# %% tags=["nbval-ignore-output"]
chosen = honest(live.validation_loss.numpy(), test)  # (10,)
print("strength chosen by      test error: mean of ten seeds, median")
print(f"nobody (no penalty)   {test[0].mean():12.4f} {np.median(test[0]):10.4f}")
print(f"the validation rows   {chosen.mean():12.4f} {np.median(chosen):10.4f}")
peeked = test.min(axis=0)
print(f"the test rows         {peeked.mean():12.4f} {np.median(peeked):10.4f}   not allowed")

# %%
print("better than no penalty in at least 9 of 10 pairs:", (chosen < test[0]).sum() >= 9)
print("excess over the noise floor at least 5 times smaller:",
      test[0].mean() - SIGMA**2 > 5 * (chosen.mean() - SIGMA**2))  # fmt: skip
print("peeking looks best of all, and means nothing:", peeked.mean() <= chosen.mean())
assert (chosen < test[0]).sum() >= 9
assert test[0].mean() - SIGMA**2 > 5 * (chosen.mean() - SIGMA**2)

# %% [markdown]
# ## More rows
#
# Now give the student 300 rows, and 2,000. That takes minutes, so it is recorded: `l0course figures
# u_curve` makes it again.

# %%
guess = predict(
    "07.more-rows",
    "What becomes of the U with 2,000 rows?",
    choices=("it stays as deep", "its left side goes level", "both sides go level"),
)

# %% tags=["signature"]
figure = registry.find("u_curve")
recorded = figure.load("quick")
STRENGTHS = np.array(recorded[0][0]["strengths"])
show(figure.draw(recorded), figure.description)

# %%
guess.reveal(
    "its left side goes level",
    "With 2,000 rows superfluous weights do little harm. A penalty that is too strong still does.",
)

# %% [markdown]
# Mind the three scales: the middle U is shallow. The vertical lines are explained below, with exercise 07.4.
# (Recorded students train longer, 3,000 + 1,000 steps, so the two curves for 30 rows differ at their ends.)
#
# **Who else does well?** Two rivals. A student without a penalty may *stop early*, at its best look at the
# validation rows (one every 50 steps). And the teacher may be simple: a *plane* has three weights and is
# fitted by least squares.
#
# For the penalty, validation chooses the strength of each seed (exercise 07.2).
# **Predict:** with 30 rows, who has the least median test error?

# %%
def plane(n, seed):
    """Test error of least squares with an intercept, on the same rows."""
    data = teacher_data(truth, n, SIGMA, seed=seed)
    (x, y), (xt, yt) = ([t.double().numpy() for t in rows] for rows in (data.train, data.test))
    x, xt = (np.column_stack([part, np.ones(len(part))]) for part in (x, xt))
    return np.square(yt - xt @ np.linalg.lstsq(x, y, rcond=None)[0]).mean()


SIZES = (30, 300, 2000)
runs = {n: stacked(recorded, n) for n in SIZES}
validated = {n: honest(r["validation"].T, r["test"].T) for n, r in runs.items()}
print("median test error x 1000 (noise floor 6.40)")
print("rows   no penalty   stopped early   a plane   penalty")
for n, r in runs.items():
    columns = [r["test"][:, 0], r["early_test"], [plane(n, s) for s in SEEDS], validated[n]]
    free, early, flat, paid = 1000 * np.median(columns, axis=1)
    print(f"{n:4} {free:12.2f} {early:15.2f} {flat:9.2f} {paid:9.2f}")

# %% [markdown]
# With 30 rows it is *early stopping*: measured from the floor, the penalty's median is a third higher. With
# 300 and 2,000 rows the two are level. **Is the
# penalty useless, then?** Look at the students who stop early, live, with 30 rows.

# %% tags=["nbval-ignore-output"]
PATIENCE = 30  # looks without improvement
stopped = learn(sets, [0], patience=PATIENCE, **SCHEDULE)
best_look = stopped.epochs[0] - PATIENCE * SCHEDULE["check"]
print(f"best look after {best_look.min()} to {best_look.max()} steps, of {SCHEDULE['epochs']}")
sizes = [np.median(live_weights) for live_weights in (stopped.nonzero, pair.nonzero[1])]
print(f"live weights: {sizes[0]:.0f} after early stopping, {sizes[1]:.0f} with the penalty (medians)")

# %%
many_more = stopped.nonzero.float().mean() > 15 * pair.nonzero[1].float().mean()
print("at least 15 times as many weights:", bool(many_more))
assert many_more

# %% [markdown]
# Their best look comes within the first few hundred steps, when the weights are still close to their small
# first values. There tanh is nearly straight, and the surface nearly a plane. Staying near the start is a
# penalty, too: it keeps the *function* simple. But hundreds of weights must stay, so the model is not short.
#
# So we must claim less than we hoped: what the penalty buys is not a better prediction than everybody
# else's. It is a student of about seven weights that predicts not much worse than the best.

# %% [markdown]
# Medians can differ by luck. With 300 rows the gap is small, but each data set was used by all methods:
# compare them *in pairs*, seed by seed.
#
# ### Exercise 07.3
# The simplest paired test looks at signs only. If neither is better, each pair is a fair coin. Return the
# probability that fair coins split at least as unevenly as this, on either side; leave ties out.
# `scipy.stats.binomtest` helps.

# %%
def sign_test(a, b):
    """Two-sided p-value of the sign test for paired errors a, b: (S,). Ties are left out."""
    ### BEGIN SOLUTION
    from scipy.stats import binomtest

    wins, losses = (a < b).sum(), (a > b).sum()
    return binomtest(wins, wins + losses).pvalue
    ### END SOLUTION


sign_test = ex("07.3").attempt(sign_test)

# %% [markdown]
# **Wilcoxon's signed-rank test** also ranks the sizes of the differences, so it sees more. (It assumes that,
# without a difference, they lie symmetrically about 0.)

# %%
print("rows   penalty against   won/lost/tied   sign test   Wilcoxon")
p_values = {}
for n, r in runs.items():
    for rival, errors in [("none", r["test"][:, 0]), ("stopped early", r["early_test"])]:
        p_values[n, rival] = wilcoxon(validated[n], errors).pvalue
        score = "/".join(str(np.sum(np.sign(validated[n] - errors) == sign)) for sign in (-1, 1, 0))
        print(f"{n:4}   {rival:15} {score:>15} "
              f"{sign_test(validated[n], errors):11.3f} {p_values[n, rival]:10.3f}")  # fmt: skip
assert p_values[30, "none"] < 0.05 and p_values[300, "none"] < 0.05

# %% [markdown]
# Read it twice. Against training to the end, the penalty wins all ten pairs with 30 rows and with 300
# (p = 0.002 is the least that ten pairs can give). With 2,000 rows ten pairs show no difference; they would
# need nine wins to show one. Against early stopping it wins nowhere. With 30 rows it loses eight of ten:
# Wilcoxon says p = 0.03, the sign test 0.11. If nothing differed, six independent tests would give a p of
# 0.03 or less somewhere with probability 0.17.
#
# ## Where is the minimum, and why there?
#
# Lesson 02 priced a column in bits. Do the same here. The two-part code sends the weights, b bits for each
# of the k live ones, and the residuals, in a Gaussian code:
#
# bits = constant + n · MSE / (2σ² ln 2) + b · k.
#
# (Lesson 02 also paid for the *places* of the k weights, here about 7 bits each. Let b stand for all that a
# weight costs, and see which b the data ask for.)
#
# ### Exercise 07.4
# We minimise MSE + α·k instead. For which α have both the same minimum? Multiply the bits by the constant
# that makes the factor of the MSE 1.

# %%
def mdl_strength(sigma, b, n):
    """The alpha for which MSE + alpha * k has its minimum where the bits have theirs."""
    ### BEGIN SOLUTION
    return 2 * sigma**2 * np.log(2) * b / n
    ### END SOLUTION


mdl_strength = ex("07.4").attempt(mdl_strength)
assert abs(mdl_strength(SIGMA, 32, 300) - mdl_alpha(SIGMA, 32, 300)) < 1e-12

# %% [markdown]
# So for a fixed b, n·α does not depend on n: that is why it is our axis. But what is b? A float has 32 bits.
# Must a weight be sent so precisely? The standard error of a least-squares weight is c / √n, and digits
# beyond it describe the noise. To name a value to within c / √n takes ½ log2 n bits and a constant, which
# depends on c and on the range of values. We leave it out: for small n this is a rule of thumb (Rissanen 1978).
# It makes n·α = σ² ln n, which is the *BIC*.

# %%
prices = {"32": lambda n: 32.0, "8": lambda n: 8.0, "½ log2 n": lambda n: np.log2(n) / 2}
print("predicted n·α      " + "".join(f"{n:>7} rows" for n in SIZES))
for name, bits in prices.items():
    print(f"b = {name:12}   " + "".join(f"{n * mdl_alpha(SIGMA, bits(n), n):12.3f}" for n in SIZES))

# %% [markdown]
# **Predict:** which b is nearest to the strengths with the least test error?

# %%
def on_curve(n, strength):
    """The median test error of n rows, interpolated at a strength."""
    middle = np.median(runs[n]["test"], axis=0)
    return np.interp(np.log(strength), np.log(STRENGTHS[1:]), middle[1:])


figure, axis = plt.subplots(figsize=(5.6, 3.2))
for n, colour, line in zip(SIZES, ("blue", "vermillion", "green"), ("-", "--", "-."), strict=True):
    axis.plot(STRENGTHS, np.median(runs[n]["test"], axis=0), color=COLORS[colour], linestyle=line,
              marker="", label=f"{n} rows")  # fmt: skip
for (name, bits), marker in zip(prices.items(), "X^o", strict=True):
    places = [n * mdl_alpha(SIGMA, bits(n), n) for n in SIZES]
    heights = [on_curve(n, place) for n, place in zip(SIZES, places, strict=True)]
    axis.plot(places, heights, marker, color="black", markersize=9, markerfacecolor="white",
              markeredgewidth=1.5, linestyle="", label=f"predicted, b = {name}")  # fmt: skip
strength_axis(axis, STRENGTHS[-1])
axis.set(ylabel="median test error", ylim=(0.0062, 0.0125))
axis.legend(ncols=2, loc="upper right")
show(
    figure,
    "Median test error against the strength for 30, 300 and 2,000 rows, with the predictions on each "
    "curve: a cross for 32 bits a weight, a triangle for 8, a circle for half of log2 n. With 300 rows "
    "the circle is at the least point, and the cross just beyond the valley. With 2,000 rows all three "
    "lie in it. With 30, circle and triangle are some 10 % above a narrow least point.",
)

# %%
print("rows   least at n·α   valley (within 2 %)      least / predicted with b =")
print("                                               32      8   ½ log2 n")
for n in SIZES:
    middle = np.median(runs[n]["test"], axis=0)
    least, valley = STRENGTHS[middle.argmin()], STRENGTHS[middle <= 1.02 * middle.min()]
    factors = [least / (n * mdl_alpha(SIGMA, bits(n), n)) for bits in prices.values()]
    print(f"{n:4} {least:14g}   {valley.min():8g} to {valley.max():<8g}  "
          + "".join(f"{f:9.2f}" for f in factors))  # fmt: skip

# %% [markdown]
# **What do you see?** With 30 rows, ½ log2 n bits is right within a factor of two, 8 bits just about, and
# 32 bits is eight times too strong. But the lowest point is one of 15, and ten seeds are few: places are good
# to a factor of two or so. With 300 rows ½ log2 n hits the lowest point, though the valley is so flat that
# this precision is luck; 8 bits lies in the valley, and 32 bits beyond its right edge. With 2,000 rows the
# curve cannot tell them apart.
#
# So the test error asks for a smaller price than 32 bits: about what the rows can fix of a value. An honest
# code would charge about 7 bits more, for the place. And no b can be exactly right, for three reasons. The
# smooth count charges a weight 1 − exp(−5|w|), so a small one pays less than it costs. Gradient descent need
# not find the best network. And above all, we looked at the *test error*, and the theory speaks of *code
# length*.
#
# ### Let the bits choose
# Put the question right, then: compute the bits of each recorded student from its training error and its
# live weights, take the shortest code for each seed, and look at its test error. No validation row has a
# say in this choice.

# %%
choosers = {"validation": None} | {f"bits, b = {name}": bits for name, bits in prices.items()}
print("rows   chosen by             strength   live weights   test error x 1000: median, mean   won/lost/tied")
picked = {}
for n, r in runs.items():
    for name, bits in choosers.items():
        score = r["validation"]
        if bits is not None:
            score = n * r["train"] / (2 * SIGMA**2 * np.log(2)) + bits(n) * r["nonzero"]  # (10, 15)
        live_weights, errors = (honest(score.T, r[key].T) for key in ("nonzero", "test"))
        picked[n, name] = np.median(live_weights)
        against = np.sign(errors - validated[n])
        pairs = "/".join(str(np.sum(against == sign)) for sign in (-1, 1, 0))
        line = (f"{n:4}   {name:20} {np.median(STRENGTHS[score.argmin(axis=1)]):9.2g} "
                f"{picked[n, name]:14.0f} {1000 * np.median(errors):22.2f} "
                f"{1000 * errors.mean():8.2f}")  # fmt: skip
        print(line if bits is None else f"{line} {pairs:>13}")

# %% [markdown]
# The last column sets the bits against validation, seed by seed. With b = ½ log2 n they lose on eight or nine
# of ten. But by how much? Their mean error is 14 % higher at 30 rows, 2 % at 300 and less than 1 % at 2,000,
# where they keep an eighth of the weights (medians). And they had no validation rows in this choice:
# validation had 1,000, thirty times more than the smallest student ever learnt from. The bits err on the
# side of small models, and with b = 32 more so.
#
# (Pruning, and the best epoch of fine-tuning, did use validation rows, for all of them alike. And the
# strengths that the bits choose are larger than predicted, as the first of our three reasons would have it.)
#
# ## The size that the data deserve
#
# **Predict.** With 30 rows, validation chooses 6 live weights (median). How many with 2,000?

# %%
print("rows   live weights that validation chooses: median   quartiles")
for n, r in runs.items():
    low, middle, high = np.percentile(honest(r["validation"].T, r["nonzero"].T), [25, 50, 75])
    print(f"{n:4} {middle:43.0f}   {low:.0f} to {high:.0f}")
for name in choosers:
    sizes = [picked[n, name] for n in SIZES]
    assert sizes == sorted(sizes)

# %% [markdown]
# More rows, more weights: no chooser takes fewer, though with b = 32 it stays at six from 300 to 2,000 rows.
# Each weight must pay for itself, and with more rows a small weight saves more.
# But mind the quartiles at 2,000 rows: the valley is flat, and validation takes whatever is luckiest. Where a
# dozen weights do nearly as well as hundreds, the bits say so, and validation does not care.
#
# ## Why short models need few data: a bound that can be computed
#
# Why should simple things be learnt from few data at all? Solomonoff (1978) gave an answer for prediction. (Lesson
# 01 has the mixture and the bound; here they say how much data.) Take a class of models, and give each a code of l
# bits and the prior weight w = 2^−l. The *mixture* gives a whole sequence x the probability ξ(x) = Σ_m w_m · m(x).
# So its prediction of the next symbol a is
#
# ξ(a | past) = ξ(past, a) / ξ(past) = Σ_m [w_m · m(past) / ξ(past)] · m(a | past):
#
# each model votes with its prior times the probability that it gave to the past. If the true model μ is in
# the class, then
#
# Σ_t E Σ_a (μ(a | past) − ξ(a | past))² ≤ ln (1 / w_μ) = l · ln 2.
#
# The sum runs over *all* times t, up to infinity, and over both outcomes a; E is the expectation under μ.
# So the total of all errors is bounded by the length of the truth. Solomonoff's own class, all programs,
# cannot be computed. A finite one can.
#
# **Our class: rules.** A rule of order k looks at the last k symbols of a sequence of 0 and 1, and a table
# says what comes next. It is right with probability 0.8. The code: k + 1 bits for k (k times 1, then a 0),
# and 2^k bits for the table. (A short rule also occurs as a longer table. That adds to its weight, so its
# true bound is a little lower than ours. Before the first symbol, the past counts as 0, 0, 0.)

# %%
ORDERS, KEEP = range(4), 0.8
rules = [t for k in ORDERS for t in itertools.product((0, 1), repeat=2**k)]  # tables
lengths = np.array([len(t).bit_length() + len(t) for t in rules])  # k + 1 + 2^k
prior = 2.0**-lengths
# Row m: the probability of a 1 under rule m for each of the 8 pasts of three symbols, where the
# newest symbol counts 4, the one before 2, the one before that 1.
CHANCE = np.array([np.repeat(t, 8 // len(t)) for t in rules]) * (2 * KEEP - 1) + 1 - KEEP
print(len(rules), "rules; the prior adds up to", prior.sum())
truths = {
    "always 1": (1,),
    "repeat the last": (0, 1),
    "1 if the last two differ": (0, 1, 1, 0),
    "a table of three": (0, 1, 1, 0, 1, 0, 0, 0),
}
for name, table in truths.items():
    print(f"{name:26} {lengths[rules.index(table)]:2} bits")

# %% [markdown]
# ### Exercise 07.5
# Write the vote. Each model's weight is its prior times the product of the probabilities that it gave to the
# past. Beware: after a thousand symbols that product is too small for a float.

# %%
def mixture(prior, past, ahead):
    """The mixture's probability that the next symbol is 1.

    prior: (M,); past: (M, t), the probability that each model gave to each symbol that came;
    ahead: (M,), the probability that each gives to a 1 next. t may be 0, or some thousands.
    """
    ### BEGIN SOLUTION
    logs = np.log(prior) + np.log(past).sum(axis=1)
    weights = np.exp(logs - logs.max())
    return weights @ ahead / weights.sum()
    ### END SOLUTION


mixture = ex("07.5").attempt(mixture)

# %%
guess = predict(
    "07.bound",
    "The bound for a rule of 12 bits is 12 ln 2 = 8.3. What is its sum of errors, over 300 symbols?",
    low=0.01,
    high=100,
    log=True,
)

# %% [markdown]
# Now the same vote for 400 sequences at once, drawn from one rule, and its squared errors. The mixture is
# exact; the expectation is a mean over the sequences.

# %%
def errors_of_the_mixture(one, steps=300, sequences=400, seed=0):
    """Squared errors (steps, sequences), summed over both outcomes; one: (8,) the true rule."""
    rng = np.random.default_rng(seed)
    past, logs = np.zeros(sequences, int), np.log(prior)[:, None] + np.zeros(sequences)
    errors = []
    for _ in range(steps):
        weights = np.exp(logs - logs.max(axis=0))
        voted = (weights * CHANCE[:, past]).sum(axis=0) / weights.sum(axis=0)
        errors.append(2 * (one[past] - voted) ** 2)
        symbol = rng.random(sequences) < one[past]
        logs += np.log(np.where(symbol, CHANCE[:, past], 1 - CHANCE[:, past]))
        past = past // 2 + 4 * symbol
    return np.array(errors)


# The first sequence again, with the function of the exercise
one = CHANCE[rules.index(truths["repeat the last"])]
rng, past, given, slow = np.random.default_rng(0), 0, np.empty((len(rules), 0)), []
for _ in range(60):
    slow.append(2 * (one[past] - mixture(prior, given, CHANCE[:, past])) ** 2)
    symbol = rng.random(1)[0] < one[past]
    column = CHANCE[:, [past]] if symbol else 1 - CHANCE[:, [past]]
    given, past = np.hstack([given, column]), past // 2 + 4 * int(symbol)
fast = errors_of_the_mixture(one, steps=60, sequences=1)[:, 0]
print("one sequence, both ways agree:", bool(np.allclose(slow, fast, atol=1e-12)))

# %%
figure, axis = plt.subplots(figsize=(5.6, 3.3))
colours = ("blue", "green", "orange", "vermillion")
print("rule                       bits   bound   sum of errors      symbols until an error < 0.02")
for (name, table), colour in zip(truths.items(), colours, strict=True):
    m = rules.index(table)
    errors = errors_of_the_mixture(CHANCE[m])
    total, bound = errors.sum(axis=0), lengths[m] * np.log(2)
    spread = total.std(ddof=1) / np.sqrt(len(total))
    late = np.flatnonzero(errors.mean(axis=1) >= 0.02).max() + 1
    print(f"{name:26} {lengths[m]:4} {bound:7.2f}   {total.mean():.2f} ± {spread:.2f} {late:20}")
    assert total.mean() + 2 * spread < bound
    curve = errors.mean(axis=1).cumsum()
    axis.plot(np.arange(1, 301), curve, color=COLORS[colour], linestyle="-", marker="")
    axis.text(300, curve[-1] - 0.12, name, ha="right", va="top", fontsize=9)
    axis.axhline(bound, color=COLORS[colour], linestyle=":", marker="")
    axis.text(120, bound + 0.08, f"{lengths[m]} ln 2", fontsize=9)
axis.set(xlabel="symbols seen", ylabel="expected squared errors, added up", xlim=(0, 300), ylim=(0, 9.2))
show(
    figure,
    "Expected squared errors of the mixture, added up over time, for four true rules of 2, 4, 7 and "
    "12 bits (solid). Each curve levels off below its own bound, length times ln 2 (dotted). The "
    "shorter the rule, the earlier the errors end.",
)
guess.reveal(round(float(total.mean()), 1), "Close to the bound. Its expectation cannot be above it; a single sequence can.")

# %% [markdown]
# The bound is not loose: each truth uses up most of it. And it says what we wanted to know. To push the
# *average* error over n symbols below 1/100, n = 100 · l · ln 2 symbols are enough: twice the bits, twice the
# data, at worst. By analogy (not by proof; see Limits), a network of k live weights has l = b · k: weights are
# what costs data.
#
# The proof, as in lesson 01: a squared error is at most the nats that ξ loses against μ at this step (Pinsker).
# The losses of all steps add up to ln (μ(x) / ξ(x)) for the whole sequence x. And ξ ≥ w · μ, so that is at most
# ln (1 / w).
#
# **Control.** The bound needs the truth in the class. Draw from a rule that our class lacks: 1 if the last
# symbol and the *third* last differ, but with the opposite answer whenever the fourth last is 1.

# %%
def outside(steps=300, sequences=200, seed=0):
    """Errors of the mixture, added up, when the truth looks at the fourth last symbol too."""
    rng = np.random.default_rng(seed)
    past, fourth = np.zeros(sequences, int), np.zeros(sequences, int)
    logs, total = np.log(prior)[:, None] + np.zeros(sequences), 0.0
    for _ in range(steps):
        answer = (past // 4) ^ (past % 2) ^ fourth
        one = answer * (2 * KEEP - 1) + 1 - KEEP
        weights = np.exp(logs - logs.max(axis=0))
        voted = (weights * CHANCE[:, past]).sum(axis=0) / weights.sum(axis=0)
        total = total + 2 * (one - voted) ** 2
        symbol = rng.random(sequences) < one
        logs += np.log(np.where(symbol, CHANCE[:, past], 1 - CHANCE[:, past]))
        past, fourth = past // 2 + 4 * symbol, past % 2
    return total


longest = lengths.max() * np.log(2)
for steps in (100, 200, 300):
    total = outside(steps).mean()
    print(f"{steps} symbols: sum of errors {total:5.1f}, the largest bound is {longest:.1f}")
assert total > 3 * longest

# %% [markdown]
# It grows without end, in the end by about 0.3 a symbol. To say 1/2 each time would cost only 0.18: every rule
# of ours is sure of itself, so the mixture is often confidently wrong. Nobody promised anything here: no rule
# of ours sees the fourth symbol.
#
# ## Control: nothing to learn
#
# Back to the students. Give them 300 rows whose answers are noise alone, or the teacher's answers in
# shuffled order. A method that finds something here would be lying in the experiments above, too. Beside
# them stands the *constant*: the mean of the 300 answers.

# %%
guess = predict(
    "07.nothing",
    "Validation chooses the strength on shuffled answers. How many live weights are left (median)?",
    low=0,
    high=200,
)

# %%
controls = registry.find("u_curve_controls").load("quick")
some = [0, 0.0025, 0.05, 0.28, 10]
print("median test error / the constant's,           chosen by validation:")
print("answers    n·α = " + "".join(f"{strength:<8g}" for strength in some) + "quartiles        weights")
left_over = {}
for kind in ("teacher", "shuffled", "noise"):
    r = stacked([one for one in controls if one[0]["targets"] == kind])
    ratio = r["test"] / r["constant"][:, None]
    at_some = np.median(ratio, axis=0)[np.searchsorted(STRENGTHS, some)]
    low, high = np.percentile(honest(r["validation"].T, ratio.T), [25, 75])
    left_over[kind] = np.median(honest(r["validation"].T, r["nonzero"].T))
    print(f"{kind:16} " + "".join(f"{value:<8.3f}" for value in at_some)
          + f"{low:.3f} to {high:.3f} {left_over[kind]:9.0f}")  # fmt: skip
    assert kind == "teacher" or (0.99 < low and high < 1.01)
guess.reveal(left_over["shuffled"], "One live weight can act only as the bias of the output.")

# %% [markdown]
# A network with one live weight is a constant: only the bias of the output can matter alone. So on shuffled
# answers validation chooses, in effect, a constant, and gets its error. (Ours is the mean of 300 answers, a
# shade worse than the best one, so a ratio of 0.998 is possible.) Without a penalty the error is half as large
# again: the student has learnt the order of a shuffle by heart. On noise with mean 0 even that one weight
# goes, at every strength, 0 too: there it is the *pruning* that passes the control. It asks the validation
# rows, and they miss nothing. (`l0course figures u_curve_controls` draws all strengths.)
#
# **Over-regularisation** is the third control, and you have seen it: the right end of each U. At the
# strongest penalty of the live curve the student says 0 to everything, which is worse than the mean.
#
# ## Did the student find the teacher?
#
# The student predicts well. Has it found the teacher's *weights*? One cannot compare them one by one: two
# networks can be the same function in other clothes. Permute hidden neurons, or turn the sign of all
# weights of a tanh neuron: nothing changes outside. For generic tanh networks nothing else can be changed
# (Fefferman and Markel 1993).
#
# ### Exercise 07.6
# Choose one dress for all: biases positive, largest first.

# %%
def normal_layer(W, b, v):
    """Normal form of v @ tanh(W @ x + b): every b > 0, in falling order.

    W: (h, n_in), b: (h,) without zeros or ties, v: (h,); returns new (W, b, v).
    """
    ### BEGIN SOLUTION
    sign, order = np.sign(b), np.argsort(-np.abs(b))
    return (sign[:, None] * W)[order], (sign * b)[order], (sign * v)[order]
    ### END SOLUTION


normal_layer = ex("07.6").attempt(normal_layer)

# %%
rng = np.random.default_rng(0)
W, b, v = rng.normal(size=(5, 2)), rng.normal(size=5), rng.normal(size=5)
order, sign = rng.permutation(5), rng.choice([-1, 1], 5)
other = (sign[:, None] * W)[order], (sign * b)[order], (sign * v)[order]
x = rng.normal(size=2)
answers = [outgoing @ np.tanh(into @ x + bias) for into, bias, outgoing in [(W, b, v), other]]
print("same function:    ", np.isclose(*answers))
print("same weights:     ", np.allclose(W, other[0]))
forms = zip(normal_layer(W, b, v), normal_layer(*other), strict=True)
print("same normal form: ", all(np.array_equal(p, q) for p, q in forms))

# %% [markdown]
# `normal_form` does this for any depth, with zeros and ties. Now ten students with 300 rows.
# **Predict:** what will ten good students share with the teacher: its function, its weights, both?

# %% tags=["nbval-ignore-output"]
sets300 = [teacher_data(truth, 300, SIGMA, seed=s) for s in SEEDS]
graduates = learn(sets300, [0.05], **SCHEDULE)
models = [graduates.model(0, s) for s in SEEDS]
with torch.no_grad():
    gaps = [(m(square) - truth(square)).square().mean().sqrt().item() for m in models]
    height = truth(square).std().item()
empty = student(seed=0)
for p in empty.parameters():
    p.data.zero_()
length = distance(empty, truth)
away = [distance(m, truth) for m in models]  # after permutations and flips that bring them close
# A student of k live weights misses at least the teacher's 72 - k smallest, whatever the permutation.
small = torch.cat([p.detach().flatten().abs() for p in truth.parameters()]).sort().values
missed = [small[: 72 - int(k)].square().sum().sqrt().item() for k in graduates.nonzero[0]]
print(f"live weights: {np.median(graduates.nonzero):.0f} (median of ten); the teacher has 72")
print(f"answers: spread of the teacher's {height:.3f}, root mean square gap {np.median(gaps):.3f}")
print(f"weights: length of the teacher's {length:.1f}, distance to a student {np.median(away):.1f}, "
      f"under any matching at least {np.median(missed):.1f}")  # fmt: skip

# %%
print("for all ten students")
print("  gap of the answers at most a tenth of their spread:              ", max(gaps) < height / 10)
print("  distance of the weights at least half their length:             ", min(away) > length / 2)
print("  and at least a quarter of it, under any matching:               ", min(missed) > length / 4)
assert max(gaps) < height / 10 and min(away) > length / 2 and min(missed) > length / 4

# %% [markdown]
# Its function, and not its weights. Look at the best of them:

# %%
best = models[int(graduates.validation_loss[0].argmin())]
figure, axis = plt.subplots(figsize=(5, 2.4))
draw_network(normal_form(best), axis)
show(
    figure,
    "The student with the least validation error, in normal form. Each live weight between neurons is "
    "a line (solid blue positive, dashed orange negative, wider is larger; biases are not drawn); the "
    "numbers count live neurons. The teacher would need 58 lines.",
)
print("live weights, biases included, at most a third of the teacher's:", 3 * count_nonzero(best) <= 72)
assert 3 * count_nonzero(best) <= 72

# %% [markdown]
# A student of a dozen weights misses sixty of the teacher's, however they are lined up. This is no
# contradiction to Fefferman and Markel: their theorem speaks of *equal* functions. With 300 noisy rows, many
# small networks are good to within the noise, and the penalty takes one that is smaller than the teacher. It
# has not found the truth. It has found a shorter story that these data support as well.
#
# Is the trouble only that the student starts far away? **Predict:** in another experiment, teacher and student
# both have 25 and 25 neurons, and the student starts *beside* its teacher: the same 751 weights plus noise of
# 0.58 in each. It follows the gradient on 10,000 rows without noise, and its loss falls. Does it come closer
# to the teacher? (Recorded; `l0course figures l2_rebound` draws it.)

# %%
beside = next(
    result for cell, result in registry.find("l2_rebound").load("paper")
    if (cell["experiment"], cell["teacher_scale"], cell["perturbation"]) == ("A", 1.0, 0.58)
)  # fmt: skip
squared, loss = np.array(beside["distance"]), np.array(beside["test"])  # (looks, 10 runs)
print("test loss falls to a tenth or less:          ", (loss[-1] < loss[0] / 10).sum(), "of 10 runs")
risen = squared[-1] > 1.001 * squared.min(axis=0)
print("squared distance has risen again (0.1 % or more): ", risen.sum(), "of 10 runs")
print("squared distance, end / start:               ",
      " to ".join(f"{q:.3f}" for q in np.percentile(squared[-1] / squared[0], [0, 100])))  # fmt: skip

# %% [markdown]
# The loss falls by far, and the distance hardly changes; in most runs it falls and then rises again (the ℓ2
# rebound of arXiv 2509.15060). The data fix a few of the 751 directions, and the others need not come home.
#
# ## Explore
#
# **Predict first.** You triple the noise: does the student keep more weights, or fewer? And with 10 rows?
# The picture is a cut through the square at x2 = 0. Each change trains four students, now.

# %% tags=["nbval-ignore-output"]
@lru_cache(maxsize=64)
def four_students(n, sigma, strength):
    sets = [teacher_data(truth, n, sigma, seed=s) for s in range(4)]
    return sets, learn(sets, [strength], epochs=1000, finetune=400, check=50)


def cut(n, sigma, strength):
    sets, four = four_students(n, sigma, strength)
    along = torch.stack([edge, torch.zeros_like(edge)], dim=1)  # x2 = 0
    figure, axis = plt.subplots(figsize=(5.6, 3.2))
    styles = {"blue": "--", "vermillion": "-.", "green": ":", "purple": (0, (6, 1))}
    with torch.no_grad():
        axis.plot(edge, truth(along), color="black", marker="", linewidth=2.5, label="teacher")
        for s, (colour, style) in enumerate(styles.items()):
            axis.plot(edge, four.model(0, s)(along), color=COLORS[colour], linestyle=style, marker="",
                      label=f"student {s + 1}: {four.nonzero[0, s]} weights")  # fmt: skip
        x, y = sets[0].train
        on_cut = truth(x * torch.tensor([1.0, 0.0])) + y - truth(x)
    axis.plot(x[:, 0], on_cut, "o", color=COLORS["blue"], linestyle="", alpha=0.4,
              label="rows of student 1, moved onto the cut")  # fmt: skip
    axis.set(xlabel="x1 (x2 = 0)", ylabel="y", ylim=(-0.5, 1.35))
    axis.legend(loc="upper right")
    return figure


def words(n, sigma, strength):
    sets, four = four_students(n, sigma, strength)
    test = four.loss(*part_of(sets, "test")).median()
    low, high = four.nonzero.min(), four.nonzero.max()
    return (
        f"A cut through the teacher (solid) and four students, each with {n} rows of its own, noise "
        f"{sigma:g} and strength n·α = {strength:g}. They keep {low} to {high} weights; their median "
        f"test error is {test:.4f}, and the noise floor is {sigma**2:.4f}."
    )


Explore(
    cut,
    description=words,
    labels={"n": "rows n", "sigma": "noise σ", "strength": "strength n·α"},
    n=[30, 10, 100, 300],
    sigma=(0.02, 0.3, 0.02, 0.08),
    strength=[0.05, 0.0, 0.0025, 0.01, 0.2, 1.0, 5.0],
)

# %% [markdown]
# With strength 0 the four disagree wherever they have no rows. With 0.05 they agree, and with the teacher.
# With noise 0.3, strength 0.05 is too weak, and 1 is better: the right strength grows with σ² (exercise
# 07.4).
#
# ## Quiz

# %%
quiz(
    "07",
    [
        Question(
            "A student has a training error of 0.0005 on rows with noise of variance 0.0064. It ...",
            (
                "is excellent: the nearer to 0, the better",
                "has too few weights",
                "has fitted the noise",
            ),
            answer=2,
            why="Even the teacher itself has a training error of about 0.0064. Whoever is far below "
            "has bent to the noise, and pays for it on other rows.",
        ),
        Question(
            "You have ten times more rows, and the same noise. In α (not n·α), the strength that "
            "description length asks for with fixed b becomes ...",
            (
                "ten times smaller",
                "ten times as large",
                "the same",
            ),
            answer=0,
            why="α* = 2σ² ln 2 · b / n. A weight costs the same bits, and saves a little on each of "
            "ten times more rows.",
        ),
        Question(
            "Give all 278 rules the same prior weight, 1/278. Then ...",
            (
                "all are learnt faster, for no rule has to wait",
                "long rules gain by it, short ones lose",
                "the bound no longer holds",
            ),
            answer=1,
            why="The bound is ln (1 / w), here ln 278 = 5.6 for each. A prior is a bet: favouring short "
            "rules is good if the world has them.",
        ),
    ],
)

# %% [markdown]
# ## What to take away
# 1. Test error against the strength is a U when data are few, and loses its left side when they are many.
# 2. Choose on validation rows, judge on test rows, compare in pairs.
# 3. Description length predicts n·α = 2σ² ln 2 · b. What the data can fix of a weight is about ½ log2 n
#    bits, not 32.
# 4. A short truth can be learnt from few data: the total squared error is at most l · ln 2.
# 5. Students can recover the teacher's function, and not its weights.
#
# **Limits.** One teacher, two inputs, and its surface is nearly a plane. Early stopping is a rival that
# costs nothing. Validation had 1,000 rows, more than the student at n = 30 has for learning; who has them
# would train on them. σ was known. And Solomonoff's bound holds for the mixture of a class that contains the
# truth; that a penalised network behaves alike is an analogy, not a theorem.
#
# **What would change our mind.** Shuffled answers on which a validated student beats the constant; or
# a pruned student at 30 rows that loses to its free twin on most seeds.
#
# ## Read more
# - *Efficient compression of neural networks and datasets* (arXiv 2505.17469). Look for the test loss
#   against the strength, and ask on which data the plotted epoch was chosen.
# - *Probabilistic and nonlinear compressive sensing* (arXiv 2509.15060). Look at what the students
#   recover, and what they do not.
# - Barron and Cover, *Minimum complexity density estimation* (IEEE Transactions on Information Theory
#   1991). Look for the index of resolvability: the best sum of misfit and bits per row. It bounds the risk.
#
# ## From equations to code
# | In words | Formula | Code |
# |---|---|---|
# | noisy answers | y = teacher(x) + σε | `teacher_data(teacher(), n, sigma, seed=)` |
# | many students | MSE + α Σ (1 − exp(−β abs(w))) | `train_many(widths, x, y, validation=, alphas=, seeds=)` |
# | bits per row, σ learnt | r² / (2σ² ln 2) + ½ log2(2πσ²) | `teacher_student.gaussian_loss` |
# | the price of a weight | α* = 2σ² ln 2 · b / n | `mdl_alpha(sigma, b, n)` |
# | one network a class | biases positive, falling | `symmetry.normal_form(model)` |

# %% [markdown] tags=["teacher"]
# ## Teacher's note
# **15 minutes:** cold open, the live curve, the recorded figure. **50 minutes:** add 07.2, 07.4 and the
# section on the minimum. **90 minutes:** add the bound with 07.5, or the recovery with 07.6; not both.
#
# **Misconceptions.** (1) "More weights than rows means overfitting." Not by itself: a student that stops
# early has 751 weights and does well with 300 rows. (2) "The minimum of the curve is what I will get."
# Nobody can choose with test data; 07.2 measures what is left. (3) "MDL minimises the test error." It
# minimises code length. The two are close and not the same, and the table shows by how much. (4) "A good
# fit means that the mechanism was found." Ten good students have ten sets of weights.
#
# **Discussion.** *Is it fair to use 1,000 validation rows for a student with 30?* No, but it is the same for
# all methods, and the bits need none. *Why do the live weights scatter so much with 2,000 rows?* The valley
# is flat, so luck chooses. *What would b be if weights were sent as signs only?* 1 bit, and the strength
# falls 32 times.
#
# **On slow machines** halve `epochs` in `SCHEDULE`. With 30 rows the free student then has less time to learn
# the noise, so the left side of the U is lower, and the first assert on halves may fail. Say why.
