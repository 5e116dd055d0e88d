"""Barriers along paths, with intervals over examples."""

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modescape.core.errors import ArgumentError
from modescape.evaluate import bootstrap_weights
from modescape.landscapes import barrier, path_statistics

PLACES = np.array([0.0, 0.2, 0.4, 0.7, 1.0])
OPTIONS = {"num_resamples": 40, "confidence": 0.8, "seed": 3}


def path(seed=0, num=23, places=5):
    generator = np.random.default_rng(seed)
    decisions = generator.integers(3, size=(places, num))
    return generator.exponential(size=(places, num)), decisions == generator.integers(3, size=num), decisions


def slow_barrier(losses, places):
    """The formula, place by place, between the ends."""
    mean = [sum(row) / len(row) for row in losses]
    rises = [mean[i] - ((1 - t) * mean[0] + t * mean[-1]) for i, t in enumerate(places)]
    return max(rises[1:-1])


def slow_statistics(losses, correct, decisions, line):
    accuracy = [np.mean(row) for row in correct]
    middle = decisions[2]
    apart = np.mean(decisions[0] != decisions[-1])
    nearer = min(np.mean(middle != decisions[0]), np.mean(middle != decisions[-1]))
    line_barrier = slow_barrier(line, PLACES[[0, 1, 4]])
    return {
        "loss": losses.mean(axis=1),
        "accuracy": np.array(accuracy),
        "barrier": slow_barrier(losses, PLACES),
        "accuracy_drop": min(accuracy[0], accuracy[-1]) - min(accuracy[1:-1]),
        "barrier_share": slow_barrier(losses, PLACES) / line_barrier if line_barrier > 0 else np.nan,
        "function_share": nearer / apart,
    }


def test_each_resample_is_measured_anew():
    losses, correct, decisions = path()
    line = path(7, places=3)[0] + [[0.0], [2.0], [0.0]]
    found = path_statistics(
        losses, correct, decisions, PLACES, line_losses=line, line_places=PLACES[[0, 1, 4]], **OPTIONS
    )
    expected = slow_statistics(losses, correct, decisions, line)
    resamples = [np.repeat(np.arange(23), row.astype(int)) for row in bootstrap_weights(23, num_resamples=40, seed=3)]
    drawn = [slow_statistics(*(part[:, chosen] for part in (losses, correct, decisions, line))) for chosen in resamples]
    for field in fields(found):
        estimate = getattr(found, field.name)
        np.testing.assert_allclose(estimate.value, expected[field.name], rtol=1e-12)
        low, high = np.percentile([one[field.name] for one in drawn], [10, 90], axis=0)
        np.testing.assert_allclose(estimate.low, low, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(estimate.high, high, rtol=1e-10, atol=1e-12)
    alone = barrier(losses, PLACES, **OPTIONS)
    for name in ("value", "low", "high"):
        assert getattr(alone, name) == pytest.approx(getattr(found.barrier, name), rel=1e-12)


def test_the_place_of_the_maximum_may_change_from_resample_to_resample():
    # One place is bad for some examples, another for the others: the interval of a fixed place would reach lower.
    losses = np.zeros((4, 100))
    losses[1, :50] = losses[2, 50:] = 1.0
    found = barrier(losses, np.array([0, 0.4, 0.6, 1]), num_resamples=500, seed=0)
    assert found.value == 0.5
    assert found.low >= 0.5


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), slope=st.floats(-3, 3), shift=st.floats(0, 3))
def test_straight_rises_do_not_count_and_directions_do_not_matter(seed, slope, shift):
    losses = path(seed)[0]
    tilted = losses + shift + slope * PLACES[:, None]
    back = barrier(losses[::-1], (1 - PLACES)[::-1], **OPTIONS)
    for found in (barrier(tilted, PLACES, **OPTIONS), back):
        expected = barrier(losses, PLACES, **OPTIONS)
        for name in ("value", "low", "high"):
            assert getattr(found, name) == pytest.approx(getattr(expected, name), abs=1e-9)


def test_a_path_below_the_straight_line_has_a_negative_barrier():
    losses = np.array([[1.0, 1.0], [0.5, 0.3], [1.0, 1.0]])
    assert barrier(losses, np.array([0, 0.5, 1]), seed=0).value == pytest.approx(-0.6)
    better = losses < 0.9
    found = path_statistics(losses, better, np.zeros((3, 2), int), np.array([0, 0.5, 1]), seed=0)
    assert found.accuracy_drop.value == -1.0


def test_shares_are_undefined_without_a_whole():
    losses, correct, decisions = path()
    found = path_statistics(losses, correct, np.zeros_like(decisions), PLACES, **OPTIONS)
    for estimate in (found.barrier_share, found.function_share):
        assert np.isnan([estimate.value, estimate.low, estimate.high]).all()
    flat = path_statistics(losses, correct, decisions, PLACES, line_losses=np.ones((5, 23)), **OPTIONS)
    assert np.isnan([flat.barrier_share.value, flat.barrier_share.low, flat.barrier_share.high]).all()


def test_the_curve_as_its_own_line_has_the_share_one():
    losses, correct, decisions = path()
    losses[2] += 5
    share = path_statistics(losses, correct, decisions, PLACES, line_losses=losses, **OPTIONS).barrier_share
    assert (share.value, share.low, share.high) == (1.0, 1.0, 1.0)


def test_interval_covers_the_known_barrier_as_often_as_it_says():
    # Mean losses 0, 1 and 0: a barrier of 1.
    generator, places = np.random.default_rng(0), np.array([0, 0.5, 1])
    inside = 0
    for _ in range(150):
        losses = np.array([[0.0], [1.0], [0.0]]) + generator.normal(size=(3, 60))
        found = barrier(losses, places, num_resamples=200, confidence=0.9, seed=1)
        inside += found.low <= 1 <= found.high
    assert 0.82 < inside / 150 < 0.97


def test_refuses_what_does_not_fit():
    losses, correct, decisions = path()
    for places in ([0.1, 0.4, 0.5, 0.6, 1], [0, 0.4, 0.4, 0.6, 1], [0, 0.4, 0.5, 0.6, 0.9], [0, 1], [[0, 1]]):
        with pytest.raises(ArgumentError, match=r"`places` must increase from 0 to 1 in 3 places or more; got \["):
            barrier(losses, places, seed=0)
    with pytest.raises(
        ArgumentError, match=r"`losses` must have the shape \(place, example\) with 5 places.*\(4, 23\)"
    ):
        barrier(losses[1:], PLACES, seed=0)
    wrong = losses.copy()
    wrong[2, 3] = np.inf
    with pytest.raises(ArgumentError, match=r"`losses` must be finite; got inf at place 2, example 3\."):
        path_statistics(wrong, correct, decisions, PLACES, seed=0)
    with pytest.raises(ArgumentError, match=r"`losses` must have the same examples in .*; got numbers \[23, 22, 23\]"):
        path_statistics(losses, correct[:, 1:], decisions, PLACES, seed=0)
    with pytest.raises(ArgumentError, match=r"`line_places` must increase from 0 to 1"):
        path_statistics(losses, correct, decisions, PLACES, line_losses=losses, line_places=PLACES[1:], seed=0)
    with pytest.raises(ArgumentError, match=r"`confidence` must lie strictly between 0 and 1; got 95"):
        barrier(losses, PLACES, confidence=95, seed=0)
