"""Trained models, kept in the user's cache folder: training takes minutes, coding a second.

A model is kept under a hash of its cell and of the code that trained it, so a change in a coder
trains nothing again.
"""

from __future__ import annotations

import hashlib
import io
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from platformdirs import user_cache_dir
from torch import nn

from ..whole_file import write_whole
from .fingerprint import fingerprint

__all__ = ["kept"]

Make = Callable[..., nn.Module]


def kept(cell: dict[str, Any], train: Make, empty: Make, *data: Any) -> tuple[nn.Module, float]:
    """The model that `train(cell, *data)` gives, and the minutes of processor time that it took.

    `empty(cell, *data)` makes an untrained model of the same form. The data are those that the cell
    names. What the cell says about its file plays no part.
    """
    recipe = json.dumps({k: v for k, v in cell.items() if k != "file"}, sort_keys=True)
    key = recipe + fingerprint(train) + torch.__version__
    name = hashlib.sha256(key.encode()).hexdigest()[:16]
    path = Path(user_cache_dir("l0course"), "networks", f"{name}.pt")
    if not path.exists():
        start, out = time.process_time(), io.BytesIO()
        model = train(cell, *data)
        torch.save([model.state_dict(), (time.process_time() - start) / 60], out)
        write_whole(path, out.getvalue())
    weights, minutes = torch.load(path, weights_only=True)
    model = empty(cell, *data)
    model.load_state_dict(weights)
    return model.eval(), minutes
