"""Are my members different? Disagreement between members against what one run does, and against their errors."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from modescape.core.axes import MEMBER, MEMBER_OTHER, STEP, STEP_OTHER
from modescape.report.inputs import confidence_of, off_diagonal, optional
from modescape.report.verdicts import Answer, Number, Verdict, side, together

QUESTION = "Are my members different?"
TIMES_NEIGHBOURS = 2.0
"""Members count as different when they disagree more than this many times as much as the last two checkpoints of one
run. Disagreement obeys the triangle inequality, so two more epochs of such steps explain at most twice as much."""
SHARE_OF_ERROR = 0.5
"""Members count as different when they disagree on at least this share of their error rate. Members that make the same
errors disagree on 0; independent solutions reach about 0.7 (25 % of examples at 64 % accuracy) in Fort et al. (2019),
https://arxiv.org/abs/1912.02757, and samples around one solution of the same accuracy stay far below."""
COSINE_NEAR_0 = 0.1
"""Cosine below which weights are called unrelated: far above the 0.001 to 0.01 of random directions, far below the
cosines of about 0.5 and more that checkpoints of one run have."""

Results = Mapping[str, xr.Dataset]


def difference(results: Results) -> Answer:
    """Answer whether members are different functions, from the mean disagreement over their pairs.

    Two marks are compared with its interval: `TIMES_NEIGHBOURS` x the disagreement between the last two checkpoints of
    a run, and `SHARE_OF_ERROR` x the mean error rate. The verdict is clear where all clear comparisons agree.

    Args:
        results: Results by step; needs `solutions`, uses `trajectories`.
    """
    between = mean_disagreement(results)
    if between is None:
        return Answer(QUESTION, Verdict.UNKNOWN, _why_unknown(results))
    within, error = neighbour_disagreement(results), mean_error(results)
    verdicts = _verdicts(between, within, error)
    verdict = together(verdicts)
    sentences = [
        _between_sentence(between, confidence_of(results, "solutions")),
        *_compared(between, within, error),
        *_cosine_sentence(results),
    ]
    return Answer(
        QUESTION, verdict, _headline(verdict, verdicts, between), tuple(sentences), _numbers(results, between)
    )


def mean_disagreement(results: Results) -> Number | None:
    """Return the mean disagreement over pairs of members in percent, or None with fewer than two members.

    Its interval is the mean of the intervals of the pairs. That is never too narrow: the standard deviation of a mean
    is at most the mean of the standard deviations, with equality when all pairs rest on the same examples alike.
    """
    pair = (MEMBER, MEMBER_OTHER)
    arrays = [optional(results, "solutions", f"disagreement{end}", pair) for end in ("", "_low", "_high")]
    means = [float("nan") if array is None else 100.0 * _mean(off_diagonal(array)) for array in arrays]
    if np.isnan(means[0]):
        return None
    low, high = (None if np.isnan(end) else end for end in means[1:])
    return Number("mean disagreement between members", means[0], low, high, "%")


def neighbour_disagreement(results: Results) -> float | None:
    """Return the mean disagreement (percent) between the last two trained checkpoints of one run, or None.

    The untrained network (step 0) is no checkpoint here: everything disagrees with it.
    """
    array = optional(results, "trajectories", "disagreement", (MEMBER, STEP, STEP_OTHER))
    if array is None:
        return None
    values = [_last_pair(array.isel({MEMBER: index})) for index in range(array.sizes[MEMBER])]
    finite = [value for value in values if value is not None]
    return 100.0 * float(np.mean(finite)) if finite else None


def mean_error(results: Results) -> float | None:
    """Return the mean error rate of members in percent, or None where accuracy was not measured."""
    accuracy = optional(results, "solutions", "accuracy", (MEMBER,))
    if accuracy is None or not np.isfinite(accuracy.values).any():
        return None
    return 100.0 * (1.0 - _mean(accuracy.values[np.isfinite(accuracy.values)]))


def _last_pair(one: xr.DataArray) -> float | None:
    """Return the disagreement of the last two trained checkpoints that one trajectory has."""
    trained = [
        index for index, step in enumerate(one[STEP].values) if step > 0 and np.isfinite(one.values[index, index])
    ]
    if len(trained) < 2:
        return None
    value = float(one.values[trained[-1], trained[-2]])
    return value if np.isfinite(value) else None


def _why_unknown(results: Results) -> str:
    """Say why there is no answer."""
    solutions = results.get("solutions")
    if solutions is None:
        return "Not measured: this run has no `solutions` results."
    if solutions.sizes.get(MEMBER, 0) < 2:
        return "It needs at least 2 members to compare."
    return "Not measured: the `solutions` results hold no disagreement."


def _verdicts(between: Number, within: float | None, error: float | None) -> list[Verdict]:
    """Return one verdict for each mark there is; none without an interval, because a bare number decides nothing."""
    if between.low is None or between.high is None:
        return []
    marks = [TIMES_NEIGHBOURS * within] if within is not None else []
    marks += [SHARE_OF_ERROR * error] if error is not None else []
    return [side(between.low, between.high, mark) for mark in marks]


def _headline(verdict: Verdict, verdicts: list[Verdict], between: Number) -> str:
    """Say the verdict in a few words."""
    if verdict is Verdict.YES:
        return "Yes: they are different functions."
    if verdict is Verdict.NO:
        return "No: they answer almost alike."
    if verdict is Verdict.UNKNOWN and between.low is None:
        return "Measured, but without an interval."
    if verdict is Verdict.UNKNOWN:
        return "Measured, but there is nothing to compare it with: no true classes and no checkpoints of one run."
    if Verdict.YES in verdicts:
        return "Partly: one comparison says yes, the other no."
    return "Unclear: this many examples can't tell."


def _between_sentence(between: Number, confidence: str) -> str:
    """Say how much members disagree."""
    interval = f" ({confidence} interval {between.low:.1f} to {between.high:.1f} %)" if between.low is not None else ""
    return f"Two members give different answers to {between.value:.1f} % of examples on average{interval}."


def _compared(between: Number, within: float | None, error: float | None) -> list[str]:
    """Say what that is compared with."""
    sentences = []
    if within is not None:
        times = f", so members differ {between.value / within:.1f} times as much" if within > 0 else ""
        sentences.append(f"The last two checkpoints of one run differ on {within:.1f} %{times}.")
    if error is not None:
        times = f", so the disagreement is {between.value / error:.2f} times the error rate" if error > 0 else ""
        sentences.append(
            f"One member is wrong on {error:.1f} % of examples{times}; with the same errors it would be 0."
        )
    return sentences


def _cosine_sentence(results: Results) -> list[str]:
    """Say how far apart weights are, and that this alone proves nothing."""
    cosine = optional(results, "solutions", "cosine", (MEMBER, MEMBER_OTHER))
    values = off_diagonal(cosine) if cosine is not None else np.array([])
    if not values.size:
        return []
    mean = float(values.mean())
    told = "unrelated directions" if abs(mean) < COSINE_NEAR_0 else "directions with something in common"
    return [
        f"The mean cosine of their weights is {mean:.3f}, {told}; "
        "swapped neurons lower it without changing a function, so the answers decide."
    ]


def _numbers(results: Results, between: Number) -> tuple[Number, ...]:
    """Return the numbers behind the answer."""
    within, error = neighbour_disagreement(results), mean_error(results)
    cosine = optional(results, "solutions", "cosine", (MEMBER, MEMBER_OTHER))
    numbers = [between]
    if within is not None:
        numbers.append(Number("disagreement of the last two checkpoints of one run", within, unit="%"))
    if error is not None:
        numbers.append(Number("mean error rate of members", error, unit="%"))
    if cosine is not None and off_diagonal(cosine).size:
        numbers.append(Number("mean cosine between members", _mean(off_diagonal(cosine)), decimals=3))
    return tuple(numbers)


def _mean(values: np.ndarray) -> float:
    """Return the mean, NaN of nothing."""
    return float(values.mean()) if values.size else float("nan")
