"""Surfaces over a plane: contours that the script of the page writes texts into, and what lies on them."""

from typing import Any, Final

import numpy as np

from modescape.report.colors import series_role
from modescape.report.drawables import LegendEntry, Place, Surface, Trail
from modescape.report.interactive.parts import (
    HOVER_CELL,
    Spec,
    base_axis,
    base_layout,
    color_key,
    color_stops,
    entry_number,
    numbers,
    plain,
    theme,
    wrapped,
)

CONTOUR: Final = "rgba(255,255,255,0.55)"
"""Colour of contour lines and of the dots that say where the numbers were measured."""
LABEL_CHARACTERS: Final = 34
"""Characters of a label along the longer side of a panel."""
TEXT_POSITIONS: Final = {"top": "top center", "bottom": "bottom center", "right": "middle right", "left": "middle left"}
"""Sides of a mark as plotly names them."""
ASPECTS: Final = (0.75, 1.8)
"""Smallest and largest width over height of a panel; beyond, the axes keep their scale within it."""


def surface_spec(panel: Surface, legend: tuple[LegendEntry, ...]) -> Spec:
    """Return contours, the walks and curves over them, the places, and the grid that texts are made from."""
    aspect = float(np.clip(panel.aspect, *ASPECTS))
    x_room, y_room = (
        _axis(label, places, int(LABEL_CHARACTERS * room))
        for label, places, room in ((panel.x_label, panel.x, 1.0), (panel.y_label, panel.y, min(1.0, 1 / aspect)))
    )
    if panel.same_scale:
        y_room |= {"scaleanchor": "x"}
    trails = [trace for trail in panel.curves for trace in _trail(trail, legend)]
    trails += [trace for walk in panel.walks for trace in _walk(walk, panel, legend)]
    return {
        "kind": "surface",
        "data": [_contours(panel), *_measured(panel), *trails, *_places(panel)],
        "layout": base_layout() | {"xaxis": x_room, "yaxis": y_room, "hovermode": "closest", "shapes": _ground(panel)},
        "scale": surface_key(panel),
        "grid": _grid(panel),
        "walks": [walk_spec(walk, legend) | {"notes": []} for walk in panel.walks],
        "steps": list(panel.steps),
        "aspect": round(aspect, 3),
    }


def surface_key(panel: Surface) -> Spec:
    """Return the key of the colours, with numbers between its ends."""
    key = color_key(panel.values, panel.color_label, panel.color_range, panel.colors, panel.decimals)
    if panel.log_color:
        key["label"] += ", logarithmic"
    return key | {"ticks": ticks_of(panel)}


def ticks_of(panel: Surface) -> list[Spec]:
    """Return where round numbers lie between the ends of the colours, as shares, and how they are written."""
    low, high = panel.drawn_range
    shares = (panel.scaled(panel.ticks) - low) / (high - low)
    return [
        {"at": round(float(share), 4), "text": f"{tick:.6g}"} for share, tick in zip(shares, panel.ticks, strict=True)
    ]


def walk_spec(trail: Trail, legend: tuple[LegendEntry, ...]) -> Spec:
    """Return a way as the script walks it: where each step is, in which colour, and what is told there."""
    return {
        "name": trail.name,
        "role": series_role(trail.series),
        "entry": entry_number(legend, trail.name),
        "x": numbers(trail.x),
        "y": numbers(trail.y),
        "notes": list(trail.notes),
        "dashed": trail.dashed,
    }


def _axis(label: str, places: np.ndarray, characters: int) -> Spec:
    """Return an axis that shows exactly the plane, its label in lines of so many characters."""
    axis = base_axis(label, grid=False)
    axis["title"]["text"] = wrapped(label, characters)
    return axis | {"range": numbers(places[[0, -1]]), "constrain": "domain", "fixedrange": True, "nticks": 7}


def _contours(panel: Surface) -> Spec:
    """Return the colours and the contour lines; what a pointer reads is written by the script."""
    low, high = panel.drawn_range
    levels = panel.levels
    lines: Spec = {"coloring": "heatmap", "showlines": bool(len(levels))}
    if len(levels):
        lines |= {"start": float(levels[0]), "end": float(levels[-1]), "size": panel.level_step}
    return HOVER_CELL | {
        "type": "contour",
        "x": numbers(panel.x),
        "y": numbers(panel.y),
        "z": numbers(panel.drawn.T),
        "zmin": low,
        "zmax": high,
        "colorscale": color_stops(panel.colors),
        "showscale": False,
        "autocontour": False,
        "contours": lines,
        "line": {"color": CONTOUR, "width": 0.9, "smoothing": 0},
        "connectgaps": False,
    }


def _grid(panel: Surface) -> Spec:
    """Return what the script needs to name the points of the grid and to read their numbers."""
    return {
        "x": numbers(panel.x),
        "y": numbers(panel.y),
        "values": numbers(panel.values),
        "measured": None if panel.measured is None else panel.measured.astype(int).tolist(),
        "decimals": panel.decimals,
        "unit": panel.unit,
        "label": panel.color_label,
    }


def _ground(panel: Surface) -> list[Spec]:
    """Return a ground in the colour of gaps where some numbers are missing."""
    if np.isfinite(panel.drawn).all():
        return []
    (x0, x1), (y0, y1) = (numbers(places[[0, -1]]) for places in (panel.x, panel.y))
    ends: Spec = {"x0": x0, "x1": x1, "y0": y0, "y1": y1}
    return [ends | {"type": "rect", "fillcolor": theme("gap"), "line": {"width": 0}, "layer": "below"}]


def _measured(panel: Surface) -> list[Spec]:
    """Return dots where the numbers were measured, where many were not."""
    shown = panel.shown_points
    if not shown.any():
        return []
    x, y = np.meshgrid(panel.x, panel.y, indexing="ij")
    places: Spec = {"x": numbers(x[shown]), "y": numbers(y[shown])}
    marker = {"size": 2.4, "color": CONTOUR}
    return [places | {"type": "scatter", "mode": "markers", "marker": marker, "hoverinfo": "skip"}]


def _trail(trail: Trail, legend: tuple[LegendEntry, ...]) -> list[Spec]:
    """Return a way in its colour over one in the colour of the ground, so that it is seen on every colour."""
    base: Spec = {
        "type": "scatter",
        "mode": "lines",
        "x": numbers(trail.x[trail.known]),
        "y": numbers(trail.y[trail.known]),
        "meta": {"entry": entry_number(legend, trail.name)},
    }
    line: Spec = {"color": theme(series_role(trail.series)), "width": 2.6} | ({"dash": "dash"} if trail.dashed else {})
    return [
        base | {"line": {"color": theme("surface"), "width": 5.2}, "hoverinfo": "skip"},
        base | {"line": line, "hovertemplate": f"{plain(trail.name)}<extra></extra>"},
    ]


def _walk(walk: Trail, panel: Surface, legend: tuple[LegendEntry, ...]) -> list[Spec]:
    """Return a walk with its points, the first as a ring and the last as a ball."""
    notes = walk.notes or panel.steps
    texts = [plain(note) for note, known in zip(notes, walk.known, strict=True) if known]
    color = theme(series_role(walk.series))
    points: Spec = {
        "type": "scatter",
        "mode": "markers",
        "x": numbers(walk.x[walk.known]),
        "y": numbers(walk.y[walk.known]),
        "text": texts,
        "hovertemplate": f"{plain(walk.name)}, %{{text}}<extra></extra>",
        "meta": {"entry": entry_number(legend, walk.name)},
    }
    beads: Spec = {"size": 4, "color": theme("surface"), "line": {"color": color, "width": 1}}
    # Points too near to the last bead can be pointed at but are not seen.
    beads["opacity"] = panel.beads(walk)[walk.known].astype(int).tolist()
    ring: dict[str, Any] = {"size": 10, "color": theme("surface"), "line": {"color": color, "width": 2.5}}
    ball: dict[str, Any] = {"size": 10, "color": color, "line": {"color": theme("surface"), "width": 1.5}}
    ends = [
        points | {"x": points["x"][part], "y": points["y"][part], "text": texts[part], "marker": marker}
        for part, marker in ((slice(0, 1), ring), (slice(-1, None), ball))
    ]
    return [*_trail(walk, legend), points | {"marker": beads}, *ends]


def _places(panel: Surface) -> list[Spec]:
    """Return the places: white with a dark edge, which is seen on every colour, and their names beside them."""
    if not panel.places:
        return []
    return [
        {
            "type": "scatter",
            "mode": "markers+text",
            "x": numbers(np.array([place.x for place in panel.places])),
            "y": numbers(np.array([place.y for place in panel.places])),
            "text": [plain(place.name) for place in panel.places],
            "textposition": [TEXT_POSITIONS[side] for side in panel.sides_of_names],
            "textfont": {"color": theme("ink"), "size": 12, "weight": 600},
            "marker": {
                "symbol": [place.symbol for place in panel.places],
                "size": 13,
                "color": "#ffffff",
                "line": {"color": "#1b1f24", "width": 1.4},
            },
            "customdata": [plain(told(place)) for place in panel.places],
            "hovertemplate": "%{customdata}<extra></extra>",
        }
    ]


def told(place: Place) -> str:
    """Return what one who points at a place is told.

    >>> told(Place("member 0", 0.0, 0.0, note="in the plane"))
    'member 0: in the plane'
    """
    return f"{place.name}: {place.note}" if place.note else place.name
