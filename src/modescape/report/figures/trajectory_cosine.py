"""How the weights of one member turn during training: the cosine between all its checkpoints."""

from collections.abc import Mapping

import xarray as xr

from modescape.core.axes import STEP
from modescape.report.drawables import Drawing, long_table
from modescape.report.figures.kind import FigureKind, Need
from modescape.report.figures.null import null_words
from modescape.report.figures.trajectories import COLORS_SPAN, TRAJECTORIES, Measure, drawn_of, panels

NAME = "trajectory-cosine"
TITLE = "How far do weights turn during training?"
MEASURE = Measure("cosine", "weight cosine", "cosine of the weights", "viridis", 1.0, 2, smallest_span=0.02)


def compute(results: Mapping[str, xr.Dataset]) -> Drawing:
    """Return one matrix of cosines between checkpoints for each trajectory.

    Source: Fort, Hu and Lakshminarayanan (2019), section 3.1 and figure 2, https://arxiv.org/abs/1912.02757.
    Differs from it in the range of colours, which leaves out the untrained network, and in saying what chance gives.
    """
    chance = null_words(results)
    return Drawing(
        name=NAME,
        title=TITLE,
        shows=(
            "Each cell is the cosine of the angle between the weights of one member at two epochs of its training; "
            f"{COLORS_SPAN}{drawn_of(results)}{f' {chance}' if chance else ''}"
        ),
        look_for=(
            "Look along the diagonal: a bright square that starts late means the direction has settled, "
            "and the first row says how much of the start is left at the end."
            f"{' A cosine in the range of chance says that nothing of it is left.' if chance else ''}"
        ),
        panels=panels(results, MEASURE),
        table=long_table(results[TRAJECTORIES], ["cosine"]),
    )


FIGURE = FigureKind(NAME, TITLE, (Need(TRAJECTORIES, ("cosine",), {STEP: 2}),), compute)
