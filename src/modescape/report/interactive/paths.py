"""Ways through a plane."""

from typing import Any

from modescape.report.colors import series_role
from modescape.report.drawables import LegendEntry, Path, Paths
from modescape.report.interactive.parts import Spec, base_axis, base_layout, entry_number, numbers, plain, theme


def paths_spec(panel: Paths, legend: tuple[LegendEntry, ...]) -> Spec:
    """Return paths with their ends marked, on axes of one scale."""
    traces = [trace for path in panel.paths for trace in _path(path, entry_number(legend, path.name))]
    bare = {"showticklabels": False, "ticks": "", "zeroline": False}
    layout = base_layout() | {
        "xaxis": base_axis(panel.x_label) | bare | {"constrain": "domain"},
        "yaxis": base_axis(panel.y_label) | bare | {"scaleanchor": "x", "constrain": "domain"},
        "hovermode": "closest",
    }
    return {"kind": "paths", "data": traces, "layout": layout}


def _path(path: Path, entry: int) -> list[Spec]:
    """Return the way, and the marks of its two ends over it."""
    color = theme(series_role(path.series))
    template = f"{plain(path.name)}, %{{text}}<extra></extra>"
    base: Spec = {"type": "scatter", "meta": {"entry": entry}, "hovertemplate": template, "cliponaxis": False}

    def piece(part: slice, mode: str, **style: Any) -> Spec:
        """Return some points of the path in one style."""
        texts = [plain(text) for text in path.points[part]]
        return base | {"x": numbers(path.x[part]), "y": numbers(path.y[part]), "text": texts, "mode": mode} | style

    start = {"symbol": "circle-open", "size": 13, "color": color, "line": {"color": color, "width": 2.5}}
    end = {"symbol": "star", "size": 17, "color": color, "line": {"color": theme("surface"), "width": 1}}
    return [
        piece(slice(None), "lines+markers", line={"color": color, "width": 1.5}, marker={"size": 5, "color": color}),
        piece(slice(0, 1), "markers", marker=start),
        piece(slice(-1, None), "markers", marker=end),
    ]
