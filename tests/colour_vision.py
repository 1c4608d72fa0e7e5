"""Colours as people see them who lack one kind of cone, and how far apart two colours look."""

from __future__ import annotations

import itertools

import numpy as np
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

# G. M. Machado, M. M. Oliveira and L. A. F. Fernandes, "A physiologically-based model for
# simulation of color vision deficiency", IEEE Trans. Vis. Comput. Graph. 15(6), 2009: the
# matrices of severity 1.0, for linear RGB.
VISION: dict[str, np.ndarray] = {
    "usual": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
# Linear sRGB to CIE XYZ with the white point D65 (IEC 61966-2-1).
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])

APART = 10.0
"""Smallest difference that we allow, in CIE 1976 units: four times what is just noticeable (2.3:
M. Mahy, L. Van Eycken and A. Oosterlinck, Color Res. Appl. 19(2), 1994)."""


def lab(colour: object, vision: str = "usual") -> np.ndarray:
    """CIE L*a*b* (1976, D65) of a matplotlib colour, as seen with this kind of vision: (3,).

    >>> abs(lab("white", "tritanopia")).round()
    array([100.,   0.,   0.])
    """
    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(VISION[vision] @ linear, 0, 1)
    t = TO_XYZ @ seen / (TO_XYZ @ np.ones(3))
    f = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def difference(one: object, two: object) -> tuple[float, str]:
    """How far apart two colours look to whom they look most alike, and with which vision."""
    return min((float(np.linalg.norm(lab(one, v) - lab(two, v))), v) for v in VISION)


def alike(figure: Figure) -> list[str]:
    """Pairs of lines or markers in one panel that only colour tells apart, and that too little."""
    found = []
    for axes in figure.axes:
        for one, two in itertools.combinations({_look(line) for line in axes.lines}, 2):
            if one[1:] == two[1:]:
                apart, vision = difference(one[0], two[0])
                if apart < APART:
                    found.append(f"{one[0]} and {two[0]}: {apart:.1f} apart with {vision} vision")
    return found


def _look(line) -> tuple[str, str, str]:
    """Colour, dashes and marker of a line, as it is drawn."""
    marker = str(line.get_marker()).replace("None", "").strip()
    if line.get_linestyle() != "None":
        return to_hex(line.get_color()), str(line._dash_pattern), marker
    face = line.get_markerfacecolor()
    return to_hex(line.get_markeredgecolor() if str(face) == "none" else face), "", marker
