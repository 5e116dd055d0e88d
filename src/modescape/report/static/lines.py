"""Lines as pictures."""

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from modescape.report.colors import LIGHT, series_role
from modescape.report.drawables import Lines
from modescape.report.static.style import line_style, write_plain_powers


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
    if panel.whole_x:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
