import json
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from modescape.evaluate.frontier import FRONTIER_METRICS
from modescape.studies.compare import compare
from studies.recomputed import Slow

NAMES = ["independent", "snapshot", "swag", "batchensemble", "distillation"]


@pytest.fixture(scope="module")
def found(fronted):
    return fronted.arrays("results/frontier").load()


@pytest.fixture(scope="module")
def slow(fronted):
    return Slow(fronted)


def trees(slow, method, size):
    """The weights of an ensemble, by the names of the parts that a reader would look into."""
    if method == "independent":
        return [slow.tree(member) for member in range(size)]
    (part,) = (part for part in slow.run.parts if part.startswith("frontier-snapshot-"))
    return [slow.tree(0, 2 * cycle, part) for cycle in range(1, size + 1)]


def answers(slow, method, size, split="test"):
    """The single answers of an ensemble."""
    inputs = getattr(slow.dataset, split).inputs
    return np.stack([slow.predict(tree, inputs) for tree in trees(slow, method, size)])


def nll(probabilities, labels):
    return -np.log(probabilities[np.arange(len(labels)), labels]).mean()


def tempered(probabilities, temperature):
    powered = probabilities ** (1 / temperature)
    return powered / powered.sum(axis=1, keepdims=True)


def of(found, method, size, scaling="raw"):
    return found.sel({"method": method, "size": size, "scaling": scaling})


def test_the_results_are_named(fronted, found):
    assert found["method"].values.tolist() == NAMES
    assert found["size"].values.tolist() == [1, 2, 3]
    assert found["scaling"].values.tolist() == ["raw", "scaled"]
    assert tuple(found["metric"].values) == FRONTIER_METRICS
    for name in ("value", "difference", "versus_one"):
        for end in ("low", "high"):
            bound = end if name == "value" else f"{name}_{end}"
            assert found[name].dims == found[bound].dims == ("scaling", "method", "size", "metric")
    for name in ("training", "forward", "backward", "prediction", "parameters", "answers", "oracle_accuracy"):
        assert found[name].dims == ("method", "size")
    assert (found.attrs["num_examples"], found.attrs["num_foreign"], found.attrs["epochs"]) == (150, 40, 2)
    assert json.loads(found.attrs["titles"])["swag"] == "SWAG"
    named = fronted.arrays("predictions/frontier-test")["member"].values.tolist()
    assert named[:4] == ["independent 1", "independent 2", "independent 3", "snapshot 1"]
    assert fronted.damage() == []


@pytest.mark.parametrize(("method", "size"), [("independent", 1), ("independent", 3), ("snapshot", 2)])
def test_values_are_those_of_the_stored_weights(fronted, found, slow, method, size):
    mixture, labels = answers(slow, method, size).mean(axis=0), slow.labels
    stored = fronted.arrays("predictions/frontier-test")["probability"].sel(member=f"{method} {size}")
    np.testing.assert_allclose(stored, mixture, atol=1e-5)
    raw = of(found, method, size)
    assert float(raw["value"].sel(metric="accuracy")) == pytest.approx((mixture.argmax(axis=1) == labels).mean())
    assert float(raw["value"].sel(metric="nll")) == pytest.approx(nll(mixture, labels), rel=1e-5)
    brier = ((mixture - np.eye(10)[labels]) ** 2).sum(axis=1).mean()
    assert float(raw["value"].sel(metric="brier")) == pytest.approx(brier, rel=1e-5)


@pytest.mark.parametrize(("method", "size"), [("independent", 2), ("snapshot", 3)])
def test_temperatures_are_fitted_on_validation_examples(found, slow, method, size):
    held, truth = answers(slow, method, size, "validation").mean(axis=0), slow.dataset.validation.labels.numpy()
    best: Any = minimize_scalar(lambda log: nll(tempered(held, np.exp(log)), truth), bounds=(-4, 4), method="bounded")
    temperature = float(found["temperature"].sel({"method": method, "size": size}))
    assert temperature == pytest.approx(np.exp(best.x), rel=1e-3)
    expected = nll(tempered(answers(slow, method, size).mean(axis=0), temperature), slow.labels)
    assert float(of(found, method, size, "scaled")["value"].sel(metric="nll")) == pytest.approx(expected, rel=1e-5)


def test_differences_are_to_independent_members_of_the_same_size(found):
    expected = found["value"] - found["value"].sel({"method": "independent"})
    np.testing.assert_allclose(found["difference"], expected, atol=1e-6)
    others = found.sel({"method": NAMES[1:3], "size": 3, "metric": "nll"})
    assert (others["difference_low"] <= others["difference"]).all()
    assert (others["difference_low"] < others["difference_high"]).all()
    one = found["value"] - found["value"].sel({"method": "independent", "size": 1})
    np.testing.assert_allclose(found["versus_one"], one, atol=1e-6)


def test_single_answers_are_held_against_each_other(found, slow):
    decided = answers(slow, "independent", 3).argmax(axis=2)
    differ = np.mean([(decided[one] != decided[other]).mean() for one, other in ((0, 1), (0, 2), (1, 2))])
    at = found.sel({"method": "independent", "size": 3})
    assert float(at["disagreement"]) == pytest.approx(differ)
    assert float(at["oracle_accuracy"]) == pytest.approx((decided == slow.labels).any(axis=0).mean())
    assert np.isnan(found["disagreement"].sel({"method": "independent", "size": 1}))


def test_costs_are_in_epochs_of_the_base_network_whose_batches_do_not_divide_the_examples(found, slow):
    # 120 examples in batches of 32 are 96 an epoch: the unit is an epoch as members are trained.
    assert len(slow.dataset.train) % slow.settings.train.batch_size
    size = found["size"]
    alone = found.sel({"method": "independent"})
    for name in ("forward", "backward", "training"):
        np.testing.assert_allclose(alone[name], 2 * size)
        np.testing.assert_allclose(found[name].sel({"method": "snapshot"}), 2 * size)
    np.testing.assert_allclose(found["training"], (found["forward"] + 2 * found["backward"]) / 3)
    within = found["training"].fillna(0)
    assert (within <= 2 * size + 1e-9).all()
    parameters = sum(parameter.numel() for parameter in slow.network.parameters())
    np.testing.assert_allclose(alone["parameters"], parameters * size)
    np.testing.assert_allclose(alone["prediction"], size)
    assert float(found["prediction"].sel({"method": "distillation", "size": 3})) == 1
    assert float(found["answers"].sel({"method": "swag", "size": 3})) == 3
    assert float(found["answers"].sel({"method": "batchensemble", "size": 2})) == 2


def test_a_method_that_begins_with_two_members_needs_no_note(found):
    assert json.loads(found.attrs["notes"]) == []
    for method in ("swag", "distillation"):
        there = np.isfinite(found["value"].sel({"method": method, "scaling": "raw", "metric": "nll"}))
        assert there.values.tolist() == np.isfinite(found["training"].sel({"method": method})).values.tolist()
        assert there.values.tolist() == [False, True, True]


def test_one_is_recommended_in_words_that_count_trainings(found):
    assert found.attrs["recommended_method"] in NAMES
    assert found.attrs["recommended_by"] == "nll"
    title = json.loads(found.attrs["titles"])[found.attrs["recommended_method"]]
    size = found.attrs["recommended_size"]
    assert found.attrs["recommendation"].startswith(f"Take {title} (size {size})")
    assert f"{size} training" in found.attrs["recommendation"]
    assert len(json.loads(found.attrs["reasons"])) >= 3


def test_the_curve_of_size_is_that_of_all_subsets(fronted, slow):
    curve = fronted.arrays("results/returns")
    members = answers(slow, "independent", 3)
    pairs = [members[[one, other]].mean(axis=0) for one, other in ((0, 1), (0, 2), (1, 2))]
    expected = [np.mean([nll(part, slow.labels) for part in parts]) for parts in (members, pairs, [members.mean(0)])]
    np.testing.assert_allclose(curve["value"].sel(metric="nll", size=[1, 2, 3]), expected, rtol=1e-5)
    assert curve.attrs["members"] == 3
    assert curve.attrs["sentence"] == curve.attrs["verdict"] == ""
    gain = curve.sel(metric="brier")
    assert float(gain["gain_low"]) <= float(gain["gain"]) <= float(gain["gain_high"])


def test_predictions_of_ensembles_can_be_compared_as_any_others(fronted, tmp_path):
    stored = fronted.arrays("predictions/frontier-test")
    sources = [stored["probability"].sel(member=name).values for name in ("independent 3", "snapshot 3")]
    run = compare(*sources, labels=stored["label"].values, output=tmp_path / "out", num_resamples=100)
    found = fronted.arrays("results/frontier").sel(
        {"scaling": "raw", "size": 3, "metric": "accuracy", "method": NAMES[:2]}
    )
    np.testing.assert_allclose(run.arrays("results/solutions")["accuracy"], found["value"])
