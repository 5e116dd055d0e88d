"""Loss over weights: radial cuts, lines and curves between solutions, and the barriers on them.

Predictions at many points come from `modescape.functions.predict_each`; this room says at which statistics of batch
norm they are made, how the curves are found, and what loss, accuracy and agreement the points have.
"""

from modescape.landscapes.barriers import Estimate, PathStatistics, barrier, path_statistics
from modescape.landscapes.batch_norm import has_running_statistics, renewed
from modescape.landscapes.curvature import Density, Trace, spectral_density, top_eigenvalues, trace
from modescape.landscapes.curves import FittedCurve, Shape, fit_curve
from modescape.landscapes.grids import ERROR, Evaluate, Kept, Point, Surface, adaptive_surface, uniform_surface
from modescape.landscapes.kept import KeptPoints
from modescape.landscapes.objective import Objective
from modescape.landscapes.operators import Matrix
from modescape.landscapes.repair import Repair, between, repaired, scaled_only
from modescape.landscapes.sharpness import gradient_norm, sharpness
from modescape.landscapes.surfaces import Examples, Landscape, examples_of, landscape_of
from modescape.landscapes.width import Width, width

__all__ = [
    "ERROR",
    "Density",
    "Estimate",
    "Evaluate",
    "Examples",
    "FittedCurve",
    "Kept",
    "KeptPoints",
    "Landscape",
    "Matrix",
    "Objective",
    "PathStatistics",
    "Point",
    "Repair",
    "Shape",
    "Surface",
    "Trace",
    "Width",
    "adaptive_surface",
    "barrier",
    "between",
    "examples_of",
    "fit_curve",
    "gradient_norm",
    "has_running_statistics",
    "landscape_of",
    "path_statistics",
    "renewed",
    "repaired",
    "scaled_only",
    "sharpness",
    "spectral_density",
    "top_eigenvalues",
    "trace",
    "uniform_surface",
    "width",
]
