"""Many predictors out of a budget: every way to get an ensemble, one file each, with costs counted the same way."""

from modescape.methods.cost import Cost, flops, num_parameters
from modescape.methods.dropout import predict_with_dropout, with_dropout_on
from modescape.methods.ensemble import Ensemble, Part, ensemble_predictions
from modescape.methods.independent import Independent
from modescape.methods.memory import MemoryTrainer
from modescape.methods.protocol import Method, Trained, Trainer

METHODS: dict[str, type[Method]] = {method.name: method for method in (Independent,)}
"""Every method by its name."""

__all__ = [
    "METHODS",
    "Cost",
    "Ensemble",
    "Independent",
    "MemoryTrainer",
    "Method",
    "Part",
    "Trained",
    "Trainer",
    "ensemble_predictions",
    "flops",
    "num_parameters",
    "predict_with_dropout",
    "with_dropout_on",
]
