"""Trees of clusters."""

from itertools import groupby

from modescape.report.colors import series_role
from modescape.report.drawables import Branch, Dendrogram
from modescape.report.interactive.parts import Spec, base_axis, base_layout, plain, theme

LEAF_PIXELS = 22
MOST_PIXELS = 900
AXIS_PIXELS = 60
LONGEST_LABEL = 28
"""Characters of the label of a leaf on a narrow screen."""


def dendrogram_spec(panel: Dendrogram) -> Spec:
    """Return a trace for all branches of one colour, the line of the threshold, and the height they need."""
    ordered = sorted(panel.branches, key=lambda branch: -1 if branch.series is None else branch.series)
    groups = [(series, list(branches)) for series, branches in groupby(ordered, key=lambda branch: branch.series)]
    number, top = len(panel.leaves), max((branch.x[1] for branch in panel.branches), default=1.0)
    top = max(top, panel.threshold or 0.0) or 1.0
    layout = base_layout() | {
        "xaxis": base_axis(panel.x_label) | {"range": [-0.01 * top, 1.05 * top], "fixedrange": True},
        "yaxis": _leaf_axis(panel) | {"range": [number - 0.4, -0.6], "fixedrange": True},
        "hovermode": "closest",
        "shapes": [] if panel.threshold is None else [_threshold(panel.threshold)],
    }
    height = AXIS_PIXELS + min(MOST_PIXELS, LEAF_PIXELS * number)
    traces = [_trace(series, branches, panel) for series, branches in groups]
    return {"kind": "dendrogram", "data": traces, "layout": layout, "height": height}


def _leaf_axis(panel: Dendrogram) -> Spec:
    """Return the axis of the leaves, with their labels."""
    texts = [panel.leaves[panel.order[place]] for place in panel.named]
    short = [text if len(text) <= LONGEST_LABEL else f"{text[: LONGEST_LABEL - 1]}…" for text in texts]
    ticks: Spec = {"tickmode": "array", "tickvals": panel.named, "ticktext": [plain(text) for text in short]}
    return base_axis("", grid=False) | ticks


def _trace(series: int | None, branches: list[Branch], panel: Dendrogram) -> Spec:
    """Return branches of one colour as one line with gaps; a pointer reads the height at which clusters join."""
    x = [value for branch in branches for value in (*branch.x, None)]
    y = [value for branch in branches for value in (*branch.y, None)]
    told = [f"{branch.sizes[0]} and {branch.sizes[1]} join at {branch.x[1]:.{panel.decimals}f}" for branch in branches]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [None if value is None else float(f"{value:.6g}") for value in x],
        "y": y,
        "text": [text for text in told for _ in range(5)],
        "line": {"color": theme(series_role(series)), "width": 2},
        "hovertemplate": "%{text}<extra></extra>",
    }


def _threshold(height: float) -> Spec:
    """Return the line up to which leaves count as one."""
    ends: Spec = {"x0": height, "x1": height, "yref": "paper", "y0": 0, "y1": 1}
    return ends | {"type": "line", "line": {"color": theme("mark"), "width": 1.5, "dash": "5px,4px"}}
