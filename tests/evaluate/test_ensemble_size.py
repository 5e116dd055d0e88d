"""Ensemble-size curves."""

from math import comb

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from modescape.combine import mean_of_probabilities
from modescape.core.errors import ArgumentError
from modescape.evaluate import (
    accuracy,
    bootstrap_weights,
    brier,
    ece,
    ensemble_curve,
    ensemble_metrics,
    nll,
    subsets_of_size,
)

ARRAYS = ("sizes", "value", "low", "high", "gain", "gain_low", "gain_high", "num_subsets", "sampled")


def slow_metrics(members, labels, subsets, num_bins):
    ensembles = [mean_of_probabilities(members[subset]) for subset in subsets]
    functions = (accuracy, nll, brier, lambda p, y: ece(p, y, num_bins=num_bins))
    return np.array([np.mean([function(ensemble, labels) for ensemble in ensembles]) for function in functions])


def slow_interval(value, resampled, confidence):
    low, high = np.quantile(resampled, [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
    low[3], high[3] = min(value[3], 2 * value[3] - high[3]), max(value[3], 2 * value[3] - low[3])
    return low, high


@pytest.mark.parametrize("chunk", [1, 700, 2**22])
def test_agrees_with_the_obvious_loop(monkeypatch, make_members, chunk):
    monkeypatch.setattr(ensemble_metrics, "CHUNK_ENTRIES", chunk)
    monkeypatch.setattr(ensemble_metrics, "BLOCK", 7 if chunk == 700 else 512)
    members, labels = make_members(7, num_members=5, num_examples=40)
    settings_ = {"max_subsets": 6, "num_resamples": 30, "confidence": 0.7, "num_bins": 4, "seed": 9}
    curve = ensemble_curve(members, labels, sizes=[4, 2, 5], **settings_)
    drawn = [np.repeat(np.arange(40), row.astype(int)) for row in bootstrap_weights(40, num_resamples=30, seed=9)]

    def at(size):
        subsets = subsets_of_size(5, size, max_subsets=6, seed=9)
        over_resamples = [slow_metrics(members[:, rows], labels[rows], subsets, 4) for rows in drawn]
        return slow_metrics(members, labels, subsets, 4), np.array(over_resamples)

    first, first_resampled = at(1)
    for place, size in enumerate([4, 2, 5]):
        value, resampled = at(size)
        low, high = slow_interval(value, resampled, 0.7)
        gain_low, gain_high = slow_interval(value - first, resampled - first_resampled, 0.7)
        np.testing.assert_allclose(curve.value[:, place], value, rtol=1e-10)
        np.testing.assert_allclose(curve.gain[:, place], value - first, atol=1e-12)
        np.testing.assert_allclose(curve.low[:, place], np.maximum(low, 0), atol=1e-6)
        np.testing.assert_allclose(curve.high[:, place], high, atol=1e-6)
        np.testing.assert_allclose(curve.gain_low[:, place], gain_low, atol=1e-6)
        np.testing.assert_allclose(curve.gain_high[:, place], gain_high, atol=1e-6)
    assert curve.metrics == ("accuracy", "nll", "brier", "ece")
    assert curve.sizes.tolist() == [4, 2, 5]
    assert curve.num_subsets.tolist() == [5, 6, 1]
    assert curve.sampled.tolist() == [False, True, False]
    assert (curve.confidence, curve.num_resamples) == (0.7, 30)


def test_all_sizes_and_stated_defaults(make_members):
    members, labels = make_members(1, num_members=3)
    curve = ensemble_curve(members, labels, seed=4)
    same = ensemble_curve(
        members, labels, sizes=[1, 2, 3], max_subsets=100, num_resamples=1000, confidence=0.95, num_bins=15, seed=4
    )
    for name in ARRAYS:
        assert np.array_equal(getattr(curve, name), getattr(same, name)), name
    assert curve.num_subsets.tolist() == [comb(3, size) for size in (1, 2, 3)]


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10**6), num_members=st.integers(1, 5))
def test_laws(make_members, seed, num_members):
    members, labels = make_members(seed, num_members=num_members, num_examples=25)
    curve = ensemble_curve(members, labels, num_resamples=40, seed=seed)
    assert curve.value.shape == curve.gain_high.shape == (4, num_members)
    for array in (curve.gain, curve.gain_low, curve.gain_high):
        assert not array[:, 0].any()
    assert (np.diff(curve.value[1:3], axis=1) <= 1e-12).all()  # Jensen: NLL and Brier never rise with all subsets
    assert (curve.low <= curve.high).all()
    assert (curve.low >= 0).all()
    assert (curve.low[3] <= curve.value[3]).all()
    assert (curve.value[3] <= curve.high[3]).all()


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10**6), order=st.permutations(range(4)))
def test_order_of_members_does_not_matter_when_all_subsets_count(make_members, seed, order):
    members, labels = make_members(seed)
    first, second = (ensemble_curve(m, labels, num_resamples=20, seed=1) for m in (members, members[order]))
    for name in ARRAYS:
        np.testing.assert_allclose(getattr(first, name), getattr(second, name), atol=1e-6)


def test_order_of_examples_does_not_matter_to_values(make_members):
    members, labels = make_members(3)
    order = np.random.default_rng(0).permutation(len(labels))
    first = ensemble_curve(members, labels, num_resamples=2, seed=1)
    second = ensemble_curve(members[:, order], labels[order], num_resamples=2, seed=1)
    np.testing.assert_allclose(first.value, second.value, rtol=1e-12)


def test_identical_members_gain_nothing(make_members):
    members, labels = make_members(5, num_members=1)
    curve = ensemble_curve(np.repeat(members, 4, axis=0), labels, num_resamples=50, seed=0)
    for array in (curve.gain, curve.gain_low, curve.gain_high):
        np.testing.assert_allclose(array, 0, atol=1e-7)


def test_many_members_are_sampled_with_the_same_seed_alike(make_members):
    members, labels = make_members(6, num_members=50, num_examples=30)
    curves = [ensemble_curve(members, labels, sizes=[25], max_subsets=7, num_resamples=9, seed=s) for s in (1, 1, 2)]
    assert curves[0].num_subsets.tolist() == [7]
    assert curves[0].sampled.tolist() == [True]
    assert np.array_equal(curves[0].value, curves[1].value)
    assert not np.array_equal(curves[0].value, curves[2].value)


def test_intervals_of_gains_cover_the_truth_as_often_as_they_say(make_members):
    # The members here are overconfident, so that an ensemble of 3 is better by all four metrics.
    size, truth = 3, ensemble_curve(*make_members(10**6, num_members=3, num_examples=100_000), num_resamples=1, seed=0)
    value, gain = truth.value[:, size - 1], truth.gain[:, size - 1]
    assert (gain * [1, -1, -1, -1] > 0.01).all()
    of_value, of_gain = [], []
    for seed in range(150):
        curve = ensemble_curve(
            *make_members(seed, num_members=3, num_examples=300),
            sizes=[3],
            num_resamples=200,
            confidence=0.9,
            seed=seed,
        )
        of_value.append((curve.low[:, 0] <= value) & (value <= curve.high[:, 0]))
        of_gain.append((curve.gain_low[:, 0] <= gain) & (gain <= curve.gain_high[:, 0]))
    for covered in (np.mean(of_value, axis=0), np.mean(of_gain, axis=0)):
        assert (covered > 0.81).all()
        assert (covered[:3] < 0.98).all()


class Listener:
    def __init__(self):
        self.heard = []

    def start(self, task, total):
        self.heard.append((task, total))

    def advance(self, task, amount=1, note=""):
        self.heard.append((task, amount, note))

    def say(self, text):
        self.heard.append(text)


def test_progress_counts_the_sizes(make_members):
    members, labels = make_members(0, num_members=3)
    listener = Listener()
    ensemble_curve(members, labels, sizes=[3], num_resamples=5, seed=0, progress=listener)
    assert listener.heard == [
        ("ensemble sizes", 2),
        ("ensemble sizes", 1, "1 of 3 members, 3 subsets"),
        ("ensemble sizes", 1, "3 of 3 members, 1 subsets"),
    ]


def test_takes_tensors_and_single_precision(make_members):
    members, labels = make_members(2)
    single = torch.from_numpy(members).float()
    curve = ensemble_curve(single, torch.from_numpy(labels), num_resamples=5, seed=0)
    expected = ensemble_curve(single.double().numpy(), labels, num_resamples=5, seed=0)
    assert np.array_equal(curve.value, expected.value)


@pytest.mark.parametrize("sizes", [[0], [1, 5], [2.0], [True], [-1]])
def test_refuses_sizes_out_of_range(make_members, sizes):
    with pytest.raises(ArgumentError, match=r"`sizes` must be whole numbers in 1\.\.4, the number of members; got"):
        ensemble_curve(*make_members(), sizes=sizes, seed=0)


def test_bad_input(make_members):
    members, labels = make_members()
    for name, wrong, rule in (
        ("sizes", [], "hold at least one size"),
        ("max_subsets", 0, "be at least 1"),
        ("num_resamples", 0, "be at least 1"),
        ("num_bins", 0, "be at least 1"),
        ("confidence", 1.0, "lie strictly between 0 and 1"),
    ):
        with pytest.raises(ArgumentError, match=f"`{name}` must {rule}; got"):
            ensemble_curve(members, labels, seed=0, **{name: wrong})
    with pytest.raises(ArgumentError, match=r"`seed` must be at least 0"):
        ensemble_curve(members, labels, seed=-2)
    with pytest.raises(ArgumentError, match=r"`labels` must lie in \[0, 3\)"):
        ensemble_curve(members, labels + 1, seed=0)
    with pytest.raises(ArgumentError, match=r"`labels` must hold one class index for each of the 60 examples"):
        ensemble_curve(members, labels[:-1], seed=0)
    with pytest.raises(ArgumentError, match=r"`probabilities` must have the shape \(member, example, class\)"):
        ensemble_curve(members[:, :0], labels[:0], seed=0)
    members[2, 7, 1] = np.nan
    with pytest.raises(ArgumentError, match=r"sum to 1 over classes; got .* for member 2, example 7"):
        ensemble_curve(members, labels, seed=0)
