"""A whole figure as a picture: its panels in a grid, its heading and its legend."""

import io
from collections.abc import Callable, Sequence
from math import ceil
from textwrap import fill
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.transforms import Bbox

from modescape.report.colors import LIGHT, series_role
from modescape.report.drawables import (
    Dendrogram,
    Drawing,
    Gallery,
    Intervals,
    LegendEntry,
    Lines,
    Matrix,
    Panel,
    Paths,
    PolarSurface,
    Relief,
    Scatter,
    Surface,
    has_names,
)
from modescape.report.series import series_dash, series_symbol
from modescape.report.static.dendrogram import dendrogram_inches, draw_dendrogram
from modescape.report.static.gallery import draw_gallery, gallery_inches
from modescape.report.static.intervals import MARK_POINTS, draw_intervals
from modescape.report.static.lines import draw_lines
from modescape.report.static.marks import mark_style
from modescape.report.static.matrix import draw_matrix
from modescape.report.static.mosaic import mosaic
from modescape.report.static.paths import draw_paths, end_style
from modescape.report.static.polar import draw_polar
from modescape.report.static.relief import draw_relief
from modescape.report.static.scatter import draw_scatter
from modescape.report.static.style import DASHES, MARKERS, our_style
from modescape.report.static.surface import draw_surface

DOTS_PER_INCH = 150
MAX_COLUMNS = 3
CHARACTERS_PER_INCH = 9.4
"""Characters of a title in bold 12 points that fit into an inch."""
TITLE_CHARACTERS = 10.0
"""Characters of the title of a panel that fit into an inch."""
LABEL_CHARACTERS = 12.0
"""Characters of the label of an axis that fit into an inch."""
PANEL_INCHES = {
    Matrix: (4.4, 5.1),
    Lines: (4.2, 3.1),
    Paths: (5.4, 5.2),
    PolarSurface: (4.4, 5.0),
    Relief: (5.4, 4.9),
    Scatter: (5.6, 4.4),
    Surface: (4.6, 4.9),
}
PLACE_DECIMALS = 7
"""Digits of the place of a panel, as a fraction of the picture."""
NAMED_MATRIX = (5.4, 6.0)
"""Inches of a matrix whose rows and columns have names."""
INTERVALS_WIDTH = 5.2
INCHES_PER_ROW = 0.33
LEGEND_CHARACTER = 0.072
"""Width of a character of the legend in inches."""
LEGEND_SAMPLE = 0.55
"""Width of the sample of an entry with the space around it, in inches."""


def pictures(drawing: Drawing) -> dict[str, bytes]:
    """Return a drawing as `{"png": ..., "svg": ...}`; the alternative text is stored in both.

    Args:
        drawing: What to draw.
    """
    files = {}
    with our_style():
        figure = _figure(drawing)
        _settle(figure)
        for kind, metadata in (
            ("png", {"Title": drawing.title, "Description": drawing.alt, "Software": None}),
            ("svg", {"Title": drawing.title, "Description": drawing.alt, "Date": None, "Creator": "modescape"}),
        ):
            buffer = io.BytesIO()
            figure.savefig(buffer, format=kind, dpi=DOTS_PER_INCH, metadata=metadata)
            files[kind] = buffer.getvalue()
    return files


def _settle(figure: Figure) -> None:
    """Find the places of panels once and for all, and round them.

    The solver behind the layout adds up in an order that depends on addresses in memory, and an SVG file names its
    clipped areas after all digits of their places: without rounding, the same drawing now and then gives other bytes.
    """
    figure.set_dpi(DOTS_PER_INCH)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for axes in figure.axes:
        place = axes.get_position(original=True).get_points().round(PLACE_DECIMALS)
        axes.set_position(Bbox(place), which="original")


def _figure(drawing: Drawing) -> Figure:
    """Return the figure with one pair of axes for each panel."""
    starts_with_relief = isinstance(drawing.panels[0], Relief)
    figure, grid = mosaic(drawing.panels) if starts_with_relief else _grid(drawing.panels)
    FigureCanvasAgg(figure)
    for axes, panel in zip(grid, drawing.panels, strict=False):
        _draw(axes, panel)
    for axes in grid[len(drawing.panels) :]:
        axes.set_axis_off()
    width = figure.get_figwidth()
    figure.suptitle(fill(drawing.title, int(CHARACTERS_PER_INCH * width)), fontsize=12, fontweight="bold")
    if drawing.legend:
        handles = [_handle(entry) for entry in drawing.legend]
        ncols = min(len(handles), _legend_columns(drawing.legend, width))
        figure.legend(handles=handles, loc="outside lower center", ncols=ncols, frameon=False)
    return figure


def _grid(panels: Sequence[Panel]) -> tuple[Figure, list[Axes]]:
    """Return an empty figure with panels in rows and columns."""
    columns = _columns(len(panels))
    rows = ceil(len(panels) / columns)
    sizes = [_inches(panel) for panel in panels]
    widths = [max(width for width, _ in sizes[column::columns]) for column in range(columns)]
    heights = [max(height for _, height in sizes[row * columns : (row + 1) * columns]) for row in range(rows)]
    # Cells are square, and only the "compressed" layout knows it; it leaves no gaps between them.
    layout = "compressed" if isinstance(panels[0], Matrix | PolarSurface | Surface) else "constrained"
    figure = Figure(figsize=(sum(widths), sum(heights) + 0.5), layout=layout, facecolor="white")
    ratios: dict[str, Any] = {"width_ratios": widths, "height_ratios": heights}
    return figure, list(figure.subplots(rows, columns, squeeze=False, gridspec_kw=ratios).ravel())


def _columns(num_panels: int) -> int:
    """Return how many panels stand side by side: four make a square, others lines of up to three.

    >>> [_columns(number) for number in (1, 2, 3, 4, 5)]
    [1, 2, 3, 2, 3]
    """
    return 2 if num_panels == 4 else min(num_panels, MAX_COLUMNS)


def _inches(panel: Panel) -> tuple[float, float]:
    """Return the width and the height of a panel."""
    if isinstance(panel, Intervals):
        return INTERVALS_WIDTH, 1.1 + INCHES_PER_ROW * len(panel.slots)
    if isinstance(panel, Dendrogram):
        return dendrogram_inches(panel)
    if isinstance(panel, Gallery):
        return gallery_inches(panel)
    if isinstance(panel, Matrix) and has_names(panel.columns):
        return NAMED_MATRIX
    return PANEL_INCHES[type(panel)]


def _legend_columns(legend: tuple[LegendEntry, ...], inches: float) -> int:
    """Return how many entries fit side by side, all as wide as the widest."""
    widest = LEGEND_SAMPLE + LEGEND_CHARACTER * max(len(entry.label) for entry in legend)
    return max(1, int(inches / widest))


def _draw(axes: Axes, panel: Panel) -> None:
    """Draw one panel."""
    if panel.title:
        lines = panel.num_name_lines if isinstance(panel, Intervals) else 0
        width = int(TITLE_CHARACTERS * _inches(panel)[0])
        axes.set_title(fill(panel.title, width), fontweight="bold", pad=6 + MARK_POINTS * lines)
    if isinstance(panel, Dendrogram | Gallery | Matrix | Relief):
        BARE[type(panel)](axes, panel)
        return
    axes.set_xlabel(panel.x_label)
    if isinstance(panel, Intervals):
        draw_intervals(axes, panel)
        return
    axes.set_ylabel(panel.y_label)
    if isinstance(panel, Surface):
        _wrap_labels(axes)
    FLAT[type(panel)](axes, panel)


BARE: dict[type, Callable[[Axes, Any], None]] = {
    Dendrogram: draw_dendrogram,
    Gallery: draw_gallery,
    Matrix: draw_matrix,
    Relief: draw_relief,
}
"""What draws the kinds of panel that see to their axes themselves."""

FLAT: dict[type, Callable[[Axes, Any], None]] = {
    Lines: draw_lines,
    Paths: draw_paths,
    PolarSurface: draw_polar,
    Scatter: draw_scatter,
    Surface: draw_surface,
}
"""What draws the kinds of panel that have a label at each of two axes."""


def _wrap_labels(axes: Axes) -> None:
    """Write the labels of both axes in as many lines as the room beside them asks for."""
    box, figure = axes.get_position(), axes.get_figure(root=True)
    width, height = figure.get_size_inches() if figure else (0.0, 0.0)
    for axis, inches in ((axes.xaxis, box.width * width), (axes.yaxis, box.height * height)):
        axis.set_label_text(fill(axis.get_label_text(), max(12, int(LABEL_CHARACTERS * inches))))


def _handle(entry: LegendEntry) -> Line2D:
    """Return the sample of one entry of the legend."""
    color = LIGHT[series_role(entry.series)]
    if entry.symbol in ("start", "end"):
        return Line2D([], [], label=entry.label, linestyle="", **end_style(entry.symbol, LIGHT["muted"]))
    if entry.symbol in ("line", "dashes"):
        dashes = DASHES[series_dash(entry.series, dashed=entry.symbol == "dashes")]
        marker = MARKERS[series_symbol(entry.series)] if entry.has_points else ""
        style = {"color": color, "linestyle": dashes, "linewidth": 1.8, "marker": marker, "markersize": 4.0}
        return Line2D([], [], label=entry.label, **style)
    marker = MARKERS[entry.symbol]
    style = mark_style(marker) if entry.is_mark else {"marker": marker, "color": color, "markersize": 6}
    return Line2D([], [], label=entry.label, linestyle="", **style)
