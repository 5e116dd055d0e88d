import numpy as np
import pytest

from modescape.report import Surface, Trail
from modescape.report.static.frames import TURN_FRAMES, frames, has_walk, num_frames

SIDE = np.linspace(0.0, 4.0, 5)
WALK = Trail("w", np.array([0.5, 2.0, 3.5]), np.array([0.5, 2.0, 3.5]))


def surface(**given):
    return Surface("Loss", "", SIDE, SIDE, np.tile(np.linspace(0, 1, 5), (5, 1)), "loss", (0.0, 1.0), **given)


def test_each_step_has_its_pictures_and_the_end_stands_still():
    one = surface(walks=(WALK, Trail("v", WALK.x, WALK.y, 1)), steps=("epoch 0", "epoch 1", "epoch 2"))
    made = list(frames(one, title="t", each=2, hold=3, dots_per_inch=40))
    assert len(made) == num_frames(one, each=2, hold=3) == 8
    assert {picture.shape for picture in made} == {made[0].shape}
    assert made[0].shape[0] % 2 == made[0].shape[1] % 2 == 0
    assert made[0].dtype == np.uint8
    assert (made[0] != made[1]).any()
    assert all((picture == made[4]).all() for picture in made[5:])


@pytest.mark.parametrize(("views", "columns"), [("both", 2), ("relief", 1), ("contours", 1)])
def test_either_view_or_both_are_drawn(views, columns):
    one = surface(walks=(WALK,), steps=("a", "b", "c"))
    assert next(frames(one, views=views, dots_per_inch=50)).shape[1] == columns * 260


def test_without_a_walk_the_relief_turns_around_once():
    one = surface()
    assert not has_walk(one)
    assert num_frames(one) == TURN_FRAMES
    made = frames(one, views="relief", dots_per_inch=30)
    assert (next(made) != next(made)).any()
    assert not has_walk(surface(walks=(Trail("w", np.full(2, np.nan), SIDE[:2]),), steps=("a", "b")))
