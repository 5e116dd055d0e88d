"""Rows of numbers with their intervals as pictures."""

from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from modescape.report.colors import LIGHT, series_role
from modescape.report.drawables import BAND, IntervalRow, Intervals, spread_of
from modescape.report.static.style import MARKERS, write_plain_powers

NAME_CHARACTERS = 26
MOST_TICKS = 4
"""Most steps along the axis that leave room for numbers such as -0.0025."""
MARK_POINTS = 11
"""Height of a line of names of marks."""


def draw_intervals(axes: Axes, panel: Intervals) -> None:
    """Draw one row for each number, the first on top, headings in bold."""
    slots = panel.slots
    for place, slot in enumerate(slots):
        if isinstance(slot, IntervalRow) and np.isfinite(slot.value):
            _draw_row(axes, slot, place)
    axes.set_yticks(range(len(slots)), [fill(_text(slot), NAME_CHARACTERS) for slot in slots])
    for label, slot in zip(axes.get_yticklabels(), slots, strict=True):
        label.set_color(LIGHT["ink"])
        label.set_fontweight("bold" if isinstance(slot, str) else "normal")
    axes.set_ylim(len(slots) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(*panel.extent)
    if panel.log_x:
        axes.set_xscale("log")
        write_plain_powers(axes.xaxis)
    else:
        axes.xaxis.set_major_locator(MaxNLocator(MOST_TICKS))
    _draw_marks(axes, panel)


def _text(slot: str | IntervalRow) -> str:
    """Return what is written at a row or a heading."""
    return slot if isinstance(slot, str) else slot.name


def _draw_row(axes: Axes, row: IntervalRow, place: int) -> None:
    """Draw the band, single numbers, the interval and the number of one row."""
    color = LIGHT[series_role(row.series)]
    if row.chance is not None:
        axes.fill_between(row.chance, place - BAND, place + BAND, color=LIGHT["gap"], linewidth=0, zorder=1)
    if row.dots is not None:
        heights = place + spread_of(len(row.dots))
        axes.plot(row.dots, heights, linestyle="", marker="o", markersize=3, color=color, alpha=0.35, mew=0)
    if row.has_interval:
        ends = [[row.value - row.low], [row.high - row.value]]
        axes.errorbar([row.value], [place], xerr=ends, color=color, linewidth=1.8, capsize=3, fmt="none")
    marker = {"marker": MARKERS[row.symbol], "markersize": 7.5, "markeredgecolor": "white", "markeredgewidth": 0.8}
    axes.plot([row.value], [place], linestyle="", color=color, zorder=4, **marker)


def _draw_marks(axes: Axes, panel: Intervals) -> None:
    """Draw the vertical lines with their names above the panel."""
    for mark in panel.marks:
        axes.axvline(mark.x, color=LIGHT["muted"], linestyle="--", linewidth=1.2, zorder=1)
    for name in panel.mark_names:
        axes.annotate(
            name.text,
            (name.share, 1.0),
            (0, 3 + MARK_POINTS * name.line),
            xycoords="axes fraction",
            textcoords="offset points",
            ha=name.anchor,
            va="bottom",
            fontsize=8,
            color=LIGHT["muted"],
        )
