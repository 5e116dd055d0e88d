"""Geometry of parameter space: how far apart networks are when only their weights are looked at."""

from modescape.weights.cosine import cosine_matrix

__all__ = ["cosine_matrix"]
