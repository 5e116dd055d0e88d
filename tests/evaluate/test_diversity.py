"""Where predictors lie between the limits of disagreement."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modescape.core.errors import ArgumentError
from modescape.evaluate import bootstrap_weights, relative_diversity
from modescape.functions import disagreement, lower_limit, upper_limit

seeds = st.integers(0, 10**6)


def others(rng, classes, num_classes):
    return (classes + rng.integers(1, num_classes, size=classes.shape)) % num_classes


def independent(rng, labels, accuracies, num_classes):
    """Return predictors that have nothing but the truth in common."""
    rows = np.broadcast_to(labels, (len(accuracies), len(labels)))
    right = rng.random(rows.shape) < np.array(accuracies)[:, None]
    return np.where(right, rows, others(rng, rows, num_classes))


def changed(rng, reference, shares, num_classes):
    """Return the reference with a share of its decisions changed at random."""
    rows = np.broadcast_to(reference, (len(shares), len(reference)))
    hit = rng.random(rows.shape) < np.array(shares)[:, None]
    return np.where(hit, others(rng, rows, num_classes), rows)


def simulated(seed, num_examples, num_classes=7, accuracy=0.7):
    rng = np.random.default_rng(seed)
    labels = rng.integers(num_classes, size=num_examples)
    return rng, labels, independent(rng, labels, [accuracy], num_classes)[0]


def slow_value(decisions, reference, labels, num_classes):
    """Compute one value predictor by predictor; the same examples may come several times."""
    r = float(np.mean(reference == labels))
    if r <= 1 / num_classes:
        return np.nan
    limits = {"reference_accuracy": r, "num_classes": num_classes}
    above = room = 0.0
    for row in decisions:
        a = float(np.mean(row == labels))
        above += disagreement(row, reference) - float(lower_limit(a, **limits))
        room += float(upper_limit(a, **limits)) - float(lower_limit(a, **limits))
    return above / room if room > 1e-9 else np.nan


def slow(decisions, reference, labels, *, num_classes, num_resamples, confidence, seed):
    """Repeat examples as the resamples say, and compute everything anew in each."""
    kept = [row for row in decisions if np.mean(row == labels) > 1 / num_classes + 0.05]
    weights = bootstrap_weights(len(labels), num_resamples=num_resamples, seed=seed).astype(int)
    values = []
    for counts in weights:
        chosen = np.repeat(np.arange(len(labels)), counts)
        values.append(slow_value([row[chosen] for row in kept], reference[chosen], labels[chosen], num_classes))
    ends = np.quantile([value for value in values if not np.isnan(value)], [(1 - confidence) / 2, (1 + confidence) / 2])
    return slow_value(kept, reference, labels, num_classes), *ends


@pytest.mark.parametrize(("num_classes", "accuracy"), [(2, 0.8), (7, 0.6), (30, 0.3)])
def test_agrees_with_loops_over_resamples(num_classes, accuracy):
    rng, labels, reference = simulated(1, 60, num_classes, accuracy)
    decisions = np.concatenate(
        [
            independent(rng, labels, [0.7, 0.9, 0.05], num_classes),
            changed(rng, reference, [0.05, 0.4, 0.9], num_classes),
        ]
    )
    arguments = {"num_classes": num_classes, "num_resamples": 40, "confidence": 0.8, "seed": 3}
    found = relative_diversity(decisions, reference, labels, **arguments)
    wanted = slow(decisions, reference, labels, **arguments)
    np.testing.assert_allclose([found.value, found.low, found.high], wanted, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("num_classes", "accuracy"), [(2, 0.8), (10, 0.64), (100, 0.4)])
def test_one_for_independent_and_zero_for_changed_predictors(num_classes, accuracy):
    rng, labels, reference = simulated(2, 20_000, num_classes, accuracy)
    arguments = {"num_classes": num_classes, "num_resamples": 100, "seed": 0}
    accuracies = 1 / num_classes + np.array([0.1, 0.15, 0.2])
    high = relative_diversity(independent(rng, labels, accuracies, num_classes), reference, labels, **arguments)
    low = relative_diversity(changed(rng, reference, [0.05, 0.1, 0.3], num_classes), reference, labels, **arguments)
    assert high.value == pytest.approx(1.0, abs=0.1)
    assert low.value == pytest.approx(0.0, abs=0.1)
    assert high.low <= high.value <= high.high
    assert low.low <= low.value <= low.high


@pytest.mark.parametrize(("kind", "truth"), [("independent", 1.0), ("changed", 0.0)])
def test_intervals_hold_the_truth_about_as_often_as_they_say(kind, truth):
    held = 0
    for seed in range(60):
        rng, labels, reference = simulated(seed, 400)
        decisions = (
            independent(rng, labels, [0.65, 0.5, 0.4], 7)
            if kind == "independent"
            else changed(rng, reference, [0.1, 0.2, 0.4], 7)
        )
        found = relative_diversity(
            decisions, reference, labels, num_classes=7, num_resamples=200, confidence=0.9, seed=seed
        )
        held += found.low <= truth <= found.high
    # Of 60 intervals of 90%, 54 +- 2.3.
    assert 46 <= held <= 60


@settings(max_examples=10, deadline=None)
@given(seed=seeds, order=st.permutations(range(4)), names=st.permutations(range(7)))
def test_order_of_predictors_and_names_of_classes_do_not_matter(seed, order, names):
    rng, labels, reference = simulated(seed, 300)
    decisions = independent(rng, labels, [0.5, 0.6, 0.7, 0.8], 7)
    arguments = {"num_classes": 7, "num_resamples": 20, "seed": 1}
    found = relative_diversity(decisions, reference, labels, **arguments)
    names = np.array(names)
    again = relative_diversity(names[decisions[order]], names[reference], names[labels], **arguments)
    assert (found.value, found.low, found.high) == pytest.approx((again.value, again.low, again.high), abs=1e-12)


def test_the_reference_itself_lies_at_the_lower_limit():
    _, labels, reference = simulated(3, 200)
    found = relative_diversity(reference[None], reference, labels, num_classes=7, num_resamples=20, seed=0)
    assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0)


def test_predictors_close_to_chance_are_left_out():
    rng, labels, reference = simulated(4, 500)
    good = independent(rng, labels, [0.5, 0.7], 7)
    # 1/7 + 0.05 is 0.193.
    bad = independent(rng, labels, [1 / 7, 0.1], 7)
    arguments = {"num_classes": 7, "num_resamples": 30, "seed": 2}
    assert relative_diversity(np.concatenate([bad, good]), reference, labels, **arguments) == relative_diversity(
        good, reference, labels, **arguments
    )
    assert np.isnan(vars_of(relative_diversity(bad, reference, labels, **arguments))).all()


def vars_of(found):
    return [found.value, found.low, found.high]


def test_nan_where_there_is_no_predictor_or_no_room():
    rng, labels, reference = simulated(5, 300)
    decisions = independent(rng, labels, [0.6], 7)
    arguments = {"num_classes": 7, "num_resamples": 30, "seed": 2}
    nobody = relative_diversity(np.empty((0, 300), dtype=np.int64), reference, labels, **arguments)
    assert np.isnan(vars_of(nobody)).all()
    guessing = (labels + np.arange(300)) % 7
    assert np.isnan(vars_of(relative_diversity(decisions, guessing, labels, **arguments))).all()
    assert np.isnan(vars_of(relative_diversity(decisions, labels, labels, **arguments))).all()


def test_resamples_without_an_error_of_the_reference_are_left_out():
    rng, labels, _ = simulated(6, 100)
    reference = labels.copy()
    reference[0] = (labels[0] + 1) % 7
    found = relative_diversity(
        independent(rng, labels, [0.6], 7), reference, labels, num_classes=7, num_resamples=100, seed=0
    )
    assert np.isfinite(vars_of(found)).all()


def test_the_seed_decides():
    rng, labels, reference = simulated(7, 200)
    decisions = independent(rng, labels, [0.6], 7)
    first, again, other = (
        relative_diversity(decisions, reference, labels, num_classes=7, num_resamples=30, seed=seed)
        for seed in [1, 1, 2]
    )
    assert first == again
    assert first.value == other.value
    assert first.low != other.low


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"decisions": np.zeros(4, int)}, r"`decisions` must have the shape \(sample, example\) .*; got shape \(4,\)"),
        ({"decisions": np.zeros((2, 0), int)}, r"`decisions` must have the shape .*with at least one example"),
        ({"decisions": np.full((2, 4), 9)}, r"`decisions\[0\]` must lie in \[0, 3\).*got 9 for example 0"),
        ({"decisions": np.zeros((2, 4))}, r"`decisions\[0\]` must be whole numbers"),
        ({"reference": np.zeros(3, int)}, r"`reference` must hold one class index for each of the 4 examples"),
        ({"labels": np.full(4, -1)}, r"`labels` must lie in \[0, 3\)"),
        ({"confidence": 1.0}, r"`confidence` must lie strictly between 0 and 1"),
        ({"num_resamples": 0}, r"`num_resamples` must be at least 1"),
        ({"seed": -1}, r"`seed` must be at least 0"),
        ({"num_classes": 1}, r"`num_classes` must be at least 2"),
    ],
)
def test_refuses_wrong_input(change, message):
    arguments = {
        "decisions": np.zeros((2, 4), int),
        "reference": np.zeros(4, int),
        "labels": np.zeros(4, int),
        "num_classes": 3,
        "seed": 0,
        **change,
    }
    with pytest.raises(ArgumentError, match=message):
        relative_diversity(**arguments)
