import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modescape.report.claims.kind import Claim, ClaimKind, Evidence, beside, held_against
from modescape.report.verdicts import Number, Verdict

FINITE = st.floats(-1e3, 1e3)


def number(value, low=None, high=None):
    return Number("x", value, low, high)


def evidence(verdict, decides=True):
    return Evidence("x", number(1.0), 0.0, "above", verdict, decides)


@pytest.mark.parametrize(
    ("low", "high", "right_side", "words"),
    [
        (0.6, 0.8, "above", "holds"),
        (0.6, 0.8, "below", "does not hold"),
        (0.2, 0.4, "above", "does not hold"),
        (0.2, 0.4, "below", "holds"),
        (0.4, 0.6, "above", "undecided"),
        (0.4, 0.6, "below", "undecided"),
        (0.5, 0.6, "above", "undecided"),
        (0.4, 0.5, "below", "undecided"),
    ],
)
def test_an_interval_is_held_against_the_mark(low, high, right_side, words):
    assert held_against("x", number((low + high) / 2, low, high), 0.5, right_side).words == words


@settings(max_examples=30, deadline=None)
@given(FINITE, FINITE, FINITE)
def test_both_sides_of_a_mark_can_not_be_right(first, second, mark):
    low, high = sorted((first, second))
    found = {held_against("x", number(low, low, high), mark, side).verdict for side in ("above", "below")}
    assert found in ({Verdict.YES, Verdict.NO}, {Verdict.UNCLEAR})


def test_a_number_without_an_interval_decides_nothing():
    assert held_against("x", number(9.0), 0.5, "above").words == "undecided"


@pytest.mark.parametrize("missing", [None, number(math.nan, 0.0, 1.0)])
def test_what_is_no_number_was_not_measured(missing):
    found = held_against("x", missing, 0.5, "above")
    assert (found.words, found.number) == ("not measured", None)


@pytest.mark.parametrize(
    ("verdicts", "words"),
    [
        ([Verdict.YES, Verdict.YES], "holds"),
        ([Verdict.YES, Verdict.UNCLEAR], "undecided"),
        ([Verdict.YES, Verdict.UNKNOWN], "not measured"),
        ([Verdict.UNKNOWN, Verdict.NO], "does not hold"),
        ([Verdict.UNCLEAR, Verdict.NO], "does not hold"),
        ([], "not measured"),
    ],
)
def test_a_claim_holds_where_all_its_numbers_say_so(verdicts, words):
    assert Claim("a", "A.", tuple(map(evidence, verdicts))).words == words


def test_a_number_that_is_shown_beside_changes_no_verdict():
    claim = Claim("a", "A.", (evidence(Verdict.YES), beside(evidence(Verdict.NO))))
    assert claim.words == "holds"
    assert claim.told == "Holds: 1.00, mark: above 0."


def test_a_step_that_is_not_there_is_named():
    kind = ClaimKind("a", "A.", "plane", pytest.fail)
    claim = kind.judged({"paths": None})
    assert (claim.words, claim.reason, claim.evidence) == ("not measured", "no `plane` results", ())


def test_a_step_without_the_numbers_is_named():
    kind = ClaimKind("a", "A.", "plane", lambda _: (held_against("x", None, 0.5, "above"),))
    claim = kind.judged({"plane": None})
    assert claim.told == "Not measured: the `plane` results have no numbers for it."


def test_a_claim_is_made_of_types_that_json_knows():
    evidence = (held_against("x", number(0.7, 0.6, 0.8), 0.5, "above"), held_against("y", None, 0.0, "below"))
    read = json.loads(json.dumps(Claim("a", "A.", evidence).as_dict(), allow_nan=False))
    assert read["verdict"] == "not measured"
    assert read["claim"] == "A."
    first, second = read["evidence"]
    assert (first["verdict"], first["mark"], first["right_side"], first["decides"]) == ("holds", 0.5, "above", True)
    assert (first["number"]["value"], first["number"]["low"], first["number"]["high"]) == (0.7, 0.6, 0.8)
    assert second["number"] is None
