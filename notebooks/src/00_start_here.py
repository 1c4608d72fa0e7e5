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
# # 00 · Start here: most of a network is not needed
#
# **Claim.** A network that reads handwritten digits can lose more than nineteen in twenty of its
# weights and read about as well as before. *Evidence:* three networks, trained and compressed here,
# now, judged on digits that they have never seen. *Control:* the same number of weights, chosen at
# random and trained as long, does much worse.
#
# **You will be able to**
# - run a lesson: cells, checks, hints, predictions and `Explore`;
# - compress a network with one call, and read its report;
# - compute a compression rate, and say what it leaves out;
# - find your way through the course.
#
# **You need** a little Python and NumPy. **Time:** 20 minutes of reading, 20 of doing, {{running}} of
# running. If something does not work, run `.venv/bin/l0course doctor` in a terminal.
#
# Press **Shift + Enter** to run a cell and move to the next.

# %%
import time
from copy import deepcopy

import matplotlib.pyplot as plt
import numpy as np
import torch

from l0course import (
    DRR,
    MLP,
    Masks,
    compress,
    count_nonzero,
    error_rate,
    magnitude_prune,
    prune_dead,
    support_bits,
)
from l0course.datasets import digits
from l0course.figures.network import draw_network
from l0course.figures.style import COLORS, show, use_style
from l0course.learn import Explore, Question, ex, predict, progress_map, quiz

use_style()

# %% [markdown]
# ## The digits
#
# 1,797 handwritten digits, 8 × 8 pixels each. We train on 1,097 of them, choose on 300 (a threshold, the
# best epoch), and judge on 400 that are held out until the end.

# %%
split = digits(seed=0)
figure, axes = plt.subplots(2, 8, figsize=(6.4, 1.9))
for axis, image, label in zip(axes.flat, split.x_test, split.y_test, strict=False):
    axis.imshow(image.reshape(8, 8), cmap="gray_r")
    axis.set_title(int(label), fontsize=9)
    axis.axis("off")
show(figure, "Sixteen of the held-out digits with their labels: small, rough, 64 numbers each.")

# %% [markdown]
# Our network has 64 inputs, two hidden layers of 300 and 100 neurons, and 10 outputs: 50,610
# numbers that training can change. Far more than there are images.
#
# **Before you run on, make a guess.** It is recorded on your machine only, and drawn over the answer.

# %%
guess = predict(
    "00.how-small",
    "How many times smaller will it get, and lose at most one percentage point of accuracy?",
    low=1,
    high=1000,
    log=True,
    unit="times",
)

# %% [markdown]
# First the dense network. This loop is all that training is: look at 50 images, ask in which
# direction each weight should move, move it a little. One round over all images is an *epoch*. (For
# later: to *prune* a weight is to set it to zero, and a *mask* keeps it there.)

# %%
def train(model, x, y, epochs, masks=None):
    """Plain training with Adam; the learning rate falls to zero."""
    optimiser = torch.optim.Adam(model.parameters(), lr=5e-3, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs)
    generator = torch.Generator().manual_seed(0)
    for _ in range(epochs):
        for rows in torch.randperm(len(x), generator=generator).split(50):
            loss = torch.nn.functional.cross_entropy(model(x[rows]), y[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            if masks is not None:
                masks.apply(model)
        schedule.step()
    return model


# %% [markdown]
# Now compress. `compress` trains with a penalty on the number of weights (DRR, lesson 04), removes
# the weights that the validation data do not miss (TAMADE, lesson 05), and fine-tunes what is left:
# it trains on, without the penalty. `alpha` is the price of a weight; `tolerance` is the share by which the
# validation loss may rise when weights go. We do it three times, with other random numbers, to see
# whether it was luck.

# %% tags=["nbval-ignore-output"]
start = time.perf_counter()
dense, small, dense_errors, small_errors = [], [], [], []
for seed in range(3):
    split = digits(seed=seed)
    dense.append(train(MLP((64, 300, 100, 10), seed=seed), *split.train, epochs=60))
    small.append(
        compress(
            MLP((64, 300, 100, 10), seed=seed),
            split.train,
            split.validation,
            DRR(alpha=5e-4),
            regularize=60,
            finetune=20,
            tolerance=0.1,
            lr=5e-3,
            batch_size=50,
            seed=seed,
            progress=False,
        )
    )
    dense_errors.append(100 * error_rate(dense[-1], split.test))
    small_errors.append(100 * error_rate(small[-1].model, split.test))
    print(
        f"seed {seed}: {small[-1].compression_rate:3.0f} times smaller, "
        f"test error {dense_errors[-1]:.2f} % dense, {small_errors[-1]:.2f} % compressed"
    )
seconds = time.perf_counter() - start
print(f"{seconds:.0f} seconds for three dense and three compressed networks")
print()
print(small[0].report())

# %%
rates = [one.compression_rate for one in small]
lost = np.median(np.subtract(small_errors, dense_errors))
print("at least 20 times smaller (median of 3):", np.median(rates) >= 20)
print("at most one percentage point lost (median of 3):", lost <= 1)
assert np.median(rates) >= 20 and lost <= 1

# %% tags=["nbval-ignore-output"]
guess.reveal(
    round(np.median(rates)),
    "Nothing here was tuned for a record: lesson 04 goes further.",
)

# %% [markdown]
# The report's words: weights below the *threshold* were set to zero, and TAMADE tried a few thresholds
# (*evaluations*) to find it. *Dead* weights are left over on dead ends: nothing comes in, or nothing goes
# out. They cannot matter, however large they are. Both are the subject of lesson 05.
#
# ## What is left?
#
# Here is the compressed network, every surviving weight of it. The dense one would be a solid block
# of ink.

# %% tags=["signature"]
model = small[0].model
figure, (left, right) = plt.subplots(
    1, 2, figsize=(8.6, 3.9), width_ratios=[1, 2.1], layout="constrained"
)
looked_at = (model[0].weight != 0).sum(dim=0).reshape(8, 8)
image = left.imshow(looked_at, cmap="cividis")
left.set(title="live weights on each pixel", xlabel="column", ylabel="row")
left.grid(False)
figure.colorbar(image, ax=left, shrink=0.75, label="number of weights")
draw_network(model, right)
right.set_title("64 pixels  →  300  →  100  →  10 digits", pad=14)
show(
    figure,
    "Left: how many live weights look at each pixel; hardly any look at the left and right margins, "
    "which are white in nearly all digits. Right: every live weight (solid blue positive, dashed "
    "orange negative). The numbers on top count the neurons that have a live weight.",
)

# %% [markdown]
# Nobody told the network which pixels matter. The penalty asked of each weight: *do you pay for
# yourself?* The weights on the empty margin did not.
#
# ## Checks, hints, solutions
#
# Every lesson has exercises. You write a function, and the check below it says one of four things.
# Here are three of them, on exercise 00.1, which comes next:

# %%
def mean_rate(tensors):
    return np.mean([t.size / max(1, np.count_nonzero(t)) for t in tensors])


def crash(tensors):
    return tensors.size


def not_yet(tensors):
    raise NotImplementedError


for try_this in (not_yet, mean_rate, crash):
    ex("00.1").attempt(try_this)

# %% [markdown]
# The fourth verdict is yours to find. `ex("00.1").hint()` gives a hint, a stronger one each time,
# and `ex("00.1").solution()` the answer. Both are also folded below each exercise. If you skip one,
# the lesson goes on with our solution, so "Run All" always works.
#
# ### Exercise 00.1
# Write the *compression rate*: all entries of all tensors, divided by those that are not zero.

# %%
def rate(tensors):
    """Compression rate of a list of arrays of any shapes; at least one entry is not 0."""
    ### BEGIN SOLUTION
    return sum(t.size for t in tensors) / sum(np.count_nonzero(t) for t in tensors)
    ### END SOLUTION


rate = ex("00.1").attempt(rate)

# %% [markdown]
# ### Exercise 00.2
# How do weights get to zero? The simplest way: drop the small ones.

# %%
def prune(theta, t):
    """A copy of theta, an array of any shape, with the entries |theta| < t set to 0."""
    ### BEGIN SOLUTION
    return np.where(np.abs(theta) < t, 0.0, theta)
    ### END SOLUTION


prune = ex("00.2").attempt(prune)

# %% [markdown]
# ## Explore: drag the threshold
#
# An `Explore` has sliders (click one and use the arrow keys, if you like). **Predict first:** take
# the *dense* network, trained without a penalty, and drop its small weights. How far can you go
# before it reads badly? And the one trained with the penalty?

# %%
split = digits(seed=0)
penalised = compress(
    MLP((64, 300, 100, 10), seed=0), split.train, split.validation, DRR(alpha=5e-4),
    regularize=60, finetune=0, tolerance=0, lr=5e-3, batch_size=50, progress=False,
).model  # fmt: skip
curves = {}
for name, network in [("dense", dense[0]), ("with penalty", penalised)]:
    flat = torch.cat([p.detach().flatten() for p in network.parameters()]).abs()
    kept, errors, thresholds = [], [], np.logspace(-4, 0.3, 44)
    for t in thresholds:
        pruned = deepcopy(network)
        magnitude_prune(pruned, float(t))
        kept.append(int((flat >= t).sum()))
        errors.append(100 * error_rate(pruned, split.validation))
    curves[name] = (thresholds, kept, errors)


def drag(network, log_threshold):
    thresholds, kept, errors = curves[network]
    at = int(np.abs(np.log10(thresholds) - log_threshold).argmin())
    figure, (top, bottom) = plt.subplots(2, 1, figsize=(6.4, 4.2), sharex=True)
    for axis, values, label in [(top, kept, "weights left"), (bottom, errors, "error (%)")]:
        for name, line in [("dense", "--"), ("with penalty", "-")]:
            chosen = name == network
            axis.plot(
                curves[name][0],
                curves[name][1 if axis is top else 2],
                color=COLORS["vermillion"] if name == "dense" else COLORS["blue"],
                linestyle=line,
                marker="",
                linewidth=2.6 if chosen else 1.2,
                label=name,
            )
        axis.plot(thresholds[at], values[at], "o", color="black", markersize=8)
        axis.set(xscale="log", ylabel=label)
    top.set_yscale("log")
    top.legend(loc="lower left")
    top.set_title(f"{network}: {kept[at]:,} weights left, {errors[at]:.1f} % errors")
    bottom.set(xlabel="threshold")
    return figure


def words(network, log_threshold):
    thresholds, kept, errors = curves[network]
    at = int(np.abs(np.log10(thresholds) - log_threshold).argmin())
    return (
        "Weights left (top) and validation error (bottom) against the threshold, dense (dashed) and "
        "with the penalty (solid): a plateau, then a cliff. "
        f"At {thresholds[at]:.2g} the network ({network}) keeps {kept[at]:,} weights and makes "
        f"{errors[at]:.1f} % errors."
    )


Explore(
    drag,
    description=words,
    labels={"network": "network", "log_threshold": "log10 of threshold"},
    network=["dense", "with penalty"],
    log_threshold=(-4.0, 0.3, 0.1, -1.0),
)

# %% [markdown]
# Both networks have a plateau, where dropping weights does no harm, and a cliff. But at the edge of
# its cliff the dense network still has many times more weights. A penalty during training does not
# just find small weights: it *makes* the network one that needs few.
#
# ## How many bits is that?
#
# A rate counts weights. A file is made of bits, and it must also say *where* the surviving weights
# belong.
#
# ### Exercise 00.3
# A model has n weights, k of them alive, and each live value takes 32 bits. To say which k of the n live
# takes `support_bits(n, k)` bits. How many bits in all?

# %%
def sparse_bits(n, k):
    """Bits of k values of 32 bits, and of their positions among n. support_bits(n, k) helps."""
    ### BEGIN SOLUTION
    return 32 * k + support_bits(n, k)
    ### END SOLUTION


sparse_bits = ex("00.3").attempt(sparse_bits)
print(f"dense:                      {32 * 50_610 / 8:9,.0f} bytes")
print(f"1,000 weights, values only: {32 * 1_000 / 8:9,.0f} bytes")
print(f"1,000 weights, honestly:    {sparse_bits(50_610, 1_000) / 8:9,.0f} bytes")

# %% [markdown]
# ### Exercise 00.4
# A network became 40 times smaller. Which share of its weights was removed? Give a number.

# %%
### BEGIN SOLUTION
removed = 1 - 1 / 40
### END SOLUTION
removed = ex("00.4").attempt(removed)

# %% [markdown]
# ## Control: is it the number, or the choice?
#
# Perhaps *any* few weights would do, if they are trained long enough? Two rivals with as many weights,
# trained for as many epochs as the whole compression took:
#
# - **random:** the same number of weights in each layer, chosen by lot. This must do worse, or our
#   choice of weights was worth nothing.
# - **small and dense:** one hidden layer, just wide enough for the same number of weights.

# %%
guess = predict(
    "00.random-weights",
    "The compressed networks misread about 3 % of the test digits. And the random ones?",
    low=0,
    high=50,
    unit="%",
)

# %% tags=["nbval-ignore-output"]
random_errors, narrow_errors, dead_ends = [], [], []
for seed in range(3):
    split, generator = digits(seed=seed), torch.Generator().manual_seed(seed)
    masks = Masks(
        {
            name: mask.flatten()[torch.randperm(mask.numel(), generator=generator)].view_as(mask)
            for name, mask in small[seed].masks.items()
        }
    )
    chosen_at_random = MLP((64, 300, 100, 10), seed=seed)
    masks.apply(chosen_at_random)
    live = count_nonzero(chosen_at_random)
    dead_ends.append(prune_dead(deepcopy(chosen_at_random), split.x_train[:50]) / live)
    train(chosen_at_random, *split.train, epochs=85, masks=masks)
    random_errors.append(100 * error_rate(chosen_at_random, split.test))
    narrow = MLP((64, (live - 10) // 75, 10), seed=seed)  # 75 weights for each hidden neuron
    train(narrow, *split.train, epochs=85)
    narrow_errors.append(100 * error_rate(narrow, split.test))
print(f"share of the random weights that lie on dead ends: {np.median(dead_ends):.0%}")
guess.reveal(round(float(np.median(random_errors)), 1), "The median of three networks.")

# %% tags=["nbval-ignore-output"]
figure, axis = plt.subplots(figsize=(6.4, 2.8))
rows = {
    "dense": dense_errors,
    "compressed": small_errors,
    "as many, small and dense": narrow_errors,
    "as many, random": random_errors,
}
for y, errors in enumerate(rows.values()):
    axis.plot(errors, [y] * 3, "o", markersize=9, alpha=0.8, linestyle="", markevery=1)
    axis.plot(np.median(errors), y, "|", color="black", markersize=24, markeredgewidth=2)
axis.set(yticks=range(4), yticklabels=list(rows), xlabel="test error (%)", ylim=(3.5, -0.5), xlim=0)
show(
    figure,
    "Test error of three networks each (dots) and their median (bar). The compressed ones are about "
    "level with the dense ones. A small dense network with as many weights comes close; random "
    "weights are far worse, so it is the choice of weights that matters.",
)

# %%
print("random weights do worse in every run:", bool(np.all(np.array(random_errors) > small_errors)))
print("median gap of at least 2 points:", np.median(np.subtract(random_errors, small_errors)) >= 2)
assert np.all(np.array(random_errors) > small_errors)

# %% [markdown]
# Choosing includes connecting: a good part of the random weights lies on dead ends. The small dense
# network is a serious rival here. But to build it we had to know the right size beforehand, and it was
# the compression that told us.
#
# ## Quiz

# %%
quiz(
    "00",
    [
        Question(
            "The dense network and the compressed one were compared on ...",
            (
                "the training digits",
                "digits that played no part in training or choices",
                "the validation digits, on which the threshold was chosen",
            ),
            answer=1,
            why="The threshold and the epoch were chosen on validation data, so these are a little "
            "flattering. Only the test digits are fair.",
        ),
        Question(
            "Why three seeds?",
            (
                "To see how much of the result is luck",
                "To make the network better by averaging",
                "Because a network needs three starts",
            ),
            answer=0,
            why="With 400 test digits, one digit more or less is 0.25 points, and training is "
            "random. One run could be lucky.",
        ),
        Question(
            "Pruned to as few weights as the compressed one, the dense network fails because ...",
            (
                "its weights are larger, and large ones hurt more",
                "magnitude says nothing about importance",
                "its work is spread over many weights",
            ),
            answer=2,
            why="Without a penalty there is no reason to concentrate. Magnitude does say something "
            "(there is a plateau), but the cliff comes much earlier.",
        ),
    ],
)

# %% [markdown]
# ## The map
#
# | | Lesson | You will see |
# |---|---|---|
# | 00 | [Start here](00_start_here.ipynb) | most of a network is not needed |
# | 01 | [Description length](01_description_length.ipynb) | learning is coding: bits of model plus bits of data |
# | 02 | [ℓ0 against ℓ1](02_l0_vs_l1.ipynb) | counting is not shrinking |
# | 03 | [PMMP](03_pmmp.ipynb) | exact gradients for a yes-or-no choice, without sampling |
# | 04 | [DRR and relaxed ℓ1](04_smooth_l0.ipynb) | a smooth count, and how to undo a bias |
# | 05 | [TAMADE and dead weights](05_thresholds.ipynb) | from small to zero |
# | 06 | [Compress a classifier](06_compress_a_classifier.ipynb) | a real file, measured in bytes |
# | 07 | [Sample efficiency](07_sample_efficiency.ipynb) | how many weights do your data deserve? |
# | 08 | [Compressing text](08_compress_text.ipynb) | a transformer against LZMA2 |
# | 09 | [Lottery tickets](09_lottery_tickets.ipynb) | a network inside a random one |
# | 10 | [Universal compression](10_universal_compression.ipynb) | few points that act like many |
# | 11 | [Capstone](11_capstone.ipynb) | compress a model that you care about |
#
# Short of time: 00, 02, 04, 06. For the theory: 01, 03, 07. Symbols, terms, and where each equation of the
# papers stands in the code: [notation](reference/notation.md), [glossary](reference/glossary.md),
# [equations](reference/equations.md). Your own progress, from the file on your machine:

# %% tags=["nbval-ignore-output"]
progress_map()

# %% [markdown]
# ## What to take away
# 1. A trained network usually needs a small part of its weights.
# 2. A penalty in training, then a threshold, then fine-tuning: that is the pattern of this course.
# 3. Say what you count: weights, bits, or bytes. Say on which data.
# 4. A control that must fail tells you whether the method did it.
#
# **Limits.** These digits are small and easy, and 400 test digits are few: one digit is 0.25 points. On
# such data a network of the right size from the start comes close. "How do I know the right size?" is
# where compression begins.
#
# **What would change our mind.** Random weights that read as well as the chosen ones.
#
# ## Read more
# - LeCun, Denker and Solla, *Optimal brain damage* (1990). Look at how old the question is.
# - *Efficient compression of neural networks and datasets* (arXiv 2505.17469). The paper that half of
#   this course is about: look at the list of methods.
# - Rissanen, *Modeling by shortest data description* (1978). Look at the first page only.
#
# ## From words to code
# | In words | Code |
# |---|---|
# | a smooth count of weights as a penalty | `DRR(alpha, beta)` |
# | train, prune, fine-tune | `compress(model, train, validation, regularizer)` |
# | all weights / live weights | `compression_rate(model)` |
# | bits of the positions | `support_bits(n, k)` |

# %% [markdown] tags=["teacher"]
# ## Teacher's note
# **Before class:** run `make lab` once on the room's machines (it downloads packages), and
# `l0course doctor`. **15 minutes:** cold open and the picture of the weights; take guesses by show of
# hands. **50 minutes:** everything up to the control. **90 minutes:** add the quiz, and let each group
# change one thing (alpha, the widths, the tolerance) and report.
#
# **Misconceptions.** (1) "40 times smaller means 40 times faster." Zeros in a dense matrix cost as
# much time as other numbers; the course says each time what it counts. (2) "The small network was
# inside the dense one." It was not found in it: the penalty shaped it during training. Lesson 09 takes
# up the other question. (3) "Compression costs accuracy." On small data it often helps: lesson 07.
#
# **Discussion.** *Is the control fair?* It gets the same number of weights in each layer and as many
# epochs. It does not get a second chance to choose. *How would you choose better without a penalty?*
# Prune the dense network step by step and retrain; good, and costs more training.
