"""Surfaces in three dimensions as pictures.

The shapes are put in order here and painted by matplotlib in two dimensions: its own three-dimensional axes paint a
line either wholly over a surface or wholly under it.
"""

from collections.abc import Sequence
from typing import Any, Final, cast

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import to_rgba
from matplotlib.patheffects import withStroke
from numpy.typing import ArrayLike

from modescape.report.colors import LIGHT, series_role
from modescape.report.drawables import Relief, Trail
from modescape.report.drawables.scene import HEIGHT, LIFT, Camera, Scene
from modescape.report.static.box import draw_box
from modescape.report.static.marks import HALO, ball_style, mark_style, point_style, ring_style, walker_style
from modescape.report.static.painting import SEAM, Shapes, shapes_of
from modescape.report.static.style import MARKERS

PIN: Final = 0.1
"""Height of the pin of a place, in halves of the longer side of the ground."""
PIECE: Final = 0.015
"""Length of the pieces of a way that are seen or hidden as a whole, in the same unit."""
ROOM: Final = 0.5
"""Room for numbers and labels around the ground, in the same unit."""
HIDDEN: Final = 0.35
"""How much is seen of places and ways through what hides them, as a share."""
AHEAD: Final = 0.7
"""How much is seen of the part of a way that has not been walked yet, as a share."""


def draw_relief(
    axes: Axes,
    panel: Relief,
    *,
    progress: float | None = None,
    azimuth: float | None = None,
    turns: Sequence[float] = (),
) -> None:
    """Draw the first surface of a relief on plain axes: painted from back to front, so that what is behind is hidden.

    Args:
        axes: Where to draw; plain two-dimensional axes.
        panel: What to draw.
        progress: How many steps of the walks have been walked, fractions in between; None draws them whole.
        azimuth: Direction from which one looks, in degrees; that of the panel by default.
        turns: Other directions for which there must be room.
    """
    scene = Scene(panel.surface, Camera(panel.azimuth if azimuth is None else azimuth, panel.elevation))
    axes.set_axis_off()
    axes.set_aspect("equal")
    _make_room(axes, scene, turns)
    draw_box(axes, scene)
    _paint(axes, shapes_of(scene))
    for curve in panel.surface.curves:
        _draw_trail(axes, scene, curve)
    for walk in panel.surface.walks:
        if progress is None:
            _draw_trail(axes, scene, walk)
            _draw_checkpoints(axes, scene, walk)
        else:
            _draw_trail(axes, scene, walk, is_ahead=True)
            _draw_trail(axes, scene, walk.until(progress))
            _draw_mark(axes, scene, walk.position(progress), **walker_style(walk.series))
    _draw_places(axes, scene)


def _make_room(axes: Axes, scene: Scene, turns: Sequence[float]) -> None:
    """Set the ends of the picture around the ground, what stands over it, and its labels."""
    azimuths = (scene.camera.azimuth, *turns)
    corners = np.array([[x, y, z] for x in (-1.0, 1.0) for y in (-1.0, 1.0) for z in (0.0, HEIGHT)])
    corners *= np.array([*scene.half, 1.0])
    seen = np.concatenate([Camera(azimuth, scene.camera.elevation).seen(corners) for azimuth in azimuths])
    (left, low), (right, high) = seen.min(axis=0), seen.max(axis=0)
    axes.set_xlim(left - ROOM, right + 0.6 * ROOM)
    axes.set_ylim(low - ROOM, high + 0.6 * ROOM)
    label = scene.surface.color_label + (", logarithmic" if scene.surface.log_color else "")
    axes.text(left - 0.9 * ROOM, high + 0.5 * ROOM, label, color=LIGHT["muted"], fontsize=8.0, va="center")


def _paint(axes: Axes, shapes: Shapes) -> None:
    """Paint shapes in their order, as an image inside an SVG: thousands of shapes would make a large file."""
    # An array of polygons is read at once, a list of them one by one.
    painted = PolyCollection(
        cast("Sequence[ArrayLike]", shapes.corners),
        facecolors=shapes.faces,
        edgecolors=shapes.edges,
        linewidths=SEAM,
        rasterized=True,
        zorder=2,
    )
    axes.add_collection(painted, autolim=False)


def _draw_trail(axes: Axes, scene: Scene, trail: Trail, *, is_ahead: bool = False) -> None:
    """Draw a way over the surface, white at the sides; what is hidden shines through, what is ahead is thin."""
    color = LIGHT[series_role(trail.series)]
    points = scene.raised(*_pieces(scene, trail), lift=LIFT)
    if len(points) < 2:
        return
    middles = (points[1:] + points[:-1]) / 2
    seen = scene.camera.seen(points)
    pieces = np.stack([seen[:-1], seen[1:]], axis=1)
    hidden = scene.is_hidden(middles)
    dash = np.arange(len(pieces)) % 4 < 2 if trail.dashed else np.ones(len(pieces), bool)
    layers = ((color, 1.0, 3.0),) if is_ahead else (("#ffffff", 3.6, 3.0), (color, 1.9, 3.1))
    for among, alpha in ((~hidden & dash, AHEAD if is_ahead else 1.0), (hidden & dash, HIDDEN)):
        for shown, width, zorder in layers:
            colors = [to_rgba(shown, alpha)]
            lines = LineCollection(list(pieces[among]), colors=colors, linewidths=width, zorder=zorder)
            lines.set_capstyle("round" if alpha == 1.0 else "butt")
            axes.add_collection(lines, autolim=False)


def _draw_checkpoints(axes: Axes, scene: Scene, walk: Trail) -> None:
    """Draw the points of a walk that are seen, the first as a ring and the last as a ball."""
    known = np.flatnonzero(walk.known)
    points = scene.raised(walk.x, walk.y, lift=LIFT)
    seen, color = scene.camera.seen(points), LIGHT[series_role(walk.series)]
    is_seen = ~scene.is_hidden(points)
    beads = np.flatnonzero(scene.surface.beads(walk))
    for part, style in ((beads, point_style), (known[:1], ring_style), (known[-1:], ball_style)):
        axes.plot(*seen[part][is_seen[part]].T, linestyle="", **style(color))


def _pieces(scene: Scene, trail: Trail) -> tuple[Float[np.ndarray, "place"], Float[np.ndarray, "place"]]:
    """Return places so near to each other along a way that a line through them follows the surface."""
    x, y = trail.x[trail.known].astype(np.float64), trail.y[trail.known].astype(np.float64)
    if len(x) < 2:
        return x, y
    lengths = np.linalg.norm(np.diff(scene.ground(x, y), axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(lengths)])
    at = np.union1d(along, np.linspace(0.0, along[-1], 2 + int(along[-1] / PIECE)))
    return np.interp(at, along, x), np.interp(at, along, y)


def _draw_mark(axes: Axes, scene: Scene, place: tuple[float, float], height: float = 0.0, **style: Any) -> None:
    """Draw a mark over a place, faint where it is hidden."""
    point = scene.raised(np.array([place[0]]), np.array([place[1]]), lift=height + LIFT)
    alpha = HIDDEN if scene.is_hidden(point)[0] else 1.0
    axes.plot(*scene.camera.seen(point).T, linestyle="", alpha=alpha, **style)


def _draw_places(axes: Axes, scene: Scene) -> None:
    """Draw a pin with its name at each place, those in front last."""
    for place in scene.surface.places:
        points = scene.raised(np.full(2, place.x), np.full(2, place.y)) + np.array([[0, 0, 0], [0, 0, PIN]])
        if np.isfinite(points).all():
            for color, width, zorder in ((HALO, 2.6, 3.4), (LIGHT["ink"], 1.0, 3.5)):
                axes.plot(*scene.camera.seen(points).T, color=color, linewidth=width, zorder=zorder)
        _draw_mark(axes, scene, (place.x, place.y), PIN, **mark_style(MARKERS[place.symbol]))
        above = scene.camera.seen(points[1])
        text = axes.annotate(
            place.name,
            (float(above[0]), float(above[1])),
            (0, 8),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=8.5,
            zorder=6,
        )
        text.set_path_effects([withStroke(linewidth=2.4, foreground=HALO)])
