"""The few kinds of thing a figure can be made of: plain numbers and texts, no drawing library.

Both renderers, `interactive` (plotly) and `static` (matplotlib), know these kinds and nothing else. A new figure
uses them as they are; a new kind is added here and in both renderers.
"""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import xarray as xr
from jaxtyping import Float, Shaped

from modescape.core.errors import ArgumentError, Quoted


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
    """

    label: str
    values: Float[np.ndarray, "row column"]
    low: Float[np.ndarray, "row column"] | None = None
    high: Float[np.ndarray, "row column"] | None = None
    decimals: int = 3
    unit: str = ""


Detail: TypeAlias = NumberDetail
"""What a selected cell can show. A new kind joins this union, and `cellDetails` in `templates/cells.js` learns it."""


@dataclass(frozen=True, eq=False)
class Matrix:
    """A table of numbers drawn as colours; a cell can be selected to read its numbers.

    Args:
        title: Heading of the panel; may be empty.
        alt: The panel in words, with its main numbers.
        values: The numbers; NaN is drawn as a gap.
        rows: Labels of rows, all different.
        columns: Labels of columns, all different.
        word: What a row or a column is, for example `member`.
        color_label: What the colours mean, with the unit.
        color_range: The values at the two ends of the colours; values beyond get the colour of the end.
        colors: Name of a colour map that both renderers know.
        decimals: Digits of a number written in its cell.
        details: What a selected cell shows.
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


def shown_labels(number: int) -> range:
    """Return which of so many labels are written along an axis of 4 inches: at most 11, at round places.

    >>> list(shown_labels(3)), list(shown_labels(100))[:3]
    ([0, 1, 2], [0, 10, 20])
    """
    steps = (step * 10**power for power in range(9) for step in (1, 2, 5))
    return range(0, number, next(step for step in steps if number <= 11 * step))


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


Panel: TypeAlias = Matrix | Lines | Paths
"""One pair of axes of a figure."""


@dataclass(frozen=True)
class LegendEntry:
    """One entry of a legend: a colour (`line`, `dashes`), or a mark that all colours share (`start`, `end`)."""

    label: str
    series: int | None
    symbol: Literal["line", "dashes", "start", "end"] = "line"


@dataclass(frozen=True, eq=False)
class Table:
    """The numbers of a figure as columns of one length.

    >>> print(Table({"member": np.array([0, 1]), "accuracy": np.array([0.5, np.nan])}).as_csv(), end="")
    member,accuracy
    0,0.5
    1,
    """

    columns: Mapping[str, Shaped[np.ndarray, "row"]]

    def as_csv(self) -> str:
        """Return the table as CSV (RFC 4180 with line feeds); a missing number is an empty field."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows(zip(*(_texts(column) for column in self.columns.values()), strict=True))
        return text.getvalue()


@dataclass(frozen=True, eq=False)
class Drawing:
    """A figure before it is drawn: everything that either renderer needs.

    Args:
        name: Name of its files and its place on the page: lower case, digits and hyphens.
        title: Heading.
        shows: One plain sentence: what it shows.
        look_for: One plain sentence: what to look for.
        panels: What is drawn side by side.
        table: Its numbers.
    """

    name: str
    title: str
    shows: str
    look_for: str
    panels: tuple[Panel, ...]
    table: Table

    @property
    def alt(self) -> str:
        """The whole figure in words."""
        return " ".join(panel.alt for panel in self.panels)

    @property
    def legend(self) -> tuple[LegendEntry, ...]:
        """The entries that panels share, each once; empty where there is nothing to tell apart."""
        entries = dict.fromkeys(entry for panel in self.panels for entry in _entries(panel))
        return tuple(entries) if len(entries) > 1 else ()


def long_table(dataset: xr.Dataset, variables: list[str]) -> Table:
    """Return variables as one table with a row for each combination of their coordinates.

    A variable with fewer dimensions than the others is repeated; one that the dataset lacks is left out.

    >>> both = xr.Dataset({"a": (("member", "step"), [[1.0, 2.0]]), "b": ("member", [3.0])})
    >>> print(long_table(both, ["a", "b", "c"]).as_csv(), end="")
    member,step,a,b
    0,0,1.0,3.0
    0,1,2.0,3.0
    """
    present = [name for name in variables if name in dataset]
    arrays = xr.broadcast(*(dataset[name] for name in present))
    dims = [str(dim) for dim in arrays[0].dims]
    places = np.meshgrid(*(arrays[0][dim].values for dim in dims), indexing="ij")
    columns = {dim: place.ravel() for dim, place in zip(dims, places, strict=True)}
    return Table(columns | {name: array.values.ravel() for name, array in zip(present, arrays, strict=True)})


def _entries(panel: Panel) -> list[LegendEntry]:
    """Return the entries of the legend that one panel needs."""
    if isinstance(panel, Lines):
        return [
            LegendEntry(line.legend or line.name, line.series, "dashes" if line.dashed else "line")
            for line in panel.lines
        ]
    if isinstance(panel, Paths):
        marks = [LegendEntry("start", None, "start"), LegendEntry("end", None, "end")]
        return [*(LegendEntry(path.name, path.series) for path in panel.paths), *marks]
    return []


def _texts(column: Shaped[np.ndarray, "row"]) -> list[str]:
    """Return numbers in the shortest form that reads back as the same number, and other things as text."""
    if np.issubdtype(column.dtype, np.floating):
        return ["" if np.isnan(value) else str(value) for value in column]
    return [str(value) for value in column]
