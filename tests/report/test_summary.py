import json

import pytest

from modescape.core.errors import ArgumentError
from modescape.report import ReportContents, summarise
from report.samples import ensemble, sample_contents, solutions, whole_contents


def test_both_questions_are_answered_and_told_in_order():
    summary = summarise(sample_contents())
    assert [answer.question for answer in summary.answers] == ["Are my members different?", "Is the ensemble worth it?"]
    assert summary.sentences[0] == "Are my members different? Yes: they are different functions."
    assert summary.notes == ("Member 2 diverged in epoch 4 and is left out.",)


def test_a_summary_is_made_of_types_that_json_knows():
    read = json.loads(json.dumps(summarise(sample_contents()).as_dict(), allow_nan=False))
    assert read["different"]["verdict"] == "yes"
    assert read["worth_it"]["numbers"][0]["name"] == "accuracy"
    assert read["notes"] == ["Member 2 diverged in epoch 4 and is left out."]


def test_one_member_is_no_ensemble():
    contents = ReportContents("one", results={"solutions": solutions(1), "ensemble": ensemble(1)})
    assert [answer.headline for answer in summarise(contents).answers] == [
        "It needs at least 2 members to compare.",
        "An ensemble needs at least 2 members.",
    ]


def test_results_of_another_shape_are_refused():
    wrong = solutions().rename(member_other="somebody")
    with pytest.raises(ArgumentError, match=r"must hold `disagreement` over \(member, member_other\); got \(member"):
        summarise(ReportContents("wrong", results={"solutions": wrong}))


def test_claims_are_part_of_the_summary():
    summary = summarise(whole_contents())
    read = json.loads(json.dumps(summary.as_dict(), allow_nan=False))["claims"]
    assert [claim["verdict"] for claim in read] == ["holds"] * 10
    assert read[0]["name"] == "independent-near-upper-limit"
    assert read[0]["evidence"][0]["number"]["value"] == 0.97
    assert summary.sentences[-4].startswith(
        "The gain of the ensemble grows with the intensity of corruptions. Holds: +"
    )


def test_a_plain_overview_has_no_claims():
    assert summarise(sample_contents()).as_dict()["claims"] == []
