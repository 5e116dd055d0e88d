"""How good ways to combine are on the same examples, each against the mean, with paired intervals."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from jaxtyping import Float, Int

from modescape.evaluate import (
    bootstrap_means,
    bootstrap_weights,
    brier_per_example,
    correct_per_example,
    nll_per_example,
    percentile_interval,
)
from modescape.evaluate.pointwise import bins
from modescape.studies.combined.attempts import Result

METRICS: Final = ("accuracy", "nll", "brier", "ece")
NUM_BINS = 15


@dataclass(frozen=True)
class Score:
    """A score of one way on test examples, and what it is above that of the mean.

    Args:
        value: The score.
        low: Lower end of its interval.
        high: Upper end.
        difference: The score minus that of the mean of probabilities, on the same examples.
        difference_low: Lower end of its paired interval.
        difference_high: Upper end.
    """

    value: float
    low: float
    high: float
    difference: float
    difference_low: float
    difference_high: float


@dataclass(frozen=True)
class WayScores:
    """The scores of one way.

    Args:
        how: The way.
        accuracy: Fraction of examples whose most probable class is the label.
        nll: Negative log-likelihood in nats.
        brier: Brier score, from 0 to 2.
        ece: Expected calibration error, 15 bins.
        temperature: At which it was scored.
        validation_nll: NLL on validation examples that the fits had not seen; None where there are none.
    """

    how: str
    accuracy: Score
    nll: Score
    brier: Score
    ece: Score
    temperature: float
    validation_nll: float | None

    def as_dict(self) -> dict[str, Any]:
        """Return all as plain values."""
        return asdict(self)


def scores_of_ways(
    results: Mapping[str, Result],
    labels: Int[np.ndarray, "example"],
    *,
    reference: str,
    confidence: float,
    num_resamples: int,
    seed: int,
) -> tuple[WayScores, ...]:
    """Return the scores of each way with percentile bootstrap intervals; all use the same resamples of examples.

    The ECE of a resample is computed anew from its examples. It is above 0 by chance even for perfect calibration.

    Source: Efron, Tibshirani (1993), An Introduction to the Bootstrap, section 13.3

    Args:
        results: What each way comes to.
        labels: The true classes.
        reference: The way that differences are to, one of them.
        confidence: Of all intervals.
        num_resamples: Bootstrap resamples.
        seed: Seed of the resamples.

    Raises:
        ArgumentError: If predictions and labels do not fit, or a number is out of range.

    >>> sure, unsure = np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([[0.6, 0.4], [0.6, 0.4]])
    >>> from modescape.combine import fitted_combination
    >>> combination = fitted_combination("mean")
    >>> results = {name: Result(combination, one, 1.0, None) for name, one in (("mean", unsure), ("mode", sure))}
    >>> _, found = scores_of_ways(
    ...     results, np.array([0, 1]), reference="mean", confidence=0.9, num_resamples=50, seed=0
    ... )
    >>> found.accuracy.value, found.accuracy.difference, round(found.ece.value, 3)
    (1.0, 0.5, 0.15)
    """
    weights = bootstrap_weights(len(labels), num_resamples=num_resamples, seed=seed)
    metrics = {way: _metrics(one.probabilities, labels, weights) for way, one in results.items()}
    return tuple(
        WayScores(
            way,
            **{name: _score(metrics[way][name], metrics[reference][name], confidence) for name in METRICS},
            temperature=one.temperature,
            validation_nll=one.validation_nll,
        )
        for way, one in results.items()
    )


def _metrics(
    probabilities: Float[np.ndarray, "example class"],
    labels: Int[np.ndarray, "example"],
    weights: Float[np.ndarray, "resample example"],
) -> dict[str, Float[np.ndarray, "resample"]]:
    """Return each metric for all examples and then for each resample."""
    correct = correct_per_example(probabilities, labels)
    each = np.stack([correct, nll_per_example(probabilities, labels), brier_per_example(probabilities, labels)])
    means = np.concatenate([each.mean(axis=1, keepdims=True), bootstrap_means(each, weights)], axis=1)
    return dict(zip(METRICS, [*means, _calibration_errors(probabilities, correct, weights)], strict=True))


def _calibration_errors(
    probabilities: Float[np.ndarray, "example class"],
    correct: np.ndarray,
    weights: Float[np.ndarray, "resample example"],
) -> Float[np.ndarray, "resample"]:
    """Return the ECE for all examples and then for each resample: (1/N) sum_b |sum_(n in b) w_n (correct_n - p_n)|."""
    confidence = probabilities.max(axis=1).astype(np.float64)
    gaps = np.zeros((len(confidence), NUM_BINS))
    gaps[np.arange(len(gaps)), bins(confidence, NUM_BINS)] = correct - confidence
    sums = np.concatenate([gaps.sum(axis=0, keepdims=True), bootstrap_means(gaps.T, weights).T * len(gaps)])
    return np.abs(sums).sum(axis=1) / len(gaps)


def _score(own: Float[np.ndarray, "resample"], base: Float[np.ndarray, "resample"], confidence: float) -> Score:
    """Return a score with its intervals, from values for all examples and then for resamples."""
    differences = own - base
    low, high = percentile_interval(own[1:], confidence)
    difference_low, difference_high = percentile_interval(differences[1:], confidence)
    return Score(*(float(number) for number in (own[0], low, high, differences[0], difference_low, difference_high)))
