"""Rows of numbers with their intervals."""

import numpy as np

from modescape.report.colors import series_role
from modescape.report.drawables import BAND, IntervalRow, Intervals, spread_of
from modescape.report.interactive.parts import LOG_AXIS, Spec, base_axis, base_layout, numbers, plain, theme, wrapped

ROW_PIXELS = 34
MARK_PIXELS = 17
"""Height of a line of names of marks."""
AXIS_PIXELS = 64
LABEL_PIXELS = 16
"""Height of each further line of the label of the axis."""
NAME_CHARACTERS = 24
LABEL_CHARACTERS = 36


def intervals_spec(panel: Intervals) -> Spec:
    """Return one row for each number, the first on top, headings in bold, and the height that they need."""
    traces = [trace for place, slot in enumerate(panel.slots) for trace in _row(slot, place, panel)]
    top = 8 + MARK_PIXELS * panel.num_name_lines
    low, high = np.log10(panel.extent) if panel.log_x else panel.extent
    layout = base_layout()
    layout |= {
        "margin": layout["margin"] | {"t": top},
        "xaxis": _values_axis(panel) | {"range": [float(low), float(high)]} | (LOG_AXIS if panel.log_x else {}),
        "yaxis": _rows_axis(panel),
        "hovermode": "closest",
        "shapes": [*_bands(panel), *(_mark_line(mark.x) for mark in panel.marks)],
        "annotations": _mark_names(panel),
    }
    more = LABEL_PIXELS * layout["xaxis"]["title"]["text"].count("<br>")
    height = ROW_PIXELS * len(panel.slots) + AXIS_PIXELS + more + top
    return {"kind": "intervals", "data": traces, "layout": layout, "height": height}


def _values_axis(panel: Intervals) -> Spec:
    """Return the axis of the numbers, its label in lines that a narrow screen has room for."""
    axis = base_axis(panel.x_label)
    axis["title"]["text"] = wrapped(panel.x_label, LABEL_CHARACTERS)
    return axis


def _rows_axis(panel: Intervals) -> Spec:
    """Return the axis along which rows and headings stand."""
    texts = [
        f"<b>{wrapped(slot, NAME_CHARACTERS)}</b>" if isinstance(slot, str) else wrapped(slot.name, NAME_CHARACTERS)
        for slot in panel.slots
    ]
    ticks: Spec = {"tickmode": "array", "tickvals": list(range(len(texts))), "ticktext": texts}
    return base_axis("") | ticks | {"range": [len(texts) - 0.4, -0.6], "fixedrange": True}


def _row(slot: str | IntervalRow, place: int, panel: Intervals) -> list[Spec]:
    """Return the dots of a row and its number with the interval; a heading has none."""
    if isinstance(slot, str) or not np.isfinite(slot.value):
        return []
    color = theme(series_role(slot.series))
    base: Spec = {"type": "scatter", "mode": "markers", "cliponaxis": False}
    number = base | {
        "x": [slot.value],
        "y": [place],
        "marker": {"symbol": slot.symbol, "size": 11, "color": color, "line": {"color": theme("surface"), "width": 1}},
        "hovertemplate": f"{plain(slot.name)}: {plain(slot.told(panel.decimals))}<extra></extra>",
    }
    if slot.has_interval:
        ends = {"array": [slot.high - slot.value], "arrayminus": [slot.value - slot.low], "symmetric": False}
        number["error_x"] = ends | {"type": "data", "color": color, "thickness": 2, "width": 5}
    return [*_dots(slot, place, base, panel.decimals), number]


def _dots(row: IntervalRow, place: int, base: Spec, decimals: int) -> list[Spec]:
    """Return the single numbers behind a row, spread a little so that equal ones are seen."""
    if row.dots is None:
        return []
    marker = {"size": 5, "color": theme(series_role(row.series)), "opacity": 0.35}
    spread = numbers(place + spread_of(len(row.dots)))
    template = f"{plain(row.name)}: %{{x:.{decimals}f}}<extra></extra>"
    return [base | {"x": numbers(row.dots), "y": spread, "marker": marker, "hovertemplate": template}]


def _bands(panel: Intervals) -> list[Spec]:
    """Return the bands behind rows where chance alone would put their numbers."""
    look: Spec = {"type": "rect", "layer": "below", "fillcolor": theme("gap"), "line": {"width": 0}}
    rows = [(place, slot) for place, slot in enumerate(panel.slots) if isinstance(slot, IntervalRow)]
    return [
        look | {"x0": row.chance[0], "x1": row.chance[1], "y0": place - BAND, "y1": place + BAND}
        for place, row in rows
        if row.chance is not None and np.isfinite(row.value)
    ]


def _mark_line(x: float) -> Spec:
    """Return the vertical line at a number to compare with."""
    ends: Spec = {"x0": x, "x1": x, "yref": "paper", "y0": 0, "y1": 1}
    return ends | {"type": "line", "layer": "below", "line": {"color": theme("muted"), "width": 1.5, "dash": "5px,4px"}}


def _mark_names(panel: Intervals) -> list[Spec]:
    """Return the names of marks above the panel."""
    above: Spec = {"xref": "paper", "y": 1, "yref": "paper", "yanchor": "bottom", "showarrow": False}
    font = {"font": {"size": 11, "color": theme("muted")}}
    return [
        above
        | font
        | {"x": name.share, "xanchor": name.anchor, "yshift": MARK_PIXELS * name.line, "text": plain(name.text)}
        for name in panel.mark_names
    ]
