"""Methods against size, compared in pairs."""

import numpy as np
import pytest
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
    fitted_temperature,
    method_curves,
    methods,
    nll,
    subsets_of_size,
    with_temperature,
)

BY_METHOD = ("value", "low", "high", "gain", "gain_low", "gain_high")
DIFFERENCES = ("difference", "difference_low", "difference_high")


@pytest.fixture(scope="session")
def two_methods(make_members):
    """Test and validation predictions of five independent members and of three worse ones, and the labels."""

    def make(seed=0, *, num_examples=36):
        members, labels = make_members(seed, num_members=8, num_examples=num_examples + 30)
        flat = 0.6 * members[5:] + 0.4 / 3
        arrays = {"weight-average": flat, "independent": members[:5]}
        test = {name: array[:, :num_examples] for name, array in arrays.items()}
        validation = {name: array[:, num_examples:] for name, array in arrays.items()}
        return test, labels[:num_examples], validation, labels[num_examples:]

    return make


def slow_metrics(ensembles, labels, num_bins):
    functions = (accuracy, nll, brier, lambda p, y: ece(p, y, num_bins=num_bins))
    return np.array([np.mean([function(ensemble, labels) for ensemble in ensembles]) for function in functions])


def slow_interval(value, resampled, confidence):
    low, high = np.quantile(resampled, [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
    low[3], high[3] = min(value[3], 2 * value[3] - high[3]), max(value[3], 2 * value[3] - low[3])
    return low, high


DRAWN = bootstrap_weights(36, num_resamples=25, seed=9)
SIZES, OPTIONS = (4, 2, 3), {"max_subsets": 6, "num_resamples": 25, "confidence": 0.7, "num_bins": 4, "seed": 9}


def slow_metrics_of_size(size, members, labels, held_out, held_out_labels):
    """The metrics of the mean of each subset, over all examples and over each resample, and the mean temperature."""
    subsets = subsets_of_size(len(members), size, max_subsets=6, seed=9)
    ensembles, temperatures = [mean_of_probabilities(members[subset]) for subset in subsets], [np.nan]
    if held_out is not None:
        temperatures = [
            fitted_temperature(mean_of_probabilities(held_out[subset]), held_out_labels) for subset in subsets
        ]
        ensembles = [with_temperature(*pair) for pair in zip(ensembles, temperatures, strict=True)]
    drawn = [np.repeat(np.arange(len(labels)), row.astype(int)) for row in DRAWN]
    over = [slow_metrics([ensemble[rows] for ensemble in ensembles], labels[rows], 4) for rows in drawn]
    return slow_metrics(ensembles, labels, 4), np.array(over), np.mean(temperatures)


@pytest.fixture(scope="module")
def compared(two_methods):
    """What the obvious loop finds, by scaling, method and size, and the curves."""
    test, labels, validation, validation_labels = two_methods(7)
    slow = {
        (scaling, name, size): slow_metrics_of_size(
            size, members, labels, validation[name] if scaling else None, validation_labels
        )
        for scaling in (0, 1)
        for name, members in test.items()
        for size in (1, *SIZES)
        if size <= len(members)
    }
    return slow, method_curves(test, labels, validation, validation_labels, sizes=SIZES, **OPTIONS)


def check(curves, names, where, found, subtracted=(0.0, 0.0)):
    value, resampled = found[0] - subtracted[0], found[1] - subtracted[1]
    expected = (value, *slow_interval(value, resampled, 0.7))
    for name, array, tolerance in zip(names, expected, (1e-10, 1e-6, 1e-6), strict=True):
        floored = np.maximum(array, 0) if name == "low" else array
        np.testing.assert_allclose(getattr(curves, name)[where], floored, atol=tolerance)


def test_values_and_gains_agree_with_the_obvious_loop(compared):
    slow, curves = compared
    for (scaling, name, size), found in slow.items():
        if size == 1:
            continue
        method, place = curves.methods.index(name), SIZES.index(size)
        where = (scaling, method, slice(None), place)
        check(curves, BY_METHOD[:3], where, found)
        check(curves, BY_METHOD[3:], where, found, slow[scaling, "independent", 1])
        if scaling:
            assert curves.temperature[method, place] == pytest.approx(found[2])
    assert curves.methods == ("weight-average", "independent")
    assert curves.sizes.tolist() == list(SIZES)
    assert curves.metrics == ("accuracy", "nll", "brier", "ece")
    assert curves.scalings == ("raw", "scaled")
    assert (curves.confidence, curves.num_resamples) == (0.7, 25)


def test_differences_agree_with_the_obvious_loop(compared):
    slow, curves = compared
    for scaling in (0, 1):
        for size in SIZES[1:]:
            found = [slow[scaling, name, size] for name in curves.methods]
            for method, other in ((0, 1), (1, 0), (0, 0)):
                where = (scaling, slice(None), method, other, SIZES.index(size))
                check(curves, DIFFERENCES, where, found[method], found[other])


def test_a_method_ends_where_its_members_do(compared):
    _, curves = compared
    for name in BY_METHOD:
        assert np.isnan(getattr(curves, name)[:, 0, :, 0]).all()
        assert np.isfinite(getattr(curves, name)[:, 1]).all()
    for name in DIFFERENCES:
        assert np.isnan(getattr(curves, name)[:, :, 0, :, 0]).all()
        assert np.isnan(getattr(curves, name)[:, :, :, 0, 0]).all()
        assert np.isfinite(getattr(curves, name)[:, :, 1, 1, 0]).all()
    assert np.isnan(curves.temperature).tolist() == [[True, False, False], [False, False, False]]


def test_pieces_do_not_matter(monkeypatch, two_methods, compared):
    monkeypatch.setattr(methods, "CHUNK_ENTRIES", 1)
    again = method_curves(*two_methods(7), sizes=SIZES, **OPTIONS)
    np.testing.assert_allclose(again.temperature, compared[1].temperature, rtol=1e-8)
    np.testing.assert_allclose(again.value, compared[1].value, rtol=1e-8)


def test_one_method_is_its_ensemble_curve(make_members):
    members, labels = make_members(1)
    options = {"num_resamples": 40, "confidence": 0.8, "num_bins": 6, "seed": 3}
    found = method_curves({"independent": members}, labels, **options)
    expected = ensemble_curve(members, labels, **options)
    for name in BY_METHOD:
        np.testing.assert_allclose(getattr(found, name)[0, 0], getattr(expected, name), atol=1e-9)
    assert found.scalings == ("raw",)
    assert found.value.shape == (1, 1, 4, 4)
    assert np.isnan(found.temperature).all()
    assert not found.difference.any()


def test_stated_defaults(two_methods):
    test, labels, *_ = two_methods(2)
    found = method_curves(test, labels, seed=4)
    same = method_curves(
        test,
        labels,
        None,
        None,
        sizes=[1, 2, 3, 4, 5],
        max_subsets=100,
        num_resamples=1000,
        confidence=0.95,
        num_bins=15,
        seed=4,
    )
    for name in (*BY_METHOD, *DIFFERENCES, "sizes", "temperature"):
        np.testing.assert_array_equal(getattr(found, name), getattr(same, name))


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_laws(two_methods, seed):
    test, labels, validation, validation_labels = two_methods(seed, num_examples=25)
    found = method_curves(test, labels, validation, validation_labels, num_resamples=30, seed=seed)
    present = ~np.isnan(found.value)
    assert present[:, 1].all()
    assert present[:, 0, :, :3].all()
    assert not present[:, 0, :, 3:].any()
    assert (found.low[present] <= found.high[present]).all()
    assert (found.low[present] >= 0).all()
    np.testing.assert_array_equal(found.value[0, :, 0], found.value[1, :, 0])  # scaling keeps decisions
    for array in (found.gain, found.gain_low, found.gain_high):
        assert not array[:, 1, :, 0].any()
    swapped = found.difference_low.swapaxes(2, 3)
    np.testing.assert_allclose(found.difference, -found.difference.swapaxes(2, 3), atol=1e-12)
    np.testing.assert_allclose(found.difference_high, -swapped, atol=1e-12)
    assert (np.diff(found.value[0, 1, 1:3], axis=1) <= 1e-12).all()
    np.testing.assert_array_equal(np.isnan(found.temperature), np.isnan(found.value[0, :, 0]))


def test_the_same_members_under_two_names_do_not_differ(make_members):
    members, labels = make_members(5, num_members=6)
    found = method_curves({"independent": members, "copy": members}, labels, max_subsets=4, num_resamples=20, seed=1)
    for name in DIFFERENCES:
        np.testing.assert_allclose(getattr(found, name), 0, atol=1e-7)
    np.testing.assert_array_equal(found.value[:, 0], found.value[:, 1])


def test_scaling_mends_overconfidence(make_members):
    members, labels = make_members(8, num_examples=3000)
    test, validation = members[:, :2000], members[:, 2000:]
    found = method_curves(
        {"independent": test}, labels[:2000], {"independent": validation}, labels[2000:], num_resamples=50, seed=0
    )
    assert found.temperature[0, 0] > 1.1
    assert (found.value[1, 0, 1, 0] - found.value[0, 0, 1, 0]) < -0.01
    assert found.value[1, 0, 3, 0] < found.value[0, 0, 3, 0]


def test_perfect_validation_predictions_leave_all_finite(make_members):
    members, labels = make_members(2)
    perfect = np.repeat(np.eye(3)[None], 4, axis=0)
    found = method_curves(
        {"independent": members}, labels, {"independent": perfect}, np.arange(3), num_resamples=10, seed=0
    )
    np.testing.assert_allclose(found.temperature, 0.05)
    assert np.isfinite(found.value).all()
    np.testing.assert_array_equal(found.value[0, :, 0], found.value[1, :, 0])


def test_difference_covers_the_truth_as_often_as_it_says(make_members):
    def found(seed, num_examples, num_resamples):
        members, labels = make_members(seed, num_members=2, num_examples=num_examples)
        return method_curves(
            {"independent": members[:1], "flat": 0.7 * members[1:] + 0.1},
            labels,
            num_resamples=num_resamples,
            confidence=0.9,
            seed=seed,
        )

    truth = found(10**6, 200_000, 1).difference[0, :3, 1, 0, 0]
    curves = [found(seed, 200, 150) for seed in range(150)]
    covered = [
        (curve.difference_low[0, :3, 1, 0, 0] <= truth) & (truth <= curve.difference_high[0, :3, 1, 0, 0])
        for curve in curves
    ]
    assert (np.mean(covered, axis=0) > 0.82).all()
    assert (np.mean(covered, axis=0) < 0.98).all()


class Listener:
    def __init__(self):
        self.heard = []

    def start(self, task, total):
        self.heard.append((task, total))

    def advance(self, task, amount=1, note=""):
        self.heard.append((task, amount, note))

    def say(self, text):
        self.heard.append(text)


def test_progress_counts_methods_sizes_and_scalings(make_members):
    members, labels = make_members(0, num_members=3)
    listener, test = Listener(), {"independent": members, "other": members[:1]}
    method_curves(test, labels, test, labels, sizes=[3], num_resamples=5, seed=0, progress=listener)
    assert listener.heard == [
        ("methods", 6),
        ("methods", 1, "independent, raw, 1 of 3 members"),
        ("methods", 1, "independent, raw, 3 of 3 members"),
        ("methods", 1, "independent, scaled, 1 of 3 members"),
        ("methods", 1, "independent, scaled, 3 of 3 members"),
        ("methods", 1, "other, raw, 1 of 1 members"),
        ("methods", 1, "other, scaled, 1 of 1 members"),
    ]


def test_bad_input(two_methods):
    test, labels, validation, validation_labels = two_methods()

    def refused(match, *arguments, **options):
        with pytest.raises(ArgumentError, match=match):
            method_curves(*arguments, **{"seed": 0, **options})

    refused(r'`test` must hold the method "independent"; got none\.', {}, labels)
    refused(r"got weight-average\. Gains", {"weight-average": test["weight-average"]}, labels)
    refused(r"`test\[independent\]` must have the shape \(member, example, class\)", {"independent": labels}, labels)
    short = {**test, "weight-average": test["weight-average"][:, 1:]}
    refused(r"`test\[weight-average\]` must have 36 examples and 3 classes, as independent; got shape", short, labels)
    refused(r"`labels` must hold one class index for each of the 36 examples", test, labels[1:])
    refused(r"`validation_labels` must be given with validation; got None", test, labels, validation)
    refused(r"`validation_labels` must lie in \[0, 3\)", test, labels, validation, validation_labels + 1)
    one = {"independent": validation["independent"]}
    rule = r"`validation` must have the methods, members and classes of test; got none for weight-average, where test"
    refused(rule, test, labels, one, validation_labels)
    fewer = {**validation, "independent": validation["independent"][1:]}
    rule = r"got \(4, 3\) for independent, where test has \(5, 3\)"
    refused(rule, test, labels, fewer, validation_labels)
    refused(r"`sizes` must be whole numbers in 1\.\.5, the number of members; got 6", test, labels, sizes=[6])
    refused(r"`max_subsets` must be at least 1", test, labels, max_subsets=0)
    refused(r"`num_resamples` must be at least 1", test, labels, num_resamples=0)
    refused(r"`num_bins` must be at least 1", test, labels, num_bins=0)
    refused(r"`confidence` must lie strictly between 0 and 1", test, labels, confidence=1)
    refused(r"`seed` must be at least 0", test, labels, seed=-1)
