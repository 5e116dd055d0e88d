import numpy as np

from modescape.report.figures.kind import drawn
from modescape.report.figures.transfer import FIGURE, compute
from report.chance_samples import attacks


def test_rows_are_those_that_were_attacked_and_columns_those_that_were_asked():
    dataset = attacks()
    [matrix] = compute({"attacks": dataset}).panels
    assert matrix.rows == matrix.columns == ("member 0", "member 1", "member 2", "ensemble")
    for row, column in ((0, 3), (3, 0), (2, 1)):
        expected = 100 * float(dataset["transfer"][row, column])
        assert matrix.values[row, column] == expected
        assert matrix.details[0].values[row, column] == expected


def test_the_size_its_unit_and_the_confidence_are_told():
    drawing = compute({"attacks": attacks()})
    assert "at most the size 0.03 (share of the range of a pixel)" in drawing.shows
    assert "95 % interval" in drawing.shows


def test_without_random_changes_nothing_is_said_of_them():
    dataset = attacks().sel(attack=["fgsm", "pgd"])
    [told] = compute({"attacks": dataset}).found
    assert told == (
        "On average 30.0 [28.0, 32.0] % of the attacks on a member carry over to another one, 35.0 [33.0, 37.0] % to "
        "the ensemble."
    )


def test_without_an_ensemble_members_are_told_alone():
    dataset = attacks(ensemble=False).sel(attack=["fgsm", "pgd"])
    drawing = compute({"attacks": dataset})
    assert drawing.panels[0].rows == ("member 0", "member 1", "member 2")
    assert drawing.found == ("On average 30.0 [28.0, 32.0] % of the attacks on a member carry over to another one.",)


def test_the_table_holds_every_pair_with_its_interval():
    dataset = attacks(2)
    columns = compute({"attacks": dataset}).table.columns
    assert len(columns["transfer"]) == 9
    np.testing.assert_allclose(columns["transfer_low"], dataset["transfer_low"].values.ravel())


def test_without_numbers_it_is_left_out():
    dataset = attacks()
    dataset["transfer"][:] = np.nan
    _, [left] = drawn([FIGURE], {"attacks": dataset})
    assert left.reason == "`transfer` has no numbers"
