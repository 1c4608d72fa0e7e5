"""compress(): warm up, regularise, prune, fine-tune.

The schedule of the main paper (arXiv 2505.17469, Sections 3 and 4), for one model and one data set:

1. train: first without a penalty (warm-up), then with one whose strength rises from 0;
2. prune: dead weights, TAMADE on validation data, dead weights again;
3. fine-tune the surviving weights without the penalty. This undoes the bias of the penalty.

Both training phases end with a learning rate of zero (cosine schedule). Adam moves every weight by
about the learning rate whatever its gradient, so weights that the penalty holds at zero rattle
around it with that amplitude. The lower it ends, the cleaner the gap between dead and live weights.
"""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from .checks import integer, require
from .evaluation import Data, Loss, loss_function, mean_loss
from .live_paths import HiddenWeightsError, prune_dead
from .pruning import (
    Masks,
    TamadeResult,
    compression_rate,
    count_nonzero,
    tamade,
    trainable,
)
from .regularizers import Regularizer
from .training_loop import checked_data, seeded, train_phase

__all__ = ["Compressed", "compress", "fit"]


@dataclass(frozen=True)
class Compressed:
    """A compressed model and how it came about.

    Attributes
    ----------
    model : the pruned and fine-tuned copy of the model that was given.
    masks : which weights live.
    history : one dict an epoch: phase, epoch, train_loss, validation_loss (both without penalty).
    pruning : what TAMADE found.
    spurious : dead weights removed (`prune_dead`), which random gradient pruning looks for, too.
    validation_loss : of the model that is returned.
    seconds : wall time.
    """

    model: nn.Module
    masks: Masks
    history: list[dict]
    pruning: TamadeResult
    spurious: int
    validation_loss: float
    seconds: float

    @property
    def compression_rate(self) -> float:
        """All trainable entries / nonzero entries."""
        return compression_rate(self.model)

    def report(self) -> str:
        """A few lines for a person."""
        total = sum(p.numel() for p in trainable(self.model).values())
        return "\n".join(
            [
                f"weights          {count_nonzero(self.model):,} of {total:,} live",
                f"compression rate {self.compression_rate:.1f} times",
                f"threshold        {self.pruning.threshold:.3g}, found in "
                f"{self.pruning.evaluations} evaluations"
                + ("" if self.pruning.monotone else " (the loss was not monotone)"),
                f"dead weights     {self.spurious} removed: on no path from input to output",
                f"validation loss  {self.validation_loss:.4f}",
                f"time             {self.seconds:.1f} s",
            ]
        )


def compress(
    model: nn.Module,
    train: Data,
    validation: Data,
    regularizer: Regularizer,
    *,
    loss: str | Loss = "cross_entropy",
    warmup: int = 5,
    regularize: int = 40,
    finetune: int = 20,
    ramp: float = 0.5,
    tolerance: float = 0.01,
    lr: float = 1e-3,
    batch_size: int = 128,
    seed: int = 0,
    device: str | torch.device = "cpu",
    progress: bool = True,
) -> Compressed:
    """Compress a model by training with a penalty, pruning, and fine-tuning what is left.

    Parameters
    ----------
    model : nn.Module
        Stays as it is; a copy is trained.
    train, validation : (x, y), tensors of shape (n, ...) and (n, ...)
        Weights are fitted on `train`. The threshold and the epoch that is kept are chosen on
        `validation`. Keep test data out of both.
    regularizer : Regularizer
        For example DRR(alpha=1e-4) or L1(alpha=1e-5); for these two and ExactPMMP, alpha = 0 gives
        plain magnitude pruning. The object itself stays as it is.
    loss : "cross_entropy", "mse" or a callable loss(output, y) -> scalar mean
    warmup, regularize, finetune : int
        Epochs without penalty, with penalty, and after pruning.
    ramp : float in [0, 1]
        Share of the regularised phase over which alpha rises linearly to its value (ExactPMMP: over
        which its threshold falls).
    tolerance : float
        TAMADE's allowed relative rise of the validation loss.
    lr : float
        Adam's learning rate at the start of training and at the start of fine-tuning.
    batch_size, seed, device, progress
        The seed fixes the order of the batches and everything random in the model (dropout): the
        same seed gives the same bits on the same machine with the same number of threads.

    Raises
    ------
    ValueError
        If the data are empty, unequal in length or not finite, a number is out of its range, or
        everything was pruned away.

    Examples
    --------
    >>> from l0course import DRR, MLP, compress, error_rate
    >>> x = torch.randn(200, 5, generator=torch.Generator().manual_seed(0))
    >>> y = (x[:, 0] > 0).long()                       # four of the five inputs are useless
    >>> done = compress(MLP((5, 16, 2), seed=0), (x, y), (x, y), DRR(alpha=3e-2), lr=1e-2,
    ...                 regularize=80, batch_size=50, tolerance=0.1, progress=False)
    >>> done.compression_rate > 5, error_rate(done.model, (x, y)) < 0.05
    (True, True)
    """
    start = time.perf_counter()
    for name, value in [("warmup", warmup), ("regularize", regularize), ("finetune", finetune)]:
        integer(name, value, 0)
    integer("batch_size", batch_size, 1)
    integer("seed", seed, 0)
    require("lr", lr, above=0)
    require("tolerance", tolerance, least=0)
    if not 0 <= ramp <= 1:
        raise ValueError(f"ramp must lie between 0 and 1, but it is {ramp!r}.")
    function = loss_function(loss)
    train, validation = (
        checked_data(name, data, loss, device)
        for name, data in [("train", train), ("validation", validation)]
    )
    model = copy.deepcopy(model).to(device)
    penalty = copy.copy(regularizer).attach(model)
    generator = torch.Generator().manual_seed(seed)
    bar = tqdm(total=warmup + regularize + finetune, unit="epoch", disable=not progress)
    common = dict(loss=function, lr=lr, batch_size=batch_size, generator=generator, bar=bar)

    def strength(epoch: float) -> float:
        return min(1.0, max(0.0, epoch - warmup) / max(1e-9, ramp * regularize))

    with seeded(seed, device), bar:
        history = train_phase(
            model, train, validation, "regularise", warmup + regularize,
            penalty=penalty, strength=strength, **common,
        )  # fmt: skip
        for record in history[:warmup]:
            record["phase"] = "warm-up"
        example = train[0][:256]
        spurious = _remove_dead(model, example)
        found = tamade(model, lambda m: mean_loss(m, validation, function), tolerance)
        spurious += _remove_dead(model, example)
        if count_nonzero(model) == 0:
            raise ValueError(
                "Every weight was pruned: on the validation data a model of zeros is as good as "
                "the trained one. Use a smaller alpha, train longer, or lower the tolerance."
            )
        masks = Masks.of(model)
        history += train_phase(
            model, train, validation, "fine-tune", finetune, masks=masks, **common
        )
    model.eval()
    final = mean_loss(model, validation, function)
    return Compressed(model, masks, history, found, spurious, final, time.perf_counter() - start)


def fit(
    model: nn.Module,
    train: Data,
    validation: Data,
    *,
    masks: Masks | None = None,
    epochs: int,
    loss: str | Loss = "cross_entropy",
    lr: float = 1e-3,
    batch_size: int = 128,
    seed: int = 0,
    device: str | torch.device = "cpu",
    progress: bool = True,
) -> nn.Module:
    """Train a copy of a model without any penalty: all weights, or only those inside `masks`.

    The same loop as in `compress`, for comparisons: a dense network, or fine-tuning after pruning
    by a rule of one's own (main paper, arXiv 2505.17469: the last phase of every method). With
    masks, the epoch with the lowest validation loss is kept; without, the last.

    Parameters
    ----------
    model : nn.Module
        Stays as it is.
    train, validation : (x, y), tensors of shape (n, ...) and (n, ...)
    masks : Masks
        Which weights live, for example from `magnitude_prune`; the others are set to zero.
    epochs : int
    loss, lr, batch_size, seed, device, progress
        As in `compress`.

    Returns
    -------
    nn.Module, in evaluation mode

    Raises
    ------
    ValueError
        If the data are empty, unequal in length or not finite, a number is out of its range, or
        the masks are of another model.

    Examples
    --------
    >>> from l0course import MLP, error_rate, fit, magnitude_prune
    >>> x = torch.randn(200, 5, generator=torch.Generator().manual_seed(0))
    >>> y = (x[:, 0] > 0).long()
    >>> settings = dict(lr=1e-2, batch_size=50, progress=False)
    >>> dense = fit(MLP((5, 16, 2), seed=0), (x, y), (x, y), epochs=20, **settings)
    >>> masks = magnitude_prune(dense, 0.4)
    >>> pruned = fit(dense, (x, y), (x, y), masks=masks, epochs=5, **settings)
    >>> compression_rate(pruned) > 2, error_rate(pruned, (x, y)) < 0.1
    (True, True)
    """
    integer("epochs", epochs, 0)
    integer("batch_size", batch_size, 1)
    integer("seed", seed, 0)
    require("lr", lr, above=0)
    function = loss_function(loss)
    train, validation = (
        checked_data(name, data, loss, device)
        for name, data in [("train", train), ("validation", validation)]
    )
    model = copy.deepcopy(model).to(device)
    if masks is not None:
        masks.apply(model)
    generator = torch.Generator().manual_seed(seed)
    bar = tqdm(total=epochs, unit="epoch", disable=not progress)
    common = dict(loss=function, lr=lr, batch_size=batch_size, generator=generator, bar=bar)
    phase = "train" if masks is None else "fine-tune"
    with seeded(seed, device), bar:
        train_phase(model, train, validation, phase, epochs, masks=masks, **common)
    return model.eval()


def _remove_dead(model: nn.Module, example: Tensor) -> int:
    """`prune_dead`; nothing is removed where gradients do not tell what is dead."""
    try:
        return prune_dead(model, example)
    except HiddenWeightsError:
        return 0
