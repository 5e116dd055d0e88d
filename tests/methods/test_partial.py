"""Members that keep layers of the first: which these are, what training them costs, and what they learn."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from methods.agreement import check_engines_agree
from methods.descent import RATE, Losing, Recording, linear_task
from methods.tiny import EPOCHS, digits, shared_trainer, tiny_task
from modescape.core.errors import ArgumentError, ModelError
from modescape.methods import Partial
from modescape.methods.partial import backward_flops, frozen_from, kept_names
from modescape.models import Recipe, recipe
from modescape.train import task_key, weights_of

N = 128


def two_layers(num_classes):
    """Return two linear layers with nothing in between."""
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.Linear(8, num_classes))


def deep_task(**settings):
    """Return a task of a network of two linear layers, an epoch of which is one step of gradient descent."""
    return replace(linear_task(**settings), recipe=Recipe("two layers", two_layers))


def test_a_new_head_on_frozen_layers_takes_the_steps_of_gradient_descent_on_their_outputs():
    trainer, task = Recording(shared_trainer()), deep_task(epochs=6, members=2)
    found = Partial().ensembles(task, (2,), trainer)[2]
    first, other = found.parts[0].weights
    inputs = digits().prepare(digits().train.inputs).flatten(1).double()
    features = inputs @ first["1.weight"].double().T + first["1.bias"].double()
    features = torch.cat([features, torch.ones(N, 1)], dim=1)
    again = trainer.only("partial")
    start = weights_of(again.network(0))
    way = torch.cat([start["2.weight"], start["2.bias"][:, None]], dim=1).double()
    truth = torch.eye(10, dtype=torch.float64)[digits().train.labels]
    for step in range(again.settings.epochs):
        rate = RATE * 0.5 ** (step // again.settings.step_epochs)
        way = way - rate * ((features @ way.T).softmax(dim=1) - truth).T @ features / N
    torch.testing.assert_close(other["2.weight"].double(), way[:, :-1], atol=2e-5, rtol=2e-5)
    torch.testing.assert_close(other["2.bias"].double(), way[:, -1], atol=2e-5, rtol=2e-5)
    assert torch.equal(other["1.weight"], first["1.weight"])


def test_what_is_begun_anew_differs_from_member_to_member_and_from_the_first():
    trainer = Recording(shared_trainer())
    Partial().ensembles(tiny_task(), (3,), trainer)
    again, first = trainer.only("partial"), trainer.inner.train("independent", tiny_task()).solution(0)
    starts = [weights_of(again.network(member)) for member in (0, 1)]
    kept = kept_names(tiny_task().network(0), 0.5)
    assert 0 < len(kept) < len(first)
    for name in first:
        same = torch.equal(starts[0][name], starts[1][name])
        assert same == (name in kept or name.endswith("bias"))
        assert torch.equal(starts[0][name], first[name]) == (name in kept)
    assert again.first_member == 1


@pytest.mark.parametrize("kept", ["frozen", "trained"])
def test_kept_layers_stay_or_are_trained_on(kept):
    first, second, third = Partial(kept=kept).ensembles(tiny_task(), (3,), shared_trainer())[3].parts[0].weights
    for name in kept_names(tiny_task().network(0), 0.5):
        assert torch.equal(first[name], second[name]) == (kept == "frozen")
        assert torch.equal(first[name], third[name]) == (kept == "frozen")
    *_, last = (name for name in first if name.endswith("weight"))
    assert not torch.equal(second[last], third[last])


def test_a_backward_pass_counts_what_leads_to_trained_weights():
    made = recipe("mlp", {"hidden": [20, 12]})
    inputs = torch.zeros(4, 64)
    # Gradients of weights, and of inputs where something before them is trained.
    whole = 2 * (64 * 20 + 2 * 20 * 12 + 2 * 12 * 10)
    assert backward_flops(made.build((64,), 10, seed=0), inputs) == whole
    frozen = frozen_from(made, ["1.weight", "1.bias"])
    assert backward_flops(frozen.build((64,), 10, seed=0), inputs) == 2 * (20 * 12 + 2 * 12 * 10)
    head = frozen_from(made, ["1.weight", "1.bias", "4.weight", "4.bias"])
    assert backward_flops(head.build((64,), 10, seed=0), inputs) == 2 * 12 * 10


def test_its_cost_and_its_epochs_follow_from_that():
    task = tiny_task(model="mlp", options={"hidden": [20, 12]}, epochs=10)
    found = Partial(layer=0.4).ensembles(task, (1, 3), shared_trainer())
    ratio = (20 * 12 + 2 * 12 * 10) / (64 * 20 + 2 * 20 * 12 + 2 * 12 * 10)
    epochs = int(10 / ((1 + 2 * ratio) / 3))
    assert epochs > 10
    assert found[3].cost.forward == N * (10 + 2 * epochs)
    assert found[3].cost.backward == pytest.approx(N * (10 + 2 * epochs * ratio))
    whole, shared = 64 * 20 + 20 + 20 * 12 + 12 + 12 * 10 + 10, 64 * 20 + 20
    assert found[3].cost.parameters == 3 * whole - 2 * shared
    assert found[3].cost.prediction == 3
    assert found[1].cost.training == 10 * N
    assert found[1].num_members == 1


def test_where_kept_layers_are_trained_all_count():
    cost = Partial(kept="trained").ensembles(tiny_task(), (3,), shared_trainer())[3].cost
    assert cost.forward == cost.backward == 3 * EPOCHS * N
    assert cost.parameters == 3 * sum(p.numel() for p in tiny_task().network(0).parameters())


def test_a_layer_may_be_named_and_buffers_before_it_are_kept():
    network = recipe("resnet20", {"width": 0.125}).build((1, 8, 8), 10, seed=0)
    inside = [name for name, _ in network.named_modules()]
    blocks = [name for name in inside if name and "." not in name]
    kept = kept_names(network, blocks[-1])
    listed = [name for name, _ in [*network.named_parameters(), *network.named_buffers()]]
    assert set(kept) == {name for name in listed if not name.startswith(f"{blocks[-1]}.")}
    assert any("running_mean" in name for name in kept)


def test_members_that_diverged_are_left_out_and_told():
    found = Partial().ensembles(tiny_task(), (3,), Losing(members=(0,), inner=shared_trainer()))[3]
    assert found.num_members == 2
    assert found.notes[0] == "Members before 1 diverged: layers of member 1 are kept."
    assert "1 of 2 members that were begun anew diverged and are left out." in found.notes


def test_engines_agree_on_frozen_layers_and_names_tell_them_apart():
    trainer = Recording(shared_trainer())
    Partial().ensembles(tiny_task(), (3,), trainer)
    task = trainer.only("partial")
    check_engines_agree(task)
    other = Recording(shared_trainer())
    Partial(kept="trained").ensembles(tiny_task(), (3,), other)
    settings = task.settings
    same = replace(other.only("partial"), settings=settings)
    assert task_key(task) != task_key(same)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layer": 0.0}, r"`layer` must be the name of a module, or above 0 and below 1; got 0\.0\. Pass 0\.5"),
        ({"layer": 1.0}, r"`layer` must be the name of a module, or above 0 and below 1; got 1\.0"),
        ({"kept": "half"}, r"`kept` must be one of frozen, trained; got 'half'"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(ArgumentError, match=message):
        Partial(**options)


def test_layers_that_are_not_there_are_refused():
    network = two_layers(10)
    with pytest.raises(ArgumentError, match=r"`layer` must name a module of the network; got '7'\. It has 1, 2"):
        kept_names(network, "7")
    with pytest.raises(ArgumentError, match=r"`layer` must have parameters before it, which are kept; got '1'"):
        kept_names(network, "1")
    with pytest.raises(ModelError, match=r"`model` must have two layers with parameters, .*; got 1\. Leave partial"):
        kept_names(nn.Sequential(nn.Flatten(), nn.Linear(4, 2)), 0.5)
