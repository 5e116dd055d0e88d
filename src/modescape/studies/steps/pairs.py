"""Which examples tell members apart: measures of every pair, tests between two, and the most disputed examples."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from jaxtyping import Bool, Float, Int, Shaped

from modescape.core.axes import MEASURE, MEMBER, MEMBER_OTHER, SIZE
from modescape.evaluate import (
    PairMeasure,
    holm,
    mcnemar,
    pair_mean_interval,
    pair_measures,
    proportion_interval,
    vote_curve,
)
from modescape.functions import RightCounts, pair_counts
from modescape.studies.context import StudyContext
from modescape.studies.step import Step
from modescape.studies.steps.answers import Answers, answers_of
from modescape.studies.steps.disputed import disputed_examples, kept_votes

SQUARE = [MEMBER, MEMBER_OTHER]
MCNEMAR = "exact"
FROM_MINUS_1 = ("kappa", "error_correlation", "q_statistic")
UNLIMITED = ("diversity",)
"""Measures without an upper end; all others are shares, from 0 to 1."""


def _work(context: StudyContext) -> dict[str, xr.Dataset | None]:
    """Compare the answers of the members pair by pair, and find the examples that they dispute."""
    answers = answers_of(context.run)
    chosen = context.settings.differences
    inputs = shown_inputs(context, answers.labels)
    return {
        "results/pairs": _pairs(context, answers),
        "results/disputed": disputed_examples(
            answers, inputs, number=chosen.disputed, pair_number=chosen.pair_disputed
        ),
        "results/votes": kept_votes(answers),
    }


def shown_inputs(
    context: StudyContext, labels: Int[np.ndarray, "example"] | None
) -> Shaped[np.ndarray, "example ..."] | None:
    """Return the test examples that were predicted, or None where they are not at hand.

    Args:
        context: Its data set is taken where it has one with the same test labels.
        labels: Labels of the examples that were predicted.
    """
    dataset = context.dataset
    if dataset is None or labels is None or not np.array_equal(dataset.test.labels.numpy(), labels):
        return None
    return dataset.test.inputs.numpy()


def _pairs(context: StudyContext, answers: Answers) -> xr.Dataset:
    """Return all measures of pairs, of single members, and of groups by their size."""
    confidence = context.settings.compare.confidence
    counts = pair_counts(answers.decisions, answers.labels, num_classes=answers.num_classes)
    found = pair_measures(counts, answers.decisions, confidence=confidence)
    attrs = {
        "num_examples": answers.num_examples,
        "confidence": confidence,
        "num_classes": answers.num_classes,
        "classes": list(answers.classes),
        "kappa_interval": found.kappa_interval,
        "mcnemar": MCNEMAR,
    }
    dataset = xr.Dataset(coords=answers.coords(other=True), attrs=attrs)
    for name, measure in found.measures.items():
        for end, values in (("", measure.value), ("_low", measure.low), ("_high", measure.high)):
            # Beside 1,000 members these are 45 matrices of a million numbers.
            dataset[name + end] = (SQUARE, values.astype(np.float32))
    dataset = dataset.merge(_means(found.measures, confidence))
    if counts.right is None or answers.labels is None:
        return dataset
    dataset = dataset.assign(_tests(counts.right)).assign(_single(counts.right, answers.num_examples, confidence))
    return dataset.merge(_sizes(context, answers, answers.labels))


def _means(measures: Mapping[str, PairMeasure], confidence: float) -> xr.Dataset:
    """Return the mean of each measure over pairs, with its interval over members; none where a pair has no number."""
    names = [name for name in measures if name != "accuracy_difference"]
    found = []
    for name in names:
        value = measures[name].value
        # Of diversity there are two numbers a pair.
        both = (value + value.T) / 2
        once = both[np.triu_indices(len(both), 1)]
        whole = bool(np.isfinite(once).all()) and len(once) > 0
        known = once[np.isfinite(once)]
        mean = float(known.mean()) if known.size else np.nan
        found.append(pair_mean_interval(both, confidence=confidence) if whole else (mean, np.nan, np.nan))
    # Student's interval of few members reaches beyond what a measure can be.
    lowest = np.array([-1.0 if name in FROM_MINUS_1 else 0.0 for name in names])
    highest = np.array([np.inf if name in UNLIMITED else 1.0 for name in names])
    mean, *limits = np.array(found).T
    limits = [np.clip(limit, lowest, highest) for limit in limits]
    ends = zip(("mean", "mean_low", "mean_high"), (mean, *limits), strict=True)
    return xr.Dataset({name: ([MEASURE], values) for name, values in ends}, coords={MEASURE: names})


def _tests(right: RightCounts) -> dict[str, tuple[list[str], Float[np.ndarray, "member member_other"]]]:
    """Return McNemar's test of every pair, as it is and adjusted for the number of pairs."""
    p = mcnemar(right.first_right_only, right.first_right_only.T, method=MCNEMAR)
    once: Bool[np.ndarray, "member member_other"] = np.triu(np.ones(p.shape, dtype=bool), 1)
    adjusted = np.ones_like(p)
    adjusted[once] = holm(p[once])
    return {"mcnemar_p": (SQUARE, p), "mcnemar_p_adjusted": (SQUARE, np.minimum(adjusted, adjusted.T))}


def _single(
    right: RightCounts, num_examples: int, confidence: float
) -> dict[str, tuple[list[str], Float[np.ndarray, "member"]]]:
    """Return the accuracy of each member."""
    number = np.diagonal(right.both_right)
    low, high = proportion_interval(number, num_examples, confidence=confidence)
    values = {"accuracy": number / num_examples, "accuracy_low": low, "accuracy_high": high}
    return {name: ([MEMBER], each) for name, each in values.items()}


def _sizes(context: StudyContext, answers: Answers, labels: Int[np.ndarray, "example"]) -> xr.Dataset:
    """Return how often one of k members is right, and most of them."""
    compare = context.settings.compare
    curve = vote_curve(
        answers.decisions,
        labels,
        num_classes=answers.num_classes,
        max_subsets=compare.max_subsets,
        num_resamples=compare.num_resamples,
        confidence=compare.confidence,
        seed=context.settings.seed,
    )
    found: dict[str, np.ndarray] = {"num_subsets": curve.num_subsets}
    for name, (low, high) in curve.intervals.items():
        # Of one pair `oracle_accuracy` is over two dimensions; by size it has a name of its own.
        ends = {"": getattr(curve, name), "_low": low, "_high": high}
        found |= {f"size_{name}_accuracy{end}": each for end, each in ends.items()}
    return xr.Dataset({name: ([SIZE], each) for name, each in found.items()}, coords={SIZE: curve.sizes})


pairs = Step(
    "pairs",
    "which examples tell members apart",
    ("results/pairs", "results/disputed", "results/votes"),
    _work,
    needs=("predictions",),
    options=("confidence", "num_resamples", "max_subsets", "disputed", "pair_disputed"),
)
