import numpy as np
import pytest
import xarray as xr

from modescape.core.errors import ArgumentError
from modescape.report import FIGURES, Lines, Relief, Surface, drawn
from modescape.report.figures.plane_surfaces import plane_surfaces
from modescape.report.figures.planes import TITLES, plane_drawing
from report.plane_samples import curve_plane, line, planes, random_plane, solutions_plane, trajectory_plane


def titles(dataset):
    return [panel.title for panel in plane_drawing(dataset, loss_unit="nats").panels]


def test_each_plane_has_its_figure_under_the_name_of_its_step():
    drawings, left_out = drawn(FIGURES, planes())
    assert {one.name for one in drawings} == set(planes())
    assert {one.title for one in drawings} == {TITLES[kind] for kind in ("solutions", "random", "trajectory", "curve")}
    assert {"solutions-plane"} & {one.name for one in left_out} == set()


def test_the_relief_comes_first_and_shows_all_surfaces_of_the_same_plane():
    drawing = plane_drawing(solutions_plane())
    relief, *surfaces = drawing.panels
    assert isinstance(relief, Relief)
    assert list(relief.surfaces) == surfaces
    assert [one.title for one in surfaces] == [
        "Loss",
        "Accuracy",
        "Agreement with member 0",
        "Agreement with member 1",
        "Agreement with member 2",
    ]
    assert "from the side, with member 0, member 2" in relief.alt


def test_numbers_are_those_that_were_stored_in_the_unit_that_is_shown():
    dataset = solutions_plane()
    loss, accuracy, agreement, *_ = plane_surfaces(dataset.transpose(), loss_unit="nats")
    np.testing.assert_allclose(loss.values, dataset.loss.values)
    np.testing.assert_allclose(accuracy.values, 100 * dataset.accuracy.values)
    np.testing.assert_allclose(agreement.values, 100 * dataset.agreement.values[0])
    np.testing.assert_allclose((loss.x, loss.y), (dataset.alpha.values, dataset.beta.values))
    assert loss.color_label == "loss (nats)"
    assert plane_surfaces(dataset)[0].color_label == "loss"


def test_agreements_have_one_scale_and_other_colours_than_accuracy():
    _, accuracy, *agreements = plane_surfaces(solutions_plane())
    assert len({one.color_range for one in agreements}) == 1
    assert {one.colors for one in agreements} == {"cividis"}
    assert accuracy.colors == "viridis"


@pytest.mark.parametrize(("ratio", "is_log"), [(60.0, True), (4.0, False)])
def test_the_loss_is_logarithmic_where_it_spans_much(ratio, is_log):
    surfaces = plane_surfaces(random_plane(log_ratio=ratio))
    assert surfaces[0].log_color is is_log
    assert not any(one.log_color for one in surfaces[1:])


def test_a_loss_that_touches_zero_is_linear():
    dataset = random_plane(log_ratio=500.0)
    dataset["loss"][3, 3] = 0.0
    assert plane_surfaces(dataset)[0].log_color is False


def test_gaps_stay_gaps():
    dataset = random_plane()
    surface = plane_surfaces(dataset)[0]
    assert np.isnan(surface.values).sum() == np.isnan(dataset.loss.values).sum() > 0
    assert "nan" not in plane_drawing(dataset).alt


def test_members_and_ways_are_drawn_where_they_lie_and_told():
    dataset = solutions_plane()
    surface = plane_surfaces(dataset, loss_unit="nats")[0]
    assert [(place.name, place.x, place.y) for place in surface.places][1] == ("member 1", 24.0, 0.0)
    assert surface.places[1].note == "loss 0.430 nats, accuracy 81.5 %, in the plane"
    assert [walk.name for walk in surface.walks] == ["member 0", "member 2"]
    np.testing.assert_allclose(surface.walks[1].x, dataset.path_alpha.sel(member=2))
    assert surface.steps[:2] == ("epoch 0", "epoch 2")
    assert surface.walks[0].notes[1].startswith("epoch 2: loss 1.785 nats, accuracy ")
    assert surface.walks[0].notes[1].endswith(" from the plane")


def test_a_missing_checkpoint_keeps_its_step():
    walk = plane_surfaces(trajectory_plane())[0].walks[1]
    assert np.isnan(walk.x[3])
    assert len(walk.x) == 21


def test_curves_have_their_names_and_the_control_point_another_shape():
    surface = plane_surfaces(curve_plane())[0]
    assert [(curve.name, curve.dashed) for curve in surface.curves] == [
        ("straight line", True),
        ("Bezier curve", False),
    ]
    assert [place.symbol for place in surface.places] == ["star", "star", "diamond"]


def test_metrics_of_a_users_own_are_drawn_after_ours():
    dataset = random_plane()
    dataset["perplexity"] = dataset.loss**2
    dataset["perplexity_error"] = 0.1 * dataset.loss
    assert titles(dataset)[-1] == "Perplexity"
    assert titles(dataset.drop_vars(["accuracy", "agreement"]))[1:] == ["Loss", "Perplexity"]


def test_no_more_than_three_references_are_drawn():
    dataset = solutions_plane()
    more = xr.concat([dataset] * 2, dim="reference", data_vars="minimal", coords="minimal", compat="override")
    assert sum(title.startswith("Agreement") for title in titles(more)) == 3


@pytest.mark.parametrize("change", ["gone", "nothing"])
def test_a_plane_without_a_loss_is_refused(change):
    dataset = random_plane()
    if change == "gone":
        with pytest.raises(ArgumentError, match="hold `loss` over"):
            plane_drawing(dataset.drop_vars("loss"))
    else:
        with pytest.raises(ArgumentError, match="`dataset` must hold a loss that is finite somewhere; got none"):
            plane_drawing(dataset.assign(loss=np.nan * dataset.loss))


def test_a_flat_plane_of_an_unknown_kind_is_drawn():
    dataset = random_plane().drop_attrs()
    dataset["loss"] = 0 * dataset.loss + 2.0
    dataset["loss"] = dataset.loss.fillna(2.0)
    drawing = plane_drawing(dataset.drop_vars([name for name in dataset if str(name).startswith("point")]))
    assert isinstance(drawing.panels[1], Surface)
    assert drawing.title == TITLES["plane"]
    assert drawing.panels[1].x_label == "alpha"


def test_a_line_has_panels_of_lines():
    drawing = plane_drawing(line(), name="landscape")
    assert all(isinstance(panel, Lines) for panel in drawing.panels)
    assert [panel.title for panel in drawing.panels] == ["Loss", "Accuracy", "Agreement"]
    marks, loss = drawing.panels[0].lines
    assert marks.name == "member 0, member 1"
    np.testing.assert_array_equal(marks.x, [0, 0, np.nan, 24, 24, np.nan])
    np.testing.assert_allclose(loss.high - loss.y, 0.02)
    assert [one.name for one in drawing.panels[2].lines[1:]] == ["Agreement with member 0", "Agreement with member 1"]
    assert drawing.found == ()
    assert len(drawing.table.columns["loss"]) == 41 + 2


def test_a_line_of_a_kind_that_is_usual_for_planes_is_still_a_line():
    assert plane_drawing(line(kind="random")).title == TITLES["line"]


def test_a_given_heading_and_name_are_kept():
    drawing = plane_drawing(random_plane(), name="mine", title="My network")
    assert (drawing.name, drawing.title) == ("mine", "My network")
