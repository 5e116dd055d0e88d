"""Trees of clusters as pictures."""

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from modescape.report.colors import LIGHT, series_role
from modescape.report.drawables import Dendrogram

LONGEST_LABEL = 28
"""Characters of the label of a leaf beside which a picture still has room for the tree."""
WIDTH = 5.2
INCHES_PER_LEAF = 0.22
AXIS_INCHES = 0.9
MOST_INCHES = 9.0


def dendrogram_inches(panel: Dendrogram) -> tuple[float, float]:
    """Return the width and the height of a tree."""
    return WIDTH, AXIS_INCHES + min(MOST_INCHES, max(1.6, INCHES_PER_LEAF * len(panel.leaves)))


def draw_dendrogram(axes: Axes, panel: Dendrogram) -> None:
    """Draw the leaves from top to bottom, the branches to the right, and the line of the threshold."""
    for branch in panel.branches:
        axes.plot(branch.x, branch.y, color=LIGHT[series_role(branch.series)], linewidth=1.6, solid_joinstyle="miter")
    if panel.threshold is not None:
        axes.axvline(panel.threshold, color=LIGHT["mark"], linestyle="--", linewidth=1.2)
    texts = [panel.leaves[panel.order[place]] for place in panel.named]
    axes.set_yticks(panel.named, [_cut(text) for text in texts])
    axes.set_ylim(len(panel.leaves) - 0.4, -0.6)
    axes.set_xlim(left=0.0)
    axes.set_xlabel(panel.x_label)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(5))


def _cut(text: str) -> str:
    """Return a label as it is, or its beginning."""
    return text if len(text) <= LONGEST_LABEL else f"{text[: LONGEST_LABEL - 1]}…"
