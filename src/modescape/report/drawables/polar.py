"""Surfaces over a plane of polar coordinates."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

from modescape.core.errors import ArgumentError, Quoted
from modescape.report.series import Symbol

TURN = 2.0 * np.pi


@dataclass(frozen=True)
class Mark:
    """A named place on a polar surface.

    Args:
        name: What is there, for the legend.
        radius: Distance from the origin.
        angle: Direction in radians.
        symbol: Its shape.
    """

    name: str
    radius: float
    angle: float
    symbol: Symbol = "star"


@dataclass(frozen=True, eq=False)
class PolarSurface:
    """Numbers on a polar grid drawn as coloured cells, both axes to scale; nothing is smoothed between grid points.

    A cell reaches half way to its neighbours, so that each shows exactly one number. The innermost reaches the origin
    where the first radius is 0, or a hole is left.

    Args:
        title: Heading of the panel; may be empty.
        alt: The panel in words, with its main numbers.
        radius: Distances from the origin, increasing, none negative.
        angle: Directions in radians, increasing, spanning no more than one turn.
        values: The numbers; NaN is drawn as a gap.
        marks: Places to mark, such as two solutions and the origin.
        color_label: What the colours mean, with the unit.
        color_range: The values at the two ends of the colours; values beyond get the colour of the end.
        colors: Name of a colour map that both renderers know.
        decimals: Digits of a value that is pointed at.
        log_color: Whether colours are logarithmic in the values.
        x_label: Label of the axis along angle 0.
        y_label: Label of the axis across it.
        unit: Written after a value that is pointed at.
    """

    title: str
    alt: str
    radius: Float[np.ndarray, "radius"]
    angle: Float[np.ndarray, "angle"]
    values: Float[np.ndarray, "radius angle"]
    marks: tuple[Mark, ...]
    color_label: str
    color_range: tuple[float, float]
    colors: Literal["viridis", "cividis"] = "viridis"
    decimals: int = 2
    log_color: bool = False
    x_label: str = "along angle 0"
    y_label: str = "across it"
    unit: str = ""

    def __post_init__(self) -> None:
        """Check that the grid is one and that logarithmic colours have logarithms."""
        shape = (len(self.radius), len(self.angle))
        if self.values.shape != shape or 0 in shape:
            raise ArgumentError(
                "values",
                f"have one number for each of {shape[0]} radii and {shape[1]} angles, and at least one",
                Quoted(f"the shape {self.values.shape}"),
                "Order them as (radius, angle)",
            )
        if (self.radius < 0).any() or (np.diff(self.radius) <= 0).any():
            raise ArgumentError("radius", "increase from 0 or more", self.radius.tolist(), "Sort the radii")
        if (np.diff(self.angle) <= 0).any() or self.angle[-1] - self.angle[0] > TURN * (1 + 1e-9):
            raise ArgumentError(
                "angle", "increase within one turn of 2 pi", self.angle.tolist(), "Give each direction once"
            )
        if self.log_color and self.color_range[0] <= 0:
            raise ArgumentError(
                "color_range", "be positive for logarithmic colours", self.color_range, "Use linear colours"
            )

    @property
    def radius_edges(self) -> Float[np.ndarray, "edge"]:
        """The radii between which cells lie, one more than there are cells."""
        inner = (self.radius[1:] + self.radius[:-1]) / 2
        step = np.diff(self.radius) if len(self.radius) > 1 else np.array([2 * self.radius[0] or 1.0])
        return np.concatenate(
            [[max(0.0, self.radius[0] - step[0] / 2)], inner, [self.radius[-1] + step[-1] / 2]]
        ).astype(np.float64)

    @property
    def angle_edges(self) -> Float[np.ndarray, "edge"]:
        """The angles between which cells lie, one more than there are cells; a full circle is closed."""
        if len(self.angle) == 1:
            return np.array([self.angle[0] - np.pi, self.angle[0] + np.pi])
        steps = np.diff(self.angle)
        inner = (self.angle[1:] + self.angle[:-1]) / 2
        gap = self.angle[0] + TURN - self.angle[-1]
        if gap <= 1.5 * steps.max():
            return np.concatenate([[self.angle[0] - gap / 2], inner, [self.angle[-1] + gap / 2]])
        return np.concatenate([[self.angle[0] - steps[0] / 2], inner, [self.angle[-1] + steps[-1] / 2]])
