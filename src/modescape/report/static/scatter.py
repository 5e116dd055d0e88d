"""Groups of points as pictures."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from modescape.report.colors import LIGHT, series_role
from modescape.report.drawables import Scatter
from modescape.report.static.style import MARKERS, line_style

POINT_AREA = 30.0
"""Area of a point in square points (1/72 inch)."""


def draw_scatter(axes: Axes, panel: Scatter) -> None:
    """Draw points over lines."""
    for line in panel.lines:
        style: dict[str, Any] = line_style(line) | {"marker": ""}
        axes.plot(line.x, line.y, **style)
    for group in panel.groups:
        area = POINT_AREA * (np.ones(len(group.x)) if group.sizes is None else group.sizes**2)
        look: dict[str, Any] = {
            "marker": MARKERS[group.symbol],
            "color": LIGHT[series_role(group.series)],
            "alpha": 0.85,
        }
        axes.scatter(group.x, group.y, s=area, edgecolors="white", linewidths=0.6, zorder=3, **look)
    if panel.x_range:
        axes.set_xlim(*panel.x_range)
    if panel.y_range:
        axes.set_ylim(*panel.y_range)
