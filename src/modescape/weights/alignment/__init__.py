"""Alignment: is the difference between two networks only a permutation of their units?"""

from modescape.weights.alignment.activation_matching import activation_matching, correlations
from modescape.weights.alignment.aligned import METHODS, Alignment, Balance, Method, aligned, balance
from modescape.weights.alignment.unit_correlation import unit_correlations
from modescape.weights.alignment.weight_matching import weight_matching

__all__ = [
    "METHODS",
    "Alignment",
    "Balance",
    "Method",
    "activation_matching",
    "aligned",
    "balance",
    "correlations",
    "unit_correlations",
    "weight_matching",
]
