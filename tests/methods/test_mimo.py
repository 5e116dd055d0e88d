"""MIMO: which examples meet in a pass, whose answer is whose, and what it costs."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from methods.agreement import check_engines_agree
from methods.tiny import EPOCHS, digits, tiny_task
from modescape.core.errors import ArgumentError, ModelError
from modescape.data import DataSettings, load_dataset
from modescape.methods import MemoryTrainer, Mimo, flops
from modescape.methods.joint import within_budget
from modescape.methods.mimo import GroupLoss, MultiInput, arranged
from modescape.models import Recipe

N, FEATURES, CLASSES = 128, 4, 3


def numbers(*shape, seed=1):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def linear(members):
    """Return a linear network of some inputs with its weights by (head, class, slot, feature)."""
    layer = nn.Linear(members * FEATURES, members * CLASSES)
    with torch.no_grad():
        layer.weight.copy_(numbers(*layer.weight.shape))
        layer.bias.copy_(numbers(*layer.bias.shape, seed=2))
    weights = layer.weight.detach().view(members, CLASSES, members, FEATURES)
    return MultiInput(layer, members), weights, layer.bias.detach().view(members, CLASSES)


@pytest.mark.parametrize(("members", "num_examples"), [(2, 6), (3, 6), (3, 7), (4, 2), (1, 5)])
def test_a_linear_network_answers_each_example_from_those_of_its_group(members, num_examples):
    network, weights, bias = linear(members)
    inputs = numbers(num_examples, FEATURES, seed=3)
    found = network.train()(inputs)
    assert found.shape == (num_examples, CLASSES)
    for example in range(num_examples):
        group, head = divmod(example, members)
        expected = bias[head].clone()
        for slot in range(members):
            other = inputs[(group * members + slot) % num_examples]
            expected += weights[head, :, slot] @ other
        torch.testing.assert_close(found[example], expected)


def test_in_evaluation_an_example_is_in_all_places():
    network, weights, bias = linear(3)
    inputs = numbers(5, FEATURES, seed=3)
    found = network.eval()(inputs)
    expected = torch.einsum("hcsf,ef->ehc", weights, inputs) + bias
    torch.testing.assert_close(found, expected)


def test_heads_whose_weights_see_their_own_example_only_are_networks_of_their_own():
    layer = nn.Linear(2 * FEATURES, 2 * CLASSES, bias=False)
    own = [numbers(CLASSES, FEATURES, seed=seed) for seed in (5, 6)]
    layer.weight = nn.Parameter(torch.block_diag(*own))
    network = MultiInput(layer, 2)
    inputs = numbers(6, FEATURES)
    torch.testing.assert_close(network.train()(inputs)[1::2], inputs[1::2] @ own[1].T)
    torch.testing.assert_close(network.eval()(inputs)[:, 0], inputs @ own[0].T)
    changed = inputs.clone()
    changed[0] += 1
    torch.testing.assert_close(network.train()(changed)[1:], network(inputs)[1:])


def test_images_lie_one_behind_the_other_along_channels():
    seen = []

    class Watching(nn.Module):
        def forward(self, inputs):
            seen.append(inputs)
            return inputs.mean(dim=(2, 3))

    images = numbers(4, 3, 5, 5).contiguous(memory_format=torch.channels_last)
    found = MultiInput(Watching(), 2).train()(images)
    assert seen[0].shape == (2, 6, 5, 5)
    torch.testing.assert_close(seen[0][1, 3:], images[3])
    torch.testing.assert_close(found, images.mean(dim=(2, 3)))


def test_repeated_groups_have_their_first_example_and_its_label_in_all_places():
    rows = torch.arange(12)
    expected = [[0, 0, 0], [3, 3, 3], [6, 7, 8], [9, 10, 11]]
    assert arranged(rows, 3, repetition=0.7).tolist() == expected
    logits = numbers(12, CLASSES)
    labels = torch.arange(12) % CLASSES
    losses = GroupLoss(3, 0.7, smoothing=0.2)(logits, labels)
    for position, label in enumerate(labels[torch.tensor(expected).flatten()]):
        target = torch.full((CLASSES,), 0.2 / CLASSES)
        target[label] += 0.8
        torch.testing.assert_close(losses[position], -(target * logits[position].log_softmax(dim=0)).sum())


def test_with_all_inputs_repeated_heads_see_what_they_see_in_evaluation():
    network, _, _ = linear(3)
    network.repetition = 1.0
    inputs = numbers(9, FEATURES)
    torch.testing.assert_close(network.train()(inputs).view(3, 3, -1), network.eval()(inputs[::3]))


def test_epochs_are_those_that_the_passes_leave():
    options = {"hidden": [20], "dropout": 0.1}
    task = tiny_task(model="mlp", options=options, batch_size=13)
    ensemble = Mimo().ensembles(task, (3,), MemoryTrainer())[3]
    share = 20 * (3 * 64 + 3 * 10) / (20 * (64 + 10))
    passes = (N // 39) * 13 * share  # 3 steps of 39 examples, 13 passes each
    epochs = int(3 * EPOCHS * (N // 13) * 13 / passes)
    assert ensemble.cost.training == pytest.approx(epochs * passes)
    assert ensemble.cost.prediction == pytest.approx(share)
    assert ensemble.cost.parameters == 3 * 64 * 20 + 20 + 20 * 30 + 30
    assert epochs > 2 * EPOCHS


def test_batches_that_are_cut_count_the_examples_that_fill_up_their_groups():
    more = load_dataset(DataSettings(source="digits", limit=400), seed=0)
    task = replace(tiny_task(options={"width": 0.25, "dropout": 0.0}, batch_size=64, epochs=1), dataset=more)
    joint = Mimo(repetition=0.0)._joint(task, 3)
    assert joint.batch_size == 192
    assert len(joint.parts) == 2
    one_pass = flops(joint.network(0), joint.dataset.prepare(joint.dataset.train.inputs[:2]))
    base = flops(task.network(0), task.dataset.prepare(task.dataset.train.inputs[:2]))
    planned = within_budget(task, joint, 3)
    assert planned is not None
    longer, passes = planned
    # 43 passes for the first 128 examples and 22 for the other 64.
    assert passes == pytest.approx(longer.settings.epochs * joint.steps_per_epoch * 65 * one_pass / base)


@pytest.mark.parametrize("repetition", [0.0, 0.5])
@pytest.mark.parametrize(("model", "options"), [("small-cnn", None), ("mlp", {"hidden": [16], "dropout": 0.2})])
def test_engines_agree(model, options, repetition):
    method = Mimo(repetition=repetition)
    check_engines_agree(method._joint(tiny_task(model=model, options=options), 3))


def test_repetition_changes_what_is_learned():
    found = [Mimo(repetition=share).ensembles(tiny_task(), (3,), MemoryTrainer())[3] for share in (0.0, 0.5)]
    first, second = (ensemble.parts[0].weights[0] for ensemble in found)
    assert max((first[name] - second[name]).abs().max().item() for name in first) > 1e-3


def test_it_learns():
    task = tiny_task(model="mlp", options={"hidden": [128], "dropout": 0.0}, epochs=40)
    ensemble = Mimo(repetition=0.0).ensembles(task, (2,), MemoryTrainer())[2]
    network = ensemble.parts[0].network.eval()
    network.load_state_dict(ensemble.parts[0].weights[0])
    test = digits().test
    with torch.no_grad():
        answers = network(digits().prepare(test.inputs)).softmax(dim=2)
    right = (answers.argmax(dim=2) == test.labels.unsqueeze(1)).float().mean(dim=0)
    assert (right > 0.7).all(), "each head answers its own example"


class FixedInputs(nn.Module):
    """Takes one image, whatever it was built for."""

    def __init__(self, num_classes):
        super().__init__()
        self.layer = nn.Linear(64, num_classes)

    def forward(self, inputs):
        return self.layer(inputs.flatten(1))


class FixedClasses(nn.Module):
    """Gives ten answers, whatever it was built for."""

    def __init__(self, input_shape):
        super().__init__()
        self.layer = nn.Linear(int(np.prod(input_shape)), 10)

    def forward(self, inputs):
        return F.relu(self.layer(inputs.flatten(1)))


@pytest.mark.parametrize(
    ("network", "match"),
    [
        (FixedInputs, r"must be built for any `input_shape`.* 2 inputs; got RuntimeError: .* from FixedInputs"),
        (FixedClasses, r"got logits of shape \(2, 2, 5\) from FixedClasses"),
    ],
)
def test_networks_of_fixed_size_are_refused(network, match):
    task = tiny_task()
    other = replace(task, recipe=Recipe(network.__name__, network))
    with pytest.raises(ModelError, match=match):
        Mimo().ensembles(other, (2,), MemoryTrainer())


@pytest.mark.parametrize("share", [-0.1, 1.5])
def test_bad_options_are_named(share):
    with pytest.raises(ArgumentError, match=rf"`repetition` must be in \[0, 1\]; got {share}"):
        Mimo(repetition=share)
