import numpy as np
import pytest

from modescape.report.figures import curvature, drawn, spectral_density
from report import landscape_samples as samples


def compute(dataset):
    return curvature.compute({"curvature": dataset})


def panel_of(drawing, title):
    return next(panel for panel in drawing.panels if panel.title.startswith(title))


def test_each_number_has_a_panel_and_each_member_a_line():
    drawing = compute(samples.curvature(3))
    assert [panel.title.partition(":")[0] for panel in drawing.panels] == [
        "Largest eigenvalue",
        "Trace",
        "Sharpness",
        "Width",
        "Length of the gradient",
        "Training loss",
    ]
    assert [line.name for line in panel_of(drawing, "Sharpness").lines] == ["member 0", "member 1", "member 2"]


def test_the_hessian_is_solid_and_the_other_matrix_dashed():
    dataset = samples.curvature(2)
    panel = panel_of(compute(dataset), "Largest")
    assert panel.title == "Largest eigenvalue: Hessian (solid), Gauss-Newton (dashed)"
    assert [(line.name, line.dashed, line.legend) for line in panel.lines] == [
        ("member 0, Hessian", False, "member 0"),
        ("member 1, Hessian", False, "member 1"),
        ("member 0, Gauss-Newton", True, "member 0"),
        ("member 1, Gauss-Newton", True, "member 1"),
    ]
    expected = dataset.top.sel(matrix="ggn", member=1).isel(eigenvalue=0)
    np.testing.assert_allclose(panel.lines[3].y, expected)
    np.testing.assert_array_equal(panel.lines[3].x, dataset.step)


def test_traces_have_bands_of_two_standard_errors_and_widths_their_intervals():
    dataset = samples.curvature(2)
    drawing = compute(dataset)
    line = panel_of(drawing, "Trace").lines[0]
    trace, error = (dataset[name].sel(matrix="hessian", member=0) for name in ("trace", "trace_error"))
    np.testing.assert_allclose(line.high, trace + 2 * error)
    np.testing.assert_allclose(line.low, trace - 2 * error)
    width = panel_of(drawing, "Width").lines[1]
    np.testing.assert_allclose(width.low, dataset.width_low[1])
    np.testing.assert_allclose(width.high, dataset.width_high[1])


def test_a_member_that_was_looked_at_once_is_one_point():
    lines = panel_of(compute(samples.curvature(3)), "Sharpness").lines
    assert [len(line.x) for line in lines] == [5, 5, 1]
    assert lines[2].x.tolist() == [20]


def test_one_matrix_and_numbers_that_are_missing_are_left_out():
    dataset = samples.curvature(2).sel(matrix=["ggn"]).drop_vars(["trace_error", "sharpness"])
    dataset["gradient_norm"] = np.nan * dataset.gradient_norm
    drawing = compute(dataset)
    assert [panel.title for panel in drawing.panels] == [
        "Largest eigenvalue: Gauss-Newton",
        "Trace: Gauss-Newton",
        "Width",
        "Training loss",
    ]
    assert not drawing.panels[0].lines[0].dashed
    assert drawing.panels[1].lines[0].low is None


def test_many_members_have_one_median_for_each_matrix():
    lines = panel_of(compute(samples.curvature(8)), "Largest").lines
    medians = [(line.name, line.series, line.dashed) for line in lines if line.name.startswith("median")]
    assert medians == [("median of members, Hessian", 0, False), ("median of members, Gauss-Newton", 1, True)]


def test_the_end_of_training_is_told():
    dataset = samples.curvature(3)
    top = dataset.top.sel(matrix="hessian").isel(eigenvalue=0, step=-1)
    [told] = compute(dataset).found
    assert f"largest eigenvalue {float(top.min()):.2f} to {float(top.max()):.2f} of the Hessian matrix and " in told
    assert told.endswith(" filter norms.")


def test_the_density_is_logarithmic_and_its_tail_is_not_drawn():
    dataset = samples.curvature(2)
    drawing = spectral_density.compute({"curvature": dataset})
    assert [panel.title for panel in drawing.panels] == ["Hessian matrix", "Gauss-Newton matrix"]
    line = drawing.panels[0].lines[1]
    density = dataset.density.sel(matrix="hessian", member=1).values
    shown = density > 1e-6 * density.max()
    np.testing.assert_array_equal(np.isfinite(line.y), shown)
    np.testing.assert_allclose(line.y[shown], density[shown])
    np.testing.assert_allclose(line.x, dataset.density_at.sel(matrix="hessian", member=1))
    assert all(panel.log_y for panel in drawing.panels)


def test_the_share_of_small_eigenvalues_is_told():
    dataset = samples.curvature(1)
    at, density = (dataset[name].sel(matrix="ggn", member=0).values for name in ("density_at", "density"))
    density = np.where(density > 1e-6 * density.max(), density, 0.0)
    largest = float(dataset.top.sel(matrix="ggn", member=0).isel(eigenvalue=0, step=-1))
    share = 100 * density[np.abs(at) <= 0.05 * largest].sum() / density.sum()
    told = spectral_density.compute({"curvature": dataset}).found[1]
    assert told == (
        f"{share:.1f} % of the eigenvalues of the Gauss-Newton matrix are smaller than 5 % of the largest, up to the "
        "smoothing."
    )
    assert spectral_density.compute({"curvature": dataset.drop_vars("top")}).found == ()


def test_members_without_a_density_are_left_out():
    dataset = samples.curvature(8)
    dataset["density"] = dataset.density.where(dataset.member != 3)
    lines = spectral_density.compute({"curvature": dataset}).panels[0].lines
    assert len(lines) == 7
    assert {line.legend for line in lines} == {"one member"}


@pytest.mark.parametrize(("missing", "name"), [("top", "curvature"), ("density", "spectral-density")])
def test_a_figure_without_its_numbers_says_so(missing, name):
    results = {"curvature": samples.curvature(2).drop_vars(missing)}
    _, left_out = drawn((curvature.FIGURE, spectral_density.FIGURE), results)
    assert [(one.name, one.reason) for one in left_out] == [(name, f"`curvature` results have no `{missing}`")]
