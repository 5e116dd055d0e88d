"""How good and how sure predictors are: scores, calibration, intervals, and what each further member brings."""

from modescape.evaluate.calibration import Reliability, ece, reliability
from modescape.evaluate.ensemble_size import EnsembleCurve, ensemble_curve
from modescape.evaluate.intervals import (
    bootstrap_mean_interval,
    bootstrap_means,
    bootstrap_weights,
    percentile_interval,
    proportion_interval,
)
from modescape.evaluate.scores import (
    accuracy,
    brier,
    brier_per_example,
    correct_per_example,
    nll,
    nll_per_example,
)
from modescape.evaluate.subsets import subsets_of_size

__all__ = [
    "EnsembleCurve",
    "Reliability",
    "accuracy",
    "bootstrap_mean_interval",
    "bootstrap_means",
    "bootstrap_weights",
    "brier",
    "brier_per_example",
    "correct_per_example",
    "ece",
    "ensemble_curve",
    "nll",
    "nll_per_example",
    "percentile_interval",
    "proportion_interval",
    "reliability",
    "subsets_of_size",
]
