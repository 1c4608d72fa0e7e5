"""The map of the course: which exercises are solved, lesson by lesson."""

from __future__ import annotations

import html
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from l0course.learn import progress
from l0course.learn.exercise import Exercise, all_exercises

__all__ = ["ProgressMap", "progress_map"]


@dataclass(frozen=True)
class ProgressMap:
    """Rows of (lesson, how many are solved, each exercise with its state in words)."""

    rows: tuple[tuple[str, str, str], ...]

    def __repr__(self) -> str:
        return "\n".join(f"Lesson {a}: {b}. {c}" for a, b, c in self.rows) or "No exercises yet."

    def _repr_html_(self) -> str:
        left = ' style="text-align: left"'
        titles = ("Lesson", "Solved", "Exercises")
        head = "".join(f'<th scope="col"{left}>{title}</th>' for title in titles)
        rows = "".join(
            f'<tr><th scope="row">{html.escape(a)}</th>'
            + "".join(f"<td{left}>{html.escape(text)}</td>" for text in (b, c))
            + "</tr>"
            for a, b, c in self.rows
        )
        return f"<table><tr>{head}</tr>{rows}</table>"


def progress_map() -> ProgressMap:
    """Show which exercises are solved (✓), tried (✗) or open (·); end a cell with it.

    Examples
    --------
    >>> all("solved" in how_many for lesson, how_many, states in progress_map().rows)
    True
    """
    done = progress.load()["exercises"]
    rows = []
    for lesson, group in groupby(all_exercises(), key=lambda exercise: exercise.id[:2]):
        states = [_state(exercise, done) for exercise in group]
        solved = sum(state.startswith("✓") for state in states)
        rows.append((lesson, f"{solved} of {len(states)} solved", ", ".join(states)))
    return ProgressMap(tuple(rows))


def _state(exercise: Exercise, done: dict[str, Any]) -> str:
    entry = done.get(exercise.id)
    if entry is None:
        return f"· {exercise.id} open"
    return f"✓ {exercise.id} solved" if entry.get("solved") else f"✗ {exercise.id} tried"
