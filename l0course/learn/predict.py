"""Predictions: a guess is written down before the answer is seen, then drawn over it."""

from __future__ import annotations

import datetime
import math
from typing import Any

import matplotlib.pyplot as plt
from IPython.display import display
from matplotlib.axes import Axes

from l0course.figures.style import COLORS, STYLE, Picture, png
from l0course.learn import progress
from l0course.learn.predict_view import Asked, choice_picture, line_picture, number

__all__ = ["Prediction", "calibration", "predict"]

_this_session: dict[str, Any] = {}  # guesses made since the kernel started, by name
_told: dict[str, str] = {}  # what was said about each of them


class Prediction:
    """A question and the learner's guess; `predict` makes it."""

    def __init__(
        self,
        name: str,
        question: str,
        *,
        low: float | None = None,
        high: float | None = None,
        choices: tuple[str, ...] = (),
        unit: str = "",
        log: bool = False,
    ) -> None:
        self.name, self.question = name, question
        self.low, self.high, self.choices = low, high, choices
        self.unit, self.log = unit, log

    def __repr__(self) -> str:
        guess = "no guess yet" if self.guess is None else f"your guess is {self.say(self.guess)}"
        return f"{self.name}  {self.question} ({guess})"

    def _ipython_display_(self) -> None:
        """Nothing: `predict` has shown the question already."""

    @property
    def guess(self) -> Any:
        """The guess, or None until one is recorded in this session."""
        return _this_session.get(self.name)

    def record(self, guess: Any) -> None:
        """Write a guess down, in this session and in the progress file.

        Raises
        ------
        ValueError
            If it is not one of the choices, or not a finite number (above zero on a log scale).
        """
        if self.choices:
            if guess not in self.choices:
                raise ValueError(f"guess={guess!r} is not one of {', '.join(self.choices)}")
        elif not _is_number(guess) or (self.log and guess <= 0):
            above = " above zero" if self.log else ""
            raise ValueError(f"guess={guess!r} is not a finite number{above}")
        else:
            guess = int(guess) if guess == int(guess) else float(guess)
        _this_session[self.name] = guess
        entry = {"guess": guess, "on": datetime.date.today().isoformat()}
        progress.update(lambda r: r["predictions"].setdefault(self.name, []).append(entry))

    def reveal(self, truth: Any, explain: str = "") -> None:
        """Show the answer, with the guess drawn over it if there is one.

        Parameters
        ----------
        truth : float or str
            The answer: a number, or one of the choices.
        explain : str
            A sentence or two that goes under the picture.

        Raises
        ------
        ValueError
            If `truth` is neither a number nor one of the choices.
        """
        if truth not in self.choices if self.choices else not _is_number(truth):
            raise ValueError(f"truth={truth!r} of {self.name} is not a possible answer")
        told = self._compare(truth)
        caption = " ".join([told, *explain.split()])
        words = caption if explain else f"{self.question} {told}"  # they must stand alone
        if self.guess is not None:
            _told[self.name] = told
        with plt.rc_context(STYLE):
            fig = (choice_picture if self.choices else line_picture)(self, truth)
            display(Picture(png(fig, caption), words))

    def draw(self, ax: Axes, *, axis: str = "x", label: str = "your guess") -> None:
        """Mark a guessed number on a lesson's own axes; nothing if there is no guess.

        Parameters
        ----------
        ax : matplotlib Axes
        axis : "x" or "y"
            The axis that the guess is read on.
        label : str
            For the legend.
        """
        if axis not in ("x", "y"):
            raise ValueError(f"axis={axis!r}: it is 'x' or 'y'")
        if self.guess is None or self.choices:
            return
        line = ax.axvline if axis == "x" else ax.axhline
        line(self.guess, color=COLORS["purple"], linestyle="--", marker="", label=label)

    def say(self, value: Any) -> str:
        return value if isinstance(value, str) else f"{number(value)} {self.unit}".strip()

    def _compare(self, truth: Any) -> str:
        """The answer and how far off the guess was, in words."""
        answer = f"The answer is {self.say(truth)}."
        if self.guess is None:
            return f"{answer} No guess was recorded."
        if self.choices:
            verdict = "right" if self.guess == truth else "that is not it"
            return f"{answer} You guessed {self.say(self.guess)}: {verdict}."
        gap = _how_far(self.guess, truth, self.unit, self.log)
        return f"{answer} You guessed {self.say(self.guess)}: {gap}."


def predict(
    name: str,
    question: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: list[str] | tuple[str, ...] | None = None,
    unit: str = "",
    log: bool = False,
    guess: Any = None,
) -> Prediction:
    """Ask for a guess before the answer is seen.

    In a notebook this shows a slider (or the choices) and a button that records the guess. A new
    session begins without a guess; earlier ones stay in the progress file.

    Parameters
    ----------
    name : str
        Lesson and a short name, such as "02.shrink".
    question : str
    low, high : float
        The ends of the slider. Give these or `choices`.
    choices : list of str
        The possible answers, in words.
    unit : str
        Unit of the number, such as "%" or "weights".
    log : bool
        Use a logarithmic slider; `low` must be above zero.
    guess : float or str, optional
        The guess itself, for who would rather type it.

    Returns
    -------
    Prediction
        With `guess` (None until recorded), `reveal(truth, explain)` and `draw(ax)`.

    Raises
    ------
    ValueError
        If neither a range nor choices are given, or the guess is of the wrong kind.

    Examples
    --------
    >>> weights = predict("99.weights", "How many weights stay?", low=1, high=1000, log=True)
    Predict: How many weights stay? From 1 to 1,000. Record a guess with the button, or type it: \
predict(..., guess=...).
    >>> weights.reveal(100)
    How many weights stay? The answer is 100. No guess was recorded.
    """
    if choices:
        asked = Prediction(name, question, choices=tuple(map(str, choices)))
    elif _is_number(low) and _is_number(high) and low < high and (low > 0 or not log):
        asked = Prediction(name, question, low=low, high=high, unit=unit, log=log)
    else:
        raise ValueError(
            f"prediction {name} needs choices, or low < high (above zero if log=True); "
            f"it got low={low!r}, high={high!r}, choices={choices!r}"
        )
    if guess is not None:
        asked.record(guess)
    display(Asked(asked))
    return asked


def calibration(lesson: str) -> None:
    """Print, for each guess of this session in a lesson, how far off it was.

    Examples
    --------
    >>> calibration("98")
    Lesson 98: no guess was recorded.
    """
    told = {name: words for name, words in _told.items() if name.startswith(f"{lesson}.")}
    count = {0: "no guess was recorded", 1: "1 guess"}.get(len(told), f"{len(told)} guesses")
    print(f"Lesson {lesson}: {count}.")
    for name, words in told.items():
        print(f"{name}  {words}")


def _is_number(value: Any) -> bool:
    if value is None or isinstance(value, str | bool):
        return False
    try:
        return math.isfinite(float(value))
    except (TypeError, ValueError):
        return False


def _how_far(guess: float, truth: float, unit: str, log: bool) -> str:
    if number(guess) == number(truth):
        return "right"
    side = "high" if guess > truth else "low"
    if log:
        return f"too {side} by a factor of {number(max(guess / truth, truth / guess))}"
    return f"too {side} by {number(abs(guess - truth))} {unit}".strip()
