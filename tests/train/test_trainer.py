"""Training from the first step to the last: what is kept, the best epoch, and members that diverge."""

import math

import pytest
import torch
from torch import nn

from modescape.core.errors import TrainingError
from modescape.train import ENGINES, EngineChoice, MemoryCheckpoints, train_members
from train.training import distance

CHOICES = {
    "loop": EngineChoice("loop", 1, "", {}),
    "vmap": EngineChoice("vmap", 4, "", {}),
    "vmap in pairs": EngineChoice("vmap", 2, "", {}),
    "loop, two at a time": EngineChoice("loop", 1, "", workers=2, threads=1),
    "vmap, two pairs at a time": EngineChoice("vmap", 2, "", workers=2, threads=1),
}


class Listener:
    """Remembers what it was told."""

    def __init__(self):
        self.total, self.done, self.said = {}, {}, []

    def start(self, task, total):
        self.total[task] = total

    def advance(self, task, amount=1, note=""):  # noqa: ARG002
        self.done[task] = self.done.get(task, 0) + amount

    def say(self, text):
        self.said.append(text)


def run(task, choice, progress=None):
    kept = MemoryCheckpoints()
    return train_members(task, CHOICES[choice], kept, progress=progress), kept


@pytest.mark.parametrize("choice", CHOICES)
def test_weights_kept_are_those_of_trajectories_late_ones_and_the_last(choice, make_task):
    task = make_task(members=4, epochs=9, trajectories=2, late_fraction=0.34, batch_size=45)
    outcomes, kept = run(task, choice)
    every, late = set(range(10)), {6, 7, 8, 9}
    expected = {(member, step) for member in range(4) for step in (every if member < 2 else late)}
    assert set(kept.weights) == expected
    assert [(o.member, o.status, o.solution_step, o.note) for o in outcomes] == [
        (m, "trained", 9, "") for m in range(4)
    ]
    assert all(len(outcome.losses) == len(outcome.accuracies) == 9 for outcome in outcomes)
    assert all(outcome.losses[-1] < outcome.losses[0] for outcome in outcomes)
    assert kept.outcomes == {outcome.member: outcome for outcome in outcomes}


def test_the_papers_checkpoints_are_those_from_epoch_30_on(make_task):
    _, kept = run(make_task("mlp", {"hidden": [2]}, members=1, epochs=40, trajectories=0, batch_size=90), "loop")
    assert set(kept.weights) == {(0, step) for step in range(30, 41)}


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("settings", [{"optimizer": "sghmc"}, {"optimizer": "adam"}])
def test_the_samples_of_every_cycle_are_kept(choice, settings, make_task):
    settings |= {"schedule": "cyclical", "cycles": 2, "exploration": 0.6, "trajectories": 0, "late_fraction": 0.0}
    _, kept = run(make_task(members=4, epochs=8, batch_size=45, **settings), choice)
    assert set(kept.weights) == {(member, step) for member in range(4) for step in (3, 4, 7, 8)}


@pytest.mark.parametrize("choice", CHOICES)
def test_a_sampler_whose_steps_are_too_large_has_diverged(choice, make_task):
    task = make_task(optimizer="sghmc", exploration=0.0, learning_rate=1e30, members=3)
    with pytest.raises(TrainingError, match=r"got 1e\+30, with which all 3 diverged\. Pass a lower --learning-rate"):
        run(task, choice)


@pytest.mark.parametrize(("late_fraction", "steps"), [(0.0, {4}), (0.3, {3, 4}), (1.0, {1, 2, 3, 4})])
def test_the_last_is_kept_whatever_the_late_fraction(late_fraction, steps, make_task):
    _, kept = run(make_task(members=1, epochs=4, trajectories=0, late_fraction=late_fraction), "loop")
    assert {step for _, step in kept.weights} == steps


@pytest.mark.parametrize("choice", CHOICES)
def test_kept_weights_are_those_after_each_epoch(choice, make_task):
    task = make_task(members=2, epochs=3)
    _, kept = run(task, choice)
    group = ENGINES["loop"].begin(task, (1,))
    for step in range(4):
        assert distance(kept.weights[1, step], group.states()[0].weights) <= 1e-5
        group.train_epoch(step)


@pytest.mark.parametrize("choice", CHOICES)
def test_the_best_epoch_on_validation_is_a_copy_that_later_epochs_leave_alone(choice, make_task, features):
    # Large steps: accuracy goes up and down, so that the best epoch is not the last.
    task = make_task(
        members=4, epochs=8, batch_size=45, learning_rate=0.6, trajectories=0, late_fraction=0.0, keep_best=True
    )
    outcomes, kept = run(task, choice)
    assert any(outcome.solution_step < 8 for outcome in outcomes)
    for outcome in outcomes:
        step = outcome.solution_step
        assert step == 1 + outcome.accuracies.index(max(outcome.accuracies)), "the first of equally good ones"
        group = ENGINES["loop"].begin(task, (outcome.member,))
        for epoch in range(step):
            group.train_epoch(epoch)
        assert distance(kept.weights[outcome.member, step], group.states()[0].weights) <= 1e-3
        network = task.network(outcome.member).eval()
        network.load_state_dict(kept.weights[outcome.member, step])
        right = network(features.validation.inputs).argmax(dim=1) == features.validation.labels
        assert right.double().mean().item() == pytest.approx(max(outcome.accuracies))
        assert set(kept.weights) >= {(outcome.member, step), (outcome.member, 8)}


def test_keep_best_without_validation_examples_takes_the_last(make_task, features):
    empty = type(features.validation)(features.train.inputs[:0], features.train.labels[:0])
    dataset = type(features)("f", features.classes, features.train, empty, empty, features.shift, features.scale, "")
    outcomes, _ = run(make_task(dataset=dataset, keep_best=True, epochs=2), "loop")
    assert [outcome.solution_step for outcome in outcomes] == [2, 2, 2]
    assert all(math.isnan(value) for outcome in outcomes for value in outcome.accuracies)


@pytest.mark.parametrize("choice", CHOICES)
def test_every_epoch_of_every_group_is_reported(choice, make_task):
    listener = Listener()
    run(make_task(members=3, epochs=4), choice, listener)
    assert listener.total == listener.done
    assert set(listener.total.values()) == {4}
    assert len(listener.total) == -(-3 // CHOICES[choice].group_size)


class Spoiled(nn.Linear):
    """A linear layer that gives NaN after some steps if its first weight, as drawn, falls into a range."""

    def __init__(self, low=1.0, high=1.0, num_steps=0):
        super().__init__(6, 3)
        spoiled = low <= self.weight[0, 0] <= high
        if spoiled and num_steps == 0:
            nn.init.constant_(self.bias, math.nan)
        self.register_buffer("left", torch.tensor(num_steps if spoiled else 10**6))

    def forward(self, inputs):
        if self.training:
            self.left -= 1
        return super().forward(inputs) * torch.where(self.left < 0, math.inf, 1.0)


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize(("num_steps", "epoch"), [(0, 1), (7, 2), (14, 3)])
@pytest.mark.parametrize("keep_best", [False, True])
def test_a_member_that_diverges_is_reported_and_the_others_are_as_without_it(
    choice, num_steps, epoch, keep_best, make_task
):
    settings = {"members": 4, "epochs": 3, "trajectories": 4, "optimizer": "sgd", "clip_norm": 0.7}
    sound = make_task(Spoiled, keep_best=keep_best, **settings)
    drawn = sound.network(1).weight[0, 0].item()
    options = {"low": drawn - 1e-6, "high": drawn + 1e-6, "num_steps": num_steps}
    listener = Listener()
    outcomes, kept = run(make_task(Spoiled, options, keep_best=keep_best, **settings), choice, listener)
    expected, expected_kept = run(sound, choice)
    assert [outcome.status for outcome in outcomes] == ["trained", "diverged", "trained", "trained"]
    gone = outcomes[1]
    assert gone.solution_step == len(gone.losses) == len(gone.accuracies) == epoch - 1
    assert gone.note == f"member 1 diverged in epoch {epoch} and is left out"
    assert listener.said == [f"member 1 diverged in epoch {epoch} (loss nan)"]
    assert listener.total == listener.done
    for one, other in zip(outcomes, expected, strict=True):
        same = (one.losses, one.accuracies, one.solution_step) == (other.losses, other.accuracies, other.solution_step)
        assert same == (one.member != 1)
    for (member, step), weights in expected_kept.weights.items():
        if member != 1:
            assert all(torch.equal(kept.weights[member, step][name], weights[name]) for name in weights)
    assert {step for member, step in kept.weights if member == 1} == set(range(epoch))


@pytest.mark.parametrize("choice", CHOICES)
def test_weights_that_overflow_while_the_loss_is_finite_have_diverged_too(choice, make_task):
    # One step an epoch: its loss is that of the initial weights, the step itself overflows.
    task = make_task(learning_rate=1e39, optimizer="sgd", epochs=1, batch_size=90, members=3)
    kept = MemoryCheckpoints()
    with pytest.raises(TrainingError, match="all 3 diverged"):
        train_members(task, CHOICES[choice], kept)
    assert [outcome.losses for outcome in kept.outcomes.values()] == [(), (), ()]


@pytest.mark.parametrize("choice", CHOICES)
def test_when_all_diverge_training_fails_and_says_what_to_do(choice, make_task):
    task = make_task(learning_rate=1e30, optimizer="sgd", members=3)
    line = (
        r"^`learning_rate` must let at least one member converge; got 1e\+30, with which all 3 diverged\. Pass a lower"
    )
    kept = MemoryCheckpoints()
    for _ in range(2):
        with pytest.raises(TrainingError, match=line):
            train_members(task, CHOICES[choice], kept)
    assert {outcome.status for outcome in kept.outcomes.values()} == {"diverged"}
