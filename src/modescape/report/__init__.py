"""Figures and the HTML report, drawn from stored results only.

Each figure is one file in `figures`: it turns results into a drawing made of a few plain kinds (`drawables`), and two
renderers draw those kinds, `interactive` for the page and `static` for PNG and SVG. `summarise` answers the two
questions on top of the page: are my members different, and is the ensemble worth it?
"""

from modescape.report.claims import Claim, Evidence
from modescape.report.contents import ReportContents
from modescape.report.drawables import (
    Detail,
    Drawing,
    IntervalRow,
    Intervals,
    LegendEntry,
    Line,
    Lines,
    Mark,
    Matrix,
    NumberDetail,
    Panel,
    Path,
    Paths,
    Place,
    PointGroup,
    PolarSurface,
    Reference,
    Relief,
    Scatter,
    Surface,
    Table,
    Trail,
)
from modescape.report.exports import save_landscape
from modescape.report.figures import FIGURES, FigureKind, LeftOut, Need, drawn
from modescape.report.interactive import panel_spec
from modescape.report.static import pictures
from modescape.report.summary import Summary, summarise
from modescape.report.verdicts import Answer, Number, Verdict
from modescape.report.writing import write_report

__all__ = [
    "FIGURES",
    "Answer",
    "Claim",
    "Detail",
    "Drawing",
    "Evidence",
    "FigureKind",
    "IntervalRow",
    "Intervals",
    "LeftOut",
    "LegendEntry",
    "Line",
    "Lines",
    "Mark",
    "Matrix",
    "Need",
    "Number",
    "NumberDetail",
    "Panel",
    "Path",
    "Paths",
    "Place",
    "PointGroup",
    "PolarSurface",
    "Reference",
    "Relief",
    "ReportContents",
    "Scatter",
    "Summary",
    "Surface",
    "Table",
    "Trail",
    "Verdict",
    "drawn",
    "panel_spec",
    "pictures",
    "save_landscape",
    "summarise",
    "write_report",
]
