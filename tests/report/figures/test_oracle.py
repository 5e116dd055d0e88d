import numpy as np
import pytest

from modescape.report.figures.kind import drawn
from modescape.report.figures.oracle import FIGURE, compute
from report.difference_samples import pairs


def test_the_oracle_stands_above_the_vote():
    dataset = pairs(4)
    drawing = compute({"pairs": dataset})
    one, vote, anyone = drawing.panels[0].lines
    assert (one.name, vote.name, anyone.name) == ("one member", "majority vote", "at least one is right")
    np.testing.assert_allclose(one.x, [1, 2, 3, 4])
    np.testing.assert_allclose(one.y, 50)
    np.testing.assert_allclose(vote.y, 100 * dataset["size_majority_accuracy"])
    np.testing.assert_allclose(anyone.y, 100 * dataset["size_oracle_accuracy"])
    np.testing.assert_allclose(vote.low, vote.y - 5)
    np.testing.assert_allclose(vote.high, vote.y + 5)
    assert one.low is None
    assert drawing.found[0].endswith("at least one is right 65.0 % [60.0, 70.0] with 4 members.")
    assert "95 % bands" in drawing.shows


def test_the_table_holds_every_curve_with_its_interval():
    columns = compute({"pairs": pairs(3)}).table.columns
    assert columns["size"].tolist() == [1, 2, 3]
    assert columns["num_subsets"].tolist() == [3, 3, 3]
    np.testing.assert_allclose(columns["size_oracle_accuracy_high"] - columns["size_oracle_accuracy_low"], 0.1)


@pytest.mark.parametrize(
    ("dataset", "reason"),
    [
        (pairs(4, labelled=False), "`pairs` results have no `size_mean_accuracy`"),
        (pairs(4).isel(size=[0]), "needs at least 2 sizes"),
    ],
)
def test_without_curves_it_is_left_out(dataset, reason):
    _, [left] = drawn([FIGURE], {"pairs": dataset})
    assert left.reason == reason
