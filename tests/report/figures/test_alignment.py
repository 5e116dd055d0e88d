import numpy as np
import pytest

from modescape.report.figures import alignment as figure
from modescape.report.figures.kind import drawn
from report.alignment_samples import BARRIERS, COSINES, alignment


def compute(dataset):
    return figure.compute({"alignment": dataset})


def test_each_alignment_has_a_row_with_its_interval():
    cosine, barrier, middle = compute(alignment()).panels
    assert [row.name for row in cosine.rows] == [
        "as they are",
        "rescaled",
        "matched by weights",
        "matched by activations",
    ]
    assert [row.value for row in cosine.rows] == pytest.approx(list(COSINES.values()))
    assert not any(row.has_interval for row in cosine.rows)
    assert [row.value for row in barrier.rows] == pytest.approx(list(BARRIERS.values()))
    assert barrier.rows[1].name == "as they are, repaired"
    assert (barrier.rows[1].low, barrier.rows[1].high) == pytest.approx((0.29, 0.31))
    assert middle.rows[3].value == pytest.approx(100 * (0.01 + 0.2 * BARRIERS["scale"]))


def test_repair_keeps_the_colour_of_its_alignment():
    rows = compute(alignment()).panels[1].rows
    assert [row.series for row in rows] == [0, 0, 1, 2, 3, 2, 3]


def test_the_disagreement_of_the_solutions_themselves_is_the_same_for_all_and_stands_beside():
    drawing = compute(alignment())
    row = drawing.panels[2].rows[0]
    assert (row.name, row.series) == ("the solutions themselves", None)
    assert (row.value, row.low, row.high) == pytest.approx((2.0, 1.5, 2.5))
    assert "their disagreement stays as it was" in drawing.shows
    assert "90 % intervals" in drawing.shows


def test_what_was_found_is_told_with_intervals():
    barrier, cosine = compute(alignment(pairs=("2-5",))).found
    assert barrier == (
        "From solution 2 to solution 5 the barrier of the loss is 0.800 nats [0.790, 0.810] as they are; the lowest "
        "after alignment is 0.010 nats [0.000, 0.020] (matched by activations, repaired)."
    )
    assert cosine == (
        "The cosine between their weights goes from 0.007 to at most 0.370 (matched by weights); they still differ on "
        "2.0 % [1.5, 2.5] of the examples."
    )


def test_pairs_stand_under_headings_and_no_more_than_three_are_drawn():
    drawing = compute(alignment(pairs=("0-1", "0-2", "1-2", "2-3")))
    groups = [row.group for row in drawing.panels[1].rows]
    assert groups == [f"solutions {pair}" for pair in ("0 and 1", "0 and 2", "1 and 2") for _ in BARRIERS]
    assert [row.group for row in drawing.panels[2].rows][8] == "solutions 0 and 2"
    assert "The first 3 of 4 pairs are drawn." in drawing.shows
    assert len(drawing.table.columns["pair"]) == 4 * len(BARRIERS)
    assert len(drawing.found) == 6


@pytest.mark.parametrize(
    ("repair", "told"),
    [("units rescaled", "units on the way are rescaled"), ("batch norm renewed", "batch norm are measured anew")],
)
def test_it_is_said_what_repaired_means(repair, told):
    assert told in compute(alignment(repair=repair)).shows


def test_alignments_that_were_not_measured_are_not_explained():
    drawing = compute(alignment(names=("none", "weights")))
    assert "ReLU" not in drawing.shows
    assert "epaired" not in drawing.shows
    assert len(drawing.panels[1].rows) == 2


def test_a_pair_without_numbers_tells_nothing_false():
    dataset = alignment(pairs=("0-1", "0-2"))
    for name in ("barrier_loss", "cosine"):
        dataset[name][0] = np.nan
    drawing = compute(dataset)
    assert not any("solution 1" in sentence for sentence in drawing.found)
    assert "nan" not in " ".join((*drawing.found, drawing.alt))


def test_results_without_alignments_are_left_out_with_a_reason():
    drawings, left = drawn([figure.FIGURE], {"alignment": alignment(names=("none",))})
    assert not drawings
    assert left[0].reason == "needs at least 2 alignments"
