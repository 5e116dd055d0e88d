import numpy as np
import pytest

from modescape.report.figures import robustness, transfer
from modescape.report.figures.kind import drawn
from report.chance_samples import attacks


def compute(dataset, figure=robustness):
    return figure.compute({"attacks": dataset})


def lines(panel):
    return {line.name: line for line in panel.lines}


def test_members_are_grey_and_the_ensemble_has_its_interval():
    dataset = attacks()
    one, many, *_ = compute(dataset).panels
    assert (one.title, many.title) == ("One step (FGSM)", "Many steps (PGD)")
    found = lines(one)
    assert list(found) == ["member 0", "member 1", "member 2", "ensemble", "random change, mean member"]
    assert [line.series for line in found.values()] == [None, None, None, 0, 1]
    # Sizes beyond four times the chosen one are in the data only.
    assert found["ensemble"].x.tolist() == [0.0, 0.0075, 0.015, 0.03, 0.06, 0.12]
    accuracy = dataset.accuracy.sel(point="ensemble", attack="fgsm").values[:6]
    np.testing.assert_allclose(found["ensemble"].y, 100 * accuracy)
    np.testing.assert_allclose(found["ensemble"].low, 100 * (accuracy - 0.02))
    noise = dataset.accuracy.sel(point=["0", "1", "2"], attack="noise").mean("point").values[:6]
    np.testing.assert_allclose(found["random change, mean member"].y, 100 * noise)
    assert lines(many)["ensemble"].x.tolist() == [0.0, 0.015, 0.03, 0.06]
    assert lines(many)["random change, mean member"].x.max() == 0.06


def test_steps_add_up():
    dataset = attacks()
    panel = compute(dataset).panels[2]
    steps = dataset.pgd_steps.values[1]
    expected = [100 * np.mean(steps <= number) for number in range(21)]
    np.testing.assert_allclose(lines(panel)["member 1"].y, expected)
    assert lines(panel)["ensemble"].series == 0
    assert panel.title == "Steps at size 0.03"


def test_medians_beyond_the_largest_size_are_named():
    dataset = attacks()
    dataset["fgsm_median"][1] = dataset["fgsm_median_high"][0] = np.inf
    rows = compute(dataset).panels[3].rows
    assert [row.name for row in rows] == ["member 0", "member 1 (above 0.24)", "member 2", "ensemble"]
    assert np.isnan(rows[1].value)
    assert np.isnan(rows[0].high)
    assert rows[2].value == pytest.approx(float(dataset.fgsm_median[2]))


def test_the_gain_of_the_ensemble_is_told_with_its_interval():
    dataset = attacks()
    [told] = compute(dataset).found
    at = dataset.sel(attack="pgd", strength=0.03)
    gain, low, high = (100 * float(at[f"gain{end}"]) for end in ("", "_low", "_high"))
    assert f"{gain:.1f} [{low:.1f}, {high:.1f}] points under many steps (PGD)" in told
    assert told.startswith("At a size of 0.03")


def test_one_member_alone_is_drawn_in_colour():
    drawing = compute(attacks(1, ensemble=False))
    assert lines(drawing.panels[0])["member 0"].series == 0
    assert lines(drawing.panels[0])["member 0"].low is not None
    assert lines(drawing.panels[2])["member 0"].series == 0
    assert drawing.found == ()


def test_accuracy_alone_is_enough():
    dataset = attacks()[["accuracy", "accuracy_low", "accuracy_high"]]
    assert len(compute(dataset).panels) == 2


def test_members_have_their_names():
    dataset = attacks(2).assign_coords(member_name=("member", ["a.pt", "b.pt"]))
    assert list(lines(compute(dataset).panels[0]))[:3] == ["a.pt", "b.pt", "ensemble"]
    assert compute(dataset, transfer).panels[0].rows == ("a.pt", "b.pt", "ensemble")


def test_members_that_are_left_out_are_told():
    dataset = attacks()
    dataset.attrs["members_left_out"] = 5
    assert "5 more members are left out" in compute(dataset).shows


def test_transfer_is_drawn_in_percent_without_the_diagonal():
    dataset = attacks()
    drawing = compute(dataset, transfer)
    [matrix] = drawing.panels
    away = ~np.eye(4, dtype=bool)
    np.testing.assert_allclose(matrix.values[away], 100 * dataset.transfer.values[away])
    assert np.isnan(matrix.values[~away]).all()
    [detail] = matrix.details
    np.testing.assert_allclose(detail.high[away], 100 * dataset.transfer_high.values[away])
    assert np.isnan(detail.low[~away]).all()
    noise = 100 * float(dataset.flipped.sel(attack="noise", strength=0.03, point=["0", "1", "2"]).mean())
    assert drawing.found == (
        "On average 30.0 [28.0, 32.0] % of the attacks on a member carry over to another one, 35.0 [33.0, 37.0] % to "
        f"the ensemble, random changes of that size alone change {noise:.1f} % of the answers of members.",
    )


def test_transfer_of_what_never_flipped_is_a_gap():
    dataset = attacks()
    for end in ("", "_low", "_high"):
        dataset[f"transfer{end}"][1] = np.nan
        dataset[f"transfer_to_members{end}"] = np.nan
    drawing = compute(dataset, transfer)
    assert np.isnan(drawing.panels[0].values[1]).all()
    assert drawing.found == ()
    assert compute(dataset[["transfer"]], transfer).panels[0].details[0].low is None


def test_without_results_both_say_why():
    _, left = drawn([robustness.FIGURE, transfer.FIGURE], {"attacks": attacks(1, ensemble=False)})
    assert [one.reason for one in left] == ["needs at least 2 points"]
