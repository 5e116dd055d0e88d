"""The recommendation in words: one sentence, and the reasons with their numbers and intervals."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from modescape.evaluate.frontier import Frontier
from modescape.evaluate.member_worth import SHOWN, WORTH_UNITS

MOST_NAMED: Final = 6
"""Candidates that are named in a sentence; of more, the number is told."""
TOLD: Final = ("accuracy", "nll", "brier", "ece", "auroc")
MORE_SHOWN: Final = {**SHOWN, "ece": ("ECE", 100.0, 2, "percentage points"), "auroc": ("AUROC", 1.0, 4, "")}
"""How a metric is written: name, factor, digits, unit of a difference."""
LIMITS: Final = {
    "training": "trainings of one network",
    "prediction": "passes in a prediction",
    "parameters": "numbers",
}


@dataclass(frozen=True)
class Price:
    """What an ensemble costs.

    Attributes:
        training: Its training, in trainings of one network of the base architecture.
        prediction: Forward passes of the base network for one example.
        parameters: Numbers that must be kept to predict.
    """

    training: float
    prediction: float
    parameters: float


@dataclass(frozen=True)
class Candidate:
    """One method and size that could be chosen, with its price and its metric on the validation examples."""

    method: str
    size: int
    title: str
    price: Price
    value: float

    @property
    def name(self) -> str:
        """Title and size."""
        return f"{self.title} (size {self.size})"


@dataclass(frozen=True)
class Choice:
    """What was chosen, from what, and against what.

    Attributes:
        metric: The metric that counted.
        chosen: The one that is recommended.
        rival: What it is compared with: without costs the best one, with costs the next best; None where there is none.
        difference: Metric of the chosen one minus that of the rival on validation examples, with its interval.
        net: With costs, the net value of the chosen one minus that of the rival, with its interval.
        cost_per_member: What the training of one network costs.
        worth: What an improvement by 0.01 is worth.
        level: Those that count as good as the winner.
        num_candidates: Number of candidates.
        num_allowed: Number of those within the limits.
        limits: The limits by what they limit.
        num_validation: Number of validation examples.
        confidence: Confidence level of the intervals.
        reference: The name of the reference for a reader.
    """

    metric: str
    chosen: Candidate
    rival: Candidate | None
    difference: tuple[float, float, float]
    net: tuple[float, float, float] | None
    cost_per_member: float | None
    worth: float | None
    level: tuple[Candidate, ...]
    num_candidates: int
    num_allowed: int
    limits: Mapping[str, float]
    num_validation: int
    confidence: float
    reference: str


def sentence_of(choice: Choice, measured: Frontier) -> str:
    """Return the recommendation in a sentence, with its price and its test number."""
    price = choice.chosen.price
    told = _test_numbers(choice, measured, (choice.metric,))
    rule = (
        f"the cheapest within one standard error of the best by {_label(choice.metric)} on validation examples"
        if choice.worth is None
        else f"the largest net value by {_label(choice.metric)} on validation examples"
    )
    return (
        f"Take {choice.chosen.name}, {rule}: {price.training:.3g} trainings of one network, {price.prediction:.3g} "
        f"passes in a prediction, {told} on test examples."
    )


def reasons_of(choice: Choice, measured: Frontier) -> tuple[str, ...]:
    """Return why it was chosen and what it brings, in sentences."""
    return (
        _how(choice),
        *_against_rival(choice),
        *_level_told(choice),
        f"On {measured.num_examples:,} test examples: {_test_numbers(choice, measured, TOLD)}.",
        *_against_reference(choice, measured, "versus_one", f"one network ({choice.reference}, size 1)"),
        *_against_reference(choice, measured, "difference", f"{choice.reference} of the same size"),
        *_curse(choice),
    )


def _how(choice: Choice) -> str:
    """Say by what and among how many was chosen."""
    scaled = "" if choice.metric == "accuracy" else ", each scaled by its temperature"
    among = f"among {choice.num_allowed} candidates"
    if choice.limits:
        limits = " and ".join(f"at most {most:g} {LIMITS[name]}" for name, most in choice.limits.items())
        among = f"among the {choice.num_allowed} of {choice.num_candidates} candidates within the limits ({limits})"
    return f"Chosen by {_label(choice.metric)} on {choice.num_validation:,} validation examples{scaled}, {among}."


def _against_rival(choice: Choice) -> list[str]:
    """Compare the chosen one with the best, or with costs with the next best."""
    rival, chosen = choice.rival, choice.chosen
    if choice.worth is not None:
        price = f"a {WORTH_UNITS[choice.metric]} is worth {choice.worth:g}, a training costs {choice.cost_per_member:g}"
        if rival is None or choice.net is None:
            return [f"It is the only candidate ({price})."]
        value, low, high = choice.net
        told = "undecided" if low <= 0 else "more than chance explains"
        return [
            f"Its net value ({price}) is the largest; over the next, {rival.name}, it leads by {value:.3g} "
            f"[{low:.3g}, {high:.3g}], {told}."
        ]
    if rival is None:
        return [f"It has the best value itself, {_value(choice.metric, chosen.value)}."]
    return [
        f"The best value, {_value(choice.metric, rival.value)}, is that of {rival.name}; the recommended one differs "
        f"by {_signed(choice.metric, choice.difference)}, at most one standard error, and takes "
        f"{chosen.price.training:.3g} trainings instead of {rival.price.training:.3g} and "
        f"{chosen.price.prediction:.3g} passes in a prediction instead of {rival.price.prediction:.3g}."
    ]


def _level_told(choice: Choice) -> list[str]:
    """Name the candidates that can't be told from the winner."""
    others = [candidate for candidate in choice.level if candidate != choice.chosen]
    if choice.num_allowed == 1:
        return []
    if not others and choice.worth is None:
        return ["Every other candidate is worse than it by more than one standard error."]
    if not others:
        return [f"Every other candidate is worse than it beyond chance ({_percent(choice)} paired intervals)."]
    names = ", ".join(candidate.name for candidate in others[:MOST_NAMED])
    more = f" and {len(others) - MOST_NAMED} more" if len(others) > MOST_NAMED else ""
    if choice.worth is None:
        return [f"Also within one standard error of the best value: {names}{more}."]
    return [f"On these examples the largest net value can't be told from others either: {names}{more}."]


def _test_numbers(choice: Choice, measured: Frontier, metrics: tuple[str, ...]) -> str:
    """Write test numbers with intervals, of scaled probabilities where there are some."""
    parts = []
    for metric in metrics:
        value, low, high = _read(choice, measured, ("value", "low", "high"), metric)
        if np.isfinite(value):
            factor, decimals = MORE_SHOWN[metric][1:3]
            ends = f"[{factor * low:.{decimals}f}, {factor * high:.{decimals}f}]"
            parts.append(f"{_value(metric, value)} {ends}")
    return ", ".join(parts)


def _against_reference(choice: Choice, measured: Frontier, name: str, other: str) -> list[str]:
    """Say how the chosen one differs from the reference on test examples; nothing where it is the reference itself."""
    names = (name, f"{name}_low", f"{name}_high")
    is_itself = choice.chosen.method == measured.reference and (name == "difference" or choice.chosen.size == 1)
    parts = []
    for metric in ("accuracy", "nll"):
        ends = _read(choice, measured, names, metric)
        if np.isfinite(ends).all():
            unclear = ", which can't be told from 0" if ends[1] <= 0 <= ends[2] else ""
            parts.append(f"{MORE_SHOWN[metric][0]} {_signed(metric, ends)}{unclear}")
    if is_itself or not parts:
        return []
    return [f"Against {other}, on the same test examples: {'; '.join(parts)}."]


def _curse(choice: Choice) -> list[str]:
    """Say why validation numbers are too good."""
    if choice.num_allowed == 1:
        return []
    return [
        f"The best of {choice.num_allowed} on validation examples is partly a lucky one, so its validation value is "
        "rather too good; test examples took no part in the choice. Intervals hold other examples, not other trainings."
    ]


def _read(choice: Choice, measured: Frontier, names: tuple[str, ...], metric: str) -> tuple[float, ...]:
    """Return numbers of the chosen one on the test examples."""
    place = (
        len(measured.scalings) - 1,
        measured.methods.index(choice.chosen.method),
        measured.sizes.tolist().index(choice.chosen.size),
        measured.metrics.index(metric),
    )
    return tuple(float(getattr(measured, name)[place]) for name in names)


def _label(metric: str) -> str:
    """Return the name of a metric.

    >>> _label("brier")
    'the Brier score'
    """
    return MORE_SHOWN[metric][0]


def _value(metric: str, value: float) -> str:
    """Write a value with its name.

    >>> _value("accuracy", 0.75), _value("nll", 0.5)
    ('accuracy 75.00 %', 'NLL 0.5000 nats')
    """
    label, factor, decimals, unit = MORE_SHOWN[metric]
    shown = "%" if factor == 100.0 else unit
    return f"{label.removeprefix('the ')} {factor * value:.{decimals}f} {shown}".strip()


def _signed(metric: str, ends: tuple[float, ...]) -> str:
    """Write a difference with its interval.

    >>> _signed("accuracy", (0.01, -0.01, 0.03))
    '+1.00 percentage points [-1.00, +3.00]'
    """
    _, factor, decimals, unit = MORE_SHOWN[metric]
    value, low, high = (f"{factor * number:+.{decimals}f}" for number in ends)
    return f"{value} {unit}".strip() + f" [{low}, {high}]"


def _percent(choice: Choice) -> str:
    """Return the confidence as a reader knows it."""
    return f"{100 * choice.confidence:g} %"
