import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modescape.report import Surface
from modescape.report.drawables.scene import AIM, DISTANCE, HEIGHT, Camera, Scene

FLAT = np.linspace(0.0, 1.0, 9)


def surface(values, x=FLAT, y=FLAT):
    return Surface("", "", x, y, np.asarray(values, float), "", (0.0, 1.0))


def wall():
    """Return a flat plane with a wall along its middle, from front to back."""
    values = np.zeros((9, 9))
    values[4] = 1.0
    return surface(values)


@settings(max_examples=25, deadline=None)
@given(st.floats(-180, 180), st.floats(5, 85))
def test_the_directions_of_a_camera_are_at_right_angles(azimuth, elevation):
    camera = Camera(azimuth, elevation)
    all_axes = np.stack([*camera.axes, camera.toward])
    np.testing.assert_allclose(all_axes @ all_axes.T, np.eye(3), atol=1e-12)


def test_from_the_front_right_is_right_and_high_is_up():
    camera = Camera(-90.0, 30.0)
    middle = np.array([0.0, 0.0, AIM * HEIGHT])
    right, up, back = (camera.seen(middle + step) for step in np.eye(3)[[0, 2, 1]])
    assert right[0] == pytest.approx(1.0)
    assert right[1] == pytest.approx(0.0)
    assert up[1] > 0.8
    assert 0 < back[1] < 0.6


def test_what_is_nearer_looks_larger():
    camera = Camera(-90.0, 10.0)
    near, far = (np.ptp(camera.seen(np.array([[-1.0, y, 0.0], [1.0, y, 0.0]]))[:, 0]) for y in (-1.0, 1.0))
    assert near > 1.2 * far


def test_the_longer_side_of_the_plane_reaches_from_minus_one_to_one():
    scene = Scene(surface(np.zeros((9, 9)), x=4 * FLAT), Camera(0, 30))
    assert scene.half == (1.0, 0.25)
    np.testing.assert_allclose(
        scene.ground(np.array([0.0, 4.0, 2.0]), np.array([0.0, 1.0, 0.5])), [[-1, -0.25], [1, 0.25], [0, 0]]
    )


def test_a_wall_hides_what_is_behind_it_and_nothing_in_front():
    x, y = np.array([0.2, 0.8, 0.5]), np.full(3, 0.5)
    for azimuth, expected in ((0.0, [True, False, False]), (180.0, [False, True, False])):
        scene = Scene(wall(), Camera(azimuth, 20.0))
        assert scene.is_hidden(scene.raised(x, y, lift=0.01)).tolist() == expected
    steep = Scene(wall(), Camera(0.0, 80.0))
    assert not steep.is_hidden(steep.raised(x, y, lift=0.01)).any()


def test_a_gap_hides_nothing():
    values = np.zeros((9, 9))
    values[4] = np.nan
    scene = Scene(surface(values), Camera(0.0, 20.0))
    assert not scene.is_hidden(scene.raised(np.array([0.2]), np.array([0.5]), lift=0.01)).any()


@settings(max_examples=20, deadline=None)
@given(st.floats(-180, 180), st.integers(0, 2**16))
def test_a_cell_that_hides_another_is_never_farther_along_the_ground(azimuth, seed):
    """Walk from the middle of a cell to the eye: the cells on the way come in falling order of their distance."""
    camera = Camera(azimuth, 30.0)
    start = np.random.default_rng(seed).uniform(-1, 1, 2)
    eye = DISTANCE * camera.toward[:2]
    way = start + np.linspace(0, 1, 4000)[:, None] * (eye - start)
    cells = np.floor(way[np.abs(way).max(axis=1) < 1] * 8)
    middles = (cells + 0.5) / 8
    distances = camera.ground_distance(middles)
    assert (np.diff(distances) <= 1e-9).all()


def test_above_the_middle_nothing_is_divided_by_zero():
    scene = Scene(wall(), Camera(0.0, 89.9))
    assert scene.is_hidden(np.array([[*scene.camera.eye[:2], 0.0]])).tolist() == [False]
