import json
import shutil

import numpy as np
import pytest
import torch

import modescape
from modescape.core.errors import ArgumentError, DataError, TrainingError
from modescape.data import DataSettings, load_dataset
from modescape.store import Run
from modescape.studies import export_ensemble, predictor, train_ensemble
from modescape.studies.ensembles import deployed
from modescape.studies.ensembles.deployed import chosen_ensemble
from studies.samples import TINY, Listener

DATA = load_dataset(DataSettings(limit=120, test_limit=150), seed=5)


def mean_of(made):
    """The mean of the answers of all members to the test examples."""
    return made.predict(DATA.test.inputs)["member_probabilities"].mean(axis=1)


@pytest.mark.parametrize(
    ("method", "size", "members"),
    [
        ("independent", 2, 2),
        ("snapshot", 2, 2),  # one training is as long as the largest size takes
        ("snapshot", 3, 3),
        ("swag", 3, 3),
        ("batchensemble", 1, 1),
        ("batchensemble", 2, 2),
        ("distillation", 2, 1),
    ],
)
def test_a_predictor_answers_as_the_frontier_noted(fronted, method, size, members):
    made = predictor(fronted, method=method, size=size)
    assert (made.method, made.num_members) == (method, members)
    noted = fronted.arrays("predictions/frontier-test")["probability"].sel(member=f"{method} {size}")
    np.testing.assert_allclose(mean_of(made), noted, atol=1e-5)
    fitted = fronted.arrays("results/frontier")["temperature"].sel({"method": method, "size": size})
    assert made.temperature.item() == pytest.approx(float(fitted), rel=2e-3)


def test_by_default_it_is_the_one_that_is_recommended(fronted, fronted_copied):
    found = fronted.arrays("results/frontier").attrs
    expected = (found["recommended_method"], found["recommended_size"])
    assert chosen_ensemble(fronted, None, None, 3) == expected
    assert predictor(fronted).method == expected[0]
    changed = fronted_copied.arrays("results/frontier").load()
    fronted_copied.write_arrays("results/frontier", changed.assign_attrs(recommended_method="swag", recommended_size=2))
    assert chosen_ensemble(fronted_copied, None, None, 3) == ("swag", 2)
    # A size alone is one of the recommended method; a method alone is as large as the run has it.
    assert chosen_ensemble(fronted_copied, None, 3, 3) == ("swag", 3)
    assert chosen_ensemble(fronted_copied, "snapshot", None, 3) == ("snapshot", 3)
    smaller = changed.isel(size=[0, 1]).assign_attrs(recommended_method="")
    fronted_copied.write_arrays("results/frontier", smaller)
    assert chosen_ensemble(fronted_copied, "snapshot", None, 3) == ("snapshot", 2)
    assert chosen_ensemble(fronted_copied, None, None, 3) == ("independent", 2)


def test_a_run_without_a_frontier_gives_its_members(finished):
    made = predictor(str(finished.path))
    assert (made.method, made.num_members) == ("independent", 3)
    answers = finished.arrays("predictions/test")["probability"].values.mean(axis=0)
    np.testing.assert_allclose(mean_of(made), answers, atol=1e-5)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"method": "swagger"}, r"`method` must be one of independent, .*; got 'swagger'. Choose one of them."),
        (
            {"method": "single"},
            r"`method` must name a method and a size that the run has trained; got single",
        ),
        ({"size": 4}, r"`size` must lie between 1 and the 3 members of the run; got 4. Leave it out for all of them."),
        ({"size": 0}, r"`size` must lie between 1 and the 3 members of the run; got 0."),
        ({"method": "swag", "size": 1}, r"`size` must be one that swag has an ensemble of, 2, 3; got 1."),
        ({"combination": "stack"}, r"`combination` must be one of mean, .*; got 'stack'."),
        ({"combination": "median"}, r"`combination` must give each member one weight, to be part of a module; got .m"),
    ],
)
def test_what_the_run_has_not_is_refused(fronted, asked, said):
    with pytest.raises(ArgumentError, match=said):
        predictor(fronted, **asked)


def test_weights_may_be_learned(fronted):
    made = predictor(fronted, method="independent", combination="learned-weights")
    weights = made.member_weights.numpy()
    assert weights.sum() == pytest.approx(1)
    assert np.ptp(weights) > 1e-3


def test_both_files_answer_as_the_predictor(fronted_copied):
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    files = export_ensemble(fronted_copied.path)
    assert [file.name for file in files] == ["ensemble.pt2", "ensemble.onnx"]
    made, raw = modescape.predictor(fronted_copied), DATA.test.inputs[:20]
    expected = made.predict(raw)
    session = onnxruntime.InferenceSession(files[1])
    found = dict(
        zip((output.name for output in session.get_outputs()), session.run(None, {"raw": raw.numpy()}), strict=False)
    )
    program = torch.export.load(files[0]).module()(raw)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, atol=1e-5)
        np.testing.assert_allclose(program[name].numpy(), values, atol=1e-5)
    about = json.loads(session.get_modelmeta().custom_metadata_map["modescape"])
    assert about["method"] == made.method
    assert fronted_copied.damage() == []


def test_without_packages_for_onnx_there_is_one_file_and_a_word(fronted_copied, monkeypatch):
    monkeypatch.setattr("modescape.deploy.formats.find_spec", lambda _: None)
    listener = Listener()
    assert [file.name for file in export_ensemble(fronted_copied, progress=listener)] == ["ensemble.pt2"]
    assert any('pip install "modescape[onnx]"' in line for line in listener.said)


def test_files_of_another_kind_are_refused_before_any_work(fronted, monkeypatch):
    monkeypatch.setattr(deployed, "start", None)
    with pytest.raises(ArgumentError, match=r"`path` must end in \.pt2 or \.onnx; got 'a\.h5'. Choose one of them."):
        export_ensemble(fronted, "a.h5")


def test_a_run_that_is_not_trained_is_refused(tmp_path, finished):
    run = Run(shutil.copytree(finished.path, tmp_path / "a run"))
    manifest = json.loads((run.path / "manifest.json").read_text())
    outcomes = manifest["members"]
    run.record("members", {name: {**outcomes[name], "status": "diverged"} for name in outcomes})
    with pytest.raises(TrainingError, match=r"must hold at least one trained member; got 3, and all of them diverged."):
        predictor(run)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("modescape.studies.runs.train_members", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train_ensemble(**{**TINY, "num_resamples": 100}, output=tmp_path / "b run")
    said = r"`run` must have trained its 3 members; got 0 of them. Finish it with modescape study --resume "
    with pytest.raises(ArgumentError, match=said):
        predictor(tmp_path / "b run")


def interrupted(*_, **__):
    raise KeyboardInterrupt


def test_data_that_have_moved_may_be_handed_over(tmp_path):
    generator = np.random.default_rng(0)
    labels = np.arange(80) % 2
    arrays = {"x": generator.normal(size=(80, 3)).astype(np.float32) + labels[:, None], "y": labels}
    np.savez(tmp_path / "data.npz", **arrays)
    source = f"npz:{tmp_path / 'data.npz'}"
    settings = {**TINY, "limit": None, "test_limit": None, "members": 2, "epochs": 1, "trajectories": 0}
    run = train_ensemble(**settings, data=source, output=tmp_path / "run")
    before, data = predictor(run), load_dataset(DataSettings(source=source), seed=0)
    (tmp_path / "data.npz").rename(tmp_path / "moved.npz")
    with pytest.raises(DataError, match=r"There is no file .*data\.npz") as caught:
        predictor(run)
    assert "\n" not in str(caught.value)
    after = predictor(run, data=data)
    assert torch.equal(after.temperature, before.temperature)
