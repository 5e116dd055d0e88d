"""Surfaces in three dimensions, for the script of the page that paints them.

plotly's own surfaces need WebGL, which not every browser has, warn where it is slow, and can't be drawn on in steps.
"""

import numpy as np

from modescape.report.drawables import LegendEntry, Relief, Surface
from modescape.report.drawables.scene import AIM, DISTANCE, HEIGHT, LIFT, Camera, Scene
from modescape.report.interactive.parts import Spec, color_stops, numbers
from modescape.report.interactive.surface import ticks_of, told, walk_spec


def relief_spec(panel: Relief, legend: tuple[LegendEntry, ...]) -> Spec:
    """Return the heights of all surfaces as shares of the range of their colours, and what lies on them."""
    first = panel.surface
    half = Scene(first, Camera(panel.azimuth, panel.elevation)).half
    return {
        "kind": "relief",
        "data": [],
        "layout": {},
        "surfaces": [_surface(surface) for surface in panel.surfaces],
        "x": numbers(first.x),
        "y": numbers(first.y),
        "half": [round(side, 6) for side in half],
        "xLabel": first.x_label,
        "yLabel": first.y_label,
        "steps": list(first.steps),
        "walks": [walk_spec(walk, legend) for walk in first.walks],
        "curves": [walk_spec(curve, legend) for curve in first.curves],
        "places": [
            {"name": place.name, "x": place.x, "y": place.y, "symbol": place.symbol, "note": told(place)}
            for place in first.places
        ],
        "camera": {"azimuth": panel.azimuth, "elevation": panel.elevation, "distance": DISTANCE},
        "top": HEIGHT,
        "aim": AIM,
        "lift": LIFT,
    }


def _surface(surface: Surface) -> Spec:
    """Return one surface."""
    low, high = surface.drawn_range
    return {
        "title": surface.title,
        "label": surface.color_label + (", logarithmic" if surface.log_color else ""),
        "shares": numbers(np.round(surface.shares, 4)),
        "levels": numbers((surface.levels - low) / (high - low)),
        "ticks": ticks_of(surface),
        "colors": [color for _, color in color_stops(surface.colors)],
    }
