"""Tables of numbers as colours."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from jaxtyping import Float, Int

from modescape.core.errors import ArgumentError, Quoted
from modescape.report.drawables.examples import Examples


@dataclass(frozen=True, eq=False)
class NumberDetail:
    """A number that a selected cell of a matrix shows, with its interval where it has one.

    Args:
        label: What the number is; `{row}` and `{column}` stand for the labels of the cell.
        values: One number for each cell; an axis of length 1 holds the same number for the whole row or column.
        low: Lower ends of the intervals, shaped like `values`.
        high: Upper ends.
        decimals: Digits after the point.
        unit: Written after the number.
        is_main: Whether it is read out when a cell is chosen; others stand below.
        is_p_value: Whether a number too small for its digits is written as `< 0.001`.
    """

    label: str
    values: Float[np.ndarray, "row column"]
    low: Float[np.ndarray, "row column"] | None = None
    high: Float[np.ndarray, "row column"] | None = None
    decimals: int = 3
    unit: str = ""
    is_main: bool = True
    is_p_value: bool = False


@dataclass(frozen=True, eq=False)
class ConfusionDetail:
    """The joint confusion of two networks given the truth, which the page counts from their answers.

    Args:
        decisions: The class that each network answered, by the place of its row and column; `MISSING` where it is not
            known, everywhere for a network whose answers are not kept.
        labels: The true class of each example; None where it is not known.
        classes: Names of the classes.
        note: Which networks and examples these are.
    """

    decisions: Int[np.ndarray, "row example"]
    labels: Int[np.ndarray, "example"] | None
    classes: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True, eq=False)
class ExamplesDetail:
    """Examples that two networks dispute.

    Args:
        examples: All examples.
        places: Numbers of those that a pair disputes, the most disputed first; `MISSING` where there are no more.
        members: For each row, the place of its network among the members of the examples; `MISSING` where it has none.
        note: Which pairs have examples, and in which order they stand.
    """

    examples: Examples
    places: Int[np.ndarray, "row column rank"]
    members: Int[np.ndarray, "row"]
    note: str = ""


Detail: TypeAlias = NumberDetail | ConfusionDetail | ExamplesDetail
"""What a selected cell can show. A new kind joins this union and `interactive/details.py`, and `modescape.details` of
the page (`templates/cells.js`) learns it."""


@dataclass(frozen=True, eq=False)
class Matrix:
    """A table of numbers drawn as colours; a cell can be selected to read its numbers.

    Args:
        title: Heading of the panel; may be empty.
        alt: The panel in words, with its main numbers.
        values: The numbers; NaN is drawn as a gap.
        rows: Labels of rows, all different.
        columns: Labels of columns, all different.
        word: What a row or a column is, for example `member`; empty where the labels say it.
        color_label: What the colours mean, with the unit.
        color_range: The values at the two ends of the colours; values beyond get the colour of the end.
        colors: Name of a colour map that both renderers know.
        decimals: Digits of a number written in its cell.
        details: What a selected cell shows.
        breaks: Rows and columns before which a line divides groups.
    """

    title: str
    alt: str
    values: Float[np.ndarray, "row column"]
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    word: str
    color_label: str
    color_range: tuple[float, float]
    colors: Literal["viridis", "cividis"] = "viridis"
    decimals: int = 2
    details: tuple[Detail, ...] = ()
    breaks: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Check that there is one label for each row and column, and that labels differ."""
        for argument, names, size in zip(
            ("rows", "columns"), (self.rows, self.columns), self.values.shape, strict=True
        ):
            if len(set(names)) != size or len(names) != size:
                shown = Quoted(f"{len(names)} labels, {len(set(names))} of them different")
                raise ArgumentError(
                    argument, f"hold {size} different labels", shown, "Give each line a name of its own"
                )

    @property
    def cell_texts(self) -> list[list[str]] | None:
        """The numbers as text, or None where cells are too many to hold any."""
        if max(self.values.shape) > MAX_CELLS_WITH_TEXT:
            return None
        return [["" if np.isnan(value) else f"{value:.{self.decimals}f}" for value in row] for row in self.values]


MAX_CELLS_WITH_TEXT = 12
"""Largest number of rows or columns whose cells are wide enough for four characters in a picture of 4 inches."""


LONG_LABEL = 6
"""Characters from which labels are whole names: all are then written, and upright along the columns."""
MAX_NAMES = 40
"""Largest number of such names that a picture of 4 inches has lines for."""


def has_names(labels: tuple[str, ...]) -> bool:
    """Say whether labels are names to be written one and all, and not numbers of which a few are enough.

    >>> has_names(("0", "1")), has_names(("cycle 1, epoch 8", "member 0"))
    (False, True)
    """
    return len(labels) <= MAX_NAMES and max(map(len, labels), default=0) > LONG_LABEL


def shown_places(labels: tuple[str, ...]) -> list[int]:
    """Return which labels of an axis of 4 inches are written: all names, or a few numbers at round places.

    >>> shown_places(tuple(map(str, range(30))))
    [0, 5, 10, 15, 20, 25]
    """
    return list(range(len(labels))) if has_names(labels) else list(shown_labels(len(labels)))


def shown_labels(number: int) -> range:
    """Return which of so many labels are written along an axis of 4 inches: at most 11, at round places.

    >>> list(shown_labels(3)), list(shown_labels(100))[:3]
    ([0, 1, 2], [0, 10, 20])
    """
    steps = (step * 10**power for power in range(9) for step in (1, 2, 5))
    return range(0, number, next(step for step in steps if number <= 11 * step))
