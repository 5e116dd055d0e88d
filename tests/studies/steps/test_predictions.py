import numpy as np
import torch
import xarray as xr
from safetensors.torch import load_file

from modescape.data import load_dataset
from modescape.models import recipe
from modescape.studies import StudySettings


def forward_pass(run, member, step, examples, dataset):
    """Probabilities of a network built anew, with the weights read by another library, in float64."""
    settings = StudySettings(**run.settings)
    network = recipe(settings.model.name, settings.model.options).build(dataset.input_shape, 10, seed=999)
    network.load_state_dict(load_file(run.path / f"weights/member-{member:03d}/step-{step:04d}.safetensors"))
    with torch.no_grad():
        return network.double().eval()(dataset.prepare(examples.inputs).double()).softmax(dim=1).numpy()


def data_of(run):
    settings = StudySettings(**run.settings)
    return load_dataset(settings.data, seed=settings.seed)


def test_the_solutions_are_those_of_a_fresh_forward_pass(finished):
    dataset = data_of(finished)
    for split, examples in (("test", dataset.test), ("validation", dataset.validation)):
        stored = finished.arrays(f"predictions/{split}")
        assert stored["probability"].dims == ("member", "example", "class")
        assert stored["probability"].shape == (3, len(examples), 10)
        np.testing.assert_array_equal(stored["label"], examples.labels)
        for member in range(3):
            expected = forward_pass(finished, member, 2, examples, dataset)
            np.testing.assert_allclose(stored["probability"].sel(member=member), expected, atol=1e-6)


def test_the_trajectories_are_those_of_a_fresh_forward_pass(finished):
    dataset = data_of(finished)
    stored = finished.arrays("predictions/trajectories")
    assert stored["probability"].dims == ("member", "step", "example", "class")
    assert stored["member"].values.tolist() == [0, 1]
    assert stored["step"].values.tolist() == [0, 1, 2]
    for member in (0, 1):
        for step in (0, 1, 2):
            expected = forward_pass(finished, member, step, dataset.test, dataset)
            np.testing.assert_allclose(stored["probability"].sel(member=member, step=step), expected, atol=1e-6)


def test_plain_xarray_opens_them(finished):
    with xr.open_zarr(finished.path / "predictions/test.zarr") as stored:
        assert stored["probability"].sizes == {"member": 3, "example": 150, "class": 10}
        assert list(stored.attrs["classes"]) == [str(digit) for digit in range(10)]
