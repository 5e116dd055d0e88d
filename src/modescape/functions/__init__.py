"""Geometry of prediction space: how differently networks behave, whatever their weights are."""

from modescape.functions.decisions import decisions
from modescape.functions.disagreement import disagreement, disagreement_counts, disagreement_matrix
from modescape.functions.diversity import lower_limit, upper_limit
from modescape.functions.embedding import chosen_perplexity, tsne
from modescape.functions.many import Predictor, predict_each
from modescape.functions.predictions import predict, predict_stacked

__all__ = [
    "Predictor",
    "chosen_perplexity",
    "decisions",
    "disagreement",
    "disagreement_counts",
    "disagreement_matrix",
    "lower_limit",
    "predict",
    "predict_each",
    "predict_stacked",
    "tsne",
    "upper_limit",
]
