"""Lines over one pair of axes."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float

MAX_POINTS: Final = 12
"""Largest number of points of a line that are marked."""


@dataclass(frozen=True, eq=False)
class Line:
    """A line, perhaps with a band around it.

    Args:
        name: What this line is, for the one who points at it.
        x: Positions.
        y: Values; NaN breaks the line.
        low: Lower edge of the band.
        high: Upper edge of the band.
        legend: The entry of the legend that it belongs to; `name` where empty.
        series: Number of its colour; None draws it thin and grey, as one among many.
        dashed: Whether it is dashed.
    """

    name: str
    x: Float[np.ndarray, "point"]
    y: Float[np.ndarray, "point"]
    low: Float[np.ndarray, "point"] | None = None
    high: Float[np.ndarray, "point"] | None = None
    legend: str = ""
    series: int | None = 0
    dashed: bool = False

    @property
    def shows_points(self) -> bool:
        """Whether its points are marked: where they are few, and the line is not one among many."""
        return self.series is not None and len(self.x) <= MAX_POINTS


@dataclass(frozen=True, eq=False)
class Lines:
    """Lines over one pair of axes.

    Args:
        title: Heading of the panel; may be empty.
        alt: The panel in words, with its main numbers.
        lines: What is drawn, the last on top.
        x_label: Label of the horizontal axis, with the unit.
        y_label: Label of the vertical axis, with the unit.
        whole_x: Whether only whole numbers make sense along x.
        log_y: Whether the vertical axis is logarithmic.
        decimals: Digits of a value that is pointed at.
    """

    title: str
    alt: str
    lines: tuple[Line, ...]
    x_label: str
    y_label: str
    whole_x: bool = True
    log_y: bool = False
    decimals: int = 3
