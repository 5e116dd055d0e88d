"""Lines and planes with axes of their own."""

from math import inf, nan

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA, TruncatedSVD

from modescape.core.errors import ArgumentError
from modescape.weights import Flat, flats, line_through, plane_through, principal_plane
from modescape.weights.flats import unit_vector


def vectors(seed, num, params=11, dtype=torch.float64):
    drawn = torch.randn(num, params, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return list(drawn.to(dtype))


def slow_axes(first, second, third):
    """Gram-Schmidt in float64, step by step."""
    first, second, third = (vector.double().numpy() for vector in (first, second, third))
    one = (second - first) / np.linalg.norm(second - first)
    rest = (third - first) - ((third - first) @ one) * one
    return one, rest / np.linalg.norm(rest)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), skew=st.floats(-30, 30), x=st.floats(-9, 9), y=st.floats(-9, 9))
def test_axes_of_skewed_triples_are_orthonormal_and_never_skewed(seed, skew, x, y):
    # The defect: w2 - w1 and w3 - w1 taken as axes, and drawn as if they were at right angles.
    first, second, across = vectors(seed, 3, dtype=torch.float32)
    third = first + skew * (second - first) + 0.3 * across
    plane = plane_through(first, second, third)
    gram = torch.stack(plane.axes).double() @ torch.stack(plane.axes).double().T
    torch.testing.assert_close(gram, torch.eye(2, dtype=torch.float64), rtol=0, atol=1e-6)
    # Distances on paper are distances in weight space.
    moved = (plane.point(x, y) - plane.point(0.0, 0.0)).double().norm().item()
    assert moved == pytest.approx(np.hypot(x, y), rel=1e-4, abs=1e-4)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), x=st.floats(-50, 50), y=st.floats(-50, 50))
def test_points_are_those_of_gram_schmidt(seed, x, y):
    first, second, third = vectors(seed, 3)
    one, two = slow_axes(first, second, third)
    plane = plane_through(first, second, third)
    np.testing.assert_allclose(plane.point(x, y), first.numpy() + x * one + y * two, atol=1e-10)
    assert plane.coordinates(plane.point(x, y)) == pytest.approx((x, y), abs=1e-10)
    assert plane.residual(plane.point(x, y)) < 1e-10


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_three_solutions_are_at_their_closed_form_coordinates(dtype):
    first, second, third = vectors(3, 3, params=1001, dtype=dtype)
    plane = plane_through(first, second, third)
    u, v = (second - first).double(), (third - first).double()
    along = (u @ v / u.norm()).item()
    expected = [(0.0, 0.0), (u.norm().item(), 0.0), (along, (v.norm() ** 2 - along**2).sqrt().item())]
    for vector, wanted in zip((first, second, third), expected, strict=True):
        assert plane.coordinates(vector) == pytest.approx(wanted, rel=1e-6, abs=1e-5)
        assert plane.residual(vector) < 1e-5
        torch.testing.assert_close(plane.point(*wanted), vector)


@pytest.mark.parametrize("chunk", [1, 4, 2**22])
def test_coordinates_and_residual_in_closed_form_for_any_chunk(monkeypatch, chunk):
    monkeypatch.setattr(flats, "CHUNK_ENTRIES", chunk)
    first, second, third, vector = vectors(5, 4)
    plane = plane_through(first, second, third)
    one, two = slow_axes(first, second, third)
    gap = vector.numpy() - first.numpy()
    x, y = gap @ one, gap @ two
    assert plane.coordinates(vector) == pytest.approx((x, y))
    assert plane.residual(vector) == pytest.approx(np.linalg.norm(gap - x * one - y * two))
    # Pythagoras, and no closer point: moving the foot only adds to the distance.
    assert np.hypot(np.hypot(x, y), plane.residual(vector)) == pytest.approx(np.linalg.norm(gap))
    assert (vector - plane.point(x + 0.1, y)).norm().item() > plane.residual(vector)


def test_a_small_residual_keeps_its_digits():
    first, second, third, off = vectors(6, 4, params=50)
    plane = plane_through(first, second, third)
    off = unit_vector(off, plane.axes)[0]
    vector = plane.point(1e4, -2e4) + 1e-7 * off
    assert plane.residual(vector) == pytest.approx(1e-7, rel=1e-3)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
def test_the_origin_is_reproduced_to_the_bit(dtype):
    first, second, third = vectors(7, 3, params=501, dtype=dtype)
    first[3] = -0.0
    plane = plane_through(first, second, third)
    found = plane.point(0.0, 0.0)
    assert found.dtype == dtype
    assert found.view(torch.uint8).equal(first.view(torch.uint8))
    assert found.data_ptr() != first.data_ptr()
    assert plane.point(1.0, 1.0).dtype == dtype
    assert plane.coordinates(first) == (0.0, 0.0)
    assert plane.residual(first) == 0.0


def test_axes_in_single_precision_leave_a_double_origin_as_it_is():
    origin = torch.full((3,), 1 / 3, dtype=torch.float64)
    flat = Flat(origin, (torch.tensor([1.0, 0.0, 0.0]),))
    assert torch.equal(flat.point(0.0), origin)
    assert flat.point(2.0).tolist() == [2 + 1 / 3, 1 / 3, 1 / 3]


def test_a_scale_counts_in_its_own_unit():
    origin, *rows = vectors(8, 4)
    plane = plane_through(origin, rows[0], rows[1])
    scaled = Flat(plane.origin, plane.axes, scale=2.5)
    torch.testing.assert_close(scaled.point(2.0, -1.0), plane.point(5.0, -2.5))
    assert scaled.coordinates(rows[2]) == pytest.approx(np.array(plane.coordinates(rows[2])) / 2.5)
    assert scaled.residual(rows[2]) == pytest.approx(plane.residual(rows[2]))


def test_a_line_is_measured_in_distances():
    first, second, vector = vectors(9, 3, dtype=torch.float32)
    line = line_through(first, second)
    length = (second.double() - first.double()).norm().item()
    assert line.coordinates(second) == pytest.approx((length,))
    torch.testing.assert_close(line.point(length), second)
    torch.testing.assert_close(line.point(length / 4), torch.lerp(first, second, 0.25))
    torch.testing.assert_close(line.point(-1.0) - first, first - line.point(1.0))
    along, gap = (second - first).double(), (vector - first).double()
    sine = (1 - (along @ gap / along.norm() / gap.norm()) ** 2).sqrt()
    assert line.residual(vector) == pytest.approx((sine * gap.norm()).item())


def test_close_solutions_far_from_the_origin_keep_their_plane():
    first = torch.full((1000,), 100.0)
    second, third = first.clone(), first.clone()
    second[0] += 2**-10
    third[1] += 2**-11
    plane = plane_through(first, second, third)
    assert plane.coordinates(second) == (2**-10, 0.0)
    assert plane.coordinates(third) == (0.0, 2**-11)


def test_vectors_stay_as_they_are():
    layer = torch.nn.Parameter(torch.tensor([1.0, 2.0, 0.0]))
    plane = plane_through(layer, torch.tensor([2.0, -1.0, 0.0]), torch.tensor([0.0, 0.0, 1.0]))
    plane.point(0.0, 0.0).mul_(5.0)
    plane.point(1.0, 2.0).mul_(5.0)
    assert layer.tolist() == [1.0, 2.0, 0.0]
    assert not plane.point(1.0, 1.0).requires_grad


def trajectory(seed=0, num=7, params=40, dtype=torch.float64):
    """A bent walk towards its last point."""
    steps = torch.randn(num, params, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    steps *= torch.linspace(2.0, 0.2, num)[:, None]
    return list((10.0 + steps.cumsum(dim=0)).to(dtype))


def test_principal_plane_is_that_of_numpys_svd():
    points = trajectory()
    found = principal_plane(points[:-1], origin=points[-1])
    matrix = torch.stack(points[:-1]).numpy() - points[-1].numpy()
    _, singular, right = np.linalg.svd(matrix)
    shares = singular**2 / (singular**2).sum()
    assert found.explained == pytest.approx(tuple(shares[:2]), rel=1e-10)
    for axis, row in zip(found.flat.axes, right[:2], strict=True):
        np.testing.assert_allclose(np.abs(axis.numpy() @ row), 1.0, rtol=1e-10)
        assert (coordinates := matrix @ axis.numpy())[np.abs(coordinates).argmax()] > 0
    truncated = TruncatedSVD(2, algorithm="arpack").fit_transform(matrix)
    drawn = np.array([found.flat.coordinates(point) for point in points[:-1]])
    np.testing.assert_allclose(np.abs(drawn), np.abs(truncated), atol=1e-9)


def test_explained_shares_are_scikit_learns_where_the_mean_is_the_origin():
    points = torch.stack(trajectory(seed=1))
    mean = points.mean(dim=0)
    shares = PCA(2).fit(points.numpy()).explained_variance_ratio_
    assert principal_plane(list(points), origin=mean).explained == pytest.approx(tuple(shares), rel=1e-10)


def test_what_shares_leave_is_what_residuals_hold():
    points = trajectory(seed=2, dtype=torch.float32)
    found = principal_plane(points, origin=points[-1])
    residuals = sum(found.flat.residual(point) ** 2 for point in points)
    lengths = sum((point.double() - points[-1].double()).norm().item() ** 2 for point in points)
    assert 1 - sum(found.explained) == pytest.approx(residuals / lengths, rel=1e-4)
    assert 0.05 < residuals / lengths < 0.95


def test_points_of_a_plane_are_explained_in_full():
    first, second, third = vectors(4, 3, dtype=torch.float32)
    plane = plane_through(first, second, third)
    found = principal_plane([plane.point(1.0, 2.0), plane.point(-3.0, 0.1), second, third], origin=first)
    assert sum(found.explained) == pytest.approx(1.0, abs=1e-10)
    assert found.flat.residual(plane.point(5.0, -5.0)) < 1e-5


def test_axes_of_a_long_thin_cloud_are_orthonormal():
    generator = torch.Generator().manual_seed(3)
    along, across = torch.randn(2, 500, generator=generator)
    points = [place * along + 1e-4 * wobble * across for place, wobble in ((1, 1), (2, -1), (3, 0.5), (-4, 1))]
    axes = torch.stack(principal_plane(points, origin=torch.zeros(500)).flat.axes).double()
    torch.testing.assert_close(axes @ axes.T, torch.eye(2, dtype=torch.float64), rtol=0, atol=1e-6)


@pytest.mark.parametrize("factor", [2.0, -1.0, 0.5, 1.0])
def test_refuses_three_solutions_on_a_line(factor):
    first, second = vectors(0, 2, params=100, dtype=torch.float32)
    with pytest.raises(ArgumentError, match=r"`third` must not lie on one line with first and second; got a vector"):
        plane_through(first, second, first + factor * (second - first))


def test_refuses_equal_solutions():
    one, other = vectors(1, 2)
    for wrong in (lambda: plane_through(one, one, other), lambda: line_through(one, one.clone())):
        with pytest.raises(ArgumentError, match=r"`second` must differ from first; got equal weights\. Pass different"):
            wrong()
    with pytest.raises(ArgumentError, match=r"`third` must differ from first"):
        plane_through(one, other, one)
    with pytest.raises(ArgumentError, match=r"`second` must be finite"):
        line_through(one, one * torch.nan)
    with pytest.raises(ArgumentError, match=r"`third` must have the length"):
        plane_through(one, other, torch.ones(2))


def test_refuses_checkpoints_that_span_no_plane():
    one, other = vectors(2, 2)
    for points in ([], [one], [one, one], [one, 2 * one - other], [other, other]):
        message = rf"`vectors` must span a plane with the origin; got {len(points)} vectors on one line .*more checkpoi"
        with pytest.raises(ArgumentError, match=message):
            principal_plane(points, origin=other)
    with pytest.raises(ArgumentError, match=r"`vectors\[1\]` must have the length"):
        principal_plane([one, torch.ones(2)], origin=other)


def test_refuses_axes_that_make_no_flat():
    origin, e = torch.zeros(3), torch.eye(3)
    for wrong, message in [
        (lambda: Flat(origin, ()), r"`axes` must be one or two unit vectors; got 0\. Use plane_through"),
        (lambda: Flat(origin, (e[0], e[1], e[2])), r"`axes` must be one or two unit vectors; got 3"),
        (lambda: Flat(origin, (e[0] * 1.01,)), r"`axes` must have length 1 and .*; got inner products .* off by 0\.02"),
        (lambda: Flat(origin, (e[0], (e[0] + e[1]) * 0.5**0.5)), r"`axes` must .* orthogonal to one another"),
        (lambda: Flat(origin, (torch.ones(1),)), r"`axes` must have 3 weights on cpu, as the origin has; got 1 on cpu"),
        (lambda: Flat(origin, (e[0],), 0.0), r"`scale` must be above 0; got 0\.0\. Pass 1\.0"),
        (lambda: Flat(origin, (e[0],), inf), r"`scale` must be above 0; got inf"),
        (lambda: Flat(origin * nan, (e[0],)), r"`origin` must be finite"),
        (lambda: Flat(origin, (e[0],)).point(1.0, 2.0), r"`coordinates` must be one finite number for each of the 1 a"),
        (lambda: Flat(origin, (e[0], e[1])).point(1.0, nan), r"`coordinates` must be one finite .*; got \(1\.0, nan\)"),
        (lambda: Flat(origin, (e[0],)).residual(torch.ones(2)), r"`vector` must have the length"),
    ]:
        with pytest.raises(ArgumentError, match=message):
            wrong()
