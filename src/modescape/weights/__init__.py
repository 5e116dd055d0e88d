"""Geometry of parameter space: how far apart networks are when only their weights are looked at."""

from modescape.weights.averages import average
from modescape.weights.cosine import cosine_matrix
from modescape.weights.paths import Bezier, Line, Path, Polyline, points_by_length
from modescape.weights.planes import RadialPlane
from modescape.weights.subspaces import (
    SUBSPACES,
    DiagonalGaussian,
    DropoutSubspace,
    LowRankGaussian,
    LowRankRandom,
    RandomSubspace,
    Subspace,
    Walk,
    accepted,
    strengths_to_chance,
)

__all__ = [
    "SUBSPACES",
    "Bezier",
    "DiagonalGaussian",
    "DropoutSubspace",
    "Line",
    "LowRankGaussian",
    "LowRankRandom",
    "Path",
    "Polyline",
    "RadialPlane",
    "RandomSubspace",
    "Subspace",
    "Walk",
    "accepted",
    "average",
    "cosine_matrix",
    "points_by_length",
    "strengths_to_chance",
]
