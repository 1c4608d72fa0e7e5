"""A text as a small file, and back, byte for byte, on another machine and another day.

container.py        the file: what it is, its settings, checksums of the text and of all of it
prequential.py      both sides learn while they code, and no model is sent, with one or both of:
contexts.py         contexts, counted and mixed (counting.py, matching.py, mixing.py)
online.py           a transformer, trained by the same steps on both sides
two_part.py         a small trained model in the file, then the text as this model expects it
exact.py            a transformer whose every bit is the same in every order of work
command.py          `l0course text`
"""

from __future__ import annotations

__all__ = ["CorruptFileError", "decode", "encode"]


def __getattr__(name: str):
    """PyTorch is loaded when it is needed, so that the command line answers at once."""
    if name not in __all__:
        raise AttributeError(f"module 'l0course.text' has no attribute '{name}'")
    from . import container

    return getattr(container, name)
