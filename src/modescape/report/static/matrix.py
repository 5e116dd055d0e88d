"""Matrices as pictures."""

from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator

from modescape.report.colors import LIGHT
from modescape.report.drawables import Matrix, has_names, shown_places
from modescape.report.static.style import add_color_bar

MAX_CHARACTERS = 30
"""Characters of a name beside which a picture of 5 inches still has room for cells."""
POINTS_OF_NAMES = 240.0
"""Height that all names along an axis share, in points."""


def draw_matrix(axes: Axes, matrix: Matrix) -> None:
    """Draw cells with row 0 on top, their numbers where they fit, and the colour bar below."""
    low, high = matrix.color_range
    axes.set_facecolor(LIGHT["gap"])
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    image = axes.imshow(matrix.values, cmap=matrix.colors, vmin=low, vmax=high, interpolation="nearest")
    for set_ticks, names in ((axes.set_xticks, matrix.columns), (axes.set_yticks, matrix.rows)):
        shown = shown_places(names)
        set_ticks(shown, [_cut(names[index]) for index in shown], fontsize=min(9.0, POINTS_OF_NAMES / len(shown)))
    if has_names(matrix.columns):
        axes.tick_params(axis="x", labelrotation=90)
    for place in matrix.breaks:
        axes.axvline(place - 0.5, color="white", linewidth=3)
        axes.axhline(place - 0.5, color="white", linewidth=3)
    axes.set_xlabel(matrix.word)
    axes.set_ylabel(matrix.word)
    _write_cells(axes, matrix, image)
    bar = add_color_bar(axes, image, matrix.color_label, matrix.values, matrix.color_range)
    bar.locator = MaxNLocator(5)
    bar.update_ticks()


def _cut(name: str) -> str:
    """Return a name as it is, or its beginning where it would leave no room for the cells.

    >>> _cut("cycle 1, epoch 8"), len(_cut("x" * 100)) == MAX_CHARACTERS
    ('cycle 1, epoch 8', True)
    """
    return name if len(name) <= MAX_CHARACTERS else f"{name[: MAX_CHARACTERS - 1]}…"


def _write_cells(axes: Axes, matrix: Matrix, image: AxesImage) -> None:
    """Write the number of each cell in black or white, whichever is easier to read on its colour."""
    texts = matrix.cell_texts
    if texts is None:
        return
    size = 9.0 if len(matrix.rows) <= 6 else 6.5
    for row, line in enumerate(texts):
        for column, text in enumerate(line):
            red, green, blue, _ = image.cmap(image.norm(matrix.values[row, column]))
            dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.5
            axes.text(column, row, text, ha="center", va="center", fontsize=size, color="white" if dark else "black")
