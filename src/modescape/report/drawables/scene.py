"""A surface in space: where its points come to lie in a picture, and which of them it hides."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float

from modescape.report.drawables.surface import Surface

DISTANCE: Final = 6.0
"""Distance of the eye from the middle of the ground, whose longer side reaches from -1 to 1: little perspective."""
HEIGHT: Final = 0.95
"""Height of the end of the colours over the ground."""
AIM: Final = 0.38
"""Share of `HEIGHT` that stands in the middle of the picture."""
LIFT: Final = 0.012
"""Height of lines over the surface."""
RAY_STEP: Final = 0.02
"""Steps along the ground from a point to the eye, in which it is looked whether something hides the point."""
HIDING: Final = 0.004
"""How much higher than the way to the eye something stands that hides a point."""


@dataclass(frozen=True)
class Camera:
    """An eye that looks at the middle of the ground.

    Args:
        azimuth: Direction from which it looks, in degrees against the clock from the horizontal axis.
        elevation: How far from above it looks, in degrees.
    """

    azimuth: float
    elevation: float

    @property
    def toward(self) -> Float[np.ndarray, "3"]:
        """Unit vector from what is looked at to the eye."""
        turn, rise = np.radians([self.azimuth, self.elevation])
        return np.array([np.cos(rise) * np.cos(turn), np.cos(rise) * np.sin(turn), np.sin(rise)])

    @property
    def eye(self) -> Float[np.ndarray, "3"]:
        """Where the eye is."""
        return DISTANCE * self.toward + np.array([0.0, 0.0, AIM * HEIGHT])

    @property
    def axes(self) -> Float[np.ndarray, "2 3"]:
        """Unit vectors to the right and upwards in the picture."""
        turn, rise = np.radians([self.azimuth, self.elevation])
        right = np.array([-np.sin(turn), np.cos(turn), 0.0])
        up = np.array([-np.sin(rise) * np.cos(turn), -np.sin(rise) * np.sin(turn), np.cos(rise)])
        return np.stack([right, up])

    def seen(self, points: Float[np.ndarray, "*place 3"]) -> Float[np.ndarray, "*place 2"]:
        """Return where points lie in the picture: to the right and upwards.

        >>> Camera(azimuth=-90.0, elevation=30.0).seen(np.array([0.0, 0.0, AIM * HEIGHT])).round(6).tolist()
        [0.0, 0.0]
        """
        aimed = points - np.array([0.0, 0.0, AIM * HEIGHT])
        nearness = DISTANCE / (DISTANCE - aimed @ self.toward)
        return aimed @ self.axes.T * nearness[..., None]

    def ground_distance(self, points: Float[np.ndarray, "*place 2"]) -> Float[np.ndarray, "*place"]:
        """Return how far places on the ground are from the place below the eye.

        Cells of a grid painted in falling order of it hide each other as they should: a cell that hides another is
        no farther from the eye along either side of the grid.
        """
        return np.linalg.norm(points - DISTANCE * self.toward[:2], axis=-1)


@dataclass(frozen=True, eq=False)
class Scene:
    """A surface over the ground as it is seen.

    Args:
        surface: What is seen.
        camera: From where.
    """

    surface: Surface
    camera: Camera

    @property
    def half(self) -> tuple[float, float]:
        """Half the width and the depth of the ground; the longer is 1."""
        aspect = self.surface.aspect
        return (1.0, 1.0 / aspect) if aspect >= 1 else (aspect, 1.0)

    def ground(self, x: Float[np.ndarray, "*place"], y: Float[np.ndarray, "*place"]) -> Float[np.ndarray, "*place 2"]:
        """Return places of the plane on the ground."""
        sides = zip((x, y), (self.surface.x, self.surface.y), self.half, strict=True)
        return np.stack([half * (2 * (at - ends[0]) / (ends[-1] - ends[0]) - 1) for at, ends, half in sides], axis=-1)

    def raised(
        self, x: Float[np.ndarray, "*place"], y: Float[np.ndarray, "*place"], lift: float = 0.0
    ) -> Float[np.ndarray, "*place 3"]:
        """Return places of the plane on the surface."""
        return np.concatenate([self.ground(x, y), (self._height(x, y) + lift)[..., None]], axis=-1)

    def _height(self, x: Float[np.ndarray, "*place"], y: Float[np.ndarray, "*place"]) -> Float[np.ndarray, "*place"]:
        """Return the height of the surface over the ground."""
        low, high = self.surface.drawn_range
        return HEIGHT * np.clip((self.surface.at(x, y) - low) / (high - low), 0.0, 1.0)

    def is_hidden(self, points: Float[np.ndarray, "place 3"]) -> Bool[np.ndarray, "place"]:
        """Say which points the surface hides from the eye: where it stands higher than the way to the eye."""
        away = self.camera.eye - points
        away /= np.maximum(np.linalg.norm(away[:, :2], axis=1, keepdims=True), 1e-9)
        steps = RAY_STEP * np.arange(1, 1 + round(2 * float(np.hypot(*self.half)) / RAY_STEP))
        rays = points[:, None] + steps[:, None] * away[:, None]
        x, y = self._plane(rays[..., :2])
        return (self._height(x, y) > rays[..., 2] + HIDING).any(axis=1)

    def _plane(
        self, ground: Float[np.ndarray, "*place 2"]
    ) -> tuple[Float[np.ndarray, "*place"], Float[np.ndarray, "*place"]]:
        """Return places on the ground as places of the plane."""
        sides = zip(np.moveaxis(ground, -1, 0), (self.surface.x, self.surface.y), self.half, strict=True)
        x, y = (ends[0] + (at / half + 1) / 2 * (ends[-1] - ends[0]) for at, ends, half in sides)
        return x, y
