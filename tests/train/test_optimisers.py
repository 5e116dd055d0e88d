"""Optimisers against torch's, and those of many members against those of one."""

import pytest
import torch
from torch import nn
from torch.optim import SGD, Adam, AdamW

from modescape.train import TrainSettings
from modescape.train.flat import PADDING, FlatParameters, flattened
from modescape.train.optimisers import MemberOptimiser, clip_members
from modescape.train.sghmc import LangevinNoise

SHAPES = {"kernel": (5, 3, 3, 3), "bias": (10,), "scale": (), "wide": (4, 16), "one": (1,)}
MEMBERS = 3
CHOICES = {
    "adam": {"optimizer": "adam", "weight_decay": 0.03},
    "adamw": {"optimizer": "adamw", "weight_decay": 0.2},
    "sgd": {"optimizer": "sgd", "momentum": 0.7, "weight_decay": 0.03},
    "plain": {"optimizer": "sgd", "momentum": 0.0},
    "sghmc": {"optimizer": "sghmc", "momentum": 0.6, "weight_decay": 0.05},
}
REFERENCES = {
    "adam": lambda p: Adam(p, lr=0.05, weight_decay=0.03, foreach=False),
    "adamw": lambda p: AdamW(p, lr=0.05, weight_decay=0.2, foreach=False),
    "sgd": lambda p: SGD(p, lr=0.05, momentum=0.7, weight_decay=0.03, foreach=False),
    "plain": lambda p: SGD(p, lr=0.05, foreach=False),
    "sghmc": lambda p: SGD(p, lr=0.05, momentum=0.6, weight_decay=0.05, foreach=False),
}


def weights(members=MEMBERS):
    generators = [torch.Generator().manual_seed(member) for member in range(members)]
    drawn = [{name: torch.randn(shape, generator=g) for name, shape in SHAPES.items()} for g in generators]
    return {name: torch.stack([tree[name] for tree in drawn]) for name in SHAPES}


def gradients(step, members=MEMBERS):
    """Gradients of all members; each has a size of its own, some nearly zero."""
    generator = torch.Generator().manual_seed(1000 + step)
    return [
        torch.randn((members, *shape), generator=generator)
        * 10 ** (-6 * torch.rand((members, *shape), generator=generator))
        for shape in SHAPES.values()
    ]


def of_member(trees, member):
    return [tensor[member : member + 1] for tensor in trees]


@pytest.mark.parametrize("name", CHOICES)
def test_each_is_torchs_with_the_settings(name):
    flat = FlatParameters(weights())
    optimizer = MemberOptimiser(flat, TrainSettings(learning_rate=9.0, **CHOICES[name]))
    theirs = [[tensor[member].clone() for tensor in weights().values()] for member in range(MEMBERS)]
    references = [REFERENCES[name](tensors) for tensors in theirs]
    for step in range(4):
        optimizer.step(gradients(step), rate=0.05)
        for member, reference in enumerate(references):
            for tensor, gradient in zip(theirs[member], gradients(step), strict=True):
                tensor.grad = gradient[member]
            reference.step()
    for member in range(MEMBERS):
        for key, expected in zip(SHAPES, theirs[member], strict=True):
            torch.testing.assert_close(flat.values[key][member], expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("clip_norm", [None, 0.5])
@pytest.mark.parametrize("name", CHOICES)
def test_each_member_is_updated_to_the_bit_as_if_alone(name, clip_norm):
    settings = TrainSettings(**CHOICES[name], clip_norm=clip_norm)
    together = FlatParameters(weights())
    optimizer = MemberOptimiser(together, settings)
    singles = [FlatParameters(dict(zip(SHAPES, of_member(weights().values(), m), strict=True))) for m in range(MEMBERS)]
    alone = [MemberOptimiser(single, settings) for single in singles]
    for step in range(6):
        rate = 0.05 / (step + 1)
        optimizer.step(gradients(step), rate=rate)
        for member, single in enumerate(alone):
            single.step(of_member(gradients(step), member), rate=rate)
    for member, (single, own) in enumerate(zip(singles, alone, strict=True)):
        assert all(torch.equal(together.values[key][member], single.values[key][0]) for key in SHAPES)
        expected, found = own.exported()[0], optimizer.exported()[member]
        assert found.keys() == expected.keys()
        assert all(torch.equal(found[key], expected[key]) for key in expected)


@pytest.mark.parametrize("name", CHOICES)
def test_it_goes_on_from_what_it_exported(name):
    settings = TrainSettings(**CHOICES[name])
    first = FlatParameters(weights())
    one = MemberOptimiser(first, settings)
    for step in range(2):
        one.step(gradients(step), rate=0.1)
    second = FlatParameters(first.values)
    other = MemberOptimiser(second, settings, one.exported())
    one.step(gradients(2), rate=0.1)
    other.step(gradients(2), rate=0.1)
    assert all(torch.equal(first.values[key], second.values[key]) for key in SHAPES)


def test_what_is_exported_is_a_copy_in_the_order_of_the_parameter():
    flat = FlatParameters(weights())
    optimizer = MemberOptimiser(flat, TrainSettings())
    optimizer.step(gradients(0), rate=0.1)
    state = optimizer.exported()[1]
    assert state["kernel:exp_avg"].is_contiguous()
    torch.testing.assert_close(state["kernel:exp_avg"], gradients(0)[0][1] * 0.1)
    assert state["bias:step"].item() == 1
    state["kernel:exp_avg"].fill_(7)
    assert not (optimizer.exported()[1]["kernel:exp_avg"] == 7).any()


@pytest.mark.parametrize("name", CHOICES)
def test_a_parameter_without_gradient_stays(name):
    flat = FlatParameters(weights())
    optimizer = MemberOptimiser(flat, TrainSettings(**CHOICES[name]))
    before = {key: tensor.clone() for key, tensor in flat.values.items()}
    for step in range(2):
        partial = [g if key == "bias" else None for key, g in zip(SHAPES, gradients(step), strict=True)]
        optimizer.step(partial, rate=0.1)
        assert {key for key in SHAPES if not torch.equal(flat.values[key], before[key])} == {"bias"}
    remembered = optimizer.exported()[0]
    assert not any(tensor.any() for key, tensor in remembered.items() if key.startswith("wide:") and "step" not in key)


def test_noise_is_added_after_clipping_to_each_member_as_if_alone():
    settings = TrainSettings(optimizer="sghmc", momentum=0.0, clip_norm=1e-6)
    together = FlatParameters(weights())
    MemberOptimiser(together, settings).step(gradients(0), rate=0.5, noise=LangevinNoise((4, 5, 6), 3.0))
    for member in range(MEMBERS):
        single = FlatParameters(dict(zip(SHAPES, of_member(weights().values(), member), strict=True)))
        optimizer = MemberOptimiser(single, settings)
        optimizer.step(of_member(gradients(0), member), rate=0.5, noise=LangevinNoise((4 + member,), 3.0))
        assert all(torch.equal(together.values[key][member], single.values[key][0]) for key in SHAPES)
    moved = together.values["kernel"] - weights()["kernel"]
    assert moved.std() == pytest.approx(1.5, rel=0.1)
    assert not together.vectors[0][:, together.lengths[0] :].any()


def test_parts_of_members_are_padded_and_the_padding_stays_zero():
    flat = FlatParameters(weights())
    optimizer = MemberOptimiser(flat, TrainSettings(weight_decay=0.1))
    optimizer.step(gradients(0), rate=0.1)
    (vector,) = flat.vectors
    num_params = sum(tensor[0].numel() for tensor in weights().values())
    assert vector.shape == (MEMBERS, PADDING)
    assert not vector[:, num_params:].any()


def test_parameters_of_several_types():
    tree = {"half": torch.ones(2, 3, dtype=torch.float64), "whole": torch.ones(2, 4), "more": torch.ones(2, 1).double()}
    flat = FlatParameters(tree)
    optimizer = MemberOptimiser(flat, TrainSettings(optimizer="sgd", momentum=0.5))
    for _ in range(2):
        optimizer.step([torch.ones_like(tensor) for tensor in tree.values()], rate=0.1)
    assert [vector.dtype for vector in flat.vectors] == [torch.float64, torch.float32]
    for key, tensor in tree.items():
        torch.testing.assert_close(flat.values[key], torch.full_like(tensor, 1 - 0.1 - 0.15))
    assert optimizer.exported()[0]["half:momentum_buffer"].dtype == torch.float64


def test_a_flattened_network_computes_the_same_and_is_changed_through_its_vector():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(16, 2)).to(memory_format=torch.channels_last)
    network[2].bias.requires_grad_(False)
    inputs = torch.rand(5, 3, 4, 4)
    expected = network(inputs).detach()
    flat = flattened(network)
    assert torch.equal(network(inputs), expected)
    assert list(flat.values) == ["0.weight", "0.bias", "2.weight"]
    assert network[0].weight.is_contiguous(memory_format=torch.channels_last)
    with torch.no_grad():
        flat.vectors[0].zero_()
    assert torch.equal(network(inputs).detach(), network[2].bias.expand(5, 2))


def torch_norm_clipped(trees, max_norm):
    parameters = [nn.Parameter(torch.zeros_like(tensor)) for tensor in trees]
    for parameter, gradient in zip(parameters, trees, strict=True):
        parameter.grad = gradient.clone()
    nn.utils.clip_grad_norm_(parameters, max_norm)
    return [parameter.grad for parameter in parameters]


@pytest.mark.parametrize("max_norm", [0.01, 1.3, 1e6])
def test_clipping_is_torchs_for_each_member(max_norm):
    first, second = (torch.randn(3, 50, generator=torch.Generator().manual_seed(seed)) for seed in (1, 2))
    second[1] *= 50
    expected = [torch_norm_clipped([first[member], second[member]], max_norm) for member in range(3)]
    clip_members([first, second], max_norm)
    for member in range(3):
        for gradient, reference in zip((first, second), expected[member], strict=True):
            torch.testing.assert_close(gradient[member], reference, rtol=1e-5, atol=1e-9)


def test_a_member_with_nan_does_not_touch_the_others():
    clean = torch.randn(3, 40, generator=torch.Generator().manual_seed(3))
    spoiled = clean.clone()
    spoiled[1, 7] = torch.nan
    clip_members([clean], 0.5)
    clip_members([spoiled], 0.5)
    assert torch.equal(clean[[0, 2]], spoiled[[0, 2]])
