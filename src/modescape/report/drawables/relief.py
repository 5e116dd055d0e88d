"""A plane seen from the side, with the numbers over it as heights."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from modescape.core.errors import ArgumentError, Quoted
from modescape.report.drawables.scene import LIFT, Camera, Scene
from modescape.report.drawables.surface import Surface

AZIMUTH: Final = -120.0
"""From the left in front, where nothing speaks for another direction."""
ELEVATION: Final = 36.0
"""Low enough to see heights as heights, high enough to see into valleys."""
NUM_DIRECTIONS: Final = 24
"""Directions that are tried to find the clearest one."""


@dataclass(frozen=True, eq=False)
class Relief:
    """Surfaces over one plane as heights in three dimensions, one shown at a time; they can be turned on the page.

    Args:
        title: Heading of the panel; may be empty.
        alt: The panel in words, with its main numbers.
        surfaces: What can be shown, the first at first; all over the same grid, with the same walks.
        azimuth: Direction from which one looks, in degrees against the clock from the horizontal axis.
        elevation: How far from above one looks, in degrees: 90 is straight down.
    """

    title: str
    alt: str
    surfaces: tuple[Surface, ...]
    azimuth: float = AZIMUTH
    elevation: float = ELEVATION

    def __post_init__(self) -> None:
        """Check that there is a surface, and that all have the same grid."""
        if not self.surfaces:
            raise ArgumentError("surfaces", "hold at least one surface", Quoted("none"), "Give the surface to show")
        shapes = {surface.values.shape for surface in self.surfaces}
        if len(shapes) > 1:
            raise ArgumentError("surfaces", "have one grid", Quoted(f"grids of {sorted(shapes)}"), "Draw them apart")
        if not 0 < self.elevation <= 90:
            raise ArgumentError("elevation", "lie above 0 and up to 90 degrees", self.elevation, "Look from above")

    @property
    def surface(self) -> Surface:
        """The surface that is shown at first."""
        return self.surfaces[0]


def clearest_azimuth(surface: Surface, elevation: float = ELEVATION) -> float:
    """Return the direction from which most is seen of the places and ways on a surface, and of the surface itself.

    Args:
        surface: What is looked at.
        elevation: How far from above one looks, in degrees.

    Returns:
        Degrees against the clock from the horizontal axis.
    """
    marked = [(np.array([place.x]), np.array([place.y])) for place in surface.places]
    marked += [(way.x[way.known], way.y[way.known]) for way in (*surface.walks, *surface.curves)]
    spread = np.meshgrid(*(np.linspace(ends[0], ends[-1], 15)[1:-1] for ends in (surface.x, surface.y)))
    of_marks = [np.concatenate([np.zeros(0), *(pair[axis] for pair in marked)]) for axis in (0, 1)]
    of_surface = [places.ravel() for places in spread]

    def clearness(azimuth: float) -> float:
        """Return how much is seen, where the usual direction is better by a little."""
        scene = Scene(surface, Camera(azimuth, elevation))
        seen = [
            1 - float(scene.is_hidden(scene.raised(*at, lift=LIFT)).mean())
            for at in (of_marks, of_surface)
            if len(at[0])
        ]
        turned = abs((azimuth - AZIMUTH + 180) % 360 - 180) / 180
        return sum(seen) - 0.15 * turned

    turns = AZIMUTH + 360.0 / NUM_DIRECTIONS * np.arange(NUM_DIRECTIONS)
    # Straight along an axis the surface looks flat.
    slanted = [float(turn) for turn in turns if min(turn % 90, -turn % 90) >= 24]
    return max(slanted, key=clearness)
