"""Optimisers against torch's, and stacked ones against single ones."""

import pytest
import torch
from torch import nn
from torch.optim import SGD, Adam, AdamW

from modescape.train import TrainSettings
from modescape.train.optimisers import (
    StackedOptimiser,
    clip_members,
    exported_state,
    import_state,
    optimiser,
    set_learning_rate,
)

SHAPES = {"kernel": (5, 3, 3, 3), "bias": (10,), "scale": (), "wide": (4, 16), "one": (1,)}
CHOICES = {
    "adam": {"optimizer": "adam", "weight_decay": 0.03},
    "adamw": {"optimizer": "adamw", "weight_decay": 0.2},
    "sgd": {"optimizer": "sgd", "momentum": 0.7, "weight_decay": 0.03},
    "plain": {"optimizer": "sgd", "momentum": 0.0},
}


def weights(seed, members=None):
    generator = torch.Generator().manual_seed(seed)
    lead = () if members is None else (members,)
    tree = {name: torch.randn((*lead, *shape), generator=generator) for name, shape in SHAPES.items()}
    if members is None:
        tree["kernel"] = tree["kernel"].contiguous(memory_format=torch.channels_last)
    return {name: tensor.requires_grad_() for name, tensor in tree.items()}


def gradients(step, members=3):
    """Gradients of all members; each has a size of its own, some nearly zero."""
    generator = torch.Generator().manual_seed(1000 + step)
    return {
        name: torch.randn((members, *shape), generator=generator)
        * 10 ** (-6 * torch.rand((members, *shape), generator=generator))
        for name, shape in SHAPES.items()
    }


def give(parameter, gradient):
    """Set a gradient in the memory order of its parameter, as autograd does."""
    parameter.grad = torch.empty_like(parameter, requires_grad=False).copy_(gradient)


REFERENCES = {
    "adam": lambda p: Adam(p, lr=0.05, weight_decay=0.03, foreach=False),
    "adamw": lambda p: AdamW(p, lr=0.05, weight_decay=0.2, foreach=False),
    "sgd": lambda p: SGD(p, lr=0.05, momentum=0.7, weight_decay=0.03, foreach=False),
    "plain": lambda p: SGD(p, lr=0.05, foreach=False),
}


@pytest.mark.parametrize("name", CHOICES)
def test_each_is_torchs_with_the_settings(name):
    ours, theirs = weights(0), weights(0)
    optimizer = optimiser(list(ours.values()), TrainSettings(learning_rate=9.0, **CHOICES[name]))
    reference = REFERENCES[name](list(theirs.values()))
    set_learning_rate(optimizer, 0.05)
    for step in range(4):
        for key, gradient in gradients(step).items():
            give(ours[key], gradient[1])
            give(theirs[key], gradient[1])
        optimizer.step()
        reference.step()
    for key, tensor in ours.items():
        torch.testing.assert_close(tensor, theirs[key], rtol=1e-5, atol=1e-6)


def stacked_weights(members=3):
    singles = [weights(seed) for seed in range(members)]
    return singles, {name: torch.stack([w[name].detach() for w in singles]).requires_grad_() for name in SHAPES}


@pytest.mark.parametrize("name", CHOICES)
def test_a_stacked_optimiser_updates_each_member_to_the_bit_as_if_alone(name):
    settings = TrainSettings(**CHOICES[name])
    singles, stacked = stacked_weights()
    together = StackedOptimiser(stacked, settings)
    alone = [optimiser(list(single.values()), settings) for single in singles]
    for step in range(6):
        rate = 0.05 / (step + 1)
        for key, gradient in gradients(step).items():
            give(stacked[key], gradient)
            for member, single in enumerate(singles):
                give(single[key], gradient[member])
        together.step(rate)
        for single in alone:
            set_learning_rate(single, rate)
            single.step()
    for member, (single, optimizer, state) in enumerate(zip(singles, alone, together.exported(), strict=True)):
        assert all(torch.equal(stacked[key][member], single[key]) for key in SHAPES)
        expected = exported_state(optimizer, single)
        assert state.keys() == expected.keys()
        assert all(torch.equal(state[key], expected[key]) for key in expected)


@pytest.mark.parametrize("name", CHOICES)
def test_a_stacked_optimiser_goes_on_from_what_it_exported(name):
    settings = TrainSettings(**CHOICES[name])
    _, first = stacked_weights()
    one = StackedOptimiser(first, settings)
    for step in range(2):
        for key, gradient in gradients(step).items():
            give(first[key], gradient)
        one.step(0.1)
    second = {key: tensor.detach().clone().requires_grad_() for key, tensor in first.items()}
    other = StackedOptimiser(second, settings, one.exported())
    for key, gradient in gradients(2).items():
        give(first[key], gradient)
        give(second[key], gradient)
    one.step(0.1)
    other.step(0.1)
    assert all(torch.equal(first[key], second[key]) for key in SHAPES)


def test_zero_grad_and_parameters_without_gradient():
    _, stacked = stacked_weights()
    before = {key: tensor.detach().clone() for key, tensor in stacked.items()}
    optimizer = StackedOptimiser(stacked, TrainSettings(weight_decay=0.5))
    stacked["bias"].grad = torch.ones(3, 10)
    optimizer.step(0.1)
    assert {key for key in SHAPES if not torch.equal(stacked[key], before[key])} == {"bias"}
    optimizer.zero_grad()
    assert stacked["bias"].grad is None
    moved = stacked["bias"].detach().clone()
    optimizer.step(0.1)
    assert torch.equal(stacked["bias"], moved), "a gradient that was dropped is not used again"


def test_state_that_is_imported_takes_the_memory_order_of_its_parameter():
    tree = {"kernel": weights(0)["kernel"]}
    optimizer = optimiser(list(tree.values()), TrainSettings())
    give(tree["kernel"], gradients(0)["kernel"][0])
    optimizer.step()
    exported = {key: value.contiguous() for key, value in exported_state(optimizer, tree).items()}
    other = optimiser(list(tree.values()), TrainSettings())
    import_state(other, tree, exported)
    remembered = other.state[tree["kernel"]]
    assert remembered["exp_avg"].stride() == tree["kernel"].stride()
    assert torch.equal(remembered["exp_avg"], optimizer.state[tree["kernel"]]["exp_avg"])
    exported["kernel:exp_avg"].fill_(7)
    assert not (remembered["exp_avg"] == 7).any(), "it is a copy"


@pytest.mark.parametrize("max_norm", [0.01, 1.3, 1e6])
def test_clipping_is_torchs_for_each_member(max_norm):
    stacked = {key: gradient.clone() for key, gradient in gradients(0).items()}
    stacked["bias"][1] *= 50
    expected = []
    for member in range(3):
        parameters = [nn.Parameter(torch.zeros(shape)) for shape in SHAPES.values()]
        for parameter, gradient in zip(parameters, stacked.values(), strict=True):
            parameter.grad = gradient[member].clone()
        nn.utils.clip_grad_norm_(parameters, max_norm)
        expected.append([parameter.grad for parameter in parameters])
    clip_members(list(stacked.values()), max_norm)
    for member in range(3):
        for gradient, reference in zip(stacked.values(), expected[member], strict=True):
            torch.testing.assert_close(gradient[member], reference, rtol=1e-5, atol=1e-9)


def test_a_member_with_nan_does_not_touch_the_others():
    clean = {key: gradient.clone() for key, gradient in gradients(0).items()}
    spoiled = {key: gradient.clone() for key, gradient in clean.items()}
    spoiled["bias"][1] = torch.nan
    clip_members(list(clean.values()), 0.5)
    clip_members(list(spoiled.values()), 0.5)
    for key in SHAPES:
        assert torch.equal(clean[key][[0, 2]], spoiled[key][[0, 2]])
