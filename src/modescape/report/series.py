"""What tells one series from another besides its colour: the symbol of its points and the dashes of its line."""

from typing import Final, Literal, TypeAlias, get_args

from modescape.report.colors import NUM_SERIES

Symbol: TypeAlias = Literal[
    "circle",
    "square",
    "diamond",
    "triangle-up",
    "triangle-down",
    "cross",
    "x",
    "pentagon",
    "hexagon",
    "star",
]
"""The shape of a point; both renderers know these."""

SYMBOLS: Final[tuple[Symbol, ...]] = get_args(Symbol)
"""The symbols in the order in which series take them."""

Dash: TypeAlias = Literal["solid", "dash", "dot", "dashdot", "longdash"]
"""The dashes of a line; both renderers know these."""

LATER_DASHES: Final[tuple[Dash, ...]] = ("dot", "dashdot", "longdash")
"""The dashes of the series whose colours alone would not tell them apart."""


def series_symbol(series: int | None) -> Symbol:
    """Return the symbol of a series; symbols repeat after the last, and one among many is a circle.

    >>> series_symbol(0), series_symbol(6), series_symbol(None)
    ('circle', 'x', 'circle')
    """
    return SYMBOLS[0] if series is None else SYMBOLS[series % len(SYMBOLS)]


def series_dash(series: int | None, *, dashed: bool = False) -> Dash:
    """Return the dashes of a series: solid while its colour alone tells it apart.

    Args:
        series: Number of the series; None is one among many.
        dashed: Whether it is dashed for a reason of its own.

    >>> series_dash(0), series_dash(0, dashed=True), series_dash(6)
    ('solid', 'dash', 'dot')
    """
    if dashed:
        return "dash"
    if series is None or series < NUM_SERIES:
        return "solid"
    return LATER_DASHES[(series - NUM_SERIES) % len(LATER_DASHES)]
