"""The few kinds of thing a figure can be made of: plain numbers and texts, no drawing library.

Both renderers, `interactive` (plotly) and `static` (matplotlib), know these kinds and nothing else. A new figure
uses them as they are; a new kind is one file here and one in each renderer.
"""

from modescape.report.drawables.dendrogram import Branch, Dendrogram
from modescape.report.drawables.drawing import Drawing, LegendEntry, Panel
from modescape.report.drawables.examples import MISSING, Examples, Votes
from modescape.report.drawables.gallery import Gallery
from modescape.report.drawables.intervals import BAND, IntervalRow, Intervals, Reference, spread_of
from modescape.report.drawables.lines import Line, Lines
from modescape.report.drawables.matrix import (
    ConfusionDetail,
    Detail,
    ExamplesDetail,
    Matrix,
    NumberDetail,
    has_names,
    shown_labels,
    shown_places,
)
from modescape.report.drawables.paths import Path, Paths
from modescape.report.drawables.polar import Mark, PolarSurface
from modescape.report.drawables.relief import Relief
from modescape.report.drawables.scatter import PointGroup, Scatter
from modescape.report.drawables.surface import Place, Surface, Trail
from modescape.report.drawables.table import Table, long_table

__all__ = [
    "BAND",
    "MISSING",
    "Branch",
    "ConfusionDetail",
    "Dendrogram",
    "Detail",
    "Drawing",
    "Examples",
    "ExamplesDetail",
    "Gallery",
    "IntervalRow",
    "Intervals",
    "LegendEntry",
    "Line",
    "Lines",
    "Mark",
    "Matrix",
    "NumberDetail",
    "Panel",
    "Path",
    "Paths",
    "Place",
    "PointGroup",
    "PolarSurface",
    "Reference",
    "Relief",
    "Scatter",
    "Surface",
    "Table",
    "Trail",
    "Votes",
    "has_names",
    "long_table",
    "shown_labels",
    "shown_places",
    "spread_of",
]
