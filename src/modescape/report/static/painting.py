"""A surface in space as flat shapes in the order in which they are painted, from back to front."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float
from matplotlib import colormaps
from matplotlib.colors import to_rgba

from modescape.report.colors import LIGHT
from modescape.report.drawables.scene import HEIGHT, LIFT, Scene

CELLS: Final = 72
"""Cells along each side that a surface is cut into, at least, so that its colours look smooth."""
AMBIENT: Final = 0.74
"""Brightness of what is turned away from the light, as a share."""
SEAM: Final = 0.5
"""Width of the edge of a cell in its own colour, in points: without it the ground shines through between two cells."""
CONTOUR: Final = (1.0, 1.0, 1.0, 0.45)
"""Colour of contour lines."""


@dataclass(frozen=True, eq=False)
class Shapes:
    """Polygons of four corners; a line is one whose corners lie on it, and nothing fills it.

    Args:
        distance: How far they are from the eye along the ground; what is farther is painted first.
        corners: Where their corners lie in the picture.
        faces: Their colours.
        edges: Colours of their edges.
    """

    distance: Float[np.ndarray, "shape"]
    corners: Float[np.ndarray, "shape 4 2"]
    faces: Float[np.ndarray, "shape 4"]
    edges: Float[np.ndarray, "shape 4"]


def shapes_of(scene: Scene) -> Shapes:
    """Return a surface in cells with its contour lines, and the sides below its edges, from back to front."""
    x, y = (_finer(places) for places in (scene.surface.x, scene.surface.y))
    points = scene.raised(*np.meshgrid(x, y, indexing="ij"))
    parts = [_cells(scene, points), _contours(scene, points), *_sides(scene, points)]
    order = np.argsort(-np.concatenate([part.distance for part in parts]), kind="stable")
    return Shapes(
        *(
            np.concatenate([getattr(part, name) for part in parts])[order]
            for name in ("distance", "corners", "faces", "edges")
        )
    )


def _finer(places: Float[np.ndarray, "place"]) -> Float[np.ndarray, "fine_place"]:
    """Return places with more between them; those that were there stay."""
    pieces = max(1, round(CELLS / (len(places) - 1)))
    at = np.arange(pieces * (len(places) - 1) + 1) / pieces
    return np.interp(at, np.arange(len(places)), places)


def _around(points: Float[np.ndarray, "x y *item"]) -> Float[np.ndarray, "4 cell_x cell_y *item"]:
    """Return the four corners of each cell, around it."""
    return np.stack([points[:-1, :-1], points[1:, :-1], points[1:, 1:], points[:-1, 1:]])


def _cells(scene: Scene, points: Float[np.ndarray, "x y 3"]) -> Shapes:
    """Return the cells of a surface in the colours of their heights, brighter towards the light."""
    corners = _around(points)
    corners = corners[:, np.isfinite(corners[..., 2]).all(axis=0)]
    middle = corners.mean(axis=0)
    colors = colormaps[scene.surface.colors](middle[:, 2] / HEIGHT)
    colors[:, :3] = np.clip(colors[:, :3] * _light(scene, corners)[:, None], 0, 1)
    seen = np.moveaxis(scene.camera.seen(corners), 0, 1)
    return Shapes(scene.camera.ground_distance(middle[:, :2]), seen, colors, colors)


def _light(scene: Scene, corners: Float[np.ndarray, "4 cell 3"]) -> Float[np.ndarray, "cell"]:
    """Return the brightness of cells in light that falls from the left of the eye and from above."""
    normal = np.cross(corners[2] - corners[0], corners[3] - corners[1])
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    light = 0.25 * scene.camera.toward - 0.55 * scene.camera.axes[0] + np.array([0.0, 0.0, 0.9])
    return AMBIENT + (1.04 - AMBIENT) * np.clip(normal @ (light / np.linalg.norm(light)), 0, 1)


def _contours(scene: Scene, points: Float[np.ndarray, "x y 3"]) -> Shapes:
    """Return the contour lines on the surface, straight within each cell."""
    low, high = scene.surface.drawn_range
    levels = (scene.surface.levels - low) / (high - low) * HEIGHT
    crossed = [crossings(points, float(level)) for level in levels]
    ends = np.concatenate([np.zeros((0, 2, 3)), *(pieces for pieces, _ in crossed)])
    middles = np.concatenate([np.zeros((0, 2)), *(middle for _, middle in crossed)])
    seen = scene.camera.seen(ends + np.array([0.0, 0.0, 0.4 * LIFT]))
    faces = np.zeros((len(ends), 4))
    edges = np.tile(CONTOUR, (len(ends), 1))
    return Shapes(scene.camera.ground_distance(middles) - 0.01, seen[:, [0, 1, 1, 0]], faces, edges)


def crossings(
    points: Float[np.ndarray, "x y 3"], level: float
) -> tuple[Float[np.ndarray, "piece 2 3"], Float[np.ndarray, "piece 2"]]:
    """Return where a surface crosses a height, as straight pieces through cells, and the middles of those cells.

    Where all four edges of a cell are crossed, the two pieces that cut off its first and third corner are taken.

    >>> slope = np.array([[[0.0, 0.0, 0.0], [0.0, 1.0, 0.0]], [[1.0, 0.0, 1.0], [1.0, 1.0, 1.0]]])
    >>> crossings(slope, 0.25)[0].tolist()
    [[[0.25, 0.0, 0.25], [0.25, 1.0, 0.25]]]
    """
    corners = _around(points)
    heights, following = corners[..., 2], np.roll(corners, -1, axis=0)
    crossed = ((heights < level) != (following[..., 2] < level)) & np.isfinite(heights).all(axis=0)
    share = (level - heights) / np.where(crossed, following[..., 2] - heights, 1.0)
    places = corners + share[..., None] * (following - corners)
    middle, number = corners[..., :2].mean(axis=0), crossed.sum(axis=0)
    pieces, middles = [], []
    for edges in ((0, 1), (1, 2), (2, 3), (0, 3), (0, 2), (1, 3)):
        both = crossed[list(edges)].all(axis=0) & ((number == 2) | (edges in ((0, 3), (1, 2))))
        pieces.append(np.stack([places[edge][both] for edge in edges], axis=1))
        middles.append(middle[both])
    return np.concatenate(pieces), np.concatenate(middles)


def _sides(scene: Scene, points: Float[np.ndarray, "x y 3"]) -> Sequence[Shapes]:
    """Return what stands between the edges of the surface and the ground, where one looks at it."""
    edges = (
        (points[:, 0], np.array([0.0, -1.0])),
        (points[:, -1], np.array([0.0, 1.0])),
        (points[0], np.array([-1.0, 0.0])),
        (points[-1], np.array([1.0, 0.0])),
    )
    facing = [(edge, float(outwards @ scene.camera.toward[:2])) for edge, outwards in edges]
    return [_side(scene, edge, brightness) for edge, brightness in facing if brightness > 1e-9]


def _side(scene: Scene, edge: Float[np.ndarray, "place 3"], facing: float) -> Shapes:
    """Return what stands below one edge."""
    corners = np.stack([edge[:-1], edge[1:], edge[1:] * [1, 1, 0], edge[:-1] * [1, 1, 0]], axis=1)
    corners = corners[np.isfinite(corners).all(axis=(1, 2))]
    color = np.array(to_rgba(LIGHT["line"])) * [*(3 * (0.86 + 0.12 * facing,)), 1.0]
    colors = np.tile(color, (len(corners), 1))
    distance = scene.camera.ground_distance(corners[:, :2, :2].mean(axis=1)) - 0.005
    return Shapes(distance, scene.camera.seen(corners), colors, colors)
