from dataclasses import replace

import pytest
import torch

from modescape.core.seeds import Stream
from modescape.studies.checkpoints import outcomes_of
from modescape.studies.experiments import Experiment, Titled
from modescape.train import EngineChoice
from studies.recomputed import context_of
from studies.samples import Listener, Writes

CHOICE = EngineChoice("loop", 1, "for a test")


@pytest.fixture
def context(copied):
    return context_of(copied)


def experiment(context, known=(), **changes):
    settings = context.settings.train.changed(members=2, epochs=1, trajectories=0, **changes)
    task = replace(context.task, settings=settings, shared=frozenset({Stream.ORDER}))
    return Experiment("aside", "an experiment", task, known)


def test_members_are_trained_in_a_part_of_the_run_and_their_states_are_cleared(context, monkeypatch):
    writes = Writes(monkeypatch)
    outcomes = experiment(context).train(context, CHOICE)
    assert sorted(outcomes) == [0, 1]
    assert outcomes == outcomes_of(context.run, "aside")
    assert context.run.steps(0, "aside") == [1]
    assert writes.done == [("aside", "members-000-000"), ("aside", "members-001-001")]
    assert not list(context.run.path.glob("parts/aside/state/*"))


def test_what_is_trained_is_not_trained_again(context, monkeypatch):
    first = experiment(context).train(context, CHOICE)
    writes = Writes(monkeypatch)
    assert experiment(context).train(context, replace(CHOICE, threads=1)) == first
    assert writes.done == []


def test_what_other_settings_gave_goes_first(context, monkeypatch):
    experiment(context).train(context, CHOICE)
    before = context.run.read_weights(1, 1, "aside")
    writes = Writes(monkeypatch)
    experiment(context, learning_rate=0.1).train(context, CHOICE)
    assert len(writes.done) == 2
    after = context.run.read_weights(1, 1, "aside")
    assert not torch.equal(after["1.weight"], before["1.weight"])


def test_members_that_are_trained_elsewhere_are_not_trained(context, monkeypatch):
    writes = Writes(monkeypatch)
    outcomes = experiment(context, known=(0,)).train(context, CHOICE)
    assert sorted(outcomes) == [1]
    assert writes.done == [("aside", "members-001-001")]
    assert context.run.steps(0, "aside") == []


def test_only_the_checkpoints_that_are_asked_for_are_kept(context):
    whole = experiment(context)
    settings = whole.task.settings.changed(epochs=3, trajectories=2)
    whole = replace(whole, task=replace(whole.task, settings=settings), steps=(0, 2))
    whole.train(context, CHOICE)
    assert [context.run.steps(member, "aside") for member in (0, 1)] == [[0, 2], [0, 2]]
    replace(whole, steps=(1, 3)).train(context, CHOICE)
    assert context.run.steps(0, "aside") == [1, 3]


def test_an_engine_that_is_not_given_is_chosen_and_noted(context, monkeypatch):
    experiment(context).train(context)
    noted = context.run.manifest["parts"]["aside"]["engine"]
    assert noted["engine"] == "loop"
    assert noted["reason"] == "engine loop, as set"
    monkeypatch.setattr("modescape.studies.experiments.chosen_engine", None)
    experiment(context).train(context)


def test_news_and_tasks_carry_the_title():
    listener = Listener()
    titled = Titled(listener, "chain")
    titled.start("member 0", 3)
    titled.advance("member 0")
    titled.say("it diverged")
    assert listener.started == ["chain: member 0"]
    assert listener.said == ["chain: it diverged"]
