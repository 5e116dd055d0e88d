"""Many predictions into one: ways to combine what the members of an ensemble predict."""

from modescape.combine.mean import mean_of_probabilities

__all__ = ["mean_of_probabilities"]
