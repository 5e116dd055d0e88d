"""Surfaces over a plane as pictures: contours, with places, walks and curves drawn in."""

from typing import Any, Final

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.patheffects import Normal, withStroke
from matplotlib.ticker import MaxNLocator, NullLocator

from modescape.report.colors import LIGHT, series_role
from modescape.report.drawables import Surface, Trail
from modescape.report.drawables.labels import SIDES
from modescape.report.static.marks import HALO, ball_style, mark_style, point_style, ring_style, walker_style
from modescape.report.static.style import MARKERS, add_color_bar

PIXELS: Final = 256
"""Colours along the longer side."""
AHEAD: Final = 0.7
"""How much is seen of the part of a way that has not been walked yet, as a share."""
BANDS: Final = 96
"""Colours that are told apart."""
MEASURED: Final[dict[str, Any]] = {"linestyle": "", "marker": ".", "markersize": 1.6, "color": "white", "alpha": 0.55}
"""The style of the dots that say where the numbers were measured."""


def draw_surface(axes: Axes, panel: Surface, *, progress: float | None = None, with_bar: bool = True) -> None:
    """Draw a surface from above.

    Args:
        axes: Where to draw.
        panel: What to draw.
        progress: How many steps of the walks have been walked, fractions in between; None draws them whole.
        with_bar: Whether a bar of colours is drawn below.
    """
    _draw_colors(axes, panel)
    for curve in panel.curves:
        _draw_trail(axes, curve)
    for walk in panel.walks:
        if progress is None:
            _draw_trail(axes, walk)
            _draw_points(axes, panel, walk)
        else:
            axes.plot(walk.x[walk.known], walk.y[walk.known], **_ahead_style(walk))
            _draw_trail(axes, walk.until(progress))
            axes.plot(*walk.position(progress), linestyle="", **walker_style(walk.series))
    _draw_places(axes, panel)
    axes.set_xlim(panel.x[0], panel.x[-1])
    axes.set_ylim(panel.y[0], panel.y[-1])
    if panel.same_scale:
        axes.set_aspect("equal")
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.yaxis.set_major_locator(MaxNLocator(6))
    if with_bar:
        _draw_bar(axes, panel)


def _draw_colors(axes: Axes, panel: Surface) -> None:
    """Draw the colours, straight between the points of the grid, with contour lines and measured points over them."""
    fine = [np.linspace(places[0], places[-1], PIXELS) for places in (panel.x, panel.y)]
    share = (panel.at(*np.meshgrid(*fine, indexing="ij")) - panel.drawn_range[0]) / np.ptp(panel.drawn_range)
    axes.set_facecolor(LIGHT["gap"])
    axes.grid(visible=False)
    ends = (panel.x[0], panel.x[-1], panel.y[0], panel.y[-1])
    # Few colours make a small file; the steps between them are too small to be seen.
    shown = np.ma.masked_invalid((np.floor(np.clip(share.T, 0, 1 - 1e-9) * BANDS) + 0.5) / BANDS)
    axes.imshow(
        shown, cmap=panel.colors, vmin=0, vmax=1, extent=ends, origin="lower", aspect="auto", interpolation="nearest"
    )
    levels = panel.levels
    if len(levels) and np.isfinite(panel.drawn).any():
        heights = np.ma.masked_invalid(panel.drawn.T)
        axes.contour(panel.x, panel.y, heights, levels=levels, colors="white", linewidths=0.6, alpha=0.55)
    x, y = np.meshgrid(panel.x, panel.y, indexing="ij")
    axes.plot(x[panel.shown_points], y[panel.shown_points], **MEASURED)


def _draw_points(axes: Axes, panel: Surface, walk: Trail) -> None:
    """Draw the points of a walk, the first as a ring and the last as a ball."""
    x, y, color = walk.x[walk.known], walk.y[walk.known], LIGHT[series_role(walk.series)]
    beads = panel.beads(walk)
    axes.plot(walk.x[beads], walk.y[beads], linestyle="", **point_style(color))
    axes.plot(x[:1], y[:1], linestyle="", **ring_style(color))
    axes.plot(x[-1:], y[-1:], linestyle="", **ball_style(color))


def _ahead_style(walk: Trail) -> dict[str, Any]:
    """Return the style of the part of a walk that has not been walked yet: thin."""
    return {"color": LIGHT[series_role(walk.series)], "linewidth": 1.0, "alpha": AHEAD, "zorder": 3}


def _draw_trail(axes: Axes, trail: Trail) -> None:
    """Draw a way, white at the sides."""
    axes.plot(
        trail.x[trail.known],
        trail.y[trail.known],
        color=LIGHT[series_role(trail.series)],
        linewidth=1.9,
        linestyle="--" if trail.dashed else "-",
        path_effects=[withStroke(linewidth=3.8, foreground="white"), Normal()],
        zorder=3,
    )


def _draw_places(axes: Axes, panel: Surface) -> None:
    """Draw the places and write their names beside them."""
    for place, side in zip(panel.places, panel.sides_of_names, strict=True):
        axes.plot(place.x, place.y, linestyle="", **mark_style(MARKERS[place.symbol]))
        across, up = SIDES[side]
        text = axes.annotate(
            place.name,
            (place.x, place.y),
            (9 * across, 9 * up),
            textcoords="offset points",
            ha={1.0: "left", -1.0: "right"}.get(across, "center"),
            va={1.0: "bottom", -1.0: "top"}.get(up, "center"),
            fontsize=8.5,
            zorder=6,
            annotation_clip=True,
        )
        text.set_path_effects([withStroke(linewidth=2.4, foreground=HALO)])


def _draw_bar(axes: Axes, panel: Surface) -> None:
    """Draw the bar of colours below."""
    low, high = panel.color_range
    norm = LogNorm(low, high) if panel.log_color else Normalize(low, high)
    image = ScalarMappable(norm, colormaps[panel.colors])
    label = panel.color_label + (", logarithmic" if panel.log_color else "")
    bar = add_color_bar(axes, image, label, panel.values, panel.color_range)
    bar.set_ticks(panel.ticks.tolist(), labels=[f"{tick:.6g}" for tick in panel.ticks])
    bar.ax.xaxis.set_minor_locator(NullLocator())
