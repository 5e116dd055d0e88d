"""Groups of points over one pair of axes, with lines to compare them with."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from modescape.core.errors import ArgumentError, Quoted
from modescape.report.drawables.lines import Line
from modescape.report.series import Symbol


@dataclass(frozen=True, eq=False)
class PointGroup:
    """Points that belong together.

    Args:
        name: What they are; their entry of the legend.
        x: Horizontal positions; a point with a NaN is left out.
        y: Vertical positions.
        series: Number of their colour; None is grey.
        symbol: Their shape.
        sizes: Diameters as multiples of the usual one; None draws all alike.
        texts: What each point is, for the one who points at it.
    """

    name: str
    x: Float[np.ndarray, "point"]
    y: Float[np.ndarray, "point"]
    series: int | None = 0
    symbol: Symbol = "circle"
    sizes: Float[np.ndarray, "point"] | None = None
    texts: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        """Check that everything is given once a point."""
        for argument, given in (("y", self.y), ("sizes", self.sizes), ("texts", self.texts)):
            if given is not None and len(given) != len(self.x):
                raise ArgumentError(
                    argument, f"hold one entry for each of {len(self.x)} points", Quoted(f"{len(given)}"), "Pair them"
                )


@dataclass(frozen=True, eq=False)
class Scatter:
    """Points over one pair of axes, and lines under them.

    Args:
        title: Heading of the panel; may be empty.
        alt: The panel in words, with its main numbers.
        groups: The points, the last group on top.
        lines: Lines under the points, such as limits; their points are never marked.
        x_label: Label of the horizontal axis, with the unit.
        y_label: Label of the vertical axis, with the unit.
        x_range: Ends of the horizontal axis; None shows all.
        y_range: Ends of the vertical axis.
        decimals: Digits of a position that is pointed at.
    """

    title: str
    alt: str
    groups: tuple[PointGroup, ...]
    lines: tuple[Line, ...]
    x_label: str
    y_label: str
    x_range: tuple[float, float] | None = None
    y_range: tuple[float, float] | None = None
    decimals: int = 3
