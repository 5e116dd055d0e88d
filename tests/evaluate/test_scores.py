"""Accuracy, NLL and Brier score."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, brier_score_loss, log_loss

from modescape.combine import mean_of_probabilities
from modescape.core.errors import ArgumentError
from modescape.evaluate import accuracy, brier, brier_per_example, correct_per_example, nll, nll_per_example

METRICS = [accuracy, nll, brier]
PER_EXAMPLE = [correct_per_example, nll_per_example, brier_per_example]
seeds = st.integers(0, 10**6)


def test_agree_with_loops(make_members):
    (probabilities, *_), labels = make_members(1, num_classes=4)
    rows = list(zip(probabilities.tolist(), labels.tolist(), strict=True))
    assert correct_per_example(probabilities, labels).tolist() == [row.index(max(row)) == y for row, y in rows]
    np.testing.assert_allclose(nll_per_example(probabilities, labels), [-math.log(row[y]) for row, y in rows])
    slow = [sum((p - (c == y)) ** 2 for c, p in enumerate(row)) for row, y in rows]
    np.testing.assert_allclose(brier_per_example(probabilities, labels), slow)


@pytest.mark.parametrize("classes", [2, 5])
def test_agree_with_scikit_learn(make_members, classes):
    (probabilities, *_), labels = make_members(2, num_classes=classes)
    names = list(range(classes))
    decided = probabilities.argmax(axis=1)
    assert accuracy(probabilities, labels) == pytest.approx(accuracy_score(labels, decided))
    assert nll(probabilities, labels) == pytest.approx(log_loss(labels, probabilities, labels=names))
    truth = np.eye(classes)[labels]
    expected = brier_score_loss(truth, probabilities, scale_by_half=False)
    assert brier(probabilities, labels) == pytest.approx(expected)


@pytest.mark.parametrize(("metric", "per_example"), list(zip(METRICS, PER_EXAMPLE, strict=True)))
def test_metric_is_the_mean_over_examples(make_members, metric, per_example):
    (probabilities, *_), labels = make_members(3)
    assert isinstance(metric(probabilities, labels), float)
    assert per_example(probabilities, labels).shape == labels.shape
    assert metric(probabilities, labels) == pytest.approx(per_example(probabilities, labels).mean())


@pytest.mark.parametrize("classes", [2, 10])
def test_closed_forms(classes):
    labels = np.arange(classes)
    sure, uniform = np.eye(classes), np.full((classes, classes), 1 / classes)
    wrong = np.roll(sure, 1, axis=1)
    assert [metric(sure, labels) for metric in METRICS] == [1.0, 0.0, 0.0]
    assert [accuracy(wrong, labels), brier(wrong, labels)] == [0.0, 2.0]
    assert nll(uniform, labels) == pytest.approx(math.log(classes))
    assert brier(uniform, labels) == pytest.approx(1 - 1 / classes)
    assert accuracy(uniform, labels) == 1 / classes  # a tie is a decision for class 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nll_of_an_impossible_label_is_finite_and_the_same_in_any_precision(dtype):
    found = nll(np.array([[1.0, 0.0]], dtype=dtype), np.array([1]))
    assert found == pytest.approx(126 * math.log(2))
    assert nll(np.array([[1.0, 1e-300]]), np.array([1])) == found
    assert nll(np.array([[1.0, 1e-37]]), np.array([1])) == pytest.approx(37 * math.log(10))


def test_single_precision_is_scored_in_double(make_members):
    (probabilities, *_), labels = make_members(4)
    single = probabilities.astype(np.float32)
    for metric in METRICS:
        assert metric(single, labels) == metric(single.astype(np.float64), labels)


@settings(max_examples=20, deadline=None)
@given(seed=seeds, order=st.permutations(range(60)), names=st.permutations(range(3)))
def test_order_of_examples_and_names_of_classes_do_not_matter(make_members, seed, order, names):
    (probabilities, *_), labels = make_members(seed)
    renamed = np.empty_like(probabilities)
    renamed[:, names] = probabilities
    for metric in METRICS:
        expected = pytest.approx(metric(probabilities, labels), rel=1e-12)
        assert metric(probabilities[order], labels[order]) == expected
        assert metric(renamed, np.array(names)[labels]) == expected


@settings(max_examples=20, deadline=None)
@given(seed=seeds, num_members=st.integers(2, 6))
def test_the_mean_is_at_least_as_good_as_its_members_on_average(make_members, seed, num_members):
    members, labels = make_members(seed, num_members=num_members)
    for metric in (nll, brier):  # Jensen: both are convex in the probabilities
        average = np.mean([metric(member, labels) for member in members])
        assert metric(mean_of_probabilities(members), labels) <= average + 1e-12


@pytest.mark.parametrize("function", METRICS + PER_EXAMPLE)
def test_input_is_checked_and_left_alone(function):
    probabilities, labels = np.array([[0.25, 0.75], [0.5, 0.5]]), np.array([0, 1])
    before = probabilities.copy()
    expected = function(probabilities, labels)
    assert np.array_equal(function(torch.from_numpy(probabilities), torch.from_numpy(labels)), expected)
    assert np.array_equal(probabilities, before)
    with pytest.raises(ArgumentError, match=r"`probabilities` must have the shape \(example, class\).*shape \(1, 2, 2"):
        function(probabilities[None], labels)
    with pytest.raises(ArgumentError, match=r"`probabilities` must have the shape .*at least one of each"):
        function(np.zeros((0, 2)), labels[:0])
    with pytest.raises(ArgumentError, match=r"`probabilities` must be at least 0 and sum to 1 .* example 1"):
        function(np.array([[0.5, 0.5], [0.5, np.nan]]), labels)
    with pytest.raises(ArgumentError, match=r"`labels` must lie in \[0, 2\).*got 2 for example 1"):
        function(probabilities, np.array([0, 2]))
    with pytest.raises(ArgumentError, match=r"`labels` must hold one class index for each of the 2 examples"):
        function(probabilities, np.array([0, 1, 1]))
