import numpy as np

from modescape.report.colors import NUM_SERIES
from modescape.report.figures.members import member_lines

X = np.array([1.0, 2.0, 4.0])


def test_lines_that_are_joined_go_on_over_what_is_missing():
    rows = np.array([[1.0, np.nan, 3.0], [np.nan] * 3])
    band = (rows - 1, rows + 1)
    [line] = member_lines(["a", "b"], X, rows, band, joined=True)
    assert (line.x.tolist(), line.y.tolist(), line.low.tolist(), line.high.tolist()) == ([1, 4], [1, 3], [0, 2], [2, 4])
    first, second = member_lines(["a", "b"], X, rows, band)
    assert np.isnan(first.y[1])
    assert np.isnan(second.y).all()


def test_few_members_keep_their_colours_whatever_is_missing():
    rows = np.array([[np.nan] * 3, [1.0, 2.0, 3.0]])
    [line] = member_lines(["a", "b"], X, rows, of="trace", dashed=True, joined=True)
    assert (line.name, line.legend, line.series, line.dashed) == ("b, trace", "b", 1, True)


def test_many_members_have_no_bands_and_a_median_of_its_own_colour():
    rows = np.arange(3.0 * (NUM_SERIES + 1)).reshape(-1, 3)
    *alike, median = member_lines([str(index) for index in range(len(rows))], X, rows, (rows, rows), of="x", series=4)
    assert {(line.series, line.legend, line.low) for line in alike} == {(None, "one member", None)}
    assert (median.name, median.series, median.y.tolist()) == ("median of members, x", 4, [9.0, 10.0, 11.0])
