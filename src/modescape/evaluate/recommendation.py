"""The recommended ensemble: one method and size, chosen on validation examples and told with test numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from jaxtyping import Float, Int

from modescape.core.checks import check_at_least, check_choice, checked_labels, checked_probabilities
from modescape.core.errors import ArgumentError, Quoted
from modescape.evaluate import pointwise
from modescape.evaluate.frontier import Entry, Frontier, Predictions
from modescape.evaluate.inputs import check_confidence
from modescape.evaluate.intervals import bootstrap_means, bootstrap_weights, percentile_interval
from modescape.evaluate.member_worth import WORTH_STEP
from modescape.evaluate.recommendation_words import Candidate, Choice, Price, reasons_of, sentence_of
from modescape.evaluate.temperature import fitted_temperatures, tempered

SCORES: Final = {"accuracy": pointwise.correct, "nll": pointwise.nll, "brier": pointwise.brier}
CHOOSING: Final = tuple(SCORES)
"""The metrics by which can be chosen: means over examples that a useless predictor can't have a good value of."""


@dataclass(frozen=True)
class Recommendation:
    """One method and size, and why.

    Attributes:
        method: Name of the method.
        size: Its size.
        metric: The metric it was chosen by.
        best: The method and size with the best value on the validation examples, among those within the limits.
        level: The winner and all that the choice holds for as good: without costs those within one standard error of
            the best value, with costs those whose net value can't be told from the largest beyond chance.
        sentence: The recommendation in a sentence.
        reasons: Why, in sentences with numbers and intervals.
    """

    method: str
    size: int
    metric: str
    best: Entry
    level: tuple[Entry, ...]
    sentence: str
    reasons: tuple[str, ...]


def recommended(
    measured: Frontier,
    validation: Predictions,
    validation_labels: Int[np.ndarray, "example"],
    prices: Mapping[Entry, Price],
    *,
    metric: str = "nll",
    cost_per_member: float | None = None,
    worth: float | None = None,
    max_training: float | None = None,
    max_prediction: float | None = None,
    max_parameters: float | None = None,
    titles: Mapping[str, str] | None = None,
    num_resamples: int = 1000,
    confidence: float = 0.95,
    seed: int,
) -> Recommendation:
    """Choose one method and size on the validation examples, and tell it with its test numbers.

    Each predictor is scaled by its temperature, which leaves the accuracy as it is. Without costs, the cheapest is
    chosen among those that are worse than the best one by at most one standard error of the paired difference, taken
    from the resamples. Cheapest means least training, to a tenth of the training of one network; then least
    passes in a prediction, then least parameters, then the best value. With costs, the largest net value is chosen:

        -worth * loss / 0.01 - cost_per_member * training,

    where the loss is the metric, or 1 minus the accuracy. Every temperature was fitted to the examples of the choice,
    one number for each candidate alike. With many candidates the best one on validation examples is partly a lucky one
    (the winner's curse); numbers are therefore told from test examples, which take no part in the choice.

    Source: the rule of one standard error is that of Breiman, Friedman, Olshen, Stone (1984), Classification and
    Regression Trees, section 3.4.3. Differs from it in the standard error, which is that of the difference. A whole
    interval in its place would recommend one network wherever there are few validation examples.

    Args:
        measured: The result of `frontier` on the test examples; it may hold more than is chosen from.
        validation: Class probabilities on the validation examples by (method, size): the candidates.
        validation_labels: The true classes of the validation examples.
        prices: What each candidate costs.
        metric: What counts: nll, brier or accuracy.
        cost_per_member: What the training of one network costs, in any unit; with `worth` only.
        worth: What an improvement of the metric by 0.01 is worth in that unit: by one percentage point of accuracy, by
            0.01 nats of NLL, by 0.01 of the Brier score.
        max_training: Most trainings of one network that may be spent.
        max_prediction: Most passes of the base network for a prediction.
        max_parameters: Most parameters that may be kept.
        titles: Names of methods for a reader; those that lack one are told by their name.
        num_resamples: Number of bootstrap resamples.
        confidence: Confidence level of the intervals.
        seed: Seed of the run.

    Raises:
        ArgumentError: If predictions do not fit the labels, a price or a test number is missing, only one of cost and
            worth is given, or the limits leave no candidate.

    >>> from modescape.evaluate import frontier
    >>> sure, unsure, labels = np.array([[0.9, 0.1], [0.1, 0.9]] * 9), np.full((18, 2), 0.5), np.array([0, 1] * 9)
    >>> predictors = {("independent", 1): unsure, ("independent", 2): sure, ("swag", 2): sure}
    >>> measured = frontier(predictors, labels, seed=0)
    >>> prices = {entry: Price(entry[1], 1.0 + (entry[0] == "swag"), 100) for entry in predictors}
    >>> found = recommended(measured, predictors, labels, prices, seed=0)
    >>> found.method, found.size, found.level
    ('independent', 2, (('independent', 2), ('swag', 2)))
    """
    check_choice(metric, CHOOSING, "metric")
    check_confidence(confidence)
    _check_costs(cost_per_member, worth)
    _check_known(measured, validation, prices)
    limits = {"training": max_training, "prediction": max_prediction, "parameters": max_parameters}
    allowed = _within(prices, list(validation), {name: most for name, most in limits.items() if most is not None})
    scores = _scores(validation, validation_labels, allowed, metric)
    weights = bootstrap_weights(scores.shape[1], num_resamples=num_resamples, seed=seed)
    found = _Scored(scores.mean(axis=1), bootstrap_means(scores, weights), -1.0 if metric == "accuracy" else 1.0)
    if cost_per_member is None or worth is None:
        picked = _cheapest(found, [prices[entry] for entry in allowed])
    else:
        spent = cost_per_member * np.array([prices[entry].training for entry in allowed])
        picked = _most_valuable(found, spent, worth, confidence)
    candidates = [
        Candidate(*entry, (titles or {}).get(entry[0], entry[0]), prices[entry], float(value))
        for entry, value in zip(allowed, found.values, strict=True)
    ]
    choice = Choice(
        metric=metric,
        chosen=candidates[picked.chosen],
        rival=None if picked.rival is None else candidates[picked.rival],
        difference=found.difference(picked.chosen, picked.rival, confidence),
        net=picked.net,
        cost_per_member=cost_per_member,
        worth=worth,
        level=tuple(candidates[place] for place in picked.level),
        num_candidates=len(validation),
        num_allowed=len(allowed),
        limits={name: most for name, most in limits.items() if most is not None},
        num_validation=scores.shape[1],
        confidence=confidence,
        reference=(titles or {}).get(measured.reference, measured.reference),
    )
    return Recommendation(
        *allowed[picked.chosen],
        metric=metric,
        best=allowed[found.best],
        level=tuple(allowed[place] for place in picked.level),
        sentence=sentence_of(choice, measured),
        reasons=reasons_of(choice, measured),
    )


Ends: TypeAlias = tuple[float, float, float]
"""A number with the lower and the upper end of its interval."""


@dataclass(frozen=True, eq=False)
class _Scored:
    """The metric of each candidate on all validation examples and on each resample; times sign, lower is better."""

    values: Float[np.ndarray, "candidate"]
    resampled: Float[np.ndarray, "candidate resample"]
    sign: float

    @property
    def best(self) -> int:
        """The place of the best value."""
        return int((self.sign * self.values).argmin())

    def difference(self, one: int, other: int | None, confidence: float) -> Ends:
        """Return the metric of one candidate minus that of another, with its paired interval."""
        if other is None:
            return float("nan"), float("nan"), float("nan")
        low, high = percentile_interval(self.resampled[one] - self.resampled[other], confidence)
        return float(self.values[one] - self.values[other]), float(low), float(high)


@dataclass(frozen=True)
class _Picked:
    """The places of the chosen one, of the one it is compared with, and of those it can't be told from.

    With costs, net is the net value of the chosen one minus that of the rival.
    """

    chosen: int
    rival: int | None
    level: tuple[int, ...]
    net: Ends | None = None


def _cheapest(found: _Scored, prices: list[Price]) -> _Picked:
    """Pick the cheapest of those within one standard error of the best one."""
    worse = found.sign * (found.values - found.values[found.best])
    errors = (found.resampled - found.resampled[found.best]).std(axis=1, ddof=1)
    level = tuple(np.flatnonzero(worse <= errors).tolist())

    def order(place: int) -> tuple[float, ...]:
        price = prices[place]
        return round(price.training, 1), price.prediction, price.parameters, found.sign * float(found.values[place])

    chosen = min(level, key=order)
    return _Picked(chosen, found.best if chosen != found.best else None, level)


def _most_valuable(found: _Scored, spent: Float[np.ndarray, "candidate"], worth: float, confidence: float) -> _Picked:
    """Pick the largest net value, and compare it with the next."""
    factor = found.sign * worth / WORTH_STEP
    losses, resampled = factor * found.values + spent, factor * found.resampled + spent[:, None]
    order = losses.argsort(kind="stable").tolist()
    level = _level(resampled, order[0], confidence)
    if len(order) == 1:
        return _Picked(order[0], None, level)
    low, high = percentile_interval(resampled[order[1]] - resampled[order[0]], confidence)
    net = float(losses[order[1]] - losses[order[0]]), float(low), float(high)
    return _Picked(order[0], order[1], level, net)


def _level(losses: Float[np.ndarray, "candidate resample"], best: int, confidence: float) -> tuple[int, ...]:
    """Return the places of those whose paired difference to the best one does not lie above 0 with its whole interval.

    >>> _level(np.array([[0.1, 0.2, 0.3], [0.3, 0.1, 0.4], [0.5, 0.6, 0.7]]), 0, 0.9)
    (0, 1)
    """
    low, _ = percentile_interval(losses - losses[best], confidence)
    return tuple(np.flatnonzero(low <= 0.0).tolist())


def _scores(
    validation: Predictions, labels: Int[np.ndarray, "example"], allowed: list[Entry], metric: str
) -> Float[np.ndarray, "candidate example"]:
    """Return the scores of the validation examples by each candidate, each scaled by its temperature."""
    first = checked_probabilities(np.asarray(validation[allowed[0]])[None], "validation")
    truth = checked_labels(labels, first.shape[1], first.shape[2], "validation_labels")
    rows = np.empty((len(allowed), len(truth)))
    for place, entry in enumerate(allowed):
        name = f"validation[{entry[0]}, {entry[1]}]"
        predictor = checked_probabilities(np.asarray(validation[entry])[None], name)
        if predictor.shape != first.shape:
            rule = f"have the shape {first.shape[1:]} of (example, class), as the others"
            got = Quoted(f"shape {predictor.shape[1:]}")
            raise ArgumentError(name, rule, got, "Predict the same examples with every method")
        scaled = tempered(predictor, fitted_temperatures(predictor, truth)) if metric != "accuracy" else predictor
        rows[place] = SCORES[metric](scaled, truth)[0]
    return rows


def _within(prices: Mapping[Entry, Price], entries: list[Entry], limits: Mapping[str, float]) -> list[Entry]:
    """Return the candidates that cost no more than the limits."""
    allowed = [entry for entry in entries if all(getattr(prices[entry], name) <= most for name, most in limits.items())]
    if not allowed:
        name, most = next(iter(limits.items()), ("training", 0.0))
        least = {name: min(getattr(prices[entry], name) for entry in entries) for name in limits}
        shown = ", ".join(f"{name} {value:g}" for name, value in least.items())
        rule = "leave a candidate, together with the other limits"
        raise ArgumentError(f"max_{name}", rule, most, f"The least that any candidate needs is: {shown or 'nothing'}")
    return allowed


def _check_costs(cost_per_member: float | None, worth: float | None) -> None:
    """Raise unless both or neither are given, and not negative."""
    given = {"cost_per_member": cost_per_member, "worth": worth}
    for name, value in given.items():
        if value is not None:
            check_at_least(value, 0.0, name, "Pass a number in your own unit, such as money or hours")
    if (cost_per_member is None) != (worth is None):
        name = "worth" if worth is None else "cost_per_member"
        got, advice = Quoted("only the other"), "Pass both, in the same unit, or neither"
        raise ArgumentError(name, "be given with the other of cost_per_member and worth", got, advice)


def _check_known(measured: Frontier, validation: Predictions, prices: Mapping[Entry, Price]) -> None:
    """Raise unless there are candidates, each with a price and test numbers."""
    if not validation:
        raise ArgumentError("validation", "hold at least one candidate", Quoted("none"), "Pass what is chosen from")
    for method, size in validation:
        if (method, size) not in prices:
            got = Quoted(f"none for {method} of size {size}")
            raise ArgumentError("prices", "hold every candidate", got, "Pass what each one costs")
        if method not in measured.methods or size not in measured.sizes:
            got = Quoted(f"none for {method} of size {size}")
            raise ArgumentError(
                "measured", "hold test numbers of every candidate", got, "Pass its test predictions too"
            )
