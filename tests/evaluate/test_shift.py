"""Metrics under shift."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modescape.combine import mean_of_probabilities
from modescape.core.errors import ArgumentError
from modescape.evaluate import ShiftTally, accuracy, bootstrap_weights, brier, ece, jensen_shannon, nll

NAMES, LEVELS = ("fog", "snow", "blur"), (0, 1, 3)


def make_conditions(seed, *, num_examples=40, sizes=(4, 3)):
    """Labels, and predictions of two methods that get worse from intensity to intensity."""
    generator = np.random.default_rng(seed)
    logits = 1.5 * generator.standard_normal((num_examples, 3))
    labels = (logits + generator.gumbel(size=logits.shape)).argmax(axis=1)

    def predicted(num_members, noise):
        seen = logits + (1 + noise) * generator.standard_normal((num_members, *logits.shape))
        odds = np.exp(1.5 * seen)
        return odds / odds.sum(axis=-1, keepdims=True)

    methods = ("weight-average", "independent")[: len(sizes)]
    keys = [(None, 0), *((name, level) for level in LEVELS[1:] for name in NAMES)]
    return labels, {
        key: {method: predicted(size, 0.4 * key[1]) for method, size in zip(methods, sizes, strict=True)}
        for key in keys
    }


def tallied(labels, conditions, **options):
    tally = ShiftTally(labels, **{"num_resamples": 20, "seed": 0, **options})
    for key, predictions in conditions.items():
        tally.add(*key, predictions)
    return tally.result()


def slow_metrics(members, labels, num_bins):
    functions = (accuracy, nll, brier, lambda p, y: ece(p, y, num_bins=num_bins))
    one = [np.mean([function(member, labels) for member in members]) for function in functions]
    everyone = [function(mean_of_probabilities(members), labels) for function in functions]
    return np.array([[*one, np.nan], [*everyone, jensen_shannon(members)]])


def slow_interval(value, resampled, confidence):
    low, high = np.quantile(resampled, [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
    low[3], high[3] = np.minimum(value[3], 2 * value[3] - high[3]), np.maximum(value[3], 2 * value[3] - low[3])
    return low, high


def slow_slope(gains):
    """NumPy's line through the gains, for each metric but the divergence."""
    return np.append([np.polyfit(LEVELS, row, 1)[0] for row in gains[:4]], np.nan)


def test_agrees_with_the_obvious_loop():
    labels, conditions = make_conditions(3)
    curves = tallied(labels, conditions, num_resamples=25, confidence=0.7, num_bins=4, seed=8)
    drawn = [np.repeat(np.arange(40), row.astype(int)) for row in bootstrap_weights(40, num_resamples=25, seed=8)]

    def averaged(method, level, rows):
        keys = [key for key in conditions if key[1] == level]
        return np.mean([slow_metrics(conditions[key][method][:, rows], labels[rows], 4) for key in keys], axis=0)

    for method, (name, sizes) in enumerate({"weight-average": (0, 2), "independent": (0, 1)}.items()):
        value = np.array([averaged(name, level, np.arange(40)) for level in LEVELS])
        resampled = np.array([[averaged(name, level, rows) for level in LEVELS] for rows in drawn])
        for place, size in enumerate(sizes):
            expected = value[:, place].T
            low, high = slow_interval(expected, resampled[:, :, place].swapaxes(1, 2), 0.7)
            np.testing.assert_allclose(curves.value[method, size], expected, atol=1e-10)
            np.testing.assert_allclose(curves.low[method, size], np.maximum(low, 0), atol=1e-6)
            np.testing.assert_allclose(curves.high[method, size], high, atol=1e-6)
            for at, corruption in enumerate(NAMES):
                for other, level in enumerate(LEVELS):
                    members = conditions[corruption if level else None, level][name]
                    expected = slow_metrics(members, labels, 4)[place]
                    np.testing.assert_allclose(curves.each[method, size, :, at, other], expected, atol=1e-10)
    # The last method is the one whose gain is followed.
    gain, resampled_gain = value[:, 1].T - value[:, 0].T, (resampled[:, :, 1] - resampled[:, :, 0]).swapaxes(1, 2)
    slope, resampled_slope = slow_slope(gain), np.array([slow_slope(gains) for gains in resampled_gain])
    for found, expected, over in (("gain", gain, resampled_gain), ("slope", slope, resampled_slope)):
        low, high = slow_interval(expected, over, 0.7)
        np.testing.assert_allclose(getattr(curves, found), expected, atol=1e-10)
        np.testing.assert_allclose(getattr(curves, found + "_low"), low, atol=1e-6)
        np.testing.assert_allclose(getattr(curves, found + "_high"), high, atol=1e-6)
    assert curves.methods == ("weight-average", "independent")
    assert curves.metrics == ("accuracy", "nll", "brier", "ece", "jensen_shannon")
    assert curves.corruptions == NAMES
    assert (curves.sizes.tolist(), curves.intensities.tolist()) == ([1, 3, 4], list(LEVELS))
    assert (curves.ensemble, curves.confidence, curves.num_resamples) == ("independent", 0.7, 25)
    assert np.isnan(curves.value[0, 1]).all()
    assert np.isnan(curves.value[1, 2]).all()


def test_stated_defaults():
    labels, conditions = make_conditions(1)
    options = {"num_resamples": 1000, "confidence": 0.95, "num_bins": 15, "ensemble": "independent"}
    found, same = ShiftTally(labels, seed=2), ShiftTally(labels, seed=2, **options)
    for key, predictions in conditions.items():
        found.add(*key, predictions)
        same.add(*key, predictions)
    for name, array in vars(found.result()).items():
        np.testing.assert_array_equal(array, getattr(same.result(), name))


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10**6), data=st.data())
def test_order_of_conditions_and_methods_does_not_matter(seed, data):
    labels, conditions = make_conditions(seed)
    first = tallied(labels, conditions)
    order = data.draw(st.permutations(list(conditions)))
    shuffled = {key: conditions[key] for key in order}
    methods = {key: dict(reversed(each.items())) if key == order[-1] else each for key, each in shuffled.items()}
    second = tallied(labels, methods)
    places = [second.corruptions.index(name) for name in first.corruptions]
    np.testing.assert_allclose(first.each, second.each[:, :, :, places], atol=1e-12)
    for name in ("value", "low", "high", "gain", "gain_low", "gain_high", "slope", "slope_low", "slope_high"):
        np.testing.assert_allclose(getattr(first, name), getattr(second, name), atol=1e-9)
    present = ~np.isnan(first.value)
    assert (first.low[present] <= first.high[present]).all()
    assert (first.low[present] >= 0).all()
    np.testing.assert_allclose(first.value[:, 0, :4, 0], first.each[:, 0, :4, 0, 0], atol=1e-12)
    assert (first.each[..., 0] == first.each[..., :1, 0])[~np.isnan(first.each[..., 0])].all()


def test_images_are_resampled_together():
    # The same predictions under every corruption: ten corruptions say no more than one, so the interval is the same.
    labels, conditions = make_conditions(4)
    shifted = conditions["fog", 3]
    clean = {(None, 0): conditions[None, 0]}
    once = tallied(labels, {**clean, ("c0", 1): shifted})
    often = tallied(labels, clean | {(f"c{number}", 1): shifted for number in range(10)})
    for name in ("value", "low", "high", "gain_low", "gain_high", "slope_low", "slope_high"):
        np.testing.assert_allclose(getattr(once, name), getattr(often, name), atol=1e-9)


def test_same_predictions_everywhere_have_no_slope():
    labels, conditions = make_conditions(5)
    curves = tallied(labels, dict.fromkeys(conditions, conditions["fog", 1]))
    for array in (curves.slope, curves.slope_low, curves.slope_high):
        np.testing.assert_allclose(array[:4], 0, atol=1e-7)
    assert np.isnan(curves.slope[4])
    assert (curves.gain[1:3] < 0).all()


def test_one_member_gains_nothing_that_could_be_measured():
    labels, conditions = make_conditions(6, sizes=(1,))
    curves = tallied(labels, conditions, ensemble="weight-average")
    assert curves.sizes.tolist() == [1]
    assert np.isfinite(curves.value[:, :, :4]).all()
    for array in (curves.gain, curves.gain_low, curves.slope, curves.slope_high, curves.value[:, :, 4]):
        assert np.isnan(array).all()


def test_slope_covers_the_truth_as_often_as_it_says():
    truth = tallied(*make_conditions(10**6, num_examples=40_000, sizes=(2, 3)), num_resamples=1).slope[:3]
    covered = []
    for seed in range(100):
        labels, conditions = make_conditions(seed, num_examples=150, sizes=(2, 3))
        curves = tallied(labels, conditions, num_resamples=100, confidence=0.9, seed=seed)
        covered.append((curves.slope_low[:3] <= truth) & (truth <= curves.slope_high[:3]))
    assert (np.mean(covered, axis=0) > 0.79).all()
    assert (np.mean(covered, axis=0) < 0.99).all()


def test_conditions_are_checked():
    labels, conditions = make_conditions(0)
    clean = conditions[None, 0]
    tally = ShiftTally(labels, num_resamples=5, seed=0)
    for name, level in (("fog", 0), (None, 2), ("fog", -1)):
        with pytest.raises(
            ArgumentError, match=rf"`intensity` must be 0 for the clean .*; got {level} for {name}\. Add"
        ):
            tally.add(name, level, clean)
    with pytest.raises(ArgumentError, match=r"`corruption` must be added at least once; got none\."):
        tally.result()
    tally.add("fog", 2, clean)
    with pytest.raises(ArgumentError, match=r"`intensity` must be new for this corruption; got 2 for fog again\."):
        tally.add("fog", 2, clean)
    with pytest.raises(ArgumentError, match=r"`intensity` must be each of \[0, 2\].*got no intensity 0 for the clean"):
        tally.result()
    tally.add(None, 0, clean)
    tally.add("snow", 1, clean)
    with pytest.raises(ArgumentError, match=r"`intensity` must be each of \[0, 1, 2\].*got no intensity 1 for fog"):
        tally.result()
    with pytest.raises(ArgumentError, match=r"`predictions` must hold the methods and numbers of members of the first"):
        tally.add("fog", 1, {**clean, "independent": clean["independent"][1:]})
    with pytest.raises(ArgumentError, match=r'`predictions` must hold the method "independent"; got none\.'):
        tally.add("fog", 1, {})
    with pytest.raises(ArgumentError, match=r"`predictions\[independent\]` must be at least 0 and sum to 1"):
        tally.add("fog", 1, {"independent": clean["independent"] * 2})
    tally.add("fog", 1, clean)
    tally.add("snow", 2, clean)
    assert tally.result().corruptions == ("fog", "snow")


def test_settings_and_labels_are_checked():
    labels, conditions = make_conditions(0)
    for name, wrong, rule in (
        ("num_resamples", 0, "be at least 1"),
        ("num_bins", 0, "be at least 1"),
        ("confidence", 1.0, "lie strictly between 0 and 1"),
        ("seed", -1, "be at least 0"),
    ):
        with pytest.raises(ArgumentError, match=f"`{name}` must {rule}; got"):
            ShiftTally(labels, **{"seed": 0, name: wrong})
    with pytest.raises(ArgumentError, match=r"`num_examples` must be at least 1"):
        ShiftTally(labels[:0], seed=0)
    for wrong, rule in ((labels[1:], "hold one class index for each of the 40"), (labels + 1, r"lie in \[0, 3\)")):
        with pytest.raises(ArgumentError, match=f"`labels` must {rule}"):
            ShiftTally(wrong, num_resamples=2, seed=0).add(None, 0, conditions[None, 0])
