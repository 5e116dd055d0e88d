from itertools import combinations

import numpy as np
import pytest

from modescape.studies.steps.methods import members_by_method
from studies.recomputed import context_of

METHODS = ["independent", "weight-average", "random", "dropout", "diagonal-gaussian", "low-rank-gaussian"]


def nll(probabilities, labels):
    return -np.log(probabilities[range(len(labels)), labels]).mean()


def test_the_results_are_named(whole):
    found = whole.arrays("results/methods")
    assert found["method"].values.tolist() == [*METHODS, "low-rank-random"]
    assert found["method_other"].values.tolist() == found["method"].values.tolist()
    assert found["scaling"].values.tolist() == ["raw", "scaled"]
    assert found["metric"].values.tolist() == ["accuracy", "nll", "brier", "ece"]
    assert found["size"].values.tolist() == [1, 2, 3]
    for end in ("", "_low", "_high"):
        assert found["gain" + end].dims == ("scaling", "method", "metric", "size")
        for name in ("difference", "versus_one"):
            assert found[name + end].dims == ("scaling", "metric", "method", "method_other", "size")
    for name in ("value", "low", "high"):
        assert found[name].dims == ("scaling", "method", "metric", "size")
    assert found["temperature"].dims == ("method", "size")
    assert found.attrs == {
        "confidence": 0.95,
        "num_resamples": 100,
        "num_examples": 150,
        "num_validation": 134,
        "samples": 4,
    }


def test_each_value_is_the_mean_over_subsets_of_members_from_their_weights(whole, slow):
    found = whole.arrays("results/methods").sel(scaling="raw", metric="nll")
    own = [slow.predict(slow.tree(member), slow.dataset.test.inputs) for member in range(3)]
    averaged = whole.arrays("predictions/methods-test")["probability"].sel({"method": "weight-average"}).values
    for method, members in (("independent", own), ("weight-average", averaged)):
        for size in (1, 2, 3):
            every = [nll(np.mean(group, axis=0), slow.labels) for group in combinations(members, size)]
            here = {"method": method, "size": size}
            assert float(found["value"].sel(here)) == pytest.approx(np.mean(every), rel=1e-5)
            one = np.mean([nll(member, slow.labels) for member in own])
            assert float(found["gain"].sel(here)) == pytest.approx(np.mean(every) - one, abs=1e-5)
    pair = {"method": "weight-average", "method_other": "independent", "size": 3}
    expected = nll(averaged.mean(axis=0), slow.labels) - nll(np.mean(own, axis=0), slow.labels)
    assert float(found["difference"].sel(pair)) == pytest.approx(expected, abs=1e-5)


def test_members_without_a_predictor_are_left_out_of_a_method(whole_copied):
    predicted = whole_copied.arrays("predictions/methods-test").load()
    predicted["probability"].loc[{"method": "random", "member": 1}] = np.nan
    predicted["probability"].loc[{"method": "dropout"}] = np.nan
    whole_copied.write_arrays("predictions/methods-test", predicted)
    members, labels = members_by_method(whole_copied, "test")
    assert list(members) == ["independent", "weight-average", "random", *METHODS[4:], "low-rank-random"]
    assert {name: len(rows) for name, rows in members.items()}["random"] == 2
    np.testing.assert_array_equal(labels, context_of(whole_copied).dataset.test.labels)
