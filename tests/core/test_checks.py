"""Checks of what users pass in."""

import numpy as np
import pytest

from modescape.core.checks import check_at_least, check_choice, checked_labels, checked_probabilities
from modescape.core.errors import ArgumentError


@pytest.mark.parametrize("value", [3, 3.0, 1e300])
def test_numbers_from_the_minimum_on_pass(value):
    check_at_least(value, 3, "epochs", "Pass more")


@pytest.mark.parametrize("value", [2.999, -1, float("nan"), float("inf"), -float("inf")])
def test_smaller_and_non_finite_numbers_are_refused(value):
    with pytest.raises(ArgumentError, match=r"^`epochs` must be at least 3; got .*\. Pass more\.$"):
        check_at_least(value, 3, "epochs", "Pass more")


def test_a_word_that_is_no_choice_is_refused_with_the_choices():
    check_choice("vmap", {"loop": 1, "vmap": 2}, "engine")
    with pytest.raises(ArgumentError, match=r"^`engine` must be one of loop, vmap; got 'lop'\. Choose one of them\.$"):
        check_choice("lop", {"loop": 1, "vmap": 2}, "engine")


def softmaxed(dtype, shape=(2, 5, 1000)):
    logits = np.random.default_rng(0).normal(0, 3, shape)
    powers = np.exp(logits - logits.max(axis=2, keepdims=True))
    return (powers / powers.sum(axis=2, keepdims=True)).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_rounded_probabilities_over_1000_classes_pass_unchanged(dtype):
    probabilities = softmaxed(dtype)
    assert checked_probabilities(probabilities) is probabilities


def test_whole_numbers_become_floats():
    found = checked_probabilities([[[0, 1], [1, 0]]])
    assert found.dtype == np.float64
    assert found.tolist() == [[[0.0, 1.0], [1.0, 0.0]]]


@pytest.mark.parametrize("shape", [(3,), (2, 3), (1, 2, 3, 4), (0, 2, 3), (2, 0, 3), (2, 3, 0)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ArgumentError, match=r"`p` must have the shape \(member, example, class\).*got shape \(.*Stack"):
        checked_probabilities(np.ones(shape), "p")


@pytest.mark.parametrize("row", [[0.5, 0.498], [0.5, np.nan], [1.5, -0.5], [np.inf, 0.0], [2.0, 1.0]])
def test_the_first_wrong_row_is_named(row):
    probabilities = np.full((3, 4, 2), 0.5)
    probabilities[1, 2] = probabilities[2, 0] = row
    with pytest.raises(
        ArgumentError, match=r"sum to 1 over classes; got \[.*\] for member 1, example 2\. Apply a soft"
    ):
        checked_probabilities(probabilities)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64, np.uint64])
def test_labels_of_any_whole_type_become_int64(dtype):
    found = checked_labels(np.array([0, 2, 1], dtype=dtype), 3, 3)
    assert found.dtype == np.int64
    assert found.tolist() == [0, 2, 1]


@pytest.mark.parametrize("labels", [[0, 1], [0, 1, 1, 0], [[0], [1], [1]], 0])
def test_another_number_of_labels_is_refused(labels):
    with pytest.raises(
        ArgumentError, match=r"`labels` must hold one class index for each of the 3 examples; got shape"
    ):
        checked_labels(labels, 3, 2)


def test_labels_that_are_no_whole_numbers_are_refused():
    with pytest.raises(ArgumentError, match=r"`y` must be whole numbers; got dtype float64\. Pass class indices"):
        checked_labels([0.0, 1.0], 2, 2, "y")


@pytest.mark.parametrize("wrong", [-1, 3])
def test_the_first_label_out_of_range_is_named(wrong):
    with pytest.raises(ArgumentError, match=rf"lie in \[0, 3\), one of the 3 classes; got {wrong} for example 1\."):
        checked_labels([0, wrong, wrong], 3, 3)
