import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from modescape.core.errors import ArgumentError, DataError
from modescape.data import load_foreign
from modescape.studies import study
from studies.samples import WHOLE

METHODS = ["one member", "independent", "checkpoints", "random", "dropout", "diagonal-gaussian", "low-rank-gaussian"]
SCORES = ["maximum_probability", "entropy", "mutual_information"]


def entropy(probabilities):
    return -(probabilities * np.log(probabilities)).sum(axis=-1)


def test_the_results_are_named(whole):
    found = whole.arrays("results/foreign")
    for name in ("auroc", "fpr95"):
        for end in ("", "_low", "_high"):
            assert found[name + end].dims == ("method", "score")
    for name in ("mean", "low", "high"):
        assert found[name].dims == ("method", "score", "origin")
    assert found["density"].dims == ("method", "score", "origin", "bin")
    assert found["bin_centre"].dims == ("score", "bin")
    assert found["method"].values.tolist() == [*METHODS, "low-rank-random"]
    assert found["score"].values.tolist() == SCORES
    assert found["origin"].values.tolist() == ["known", "foreign"]
    assert found.attrs["foreign"] == "uniform noise"
    assert found.attrs["note"].startswith("every pixel and channel uniform")
    assert (found.attrs["num_known"], found.attrs["num_foreign"], found.attrs["confidence"]) == (50, 50, 0.95)
    single = found.sel({"method": "one member", "score": "mutual_information"})
    assert np.isnan(single["auroc"])
    assert np.isnan(single["mean"]).all()


def test_scores_are_those_of_the_members(whole, slow):
    found = whole.arrays("results/foreign").sel({"method": "independent"})
    known = slow.context.sample_of(slow.dataset.test, 50).inputs
    foreign = load_foreign("noise", slow.dataset, limit=50, seed=5).inputs
    scores = []
    for inputs in (known, foreign):
        members = np.stack([slow.predict(slow.tree(member), inputs) for member in range(3)])
        mean = members.mean(axis=0)
        scores.append((mean.max(axis=1), entropy(mean), entropy(mean) - entropy(members).mean(axis=0)))
    for name, of_known, of_foreign in zip(SCORES, *scores, strict=True):
        here = found.sel({"score": name})
        np.testing.assert_allclose(here["mean"], [of_known.mean(), of_foreign.mean()], rtol=1e-4)
        sign = -1 if name == "maximum_probability" else 1
        expected = roc_auc_score([0] * 50 + [1] * 50, sign * np.concatenate([of_known, of_foreign]))
        assert float(here["auroc"]) == pytest.approx(expected)


def test_densities_are_of_all_examples(whole):
    found = whole.arrays("results/foreign")
    width = found["bin_centre"].diff("bin").isel(bin=0)
    total = (found["density"].sum("bin") * width).sel({"method": "dropout"})
    np.testing.assert_allclose(total, 1.0)


def test_held_out_classes_are_foreign(tmp_path):
    settings = {**WHOLE, "epochs": 1, "late_fraction": 0, "samples": 2, "members": 2, "trajectories": 0}
    run = study("fort2019", **settings, held_out="3,5", foreign="held-out", only="foreign", output=tmp_path / "run")
    found = run.arrays("results/foreign")
    assert found.attrs["foreign"] == "classes 3, 5"
    # One late checkpoint is the solution itself and makes no ensemble.
    assert "checkpoints" not in found["method"].values
    assert "diagonal-gaussian" not in found["method"].values


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("npz:nowhere.npz", "There is no file nowhere.npz"),
        ("folder:nowhere", "nowhere"),
        ("held-out", "held_out"),
        ("nois", "`foreign` must be one of noise, held-out, "),
    ],
)
def test_foreign_data_that_are_not_there_are_refused_before_anything_is_trained(tmp_path, source, message):
    with pytest.raises((ArgumentError, DataError), match=message):
        study("fort2019", **WHOLE, foreign=source, output=tmp_path / "run")
    assert list(tmp_path.iterdir()) == []
