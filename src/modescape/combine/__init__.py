"""Many predictions into one: ways to combine what the members of an ensemble predict."""

from modescape.combine.fingerprints import Fingerprint, fingerprint
from modescape.combine.fitting import (
    COMBINATIONS,
    Combination,
    cross_fitted,
    fitted_combination,
    needs_fit,
    way_options,
)
from modescape.combine.folds import stratified_folds
from modescape.combine.gating import Gate, Gating
from modescape.combine.greedy import Greedy
from modescape.combine.inverse_variance import InverseVariance
from modescape.combine.learned_weights import LearnedWeights, likeliest_weights
from modescape.combine.mean import Mean, mean_of_probabilities
from modescape.combine.mean_logits import MeanLogits, mean_of_logits
from modescape.combine.median import Median, median_of_probabilities
from modescape.combine.mode import Mode, vote_shares
from modescape.combine.protocol import FittedWay, Rule, Validation, Way, checked_validation
from modescape.combine.signal_to_noise import SignalToNoise
from modescape.combine.stacking import Stacked, Stacking
from modescape.combine.trimmed_mean import TrimmedMean, trimmed_mean_of_probabilities
from modescape.combine.weighted import WeightedMean

__all__ = [
    "COMBINATIONS",
    "Combination",
    "Fingerprint",
    "FittedWay",
    "Gate",
    "Gating",
    "Greedy",
    "InverseVariance",
    "LearnedWeights",
    "Mean",
    "MeanLogits",
    "Median",
    "Mode",
    "Rule",
    "SignalToNoise",
    "Stacked",
    "Stacking",
    "TrimmedMean",
    "Validation",
    "Way",
    "WeightedMean",
    "checked_validation",
    "cross_fitted",
    "fingerprint",
    "fitted_combination",
    "likeliest_weights",
    "mean_of_logits",
    "mean_of_probabilities",
    "median_of_probabilities",
    "needs_fit",
    "stratified_folds",
    "trimmed_mean_of_probabilities",
    "vote_shares",
    "way_options",
]
