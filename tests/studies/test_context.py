import pytest
import torch

from modescape.core.errors import TrainingError
from modescape.core.progress import Silent
from modescape.studies.context import StudyContext
from modescape.studies.runs import loaded_task, settings_of


@pytest.fixture
def context(copied):
    settings = settings_of(copied)
    return StudyContext(copied, settings, loaded_task(settings, progress=Silent()))


def test_a_diverged_member_is_neither_trained_nor_a_trajectory(context):
    assert context.trained == [0, 1, 2]
    assert context.trajectories == [0, 1]
    context.run.record("members", {"0": {"status": "diverged"}})
    assert context.trained == [1, 2]
    assert context.trajectories == [1]


def test_a_run_without_a_trained_member_says_what_to_do(context):
    context.run.record("members", {str(member): {"status": "diverged"} for member in range(3)})
    with pytest.raises(TrainingError, match=r"must hold at least one trained member; got 3, and all of them diverged."):
        _ = context.trained


def test_the_solution_is_the_step_that_training_chose(context):
    context.run.record("members", {"1": {"solution_step": 1}})
    assert [context.solution_step(member) for member in range(3)] == [2, 1, 2]


def test_the_late_steps_are_those_that_training_kept_of_all(whole, slow):
    assert slow.context.late_steps == [2, 3, 4]
    for member in (0, 1, 2):
        assert set(slow.context.late_steps) <= set(whole.steps(member))


def test_a_sample_of_examples_depends_on_the_seed_alone(context):
    test = context.dataset.test
    first, again = context.sample_of(test, 40), context.sample_of(test, 40)
    assert torch.equal(first.inputs, again.inputs)
    assert torch.equal(first.labels, again.labels)
    assert len(first) == 40
    places = [int((test.inputs == image).flatten(1).all(dim=1).nonzero()[0]) for image in first.inputs]
    assert places == sorted(set(places))
    assert torch.equal(test.labels[places], first.labels)
    assert first.rows is None or torch.equal(first.rows, test.rows[places])
    context.settings = context.settings.model_copy(update={"seed": 6})
    assert not torch.equal(context.sample_of(test, 40).inputs, first.inputs)


@pytest.mark.parametrize("limit", [None, 150, 1000])
def test_a_sample_of_no_fewer_is_all(context, limit):
    assert context.sample_of(context.dataset.test, limit) is context.dataset.test


def test_the_newest_predictor_is_kept(context):
    test, validation = context.dataset.test, context.dataset.validation
    first = context.predictor(test)
    assert context.predictor(test) is first
    assert context.predictor(validation) is not first
    assert context.predictor(test) is not first
