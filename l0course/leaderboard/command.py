"""`l0course leaderboard`: check every entry, and rank what holds.

What needs PyTorch is imported when it runs, so that the command line starts fast.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

__all__ = ["add_arguments"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True)
    check = actions.add_parser("check", help="recompute every claim, and rank the entries")
    check.add_argument("entries", nargs="*", type=Path, help=".json files; all if none is named")
    check.add_argument("--folder", type=Path, help="the leaderboard; data/leaderboard if unset")
    check.set_defaults(run=_check)
    add = actions.add_parser("add", help="add a file of save_compressed, and check it")
    add.add_argument("model", type=Path, help="the .l0 file")
    add.add_argument("--task", required=True, help="digits, mnist or fashion-mnist")
    add.add_argument("--architecture", required=True, help="such as 'MLP 64-30-10'")
    add.add_argument("--who", required=True)
    add.add_argument("--method", required=True, help="how it was made, in a sentence")
    add.add_argument("--looks", required=True, type=int, help="at the test data, this included")
    add.add_argument("--folder", type=Path, help="the leaderboard; data/leaderboard if unset")
    add.set_defaults(run=_add)


def board_folder() -> Path:
    """data/leaderboard in the clone that this package lies in."""
    return Path(__file__).resolve().parents[2] / "data" / "leaderboard"


def _check(options: argparse.Namespace) -> int:
    from .entries import check_entry
    from .ranking import board

    folder = options.folder or board_folder()
    paths = options.entries or sorted(folder.glob("*/*.json"))
    if not paths:
        raise ValueError(f"there is no entry in {folder}.")
    checked, wrong, seen = [], 0, {}
    for path in paths:
        try:
            one = check_entry(path)
            twin = seen.setdefault((one.entry.task, one.entry.sha256), path)
            if twin != path:
                raise ValueError(f"{path} holds the same file as {twin}.")
            checked.append(one)
        except (ValueError, OSError) as error:
            print(f"WRONG  {error}", file=sys.stderr)
            wrong += 1
    print("\n".join(board(checked)))
    return 1 if wrong else 0


def _add(options: argparse.Namespace) -> int:
    from .entries import add_entry

    names = ("task", "architecture", "who", "method", "looks")
    chosen = {name: getattr(options, name) for name in names}
    path = add_entry(options.model, options.folder or board_folder(), **chosen)
    print(path)
    return 0
