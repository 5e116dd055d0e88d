"""Is the ensemble worth it? What all members together gain over one member, against what they cost."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from modescape.core.axes import METRIC, SIZE
from modescape.report.inputs import confidence_of, optional
from modescape.report.metrics import Metric, metric_named
from modescape.report.verdicts import Answer, Number, Verdict, side, together

QUESTION = "Is the ensemble worth it?"
DECIDING = ("accuracy", "nll")
"""The metrics that decide: how often the answer is right, and how good its probabilities are (NLL is a proper score).
Brier score and ECE are shown with them; ECE decides nothing because a useless constant answer can have an ECE of 0."""

Results = Mapping[str, xr.Dataset]


@dataclass(frozen=True)
class Gain:
    """What the full ensemble changes in one metric, as the metric is shown.

    Args:
        metric: The metric.
        change: Full ensemble minus one member, with its paired interval.
        last_step: Full ensemble minus the ensemble with one member less (an estimate); None where it is not known.
        one: The metric of one member (mean over members).
        full: The metric of the full ensemble.
    """

    metric: Metric
    change: Number
    last_step: float | None
    one: float
    full: float

    @property
    def verdict(self) -> Verdict:
        """Whether the interval of the change excludes 0 on the good side (yes), the bad side (no), or holds it."""
        if self.change.low is None or self.change.high is None or self.metric.higher_is_better is None:
            return Verdict.UNKNOWN
        better = side(self.change.low, self.change.high, 0.0)
        return better if self.metric.higher_is_better else _OPPOSITE[better]


_OPPOSITE = {Verdict.YES: Verdict.NO, Verdict.NO: Verdict.YES, Verdict.UNCLEAR: Verdict.UNCLEAR}


def worth(results: Results) -> Answer:
    """Answer whether the full ensemble is better than one member, beyond what chance in the examples explains.

    Yes where the paired interval of the change excludes 0 on the good side in accuracy or NLL and on the bad side in
    neither; no the other way round; unclear where it holds 0 in both (no evidence) or the two contradict.

    Args:
        results: Results by step; needs `ensemble`.
    """
    size = full_size(results)
    if size is None or size < 2:
        return Answer(QUESTION, Verdict.UNKNOWN, _why_unknown(results))
    gains = ensemble_gains(results, size)
    deciding = [gain for gain in gains if gain.metric.name in DECIDING and gain.verdict is not Verdict.UNKNOWN]
    verdict = together([gain.verdict for gain in deciding])
    sentences = [_change_sentence(gain, size, confidence_of(results, "ensemble")) for gain in deciding]
    sentences += [_cost_sentence(size), *_last_sentence(gains, size)]
    return Answer(QUESTION, verdict, _headline(verdict, deciding), tuple(sentences), tuple(_numbers(gains, size)))


def full_size(results: Results) -> int | None:
    """Return the largest number of members whose gain was measured in any metric, or None.

    >>> full_size({}) is None
    True
    """
    gain = optional(results, "ensemble", "gain", (METRIC, SIZE))
    if gain is None:
        return None
    measured = np.isfinite(gain.values).any(axis=0)
    return int(gain[SIZE].values[measured].max()) if measured.any() else None


def ensemble_gains(results: Results, size: int) -> list[Gain]:
    """Return what the ensemble of a size changes in each metric that has a gain."""
    gain = optional(results, "ensemble", "gain", (METRIC, SIZE))
    names = [] if gain is None else [str(name) for name in gain[METRIC].values]
    gains = [_gain(results, metric_named(name), size) for name in names]
    return [one for one in gains if np.isfinite(one.change.value)]


def _gain(results: Results, metric: Metric, size: int) -> Gain:
    """Return the change in one metric."""

    def at(variable: str, where: int) -> float:
        """Read one number in the unit it is shown in, NaN where it is missing."""
        array = optional(results, "ensemble", variable, (METRIC, SIZE))
        if array is None or where not in array[SIZE].values:
            return float("nan")
        return metric.scale * float(array.sel({METRIC: metric.name, SIZE: where}))

    low, high = (None if np.isnan(end) else end for end in (at("gain_low", size), at("gain_high", size)))
    change = Number(metric.label, at("gain", size), low, high, metric.change_unit, metric.decimals, signed=True)
    before = at("gain", size - 1) if size > 2 else 0.0
    last = change.value - before
    return Gain(metric, change, None if np.isnan(last) else last, at("value", 1), at("value", size))


def _why_unknown(results: Results) -> str:
    """Say why there is no answer."""
    if "ensemble" not in results:
        return "Not measured: this run has no `ensemble` results."
    sizes = results["ensemble"].sizes.get(SIZE, 0)
    return "An ensemble needs at least 2 members." if sizes < 2 else "Not measured: no gain over one member is stored."


def _headline(verdict: Verdict, deciding: list[Gain]) -> str:
    """Say the verdict in a few words, with the metrics that carry it."""
    carrying = " and ".join(gain.metric.label for gain in deciding if gain.verdict is verdict)
    if verdict is Verdict.YES:
        return f"Yes: {carrying} {'is' if ' and ' not in carrying else 'are'} better than with one member."
    if verdict is Verdict.NO:
        return f"No: {carrying} {'is' if ' and ' not in carrying else 'are'} worse than with one member."
    if verdict is Verdict.UNKNOWN:
        return "Not measured: neither accuracy nor NLL has a gain with an interval."
    if any(gain.verdict is Verdict.YES for gain in deciding):
        return "Mixed: one of accuracy and NLL is better, the other worse."
    return "No evidence on this data: the gain can't be told from 0."


def _change_sentence(gain: Gain, size: int, confidence: str) -> str:
    """Say what one metric gains, and whether that is more than chance."""
    told = {
        Verdict.YES: "better",
        Verdict.NO: "worse",
        Verdict.UNCLEAR: "no evidence of a difference on this data",
    }[gain.verdict]
    metric, change = gain.metric, gain.change
    label = metric.label[0].upper() + metric.label[1:]
    one, full = (Number("", value, unit=metric.unit, decimals=metric.decimals) for value in (gain.one, gain.full))
    values = (
        f"{one} with one member, {full} with {size}" if np.isfinite([gain.one, gain.full]).all() else f"{size} members"
    )
    shown = f"{change.shown} {change.unit}".strip()
    return f"{label}: {values}; {shown} (paired {confidence} interval {change.interval}), {told}."


def _cost_sentence(size: int) -> str:
    """Say what the ensemble costs."""
    return f"It costs {size} times the compute of one member, in training and for each prediction."


def _last_sentence(gains: list[Gain], size: int) -> list[str]:
    """Say what the last member added."""
    last = [
        f"{gain.metric.label} by {_last_number(gain, '')}"
        for gain in gains
        if gain.metric.name in DECIDING and gain.last_step is not None
    ]
    if size < 3 or not last:
        return []
    return [
        f"The step from {size - 1} to {size} members changes {' and '.join(last)} (estimates, without an interval)."
    ]


def _last_number(gain: Gain, name: str) -> Number:
    """Return what the last member changed."""
    value = float("nan") if gain.last_step is None else gain.last_step
    return Number(name, value, unit=gain.metric.change_unit, decimals=gain.metric.decimals, signed=True)


def _numbers(gains: list[Gain], size: int) -> list[Number]:
    """Return the numbers behind the answer: all changes, then the cost and the last member's share."""
    numbers = [gain.change for gain in gains]
    numbers.append(Number("compute, in units of one member", float(size), decimals=0))
    if size > 2:
        numbers += [
            _last_number(gain, f"{gain.metric.label}, change by the last member")
            for gain in gains
            if gain.metric.name in DECIDING and gain.last_step is not None
        ]
    return numbers
