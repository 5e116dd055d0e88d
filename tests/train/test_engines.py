"""The contract of all engines: a member's weights depend on (run seed, member) alone, whoever trains it with whom."""

import random

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from modescape.train import ENGINES, load_weights, weights_of
from train.networks import AlwaysDropping, Attentive, Awkward
from train.training import INTERPRETED, distance, trained

NUM_STEPS = 20
TOLERANCE = 1e-4
"""Largest difference in a parameter after 20 float32 steps."""

BUILT_IN = {
    "mlp-digits": ("digits", "mlp", {"hidden": [48, 32], "dropout": 0.1}, {}),
    "mlp-colours": ("colours", "mlp", {"hidden": [24], "dropout": 0.1}, {}),
    "small-cnn-digits": ("digits", "small-cnn", {"dropout": 0.1}, {}),
    "small-cnn-colours": ("colours", "small-cnn", {"dropout": 0.1}, {}),
    "small-cnn-augmented": ("digits", "small-cnn", {"dropout": 0.1}, {"augment": True}),
    "resnet20-digits": ("digits", "resnet20", {"width": 0.25, "dropout": 0.1}, {"batch_size": 8}),
    "resnet20-augmented": ("colours", "resnet20", {"width": 0.125, "dropout": 0.1}, {"batch_size": 4, "augment": True}),
}
WAYS = {
    "loop alone": ("loop", [(0,), (1,), (2,)]),
    "vmap, a pair and one": ("vmap", [(0, 1), (2,)]),
    "vmap, all": ("vmap", [(0, 1, 2)]),
}
"""Engines and group sizes 1, 2 and 3."""


def check_agreement(task, num_steps=NUM_STEPS):
    """Train in every way and compare each with the first."""
    found = {way: trained(task, engine, groups, num_steps=num_steps) for way, (engine, groups) in WAYS.items()}
    first = found["loop alone"]
    for way, states in found.items():
        for member, state in states.items():
            assert list(state.weights) == list(first[member].weights), way
            assert distance(state.weights, first[member].weights) <= TOLERANCE, (way, member)
            assert state.optimizer.keys() == first[member].optimizer.keys(), way
    assert distance(first[0].weights, first[1].weights) > 0.01
    return first


@pytest.mark.parametrize("case", BUILT_IN)
def test_engines_and_group_sizes_agree_after_20_steps_of_the_default_recipe(case, request, make_task):
    data, model, options, more = BUILT_IN[case]
    task = make_task(model, options, dataset=request.getfixturevalue(data), epochs=40, **more)
    states = check_agreement(task)
    assert distance(states[0].weights, weights_of(task.network(0))) > 10 * TOLERANCE


@pytest.mark.parametrize("engine", INTERPRETED)
def test_augmentation_changes_what_is_learned(engine, digits, make_task):
    plain, augmented = (make_task("small-cnn", dataset=digits, augment=augment) for augment in (False, True))
    weights = [trained(task, engine, [(0,)], num_steps=5)[0].weights for task in (plain, augmented)]
    assert distance(*weights) > 100 * TOLERANCE


RECIPES = {
    "clipped": {"clip_norm": 0.3, "optimizer": "sgd", "learning_rate": 0.2},
    "sgd": {"optimizer": "sgd", "learning_rate": 0.05, "momentum": 0.8},
    "adamw": {"optimizer": "adamw", "weight_decay": 0.1, "learning_rate": 3e-3},
    "smoothed": {"label_smoothing": 0.15},
    "replacement": {"sampling": "replacement"},
    "sgd without momentum": {"optimizer": "sgd", "learning_rate": 0.05, "momentum": 0.0},
    "sgd with decay": {"optimizer": "sgd", "learning_rate": 0.05, "weight_decay": 0.02},
    "adam with decay": {"weight_decay": 0.03},
    "cosine": {"schedule": "cosine", "epochs": 4},
    "falling": {"schedule": "step", "step_epochs": 1, "step_factor": 0.3},
    "cyclical": {"schedule": "cyclical", "epochs": 4, "cycles": 2},
    "sampling": {
        "optimizer": "sghmc",
        "schedule": "cyclical",
        "epochs": 4,
        "cycles": 2,
        "exploration": 0.3,
        "learning_rate": 0.05,
        "weight_decay": 0.01,
        "temperature": 0.8,
    },
}


WITH_IMAGES = [*[*RECIPES][:5:2], "sampling"]


@pytest.mark.parametrize(
    ("model", "case"), [*(("mlp", case) for case in RECIPES), *(("small-cnn", case) for case in WITH_IMAGES)]
)
def test_they_agree_whatever_the_recipe(model, case, digits, make_task):
    options = {"width": 0.5} if model == "small-cnn" else {"hidden": [32]}
    settings = {"epochs": 40, **RECIPES[case]}
    states = check_agreement(
        make_task(model, options, dataset=digits, **settings),
    )
    plain = trained(make_task(model, options, dataset=digits, epochs=40), "loop", [(0,)], num_steps=NUM_STEPS)
    assert distance(states[0].weights, plain[0].weights) > TOLERANCE, "the setting has no effect"


@pytest.mark.parametrize(("builder", "data"), [(Awkward, "digits"), (Awkward, "colours"), (AlwaysDropping, "digits")])
def test_they_agree_on_networks_of_users(builder, data, request, make_task):
    check_agreement(
        make_task(builder, dataset=request.getfixturevalue(data), epochs=40),
    )


def test_they_agree_on_attention(digits, make_task):
    # Not with Adam: the bias of the keys has no effect, and Adam turns the rounding of its zero gradient into steps.
    check_agreement(
        make_task(Attentive, dataset=digits, epochs=40, optimizer="sgd"),
    )


def test_they_keep_what_is_frozen_and_update_what_is_replaced(digits, make_task):
    task = make_task(Awkward, dataset=digits, epochs=40)
    start = weights_of(task.network(1))
    for engine in INTERPRETED:
        weights = trained(task, engine, [(1,)], num_steps=NUM_STEPS)[1].weights
        for name in ("fixed", "shift"):
            assert torch.equal(weights[name], start[name])
        assert "decode.weight" not in weights, "tied weights are kept once"
        assert weights["mean_size"] > 0.01
        assert weights["norm.num_batches_tracked"] == NUM_STEPS
        assert weights["temperature"] != start["temperature"]


@pytest.mark.parametrize(("model", "num_steps"), [("mlp", 20), ("resnet20", 6)])
def test_a_member_is_the_same_in_any_company_and_order(model, num_steps, digits, make_task):
    options = {"width": 0.125, "dropout": 0.2} if model == "resnet20" else {"dropout": 0.2}
    task = make_task(model, options, dataset=digits, members=6, batch_size=8)
    found = {
        str(groups): trained(task, engine, groups, num_steps=num_steps)[2].weights
        for engine, groups in [
            ("loop", [(2,)]),
            ("loop", [(5,), (2,)]),
            ("vmap", [(2,)]),
            ("vmap", [(2, 5)]),
            ("vmap", [(5, 0, 2)]),
        ]
    }
    alone = found["[(2,)]"]
    assert all(distance(weights, alone) <= TOLERANCE for weights in found.values())
    assert distance(found["[(5,), (2,)]"], trained(task, "loop", [(2,)], num_steps=num_steps)[2].weights) == 0.0


@pytest.mark.parametrize("engine", INTERPRETED)
def test_the_number_of_members_in_the_run_changes_nothing(engine, make_task):
    few, many = (make_task(members=count) for count in (2, 9))
    assert distance(trained(few, engine, [(1,)])[1].weights, trained(many, engine, [(1,)])[1].weights) == 0.0


def global_states():
    return torch.get_rng_state().tolist(), np.random.get_state()[1].tolist(), random.getstate()  # noqa: NPY002


@pytest.mark.parametrize("engine", INTERPRETED)
@pytest.mark.parametrize("builder", [Awkward, AlwaysDropping])
def test_global_generators_are_neither_read_nor_moved(engine, builder, digits, make_task):
    task = make_task(builder, dataset=digits)
    torch.manual_seed(1)
    before = global_states()
    first = trained(task, engine, [(0,)], num_steps=3)
    ENGINES[engine].begin(task, (0,)).accuracy()
    assert global_states() == before
    torch.manual_seed(2)
    np.random.seed(2)  # noqa: NPY002
    random.seed(2)
    again = make_task(builder, dataset=digits)
    assert distance(trained(again, engine, [(0,)], num_steps=3)[0].weights, first[0].weights) == 0.0


@pytest.mark.parametrize("engine", INTERPRETED)
def test_another_run_seed_is_another_member(engine, make_task):
    one, other = (trained(make_task(seed=seed), engine, [(0,)])[0].weights for seed in (3, 4))
    assert distance(one, other) > 0.01


@pytest.mark.parametrize("engine", INTERPRETED)
@pytest.mark.parametrize("model", ["mlp", "small-cnn"])
@pytest.mark.parametrize(
    "settings", [{}, {"optimizer": "sgd", "learning_rate": 0.1, "momentum": 0.7, "clip_norm": 0.5}]
)
def test_an_obvious_training_loop_gives_the_same_weights(engine, model, settings, digits, make_task):
    settings = {"weight_decay": 0.01, "label_smoothing": 0.1, "step_epochs": 1, "epochs": 2, **settings}
    task = make_task(model, {"dropout": 0.0}, dataset=digits, **settings)
    expected = task.network(1)
    obvious_training(expected, task, member=1)
    found = trained(task, engine, [(0, 1)] if engine == "vmap" else [(1,)])[1].weights
    assert distance(found, weights_of(expected)) <= TOLERANCE


def obvious_training(network, task, member):
    """Plain PyTorch, with the member's own order of examples."""
    chosen = task.settings
    if chosen.optimizer == "sgd":
        optimizer = torch.optim.SGD(network.parameters(), chosen.learning_rate, chosen.momentum, weight_decay=0.01)
    else:
        optimizer = torch.optim.Adam(network.parameters(), chosen.learning_rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=chosen.step_factor)
    network.train()
    for epoch in range(chosen.epochs):
        for indices in task.order(member, epoch):
            pixels = (task.dataset.train.inputs[indices].float() * task.dataset.scale).contiguous()
            loss = F.cross_entropy(network(pixels), task.dataset.train.labels[indices], label_smoothing=0.1)
            optimizer.zero_grad()
            loss.backward()
            if chosen.clip_norm is not None:
                nn.utils.clip_grad_norm_(network.parameters(), chosen.clip_norm)
            optimizer.step()
        schedule.step()


@pytest.mark.parametrize("engine", INTERPRETED)
def test_a_member_gets_the_gradient_it_would_have_alone(engine, make_task):
    # One step of gradient descent with rate 1: the difference of the weights is the gradient.
    settings = {"optimizer": "sgd", "learning_rate": 1.0, "momentum": 0.0, "members": 4}
    task = make_task("mlp", {"dropout": 0.0}, **settings)
    groups = [(0, 1, 2, 3)] if engine == "vmap" else [(0,), (1,), (2,), (3,)]
    for member, state in trained(task, engine, groups, num_steps=1).items():
        network = task.network(member)
        before = weights_of(network)
        inputs, labels = task.batch(task.order(member, 0)[0], None)
        F.cross_entropy(network(inputs), labels).backward()
        for name, parameter in network.named_parameters():
            torch.testing.assert_close(before[name] - state.weights[name], parameter.grad, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("engine", INTERPRETED)
def test_losses_and_accuracies_are_those_of_the_weights(engine, make_task, features):
    task = make_task("mlp", {"dropout": 0.0}, optimizer="sgd", learning_rate=1e-9, momentum=0.0, batch_size=30)
    members = (0, 2) if engine == "vmap" else (2,)
    group = ENGINES[engine].begin(task, members)
    loss, accuracy = group.train_epoch(0)[-1].item(), group.accuracy()[-1].item()
    network = task.network(2).eval()
    expected = F.cross_entropy(network(features.train.inputs), features.train.labels).item()
    assert loss == pytest.approx(expected, abs=1e-5)
    right = network(features.validation.inputs).argmax(dim=1) == features.validation.labels
    assert accuracy == pytest.approx(right.float().mean().item(), abs=1e-6)


@pytest.mark.parametrize("engine", INTERPRETED)
def test_accuracy_without_validation_examples_is_nan(engine, make_task, features):
    empty = type(features.validation)(features.train.inputs[:0], features.train.labels[:0])
    dataset = type(features)("f", features.classes, features.train, empty, empty, features.shift, features.scale, "")
    task = make_task(dataset=dataset)
    group = ENGINES[engine].begin(task, (0,))
    assert torch.isnan(group.accuracy()).tolist() == [True]


@pytest.mark.parametrize("engine", INTERPRETED)
def test_states_are_copies(engine, make_task, digits):
    task = make_task("resnet20", {"width": 0.25}, dataset=digits)
    group = ENGINES[engine].begin(task, (0,))
    group.train_epoch(0, 1)
    (state,) = group.states()
    kept = {name: tensor.clone() for name, tensor in (state.weights | state.optimizer).items()}
    group.train_epoch(0, 2)
    assert distance(kept, state.weights | state.optimizer) == 0.0
    for tensor in state.weights.values():
        tensor.fill_(7)
    assert distance(group.states()[0].weights, state.weights) > 1.0
    assert not any(tensor.requires_grad for tensor in state.weights.values())


SAMPLING = {"optimizer": "sghmc", "schedule": "constant", "exploration": 0.1, "learning_rate": 0.01}


@pytest.mark.parametrize("engine", INTERPRETED)
@pytest.mark.parametrize("builder", [Awkward, "small-cnn"])
@pytest.mark.parametrize("settings", [{}, {"optimizer": "sgd"}, {"optimizer": "adamw", "weight_decay": 0.1}, SAMPLING])
def test_a_group_goes_on_from_states_as_a_file_gives_them_back(engine, builder, settings, digits, make_task):
    task = make_task(builder, dataset=digits, **settings)
    members = (0, 1) if engine == "vmap" else (1,)
    straight = ENGINES[engine].begin(task, members)
    straight.train_epoch(0)
    states = [
        type(state)(as_from_a_file(state.weights), as_from_a_file(state.optimizer)) for state in straight.states()
    ]
    resumed = ENGINES[engine].begin(task, members, states)
    assert straight.train_epoch(1).tolist() == resumed.train_epoch(1).tolist()
    for one, other in zip(straight.states(), resumed.states(), strict=True):
        assert list(one.weights) == list(other.weights)
        assert distance(one.weights | one.optimizer, other.weights | other.optimizer) == 0.0


def as_from_a_file(tree):
    """Contiguous tensors, in another order than the network's."""
    return {name: tree[name].contiguous().clone() for name in sorted(tree, reverse=True)}


@pytest.mark.parametrize("engine", INTERPRETED)
def test_load_weights_is_the_inverse_of_weights_of(engine, digits, make_task):
    task = make_task(Awkward, dataset=digits)
    weights = trained(task, engine, [(1,)], num_steps=2)[1].weights
    network = task.network(0)
    load_weights(network, weights)
    assert distance(weights_of(network), weights) == 0.0
    assert network.encode.weight is network.decode.weight


@pytest.mark.parametrize("engine", INTERPRETED)
def test_a_network_that_is_built_in_evaluation_mode_is_trained_in_training_mode(engine, make_task):
    def build(*, evaluating):
        return nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(5), nn.Dropout(0.4), nn.Linear(5, 3)).train(not evaluating)

    first, second = (trained(make_task(build, {"evaluating": on}), engine, [(0,)])[0].weights for on in (False, True))
    assert distance(first, second) == 0.0
    assert first["1.num_batches_tracked"] == 10
