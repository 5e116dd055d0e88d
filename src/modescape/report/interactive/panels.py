"""The specification of any panel."""

from collections.abc import Callable
from typing import Final

from modescape.report.drawables import (
    Dendrogram,
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
)
from modescape.report.interactive.dendrogram import dendrogram_spec
from modescape.report.interactive.examples import gallery_spec
from modescape.report.interactive.intervals import intervals_spec
from modescape.report.interactive.lines import lines_spec
from modescape.report.interactive.matrix import matrix_spec
from modescape.report.interactive.parts import Spec
from modescape.report.interactive.paths import paths_spec
from modescape.report.interactive.polar import polar_spec
from modescape.report.interactive.relief import relief_spec
from modescape.report.interactive.scatter import scatter_spec
from modescape.report.interactive.surface import surface_spec


def panel_spec(panel: Panel, legend: tuple[LegendEntry, ...] = ()) -> Spec:
    """Return what the page needs to draw a panel.

    Args:
        panel: What to draw.
        legend: The legend of the whole figure; each trace gets the number of its entry.

    Returns:
        `kind`, `title`, `alt`, `data` and `layout`, and what the script needs for a kind: `rows`, `columns`, `word` and
        `details` of a matrix, the `grid` of a polar surface, the `scale` of both, the `height` of intervals and trees,
        and the examples that a gallery shows.
    """
    return {"title": panel.title, "alt": panel.alt} | _kind_spec(panel, legend)


SPECS: Final[dict[type, Callable[..., Spec]]] = {
    Lines: lines_spec,
    Paths: paths_spec,
    PolarSurface: polar_spec,
    Relief: relief_spec,
    Scatter: scatter_spec,
    Surface: surface_spec,
}
"""What makes the specification of each kind of panel that has entries in a legend."""


BARE_SPECS: Final[dict[type, Callable[..., Spec]]] = {
    Dendrogram: dendrogram_spec,
    Gallery: gallery_spec,
    Intervals: intervals_spec,
    Matrix: matrix_spec,
}
"""What makes the specification of those that have none."""


def _kind_spec(panel: Panel, legend: tuple[LegendEntry, ...]) -> Spec:
    """Return the part that each kind of panel has of its own."""
    kind = type(panel)
    return BARE_SPECS[kind](panel) if kind in BARE_SPECS else SPECS[kind](panel, legend)
