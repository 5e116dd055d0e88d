import numpy as np
import pytest
import xarray as xr

from modescape.report.figures import radial_cut
from report.geometry_samples import radial, stored


def small(**changes):
    """Return a grid of 2 radii and 4 directions whose numbers are known; solutions at 0 and 90 degrees, radius 10."""
    radius, angle = np.array([5.0, 10.0]), np.array([-np.pi / 2, 0.0, np.pi / 2, np.pi])
    grid = ("radius", "angle")
    data = {
        "accuracy": (grid, np.array([[0.1, 0.2, 0.3, 0.4], [0.15, 0.65, 0.6, 0.45]])),
        "loss": (grid, np.array([[1.0, 2.0, 3.0, 4.0], [2.0, 1.0, 1.0, 5.0]])),
        "agreement_first": (grid, np.array([[0.1, 0.5, 0.4, 0.2], [0.1, 1.0, 0.7, 0.3]])),
        "agreement_second": (grid, np.array([[0.1, 0.4, 0.5, 0.2], [0.1, 0.72, 0.98, 0.3]])),
    }
    attrs = {"first": 2, "second": 5, "radius_first": 9.0, "radius_second": 11.0, "angle_second": 1.5}
    return xr.Dataset(data, coords={"radius": radius, "angle": angle}, attrs=attrs | changes)


def compute(dataset):
    return radial_cut.compute({"radial": stored(dataset)})


def test_four_surfaces_show_the_stored_numbers_in_percent():
    dataset = small()
    panels = compute(dataset).panels
    assert [panel.title for panel in panels] == [
        "Accuracy",
        "Loss",
        "Agreement with solution 2",
        "Agreement with solution 5",
    ]
    for panel, name, scale in zip(panels, dataset, (100, 1, 100, 100), strict=True):
        np.testing.assert_allclose(panel.values, scale * dataset[name].values)
    assert panels[2].color_range == panels[3].color_range == pytest.approx((10.0, 100.0))


def test_solutions_and_origin_are_marked_where_they_lie():
    marks = compute(small()).panels[0].marks
    assert [(mark.name, mark.radius, mark.angle) for mark in marks] == [
        ("origin", 0.0, 0.0),
        ("solution 2", 9.0, 0.0),
        ("solution 5", 11.0, 1.5),
    ]
    assert len({mark.symbol for mark in marks}) == 3


def test_the_cells_of_both_solutions_are_told():
    at, between = compute(small(angle_second=-np.pi / 2 - 2 * np.pi)).found
    assert at == (
        "At the cells nearest to solution 2 and solution 5 accuracy is 65.0 % and 15.0 %; "
        "they agree with the other solution on 72.0 % and 10.0 % of examples."
    )
    assert between.startswith("Half way")
    at, between = compute(small()).found
    assert "65.0 % and 60.0 %" in at
    assert "72.0 % and 70.0 % of examples" in at


@pytest.mark.parametrize(("ratio", "log_color"), [(30.0, True), (3.0, False)])
def test_the_loss_has_logarithmic_colours_where_it_spans_much(ratio, log_color):
    assert compute(radial(loss_ratio=ratio)).panels[1].log_color is log_color


def test_a_loss_that_touches_zero_has_linear_colours():
    dataset = radial(loss_ratio=300.0)
    dataset["loss"][0, 0] = 0.0
    assert compute(dataset).panels[1].log_color is False


def test_what_was_not_measured_is_left_out():
    dataset = small().drop_vars(["loss", "agreement_second"])
    dataset.attrs = {}
    drawing = compute(dataset)
    assert [panel.title for panel in drawing.panels] == ["Accuracy", "Agreement with solution 0"]
    assert [mark.name for mark in drawing.panels[0].marks] == ["origin"]
    assert drawing.found == ()


def test_a_gap_at_a_solution_says_nothing_about_it():
    dataset = small()
    dataset["accuracy"][1, 1] = np.nan
    drawing = compute(dataset)
    assert not any(sentence.startswith("At the cells") for sentence in drawing.found)
    assert "nan" not in drawing.alt


@pytest.mark.parametrize(("treatment", "is_told"), [("renewed", True), ("none", False)])
def test_renewed_batch_norm_is_told(treatment, is_told):
    assert ("Batch norm" in compute(small(batch_norm=treatment)).shows) is is_told


def test_the_table_holds_every_cell():
    assert len(compute(small()).table.columns["agreement_second"]) == 8
