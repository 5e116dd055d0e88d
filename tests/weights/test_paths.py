"""Straight and bent paths between two solutions."""

from math import comb

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from modescape.core.errors import ArgumentError
from modescape.weights import Bezier, Line, Polyline, points_by_length


def vectors(seed, num, params=7, dtype=torch.float64):
    return list(torch.randn(num, params, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype))


def slow_point(kind, points, t):
    """The formulas of the docstrings, written out."""
    n = len(points) - 1
    if kind is Bezier:
        return sum(comb(n, k) * t**k * (1 - t) ** (n - k) * p for k, p in enumerate(points))
    k = min(int(n * t), n - 1)
    s = n * t - k
    return (1 - s) * points[k] + s * points[k + 1]


PATHS = [(Line, 2), (Polyline, 2), (Polyline, 3), (Polyline, 5), (Bezier, 3), (Bezier, 5)]


@pytest.mark.parametrize(("kind", "num"), PATHS)
@pytest.mark.parametrize("t", [0.0, 0.1, 0.25, 1 / 3, 0.5, 0.77, 1.0])
def test_points_follow_the_formula(kind, num, t):
    points = vectors(num, num)
    torch.testing.assert_close(kind(*points).point(t), slow_point(kind, points, t), rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize(("kind", "num"), PATHS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_ends_are_reproduced_to_the_bit(kind, num, dtype):
    points = vectors(1, num, params=1001, dtype=dtype)
    points[0][3], points[-1][4] = -0.0, -0.0
    path = kind(*points)
    for t, end in ((0.0, points[0]), (1.0, points[-1])):
        found = path.point(t)
        assert found.dtype == dtype
        assert found.numpy().tobytes() == end.numpy().tobytes()
        assert found.data_ptr() != end.data_ptr()
    assert path.start is not None
    assert torch.equal(path.start, points[0])
    assert torch.equal(path.end, points[-1])


def test_a_polyline_passes_through_its_bends_to_the_bit():
    points = vectors(2, 5, dtype=torch.float32)
    for index, point in enumerate(points):
        assert torch.equal(Polyline(*points).point(index / 4), point)


@pytest.mark.parametrize("kind", [Polyline, Bezier])
@settings(max_examples=15, deadline=None)
@given(num=st.integers(3, 6), t=st.floats(0.01, 0.99))
def test_coefficients_add_up_to_one_and_rates_are_their_derivatives(kind, num, t):
    at = np.array([t])
    assert kind.coefficients(at, num).sum() == pytest.approx(1.0)
    assert kind.rates(at, num).sum() == pytest.approx(0.0, abs=1e-9)
    step = 1e-6
    if kind is Bezier or abs((t * (num - 1)) % 1 - 0.5) < 0.499:
        slope = (kind.coefficients(at + step, num) - kind.coefficients(at - step, num)) / (2 * step)
        np.testing.assert_allclose(kind.rates(at, num), slope, atol=1e-6)


def chords(path, ts, pieces=180_000):
    """Lengths up to some t, by adding up many short chords in two dimensions."""
    grid = np.linspace(0.0, 1.0, pieces + 1)
    drawn = type(path).coefficients(grid, len(path.points)) @ torch.stack(path.points).double().numpy()
    lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(drawn, axis=0), axis=1))])
    return np.interp(ts, grid, lengths)


@pytest.mark.parametrize(("kind", "num"), [(Polyline, 4), (Bezier, 3), (Bezier, 4)])
@pytest.mark.parametrize("seed", range(3))
def test_places_are_equally_far_apart(kind, num, seed):
    path = kind(*vectors(seed, num))
    found = points_by_length(path, 9)
    places, ts = np.array(found).T
    np.testing.assert_allclose(places, np.arange(9) / 8, rtol=1e-15)
    assert (ts[0], ts[-1]) == (0.0, 1.0)
    total = chords(path, 1.0)
    np.testing.assert_allclose(chords(path, ts) / total, places, atol=2e-7)
    assert path.length == pytest.approx(total, rel=1e-7)
    # Equally spaced t are not: the test can fail.
    assert np.abs(chords(path, places) / total - places).max() > 1e-3


def test_length_of_a_parabola_in_closed_form():
    # (t, t^2) from 0 to 1 has the length sqrt(5)/2 + asinh(2)/4.
    path = Bezier(*(torch.tensor(p, dtype=torch.float64) for p in ([0.0, 0.0], [0.5, 0.0], [1.0, 1.0])))
    assert path.length == pytest.approx(np.sqrt(5) / 2 + np.arcsinh(2) / 4, rel=1e-12)


def test_a_line_is_measured_by_its_own_parameter():
    path = Line(*vectors(5, 2, dtype=torch.float32))
    assert points_by_length(path, 25) == [(place, place) for place in np.linspace(0, 1, 25).tolist()]
    assert points_by_length(path, 2) == [(0.0, 0.0), (1.0, 1.0)]


def test_a_curve_that_turns_back_is_measured_there_and_back():
    # x(t) = 4 t (1 - t): to 1 and back, at rest in the middle.
    path = Bezier(*(torch.tensor([x], dtype=torch.float64) for x in (0.0, 2.0, 0.0)))
    assert path.length == pytest.approx(2.0, rel=1e-7)
    ts = [t for _, t in points_by_length(path, 5)]
    np.testing.assert_allclose(ts, [0, 0.5 - 8**-0.5, 0.5, 0.5 + 8**-0.5, 1], atol=1e-4)


def test_close_ends_far_from_the_origin_keep_their_distance():
    start = torch.full((1000,), 100.0)
    end = start.clone()
    end[0] += 2**-10
    assert Line(start, end).length == 2**-10


def test_vectors_stay_as_they_are():
    start = torch.nn.Parameter(torch.ones(3))
    path = Bezier(start, torch.zeros(3), torch.ones(3))
    path.point(0.0).mul_(0.0)
    assert torch.equal(start.detach(), torch.ones(3))
    assert not path.point(0.3).requires_grad


def test_refuses_what_is_no_path():
    one = torch.ones(3)
    with pytest.raises(ArgumentError, match=r"`points` must be at least 3 vectors; got 2\. Pass the start"):
        Bezier(one, one)
    with pytest.raises(ArgumentError, match=r"`points` must be at least 2 vectors; got 1\."):
        Polyline(one)
    with pytest.raises(ArgumentError, match=r"`point 1` must have the length.* of start .*; got 2"):
        Bezier(one, torch.ones(2), one)
    with pytest.raises(ArgumentError, match=r"`end` must be finite"):
        Line(one, one * torch.nan)
    for t in (-0.01, 1.01, float("nan")):
        with pytest.raises(ArgumentError, match=r"`t` must lie in \[0, 1\]; got .*ends of a path are at 0 and 1"):
            Line(one, 2 * one).point(t)


def test_refuses_places_that_do_not_exist():
    one = torch.ones(3)
    with pytest.raises(ArgumentError, match=r"`num` must be at least 2; got 1\. Both ends"):
        points_by_length(Line(one, 2 * one), 1)
    with pytest.raises(ArgumentError, match=r"`num` must be a whole number; got 2\.5"):
        points_by_length(Line(one, 2 * one), 2.5)
    for path in (Line(one, one), Bezier(one, one, one), Polyline(one, one, one)):
        with pytest.raises(ArgumentError, match=r"`path` must have a length above 0; got 0\.0\. Pass two different"):
            points_by_length(path, 3)
