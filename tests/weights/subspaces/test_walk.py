"""Strengths from full accuracy down to chance."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modescape.core.errors import ArgumentError
from modescape.weights import strengths_to_chance


def sigmoid(middle, width, full=0.8, chance=0.1):
    """Return an accuracy that is full at 0 and falls to chance around a strength."""
    top = 1 / (1 + math.exp(-middle / width))

    def accuracy(strength):
        falling = 1 / (1 + math.exp(min(700.0, (strength - middle) / width)))
        return min(1.0, chance + (full - chance) * falling / top)

    return accuracy


class Counted:
    def __init__(self, accuracy):
        self.accuracy, self.asked = accuracy, []

    def __call__(self, strength):
        self.asked.append(strength)
        return self.accuracy(strength)


def test_a_straight_fall_is_walked_in_even_strengths():
    walk = strengths_to_chance(lambda s: max(0.25, 0.85 - 0.06 * s), chance=0.25, num=7)
    assert walk.reached_chance
    np.testing.assert_allclose(walk.strengths, np.linspace(0.5, 9.5, 7), atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(scale=st.floats(-2, 2), sharpness=st.floats(2, 10), full=st.floats(0.4, 1.0), num=st.integers(2, 40))
def test_steps_of_accuracy_are_even_over_four_orders_of_strength(scale, sharpness, full, num):
    middle = 10.0**scale
    accuracy = Counted(sigmoid(middle, middle / sharpness, full))
    walk = strengths_to_chance(accuracy, chance=0.1, num=num)
    assert walk.reached_chance
    assert len(accuracy.asked) <= 15
    assert len(set(accuracy.asked)) == len(accuracy.asked)
    assert accuracy.asked[0] == 0
    assert (np.diff(walk.strengths) >= 0).all()
    found = np.array([accuracy.accuracy(strength) for strength in walk.strengths])
    margin = 0.05 * (full - 0.1)
    wanted = np.linspace(full - margin, 0.1 + margin, num)
    assert np.abs(found - wanted).max() < 0.15 * (full - 0.1)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), scale=st.floats(-1, 1.5))
def test_noise_does_not_mislead(seed, scale):
    rng = np.random.default_rng(seed)
    exact = sigmoid(10.0**scale, 10.0**scale / 4)
    walk = strengths_to_chance(
        lambda s: float(np.clip(exact(s) + 0.01 * rng.standard_normal(), 0, 1)), chance=0.1, num=10
    )
    assert walk.reached_chance
    assert (np.diff(walk.strengths) >= 0).all()
    found = np.array([exact(strength) for strength in walk.strengths])
    assert np.abs(found - np.linspace(0.765, 0.135, 10)).max() < 0.12


def test_an_accuracy_that_rises_again_is_no_reason_to_walk_back():
    exact = sigmoid(5.0, 1.0)
    walk = strengths_to_chance(lambda s: exact(s) + 0.08 * math.sin(3 * s) ** 2 * (s < 7), chance=0.1, num=12)
    assert (np.diff(walk.strengths) >= 0).all()
    assert exact(walk.strengths[-1]) < 0.2


def test_strengths_rise_whatever_the_noise():
    # As large as for single samples of a low-rank subspace.
    for seed in range(50):
        rng = np.random.default_rng(seed)
        exact = sigmoid(3.0, 1.0)
        walk = strengths_to_chance(
            lambda s, rng=rng, exact=exact: float(np.clip(exact(s) + 0.1 * rng.standard_normal(), 0, 1)),
            chance=0.1,
            num=30,
        )
        assert (np.diff(walk.strengths) >= 0).all()
        assert exact(walk.strengths[-1]) < exact(walk.strengths[0]) - 0.2


def test_a_rise_at_the_end_does_not_stop_the_walk_early():
    # Falls from 0.9 to 0.3 at strength 4, and rises to 0.5 at 8: the mean beyond 4 is 0.4.
    def accuracy(strength):
        return 0.9 - 0.15 * strength if strength < 4 else 0.3 + 0.05 * (strength - 4)

    walk = strengths_to_chance(accuracy, chance=0.1, num=5, largest=8.0)
    assert not walk.reached_chance
    assert accuracy(walk.strengths[-1]) < 0.45


def test_a_limit_of_strength_is_kept_and_told():
    accuracy = Counted(sigmoid(5.0, 1.0))
    walk = strengths_to_chance(accuracy, chance=0.1, num=6, largest=4.5)
    assert not walk.reached_chance
    assert max(accuracy.asked) == 4.5
    assert walk.strengths[-1] == pytest.approx(4.5)
    found = np.diff([accuracy.accuracy(strength) for strength in walk.strengths])
    np.testing.assert_allclose(found, found.mean(), rtol=0.4)


def test_a_limit_below_one_is_kept():
    accuracy = Counted(sigmoid(0.3, 0.05))
    walk = strengths_to_chance(accuracy, chance=0.1, num=6, largest=0.7)
    assert walk.reached_chance
    assert max(accuracy.asked) == 0.7


def test_what_never_falls_is_told_after_few_evaluations():
    accuracy = Counted(lambda _: 0.7)
    walk = strengths_to_chance(accuracy, chance=0.1, num=5)
    assert not walk.reached_chance
    assert len(accuracy.asked) <= 15
    np.testing.assert_allclose(walk.strengths, np.linspace(0, 1024, 5))


def test_a_cliff_is_found():
    walk = strengths_to_chance(lambda s: 0.9 if s < 3.3 else 0.1, chance=0.1, num=4)
    assert walk.reached_chance
    np.testing.assert_allclose(walk.strengths, 3.3, atol=0.01)


def test_a_network_at_chance_goes_nowhere():
    walk = strengths_to_chance(lambda _: 0.1, chance=0.1, num=3)
    assert walk.strengths.tolist() == [0, 0, 0]
    assert walk.reached_chance


def test_one_strength_is_where_accuracy_begins_to_fall():
    assert strengths_to_chance(lambda s: max(0.0, 1 - s / 10), chance=0.0, num=1).strengths == pytest.approx([0.5])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"chance": 1.0}, r"`chance` must lie in \[0, 1\); got 1\.0\. Pass 1 / number of classes"),
        ({"chance": math.nan}, r"`chance` must lie in"),
        ({"num": 0}, r"`num` must be at least 1; got 0"),
        ({"largest": 0.0}, r"`largest` must be above 0; got 0\.0\. Pass subspace.strongest"),
        ({"largest": math.nan}, r"`largest` must be above 0"),
    ],
)
def test_refuses_wrong_settings(change, message):
    with pytest.raises(ArgumentError, match=message):
        strengths_to_chance(lambda _: 0.5, **{"chance": 0.1, "num": 3, **change})


@pytest.mark.parametrize("wrong", [math.nan, 1.1, -0.1, 64.0])
def test_refuses_what_is_no_accuracy(wrong):
    with pytest.raises(ArgumentError, match=r"`accuracy_at` must return a fraction .*; got .* at strength 1\."):
        strengths_to_chance(lambda s: wrong if s else 0.5, chance=0.1, num=3)
