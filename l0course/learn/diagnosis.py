"""Verdicts: run a learner's answer beside the reference and beside the known mistakes."""

from __future__ import annotations

import contextlib
import copy
import inspect
import io
import re
import textwrap
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from l0course.learn.compare import difference, first_gap, in_words, plain

if TYPE_CHECKING:
    from l0course.learn.exercise import Exercise

__all__ = ["Verdict", "judge"]

Case = tuple[Any, ...]


@dataclass(frozen=True)
class Verdict:
    """What came of an attempt: "correct", "skipped", "wrong" or "raised", and one sentence."""

    status: str
    message: str
    mistake: str = ""


@dataclass(frozen=True)
class _Run:
    """One call: what came back, and what the arguments were afterwards."""

    result: Any
    arguments: tuple[Any, ...]


_SKIPPED = Verdict(
    "skipped", "not attempted: going on with the reference, so that you can read on."
)


def judge(exercise: Exercise, answer: Any) -> Verdict:
    """Decide between the four verdicts; nothing is printed or recorded.

    A function is called on deep copies of every case. If it disagrees with the reference
    somewhere, but agrees everywhere with a planted mistake, that mistake is named. What the
    function prints is kept back. Only KeyboardInterrupt passes through.

    Parameters
    ----------
    exercise : Exercise
    answer : callable or value
    """
    if answer is None or answer is Ellipsis:
        return _SKIPPED
    if callable(exercise.reference) != callable(answer):
        wanted, given = "a value", "a function: call it, and give what it returns"
        if callable(exercise.reference):
            wanted, given = "a function", in_words(answer)
        return _wrong(f"this exercise asks for {wanted}, and you gave {given}.")
    same = _comparison(exercise)
    if not callable(exercise.reference):
        return _judge_value(exercise, answer, same)
    cases = _cases(exercise)
    right = [_call(exercise.reference, case) for case in cases]
    got: list[_Run] = []
    with _quiet() as printed:
        for case in cases:
            try:
                got.append(_call(answer, case))
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # SystemExit too: the notebook goes on
                return _raised(error, answer, _arguments(exercise, case))
    failed = [i for i in range(len(cases)) if not _match(got[i], right[i], same)]
    if not failed:
        return Verdict("correct", f"correct: it agrees with the reference in {_count(cases)}.")
    kept = " (What your function prints is kept back here.)" if printed.getvalue() else ""
    smallest = min(failed, key=lambda i: len(_arguments(exercise, cases[i])))
    example = _counter_example(exercise, cases[smallest], got[smallest], right[smallest])
    only_changed = all(same(got[i].result, right[i].result) for i in failed)  # its arguments
    for mistake in exercise.mistakes:
        if _behaves_like(mistake.wrong, cases, got, same):
            words = mistake.says if only_changed else f"{mistake.says} {example}"
            return _wrong(words + kept, mistake.name)
    if only_changed:
        return _wrong(_changed(exercise, got[smallest], right[smallest]) + kept, "in-place")
    flaw = difference(got[smallest].result, right[smallest].result) or ""
    return _wrong(f"{flaw} {example}{kept}".strip())


def _judge_value(exercise: Exercise, answer: Any, same: Callable[[Any, Any], bool]) -> Verdict:
    """The same for an answer that is a value; the right one is not given away."""
    got, right = plain(answer), plain(exercise.reference)
    if same(got, right):
        return Verdict("correct", "correct.")
    for mistake in exercise.mistakes:
        if same(got, plain(mistake.wrong)):
            return _wrong(f"you gave {in_words(answer)}. {mistake.says}", mistake.name)
    flaw = difference(got, right) or ""
    if not flaw and isinstance(got, np.ndarray) and got.ndim == 0 and got.dtype.kind in "iuf":
        flaw = "That is too large." if got > right else "That is too small."
    return _wrong(f"you gave {in_words(answer)}. {flaw}".strip())


def _wrong(words: str, mistake: str = "") -> Verdict:
    return Verdict("wrong", f"not yet: {words}", mistake)


def _count(cases: list[Case]) -> str:
    return "the one case tried" if len(cases) == 1 else f"all {len(cases)} cases"


def _cases(exercise: Exercise) -> list[Case]:
    cases = exercise.cases(np.random.default_rng(0)) if callable(exercise.cases) else exercise.cases
    return list(cases)


def _comparison(exercise: Exercise) -> Callable[[Any, Any], bool]:
    """The exercise's own comparison, made safe against answers of any kind; else the default."""

    def same(got: Any, right: Any) -> bool:
        if exercise.same is None:
            return difference(got, right) is None
        try:
            return bool(exercise.same(got, right))
        except Exception:
            return False

    return same


def _call(function: Callable[..., Any], case: Case) -> _Run:
    arguments = copy.deepcopy(case)
    result = plain(function(*arguments))
    return _Run(result, tuple(plain(a) for a in arguments))


def _match(one: _Run, other: _Run, same: Callable[[Any, Any], bool]) -> bool:
    """Same result, and the arguments left in the same state."""
    return same(one.result, other.result) and not _altered(one, other)


def _altered(one: _Run, other: _Run) -> list[int]:
    """Which arguments ended up different; only arrays, lists, dicts and sets are looked at."""
    pairs = enumerate(zip(one.arguments, other.arguments, strict=True))
    data = (np.ndarray, tuple, dict, frozenset)
    return [i for i, (a, b) in pairs if isinstance(b, data) and difference(a, b) is not None]


def _behaves_like(
    wrong: Callable[..., Any], cases: list[Case], got: list[_Run], same: Callable[[Any, Any], bool]
) -> bool:
    try:
        with _quiet():
            return all(_match(g, _call(wrong, c), same) for g, c in zip(got, cases, strict=True))
    except Exception:
        return False


@contextlib.contextmanager
def _quiet() -> Iterator[io.StringIO]:
    """Keep prints and warnings back."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield printed


def _names(exercise: Exercise) -> list[str]:
    return list(inspect.signature(exercise.reference).parameters)


def _arguments(exercise: Exercise, case: Case) -> str:
    pairs = zip(_names(exercise), case, strict=False)
    return ", ".join(f"{name}={in_words(value)}" for name, value in pairs)


def _counter_example(exercise: Exercise, case: Case, got: _Run, right: _Run) -> str:
    where = _arguments(exercise, case)
    for digits in (4, 8, 17):  # enough digits to see the difference
        ours, theirs = in_words(right.result, digits), in_words(got.result, digits)
        if ours != theirs:
            return f"For {where} you returned {theirs}; the answer is {ours}."
    return f"For {where} {first_gap(got.result, right.result)}"


def _changed(exercise: Exercise, got: _Run, right: _Run) -> str:
    name = _names(exercise)[_altered(got, right)[0]]
    return f"your function changed its argument {name} in place. Work on a copy of {name}."


def _raised(error: BaseException, answer: Any, where: str) -> Verdict:
    """Name the exception and the learner's line; a stub that says NotImplementedError is skipped.

    NotImplementedError also comes from libraries (torch, for a kind of number that an operation
    does not have): then the line does not name it.
    """
    code = getattr(inspect.unwrap(answer), "__code__", None)
    line = ""
    for frame in traceback.extract_tb(error.__traceback__):
        if "ipykernel_" in frame.filename or (code and frame.filename == code.co_filename):
            line = frame.line or line
    if isinstance(error, NotImplementedError) and ("NotImplementedError" in line or not line):
        return _SKIPPED
    first = re.sub(r" at 0x[0-9a-fA-F]+", "", (str(error).splitlines() or [""])[0])
    what = type(error).__name__ + (f": {textwrap.shorten(first, 160)}" if first else "")
    seen = f", in the line `{textwrap.shorten(line, 100)}`" if line else ""
    return Verdict("raised", f"your code raised {what}{seen}, for {where}.")
