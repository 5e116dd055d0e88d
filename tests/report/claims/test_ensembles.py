import numpy as np
import pytest

from modescape.report.claims.ensembles import ORDER, SAMPLES_ADD_LITTLE, full_size
from report.study_samples import methods

PLAIN = {"scaling": "raw", "metric": "accuracy", "method": "independent"}
AVERAGE = {"scaling": "raw", "metric": "accuracy", "method": "weight-average"}


def changed(dataset, name, place, numbers):
    """Return results with the (value, low, high) at a place changed."""
    for end, number in zip(("", "_low", "_high"), numbers, strict=True):
        array = dataset[f"{name}{end}"].copy()
        array.loc[place] = number
        dataset = dataset.assign({f"{name}{end}": array})
    return dataset


def versus(dataset, numbers):
    place = PLAIN | {"method_other": "weight-average", "size": 10}
    return changed(dataset, "versus_one", place, numbers)


def test_both_differences_are_told_in_percentage_points():
    claim = ORDER.judged({"methods": methods()})
    assert claim.words == "holds"
    first, second = claim.evidence
    assert first.statistic == "accuracy of 10 independent members minus one weight average"
    assert str(first.number) == "+3.50 percentage points [+3.32, +3.68]"
    assert str(second.number) == "+1.50 percentage points [+1.20, +1.80]"


@pytest.mark.parametrize(
    ("ensemble", "average", "words"),
    [
        ((0.03, 0.02, 0.04), (0.01, 0.005, 0.015), "holds"),
        ((0.03, 0.02, 0.04), (0.01, -0.005, 0.025), "undecided"),
        ((0.0, -0.01, 0.01), (0.01, 0.005, 0.015), "undecided"),
        ((0.03, 0.02, 0.04), (-0.01, -0.02, -0.005), "does not hold"),
        ((-0.03, -0.04, -0.02), (0.01, -0.005, 0.025), "does not hold"),
        ((0.03, 0.02, 0.04), (np.nan, np.nan, np.nan), "not measured"),
    ],
)
def test_both_steps_must_hold(ensemble, average, words):
    dataset = versus(methods(), ensemble)
    dataset = changed(dataset, "gain", AVERAGE | {"size": 1}, average)
    assert ORDER.judged({"methods": dataset}).words == words


def test_without_the_paired_difference_both_gains_bound_it():
    names = ["versus_one", "versus_one_low", "versus_one_high"]
    dataset = changed(methods().drop_vars(names), "gain", PLAIN | {"size": 10}, (0.05, 0.045, 0.055))
    dataset = changed(dataset, "gain", AVERAGE | {"size": 1}, (0.015, 0.01, 0.02))
    first = ORDER.judged({"methods": dataset}).evidence[0]
    assert str(first.number) == "+3.50 percentage points [+2.50, +4.50]"


def test_the_numbers_are_those_of_raw_probabilities():
    dataset = changed(methods(), "gain", AVERAGE | {"scaling": "scaled", "size": 1}, (-1.0, -2.0, -0.5))
    assert ORDER.judged({"methods": dataset}).words == "holds"


def test_without_weight_averages_nothing_is_known():
    dataset = methods(names=("independent", "random"))
    assert ORDER.judged({"methods": dataset}).told == "Not measured: the `methods` results have no numbers for it."


def added(name, numbers, size=10):
    """Return results in which the subspace adds so much to the plain ensemble, which gains 0.05."""
    place = {"scaling": "raw", "metric": "accuracy", "method_other": "independent", "size": size}
    dataset = changed(methods(), "gain", PLAIN | {"size": size}, (0.05, 0.04, 0.06))
    for other in dataset.method.values:
        if other not in ("independent", "weight-average"):
            dataset = changed(dataset, "difference", place | {"method": other}, (0.0, -0.001, 0.001))
    return {"methods": changed(dataset, "difference", place | {"method": name}, numbers)}


@pytest.mark.parametrize(
    ("numbers", "words", "shown"),
    [
        ((0.005, 0.0025, 0.0075), "holds", "+0.10 [+0.05, +0.15]"),
        ((0.01, 0.005, 0.015), "undecided", "+0.20 [+0.10, +0.30]"),
        ((0.02, 0.015, 0.025), "does not hold", "+0.40 [+0.30, +0.50]"),
    ],
)
def test_what_samples_add_is_a_share_of_the_gain(numbers, words, shown):
    claim = SAMPLES_ADD_LITTLE.judged(added("low-rank-gaussian", numbers))
    [evidence] = claim.evidence
    assert (claim.words, str(evidence.number)) == (words, shown)
    assert evidence.statistic.endswith(": low-rank Gaussian")


def test_weight_averages_are_no_samples():
    claim = SAMPLES_ADD_LITTLE.judged(added("weight-average", (0.05, 0.04, 0.06)))
    assert claim.words == "holds"


@pytest.mark.parametrize("gain", [(0.05, -0.01, 0.11), (-0.02, -0.03, -0.01), (0.05, np.nan, np.nan)])
def test_a_share_of_no_gain_is_undecided(gain):
    dataset = changed(methods(), "gain", PLAIN | {"size": 10}, gain)
    claim = SAMPLES_ADD_LITTLE.judged({"methods": dataset})
    assert claim.words == "undecided"
    assert "the plain ensemble's gain can't be told from 0" in claim.told


def test_without_subspaces_nothing_is_known():
    for dataset in (methods(names=("independent", "weight-average")), methods().drop_vars("difference")):
        assert SAMPLES_ADD_LITTLE.judged({"methods": dataset}).words == "not measured"


def test_one_member_is_no_ensemble():
    assert full_size({"methods": methods(1)}) is None
    assert ORDER.judged({"methods": methods(1)}).words == "not measured"
    assert SAMPLES_ADD_LITTLE.judged({"methods": methods(1)}).words == "not measured"


def test_the_full_size_is_the_largest_that_was_measured():
    dataset = changed(methods(4), "gain", PLAIN | {"size": 4}, (np.nan, np.nan, np.nan))
    assert full_size({"methods": dataset}) == 3
