"""Surfaces and reliefs as pictures: what lies where, in which colour."""

import io
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from modescape.report import Drawing, Place, Relief, Surface, Table, Trail, pictures
from report.samples import HOSTILE

SIDE = np.linspace(0.0, 4.0, 5)
YELLOW, PURPLE, GAP, BLUE = (253, 231, 37), (68, 1, 84), (227, 230, 234), (0, 114, 178)


def drawing(*panels, title="A figure"):
    return Drawing("x", title, "", "", panels, Table({}))


def image(*panels):
    files = pictures(drawing(*panels))
    return np.asarray(Image.open(io.BytesIO(files["png"])).convert("RGB")).astype(int)


def places(pixels, color, tolerance=10):
    return np.argwhere(np.abs(pixels - np.array(color)).max(axis=2) <= tolerance)


def surface(values=None, **given):
    values = np.tile(np.linspace(0, 1, 5)[:, None], 5) if values is None else values
    return Surface("", "", given.pop("x", SIDE), SIDE, values, "loss", given.pop("ends", (0.0, 1.0)), **given)


def test_x_runs_to_the_right_and_y_upwards():
    right = image(surface())
    assert places(right, PURPLE)[:, 1].mean() < places(right, YELLOW)[:, 1].mean()
    up = image(surface(np.tile(np.linspace(0, 1, 5), (5, 1))))
    upper = up[: len(up) // 2]
    assert len(places(upper, YELLOW)) > 500
    assert len(places(upper, PURPLE)) == 0


def test_both_axes_of_a_plane_have_one_scale():
    pixels = image(surface(np.zeros((5, 5)), x=2 * SIDE))
    is_plane = np.abs(pixels - np.array(PURPLE)).max(axis=2) < 10
    height, width = (is_plane.sum(axis=axis).max() for axis in (0, 1))
    assert width / height == pytest.approx(2.0, rel=0.05)


def test_a_gap_has_its_colour_and_is_not_filled():
    values = np.tile(np.linspace(0, 1, 5)[:, None], 5)
    assert len(places(image(surface(values)), GAP, 2)) < 300
    values[2, 2] = np.nan
    assert len(places(image(surface(values)), GAP, 2)) > 5000


def test_a_walk_is_seen_in_its_colour_in_both_views_and_ends_where_one_has_got_to():
    walk = Trail("w", np.array([0.5, 2.0, 3.5]), np.array([0.5, 2.0, 3.5]), series=0)
    one = surface(walks=(walk,), steps=("a", "b", "c"))
    for panel in (one, Relief("", "", (one,), azimuth=-120.0)):
        assert len(places(image(panel), BLUE, 25)) > 300


def test_a_relief_shows_high_places_higher():
    pixels = image(Relief("", "", (surface(),), azimuth=-90.0))
    assert places(pixels, PURPLE, 30)[:, 0].mean() > places(pixels, YELLOW, 30)[:, 0].mean() + 50


def test_a_walk_behind_a_hill_shines_through_faintly():
    values = np.zeros((5, 5))
    values[2] = 1.0
    behind = Trail("w", np.array([0.6, 0.6]), np.array([1.0, 3.0]), series=0)
    one = surface(values, walks=(behind,), steps=("a", "b"))
    seen, hidden = (
        len(places(image(Relief("", "", (one,), azimuth=at, elevation=15.0)), BLUE, 25)) for at in (170.0, 10.0)
    )
    assert hidden < 0.2 * seen


def test_names_are_drawn_as_they_are_and_the_bytes_are_the_same_each_time():
    walk = Trail(HOSTILE, np.array([0.5, 2.0]), np.array([0.5, 2.0]), series=0)
    curve = Trail("$", np.array([0.5, 2.0]), np.array([0.5, 2.0]), series=1, dashed=True)
    one = surface(
        places=(Place(HOSTILE, 1.0, 1.0),),
        walks=(walk,),
        curves=(curve,),
        steps=("$a", "{b"),
        x_label=HOSTILE,
        y_label="$x_{",
        measured=np.eye(5, dtype=bool),
        ends=(0.1, 10.0),
        log_color=True,
    )
    whole = drawing(Relief(HOSTILE, "", (one,)), one, title=HOSTILE)
    files = pictures(whole)
    ET.fromstring(files["svg"])  # noqa: S314
    assert files == pictures(whole)


def test_a_place_and_a_walk_beside_the_plane_break_nothing():
    walk = Trail("w", np.array([-9.0, np.nan, 2.0]), np.array([1.0, np.nan, 2.0]))
    nowhere = Trail("v", np.full(3, np.nan), np.full(3, np.nan), 1)
    one = surface(places=(Place("p", 99.0, 0.0),), walks=(walk, nowhere), steps=("a", "b", "c"))
    assert image(Relief("", "", (one,)), one).shape[2] == 3


@pytest.mark.parametrize("values", [np.full((5, 5), np.nan), np.zeros((5, 5))], ids=["nothing", "flat"])
def test_nothing_and_a_flat_plane_are_drawn(values):
    one = surface(values)
    assert image(Relief("", "", (one,)), one).shape[2] == 3
