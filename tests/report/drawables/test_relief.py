import numpy as np
import pytest

from modescape.core.errors import ArgumentError
from modescape.report import Place, Relief, Surface
from modescape.report.drawables.relief import AZIMUTH, clearest_azimuth
from modescape.report.drawables.scene import LIFT, Camera, Scene

SIDE = np.linspace(-1.0, 1.0, 17)


def surface(values, **given):
    return Surface("", "", SIDE, SIDE, values, "", (0.0, 1.0), **given)


def test_a_relief_needs_surfaces_over_one_grid():
    one = surface(np.zeros((17, 17)))
    other = Surface("", "", SIDE[:3], SIDE[:2], np.zeros((3, 2)), "", (0.0, 1.0))
    with pytest.raises(ArgumentError, match="`surfaces` must hold at least one surface; got none"):
        Relief("", "", ())
    with pytest.raises(ArgumentError, match="`surfaces` must have one grid"):
        Relief("", "", (one, other))
    with pytest.raises(ArgumentError, match="`elevation` must lie above 0 and up to 90 degrees; got 0"):
        Relief("", "", (one,), elevation=0)
    assert Relief("", "", (one,)).surface is one


@pytest.mark.parametrize("where", [(-0.6, 0.7), (0.7, 0.6), (0.6, -0.7), (-0.7, -0.6)])
def test_one_looks_from_where_a_place_behind_a_wall_is_seen(where):
    x, y = np.meshgrid(SIDE, SIDE, indexing="ij")
    cross = ((np.abs(x) < 0.1) | (np.abs(y) < 0.1)).astype(float)
    one = surface(cross, places=(Place("p", *where),))
    scene = Scene(one, Camera(clearest_azimuth(one), 36.0))
    assert not scene.is_hidden(scene.raised(*(np.array([at]) for at in where), lift=LIFT)).any()


def test_where_nothing_is_hidden_one_looks_from_the_usual_direction():
    assert clearest_azimuth(surface(np.zeros((17, 17)))) == AZIMUTH
