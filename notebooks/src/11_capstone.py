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
# # 11 · Capstone: compress a model that you care about
#
# **Claim.** One page can say what a compressed model is worth, and anybody can check it. *Phenomenon:* the smallest
# file and the one with the fewest mistakes are two models; a page that gives rate, bytes, total bits and error, all
# computed from the file, hides neither.
# *Evidence:* the whole course as one pipeline, run here from one cell that you may change, and files that a single
# command verifies. *Control:* shuffled labels, on which the page must say "do not send this model".
#
# **You will be able to**
# - take a task from data to a file of a few hundred bytes, with every choice made on validation data;
# - add up a two-part code, and say whether a model pays for itself;
# - give an error with its interval, and say what many looks at the test data cost;
# - read a leaderboard with suspicion, add to it, and check what others added;
# - start on a problem to which this course knows no answer.
#
# **You need** lessons 00, 05 and 06; 01 and 04 help. **Time:** 30 minutes of reading, 45 of doing (a project of your
# own: an afternoon), {{running}} of running.

# %%
import json
import math
import tempfile
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from IPython.display import display
from scipy.stats import binomtest
from torch import nn

from l0course import (
    DRR,
    MLP,
    LeNet5,
    certificate,
    class_bits,
    compress,
    compress_data,
    count_nonzero,
    decode_model,
    digits,
    encode_model,
    file_report,
    fit,
    fold_constants,
    label_bits_of,
    mdl_alpha,
    prune_dead,
    quantize,
    remove_neurons,
    sort_neurons,
    support_bits,
    wrong_answers,
)
from l0course.cli import main
from l0course.figures import registry
from l0course.figures.style import COLORS, show, use_style
from l0course.leaderboard.command import board_folder
from l0course.leaderboard.entries import check_entry
from l0course.learn import Explore, Question, ex, predict, quiz

use_style()
torch.set_num_threads(1)  # for networks this small, threads only wait for each other

# %% [markdown]
# ## Send a network to save bytes
#
# You have 1,097 pictures of digits. I know what they show, and I have to tell you. A label is one of ten, log2 10 =
# 3.32 bits, so all labels take 456 bytes. Or I send you a neural network first, with 2,260 weights, as a file.
# You run it on your pictures, and I send only what it leaves open.

# %%
guess = predict(
    "11.both",
    "Network and labels together, with the best network on the course's leaderboard: how many bytes?",
    low=50,
    high=5_000,
    log=True,
    unit="bytes",
)

# %%
data = digits(seed=0)
BOARD = board_folder()
entries = {path: json.loads(path.read_text()) for path in sorted(BOARD.glob("digits/*.json"))}


def opened(path):
    """The model of an entry, read from its file; the widths stand in its name."""
    widths = [int(width) for width in entries[path]["architecture"].removeprefix("MLP ").split("-")]
    return decode_model(path.with_name(entries[path]["file"]).read_bytes(), MLP(widths, seed=0))


print("network           file   + labels   = bytes")
totals = []
for path, entry in entries.items():
    labels = label_bits_of(opened(path), data.train) / 8
    totals.append(entry["bytes"] + labels)
    print(f"{entry['architecture']:16}{entry['bytes']:6} {labels:10.0f} {totals[-1]:9.0f}")
print(f"no network           {class_bits(data.y_train.numpy(), 10) / 8:12.0f} {456:9}")
guess.reveal(round(min(totals)), "A network pays for itself on a thousand labels.")

# %% [markdown]
# The network is *part of the message*, and the message has become shorter than half. A file like this is worth sending
# even to somebody who only wants these labels; that it also reads new digits is a present. This is the two-part
# code of lesson 01, with a real file in place of a formula.
#
# Now you make one.
#
# ## The one cell to change
#
# Run the lesson as it stands. Then come back, change this cell, and run all below it again. Everything follows.

# %%
TITLE = "A reader of small digits"
SPLIT = digits(seed=0)


def network():
    """The untrained network: any torch.nn.Module from x (n, ...) to logits (n, classes)."""
    return MLP((64, 30, 10), seed=0)


METHOD = DRR  # or L1, ExactPMMP, PMMP, HardConcrete (import it from l0course): each needs its own strengths
STRENGTHS = (1e-3, 2e-3, 4e-3, 1.6e-2)
SCHEDULE = dict(regularize=60, finetune=20, tolerance=0.1, lr=1e-2, batch_size=100)
LEVELS = 4  # values besides zero
PRICES = (0.1, 1.0)  # bits of labels that a bit of the file must save
LOOKS = 1  # how often you have looked at the test data, this time included
FOLDER = Path(tempfile.mkdtemp())  # where your file and certificate go; to keep them: Path(".")

print(SPLIT)

# %% [markdown]
# With data of your own, the last line of the data is (tensors of your rows; labels are whole numbers from 0):
#
# ```python
# from l0course.datasets import Split
# SPLIT = Split(x_train, y_train, x_val, y_val, x_test, y_test, name="my data")
# ```
#
# Three parts, three jobs. *Train* on the first, *choose* on the second, and *judge* on the third, once. `LOOKS` is
# the only number that nobody can check: be strict with yourself.
#
# ## First the dense network
#
# Without a baseline a rate means nothing.

# %%
train_settings = {name: SCHEDULE[name] for name in ("lr", "batch_size")} | {"progress": False}
dense = fit(network(), SPLIT.train, SPLIT.validation, epochs=40, **train_settings)
DENSE = sum(p.numel() for p in dense.parameters())
PLAIN = class_bits(SPLIT.y_train.numpy(), int(SPLIT.y_train.max()) + 1)


def validation_error(model):
    return wrong_answers(model, SPLIT.validation) / len(SPLIT.y_val)


print(f"weights: {DENSE:,}, as float32 {4 * DENSE:,} bytes; the labels alone: {PLAIN / 8:.0f} bytes")

# %% tags=["nbval-ignore-output"]
print(f"validation error of the dense network: {validation_error(dense):.1%}")
print(f"its file, rounded but not pruned: {len(encode_model(dense)):,} bytes")

# %% [markdown]
# The dense network does not pay: its file alone is several times as long as what it would save.
#
# ## The whole course in twenty lines
#
# Each line is a lesson. Penalty, threshold, fine-tuning: 03 to 05. Constants and dead weights: 05. Levels with a
# price on every bit, and the file: 06.

# %%
def pruned_with(strength, split=SPLIT):
    """The network trained with the penalty, pruned, fine-tuned, and rid of what nothing can hear."""
    model = compress(
        network(), split.train, split.validation, METHOD(strength), **SCHEDULE, progress=False
    ).model
    fold_constants(model, split.x_train)
    prune_dead(model, split.x_train)
    return model


def file_of(pruned, price, split=SPLIT):
    """The bytes of a file: few levels, trained, with a price on each bit; neurons in a good order."""
    few = quantize(
        pruned, split.train, split.validation, levels=LEVELS, price=price, epochs=20, **train_settings
    )
    return encode_model(sort_neurons(few, split.x_val[:16]))


pruned = {strength: pruned_with(strength) for strength in STRENGTHS}
blobs = {(strength, price): file_of(model, price) for strength, model in pruned.items() for price in PRICES}
models = {key: decode_model(blob, network()) for key, blob in blobs.items()}

# %% [markdown]
# From here on, only what is *read back from the files* counts.
#
# ### Exercise 11.1
# How much smaller is it? Write the two rates that a report should give.

# %%
def rates(dense, small, nonzero, file_bytes):
    """(rate in weights, rate in bytes), each of them above 1 if something was saved.

    dense: weights of the dense network, 4 bytes each; small: entries of the tensors after idle neurons
    were cut out; nonzero: weights that are not zero; file_bytes: size of the file.
    """
    ### BEGIN SOLUTION
    return dense / nonzero, 4 * dense / file_bytes
    ### END SOLUTION


rates = ex("11.1").attempt(rates)

# %% tags=["nbval-ignore-output"]
print("strength  price   weights   tensors   file      rate: weights    bytes")
for (strength, price), model in models.items():
    cut = sum(p.numel() for p in remove_neurons(model, SPLIT.x_val).parameters())
    counts = DENSE, cut, count_nonzero(model), len(blobs[strength, price])
    by_weight, by_byte = rates(*counts)
    print(f"{strength:8g} {price:6g} {counts[2]:9,} {cut:9,} {counts[3]:6,} {by_weight:18.1f} {by_byte:8.1f}")

# %% [markdown]
# The rate in bytes is several times the rate in weights. That is what few levels and good positions are for: each
# living weight costs far less than 32 bits, its place included.
#
# ## Does it pay?
#
# ### Exercise 11.2
# Write the length of the whole message.

# %%
def two_part_total(file_bytes, probabilities, labels):
    """Bits of the file, and of all labels given the model.

    probabilities: (n, classes), the model's, all above 0; labels: (n,) whole numbers.
    """
    ### BEGIN SOLUTION
    given = probabilities[np.arange(len(labels)), labels]
    return 8 * file_bytes - np.log2(given).sum()
    ### END SOLUTION


two_part_total = ex("11.2").attempt(two_part_total)

# %% [markdown]
# **Predict:** which file has the shortest message? The one with the fewest mistakes, the smallest one, or one in
# between?

# %% tags=["nbval-ignore-output"]
@torch.no_grad()
def probabilities_of(model, x):
    return deepcopy(model).double()(x.double()).softmax(1).numpy()


table = {}
print("strength  price    file   labels    total   validation error")
for key, model in models.items():
    total = two_part_total(len(blobs[key]), probabilities_of(model, SPLIT.x_train), SPLIT.y_train.numpy())
    labels = total / 8 - len(blobs[key])
    table[key] = {"file": len(blobs[key]), "labels": labels, "error": validation_error(model)}
    print(f"{key[0]:8g} {key[1]:6g} {len(blobs[key]):7,} {labels:8.0f} {total / 8:8.0f} {table[key]['error']:13.1%}")

# %%
totals = {key: row["file"] + row["labels"] for key, row in table.items()}
shortest = min(totals, key=totals.get)
print("the shortest message is shorter than the labels alone:", totals[shortest] < PLAIN / 8)
print("it is the smallest file of all:", table[shortest]["file"] == min(row["file"] for row in table.values()))
print("it has the least validation error of all:",
      table[shortest]["error"] == min(row["error"] for row in table.values()))  # fmt: skip

# %% [markdown]
# On a thousand rows the bits of the model rule, so the shortest message has a small model that makes more
# mistakes. With 55,000 rows of MNIST the labels would weigh fifty times as much, and the same sum would ask for a
# larger model. **The two-part code buys accuracy only as far as the data can pay for it.** If new digits matter
# more to you than these labels, choose by validation error. Both are honest, as long as you say which.
#
# ## Explore: where do the bytes go?
#
# **Predict:** as the strength grows at a price of 0.1, the file shrinks. What do the labels do?

# %%
def draw(strength, price):
    row = table[strength, price]
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.2, 2.9), width_ratios=[1.1, 1])
    left.barh(1, row["file"], color=COLORS["blue"], label="file")
    left.barh(1, row["labels"], left=row["file"], color=COLORS["orange"], hatch="//", edgecolor="white",
              label="labels, given the model")  # fmt: skip
    left.barh(0, PLAIN / 8, color="white", edgecolor="black", label="labels alone")
    left.text(row["file"] + row["labels"] + 5, 1, f"{row['file'] + row['labels']:.0f}", va="center")
    left.set(yticks=(1, 0), yticklabels=("with\nmodel", "without"), xlabel="bytes", ylim=(-0.6, 2.6),
             xlim=(0, 1.1 * max(PLAIN / 8, *totals.values())))  # fmt: skip
    left.legend(loc="upper center", ncols=2, fontsize=9)
    sizes, errors = ([r[name] for r in table.values()] for name in ("file", "error"))
    right.plot(sizes, 100 * np.array(errors), "o", color="0.6", linestyle="")
    right.plot(row["file"], 100 * row["error"], "D", color=COLORS["vermillion"], markersize=10)
    right.set(xlabel="file (bytes)", ylabel="validation error (%)", ylim=(0, None))
    return figure


def words(strength, price):
    row = table[strength, price]
    return (
        f"Strength {strength:g}, price {price:g}. Left: the bytes of the file and of the labels given the model "
        f"(together about {10 * round(totals[strength, price] / 10)}) above those of the labels alone "
        f"({PLAIN / 8:.0f}). Right: validation error against bytes for all files, this one as a diamond at "
        f"about {100 * row['error']:.0f} %."
    )


# %% tags=["nbval-ignore-output"]
Explore(draw, description=words, strength=list(STRENGTHS), price=list(PRICES))

# %% [markdown]
# ## Choose, without the test data
#
# The validation error of each file is a count among a few hundred rows. Its *standard error* (how far such a share
# strays, typically) is about one point, so the best of eight was probably lucky, too.
#
# ### Exercise 11.3
# Choose the smallest file that is as good as the best, as far as these rows can tell.

# %%
def choose(sizes, validation, rows):
    """Index of the smallest file whose validation error is at most one standard error above the least.

    sizes: (k,) bytes, all different; validation: (k,) errors in [0, 1]; rows: validation rows. The standard
    error is that of the least error p: the deviation of a mean of `rows` answers, wrong with probability p.
    """
    ### BEGIN SOLUTION
    least = validation.min()
    good = np.flatnonzero(validation <= least + math.sqrt(least * (1 - least) / rows))
    return int(good[sizes[good].argmin()])
    ### END SOLUTION


choose = ex("11.3").attempt(choose)

# %% tags=["nbval-ignore-output"]
keys = list(table)
sizes, errors = (np.array([table[key][name] for key in keys]) for name in ("file", "error"))
CHOSEN = keys[choose(sizes, errors, len(SPLIT.y_val))]
for name, key in [("least error", keys[errors.argmin()]), ("one standard error", CHOSEN), ("fewest bits", shortest)]:
    print(f"{name:20} strength {key[0]:g}, price {key[1]:g}: {table[key]['file']:4} bytes, "
          f"validation error {table[key]['error']:.1%}")  # fmt: skip

# %% [markdown]
# In our run nothing smaller is within one standard error, so the first two rules agree; with other strengths they
# part. The choice is made, and it is final. Before the look at the test data, a question about looks.
#
# ## What a test error is worth
#
# A model makes 12 mistakes on 400 test rows. Its error is 3 %. Or is it? Another 400 rows would give another count.
#
# ### Exercise 11.4
# Write Wilson's interval: all true error rates p for which the count is within 1.96 deviations of what p expects.

# %%
def wilson(wrong, rows):
    """(low, high): all p with |wrong - rows p| <= z sqrt(rows p (1 - p)).

    z is the 97.5 % point of a normal, 1.959964; 1.96 is too coarse for the check.
    """
    ### BEGIN SOLUTION
    z = 1.959963984540054
    centre = wrong + z**2 / 2
    half = z * math.sqrt(wrong * (rows - wrong) / rows + z**2 / 4)
    return (centre - half) / (rows + z**2), (centre + half) / (rows + z**2)
    ### END SOLUTION


wilson = ex("11.4").attempt(wilson)

# %%
print("wrong of rows        Wilson             exact (Clopper, Pearson)")
for wrong, rows in [(12, 400), (0, 400), (120, 4_000), (100, 10_000)]:
    low, high = wilson(wrong, rows)
    exact = binomtest(wrong, rows).proportion_ci(0.95)
    print(f"{wrong:5} of {rows:6,}   {low:6.2%} to {high:6.2%}   {exact.low:8.2%} to {exact.high:6.2%}")

# %% [markdown]
# Twelve mistakes in 400 say "between 1.7 % and 5.2 %". And none in 400 still allows one in a hundred. To tell 3 % from
# 4 % takes thousands of rows. So a leaderboard of digits can rank bytes to the last one, and errors hardly at all.
#
# Now the look.

# %%
path = FOLDER / "model.l0"
path.write_bytes(blobs[CHOSEN])
METHOD_WORDS = f"{METHOD.__name__}, strength {CHOSEN[0]:g}; {LEVELS} levels, price {CHOSEN[1]:g}"
page = certificate(
    path, network(), SPLIT, looks=LOOKS, title=TITLE, method=METHOD_WORDS, seed=0, parameters=DENSE
)
print("the certificate is one file:", page.save(FOLDER / "certificate.html").name)

# %% tags=["nbval-ignore-output"]
display(page)

# %% [markdown]
# Compare the two errors. The validation error of the winner is the least of eight, so luck had a hand in it; in
# our run the test error is twice as high. Neither is a mistake: their intervals overlap. But only the second is an
# honest promise, and it can be given once. `LOOKS` counts *yours*: 1 now, 2 after the next change of the cell.
# Ours are more: three other settings of this cell were judged while the lesson was written, and all lessons
# together looked about 150 times at these 400 rows. That is the number on the leaderboard below.
#
# Everything on the page was counted again from the file. It names its hash, so nobody can pass off another file. It
# stands beside the course's own files, which come from recorded runs. There is no date unless you pass one, so the
# same file gives the same page.
#
# ## Control: labels that mean nothing
#
# Shuffle all labels, and run the very same pipeline. There is nothing to learn now.

# %%
guess = predict(
    "11.shuffled",
    "Shuffled labels, the same pipeline. What happens?",
    choices=("a file that pays, by a little", "a file that does not pay", "no file at all"),
)

# %%
order = torch.Generator().manual_seed(0)


def shuffled(labels):
    return labels[torch.randperm(len(labels), generator=order)]


nonsense = replace(
    SPLIT, y_train=shuffled(SPLIT.y_train), y_val=shuffled(SPLIT.y_val), y_test=shuffled(SPLIT.y_test),
    name=f"{SPLIT.name}, labels shuffled",
)  # fmt: skip
try:
    pruned_with(STRENGTHS[0], nonsense)
    made = "a file that does not pay"
except ValueError as error:
    print("ValueError:", error)
    made = "no file at all"
guess.reveal(made, "On the validation rows, a network of zeros is as good as any.")

# %% [markdown]
# The validation rows were the first guard. So be careless, as many are: choose on the *training* rows, and drop
# the penalty. Now the network is free to learn what it can of the nonsense by heart. The certificate is the second
# guard.

# %% tags=["nbval-ignore-output"]
careless = replace(nonsense, x_val=nonsense.x_train, y_val=nonsense.y_train)
learnt = pruned_with(0.0, careless)
verdicts = []
for price in (0.0, *PRICES):
    path = FOLDER / f"nonsense-{price}.l0"
    path.write_bytes(file_of(learnt, price, careless))
    verdicts.append(certificate(path, network(), careless, looks=1, peers=()))
    v = verdicts[-1]
    print(f"price {price:g}: {v.file_bytes:,} bytes; error on training rows {v.validation.share:.0%}, on test rows "
          f"{v.test.share:.0%}. {v.verdict}")  # fmt: skip

# %%
print("some page says that the model pays:", any(v.pays for v in verdicts))
print("every test error is at least 80 %: ", all(v.test.share >= 0.8 for v in verdicts))
assert not any(v.pays for v in verdicts)

# %% [markdown]
# The sum needed no test data to see through it: the bits of file and training labels together exposed a model that had
# learnt by heart. The share of right training labels would not have: it is better than chance.
#
# ## The leaderboard
#
# Many files, two currencies: bytes and mistakes. Which ones deserve a place?
#
# ### Exercise 11.5
# Mark the files that nobody beats in both.

# %%
def front(sizes, errors):
    """Boolean (k,): True where no other file is at most as large AND at most as wrong, and less in one of the two."""
    ### BEGIN SOLUTION
    smaller = sizes[None, :] <= sizes[:, None]
    better = errors[None, :] <= errors[:, None]
    strictly = (sizes[None, :] < sizes[:, None]) | (errors[None, :] < errors[:, None])
    return ~(smaller & better & strictly).any(axis=1)
    ### END SOLUTION


front = ex("11.5").attempt(front)

# %% [markdown]
# The course recorded 240 digit readers: two networks, six strengths, five splits, four prices.

# %% tags=["signature"]
figure = registry.find("digit_files")
recorded = figure.load("quick")
show(figure.draw(recorded), figure.description)

# %%
files = [(cell, file) for cell, result in recorded for file in result["files"]]
sizes = np.array([file["bytes"] for _, file in files])
wrong = np.array([file["validation_wrong"] for _, file in files])
totals_recorded = sizes + np.array([file["label_bits"] for _, file in files]) / 8
print(f"{front(sizes, wrong).sum()} of {len(files)} files are on the front of bytes and validation mistakes")
alone = class_bits(data.y_train.numpy(), 10) / 8
print("messages shorter than the labels alone:", int((totals_recorded < alone).sum()))
print("price   bytes   total   validation   test (medians; with the lowest and highest test error)")
for price in (0.0, 0.1, 0.3, 1.0):
    mine = [i for i, (_, file) in enumerate(files) if file["price"] == price]
    test = np.array([files[i][1]["test_wrong"] for i in mine]) / 400
    print(f"{price:5g} {np.median(sizes[mine]):7.0f} {np.median(totals_recorded[mine]):7.0f} {np.median(wrong[mine]) / 300:11.1%}"
          f" {np.median(test):8.1%}   {test.min():.1%} to {test.max():.1%}")  # fmt: skip

# %% [markdown]
# Every entry of the leaderboard is such a file with a claim beside it. One command loads the file, counts everything
# anew, and ranks what holds: * is the front, and ? would be a test error that could not be checked here. Nothing in an
# entry can run: the claim is text and whole numbers, the file holds numbers only, and the network is named, never
# sent as code.

# %%
paths = [str(path) for path in entries]
print("exit code:", main(["leaderboard", "check", *paths]))

# %% [markdown]
# **Predict:** I make a copy of an entry and claim one mistake less. Then one with a byte of the file changed. Then
# one that names a network of its own. Who notices?

# %%
def forged(name, change, damage=False):
    """Check a copy of the first entry in which something was changed; prints what the check says."""
    folder = FOLDER / name
    folder.mkdir(exist_ok=True)
    source = Path(paths[0])
    claim = json.loads(source.read_text())
    blob = bytearray(source.with_name(claim["file"]).read_bytes())
    blob[len(blob) // 2] ^= damage
    (folder / claim["file"]).write_bytes(blob)
    (folder / "entry.json").write_text(json.dumps(claim | change(claim)))
    try:
        check_entry(folder / "entry.json")
        print(f"{name:10} accepted")
    except ValueError as error:
        print(f"{name:10} {str(error).replace(str(folder), '...')}")


forged("untouched", lambda claim: {})
forged("boast", lambda claim: {"test_wrong": claim["test_wrong"] - 1})
forged("damage", lambda claim: {}, damage=True)
forged("network", lambda claim: {"architecture": "my_net.py:Net"})
forged("outside", lambda claim: {"file": "../../other.l0"})

# %% [markdown]
# To take part, in a new cell (or in a terminal, in the clone: `.venv/bin/l0course leaderboard add FILE --task ...`):
#
# ```python
# main(["leaderboard", "add", str(FOLDER / "model.l0"), "--task", "digits", "--architecture", "MLP 64-30-10",
#       "--who", "your name", "--method", METHOD_WORDS, "--looks", str(LOOKS)])
# ```
#
# It writes two files to `data/leaderboard/digits`. Whoever has them runs `l0course leaderboard check`.
#
# ## What no check can see
#
# A check sees bytes and mistakes. It does not see how often somebody *looked*. All 1,797 digits are public, so
# there is no secret test set, and we cannot make one. What does it cost to look often?
#
# ### Exercise 11.6
# Many models, each with the same true error. What is the chance that the *best* of them makes at most so many mistakes?

# %%
def luck(wrong, rows, error, looks):
    """P(the best of `looks` models makes at most `wrong` mistakes on `rows` rows), each errs with probability `error`.

    The models' counts are independent. binom.cdf(k, n, p) of scipy.stats is the chance of at most k among n.
    """
    ### BEGIN SOLUTION
    from scipy.stats import binom

    return 1 - (1 - binom.cdf(wrong, rows, error)) ** looks
    ### END SOLUTION


luck = ex("11.6").attempt(luck)

# %%
guess = predict(
    "11.luck",
    "True error 4 %, 400 test rows, 100 models. How likely does the best show 2 % or less?",
    low=0,
    high=100,
    unit="%",
)

# %%
print("looks    the best of them shows at most 2 %")
for looks in (1, 10, 100, 300):
    print(f"{looks:5} {luck(8, 400, 0.04, looks):19.1%}")
guess.reveal(round(100 * luck(8, 400, 0.04, 100)), "If the counts were independent; models that look alike are less lucky.")

# %% [markdown]
# A hundred looks turn 4 % into 2 % or less seven times in eight, and nobody learnt anything. What limits it here, and
# how far:
#
# - The certificate and the board print the number of looks that their makers *state*, and widen the interval with it
#   (each look gets its share of the 5 %). That covers choosing among finished models. It does not cover models that
#   were improved with the answers of earlier looks, and it cannot catch a lie.
# - Our own looks are counted, too: about 150 at this split in this course, about 300 at MNIST's test images.
# - The recorded files use five splits. If the first one had been overfitted, its test errors would be lower than
#   the others'.
# - Rank by bytes first: bytes cannot be lucky.

# %%
print("split   median test error of the recorded files at price 0.1")
for seed in range(5):
    mine = [file["test_wrong"] / 400 for cell, file in files if cell["seed"] == seed and file["price"] == 0.1]
    print(f"{seed:5} {np.median(mine):10.1%}")

# %% [markdown]
# The first split has the second lowest error of five, between 4.5 % and 6.6 %: no sign of overfitting. But the splits
# differ by a point anyway, so a small effect would not show.
#
# ## Three open problems
#
# We found no answer to these in the papers that this course reads. Each comes with a number to beat. Try your idea
# on one case, and report it on others.
#
# **1. The same network in fewer bytes.** The coder predicts positions and levels from the neighbours (lesson 06). How
# much regularity is left, we do not know. *Baseline:* the course's own files. *Progress:* a decoder that gives back the
# same weights, bit for bit, from fewer bytes, on the median of files it was not tuned on; or training that makes
# structure and code together, with fewer bytes at the same validation error.
#
# In the table, *rest* is header, levels and checksum. The naive column knows no neighbours and pays for no rest:
# compare it with positions + values.

# %%
def naive_bytes(model):
    """A starting point: ideal positions for each tensor, and the entropy of all values."""
    tensors = [p.detach().numpy().ravel() for p in model.parameters()]
    positions = sum(support_bits(p.size, int(np.count_nonzero(p))) for p in tensors)
    _, counts = np.unique(np.concatenate([p[p != 0] for p in tensors]), return_counts=True)
    return (positions - (counts * np.log2(counts / counts.sum())).sum()) / 8


print("file                        live   bytes: positions   values   rest    all     naive positions + values")
shown = [*paths, *map(str, sorted(BOARD.glob("mnist/*lenet-5*.json")))]
for path in map(Path, shown):
    claim = json.loads(path.read_text())
    model = LeNet5(seed=0) if "LeNet-5" in claim["architecture"] else opened(path)
    file = path.with_name(claim["file"])
    decode_model(file.read_bytes(), model)
    parts = {"support": 0.0, "values": 0.0}
    for _, part, size in file_report(file, model):
        parts[part] = parts.get(part, 0) + size
    rest = claim["bytes"] - parts["support"] - parts["values"]
    print(f"{claim['task']:7}{claim['architecture']:18}{claim['nonzero']:7,}{parts['support']:19.0f}{parts['values']:9.0f}"
          f"{rest:7.0f}{claim['bytes']:7,}{naive_bytes(model):15.0f}")  # fmt: skip

# %% [markdown]
# **2. Better answers for kept rows.** Lesson 10 keeps 210 of 10,000 rows, weighted so that the loss agrees. Of
# five recorded students trained on them (AdamW), three end a third and more above those trained on all rows. Each
# kept row brings its own noise. Weights are chosen; what if the *answers* are chosen as well? *Progress:* a recipe
# for 210 rows and new answers, made without test data, whose ratio is lower on fresh seeds, and on a task where
# polynomials fit badly, too.

# %%
data_figure = registry.find("data_compression")
ratios = [
    result["moments 210"]["test"] / result["all"]["test"]
    for cell, result in data_figure.load("quick")
    if cell.get("optimiser") == "adamw" and cell["d"] == 10_000
]
print("recorded, 210 weighted rows / all 10,000, AdamW:", " ".join(f"{ratio:.2f}" for ratio in sorted(ratios)))


def task(n, seed):
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, size=(n, 2))
    clean = np.sin(3 * x[:, 0]) * x[:, 1] + np.abs(x[:, 0] - x[:, 1])  # a kink on purpose
    return x, clean, clean + 0.5 * rng.normal(size=n)


def smooth(x, y, degree=4):
    """A starting point: the answers of a polynomial fitted to all rows, in place of the noisy ones."""
    powers = np.stack([x[:, 0] ** a * x[:, 1] ** b for a in range(degree + 1) for b in range(degree + 1 - a)], axis=1)
    return powers @ np.linalg.lstsq(powers, y, rcond=None)[0]


def trained_error(x, y, weights, test):
    """Squared error against the clean answers of a small tanh network after 300 steps of AdamW, all rows a step."""
    x, y, weights = (torch.tensor(a, dtype=torch.float64) for a in (x, y, weights / weights.sum()))
    model = MLP((2, 30, 1), nn.Tanh, seed=0, dtype=torch.float64)
    optimiser = torch.optim.AdamW(model.parameters(), lr=0.02)
    for _ in range(300):
        optimiser.zero_grad()
        (weights * (model(x)[:, 0] - y) ** 2).sum().backward()
        optimiser.step()
    with torch.no_grad():
        return float(((model(torch.tensor(test[0]))[:, 0].numpy() - test[1]) ** 2).mean())


# %% tags=["nbval-ignore-output"]
print("seed   all rows    210 rows / all    210 rows, polynomial answers / all")
for seed in range(3):
    x, clean, y = task(2_000, seed)
    test = task(2_000, 100 + seed)
    kept, mass = compress_data(x, y, 210, degree=4)
    whole = trained_error(x, y, np.ones(len(x)), test)
    plain, smoothed = (trained_error(x[kept], answers[kept], mass, test) for answers in (y, smooth(x, y)))
    print(f"{seed:4} {whole:10.4f} {plain / whole:17.2f} {smoothed / whole:20.2f}")

# %% [markdown]
# Both errors are against *clean* answers, but task, rows and network differ: compare within a row of the table only.
# The polynomial helped on two of our three seeds and harmed on one. It takes the noise away, and the kink with it. Is
# there something that takes only the noise?
#
# **3. How many bits does a weight deserve, with few rows?** Description length turns bits into a strength, n·α =
# 2σ² ln 2 · b (lesson 07). With b = ½ log2 n the median error is within 1 % of the least at 300 rows and more.
# With 30 rows it is a tenth above, and with b = 8 as well (lesson 07): ½ log2 n is made for many rows. *Progress:*
# a rule for b from the training rows alone that loses less with 30, nothing with more, and does so on new
# teachers.

# %%
def bits_rule(n):
    """A starting point: what n rows can fix of a weight."""
    return 0.5 * math.log2(n)


curves = registry.find("u_curve").load("quick")
print("rows   least at n·α   rule at n·α   test error there / least")
for n in (30, 300, 2000):
    runs = [(cell, result) for cell, result in curves if cell["n"] == n]
    strengths, sigma = np.array(runs[0][0]["strengths"]), 0.08
    middle = np.median([result["test"] for _, result in runs], axis=0)
    at = n * mdl_alpha(sigma, bits_rule(n), n)
    there = np.interp(np.log(at), np.log(strengths[1:]), middle[1:])
    print(f"{n:4} {strengths[middle.argmin()]:14g} {at:13.3f} {there / middle.min():18.3f}")

# %% [markdown]
# ## Quiz

# %%
quiz(
    "11",
    [
        Question(
            "A file of 300 bytes leaves 150 bytes of labels. The labels alone take 456 bytes. The model ...",
            (
                "pays for itself, by 6 bytes",
                "pays, by 156 bytes",
                "does not pay, because it makes mistakes",
            ),
            answer=0,
            why="300 + 150 = 450. Mistakes are in the labels' bytes already.",
        ),
        Question(
            "You choose among 50 files by their validation error. Which number is flattering?",
            (
                "the bytes of the chosen file",
                "its error on test data, looked at once",
                "its validation error",
            ),
            answer=2,
            why="The least of 50 noisy numbers is too low on average. Bytes are exact, and the test rows had no say.",
        ),
        Question(
            "An entry's hash is right, its file is whole, and all its claims hold. What can still be wrong?",
            (
                "the number of bytes",
                "the number of looks",
                "the number of mistakes on the test rows",
            ),
            answer=1,
            why="Bytes and mistakes were counted anew. How often its makers looked is their word.",
        ),
    ],
)

# %% [markdown]
# ## What to take away
# 1. Start from a dense baseline, end with a file, and count what is read back from it.
# 2. Bits of the model plus bits of the labels given the model: if the sum is not shorter than the labels, do not
#    send it.
# 3. Train, choose, judge: three sets of rows. Say how often you looked at the third.
# 4. An error is a count. It has an interval, and a few hundred rows make it wide.
# 5. Claims that anyone can recompute need no trust. What cannot be recomputed should be said.
#
# **Limits.** Digits are small, and 400 test rows cannot rank good files. The two-part code counts neither the
# reading program nor the shape of the network, and its labels are training labels: it says what pays for *these*
# rows. The interval covers a choice among finished models, not learning from looks. The board knows three tasks
# and the course's own architectures.
#
# **What would change our mind.** A file trained on shuffled labels that pays for itself; a damaged file that passes the
# check; or test errors on the first split that are clearly below those on the other four.
#
# ## Read more
# - Blier and Ollivier, *The description length of deep learning models* (NeurIPS 2018, arXiv 1802.07044). Look at why
#   they find the two-part code of a whole network so long, and ask what pruning changes.
# - Blum and Hardt, *The Ladder: a reliable leaderboard for machine learning competitions* (ICML 2015, arXiv
#   1502.04585). Look at what a board may answer, so that many looks do little harm.
# - Recht, Roelofs, Schmidt and Shankar, *Do ImageNet classifiers generalize to ImageNet?* (ICML 2019, arXiv
#   1902.10811). Look at what a decade of looks at one test set did, and did not do.
#
# ## From equations to code
# | In words | Formula | Code |
# |---|---|---|
# | rate in weights, in bytes | N / ℓ0, 4 N / bytes | `Certificate.parameters`, `.nonzero`, `.file_bytes` |
# | bits of the labels, given the model | −Σ log2 p(yᵢ given xᵢ) | `label_bits_of(model, (x, y))` |
# | bits of the labels alone | n log2 C, or counts and order | `class_bits(labels, classes)` |
# | does it pay? | 8 · bytes + label bits < label bits alone | `Certificate.pays` |
# | wrong answers, in double precision | Σ [argmax ≠ y] | `wrong_answers(model, (x, y))` |
# | interval for all looks | Clopper-Pearson at 1 − 0.05 / looks | `Mistakes(wrong, rows, looks).interval` |
# | the page | | `certificate(path, model, split, looks=1).save("page.html")` |
# | claims that are counted anew | | `l0course leaderboard check`, `l0course leaderboard add` |

# %% [markdown] tags=["teacher"]
# ## Teacher's note
# **15 minutes:** cold open, the table of messages, the control. **50 minutes:** add 11.2, 11.3, the certificate
# and the forged entries. **90 minutes:** everything except the open problems. **A project** takes an afternoon or
# three weeks: groups of two or three, one task each (digits for all, or data of their own with at least 300 rows
# in each part), a certificate as hand-in, ten minutes of talk.
#
# **Rubric (20 points).** A dense baseline and a rate in weights and in bytes (3). Choices on validation data, and
# a written list of every look at the test data (4). The file loads elsewhere and the certificate's hash is that of
# the file (3). Two-part total with the verdict explained in their own words (3). Three seeds or splits, with the
# spread (3). A control of their own that fails (2). One thing that did not work, and why (2). No points for being
# first: otherwise looks become currency. To grade, run `certificate` on the file yourself, with a network and a
# split that *you* wrote down: the file cannot execute anything, their code can.
#
# **Groups.** One trains, one owns the test data and answers a single question at the end, one writes the page.
# Swap files between groups and let each check the other's claims.
#
# **Misconceptions.** (1) "Smaller is better." Not if it costs more bits of labels than it saves. (2) "The interval
# says where other models lie." It is about this model and new rows. (3) "A hash proves the claim." It proves which
# file was meant. (4) "Shuffled labels give an empty file." With honest validation rows they do; without, the
# network learns a part of them by heart, in more bytes than it saves.
#
# **Discussion.** *Should the shape of the network be charged?* Yes, some bytes; all entries here share it. *Would
# a secret test set help?* It would, if somebody keeps it and answers seldom; with public data it is theatre. *Why
# is the certificate silent about speed?* Speed belongs to a machine, bytes do not.
#
# **If you change the cell:** the prints that say True or False are observations, not promises. Only the control is
# asserted.
