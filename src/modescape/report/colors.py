"""Colours of figures and page, light and dark: safe for the colour-blind, one source for both renderers and the CSS.

Source: Okabe and Ito (2008), Color Universal Design, https://jfly.uni-koeln.de/color/ for the first six colours of
lines; the next are dark on a light ground and light on a dark one. Differs from it in leaving out yellow on a light
ground and black, which can't be told from text.
"""

from typing import Final

LIGHT: Final[dict[str, str]] = {
    "page": "#f6f7f9",
    "surface": "#ffffff",
    "ink": "#1b1f24",
    "muted": "#59636e",
    "line": "#d5dae0",
    "grid": "#e8ebef",
    "gap": "#e3e6ea",
    "accent": "#005a8f",
    "good": "#00664b",
    "bad": "#a63c00",
    "many": "#8c96a1",
    "mark": "#d6006e",
    "series-0": "#0072b2",
    "series-1": "#d55e00",
    "series-2": "#009e73",
    "series-3": "#cc79a7",
    "series-4": "#e69f00",
    "series-5": "#56b4e9",
    "series-6": "#332288",
    "series-7": "#882255",
    "series-8": "#66651c",
}
"""Colours by role on a light ground."""

DARK: Final[dict[str, str]] = {
    "page": "#0f1216",
    "surface": "#171b21",
    "ink": "#e8ebef",
    "muted": "#a3adb8",
    "line": "#323943",
    "grid": "#262c34",
    "gap": "#2b313a",
    "accent": "#7cc4f0",
    "good": "#4fd1a5",
    "bad": "#f2a65e",
    "many": "#76818d",
    "mark": "#ff5fae",
    "series-0": "#56b4e9",
    "series-1": "#e69f00",
    "series-2": "#009e73",
    "series-3": "#cc79a7",
    "series-4": "#d55e00",
    "series-5": "#f0e442",
    "series-6": "#b3a7ff",
    "series-7": "#ff8fa8",
    "series-8": "#b9b87f",
}
"""Colours by role on a dark ground."""

NUM_COLORS: Final = sum(role.startswith("series-") for role in LIGHT)
"""How many series have a colour of their own."""

NUM_SERIES: Final = 6
"""How many lines can be told apart by colour alone; later series need dashes or symbols too (`series`), and members
beyond this number are drawn alike, with their median."""


def series_role(series: int | None) -> str:
    """Return the role of a line's colour; colours repeat after the last, and None is one line among many.

    >>> series_role(0), series_role(NUM_COLORS), series_role(None)
    ('series-0', 'series-0', 'many')
    """
    return "many" if series is None else f"series-{series % NUM_COLORS}"
