"""Polar surfaces: cells that the script of the page fills in, and marks over them."""

import numpy as np

from modescape.report.drawables import LegendEntry, Mark, PolarSurface
from modescape.report.interactive.parts import (
    HOVER_CELL,
    Spec,
    base_axis,
    base_layout,
    color_key,
    color_scale,
    entry_number,
    numbers,
    plain,
    theme,
)


def polar_spec(panel: PolarSurface, legend: tuple[LegendEntry, ...]) -> Spec:
    """Return an empty heat map on axes of one scale, the grid to fill it from, and the marks.

    The script of the page colours each pixel by the cell that it lies in: as texts, the pixels would be most of the
    file.
    """
    ends = np.log10(panel.color_range) if panel.log_color else np.array(panel.color_range)
    surface = color_scale(panel.colors) | HOVER_CELL | {"zmin": ends[0], "zmax": ends[1], "hoverongaps": False}
    outer = float(panel.radius_edges[-1])
    room = {"range": [-1.03 * outer, 1.03 * outer], "constrain": "domain", "fixedrange": True}
    layout = base_layout() | {
        "xaxis": base_axis(panel.x_label, grid=False) | room,
        "yaxis": base_axis(panel.y_label, grid=False) | room | {"scaleanchor": "x"},
        "hovermode": "closest",
        "shapes": _ground(panel, outer),
    }
    key = color_key(panel.values, panel.color_label, panel.color_range, panel.colors, panel.decimals)
    if panel.log_color:
        key["label"] += ", logarithmic"
    traces = [surface, *(_mark(mark, entry_number(legend, mark.name)) for mark in panel.marks)]
    return {"kind": "polar", "data": traces, "layout": layout, "scale": key, "grid": _grid(panel)}


def _grid(panel: PolarSurface) -> Spec:
    """Return what the script needs to fill the cells and to name them."""
    return {
        "radius": numbers(panel.radius),
        "angle": numbers(np.degrees(panel.angle)),
        "radiusEdges": numbers(panel.radius_edges),
        "angleEdges": numbers(np.degrees(panel.angle_edges)),
        "values": numbers(panel.values),
        "decimals": panel.decimals,
        "unit": panel.unit,
        "label": panel.color_label,
        "log": panel.log_color,
    }


def _ground(panel: PolarSurface, outer: float) -> list[Spec]:
    """Return a disc in the colour of gaps where some numbers are missing."""
    if np.isfinite(panel.values).all():
        return []
    edges: Spec = {"x0": -outer, "x1": outer, "y0": -outer, "y1": outer}
    return [edges | {"type": "circle", "fillcolor": theme("gap"), "line": {"width": 0}, "layer": "below"}]


def _mark(mark: Mark, entry: int) -> Spec:
    """Return one mark: white with a dark edge, which is seen on every colour."""
    place = mark.radius * np.array([np.cos(mark.angle), np.sin(mark.angle)])
    return {
        "type": "scatter",
        "mode": "markers",
        "x": numbers(place[:1]),
        "y": numbers(place[1:]),
        "marker": {"symbol": mark.symbol, "size": 13, "color": "#ffffff", "line": {"color": "#1b1f24", "width": 1.6}},
        "hovertemplate": f"{plain(mark.name)}<extra></extra>",
        "meta": {"entry": entry},
    }
