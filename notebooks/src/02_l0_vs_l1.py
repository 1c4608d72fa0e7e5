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
# # 02 · ℓ0 against ℓ1: counting is not shrinking
#
# **Claim.** Counting weights (ℓ0) and shrinking them (ℓ1) answer different questions. *Phenomenon:*
# on correlated data it happens that no strength of shrinking finds the right columns, and counting
# finds them.
# *Evidence:* a map of 117 settings with 100 data sets each. *Control:* when the answers are
# shuffled, there is nothing to find, and an honest method must say so.
#
# **You will be able to**
# - derive the two thresholding maps, and tell them apart in a plot;
# - measure how far the lasso shrinks (its bias), and undo it by refitting;
# - find the best subset of columns, and say why a greedy search can miss it;
# - price a column in bits, and choose the number of columns without cross-validation;
# - predict, from correlation and noise, which of the two will find the truth.
#
# **You need** lesson 00, least squares, and NumPy. **Time:** 30 minutes of reading, 40 of doing,
# {{running}} of running.

# %%
import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import Lasso, LinearRegression, OrthogonalMatchingPursuit, lars_path

from l0course import L0Regression, RelaxedLasso, best_subsets, gaussian_bits, support_bits
from l0course.datasets import diabetes
from l0course.figures import registry
from l0course.figures.style import COLORS, show, use_style
from l0course.generated import sparse_regression
from l0course.learn import Explore, Question, ex, predict, quiz

use_style()

# %% [markdown]
# ## Four columns matter, eight do not
#
# Here are 200 rows with 12 columns. The answer `y` is the sum of the **first four** columns, plus a
# little noise: the signal has 100 times the variance of the noise. The other eight columns do not
# matter, but each of them is correlated with the sum of the four that do.
#
# The *lasso* minimises the squared error plus a strength times ℓ1, the sum of all |w|. (ℓ0 is the
# *number* of weights that are not zero.) For every strength the lasso keeps some columns, its *support*,
# and drops the others. Before you run on, make a guess.

# %%
guess = predict(
    "02.lasso-finds-it",
    "Is there a strength for which the lasso keeps exactly the four right columns?",
    choices=("yes, for a good strength", "no, for no strength"),
)

# %%
data = sparse_regression(200, 12, 4, rho=0.7, snr=100, design="confounded", seed=2)
strengths, _, path = lars_path(data.X, data.y, method="lasso")  # path: (12, corners)
supports = [tuple(np.flatnonzero(np.abs(w) > 1e-12).tolist()) for w in path.T]
sizes = [len(s) for s in supports]
print("columns that the lasso keeps, from strong to weak shrinking:")
for support in supports[1:9]:
    print("  ", support)
print(f"   ... ({len(supports) - 9} more)")
print("exactly the first four, at any strength:", (0, 1, 2, 3) in supports)
print("best subset of four columns:            ", best_subsets(data.X, data.y, 4)[4][0])

# %%
figure, axis = plt.subplots(figsize=(6.4, 3.4))
for j, w in enumerate(path):
    right = j < 4
    axis.plot(
        np.abs(path).sum(axis=0),
        w,
        color=COLORS["blue"] if right else COLORS["vermillion"],
        linestyle="-" if right else "--",
        marker="",
        label={0: "the four that matter", 4: "the eight that do not"}.get(j),
    )
axis.axhline(1, color="0.4", linewidth=1, linestyle=":", marker="")
axis.set(xlabel="sum of |w| that the strength allows", ylabel="coefficient")
axis.legend(loc="upper left")
show(
    figure,
    "The lasso's path, from strong shrinking (left) to none (right). The wrong columns (dashed) "
    "come in first and never all leave; the right ones (solid) reach their true value 1 only at "
    "the very end. No cut through the picture holds the four right columns alone.",
)
guess.reveal(
    "no, for no strength",
    "The lasso is not short of data or of tuning. It answers another question: which columns "
    "explain y with the smallest sum of |w|? The wrong ones are cheaper.",
)

# %% [markdown]
# Counting got it right at once (we told it to look for four; later it will find that number itself).
# To see why, we take one weight at a time.
#
# ## One weight: two maps
#
# Suppose that the data want a weight to be θ. Being at x instead costs ½ (x − θ)². A penalty pulls
# x towards 0. (Here θ is the wish and x the weight. In the other lessons θ is the weight itself.)
#
# - ℓ1 charges α·|x|: every unit of size costs the same.
# - ℓ0 charges α if x ≠ 0: being there costs, the size is free.
#
# ### Exercise 02.1
# Write the map from θ to the best x under **ℓ1**, for arrays of any shape.

# %%
def shrink(theta, alpha):
    """Minimise (x - theta)**2 / 2 + alpha * |x|, entry by entry.

    theta: array of any shape; alpha: number >= 0; returns an array of theta's shape.
    """
    ### BEGIN SOLUTION
    return np.sign(theta) * np.maximum(np.abs(theta) - alpha, 0)
    ### END SOLUTION


shrink = ex("02.1").attempt(shrink)

# %% [markdown]
# ### Exercise 02.2
# Now the same under **ℓ0**. There are only two candidates for the best x. Which?

# %%
def keep_or_drop(theta, alpha):
    """Minimise (x - theta)**2 / 2 + alpha * [x != 0], entry by entry; shapes as in 02.1."""
    ### BEGIN SOLUTION
    return np.where(np.abs(theta) < np.sqrt(2 * alpha), 0.0, theta)
    ### END SOLUTION


keep_or_drop = ex("02.2").attempt(keep_or_drop)

# %%
theta = np.linspace(-3, 3, 601)
figure, axis = plt.subplots(figsize=(6.4, 3.6))
axis.plot(theta, theta, color="0.6", linestyle=":", marker="", label="no penalty: x = θ")
axis.plot(theta, theta / 2, color=COLORS["green"], linestyle="-.", marker="", label="ℓ2: ½ x²")
axis.plot(theta, shrink(theta, 1.0), linestyle="--", marker="", color=COLORS["vermillion"],
          label="ℓ1: all survivors move by α")  # fmt: skip
kept = keep_or_drop(theta, 1.0)
kept[np.flatnonzero(np.diff(kept != 0))] = np.nan  # draw the jump as a gap
axis.plot(theta, kept, linestyle="-", marker="", color=COLORS["blue"],
          label="ℓ0: survivors stay")  # fmt: skip
axis.set(xlabel="θ, what the data want", ylabel="x, what the penalty leaves", ylim=(-3.1, 3.1))
axis.set_xticks([-3, -2, -np.sqrt(2), -1, 0, 1, np.sqrt(2), 2, 3],
                ["−3", "−2", "−√2", "−1", "0", "1", "√2", "2", "3"])  # fmt: skip
axis.legend(loc="upper left", fontsize=9)
show(
    figure,
    "Four maps from what the data want to what is left, at strength 1. Under l2 all weights shrink "
    "in proportion. Under l1 small ones vanish and all others move towards 0 by the same amount. "
    "Under l0 small ones vanish and the others stay where they are, so there is a jump at √2.",
)

# %% [markdown]
# Read the picture from right to left. A weight of 3 keeps its value under ℓ0, loses 1 under ℓ1, and
# loses half of itself under ℓ2. Only ℓ0 and ℓ1 produce exact zeros. Only ℓ1 does so *and* is convex:
# that is why it became the standard tool. The price is a *bias*: its survivors are systematically too
# small.
#
# ## Two weights: the shape of a budget
#
# With two weights, give the penalty a budget and ask for the best fit within it. The budget has a
# shape: a diamond for ℓ1, a disc for ℓ2, and for ℓ0 the two axes: one weight may be anything, the other
# is 0 (its budget is one weight; the slider does nothing). The error is a valley around the
# least-squares solution, with round contours, or elliptic ones if the columns are correlated.
#
# **Predict, then explore.** Least squares wants (2, 0.5). With which shapes does the solution land on
# an axis? How much of the first weight is left there? Move the sliders.

# %%
def geometry(penalty, budget, correlation):
    """Contours of the error, the budget's shape, and the best point within it."""
    target = np.array([2.0, 0.5])
    gram = np.array([[1.0, correlation], [correlation, 1.0]])
    grid = np.linspace(-2.6, 2.6, 521)
    w = np.stack(np.meshgrid(grid, grid), axis=-1)  # (521, 521, 2)
    error = np.einsum("xyi,ij,xyj->xy", w - target, gram, w - target)
    size = {
        "l1 (diamond)": np.abs(w).sum(axis=-1),
        "l2 (disc)": np.sqrt(np.square(w).sum(axis=-1)),
        "l0 (the axes)": np.where(np.abs(w).min(axis=-1) < 1e-9, 0.0, np.inf),
    }[penalty]
    inside = size <= budget + 1e-9
    best = w[np.unravel_index(np.where(inside, error, np.inf).argmin(), error.shape)]
    figure, axis = plt.subplots(figsize=(5.6, 4.2))
    axis.contour(grid, grid, error, levels=[0.1, 0.5, 1.2, 2.5, 4.5], colors="0.7", linewidths=1)
    touching = float((best - target) @ gram @ (best - target))
    if touching > 1e-3:
        axis.contour(grid, grid, error, levels=[touching], colors=COLORS["vermillion"])
    if penalty.startswith("l0"):
        axis.axhline(0, color=COLORS["sky"], linewidth=5, marker="", alpha=0.7)
        axis.axvline(0, color=COLORS["sky"], linewidth=5, marker="", alpha=0.7)
    else:
        axis.contourf(grid, grid, inside, levels=[0.5, 2], colors=[COLORS["sky"]], alpha=0.5)
    axis.plot(*target, marker="*", markersize=13, color=COLORS["black"], linestyle="",
              label="least squares (2, 0.5)")  # fmt: skip
    axis.plot(*best, marker="o", markersize=9, color=COLORS["vermillion"], linestyle="",
              label=f"best in budget ({best[0]:.2f}, {best[1]:.2f})")  # fmt: skip
    axis.set(xlabel="weight 1", ylabel="weight 2", aspect="equal", xlim=(-2.6, 2.6))
    axis.legend(loc="lower left")
    return figure


def words(penalty, budget, correlation):
    return (
        f"The budget of {penalty} (shaded) and the contours of the error around the least-squares "
        "solution (star), for two columns with correlation "
        f"{correlation:g}. The dot is where the lowest contour touches the budget"
        + (" (one weight is free, the other is 0)." if penalty[1] == "0" else f" {budget:g}.")
    )


Explore(
    geometry,
    description=words,
    labels={"penalty": "penalty", "budget": "budget", "correlation": "correlation"},
    penalty=["l1 (diamond)", "l2 (disc)", "l0 (the axes)"],
    budget=(0.2, 2.4, 0.2, 1.2),
    correlation=(-0.9, 0.9, 0.1, 0.0),
)

# %% [markdown]
# The diamond has corners on the axes, and contours like to touch a corner: that is where the zeros
# of the lasso come from. But inside the diamond the solution is also *pulled towards 0*: at budget
# 1.2 the first weight is 1.2, not 2. On the axes of ℓ0 it is free: with no correlation it stays at 2.
# The disc has no corners: it hits an axis only by coincidence, so it shrinks and does not select.
#
# With two columns, correlation cannot fool the diamond for long. The trouble of the cold open needs
# more columns: several right ones, and a wrong one that looks like their sum.
#
# ## The bias, and how to undo it
#
# The lasso selects and shrinks with one knob. Selection wants a strong penalty, and the values of
# the survivors want none. The **relaxed lasso** separates the two: let the lasso choose the columns,
# then fit these columns again without a penalty.
#
# ### Exercise 02.3
# Write the second step.

# %%
def refit(X, y, w):
    """Least squares on the columns where w is not 0; zeros elsewhere.

    X: (n, p), y: (n,), w: (p,), returns (p,).
    """
    ### BEGIN SOLUTION
    support = np.flatnonzero(w)
    relaxed = np.zeros_like(w)
    if support.size:
        relaxed[support] = np.linalg.lstsq(X[:, support], y, rcond=None)[0]
    return relaxed
    ### END SOLUTION


refit = ex("02.3").attempt(refit)

# %% [markdown]
# Try it where the lasso *can* find the truth: the same data without the correlation. All four true
# coefficients are 1. How far off are the lasso's? (scikit-learn's `Lasso` minimises
# ‖y − Xw‖² / (2n) + α‖w‖₁. On uncorrelated columns of variance 1, exercise 02.1 applies to each
# coefficient.)

# %%
guess = predict(
    "02.lasso-bias",
    "The true coefficients are 1. What does the lasso give them on average (strength 0.3)?",
    low=0.0,
    high=1.5,
)

# %%
easy = sparse_regression(200, 12, 4, rho=0.0, snr=100, design="confounded", seed=3)
shrunk = Lasso(alpha=0.3, fit_intercept=False).fit(easy.X, easy.y).coef_
relaxed = refit(easy.X, easy.y, shrunk)
print("columns kept  ", np.flatnonzero(shrunk).tolist())
print("lasso         ", np.round(shrunk[:4], 2).tolist())
print("relaxed lasso ", np.round(relaxed[:4], 2).tolist())
guess.reveal(
    round(float(shrunk[:4].mean()), 2),
    "Every survivor lost about the strength, 0.3, as the map in 02.1 says. Refitting gives it back.",
)
assert set(np.flatnonzero(shrunk)) == {0, 1, 2, 3}
assert abs(relaxed[:4] - 1).max() < 0.05

# %% [markdown]
# This step returns in the whole course. When we prune a neural network and fine-tune what is left,
# we relax: the penalty chose the weights, and fine-tuning gives them their size back.
#
# But refitting cannot repair a wrong choice. On the correlated data above, the lasso's columns are
# wrong at every strength, so its refits are wrong too. There we have to *count*.
#
# ## Counting: the best subset
#
# For each size k, look at all subsets of k columns, fit each by least squares, and keep the one with
# the smallest residual sum of squares (RSS).
#
# ### Exercise 02.4
# Write it. Beware of shortcuts: the check knows the usual ones.

# %%
import itertools


def best_subset(X, y, k):
    """The k columns with the smallest RSS, as a sorted tuple of indices. X: (n, p), y: (n,)."""
    ### BEGIN SOLUTION
    def rss(support):
        w = np.linalg.lstsq(X[:, support], y, rcond=None)[0]
        return np.square(y - X[:, support] @ w).sum()

    return min(itertools.combinations(range(X.shape[1]), k), key=rss)
    ### END SOLUTION


best_subset = ex("02.4").attempt(best_subset)

# %%
guess = predict(
    "02.subsets-of-40",
    "12 columns have 4,096 subsets. How many do 40 columns have?",
    low=1e3,
    high=1e15,
    log=True,
    unit="subsets",
)

# %%
print("best four of twelve:", best_subset(data.X, data.y, 4))
print("subsets of 12 columns:", 2**12)
print("subsets of 40 columns:", 2**40)
guess.reveal(2**40, "Each column doubles the number. At a million subsets a second: 13 days.")

# %% [markdown]
# So plain enumeration ends at 20 to 30 columns. Branch and bound proves optimality for hundreds of them
# (Bertsimas, King and Mazumder 2016). Faster searches are good but not certain, such as *iterative hard
# thresholding* (`L0Regression(solver="iht")`): a gradient step, then the map of exercise 02.2, again and
# again. Lesson 03 makes the problem smooth instead.
#
# ## How many columns? Ask what they cost
#
# More columns always fit better. So which k? Count **bits**. To send you `y`, I send the model and
# what it does not explain. The number of bits is the *code length*; an event of probability q costs
# −log2 q bits.
#
# - the residuals, n times the row of 01.3: n/2 · log2(2πσ²) + RSS / (2σ² ln 2);
# - which k of the p columns: log2 C(p, k);
# - the k values, b bits each.
#
# Two simplifications. The residuals are sent to within one unit: a finer unit adds the same constant to
# every model, so it changes no comparison. And σ is known here, and the values are not really rounded to
# b bits; lesson 01 pays for both.
#
# ### Exercise 02.5
# Write the total. The package has the first two parts as `gaussian_bits` and `support_bits`.

# %%
def total_bits(residuals, sigma, p, k, b):
    """Bits of a two-part code. residuals: (n,); sigma > 0; k of p columns; b bits a value."""
    ### BEGIN SOLUTION
    return gaussian_bits(residuals, sigma) + support_bits(p, k) + b * k
    ### END SOLUTION


total_bits = ex("02.5").attempt(total_bits)

# %%
def bits_of_each_size(X, y, sigma, b=8.0):
    """Total bits of the best subset of each size."""
    totals = []
    for support, _ in best_subsets(X, y):
        w = np.linalg.lstsq(X[:, support], y, rcond=None)[0]
        totals.append(total_bits(y - X[:, support] @ w, sigma, X.shape[1], len(support), b))
    return np.array(totals)


noisy = sparse_regression(200, 12, 4, rho=0.7, snr=2, design="confounded", seed=4)
totals = bits_of_each_size(noisy.X, noisy.y, noisy.sigma)
figure, axis = plt.subplots(figsize=(6.4, 3.2))
axis.plot(totals, color=COLORS["blue"], marker="o", markevery=1)
axis.plot(totals.argmin(), totals.min(), marker="*", markersize=16, color=COLORS["vermillion"])
axis.set(xlabel="number of columns", ylabel="bits in all (residuals + model)")
show(
    figure,
    "Bits of the two-part code against the number of columns, for noisy data (signal to noise 2). "
    "The first columns save more bits of residuals than they cost; after the fourth, each column "
    "costs more than it saves. The star marks the minimum: the true number, four.",
)
print("cheapest size:", totals.argmin(), " columns:", best_subsets(noisy.X, noisy.y)[4][0])
for b in (2, 4, 8, 16, 32):
    size = bits_of_each_size(noisy.X, noisy.y, noisy.sigma, b).argmin()
    print(f"with {b:2} bits a value: {size} columns")

# %% [markdown]
# The residuals became cheaper with every column, and still the code has a minimum: the true model. No
# data were held back for validation. The price of a value matters little, as long as it is not too
# cheap: with 2 bits even useless columns pay for themselves. It is the two-part code of lesson 01 again.
#
# ## Control: nothing to find
#
# A method that always finds something proves nothing. Shuffle the answers: now no column matters,
# and the right number is 0. Any four columns lower the RSS, and the best of 495 subsets does so most.
# Does the code length fall for it? (σ is now the spread of the shuffled answers: without columns,
# everything is noise.)

# %%
guess = predict(
    "02.shuffled",
    "In how many of 50 shuffles will the code length keep no column at all?",
    low=0,
    high=50,
)

# %%
rng = np.random.default_rng(0)
picked, gained = [], []
for _ in range(50):
    shuffled = rng.permutation(noisy.y)
    scale = shuffled.std()
    picked.append(int(bits_of_each_size(noisy.X, shuffled, scale).argmin()))
    four = best_subsets(noisy.X, shuffled, 4)
    gained.append(1 - four[4][1] / four[0][1])
print("share of the variance that the best four columns 'explain':", f"{np.median(gained):.1%}")
print("shuffles in which the code length keeps no column:", picked.count(0), "of", len(picked))
assert picked.count(0) >= 48
guess.reveal(picked.count(0), "The fit falls for the best of 495 subsets. The code length does not.")

# %% [markdown]
# ## Where each of them fails
#
# We saw one data set. Now vary the two things that matter: the correlation ρ of each wrong column with
# the *sum* of the right ones (with each single one it is only ρ / √s), and the signal-to-noise ratio,
# a ratio of variances. In each cell of the map, 100 data sets of 200 rows. For both methods we ask the
# kind question: is there *any* size, or *any* strength, that gives exactly the true columns?
#
# Theory has a word on this. As rows grow, the lasso finds the true columns and signs reliably only
# under the *irrepresentable condition* (Zhao and Yu 2006). Predict an irrelevant column from the
# relevant ones, multiply each coefficient by the sign of the true weight, and add them up: the sum must
# not exceed 1 in absolute value. Here all signs are +, and an irrelevant column is
# ρ · (x₁ + … + x_s) / √s + noise.
#
# ### Exercise 02.6
# The picture below has s = 4 relevant columns. At which correlation does the lasso break if there
# are s = 9? Give a number.

# %%
### BEGIN SOLUTION
breaks_at = 1 / np.sqrt(9)
### END SOLUTION
breaks_at = ex("02.6").attempt(breaks_at)

# %%
guess = predict(
    "02.share-found",
    "Signal 100 times the noise, correlation 0.4 (well inside the condition), 200 rows: in how many "
    "of 100 data sets does some lasso strength find the four columns?",
    low=0,
    high=100,
)

# %% tags=["signature"]
figure = registry.find("support_recovery")
show(figure.draw(figure.load("quick")), figure.description)

# %% [markdown]
# The map is recorded (`l0course figures support_recovery` makes it again, in a few minutes). The steps
# of ρ are finer around the line. For the third panel, 500 validation rows choose size or strength; the
# *excess error* is the error above that of the true model.

# %%
recorded = {cell["rho"]: result for cell, result in figure.load("quick")}
guess.reveal(
    round(100 * recorded[0.4]["found_l1"][-1]),
    "The condition is about endless data. With 200 rows the trouble begins earlier.",
)
for name in ("l1", "relaxed"):
    ratios = [
        (r["risk_l0"][i] - 1) / (r[f"risk_{name}"][i] - 1)
        for rho, r in recorded.items()
        for i in range(4, 9)  # signal to noise of 1 and more
        if rho <= 0.2
    ]
    print(f"rho <= 0.2, strong signal: excess error of best subset / {name}: {np.median(ratios):.1f}")

# %% [markdown]
# The last two lines matter. For ρ up to 0.2, where the lasso *selects* well, it predicts worse only
# because it shrinks: the relaxed lasso predicts as well as the best subset. Nearer to the line it does not.
#
# Here is one column of the map, computed now with fewer data sets.

# %%
cell = {"rho": 0.7, "snr": [0.01, 0.1, 0.3, 1.0, 10.0], "repetitions": 20, "seed": 50}
live = figure.compute(cell)
print("signal to noise      best subset   lasso      excess error: subset / lasso")
for i, snr in enumerate(cell["snr"]):
    excess = (live["risk_l0"][i] - 1) / (live["risk_l1"][i] - 1)
    print(f"{snr:10g} {live['found_l0'][i]:16.0%} {live['found_l1'][i]:10.0%} {excess:20.1f}")
assert live["found_l0"][-1] == 1 and max(live["found_l1"]) <= 0.1

# %% [markdown]
# Two failures, in opposite corners:
#
# - **ℓ1 fails to the right.** Beyond the dashed line no strength works. Less noise does not help, and
#   theory says that more rows do not help either. With 200 rows the failure begins well before the line.
# - **ℓ0 fails at the bottom.** When the noise drowns the signal, nobody finds the columns. Then the
#   best subset jumps at noise, and *predicts* worse than the lasso, whose shrinking is a virtue there.
#
# ## Real data: diabetes
#
# 442 patients, 10 measurements, and the progress of the disease one year later (25 to 346). Nobody
# knows the true columns. We compare by prediction: each method sees the same 282 training rows,
# chooses its size or strength on the same 80 validation rows, and is judged on 80 test rows, by the root
# of the mean squared error (RMSE). Twenty random splits. Beside our solvers stand scikit-learn's lasso
# and its greedy *orthogonal matching pursuit* (OMP), and abess, a well-known best-subset search in C++.

# %%
guess = predict(
    "02.diabetes",
    "Which has the smallest median error on the diabetes data?",
    choices=("all ten columns", "the best subset", "the lasso"),
)

# %%
def best_on_validation(models, split):
    """Fit all models, keep the one with the smallest validation error: (test RMSE, columns)."""
    (X, y), (Xv, yv), (Xt, yt) = (
        (x.numpy(), y.numpy()) for x, y in (split.train, split.validation, split.test)
    )
    fitted = [model.fit(X, y) for model in models]
    winner = min(fitted, key=lambda m: np.square(yv - m.predict(Xv)).mean())
    error = np.sqrt(np.square(yt - winner.predict(Xt)).mean())
    return error, np.count_nonzero(np.abs(winner.coef_) > 1e-9)


sizes, alphas = range(1, 11), np.logspace(-1, 1.5, 20)
methods = {
    "least squares, all columns": [LinearRegression()],
    "best subset (enumeration)": [L0Regression(solver="enumerate", n_nonzero=k) for k in sizes],
    "best subset (iht)": [L0Regression(solver="iht", n_nonzero=k) for k in sizes],
    "greedy (scikit-learn OMP)": [OrthogonalMatchingPursuit(n_nonzero_coefs=k) for k in sizes],
    "lasso (scikit-learn)": [Lasso(alpha=a) for a in alphas],
    "relaxed lasso": [RelaxedLasso(alpha=a, phi=phi) for a in alphas for phi in (0, 0.5)],
}
try:
    from abess import LinearRegression as Abess

    methods["best subset (abess)"] = [Abess(support_size=[k]) for k in sizes]
except ImportError:
    print("abess is not installed, so its row is missing.")

splits = [diabetes(seed=seed) for seed in range(20)]
results = {
    name: np.array([best_on_validation(models, split) for split in splits])
    for name, models in methods.items()
}
everything = results["least squares, all columns"][:, 0]
print(f"{'':28} test error (RMSE)     better than     columns")
print(f"{'':28} median  quartiles     all columns     median")
for name, table in results.items():
    low, middle, high = np.percentile(table[:, 0], [25, 50, 75])
    wins = f"{(table[:, 0] < everything).sum()} of 20"
    print(
        f"{name:28} {middle:5.1f}   {low:4.1f} to {high:4.1f} {wins:>13} "
        f"{np.median(table[:, 1]):10.0f}"
    )
guess.reveal("all ten columns", "By less than one unit in the median, but in most of the splits.")

# %% [markdown]
# **What do you see?** Plain least squares on all ten columns predicts best: by less than one unit in the
# median, but in most splits. With 282 rows for ten columns, the noise in ten coefficients costs little,
# and leaving columns out costs a little more. Best subset, greedy search and lasso are level.
#
# What selection buys here is not a better prediction but a shorter model: six of ten columns, for about
# one per cent more error. "Who wins?" is often the wrong question. "Who needs less to say nearly
# the same?" is ours.
#
# ## Quiz

# %%
quiz(
    "02",
    [
        Question(
            "The columns are uncorrelated, and you double the lasso's strength. A survivor ...",
            (
                "stays where it was",
                "moves closer to zero",
                "may jump to a larger value",
            ),
            answer=1,
            why="Each survivor pays for its size, so a stronger penalty pulls it further. With "
            "correlated columns one coefficient may grow while its rival shrinks (look at the path "
            "above), but the sum of the absolute values falls.",
        ),
        Question(
            "In this lesson's design, with correlation 0.8 and almost no noise, you want the true "
            "columns. You would rather ...",
            (
                "collect more rows for the lasso",
                "tune its strength",
                "find the best subset",
            ),
            answer=2,
            why="Where the irrepresentable condition fails, neither rows nor tuning help the "
            "lasso. Counting has no such limit.",
        ),
        Question(
            "The signal is far weaker than the noise. The best subset of 10 columns ...",
            (
                "fits noise and predicts poorly",
                "is safe, because the search for it was exact",
                "equals the lasso",
            ),
            answer=0,
            why="It is the exact answer to the wrong question. The best of many subsets is mostly "
            "luck, and nothing shrinks it.",
        ),
    ],
)

# %% [markdown]
# ## What to take away
# 1. ℓ1 charges for size and ℓ0 for presence. The first shrinks survivors, the second does not.
# 2. Select, then refit without a penalty: this undoes the bias, and it is what fine-tuning does.
# 3. The best subset is a choice among all subsets. The usual shortcuts fail on correlated columns.
# 4. Bits price a column: position, value, and the residuals it saves.
# 5. Correlation can break the lasso's choice. Noise breaks both choices, and then shrinking predicts
#    better.
#
# **Limits.** The map has one kind of data: 12 columns, 4 of them relevant, all with coefficient 1.
# The design was chosen to break the lasso. On uncorrelated columns the two agree far more often.
# σ was known when we counted bits; with real data it must be estimated or sent.
#
# **What would change our mind.** A strength rule for the lasso that finds the right columns beyond
# the dashed line, or shuffled data on which the code length keeps columns.
#
# ## Read more
# - Hastie, Tibshirani and Tibshirani, *Best subset, forward stepwise or lasso?* (Statistical
#   Science 2020). Look at how the winner changes with the signal-to-noise ratio.
# - Zhao and Yu, *On model selection consistency of lasso* (JMLR 2006). Look for the irrepresentable
#   condition, and compute it for the design of this lesson.
# - Meinshausen, *Relaxed lasso* (Computational Statistics & Data Analysis 2007). Look at why one
#   penalty parameter cannot do both jobs.
#
# ## From equations to code
# What α stands against differs: ½ (x − θ)² in 02.1 and 02.2, ‖y − Xw‖² / (2n) in `Lasso`, ‖y − Xw‖² in
# `L0Regression` and lesson 03, the mean squared error in lesson 01.
#
# | In words | Formula | Code |
# |---|---|---|
# | soft threshold | sign(θ) · max(abs(θ) − α, 0) | `penalties.soft_threshold(theta, alpha)` |
# | hard threshold | θ if abs(θ) ≥ √(2α), else 0 | `penalties.hard_threshold(theta, sqrt(2 * alpha))` |
# | best subset | min ‖y − Xw‖² + α‖w‖₀ | `L0Regression(alpha, solver="enumerate")` |
# | relaxed lasso | φ · lasso + (1 − φ) · refit, as in Hastie et al. | `RelaxedLasso(alpha, phi)` |
# | two-part code | residuals + log2 C(p, k) + b·k | `codelength.gaussian_bits`, `support_bits` |

# %% [markdown] tags=["teacher"]
# ## Teacher's note
# **Common misconceptions.** (1) "The lasso is an approximation of best subset that gets better with
# data." Beyond the dashed line, theory and the map say no. (2) "Best subset overfits because it uses more freedom." It
# overfits at low signal to noise, because it does not shrink; the number of columns may be the same.
# (3) "A zero coefficient means that the column is irrelevant." Among correlated columns it may only
# mean that another one stands in for it.
#
# **15 minutes:** cold open, exercise 02.2, the map. **50 minutes:** add 02.1, the Explore, 02.3 and
# the diabetes table; leave 02.4 to 02.6 as homework. **90 minutes:** everything; let pairs compare
# their predictions before each run.
#
# **Discussion.** *Why does the code length not fall for shuffled data, though nobody held data back?*
# Picking the best of 495 subsets is itself information: log2 495 = 9 bits, plus 8 bits a value, and
# luck saves fewer. *Would you use the lasso on the diabetes data?* Both answers are fine; ask for the
# criterion. *What changes if the coefficients are not all 1?* Weak ones drown first.
#
# **If you change the data:** the asserts in the cells hold for the given seeds; with other seeds, run
# the cell a few times before class.
