import csv
import io

import numpy as np
import pytest
import xarray as xr

from modescape.report.exports.tables import as_csv
from report.landscape_samples import curvature
from report.plane_samples import line, solutions_plane


def rows(content):
    return list(csv.DictReader(io.StringIO(content.decode())))


def test_a_plane_has_a_row_for_each_point_and_a_column_for_each_reference():
    dataset = solutions_plane(5)
    files = as_csv(dataset)
    found = rows(files[".csv"])
    assert len(found) == 25
    assert list(found[0]) == [
        "alpha",
        "beta",
        "loss",
        "accuracy",
        "measured",
        "agreement/member 0",
        "agreement/member 1",
        "agreement/member 2",
    ]
    row = found[7]
    at = {"alpha": float(row["alpha"]), "beta": float(row["beta"])}
    assert float(row["loss"]) == float(dataset.loss.sel(at))
    assert float(row["agreement/member 1"]) == float(dataset.agreement.sel({**at, "reference": "member 1"}))
    assert row["measured"] == str(bool(dataset.measured.sel(at)))


def test_what_is_drawn_in_stands_beside_it():
    dataset = solutions_plane(5)
    files = as_csv(dataset)
    assert set(files) == {".csv", "-point.csv", "-member-step.csv"}
    assert [row["point"] for row in rows(files["-point.csv"])] == ["member 0", "member 1", "member 2"]
    assert len(rows(files["-member-step.csv"])) == dataset.path_alpha.size


def test_a_line_is_a_table_too():
    found = rows(as_csv(line(7))[".csv"])
    assert [float(row["alpha"]) for row in found] == line(7).alpha.values.tolist()
    assert "agreement/member 0" in found[0]


def test_of_other_results_the_first_table_is_what_most_numbers_are_over():
    files = as_csv(curvature(2, num_bins=4))
    assert set(files) == {
        ".csv",
        "-matrix-member-step.csv",
        "-eigenvalue-matrix-member-step.csv",
        "-bin-matrix-member.csv",
    }
    assert set(rows(files[".csv"])[0]) >= {"member", "step", "sharpness", "width_high"}
    assert rows(files["-bin-matrix-member.csv"])[3]["bin"] == "3"


def test_single_numbers_and_nothing_at_all_are_written():
    dataset = xr.Dataset({"a": ("member", [1.0, np.nan]), "b": ("member", [1.0, 2.0]), "c": 3.0})
    files = as_csv(dataset)
    assert files["-single.csv"] == b"c\n3.0\n"
    assert files[".csv"] == b"member,a,b\n0,1.0,1.0\n1,,2.0\n"
    assert as_csv(xr.Dataset()) == {".csv": b""}


@pytest.mark.parametrize("name", ["loss", "accuracy"])
def test_numbers_are_those_of_the_dataset(name):
    dataset = solutions_plane(4)
    found = [float(row[name]) for row in rows(as_csv(dataset)[".csv"])]
    np.testing.assert_array_equal(found, dataset[name].values.ravel())
