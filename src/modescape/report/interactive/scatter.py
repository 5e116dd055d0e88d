"""Groups of points, and lines under them."""

from modescape.report.colors import series_role
from modescape.report.drawables import LegendEntry, Line, PointGroup, Scatter
from modescape.report.interactive.lines import bare_line
from modescape.report.interactive.parts import Spec, base_axis, base_layout, entry_number, numbers, plain, theme

POINT_PIXELS = 9


def scatter_spec(panel: Scatter, legend: tuple[LegendEntry, ...]) -> Spec:
    """Return points over lines."""
    lines = [_line(line, panel, entry_number(legend, line.legend or line.name)) for line in panel.lines]
    groups = [_group(group, panel, entry_number(legend, group.name)) for group in panel.groups]
    axes = {
        name: base_axis(label) | ({"range": list(ends)} if ends else {})
        for name, label, ends in (
            ("xaxis", panel.x_label, panel.x_range),
            ("yaxis", panel.y_label, panel.y_range),
        )
    }
    return {"kind": "scatter", "data": lines + groups, "layout": base_layout() | axes | {"hovermode": "closest"}}


def _position(panel: Scatter) -> str:
    """Return what a pointer shows of a place: both numbers with what they are."""
    digits = panel.decimals
    return f"{plain(panel.x_label)}: %{{x:.{digits}f}}<br>{plain(panel.y_label)}: %{{y:.{digits}f}}"


def _line(line: Line, panel: Scatter, entry: int) -> Spec:
    """Return one line."""
    return bare_line(line, entry) | {"hovertemplate": f"{plain(line.name)}<br>{_position(panel)}<extra></extra>"}


def _group(group: PointGroup, panel: Scatter, entry: int) -> Spec:
    """Return the points of one group, with an edge so that near ones can be told apart."""
    sizes = POINT_PIXELS if group.sizes is None else numbers(POINT_PIXELS * group.sizes)
    marker: Spec = {"symbol": group.symbol, "size": sizes, "color": theme(series_role(group.series)), "opacity": 0.85}
    head = plain(group.name) if group.texts is None else f"{plain(group.name)}, %{{text}}"
    trace: Spec = {
        "type": "scatter",
        "mode": "markers",
        "x": numbers(group.x),
        "y": numbers(group.y),
        "name": plain(group.name),
        "marker": marker | {"line": {"color": theme("surface"), "width": 1}},
        "hovertemplate": f"{head}<br>{_position(panel)}<extra></extra>",
        "meta": {"entry": entry},
    }
    return trace if group.texts is None else trace | {"text": [plain(text) for text in group.texts]}
