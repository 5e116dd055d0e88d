import re

import numpy as np
import pytest
import xarray as xr

import modescape
from modescape.core.errors import ArgumentError, StoreError
from modescape.report.exports import SUFFIXES, save, save_landscape
from report import landscape_samples, plane_samples


@pytest.fixture
def plane():
    return plane_samples.random_plane(5)


def test_the_suffix_chooses_and_the_paths_come_back(plane, tmp_path):
    assert save_landscape(plane, tmp_path / "a.nc") == [tmp_path / "a.nc"]
    assert save_landscape(plane, str(tmp_path / "a.CSV")) == [tmp_path / "a.CSV", tmp_path / "a-point.csv"]
    assert save_landscape(plane, tmp_path / "a.b.vts") == [tmp_path / "a.b.vts", tmp_path / "a.b-points.vtu"]
    assert save_landscape(plane, tmp_path / "a.zarr") == [tmp_path / "a.zarr"]
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"a.nc", "a.CSV", "a-point.csv", "a.b.vts", "a.b-points.vtu", "a.zarr"}


@pytest.mark.parametrize("name", ["a.txt", "a", "nc", "a.pngs", ""])
def test_an_unknown_suffix_names_those_that_are_known(plane, tmp_path, name):
    message = rf"`path` must end in {re.escape(', '.join(SUFFIXES))}; got .*\. Choose what to write by one of them\."
    with pytest.raises(ArgumentError, match=message):
        save_landscape(plane, tmp_path / name if name else "")


def test_what_is_no_dataset_is_named(plane, tmp_path):
    with pytest.raises(ArgumentError, match=r"`dataset` must be an xarray\.Dataset; got DataArray\. Pass what"):
        save_landscape(plane.loss, tmp_path / "a.nc")


@pytest.mark.parametrize("suffix", [".html", ".png", ".svg", ".gif", ".mp4", ".vts"])
@pytest.mark.parametrize("name", ["lines", "minima"])
def test_results_that_are_no_plane_are_not_drawn(tmp_path, suffix, name):
    dataset = landscape_samples.landscapes()[name]
    with pytest.raises(
        ArgumentError, match=rf"must be over .* for \{suffix}; got \(member.*Write \.nc, \.zarr or \.csv"
    ):
        save_landscape(dataset, tmp_path / f"a{suffix}")
    assert list(tmp_path.iterdir()) == []


def test_any_results_are_written_as_arrays(tmp_path):
    dataset = landscape_samples.layers()
    for suffix in (".nc", ".zarr", ".csv"):
        assert save_landscape(dataset, tmp_path / f"a{suffix}")[0].exists()


def test_pictures_are_those_of_the_figure(plane, tmp_path):
    [png] = save_landscape(plane, tmp_path / "a.png")
    [svg] = save_landscape(plane_samples.line(9), tmp_path / "a.svg")
    assert png.read_bytes().startswith(b"\x89PNG")
    assert "<svg" in svg.read_text()


def test_a_page_holds_the_figure_alone(plane, tmp_path):
    [path] = save_landscape(plane, tmp_path / "a.html", loss_unit="nats")
    text = path.read_text()
    assert text.count("<figure") == 1
    assert "<h1>Loss landscape</h1>" in text
    assert 'class="answers"' not in text
    assert 'class="claims"' not in text
    assert "<nav" not in text
    assert "loss (nats)" in text


@pytest.mark.parametrize("make", [lambda: plane_samples.trajectory_plane(9), lambda: plane_samples.line(9)])
def test_a_page_is_drawn_without_an_error_or_a_request(open_page, tmp_path, make):
    [path] = save_landscape(make(), tmp_path / "a.html")
    opened = open_page(path)
    assert opened.messages == []
    assert opened.requests == [path.as_uri()]
    assert opened.page.locator("figure").count() == 1
    assert opened.page.locator("figure:not(:has(.main-svg, canvas))").count() == 0


def test_a_file_that_is_there_is_replaced_whole_or_not_at_all(plane, tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    path.write_text("mine")
    monkeypatch.setitem(save.PLAIN, ".csv", lambda dataset: {".csv": "no bytes"})  # noqa: ARG005
    with pytest.raises(TypeError):
        save_landscape(plane, path)
    assert [one.name for one in tmp_path.iterdir()] == ["a.csv"]
    assert path.read_text() == "mine"
    monkeypatch.undo()
    save_landscape(plane, path)
    assert path.read_text().startswith("alpha,beta,")


def test_a_zarr_folder_is_replaced_and_nothing_of_it_stays(plane, tmp_path):
    path = tmp_path / "a.zarr"
    save_landscape(plane.assign(old=plane.loss), path)
    save_landscape(plane, path)
    assert "old" not in xr.open_zarr(path)
    assert [one.name for one in tmp_path.iterdir()] == ["a.zarr"]
    np.testing.assert_array_equal(xr.open_zarr(path).loss, plane.loss)


def test_a_folder_that_is_no_zarr_is_left_alone(plane, tmp_path):
    path = tmp_path / "mine.zarr"
    path.mkdir()
    (path / "mine.txt").write_text("mine")
    with pytest.raises(ArgumentError, match=r"`path` must be new, or a zarr folder to replace; got .*mine\.zarr'"):
        save_landscape(plane, path)
    assert (path / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize("suffix", [".nc", ".zarr", ".csv"])
def test_a_place_that_can_not_be_written_is_one_line(plane, tmp_path, suffix):
    (tmp_path / "file").write_text("mine")
    message = rf"the landscape can't be written to .*a\{suffix}: .*\. Choose another place\."
    with pytest.raises(StoreError, match=message):
        save_landscape(plane, tmp_path / "file" / f"a{suffix}")


def test_it_is_public():
    assert modescape.save_landscape is save_landscape
