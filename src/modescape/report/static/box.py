"""The ground, the walls behind and the three axes of a surface in space."""

from textwrap import fill
from typing import Any, Final

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from modescape.report.colors import LIGHT
from modescape.report.drawables import Surface
from modescape.report.drawables.scene import HEIGHT, Scene

TICK: Final = 0.05
"""Length of a tick, in halves of the longer side of the ground."""
NUMBERS: Final = 0.17
"""How far the numbers of an axis stand from it."""
LABEL: Final = 0.4
"""How far the label of an axis stands from it."""
SIZE: Final = 8.0
"""Size of numbers and labels in points."""
CHARACTER: Final = 0.05
"""Width of a character of them, in halves of the longer side of the ground."""
SHORTEST_LINE: Final = 16
"""Characters below which a line of a label is not cut."""

SIDES: Final = ((0, -1.0), (0, 1.0), (1, -1.0), (1, 1.0))
"""The sides of the ground: the axis that runs along, and which end of the other axis it lies at."""


def draw_box(axes: Axes, scene: Scene) -> None:
    """Draw what stands behind the surface, and the numbers around it."""
    for along, end in SIDES:
        outwards = np.zeros(2)
        outwards[1 - along] = end
        _line(axes, scene, _on_side(scene, along, end, np.array([-1.0, 1.0]), 0.0), color=LIGHT["line"])
        if outwards @ scene.camera.toward[:2] > 0:
            _draw_axis(axes, scene, along, outwards)
        else:
            _draw_wall(axes, scene, along, end)
    _draw_heights(axes, scene)


def height_ticks(surface: Surface) -> list[tuple[float, str]]:
    """Return the heights of the numbers of the vertical axis, and how they are written."""
    low, high = surface.drawn_range
    heights = HEIGHT * (surface.scaled(surface.ticks) - low) / (high - low)
    return [(float(height), written(tick)) for height, tick in zip(heights, surface.ticks, strict=True)]


def written(number: float) -> str:
    """Write a number beside an axis, as matplotlib does.

    >>> written(25.0)
    '25'
    """
    return f"{number:.6g}".replace("-", "\N{MINUS SIGN}")


def _on_side(
    scene: Scene, along: int, end: float, at: Float[np.ndarray, "place"], height: float
) -> Float[np.ndarray, "place 3"]:
    """Return places along one side of the ground, from -1 to 1, at a height over it."""
    points = np.full((len(at), 3), height)
    points[:, along] = at * scene.half[along]
    points[:, 1 - along] = end * scene.half[1 - along]
    return points


def _line(axes: Axes, scene: Scene, points: Float[np.ndarray, "place 3"], **style: Any) -> None:
    """Draw a line behind the surface."""
    axes.plot(*scene.camera.seen(points).T, **({"linewidth": 0.7, "zorder": 1, "solid_capstyle": "round"} | style))


def _draw_wall(axes: Axes, scene: Scene, along: int, end: float) -> None:
    """Draw lines at the heights of the numbers on a wall behind the surface, and its edges."""
    ends = np.array([-1.0, 1.0])
    for height, _ in height_ticks(scene.surface):
        _line(axes, scene, _on_side(scene, along, end, ends, height), color=LIGHT["grid"])
    for place in ends:
        upwards = _on_side(scene, along, end, np.array([place, place]), 0.0)
        upwards[1, 2] = HEIGHT
        _line(axes, scene, upwards, color=LIGHT["grid"])


def _draw_axis(axes: Axes, scene: Scene, along: int, outwards: Float[np.ndarray, "2"]) -> None:
    """Draw the numbers and the label of an axis along a side of the ground that one looks at."""
    places, half = (scene.surface.x, scene.surface.y)[along], scene.half[along]
    away = np.append(outwards, 0.0)
    shown = [tick for tick in MaxNLocator(5).tick_values(places[0], places[-1]) if places[0] <= tick <= places[-1]]
    at = 2 * (np.array(shown) - places[0]) / (places[-1] - places[0]) - 1
    points = _on_side(scene, along, float(outwards[1 - along]), at, 0.0)
    for point, tick in zip(points, shown, strict=True):
        _line(axes, scene, np.stack([point, point + TICK * away]), color=LIGHT["muted"])
        _write(axes, scene.camera.seen(point + NUMBERS * away), written(tick))
    middle = _on_side(scene, along, float(outwards[1 - along]), np.zeros(1), 0.0)[0]
    direction = np.zeros(3)
    direction[along] = half
    start, end = scene.camera.seen(np.stack([middle - direction, middle + direction]) + LABEL * away)
    label = (scene.surface.x_label, scene.surface.y_label)[along]
    width = max(SHORTEST_LINE, int(np.linalg.norm(end - start) / CHARACTER))
    _write_along(axes, start, end, fill(label, width, break_long_words=False))


def _write_along(axes: Axes, start: Float[np.ndarray, "2"], end: Float[np.ndarray, "2"], text: str) -> None:
    """Write a label along an axis, never upside down."""
    across, up = end - start
    angle = float(np.degrees(np.arctan2(up, across)))
    angle = angle - 180 if angle > 90 else angle + 180 if angle < -90 else angle
    _write(axes, (start + end) / 2, text, rotation=angle, rotation_mode="anchor")


def _draw_heights(axes: Axes, scene: Scene) -> None:
    """Draw the vertical axis at the corner that stands farthest to the left."""
    corners = np.array([[x, y, 0.0] for x in (-1.0, 1.0) for y in (-1.0, 1.0)]) * np.array([*scene.half, 1.0])
    corner = corners[scene.camera.seen(corners)[:, 0].argmin()]
    top = corner + np.array([0.0, 0.0, HEIGHT])
    _line(axes, scene, np.stack([corner, top]), color=LIGHT["line"])
    left = -scene.camera.axes[0]
    for height, text in height_ticks(scene.surface):
        point = corner + np.array([0.0, 0.0, height])
        _line(axes, scene, np.stack([point, point + TICK * left]), color=LIGHT["muted"])
        _write(axes, scene.camera.seen(point + 1.6 * TICK * left), text, ha="right")


def _write(axes: Axes, place: Float[np.ndarray, "2"], text: str, **style: Any) -> None:
    """Write a number or a label."""
    axes.text(
        float(place[0]),
        float(place[1]),
        text,
        **({"ha": "center", "va": "center", "fontsize": SIZE, "color": LIGHT["muted"]} | style),
    )
