import sys

import numpy as np
import pytest
import torch
from torch import nn

from modescape.core.errors import ArgumentError, MissingDependencyError
from modescape.functions import attacks
from modescape.functions.attacks import LogMean, decided, fast_gradient, projected_gradient, random_signs


def network(seed, features=6, classes=3):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Linear(features, 16), nn.BatchNorm1d(16), nn.Tanh(), nn.Dropout(), nn.Linear(16, classes)
        )


def inputs(number=40, features=6, seed=0):
    return torch.rand(number, features, generator=torch.Generator().manual_seed(seed))


def prepare(batch):
    return 3.0 * (batch - 0.5)


def gradient(target, batch, classes):
    batch = batch.clone().requires_grad_(True)
    nn.functional.cross_entropy(target(batch), classes, reduction="sum").backward()
    return batch.grad


@pytest.fixture(params=[1, 3])
def target(request):
    """One network, and an ensemble of three."""
    return LogMean([network(seed) for seed in range(request.param)], prepare)


def test_an_ensemble_is_the_mean_of_probabilities():
    members = [network(seed).eval() for seed in range(3)]
    found = LogMean(members, prepare)(inputs())
    expected = torch.stack([member(prepare(inputs())).double().softmax(dim=1) for member in members]).mean(dim=0).log()
    torch.testing.assert_close(found.double(), expected, atol=1e-6, rtol=0)


def test_one_step_is_along_the_sign_of_the_gradient(target):
    sizes, batch = [0.01, 0.05, 0.2, 0.7], inputs()
    found = fast_gradient(target, batch, sizes, bounds=(0.0, 1.0), batch_size=16)
    before = target(batch).argmax(dim=1)
    signs = gradient(target, batch, before).sign()
    for row, size in zip(found.flipped, sizes, strict=True):
        changed = (batch + size * signs).clamp(0, 1)
        np.testing.assert_array_equal(row, (target(changed).argmax(dim=1) != before).numpy())
    assert 0 < found.flipped[1].mean() < found.flipped[3].mean() < 1.01


def test_the_smallest_size_flips_and_a_little_less_does_not(target):
    sizes, batch = [0.02, 0.1, 0.5], inputs()
    found = fast_gradient(target, batch, sizes, bounds=(0.0, 1.0))
    before = target(batch).argmax(dim=1)
    signs = gradient(target, batch, before).sign()
    reached = np.isfinite(found.smallest)
    np.testing.assert_array_equal(reached, found.flipped.any(axis=0))
    assert reached.sum() > 5
    ends = np.array([0.0, *sizes])
    for example in np.flatnonzero(reached):
        first = int(found.flipped[:, example].argmax())
        width = (ends[first + 1] - ends[first]) / 2**attacks.REFINEMENTS

        def flips(size, example=example):
            changed = (batch[example : example + 1] + float(size) * signs[example]).clamp(0, 1)
            return int(target(changed).argmax()) != int(before[example])

        size = found.smallest[example]
        assert ends[first] < size <= ends[first + 1]
        assert flips(size)
        assert not flips(size - width)


def test_many_steps_are_an_obvious_loop(target):
    batch, size, number = inputs(), 0.15, 6
    found = projected_gradient(target, batch, size=size, num_steps=number, bounds=(0.0, 1.0), batch_size=25)
    before, now = target(batch).argmax(dim=1), batch.clone()
    first = np.full(len(batch), np.nan)
    for step in range(1, number + 1):
        now = now + size * 2.5 / number * gradient(target, now, before).sign()
        now = torch.minimum(torch.maximum(now.clamp(0, 1), batch - size), batch + size)
        flips = (target(now).argmax(dim=1) != before).numpy()
        first = np.where(np.isnan(first) & flips, step, first)
    torch.testing.assert_close(found.inputs, now, atol=1e-6, rtol=0)
    np.testing.assert_array_equal(found.num_steps, first)
    np.testing.assert_array_equal(found.flipped, np.isfinite(first))
    assert 0 < found.flipped.mean() < 1
    assert len(np.unique(first[np.isfinite(first)])) > 1


def test_one_step_of_many_is_no_longer_than_the_size(target):
    found = projected_gradient(target, inputs(), size=0.1, num_steps=1)
    once = fast_gradient(target, inputs(), [0.1])
    np.testing.assert_array_equal(found.flipped, once.flipped[0])
    assert float((found.inputs - inputs()).abs().max()) == pytest.approx(0.1, abs=1e-6)


@pytest.mark.parametrize("members", [1, 2])
def test_a_sure_network_is_attacked_as_one_that_is_less_so(members):
    def built(factor):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            one = nn.Linear(6, 3)
        one.weight.data *= factor
        one.bias.data *= factor
        return LogMean([one] * members, lambda batch: batch)

    sizes = [0.05, 0.2, 0.8]
    found = [fast_gradient(built(factor), inputs(), sizes) for factor in (2.0**10, 2.0**20)]
    assert np.isfinite(found[0].smallest).mean() > 0.8
    np.testing.assert_array_equal(found[0].smallest, found[1].smallest)
    many = [projected_gradient(built(factor), inputs(), size=0.8, num_steps=5) for factor in (2.0**10, 2.0**20)]
    np.testing.assert_array_equal(many[0].num_steps, many[1].num_steps)
    assert many[1].flipped.mean() > 0.8


def test_changes_stay_within_their_size_and_bounds(target):
    found = projected_gradient(target, inputs(), size=0.3, num_steps=5, bounds=(0.0, 1.0))
    assert float((found.inputs - inputs()).abs().max()) <= 0.3 + 1e-6
    assert 0.0 <= float(found.inputs.min()) <= float(found.inputs.max()) <= 1.0
    free = projected_gradient(target, inputs(), size=0.3, num_steps=5)
    assert float(free.inputs.min()) < 0.0


def test_networks_and_global_generators_are_left_as_they_were():
    member = network(0).train()
    before = {name: tensor.clone() for name, tensor in member.state_dict().items()}
    states = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    target = LogMean([member], prepare)
    first = projected_gradient(target, inputs(), size=0.1, num_steps=3)
    second = projected_gradient(target, inputs(), size=0.1, num_steps=3)
    fast_gradient(target, inputs(), [0.1])
    assert torch.equal(first.inputs, second.inputs)
    assert torch.equal(torch.get_rng_state(), states[0])
    np.testing.assert_array_equal(np.random.get_state()[1], states[1])  # noqa: NPY002
    assert member.training
    assert all(parameter.requires_grad for parameter in member.parameters())
    assert all(torch.equal(tensor, before[name]) for name, tensor in member.state_dict().items())


def test_images_are_attacked_too():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        small = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(2 * 36, 4))
    images = torch.rand(9, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    target = LogMean([small, small], lambda batch: batch.clone())
    found = fast_gradient(target, images, [0.5], bounds=(0.0, 1.0))
    assert found.flipped.shape == (1, 9)
    assert projected_gradient(target, images, size=0.5, num_steps=2, bounds=(0.0, 1.0)).inputs.shape == images.shape


def test_random_signs_have_one_size_and_one_seed():
    def draw():
        generator = torch.Generator().manual_seed(3)
        return list(random_signs(inputs(), [0.1, 0.4], generator=generator, bounds=(0.0, 1.0)))

    (small, large), (again, _) = draw(), draw()
    assert torch.equal(small, again)
    up = (large > inputs()).float().mean()
    assert 0.3 < float(up) < 0.7
    torch.testing.assert_close((large - inputs())[(large > 0) & (large < 1)].abs().unique().max(), torch.tensor(0.4))
    assert 0.0 <= float(large.min()) <= float(large.max()) <= 1.0


def test_decisions_come_in_batches():
    target = network(0).eval()
    np.testing.assert_array_equal(decided(target, inputs(), batch_size=7), target(inputs()).argmax(dim=1).numpy())


@pytest.mark.parametrize("sizes", [[], [0.0], [0.2, 0.1], [float("nan")]])
def test_sizes_that_do_not_rise_are_refused(sizes):
    with pytest.raises(ArgumentError, match=r"`size` must rise from above 0; got \["):
        fast_gradient(LogMean([network(0)], prepare), inputs(), sizes)


def test_wrong_inputs_are_refused():
    target = LogMean([network(0)], prepare)
    with pytest.raises(ArgumentError, match=r"`inputs` must be float32 of shape \(example, ...\); got torch.uint8"):
        fast_gradient(target, torch.zeros(2, 6, dtype=torch.uint8), [0.1])
    with pytest.raises(ArgumentError, match=r"`inputs` must lie between 0 and 1; got numbers from 2 to 2"):
        projected_gradient(target, torch.full((2, 6), 2.0), size=0.1, num_steps=2, bounds=(0.0, 1.0))
    with pytest.raises(ArgumentError, match=r"`num_steps` must be at least 1; got 0"):
        projected_gradient(target, inputs(), size=0.1, num_steps=0)
    with pytest.raises(ArgumentError, match=r"`networks` must be at least 1; got 0"):
        LogMean([], prepare)


def test_without_the_toolbox_it_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "art.attacks.evasion", None)
    with pytest.raises(
        MissingDependencyError, match=r"Attacks need the package `adversarial-robustness-toolbox`.*attacks\]"
    ):
        fast_gradient(LogMean([network(0)], prepare), inputs(), [0.1])


def test_a_toolbox_that_counts_otherwise_is_refused(monkeypatch):
    monkeypatch.setattr(attacks, "_generated", lambda _attack, batch, _decisions: batch)
    with pytest.raises(MissingDependencyError, match=r"one gradient a step; got 0 in 3 steps"):
        projected_gradient(LogMean([network(0)], prepare), inputs(), size=0.1, num_steps=3)
