import math

import numpy as np
import pytest

from modescape.report.figures.compared import best, cut, labels_of, paired_change, told_difference, with_ends
from modescape.report.metrics import METRICS, Metric
from modescape.report.verdicts import Number
from report.study_samples import methods

PLACE = {"scaling": "raw", "metric": "nll", "size": 3, "method": "random", "method_other": "independent"}


def test_a_difference_is_read_with_its_interval():
    dataset = methods(4)
    change = paired_change(dataset, METRICS["nll"], PLACE)
    expected = [float(dataset[f"difference{end}"].sel(PLACE)) for end in ("", "_low", "_high")]
    assert (change.value, change.low, change.high) == pytest.approx(expected)
    accuracy = paired_change(dataset, METRICS["accuracy"], PLACE | {"metric": "accuracy"})
    assert accuracy.value == pytest.approx(100 * float(dataset.difference.sel(PLACE | {"metric": "accuracy"})))
    assert accuracy.unit == "percentage points"


def test_a_difference_that_is_not_there_is_none():
    assert paired_change(methods(4), METRICS["nll"], PLACE | {"method": "mine"}) is None
    assert paired_change(methods(4), METRICS["nll"], PLACE | {"size": 9}) is None
    assert paired_change(methods(4).drop_vars("difference"), METRICS["nll"], PLACE) is None


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [
        (0.5, 1.5, "+1.00 nats [+0.50, +1.50]"),
        (-0.5, 2.5, "+1.00 nats [-0.50, +2.50], which can't be told from 0"),
        (None, None, "+1.00 nats (an estimate, without an interval)"),
    ],
)
def test_a_difference_is_told_with_what_chance_explains(low, high, told):
    assert told_difference(Number("x", 1.0, low, high, "nats", signed=True)) == told


def test_the_best_value_depends_on_the_metric():
    values = {"a": 0.25, "b": 0.5, "c": math.nan}
    assert best(METRICS["accuracy"], values) == "b"
    assert best(METRICS["brier"], values) == "a"
    assert best(Metric("x", "x"), values) is None
    assert best(METRICS["nll"], {"c": math.nan}) is None


def test_numbers_are_cut_out_and_scaled():
    dataset = methods(3)
    place = {"scaling": "raw", "method": "dropout", "metric": "ece"}
    np.testing.assert_allclose(cut(dataset, "value", place, scale=100.0), 100 * dataset.value.sel(place))
    assert cut(dataset, "nothing", place) is None
    assert labels_of(dataset, "scaling") == ["raw", "scaled"]
    assert labels_of(dataset, "member") == []
    assert all(math.isnan(one) for one in with_ends(dataset, "nothing", place))
