import numpy as np
import pytest

from modescape.report.figures import cells, drawn, early_signs, effects, shapes
from report import landscape_samples as samples


def panel_of(drawing, title):
    return next(panel for panel in drawing.panels if panel.title.startswith(title))


def test_each_measure_has_a_row_for_each_cell_at_the_end_of_training():
    dataset = samples.shapes()
    drawing = shapes.compute({"shapes": dataset})
    assert [panel.title for panel in drawing.panels][:3] == ["Training loss", "Test accuracy", "Validation accuracy"]
    assert len(drawing.panels) == len(samples.MEASURES)
    panel = panel_of(drawing, "Test accuracy")
    assert [(row.group, row.name) for row in panel.rows][3:5] == [
        ("mnist", "skip=false, width=1"),
        ("cifar10", "skip=true, width=0.5"),
    ]
    late = dataset.sel({"measure": "test_accuracy", "cell": "cifar10, skip=true, width=0.5", "stage": "late"})
    row = panel.rows[4]
    assert (row.value, row.low, row.high) == pytest.approx(
        [100 * float(late[name]) for name in ("mean", "low", "high")]
    )
    np.testing.assert_allclose(row.dots, 100 * late.value)


def test_rows_of_one_heading_stand_together_whatever_their_order():
    dataset = samples.shapes(factors=("data", "skip"))
    mixed = dataset.isel(cell=[0, 2, 1, 3])
    groups = [row.group for row in shapes.compute({"shapes": mixed}).panels[0].rows]
    assert groups == ["mnist", "mnist", "cifar10", "cifar10"]
    one = samples.shapes(factors=("skip",))
    rows = shapes.compute({"shapes": one}).panels[0].rows
    assert [(row.group, row.name) for row in rows] == [("", "skip=true"), ("", "skip=false")]


def test_text_may_be_of_any_type():
    dataset = samples.shapes()
    expected = [(row.group, row.name) for row in shapes.compute({"shapes": dataset}).panels[0].rows]
    for kind in (object, np.dtypes.StringDType()):
        read = dataset.assign(level=dataset.level.astype(kind)).assign_coords(cell=dataset.cell.values.astype(kind))
        assert [(row.group, row.name) for row in shapes.compute({"shapes": read}).panels[0].rows] == expected


def test_members_and_cells_that_were_lost_are_left_out():
    dataset = samples.shapes()
    first = str(dataset.cell.values[0])
    dataset["mean"] = dataset["mean"].where(dataset.cell != first)
    dataset["value"] = dataset.value.where(dataset.member != 1)
    rows = panel_of(shapes.compute({"shapes": dataset}), "Width").rows
    assert len(rows) == 7
    assert all(len(row.dots) == 2 for row in rows)


def test_a_measure_without_numbers_has_no_panel():
    dataset = samples.shapes()
    for name in ("mean", "effect", "correlation"):
        dataset[name] = dataset[name].where(dataset.measure != "validation_accuracy")
    for kind in (shapes.FIGURE, shapes.STAGES_FIGURE, effects.FIGURE):
        titles = [panel.title for panel in kind.compute({"shapes": dataset}).panels]
        assert len(titles) == len(samples.MEASURES) - 1
        assert "Validation accuracy" not in titles


def test_the_extremes_are_told():
    dataset = samples.shapes()
    accuracy, width = shapes.compute({"shapes": dataset}).found
    late = dataset["mean"].sel({"measure": "width", "stage": "late"})
    lowest = str(late.cell.values[int(late.values.argmin())])
    assert width.startswith(f"Width (filter norms) goes from {float(late.min()):.3f} [")
    assert f"({lowest}) to {float(late.max()):.3f} [" in width
    assert accuracy.startswith("Test accuracy (%) goes from ")


def test_stages_are_lines_over_epochs():
    dataset = samples.shapes(factors=("data",))
    drawing = shapes.compute_stages({"shapes": dataset})
    line = panel_of(drawing, "Width").lines[1]
    assert line.name == "cifar10"
    assert line.x.tolist() == [2, 10, 20]
    np.testing.assert_allclose(line.y, dataset["mean"].sel({"measure": "width", "cell": "cifar10"}))
    assert set(drawing.table.columns) >= {"mean", "low", "high"}
    many = shapes.compute_stages({"shapes": samples.shapes()})
    assert many.panels[0].log_y
    unknown = shapes.compute_stages({"shapes": dataset.drop_vars("stage_epoch")})
    assert unknown.panels[0].lines[0].x.tolist() == [1, 2, 3]


def test_each_change_has_a_row_for_each_stage():
    dataset = samples.shapes()
    panel = panel_of(effects.compute({"shapes": dataset}), "Test accuracy")
    assert [row.group for row in panel.rows[::3]] == [
        "data: mnist to cifar10",
        "skip: true to false",
        "width: 0.5 to 1",
    ]
    assert [row.name for row in panel.rows[:3]] == ["early", "middle", "late"]
    place = {"measure": "test_accuracy", "contrast": "skip: true to false", "stage": "late"}
    expected = [100 * float(dataset[f"effect{end}"].sel(place)) for end in ("", "_low", "_high")]
    assert (panel.rows[5].value, panel.rows[5].low, panel.rows[5].high) == pytest.approx(expected)
    assert [mark.x for mark in panel.marks] == [0.0]


def test_what_each_change_does_is_told_with_its_interval():
    told = effects.compute({"shapes": samples.shapes()}).found
    assert len(told) == 3
    assert told[1].startswith("skip: true to false, late: test accuracy -")
    dataset = samples.shapes()
    dataset["effect_high"] = dataset.effect_high + 1e3
    assert "which can't be told from 0" in effects.compute({"shapes": dataset}).found[1]


def test_early_measures_are_ranked_at_all_stages_but_the_last():
    dataset = samples.shapes()
    early, middle, pairs = early_signs.compute({"shapes": dataset}).panels
    assert [panel.title for panel in (early, middle, pairs)] == [
        "Rank correlation, early (epoch 2)",
        "Rank correlation, middle (epoch 10)",
        "Pairs in order, early (epoch 2)",
    ]
    place = {"scope": "across cells", "measure": "sharpness", "stage": "middle"}
    row = next(row for row in middle.rows if (row.group, row.name) == ("across cells", "sharpness"))
    assert row.value == float(dataset.correlation.sel(place))
    assert (row.low, row.high) == (
        float(dataset.correlation_low.sel(place)),
        float(dataset.correlation_high.sel(place)),
    )
    place["stage"] = "early"
    row = next(row for row in pairs.rows if (row.group, row.name) == ("across cells", "sharpness"))
    assert row.value == pytest.approx(100 * float(dataset.concordance.sel(place)))
    assert pairs.marks[0].x == 50
    assert len(early_signs.compute({"shapes": dataset.drop_vars("concordance")}).panels) == 2


def test_the_best_early_measure_is_told_and_is_not_the_outcome_itself():
    dataset = samples.shapes()
    best = {"measure": "test_accuracy", "stage": "early"}
    dataset["correlation"].loc[best] = 0.99
    within, across = early_signs.compute({"shapes": dataset}).found
    assert within.startswith("Within cells, the early measure other than test accuracy that goes most with the end is ")
    assert "training loss: -0.35 [-0.55, -0.15]. It is the best of 8, so its interval flatters it." in within
    assert across.startswith("Across cells")
    dataset["correlation_high"] = dataset.correlation_high + 1
    assert "which is not clear of 0" in early_signs.compute({"shapes": dataset}).found[0]


def test_figures_say_what_they_miss():
    dataset = samples.shapes().drop_vars(["effect", "correlation"]).isel(stage=[2])
    kinds = (shapes.FIGURE, shapes.STAGES_FIGURE, effects.FIGURE, early_signs.FIGURE)
    drawings, left_out = drawn(kinds, {"shapes": dataset})
    assert [drawing.name for drawing in drawings] == ["shapes"]
    assert {one.name: one.reason for one in left_out} == {
        "shapes-stages": "needs at least 2 stages",
        "effects": "`shapes` results have no `effect`",
        "early-signs": "`shapes` results have no `correlation`",
    }


def test_unknown_measures_and_stages_are_drawn_as_they_are_stored():
    dataset = samples.shapes(factors=("skip",)).isel(stage=[0, 1])
    names = [*samples.MEASURES[:-1], "my own"]
    drawing = shapes.compute({"shapes": dataset.assign_coords(measure=names)})
    assert drawing.panels[-1].title == "My own"
    assert "middle (epoch 10) in training" in drawing.shows
    assert cells.numbers_at(dataset, "nothing", {}).tolist() == []
