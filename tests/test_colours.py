"""The palette, seen without one kind of cone; no other colours but greys are used."""

import ast
import itertools
import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from colour_vision import APART, VISION, alike, difference, lab

from l0course.figures.style import COLORS, STYLE

ROOT = Path(__file__).parents[1]
SOURCES = [*(ROOT / "notebooks/src").glob("*.py"), *(ROOT / "l0course").rglob("*.py")]
KEYWORDS = {"color", "facecolor", "edgecolor", "ecolor", "colors", "cmap", "markerfacecolor"}
GREY = re.compile(r"0?\.\d+|#(\w\w)\1\1|grey|black|white|none", re.I)
MAPS = {"cividis", "gray_r", "PuOr"}  # light to dark, or two hues that no kind of vision mixes up


def test_the_simulation_against_known_colours():
    """White stays white (rows of the matrices sum to 1); red and green of one lightness merge."""
    assert all(np.allclose(matrix.sum(axis=1), 1, atol=1e-5) for matrix in VISION.values())
    assert np.allclose(lab("red"), [53.24, 80.09, 67.20], atol=0.05)  # the sRGB primaries' values
    assert np.allclose(lab("blue"), [32.30, 79.19, -107.86], atol=0.05)
    apart, vision = difference("#CC5500", "#7A8B00")  # told apart at a glance, by most
    assert apart < 15 and vision in ("protanopia", "deuteranopia")
    assert np.linalg.norm(lab("#CC5500") - lab("#7A8B00")) > 50


@pytest.mark.parametrize(("one", "two"), [*itertools.combinations(COLORS, 2)])
def test_any_two_colours_of_the_palette_can_be_told_apart(one, two):
    assert difference(COLORS[one], COLORS[two])[0] >= APART


def test_no_two_series_share_a_marker_or_a_line_style():
    looks = list(STYLE["axes.prop_cycle"])
    assert len({look["marker"] for look in looks}) == len(looks)
    assert len({str(look["linestyle"]) for look in looks}) == len(looks)


def test_text_is_at_least_nine_points():
    assert min(v for k, v in STYLE.items() if k == "font.size" or "labelsize" in k) >= 9
    assert STYLE["legend.fontsize"] >= 9


def test_lines_that_are_too_alike_are_found():
    figure, axes = plt.subplots()
    axes.plot([0, 1], color="#CC5500")
    axes.plot([1, 2], color="#C75A00")
    axes.plot([2, 3], color="#CC5500", linestyle="--")  # the same colour, and yet not alike
    assert len(alike(figure)) == 1
    plt.close(figure)


def words_in(node):
    """Words that an expression may give; names of the palette, COLORS["blue"], are none."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    if not isinstance(node, ast.Subscript | ast.Compare):  # a condition is not what it gives
        for child in ast.iter_child_nodes(node):
            yield from words_in(child)


def test_every_colour_that_is_written_out_is_a_grey():
    """In the package and in the lessons; the others are named in COLORS."""
    seen = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg in KEYWORDS:
                seen += [(path.name, node.arg, word) for word in words_in(node.value)]
    other = [
        (file, keyword, word)
        for file, keyword, word in seen
        if not (word in MAPS if keyword == "cmap" else GREY.fullmatch(word))
    ]
    assert len(seen) > 50 and not other
