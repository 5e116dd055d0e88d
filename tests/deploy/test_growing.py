from dataclasses import replace

import pytest
import torch

from deploy.ensembles import Branching, tiny_mlp
from modescape.core.errors import TrainingError
from modescape.data import Dataset, Examples
from modescape.deploy import growing
from modescape.deploy.growing import GrowingTrainer, SteadyTrainer, as_one_program
from modescape.methods import Independent
from modescape.models import recipe
from modescape.train import TrainingTask, TrainSettings


def task(members: int, build=lambda: tiny_mlp(dropout=0.2), **settings) -> TrainingTask:
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(30, 4, generator=generator)
    part = Examples(inputs, inputs[:, :3].argmax(dim=1))
    data = Dataset("toy", ("a", "b", "c"), part, part, part, torch.tensor(0.0), torch.tensor(1.0), "0")
    options = {"epochs": 2, "batch_size": 10, "device": "cpu", **settings}
    return TrainingTask(recipe(build), data, TrainSettings(members=members, **options), seed=4)


@pytest.mark.parametrize("engine", ["loop", "vmap"])
def test_members_are_the_same_at_once_and_one_after_the_other(engine):
    whole = SteadyTrainer().train("independent", task(4, engine=engine))
    growing_trainer = GrowingTrainer()
    for members in (1, 3, 4):
        grown = growing_trainer.train("independent", task(members, engine=engine))
        assert grown.members == tuple(range(members))
    for member in range(4):
        torch.testing.assert_close(grown.solution(member), whole.solution(member), rtol=0, atol=0)
        assert grown.weights(member, 2) is grown.solution(member)


def test_nothing_is_trained_twice(monkeypatch):
    trainer = GrowingTrainer()
    trainer.train("independent", task(2))
    monkeypatch.setattr(SteadyTrainer, "train", lambda *_, **__: pytest.fail("trained again"))
    assert trainer.train("independent", task(2)).members == (0, 1)
    assert trainer.train("independent", task(1)).members == (0,)


def test_the_method_takes_its_members():
    ensemble = Independent().ensembles(task(2), [2], GrowingTrainer())[2]
    assert len(ensemble.parts[0].weights) == 2


@pytest.mark.parametrize(
    ("fewest", "build", "engine"), [(7, tiny_mlp, "loop"), (6, tiny_mlp, "vmap"), (6, Branching, "loop")]
)
def test_the_engine_depends_on_the_network_and_the_steps_of_a_member(monkeypatch, fewest, build, engine):
    monkeypatch.setattr(growing, "FEWEST_STEPS", fewest)
    for members in (1, 50):
        assert as_one_program(task(members, build)).settings.engine == engine


def test_an_engine_that_is_named_is_taken():
    named = task(1, engine="loop")
    assert as_one_program(named) is named


def test_members_that_diverge_are_left_out_and_counted():
    trainer = GrowingTrainer()
    with pytest.raises(TrainingError, match="must let at least one member converge"):
        trainer.train("independent", task(2, learning_rate=1e38, optimizer="sgd", engine="loop"))
    assert trainer.num_kept == 0
    first = replace(task(2), settings=task(2).settings.changed(engine="loop"))
    trainer = GrowingTrainer(kept={1: {}}, num_kept=2)
    grown = trainer.train("independent", replace(first, settings=first.settings.changed(members=3)))
    assert grown.members == (1, 2)
