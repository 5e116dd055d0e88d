"""Numbers with intervals, one row a category."""

from dataclasses import dataclass
from itertools import groupby
from typing import Final, Literal, NamedTuple

import numpy as np
from jaxtyping import Float

from modescape.report.series import Symbol, series_symbol

CHARACTER: Final = 0.03
"""Width of a character of a name above a panel, as a share of the width of a panel on a phone."""
SPREAD: Final = 0.28
"""Largest distance of a dot from its row, in rows."""
BAND: Final = 0.36
"""Half the height of the band behind a row, in rows."""
GOLDEN: Final = (5.0**0.5 - 1.0) / 2.0


@dataclass(frozen=True, eq=False)
class IntervalRow:
    """One number with its interval.

    Args:
        name: What it is, written at its row.
        value: The number; NaN leaves the row empty.
        low: Lower end of the interval; NaN draws none.
        high: Upper end.
        series: Number of its colour and symbol; None is grey.
        group: The heading that it stands under; rows of one group follow one another.
        dots: Single numbers behind it, drawn small and faint.
        chance: Ends of the grey band behind the row, where chance alone would put the number; None draws none.
    """

    name: str
    value: float
    low: float = float("nan")
    high: float = float("nan")
    series: int | None = 0
    group: str = ""
    dots: Float[np.ndarray, "dot"] | None = None
    chance: tuple[float, float] | None = None

    @property
    def symbol(self) -> Symbol:
        """The shape of its point."""
        return series_symbol(self.series)

    @property
    def has_interval(self) -> bool:
        """Whether there is an interval to draw."""
        return bool(np.isfinite([self.value, self.low, self.high]).all())

    def told(self, decimals: int) -> str:
        """Write the number and its interval.

        >>> IntervalRow("a", 0.5, 0.25, 0.75).told(2), IntervalRow("a", float("nan")).told(2)
        ('0.50 [0.25, 0.75]', 'not measured')
        """
        if not np.isfinite(self.value):
            return "not measured"
        interval = f" [{self.low:.{decimals}f}, {self.high:.{decimals}f}]" if self.has_interval else ""
        return f"{self.value:.{decimals}f}{interval}"


@dataclass(frozen=True)
class Reference:
    """A vertical line at a number to compare with."""

    name: str
    x: float


class MarkName(NamedTuple):
    """Where the name of a mark stands above a panel.

    Args:
        text: The name.
        share: Place of the mark along the axis, 0 to 1.
        line: Line above the panel, 0 the lowest.
        anchor: Which end of the text stands at the mark.
    """

    text: str
    share: float
    line: int
    anchor: Literal["left", "right"]


@dataclass(frozen=True, eq=False)
class Intervals:
    """Rows of numbers with their intervals as whiskers, over one horizontal axis; the first row on top.

    Args:
        title: Heading of the panel; may be empty.
        alt: The panel in words, with its main numbers.
        rows: What is drawn.
        x_label: Label of the horizontal axis, with the unit.
        marks: Vertical lines to compare with, named at the top.
        decimals: Digits of a value that is pointed at.
        log_x: Whether the horizontal axis is logarithmic.
    """

    title: str
    alt: str
    rows: tuple[IntervalRow, ...]
    x_label: str
    marks: tuple[Reference, ...] = ()
    decimals: int = 3
    log_x: bool = False

    @property
    def slots(self) -> list[str | IntervalRow]:
        """What stands in each line from the top: a heading, or a row.

        >>> Intervals("", "", (IntervalRow("a", 1.0, group="first"),), "x").slots[0]
        'first'
        """
        slots: list[str | IntervalRow] = []
        for heading, rows in groupby(self.rows, key=lambda row: row.group):
            slots += [heading] if heading else []
            slots.extend(rows)
        return slots

    @property
    def extent(self) -> tuple[float, float]:
        """The ends of the horizontal axis: all rows, intervals, dots, bands and marks, with a little room."""
        places = self._finite()
        if not places.size:
            return (0.0, 1.0)
        low, high = float(places.min()), float(places.max())
        if self.log_x:
            room = (high / low) ** 0.05 if high > low else 2.0
            return (low / room, high * room)
        room = 0.05 * (high - low) or 0.5
        return (low - room, high + room)

    @property
    def mark_names(self) -> list[MarkName]:
        """Where the name of each mark stands above the panel.

        A name runs towards the farther end, where it has room. One that would touch another goes one line up.
        """
        low, high = (np.log(self.extent) if self.log_x else np.array(self.extent)).tolist()
        taken: list[list[tuple[float, float]]] = []
        names = []
        for mark in self.marks:
            share = float(((np.log(mark.x) if self.log_x else mark.x) - low) / (high - low))
            width = CHARACTER * len(mark.name)
            start, end = (share, share + width) if share <= 0.5 else (share - width, share)
            line = next((line for line in taken if all(end < other[0] or start > other[1] for other in line)), None)
            if line is None:
                taken.append(line := [])
            line.append((start, end))
            names.append(MarkName(mark.name, share, taken.index(line), "left" if share <= 0.5 else "right"))
        return names

    @property
    def num_name_lines(self) -> int:
        """How many lines the names of marks take above the panel."""
        return max((name.line + 1 for name in self.mark_names), default=0)

    def _finite(self) -> Float[np.ndarray, "place"]:
        """Return every place that the axis must hold."""
        ends = [[row.value, row.low, row.high] for row in self.rows]
        dots = [row.dots for row in self.rows if row.dots is not None]
        bands = [row.chance for row in self.rows if row.chance is not None]
        places = np.concatenate([np.ravel(ends), [mark.x for mark in self.marks], *dots, *bands]).astype(np.float64)
        return places[np.isfinite(places) & (places > 0 if self.log_x else True)]


def spread_of(number: int) -> Float[np.ndarray, "dot"]:
    """Return how far each of so many dots stands above or below its row, evenly and in no order.

    >>> spread_of(2).round(2).tolist()
    [-0.28, 0.07]
    """
    return SPREAD * (2.0 * (np.arange(number) * GOLDEN % 1.0) - 1.0)
