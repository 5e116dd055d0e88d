import numpy as np
import pytest

from modescape.report.figures import paths as figure
from report.geometry_samples import paths


def compute(dataset):
    return figure.compute({"paths": dataset})


def test_each_pair_has_three_panels_with_a_line_for_each_shape():
    dataset = paths(pairs=("0-1", "2-5"))
    drawing = compute(dataset)
    assert [panel.title for panel in drawing.panels] == [
        "Loss, pair 0-1",
        "Accuracy, pair 0-1",
        "Agreement with 0 (solid), 1 (dashed)",
        "Loss, pair 2-5",
        "Accuracy, pair 2-5",
        "Agreement with 2 (solid), 5 (dashed)",
    ]
    line = drawing.panels[4].lines[1]
    assert line.name == "Bezier curve"
    np.testing.assert_allclose(line.y, 100 * dataset.accuracy[1, 1])
    np.testing.assert_allclose(line.high, 100 * dataset.accuracy_high[1, 1])
    np.testing.assert_allclose(line.x, dataset.place)


def test_agreement_with_the_end_is_dashed_in_the_colour_of_its_path():
    lines = compute(paths()).panels[2].lines
    assert [(line.series, line.dashed) for line in lines] == [
        (0, False),
        (1, False),
        (2, False),
        (0, True),
        (1, True),
        (2, True),
    ]
    np.testing.assert_allclose(lines[0].y, 100 * paths().agreement_start[0, 0])
    np.testing.assert_allclose(lines[4].y, 100 * paths().agreement_end[0, 1])
    assert lines[0].low is None


def test_a_shape_has_one_entry_in_the_legend():
    assert [entry.label for entry in compute(paths()).legend] == ["straight line", "Bezier curve", "polyline"]


def test_barriers_and_changes_are_told_with_their_intervals():
    barrier, share = compute(paths(pairs=("3-7",), curves=("linear", "bezier"))).found
    assert barrier == (
        "From solution 3 to solution 7 the barrier of the loss is 1.150 nats [1.130, 1.170] along the straight line "
        "and 0.045 nats [0.025, 0.065] along the Bezier curve."
    )
    assert share.endswith("as a share of that between the ends, is 82 % [79, 85] along the Bezier curve.")


def test_a_number_without_an_interval_is_told_alone():
    dataset = paths(curves=("bezier",)).drop_vars(["barrier_low", "function_share"])
    [barrier] = compute(dataset).found
    assert barrier.endswith("is 0.045 nats along the Bezier curve.")


def test_paths_that_were_not_measured_are_left_out():
    dataset = paths(pairs=("0-1", "0-2"))
    for name in ("loss", "accuracy", "agreement_start", "barrier", "function_share"):
        dataset[name][0] = np.nan
        dataset[name][1, 2] = np.nan
    drawing = compute(dataset)
    assert [panel.title for panel in drawing.panels[:2]] == ["Loss", "Accuracy"]
    assert [line.name for line in drawing.panels[0].lines] == ["straight line", "Bezier curve"]
    assert not any("solution 1" in sentence for sentence in drawing.found)
    assert all("nan" not in text for text in (*drawing.found, drawing.alt))


def test_more_pairs_than_fit_are_named():
    pairs = tuple(f"0-{number}" for number in range(1, 6))
    drawing = compute(paths(pairs=pairs))
    assert len(drawing.panels) == 9
    assert "The first 3 of 5 pairs are drawn" in drawing.shows
    assert len(np.unique(drawing.table.columns["pair"])) == 5


@pytest.mark.parametrize(("factor", "log_y"), [(1.0, False), (40.0, True)])
def test_a_high_barrier_has_a_logarithmic_axis(factor, log_y):
    dataset = paths()
    dataset["loss"][0, 0, 10] *= factor
    drawing = compute(dataset)
    assert (drawing.panels[0].log_y, drawing.panels[1].log_y) == (log_y, False)


def test_results_without_agreement_or_accuracy_still_draw_the_loss():
    dataset = paths()[["loss"]]
    drawing = compute(dataset)
    assert [panel.title for panel in drawing.panels] == ["Loss"]
    assert drawing.found == ()
