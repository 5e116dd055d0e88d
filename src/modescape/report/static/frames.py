"""A walk over a surface as single pictures, for an animation; without a walk the relief turns around once."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from jaxtyping import UInt8
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from modescape.report.colors import LIGHT, series_role
from modescape.report.drawables import Relief, Surface
from modescape.report.drawables.relief import clearest_azimuth
from modescape.report.static.relief import draw_relief
from modescape.report.static.style import our_style
from modescape.report.static.surface import draw_surface

Views = Literal["both", "relief", "contours"]
VIEW_INCHES: Final = (5.2, 5.0)
"""Width and height of one view."""
HEADING_INCHES: Final = 0.5
"""Height of the heading."""
TURN_FRAMES: Final = 72
"""Pictures of a whole turn."""
SWAY: Final = 24.0
"""Degrees by which the view turns while the walk goes on, half to each side: what moves looks solid."""


def num_frames(surface: Surface, *, each: int = 4, hold: int = 12) -> int:
    """Return how many pictures `frames` makes.

    Args:
        surface: What is walked over.
        each: Pictures for each step of the walk.
        hold: Pictures at the end that stand still.
    """
    return each * (len(surface.steps) - 1) + 1 + hold if has_walk(surface) else TURN_FRAMES


def has_walk(surface: Surface) -> bool:
    """Say whether anything walks over a surface."""
    return len(surface.steps) > 1 and any(walk.known.any() for walk in surface.walks)


def frames(
    surface: Surface,
    *,
    title: str = "",
    views: Views = "both",
    each: int = 4,
    hold: int = 12,
    dots_per_inch: int = 100,
) -> Iterator[UInt8[np.ndarray, "height width 3"]]:
    """Make the pictures of a walk one by one, all of the same size, even in both directions (as MP4 asks for).

    Args:
        surface: What is walked over.
        title: Heading of every picture; the step is written beside it.
        views: What is drawn: the relief, the contours from above, or both side by side.
        each: Pictures for each step of the walk.
        hold: Pictures at the end that stand still.
        dots_per_inch: Sharpness; a picture of one view is 5.2 inches wide.
    """
    number, last = num_frames(surface, each=each, hold=hold), len(surface.steps) - 1
    middle, walks = clearest_azimuth(surface), has_walk(surface)
    widest = SWAY / 2 if walks else 180.0
    scene = _Look(Relief("", "", (surface,), middle), views, tuple(middle + np.linspace(-widest, widest, 13)))
    for frame in range(number):
        if walks:
            progress = min(frame / each, float(last))
            azimuth = middle + SWAY * (progress / last - 0.5)
            heading = ", ".join(part for part in (title, surface.steps[int(progress)]) if part)
        else:
            progress, azimuth, heading = None, middle + 360.0 * frame / number, title
        yield _pixels(scene, heading, progress, azimuth, dots_per_inch)


@dataclass(frozen=True, eq=False)
class _Look:
    """What all pictures of an animation share: what is drawn, in which views, and the directions it is seen from."""

    relief: Relief
    views: Views
    turns: tuple[float, ...]


def _pixels(
    look: _Look, heading: str, progress: float | None, azimuth: float, dots_per_inch: int
) -> UInt8[np.ndarray, "height width 3"]:
    """Return one picture."""
    columns = 2 if look.views == "both" else 1
    size = (columns * VIEW_INCHES[0], VIEW_INCHES[1] + HEADING_INCHES)
    with our_style():
        figure = Figure(figsize=size, dpi=dots_per_inch, facecolor="white")
        canvas = FigureCanvasAgg(figure)
        top = VIEW_INCHES[1] / size[1]
        figure.suptitle(heading, y=0.5 + top / 2, va="center", fontsize=12, fontweight="bold")
        if look.views != "contours":
            axes = figure.add_axes((0.0, 0.0, 1 / columns, top))
            draw_relief(axes, look.relief, progress=progress, azimuth=azimuth, turns=look.turns)
        if look.views != "relief":
            _draw_from_above(figure, look, (columns, top), progress)
        canvas.draw()
        pixels = np.asarray(canvas.buffer_rgba())[..., :3]
    height, width = (side - side % 2 for side in pixels.shape[:2])
    return pixels[:height, :width].copy()


def _draw_from_above(figure: Figure, look: _Look, room: tuple[int, float], progress: float | None) -> None:
    """Draw the contours in the last of some columns, and below them who walks."""
    (columns, top), surface = room, look.relief.surface
    left = (columns - 1) / columns
    axes = figure.add_axes((left + 0.13 / columns, 0.2 * top, 0.82 / columns, 0.76 * top))
    draw_surface(axes, surface, progress=progress, with_bar=look.views == "contours")
    axes.set_xlabel(surface.x_label)
    axes.set_ylabel(surface.y_label)
    if len(surface.walks) > 1:
        lines = [Line2D([], [], color=LIGHT[series_role(walk.series)], label=walk.name) for walk in surface.walks]
        place = (left + 0.54 / columns, 0.01)
        figure.legend(handles=lines, loc="lower center", bbox_to_anchor=place, ncols=min(len(lines), 5), frameon=False)
