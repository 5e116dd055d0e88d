"""The polar plane through the origin and two solutions."""

from math import cos, pi, sin

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from modescape.core.errors import ArgumentError
from modescape.weights import RadialPlane


def two(seed, params=9, dtype=torch.float64):
    rows = torch.randn(2, params, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return rows[0].to(dtype), (3 * rows[1]).to(dtype)


def axes(first, second):
    """Gram-Schmidt, step by step."""
    one = first.double().numpy() / np.linalg.norm(first.double().numpy())
    rest = second.double().numpy() - (second.double().numpy() @ one) * one
    return one, rest / np.linalg.norm(rest)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), radius=st.floats(0, 50), angle=st.floats(-2 * pi, 2 * pi))
def test_points_are_those_of_gram_schmidt(seed, radius, angle):
    first, second = two(seed)
    one, two_ = axes(first, second)
    expected = radius * (cos(angle) * one + sin(angle) * two_)
    np.testing.assert_allclose(RadialPlane(first, second).point(radius, angle).numpy(), expected, atol=1e-11)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), radius=st.floats(0.1, 50), angle=st.floats(-3.1, 3.1))
def test_polar_is_the_inverse_of_point(seed, radius, angle):
    plane = RadialPlane(*two(seed))
    assert plane.polar(plane.point(radius, angle)) == pytest.approx((radius, angle), abs=1e-9)
    assert plane.distance(plane.point(radius, angle)) < 1e-5


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("seed", range(5))
def test_both_solutions_are_reproduced_to_the_bit(dtype, seed):
    first, second = two(seed, params=1001, dtype=dtype)
    plane = RadialPlane(first, second)
    assert torch.equal(plane.point(plane.radius_first, 0.0), first)
    assert torch.equal(plane.point(plane.radius_second, plane.angle_of_second), second)


def test_radii_and_angle_are_those_of_the_vectors():
    first, second = two(2, dtype=torch.float32)
    plane = RadialPlane(first, second)
    a, b = first.double().numpy(), second.double().numpy()
    assert (plane.radius_first, plane.radius_second) == pytest.approx((np.linalg.norm(a), np.linalg.norm(b)))
    assert cos(plane.angle_of_second) == pytest.approx(a @ b / np.linalg.norm(a) / np.linalg.norm(b))
    assert 0 < plane.angle_of_second < pi
    assert plane.polar(first) == pytest.approx((plane.radius_first, 0.0), abs=1e-6)


def test_a_projection_says_how_far_it_is_from_the_vector():
    first, second = two(3)
    vector = two(4)[0]
    one, two_ = axes(first, second)
    x, y = vector.numpy() @ one, vector.numpy() @ two_
    plane = RadialPlane(first, second)
    assert plane.polar(vector) == pytest.approx((np.hypot(x, y), np.arctan2(y, x)))
    assert plane.distance(vector) == pytest.approx(np.linalg.norm(vector.numpy() - x * one - y * two_))


def test_a_small_angle_keeps_its_digits():
    second = torch.tensor([1.0, 1e-5], dtype=torch.float64)
    assert RadialPlane(torch.tensor([1.0, 0.0], dtype=torch.float64), second).angle_of_second == pytest.approx(
        1e-5, rel=1e-9
    )


def test_vectors_stay_as_they_are():
    layer = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
    plane = RadialPlane(layer, torch.tensor([2.0, -1.0]))
    plane.point(plane.radius_first, 0.0).mul_(5.0)
    assert layer.tolist() == [1.0, 2.0]
    assert not plane.point(1.0, 1.0).requires_grad


@pytest.mark.parametrize("factor", [1.0, -2.0, 1e-3])
def test_refuses_collinear_vectors(factor):
    first = two(0, params=100, dtype=torch.float32)[0]
    with pytest.raises(ArgumentError, match=r"`second` must not be a multiple of first; got vectors at .* radians\."):
        RadialPlane(first, factor * first)


def test_refuses_zero_and_what_is_not_finite():
    first, zero = torch.ones(3), torch.zeros(3)
    with pytest.raises(ArgumentError, match=r"`first` must not be zero; got only zeros\. A plane needs two directions"):
        RadialPlane(zero, first)
    with pytest.raises(ArgumentError, match=r"`second` must not be zero"):
        RadialPlane(first, zero)
    with pytest.raises(ArgumentError, match=r"`second` must be finite"):
        RadialPlane(first, torch.tensor([1.0, torch.inf, 0.0]))
    plane = RadialPlane(first, torch.tensor([1.0, 0.0, 0.0]))
    with pytest.raises(ArgumentError, match=r"`radius` must be finite; got nan"):
        plane.point(float("nan"), 0.0)
    with pytest.raises(ArgumentError, match=r"`angle` must be finite; got inf"):
        plane.point(1.0, float("inf"))
    with pytest.raises(ArgumentError, match=r"`vector` must have the length"):
        plane.polar(torch.ones(2))
