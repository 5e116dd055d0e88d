"""Checks of weight vectors."""

import pytest
import torch

from modescape.core.errors import ArgumentError
from modescape.weights.vectors import checked_vector, checked_vectors


@pytest.mark.parametrize("shape", [(), (0,), (2, 3)])
def test_refuses_what_is_no_vector(shape):
    with pytest.raises(ArgumentError, match=r"`centre` must be one vector of weights; got shape .*core\.trees\.ravel"):
        checked_vector(torch.ones(shape), "centre")


def test_refuses_whole_numbers():
    with pytest.raises(ArgumentError, match=r"`centre` must be floating-point numbers; got torch.int64"):
        checked_vector(torch.ones(3, dtype=torch.int64), "centre")


@pytest.mark.parametrize(("entry", "shown"), [(float("nan"), "nan"), (float("inf"), "inf"), (-float("inf"), "-inf")])
def test_says_where_a_weight_is_not_finite(entry, shown):
    vector = torch.ones(4)
    vector[2] = entry
    with pytest.raises(ArgumentError, match=rf"`centre` must be finite; got {shown} at weight 2\. Leave out a network"):
        checked_vector(vector, "centre")


@pytest.mark.parametrize("other", [torch.ones(4), torch.ones(3, dtype=torch.float64)])
def test_names_the_vector_that_is_of_another_kind(other):
    with pytest.raises(ArgumentError, match=r"`vectors\[1\]` must have 3 weights of torch.float32, as the first"):
        list(checked_vectors([torch.ones(3), other]))


def test_yields_one_vector_at_a_time():
    drawn = []

    def vectors():
        for number in range(3):
            drawn.append(number)
            yield torch.ones(2)

    next(checked_vectors(vectors()))
    assert drawn == [0]
