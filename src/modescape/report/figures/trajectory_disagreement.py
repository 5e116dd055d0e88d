"""How the answers of one member change during training: the disagreement between all its checkpoints."""

from collections.abc import Mapping

import xarray as xr

from modescape.core.axes import STEP
from modescape.report.drawables import Drawing, long_table
from modescape.report.figures.kind import FigureKind, Need
from modescape.report.figures.trajectories import COLORS_SPAN, TRAJECTORIES, Measure, drawn_of, panels

NAME = "trajectory-disagreement"
TITLE = "How much do answers change during training?"
MEASURE = Measure(
    "disagreement", "disagreement", "disagreement (% of examples)", "cividis", 100.0, 0, smallest_span=1.0, unit="%"
)


def compute(results: Mapping[str, xr.Dataset]) -> Drawing:
    """Return one matrix of disagreement (in percent) between checkpoints for each trajectory.

    Source: Fort, Hu and Lakshminarayanan (2019), section 3.1 and figure 2, https://arxiv.org/abs/1912.02757.
    Differs from it in the range of colours, which leaves out the untrained network.
    """
    return Drawing(
        name=NAME,
        title=TITLE,
        shows=(
            "Each cell is the share of examples that one member classifies differently at two epochs of its training; "
            f"{COLORS_SPAN}{drawn_of(results)}"
        ),
        look_for=(
            "Look at the last rows: their numbers are how much one run still changes its mind, "
            "and different members should disagree by much more than that."
        ),
        panels=panels(results, MEASURE),
        table=long_table(results[TRAJECTORIES], ["disagreement"]),
    )


FIGURE = FigureKind(NAME, TITLE, (Need(TRAJECTORIES, ("disagreement",), {STEP: 2}),), compute)
