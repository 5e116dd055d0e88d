"""Diminishing returns: the fitted curve of ensemble size, and what the next member would bring."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float, Int

from modescape.core.checks import check_at_least, checked_labels, checked_probabilities
from modescape.evaluate import pointwise
from modescape.evaluate.ensemble_metrics import CHUNK_ENTRIES, ensembles_of
from modescape.evaluate.inputs import check_confidence
from modescape.evaluate.intervals import bootstrap_means, bootstrap_weights, percentile_interval
from modescape.evaluate.law_intervals import LawReadings, Replicates, widest
from modescape.evaluate.power_law import HIGHEST_RATE, LOWEST_RATE, PowerLaw, fitted_power_law
from modescape.evaluate.subsets import subsets_of_size

RETURN_METRICS: Final = ("accuracy", "nll", "brier")
BRIER: Final = RETURN_METRICS.index("brier")
HIGHEST: Final = (1.0, np.inf, 2.0)
"""The largest value that each metric can have; the smallest is 0."""
LEAST_TO_FIT: Final = 3
"""Members from which on a rate is fitted: below, there are fewer sizes than numbers of a power law."""
LEAST_TO_TRUST: Final = 5
"""Members from which on a fitted rate is trusted; below, intervals allow every rate."""


@dataclass(frozen=True, eq=False)
class Returns:
    """How a metric falls or rises with the number of members, and how it would go on.

    Attributes:
        metrics: Names along the first axis: accuracy (fraction), nll (nats), brier (0 to 2).
        sizes: Numbers of members, from 1 to some more than there are.
        num_members: Number of members M that were measured.
        value: Mean of the metric over the subsets of a size; NaN beyond M.
        low: Lower end of its interval over examples, with the members as they are.
        high: Upper end.
        fit: The fitted curve; NaN with one member.
        fit_low: Lower end of its interval over examples and members; NaN with fewer than three members.
        fit_high: Upper end.
        step: What the member with this number brings: the fitted metric at this size minus that at one size less. Above
            0 is better for accuracy; below 0 is better for nll and brier. NaN at size 1.
        step_low: Lower end of its interval over examples and members.
        step_high: Upper end.
        gain: What member M + 1 would bring, the step at M + 1.
        gain_low: Lower end of its interval.
        gain_high: Upper end.
        limit: What infinitely many members would reach.
        limit_low: Lower end of its interval.
        limit_high: Upper end.
        rate: The rate of the power law; 1 by law for brier.
        num_subsets: Number of subsets that were averaged at each size up to M.
        confidence: Confidence level of the intervals.
        num_resamples: Number of bootstrap resamples behind them.
        notes: What a reader must know, in sentences: what could not be estimated, and why.
    """

    metrics: tuple[str, ...]
    sizes: Int[np.ndarray, "size"]
    num_members: int
    value: Float[np.ndarray, "metric size"]
    low: Float[np.ndarray, "metric size"]
    high: Float[np.ndarray, "metric size"]
    fit: Float[np.ndarray, "metric size"]
    fit_low: Float[np.ndarray, "metric size"]
    fit_high: Float[np.ndarray, "metric size"]
    step: Float[np.ndarray, "metric size"]
    step_low: Float[np.ndarray, "metric size"]
    step_high: Float[np.ndarray, "metric size"]
    gain: Float[np.ndarray, "metric"]
    gain_low: Float[np.ndarray, "metric"]
    gain_high: Float[np.ndarray, "metric"]
    limit: Float[np.ndarray, "metric"]
    limit_low: Float[np.ndarray, "metric"]
    limit_high: Float[np.ndarray, "metric"]
    rate: Float[np.ndarray, "metric"]
    num_subsets: Int[np.ndarray, "measured_size"]
    confidence: float
    num_resamples: int
    notes: tuple[str, ...]


def returns(
    members: Float[np.ndarray, "member example class"],
    labels: Int[np.ndarray, "example"],
    *,
    ahead: int = 5,
    max_subsets: int = 200,
    num_resamples: int = 1000,
    confidence: float = 0.95,
    seed: int,
) -> Returns:
    """Return the curve of accuracy, NLL and Brier score against the number of members, and how it would go on.

    Members are taken for exchangeable: another one would come from where these came from. With p_1, ..., p_k such
    members and y the label as a vector, the Brier score of their mean at one example is in expectation

        E |(p_1 + ... + p_k) / k - y|^2 = |E p - y|^2 + E |p - E p|^2 / k,

    exactly a limit plus a spread over k. Both are estimated without bias, the spread by the variance of the members
    with divisor M - 1, so that the curve runs exactly through the means over all subsets of every size. NLL and
    accuracy have no such law; theirs is limit + scale * k^-rate, as nearly as that is true (`fitted_power_law`).

    Intervals hold both what other examples and what other members would change: Student's, around the estimate, with
    the sum of the variance of a bootstrap over examples and of a jackknife over members (Satterthwaite's degrees of
    freedom). The jackknife leaves each member out in turn and never draws one twice: two copies of a member would look
    like two members that agree. The sum counts twice what examples and members do together, which makes it a little too
    wide. The rate is fitted anew to each resample, but not without a member, where it would rest on one size less.
    With three or four members the intervals of NLL and accuracy hold those for every rate from 0.5 to 2. With two
    members nothing says how much members vary, and with one there is no curve: NaN, and a sentence in `notes`.

    In simulations with known truth (members of different quality; 80 to 200 draws of members and examples each),
    intervals meant to hold the gain in 90% of the cases did so, with 3 to 8 members and 150 to 400 examples, in 86 to
    93% for the Brier score, 86 to 100% for NLL and 91 to 100% for accuracy. With 5 and 8 members and 3,000 examples,
    where the few members decide, it was 81 to 88%, 85 to 90% and 83 to 95%. The ends at 100% are those of three
    members, whose intervals are wide.

    Source: Lobacheva, Chirkova, Kodryan, Vetrov (2020), https://arxiv.org/abs/2007.08483 (power laws); the Brier score:
    Geman, Bienenstock, Doursat (1992), section 3, https://doi.org/10.1162/neco.1992.4.1.1 (bias and variance); the
    jackknife of means over subsets: Arvesen (1969), https://doi.org/10.1214/aoms/1177697287. Differs from the first in
    the intervals, in the weights of sizes, and in treating the Brier score, which that paper does not.

    Args:
        members: Class probabilities of each member on the same examples.
        labels: The true classes.
        ahead: How many sizes beyond the number of members the curve goes on.
        max_subsets: Most subsets to average at one size, at least the number of members; with more, a sample of this
            many different ones is drawn.
        num_resamples: Number of bootstrap resamples; memory grows by 4 bytes for each example of each.
        confidence: Confidence level of the intervals.
        seed: Seed of the run, for subsets and resamples.

    Raises:
        ArgumentError: If the predictions are not probabilities, the labels do not fit, or a setting is out of range.

    >>> members = np.array([[[0.9, 0.1], [0.6, 0.4]], [[0.7, 0.3], [0.2, 0.8]], [[0.8, 0.2], [0.5, 0.5]]])
    >>> found = returns(members, np.array([0, 1]), ahead=1, seed=0)
    >>> brier = found.metrics.index("brier")
    >>> found.value[brier].round(4).tolist(), found.fit[brier].round(4).tolist(), float(found.gain[brier].round(4))
    ([0.2633, 0.2367, 0.2278, nan], [0.2633, 0.2367, 0.2278, 0.2233], -0.0044)
    """
    checked = checked_probabilities(members).astype(np.float64)
    labels = checked_labels(labels, num_examples=checked.shape[1], num_classes=checked.shape[2])
    check_at_least(ahead, 1, "ahead", "Pass 5")
    check_at_least(num_resamples, 2, "num_resamples", "Pass 1000")
    check_at_least(max_subsets, len(checked), "max_subsets", "Pass at least the number of members")
    check_confidence(confidence)
    weights = bootstrap_weights(len(labels), num_resamples=num_resamples, seed=seed)
    subsets = [
        subsets_of_size(len(checked), size, max_subsets=max_subsets, seed=seed) for size in range(1, len(checked) + 1)
    ]
    measured = _measured(checked, labels, subsets, weights)
    sizes = np.arange(1, len(checked) + ahead + 1)
    readings = [_fitted_readings(measured, metric, sizes, len(labels), confidence) for metric in range(BRIER)]
    readings.append(_brier_readings(checked, labels, weights, sizes, confidence))
    return _returns(measured, readings, sizes, [len(rows) for rows in subsets], confidence)


@dataclass(frozen=True, eq=False)
class _Measured:
    """The metrics of subsets of every size, the mean over them.

    Attributes:
        value: Over all examples.
        resampled: Over each resample of the examples.
        without: Over all examples, of the subsets that lack a member; NaN where none does.
    """

    value: Float[np.ndarray, "metric size"]
    resampled: Float[np.ndarray, "metric size resample"]
    without: Float[np.ndarray, "metric size member"]


def _measured(
    members: Float[np.ndarray, "member example class"],
    labels: Int[np.ndarray, "example"],
    subsets: list[Int[np.ndarray, "subset member_of_subset"]],
    weights: Float[np.ndarray, "resample example"],
) -> _Measured:
    """Return the metrics of the mean probabilities of subsets."""
    num_members = len(members)
    per_example = np.empty((len(RETURN_METRICS), num_members, len(labels)))
    without = np.full((len(RETURN_METRICS), num_members, num_members), np.nan)
    for place, rows in enumerate(subsets):
        per_example[:, place], of_subset = _scores(members, labels, rows)
        lacks = np.ones((len(rows), num_members))
        np.put_along_axis(lacks, rows, 0.0, axis=1)
        number = lacks.sum(axis=0)
        without[:, place] = np.where(number > 0, of_subset @ lacks / np.maximum(number, 1.0), np.nan)
    return _Measured(per_example.mean(axis=2), bootstrap_means(per_example, weights), without)


def _scores(
    members: Float[np.ndarray, "member example class"],
    labels: Int[np.ndarray, "example"],
    subsets: Int[np.ndarray, "subset member_of_subset"],
) -> tuple[Float[np.ndarray, "metric example"], Float[np.ndarray, "metric subset"]]:
    """Return the mean metrics of each example over the subsets, and of each subset over the examples."""
    num_members, num_examples, num_classes = members.shape
    of_example = np.empty((len(RETURN_METRICS), num_examples))
    of_subset = np.zeros((len(RETURN_METRICS), len(subsets)))
    step = max(1, CHUNK_ENTRIES // (max(len(subsets), num_members) * num_classes))
    for piece in (slice(start, start + step) for start in range(0, num_examples, step)):
        ensembles, truth = ensembles_of(members[:, piece], subsets), labels[piece]
        for metric, score in enumerate((pointwise.correct, pointwise.nll, pointwise.brier)):
            scored = score(ensembles, truth)
            of_example[metric, piece] = scored.mean(axis=0)
            of_subset[metric] += scored.sum(axis=1)
    return of_example, of_subset / num_examples


def _fitted_readings(
    measured: _Measured, metric: int, sizes: Int[np.ndarray, "size"], num_examples: int, confidence: float
) -> LawReadings:
    """Return what a power law fitted to one metric says."""
    num_members = len(measured.value[metric])
    if num_members == 1:
        return _nothing(sizes)
    if num_members < LEAST_TO_FIT:
        return _replicates(measured, metric, num_examples, 1.0, 1.0).readings(sizes, confidence)
    rate = float(fitted_power_law(range(1, num_members + 1), measured.value[metric]).rate)
    if num_members >= LEAST_TO_TRUST:
        return _replicates(measured, metric, num_examples, None, rate).readings(sizes, confidence)
    ends = [
        _replicates(measured, metric, num_examples, each, each).readings(sizes, confidence)
        for each in (rate, LOWEST_RATE, HIGHEST_RATE)
    ]
    return widest(ends[0], ends)


def _replicates(
    measured: _Measured, metric: int, num_examples: int, rate: float | None, rate_without: float
) -> Replicates:
    """Fit laws to all and to the resamples, and without each member, at given rates; None fits the rate to each."""
    present = np.arange(1, len(measured.value[metric]) + 1)
    without = measured.without[metric]
    # A size at which every subset drawn has some member can't be seen without it.
    known = np.isfinite(without).all(axis=1)
    return Replicates(
        law=fitted_power_law(present, measured.value[metric], rate=rate),
        over_examples=fitted_power_law(present, measured.resampled[metric].T, rate=rate),
        over_members=(
            fitted_power_law(present[known], without[known].T, rate=rate_without) if known.sum() >= 2 else None
        ),
        num_examples=num_examples,
    )


def _brier_readings(
    members: Float[np.ndarray, "member example class"],
    labels: Int[np.ndarray, "example"],
    weights: Float[np.ndarray, "resample example"],
    sizes: Int[np.ndarray, "size"],
    confidence: float,
) -> LawReadings:
    """Return what the law of the Brier score says: a limit plus a spread over the number of members."""
    if len(members) == 1:
        return _nothing(sizes)
    parts = _brier_parts(members, labels)
    over_members = None
    if len(members) > 2:
        left = [_brier_parts(np.delete(members, member, axis=0), labels) for member in range(len(members))]
        over_members = _brier_law(np.stack(left, axis=1).mean(axis=2))
    replicates = Replicates(
        law=_brier_law(parts.mean(axis=1)),
        over_examples=_brier_law(bootstrap_means(parts, weights)),
        over_members=over_members,
        num_examples=len(labels),
    )
    return replicates.readings(sizes, confidence)


def _brier_parts(
    members: Float[np.ndarray, "member example class"], labels: Int[np.ndarray, "example"]
) -> Float[np.ndarray, "2 example"]:
    """Return limit and spread of each example, both without bias."""
    spread = members.var(axis=0, ddof=1).sum(axis=-1)
    return np.stack([pointwise.brier(members.mean(axis=0), labels) - spread / len(members), spread])


def _brier_law(parts: Float[np.ndarray, "2 ..."]) -> PowerLaw:
    """Return limit and spread as a law of rate 1."""
    return PowerLaw(parts[0], parts[1], np.ones_like(parts[0]))


def _nothing(sizes: Int[np.ndarray, "size"]) -> LawReadings:
    """Return the readings of a single member: none."""
    unknown = np.full((3, len(sizes)), np.nan)
    return LawReadings(unknown, unknown, np.full(3, np.nan), float("nan"))


def _returns(
    measured: _Measured,
    readings: list[LawReadings],
    sizes: Int[np.ndarray, "size"],
    num_subsets: list[int],
    confidence: float,
) -> Returns:
    """Put together what was measured and what was read off the laws."""
    num_members = measured.value.shape[1]
    ends = percentile_interval(measured.resampled, confidence)
    beyond = ((0, 0), (0, len(sizes) - num_members))
    value, low, high = (np.pad(part, beyond, constant_values=np.nan) for part in (measured.value, *ends))
    tops = np.array(HIGHEST)[:, None]
    fit = np.clip(np.stack([each.fit for each in readings], axis=1), 0.0, tops)
    step = np.stack([each.step for each in readings], axis=1)
    limit = np.clip(np.stack([each.limit for each in readings], axis=1), 0.0, tops[:, 0])
    gain = step[:, :, num_members]
    return Returns(
        RETURN_METRICS,
        sizes,
        num_members,
        value,
        low,
        high,
        *fit,
        *step,
        *gain,
        *limit,
        rate=np.array([each.rate for each in readings]),
        num_subsets=np.array(num_subsets),
        confidence=confidence,
        num_resamples=measured.resampled.shape[2],
        notes=_notes(num_members),
    )


def _notes(num_members: int) -> tuple[str, ...]:
    """Say what so few members leave open."""
    if num_members == 1:
        return ("One member says nothing of a second one: there is no curve to fit. Train at least two.",)
    if num_members == 2:
        return (
            "Two members say nothing of how much members vary: gains and limits have no interval, and those of "
            "accuracy and NLL take a rate of 1 for granted. Train at least three.",
        )
    if num_members < LEAST_TO_TRUST:
        return (
            f"With {num_members} members the rate at which accuracy and NLL go on is hardly known: their intervals "
            f"allow every rate from {LOWEST_RATE:g} to {HIGHEST_RATE:g}.",
        )
    return ()
