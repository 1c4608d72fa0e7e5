"""The table: which entries nobody beats in both bytes and mistakes."""

from __future__ import annotations

from collections.abc import Sequence

from ..certificates import Mistakes
from .entries import Checked
from .tasks import TASKS

__all__ = ["best", "board"]


def best(sizes: Sequence[float], errors: Sequence[float]) -> list[bool]:
    """Which are on the Pareto front: no other is at most as large and as wrong, and less of one.

    >>> best([100, 200, 150, 200], [9, 5, 9, 5])
    [True, True, False, True]
    """
    pairs = list(zip(sizes, errors, strict=True))
    return [not any(a <= x and b <= y and (a, b) != (x, y) for a, b in pairs) for x, y in pairs]


def board(checked: Sequence[Checked]) -> list[str]:
    """Lines of a table: by task, smallest file first; * on the Pareto front of bytes and mistakes.

    A ? stands for a test error that could not be checked here; such an entry beats nobody. The
    interval holds for all looks at the task's test data that the makers state together.
    """
    lines = []
    for task, facts in TASKS.items():
        mine = sorted((c for c in checked if c.entry.task == task), key=_order)
        if not mine:
            continue
        stated = {c.entry.who: 0 for c in mine}
        for one in mine:  # a maker's entries all state the looks of that maker so far
            stated[one.entry.who] = max(stated[one.entry.who], one.entry.looks)
        looks = sum(stated.values())
        sure = [c for c in mine if c.test_checked]
        front = best([c.entry.bytes for c in sure], [c.entry.test_wrong for c in sure])
        marks = dict.fromkeys(mine, "?")
        marks |= {one: " *"[on_front] for one, on_front in zip(sure, front, strict=True)}
        lines += [
            f"{task}: {len(mine)} entries, {looks} looks at the {facts.test_rows:,} test rows",
            "    bytes weights  test error  interval, all looks  network, who, how",
        ]
        for one in mine:
            e = one.entry
            low, high = Mistakes(e.test_wrong, facts.test_rows, looks).interval
            lines.append(
                f"{marks[one]} {e.bytes:7,} {e.nonzero:7,} "
                f"{e.test_wrong / facts.test_rows:10.2%}  {low:6.2%} to {high:6.2%}     "
                f"{e.architecture}, {e.who}: {e.method}"
            )
            lines += [f"          {one.note}"] * bool(one.note)
        lines.append("")
    return lines[:-1]


def _order(one: Checked) -> tuple[int, int]:
    return one.entry.bytes, one.entry.test_wrong
