import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from modescape.report.drawables.labels import SIDES, label_sides

SIZES = {"character": (0.02, 0.05), "gap": 0.03, "bounds": (0.0, 1.0, 0.0, 1.0)}
NONE = np.zeros((0, 2))


def sides(marks, ways=NONE, names=None):
    marks = np.asarray(marks, float)
    return label_sides(names or ["member 0"] * len(marks), marks, ways, **SIZES)


def test_a_name_stands_on_top_where_nothing_is_in_the_way():
    assert sides([[0.5, 0.5]]) == ("top",)


def test_a_name_stays_inside():
    assert sides([[0.5, 0.99]]) == ("bottom",)
    assert sides([[0.02, 0.5]]) == ("right",)
    assert sides([[0.98, 0.5]]) == ("left",)


def test_a_name_gives_way_to_a_way_and_to_another_mark():
    upwards = np.stack([np.full(20, 0.5), np.linspace(0.5, 0.7, 20)], axis=1)
    assert sides([[0.5, 0.5]], upwards) == ("bottom",)
    assert sides([[0.5, 0.5], [0.5, 0.55]]) == ("bottom", "top")


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.floats(0.2, 0.8), st.floats(0.2, 0.8)), min_size=1, max_size=6))
def test_each_name_gets_a_side(marks):
    assert set(sides(marks)) <= set(SIDES)


def test_two_names_do_not_overlap_where_there_is_room():
    first, second = sides([[0.45, 0.5], [0.6, 0.5]])
    assert {first, second} != {"top"}
