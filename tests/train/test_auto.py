"""The choice of an engine where it is named, and where only one can train the network."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modescape.core.errors import TrainingError
from modescape.train import chosen_engine
from modescape.train.auto import groups_of
from train.networks import Awkward, CumulativeNorm, Noisy


@settings(max_examples=30, deadline=None)
@given(members=st.lists(st.integers(0, 99), max_size=12), size=st.integers(1, 6))
def test_groups_hold_every_member_once_in_order(members, size):
    groups = groups_of(members, size)
    assert [member for group in groups for member in group] == members
    assert all(len(group) == size for group in groups[:-1])
    assert all(1 <= len(group) <= size for group in groups)


def test_a_named_engine_is_taken(make_task):
    choice = chosen_engine(make_task(engine="loop", members=5))
    assert (choice.engine, choice.group_size, choice.member_steps_per_second) == ("loop", 1, {})
    choice = chosen_engine(make_task(engine="vmap", members=5, group_size=3))
    assert (choice.engine, choice.group_size, choice.member_steps_per_second) == ("vmap", 3, {})
    assert chosen_engine(make_task(engine="vmap", members=2, group_size=3)).group_size == 2
    assert "vmap, as set" in choice.reason
    assert choice.as_record()["engine"] == "vmap"


def test_an_awkward_network_vectorises(digits, make_task):
    assert chosen_engine(make_task(Awkward, dataset=digits, engine="vmap")).engine == "vmap"


REASONS = {
    Noisy: "draws random numbers that are not dropout masks",
    CumulativeNorm: r"torch\.func can't vectorise \(.*\.item\(\)",
}


@pytest.mark.parametrize("builder", REASONS)
def test_a_named_vmap_that_cant_train_the_network_is_refused(builder, make_task):
    line = (
        rf"^`engine` must be loop for {builder.__name__}, which {REASONS[builder]}.*; got 'vmap'\. Pass --engine loop"
    )
    with pytest.raises(TrainingError, match=line) as caught:
        chosen_engine(make_task(builder, engine="vmap"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("builder", REASONS)
def test_auto_falls_back_to_loop_and_says_why(builder, make_task):
    choice = chosen_engine(make_task(builder, engine="auto", members=3))
    assert (choice.engine, choice.group_size, choice.member_steps_per_second) == ("loop", 1, {})
    assert REASONS[builder].split(r"\.", 1)[0] in choice.reason
    assert "Pass" not in choice.reason


def test_auto_needs_no_trial_for_one_member(make_task):
    choice = chosen_engine(make_task(engine="auto", members=1))
    assert (choice.engine, choice.group_size) == ("loop", 1)
