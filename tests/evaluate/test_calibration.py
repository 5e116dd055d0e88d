"""Expected calibration error and the table of a reliability diagram."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchmetrics.functional.classification import multiclass_calibration_error

from modescape.core.errors import ArgumentError
from modescape.evaluate import ece, reliability


def reference(probabilities, labels, num_bins):
    return multiclass_calibration_error(
        torch.as_tensor(probabilities).float(),
        torch.as_tensor(labels),
        num_classes=probabilities.shape[1],
        n_bins=num_bins,
        norm="l1",
    ).item()


def slow(probabilities, labels, num_bins):
    total = 0.0
    for b in range(num_bins):
        gap = 0.0
        for row, label in zip(probabilities.tolist(), labels.tolist(), strict=True):
            last = b == num_bins - 1
            if b / num_bins <= max(row) and (max(row) < (b + 1) / num_bins or last):
                gap += (row.index(max(row)) == label) - max(row)
        total += abs(gap)
    return total / len(labels)


@pytest.mark.parametrize("num_bins", [1, 4, 15, 37])
@pytest.mark.parametrize("classes", [2, 6])
def test_agrees_with_loops_and_torchmetrics(make_members, num_bins, classes):
    (probabilities, *_), labels = make_members(5, num_examples=400, num_classes=classes)
    found = ece(probabilities, labels, num_bins=num_bins)
    assert found == pytest.approx(slow(probabilities, labels, num_bins), abs=1e-12)
    assert found == pytest.approx(reference(probabilities, labels, num_bins), abs=2e-6)


def test_fifteen_bins_by_default(make_members):
    (probabilities, *_), labels = make_members(6)
    assert (
        ece(probabilities, labels) == ece(probabilities, labels, num_bins=15) != ece(probabilities, labels, num_bins=9)
    )


@pytest.mark.parametrize("num_bins", [3, 10, 15, 20])
def test_agrees_with_torchmetrics_on_the_edges(num_bins):
    edges = np.linspace(0, 1, num_bins + 1)[num_bins // 2 + 1 : -1]
    tops = np.concatenate(
        [edges.astype(np.float32), torch.linspace(0, 1, num_bins + 1)[num_bins // 2 + 1 : -1].numpy()]
    )
    tops = np.concatenate([tops, np.nextafter(tops, np.float32(0)), np.nextafter(tops, np.float32(1))])
    probabilities = np.stack([tops, 1 - tops], axis=1)
    labels = np.arange(len(tops)) % 2
    assert ece(probabilities, labels, num_bins=num_bins) == pytest.approx(
        reference(probabilities, labels, num_bins), abs=1e-6
    )


def test_lower_edge_belongs_to_a_bin_and_certainty_to_the_last():
    tops = np.array([0.5, 0.75, 1.0])
    table = reliability(np.stack([tops, 1 - tops], axis=1), np.array([0, 1, 1]), num_bins=4)
    assert table.edges.tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert table.count.tolist() == [0, 0, 1, 2]
    np.testing.assert_array_equal(table.confidence, [np.nan, np.nan, 0.5, 0.875])
    np.testing.assert_array_equal(table.accuracy, [np.nan, np.nan, 1.0, 0.0])


def test_certainty_shares_the_last_bin():
    # One right at 1.0 and one wrong at 0.9 balance in one bin; torchmetrics counts 1.0 in a bin of its own.
    probabilities, labels = np.array([[1.0, 0.0], [0.9, 0.1]]), np.array([1, 0])
    assert ece(probabilities, labels, num_bins=2) == pytest.approx(abs(1.0 - 0.1) / 2)
    assert reference(probabilities, labels, 2) == pytest.approx((1.0 + 0.1) / 2)


def test_closed_forms():
    always = np.tile([0.7, 0.3], (10, 1))
    assert ece(always, np.array([0] * 7 + [1] * 3)) == pytest.approx(0.0, abs=1e-12)
    assert ece(always, np.array([0] * 2 + [1] * 8)) == pytest.approx(0.5)
    assert ece(np.eye(3), np.array([1, 2, 0]), num_bins=7) == 1.0


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), num_bins=st.integers(1, 30))
def test_laws(make_members, seed, num_bins):
    (probabilities, *_), labels = make_members(seed)
    found = ece(probabilities, labels, num_bins=num_bins)
    table = reliability(probabilities, labels, num_bins=num_bins)
    order = np.random.default_rng(seed).permutation(len(labels))
    assert ece(probabilities[order], labels[order], num_bins=num_bins) == pytest.approx(found, abs=1e-12)
    assert table.count.sum() == len(labels)
    overall = abs((probabilities.argmax(axis=1) == labels).mean() - probabilities.max(axis=1).mean())
    assert overall - 1e-12 <= found <= 1
    # Bins merged pairwise can only cancel gaps.
    assert found <= ece(probabilities, labels, num_bins=2 * num_bins) + 1e-12


@pytest.mark.parametrize("function", [ece, reliability])
def test_bad_input(function):
    probabilities, labels = np.array([[0.25, 0.75]]), np.array([0])
    with pytest.raises(ArgumentError, match=r"`num_bins` must be at least 1; got 0\. Pass 15"):
        function(probabilities, labels, num_bins=0)
    with pytest.raises(ArgumentError, match=r"`probabilities` must have the shape \(example, class\)"):
        function(probabilities[0], labels)
    with pytest.raises(ArgumentError, match=r"`probabilities` must be at least 0 and sum to 1"):
        function(np.array([[np.nan, 0.5]]), labels)
    with pytest.raises(ArgumentError, match=r"`labels` must lie in \[0, 2\)"):
        function(probabilities, np.array([-1]))
