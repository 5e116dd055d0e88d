import numpy as np
import pytest
import xarray as xr

from modescape.core.errors import ArgumentError
from modescape.report.inputs import confidence_of, member_labels, member_word, off_diagonal, optional, variable
from report.samples import solutions


def test_dimensions_come_in_the_order_asked_for():
    dataset = xr.Dataset({"a": (("step", "member"), np.arange(6.0).reshape(3, 2))})
    array = variable({"x": dataset}, "x", "a", ["member", "step"])
    assert array.dims == ("member", "step")
    assert array.values.tolist() == [[0, 2, 4], [1, 3, 5]]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "missing",
            r"`results\['solutions'\]` must hold `missing` over \(member\); got no such variable",
        ),
        ("cosine", r"must hold `cosine` over \(member\); got \(member, member_other\)"),
    ],
)
def test_what_does_not_fit_is_named(name, message):
    with pytest.raises(ArgumentError, match=message):
        variable({"solutions": solutions()}, "solutions", name, ["member"])


def test_a_missing_variable_may_be_asked_for():
    assert optional({"solutions": solutions()}, "solutions", "missing", ["member"]) is None
    with pytest.raises(ArgumentError, match="must hold `cosine`"):
        optional({"solutions": solutions()}, "solutions", "cosine", ["member"])


def test_pairs_are_told_from_the_diagonal_by_label_and_not_by_place():
    coords = {"member": [0, 3], "member_other": [3, 0]}
    array = xr.DataArray([[1.0, 2.0], [3.0, np.nan]], coords=coords, dims=("member", "member_other"))
    assert off_diagonal(array).tolist() == [1.0]


def test_the_confidence_is_read_from_the_results():
    assert confidence_of({"a": xr.Dataset(attrs={"confidence": 0.9})}, "a") == "90 %"


def test_members_are_called_by_their_names_in_either_dimension():
    names = {"member": [4, 0, 2], "member_name": ("member", ["a", "b", "a"]), "member_other": [0, 2, 4]}
    array = xr.DataArray(np.zeros((3, 3)), coords=names, dims=("member", "member_other"))
    assert member_labels(array) == ("a (4)", "b", "a (2)")
    assert member_labels(array, "member_other") == ("b", "a (2)", "a (4)")
    assert (member_word(array), member_word(solutions())) == ("", "member")
    assert member_labels(solutions()) == ("0", "1", "3", "4", "5")
