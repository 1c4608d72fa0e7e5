"""Are two answers the same, what sets them apart, and how to say a value in a few words."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["difference", "first_gap", "in_words", "plain"]

_MANY = 12  # an array with more entries than this is described, not printed


def plain(value: Any) -> Any:
    """Copy a value into numpy arrays, tuples and dicts; torch tensors are taken by duck typing.

    Numbers become arrays of no dimension, and sequences of numbers or of arrays of one shape
    become arrays. What is none of these is returned as it is.

    Examples
    --------
    >>> plain([1, 2.5])
    array([1. , 2.5])
    >>> plain((3, "a"))
    (array(3), 'a')
    """
    if hasattr(value, "detach"):
        value = np.asarray(value.detach().cpu())
    if isinstance(value, bool | int | float | complex | np.generic | np.ndarray):
        return np.array(value)
    if isinstance(value, list | tuple):
        items = tuple(plain(item) for item in value)
        numbers = all(isinstance(i, np.ndarray) and i.dtype.kind in "biufc" for i in items)
        return np.array(items) if numbers and len({i.shape for i in items}) == 1 else items
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return frozenset(value) if isinstance(value, set) else value


def difference(got: Any, right: Any) -> str | None:
    """What sets two plain values apart: None if nothing, a sentence, or "" if only the numbers.

    Shapes must agree, true/false is not a number, NaN equals NaN. Numbers agree within 1e-6
    relative (1e-5 if either is of 32 bits or fewer).

    Examples
    --------
    >>> difference(plain([1.0, 2.0]), plain((1, 2)))
    >>> difference(plain([1.0]), plain([1.0, 2.0]))
    'Your answer has shape (1,). Wanted: shape (2,).'
    """
    if got is None and right is not None:
        return "Your answer is None: is there a return statement?"
    if isinstance(right, np.ndarray) and isinstance(got, np.ndarray):
        return _array_difference(got, right)
    if isinstance(right, tuple | dict) and type(got) is type(right):
        names = list(right) if isinstance(right, dict) else list(range(len(right)))
        if len(got) != len(right) or (isinstance(right, dict) and set(got) != set(right)):
            return f"Your answer has {len(got)} parts that do not match the {len(right)} wanted."
        parts = [difference(got[name], right[name]) for name in names]
        flaws = [part for part in parts if part is not None]
        return max(flaws, key=len) if flaws else None
    if type(got) is not type(right):
        return f"Your answer is {_kind(got)}. Wanted: {_kind(right)}."
    return None if got is right or bool(got == right) else ""


def _array_difference(got: np.ndarray, right: np.ndarray) -> str | None:
    if got.shape != right.shape:
        shapes = [f"shape {a.shape}" if a.ndim else "no shape (one number)" for a in (got, right)]
        return f"Your answer has {shapes[0]}. Wanted: {shapes[1]}."
    if not {got.dtype.kind, right.dtype.kind} <= set("biufc"):
        return None if np.array_equal(got, right) else ""
    for kind in "bc":  # Booleans and complex numbers are kinds of their own
        if right.size and (got.dtype.kind == kind) != (right.dtype.kind == kind):
            return f"Your answer holds {_kind(got)}. Wanted: {_kind(right)}."
    if np.array_equal(got, right):
        return None
    for name, test in (("NaN", np.isnan), ("infinity", np.isinf)):
        if np.any(test(got) & ~test(right)):
            return f"Your answer holds {name} where a number is wanted."
    coarse = any(a.dtype.kind in "fc" and np.finfo(a.dtype).eps > 1e-10 for a in (got, right))
    rtol, atol = (1e-5, 1e-6) if coarse else (1e-6, 1e-9)
    return None if np.allclose(got, right, rtol=rtol, atol=atol, equal_nan=True) else ""


def _kind(value: Any) -> str:
    if isinstance(value, np.ndarray):
        names = {"b": "true or false", "c": "complex numbers", "U": "text", "O": "objects"}
        return names.get(value.dtype.kind, "numbers" if value.ndim else "a number")
    names = {str: "text", dict: "a dict", tuple: "a tuple", frozenset: "a set"}
    return names.get(type(value), f"a {type(value).__name__}")


def in_words(value: Any, digits: int = 4) -> str:
    """A value in a few characters: short arrays in full, long ones by their shape.

    Examples
    --------
    >>> in_words(np.array([3.0, -0.2]))
    '[3, -0.2]'
    >>> in_words(np.zeros((40, 3)))
    'an array of shape (40, 3)'
    """
    value = plain(value)
    if isinstance(value, np.ndarray):
        if value.size > _MANY:
            return f"an array of shape {value.shape}"
        return _nested(value.tolist(), digits)
    if isinstance(value, tuple):
        return "(" + ", ".join(in_words(item, digits) for item in value) + ")"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k!r}: {in_words(v, digits)}" for k, v in value.items()) + "}"
    if isinstance(value, frozenset):
        return "{" + ", ".join(sorted(in_words(item, digits) for item in value)) + "}"
    if value is None or isinstance(value, str | bytes):
        return repr(value)
    return getattr(value, "__name__", None) or f"a {type(value).__name__}"


def _nested(value: Any, digits: int) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_nested(item, digits) for item in value) + "]"
    if isinstance(value, float):
        return f"{value + 0.0:.{digits}g}"  # + 0.0 turns -0 into 0
    return repr(value)


def first_gap(got: Any, right: Any) -> str:
    """Where two long arrays of one shape differ first, in words.

    Examples
    --------
    >>> first_gap(np.zeros(20), np.eye(20)[3])
    'your entry [3] is 0; it should be 1.'
    """
    if isinstance(got, np.ndarray) and isinstance(right, np.ndarray) and got.shape == right.shape:
        for index in np.ndindex(got.shape):
            if difference(np.array(got[index]), np.array(right[index])) is not None:
                pair = in_words(got[index], 8), in_words(right[index], 8)
                return f"your entry {list(index)} is {pair[0]}; it should be {pair[1]}."
    return "your answer differs from the reference."
