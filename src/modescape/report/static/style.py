"""What all pictures share: the style of matplotlib, the style of lines and points, and the bar of colours."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from modescape.report.colors import LIGHT, series_role
from modescape.report.drawables import Line
from modescape.report.series import Dash, Symbol, series_dash, series_symbol

STYLE: dict[Any, Any] = {
    "text.parse_math": False,  # a dollar sign in a name is no formula
    "svg.hashsalt": "modescape",
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.titlesize": 10.0,
    "axes.labelcolor": LIGHT["muted"],
    "axes.edgecolor": LIGHT["line"],
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": LIGHT["grid"],
    "text.color": LIGHT["ink"],
    "xtick.color": LIGHT["line"],
    "ytick.color": LIGHT["line"],
    "xtick.labelcolor": LIGHT["muted"],
    "ytick.labelcolor": LIGHT["muted"],
}

MARKERS: Final[dict[Symbol, str]] = {
    "circle": "o",
    "square": "s",
    "diamond": "D",
    "triangle-up": "^",
    "triangle-down": "v",
    "cross": "P",
    "x": "X",
    "pentagon": "p",
    "hexagon": "h",
    "star": "*",
}
"""Symbols as matplotlib names them."""

DASHES: Final[dict[Dash, Any]] = {
    "solid": "-",
    "dash": "--",
    "dot": (0, (1.2, 1.2)),
    "dashdot": (0, (5, 1.5, 1.2, 1.5)),
    "longdash": (0, (7, 2)),
}
"""Dashes as matplotlib names them, near to those of the page."""


@contextmanager
def our_style() -> Iterator[None]:
    """Draw in our style inside the block, from matplotlib's own defaults and not the user's."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        yield


def line_style(line: Line) -> dict[str, Any]:
    """Return the style of a line: thin and grey among many."""
    thin = line.series is None and not line.dashed
    return {
        "color": LIGHT[series_role(line.series)],
        "linewidth": 0.8 if thin else 1.8,
        "alpha": 0.5 if thin else 1.0,
        "linestyle": DASHES[series_dash(line.series, dashed=line.dashed)],
        "marker": MARKERS[series_symbol(line.series)] if line.shows_points else "",
        "markersize": 4.0,
    }


def write_plain_powers(axis: Axis) -> None:
    """Write plain numbers along a logarithmic axis: the formulas that matplotlib writes are not drawn in our style."""
    low, high = axis.get_view_interval()
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high / low < MANY_TIMES else (1,)))
    axis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.set_minor_formatter(NullFormatter())


MANY_TIMES: Final = 200.0
"""Highest over lowest value from which a logarithmic axis has room for powers of ten only."""


def add_color_bar(
    axes: Axes, image: ScalarMappable, label: str, values: Float[np.ndarray, "..."], ends: tuple[float, float]
) -> Colorbar:
    """Add the bar of colours below a panel; its ends are pointed where numbers lie beyond them.

    Args:
        axes: The panel.
        image: What is drawn in these colours.
        label: What the colours mean.
        values: The numbers that are drawn.
        ends: The values at both ends of the colours.

    Returns:
        The bar.
    """
    finite = values[np.isfinite(values)]
    beyond = (bool((finite < ends[0]).any()), bool((finite > ends[1]).any()))
    extend = {(False, False): "neither", (True, False): "min", (False, True): "max", (True, True): "both"}[beyond]
    bar = axes.figure.colorbar(image, ax=axes, location="bottom", shrink=0.8, aspect=30, pad=0.02, extend=extend)
    bar.set_label(label)
    bar.outline.set_visible(False)
    return bar
