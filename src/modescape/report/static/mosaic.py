"""Where panels stand in a figure that begins with a relief: it is wide, and surfaces fill the rows around it."""

from collections.abc import Sequence
from math import ceil
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from modescape.report.drawables import Panel, Surface

WIDTH_INCHES: Final = 11.8
"""Width of the figure."""
ONE_ROW: Final = {1: [1.0], 2: [0.56, 0.44], 3: [0.4, 0.3, 0.3]}
"""Shares of the width of up to three panels, which stand in one row."""
MOST_IN_ROW: Final = 4
"""Surfaces that stand side by side, at most."""
AROUND: Final = (0.85, 1.55)
"""Inches beside and above and below what a surface shows: numbers, labels, heading and the bar of colours."""
HEIGHTS: Final = (2.6, 5.2)
"""Least and largest height of a row in inches."""
HEADING: Final = 0.85
"""Inches for the heading and the legend of the figure."""


def rows_of(panels: Sequence[Panel]) -> list[tuple[list[int], list[float]]]:
    """Return the numbers of the panels in each row, and how wide each of them is as a share of it.

    >>> rows_of(["relief", "loss"])
    [([0, 1], [0.56, 0.44])]
    >>> [numbers for numbers, _ in rows_of(["relief", "loss", "accuracy", "agreement", "agreement"])]
    [[0, 1], [2, 3, 4]]
    """
    if len(panels) in ONE_ROW:
        return [(list(range(len(panels))), ONE_ROW[len(panels)])]
    rest = list(range(2, len(panels)))
    num_rows = ceil(len(rest) / MOST_IN_ROW)
    each = ceil(len(rest) / num_rows) if rest else 1
    parts = [rest[first : first + each] for first in range(0, len(rest), each)]
    return [([0, 1], ONE_ROW[2]), *((part, [1 / each] * len(part)) for part in parts)]


def mosaic(panels: Sequence[Panel]) -> tuple[Figure, list[Axes]]:
    """Return an empty figure with one pair of axes for each panel, rows as high as their surfaces need.

    Args:
        panels: A relief, and surfaces over one plane.
    """
    rows = rows_of(panels)
    heights = [max(_height(panels[number], share) for number, share in zip(*row, strict=True)) for row in rows]
    figure = Figure(figsize=(WIDTH_INCHES, sum(heights) + HEADING), layout="constrained", facecolor="white")
    outer = figure.add_gridspec(len(rows), 1, height_ratios=heights)
    axes = []
    for place, (numbers, shares) in enumerate(rows):
        left = [1 - sum(shares)] if sum(shares) < 1 - 1e-9 else []
        inner = outer[place].subgridspec(1, len(shares) + len(left), width_ratios=[*shares, *left])
        # A grid of its own for each panel: a relief needs no room for the bar of colours of its neighbour.
        axes += [figure.add_subplot(inner[column].subgridspec(1, 1)[0]) for column in range(len(numbers))]
    return figure, axes


def _height(panel: Panel, share: float) -> float:
    """Return the height of a row in which a panel gets a share of the width."""
    width = share * WIDTH_INCHES
    needed = (width - AROUND[0]) / panel.aspect + AROUND[1] if isinstance(panel, Surface) else 0.72 * width
    return min(max(needed, HEIGHTS[0]), HEIGHTS[1])
