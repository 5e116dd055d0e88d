"""Geometry of parameter space: how far apart networks are when only their weights are looked at."""

from modescape.weights.averages import average
from modescape.weights.cosine import cosine_matrix
from modescape.weights.directions import Normalisation, RandomFlat, filter_normalised, random_flat
from modescape.weights.distances import cosine_deviation, distance_matrix, expected_distance
from modescape.weights.flats import Flat, PrincipalPlane, line_through, plane_through, principal_plane
from modescape.weights.layers import LayerGeometry, layer_geometry, layers_of
from modescape.weights.null import NullCosines, independent_cosine_quantiles, permutation_cosines
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
    "Flat",
    "LayerGeometry",
    "Line",
    "LowRankGaussian",
    "LowRankRandom",
    "Normalisation",
    "NullCosines",
    "Path",
    "Polyline",
    "PrincipalPlane",
    "RadialPlane",
    "RandomFlat",
    "RandomSubspace",
    "Subspace",
    "Walk",
    "accepted",
    "average",
    "cosine_deviation",
    "cosine_matrix",
    "distance_matrix",
    "expected_distance",
    "filter_normalised",
    "independent_cosine_quantiles",
    "layer_geometry",
    "layers_of",
    "line_through",
    "permutation_cosines",
    "plane_through",
    "points_by_length",
    "principal_plane",
    "random_flat",
    "strengths_to_chance",
]
