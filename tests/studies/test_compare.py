import json
import shutil
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

import modescape
from modescape.core.errors import ArgumentError, DataError, ModelError, StoreError
from modescape.data import DataSettings
from modescape.studies import compare, study, summarise_run
from modescape.studies import compare as public
from modescape.studies.report import report_contents
from studies.samples import TINY

MODULE = """
from torch import nn

def network(width=16):
    return nn.Sequential(nn.Flatten(), nn.Linear(64, width), nn.ReLU(), nn.Linear(width, 10))
"""
SMALL = {
    "limit": 120,
    "test_limit": 150,
    "num_resamples": 100,
    "null_samples": 3,
    "align_examples": 60,
    "align_points": 3,
    "align_starts": 1,
    "cka_examples": 60,
    "cka_batch": 20,
    "device": "cpu",
}
PROBABILITIES = np.random.default_rng(0).dirichlet(np.ones(3), size=(3, 40))
TRUTH = np.random.default_rng(1).integers(3, size=40)


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Prediction files of three members, with the truth; the folder is the current one."""
    monkeypatch.chdir(tmp_path)
    for number, member in enumerate(PROBABILITIES):
        np.save(tmp_path / f"m{number}.npy", member)
    np.save(tmp_path / "y.npy", TRUTH)
    return tmp_path


def digits():
    return modescape.load_dataset(DataSettings(limit=120, test_limit=150), seed=0)


def make_network(seed, width=16):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(nn.Flatten(), nn.Linear(64, width), nn.ReLU(), nn.Linear(width, 10))


@pytest.fixture
def checkpoints(tmp_path, monkeypatch):
    """Checkpoints of two networks, wrapped in three ways, and the module that builds them."""
    (tmp_path / "our_nets.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    torch.save({"state_dict": {f"module.{k}": v for k, v in make_network(0).state_dict().items()}}, "a.pt")
    save_file(make_network(1).state_dict(), "b.safetensors")
    torch.save({"model": make_network(2, 8).state_dict()}, "c.pt")
    torch.save(make_network(3, 8).state_dict(), "d.pt")
    yield tmp_path
    sys.modules.pop("our_nets", None)


def test_prediction_files_become_a_run(files):
    run = compare("m0.npy", "m1.npy", "m2.npy", labels="y.npy", confidence=0.9, num_resamples=100, output="out")
    assert run.status == "finished"
    assert run.damage() == []
    stored = run.arrays("predictions/test")
    np.testing.assert_allclose(stored["probability"], PROBABILITIES, atol=1e-6)
    assert stored["member_name"].values.tolist() == ["m0", "m1", "m2"]
    found = run.arrays("results/solutions")
    assert float(found["disagreement"][0, 2]) == np.mean(PROBABILITIES[0].argmax(1) != PROBABILITIES[2].argmax(1))
    assert found["accuracy"].values.tolist() == np.mean(PROBABILITIES.argmax(2) == TRUTH, axis=1).tolist()
    assert "cosine" not in found
    for name in ("pairs", "disputed", "classes", "modes", "ensemble"):
        assert run.has_arrays(f"results/{name}"), name
    assert run.arrays("results/pairs")["member_name"].values.tolist() == ["m0", "m1", "m2"]
    facts = report_contents(run).facts
    assert facts["command"].startswith("modescape compare m0.npy m1.npy m2.npy --labels y.npy --confidence 0.9")
    assert facts["compared"] == "answers"
    assert summarise_run(run).different.verdict is not None
    assert modescape.catalogue(files)[0].num_members == 3


def test_a_folder_of_files_is_all_of_its_files(files):
    run = compare(files, labels=files / "y.npy", only="solutions", output="out")
    assert run.arrays("predictions/test").sizes["member"] == 3


@pytest.mark.usefixtures("files")
def test_arrays_and_answers_without_a_truth():
    run = compare(PROBABILITIES[0], PROBABILITIES[1].argmax(1), output="out", num_resamples=100)
    stored = run.arrays("predictions/test")
    assert set(stored.data_vars) == {"decision"}
    assert stored["member_name"].values.tolist() == ["sources[0]", "sources[1]"]
    assert "accuracy" not in run.arrays("results/solutions")
    assert (
        "true classes" in run.manifest["steps"]["ensemble"]["left_out"]
        or "probabilities" in run.manifest["steps"]["ensemble"]["left_out"]
    )
    assert report_contents(run).facts["members"]


@pytest.mark.usefixtures("checkpoints")
def test_checkpoints_of_one_network_are_a_run_with_weights():
    run = compare(model="our_nets:network", checkpoints=["a.pt", "b.safetensors"], data="digits", output="out", **SMALL)
    stored = run.arrays("predictions/test")
    dataset = modescape.load_dataset(
        modescape.studies.StudySettings(data={"limit": 120, "test_limit": 150}).data, seed=0
    )
    for member in (0, 1):
        with torch.no_grad():
            expected = make_network(member)(dataset.prepare(dataset.test.inputs)).softmax(1)
        np.testing.assert_allclose(stored["probability"][member], expected, atol=1e-6)
        weights = run.read_weights(member, 1)
        assert all(torch.equal(weights[name], tensor) for name, tensor in make_network(member).state_dict().items())
    assert stored["member_name"].values.tolist() == ["a", "b"]
    assert -1 < float(run.arrays("results/solutions")["cosine"][0, 1]) < 1
    for name in ("null", "layers", "alignment", "representations"):
        assert run.has_arrays(f"results/{name}"), name
    again = study("landscapes", resume=True, output="out", only="lines", line_directions=1, line_points=3)
    assert again.has_arrays("results/lines")
    with pytest.raises(ArgumentError, match="`study` must be another study than fort2019 for checkpoints"):
        study("fort2019", resume=True, output="out")
    assert report_contents(run).facts["members"]


@pytest.mark.usefixtures("checkpoints")
def test_inputs_are_normalised_and_stay_so():
    settings = {"only": "solutions", "limit": 120, "test_limit": 150, "device": "cpu"}
    run = compare(
        "a.pt", "b.safetensors", model=make_network(9), data="digits", normalize=("0.5", 0.25), output="out", **settings
    )
    dataset = modescape.load_dataset(
        modescape.studies.StudySettings(data={"limit": 120, "test_limit": 150}).data, seed=0
    )
    inputs = (dataset.prepare(dataset.test.inputs) - 0.5) / 0.25
    with torch.no_grad():
        expected = make_network(0)(inputs).softmax(1)
    np.testing.assert_allclose(run.arrays("predictions/test")["probability"][0], expected, atol=1e-5)
    named = compare(
        "a.pt", "b.safetensors", model="our_nets:network", data="digits", normalize=(0.5, 0.25), output="o2", **settings
    )
    resumed = study("landscapes", resume=True, output=named.path, only="solutions", confidence=0.9)
    assert resumed.arrays("results/solutions").attrs["confidence"] == 0.9
    assert resumed.arrays("results/solutions")["member_name"].values.tolist() == ["a", "b"]


@pytest.mark.usefixtures("checkpoints")
def test_several_architectures():
    run = compare(
        model=["our_nets:network", "our_nets:network"],
        model_options=[{}, {"width": 8}],
        checkpoints=[["a.pt", "b.safetensors"], ["c.pt", "d.pt"]],
        data="digits",
        output="out",
        **SMALL,
    )
    found = run.arrays("results/groups")
    assert found["group"].values.tolist() == ["network", "network(width=8)"]
    stored = run.arrays("predictions/test")
    with torch.no_grad():
        dataset = modescape.load_dataset(
            modescape.studies.StudySettings(data={"limit": 120, "test_limit": 150}).data, seed=0
        )
        expected = make_network(3, 8)(dataset.prepare(dataset.test.inputs)).softmax(1)
    np.testing.assert_allclose(stored["probability"][3], expected, atol=1e-6)
    assert run.members == []
    assert run.arrays("results/disputed").sizes["height"] == 8
    with pytest.raises(ArgumentError, match="`output` must be a run with weights; got a comparison of answers"):
        study(resume=True, output="out")
    assert report_contents(run).facts["members"]


def test_runs_of_one_architecture_have_their_cosines(finished, tmp_path):
    other = shutil.copytree(finished.path, tmp_path / "other")
    manifest = json.loads((other / "manifest.json").read_text())
    assert manifest["name"] == "run"
    run = compare(finished, other, only="solutions", output=tmp_path / "out")
    found = run.arrays("results/solutions")
    before = finished.arrays("results/solutions")
    np.testing.assert_allclose(found["cosine"][:3, 3:], before["cosine"], atol=1e-6)
    np.testing.assert_allclose(found["disagreement"][:3, 3:], before["disagreement"], atol=1e-9)
    assert len(set(found["member_name"].values.tolist())) == 6


def test_runs_with_other_test_examples_are_only_compared_within(finished, tmp_path):
    other = study(**{**TINY, "test_limit": 90, "members": 2, "epochs": 1, "trajectories": 0}, output=tmp_path / "other")
    run = compare(finished, other, output=tmp_path / "out", num_resamples=100)
    found = run.arrays("results/groups")
    assert not found.attrs["same_examples"]
    assert np.isnan(float(found["disagreement_between"][0, 1]))
    before = finished.arrays("results/solutions")["disagreement"].values
    assert float(found["disagreement"][0]) == pytest.approx(before[np.triu_indices(3, 1)].mean())
    assert report_contents(run).facts["members"]


@pytest.mark.usefixtures("files")
def test_a_comparison_goes_on():
    run = compare("m0.npy", "m1.npy", labels="y.npy", only="solutions", output="out")
    made = run.manifest["steps"]["solutions"]["made"]
    again = compare(resume=True, output="out", num_resamples=100)
    assert again.manifest["steps"]["solutions"]["made"] == made
    assert again.has_arrays("results/pairs")
    with pytest.raises(ArgumentError, match="`sources` must be left out where a comparison is resumed"):
        compare("m0.npy", resume=True, output="out")


def test_a_comparison_that_was_killed_before_anything_was_kept_reads_its_files_again(files, monkeypatch):
    monkeypatch.setattr(sys.modules["modescape.studies.compare"], "_keep", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        compare("m0.npy", "m1.npy", labels="y.npy", output="out")
    with pytest.raises(ZeroDivisionError):
        compare({"a": PROBABILITIES[0], "b": PROBABILITIES[1]}, output="objects")
    monkeypatch.undo()
    monkeypatch.chdir(files.parent)
    run = compare(resume=True, output=files / "out", only="solutions")
    np.testing.assert_allclose(run.arrays("predictions/test")["probability"][0], PROBABILITIES[0], atol=1e-6)
    with pytest.raises(ArgumentError, match="`sources` must be the Python object that the run was made with"):
        compare(resume=True, output=files / "objects")


def test_nothing_is_left_where_something_is_refused(files):
    with pytest.raises(DataError, match=r"There is no file .*nowhere\.npy"):
        compare("m0.npy", "nowhere.npy", output="out")
    assert not (files / "out").exists()


@pytest.mark.parametrize(
    ("sources", "given", "error", "message"),
    [
        (["m0.npy"], {}, ArgumentError, "`sources` must hold at least two members; got 1"),
        (["m0.npy", "m1.npy"], {"epochs": 3}, ArgumentError, "`epochs` must be left out where nothing is trained"),
        (["m0.npy", "m1.npy"], {"kind": "odds"}, ArgumentError, "`kind` must be one of auto, probabilities, logits"),
        (["m0.npy", "m1.npy"], {"only": "layers"}, ArgumentError, "`only` must be one of solutions, ensemble, pairs"),
        ([], {"checkpoints": ["a.pt"]}, ArgumentError, "`model` must name the network of the checkpoints"),
        ([], {"checkpoints": "a.pt", "model": "mlp"}, ArgumentError, "`checkpoints` must be a list; got one"),
        ([], {"model": "mlp"}, ArgumentError, "`checkpoints` must hold at least one file for each model"),
        ([], {"model": ["mlp"], "checkpoints": []}, ArgumentError, "`checkpoints` must be a list for each model"),
        (
            [],
            {"checkpoints": ["a.pt"], "model": "mlp"},
            ArgumentError,
            "`data` must name what checkpoints are tested on",
        ),
        (["m0.npy", "m1.npy"], {"normalize": (0.5, 0.25)}, ArgumentError, "`normalize` must come with checkpoints"),
        (["m0.npy", "m1.npy"], {"normalize": (0.5,)}, ArgumentError, "`normalize` must be a mean and a standard"),
        (["m0.npy", "m1.npy"], {"normalize": ("nan", 1)}, ArgumentError, "`normalize` must be finite; got"),
        (["m0.npy", "m1.npy"], {"names": ["", "b"]}, ArgumentError, "`names` must have a letter at least"),
        (["m0.npy", "m1.npy"], {"normalize": ("x", 1)}, ArgumentError, "`normalize` must be numbers"),
        (["m0.npy", "m1.npy"], {"normalize": (0, 0)}, ArgumentError, "`normalize` must have standard deviations above"),
    ],
)
def test_what_can_not_be_compared_is_refused(files, sources, given, error, message):
    with pytest.raises(error, match=message):
        compare(*sources, **given, output="out")
    assert not (files / "out").exists()


@pytest.mark.usefixtures("checkpoints")
def test_checkpoints_that_do_not_fit_are_named():
    with pytest.raises(
        DataError, match=r"c\.pt does not fit the network: 1\.weight has the shape \(8, 64\), and \(16, 64\)"
    ):
        compare("a.pt", "c.pt", model="our_nets:network", data="digits", output="out")
    with pytest.raises(ModelError, match="must return floating-point logits"):
        compare("a.pt", "a.pt", model=nn.Flatten(), data="digits", output="out")
    with pytest.raises(ArgumentError, match="`normalize` must have one mean, or one for each of 1 channels; got 3"):
        compare("a.pt", model=make_network(0), data="digits", normalize=("1,2,3", 1), output="out")


def test_other_folders_are_refused(files, finished):
    (files / "empty").mkdir()
    with pytest.raises(DataError, match="empty is no run and holds no prediction files"):
        compare("empty", "m0.npy", output="out")
    with pytest.raises(ArgumentError, match="`output` must be a comparison; got the run"):
        compare(resume=True, output=finished.path)
    with pytest.raises(StoreError, match="must be the folder of a run"):
        compare(resume=True, output=files / "empty")
    assert public is modescape.compare
