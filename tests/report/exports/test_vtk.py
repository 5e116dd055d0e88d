import re
import sys
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from modescape.core.errors import ArgumentError, MissingDependencyError
from modescape.report.exports.vtk import HEIGHT, as_vtk, safe
from report import plane_samples

TYPES = {"Float64": np.float64, "Float32": np.float32, "UInt8": np.uint8, "Int32": np.int32, "Int64": np.int64}


class Vtk:
    """A VTK file read by its format alone: XML, and blocks behind the underscore that its offsets count from."""

    def __init__(self, content):
        start = content.index(b'<AppendedData encoding="raw">')
        self.blocks = content[content.index(b"_", start) + 1 :]
        end = content.rindex(b"</AppendedData>")
        self.root = ET.fromstring(content[:start] + content[end + len(b"</AppendedData>") :])  # noqa: S314
        self.header = np.dtype({"UInt32": np.uint32, "UInt64": np.uint64}[self.root.get("header_type", "UInt32")])
        assert self.root.get("byte_order") == {"little": "LittleEndian", "big": "BigEndian"}[sys.byteorder]

    def array(self, path):
        """Return the numbers of one array, one row a point where there are several components."""
        [found] = self.root.findall(path)
        offset = int(found.get("offset"))
        size = int(np.frombuffer(self.blocks, self.header, 1, offset)[0])
        kind = np.dtype(TYPES[found.get("type")])
        values = np.frombuffer(self.blocks, kind, size // kind.itemsize, offset + self.header.itemsize)
        return values.reshape(-1, int(found.get("NumberOfComponents"))).squeeze()

    def field(self, name):
        return self.array(f".//PointData/DataArray[@Name='{name}']")

    @property
    def points(self):
        return self.array(".//Points/DataArray")

    @property
    def names(self):
        return [one.get("Name") for one in self.root.findall(".//PointData/DataArray")]


def by_axis(values, dataset):
    """Return numbers in the order of VTK, the first axis fastest, as (alpha, beta)."""
    return values.reshape(dataset.sizes["beta"], dataset.sizes["alpha"]).T


def test_the_grid_is_that_of_the_plane_and_every_metric_is_a_field():
    dataset = plane_samples.solutions_plane(9).isel(beta=slice(0, 7))
    grid = Vtk(as_vtk(dataset)[".vts"])
    assert grid.root.get("type") == "StructuredGrid"
    assert grid.root.find("StructuredGrid").get("WholeExtent").split() == ["0", "8", "0", "6", "0", "0"]
    x, y, _ = grid.points.T
    np.testing.assert_array_equal(by_axis(x, dataset)[:, 3], dataset.alpha)
    np.testing.assert_array_equal(by_axis(y, dataset)[3], dataset.beta)
    for name in ("loss", "accuracy", "measured"):
        np.testing.assert_array_equal(by_axis(grid.field(name), dataset), dataset[name])
    for member in ("member 0", "member 2"):
        expected = dataset.agreement.sel(reference=member)
        np.testing.assert_array_equal(by_axis(grid.field(f"agreement with {member}"), dataset), expected)


def test_the_height_is_the_loss_scaled_to_the_plane():
    dataset = plane_samples.solutions_plane(9)
    z = by_axis(Vtk(as_vtk(dataset)[".vts"]).points[:, 2], dataset)
    loss = dataset.loss.values
    longer = float(np.ptp(dataset.alpha.values))
    np.testing.assert_allclose(z, HEIGHT * longer * (loss - loss.min()) / np.ptp(loss), atol=1e-9)


def test_the_height_is_the_logarithm_where_it_is_drawn_so_and_what_is_not_there_stands_on_top():
    dataset = plane_samples.random_plane(9)
    grid = Vtk(as_vtk(dataset)[".vts"])
    z, loss = by_axis(grid.points[:, 2], dataset), dataset.loss.values
    known = np.isfinite(loss)
    low, high = np.log10(loss[known].min()), np.log10(loss[known].max())
    np.testing.assert_allclose(z[known], HEIGHT * 2 * (np.log10(loss[known]) - low) / (high - low), atol=1e-9)
    assert (z[~known] == HEIGHT * 2).all()
    assert np.isnan(by_axis(grid.field("loss"), dataset)[~known]).all()
    np.testing.assert_allclose(by_axis(grid.field("log10 loss"), dataset)[known], np.log10(loss[known]))


def test_marks_lie_on_the_surface_with_their_numbers():
    dataset = plane_samples.solutions_plane(9)
    marks = Vtk(as_vtk(dataset)["-points.vtu"])
    assert marks.root.get("type") == "UnstructuredGrid"
    np.testing.assert_array_equal(marks.points[:, :2], np.stack([dataset.point_alpha, dataset.point_beta], axis=1))
    np.testing.assert_array_equal(marks.field("loss"), dataset.point_loss)
    assert marks.field("point").tolist() == [0, 1, 2]
    at_grid = plane_samples.solutions_plane(9).assign(point_alpha=("point", dataset.alpha.values[[2, 3, 4]]))
    at_grid["point_beta"] = ("point", dataset.beta.values[[1, 5, 7]])
    files = as_vtk(at_grid)
    z = by_axis(Vtk(files[".vts"]).points[:, 2], dataset)
    np.testing.assert_allclose(Vtk(files["-points.vtu"]).points[:, 2], z[[2, 3, 4], [1, 5, 7]])


def test_each_path_is_one_line_without_the_epochs_it_misses():
    dataset = plane_samples.trajectory_plane(9)
    paths = Vtk(as_vtk(dataset)["-paths.vtu"])
    there = np.isfinite(dataset.path_alpha.values)
    assert there.sum() == there.size - 1
    assert paths.array(".//Cells/DataArray[@Name='offsets']").tolist() == there.sum(axis=1).cumsum().tolist()
    assert set(paths.array(".//Cells/DataArray[@Name='types']").tolist()) == {4}
    np.testing.assert_array_equal(paths.points[:, 0], dataset.path_alpha.values[there])
    np.testing.assert_array_equal(paths.field("step"), np.broadcast_to(dataset.step, there.shape)[there])
    np.testing.assert_array_equal(paths.field("residual"), dataset.path_residual.values[there])
    assert set(paths.field("member")) == {0, 1}


def test_curves_are_lines_and_places_beside_the_grid_have_the_height_of_its_edge():
    dataset = plane_samples.curve_plane(9)
    dataset["curve_beta"] = dataset.curve_beta + 100
    curves = Vtk(as_vtk(dataset)["-curves.vtu"])
    assert curves.points.shape == (42, 3)
    assert np.isfinite(curves.points).all()
    inside = curves.points[(curves.points[:, 0] >= -5.5) & (curves.points[:, 0] <= 27.5)]
    edge = by_axis(Vtk(as_vtk(dataset)[".vts"]).points[:, 2], dataset)[:, -1]
    np.testing.assert_allclose(inside[:, 2], np.interp(inside[:, 0], dataset.alpha, edge), atol=1e-9)


def test_what_is_not_drawn_in_has_no_file():
    dataset = plane_samples.random_plane(5)
    assert set(as_vtk(dataset)) == {".vts", "-points.vtu"}
    nowhere = dataset.assign(point_alpha=np.nan * dataset.point_alpha)
    assert set(as_vtk(nowhere)) == {".vts"}


def test_names_can_not_break_the_file():
    dataset = plane_samples.random_plane(5)
    named = dataset.assign({'a "b" <c> & é': dataset.accuracy}).assign_coords(reference=['<script>"'])
    grid = Vtk(as_vtk(named)[".vts"])
    assert "a _b_ _c_ _ é" in grid.names
    assert "agreement with _script__" in grid.names
    assert not re.search(r'[<>"&]', "".join(safe(chr(code)) for code in range(256)))


def test_the_file_is_written_in_one_order_whatever_the_order_of_the_dataset():
    dataset = plane_samples.solutions_plane(6).isel(alpha=slice(0, 4))
    assert as_vtk(dataset.transpose(..., "beta", "alpha"))[".vts"] == as_vtk(dataset)[".vts"]


def test_a_line_is_no_surface():
    with pytest.raises(ArgumentError, match=r"`dataset` must be over alpha and beta, for \.vts; got \(alpha\)\. Write"):
        as_vtk(plane_samples.line())


def test_without_the_package_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyevtk.hl", None)
    with pytest.raises(MissingDependencyError, match=r'`pyevtk`, which can\'t .* pip install "modescape\[export\]"'):
        as_vtk(plane_samples.random_plane(5))
