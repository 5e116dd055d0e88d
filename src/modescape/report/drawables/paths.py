"""Ways through a plane."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True, eq=False)
class Path:
    """A way through the plane; its first point is drawn open, its last as a star.

    Args:
        name: What moves, for example `member 0`.
        x: Horizontal positions, in order.
        y: Vertical positions.
        points: A label for each point, for example `epoch 3`.
        series: Number of its colour.
    """

    name: str
    x: Float[np.ndarray, "point"]
    y: Float[np.ndarray, "point"]
    points: tuple[str, ...]
    series: int = 0


@dataclass(frozen=True, eq=False)
class Paths:
    """Ways through one plane whose two axes have the same scale.

    Args:
        title: Heading of the panel; may be empty.
        alt: The panel in words.
        paths: What is drawn.
        x_label: Label of the horizontal axis.
        y_label: Label of the vertical axis.
    """

    title: str
    alt: str
    paths: tuple[Path, ...]
    x_label: str
    y_label: str
