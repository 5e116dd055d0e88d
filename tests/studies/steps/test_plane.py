import numpy as np
import pytest

from modescape.functions import lower_limit, upper_limit
from modescape.studies import study
from modescape.studies.report import report_contents
from modescape.studies.surroundings import Surroundings
from studies.samples import Listener


def test_the_results_are_named(whole):
    found = whole.arrays("results/plane")
    methods = ["independent", "checkpoints", "random", "dropout", "diagonal-gaussian", "low-rank-gaussian"]
    assert found["method"].values.tolist() == [*methods, "low-rank-random"]
    for name in ("accuracy", "disagreement", "strength"):
        assert found[name].dims == ("method", "sample")
    for name in ("relative_diversity", "relative_diversity_low", "relative_diversity_high", "reached_chance"):
        assert found[name].dims == ("method",)
    for name in ("limit_accuracy", "lower_limit", "upper_limit"):
        assert found[name].dims == ("point",)
    assert found.attrs["reference"] == 0
    assert found.attrs["num_classes"] == 10
    assert found.attrs["num_examples"] == 150
    assert found.attrs["confidence"] == 0.95


def test_members_and_checkpoints_stand_where_their_decisions_put_them(whole, slow):
    found, own = whole.arrays("results/plane"), slow.decide(slow.tree(0))
    assert found.attrs["reference_accuracy"] == pytest.approx(np.mean(own == slow.labels))
    groups = {"independent": [slow.tree(1), slow.tree(2)], "checkpoints": [slow.tree(0, step) for step in (1, 2, 3)]}
    for method, trees in groups.items():
        rows = found.sel({"method": method})
        for sample, tree in enumerate(trees):
            assert float(rows["accuracy"][sample]) == pytest.approx(slow.accuracy(tree))
            assert float(rows["disagreement"][sample]) == pytest.approx(np.mean(slow.decide(tree) != own))
        assert np.isnan(rows["accuracy"][len(trees) :]).all()
        assert np.isnan(rows["strength"]).all()


def test_a_sample_stands_where_its_strength_puts_it(whole, slow):
    found = whole.arrays("results/plane").sel({"method": "diagonal-gaussian"})
    vector = Surroundings(slow.context, 0).at("diagonal-gaussian", float(found["strength"][2]), 2)
    assert float(found["accuracy"][2]) == pytest.approx(slow.accuracy(vector))
    assert float(found["disagreement"][2]) == pytest.approx(np.mean(slow.decide(vector) != slow.decide(slow.tree(0))))
    assert (np.diff(found["strength"]) > 0).all()


def test_limits_meet_at_chance_and_relative_diversity_is_a_ratio_of_sums(whole):
    found = whole.arrays("results/plane")
    known = {"reference_accuracy": found.attrs["reference_accuracy"], "num_classes": 10}
    limits = found["limit_accuracy"].values
    assert limits[0] == pytest.approx(0.1)
    assert limits[-1] == pytest.approx(found.attrs["reference_accuracy"])
    np.testing.assert_allclose(found["lower_limit"], lower_limit(limits, **known))
    np.testing.assert_allclose(found["upper_limit"], upper_limit(limits, **known))
    assert float(found["lower_limit"][0]) == pytest.approx(float(found["upper_limit"][0]))
    rows = found.sel({"method": "independent"})
    accuracy, differs = rows["accuracy"].values[:2], rows["disagreement"].values[:2]
    lower, upper = lower_limit(accuracy, **known), upper_limit(accuracy, **known)
    expected = (differs - lower).sum() / (upper - lower).sum()
    assert float(rows["relative_diversity"]) == pytest.approx(expected)


def test_a_reference_at_chance_is_left_out_and_tried_again(whole_copied):
    before = whole_copied.arrays("predictions/test").load()
    constant = before.copy(deep=True)
    constant["probability"].loc[{"member": 0}] = 0.0
    constant["probability"].loc[{"member": 0, "class": np.bincount(before["label"]).argmin()}] = 1.0
    whole_copied.write_arrays("predictions/test", constant)
    listener = Listener()
    study(resume=True, output=whole_copied.path, only="plane", plane_samples=3, progress=listener)
    assert any("plane: left out. Member 0 has an accuracy of 0.0" in line for line in listener.said)
    contents = report_contents(whole_copied)
    # Results of other settings are not shown in its place.
    assert "plane" not in contents.results
    assert any(note.startswith("plane is left out: Member 0 has") for note in contents.notes)
    whole_copied.write_arrays("predictions/test", before)
    study(resume=True, output=whole_copied.path, only="plane", plane_samples=3)
    assert whole_copied.arrays("results/plane").sizes["sample"] == 3
    assert "plane" in report_contents(whole_copied).results
