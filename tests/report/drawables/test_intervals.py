import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modescape.report import IntervalRow, Intervals, Reference
from modescape.report.drawables import spread_of

NAN = float("nan")


def intervals(*rows, marks=(), **given):
    return Intervals("", "", rows, "x", marks, **given)


def test_headings_stand_above_the_rows_of_their_group():
    rows = [
        IntervalRow(name, 1.0, group=group) for name, group in (("a", ""), ("b", "one"), ("c", "one"), ("d", "two"))
    ]
    names = [slot if isinstance(slot, str) else slot.name for slot in intervals(*rows).slots]
    assert names == ["a", "one", "b", "c", "two", "d"]


def test_the_axis_holds_rows_ends_dots_and_marks_and_nothing_that_is_missing():
    rows = (IntervalRow("a", 2.0, 1.0, 5.0), IntervalRow("b", NAN), IntervalRow("c", 3.0, dots=np.array([-1.0, NAN])))
    low, high = intervals(*rows, marks=(Reference("far", 9.0),)).extent
    assert (low, high) == pytest.approx((-1.5, 9.5))
    assert intervals(IntervalRow("a", NAN)).extent == (0.0, 1.0)
    assert intervals(IntervalRow("a", 2.0)).extent == (1.5, 2.5)


def test_a_logarithmic_axis_has_room_in_proportion():
    low, high = intervals(IntervalRow("a", 1.0, 0.0, 100.0), log_x=True).extent
    assert (low, high) == pytest.approx((100**-0.05, 100**1.05))


def test_names_of_marks_that_touch_stand_in_different_lines():
    rows = (IntervalRow("a", 0.0), IntervalRow("b", 100.0))
    marks = (Reference("the first of two", 50.0), Reference("the second of two", 51.0), Reference("far", 5.0))
    first, second, far = intervals(*rows, marks=marks).mark_names
    assert (first.line, second.line, far.line) == (0, 1, 0)
    assert (first.anchor, second.anchor, far.anchor) == ("left", "right", "left")
    assert intervals(*rows, marks=marks).num_name_lines == 2
    assert intervals(*rows).num_name_lines == 0


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.text("ab", min_size=1, max_size=25), st.floats(0, 1)), min_size=1, max_size=5))
def test_names_in_one_line_never_overlap(marks):
    names = intervals(
        IntervalRow("a", 0.0), IntervalRow("b", 1.0), marks=[Reference(*mark) for mark in marks]
    ).mark_names
    spans = [
        (name.line, name.share - (0 if name.anchor == "left" else width), width)
        for name in names
        for width in [0.03 * len(name.text)]
    ]
    for line, start, width in spans:
        assert sum(line == other and start <= at <= start + width for other, at, _ in spans) == sum(
            (line, start, width) == span for span in spans
        ), "a name begins inside another"


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (IntervalRow("a", 1.25, 1.0, 2.0), "1.25 [1.00, 2.00]"),
        (IntervalRow("a", 1.25), "1.25"),
        (IntervalRow("a", 1.25, 1.0), "1.25"),
        (IntervalRow("a", NAN, 1.0, 2.0), "not measured"),
    ],
)
def test_a_row_is_told_with_its_interval(row, text):
    assert row.told(2) == text


def test_dots_are_spread_evenly_within_their_row():
    spread = spread_of(500)
    assert np.abs(spread).max() <= 0.28
    assert spread.mean() == pytest.approx(0.0, abs=0.01)
    assert len(np.unique(spread)) == 500


def test_the_axis_holds_the_band_of_chance_behind_a_row():
    assert intervals(IntervalRow("a", 1.0, chance=(-9.0, 11.0))).extent == pytest.approx((-10.0, 12.0))
