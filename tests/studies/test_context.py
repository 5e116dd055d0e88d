import pytest

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
