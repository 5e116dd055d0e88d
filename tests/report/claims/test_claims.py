import pytest

from modescape.report.claims import BELIEFS, CAPTIONS, CLAIMS, by_heading, judged
from report.geometry_samples import geometry
from report.landscape_samples import shapes
from report.samples import sample_contents, solutions, training, whole_contents
from report.study_samples import compared


def test_names_of_claims_differ_and_sentences_end():
    kinds = (*CLAIMS, *BELIEFS)
    assert (len(CLAIMS), len(BELIEFS)) == (7, 3)
    assert len({kind.name for kind in kinds}) == 10
    assert all(kind.sentence.endswith(".") and len(kind.sentence) < 100 for kind in kinds)


def test_all_claims_are_judged_in_the_order_of_the_catalogue():
    claims = judged(geometry() | compared())
    assert [claim.name for claim in claims] == [kind.name for kind in CLAIMS]
    assert [claim.words for claim in claims] == ["holds"] * 7


@pytest.mark.parametrize("results", [{}, {"training": training(), "solutions": solutions()}])
def test_a_plain_overview_has_no_claims(results):
    assert judged(results) == ()


@pytest.mark.parametrize("step", ["plane", "paths", "methods", "shift"])
def test_one_step_is_enough_and_the_others_are_named(step):
    claims = judged({step: (geometry() | compared())[step]})
    words = {kind.step: claim.words for kind, claim in zip(CLAIMS, claims, strict=True)}
    assert words == {kind.step: "holds" if kind.step == step else "not measured" for kind in CLAIMS}
    missing = {claim.reason for claim in claims if claim.words == "not measured"}
    assert len(missing) == 3
    assert all(reason.startswith("no `") for reason in missing)


def test_only_the_report_of_a_study_has_claims():
    assert len(judged(whole_contents().results)) == 10
    assert judged(sample_contents().results) == ()


def test_a_heading_is_there_where_a_step_of_its_claims_is():
    [(heading, claims)] = by_heading(judged({"shapes": shapes()}))
    assert heading == "Do common beliefs about landscapes hold here?"
    assert [claim.name for claim in claims] == [kind.name for kind in BELIEFS]
    both = by_heading(judged({"shapes": shapes()} | compared()))
    assert [(heading, len(claims)) for heading, claims in both] == [
        ("Do the claims of the paper hold here?", 7),
        ("Do common beliefs about landscapes hold here?", 3),
    ]
    assert set(CAPTIONS) == {heading for heading, _ in both}


def test_the_marks_are_told_to_be_ours():
    assert "the marks are ours, not the paper's" in CAPTIONS["Do the claims of the paper hold here?"]
