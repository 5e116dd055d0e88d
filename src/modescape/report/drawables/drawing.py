"""A whole figure: its words, its panels and its numbers."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from modescape.report.drawables.dendrogram import Dendrogram
from modescape.report.drawables.gallery import Gallery
from modescape.report.drawables.intervals import Intervals
from modescape.report.drawables.lines import Line, Lines
from modescape.report.drawables.matrix import Matrix
from modescape.report.drawables.paths import Paths
from modescape.report.drawables.polar import PolarSurface
from modescape.report.drawables.relief import Relief
from modescape.report.drawables.scatter import Scatter
from modescape.report.drawables.surface import Surface, Trail
from modescape.report.drawables.table import Table
from modescape.report.series import Symbol

Panel: TypeAlias = Matrix | Lines | Paths | PolarSurface | Relief | Scatter | Surface | Intervals | Dendrogram | Gallery
"""One pair of axes of a figure."""


@dataclass(frozen=True)
class LegendEntry:
    """One entry of a legend: a series (`line`, `dashes`, or the shape of its points), or a mark that all share.

    Args:
        label: What it is.
        series: Number of its colour; None is grey.
        symbol: How it is drawn; `start` and `end` are the ends of paths.
        is_mark: Whether it explains a mark of the panel and is no series that can be hidden.
        has_points: Whether the points of the line are marked.
    """

    label: str
    series: int | None
    symbol: Literal["line", "dashes", "start", "end"] | Symbol = "line"
    is_mark: bool = False
    has_points: bool = field(default=False, compare=False)


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
        found: Plain sentences that say what was found here, with the numbers.
    """

    name: str
    title: str
    shows: str
    look_for: str
    panels: tuple[Panel, ...]
    table: Table
    found: tuple[str, ...] = ()

    @property
    def alt(self) -> str:
        """The whole figure in words."""
        return " ".join(panel.alt for panel in self.panels)

    @property
    def legend(self) -> tuple[LegendEntry, ...]:
        """The entries that panels share, each once, in the order of their series and then those that are grey.

        Empty where there is nothing to tell apart.
        """
        entries: dict[str, LegendEntry] = {}
        for panel in self.panels:
            for entry in _entries(panel):
                entries.setdefault(entry.label, entry)
        ordered = sorted(entries.values(), key=lambda entry: (entry.series is None, entry.series or 0))
        return tuple(ordered) if len(ordered) > 1 else ()


def _entries(panel: Panel) -> list[LegendEntry]:
    """Return the entries of the legend that one panel needs."""
    if isinstance(panel, Lines):
        return [_line_entry(line) for line in panel.lines]
    if isinstance(panel, Scatter):
        points = [LegendEntry(group.name, group.series, group.symbol) for group in panel.groups]
        return [*points, *(_line_entry(line) for line in panel.lines)]
    if isinstance(panel, Paths):
        marks = [LegendEntry(end, None, end, is_mark=True) for end in ("start", "end")]
        return [*(LegendEntry(path.name, path.series) for path in panel.paths), *marks]
    if isinstance(panel, PolarSurface):
        return [LegendEntry(mark.name, None, mark.symbol, is_mark=True) for mark in panel.marks]
    if isinstance(panel, Surface | Relief):
        surface = panel if isinstance(panel, Surface) else panel.surface
        return [_trail_entry(trail) for trail in (*surface.walks, *surface.curves)]
    return []


def _trail_entry(trail: Trail) -> LegendEntry:
    """Return the entry of a way over a surface."""
    return LegendEntry(trail.name, trail.series, "dashes" if trail.dashed else "line")


def _line_entry(line: Line) -> LegendEntry:
    """Return the entry of one line."""
    symbol = "dashes" if line.dashed else "line"
    return LegendEntry(line.legend or line.name, line.series, symbol, has_points=line.shows_points)
