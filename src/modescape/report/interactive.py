"""Drawings as plotly specifications: plain dictionaries that the page hands to plotly.js.

A colour is `{"theme": ROLE}` and the page replaces it by the colour of its light or dark theme. plotly reads a few
HTML tags and `%{...}` in texts, so every text goes through `plain` first.
"""

from typing import Any, Final

import numpy as np
from jaxtyping import Num
from matplotlib import colormaps
from matplotlib.colors import to_hex

from modescape.report.colors import NUM_SERIES, series_role
from modescape.report.drawables import LegendEntry, Line, Lines, Matrix, NumberDetail, Panel, Path, Paths, shown_labels

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


def panel_spec(panel: Panel, legend: tuple[LegendEntry, ...] = ()) -> Spec:
    """Return what the page needs to draw a panel.

    Args:
        panel: What to draw.
        legend: The legend of the whole figure; each trace gets the number of its entry.

    Returns:
        `kind`, `title`, `alt`, `data` and `layout`; for a matrix also `rows`, `columns`, `word` and `details`.
    """
    head: Spec = {"title": panel.title, "alt": panel.alt}
    if isinstance(panel, Matrix):
        return head | _matrix(panel)
    if isinstance(panel, Lines):
        return head | _lines(panel, legend)
    return head | _paths(panel, legend)


def _matrix(matrix: Matrix) -> Spec:
    """Return a heat map with row 0 on top and square cells, and what its cells show.

    Cells are counted, not named, along the axes: plotly takes a label that looks like a number for a place. The script
    of the page adds the texts that a pointer shows, which would otherwise be most of the file.
    """
    low, high = matrix.color_range
    trace: Spec = {
        "type": "heatmap",
        "z": numbers(matrix.values),
        "zmin": low,
        "zmax": high,
        "colorscale": color_stops(matrix.colors),
        "showscale": False,
        "xgap": 1 if matrix.cell_texts else 0,
        "ygap": 1 if matrix.cell_texts else 0,
        "hovertemplate": "%{customdata}<extra></extra>",
    }
    if matrix.cell_texts:
        trace |= {"text": matrix.cell_texts, "texttemplate": "%{text}"}
    layout = _layout() | {
        "plot_bgcolor": theme("gap"),
        "xaxis": _cell_axis(matrix.word, matrix.columns) | {"range": [-0.5, len(matrix.columns) - 0.5]},
        "yaxis": _cell_axis(matrix.word, matrix.rows) | {"range": [len(matrix.rows) - 0.5, -0.5], "scaleanchor": "x"},
    }
    cells: Spec = {
        "rows": list(matrix.rows),
        "columns": list(matrix.columns),
        "word": matrix.word,
        "decimals": matrix.decimals + 1,
    }
    details = [_detail(detail) for detail in matrix.details]
    return {"kind": "matrix", "data": [trace], "layout": layout, "details": details, "scale": _scale(matrix)} | cells


def _cell_axis(word: str, labels: tuple[str, ...]) -> Spec:
    """Return an axis over the numbers of rows or columns, with their labels."""
    places = list(shown_labels(len(labels)))
    texts = [plain(labels[place]) for place in places]
    ticks: Spec = {"tickmode": "array", "tickvals": places, "ticktext": texts, "tickangle": 0}
    return _axis(word, grid=False) | ticks | {"constrain": "domain", "fixedrange": True}


def color_stops(name: str) -> list[list[Any]]:
    """Return a colour map as places in [0, 1] and colours, the same that the pictures have.

    >>> color_stops("viridis")[0]
    [0.0, '#440154']
    """
    places = np.linspace(0.0, 1.0, NUM_STOPS)
    return [[float(place), to_hex(colormaps[name](place))] for place in places]


NUM_STOPS: Final = 17
"""Colours between which the page interpolates; with 17 no colour is off by more than an eye can see."""


def _scale(matrix: Matrix) -> Spec:
    """Return the key of the colours: what they mean, and the values at both ends."""
    finite = matrix.values[np.isfinite(matrix.values)]
    low, high = matrix.color_range
    ends = [f"{end:.{matrix.decimals}f}" for end in (low, high)]
    return {
        "label": matrix.color_label,
        "colors": [color for _, color in color_stops(matrix.colors)],
        "low": f"≤ {ends[0]}" if (finite < low).any() else ends[0],
        "high": f"≥ {ends[1]}" if (finite > high).any() else ends[1],
    }


def _detail(detail: NumberDetail) -> Spec:
    """Return what the script needs to show a number of a cell."""
    ends = {name: numbers(end) for name, end in (("low", detail.low), ("high", detail.high)) if end is not None}
    head: Spec = {"kind": "number", "label": detail.label, "decimals": detail.decimals, "unit": detail.unit}
    return head | {"values": numbers(detail.values)} | ends


def _lines(panel: Lines, legend: tuple[LegendEntry, ...]) -> Spec:
    """Return bands under lines."""
    bands = [_band(line, _number(legend, line.legend or line.name)) for line in panel.lines]
    traces = [_line(line, panel, _number(legend, line.legend or line.name)) for line in panel.lines]
    x_axis = _axis(panel.x_label) | {"spikethickness": 1, "spikedash": "dot", "spikecolor": theme("muted")}
    x_axis["unifiedhovertitle"] = {"text": f"{plain(panel.x_label)}: %{{x}}"}
    points = np.concatenate([line.x for line in panel.lines]) if panel.lines else np.array([])
    if panel.whole_x and points.size:
        x_axis |= _whole_ticks(float(points.min()), float(points.max()))
    y_axis = _axis(panel.y_label) | ({"type": "log"} if panel.log_y else {})
    few = len(panel.lines) <= NUM_SERIES
    hover = {"hovermode": "x unified", "hoverdistance": 200} if few else {"hovermode": "closest"}
    layout = _layout() | {"xaxis": x_axis, "yaxis": y_axis} | hover
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
    many = line.series is None
    value = f"%{{y:.{panel.decimals}f}}"
    trace: Spec = {
        "type": "scatter",
        "mode": "lines+markers" if len(line.x) <= 12 and not many else "lines",
        "x": numbers(line.x),
        "y": numbers(line.y),
        "name": plain(line.name),
        "line": {"color": theme(series_role(line.series)), "width": 1 if many and not line.dashed else 2},
        "marker": {"size": 6, "color": theme(series_role(line.series))},
        "opacity": 0.5 if many and not line.dashed else 1.0,
        "hovertemplate": value,
        "meta": {"entry": entry},
    }
    if line.dashed:
        trace["line"]["dash"] = "dash"
    if line.low is not None and line.high is not None:
        trace["customdata"] = numbers(np.stack([line.low, line.high], axis=1))
        low, high = (f"%{{customdata[{index}]:.{panel.decimals}f}}" for index in (0, 1))
        trace["hovertemplate"] = f"{value} [{low}, {high}]"
    return trace


def _paths(panel: Paths, legend: tuple[LegendEntry, ...]) -> Spec:
    """Return paths with their ends marked, on axes of one scale."""
    traces = [trace for path in panel.paths for trace in _path(path, _number(legend, path.name))]
    bare = {"showticklabels": False, "ticks": "", "zeroline": False}
    layout = _layout() | {
        "xaxis": _axis(panel.x_label) | bare | {"constrain": "domain"},
        "yaxis": _axis(panel.y_label) | bare | {"scaleanchor": "x", "constrain": "domain"},
        "hovermode": "closest",
    }
    return {"kind": "paths", "data": traces, "layout": layout}


def _path(path: Path, entry: int) -> list[Spec]:
    """Return the way, and the marks of its two ends over it."""
    color = theme(series_role(path.series))
    template = f"{plain(path.name)}, %{{text}}<extra></extra>"
    base: Spec = {"type": "scatter", "meta": {"entry": entry}, "hovertemplate": template, "cliponaxis": False}

    def piece(part: slice, mode: str, **style: Any) -> Spec:
        """Return some points of the path in one style."""
        texts = [plain(text) for text in path.points[part]]
        return base | {"x": numbers(path.x[part]), "y": numbers(path.y[part]), "text": texts, "mode": mode} | style

    start = {"symbol": "circle-open", "size": 13, "color": color, "line": {"color": color, "width": 2.5}}
    end = {"symbol": "star", "size": 17, "color": color, "line": {"color": theme("surface"), "width": 1}}
    return [
        piece(slice(None), "lines+markers", line={"color": color, "width": 1.5}, marker={"size": 5, "color": color}),
        piece(slice(0, 1), "markers", marker=start),
        piece(slice(-1, None), "markers", marker=end),
    ]


def _number(legend: tuple[LegendEntry, ...], label: str) -> int:
    """Return the place of an entry in the legend, or -1 where it is not in it."""
    return next((index for index, entry in enumerate(legend) if entry.label == label), -1)


def _layout() -> Spec:
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


def _axis(label: str, *, grid: bool = True) -> Spec:
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
