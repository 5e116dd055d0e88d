"""What the specifications of all kinds of panels are made of: safe texts, numbers, colours, axes and layout."""

from textwrap import wrap
from typing import Any, Final

import numpy as np
from jaxtyping import Float, Num
from matplotlib import colormaps
from matplotlib.colors import to_hex

from modescape.report.drawables import LegendEntry

FONT: Final = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', Arial, sans-serif"
SIGNIFICANT_DIGITS: Final = 6
"""Digits of a number on the page: finer than a pixel; the data to download are exact."""

Spec = dict[str, Any]


def plain(text: str) -> str:
    r"""Return text that plotly shows as it is: no tag, no entity and no template in it works.

    >>> plain("<b>5 %{x}</b>")
    '&lt;b&gt;5 %\u200b{x}&lt;/b&gt;'
    """
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return escaped.replace("%{", "%\u200b{")


def wrapped(text: str, width: int) -> str:
    """Return text in lines of at most so many characters where words allow it, for plotly.

    >>> wrapped("low rank of random", 10)
    'low rank<br>of random'
    """
    return "<br>".join(plain(line) for line in wrap(text, width, break_long_words=False)) or plain(text)


def color_stops(name: str) -> list[list[Any]]:
    """Return a colour map as places in [0, 1] and colours, the same that the pictures have.

    >>> color_stops("viridis")[0]
    [0.0, '#440154']
    """
    places = np.linspace(0.0, 1.0, NUM_STOPS)
    return [[float(place), to_hex(colormaps[name](place))] for place in places]


NUM_STOPS: Final = 17
"""Colours between which the page interpolates; with 17 no colour is off by more than an eye can see."""


def entry_number(legend: tuple[LegendEntry, ...], label: str) -> int:
    """Return the place of an entry in the legend, or -1 where it is not in it."""
    return next((index for index, entry in enumerate(legend) if entry.label == label), -1)


def base_layout() -> Spec:
    """Return what all figures share."""
    return {
        "autosize": True,
        "margin": {"l": 8, "r": 12, "t": 8, "b": 8},
        "paper_bgcolor": theme("surface"),
        "plot_bgcolor": theme("surface"),
        "font": {"family": FONT, "size": 12, "color": theme("ink")},
        "hoverlabel": {
            "bgcolor": theme("surface"),
            "bordercolor": theme("line"),
            "font": {"family": FONT, "size": 12, "color": theme("ink")},
        },
        "showlegend": False,
    }


def base_axis(label: str, *, grid: bool = True) -> Spec:
    """Return an axis with a label."""
    return {
        "title": {"text": plain(label), "standoff": 8, "font": {"size": 12, "color": theme("muted")}},
        "automargin": True,
        "showgrid": grid,
        "gridcolor": theme("grid"),
        "linecolor": theme("line"),
        "zeroline": False,
        "tickfont": {"color": theme("muted"), "size": 11},
    }


def theme(role: str, alpha: float = 1.0) -> Spec:
    """Return a colour by its role, for the page to fill in."""
    return {"theme": role} if alpha == 1.0 else {"theme": role, "alpha": alpha}


def numbers(array: Num[np.ndarray, "..."]) -> list[Any]:
    """Return numbers as nested lists for JSON, rounded, with None for what is not finite.

    >>> numbers(np.array([[1.23456789, np.nan]]))
    [[1.23457, None]]
    """
    if array.ndim > 1:
        return [numbers(row) for row in array]
    return [float(f"{value:.{SIGNIFICANT_DIGITS}g}") if np.isfinite(value) else None for value in array.tolist()]


def color_key(
    values: Float[np.ndarray, "..."], label: str, ends: tuple[float, float], colors: str, digits: int
) -> Spec:
    """Return the key of the colours: what they mean, and the values at both ends.

    Args:
        values: The numbers that are drawn; an end says whether some lie beyond it.
        label: What the colours mean.
        ends: Values at the two ends.
        colors: Name of the colour map.
        digits: Digits after the point.
    """
    finite = values[np.isfinite(values)]
    low, high = (f"{end:.{digits}f}" for end in ends)
    return {
        "label": label,
        "colors": [color for _, color in color_stops(colors)],
        "low": f"≤ {low}" if (finite < ends[0]).any() else low,
        "high": f"≥ {high}" if (finite > ends[1]).any() else high,
    }


def color_scale(colors: str) -> Spec:
    """Return the part of a heat map that gives it our colours, whose key stands beside the plot."""
    return {"type": "heatmap", "colorscale": color_stops(colors), "showscale": False}


LOG_AXIS: Final = {"type": "log", "exponentformat": "power"}
"""A logarithmic axis; plotly alone would write 0.0001 as 100µ."""

HOVER_CELL: Final = {"hovertemplate": "%{customdata}<extra></extra>"}
"""The pointer shows a text that the script of the page writes for each cell."""
