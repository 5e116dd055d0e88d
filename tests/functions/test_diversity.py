"""The limits of disagreement at an accuracy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modescape.core.errors import ArgumentError
from modescape.functions import disagreement, lower_limit, upper_limit

NUM_EXAMPLES = 200_000

settings_of_a_reference = pytest.mark.parametrize(
    ("reference_accuracy", "num_classes"), [(0.64, 10), (0.8, 3), (0.75, 2), (0.05, 100)]
)
numbers_of_classes = st.integers(2, 200)
fractions = st.floats(0.0, 1.0)


def predictor(rng, labels, accuracy, num_classes):
    """Return decisions right with a probability, else one of the other classes."""
    other = (labels + rng.integers(1, num_classes, size=len(labels))) % num_classes
    return np.where(rng.random(len(labels)) < accuracy, labels, other)


@settings_of_a_reference
@pytest.mark.parametrize("share", [0.0, 0.2, 0.7])
def test_decisions_changed_at_random_lie_on_the_lower_limit(reference_accuracy, num_classes, share):
    rng = np.random.default_rng(1)
    labels = rng.integers(num_classes, size=NUM_EXAMPLES)
    reference = predictor(rng, labels, reference_accuracy, num_classes)
    other = (reference + rng.integers(1, num_classes, size=NUM_EXAMPLES)) % num_classes
    changed = np.where(rng.random(NUM_EXAMPLES) < share, other, reference)
    limits = {"reference_accuracy": (reference == labels).mean(), "num_classes": num_classes}
    found = lower_limit((changed == labels).mean(), **limits)
    # A standard error of accuracy, 0.001, is magnified by the slope of the limit.
    slope = 1 / (reference_accuracy - (1 - reference_accuracy) / (num_classes - 1))
    assert found == pytest.approx(disagreement(changed, reference), abs=0.006 * slope)
    assert found == pytest.approx(share, abs=0.012 * slope)


@settings_of_a_reference
@pytest.mark.parametrize("accuracy", [0.1, 0.5, 0.9])
def test_independent_predictors_lie_on_the_upper_limit(reference_accuracy, num_classes, accuracy):
    rng = np.random.default_rng(2)
    labels = rng.integers(num_classes, size=NUM_EXAMPLES)
    reference = predictor(rng, labels, reference_accuracy, num_classes)
    other = predictor(rng, labels, accuracy, num_classes)
    found = upper_limit(accuracy, reference_accuracy=reference_accuracy, num_classes=num_classes)
    # Five standard errors.
    assert found == pytest.approx(disagreement(other, reference), abs=5 * (0.25 / NUM_EXAMPLES) ** 0.5)


def test_upper_limit_is_the_sum_over_both_decisions():
    r, a, num_classes = 0.7, 0.55, 7
    first = np.array([r, *[(1 - r) / 6] * 6])
    second = np.array([a, *[(1 - a) / 6] * 6])
    assert upper_limit(a, reference_accuracy=r, num_classes=num_classes) == pytest.approx(1 - first @ second, abs=1e-15)


@settings(max_examples=50, deadline=None)
@given(num_classes=numbers_of_classes, place=st.floats(0.01, 1.0))
def test_limits_meet_at_chance_where_they_are_the_disagreement_of_guessing(num_classes, place):
    chance = 1 / num_classes
    limits = {"reference_accuracy": chance + place * (1 - chance), "num_classes": num_classes}
    # 1 - r loses digits when r is close to 1/C.
    assert lower_limit(chance, **limits) == pytest.approx(1 - chance, abs=1e-11)
    assert upper_limit(chance, **limits) == pytest.approx(1 - chance, abs=1e-11)


@settings(max_examples=50, deadline=None)
@given(num_classes=numbers_of_classes, place=st.floats(0.01, 0.99), accuracy=fractions)
def test_lower_is_below_upper_above_chance(num_classes, place, accuracy):
    chance = 1 / num_classes
    accuracy = chance + accuracy * (1 - chance)
    limits = {"reference_accuracy": chance + place * (1 - chance), "num_classes": num_classes}
    lower, upper = lower_limit(accuracy, **limits), upper_limit(accuracy, **limits)
    assert 0 <= lower <= upper + 1e-11
    assert upper <= 1


@settings(max_examples=30, deadline=None)
@given(first=st.floats(0.21, 1), second=st.floats(0.21, 1))
def test_upper_limit_is_the_same_from_both_sides(first, second):
    assert upper_limit(first, reference_accuracy=second, num_classes=5) == pytest.approx(
        upper_limit(second, reference_accuracy=first, num_classes=5), abs=1e-15
    )


def test_ends():
    limits = {"reference_accuracy": 0.6, "num_classes": 4}
    assert lower_limit(0.6, **limits) == 0
    assert lower_limit(0.95, **limits) == 0
    assert upper_limit(1.0, **limits) == pytest.approx(0.4)
    # The reference always changed is right with probability (1 - r) / (C - 1); below, no change gets.
    assert lower_limit(0.4 / 3, **limits) == pytest.approx(1.0)
    assert lower_limit(0.0, **limits) == 1


def test_arrays_keep_their_shape_and_nan():
    accuracy = np.array([[0.3, np.nan], [0.5, 0.9]], dtype=np.float32)
    for limit in (lower_limit, upper_limit):
        found = limit(accuracy, reference_accuracy=np.array([0.7, 0.8]), num_classes=5)
        assert found.shape == (2, 2)
        assert np.isnan(found).tolist() == [[False, True], [False, False]]
        assert found[1, 0] == pytest.approx(limit(0.5, reference_accuracy=0.7, num_classes=5))
        assert found[1, 1] == pytest.approx(limit(np.float32(0.9), reference_accuracy=0.8, num_classes=5))


@pytest.mark.parametrize("limit", [lower_limit, upper_limit])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"accuracy": [0.5, 64.0]}, r"`accuracy` must be a fraction between 0 and 1; got 64\.0\. Divide percentages"),
        ({"accuracy": -0.1}, r"`accuracy` must be a fraction between 0 and 1; got -0\.1"),
        ({"reference_accuracy": 0.1}, r"`reference_accuracy` must lie above chance \(1/10\) and not above 1; got 0\.1"),
        ({"reference_accuracy": 1.2}, r"`reference_accuracy` must lie above chance"),
        ({"reference_accuracy": np.nan}, r"`reference_accuracy` must lie above chance .*; got nan"),
        ({"num_classes": 1}, r"`num_classes` must be at least 2; got 1\. Pass the number of classes"),
    ],
)
def test_refuses_what_has_no_limit(limit, change, message):
    arguments = {"accuracy": 0.5, "reference_accuracy": 0.6, "num_classes": 10, **change}
    with pytest.raises(ArgumentError, match=message):
        limit(arguments.pop("accuracy"), **arguments)
