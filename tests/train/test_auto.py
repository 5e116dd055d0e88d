"""The choice of an engine where it is named, where only one can train the network, and by a trial."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from modescape.core.errors import TrainingError
from modescape.train import EngineChoice, auto, chosen_engine, trial
from modescape.train.places import threads
from modescape.train.trainer import groups_of
from modescape.train.trial import compile_pays, num_member_steps, plans_for
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
    assert (choice.engine, choice.group_size, choice.workers, choice.member_steps_per_second) == ("loop", 1, 1, {})
    choice = chosen_engine(make_task(engine="vmap", members=5, group_size=3))
    assert (choice.engine, choice.group_size, choice.member_steps_per_second) == ("vmap", 3, {})
    assert chosen_engine(make_task(engine="vmap", members=2, group_size=3)).group_size == 2
    assert "vmap, as set" in choice.reason
    assert choice.as_record()["engine"] == "vmap"


def test_workers_and_threads_are_taken_as_set(make_task):
    choice = chosen_engine(make_task(engine="vmap", members=5, workers=2, threads=3))
    assert (choice.group_size, choice.workers, choice.threads) == (3, 2, 3)
    assert choice.reason == "engine vmap, 2 groups of 3 at a time, as set"
    choice = chosen_engine(make_task(engine="loop", members=2, workers=4))
    assert (choice.group_size, choice.workers) == (1, 2), "no more workers than members"


def test_what_an_older_run_has_recorded_is_understood():
    record = {"engine": "loop", "group_size": 1, "reason": "engine loop, as set", "member_steps_per_second": {}}
    choice = EngineChoice(**record)
    assert (choice.workers, choice.threads) == (1, None)


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
    choice = chosen_engine(make_task(builder, engine="auto", members=3, workers=1))
    assert (choice.engine, choice.group_size, choice.member_steps_per_second) == ("loop", 1, {})
    assert f"not vmap for {builder.__name__}, which" in choice.reason
    assert REASONS[builder].split(r"\.", 1)[0] in choice.reason
    assert "Pass" not in choice.reason


def test_a_network_with_noise_of_its_own_is_trained_by_one_worker(make_task):
    # Its numbers come from generators of the whole process.
    with threads(4):
        assert [plan.workers for plan in plans_for(make_task(Noisy, members=8), "loop")] == [1]


def test_auto_needs_no_trial_for_one_member(make_task):
    choice = chosen_engine(make_task(engine="auto", members=1))
    assert (choice.engine, choice.group_size, choice.workers) == ("loop", 1, 1)


def test_plans_share_the_cores_among_the_workers(make_task):
    task = make_task(members=10, group_size=4)
    with threads(8):
        loop, vmap = plans_for(task, "loop"), plans_for(task, "vmap")
    assert [(p.workers, p.threads, p.num_groups, p.num_rounds) for p in loop] == [
        (1, 8, 10, 10),
        (2, 4, 10, 5),
        (4, 2, 10, 3),
        (8, 1, 10, 2),
    ]
    assert [(p.workers, p.threads, p.group_size, p.num_groups) for p in vmap] == [
        (1, 8, 4, 3),
        (2, 4, 4, 3),
        (4, 2, 3, 4),
        (8, 1, 2, 5),
    ]
    with threads(1):
        assert [plan.workers for plan in plans_for(task, "loop")] == [1]


KNOWN = {("loop", 1): 100.0, ("loop", 2): 150.0, ("vmap", 1): 400.0, ("vmap", 2): 300.0, ("compile", 1): 900.0}


class FakeTrial(trial.Trial):
    """Knows how fast each way is."""

    known = KNOWN

    def speeds(self, plans):
        factor = 0.25 if self.task.settings.precision == "bf16" else 1.0
        return {plan: factor * self.known[plan.engine, plan.workers] for plan in plans}


@pytest.fixture
def fake(monkeypatch):
    monkeypatch.setattr(auto, "Trial", FakeTrial)
    with threads(2):
        yield FakeTrial


def test_auto_takes_the_fastest_and_says_so_in_one_line(monkeypatch, fake, make_task):
    choice = chosen_engine(make_task(engine="auto", members=4))
    assert (choice.engine, choice.group_size, choice.workers, choice.threads) == ("vmap", 4, 1, 2)
    assert choice.reason == ("engine vmap: 400 member-steps a second in a trial, 2.7 times loop, 2 members at a time")
    assert choice.member_steps_per_second["loop, 2 members at a time"] == 150.0
    monkeypatch.setattr(fake, "known", {**KNOWN, ("vmap", 1): 1.0, ("vmap", 2): 600.0})
    choice = chosen_engine(make_task(engine="auto", members=4))
    assert (choice.engine, choice.group_size, choice.workers, choice.threads) == ("vmap", 2, 2, 1)
    assert choice.reason.startswith("engine vmap, 2 groups of 2 at a time: 600 member-steps")


def test_auto_compiles_only_where_the_training_is_long(fake, make_task):  # noqa: ARG001 - as above
    short, long = (make_task(engine="auto", members=4, epochs=epochs) for epochs in (10, 20_000))
    assert chosen_engine(short).engine == "vmap"
    assert num_member_steps(long) == 400_000
    choice = chosen_engine(long)
    assert choice.engine == "compile"
    assert choice.reason.startswith("engine compile: ")


def test_compiling_is_not_tried_where_a_loop_is_faster_on_a_cpu(make_task):
    task = make_task(epochs=10**6)
    plan = plans_for(task, "loop")[0]
    assert not compile_pays(task, plan, 1.0)
    assert compile_pays(task, replace(plan, engine="vmap"), 1.0)


def test_what_cant_be_compiled_is_left_out(monkeypatch, make_task):
    def failing(*_):
        raise RuntimeError

    task = make_task()
    monkeypatch.setattr(trial.Trial, "speeds", failing)
    assert trial.Trial(task).compiled_speed(plans_for(task, "compile")[0]) == {}


def test_auto_says_what_bf16_is_worth(fake, make_task):  # noqa: ARG001 - the fixture puts the trial in place
    reason = chosen_engine(make_task(engine="auto", members=4, precision="bf16")).reason
    assert reason.endswith("; bf16 is 0.2 times as fast as float32")


def test_a_real_trial_times_every_engine_and_leaves_nothing_behind(make_task):
    task = make_task(members=3)
    plans = plans_for(task, "loop") + plans_for(task, "vmap")
    before = torch.get_num_threads()
    speeds = trial.Trial(task).speeds(plans)
    assert set(speeds) <= set(plans)
    assert {"loop", "vmap"} == {plan.engine for plan in speeds}
    assert all(speed > 0 for speed in speeds.values())
    assert torch.get_num_threads() == before


@pytest.mark.parametrize(("seconds_each", "tried"), [(0.02, False), (0.001, True)])
def test_a_large_group_is_tried_only_where_further_members_are_cheap(monkeypatch, make_task, seconds_each, tried):
    monkeypatch.setattr(trial.Trial, "_seconds", lambda self, plan: 0.1 + seconds_each * plan.group_size)  # noqa: ARG005
    monkeypatch.setattr(trial.Trial, "_speed", lambda self, plan, groups, num_steps: 100.0)  # noqa: ARG005
    task = make_task(members=8)
    with threads(1):
        plans = plans_for(task, "loop") + plans_for(task, "vmap")
        speeds = trial.Trial(task).speeds(plans)
    sizes = {plan.group_size: speed for plan, speed in speeds.items() if plan.engine == "vmap"}
    assert sizes == ({8: 100.0} if tried else {3: pytest.approx(3 / 0.16)})


def test_more_workers_are_not_tried_where_they_could_not_catch_up(monkeypatch, make_task):
    tried = []

    def speed(self, plan, groups, num_steps):  # noqa: ARG001
        tried.append(plan)
        return {"loop": 100.0, "vmap": 30.0}[plan.engine] * plan.workers

    monkeypatch.setattr(trial.Trial, "_speed", speed)
    # As many as a probe has: nothing is really timed.
    task = make_task(members=3)
    with threads(2):
        plans = plans_for(task, "loop") + plans_for(task, "vmap")
    speeds = trial.Trial(task).speeds(plans)
    assert [(plan.engine, plan.workers) for plan in speeds] == [("loop", 1), ("loop", 2), ("vmap", 1)]
    assert ("vmap", 2) not in {(plan.engine, plan.workers) for plan in tried}
