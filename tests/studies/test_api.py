import re

import numpy as np
import pytest
import torch
from torch import nn

from modescape.core.errors import ArgumentError, ModelError, TrainingError
from modescape.core.seeds import Stream, derived_seed
from modescape.data import Dataset, Examples
from modescape.store import Run
from modescape.studies import PRESETS, report_run, study, summarise_run, train_ensemble
from studies.samples import TINY, Listener

HOSTILE = ("<script>alert(1)</script>", "Straße & 日本 😀")


def small(num_classes, width=4):
    return nn.Sequential(nn.Flatten(), nn.Linear(2, width), nn.Tanh(), nn.Linear(width, num_classes))


def broken_for(members, seed=0):
    """A builder whose networks are NaN for some members; they are told by the seed that a member starts from."""
    seeds = [derived_seed(seed, Stream.INITIALISATION, member) for member in members]

    def build(num_classes):
        network = nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.ReLU(), nn.Linear(8, num_classes))
        if torch.initial_seed() in seeds:
            nn.init.constant_(network[1].weight, torch.nan)
        return network

    return build


def blobs(num_examples=30, seed=0):
    """Two classes with hostile names, of two numbers each."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(num_examples) % 2
    part = Examples(torch.randn(num_examples, 2, generator=generator) + 3 * labels[:, None], labels)
    return Dataset(
        name="my <b>blobs</b>",
        classes=HOSTILE,
        train=part,
        validation=Examples(part.inputs[:0], part.labels[:0]),
        test=part,
        shift=torch.tensor(0.0),
        scale=torch.tensor(1.0),
        fingerprint=f"blobs {num_examples} {seed}",
    )


OWN = {"members": 2, "epochs": 2, "trajectories": 2, "engine": "loop", "device": "cpu", "num_resamples": 100}


def weights(run, member, step):
    return torch.cat([tensor.ravel() for tensor in run.read_weights(member, step).values()])


def test_python_objects_take_the_place_of_names(tmp_path):
    run = study(data=blobs(), model=small, model_options={"width": 3}, output=tmp_path / "run", **OWN)
    assert run.settings["data"]["source"] == "my <b>blobs</b>"
    assert run.settings["model"] == {"name": "small", "options": {"width": 3}}
    assert run.read_weights(0, 2)["1.weight"].shape == (3, 2)
    assert not run.has_arrays("predictions/validation")
    assert list(run.arrays("predictions/test").attrs["classes"]) == list(HOSTILE)
    page = report_run(run).read_text()
    assert HOSTILE[0] not in page
    assert "<b>blobs" not in page


def test_python_objects_are_needed_again_to_go_on(tmp_path):
    path = tmp_path / "run"
    train_ensemble(data=blobs(), model=small, model_options={"width": 3}, output=path, **OWN)
    with pytest.raises(ArgumentError, match=r"`data` must be the Python object that the run was made with; got none."):
        study(resume=True, output=path)
    with pytest.raises(
        ArgumentError, match=r"`model` must be .*Resume it from Python: study\(model=..., output=..., res"
    ):
        study(resume=True, output=path, data=blobs())
    run = study(resume=True, output=path, data=blobs(), model=small)
    assert run.status == "finished"
    with pytest.raises(OSError, match="`data` must be what the run was made with; got other contents from my <b>blobs"):
        study(resume=True, output=path, data=blobs(seed=1), model=small)


def test_settings_that_a_dataset_can_not_follow_are_refused(tmp_path, monkeypatch):
    with pytest.raises(
        ArgumentError, match=r"`limit` must be left out where `data` is a Dataset; got 10. Change the Dat"
    ):
        study(data=blobs(), limit=10, output=tmp_path / "run", **OWN)
    monkeypatch.setitem(PRESETS, "few", {"data": {"limit": 9}})
    run = train_ensemble(data=blobs(), model=small, preset="few", output=tmp_path / "run", **OWN)
    # The preset's limit does not apply, so the run does not claim it.
    assert run.settings["data"]["limit"] is None


def test_an_instance_or_one_shared_network_is_refused(tmp_path):
    shared = small(2)
    with pytest.raises(ArgumentError, match="`model` must be a function that builds a network"):
        study(data=blobs(), model=shared, output=tmp_path / "run", **OWN)
    with pytest.raises(ModelError, match="`model` must build a new network at each call"):
        study(data=blobs(), model=lambda: shared, output=tmp_path / "run", **OWN)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("engine", ["loop", "vmap"])
def test_a_diverged_member_is_left_out_and_reported(tmp_path, engine):
    listener = Listener()
    settings = {**TINY, "model_options": {}, "engine": engine, "model": broken_for([1])}
    run = study(**settings, output=tmp_path / "run", progress=listener)
    assert [record["status"] for record in run.manifest["members"].values()] == ["trained", "diverged", "trained"]
    assert run.arrays("predictions/test")["member"].values.tolist() == [0, 2]
    assert run.arrays("predictions/trajectories")["member"].values.tolist() == [0]
    assert run.arrays("results/solutions")["disagreement"].shape == (2, 2)
    assert run.arrays("results/ensemble")["size"].values.tolist() == [1, 2]
    assert np.isnan(run.arrays("results/training")["loss"].sel(member=1)).all()
    assert np.isfinite(run.arrays("results/training")["loss"].sel(member=2)).all()
    assert summarise_run(run).notes == ("member 1 diverged in epoch 1 and is left out",)
    assert "member 1 diverged in epoch 1 (loss nan)" in listener.said


def test_members_do_not_depend_on_one_that_diverged(tmp_path):
    settings = {**TINY, "model_options": {}, "epochs": 1}
    whole = train_ensemble(**settings, model=broken_for([]), output=tmp_path / "whole")
    holed = train_ensemble(**settings, model=broken_for([0]), output=tmp_path / "holed")
    for member in (1, 2):
        assert torch.equal(weights(whole, member, 1), weights(holed, member, 1))


def test_when_all_diverge_it_says_so_now_and_on_resume(tmp_path):
    path = tmp_path / "run"
    settings = {**TINY, "model_options": {}, "model": broken_for([0, 1, 2])}
    with pytest.raises(TrainingError, match=r"`learning_rate` must let at least one member converge; got 0.0016"):
        study(**settings, output=path)
    assert Run.open(path).status == "failed"
    for go_on in (study, train_ensemble):
        with pytest.raises(
            TrainingError, match="must hold at least one trained member; got 3, and all of them diverged"
        ):
            go_on(resume=True, output=path, model=broken_for([0, 1, 2]))


def test_one_member_needs_a_second_to_compare(tmp_path):
    run = study(**{**TINY, "members": 1, "epochs": 1}, output=tmp_path / "run")
    summary = summarise_run(run)
    assert re.search(r"at least 2 members", summary.different.headline)
    assert re.search(r"at least 2 members", summary.worth_it.headline)
    assert report_run(run).is_file()


def test_fewer_examples_than_a_batch_make_one_step(tmp_path):
    run = study(**{**TINY, "limit": 7, "batch_size": 128, "members": 2, "epochs": 1}, output=tmp_path / "run")
    assert run.manifest["data"]["num_train"] == 7
    assert not torch.equal(weights(run, 0, 0), weights(run, 0, 1))


def test_the_stored_settings_give_the_same_run_bit_for_bit(finished, tmp_path):
    again = study(config=finished.path / "settings.yaml", output=tmp_path / "again")
    assert again.settings == finished.settings
    assert again.array_names() == finished.array_names()
    for member in finished.members:
        assert again.steps(member) == finished.steps(member)
        for step in finished.steps(member):
            assert torch.equal(weights(again, member, step), weights(finished, member, step))
    for name in finished.array_names():
        assert again.arrays(name).identical(finished.arrays(name))


def test_another_seed_gives_other_members(finished, tmp_path):
    other = train_ensemble(config=finished.path / "settings.yaml", seed=6, output=tmp_path / "other")
    assert not torch.equal(weights(other, 0, 0), weights(finished, 0, 0))
    assert not torch.equal(weights(finished, 0, 0), weights(finished, 1, 0))


def test_what_is_given_beats_the_file_and_the_file_beats_the_preset(tmp_path, monkeypatch):
    below = {
        "data": {"limit": 70, "test_fraction": 0.5},
        "model": {"options": {"hidden": [8]}},
        "train": {"members": 9},
    }
    monkeypatch.setitem(PRESETS, "few", below)
    (tmp_path / "mine.yaml").write_text("members: 2\ntrain: {batch_size: 16, optimizer: sgd}\nlimit: 60\n")
    run = train_ensemble(
        preset="few", config=tmp_path / "mine.yaml", epochs=1, optimizer="adamw", output=tmp_path / "run", device="cpu"
    )
    settings = run.settings
    assert settings["data"]["test_fraction"] == 0.5  # the preset's
    assert settings["model"]["options"] == {"hidden": [8]}
    assert settings["data"]["limit"] == 60  # the file's, over the preset's
    assert settings["train"]["members"] == 2
    assert settings["train"]["batch_size"] == 16
    assert settings["train"]["optimizer"] == "adamw"  # given, over the file's
    assert settings["train"]["epochs"] == 1


def test_unknown_settings_are_refused(tmp_path):
    with pytest.raises(ArgumentError, match="`epohcs` must be a known setting"):
        study(epohcs=3, output=tmp_path / "run")
    with pytest.raises(ArgumentError, match="`preset` must be one of"):
        study(preset="dmeo", output=tmp_path / "run")
