"""Is the next member worth its cost? What it brings against what it costs, in the user's own unit."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from jaxtyping import Float

from modescape.core.checks import check_at_least, check_choice
from modescape.evaluate.returns import RETURN_METRICS, Returns

WORTH_STEP: Final = 0.01
"""The improvement that `worth` is the worth of, in all metrics."""
WORTH_UNITS: Final = {
    "accuracy": "percentage point of accuracy",
    "nll": "step of 0.01 nats of NLL",
    "brier": "step of 0.01 in the Brier score",
}
"""What the worth of an improvement is asked for, by metric."""
SHOWN: Final = {
    "accuracy": ("accuracy", 100.0, 2, "percentage points"),
    "nll": ("NLL", 1.0, 4, "nats"),
    "brier": ("the Brier score", 1.0, 4, ""),
}
"""How an improvement is written: name, factor, digits, unit."""
Verdict = Literal["worth it", "not worth it", "undecided"]


@dataclass(frozen=True)
class MemberWorth:
    """Whether one more member is worth its cost.

    Attributes:
        metric: The metric that counts.
        member: Number of the member that is asked about, one more than there are.
        improvement: By how much it would improve the metric, above 0 for better.
        improvement_low: Lower end of its interval; NaN where there is none.
        improvement_high: Upper end.
        cost_per_member: What a member costs.
        worth: What an improvement by 0.01 is worth, in the same unit.
        verdict: "worth it" or "not worth it" where the whole interval is on that side of the cost, else "undecided".
        needed: The worth from which on the member would pay, by the estimate; infinite where it improves nothing.
        last_worth: The number of members up to which each is worth its cost, by the estimates; None without a curve. At
            the last fitted size, it may be larger.
        last_worth_low: The same for the lower ends of the improvements.
        last_worth_high: The same for the upper ends.
        sentence: All of it in words.
    """

    metric: str
    member: int
    improvement: float
    improvement_low: float
    improvement_high: float
    cost_per_member: float
    worth: float
    verdict: Verdict
    needed: float
    last_worth: int | None
    last_worth_low: int | None
    last_worth_high: int | None
    sentence: str


def member_worth(curve: Returns, *, cost_per_member: float, worth: float, metric: str = "nll") -> MemberWorth:
    """Say whether the next member is worth its cost, and up to which size members are.

    Member k + 1 is worth its cost c where w (m_k - m_(k+1)) / 0.01 >= c, with m_k the fitted metric at size k (its
    negative for accuracy) and w the worth of an improvement by 0.01. For the next member the whole interval of the
    improvement must lie on one side of the cost, or the answer is "undecided".

    Args:
        curve: The result of `returns`.
        cost_per_member: What training one more member costs, in any unit: money, hours.
        worth: What an improvement of the metric by 0.01 is worth in that unit: by one percentage point of accuracy, by
            0.01 nats of NLL, by 0.01 of the Brier score.
        metric: The metric that counts: accuracy, nll or brier.

    Raises:
        ArgumentError: If the metric is none of them, or a number is negative or not finite.

    >>> from modescape.evaluate import returns
    >>> members = np.array([[[0.9, 0.1], [0.6, 0.4]], [[0.7, 0.3], [0.2, 0.8]], [[0.8, 0.2], [0.5, 0.5]]])
    >>> curve = returns(members, np.array([0, 1]), seed=0)
    >>> found = member_worth(curve, cost_per_member=10.0, worth=20.0, metric="brier")
    >>> found.member, found.verdict, round(found.needed, 1), found.last_worth
    (4, 'undecided', 22.5, 3)
    """
    check_choice(metric, RETURN_METRICS, "metric")
    check_at_least(cost_per_member, 0.0, "cost_per_member", "Pass what one more member costs")
    check_at_least(worth, 0.0, "worth", f"Pass what a {WORTH_UNITS[metric]} is worth")
    place = curve.metrics.index(metric)
    steps = np.stack([curve.step[place], curve.step_low[place], curve.step_high[place]])
    # Of a metric that is better when lower, the lower end is the largest improvement.
    improvements = steps if metric == "accuracy" else -steps[[0, 2, 1]]
    improvement, low, high = improvements[:, curve.num_members].tolist()
    verdict = _verdict(low, high, cost_per_member, worth)
    sizes = [_last_worth(row, cost_per_member, worth) for row in improvements]
    price = f"It costs {cost_per_member:g}, and a {WORTH_UNITS[metric]} is worth {worth:g}: {verdict}."
    needed = cost_per_member * WORTH_STEP / improvement if improvement > 0 else float("inf")
    told = _told(curve, metric, improvements[:, curve.num_members])
    return MemberWorth(
        metric,
        curve.num_members + 1,
        improvement,
        low,
        high,
        cost_per_member,
        worth,
        verdict,
        needed,
        *sizes,
        sentence=" ".join([told, price, *_needed_told(needed, metric), *_sizes_told(curve, sizes)]),
    )


def _verdict(low: float, high: float, cost: float, worth: float) -> Verdict:
    """Say on which side of the cost the interval of an improvement lies; no interval decides nothing.

    >>> _verdict(0.01, 0.02, 1.0, 2.0), _verdict(0.01, 0.02, 3.0, 2.0), _verdict(0.01, 0.02, 5.0, 2.0)
    ('worth it', 'undecided', 'not worth it')
    """
    if worth * low / WORTH_STEP >= cost:
        return "worth it"
    return "not worth it" if worth * high / WORTH_STEP < cost else "undecided"


def _last_worth(improvements: Float[np.ndarray, "size"], cost: float, worth: float) -> int | None:
    """Return the number of members up to which each is worth its cost, or None where improvements are not known.

    >>> _last_worth(np.array([np.nan, 0.04, 0.02, 0.01]), 1.0, 0.5)
    3
    """
    if np.isnan(improvements[1:]).any():
        return None
    pays = worth * improvements[1:] / WORTH_STEP >= cost
    return 1 + (len(pays) if pays.all() else int(pays.argmin()))


def _told(curve: Returns, metric: str, improvement: Float[np.ndarray, "3"]) -> str:
    """Say what the next member would improve."""
    name, factor, decimals, unit = SHOWN[metric]
    if np.isnan(improvement[0]):
        return f"What member {curve.num_members + 1} would bring is not known. {' '.join(curve.notes)}".strip()
    value, low, high = (f"{factor * number:.{decimals}f}" for number in improvement)
    ends = "without an interval" if np.isnan(improvement[1:]).any() else f"{100 * curve.confidence:g} % interval "
    interval = "" if np.isnan(improvement[1:]).any() else f"[{low}, {high}]"
    amount = f"{value} {unit}".strip()
    return f"Member {curve.num_members + 1} would improve {name} by {amount} ({ends}{interval})."


def _needed_told(needed: float, metric: str) -> list[str]:
    """Say what an improvement must be worth for the next member to pay."""
    if not np.isfinite(needed):
        return []
    return [f"By the estimate it pays where a {WORTH_UNITS[metric]} is worth at least {needed:.3g}."]


def _sizes_told(curve: Returns, sizes: list[int | None]) -> list[str]:
    """Say up to which size members are worth their cost."""
    last, low, high = sizes
    if last is None:
        return []
    end = int(curve.sizes[-1])

    def told(size: int) -> str:
        return f"at least {size}" if size == end else str(size)

    interval = "" if low is None or high is None else f" ({told(low)} to {told(high)} by the ends of the intervals)"
    if last == 1:
        return [f"By the estimates not even a second member is worth its cost{interval}."]
    return [f"By the estimates members are worth their cost up to {told(last)}{interval}."]
