import numpy as np
import pytest

from modescape.report.claims.shapes import RUNS_SHOW_EARLY, SETTINGS_SHOW_EARLY, SKIPS_WIDEN
from report.landscape_samples import shapes


def with_correlations(scope, numbers):
    """Return results in which only the given early measures of a scope have a rank correlation."""
    dataset = shapes()
    for end in ("", "_low", "_high"):
        dataset[f"correlation{end}"] = np.nan * dataset[f"correlation{end}"]
    for measure, row in numbers.items():
        for end, number in zip(("", "_low", "_high"), row, strict=True):
            dataset[f"correlation{end}"].loc[{"scope": scope, "measure": measure, "stage": "early"}] = number
    return {"shapes": dataset}


def evidence_of(kind, results):
    """Return the only evidence of a claim and its verdict."""
    claim = kind.judged(results)
    return claim.words, (claim.evidence[0] if claim.evidence else None)


def test_each_scope_has_a_claim_of_its_own():
    results = with_correlations("across cells", {"width": (0.8, 0.6, 0.9)})
    assert evidence_of(SETTINGS_SHOW_EARLY, results)[0] == "holds"
    assert evidence_of(RUNS_SHOW_EARLY, results) == ("not measured", None)


def test_the_right_side_is_that_of_the_measure():
    for measure, sign, side in (("width", 1, "above"), ("train_loss", -1, "below")):
        row = sorted((0.8 * sign, 0.6 * sign, 0.9 * sign), key=lambda one: (one != 0.8 * sign, one))
        words, evidence = evidence_of(RUNS_SHOW_EARLY, with_correlations("within cells", {measure: row}))
        assert (words, evidence.right_side) == ("holds", side)
        flipped = (-row[0], -row[2], -row[1])
        assert evidence_of(RUNS_SHOW_EARLY, with_correlations("within cells", {measure: flipped}))[0] == "does not hold"


def test_the_best_is_the_one_farthest_to_its_right_side():
    numbers = {"width": (0.5, 0.4, 0.6), "sharpness": (-0.7, -0.8, -0.6), "trace": (0.9, 0.8, 0.95)}
    _, evidence = evidence_of(RUNS_SHOW_EARLY, with_correlations("within cells", numbers))
    assert evidence.number.value == -0.7
    assert "sharpness, the best of 3" in evidence.statistic


def test_an_interval_of_one_measure_is_as_it_is_and_that_of_the_best_of_several_is_wider():
    one = {"width": (0.4, 0.1, 0.63)}
    _, alone = evidence_of(RUNS_SHOW_EARLY, with_correlations("within cells", one))
    assert (alone.number.low, alone.number.high) == pytest.approx((0.1, 0.63))
    several = one | {"trace": (-0.1, -0.4, 0.2), "sharpness": (-0.1, -0.4, 0.2)}
    words, best = evidence_of(RUNS_SHOW_EARLY, with_correlations("within cells", several))
    wider = 2.3939797998185104 / 1.959963984540054
    expected = [np.tanh(np.arctanh(0.4) + wider * (np.arctanh(end) - np.arctanh(0.4))) for end in (0.1, 0.63)]
    assert (best.number.low, best.number.high) == pytest.approx(tuple(expected))
    assert words == "holds"
    barely = several | {"width": (0.4, 0.02, 0.63)}
    assert evidence_of(RUNS_SHOW_EARLY, with_correlations("within cells", barely))[0] == "undecided"


def test_a_perfect_order_has_a_finite_interval():
    numbers = {"width": (1.0, 1.0, 1.0), "trace": (-0.5, -0.6, -0.4)}
    words, evidence = evidence_of(RUNS_SHOW_EARLY, with_correlations("within cells", numbers))
    assert words == "holds"
    assert (evidence.number.low, evidence.number.high) == pytest.approx((1.0, 1.0))


@pytest.mark.parametrize("measure", ["test_accuracy", "gradient_norm", "distance_from_start"])
def test_the_outcome_and_measures_without_a_good_side_decide_nothing(measure):
    results = with_correlations("within cells", {measure: (0.9, 0.8, 0.95)})
    assert evidence_of(RUNS_SHOW_EARLY, results) == ("not measured", None)


def test_a_bare_number_decides_nothing():
    results = with_correlations("within cells", {"width": (0.9, np.nan, np.nan)})
    assert evidence_of(RUNS_SHOW_EARLY, results)[0] == "undecided"


def test_skips_are_held_to_what_they_add_whichever_way_they_were_compared():
    dataset = shapes()
    claim = SKIPS_WIDEN.judged({"shapes": dataset})
    removed = dataset.sel({"measure": "width", "contrast": "skip: true to false", "stage": "late"})
    assert claim.words == "holds"
    number = claim.evidence[0].number
    assert number.value == pytest.approx(-float(removed.effect))
    assert (number.low, number.high) == pytest.approx((-float(removed.effect_high), -float(removed.effect_low)))
    names = [str(one).replace("true to false", "false to true") for one in dataset.contrast.values]
    assert SKIPS_WIDEN.judged({"shapes": dataset.assign_coords(contrast=names)}).words == "does not hold"


def test_only_the_width_decides_on_skips():
    dataset = shapes()
    place = {"measure": "width", "contrast": "skip: true to false", "stage": "late"}
    dataset["effect_high"].loc[place] = 0.1
    claim = SKIPS_WIDEN.judged({"shapes": dataset})
    assert claim.words == "undecided"
    assert [one.decides for one in claim.evidence] == [True, False, False]
    assert [one.words for one in claim.evidence] == ["undecided", "holds", "holds"]


def test_without_skips_to_compare_there_is_no_claim():
    dataset = shapes(factors=("data", "width"))
    claim = SKIPS_WIDEN.judged({"shapes": dataset})
    assert (claim.words, claim.reason) == ("not measured", "the `shapes` results have no numbers for it")
    assert SKIPS_WIDEN.judged({"shapes": dataset.drop_vars("effect")}).words == "not measured"
    assert RUNS_SHOW_EARLY.judged({}).reason == "no `shapes` results"
