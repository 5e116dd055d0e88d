"""Lines and planes as figures: a page of its own, and pictures."""

import xarray as xr

from modescape.report.contents import ReportContents
from modescape.report.exports.parts import TITLE, Files, check_plane
from modescape.report.figures.planes import plane_drawing
from modescape.report.page import page
from modescape.report.static import pictures


def as_page(dataset: xr.Dataset, loss_unit: str) -> Files:
    """Return a page with the figure, which asks the network for nothing."""
    check_plane(dataset, ".html", line=True)
    drawing = plane_drawing(dataset, loss_unit=loss_unit)
    text = page(ReportContents(TITLE), None, [drawing], [], {drawing.name: pictures(drawing)})
    return {".html": text.encode()}


def as_png(dataset: xr.Dataset, loss_unit: str) -> Files:
    """Return the figure as PNG."""
    return _picture(dataset, loss_unit, "png")


def as_svg(dataset: xr.Dataset, loss_unit: str) -> Files:
    """Return the figure as SVG."""
    return _picture(dataset, loss_unit, "svg")


def _picture(dataset: xr.Dataset, loss_unit: str, kind: str) -> Files:
    """Return the figure as a picture."""
    check_plane(dataset, f".{kind}", line=True)
    return {f".{kind}": pictures(plane_drawing(dataset, loss_unit=loss_unit))[kind]}
