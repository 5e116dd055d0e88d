"""Networks built with weights from an earlier training."""

import pickle

import pytest
import torch

from methods.tiny import digits, tiny_task
from modescape.core.errors import ModelError
from modescape.methods.started import continued, digest, started_from
from modescape.models import recipe
from modescape.train import task_key, weights_of

SHAPE = (1, 8, 8)


def built(found, seed):
    """Return the weights of a new network."""
    return weights_of(found.build(SHAPE, 10, seed=seed))


def test_it_has_all_weights_and_buffers_whatever_the_seed():
    base = recipe("resnet20", {"width": 0.125})
    weights = built(base, 3)
    weights = {name: tensor + 1 for name, tensor in weights.items()}
    for seed in (0, 5):
        found = built(started_from(base, weights), seed)
        assert found.keys() == weights.keys()
        assert all(torch.equal(found[name], weights[name]) for name in weights)


def test_what_is_not_named_is_fresh_and_depends_on_the_seed_alone():
    base = recipe("mlp", {"hidden": [6]})
    weights = built(base, 3)
    started = started_from(base, {name: weights[name] for name in ("1.weight", "1.bias")})
    first, again, other = (built(started, seed) for seed in (1, 1, 2))
    assert torch.equal(first["1.weight"], weights["1.weight"])
    assert torch.equal(other["1.weight"], weights["1.weight"])
    assert torch.equal(first["4.weight"], again["4.weight"])
    assert not torch.equal(first["4.weight"], other["4.weight"])
    assert not torch.equal(first["4.weight"], weights["4.weight"])


def test_other_weights_options_or_networks_are_another_training():
    weights = weights_of(tiny_task().network(0))
    moved = {name: tensor + (name == "0.weight") for name, tensor in weights.items()}
    recipes = [
        started_from(recipe("small-cnn", {"width": 0.25}), weights),
        started_from(recipe("small-cnn", {"width": 0.25}), moved),
        started_from(recipe("small-cnn", {"width": 0.25, "dropout": 0.5}), weights),
        started_from(recipe("medium-cnn", {"width": 0.25}), weights),
        recipe("small-cnn", {"width": 0.25}),
    ]
    keys = {task_key(type(tiny_task())(found, digits(), tiny_task().settings, 0)) for found in recipes}
    assert len(keys) == len(recipes)
    again = started_from(recipe("small-cnn", {"width": 0.25}), {name: t.clone() for name, t in weights.items()})
    assert task_key(type(tiny_task())(again, digits(), tiny_task().settings, 0)) in keys


def test_a_started_network_may_be_started_again():
    base = recipe("mlp", {"hidden": [6]})
    first = started_from(base, built(base, 3))
    second = started_from(first, {"4.bias": torch.full((10,), 2.0)})
    assert built(second, 0)["4.bias"].tolist() == [2.0] * 10
    assert torch.equal(built(second, 0)["1.weight"], built(base, 3)["1.weight"])


def test_it_survives_a_trip_between_processes():
    base = recipe("mlp", {"hidden": [6]})
    copied = pickle.loads(pickle.dumps(started_from(base, built(base, 3))))  # noqa: S301
    assert torch.equal(built(copied, 0)["1.weight"], built(base, 3)["1.weight"])


def test_the_digest_depends_on_names_types_and_values():
    values = torch.tensor([1.0, 2.0])
    found = {
        digest({"w": values}),
        digest({"v": values}),
        digest({"w": values.double()}),
        digest({"w": values + 1e-6}),
        digest({"w": values.view(2, 1)}),
        digest({"w": torch.tensor(1.0)}),
    }
    assert len(found) == 6
    assert digest({"w": values[::1]}) == digest({"w": torch.tensor([1.0, 0.0, 2.0])[::2]})


@pytest.mark.parametrize("name", ["9.weight", "4.bias"])
def test_weights_of_another_network_are_refused(name):
    started = started_from(recipe("mlp", {"hidden": [6]}), {name: torch.zeros(3)})
    with pytest.raises(ModelError, match=rf"`weights` must be of the networks of mlp; got {name} of shape \(3,\)"):
        started.build(SHAPE, 10, seed=0)


def test_training_goes_on_from_weights_with_numbers_of_its_own():
    task = tiny_task(members=3, epochs=4)
    weights = weights_of(task.network(2))
    further = continued(task, weights, epochs=5, member=2, schedule="constant", learning_rate=0.2)
    found = weights_of(further.network(0))
    assert all(torch.equal(found[name], weights[name]) for name in weights)
    settings = further.settings
    assert (settings.members, settings.epochs, settings.schedule, settings.learning_rate) == (1, 5, "constant", 0.2)
    assert settings.batch_size == task.settings.batch_size
    assert not torch.equal(further.order(0, 0), task.order(2, 0))
    other = continued(task, weights, epochs=5, member=1)
    assert not torch.equal(further.order(0, 0), other.order(0, 0))
