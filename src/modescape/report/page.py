"""The page: one HTML file with everything in it, that asks the network for nothing."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from typing import Any, Final
from urllib.parse import quote

from jinja2 import Environment, StrictUndefined
from plotly.offline import get_plotlyjs

from modescape.report.claims import CAPTIONS, by_heading
from modescape.report.colors import DARK, LIGHT, series_role
from modescape.report.contents import ReportContents
from modescape.report.drawables import (
    Dendrogram,
    Drawing,
    Examples,
    ExamplesDetail,
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
from modescape.report.figures import LeftOut
from modescape.report.interactive import examples_spec, panel_spec
from modescape.report.series import series_dash, series_symbol
from modescape.report.summary import Summary

ICON = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'><path d='M0 4c3 0 3 9 5 9s1-6 3-6 1 6 3 6 2-9 5-9'"
    " fill='none' stroke='#0072b2' stroke-width='2'/></svg>"
)
"""Two valleys; a page without an icon makes the browser ask the network for one."""

PANEL_WIDTHS: Final = {
    Dendrogram: "intervals",
    Gallery: "gallery",
    Matrix: "matrix",
    Lines: "lines",
    Paths: "paths",
    PolarSurface: "polar",
    Relief: "relief",
    Surface: "relief",
    Scatter: "scatter",
    Intervals: "intervals",
}
"""The class of the style sheet that says how wide panels are, by the kind of the first panel of a figure."""


SCRIPTS: Final = (
    "theme",
    "cells",
    "confusion",
    "gallery",
    "polar",
    "surface",
    "scene",
    "box",
    "relief",
    "walk",
    "figures",
)
"""Our scripts in the order in which they run; the first runs in the head."""


def page(
    contents: ReportContents,
    summary: Summary | None,
    drawings: Sequence[Drawing],
    left_out: Sequence[LeftOut],
    pictures: Mapping[str, Mapping[str, bytes]],
) -> str:
    """Return the page as text.

    Args:
        contents: Title, facts and notes; they are escaped.
        summary: The answers on top; None for figures alone.
        drawings: The figures.
        left_out: Figures that could not be drawn.
        pictures: PNG and SVG of each figure by its name.
    """
    scripts = _scripts()
    template = _environment().from_string(_template("report.html"))
    return template.render(
        contents=contents,
        summary=summary,
        figures=[_figure(drawing, pictures[drawing.name]) for drawing in drawings],
        left_out=left_out,
        claims_by_heading=by_heading(summary.claims if summary else ()),
        claims_captions=CAPTIONS,
        specs=[_spec(drawing) for drawing in drawings],
        examples=_examples([panel for drawing in drawings for panel in drawing.panels]),
        policy=_policy(scripts),
        scripts=scripts,
        script_names=SCRIPTS[1:],
        css=_template("report.css"),
        icon=f"data:image/svg+xml,{quote(ICON)}",
        light=LIGHT,
        dark=DARK,
        version=version("modescape"),
    )


def _environment() -> Environment:
    """Return jinja2 with escaping on, unknown names as errors, and JSON that a script element can hold."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.policies["json.dumps_kwargs"] = {"allow_nan": False, "separators": (",", ":")}
    return environment


def _figure(drawing: Drawing, picture: Mapping[str, bytes]) -> dict[str, Any]:
    """Return the parts of a figure that are plain HTML."""
    return {
        "name": drawing.name,
        "title": drawing.title,
        "shows": drawing.shows,
        "found": drawing.found,
        "look_for": drawing.look_for,
        "alt": drawing.alt,
        "kind": _panel_width(drawing),
        "png": _data_address("image/png", picture["png"]),
        "svg": _data_address("image/svg+xml", picture["svg"]),
        "csv": _data_address("text/csv;charset=utf-8", drawing.table.as_csv().encode()),
    }


def _panel_width(drawing: Drawing) -> str:
    """Return the class of the style sheet that says how wide panels are; lines in threes stand side by side."""
    kind = PANEL_WIDTHS[type(drawing.panels[0])]
    return "three" if kind == "lines" and len(drawing.panels) % 3 == 0 else kind


def _spec(drawing: Drawing) -> dict[str, Any]:
    """Return the parts of a figure that the script draws."""
    return {
        "name": drawing.name,
        "legend": [_legend_entry(entry) for entry in drawing.legend],
        "panels": [panel_spec(panel, drawing.legend) for panel in drawing.panels],
    }


def _examples(panels: Sequence[Panel]) -> dict[str, Any]:
    """Return the examples that panels and their details show, each set once by its name."""
    found: dict[str, Examples] = {}
    for panel in panels:
        details = panel.details if isinstance(panel, Matrix) else ()
        shown = [detail.examples for detail in details if isinstance(detail, ExamplesDetail)]
        for examples in [*shown, *([panel.examples] if isinstance(panel, Gallery) else [])]:
            found.setdefault(examples.name, examples)
    return {name: examples_spec(examples) for name, examples in found.items()}


def _legend_entry(entry: LegendEntry) -> dict[str, Any]:
    """Return what the script needs to draw the sample of an entry."""
    is_line = entry.symbol in ("line", "dashes")
    marker = (series_symbol(entry.series) if entry.has_points else None) if is_line else entry.symbol
    return {
        "label": entry.label,
        "role": series_role(entry.series),
        "symbol": entry.symbol,
        "marker": marker,
        "dash": series_dash(entry.series, dashed=entry.symbol == "dashes"),
        "is_mark": entry.is_mark,
    }


def _policy(scripts: Mapping[str, str]) -> str:
    """Return a Content-Security-Policy that allows our scripts by their hashes and no request at all.

    Styles can't be allowed by hash because plotly.js adds its own while it draws.
    """
    digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts.values()]
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


@cache
def _scripts() -> dict[str, str]:
    """Return the scripts of the page by name; none can end its own element."""
    scripts = {name: _template(f"{name}.js") for name in SCRIPTS}
    scripts["plotly"] = get_plotlyjs()
    # A browser reads line ends as line feeds, and the hash in the policy is that of what it reads.
    return {name: text.replace("\r\n", "\n").replace("</script", "<\\/script") for name, text in scripts.items()}


def _template(name: str) -> str:
    """Return a file of the `templates` folder."""
    return files("modescape.report").joinpath("templates", name).read_text(encoding="utf-8")


def _data_address(kind: str, content: bytes) -> str:
    """Return content as a `data:` address."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
