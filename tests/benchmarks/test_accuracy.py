"""The comparison of accuracies."""

import math

import pytest
from scipy import stats

from accuracy import Difference, difference


def test_the_interval_is_that_of_welch():
    own, plain = [0.91, 0.93, 0.97, 0.90], [0.90, 0.80, 0.85]
    spread = [stats.tvar(sample) / len(sample) for sample in (own, plain)]
    freedom = sum(spread) ** 2 / sum(s**2 / (len(x) - 1) for s, x in zip(spread, (own, plain), strict=True))
    half = stats.t.ppf(0.975, freedom) * math.sqrt(sum(spread))
    found = difference(own, plain)
    assert found.mean == pytest.approx(sum(own) / 4 - sum(plain) / 3)
    assert (found.low, found.high) == (pytest.approx(found.mean - half), pytest.approx(found.mean + half))


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (-0.019, 0.019, "equivalent within 2.0 points"),
        (0.001, 0.01, "equivalent within 2.0 points"),
        (0.001, 0.03, "different, not equivalent within 2.0 points"),
        (-0.03, 0.01, "neither a difference nor equivalence within 2.0 points is shown"),
    ],
)
def test_verdict(low, high, verdict):
    assert Difference((low + high) / 2, low, high).verdict(margin=0.02) == verdict
