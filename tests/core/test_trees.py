"""Parameter trees: laws of stacking and flattening."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from modescape.core.errors import ArgumentError
from modescape.core.trees import check_same_structure, is_finite, ravel, stack, unravel, unstack

SHAPES = st.lists(st.lists(st.integers(0, 3), max_size=4).map(tuple), min_size=1, max_size=4)


def tree(shapes, seed):
    generator = torch.Generator().manual_seed(seed)
    return {f"layer.{i}": torch.randn(shape, generator=generator) for i, shape in enumerate(shapes)}


def equal(one, other):
    return list(one) == list(other) and all(torch.equal(one[name], other[name]) for name in one)


@settings(max_examples=30, deadline=None)
@given(shapes=SHAPES, seed=st.integers(0, 99))
def test_unravel_undoes_ravel_and_the_other_way_round(shapes, seed):
    original = tree(shapes, seed)
    vector = ravel(original)
    assert vector.shape == (sum(tensor.numel() for tensor in original.values()),)
    assert equal(unravel(vector, original), original)
    assert torch.equal(ravel(unravel(vector, original)), vector)


@settings(max_examples=30, deadline=None)
@given(shapes=SHAPES, count=st.integers(1, 4))
def test_unstack_undoes_stack(shapes, count):
    members = [tree(shapes, seed) for seed in range(count)]
    stacked = stack(members)
    assert all(stacked[name].shape == (count, *members[0][name].shape) for name in stacked)
    assert all(equal(one, other) for one, other in zip(unstack(stacked), members, strict=True))


def test_ravel_keeps_the_order_of_the_tree_and_of_rows():
    transposed = torch.tensor([[1.0, 2.0], [3.0, 4.0]]).T
    assert ravel({"b": torch.tensor(9.0), "a": transposed}).tolist() == [9.0, 1.0, 3.0, 2.0, 4.0]
    images = torch.arange(8.0).reshape(1, 2, 2, 2)
    assert torch.equal(ravel({"k": images.contiguous(memory_format=torch.channels_last)}), ravel({"k": images}))


def test_unstack_gives_copies():
    stacked = {"w": torch.zeros(2, 3, requires_grad=True)}
    first, second = unstack(stacked)
    first["w"] += 1
    assert not stacked["w"].any()
    assert not second["w"].any()
    assert not second["w"].requires_grad
    assert unstack({}) == []


def test_wrong_trees_and_vectors_are_refused():
    with pytest.raises(ArgumentError, match=r"`trees` must hold at least one member; got 0\. Pass one tree"):
        stack([])
    with pytest.raises(ArgumentError, match=r"`vector` must have 5 entries.*; got shape \(6,\)\. Flatten the tree"):
        unravel(torch.zeros(6), {"w": torch.zeros(2, 2), "b": torch.zeros(1)})
    with pytest.raises(ArgumentError, match=r"got shape \(5, 1\)"):
        unravel(torch.zeros(5, 1), {"w": torch.zeros(5)})


@pytest.mark.parametrize(
    ("other", "named"),
    [
        ({"w": torch.zeros(2), "b": torch.zeros(1)}, r"'w' of shape \(3,\) in member 0 and \(2,\) in member 2"),
        ({"w": torch.zeros(3)}, r"'b' of shape \(1,\) in member 0 and None in member 2"),
        ({"w": torch.zeros(3), "b": torch.zeros(1), "c": torch.zeros(4)}, r"'c' of shape None .* \(4,\) in member 2"),
    ],
)
def test_the_first_tensor_that_differs_is_named(other, named):
    first = {"w": torch.zeros(3), "b": torch.zeros(1)}
    for check in (check_same_structure, stack):
        with pytest.raises(ArgumentError, match=rf"`trees` must have the same names and shapes; got {named}"):
            check([first, first, other])


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), -float("inf")])
def test_any_entry_that_is_not_finite_is_found(wrong):
    weights = {"w": torch.zeros(3, 3), "count": torch.tensor(2**62), "h": torch.zeros(2, dtype=torch.float16)}
    assert is_finite(weights)
    weights["h"][1] = wrong
    assert not is_finite(weights)
