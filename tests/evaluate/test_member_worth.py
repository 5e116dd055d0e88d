"""Whether the next member is worth its cost."""

import dataclasses

import numpy as np
import pytest

from modescape.core.errors import ArgumentError
from modescape.evaluate import member_worth, returns
from modescape.evaluate.returns import Returns


@pytest.fixture
def curve(make_members):
    """A curve of 4 members whose steps are known: 3 points, 2, 1 (the next one) and 0.5, with intervals of a fifth."""
    found = returns(*make_members(0), ahead=2, num_resamples=5, confidence=0.9, seed=0)
    step = np.array([np.nan, 0.08, 0.03, 0.02, 0.01, 0.005])
    steps = np.stack([step, -step, -step])
    # In the order of values, the lower end of a negative step is the larger improvement.
    wide = 0.2 * np.abs(steps)
    return dataclasses.replace(found, step=steps, step_low=steps - wide, step_high=steps + wide)


@pytest.mark.parametrize("metric", ["accuracy", "nll", "brier"])
@pytest.mark.parametrize(
    ("cost", "verdict", "sizes"),
    [
        (0.7, "worth it", (5, 5, 5)),
        (0.9, "undecided", (5, 4, 5)),
        (1.3, "not worth it", (4, 4, 4)),
        (20, "not worth it", (1, 1, 1)),
    ],
)
def test_the_interval_decides(curve, metric, cost, verdict, sizes):
    found = member_worth(curve, cost_per_member=cost, worth=1.0, metric=metric)
    assert (found.improvement, found.improvement_low, found.improvement_high) == pytest.approx((0.01, 0.008, 0.012))
    assert found.verdict == verdict
    assert (found.last_worth, found.last_worth_low, found.last_worth_high) == sizes
    assert found.needed == pytest.approx(cost)
    assert f": {verdict}." in found.sentence


def test_the_sentence_holds_interval_price_and_sizes(curve):
    found = member_worth(curve, cost_per_member=3, worth=4, metric="accuracy")
    assert found.sentence == (
        "Member 5 would improve accuracy by 1.00 percentage points (90 % interval [0.80, 1.20]). It costs 3, and a "
        "percentage point of accuracy is worth 4: worth it. By the estimate it pays where a percentage point of "
        "accuracy is worth at least 3. By the estimates members are worth their cost up to 5 (5 to 5 by the ends of "
        "the intervals)."
    )
    cheap = member_worth(curve, cost_per_member=0, worth=1, metric="nll")
    assert "up to at least 6 (at least 6 to at least 6 by" in cheap.sentence
    assert "not even a second member" in member_worth(curve, cost_per_member=99, worth=1).sentence


@pytest.mark.parametrize(
    ("num_members", "words"), [(1, "What member 2 would bring is not known"), (2, "without an interval")]
)
def test_what_is_not_known_is_undecided(make_members, num_members, words):
    found = member_worth(
        returns(*make_members(0, num_members=num_members), num_resamples=5, seed=0), cost_per_member=1, worth=1
    )
    assert found.verdict == "undecided"
    assert found.last_worth_low is None
    assert words in found.sentence


def test_a_member_that_improves_nothing_never_pays(curve):
    worse = dataclasses.replace(curve, step=-curve.step, step_low=-curve.step_high, step_high=-curve.step_low)
    found = member_worth(worse, cost_per_member=1, worth=1)
    assert isinstance(worse, Returns)
    assert found.needed == float("inf")
    assert found.verdict == "not worth it"
    assert "it pays where" not in found.sentence


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metric": "ece"}, "`metric` must be one of accuracy, nll, brier; got 'ece'"),
        ({"cost_per_member": -1.0}, r"`cost_per_member` must be at least 0\.0; got -1\.0"),
        (
            {"worth": float("nan")},
            "`worth` must be at least 0.0; got nan. Pass what a step of 0.01 nats of NLL is worth",
        ),
    ],
)
def test_wrong_settings_are_refused(curve, options, message):
    with pytest.raises(ArgumentError, match=message):
        member_worth(curve, **{"cost_per_member": 1.0, "worth": 1.0, **options})
