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
# # 01 · Description length: learning as coding
#
# **Claim.** To learn from data is to be able to send them in fewer bits. *Phenomenon:* a rule that was found
# makes the file shorter, even if the rule must be in the file too; a rule that costs more than it saves makes it
# longer. *Evidence:* real files, written and read back here, and a bound checked on every sequence of 16 flags.
# *Control:* shuffled labels, in which there is nothing to learn, must not get shorter.
#
# **You will be able to**
# - turn probabilities into bits, and bits into a file that can be read back;
# - read a squared error as a code length, and say what σ does;
# - price a weight: its value, its place, and the number of bits that is best for it;
# - compare a code that sends the model with one that learns along, and say which is shorter and why;
# - prove that a simple truth is learnt from few data, and check the proof by enumeration.
#
# **You need** lesson 00, logarithms, and a little probability. **Time:** 50 minutes of reading, 55 of doing,
# {{running}} of running.

# %%
import contextlib
import io
import itertools
import lzma
import os

import matplotlib.pyplot as plt
import numpy as np
from scipy.special import ndtr
from sklearn.datasets import load_diabetes, load_digits

from l0course import best_subsets, gaussian_bits, mdl_alpha, support_bits
from l0course.codec.range_coder import ONE, Coder, Reader
from l0course.codelength import label_bits
from l0course.figures.style import COLORS, show, use_style
from l0course.learn import Explore, Question, ex, predict, quiz

use_style()

# %% [markdown]
# ## A file without a model
#
# Ann and Bob have the same 1,797 images of handwritten digits. Ann also has the labels: 4, 0, 7, ... Bob
# needs them, so she sends him a file. They may agree on a program beforehand, but no label may be in it.
#
# To say which of ten digits takes log2 10 = 3.3 bits, so all labels take 746 bytes.

# %%
images, labels = load_digits(return_X_y=True)  # (1797, 64) whole numbers from 0 to 16, and (1797,)
order = np.random.default_rng(0).permutation(len(labels))  # so that the order says nothing
images, labels = images[order].astype(int), labels[order]
n = len(labels)
squares = np.square(images).sum(axis=1)
distance = squares[:, None] + squares - 2 * images @ images.T  # squared, (n, n)
print(f"{n * np.log2(10) / 8:.0f} bytes at {np.log2(10):.2f} bits a label")

# %%
guess = predict(
    "01.labels",
    "How many bytes does Ann's file have?",
    low=1,
    high=1000,
    log=True,
    unit="bytes",
)

# %% [markdown]
# Here is the program. For each image, all images *before* it vote for their own labels, the similar ones loudly.
# That gives ten probabilities. A *range coder* then writes the label: a likely one takes little room, an unlikely
# one much. How little we shall see soon.

# %%
def whole(p):
    """Probabilities as whole parts of ONE (2^20), none of them 0: what the range coder takes."""
    parts = 1 + np.floor(p / p.sum() * (ONE - len(p))).astype(int)
    parts[parts.argmax()] += ONE - parts.sum()
    return parts


def vote(known):
    """Probabilities of the next label, when the labels before it are known."""
    loudness = np.exp(-distance[len(known), : len(known)] / 100)
    return np.bincount(known, weights=loudness, minlength=10) + 1e-5


def code_labels(coder, predictor, given=None):
    """One label after the other. Ann gives them; for Bob, given is None, and the coder reads."""
    known = np.zeros(0, dtype=int)
    for t in range(n):
        mine = None if given is None else given[t : t + 1]
        known = np.append(known, coder.symbols(whole(predictor(known)), 1, mine))
    return known


ann = Coder()
code_labels(ann, vote, labels)
file = ann.code()
print(len(file), "bytes:", file[:12].hex(" "), "...")

# %% [markdown]
# And Bob? His program is the same. It reads the first label, and now he knows it too. So he can let it vote on the
# second.

# %%
bob = code_labels(Reader(file), vote)
print("Bob has all 1,797 labels:", np.array_equal(bob, labels))
assert np.array_equal(bob, labels) and len(file) < 50
guess.reveal(
    len(file),
    "No weights were sent. Bob learns as he reads, and what he can predict need not be sent.",
)

# %% [markdown]
# That is the whole idea of this lesson. **What you can predict, you need not send.** This file is short because
# Bob learns fast.
#
# One thing must be said: I chose the 100 and the 0.00001 with a look at these labels. Ann should add them to the
# file: two numbers, two bytes or so. Whatever is fitted to the data has to be paid for.
#
# ## What a bit is
#
# Take a simpler message: 1,797 flags, 1 if the digit is a one, else 0. Ann and Bob agree that a 1 has probability
# q. An event of probability p costs −log2 p bits. Why? Who fixes the first B bits of a file leaves a share 2^−B of
# all files. An event may take the share p, so it fixes B = −log2 p bits. A coin flip (p = ½) costs 1 bit, and one
# chance in a thousand costs 10. Probabilities of independent events multiply, so bits add.
#
# ### Exercise 01.1
# How many bits does a row of flags take?

# %%
def flag_bits(x, q):
    """Bits of the flags x, an array (n,) of 0 and 1, if a 1 has probability q, 0 < q < 1."""
    ### BEGIN SOLUTION
    ones = np.count_nonzero(x)
    return -ones * np.log2(q) - (len(x) - ones) * np.log2(1 - q)
    ### END SOLUTION


flag_bits = ex("01.1").attempt(flag_bits)

# %% [markdown]
# Now real files for eleven values of q, each read back, beside your formula. **Predict:** which q gives the
# shortest file? What does it cost to be wrong, and is it worse to say too much or too little?

# %%
flags = (labels == 1).astype(int)
share = flags.mean()
grid = np.linspace(0.005, 0.6, 120)
tried = [0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6]
sizes = []
for q in tried:
    p, ann = np.array([ONE - round(q * ONE), round(q * ONE)]), Coder()
    ann.symbols(p, n, flags)
    sizes.append(len(ann.code()))
    assert np.array_equal(Reader(ann.code()).symbols(p, n), flags)
    assert abs(sizes[-1] - flag_bits(flags, q) / 8) < 2
figure, axis = plt.subplots(figsize=(6.4, 3.0))
axis.plot(grid, [flag_bits(flags, q) / 8 for q in grid], color=COLORS["blue"], marker="",
          label="your formula")  # fmt: skip
axis.plot(tried, sizes, "o", color=COLORS["vermillion"], linestyle="", label="real files")
axis.axvline(share, color="0.4", linestyle=":", marker="", label="share of ones")
axis.set(xlabel="q, the probability that was agreed on", ylabel="bytes", ylim=(0, None))
axis.legend()
show(
    figure,
    "Size of the file with 1,797 flags against the probability q that the code was made for. The real files "
    "lie on the formula, to within two bytes. The shortest is at the true share of ones, and the line rises "
    "faster on the side of too small a q.",
)

# %%
for q in (share - 0.09, share, share + 0.09, 0.5):
    print(f"q = {q:.3f}: {flag_bits(flags, q) / 8:5.1f} bytes")
assert flag_bits(flags, share - 0.09) > flag_bits(flags, share + 0.09)

# %% [markdown]
# The code is shortest if q is the true share. So *the length of the file tells which model fits*. And at the same
# distance from the truth, a q near 0 costs more than one near ½: who says "hardly ever" pays for every exception.
#
# ## Who tells Bob q?
#
# Bob does not know the share of ones. There are two honest ways.
#
# - **Two parts.** Send q first, to b bits, then the flags. First the model, then the data.
# - **Learn along** (*prequential*: sequential prediction). Send nothing. Before each flag both compute
#   q = (ones so far + ½) / (flags so far + 1).
#
# ### Exercise 01.2
# How many bits does the second way take?

# %%
def learn_along(x):
    """Bits of the flags x, (n,), each coded with its probability given those before it.

    The probability of a 1 is (ones before + 1/2) / (flags before + 1), that of a 0 likewise.
    """
    ### BEGIN SOLUTION
    bits, seen = 0.0, [0, 0]
    for t, flag in enumerate(x):
        bits -= np.log2((seen[flag] + 0.5) / (t + 1))
        seen[flag] += 1
    return bits
    ### END SOLUTION


learn_along = ex("01.2").attempt(learn_along)

# %% [markdown]
# **Predict:** how many bits for q are best: 32, as in a computer? Is learning along shorter or longer?

# %%
hindsight = flag_bits(flags, share)
print(f"if Bob knew the share of ones: {hindsight:.1f} bits")
for b in (2, 4, 5, 6, 8, 16, 32):
    q = (np.floor(share * 2**b) + 0.5) / 2**b  # the middle of one of 2^b cells
    print(f"two parts, q in {b:2} bits: {b + flag_bits(flags, q) - hindsight:6.1f} bits more")
print(f"learn along:            {learn_along(flags) - hindsight:6.1f} bits more")
print(f"  in the first 42 flags {learn_along(flags[:42]) - flag_bits(flags[:42], share):6.1f}")
print(f"half of log2 n:         {np.log2(n) / 2:6.1f}")

# %% [markdown]
# Four to six bits do, and 32 would waste most of them. For 1,797 flags the share is only known to about 1/√n
# anyway. Finer than that is noise, and noise need not be sent. To say which of √n steps takes log2 √n = ½ log2
# n bits: the price of *one number that n data points can teach*. Learning along pays about the same price, and
# half of it in the first √n = 42 flags, while its guess is bad. This number comes back for weights.
#
# ## Squared error in bits
#
# Now numbers. 442 diabetes patients, 10 measurements each, and the progress of the disease one year later: a whole
# number from 25 to 346. Both have the measurements; Ann sends the answers. On all rows, least squares
# with ten columns explains about half of the variance.

# %%
table = load_diabetes(scaled=False)
Z = (table.data - table.data.mean(axis=0)) / table.data.std(axis=0)  # (442, 10); Bob can do the same
y = table.target.astype(int)
rows = len(y)
w_all = np.linalg.lstsq(Z, y - y.mean(), rcond=None)[0]
mse_0, mse_10 = y.var(), np.square(y - y.mean() - Z @ w_all).mean()
print(f"variance {mse_0:.0f}, mean squared error with ten columns {mse_10:.0f}: "
      f"{1 - mse_10 / mse_0:.0%} explained")  # fmt: skip

# %%
guess = predict(
    "01.half-explained",
    "By how much do the ten columns shorten the file (weights, mean and σ for free, for now)?",
    low=0,
    high=100,
    unit="%",
)

# %% [markdown]
# We need a code for numbers. Take a Gaussian around the prediction, with standard deviation σ. The answers are
# whole numbers, so the probability of one of them is about the density there: exp(−r² / (2σ²)) / (σ √(2π)) for the
# residual r = answer − prediction. The mean of −log2 of it depends on two things: σ, and the mean squared error
# (MSE).
#
# ### Exercise 01.3
# Which function?

# %%
def bits_per_row(mse, sigma):
    """Mean of -log2 of the Gaussian density (mean 0, deviation sigma) at residuals with this MSE."""
    ### BEGIN SOLUTION
    return mse / (2 * sigma**2 * np.log(2)) + np.log2(sigma * np.sqrt(2 * np.pi))
    ### END SOLUTION


bits_per_row = ex("01.3").attempt(bits_per_row)

# %%
without, ten = bits_per_row(mse_0, np.sqrt(mse_0)), bits_per_row(mse_10, np.sqrt(mse_10))
print(f"no column: {without:.2f} bits a row, {rows * without / 8:.0f} bytes")
print(f"ten:       {ten:.2f} bits a row, {rows * ten / 8:.0f} bytes")
guess.reveal(
    round(100 * (1 - ten / without), 1),
    "Half of the variance, but only some bits of each row. Most of the file is noise, and stays.",
)

# %% [markdown]
# So, for a given σ, *minimising squared error is minimising code length*. That is why the course may add squared
# errors and weights: both are bits. And σ is the rate of exchange: one unit of MSE costs
# 1 / (2σ² ln 2) bits a row.
#
# ## Explore: drag σ
#
# **Predict first:** σ is twice too small, or twice too large. Which costs more? And if you know only one
# column, should σ be larger or smaller than with ten?

# %%
fits = {"no column": np.full(rows, y.mean()), "ten columns": y.mean() + Z @ w_all}
fits["one column (bmi)"] = y.mean() + Z[:, 2] * (Z[:, 2] @ (y - y.mean()) / rows)


def drag(model, log_sigma):
    r, sigma = y - fits[model], 2.0**log_sigma
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.4, 3.2))
    left.hist(r, bins=np.arange(-200, 201, 20), density=True, color=COLORS["sky"], label="residuals")
    at = np.linspace(-200, 200, 401)
    left.plot(at, np.exp(-np.square(at / sigma) / 2) / sigma / np.sqrt(2 * np.pi), marker="",
              color=COLORS["black"], label="the code's Gaussian")  # fmt: skip
    left.set(xlabel="residual", ylabel="density", ylim=(0, 0.025))
    left.legend(loc="upper right")
    sigmas = np.geomspace(16, 256, 81)
    for name, line in zip(fits, ("--", "-", "-."), strict=True):
        curve = [gaussian_bits(y - fits[name], s) / 8 for s in sigmas]
        right.plot(sigmas, curve, line, marker="", label=name,
                   color=COLORS["blue" if name == model else "sky"])  # fmt: skip
    right.plot(sigma, gaussian_bits(r, sigma) / 8, "o", color=COLORS["vermillion"], markersize=8)
    right.set(xlabel="σ", ylabel="bytes for 442 answers", xscale="log", ylim=(400, 700))
    right.set_xticks([16, 32, 64, 128, 256], ["16", "32", "64", "128", "256"])
    right.minorticks_off()
    right.legend(loc="upper right")
    right.set_title(f"σ = {sigma:.0f}: {gaussian_bits(r, sigma) / 8:.0f} bytes")
    return figure


def words(model, log_sigma):
    return (
        f"Left: the residuals with {model}, and the Gaussian that the code is made for, σ = {2**log_sigma:.0f}. "
        "Right: bytes against σ for three models. Each curve has its minimum where σ is as large as the typical "
        "residual, and is steeper to the left: to be too sure costs more."
    )


Explore(
    drag,
    description=words,
    labels={"model": "model", "log_sigma": "log2 of σ"},
    model=["ten columns", "one column (bmi)", "no column"],
    log_sigma=(4.0, 8.0, 0.25, 5.0),
)

# %%
best = bits_per_row(mse_10, np.sqrt(mse_10))
for factor in (0.5, 2.0):
    extra = bits_per_row(mse_10, factor * np.sqrt(mse_10)) - best
    print(f"σ {factor:g} times the best: {extra:.2f} bits a row more, {rows * extra / 8:.0f} bytes in all")
finer = gaussian_bits(y - fits["ten columns"], 54, precision=0.1) - gaussian_bits(y - fits["ten columns"], 54)
print(f"answers to a tenth, not to one: {finer / rows:.2f} bits a row more, whatever the model")

# %% [markdown]
# The minimum lies at σ² = MSE. So σ is a parameter like others: it must be sent, or learnt along. In training, σ
# has a second job. A small fixed σ makes errors dear, and then more weights are worth their price. We come back to
# that.
#
# The last line says why nobody worries about resolution. Finer answers take more bits, but the same for
# every model, and so no comparison changes.
#
# ### Exercise 01.4
# A better model has half the MSE. σ is fitted again. How many bits does it save in each row? Give a number.

# %%
### BEGIN SOLUTION
saved = 0.5
### END SOLUTION
saved = ex("01.4").attempt(saved)

# %% [markdown]
# ## What does a parameter cost?
#
# The ten weights were free so far. Let us pay. Each weight is sent in b bits: the range from −64 to 64, agreed on
# beforehand, is cut into 2^b cells, the number of the cell is sent, and Bob takes its middle. (Lesson 02 counts
# bits without this rounding, and with σ known.)
#
# ### Exercise 01.5
# Which cell does a weight lie in?

# %%
def cell(w, b, span):
    """The number, 0 to 2**b - 1, of the cell that w lies in; -span to span has 2**b equal cells.

    An edge belongs to the cell above it; what lies outside, to the first or last cell.
    w: array of any shape. Integers of w's shape.
    """
    ### BEGIN SOLUTION
    width = 2 * span / 2**b
    return np.clip(np.floor((w + span) / width), 0, 2**b - 1).astype(int)
    ### END SOLUTION


cell = ex("01.5").attempt(cell)

# %% [markdown]
# Now the whole file: how many columns, which, their weights, the mean, σ, and then the answers. One function
# writes and reads it: `coder.number(b, x)` writes x in b bits, or reads them if x is None. Look at `positions`: if
# k of the n places left are *live* (used), the next one is, with probability k / n. The product of all these
# probabilities is exactly 1 / C(n, k), so the positions take log2 C(n, k) bits.

# %%
def positions(coder, n, k, given=None):
    """Which k of n places are live, in log2 C(n, k) bits; a Boolean array (n,)."""
    live = np.zeros(n, dtype=bool)
    for i in range(n):
        left = k - int(live.sum())
        if 0 < left < n - i:
            mine = None if given is None else bool(given[i])
            live[i] = coder.flag(round(ONE * left / (n - i)), mine)
        else:
            live[i] = left > 0
    return live


def on_integers(center, sigma):
    """The Gaussian's probability of each whole number 0 ... 511: (rows, 512)."""
    edges = np.arange(513) - 0.5
    return np.diff(ndtr((edges - center[:, None]) / np.reshape(sigma, (-1, 1))), axis=1)


def middle(number, b, span):
    return -span + (number + 0.5) * 2 * span / 2**b


def code_answers(coder, given=None):
    """The two-part file: first the model, then y. Without a model given, both are read."""
    tell = given or dict.fromkeys(["bits", "k", "live", "mean", "sigma"])
    coder.part = "model"
    b, k = coder.number(6, tell["bits"]), coder.number(4, tell["k"])
    live = positions(coder, 10, k, tell["live"])
    cells = [coder.number(b, None if given is None else int(given["cells"][i])) for i in range(k)]
    mean, sigma = 8 * coder.number(5, tell["mean"]), 2 ** (coder.number(5, tell["sigma"]) / 4)
    w = np.zeros(10)
    w[live] = middle(np.array(cells), b, 64)
    coder.part = "answers"
    table = on_integers(mean + Z @ w, sigma)
    answers = [coder.symbols(whole(p), 1, None if given is None else y[i : i + 1])
               for i, p in enumerate(table)]  # fmt: skip
    return np.concatenate(answers)


# %% [markdown]
# Ann's part: fit the weights, put them into cells, write the file, and read it back.


# %%
def model_with(columns, b):
    """Least squares on these columns, its weights in b bits, and the σ that suits them."""
    live = np.isin(np.arange(10), columns)
    w, mean = np.zeros(10), round(y.mean() / 8)
    if live.any():
        w[live] = np.linalg.lstsq(Z[:, live], y - y.mean(), rcond=None)[0]
    cells = cell(w[live], b, 64)
    w[live] = middle(cells, b, 64)
    sigma = round(4 * np.log2(np.sqrt(np.square(y - 8 * mean - Z @ w).mean())))
    return {"bits": b, "k": int(live.sum()), "live": live, "cells": cells, "mean": mean, "sigma": sigma}


def two_part_file(columns, b):
    """The bytes of a real file, and its bits by part; it has been read back."""
    ann = Coder()
    code_answers(ann, model_with(columns, b))
    assert np.array_equal(code_answers(Reader(ann.code())), y)
    return len(ann.code()), ann.bits


ranked = best_subsets(Z, y - y.mean())  # the best columns of each size (lesson 02)
everything, five = tuple(range(10)), ranked[5][0]
for name, columns, b in [("no column", (), 1), ("ten columns, 32 bits", everything, 32)]:
    size, bits = two_part_file(columns, b)
    print(f"{name:20} {size} bytes: model {bits['model'] / 8:4.1f}, answers {bits['answers'] / 8:.1f}")

# %% [markdown]
# With 32 bits a weight, the model does **not** pay for itself. Ten columns that explain half of the variance, and
# yet Ann would do better to send none of it! Unless she rounds.

# %%
guess = predict(
    "01.bits-per-weight",
    "How many bits for each of the ten weights give the shortest file?",
    low=1,
    high=32,
    unit="bits",
)

# %% tags=["signature"]
widths = range(1, 13)
files = {
    "ten columns": [two_part_file(everything, b) for b in widths],
    "the best five": [two_part_file(five, b) for b in widths],
}
nothing = two_part_file((), 1)[0]
figure, axis = plt.subplots(figsize=(6.6, 3.6))
styles = {"ten columns": ("blue", "o", "-"), "the best five": ("vermillion", "s", "--")}
for name, (colour, mark, line) in styles.items():
    axis.plot(widths, [size for size, _ in files[name]], color=COLORS[colour], marker=mark,
              linestyle=line, label=f"whole file, {name}")  # fmt: skip
axis.plot(widths, [bits["answers"] / 8 for _, bits in files["ten columns"]], color=COLORS["green"],
          linestyle=":", marker="", label="answers only, ten columns")  # fmt: skip
axis.axhline(nothing, color="black", linewidth=1.2, linestyle="-.", marker="", label="no column")
axis.set(xlabel="bits for each weight", ylabel="bytes of the real file", xticks=list(widths))
axis.set_ylim(426, 472)
axis.legend(loc="upper right", ncols=2)
show(
    figure,
    "Bytes of the real file with 442 answers against the bits for each weight. With few bits the answers are "
    "long, for the weights are wrong; with many the weights are long, and the answers get no shorter. In "
    "between is a shallow valley. Five columns make a shorter file than ten almost everywhere.",
)

# %%
sizes = [size for size, _ in files["ten columns"]]
print("ten columns: ", dict(zip(widths, sizes, strict=True)))
print("best five:   ", {b: size for b, (size, _) in zip(widths, files["the best five"], strict=True)})
print("no column:   ", nothing)
best_b = widths[int(np.argmin(sizes))]
guess.reveal(best_b, "4 bits tie. Still more describe the noise in the weight, not the weight.")

# %% [markdown]
# A U. To the left the weights are wrong, to the right they are dear. Three or four bits for a weight are enough; a
# computer spends 32. And the best five columns make a file a byte shorter than all ten. (σ and the mean are
# in the file too, five bits each.)
#
# ### Half of log2 n, again
#
# Why so few? The weights are only known up to their standard error, about σ/√n. So with four times as many rows
# a weight deserves one bit more. Check it on generated rows: one column, one weight from −3 to 3, noise of
# deviation 1.

# %%
rng = np.random.default_rng(1)
print("  rows   best bits   ½ log2 n + 0.8")
for size in (100, 400, 1600, 6400):
    w, x = rng.uniform(-3, 3, 300), rng.normal(size=(300, size))
    noise = rng.normal(size=(300, size))
    squares = np.square(x).sum(axis=1)
    fitted = w + (x * noise).sum(axis=1) / squares  # least squares, 300 data sets at once
    cost = [b + (squares * np.square(fitted - middle(cell(fitted, b, 3), b, 3))).mean() / 2 / np.log(2)
            for b in range(1, 13)]  # fmt: skip
    print(f"{size:6} {1 + int(np.argmin(cost)):11} {np.log2(size) / 2 + np.log2(6 / np.sqrt(12)):16.1f}")

# %% [markdown]
# Each fourfold of the data is worth one bit: ½ log2 n and a constant. (The constant comes from the range: cells
# should be √12 = 3.5 standard errors wide. Derive it: a cell of width h adds h²/12 to the squared error of the
# weight.)
#
# ### Which columns, then? The strength that bits predict
#
# Let σ be fixed. Then n rows cost n · MSE / (2σ² ln 2) bits, and a constant; ℓ0 weights that are not 0 cost b · ℓ0.
# Divide the sum by n / (2σ² ln 2): minimising bits is minimising
#
# MSE + α · ℓ0, with α = 2σ² ln 2 · b / n.
#
# The package calls this `mdl_alpha`. **Predict:** b goes from 2 to 32. How many columns stay?

# %%
sigma = np.sqrt(mse_10)
mses = np.array([rss / rows for _, rss in ranked])
for b in (2, 4, 8, 16, 32):
    alpha = mdl_alpha(sigma, b, rows)
    by_bits = [rows * bits_per_row(mse, sigma) + b * k for k, mse in enumerate(mses)]
    by_alpha = mses + alpha * np.arange(11)
    assert np.argmin(by_bits) == np.argmin(by_alpha)
    print(f"{b:2} bits a weight: alpha {alpha:5.1f}, columns kept {int(np.argmin(by_alpha))}")

# %% [markdown]
# So a penalty's strength is not a knob without a meaning. It is a price in bits, and it says which improvements are
# worth it. Lesson 07 tests the prediction on networks. (Positions are left out in this formula, as in the papers.)
#
# ### And the place?
#
# A pruned network says *which* weights live, too. The main paper of this course counts 4 bytes for each live
# weight, and nothing for its position. How much is left out?
#
# ### Exercise 01.6
# Give the bits of the positions, as a share of the bits of the values. (From here on n, or N, counts weights, and
# not rows.)

# %%
def left_out(n, k, b):
    """(Bits of the positions of k live weights among n) / (bits of their values, b each).

    The package has `support_bits(n, k)`.
    """
    ### BEGIN SOLUTION
    return support_bits(n, k) / (b * k)
    ### END SOLUTION


left_out = ex("01.6").attempt(left_out)

# %%
guess = predict(
    "01.positions",
    "Of 308.2 million weights 3.88 million are left, 32 bits each. What do positions add to that?",
    low=0,
    high=100,
    unit="%",
)

# %%
million = 10**6
print("of 308.2 million     bits a position   on 32 bits   on 5 bits a value")
for k in (234.1, 34.7, 3.88):
    N, k = round(308.2 * million), round(k * million)
    print(f"{k / million:7.2f} million left {support_bits(N, k) / k:15.1f} {left_out(N, k, 32):12.0%} "
          f"{left_out(N, k, 5):15.0%}")  # fmt: skip
guess.reveal(round(100 * left_out(round(308.2 * million), round(3.88 * million), 32)),
             "With 32 bits a value it hides. With honest values it cannot.")  # fmt: skip

# %%
density = np.geomspace(1e-5, 0.9, 80)
each = [support_bits(10**7, round(d * 10**7)) / round(d * 10**7) for d in density]
figure, axis = plt.subplots(figsize=(6.4, 3.1))
axis.plot(density, each, color=COLORS["blue"], marker="", label="position: log2 C(N, k) / k")
axis.plot(density, np.log2(1 / density) + np.log2(np.e), color=COLORS["black"], linestyle=":",
          marker="", label="log2(N / k) + 1.44")  # fmt: skip
for b, line in ((32, "--"), (5, "-.")):
    axis.axhline(b, color=COLORS["vermillion"], linestyle=line, marker="", label=f"value in {b} bits")
for k in (234.1, 34.7, 3.88):
    bits = support_bits(round(308.2 * million), round(k * million)) / (k * million)
    axis.plot(k / 308.2, bits, "o", color=COLORS["green"], markersize=8,
              label="three counts" if k == 3.88 else None)  # fmt: skip
axis.set(xscale="log", xlabel="share of weights that are left, k / N", ylabel="bits a live weight",
         ylim=(0, 36))  # fmt: skip
axis.legend(loc="upper right", ncols=2, bbox_to_anchor=(1, 0.9))
show(
    figure,
    "Bits for the position of each live weight against the share of weights that are left. The fewer are left, the "
    "dearer is each place: about log2(N/k) + 1.44 bits. That is little beside 32 bits a value, but more than 5 "
    "bits as soon as fewer than one weight in twelve is left.",
)

# %% [markdown]
# (The three counts are from a sample table for a transformer in the authors' repository, not results of theirs.)
# Beside 32-bit values the positions add from 3 to 24 %. But with 5 bits a value, the place of a weight costs more
# than its value as soon as few are left. Lesson 06 builds a codec that pays for everything,
# and finds cheaper places: weights die in rows and columns, and that is a rule too.

# %% [markdown]
# ## Why count weights? From programs to ℓ0
# (A good place for a break.)
#
# What is the shortest description of something, if *any* rule is allowed? Let the description be a program. The
# length of the shortest program that prints x is its *Kolmogorov complexity* K(x). Our machine is Python: it
# runs the first line, which may use the bytes after it as `tail`.

# %%
def run(program):
    """Run the first line of a program (bytes); what follows is its data. Returns the bytes `out`."""
    line, _, tail = program.partition(b"\n")
    scope = {"tail": tail}
    with contextlib.redirect_stdout(io.StringIO()):  # the module `this` talks
        exec(line, scope)
    return scope["out"]


programs = {
    "ab ab ab ...": b"out = b'ab' * 2000",
    "0 1 2 ... 1276 1277": b"out = ''.join(map(str, range(1278)))[:4000].encode()",
    "4,000 digits of √2": b"import math; out = str(math.isqrt(2 * 10**7998)).encode()",
    "Python's random numbers": b"import random; out = random.Random(0).randbytes(4000)",
    "the Zen of Python": b"import this, codecs; out = codecs.decode(this.s, 'rot13').encode()",
}
noise = os.urandom(4000)
programs["noise from the machine"] = b"out = tail\n" + noise

# %% [markdown]
# **Predict:** the compressor xz knows nothing of mathematics. Which of these six will it make short?

# %% tags=["nbval-ignore-output"]
print(f"{'':26}  bytes   xz   program")
for name, program in programs.items():
    x = run(program)
    print(f"{name:26} {len(x):6} {len(lzma.compress(x)):5} {len(program):8}")

# %%
xz = {name: len(lzma.compress(run(program))) for name, program in programs.items()}
print("xz needs more than 25 times what the program needs, for √2:",
      xz["4,000 digits of √2"] > 25 * len(programs["4,000 digits of √2"]))  # fmt: skip
print("xz cannot shorten Python's random numbers:", xz["Python's random numbers"] > 4000)
print("nor the noise:", xz["noise from the machine"] > 4000)
assert xz["4,000 digits of √2"] > 25 * len(programs["4,000 digits of √2"])
assert min(xz["Python's random numbers"], xz["noise from the machine"]) > 4000

# %% [markdown]
# Two surprises. Python's "random" numbers look like noise to xz, and so do the digits of √2: random digits would
# take 4,000 · log2 10 / 8 = 1,661 bytes, and all that xz found is that there are only ten digits. Yet both have
# short programs. Being compressible and *being found* compressible are two things.
#
# And is it fair that the Zen of Python is so cheap? No: the text is built into Python. The machine matters. How
# much can it matter?
#
# **The invariance constant.** Whatever xz can describe, Python can describe with one more line, always the same
# one. So the best Python program is never longer than the xz file plus a constant.

# %%
unpack = b"import lzma; out = lzma.decompress(tail)\n"
for name in ("ab ab ab ...", "the Zen of Python", "noise from the machine"):
    x = run(programs[name])
    program = unpack + lzma.compress(x)
    assert run(program) == x
    print(f"{name:26} Python needs at most xz + {len(program) - len(lzma.compress(x))} bytes")

# %% [markdown]
# For two languages in which everything can be programmed it works both ways: each can hold an interpreter of
# the other. Their complexities differ by at most a constant, the same for all x. (xz is not such a language: no
# xz file is a short √2.) The constant can be large. The Zen shows it: what one machine has built in, another
# must be told.
#
# **Nobody can compute K.** Suppose a function `K(x)` of 10,000 bytes did. Then a small program around it could
# search for the first string x with K(x) > 1,000,000, and print it: a string with no short program, from a
# short program. So there is no such function, and every real compressor only gives an upper bound.
#
# **So we take a smaller language.** Fix the shape of a network. A "program" is now its list of weights that are
# not 0: how many, where, and their values. Its length is
#
# l(θ) = b · ℓ0(θ) + log2 C(N, ℓ0) + a few bits for the number.
#
# That is computable, and it is what we have just paid for. The papers of this course keep the first term only,
# and write it α · ℓ0, with the price α from above. *Counting weights is the complexity that one can afford.*
# From here the course goes on: lessons 03 and 04 make the count small, 05 makes small weights zero, 06 writes
# the file, 07 tests the price α, and 08 sends text.
#
# ## All models at once
#
# Two-part codes pick one model. Must we pick? Give each model m of a class a description of l(m) bits. It gives
# the data x the probability m(x), so they take d(m) = −log2 m(x) bits more. And l + d bits stand for the
# probability 2^−(l + d). Add these for all models: that is *Solomonoff's mixture* ξ(x) = Σ_m 2^−l(m) · m(x). (He
# took all programs as the class. Ours will be small.)
#
# ### Exercise 01.7
# How many bits does the mixture need?

# %%
def mix(bits):
    """-log2 of the sum of 2**-bits. bits: (models,), each l + d; may be in the thousands."""
    ### BEGIN SOLUTION
    least = np.min(bits)
    return least - np.log2(np.sum(2.0 ** (least - bits)))
    ### END SOLUTION


mix = ex("01.7").attempt(mix)

# %% [markdown]
# A class that we can see through: 51 sources of 0 and 1.
#
# - **coin**: a 1 has probability q; **habit**: the last flag is repeated with probability q;
# - **cycle**: a pattern of 1 to 4 flags, again and again, without error.
#
# The code: 2 bits say *coin*, 2 say *habit*, 1 says *cycle*. q is ½, or odd/4, odd/8, odd/16: finer ones take more
# bits. A pattern takes 2 bits a flag. No code word may begin with another one; then Σ 2^−l is at most 1
# (Kraft's inequality).

# %%
T = 16


def coin(q):
    return lambda past: np.full(len(past), q)


def habit(q):
    def one(past):
        if past.shape[1] == 0:
            return np.full(len(past), 0.5)
        return np.where(past[:, -1] == 1, q, 1 - q)

    return one


def cycle(pattern):
    return lambda past: np.full(len(past), float(pattern[past.shape[1] % len(pattern)]))


sources, seen = {}, set()  # name: (bits, function that gives P(next is 1 | past) for past (rows, t))
for j in range(1, 5):
    for top in range(1, 2**j, 2):
        sources[f"coin {top / 2**j:g}"] = 2 + j + (j - 1), coin(top / 2**j)
        if j > 1:  # a habit of 1/2 is a coin of 1/2
            sources[f"habit {top / 2**j:g}"] = 2 + j + (j - 1), habit(top / 2**j)
for pattern in (row for p in range(1, 5) for row in itertools.product((0, 1), repeat=p)):
    if pattern * (12 // len(pattern)) not in seen:  # 0101 is the cycle 01 again
        seen.add(pattern * (12 // len(pattern)))
        sources["cycle " + "".join(map(str, pattern))] = 1 + 2 * len(pattern), cycle(pattern)

names = list(sources)
lengths, ahead = zip(*sources.values(), strict=True)
lengths = np.array(lengths)
print(len(names), "sources; sum of 2^-l:", (2.0**-lengths).sum())
for name in ("coin 0.5", "coin 0.75", "habit 0.875", "cycle 0110"):
    print(f"  {name:12} {lengths[names.index(name)]} bits")

# %% [markdown]
# All sequences of up to 16 flags, the probability that each source gives to each of them, and what the mixture
# predicts: each source votes with its weight times the probability that it gave to the past. Nothing is
# sampled; it is all 65,536 of them.

# %%
def all_sequences(t):
    """All rows of t flags, (2**t, t)."""
    return (np.arange(2**t)[:, None] >> np.arange(t)[::-1]) & 1


def grow():
    """For each t: P of each source for each past of t flags, and for a 1 next. Last: whole rows."""
    P, levels = np.ones((len(names), 1)), []
    for t in range(T):
        one = np.array([f(all_sequences(t)) for f in ahead])  # (sources, 2**t)
        levels.append((P, one))
        P = np.stack([P * (1 - one), P * one], axis=-1).reshape(len(names), -1)
    return levels, P


levels, whole_rows = grow()


def expected_errors(weights, truth):
    """For each t < T, the mean under the truth of the sum over a of (mu(a | past) - xi(a | past))^2."""
    m, errors = names.index(truth), []
    for P, one in levels:
        votes = weights[:, None] * P
        xi = (votes * one).sum(axis=0) / np.maximum(votes.sum(axis=0), 1e-300)
        errors.append(2 * float((P[m] * np.square(one[m] - xi)).sum()))
    return np.array(errors)


# %% [markdown]
# **One line of proof.** A sum is at least as large as each of its terms: ξ(x) ≥ 2^−l(m) · m(x). So for *every*
# sequence and *every* source, the mixture is at most l(m) bits longer than the code of the source itself. Your
# `mix` on every seventh sequence:

# %%
with np.errstate(divide="ignore"):
    data_bits = -np.log2(whole_rows)  # (51, 65536); infinite if a cycle forbids the sequence
mixture = np.array([mix(column) for column in (lengths[:, None] + data_bits).T[::7]])
two_part = (lengths[:, None] + data_bits)[:, ::7].min(axis=0)
print("the mixture is never longer than the best two-part code:", bool((mixture <= two_part).all()))
print(f"on average it is {np.mean(two_part - mixture):.1f} bits shorter, over {len(mixture)} sequences")
assert (mixture <= two_part).all()

# %% [markdown]
# **The bound.** If the source μ is the truth, its own code is the shortest on average, and the mixture loses at
# most l(μ) bits against it, *in all*, however long the sequence. And a prediction that is off by a squared
# error of Σ_a (μ(a) − ξ(a))² loses, on average, at least as many nats as that (Pinsker's inequality; a bit is ln 2
# nats). So
#
# Σ_t E Σ_a (μ(a | past) − ξ(a | past))² ≤ l(μ) · ln 2.
#
# **Predict:** how near to the bound do the errors come? First exactly, for all 51 truths and 16 flags:

# %%
prior = 2.0**-lengths
bound = lengths * np.log(2)
ratios = np.array([expected_errors(prior, name).sum() for name in names]) / bound
print(f"bound kept for {(ratios <= 1).sum()} of {len(names)} sources")
print(f"sum of errors / bound: from {ratios.min():.2f} ({names[ratios.argmin()]}) "
      f"to {ratios.max():.2f} ({names[ratios.argmax()]})")  # fmt: skip
assert ratios.max() <= 1

# %% [markdown]
# Does it stay below, for longer sequences? They are too many to enumerate, so we sample 200 from the truth and
# average. And two rivals. A *wrong prior* bets on long descriptions: weight 2^+l. And a class from which the
# *truth is left out*.

# %%
def sampled_errors(weights, truth, length=300, count=200):
    """As `expected_errors`, but the mean over `count` random sequences of the truth."""
    rng, m = np.random.default_rng(0), names.index(truth)
    past, errors = np.zeros((count, length), dtype=int), []
    with np.errstate(divide="ignore"):  # a weight or a probability may be 0
        logs = np.tile(np.log2(weights)[:, None], count)
        for t in range(length):
            one = np.array([f(past[:, :t]) for f in ahead])
            votes = 2.0 ** (logs - logs.max(axis=0))
            xi = (votes * one).sum(axis=0) / votes.sum(axis=0)
            errors.append(2 * np.square(one[m] - xi).mean())
            past[:, t] = rng.random(count) < one[m]
            logs += np.log2(np.where(past[:, t], one, 1 - one))
    return np.array(errors)


priors = {"short is likely": ("blue", "o", "-"), "wrong prior: long is likely": ("orange", "s", "--"),
          "truth left out": ("vermillion", "^", ":")}  # fmt: skip
figure, axes = plt.subplots(1, 3, figsize=(8.2, 3.4), sharey=True)
ends = {}
for axis, name in zip(axes, ("coin 0.5", "cycle 01", "cycle 0110"), strict=True):
    m = names.index(name)
    left = np.where(np.arange(len(names)) == m, 0.0, prior)
    for weights, (label, look) in zip((prior, 1 / prior, left), priors.items(), strict=True):
        colour, mark, line = look
        total = np.cumsum(sampled_errors(weights, name))
        ends[name, label] = total[-1]
        axis.plot(range(1, 301), total, color=COLORS[colour], marker=mark, linestyle=line, label=label)
    axis.axhline(bound[m], color="black", linewidth=1.2, linestyle="-.", marker="", label="bound, l · ln 2")
    axis.set(title=f"truth: {name}, {lengths[m]} bits", xlabel="flags seen", xscale="log", ylim=(0, 9))
    axis.set_xticks([1, 3, 10, 30, 100, 300], ["1", "3", "10", "30", "100", "300"])
    axis.minorticks_off()
axes[0].set_ylabel("sum of squared errors")
axes[0].legend(loc="upper left")
show(
    figure,
    "Squared prediction errors, added up over time, for three truths. If short descriptions are likely (circles), "
    "the sum stays below the bound. The wrong prior (squares) learns the two short truths more slowly, and the long "
    "one faster: it had bet on it. If the truth is left out (triangles), the errors grow on and on.",
)

# %%
for name in ("coin 0.5", "cycle 01", "cycle 0110"):
    print(f"{name:11} bound {bound[names.index(name)]:.1f}   "
          + "   ".join(f"{label}: {ends[name, label]:.1f}" for label in priors))  # fmt: skip
    assert ends[name, "short is likely"] < bound[names.index(name)] < ends[name, "truth left out"]

# %% [markdown]
# If short is likely, a truth with a short description is learnt from few data. That is the licence for the whole
# course: if what we look for can be said in few bits, look for what can be said in few bits.
#
# The two rivals show what the bound rests on. A prior is a bet, and each prior has a bound of its own: ln(1 /
# weight of the truth). The wrong prior gives the coin hardly any weight, and breaks the bound l · ln 2; it wins
# where the truth is long. And if the truth is not in the class, there is no bound: the errors go on and on.
#
# ## Two parts against learning along
#
# The mixture is never longer than a two-part code, and learning along is a way to compute something like a
# mixture. (For flags, the rule with the ½ in 01.2 is exactly a mixture over all q.) Is it so on real data? The same
# model in both ways, on the digits: *softmax regression*, ten weights for each of 64 pixels and ten biases, 650 in
# all. Each label gets a score, linear in the pixels, and a probability proportional to e^score.
#
# - **Learn along:** fit to the labels so far (when there are 10, 14, 20, 28, ... of them), predict the next
#   ones. Bob fits too.
# - **Two parts:** fit to all labels; keep the k largest weights; fit these again; round to b bits; send them,
#   then the labels. We try several k, b and ranges and take the shortest.

# %%
X = np.column_stack([images / 16, np.ones(n)])  # (n, 65)


def softmax(scores):
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def fit(X, labels, decay, steps=80, start=None, live=1.0):
    """Softmax regression (65, 10) by Nesterov's method; decay keeps weights small, live: mask."""
    W = np.zeros((65, 10)) if start is None else start * live
    rate = 1 / (0.5 * np.linalg.eigvalsh(X.T @ X)[-1] + decay)
    targets, V = np.eye(10)[labels], W
    for i in range(steps):
        new = live * (V - rate * (X.T @ (softmax(X @ V) - targets) + decay * V))
        W, V = new, new + i / (i + 3) * (new - W)
    return W


def softmax_learner():
    """A predictor for `code_labels` that fits again whenever it knows 40 % more than last time."""
    state = {"W": np.zeros((65, 10)), "next": 10}

    def predictor(known):
        if len(known) == state["next"]:
            state["W"] = fit(X[: len(known)], known, 0.1, start=state["W"])
            state["next"] = int(np.ceil(1.4 * len(known)))
        return softmax(X[len(known)] @ state["W"])

    return predictor


ann = Coder()
code_labels(ann, softmax_learner(), labels)
along = ann.code()
bob = code_labels(Reader(along), softmax_learner())
print("Bob has all labels:", np.array_equal(bob, labels))

# %%
guess = predict(
    "01.who-wins",
    "Softmax regression on the digits: which file is shorter?",
    choices=("two parts", "learning along", "about the same"),
)


# %%
def two_part_labels(coder, b=None, span=None, live=None, W=None, given=None):
    """The two-part file: number of live weights, places, values, labels."""
    coder.part = "model"
    b, span = coder.number(4, b), 2 ** (coder.number(4, span) / 2)
    k = coder.number(10, None if live is None else int(live.sum()))
    live = positions(coder, 650, k, live)
    mine = None if W is None else cell(W.ravel()[live], b, span)
    cells = [coder.number(b, None if mine is None else int(mine[i])) for i in range(k)]
    W = np.zeros(650)
    W[live] = middle(np.array(cells), b, span)
    coder.part = "labels"
    tables = softmax(X @ W.reshape(65, 10))
    read = [coder.symbols(whole(p), 1, None if given is None else given[t : t + 1])
            for t, p in enumerate(tables)]  # fmt: skip
    return np.concatenate(read)


def shortest_two_part(labels, kept=(60, 120, 160, 240, 650)):
    """By ideal bits: for each b the best (bits in all, bits of the model, k, span, live, W)."""
    best, full = {}, fit(X, labels, 1.0)
    for k in kept:
        live = np.abs(full) >= np.sort(np.abs(full), axis=None)[-k]
        W = fit(X, labels, 1.0, start=full, live=live)
        for b in (1, 2, 3, 4, 6, 10):
            for span in (1, 2, 3, 4, 5):
                rounded = live * middle(cell(W, b, 2 ** (span / 2)), b, 2 ** (span / 2))
                model = 18 + support_bits(650, k) + b * k
                total = model + label_bits(softmax(X @ rounded), labels)
                best[b] = min(best.get(b, (np.inf,)), (total, model, k, span, live.ravel(), W),
                              key=lambda found: found[0])  # fmt: skip
    return best


def write_two_part(found, labels):
    """The real file of the shortest of them, and its bits by part; it has been read back."""
    b = min(found, key=lambda b: found[b][0])
    _, _, _, span, live, W = found[b]
    ann = Coder()
    two_part_labels(ann, b, span, live, W, labels)
    assert np.array_equal(two_part_labels(Reader(ann.code())), labels)
    return ann.code(), ann.bits


found = shortest_two_part(labels)
print("bits a weight   weights kept   model + labels = bytes")
for b, (total, model, k, *_) in found.items():
    print(f"{b:13} {k:14} {model / 8:7.0f} + {(total - model) / 8:6.0f} = {total / 8:5.0f}")

# %%
parts, bits = write_two_part(found, labels)
assert np.array_equal(bob, labels) and 2 * len(along) < len(parts)
assert 0.4 < bits["model"] / sum(bits.values()) < 0.6
print(f"labels as they are              {n * np.log2(10) / 8:4.0f} bytes")
print(f"softmax regression, two parts   {len(parts):4} bytes")
print(f"softmax regression, along       {len(along):4} bytes")
print(f"neighbours vote, along          {len(file):4} bytes")
guess.reveal("learning along", "The same model, and less than half of the bytes.")

# %% [markdown]
# Learning along wins clearly, though we tried 150 settings of the two-part code. (Both keep their weights small,
# by a *decay* that is near its best.) Where do two parts lose? About half of the file is the model. It names *one*
# weight vector, although a great many others would do as well. Which one: that is information that nobody needs. A
# mixture does not send it. And the other half is long because the model had to be coarse to be cheap.
#
# And on the diabetes data, with few weights? Learning along is *Bayesian* linear regression here: the
# average over all weights, each counted by how well it did so far. For a known σ there is a formula for it; σ is
# put in from the errors so far. (It starts from 150 ± 80, agreed on beforehand. Two parts pay a byte or so for the
# mean and σ.)

# %%
def answers_along(coder, given=None):
    """One answer after the other: a Gaussian prior on the weights, and σ from the errors so far."""
    A, c = np.diag([0.01] + [10.0] * 10), np.zeros(11)
    spread, count, known = 2 * 80.0**2, 2, []
    for i, x in enumerate(np.column_stack([np.ones(rows), Z])):
        inverse = np.linalg.inv(A)
        center, wide = 150 + x @ inverse @ c, 1 + x @ inverse @ x
        p = on_integers(np.array([center]), np.sqrt(spread / count * wide))[0]
        mine = None if given is None else given[i : i + 1]
        known.append(int(coder.symbols(whole(p), 1, mine)[0]))  # predicted first, then learnt from
        spread, count = spread + (known[-1] - center) ** 2 / wide, count + 1
        A, c = A + np.outer(x, x), c + x * (known[-1] - 150)
    return np.array(known)


ann = Coder()
answers_along(ann, y)
assert np.array_equal(answers_along(Reader(ann.code())), y)
print(f"no column               {nothing} bytes")
print(f"ten columns, two parts  {min(sizes)} bytes")
print(f"best five, two parts    {min(size for size, _ in files['the best five'])} bytes")
print(f"ten columns, along      {len(ann.code())} bytes")

# %% [markdown]
# Nearly a tie: ten weights are soon learnt, and soon sent. So:
#
# - With **many weights for few data**, learning along wins: two parts pay for a choice that does not matter.
# - With **few weights**, both pay about ½ log2 n bits a weight, and nobody wins.
# - The two-part code could be better than ours: smarter rounding, shorter codes for common values (lesson 06).
#   It may still win elsewhere. The main paper of this course reports that two parts were *shorter* for
#   transformers. There each text is seen only once along the way, and perhaps that is too little for a large
#   network.
#
# And there is a reason to want two parts even if they are longer: Bob gets a *model*, small and ready to use. To
# learn along, he must do all of Ann's training, and the model that he ends with is not small. Lesson 08 does both
# for text.
#
# ## Control: labels that mean nothing
#
# Shuffle the labels. Now no image says anything about its label, and nothing can be learnt. An honest code
# must not get clearly below the 746 bytes.

# %%
guess = predict(
    "01.shuffled",
    f"The votes of the neighbours need {len(file)} bytes for the true labels. And for the shuffled ones?",
    low=0,
    high=3000,
    unit="bytes",
)

# %%
shuffled = np.random.default_rng(1).permutation(labels)
raw = n * np.log2(10) / 8
results = {}
for name, learner in [("neighbours vote, along", vote), ("softmax regression, along", softmax_learner())]:
    ann = Coder()
    code_labels(ann, learner, shuffled)
    results[name] = len(ann.code())
found = shortest_two_part(shuffled, kept=(60, 200))
results["softmax regression, two parts"] = len(write_two_part(found, shuffled)[0])
print(f"labels as they are: {raw:.0f} bytes")
for name, size in results.items():
    print(f"{name:30} {size:5} bytes, {size / raw:.1f} times as long")
assert min(results.values()) > raw
guess.reveal(results["neighbours vote, along"], "It is sure of itself, again and again, and wrong.")

# %% [markdown]
# No file is shorter than the labels as they are. The votes are punished hardest: they are the most sure. (Two
# parts with no weight at all would take as many bytes as the labels: that is the honest choice here.)
#
# Could luck have made one short? Hardly. There are 2^B files of B bits, and each stands for one row of labels
# only. So whatever the program, it saves s bits on about one in 2^s of all possible rows, or fewer. *Twenty bits
# saved are one chance in a million.* That makes a short file evidence.
#
# There is an insurance. Mix the voters, half and half, with a model that says "one in ten" always. By your exercise
# 01.7 that costs at most one bit:

# %%
for name, ordering in [("true labels", labels), ("shuffled", shuffled)]:
    ann = Coder()
    code_labels(ann, vote, ordering)
    votes = sum(ann.bits.values())
    both = mix(np.array([1 + votes, 1 + 8 * raw]))
    print(f"{name:12} votes {votes / 8:6.1f}   one in ten {raw:6.1f}   mixture {both / 8:6.1f} bytes")

# %% [markdown]
# ## Quiz

# %%
quiz(
    "01",
    [
        Question(
            "A model has a training MSE ten times smaller than another one, and its file is longer. How can that be?",
            (
                "One of the files must be wrong: less error, less to send",
                "Its weights cost more than the residuals save",
                "σ was not fitted",
            ),
            answer=1,
            why="Each row saves ½ log2 10 = 1.7 bits. With few rows and many weights, the weights cost "
            "more than that. Such a model has learnt the noise.",
        ),
        Question(
            "You have sixteen times as many rows. How many bits does each weight deserve now?",
            (
                "two bits more",
                "as many",
                "sixteen times as many",
            ),
            answer=0,
            why="½ log2 16 = 2. The standard error is four times smaller, so cells should be four times narrower.",
        ),
        Question(
            "Your compressor cannot shorten a file. What follows for its Kolmogorov complexity?",
            (
                "It is about as long: there was nothing to find",
                "It is far below the length of the file",
                "It is at most about the file's length",
            ),
            answer=2,
            why="A compressor finds upper bounds. The digits of √2 look like noise to it, and have a short "
            "program. Most files have none, but for a given one that cannot be known in general.",
        ),
    ],
)

# %% [markdown]
# ## What to take away
# 1. What can be predicted need not be sent. An event of probability p costs −log2 p bits.
# 2. Squared error is code length; σ is the rate of exchange. Halving the MSE saves half a bit a row.
# 3. A weight deserves about ½ log2 n bits, and its place costs log2(N/k) + 1.44 more.
# 4. ℓ0 is a description length that can be computed. K cannot.
# 5. A mixture is never longer than the best two-part code. If it holds the truth, the truth's length bounds its
#    errors.
# 6. What holds no rule gets no shorter.
#
# **Limits.** Small data sets and simple models. Ann and Bob share the inputs, so we compress labels *given*
# images. The programs themselves (a few hundred bytes) are not counted, and they were written by somebody who
# knew the data. The bound is for a mixture that holds the truth in its class. Bob's arithmetic must be the same
# as Ann's to the last bit; on two different machines, floating point may not be (lesson 06 has a codec made of
# whole numbers).
#
# **What would change our mind.** A decodable file of the shuffled labels that is clearly shorter than 746
# bytes; a source of the class that breaks the bound; or 32-bit weights that make a file shorter than 4-bit
# ones on these data.
#
# ## Read more
# - Grünwald, *A tutorial introduction to the minimum description length principle* (arXiv math/0406077). Look
#   for the two-part code ("crude MDL"), and for what is refined in the refined one.
# - Blier and Ollivier, *The description length of deep learning models* (NeurIPS 2018, arXiv 1802.07044). Look
#   at the table of two-part, variational and prequential codes of the same networks.
# - *Efficient compression of neural networks and datasets* (arXiv 2505.17469), sections on Solomonoff and MDL.
#   Look for what is counted in the size of a model.
#
# ## From words to code
# | In words | Code |
# |---|---|
# | −log2 p, summed | `label_bits(probabilities, labels)`, `gaussian_bits(residuals, sigma)` |
# | log2 C(N, k) | `support_bits(N, k)` |
# | number, places, values, data | `codelength.two_part_bits(data_bits, n, k, bits_per_parameter)` |
# | losses before learning, as bits | `prequential_bits(losses)` |
# | α = 2σ² ln 2 · b / n | `mdl_alpha(sigma, b, n)` |
# | −log2 Σ 2^−bits | `codelength.mixture_bits(bits)` |
# | count, write, read with one function | `range_coder.Coder`, `range_coder.Reader` |

# %% [markdown] tags=["teacher"]
# ## Teacher's note
# **15 minutes:** cold open, exercise 01.1, the picture of q. **50 minutes:** add squared error, Explore, the U
# and the positions. **90 minutes:** add programs, the mixture and the bound, or two parts against learning
# along; not both.
#
# **Misconceptions.** (1) "Compression is about zipping files." Ask what Bob knew at each moment of the cold
# open. (2) "A better fit is a shorter file." Show the ten columns with 32 bits. (3) "−log2 of a density is a
# number of bits." Only with a resolution; but differences are. (4) "Peeking is a small bug." In 01.2 a code
# that counts before it codes looks shorter, and cannot be read. (5) "K is a property of the string alone." Use
# the Zen. (6) "Random means no short program." Ask for the seed.
#
# **Discussion.** *Why are the images not counted?* Both have them; for a fair file of images and labels one
# would have to send them too. *Who pays for the program?* Nobody here; a constant, as long as it was written
# before the data were seen. *Could two parts be rescued?* Bits back: use the freedom of choice among equal
# models to send other data (Hinton and van Camp 1993). *Is a mixture over networks practical?* By sampling or
# by learning along.
#
# **If you change the data:** the counts of bytes are exact for these seeds. The inequalities have room to spare.
