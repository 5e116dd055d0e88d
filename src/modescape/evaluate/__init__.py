"""How good and how sure predictors are: scores, calibration, uncertainty, intervals, and what ensembles bring."""

from modescape.evaluate.agreement import PairMeasure, PairMeasures, pair_measures
from modescape.evaluate.calibration import Reliability, ece, reliability
from modescape.evaluate.combinations import ClassCombinations, class_combinations
from modescape.evaluate.comparison import (
    PairedEffect,
    RankCorrelation,
    mean_interval,
    pair_mean_interval,
    paired_effect,
    rank_correlation,
)
from modescape.evaluate.detection import Detection, detection
from modescape.evaluate.disputes import divergence_per_example, most_disputed, vote_entropy
from modescape.evaluate.diversity import RelativeDiversity, relative_diversity
from modescape.evaluate.ensemble_size import EnsembleCurve, ensemble_curve
from modescape.evaluate.exchanges import class_accuracies, exchanged_accuracies
from modescape.evaluate.frontier import Entry, Frontier, Predictions, frontier
from modescape.evaluate.intervals import (
    bootstrap_mean_interval,
    bootstrap_means,
    bootstrap_weights,
    percentile_interval,
    proportion_interval,
)
from modescape.evaluate.kappa import kappa_interval
from modescape.evaluate.mcnemar import holm, mcnemar
from modescape.evaluate.member_worth import MemberWorth, member_worth
from modescape.evaluate.methods import MethodCurves, method_curves
from modescape.evaluate.oracle import VoteCurve, vote_curve
from modescape.evaluate.power_law import PowerLaw, fitted_power_law
from modescape.evaluate.recommendation import Recommendation, recommended
from modescape.evaluate.recommendation_words import Price
from modescape.evaluate.returns import Returns, returns
from modescape.evaluate.richness import Richness, richness
from modescape.evaluate.scores import (
    accuracy,
    brier,
    brier_per_example,
    correct_per_example,
    nll,
    nll_per_example,
)
from modescape.evaluate.shift import ShiftCurves, ShiftTally
from modescape.evaluate.specialisation import ClassSpread, class_spread
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
    "ClassCombinations",
    "ClassSpread",
    "Detection",
    "EnsembleCurve",
    "Entry",
    "Frontier",
    "MemberWorth",
    "MethodCurves",
    "PairMeasure",
    "PairMeasures",
    "PairedEffect",
    "PowerLaw",
    "Predictions",
    "Price",
    "RankCorrelation",
    "Recommendation",
    "RelativeDiversity",
    "Reliability",
    "Returns",
    "Richness",
    "ShiftCurves",
    "ShiftTally",
    "VoteCurve",
    "accuracy",
    "bootstrap_mean_interval",
    "bootstrap_means",
    "bootstrap_weights",
    "brier",
    "brier_per_example",
    "class_accuracies",
    "class_combinations",
    "class_spread",
    "correct_per_example",
    "detection",
    "divergence_per_example",
    "ece",
    "ensemble_curve",
    "entropy",
    "exchanged_accuracies",
    "expected_entropy",
    "fitted_power_law",
    "fitted_temperature",
    "frontier",
    "holm",
    "jensen_shannon",
    "kappa_interval",
    "maximum_probability",
    "mcnemar",
    "mean_interval",
    "member_worth",
    "method_curves",
    "most_disputed",
    "mutual_information",
    "nll",
    "nll_per_example",
    "pair_mean_interval",
    "pair_measures",
    "paired_effect",
    "percentile_interval",
    "proportion_interval",
    "rank_correlation",
    "recommended",
    "relative_diversity",
    "reliability",
    "returns",
    "richness",
    "subsets_of_size",
    "vote_curve",
    "vote_entropy",
    "with_temperature",
]
