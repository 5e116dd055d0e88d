"""Matrices as heat maps."""

from modescape.report.drawables import (
    ConfusionDetail,
    Detail,
    ExamplesDetail,
    Matrix,
    NumberDetail,
    has_names,
    shown_places,
)
from modescape.report.interactive.examples import confusion_detail, examples_detail
from modescape.report.interactive.parts import (
    HOVER_CELL,
    Spec,
    base_axis,
    base_layout,
    color_key,
    color_scale,
    numbers,
    plain,
    theme,
)

PIXELS_OF_NAMES = 260
"""Height that all names along an axis share on a narrow screen."""


def matrix_spec(matrix: Matrix) -> Spec:
    """Return a heat map with row 0 on top and square cells, and what its cells show.

    Cells are counted, not named, along the axes: plotly takes a label that looks like a number for a place. The script
    of the page adds the texts that a pointer shows, which would otherwise be most of the file.
    """
    low, high = matrix.color_range
    gap = 1 if matrix.cell_texts else 0
    trace = color_scale(matrix.colors) | HOVER_CELL
    trace |= {"z": numbers(matrix.values), "zmin": low, "zmax": high, "xgap": gap, "ygap": gap}
    if matrix.cell_texts:
        trace |= {"text": matrix.cell_texts, "texttemplate": "%{text}"}
    layout = base_layout() | {
        "plot_bgcolor": theme("gap"),
        "shapes": [line for place in matrix.breaks for line in _break(place - 0.5)],
        "xaxis": _cell_axis(matrix.word, matrix.columns, angle=-90 if has_names(matrix.columns) else 0)
        | {"range": [-0.5, len(matrix.columns) - 0.5]},
        "yaxis": _cell_axis(matrix.word, matrix.rows) | {"range": [len(matrix.rows) - 0.5, -0.5], "scaleanchor": "x"},
    }
    cells: Spec = {
        "rows": list(matrix.rows),
        "columns": list(matrix.columns),
        "word": matrix.word,
        "decimals": matrix.decimals + 1,
    }
    details = [_detail(detail) for detail in matrix.details]
    key = color_key(matrix.values, matrix.color_label, matrix.color_range, matrix.colors, matrix.decimals)
    return {"kind": "matrix", "data": [trace], "layout": layout, "details": details, "scale": key} | cells


def _break(place: float) -> list[Spec]:
    """Return the two lines that divide groups before a row and a column."""
    style: Spec = {"type": "line", "line": {"color": theme("surface"), "width": 4}}
    across: Spec = {"xref": "paper", "x0": 0, "x1": 1, "y0": place, "y1": place}
    upright: Spec = {"yref": "paper", "y0": 0, "y1": 1, "x0": place, "x1": place}
    return [style | across, style | upright]


def _cell_axis(word: str, labels: tuple[str, ...], *, angle: int = 0) -> Spec:
    """Return an axis over the numbers of rows or columns, with their labels."""
    places = shown_places(labels)
    texts = [plain(labels[place]) for place in places]
    ticks: Spec = {"tickmode": "array", "tickvals": places, "ticktext": texts, "tickangle": angle}
    ticks["tickfont"] = {"color": theme("muted"), "size": max(7, min(11, PIXELS_OF_NAMES // max(1, len(places))))}
    return base_axis(word, grid=False) | ticks | {"constrain": "domain", "fixedrange": True}


def _detail(detail: Detail) -> Spec:
    """Return what the script needs to show something of a cell."""
    if isinstance(detail, ConfusionDetail):
        return confusion_detail(detail)
    if isinstance(detail, ExamplesDetail):
        return examples_detail(detail)
    return _number(detail)


def _number(detail: NumberDetail) -> Spec:
    """Return what the script needs to show a number of a cell."""
    ends = {name: numbers(end) for name, end in (("low", detail.low), ("high", detail.high)) if end is not None}
    head: Spec = {"kind": "number", "label": detail.label, "decimals": detail.decimals, "unit": detail.unit}
    told = {"isLess": True} if not detail.is_main else {}
    told |= {"isP": True} if detail.is_p_value else {}
    return head | {"values": numbers(detail.values)} | ends | told
