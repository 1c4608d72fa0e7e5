"""The course's own recorded files, to stand beside a new one."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from typing import Any

from ..certificates import Peer
from .compression_table import medians
from .registry import StaleRecordError, find

__all__ = ["course_files"]

DIGITS_TEST_ROWS = 400


def course_files(task: str) -> tuple[Peer, ...]:
    """Recorded files of a data set by its name; of MNIST, named as such, if there are none of it.

    Medians over seeds. Records that do not fit today's code are left out.

    >>> {peer.task for peer in course_files("digits")}
    {'digits'}
    >>> {peer.task for peer in course_files("my own data")}
    {'mnist'}
    """
    try:
        if task == "digits":
            return tuple(_digits())
        if task == "fashion-mnist":
            return tuple(_table("fashion", ("dense", "magnitude", "R-L1", "DRR")))
        return (*_smallest(), *(_table("mnist", ("dense",)) if task == "mnist" else ()))
    except StaleRecordError:
        return ()


def _digits() -> Iterable[Peer]:
    """Of each network, the settings with the shortest message and with the fewest mistakes."""
    groups: dict[tuple, list[dict[str, Any]]] = {}
    for cell, result in find("digit_files").load("quick"):
        for file in result["files"]:
            file["message"] = 8 * file["bytes"] + file["label_bits"]
            key = ("-".join(map(str, cell["widths"])), cell["alpha"], file["price"])
            groups.setdefault(key, []).append(file)

    def middle(key: tuple, name: str) -> float:
        return statistics.median(file[name] for file in groups[key])

    for network in dict.fromkeys(key[0] for key in groups):
        keys = [key for key in groups if key[0] == network]
        for count, words in (
            ("message", "shortest message"),
            ("validation_wrong", "least validation error"),
        ):
            key = min(keys, key=lambda key, count=count: middle(key, count))
            yield Peer(
                f"MLP {network}, {words}: DRR {key[1]:g}, price {key[2]:g}",
                "digits",
                middle(key, "bytes"),
                middle(key, "nonzero"),
                middle(key, "test_wrong") / DIGITS_TEST_ROWS,
                "data/results/digit_files",
            )


def _smallest() -> Iterable[Peer]:
    results = find("smallest_files").load("paper")
    for network, alpha in dict.fromkeys((c["network"], c["alpha"]) for c, _ in results):
        runs = [r for c, r in results if (c["network"], c["alpha"]) == (network, alpha)]
        yield Peer(
            f"{network}, DRR {alpha:g}",
            "mnist",
            statistics.median(r["file_bytes"] for r in runs),
            statistics.median(r["nonzero"] for r in runs),
            statistics.median(r["test_error"] for r in runs),
            "data/results/smallest_files",
        )


def _table(preset: str, methods: tuple[str, ...]) -> Iterable[Peer]:
    for row in medians(find("compression_table").load(preset)):
        if row["method"] in methods:
            yield Peer(
                f"{row['network']}, {row['method']}",
                row["data"],
                row["file_bytes"],
                row["nonzero"],
                row["test_error"],
                "data/results/compression_table",
            )
