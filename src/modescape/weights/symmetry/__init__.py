"""Permutation and scale symmetry of networks: which units may be exchanged, found from the traced graph."""

from modescape.weights.symmetry.groups import Axis, Factor, Group, Permutation, Scaling, Segment, Symmetry
from modescape.weights.symmetry.permutations import composed, identity, inverse, permuted, random_permutation
from modescape.weights.symmetry.places import unit_places
from modescape.weights.symmetry.scales import balanced, balancing, scaled
from modescape.weights.symmetry.search import symmetry_of
from modescape.weights.symmetry.tracing import Inputs, Producer, Site, TracedGraph
from modescape.weights.symmetry.units import activations
from modescape.weights.symmetry.unsupported import UnsupportedGraphError

__all__ = [
    "Axis",
    "Factor",
    "Group",
    "Inputs",
    "Permutation",
    "Producer",
    "Scaling",
    "Segment",
    "Site",
    "Symmetry",
    "TracedGraph",
    "UnsupportedGraphError",
    "activations",
    "balanced",
    "balancing",
    "composed",
    "identity",
    "inverse",
    "permuted",
    "random_permutation",
    "scaled",
    "symmetry_of",
    "unit_places",
]
