"""Lines with their bands."""

from typing import Final

import numpy as np

from modescape.report.colors import series_role
from modescape.report.drawables import LegendEntry, Line, Lines
from modescape.report.interactive.parts import (
    LOG_AXIS,
    Spec,
    base_axis,
    base_layout,
    entry_number,
    numbers,
    plain,
    theme,
)
from modescape.report.series import series_dash, series_symbol

MAX_TOGETHER: Final = 10
"""Largest number of lines whose values are shown together at the place of the pointer."""


def lines_spec(panel: Lines, legend: tuple[LegendEntry, ...]) -> Spec:
    """Return bands under lines."""
    bands = [_band(line, entry_number(legend, line.legend or line.name)) for line in panel.lines]
    traces = [_line(line, panel, entry_number(legend, line.legend or line.name)) for line in panel.lines]
    x_axis = base_axis(panel.x_label) | {"spikethickness": 1, "spikedash": "dot", "spikecolor": theme("muted")}
    x_axis["unifiedhovertitle"] = {"text": f"{plain(panel.x_label)}: %{{x}}"}
    points = np.concatenate([line.x for line in panel.lines]) if panel.lines else np.array([])
    if panel.whole_x and points.size:
        x_axis |= _whole_ticks(float(points.min()), float(points.max()))
    y_axis = base_axis(panel.y_label) | (LOG_AXIS if panel.log_y else {})
    few = len(panel.lines) <= MAX_TOGETHER
    hover = {"hovermode": "x unified", "hoverdistance": 200} if few else {"hovermode": "closest"}
    layout = base_layout() | {"xaxis": x_axis, "yaxis": y_axis} | hover
    return {"kind": "lines", "data": [band for band in bands if band] + traces, "layout": layout}


def _whole_ticks(low: float, high: float) -> Spec:
    """Return ticks on whole numbers only, and a little room at both ends."""
    room = max(0.04 * (high - low), 0.2)
    ticks: Spec = {"range": [low - room, high + room]}
    if high - low <= 12:
        ticks |= {"tickmode": "linear", "tick0": 0, "dtick": 1 if high - low <= 8 else 2}
    return ticks


def _band(line: Line, entry: int) -> Spec | None:
    """Return the area between the edges of a band, or None where the line has none."""
    if line.low is None or line.high is None:
        return None
    present = np.isfinite(line.low) & np.isfinite(line.high)
    x, low, high = line.x[present], line.low[present], line.high[present]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": numbers(np.concatenate([x, x[::-1]])),
        "y": numbers(np.concatenate([high, low[::-1]])),
        "fill": "toself",
        "fillcolor": theme(series_role(line.series), alpha=0.22),
        "line": {"width": 0},
        "hoverinfo": "skip",
        "meta": {"entry": entry},
    }


def _line(line: Line, panel: Lines, entry: int) -> Spec:
    """Return one line; short ones show their points."""
    value = f"%{{y:.{panel.decimals}f}}"
    trace = bare_line(line, entry) | {"hovertemplate": value}
    if line.shows_points:
        marker = {"size": 7, "color": theme(series_role(line.series)), "symbol": series_symbol(line.series)}
        trace |= {"mode": "lines+markers", "marker": marker}
    if line.low is not None and line.high is not None:
        trace["customdata"] = numbers(np.stack([line.low, line.high], axis=1))
        low, high = (f"%{{customdata[{index}]:.{panel.decimals}f}}" for index in (0, 1))
        trace["hovertemplate"] = f"{value} [{low}, {high}]"
    return trace


def bare_line(line: Line, entry: int) -> Spec:
    """Return a line without points and without what a pointer shows."""
    thin = line.series is None and not line.dashed
    style: Spec = {"color": theme(series_role(line.series)), "width": 1 if thin else 2}
    return {
        "type": "scatter",
        "mode": "lines",
        "x": numbers(line.x),
        "y": numbers(line.y),
        "name": plain(line.name),
        "line": style | {"dash": series_dash(line.series, dashed=line.dashed)},
        "opacity": 0.5 if thin else 1.0,
        "meta": {"entry": entry},
    }
