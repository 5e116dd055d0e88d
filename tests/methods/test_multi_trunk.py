"""Multi-trunk networks that learn apart and jointly: sizes, costs, and what each minimises."""

import pytest
import torch
from torch import nn

from methods.agreement import check_engines_agree
from methods.tiny import EPOCHS, tiny_task
from modescape.core.errors import ArgumentError, ModelError
from modescape.methods import MemoryTrainer, MultiTrunk, MultiTrunkJointly
from modescape.methods.heads import head_losses
from modescape.methods.joint import changed_task
from modescape.methods.multi_trunk import Apart
from modescape.methods.multi_trunk_jointly import Jointly
from modescape.methods.trunks import trunk_recipe
from modescape.models import Recipe
from train.training import distance

METHODS = (MultiTrunk, MultiTrunkJointly)
MLP = {"hidden": [16, 12, 8], "dropout": 0.0}
N = 128


@pytest.mark.parametrize("method", METHODS)
def test_there_are_two_to_five_trunks(method):
    task = tiny_task(model="mlp", options=MLP, members=7, epochs=1, batch_size=64)
    found = method().ensembles(task, range(1, 8), MemoryTrainer())
    assert sorted(found) == [2, 3, 4, 5]
    assert [found[size].num_members for size in sorted(found)] == [2, 3, 4, 5]
    assert sorted(method(max_trunks=6).ensembles(task, (2, 6, 7), MemoryTrainer())) == [2, 6]


@pytest.mark.parametrize("method", METHODS)
def test_what_is_common_is_paid_once(method):
    task = tiny_task(model="mlp", options=MLP)
    start, trunk, end = 64 * 16, 16 * 12 + 12 * 8, 8 * 10
    found = method(start=1, end=1).ensembles(task, (3,), MemoryTrainer())[3]
    share = (start + 3 * trunk + 3 * end) / (start + trunk + end)
    epochs = int(3 * EPOCHS / share)
    assert epochs == 7
    assert found.cost.training == pytest.approx(epochs * N * share)
    assert found.cost.prediction == pytest.approx(share)
    assert found.cost.parameters == (start + 16) + 3 * (trunk + 12 + 8) + (end + 10)


@pytest.mark.parametrize("method", METHODS)
def test_options_change_what_is_common(method):
    task = tiny_task(model="mlp", options=MLP, epochs=1)
    found = [
        method(start=start, end=end).ensembles(task, (2,), MemoryTrainer())[2].cost.parameters
        for start, end in [(0, 0), (1, 1), (0.5, 0), ("3", 1)]
    ]
    start, first, second, end = 64 * 16 + 16, 16 * 12 + 12, 12 * 8 + 8, 8 * 10 + 10
    whole = start + first + second + end
    assert found == [2 * whole, whole + first + second, whole + second + end, whole + first + second]


@pytest.mark.parametrize("objective", [Apart(0.1), Jointly(0.1)])
def test_engines_agree(objective):
    task = tiny_task(label_smoothing=0.1)
    check_engines_agree(changed_task(task, trunk_recipe(task.recipe, 3, 0.3, 1), objective=objective))


def test_apart_each_trunk_has_the_gradient_of_its_own_loss():
    logits = torch.randn(6, 3, 5, generator=torch.Generator().manual_seed(0), requires_grad=True)
    labels = torch.arange(6) % 5
    Apart(0.2)(logits, labels).sum().backward()
    expected = torch.autograd.grad(head_losses(logits, labels, smoothing=0.2)[:, 1].sum(), logits)[0]
    torch.testing.assert_close(logits.grad[:, 1], expected[:, 1])


def test_jointly_a_trunk_weighs_by_its_share_in_the_probability_of_the_label():
    logits = torch.randn(1, 2, 3, generator=torch.Generator().manual_seed(0), requires_grad=True)
    labels = torch.tensor([2])
    Jointly()(logits, labels).sum().backward()
    p = logits.detach().softmax(dim=2)[0]
    for head in (0, 1):
        weight = p[head, 2] / p[:, 2].sum()
        target = torch.tensor([0.0, 0.0, 1.0])
        torch.testing.assert_close(logits.grad[0, head], weight * (p[head] - target))


def test_both_learn_from_the_same_start_but_differently():
    task = tiny_task(model="mlp", options=MLP)
    apart, jointly = (method().ensembles(task, (2,), MemoryTrainer())[2].parts[0] for method in METHODS)
    torch.testing.assert_close(apart.network.state_dict(), jointly.network.state_dict())
    assert distance(apart.weights[0], jointly.weights[0]) > 1e-3


@pytest.mark.parametrize("method", METHODS)
def test_label_smoothing_is_that_of_the_task(method):
    found = [
        method().ensembles(tiny_task(model="mlp", options=MLP, label_smoothing=smoothing), (2,), MemoryTrainer())[2]
        for smoothing in (0.0, 0.3)
    ]
    assert distance(*(ensemble.parts[0].weights[0] for ensemble in found)) > 1e-3


class Whole(nn.Module):
    """A network of one piece."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(64, 10)

    def forward(self, inputs):
        return self.layer(inputs.flatten(1))


@pytest.mark.parametrize("method", METHODS)
def test_networks_that_are_no_sequence_are_refused(method):
    task = changed_task(tiny_task(), Recipe("whole", Whole))
    with pytest.raises(ModelError, match=r"`model` must be an nn\.Sequential.* got Whole"):
        method().ensembles(task, (2,), MemoryTrainer())


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"start": -1}, "`start` must be at least 0; got -1"),
        ({"end": 1.2}, r"`end` must be a share in \[0, 1\); got 1.2"),
        ({"max_trunks": 1}, "`max_trunks` must be at least 2; got 1"),
    ],
)
def test_bad_options_are_named(method, options, match):
    with pytest.raises(ArgumentError, match=match):
        method(**options)
