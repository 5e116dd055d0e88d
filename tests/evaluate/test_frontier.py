"""Methods at every training budget, compared in pairs."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from modescape.core.errors import ArgumentError
from modescape.evaluate import (
    accuracy,
    bootstrap_weights,
    brier,
    ece,
    fitted_temperature,
    frontier,
    maximum_probability,
    nll,
    with_temperature,
)

OPTIONS = {"num_resamples": 30, "confidence": 0.7, "num_bins": 4, "seed": 9}
ENTRIES = (("swag", 2), ("independent", 1), ("independent", 2), ("independent", 3), ("swag", 1))
DRAWN = bootstrap_weights(40, num_resamples=30, seed=9)


@pytest.fixture(scope="module")
def data(make_members):
    """Test, validation and foreign predictions of two methods, one without size 3, and the labels."""
    members, labels = make_members(3, num_members=5, num_examples=100)
    parts = [
        {entry: one[rows] for entry, one in zip(ENTRIES, members, strict=True)}
        for rows in (slice(40), slice(40, 70), slice(70, 100))
    ]
    return parts[0], labels[:40], parts[1], labels[40:70], parts[2]


@pytest.fixture(scope="module")
def found(data):
    test, labels, validation, validation_labels, foreign = data
    return frontier(
        test, labels, validation=validation, validation_labels=validation_labels, foreign=foreign, **OPTIONS
    )


def obvious(predictor, labels):
    return [
        accuracy(predictor, labels),
        nll(predictor, labels),
        brier(predictor, labels),
        ece(predictor, labels, num_bins=4),
    ]


def of_entry(data, entry, scaling):
    """Return the predictions of an entry on test and foreign examples, and its temperature."""
    test, _, validation, validation_labels, foreign = data
    temperature = fitted_temperature(validation[entry], validation_labels) if scaling else 1.0
    return with_temperature(test[entry], temperature), with_temperature(foreign[entry], temperature), temperature


@pytest.mark.parametrize("scaling", [0, 1])
@pytest.mark.parametrize("entry", ENTRIES)
def test_values_and_temperatures_are_the_obvious_ones(data, found, entry, scaling):
    place = found.methods.index(entry[0]), entry[1] - 1
    test, foreign, temperature = of_entry(data, entry, scaling)
    np.testing.assert_allclose(found.value[scaling][place][:4], obvious(test, data[1]))
    sure = np.concatenate([maximum_probability(test), maximum_probability(foreign)])
    assert found.value[scaling][place][4] == pytest.approx(roc_auc_score(np.repeat([1, 0], [40, 30]), sure))
    if scaling:
        assert found.temperature[place] == pytest.approx(temperature)


@pytest.mark.parametrize("scaling", [0, 1])
def test_differences_and_intervals_are_paired(data, found, scaling):
    labels = data[1]
    rows = [np.repeat(np.arange(40), row.astype(int)) for row in DRAWN]
    swag, same, one = (
        of_entry(data, entry, scaling)[0] for entry in (("swag", 2), ("independent", 2), ("independent", 1))
    )
    for name, other in (("difference", same), ("versus_one", one)):
        value = np.subtract(obvious(swag, labels), obvious(other, labels))
        drawn = np.array([np.subtract(obvious(swag[r], labels[r]), obvious(other[r], labels[r])) for r in rows])
        low, high = np.quantile(drawn, [0.15, 0.85], axis=0)
        low[3], high[3] = min(value[3], 2 * value[3] - high[3]), max(value[3], 2 * value[3] - low[3])
        for end, expected in (("", value), ("_low", low), ("_high", high)):
            ours = getattr(found, f"{name}{end}")[scaling, found.methods.index("swag"), 1, :4]
            np.testing.assert_allclose(ours, expected, atol=1e-6)


def test_foreign_examples_are_resampled_apart(data, found):
    test, labels, *_, foreign = data
    many = {entry: np.concatenate([rows] * 20) for entry, rows in foreign.items()}
    wide, narrow = found, frontier(test, labels, foreign=many, **OPTIONS)
    place = (0, wide.methods.index("swag"), 0, 4)
    assert wide.value[place] == pytest.approx(narrow.value[place])
    assert wide.high[place] - wide.low[place] > narrow.high[place] - narrow.low[place]


def test_the_reference_differs_from_itself_by_nothing(found):
    own = found.methods.index("independent")
    for name in ("difference", "difference_low", "difference_high"):
        np.testing.assert_array_equal(getattr(found, name)[:, own], 0.0)
    np.testing.assert_array_equal(found.versus_one[:, own, 0], 0.0)


def test_sizes_that_a_method_lacks_are_nan(found):
    assert found.methods == ("swag", "independent")
    assert found.sizes.tolist() == [1, 2, 3]
    missing = found.methods.index("swag"), 2
    for name in ("value", "low", "high", "difference", "difference_low", "versus_one_high"):
        assert np.isnan(getattr(found, name)[(slice(None), *missing)]).all()
    assert np.isnan(found.temperature[missing])
    assert np.isfinite(np.delete(found.value, 0, axis=1)).all()
    assert (found.num_examples, found.num_validation, found.num_foreign) == (40, 30, 30)


def test_without_more_examples_nothing_is_scaled_or_detected(data):
    test, labels, *_ = data
    late = {entry: rows for entry, rows in test.items() if entry[1] > 1}
    plain = frontier(late, labels, **OPTIONS)
    assert plain.scalings == ("raw",)
    assert np.isnan(plain.value[..., 4]).all()
    assert np.isnan(plain.temperature).all()
    assert np.isnan(plain.versus_one).all()
    assert np.isfinite(plain.difference[0, 0, 0, :4]).all()


def test_the_seed_decides(data):
    test, labels, *_ = data
    first, second, other = (frontier(test, labels, **{**OPTIONS, "seed": seed}) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.low, second.low)
    assert not np.array_equal(first.low, other.low, equal_nan=True)


class Heard:
    """Listens to progress."""

    def __init__(self):
        self.total, self.notes = 0, []

    def start(self, _task, total):
        self.total = total

    def advance(self, _task, _amount=1, note=""):
        self.notes.append(note)


def test_progress_counts_methods_and_scalings(data):
    test, labels, validation, validation_labels, _ = data
    heard = Heard()
    frontier(test, labels, validation=validation, validation_labels=validation_labels, progress=heard, **OPTIONS)
    assert heard.total == len(heard.notes) == 4
    assert heard.notes[0] == "swag, raw"


def test_wrong_input_is_refused(data):
    test, labels, validation, validation_labels, foreign = data
    only = {("swag", 1): test["swag", 1]}
    cases = [
        ((only, labels), {}, '`test` must hold the method "independent"; got swag'),
        (({}, labels), {}, '`test` must hold the method "independent"; got none'),
        (({**test, ("swag", 0): test["swag", 1]}, labels), {}, "`test` must be at least 1; got 0"),
        (({**test, ("swag", 1): test["swag", 1][:5]}, labels), {}, r"`test\[swag, 1\]` must have the shape \(40, 3\)"),
        ((test, labels[:3]), {}, "`labels` must hold one class index for each of the 40 examples"),
        ((test, labels), {"validation": validation}, "`validation_labels` must be given with validation; got none"),
        (
            (test, labels),
            {"foreign": only},
            r"`foreign` must have the methods and sizes of test; got \('swag', 2\) in one",
        ),
        (
            (test, labels),
            {"validation": {**validation, ("swag", 1): test["swag", 1]}, "validation_labels": validation_labels},
            r"`validation\[swag, 1\]` must have the shape \(30, 3\)",
        ),
        ((test, labels), {"num_bins": 0}, "`num_bins` must be at least 1"),
    ]
    for arguments, options, message in cases:
        with pytest.raises(ArgumentError, match=message):
            frontier(*arguments, **{**OPTIONS, **options})
    assert foreign
