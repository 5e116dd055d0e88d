"""Drawings as pictures: PNG and SVG by matplotlib, the same bytes for the same drawing."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil
from textwrap import fill
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from modescape.report.colors import LIGHT, series_role
from modescape.report.drawables import Drawing, LegendEntry, Line, Lines, Matrix, Panel, Path, Paths, shown_labels

DOTS_PER_INCH = 150
MAX_COLUMNS = 3
CHARACTERS_PER_INCH = 9.4
"""Characters of a title in bold 12 points that fit into an inch."""
INCHES_PER_ENTRY = 1.07
"""Width of an entry of the legend such as `member 12`."""
PANEL_INCHES = {Matrix: (4.4, 5.1), Lines: (4.2, 3.1), Paths: (5.4, 5.2)}
STYLE: dict[Any, Any] = {
    "text.parse_math": False,  # a dollar sign in a name is no formula
    "svg.hashsalt": "modescape",
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.titlesize": 10.0,
    "axes.labelcolor": LIGHT["muted"],
    "axes.edgecolor": LIGHT["line"],
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": LIGHT["grid"],
    "text.color": LIGHT["ink"],
    "xtick.color": LIGHT["line"],
    "ytick.color": LIGHT["line"],
    "xtick.labelcolor": LIGHT["muted"],
    "ytick.labelcolor": LIGHT["muted"],
}


def pictures(drawing: Drawing) -> dict[str, bytes]:
    """Return a drawing as `{"png": ..., "svg": ...}`; the alternative text is stored in both.

    Args:
        drawing: What to draw.
    """
    files = {}
    with _style():
        figure = _figure(drawing)
        for kind, metadata in (
            ("png", {"Title": drawing.title, "Description": drawing.alt, "Software": None}),
            ("svg", {"Title": drawing.title, "Description": drawing.alt, "Date": None, "Creator": "modescape"}),
        ):
            buffer = io.BytesIO()
            figure.savefig(buffer, format=kind, dpi=DOTS_PER_INCH, metadata=metadata)
            files[kind] = buffer.getvalue()
            # The first save has found the places; the second need not search for them again.
            figure.set_layout_engine("none")
    return files


@contextmanager
def _style() -> Iterator[None]:
    """Draw in our style inside the block, from matplotlib's own defaults and not the user's."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        yield


def _figure(drawing: Drawing) -> Figure:
    """Return the figure with one pair of axes for each panel."""
    columns = _columns(len(drawing.panels))
    rows = ceil(len(drawing.panels) / columns)
    width, height = PANEL_INCHES[type(drawing.panels[0])]
    # Cells are square, and only the "compressed" layout knows it; it leaves no gaps between them.
    layout = "compressed" if isinstance(drawing.panels[0], Matrix) else "constrained"
    figure = Figure(figsize=(width * columns, height * rows + 0.5), layout=layout, facecolor="white")
    FigureCanvasAgg(figure)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, panel in zip(grid, drawing.panels, strict=False):
        _draw(axes, panel)
    for axes in grid[len(drawing.panels) :]:
        axes.set_axis_off()
    inches = width * columns
    figure.suptitle(fill(drawing.title, int(CHARACTERS_PER_INCH * inches)), fontsize=12, fontweight="bold")
    if drawing.legend:
        handles = [_handle(entry) for entry in drawing.legend]
        ncols = min(len(handles), int(inches / INCHES_PER_ENTRY))
        figure.legend(handles=handles, loc="outside lower center", ncols=ncols, frameon=False)
    return figure


def _columns(num_panels: int) -> int:
    """Return how many panels stand side by side: four make a square, others lines of up to three.

    >>> [_columns(number) for number in (1, 2, 3, 4, 5)]
    [1, 2, 3, 2, 3]
    """
    return 2 if num_panels == 4 else min(num_panels, MAX_COLUMNS)


def _draw(axes: Axes, panel: Panel) -> None:
    """Draw one panel."""
    if panel.title:
        axes.set_title(panel.title, fontweight="bold")
    if isinstance(panel, Matrix):
        _draw_matrix(axes, panel)
        return
    axes.set_xlabel(panel.x_label)
    axes.set_ylabel(panel.y_label)
    if isinstance(panel, Lines):
        _draw_lines(axes, panel)
    else:
        for path in panel.paths:
            _draw_path(axes, path)
        axes.set_aspect("equal", adjustable="datalim")
        axes.set_xticklabels([])
        axes.set_yticklabels([])
        axes.tick_params(length=0)


def _draw_matrix(axes: Axes, matrix: Matrix) -> None:
    """Draw cells with row 0 on top, their numbers where they fit, and the colour bar below."""
    low, high = matrix.color_range
    axes.set_facecolor(LIGHT["gap"])
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    image = axes.imshow(matrix.values, cmap=matrix.colors, vmin=low, vmax=high, interpolation="nearest")
    for set_ticks, names in ((axes.set_xticks, matrix.columns), (axes.set_yticks, matrix.rows)):
        shown = shown_labels(len(names))
        set_ticks(list(shown), [names[index] for index in shown])
    axes.set_xlabel(matrix.word)
    axes.set_ylabel(matrix.word)
    _write_cells(axes, matrix, image)
    finite = matrix.values[np.isfinite(matrix.values)]
    below, above = bool((finite < low).any()), bool((finite > high).any())
    extend = {(False, False): "neither", (True, False): "min", (False, True): "max", (True, True): "both"}[below, above]
    bar = axes.figure.colorbar(image, ax=axes, location="bottom", shrink=0.8, aspect=30, pad=0.02, extend=extend)
    bar.set_label(matrix.color_label)
    bar.outline.set_visible(False)
    bar.locator = MaxNLocator(5)
    bar.update_ticks()


def _write_cells(axes: Axes, matrix: Matrix, image: AxesImage) -> None:
    """Write the number of each cell in black or white, whichever is easier to read on its colour."""
    texts = matrix.cell_texts
    if texts is None:
        return
    size = 9.0 if len(matrix.rows) <= 6 else 6.5
    for row, line in enumerate(texts):
        for column, text in enumerate(line):
            red, green, blue, _ = image.cmap(image.norm(matrix.values[row, column]))
            dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.5
            axes.text(column, row, text, ha="center", va="center", fontsize=size, color="white" if dark else "black")


def _draw_lines(axes: Axes, panel: Lines) -> None:
    """Draw bands under lines."""
    for line in panel.lines:
        color = LIGHT[series_role(line.series)]
        if line.low is not None and line.high is not None:
            axes.fill_between(line.x, line.low, line.high, color=color, alpha=0.22, linewidth=0)
    for line in panel.lines:
        axes.plot(line.x, line.y, **_line_style(line))
    if panel.log_y:
        axes.set_yscale("log")
    if panel.whole_x:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _line_style(line: Line) -> dict[str, Any]:
    """Return the style of a line: thin and grey among many, with points where it is short."""
    many = line.series is None
    return {
        "color": LIGHT[series_role(line.series)],
        "linewidth": 0.8 if many and not line.dashed else 1.8,
        "alpha": 0.5 if many and not line.dashed else 1.0,
        "linestyle": "--" if line.dashed else "-",
        "marker": "o" if len(line.x) <= 12 and not many else "",
        "markersize": 3.5,
    }


def _draw_path(axes: Axes, path: Path) -> None:
    """Draw a way with an open circle at its start and a star at its end."""
    color = LIGHT[series_role(path.series)]
    axes.plot(path.x, path.y, color=color, linewidth=1.2, marker="o", markersize=3)
    axes.plot(path.x[:1], path.y[:1], linestyle="", **_mark("start", color))
    axes.plot(path.x[-1:], path.y[-1:], linestyle="", **_mark("end", color))


def _mark(symbol: str, color: str) -> dict[str, Any]:
    """Return the style of the mark at an end of a path."""
    if symbol == "start":
        style = {"marker": "o", "markersize": 9, "markerfacecolor": "none", "markeredgecolor": color}
        return style | {"markeredgewidth": 1.8, "zorder": 3}
    return {"marker": "*", "markersize": 14, "color": color, "markeredgecolor": "white", "zorder": 4}


def _handle(entry: LegendEntry) -> Line2D:
    """Return the sample of one entry of the legend."""
    if entry.symbol in ("start", "end"):
        return Line2D([], [], label=entry.label, linestyle="", **_mark(entry.symbol, LIGHT["muted"]))
    style = "--" if entry.symbol == "dashes" else "-"
    return Line2D([], [], label=entry.label, color=LIGHT[series_role(entry.series)], linestyle=style, linewidth=1.8)
