"""How good and how sure predictors are: scores, calibration, uncertainty, intervals, and what ensembles bring."""

from modescape.evaluate.calibration import Reliability, ece, reliability
from modescape.evaluate.comparison import (
    PairedEffect,
    RankCorrelation,
    mean_interval,
    pair_mean_interval,
    paired_effect,
    rank_correlation,
)
from modescape.evaluate.detection import Detection, detection
from modescape.evaluate.diversity import RelativeDiversity, relative_diversity
from modescape.evaluate.ensemble_size import EnsembleCurve, ensemble_curve
from modescape.evaluate.intervals import (
    bootstrap_mean_interval,
    bootstrap_means,
    bootstrap_weights,
    percentile_interval,
    proportion_interval,
)
from modescape.evaluate.methods import MethodCurves, method_curves
from modescape.evaluate.scores import (
    accuracy,
    brier,
    brier_per_example,
    correct_per_example,
    nll,
    nll_per_example,
)
from modescape.evaluate.shift import ShiftCurves, ShiftTally
from modescape.evaluate.subsets import subsets_of_size
from modescape.evaluate.temperature import fitted_temperature, with_temperature
from modescape.evaluate.uncertainty import (
    entropy,
    expected_entropy,
    jensen_shannon,
    maximum_probability,
    mutual_information,
)

__all__ = [
    "Detection",
    "EnsembleCurve",
    "MethodCurves",
    "PairedEffect",
    "RankCorrelation",
    "RelativeDiversity",
    "Reliability",
    "ShiftCurves",
    "ShiftTally",
    "accuracy",
    "bootstrap_mean_interval",
    "bootstrap_means",
    "bootstrap_weights",
    "brier",
    "brier_per_example",
    "correct_per_example",
    "detection",
    "ece",
    "ensemble_curve",
    "entropy",
    "expected_entropy",
    "fitted_temperature",
    "jensen_shannon",
    "maximum_probability",
    "mean_interval",
    "method_curves",
    "mutual_information",
    "nll",
    "nll_per_example",
    "pair_mean_interval",
    "paired_effect",
    "percentile_interval",
    "proportion_interval",
    "rank_correlation",
    "relative_diversity",
    "reliability",
    "subsets_of_size",
    "with_temperature",
]
