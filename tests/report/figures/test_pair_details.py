import numpy as np
import pytest

from modescape.report.drawables import ConfusionDetail, ExamplesDetail, NumberDetail
from modescape.report.figures import solution_disagreement
from modescape.report.figures.pair_details import MAX_MEASURED, MEASURES, pair_details
from modescape.report.figures.pairs import MAX_DRAWN
from report.difference_samples import CLASSES, differences, disputed, pairs, votes
from report.member_samples import members
from report.samples import solutions


def of_kind(details, kind):
    return [detail for detail in details if isinstance(detail, kind)]


def test_measures_of_a_pair_have_their_intervals_in_order_and_stand_below():
    dataset = pairs(4)
    numbers = [3, 0, 1]
    details = pair_details({"pairs": dataset}, numbers)
    assert [detail.label for detail in details] == [label for label, _ in MEASURES.values()]
    assert not any(detail.is_main for detail in details)
    kappa = next(detail for detail in details if "kappa" in detail.label)
    chosen = dataset.sel(member=3, member_other=1)
    assert kappa.values[0, 2] == pytest.approx(float(chosen.kappa))
    assert (kappa.low[0, 2], kappa.high[0, 2]) == pytest.approx((float(chosen.kappa_low), float(chosen.kappa_high)))
    assert np.isnan(kappa.values.diagonal()).all()
    share = next(detail for detail in details if detail.label == "they differ and one is right")
    assert (share.values[0, 1], share.unit) == (pytest.approx(100 * float(dataset.one_right[2, 0])), "%")
    assert [detail.is_p_value for detail in details].count(True) == 2


def test_without_truth_only_agreement_is_measured():
    details = pair_details(differences(3, labelled=False), members(3).tolist())
    assert [detail.label for detail in of_kind(details, NumberDetail)] == ["kappa of the answers"]
    [confusion] = of_kind(details, ConfusionDetail)
    assert confusion.labels is None


def test_measures_are_kept_for_the_first_members_only():
    number = MAX_MEASURED + 2
    [kappa] = pair_details({"pairs": pairs(number, labelled=False)}, members(number).tolist())
    assert np.isfinite(kappa.values[0, MAX_MEASURED - 1])
    assert np.isnan(kappa.values[0, MAX_MEASURED:]).all()
    drawing = solution_disagreement.compute({"solutions": solutions(number), "pairs": pairs(number, labelled=False)})
    assert f"of the first {MAX_MEASURED} members" in drawing.shows


def test_answers_stand_at_the_rows_of_their_members():
    dataset = votes(4, kept=3)
    [confusion] = pair_details({"votes": dataset}, [4, 3, 0])
    np.testing.assert_array_equal(confusion.decisions[1], dataset.decision.sel(member=3))
    np.testing.assert_array_equal(confusion.decisions[2], dataset.decision.sel(member=0))
    assert (confusion.decisions[0] == -1).all()
    assert confusion.classes == CLASSES
    np.testing.assert_array_equal(confusion.labels, dataset.label)


def test_limits_of_what_is_kept_are_said():
    numbers = members(14).tolist()
    details = pair_details({"votes": votes(14, kept=10), "disputed": disputed(14)}, numbers)
    assert details[0].note == "Answers are kept here for the first 10 of 14 members."
    assert details[1].note.endswith("They are kept here for pairs of 12 of 14 members.")
    whole = pair_details({"votes": votes(5), "disputed": disputed(5)}, members(5).tolist())
    assert [detail.note for detail in whole] == ["", "Sorted by: entropy of the votes, nats (of these two alone)."]


def test_disputed_examples_stand_at_the_rows_of_their_members():
    dataset = disputed(4)
    [detail] = of_kind(pair_details({"disputed": dataset}, [3, 0, 9]), ExamplesDetail)
    np.testing.assert_array_equal(detail.places[0, 1], dataset.pair_dispute.sel(member=3, member_other=0))
    assert (detail.places[2] == -1).all()
    assert detail.members.tolist() == [2, 0, -1]
    dataset = dataset.isel(rank=slice(0))
    assert pair_details({"disputed": dataset}, [0, 1]) == ()


def test_names_of_members_stand_along_the_matrix():
    dataset = solutions(3).drop_vars("cosine")
    dataset = dataset.assign_coords(member_name=("member", ["a.npy", "b.npy", "a.npy"]))
    drawing = solution_disagreement.compute({"solutions": dataset})
    [matrix] = drawing.panels
    assert matrix.rows == matrix.columns == ("a.npy (0)", "b.npy", "a.npy (3)")
    assert matrix.word == ""
    assert [detail.label for detail in matrix.details][1:] == ["accuracy of {row}", "accuracy of {column}"]


def test_of_very_many_members_the_first_are_drawn():
    number = MAX_DRAWN + 1
    drawing = solution_disagreement.compute({"solutions": solutions(number)})
    [matrix] = drawing.panels
    assert matrix.values.shape == (MAX_DRAWN, MAX_DRAWN)
    assert f"The first {MAX_DRAWN} of {number} members are drawn." in drawing.shows
    assert len(drawing.table.columns["member"]) == MAX_DRAWN**2
