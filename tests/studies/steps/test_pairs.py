import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import xarray as xr

from modescape.data import Dataset, Examples
from modescape.functions import decisions
from modescape.store import Run
from modescape.studies.settings import StudySettings, nested
from modescape.studies.steps import disputed
from modescape.studies.steps.answers import Answers, answers_of
from modescape.studies.steps.pairs import pairs
from studies.recomputed import context_of


@pytest.fixture(scope="module")
def context(finished, tmp_path_factory):
    """The context of a copy of the finished run, after the step."""
    run = Run(shutil.copytree(finished.path, tmp_path_factory.mktemp("pairs") / "run"))
    found = context_of(run)
    pairs.run(found)
    return found


def answers(run):
    stored = run.arrays("predictions/test")
    return decisions(stored["probability"].to_numpy()), stored["label"].to_numpy()


def files(path, dataset=None, **changes):
    """A comparison of files, as a context without weights."""
    arrays = {"decision": (("member", "example"), np.array([[0, 1, 2, 2], [0, 1, 1, 2], [1, 1, 2, 0]]))}
    stored = xr.Dataset(
        {**arrays, **changes},
        coords={"member": [0, 1, 2], "member_name": ("member", ["a.npy", "b.npy", "c.npy"])},
    )
    settings = StudySettings(**nested({"num_resamples": 100}))
    run = Run.create(path / "run", name="files", settings=settings.model_dump(mode="json"))
    run.write_arrays("predictions/test", stored)
    return SimpleNamespace(run=run, settings=settings, progress=None, dataset=dataset)


def test_measures_are_those_of_the_predictions(context):
    found, (chosen, truth) = context.run.arrays("results/pairs"), answers(context.run)
    right = chosen == truth
    for i in range(3):
        assert float(found["accuracy"][i]) == pytest.approx(right[i].mean())
        for j in range(3):
            here = found.isel(member=i, member_other=j)
            assert float(here["disagreement"]) == pytest.approx((chosen[i] != chosen[j]).mean())
            assert float(here["oracle_accuracy"]) == pytest.approx((right[i] | right[j]).mean())
            assert float(here["accuracy_difference"]) == pytest.approx(right[i].mean() - right[j].mean(), abs=1e-6)
            for name in ("disagreement", "kappa", "error_correlation"):
                assert float(here[f"{name}_low"]) <= float(here[name]) <= float(here[f"{name}_high"])
    assert found.sizes == {"member": 3, "member_other": 3, "size": 3, "measure": 13}
    assert (found["mcnemar_p"] <= found["mcnemar_p_adjusted"]).all()
    assert float(found["size_oracle_accuracy"][-1]) == pytest.approx(right.any(axis=0).mean())
    once = found["kappa"].values[np.triu_indices(3, 1)]
    assert float(found["mean"].sel(measure="kappa")) == pytest.approx(once.mean())
    solutions = context.run.arrays("results/solutions")
    different = ~np.eye(3, dtype=bool)
    for end in ("", "_low", "_high"):
        np.testing.assert_allclose(
            found[f"disagreement{end}"].values[different], solutions[f"disagreement{end}"].values[different], rtol=1e-6
        )


def test_disputed_examples_are_those_with_the_largest_divergence(context):
    found, (chosen, truth) = context.run.arrays("results/disputed"), answers(context.run)
    probability = context.run.arrays("predictions/test")["probability"].to_numpy().astype(float)
    mean = probability.mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        score = np.nansum(probability * np.log(probability / mean), axis=2).mean(axis=0)
    unanimous = (chosen == chosen[0]).all(axis=0)
    score[unanimous] = 0.0
    rows = found["row"].values
    number = min(24, np.count_nonzero(score))
    assert rows[:number].tolist() == np.argsort(-score, kind="stable")[:number].tolist()
    assert not unanimous[rows].any()
    np.testing.assert_allclose(found["score"], score[rows], rtol=1e-5)
    assert len(set(rows.tolist())) == len(rows)
    np.testing.assert_array_equal(found["vote"], chosen[:, rows].T)
    np.testing.assert_array_equal(found["label"], truth[rows])
    np.testing.assert_allclose(found["confidence"], probability.max(axis=2)[:, rows].T, rtol=1e-6)
    images = context.dataset.test.inputs[rows].permute(0, 2, 3, 1)
    assert found["image"].dims == ("dispute", "height", "width", "channel")
    assert found["image"].dtype == np.uint8
    values = found["image"].values.astype(float)
    scaled = (
        (images - images.min()).double() / (images.max() - images.min()) * 255 if images.is_floating_point() else images
    )
    np.testing.assert_allclose(values, scaled.numpy(), atol=0.51)


def test_members_that_give_one_answer_dispute_nothing():
    probability = np.array([[[0.99, 0.01], [0.6, 0.4]], [[0.51, 0.49], [0.4, 0.6]]])
    answers = Answers(probability.argmax(axis=2), None, xr.DataArray(probability), ("a", "b"), {"member": [0, 1]})
    found = disputed.disputed_examples(answers, None, number=2, pair_number=0)
    assert found["row"].values.tolist() == [1]
    unanimous = Answers(np.zeros((2, 3), dtype=int), None, None, ("a", "b"), {"member": [0, 1]})
    assert disputed.disputed_examples(unanimous, None, number=2, pair_number=1) is None


def test_examples_of_a_pair_are_decided_differently_by_it(context):
    found = context.run.arrays("results/disputed")
    place = found["pair_dispute"].values
    assert place.shape == (3, 3, 6)
    assert (np.diagonal(place) == -1).all()
    np.testing.assert_array_equal(place, place.transpose(1, 0, 2))
    votes = found["vote"].values
    for i, j in ((0, 1), (0, 2), (1, 2)):
        of_pair = place[i, j][place[i, j] >= 0]
        assert of_pair.size > 0
        assert (votes[of_pair, i] != votes[of_pair, j]).all()


def test_votes_are_kept(context, monkeypatch):
    found, (chosen, truth) = context.run.arrays("results/votes"), answers(context.run)
    np.testing.assert_array_equal(found["decision"], chosen)
    np.testing.assert_array_equal(found["label"], truth)
    monkeypatch.setattr(disputed, "VOTE_MEMBERS", 2)
    few = disputed.kept_votes(answers_of(context.run))
    assert few.sizes["member"] == few.attrs["kept_members"] == 2
    assert few.attrs["num_members"] == 3


def test_files_without_the_truth_have_names_and_two_measures(tmp_path):
    context = files(tmp_path)
    pairs.run(context)
    found = context.run.arrays("results/pairs")
    assert found["member_name"].values.tolist() == ["a.npy", "b.npy", "c.npy"]
    assert {str(name) for name in found} == {
        *(f"{name}{end}" for name in ("disagreement", "kappa") for end in ("", "_low", "_high")),
        *("mean", "mean_low", "mean_high"),
    }
    assert found.attrs["classes"] == ["0", "1", "2"]
    shown = context.run.arrays("results/disputed")
    assert {"label", "image", "feature_value"}.isdisjoint(shown)
    assert shown["row"].values.tolist() == [0, 2, 3]
    assert np.isnan(shown["confidence"]).all()
    assert shown["member_name"].values.tolist() == ["a.npy", "b.npy", "c.npy"]
    assert "label" not in context.run.arrays("results/votes")


@pytest.mark.parametrize("labels", [[0, 1, 2, 2], [0, 0, 0, 0]])
def test_features_are_shown_where_the_data_are_those_that_were_predicted(tmp_path, labels):
    part = Examples(torch.arange(240.0).reshape(4, 60), torch.tensor([0, 1, 2, 2]))
    dataset = Dataset("toy", ("x", "y", "z"), part, part, part, torch.tensor(0.0), torch.tensor(1.0), "0")
    context = files(tmp_path, dataset, label=("example", np.array(labels)))
    pairs.run(context)
    shown = context.run.arrays("results/disputed")
    if labels == [0, 0, 0, 0]:
        assert "feature_value" not in shown
        return
    np.testing.assert_array_equal(shown["feature_value"], part.inputs[shown["row"].values, :50])
    assert (shown.attrs["num_features"], shown.attrs["kept_features"]) == (60, 50)


def test_nobody_disputes_where_all_agree(tmp_path):
    context = files(tmp_path, decision=(("member", "example"), np.ones((3, 5), dtype=int)))
    pairs.run(context)
    assert context.run.manifest["steps"]["pairs"]["outputs"] == ["results/pairs", "results/votes"]


def test_intervals_of_few_members_end_where_their_measure_does(tmp_path):
    decided = np.array([[0, 0, 0, 0, 1, 1, 0], [0, 0, 0, 0, 1, 1, 1], [1, 1, 1, 1, 0, 0, 0]])
    labels = ("example", np.array([0, 1, 0, 1, 0, 1, 0]))
    context = files(tmp_path, decision=(("member", "example"), decided), label=labels)
    pairs.run(context)
    found = context.run.arrays("results/pairs")
    low, high = found["mean_low"], found["mean_high"]
    assert float(low.sel(measure="disagreement")) == 0.0
    assert float(high.sel(measure="disagreement")) == 1.0
    assert float(low.sel(measure="kappa")) == -1.0
    assert float(high.sel(measure="kappa")) == 1.0
    assert float(high.sel(measure="diversity")) > 1.0
    assert (low <= found["mean"]).where(low.notnull(), other=True).all()
    assert (high >= found["mean"]).where(high.notnull(), other=True).all()
