import numpy as np
import pytest

from modescape.report.figures import solution_cosine, solution_disagreement
from modescape.report.figures.pairs import color_range, told
from report.samples import solutions


def compute(module, dataset):
    drawing = module.compute({"solutions": dataset})
    [matrix] = drawing.panels
    return drawing, matrix


def test_disagreement_is_drawn_in_percent_without_the_diagonal():
    dataset = solutions(4)
    drawing, matrix = compute(solution_disagreement, dataset)
    expected = 100 * dataset.disagreement.values
    away = ~np.eye(4, dtype=bool)
    np.testing.assert_allclose(matrix.values[away], expected[away])
    assert np.isnan(matrix.values[~away]).all()
    assert matrix.rows == matrix.columns == ("0", "1", "3", "4")
    assert matrix.color_range == (pytest.approx(expected[away].min()), pytest.approx(expected[away].max()))
    assert f"mean {expected[away].mean():.1f} %" in drawing.alt
    assert "1,797 examples" in drawing.shows


def test_the_cosine_is_drawn_without_the_diagonal():
    dataset = solutions(4)
    drawing, matrix = compute(solution_cosine, dataset)
    away = ~np.eye(4, dtype=bool)
    expected = dataset.cosine.values[away]
    np.testing.assert_allclose(matrix.values[away], expected)
    assert np.isnan(matrix.values[~away]).all()
    assert f"mean {expected.mean():.3f}, from {expected.min():.3f} to {expected.max():.3f}" in drawing.alt


def test_colours_are_not_stretched_over_noise():
    dataset = solutions(3)
    flat = 0.5 + 0.001 * dataset.cosine
    dataset["cosine"] = flat
    _, matrix = compute(solution_cosine, dataset)
    low, high = matrix.color_range
    assert high - low == pytest.approx(solution_cosine.SMALLEST_SPAN)
    away = flat.values[~np.eye(3, dtype=bool)]
    assert low < away.min() <= away.max() < high


def test_two_members_have_a_range_of_colours():
    _, matrix = compute(solution_disagreement, solutions(2))
    assert matrix.color_range[0] < matrix.color_range[1]


def test_a_selected_cell_tells_all_that_is_known_of_the_pair():
    dataset = solutions(3)
    for module in (solution_disagreement, solution_cosine):
        _, matrix = compute(module, dataset)
        disagreement, cosine, row, column = matrix.details
        np.testing.assert_allclose(disagreement.values, 100 * dataset.disagreement)
        assert disagreement.low[0, 1] == pytest.approx(100 * float(dataset.disagreement_low[0, 1]))
        assert np.isnan(disagreement.high.diagonal()).all()
        assert cosine.low is None
        np.testing.assert_allclose(row.values, 100 * dataset.accuracy.values[:, None])
        np.testing.assert_allclose(column.values, 100 * dataset.accuracy.values[None])
        np.testing.assert_allclose(column.high, 100 * dataset.accuracy_high.values[None])
        assert "{row}" in row.label
        assert "{column}" in column.label


def test_details_that_were_not_measured_are_left_out():
    _, matrix = compute(solution_cosine, solutions(3)[["cosine"]])
    assert [detail.label for detail in matrix.details] == ["weight cosine"]


def test_the_table_has_a_row_for_each_ordered_pair():
    drawing, _ = compute(solution_disagreement, solutions(3))
    columns = drawing.table.columns
    assert len(columns["member"]) == 9
    place = (columns["member"] == 3) & (columns["member_other"] == 1)
    assert columns["disagreement"][place] == solutions(3).disagreement.values[2, 1]
    assert columns["accuracy"][place] == solutions(3).accuracy.values[2]


def test_pairs_without_numbers_do_not_stop_the_figure():
    dataset = solutions(2)
    dataset["disagreement"] = dataset.disagreement.where(dataset.member == dataset.member_other)
    drawing, _ = compute(solution_disagreement, dataset)
    assert drawing.alt.endswith("no numbers.")


def test_a_range_without_values_is_from_0_to_1():
    assert color_range(np.array([]), 0.1) == (0.0, 1.0)
    assert told(np.array([0.25]), 2) == "mean 0.25, from 0.25 to 0.25"
