"""The live weights of a model as one vector."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .code_cost import position_bits
from .pruning import trainable

__all__ = ["LiveVector"]


class LiveVector:
    """Where the nonzero entries of a model's trainable parameters are; reads and writes them.

    The places are those at the start: an entry that becomes zero later keeps its place.

    Attributes
    ----------
    tensor : Tensor of int64, shape (k,)
        To which parameter each entry belongs.
    sizes : list of int
        Entries of each parameter.

    Raises
    ------
    ValueError
        If there is no live weight, or one is not finite.

    Examples
    --------
    >>> model = nn.Linear(2, 1)
    >>> _ = model.weight.data.copy_(torch.tensor([[3.0, 0.0]])), model.bias.data.fill_(1.0)
    >>> vector = LiveVector(model)
    >>> vector.write(2 * vector.read())
    >>> model.weight.tolist(), model.bias.tolist()
    ([[6.0, 0.0]], [2.0])
    """

    def __init__(self, model: nn.Module) -> None:
        self._parameters = list(trainable(model).values())
        self._places = [p.detach().flatten().nonzero().squeeze(1) for p in self._parameters]
        self.sizes = [len(places) for places in self._places]
        self.tensor = torch.cat([torch.full_like(a, i) for i, a in enumerate(self._places)])
        if len(self.tensor) == 0:
            raise ValueError("No weight of the model is live, so there is nothing to quantise.")
        if not self.read().isfinite().all():
            raise ValueError("The model holds NaN or infinite weights; train it again first.")

    def read(self) -> Tensor:
        """The entries, (k,), float32."""
        return self._gather([p.detach() for p in self._parameters])

    def gradient(self) -> Tensor:
        """Their gradients, (k,); zero where there is none."""
        return self._gather(
            [torch.zeros_like(p) if p.grad is None else p.grad for p in self._parameters]
        )

    @torch.no_grad()
    def write(self, values: Tensor) -> None:
        """Set the entries, (k,), in place."""
        parts = values.split(self.sizes)
        for p, places, part in zip(self._parameters, self._places, parts, strict=True):
            p.put_(places, part.to(p.dtype))

    def position_bits(self) -> Tensor:
        """`position_bits` of each entry, (k,), in the matrix (outputs, rest) it belongs to."""
        live = [p.detach() != 0 for p in self._parameters]
        return self._gather(
            [position_bits(x.reshape(x.shape[:1].numel(), x.shape[1:].numel())) for x in live]
        )

    def _gather(self, tensors: list[Tensor]) -> Tensor:
        pairs = zip(tensors, self._places, strict=True)
        return torch.cat([t.take(places).float() for t, places in pairs])
