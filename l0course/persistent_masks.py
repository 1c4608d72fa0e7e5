"""Masks that stay: zeros that further training, copying, saving and loading do not undo.

`Masks.apply` must be called after every step of the optimiser. Here the model does it itself.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn.utils import prune
from torch.optim.optimizer import register_optimizer_step_post_hook

from .pruning import Masks, trainable

__all__ = ["held_masks", "hold_masks", "release_masks"]


def hold_masks(model: nn.Module, masks: Masks | None = None) -> nn.Module:
    """Keep every weight outside the masks at zero from now on, in place; returns the model.

    Zeros are put back after each `optimiser.step()` and before each `model(x)`, and gradients of
    held weights are zero after `loss.backward()`. So no momentum or weight decay, not even one that
    was started before, moves them, and the model trains like a smaller one. The masks are boolean
    buffers, "<name>_mask" beside the parameter "<name>", as in `torch.nn.utils.prune`: they are
    part of `state_dict()`, of copies, of what `torch.save` writes, and move with `.to(device)`.
    A copy holds them from its first `model(x)` on. Called again, it replaces the masks.

    To load a state with masks, call `hold_masks` on the new model first, or use `strict=False`.

    Parameters
    ----------
    model : nn.Module
        Its parameters stay parameters under their own names. A tied weight has one mask, beside
        its first name; frozen parameters have none.
    masks : Masks
        By default `Masks.of(model)`: the zeros as they are.

    Raises
    ------
    ValueError
        If the masks are of another model, there are no trainable parameters, or the model has a
        pruning of `torch.nn.utils.prune` or something else of the buffer's name.

    Notes
    -----
    `torch.nn.utils.prune` replaces the parameter by a product that a forward hook computes anew.
    Where no hook of that module runs, as for `out_proj` of `nn.MultiheadAttention`, or where
    another module holds the same tensor, as with tied weights, the product goes stale or unseen.
    So here parameters stay as they are. Its `is_pruned` is about its own hooks and says False of
    held models: ask `held_masks`. To hold what it has pruned, first make that permanent with its
    `remove`; before it prunes a held model, call `release_masks`.

    Examples
    --------
    >>> model = hold_masks(nn.Linear(2, 1, bias=False))         # no zero yet: nothing is held
    >>> model.weight.data[0, 0] = 0
    >>> optimiser = torch.optim.SGD(hold_masks(model).parameters(), lr=1.0)
    >>> model(torch.ones(1, 2)).sum().backward()
    >>> optimiser.step()
    >>> model.weight[0, 0].item(), model.weight_mask
    (0.0, tensor([[False,  True]]))
    """
    if prune.is_pruned(model):
        raise ValueError(
            "The model is pruned by torch.nn.utils.prune: make that permanent with its remove() "
            "before hold_masks."
        )
    masks = Masks.of(model) if masks is None else masks
    places = {name: _place(model, name) for name in trainable(model)}
    for name, (module, buffer) in places.items():
        if hasattr(module, buffer) and not _is_held(model):
            raise ValueError(
                f"There is another {buffer} beside {name}: rename it, or if it is a held mask, "
                "release_masks the module that hold_masks was called on."
            )
    masks.apply(model)
    release_masks(model)
    for name, (module, buffer) in places.items():
        p = model.get_parameter(name)
        module.register_buffer(buffer, masks[name].to(p.device, copy=True))
    model.register_forward_pre_hook(_put_back)
    _put_back(model)
    return model


def held_masks(model: nn.Module) -> Masks | None:
    """The masks that `hold_masks` put on this model, or None.

    >>> held_masks(hold_masks(nn.Linear(2, 1))), held_masks(nn.Linear(2, 1))
    (Masks(3 of 3 weights live), None)
    """
    return Masks({name: mask for name, _, mask in _held(model)}) if _is_held(model) else None


def release_masks(model: nn.Module) -> nn.Module:
    """Let go of held weights, in place: they are zero still, and may move again; returns the model.

    Does nothing to a model without held masks.

    >>> list(release_masks(hold_masks(nn.Linear(2, 1))).state_dict())
    ['weight', 'bias']
    """
    for name, p, _ in list(_held(model)) if _is_held(model) else []:
        module, buffer = _place(model, name)
        delattr(module, buffer)
        p.held_mask = None
    for key, hook in list(model._forward_pre_hooks.items()):
        if hook is _put_back:
            del model._forward_pre_hooks[key]
    return model


def _is_held(model: nn.Module) -> bool:
    return _put_back in model._forward_pre_hooks.values()


def _place(model: nn.Module, name: str) -> tuple[nn.Module, str]:
    """The module that owns a parameter, and the name of the mask there."""
    owner, _, own_name = name.rpartition(".")
    return model.get_submodule(owner), f"{own_name}_mask"


def _held(model: nn.Module) -> Iterator[tuple[str, Tensor, Tensor]]:
    """(name, parameter, mask) of all that have a mask; a tied weight once."""
    for name, p in model.named_parameters():
        module, buffer = _place(model, name)
        if buffer in module._buffers:
            yield name, p, module._buffers[buffer]


# The hooks are functions of this module without state, so that copies and pickles have them too.


def _put_back(model: nn.Module, inputs: object = None) -> None:
    """Before a forward pass: zeros as the buffers say, which may be newly loaded or moved."""
    for _, p, mask in _held(model):
        if not isinstance(p, nn.Parameter):  # a stand-in of torch.func: its values are the caller's
            continue
        p.held_mask = mask
        _zero(p)
        hooks = p._post_accumulate_grad_hooks or {}  # copies of a parameter lose theirs
        if p.is_leaf and p.requires_grad and _zero_gradient not in hooks.values():
            p.register_post_accumulate_grad_hook(_zero_gradient)


def _zero(p: Tensor) -> None:
    if getattr(p, "held_mask", None) is not None:
        # .data: autograd need not know, or a second forward pass would forbid the backward pass
        _mask(p.data, p.held_mask)


def _zero_gradient(p: Tensor) -> None:
    if p.held_mask is not None and not p.grad.is_sparse:
        _mask(p.grad.data, p.held_mask)


def _mask(values: Tensor, mask: Tensor) -> None:
    """Zeros outside the mask, in place."""
    if values.device.type == "cpu":  # a product is eight times faster, but 0 times NaN is NaN
        values.mul_(mask.to(values.device))
        if values.sum().isfinite():
            return
    values.masked_fill_(~mask.to(values.device), 0)


def _after_step(optimiser: torch.optim.Optimizer, *_: object) -> None:
    for group in optimiser.param_groups:
        for p in group["params"]:
            _zero(p)


register_optimizer_step_post_hook(_after_step)
