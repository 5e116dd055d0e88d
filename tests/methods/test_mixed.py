"""Members of several architectures: in turn, and each at the cost of a member of the base network."""

import pytest
import torch
from torch import nn

from methods.descent import Losing, Recording
from methods.tiny import digits, tiny_task
from modescape.core.errors import ArgumentError, ModelError
from modescape.methods import Mixed, ensemble_predictions
from modescape.methods.mixed import named
from modescape.models import Recipe
from modescape.train import TrainingTask


def units(network):
    """Return how many hidden units a network has, or nothing if it is none of ours."""
    return network[1].out_features


def mlp_task(hidden=10, **more):
    """Return a task of a network with one hidden layer."""
    return tiny_task(model="mlp", options={"hidden": [hidden]}, batch_size=32, **more)


def test_architectures_take_turns_and_cost_as_much_as_the_base_network():
    trainer = Recording()
    method = Mixed(models=("mlp hidden=[20] dropout=0", "mlp hidden=[5]"))
    made = method.ensembles(mlp_task(members=5, epochs=4), (1, 2, 4, 5), trainer)
    wide, narrow = (task for task, _ in trainer.tasks["mixed"])
    assert (wide.settings.members, wide.settings.epochs) == (2, 2)
    assert (narrow.settings.members, narrow.settings.epochs) == (1, 8)
    found = {size: [(units(part.network), part.num_members) for part in made[size].parts] for size in made}
    assert found == {1: [(10, 1)], 2: [(10, 1), (20, 1)], 4: [(10, 2), (20, 1), (5, 1)], 5: [(10, 2), (20, 2), (5, 1)]}
    # The FLOPs of a layer are products alone: 64 n + 10 n.
    assert made[4].cost.prediction == pytest.approx(2 + 2 + 0.5)
    assert made[4].cost.parameters == 2 * (75 * 10 + 10) + (75 * 20 + 10) + (75 * 5 + 10)
    assert made[5].cost.training == pytest.approx(5 * 4 * len(digits().train))
    assert len(ensemble_predictions(made[5], digits().test.inputs, prepare=digits().prepare)) == 5


def test_the_schedule_of_the_others_has_the_same_shape():
    trainer = Recording()
    Mixed(models=("mlp hidden=[5]",)).ensembles(mlp_task(members=2, epochs=4, step_epochs=2), (2,), trainer)
    assert trainer.only("mixed").settings.step_epochs == 4


def test_members_of_the_base_network_are_the_independent_ones_and_others_have_seeds_of_their_own():
    task, trainer = mlp_task(members=4, epochs=1), Recording()
    made = Mixed(models=("mlp hidden=[10]",)).ensembles(task, (4,), trainer)[4]
    independent = trainer.inner.train("independent", task)
    assert torch.equal(made.parts[0].weights[1]["1.weight"], independent.solution(1)["1.weight"])
    first = [weights["1.weight"] for part in made.parts for weights in part.weights]
    assert all((one - two).abs().max() > 0.01 for i, one in enumerate(first) for two in first[:i])


def test_by_default_the_others_are_narrower_and_wider():
    made = Mixed().ensembles(mlp_task(hidden=20, members=4, epochs=2), (4,), Recording())[4]
    assert [(units(part.network), part.num_members) for part in made.parts] == [(20, 2), (16, 1), (25, 1)]
    alone = Mixed().ensembles(mlp_task(members=1, epochs=2), (1,), Recording())[1]
    assert [units(part.network) for part in alone.parts] == [10]


def test_diverged_members_are_left_out():
    made = Mixed(models=("mlp hidden=[5]",)).ensembles(mlp_task(members=3, epochs=1), (1, 2, 3), Losing(members=(0,)))
    assert set(made) == {3}
    assert [units(part.network) for part in made[3].parts] == [10]
    assert made[3].notes == ("2 of 3 members diverged and are left out.",)


def plain(input_shape, num_classes):
    """Build a network without a width."""
    return nn.Sequential(nn.Flatten(), nn.Linear(input_shape[1] * input_shape[2], num_classes))


def test_a_network_without_width_must_be_mixed_with_others_by_name():
    base = mlp_task(members=2, epochs=1)
    task = TrainingTask(Recipe("plain", plain), base.dataset, base.settings, 0)
    with pytest.raises(ArgumentError, match="`models` must name networks to mix with plain, which has no width; got"):
        Mixed().ensembles(task, (2,), Recording())
    assert len(Mixed(models=("mlp hidden=[]",)).ensembles(task, (2,), Recording())[2].parts) == 2


def test_networks_that_are_too_large_or_do_not_fit_are_refused():
    task = mlp_task(members=2, epochs=2)
    with pytest.raises(ModelError, match=r"`models` must be networks that can train an epoch .* got mlp, .* 3 times"):
        Mixed(models=("mlp hidden=[30]",)).ensembles(task, (2,), Recording())
    with pytest.raises(ModelError, match="`model` must take inputs of shape"):
        Mixed(models=("torch.nn:Linear in_features=3 out_features=10",)).ensembles(task, (2,), Recording())


@pytest.mark.parametrize("words", ["mlp width", "mlp =3", "mlp hidden="])
def test_options_are_written_as_name_and_value(words):
    with pytest.raises(ArgumentError, match="`models` must have options written as name=value; got"):
        Mixed(models=("small-cnn", words))


@pytest.mark.parametrize("words", ["large-cnn", "", "  "])
def test_unknown_networks_are_refused(words):
    with pytest.raises(ArgumentError, match="`model` must be one of mlp, small-cnn"):
        Mixed(models=(words,))


def test_values_are_json_or_text():
    assert dict(named("mlp a=[1,2] b=true c=0.5 d=word").options) == {"a": [1, 2], "b": True, "c": 0.5, "d": "word"}
