"""Few values for the weights of a pruned model, found by training: quantisation-aware fine-tuning.

A codebook of shared values (deep compression, Han et al. 2016, arXiv 1510.00149) is trained
together with the choice of who takes which value. Each live weight has a latent number beside the
value that the model computes with. The loss is taken at the values. Its gradient moves the latent
numbers straight through the rounding (Bengio et al. 2013, arXiv 1308.3432), so a weight changes its
level once the loss has asked for it often enough; a level moves by the sum over its weights. With
a price on bits, a weight that is not worth its bits becomes zero (code_cost.py).
"""

from __future__ import annotations

import copy
import math

import torch
from torch import nn
from tqdm.auto import tqdm

from .checks import integer, require
from .codec.levels import MOST_LEVELS
from .curvature import curvature
from .evaluation import Data, Loss, loss_function, mean_loss
from .shared_weights import CODEBOOKS, SharedWeights
from .training_loop import batches, checked_data, seeded

__all__ = ["quantize"]

_CURVATURE_ROWS = 5120


def quantize(
    model: nn.Module,
    train: Data,
    validation: Data,
    *,
    levels: int = 8,
    codebook: str = "shared",
    price: float = 0.0,
    epochs: int = 5,
    rows: int | None = None,
    loss: str | Loss = "cross_entropy",
    lr: float = 3e-3,
    batch_size: int = 256,
    seed: int = 0,
    device: str | torch.device = "cpu",
    progress: bool = True,
) -> nn.Module:
    """Fine-tune a copy of a pruned model so that its live weights take few values.

    Zeros stay zero. The epoch is kept that has the lowest validation loss plus price of all bits.

    Parameters
    ----------
    model : nn.Module
        Stays as it is.
    train, validation : (x, y), tensors of shape (n, ...) and (n, ...)
    levels : int from 1 to 4096
        The number of values besides zero. `save_compressed(..., bits=b)` keeps them exactly if
        there are at most 2**b.
    codebook : "shared" or "grid"
        One table of any values for the whole model, or the multiples -levels/2 ... levels/2 of one
        step for each tensor. Tables and steps are kept to 16 bits (bfloat16).
    price : float
        Bits of the training labels' code that a bit of the file must save. 0 keeps all live weights
        and takes the nearest levels. 1 minimises the two-part code, n * loss / ln 2 + bits of the
        file, if the loss is a likelihood; more accurate models need less, such as 0.1. The price
        rises to its value over the first half of the epochs.
    epochs : int
        At least 1. The learning rate falls to 0 along a cosine.
    rows : int, optional
        How many random training rows an epoch takes; all if not given.
    loss, lr, batch_size, seed, device, progress
        As in `compress`; `lr` is that of the weights, levels have 0.3 times as much. With a price,
        the name "cross_entropy" or "mse" is better than a callable: its curvature is known.

    Returns
    -------
    nn.Module, in evaluation mode

    Raises
    ------
    ValueError
        If an argument is out of its range, no weight is live, weights or the loss are not finite,
        or the data are empty, unequal in length or not finite.

    Examples
    --------
    >>> from l0course import MLP, error_rate, fit
    >>> x = torch.randn(200, 5, generator=torch.Generator().manual_seed(0))
    >>> data = x, (x[:, 0] > x[:, 1]).long()
    >>> settings = dict(lr=1e-2, batch_size=50, progress=False)
    >>> model = fit(MLP((5, 16, 2), seed=0), data, data, epochs=20, **settings)
    >>> small = quantize(model, data, data, levels=4, epochs=10, **settings)
    >>> values = torch.cat([p.flatten() for p in small.parameters()]).unique()
    >>> len(values) <= 4, error_rate(small, data) < 0.05
    (True, True)
    """
    integer("levels", levels, 1, MOST_LEVELS)
    integer("epochs", epochs, 1)
    integer("batch_size", batch_size, 1)
    integer("seed", seed, 0)
    require("price", price, least=0)
    require("lr", lr, above=0)
    if codebook not in CODEBOOKS:
        raise ValueError(f"codebook must be one of {', '.join(CODEBOOKS)}, not {codebook!r}.")
    if codebook == "grid" and levels % 2:
        raise ValueError(f"A grid has as many levels below as above zero: {levels} is odd.")
    function = loss_function(loss)
    train, validation = (
        checked_data(name, data, loss, device)
        for name, data in [("train", train), ("validation", validation)]
    )
    rows = len(train[0]) if rows is None else integer("rows", rows, 1, len(train[0]))
    model = copy.deepcopy(model).to(device)
    per_bit = price * math.log(2) / len(train[0])  # in units of the mean loss
    shared = SharedWeights(model, levels, codebook=codebook, lr=lr)
    generator = torch.Generator().manual_seed(seed)
    steps = epochs * len(batches(torch.arange(rows), batch_size))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(shared.optimiser, steps)
    best = (math.inf, model.state_dict())
    bar = tqdm(total=epochs, unit="epoch", desc=f"{levels} levels", disable=not progress)
    with seeded(seed, device), bar:
        for epoch in range(epochs):
            order = torch.randperm(len(train[0]), generator=generator)[:rows].to(device)
            shared.write()
            if price > 0:
                some = order[:_CURVATURE_ROWS]
                bend = curvature(model, shared.vector, (train[0][some], train[1][some]), function)
                shared.set_price(per_bit * min(1.0, 2 * (epoch + 1) / (epochs + 1)), bend)
            model.train()
            for batch in batches(order, batch_size):
                shared.write()
                model.zero_grad()
                function(model(train[0][batch]), train[1][batch]).backward()
                shared.step()
                schedule.step()
            shared.write()
            held_out = mean_loss(model, validation, function)
            if not math.isfinite(held_out):
                raise ValueError(
                    f"The loss became {held_out} in epoch {epoch + 1}: use a smaller lr."
                )
            cost = held_out + per_bit * shared.bits()
            if cost < best[0]:
                best = (cost, copy.deepcopy(model.state_dict()))
            bar.update()
            bar.set_postfix_str(f"validation loss {held_out:.4f}")
    model.load_state_dict(best[1])
    return model.eval()
