"""What a lesson uses to teach: exercises, predictions, a quiz, explorable pictures.

>>> from l0course.learn import Explore, Question, ex, predict, quiz, show
"""

from __future__ import annotations

from l0course.figures.style import show, use_style
from l0course.learn.exercise import Exercise, Mistake, all_exercises, check_exercise, ex
from l0course.learn.explore import Explore
from l0course.learn.map import progress_map
from l0course.learn.predict import calibration, predict
from l0course.learn.quiz import Question, quiz

__all__ = [
    "Exercise",
    "Explore",
    "Mistake",
    "Question",
    "all_exercises",
    "calibration",
    "check_exercise",
    "ex",
    "predict",
    "progress_map",
    "quiz",
    "show",
    "use_style",
]
