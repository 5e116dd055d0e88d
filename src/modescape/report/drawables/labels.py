"""On which side of a mark its name is written, so that names cover neither marks nor ways nor each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
from jaxtyping import Float

Box: TypeAlias = tuple[float, float, float, float]
"""Left, right, lower and upper end."""
Side = Literal["top", "bottom", "right", "left"]
SIDES: Final[dict[Side, tuple[float, float]]] = {
    "top": (0.0, 1.0),
    "bottom": (0.0, -1.0),
    "right": (1.0, 0.0),
    "left": (-1.0, 0.0),
}
"""The sides in the order in which they are preferred, as steps to the right and upwards."""

NEAR: Final = 0.6
"""Room around a mark, as a share of the distance of its own name."""


def label_sides(
    names: Sequence[str],
    marks: Float[np.ndarray, "mark 2"],
    ways: Float[np.ndarray, "point 2"],
    *,
    character: tuple[float, float],
    gap: float,
    bounds: Box,
) -> tuple[Side, ...]:
    """Return for each name the side of its mark where it covers least.

    Args:
        names: What is written.
        marks: Where the marks lie, to the right and upwards.
        ways: Points of the ways that should not be covered.
        character: Width and height of a character, in the same unit.
        gap: Distance of a name from the middle of its mark.
        bounds: Left, right, lower and upper end of what is shown.

    >>> marks = np.array([[0.0, 0.0], [0.0, 1.0]])
    >>> label_sides(["a", "b"], marks, marks, character=(0.2, 0.4), gap=0.7, bounds=(-5, 5, -5, 1.5))
    ('bottom', 'right')
    """
    chosen: list[Side] = []
    boxes: list[Box] = []
    for name, mark in zip(names, marks, strict=True):
        size = (character[0] * len(name), character[1])
        options = {side: _box(mark, size, gap, step) for side, step in SIDES.items()}
        others = _Others(marks, ways, tuple(boxes), bounds, NEAR * gap)
        costs = {side: others.cost(box) for side, box in options.items()}
        best: Side = min(SIDES, key=lambda side, costs=costs: costs[side])
        chosen.append(best)
        boxes.append(options[best])
    return tuple(chosen)


def _box(mark: Float[np.ndarray, "2"], size: tuple[float, float], gap: float, step: tuple[float, float]) -> Box:
    """Return left, right, lower and upper end of a name on one side of its mark."""
    x = mark[0] + step[0] * (gap + size[0] / 2)
    y = mark[1] + step[1] * (gap + size[1] / 2)
    return float(x - size[0] / 2), float(x + size[0] / 2), float(y - size[1] / 2), float(y + size[1] / 2)


@dataclass(frozen=True, eq=False)
class _Others:
    """What a name should not cover: marks with some room around them, ways, other names, and the end of the picture."""

    marks: Float[np.ndarray, "mark 2"]
    ways: Float[np.ndarray, "point 2"]
    boxes: tuple[Box, ...]
    bounds: Box
    near: float

    def cost(self, box: Box) -> float:
        """Return how much a name covers: leaving the picture is worst, then other names and marks, then ways."""
        left, right, low, high = box
        is_beyond = left < self.bounds[0] or right > self.bounds[1] or low < self.bounds[2] or high > self.bounds[3]
        names = sum(left < other[1] and other[0] < right and low < other[3] and other[2] < high for other in self.boxes)
        return (
            1000.0 * is_beyond + 100.0 * names + 50.0 * _covered(box, self.marks, self.near) + _covered(box, self.ways)
        )


def _covered(box: Box, points: Float[np.ndarray, "point 2"], near: float = 0.0) -> int:
    """Return how many points lie in a box or near it."""
    left, right, low, high = box
    x, y = points.T
    return int(((left - near < x) & (x < right + near) & (low - near < y) & (y < high + near)).sum())
