import io
import json

import numpy as np
import pytest
import xarray as xr

from modescape.report.exports.arrays import as_netcdf, netcdf_attribute, write_zarr
from report import landscape_samples, plane_samples

RESULTS = {**plane_samples.planes(), "line": plane_samples.line(), **landscape_samples.landscapes()}


def read_netcdf(dataset):
    with xr.open_dataset(io.BytesIO(as_netcdf(dataset)[".nc"]), engine="scipy") as opened:
        return opened.load()


def read_zarr(dataset, folder):
    write_zarr(dataset, folder)
    with xr.open_zarr(folder) as opened:
        return opened.load()


@pytest.mark.parametrize("name", RESULTS)
def test_every_result_comes_back_from_netcdf(name):
    dataset = RESULTS[name]
    found = read_netcdf(dataset)
    xr.testing.assert_allclose(found, dataset, rtol=0, atol=0)
    assert set(found.attrs) == set(dataset.attrs)


@pytest.mark.parametrize("name", ["random-plane", "line", "shapes"])
def test_every_result_comes_back_from_zarr_with_its_attributes(name, tmp_path):
    dataset = RESULTS[name]
    found = read_zarr(dataset, tmp_path / "a.zarr")
    xr.testing.assert_identical(found.map(_text), dataset.map(_text))
    assert found.attrs == dataset.attrs


def _text(array):
    """Return text in one type, whatever it was stored in."""
    return array.astype(object).astype(str) if array.dtype.kind in "OUT" else array


def test_booleans_come_back_as_booleans(tmp_path):
    dataset = plane_samples.random_plane(5)
    assert 0 < int(dataset.measured.sum()) < 25
    for found in (read_netcdf(dataset), read_zarr(dataset, tmp_path / "a.zarr")):
        assert found.measured.dtype == bool
        np.testing.assert_array_equal(found.measured, dataset.measured)


def test_attributes_of_every_kind_come_back():
    attrs = {
        "orthogonal": True,
        "seed": 2**40,
        "num_examples": 2000,
        "cosine": np.float64(-0.25),
        "sizes": [1, 2],
        "nothing": None,
        "errors": {"loss": 0.5},
        "kind": "random",
        "count": np.int64(3),
    }
    found = read_netcdf(xr.Dataset({"loss": ("alpha", [1.0])}, attrs=attrs)).attrs
    assert found["orthogonal"] == 1
    assert (found["seed"], found["num_examples"], found["count"]) == (str(2**40), 2000, 3)
    assert (found["cosine"], found["kind"], found["nothing"]) == (-0.25, "random", "")
    assert json.loads(found["sizes"]) == [1, 2]
    assert json.loads(found["errors"]) == {"loss": 0.5}


def test_types_that_netcdf_lacks_are_widened():
    dataset = xr.Dataset(
        {
            "half": ("point", np.array([0.5, np.nan], np.float16)),
            "small": ("point", np.array([1, -5], np.int64)),
            "large": ("point", np.array([2**40, 1], np.int64)),
            "text": ("point", np.array(["a", "längst"], object)),
        }
    )
    found = read_netcdf(dataset)
    assert [found[name].dtype.kind for name in ("half", "small", "large")] == ["f", "i", "f"]
    assert found.large.values.tolist() == [2**40, 1]
    assert found.text.values.tolist() == ["a", "längst"]


def test_names_that_netcdf_lacks_are_changed_and_told():
    found = read_netcdf(xr.Dataset({"top5/accuracy": ("alpha", [1.0]), "größe": ("alpha", [2.0])}))
    assert found["top5_accuracy"].attrs["long_name"] == "top5/accuracy"
    assert found["gr__e"].attrs["long_name"] == "größe"


def test_how_a_dataset_was_stored_before_does_not_matter(tmp_path):
    """A dataset that was read from zarr carries chunks and compressors that NetCDF does not have."""
    dataset = plane_samples.random_plane(5)
    again = read_netcdf(read_zarr(dataset, tmp_path / "a.zarr"))
    xr.testing.assert_allclose(again, dataset)
    xr.testing.assert_allclose(read_zarr(again, tmp_path / "b.zarr"), dataset)


def test_an_attribute_of_an_unknown_kind_is_its_text():
    assert netcdf_attribute(np.datetime64("2020-01-01")) == "2020-01-01"
    assert netcdf_attribute({1: (2, {3})}) == '{"1": [2, [3]]}'
