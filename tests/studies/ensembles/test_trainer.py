from dataclasses import replace

import pytest
import torch

from modescape.core.errors import ArgumentError
from modescape.methods import MemoryTrainer
from modescape.studies.ensembles.trainer import RunTrainer
from studies.recomputed import context_of
from studies.samples import Writes


@pytest.fixture
def context(copied):
    return context_of(copied)


def other(context, **changes):
    """A task of two members that the run itself has not."""
    settings = context.settings.train.changed(**{"members": 2, "epochs": 3, "trajectories": 0, **changes})
    return replace(context.task, settings=settings)


def test_the_members_of_the_run_are_taken_as_they_are(context, monkeypatch):
    writes = Writes(monkeypatch)
    found = RunTrainer(context).train("independent", context.task)
    assert found.members == (0, 1, 2)
    assert writes.done == []
    stored = context.run.read_weights(2, context.solution_step(2))
    assert all(torch.equal(found.solution(2)[name], tensor) for name, tensor in stored.items())


def test_what_is_trained_is_that_of_the_trainer_in_memory_and_is_kept_once(context, monkeypatch):
    task = other(context)
    found = RunTrainer(context).train("aside", task, steps=[1, 2])
    expected = MemoryTrainer().train("aside", task, steps=[1, 2])
    for member in (0, 1):
        for step in (1, 2, 3):
            tree = found.weights(member, step)
            assert all(torch.equal(tree[name], tensor) for name, tensor in expected.weights(member, step).items())
    writes = Writes(monkeypatch)
    again = RunTrainer(context).train("aside", task, steps=[1, 2])
    assert writes.done == []
    assert torch.equal(again.solution(1)["1.weight"], found.solution(1)["1.weight"])


def test_one_name_may_stand_for_several_tasks(context):
    trainer = RunTrainer(context)
    first, second = (trainer.train("aside", other(context, epochs=epochs)) for epochs in (1, 3))
    assert first.part != second.part
    assert not torch.equal(first.solution(0)["1.weight"], second.solution(0)["1.weight"])
    assert context.run.steps(0, second.part) == [3]


def test_what_is_not_there_is_not_trained_where_nothing_may_be(context):
    with pytest.raises(ArgumentError, match=r"`method` must name a method and a size that the run has trained; got as"):
        RunTrainer(context, trains=False).train("aside", other(context))
