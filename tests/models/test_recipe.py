"""Recipes: a new network for each member out of its seed, and every wrong one refused in one line."""

import random
import sys

import numpy as np
import pytest
import torch
from torch import nn

from modescape.core.errors import ArgumentError, ModelError
from modescape.models import MODELS, check_network, recipe


class Own(nn.Module):
    """Bare parameters, drawn from three generators."""

    def __init__(self, input_shape, num_classes, *, spread=1.0):
        super().__init__()
        size = int(np.prod(input_shape))
        self.weight = nn.Parameter(torch.randn(size, num_classes) * spread)
        self.bias = nn.Parameter(torch.tensor(np.random.normal(size=num_classes)).float())  # noqa: NPY002
        self.scale = nn.Parameter(torch.tensor(random.random()))  # noqa: S311

    def forward(self, inputs):
        return (inputs.flatten(1) @ self.weight + self.bias) * self.scale


def states():
    return torch.get_rng_state().tolist(), np.random.get_state()[1].tolist(), random.getstate()  # noqa: NPY002


def weights(network):
    return [*network.parameters(), *network.buffers()]


@pytest.mark.parametrize("model", [*MODELS, Own])
def test_the_weights_depend_on_the_seed_alone(model):
    build = recipe(model).build
    first = build((1, 8, 8), 4, seed=6)
    torch.rand(3)
    before = states()
    again, other = build((1, 8, 8), 4, seed=6), build((1, 8, 8), 4, seed=7)
    assert states() == before
    assert all(torch.equal(one, two) for one, two in zip(weights(first), weights(again), strict=True))
    pairs = zip(first.parameters(), other.parameters(), strict=True)
    different = [not torch.equal(one, two) for one, two in pairs if not ((one == 0).all() or (one == 1).all())]
    assert different
    assert all(different)


def test_generators_are_restored_when_a_builder_fails():
    def fails():
        torch.rand(5)
        raise KeyError("key")

    before = states()
    with pytest.raises(
        ModelError, match=r"^`model` must build a network; got KeyError from .*fails: 'key'\. It was call"
    ):
        recipe(fails).build((6,), 3, seed=0)
    assert states() == before


def test_a_builder_gets_the_arguments_that_it_takes():
    seen = []

    def everything(**options):
        seen.append(options)
        return nn.Linear(1, 1)

    def classes_only(num_classes, depth=2):
        seen.append({"num_classes": num_classes, "depth": depth})
        return nn.Linear(1, 1)

    recipe(everything, {"depth": 5}).build((6,), 3, seed=0)
    recipe(classes_only, {"depth": 5}).build((6,), 3, seed=0)
    recipe(lambda: seen.append({}) or nn.Linear(1, 1)).build((6,), 3, seed=0)
    expected = [{"input_shape": (6,), "num_classes": 3, "depth": 5}, {"num_classes": 3, "depth": 5}, {}]
    assert seen == expected


def test_an_unknown_option_is_refused_with_those_that_are_known():
    with pytest.raises(
        ArgumentError, match=r"^`model\.options` must be taken by mlp; got 'hiden'\. Its options are: hidden"
    ):
        recipe("mlp", {"hiden": [3]}).build((6,), 3, seed=0)
    with pytest.raises(ArgumentError, match=r"got 'depth'\. Its options are: spread\.$"):
        recipe(Own, {"depth": 3}).build((6,), 3, seed=0)
    with pytest.raises(ArgumentError, match=r"got 'depth'\. It has no options\.$"):
        recipe(lambda: None, {"depth": 3}).build((6,), 3, seed=0)


def test_an_unknown_name_is_refused_with_those_that_are_known():
    line = (
        r"^`model` must be one of mlp, small-cnn, medium-cnn, resnet, resnet20, or package\.module:function; got 'mpl'"
    )
    with pytest.raises(ArgumentError, match=line):
        recipe("mpl")


def test_names_of_the_users_own_code(tmp_path, monkeypatch):
    (tmp_path / "own_recipes.py").write_text("from torch.nn import Linear\ndef build():\n    return Linear(4, 3)\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    try:
        assert recipe("own_recipes:build").build((4,), 3, seed=1).weight.shape == (3, 4)
        with pytest.raises(ArgumentError, match=r"`model` must name a function or class in the module own_recipes"):
            recipe("own_recipes:other")
    finally:
        sys.modules.pop("own_recipes", None)
    with pytest.raises(ArgumentError, match=r"`model` must name a module that can be imported \(ModuleNotFoundError"):
        recipe("no_such_package.networks:build")


@pytest.mark.parametrize("model", [nn.Linear(4, 3), nn.Sequential(), 5, None])
def test_an_instance_is_refused_because_all_members_would_begin_alike(model):
    line = r"^`model` must be a function that builds a network, so that each member gets its own initial w"
    with pytest.raises(ArgumentError, match=line):
        recipe(model)


def test_what_is_no_network_is_refused():
    def options():
        return {"layers": 3}

    with pytest.raises(
        ModelError, match=r"^`model` must return a torch\.nn\.Module; got dict from .*options\. Return the"
    ):
        recipe(options).build((4,), 3, seed=0)


def test_an_error_of_several_lines_becomes_one():
    def fails():
        raise RuntimeError("first\n  second.")

    with pytest.raises(
        ModelError, match=r"got RuntimeError from .*: first second\. It was called for inputs of shape \(6,"
    ):
        recipe(fails).build((6,), 3, seed=0)


def test_our_own_errors_pass_as_they_are():
    with pytest.raises(ModelError, match=r"^`width` must leave at least one channel"):
        recipe("small-cnn", {"width": 0.01}).build((1, 8, 8), 3, seed=0)
    with pytest.raises(ModelError, match=r"^`model` must fit the data"):
        recipe("resnet20").build((8,), 3, seed=0)


@pytest.mark.filterwarnings("ignore:Lazy modules are a new feature")
def test_lazy_layers_get_their_shapes_and_weights_from_the_seed():
    def lazy(num_classes):
        norm = nn.LazyBatchNorm2d(affine=False)
        return nn.Sequential(nn.LazyConv2d(4, 3), norm, nn.Flatten(), nn.LazyLinear(num_classes))

    networks = [recipe(lazy).build((2, 6, 6), 3, seed=seed) for seed in (1, 1, 2)]
    assert networks[0][3].weight.shape == (3, 64)
    assert torch.equal(networks[0][3].weight, networks[1][3].weight)
    assert not torch.equal(networks[0][3].weight, networks[2][3].weight)
    assert not networks[0][1].running_mean.any(), "no statistics of the empty images"
    only_buffers = recipe(lambda: nn.Sequential(nn.LazyBatchNorm1d(affine=False), nn.Linear(6, 3))).build(
        (6,), 3, seed=0
    )
    assert only_buffers[0].running_mean.shape == (6,)


@pytest.mark.filterwarnings("ignore:Lazy modules are a new feature")
def test_lazy_layers_that_dont_fit_are_refused():
    line = (
        r"^`model` must take inputs of shape \(2, 6\), to find the shapes of its lazy layers; got RuntimeError: .*Check"
    )
    with pytest.raises(ModelError, match=line) as caught:
        recipe(lambda: nn.Sequential(nn.LazyConv2d(4, 3), nn.Linear(5, 3))).build((6,), 3, seed=0)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("shape", [(2, 5), (2, 3, 1), (3,)])
def test_outputs_of_another_shape_are_refused(shape):
    class Shaped(nn.Module):
        def forward(self, inputs):
            return inputs.new_zeros(shape)

    line = r"^`model` must return floating-point logits of shape \(2, 3\) .*; got torch.float32 of shape \(.*\)\. Make"
    with pytest.raises(ModelError, match=line):
        check_network(Shaped(), torch.zeros(2, 4), num_classes=3)


def test_outputs_of_another_kind_are_refused():
    class Pair(nn.Module):
        def forward(self, inputs):
            return inputs, inputs

    with pytest.raises(
        ModelError, match=r"must return floating-point logits of shape \(2, 3\) \(example, class\); got tuple\. Make"
    ):
        check_network(Pair(), torch.zeros(2, 3), num_classes=3)

    class Classes(nn.Module):
        def forward(self, inputs):
            return inputs.long()

    with pytest.raises(ModelError, match=r"; got torch\.int64 of shape \(2, 3\)\."):
        check_network(Classes(), torch.zeros(2, 3), num_classes=3)


def test_inputs_that_dont_fit_are_refused_in_one_line():
    line = r"^`model` must take inputs of shape \(2, 5\); got RuntimeError: .*Check the first layer against the data\.$"
    with pytest.raises(ModelError, match=line) as caught:
        check_network(nn.Linear(4, 3), torch.zeros(2, 5), num_classes=3)
    assert "\n" not in str(caught.value)


def test_a_check_changes_no_weights():
    network = nn.Sequential(nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 3)).train()
    before = [tensor.clone() for tensor in weights(network)]
    check_network(network, torch.rand(2, 4) + 5, num_classes=3)
    assert all(torch.equal(one, two) for one, two in zip(weights(network), before, strict=True))
    assert not network.training
