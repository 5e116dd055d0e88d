import numpy as np

from modescape.report.figures import alignment_paths as figure
from report.alignment_samples import BARRIERS, alignment


def compute(dataset):
    return figure.compute({"alignment": dataset})


def test_each_pair_has_a_panel_for_loss_and_one_for_accuracy():
    dataset = alignment(pairs=("0-1", "2-5"))
    panels = compute(dataset).panels
    assert [panel.title for panel in panels] == [
        "Loss, pair 0-1",
        "Accuracy, pair 0-1",
        "Loss, pair 2-5",
        "Accuracy, pair 2-5",
    ]
    line = panels[3].lines[3]
    assert line.name == "matched by weights"
    np.testing.assert_allclose(line.y, 100 * dataset.accuracy.sel(pair="2-5", alignment="weights"))
    np.testing.assert_allclose(line.x, dataset.place)


def test_repaired_lines_are_dashed_in_the_colour_of_their_alignment():
    lines = compute(alignment()).panels[0].lines
    assert [(line.series, line.dashed) for line in lines] == [
        (0, False),
        (0, True),
        (1, False),
        (2, False),
        (3, False),
        (2, True),
        (3, True),
    ]


def test_the_middle_is_told():
    [found] = compute(alignment()).found
    assert found == "Half way the loss is 0.880 nats as they are, and 0.090 matched by activations, repaired."
    assert compute(alignment(pairs=("0-1", "2-5"))).found[1].startswith("Loss, pair 2-5: half way")


def test_alignments_that_were_not_measured_are_left_out():
    dataset = alignment()
    dataset["loss"][0, 2] = np.nan
    drawing = compute(dataset)
    assert len(drawing.panels[0].lines) == len(BARRIERS) - 1
    assert "nan" not in drawing.alt


def test_a_large_span_is_drawn_on_a_logarithmic_axis():
    dataset = alignment()
    assert not compute(dataset).panels[0].log_y
    dataset["loss"][0, 0, 2] = 3.0
    assert compute(dataset).panels[0].log_y


def test_more_pairs_than_fit_are_named():
    drawing = compute(alignment(pairs=("0-1", "0-2", "0-3", "0-4")))
    assert len(drawing.panels) == 6
    assert "The first 3 of 4 pairs are drawn." in drawing.shows
