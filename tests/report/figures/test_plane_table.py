import numpy as np

from modescape.report.figures.plane_table import plane_table
from report.plane_samples import curve_plane, line, solutions_plane


def rows(table, kind):
    chosen = table.columns["kind"] == kind
    return {name: column[chosen] for name, column in table.columns.items()}


def test_the_grid_has_a_row_for_each_point_with_all_its_numbers():
    dataset = solutions_plane(9)
    grid = rows(plane_table(dataset.transpose()), "grid")
    assert len(grid["loss"]) == 81
    np.testing.assert_allclose(grid["alpha"][:9], dataset.alpha.values[0])
    np.testing.assert_allclose(grid["loss"], dataset.loss.values.ravel())
    np.testing.assert_allclose(grid["agreement with member 1"], dataset.agreement.values[1].ravel())
    assert set(grid["measured"]) <= {0.0, 1.0}


def test_what_is_drawn_in_follows_with_its_name_place_and_residual():
    table = plane_table(solutions_plane(9))
    points, paths = rows(table, "point"), rows(table, "path")
    assert points["name"].tolist() == ["member 0", "member 1", "member 2"]
    assert points["alpha"].tolist() == [0.0, 24.0, 11.0]
    assert len(paths["loss"]) == 22
    assert paths["name"][[0, -1]].tolist() == ["0", "2"]
    assert paths["place"][:3].tolist() == ["0", "2", "4"]
    assert paths["residual"].max() > 1
    assert np.isnan(paths["measured"]).all()
    assert "curve" not in table.columns["kind"]


def test_curves_follow_too():
    curves = rows(plane_table(curve_plane(9)), "curve")
    assert curves["name"][[0, -1]].tolist() == ["linear", "bezier"]
    assert len(curves["alpha"]) == 42


def test_a_line_has_one_coordinate():
    table = plane_table(line(5))
    assert "beta" not in rows(table, "grid") or np.isnan(rows(table, "grid")["beta"]).all()
    assert len(rows(table, "grid")["loss"]) == 5
    assert table.as_csv().startswith("kind,name,place,alpha,")
