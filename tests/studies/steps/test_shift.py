import numpy as np
import pytest
import torch

from modescape.core.errors import ArgumentError, DataError, MissingDependencyError
from modescape.data.corruptions import CORRUPTIONS, corrupted
from modescape.studies import study
from modescape.studies.report import report_contents
from modescape.studies.step import LeftOutError
from modescape.studies.steps import shift
from modescape.studies.steps.shift import _like
from studies.recomputed import Slow
from studies.samples import WHOLE, Listener


def write_official(folder, labels, names=("fog", "snow")):
    """Corrupted digits in the layout of CIFAR-10-C: each image has one colour, its label times intensity."""
    folder.mkdir()
    np.save(folder / "labels.npy", np.tile(labels, 5))
    for name in names:
        levels = np.concatenate([labels * level for level in range(1, 6)]).astype(np.uint8)
        np.save(folder / f"{name}.npy", np.broadcast_to(levels[:, None, None, None], (len(levels), 8, 8, 1)))
    return folder


def test_the_results_are_named(whole):
    found = whole.arrays("results/shift")
    for name in ("value", "low", "high"):
        assert found[name].dims == ("method", "size", "metric", "intensity")
    assert found["each"].dims == ("method", "size", "metric", "corruption", "intensity")
    for end in ("", "_low", "_high"):
        assert found["gain" + end].dims == ("metric", "intensity")
        assert found["slope" + end].dims == ("metric",)
    assert found["method"].values.tolist()[:3] == ["independent", "weight-average", "random"]
    assert found["size"].values.tolist() == [1, 2]
    assert found["metric"].values.tolist() == ["accuracy", "nll", "brier", "ece", "jensen_shannon"]
    assert found["corruption"].values.tolist() == ["contrast", "brightness"]
    assert found["intensity"].values.tolist() == [0, 1, 2, 3, 4, 5]
    assert found.attrs == {"source": "on the fly", "differs": "", "num_examples": 40, "confidence": 0.95}


def test_values_and_the_gain_of_the_ensemble_are_those_of_corrupted_images(whole, slow):
    found = whole.arrays("results/shift").sel({"metric": "nll"})
    examples = slow.context.sample_of(slow.dataset.test, 40)
    labels = examples.labels.numpy()
    rows = None if examples.rows is None else examples.rows.tolist()
    by_type = []
    for name in ("contrast", "brightness"):
        images = corrupted(examples.inputs, name, 4, seed=5, indices=rows)
        assert not torch.equal(images, examples.inputs)
        members = np.stack([slow.predict(slow.tree(member), images) for member in (0, 1)])
        one = np.mean([-np.log(member[range(40), labels]).mean() for member in members])
        both = -np.log(members.mean(axis=0)[range(40), labels]).mean()
        by_type.append((one, both))
        here = {"method": "independent", "corruption": name, "intensity": 4}
        assert float(found["each"].sel(here).sel(size=1)) == pytest.approx(one, rel=1e-5)
        assert float(found["each"].sel(here).sel(size=2)) == pytest.approx(both, rel=1e-5)
    one, both = np.mean(by_type, axis=0)
    assert float(found["value"].sel({"method": "independent", "size": 2, "intensity": 4})) == pytest.approx(both)
    assert float(found["gain"].sel(intensity=4)) == pytest.approx(both - one, rel=1e-4)
    clean = np.mean([slow.decide(slow.tree(member), examples.inputs) == labels for member in (0, 1)])
    accuracy = whole.arrays("results/shift")["value"].sel({"method": "independent", "metric": "accuracy"})
    assert float(accuracy.sel(size=1, intensity=0)) == pytest.approx(clean)


def test_a_type_named_twice_is_corrupted_once(whole_copied):
    study(resume=True, output=whole_copied.path, only="shift", corruptions="contrast, contrast", shift_members=1)
    found = whole_copied.arrays("results/shift")
    assert found["corruption"].values.tolist() == ["contrast"]
    assert found["size"].values.tolist() == [1]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"corruptions": "fogg"}, "`corruptions` must be one of gaussian_noise, .*; got 'fogg'"),
        ({"corruptions": ""}, "`corruptions` must be one of gaussian_noise, .*; got ''"),
        ({"corrupted": "nowhere"}, "There is no folder nowhere. Pass the folder of CIFAR-10-C"),
    ],
)
def test_unknown_corruptions_are_refused_before_anything_is_trained(tmp_path, settings, message):
    with pytest.raises((ArgumentError, DataError), match=message):
        study("fort2019", **{**WHOLE, **settings}, output=tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_types_that_a_folder_lacks_are_refused_before_anything_is_trained(tmp_path):
    folder = write_official(tmp_path / "c", np.arange(10), names=("saturate",))
    for asked, message in (
        ("fog", "`corruptions` must be one of saturate; got 'fog'"),
        ("common", "`corruptions` must be among those of .*: saturate; got 'common'. Name them, or pass all"),
    ):
        with pytest.raises(ArgumentError, match=message):
            study("fort2019", **{**WHOLE, "corruptions": asked}, corrupted=str(folder), output=tmp_path / "run")
    assert not (tmp_path / "run").exists()
    assert "saturate" in CORRUPTIONS


def test_images_of_a_folder_stand_for_those_of_their_class(whole_copied, tmp_path):
    slow = Slow(whole_copied)
    labels = np.repeat(np.arange(10), 20)
    folder = write_official(tmp_path / "c", labels)
    changes = {"corrupted": str(folder), "corruptions": "all", "shift_members": 1}
    study(resume=True, output=whole_copied.path, only="shift", **changes)
    found = whole_copied.arrays("results/shift")
    assert found["corruption"].values.tolist() == [name for name in CORRUPTIONS if name in ("fog", "snow")]
    assert found.attrs["source"] == "CIFAR-10-C, other images of the same classes"
    examples = slow.context.sample_of(slow.dataset.test, 40)
    known = examples.labels.numpy()
    images = torch.from_numpy(known * 3).to(torch.uint8)[:, None, None, None].expand(40, 1, 8, 8)
    accuracy = np.mean(slow.decide(slow.tree(0), images) == known)
    here = {"method": "independent", "size": 1, "metric": "accuracy", "corruption": "fog", "intensity": 3}
    assert float(found["each"].sel(here)) == pytest.approx(accuracy)


def test_a_missing_package_leaves_the_step_out_until_it_is_there(whole_copied, monkeypatch):
    def missing(images):
        del images
        raise MissingDependencyError("corruptions", "pip install modescape[shift]")

    listener = Listener()
    with monkeypatch.context() as patch:
        patch.setattr(shift, "check_corruptible", missing)
        for _ in range(2):
            study(resume=True, output=whole_copied.path, shift_members=1, progress=listener)
            assert whole_copied.status == "finished"
    said = [line for line in listener.said if line.startswith("shifted data: left out. ")]
    assert len(said) == 2
    contents = report_contents(whole_copied)
    assert "shift" not in contents.results
    assert any(note.startswith("shift is left out: ") for note in contents.notes)
    study(resume=True, output=whole_copied.path)
    assert whole_copied.arrays("results/shift")["size"].values.tolist() == [1]
    assert report_contents(whole_copied).notes == []


def test_published_images_take_the_form_of_inputs_that_are_pixels_from_0_to_1():
    images = torch.tensor([[[[0, 255]]]], dtype=torch.uint8)
    assert _like(images, torch.zeros(1, 1, 1, 2, dtype=torch.uint8)) is images
    assert _like(images, torch.tensor([[[[0.0, 1.0]]]])).tolist() == [[[[0.0, 1.0]]]]
    with pytest.raises(LeftOutError, match="The corrupted images have 8 bits; the run's inputs are not pixels from 0"):
        _like(images, torch.tensor([[[[-1.0, 1.0]]]]))
