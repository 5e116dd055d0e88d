import json
import shutil
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import modescape
from modescape.core.errors import ArgumentError
from modescape.data import DataSettings, Examples
from modescape.methods import METHODS
from modescape.store import Run
from modescape.studies import study, train_ensemble
from modescape.studies.compare import compare
from studies.samples import FRONTIER, TINY, Writes

SMALL = {**TINY, "members": 2, "epochs": 1, "trajectories": 0, "foreign_examples": 20}
DATA = modescape.load_dataset(DataSettings(limit=120, test_limit=150), seed=0)
ARRAYS = ("results/frontier", "results/returns", "predictions/frontier-test", "predictions/frontier-validation")


def without(settings, *names):
    return {name: value for name, value in settings.items() if name not in names}


def notes(run):
    return json.loads(run.arrays("results/frontier").attrs["notes"])


def content(run):
    """The bytes of the arrays of the frontier and of all that was trained for it."""
    kept = ("parts/frontier-", *ARRAYS)
    found = {path.relative_to(run.path).as_posix(): path for path in run.path.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in found.items() if name.startswith(kept)}


@pytest.mark.parametrize(
    ("limit", "prefix"), [(4, "frontier-batchensemble"), (3, "frontier-pretraining"), (2, "front")]
)
def test_a_killed_frontier_goes_on_and_ends_with_the_same_bytes(fronted, finished, tmp_path, limit, prefix):
    path = shutil.copytree(finished.path, tmp_path / "run")
    with pytest.MonkeyPatch.context() as patch:
        first = Writes(patch, limit=limit, prefix=prefix)
        with pytest.raises(KeyboardInterrupt):
            study("frontier", resume=True, output=path, only="frontier", **FRONTIER)
    with pytest.MonkeyPatch.context() as patch:
        second = Writes(patch)
        run = study(resume=True, output=path, only="frontier")
    # A state of training in progress is written again and again, a piece or a training that is whole never.
    assert not {write for write in first.done[:-1] if write[0] == "frontier"} & set(second.done)
    assert content(run) == content(fronted)
    assert run.damage() == []


def test_a_method_that_is_added_trains_only_what_is_new(fronted, fronted_copied, monkeypatch):
    writes = Writes(monkeypatch)
    run = study(resume=True, output=fronted_copied.path, methods=f"{FRONTIER['methods']},swa,single", only="frontier")
    trained = {part for part, _ in writes.done if part != "frontier"}
    # SWA averages what SWAG has trained; only the control is new, one network for each size.
    assert len(trained) == 3
    assert all(part.startswith("frontier-single-") for part in trained)
    before, after = (of.arrays("results/frontier") for of in (fronted, run))
    assert set(after["method"].values) - set(before["method"].values) == {"swa", "single"}
    np.testing.assert_array_equal(after["value"].sel({"method": before["method"]}), before["value"])


def test_a_frontier_that_is_done_is_not_done_again(fronted_copied, monkeypatch):
    writes, before = Writes(monkeypatch), fronted_copied.manifest["steps"]
    run = study(resume=True, output=fronted_copied.path, only="frontier")
    assert writes.done == []
    assert run.manifest["steps"] == before


def test_prices_ask_again_without_training(fronted_copied, monkeypatch):
    writes = Writes(monkeypatch)
    run = study(resume=True, output=fronted_copied.path, only="frontier", cost_per_member=1.0, worth=3.0)
    assert {part for part, _ in writes.done} == {"frontier"}
    told = run.arrays("results/returns").attrs
    assert (told["cost_per_member"], told["worth"], told["worth_metric"]) == (1.0, 3.0, "nll")
    assert told["verdict"] in {"worth it", "not worth it", "undecided"}
    assert told["sentence"].startswith("Member 4 would ")


def test_limits_that_no_ensemble_keeps_leave_no_recommendation(fronted_copied):
    run = study(
        resume=True, output=fronted_copied.path, only="frontier", methods="snapshot", sizes="2,3", method_options={},
        most_passes=1,
    )  # fmt: skip
    assert run.arrays("results/frontier").attrs["recommended_method"] == ""
    assert any("--most-passes is 1, and the least that an ensemble takes is 2." in note for note in notes(run))
    assert np.isfinite(run.arrays("results/frontier")["value"].sel(metric="nll")).all()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"methods": "swagger"}, r"`methods` must be one of all, independent, .*; got 'swagger'."),
        ({"sizes": "1,9"}, r"`sizes` must be at most the 3 members of the run; got 9. Leave it out, or train more"),
        ({"sizes": "0,1"}, r"`sizes` must be whole numbers from 1 with commas between; got '0,1'."),
        ({"methods": "swag", "method_options": {"swag.sample": 3}}, r"must be an option of swag, .*; got swag.sample."),
        ({"methods": "swag", "method_options": {"swag.samples": "x"}}, r"must give swag.samples as int; got 'x'."),
        ({"methods": "swag", "method_options": {"swag.samples": 0}}, r"`samples` must be at least 1; got 0."),
        ({"worth": 2.0}, r"`cost_per_member` must be given together with worth; got none. Pass --cost-per-member too"),
        ({"cost_per_member": 2.0}, r"`worth` must be given together with cost_per_member; got none. Pass --worth too"),
        ({"judged_by": "ece"}, r"`judged_by` must be 'nll', 'brier' or 'accuracy'; got 'ece'."),
        ({"foreign": "nothing"}, r"`foreign` must be one of noise, held-out, .*; got 'nothing'."),
    ],
)
def test_what_is_not_to_be_had_is_refused_before_anything_is_trained(tmp_path, asked, said):
    with pytest.raises(ArgumentError, match=said):
        study("frontier", **{**TINY, **asked}, output=tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_without_validation_examples_nothing_is_recommended(tmp_path):
    data = replace(DATA, validation=Examples(DATA.train.inputs[:0], DATA.train.labels[:0]))
    settings = {**SMALL, "methods": "greedy-soup", "only": "frontier", "data": data, "output": tmp_path / "run"}
    run = study("frontier", **without(settings, "limit", "test_limit"))
    found = run.arrays("results/frontier")
    assert found["scaling"].values.tolist() == ["raw"]
    assert np.isnan(found["temperature"]).all()
    assert (found.attrs["recommended_method"], found.attrs["recommendation"]) == ("", "")
    assert found.attrs["num_validation"] == 0
    assert not run.has_arrays("predictions/frontier-validation")
    left_out, choice = notes(run)
    assert left_out.startswith(f"{METHODS['greedy-soup'].title}: left out. `validation` must hold examples")
    assert choice == "Nothing is recommended: there are no validation examples to choose on. Give the Dataset some."
    with pytest.raises(ArgumentError, match=r"`dataset` must hold validation examples to calibrate on; got none."):
        modescape.predictor(run, data=data)


def test_members_that_diverged_are_left_out_with_notes(tmp_path, finished):
    run = Run(shutil.copytree(finished.path, tmp_path / "run"))
    run.record("members", {"0": {"status": "diverged"}})
    study("frontier", resume=True, output=run.path, only="frontier", methods="distillation", foreign_examples=20)
    found = run.arrays("results/frontier").sel({"method": "independent"})
    assert found["size"].values.tolist() == [2, 3]
    assert found["answers"].values.tolist() == [1, 2]
    np.testing.assert_allclose(found["training"], [4, 6])
    said = notes(run)
    assert "independent members, size 2: 1 of 2 members diverged and are left out." in said
    assert any(note.startswith("independent members: none of size 1.") for note in said)


def test_a_run_of_train_is_taken_up(tmp_path, monkeypatch):
    trained = train_ensemble(**without(SMALL, "foreign_examples"), output=tmp_path / "run")
    before = {path: path.read_bytes() for path in (trained.path / "weights").rglob("*.safetensors")}
    writes = Writes(monkeypatch)
    run = study("frontier", resume=True, output=trained.path, methods="snapshot", foreign_examples=20)
    assert run.status == "finished"
    assert {part.partition("-")[0] for part, _ in writes.done if part} == {"frontier"}
    assert {path: path.read_bytes() for path in before} == before
    assert run.arrays("results/frontier")["size"].values.tolist() == [1, 2]


class Fixed(nn.Module):
    """A network that takes no shape: it is made for digits."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.ReLU(), nn.Linear(8, 10))

    def forward(self, images):
        return self.layers(images)


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A frontier of a Dataset and a network of the user's own; never change it."""
    settings = without(SMALL, "limit", "test_limit", "model_options")
    path = tmp_path_factory.mktemp("own") / "run"
    return study("frontier", **settings, data=DATA, model=Fixed, methods="mimo,mc-dropout,snapshot", output=path)


def test_a_method_that_a_network_can_not_have_is_left_out_and_the_rest_is_there(own):
    found = own.arrays("results/frontier")
    assert found["method"].values.tolist() == ["independent", "snapshot"]
    said = [note for note in notes(own) if "left out" in note]
    assert [note.partition(": left out. `model` must ")[0] for note in said] == [
        METHODS[name].title for name in ("mc-dropout", "mimo")
    ]


def test_a_run_of_python_objects_asks_for_them(own):
    said = r"`data` must be the Python object that the run was made with; got none. Pass it in Python: modescape"
    with pytest.raises(ArgumentError, match=said):
        modescape.predictor(own)
    with pytest.raises(ArgumentError, match=r"`model` must be the Python object .* data=\.\.\., model=\.\.\.\)"):
        modescape.export_ensemble(own, data=DATA)
    made = modescape.predictor(own, data=DATA, model=Fixed, method="snapshot", size=1)
    stored = own.arrays("predictions/frontier-test")["probability"].sel(member="snapshot 1")
    np.testing.assert_allclose(made.predict(DATA.test.inputs)["member_probabilities"][:, 0], stored, atol=1e-5)


def test_checkpoints_have_no_training_to_hold_methods_to(tmp_path):
    for number in (0, 1):
        torch.manual_seed(number)
        torch.save(Fixed().state_dict(), tmp_path / f"{number}.pt")
    checkpoints = [str(tmp_path / f"{number}.pt") for number in (0, 1)]
    few: dict[str, Any] = {"limit": 120, "test_limit": 150, "num_resamples": 100, "null_samples": 8}
    run = compare(model=Fixed, checkpoints=checkpoints, data="digits", output=tmp_path / "out", **few)
    said = r"`study` must be another study than frontier for checkpoints, whose training is not known; got 'frontier'."
    with pytest.raises(ArgumentError, match=said):
        study("frontier", resume=True, output=run.path, model=Fixed)
    made = modescape.predictor(run, model=Fixed)
    assert (made.method, made.num_members) == ("independent", 2)
    answers = run.arrays("predictions/test")["probability"].values.swapaxes(0, 1)
    np.testing.assert_allclose(made.predict(DATA.test.inputs)["member_probabilities"], answers, atol=1e-5)
