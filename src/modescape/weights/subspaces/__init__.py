"""Subspaces around one solution: ways to draw further weight vectors from what one training run has left.

Each has a centre, and a strength that says how far from it samples lie; see `Subspace` for what all of them do.
"""

from modescape.weights.subspaces.diagonal_gaussian import DiagonalGaussian
from modescape.weights.subspaces.dropout import DropoutSubspace
from modescape.weights.subspaces.low_rank_gaussian import LowRankGaussian, LowRankRandom
from modescape.weights.subspaces.protocol import Subspace
from modescape.weights.subspaces.random import RandomSubspace, accepted
from modescape.weights.subspaces.walk import Walk, strengths_to_chance

SUBSPACES = {
    "random": RandomSubspace,
    "dropout": DropoutSubspace,
    "diagonal-gaussian": DiagonalGaussian,
    "low-rank-gaussian": LowRankGaussian,
    "low-rank-random": LowRankRandom,
}
"""All samplers by their names, in the order in which results list them."""

__all__ = [
    "SUBSPACES",
    "DiagonalGaussian",
    "DropoutSubspace",
    "LowRankGaussian",
    "LowRankRandom",
    "RandomSubspace",
    "Subspace",
    "Walk",
    "accepted",
    "strengths_to_chance",
]
