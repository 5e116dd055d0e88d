"""The figures of a report, one a file: each turns results into a drawing, and knows no drawing library.

To add a figure: write one file with a `compute` function and a `FIGURE`, and name it in `FIGURES`.
"""

from modescape.report.figures import (
    chain,
    chain_ensemble,
    corruptions,
    costs,
    diversity_plane,
    ensemble_size,
    foreign,
    foreign_scores,
    method_differences,
    methods,
    paths,
    prediction_paths,
    radial_cut,
    shift,
    shift_gain,
    solution_cosine,
    solution_disagreement,
    sources,
    subspaces,
    training_curves,
    trajectory_cosine,
    trajectory_disagreement,
)
from modescape.report.figures.kind import FigureKind, LeftOut, Need, drawn

FIGURES: tuple[FigureKind, ...] = (
    solution_disagreement.FIGURE,
    solution_cosine.FIGURE,
    diversity_plane.FIGURE,
    ensemble_size.FIGURE,
    methods.FIGURE,
    methods.SCALED_FIGURE,
    method_differences.FIGURE,
    shift.FIGURE,
    shift_gain.FIGURE,
    corruptions.FIGURE,
    foreign.FIGURE,
    foreign_scores.FIGURE,
    radial_cut.FIGURE,
    paths.FIGURE,
    subspaces.FIGURE,
    sources.FIGURE,
    chain.FIGURE,
    chain_ensemble.FIGURE,
    prediction_paths.FIGURE,
    trajectory_disagreement.FIGURE,
    trajectory_cosine.FIGURE,
    training_curves.FIGURE,
    costs.FIGURE,
)
"""All figures in the order of the page: what answers the questions of the summary comes first."""

__all__ = ["FIGURES", "FigureKind", "LeftOut", "Need", "drawn"]
