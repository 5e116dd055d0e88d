"""Loss over weights: radial cuts, lines and curves between solutions, and the barriers on them.

Predictions at many points come from `modescape.functions.predict_each`; this room says at which statistics of batch
norm they are made, how the curves are found, and what loss, accuracy and agreement the points have.
"""

from modescape.landscapes.barriers import Estimate, PathStatistics, barrier, path_statistics
from modescape.landscapes.batch_norm import has_running_statistics, renewed
from modescape.landscapes.curves import FittedCurve, Shape, fit_curve
from modescape.landscapes.surfaces import Examples, Landscape, examples_of, landscape_of

__all__ = [
    "Estimate",
    "Examples",
    "FittedCurve",
    "Landscape",
    "PathStatistics",
    "Shape",
    "barrier",
    "examples_of",
    "fit_curve",
    "has_running_statistics",
    "landscape_of",
    "path_statistics",
    "renewed",
]
