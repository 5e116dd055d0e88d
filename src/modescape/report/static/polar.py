"""Polar surfaces as pictures."""

from itertools import pairwise

import numpy as np
from jaxtyping import Float
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, StrMethodFormatter

from modescape.report.colors import LIGHT
from modescape.report.drawables import PolarSurface
from modescape.report.static.marks import mark_style
from modescape.report.static.style import MARKERS, add_color_bar

ARC_DEGREES = 1.5
"""Length of the straight pieces of which the edge of a cell is made."""
MANY_TIMES = 1000.0
"""Highest over lowest value from which a logarithmic bar has room for powers of ten only."""


def draw_polar(axes: Axes, panel: PolarSurface) -> None:
    """Draw every cell in its own colour on axes of one scale, the marks over them and the bar of colours below."""
    radii, (angles, columns) = panel.radius_edges, _fine_angles(panel.angle_edges)
    x, y = radii[:, None] * np.cos(angles), radii[:, None] * np.sin(angles)
    low, high = panel.color_range
    norm = LogNorm(low, high) if panel.log_color else Normalize(low, high)
    colors = colormaps[panel.colors].with_extremes(bad=LIGHT["gap"])
    values = np.ma.masked_invalid(panel.values[:, columns])
    # As an image inside the SVG: thousands of shapes make a large file with seams between them.
    mesh = axes.pcolormesh(x, y, values, cmap=colors, norm=norm, rasterized=True)
    axes.set_aspect("equal")
    axes.set_xlim(-1.03 * radii[-1], 1.03 * radii[-1])
    axes.set_ylim(-1.03 * radii[-1], 1.03 * radii[-1])
    axes.grid(visible=False)
    for mark in panel.marks:
        place = (mark.radius * np.cos(mark.angle), mark.radius * np.sin(mark.angle))
        axes.plot(*place, linestyle="", **mark_style(MARKERS[mark.symbol]))
    bar = add_color_bar(axes, mesh, panel.color_label, panel.values, panel.color_range)
    if panel.log_color:
        bar.ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high / low < MANY_TIMES else (1,)))
        bar.ax.xaxis.set_minor_locator(NullLocator())
        # Plain digits: matplotlib would write powers of ten as formulas.
        bar.ax.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    else:
        bar.locator = MaxNLocator(5)
        bar.update_ticks()


def _fine_angles(
    edges: Float[np.ndarray, "edge"],
) -> tuple[Float[np.ndarray, "fine_edge"], list[int]]:
    """Return angles so near to each other that cells between them look round, and the cell that each belongs to."""
    angles, columns = [edges[0]], []
    for index, (first, second) in enumerate(pairwise(edges)):
        pieces = max(1, int(np.ceil(np.degrees(second - first) / ARC_DEGREES)))
        angles += list(np.linspace(first, second, pieces + 1)[1:])
        columns += [index] * pieces
    return np.array(angles), columns
