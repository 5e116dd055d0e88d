"""Geometry of prediction space: how differently networks behave, whatever their weights are."""

from modescape.functions.activations import layer_outputs
from modescape.functions.attacks import (
    FastGradient,
    LogMean,
    ProjectedGradient,
    fast_gradient,
    projected_gradient,
    random_signs,
)
from modescape.functions.clusters import Dendrogram, clusters, dendrogram
from modescape.functions.confusion import checked_decisions, joint_confusion, joint_counts
from modescape.functions.decisions import decisions
from modescape.functions.disagreement import disagreement, disagreement_counts, disagreement_matrix
from modescape.functions.diversity import lower_limit, upper_limit
from modescape.functions.embedding import chosen_perplexity, tsne
from modescape.functions.kernel_alignment import CkaEstimate, CkaTally, centred_gram, cka, hsic
from modescape.functions.many import Predictor, predict_each
from modescape.functions.pairs import PairCounts, RightCounts, pair_counts
from modescape.functions.predictions import predict, predict_stacked

__all__ = [
    "CkaEstimate",
    "CkaTally",
    "Dendrogram",
    "FastGradient",
    "LogMean",
    "PairCounts",
    "Predictor",
    "ProjectedGradient",
    "RightCounts",
    "centred_gram",
    "checked_decisions",
    "chosen_perplexity",
    "cka",
    "clusters",
    "decisions",
    "dendrogram",
    "disagreement",
    "disagreement_counts",
    "disagreement_matrix",
    "fast_gradient",
    "hsic",
    "joint_confusion",
    "joint_counts",
    "layer_outputs",
    "lower_limit",
    "pair_counts",
    "predict",
    "predict_each",
    "predict_stacked",
    "projected_gradient",
    "random_signs",
    "tsne",
    "upper_limit",
]
