import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from modescape.report import Surface
from modescape.report.drawables.scene import HEIGHT, Camera, Scene
from modescape.report.static.painting import crossings, shapes_of

SIDE = np.linspace(-1.0, 1.0, 13)
X, Y = np.meshgrid(SIDE, SIDE, indexing="ij")


def scene(values, ends=(0.0, 1.0), azimuth=-120.0):
    return Scene(Surface("", "", SIDE, SIDE, values, "", ends), Camera(azimuth, 36.0))


def points(heights):
    return np.stack([X, Y, heights], axis=-1)


def test_the_contour_of_a_cone_is_a_circle():
    pieces, middles = crossings(points(np.hypot(X, Y)), 0.6)
    np.testing.assert_allclose(np.hypot(*np.moveaxis(pieces[..., :2], -1, 0)), 0.6, atol=0.03)
    np.testing.assert_allclose(pieces[..., 2], 0.6)
    length = np.linalg.norm(pieces[:, 1] - pieces[:, 0], axis=1).sum()
    assert abs(length - 2 * np.pi * 0.6) < 0.06
    assert len(middles) == len(pieces)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**16), st.floats(0.05, 0.95))
def test_contour_lines_never_end_inside(seed, level):
    """Each end of a piece inside the grid meets another one: lines close or leave the grid, at saddles too."""
    pieces, _ = crossings(points(np.random.default_rng(seed).uniform(size=X.shape)), level)
    ends = np.round(pieces.reshape(-1, 3)[:, :2], 9)
    inside = np.abs(ends).max(axis=1) < 1 - 1e-6
    _, counts = np.unique(ends[inside], axis=0, return_counts=True)
    assert (counts % 2 == 0).all()


def test_shapes_come_from_back_to_front_and_gaps_are_left_out():
    values = (X + 1) / 2
    whole = shapes_of(scene(values))
    assert (np.diff(whole.distance) <= 0).all()
    values[0, 0] = np.nan
    assert len(shapes_of(scene(values)).distance) < len(whole.distance)
    assert np.isfinite(whole.corners).all()


def test_colours_follow_heights_and_light():
    values = np.zeros((13, 13))
    flat = shapes_of(scene(values, ends=(0.0, 1.0)))
    cells = flat.faces[(flat.faces[:, 3] > 0) & (flat.faces[:, 2] > flat.faces[:, 1] + 0.1)]
    assert len(np.unique(cells.round(6), axis=0)) == 1
    slopes = [shapes_of(scene((sign * X + 1) / 2, azimuth=-90.0)).faces[:, :3].sum() for sign in (1, -1)]
    assert slopes[0] > slopes[1], "light falls from the left: what rises to the right is bright"


def test_only_the_sides_that_face_the_eye_are_painted():
    one = scene(np.ones((13, 13)), ends=(0.0, 1.0), azimuth=-90.0)
    shapes = shapes_of(one)
    grey = shapes.faces[(np.ptp(shapes.faces[:, :3], axis=1) < 0.1) & (shapes.faces[:, 3] > 0)]
    assert len(np.unique(grey.round(6), axis=0)) == 1
    assert shapes.corners[..., 1].max() < HEIGHT + 1
