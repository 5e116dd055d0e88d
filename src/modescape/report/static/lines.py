"""Lines as pictures."""

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from modescape.report.colors import LIGHT, series_role
from modescape.report.drawables import Lines
from modescape.report.static.style import line_style, write_plain_powers

MOST_TICKS = 6
"""Most steps along the axis that leave room for numbers such as -0.25."""


def draw_lines(axes: Axes, panel: Lines) -> None:
    """Draw bands under lines."""
    for line in panel.lines:
        color = LIGHT[series_role(line.series)]
        if line.low is not None and line.high is not None:
            axes.fill_between(line.x, line.low, line.high, color=color, alpha=0.22, linewidth=0)
    for line in panel.lines:
        axes.plot(line.x, line.y, **line_style(line))
    if panel.log_y:
        axes.set_yscale("log")
        write_plain_powers(axes.yaxis)
    steps = {"integer": True} if panel.whole_x else {"nbins": MOST_TICKS, "steps": [1, 2, 5, 10]}
    axes.xaxis.set_major_locator(MaxNLocator(**steps))
