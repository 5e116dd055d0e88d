import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modescape.report.verdicts import Answer, Number, Verdict, side, together

FINITE = st.floats(-1e6, 1e6)


@given(FINITE, FINITE, FINITE)
def test_the_side_is_mirrored_with_the_numbers(first, second, mark):
    low, high = sorted((first, second))
    mirrored = {Verdict.YES: Verdict.NO, Verdict.NO: Verdict.YES, Verdict.UNCLEAR: Verdict.UNCLEAR}
    assert side(-high, -low, -mark) is mirrored[side(low, high, mark)]


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-1.0, 0.0), (0.0, 0.0)])
def test_an_interval_that_ends_at_the_mark_holds_it(low, high):
    assert side(low, high, 0.0) is Verdict.UNCLEAR


@given(st.permutations([Verdict.YES, Verdict.NO, Verdict.UNCLEAR, Verdict.UNCLEAR]))
def test_the_order_of_verdicts_is_of_no_account(verdicts):
    for number in range(len(verdicts) + 1):
        assert together(verdicts[:number]) is together(list(reversed(verdicts[:number])))


def test_verdicts_that_contradict_are_unclear():
    assert together([Verdict.YES, Verdict.NO]) is Verdict.UNCLEAR
    assert together([Verdict.NO, Verdict.UNCLEAR]) is Verdict.NO
    assert together([Verdict.UNCLEAR]) is Verdict.UNCLEAR


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (Number("x", 1.25, unit="%", decimals=1), "1.2 %"),
        (Number("x", -0.0004, decimals=2, signed=True), "0.00"),
        (Number("x", 0.5, -0.1, 0.9, "nats", decimals=2, signed=True), "+0.50 nats [-0.10, +0.90]"),
        (Number("x", 3.0, decimals=0), "3"),
    ],
)
def test_numbers_are_written_with_unit_and_interval(number, text):
    assert str(number) == text


def test_an_answer_is_made_of_types_that_json_knows():
    answer = Answer("q", Verdict.YES, "h", ("s",), (Number("x", math.nan, low=0.5),))
    read = json.loads(json.dumps(answer.as_dict(), allow_nan=False))
    assert read["verdict"] == "yes"
    assert read["numbers"][0]["value"] is None
    assert read["numbers"][0]["low"] == 0.5
