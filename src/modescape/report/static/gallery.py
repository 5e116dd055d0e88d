"""Galleries of examples as pictures."""

from math import ceil
from textwrap import wrap

from matplotlib.axes import Axes

from modescape.report.colors import LIGHT
from modescape.report.drawables import Examples, Gallery, Votes

COLUMNS = 4
CARD_INCHES = (2.3, 2.5)
ROW_INCHES = 0.4
"""Height of an example that is no image: two lines of text."""
ROW_WIDTH = 9.2
IMAGE_SHARE = 0.52
TEXT_GAP = 0.02
"""Room between an image and its text, as a share of the height of a card."""
"""Share of the height of a card that its image takes."""
CHARACTERS = 34
"""Characters of a line of text below an image."""
ROW_CHARACTERS = 160
MOST_LINES = 6
"""Lines of text below an image; what does not fit is counted."""
MOST_FEATURES = 4
"""Features of an example that is no image that a picture writes; the page has all."""


def gallery_inches(panel: Gallery) -> tuple[float, float]:
    """Return the width and the height of a gallery."""
    number = max(1, min(len(panel.shown), panel.in_picture))
    if panel.examples.pixels is None:
        return ROW_WIDTH, ROW_INCHES * number
    return CARD_INCHES[0] * min(number, COLUMNS), CARD_INCHES[1] * ceil(number / COLUMNS)


def draw_gallery(axes: Axes, panel: Gallery) -> None:
    """Draw the first examples: images in a grid with the answers below each, others as lines of text."""
    axes.set_axis_off()
    shown = panel.shown[: panel.in_picture]
    if len(shown) < len(panel.shown):
        axes.set_title(f"The first {len(shown)} of {len(panel.shown)}; the page shows all.", fontsize=9, loc="left")
    if panel.examples.pixels is None:
        _draw_rows(axes, panel.examples, shown)
        return
    columns, rows = min(len(shown), COLUMNS), ceil(len(shown) / COLUMNS)
    for place, one in enumerate(shown):
        left, top = (place % columns) / columns, 1 - (place // columns) / rows
        card = axes.inset_axes((left, top - IMAGE_SHARE / rows, 0.92 / columns, 0.97 * IMAGE_SHARE / rows))
        image = panel.examples.pixels[one]
        card.imshow(image[..., 0] if image.shape[-1] == 1 else image, cmap="gray", vmin=0, vmax=255)
        card.set_axis_off()
        card.set_anchor("W")
        text = "\n".join(_lines(panel.examples, one, CHARACTERS))
        style = {"fontsize": 7.0, "va": "top", "linespacing": 1.25, "transform": axes.transAxes}
        axes.text(left, top - (IMAGE_SHARE + TEXT_GAP) / rows, text, color=LIGHT["ink"], **style)


def _draw_rows(axes: Axes, examples: Examples, shown: tuple[int, ...]) -> None:
    """Draw examples that are no images as lines of text."""
    for place, one in enumerate(shown):
        text = "; ".join(_lines(examples, one, 10_000))
        if examples.features is not None:
            named = list(zip(examples.feature_names, examples.features[one], strict=True))
            written = [f"{name} {value:.4g}" for name, value in named[:MOST_FEATURES]]
            more = len(named) - len(written)
            text += f" ({', '.join(written)}{f' and {more} more' if more else ''})"
        lines = wrap(text, ROW_CHARACTERS)
        shown_lines = lines[:2] if len(lines) <= 2 else [lines[0], f"{lines[1][: ROW_CHARACTERS - 2]} …"]
        style = {"fontsize": 7.5, "va": "top", "linespacing": 1.25, "transform": axes.transAxes}
        axes.text(0.0, 1 - place / len(shown), "\n".join(shown_lines), color=LIGHT["ink"], **style)


def _lines(examples: Examples, one: int, width: int) -> list[str]:
    """Return what is written of an example: its name, what is true, and who answered what."""
    label = examples.class_name(int(examples.labels[one]))
    title = examples.titles[one][0].upper() + examples.titles[one][1:]
    answers = [_written(votes) for votes in examples.answers(one)]
    head, rest = wrap(f"{title}, true: {label}", width), [wrap(answer, width) for answer in answers]
    lines = [*head, *(line for answer in rest for line in answer)]
    if len(lines) <= MOST_LINES:
        return lines
    return [*lines[: MOST_LINES - 1], f"… {len(answers)} answers in all"]


def _written(votes: Votes) -> str:
    """Return one answer with who gave it."""
    mark = " ✓" if votes.is_true else ""
    confidence = f" ({votes.confidence})" if votes.confidence else ""
    return f"{votes.name}{mark}: {votes.members}{confidence}"
