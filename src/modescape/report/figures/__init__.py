"""The figures of a report, one a file: each turns results into a drawing, and knows no drawing library.

To add a figure: write one file with a `compute` function and a `FIGURE`, and name it in `FIGURES`.
"""

from modescape.report.figures import (
    ensemble_size,
    prediction_paths,
    solution_cosine,
    solution_disagreement,
    training_curves,
    trajectory_cosine,
    trajectory_disagreement,
)
from modescape.report.figures.kind import FigureKind, LeftOut, Need, drawn

FIGURES: tuple[FigureKind, ...] = (
    solution_disagreement.FIGURE,
    solution_cosine.FIGURE,
    ensemble_size.FIGURE,
    prediction_paths.FIGURE,
    trajectory_disagreement.FIGURE,
    trajectory_cosine.FIGURE,
    training_curves.FIGURE,
)
"""All figures in the order of the page: what answers the questions of the summary comes first."""

__all__ = ["FIGURES", "FigureKind", "LeftOut", "Need", "drawn"]
