import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from modescape.core.errors import ArgumentError
from modescape.report.claims.estimates import Estimates, farthest, read


def single(value, low=np.nan, high=np.nan):
    return Estimates(*(xr.DataArray(one) for one in (value, low, high)))


def test_a_variable_is_read_with_its_ends():
    dataset = xr.Dataset({f"slope{end}": ("metric", [at]) for end, at in (("", 2.0), ("_low", 1.0), ("_high", 3.0))})
    dataset = dataset.assign_coords(metric=["nll"])
    found = read({"shift": dataset}, "shift", "slope", ("metric",)).at(metric="nll")
    assert (float(found.value), float(found.low), float(found.high)) == (2.0, 1.0, 3.0)
    assert str(found.number("slope", scale=10.0, unit="nats", decimals=1)) == "20.0 nats [10.0, 30.0]"


def test_what_is_not_there_is_none():
    dataset = xr.Dataset({"slope": ("metric", [2.0])}, coords={"metric": ["nll"]})
    assert read({}, "shift", "slope", ("metric",)) is None
    found = read({"shift": dataset}, "shift", "slope", ("metric",))
    assert found.at(metric="brier") is None
    assert str(found.at(metric="nll").number("slope")) == "2.00"


def test_a_variable_over_other_dimensions_is_refused():
    dataset = xr.Dataset({"slope": ("size", [2.0])})
    with pytest.raises(ArgumentError, match=r"must hold `slope` over \(metric\); got \(size\)"):
        read({"shift": dataset}, "shift", "slope", ("metric",))


def test_a_difference_has_the_widest_interval_and_a_share_scales_it():
    found = single(5.0, 4.0, 6.5).minus(single(1.0, 0.5, 2.0)).over(2.0)
    assert (float(found.value), float(found.low), float(found.high)) == (2.0, 1.0, 3.0)


def test_the_farthest_is_named_and_spans_all_intervals():
    given_ones = {"a": single(0.3, 0.2, 0.9), "b": single(0.5, 0.4, 0.6), "c": single(np.nan)}
    largest, smallest = (farthest(given_ones, where) for where in ("largest", "smallest"))
    assert (largest.label, largest.value, largest.low, largest.high) == ("b", 0.5, 0.4, 0.9)
    assert (smallest.label, smallest.value, smallest.low, smallest.high) == ("a", 0.3, 0.2, 0.6)
    assert largest.number("x").interval == "[0.40, 0.90]"


def test_one_without_an_interval_leaves_all_without():
    found = farthest({"a": single(0.3, 0.2, 0.9), "b": single(0.1)}, "largest")
    assert found.number("x").interval == ""
    assert farthest({"c": single(np.nan)}, "smallest") is None
    assert farthest({}, "largest") is None


ROWS = st.lists(st.lists(st.floats(-10, 10), min_size=3, max_size=3).map(sorted), min_size=1, max_size=5)


@settings(max_examples=40, deadline=None)
@given(ROWS, st.floats(-10, 10))
def test_the_farthest_lies_on_a_side_where_all_do(rows, mark):
    given_ones = {str(index): single(row[1], row[0], row[2]) for index, row in enumerate(rows)}
    largest, smallest = (farthest(given_ones, where) for where in ("largest", "smallest"))
    assert (largest.high < mark) == all(row[2] < mark for row in rows)
    assert (largest.low > mark) == any(row[0] > mark for row in rows)
    assert (smallest.low > mark) == all(row[0] > mark for row in rows)
    assert (smallest.high < mark) == any(row[2] < mark for row in rows)
