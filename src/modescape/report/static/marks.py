"""Marks that are seen on every colour: places, ends of ways and those who walk."""

from typing import Any, Final

from modescape.report.colors import LIGHT, series_role

HALO: Final = "#ffffff"
"""What stands around a text over colours."""


def mark_style(marker: str) -> dict[str, Any]:
    """Return the style of a mark: white with a dark edge, which is seen on every colour."""
    size = 12 if marker == "*" else 8
    return {
        "marker": marker,
        "markersize": size,
        "markerfacecolor": "white",
        "markeredgecolor": LIGHT["ink"],
        "markeredgewidth": 1.0,
        "zorder": 4,
    }


def walker_style(series: int) -> dict[str, Any]:
    """Return the style of one who walks: a ball in the colour of the way."""
    color = LIGHT[series_role(series)]
    return {
        "marker": "o",
        "markersize": 9,
        "markerfacecolor": color,
        "markeredgecolor": "white",
        "markeredgewidth": 1.6,
        "zorder": 5,
    }


def point_style(color: str) -> dict[str, Any]:
    """Return the style of the points of a walk: white beads on its line."""
    return {
        "marker": "o",
        "markersize": 2.6,
        "color": "white",
        "markeredgecolor": color,
        "markeredgewidth": 0.7,
        "zorder": 3.2,
    }


def ring_style(color: str) -> dict[str, Any]:
    """Return the style of the place where a walk begins: a ring in its colour."""
    ring = {"marker": "o", "markersize": 7, "markerfacecolor": "white", "markeredgecolor": color}
    return ring | {"markeredgewidth": 2.0, "zorder": 3.3}


def ball_style(color: str) -> dict[str, Any]:
    """Return the style of the place where a walk ends: a ball in its colour."""
    ball = {"marker": "o", "markersize": 6.5, "color": color, "markeredgecolor": "white"}
    return ball | {"markeredgewidth": 1.2, "zorder": 3.3}
