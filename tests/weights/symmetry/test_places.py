import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from modescape.core.errors import ArgumentError
from modescape.weights.symmetry import unit_places
from modescape.weights.symmetry.groups import Group
from modescape.weights.symmetry.places import axis_places, boxes_of
from weights.symmetry.architectures import symmetry_and_weights, symmetry_named

GROUPS = {"a": Group("a", 2), "b": Group("b", 3), "c": Group("c", 2, "a")}
FACTORS = st.sampled_from([1, 2, 3, "a", "b", "c"])
SEGMENTS = st.lists(FACTORS, min_size=1, max_size=3).map(tuple)
AXES = st.lists(SEGMENTS, min_size=1, max_size=3).map(tuple)
NESTED = st.lists(st.lists(st.one_of(FACTORS, AXES), min_size=1, max_size=2).map(tuple), min_size=1, max_size=2).map(
    tuple
)


def listed(axis):
    """Return for each place of an axis which unit of which factor stands there: by the meaning of a product."""
    places = []
    for segment in axis:
        options = []
        for factor in segment:
            if isinstance(factor, tuple):
                options.append(listed(factor))
            else:
                size = factor if isinstance(factor, int) else GROUPS[factor].size
                options.append([((factor, unit),) for unit in range(size)])
        places += [tuple(itertools.chain(*choice)) for choice in itertools.product(*options)]
    return places


@settings(max_examples=60, deadline=None)
@given(NESTED)
def test_boxes_hold_each_place_once_with_the_right_units(axis):
    expected = listed(axis)
    found = {}
    for box in boxes_of(axis, GROUPS):
        places = box.places()
        for index in itertools.product(*(range(size) for _, size, _ in box.factors)):
            place = int(places[index])
            assert place not in found
            found[place] = tuple(zip(box.names(), index, strict=True))
    assert found == dict(enumerate(expected))


def test_units_along_an_axis_with_their_parent():
    (places,) = axis_places(((4,), ("a", "c", 2)), GROUPS, GROUPS["c"])
    assert places.tolist() == [[[4, 5], [6, 7]], [[8, 9], [10, 11]]]
    assert axis_places(((4,), ("c", 2)), GROUPS, GROUPS["c"]) == []


def test_parent_in_another_dimension():
    symmetry, weights = symmetry_and_weights("depthwise")
    assert symmetry.axes["7.weight"][:2] == ((("4", "7"),), (("4:2",),))
    weight = weights["7.weight"].reshape(-1)
    (places,) = unit_places(symmetry, "7.weight", "4:2")
    assert torch.equal(weight[places], weight.reshape(2, 3, 4).transpose(1, 2))
    (places,) = unit_places(symmetry, "7.weight", "4")
    assert torch.equal(weight[places], weight.reshape(1, 2, 12))


def test_group_in_both_dimensions_is_found_twice():
    symmetry, weights = symmetry_and_weights("shared")
    weight = weights["twice.weight"]
    rows, columns = (weight.reshape(-1)[places][0] for places in unit_places(symmetry, "twice.weight", "table"))
    assert torch.equal(rows, weight)
    assert torch.equal(columns, weight.T)
    assert unit_places(symmetry, "twice.bias", "table")[0].tolist() == [[[0], [1], [2], [3], [4]]]


def test_unknown_tensor_is_refused():
    symmetry = symmetry_named("shared")
    with pytest.raises(ArgumentError, match=r"`name` must be a parameter or buffer of the network; got 'other'"):
        unit_places(symmetry, "other", "table")
