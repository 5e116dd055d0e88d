"""Lattices that are measured in part."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import lagrange

from modescape.landscapes.lattices import filled, first_points

AXIS = np.linspace(-1.0, 1.0, 17)
X, Y = np.meshgrid(AXIS, AXIS, indexing="ij")


def every(step, num=17, num_axes=2):
    chosen = np.zeros((num,) * num_axes, dtype=bool)
    chosen[(slice(None, None, step),) * num_axes] = True
    return chosen


@settings(max_examples=15, deadline=None)
@given(st.lists(st.floats(-3, 3), min_size=16, max_size=16), st.sampled_from([2, 4]))
def test_cubics_are_predicted_exactly(coefficients, step):
    values = np.polynomial.polynomial.polyval2d(X, Y, np.reshape(coefficients, (4, 4)))
    found = filled(np.where(every(step), values, np.nan), every(step))
    np.testing.assert_allclose(found.values, values, atol=1e-11)


def test_predictions_are_those_of_lagrange():
    values = np.random.default_rng(0).normal(size=9)
    known = every(2, num=9, num_axes=1)
    found = filled(values, known).values
    for midpoint, nearest in [(1, [0, 2, 4, 6]), (3, [0, 2, 4, 6]), (5, [2, 4, 6, 8]), (7, [2, 4, 6, 8])]:
        slow = np.polyval(lagrange(nearest, values[nearest]).coefficients, midpoint)
        assert found[midpoint] == pytest.approx(slow, abs=1e-12)
    np.testing.assert_array_equal(found[::2], values[::2])


def test_both_axes_are_alike():
    values = np.exp(X) * np.cos(3 * Y)
    known = first_points(17, 5, 2)
    there, back = filled(values, known, tolerance=1e-3), filled(values.T, known.T, tolerance=1e-3)
    np.testing.assert_array_equal(there.values, back.values.T)
    np.testing.assert_array_equal(there.wanted, back.wanted.T)
    assert there.wanted.any()


def test_unmeasured_values_are_not_read():
    values = np.sin(3 * X + Y)
    known = first_points(17, 5, 2)
    np.testing.assert_array_equal(filled(values, known).values, filled(np.where(known, values, 1e9), known).values)


def test_measured_points_tell_by_how_much_they_were_missed():
    values = np.zeros(9)
    values[4], values[6] = 1.0, 5.0
    found = filled(values, np.ones(9, dtype=bool))
    cubic_at_4, cubic_at_6 = 0.0, np.polyval(lagrange([0, 4, 8], [0.0, 1.0, 0.0]).coefficients, 6)
    assert found.errors[4] == pytest.approx(1.0 - cubic_at_4)
    assert found.errors[6] == pytest.approx(5.0 - cubic_at_6)
    assert not found.wanted.any()


def test_nothing_is_predicted_between_a_number_and_what_is_none():
    values = np.where(AXIS < 0.2, AXIS**2, np.nan)
    found = filled(values, every(2, num_axes=1), tolerance=np.finfo(float).max)
    edge = int(np.argmax(np.isnan(values)))
    between = [index for index in range(1, 17, 2) if np.isfinite(values[index - 1]) != np.isfinite(values[index + 1])]
    assert np.flatnonzero(found.wanted).tolist() == between
    assert abs(between[0] - edge) <= 1
    assert np.isnan(found.values[edge + 1 :]).all()
    assert np.isfinite(found.values[: edge - 1]).all()


def test_points_around_a_missed_one_are_wanted_those_of_coarser_levels_too():
    values = np.zeros((17, 17))
    known = every(4) | every(2)[:, ::-1] & (np.indices((17, 17)).sum(axis=0) % 8 == 4)
    known[9, 9] = True
    values[9, 9] = 1.0
    found = filled(values, known, tolerance=0.1)
    wanted = {tuple(place) for place in np.argwhere(found.wanted).tolist()}
    assert {(9, 8), (8, 9), (10, 10), (7, 9)} - {tuple(place) for place in np.argwhere(known).tolist()} <= wanted
    assert all(max(abs(row - 9), abs(column - 9)) <= 2 for row, column in wanted)


def test_first_points():
    for num, coarse in [(33, 9), (17, 5)]:
        stride = (num - 1) // (coarse - 1)
        chosen = first_points(num, coarse, 2)
        assert chosen[::stride, ::stride].all()
        assert chosen.sum() == coarse**2 + (coarse - 1) ** 2 // 2
    assert first_points(9, 9, 1).all()
    assert first_points(5, 9, 2).all()
