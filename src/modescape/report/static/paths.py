"""Ways through a plane as pictures."""

from typing import Any

from matplotlib.axes import Axes

from modescape.report.colors import LIGHT, series_role
from modescape.report.drawables import Path, Paths


def draw_paths(axes: Axes, panel: Paths) -> None:
    """Draw all ways on axes of one scale, whose numbers mean nothing."""
    for path in panel.paths:
        _draw_path(axes, path)
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_xticklabels([])
    axes.set_yticklabels([])
    axes.tick_params(length=0)


def _draw_path(axes: Axes, path: Path) -> None:
    """Draw a way with an open circle at its start and a star at its end."""
    color = LIGHT[series_role(path.series)]
    axes.plot(path.x, path.y, color=color, linewidth=1.2, marker="o", markersize=3)
    axes.plot(path.x[:1], path.y[:1], linestyle="", **end_style("start", color))
    axes.plot(path.x[-1:], path.y[-1:], linestyle="", **end_style("end", color))


def end_style(symbol: str, color: str) -> dict[str, Any]:
    """Return the style of the mark at an end of a path."""
    if symbol == "start":
        style = {"marker": "o", "markersize": 9, "markerfacecolor": "none", "markeredgecolor": color}
        return style | {"markeredgewidth": 1.8, "zorder": 3}
    return {"marker": "*", "markersize": 14, "color": color, "markeredgecolor": "white", "zorder": 4}
