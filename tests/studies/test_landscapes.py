import pytest

from modescape.core.errors import ArgumentError
from modescape.studies import study
from modescape.studies.landscapes import landscape_examples, member_pairs
from modescape.studies.step import LeftOutError
from studies.recomputed import context_of
from studies.samples import WHOLE


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ("0-9", r"`pairs` must be made of trained members \(0, 1, 2\); got 9. Pass for example --pairs 0-1"),
        ("0-1,3-1", r"`pairs` must be made of trained members \(0, 1, 2\); got 3"),
        ("0-0", "`pairs` must be like 0-1 or 0-1,0-2; got '0-0'. Write two members with a hyphen"),
        ("0,1", "`pairs` must be like 0-1"),
        ("0-1,0-1", "`pairs` must be different from one another; got '0-1,0-1'. Write each pair once"),
    ],
)
def test_pairs_that_will_not_be_there_are_refused_before_anything_is_trained(tmp_path, pairs, message):
    with pytest.raises(ArgumentError, match=message):
        study("fort2019", **{**WHOLE, "pairs": pairs}, output=tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_a_pair_with_a_diverged_member_is_left_out(whole_copied):
    assert member_pairs(context_of(whole_copied)) == [(0, 1), (2, 1)]
    whole_copied.record("members", {"1": {"status": "diverged"}})
    with pytest.raises(LeftOutError, match=r"`pairs` must be made of trained members \(0, 2\); got 1"):
        member_pairs(context_of(whole_copied))
    whole_copied.record("members", {"2": {"status": "diverged"}})
    with pytest.raises(LeftOutError, match="It needs two trained members"):
        member_pairs(context_of(whole_copied))


def test_all_steps_look_at_the_same_examples(slow):
    first, second = landscape_examples(slow.context), slow.context.sample_of(slow.dataset.test, 60)
    assert len(first) == 60
    assert first.inputs.equal(second.inputs)
    assert first.labels.equal(second.labels)
