"""Stopped anywhere and started again, training ends with the same bits."""

import pytest
import torch

from modescape.train import EngineChoice, MemoryCheckpoints, train_members
from train.networks import Awkward, Noisy


class StoppedError(Exception):
    """What a test raises in place of a kill."""


class Fragile:
    """Checkpoints as files give them back (contiguous, in another order), which stop training at one of their calls.

    Args:
        kept: Where everything goes.
        stop_at: The number of the call that raises.
        after: Whether the call does its work before it raises.
    """

    def __init__(self, kept, stop_at=None, *, after=False):
        self.kept, self.stop_at, self.after, self.calls = kept, stop_at, after, 0

    def _call(self, work):
        self.calls += 1
        stops = self.calls == self.stop_at
        if stops and not self.after:
            raise StoppedError
        result = work()
        if stops:
            raise StoppedError
        return result

    def save_weights(self, weights):
        self._call(lambda: self.kept.save_weights({key: as_from_a_file(tree) for key, tree in weights.items()}))

    def save_state(self, group, tensors, metadata):
        self._call(lambda: self.kept.save_state(group, as_from_a_file(tensors), metadata))

    def load_state(self, group):
        return self.kept.load_state(group)

    def save_outcomes(self, group, outcomes):
        self._call(lambda: self.kept.save_outcomes(group, outcomes))

    def load_outcomes(self):
        return self.kept.load_outcomes()


def as_from_a_file(tree):
    return {name: tree[name].contiguous().clone() for name in sorted(tree, reverse=True)}


def without_seconds(outcomes):
    return [(o.member, o.status, o.solution_step, o.losses, o.accuracies, o.note) for o in outcomes]


def check_every_stop(task, choice):
    """Stop before every call, and after the last one, and compare with training that was never stopped."""
    straight = MemoryCheckpoints()
    counting = Fragile(straight)
    expected = train_members(task, choice, counting)
    assert counting.calls > 2 * task.settings.epochs
    for stop_at, after in [*((call, False) for call in range(1, counting.calls + 1)), (counting.calls, True)]:
        kept = MemoryCheckpoints()
        with pytest.raises(StoppedError):
            train_members(task, choice, Fragile(kept, stop_at, after=after))
        outcomes = train_members(task, choice, Fragile(kept))
        assert without_seconds(outcomes) == without_seconds(expected)
        assert kept.weights.keys() == straight.weights.keys()
        for key, weights in straight.weights.items():
            assert all(torch.equal(kept.weights[key][name], weights[name]) for name in weights), (stop_at, key)
    return expected


ENGINES = {
    "loop": EngineChoice("loop", 1, "", {}),
    "vmap": EngineChoice("vmap", 2, "", {}),
    "loop, two at a time": EngineChoice("loop", 1, "", workers=2, threads=1),
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("keep_best", [False, True])
def test_at_any_call_with_adam_and_dropout(engine, keep_best, make_task):
    # Large steps: the best epoch is then not the last one.
    settings = {"learning_rate": 0.6, "late_fraction": 0.0, "trajectories": 1, "batch_size": 45}
    task = make_task("mlp", {"hidden": [8]}, epochs=4, members=2, keep_best=keep_best, **settings)
    outcomes = check_every_stop(task, ENGINES[engine])
    assert any(outcome.solution_step < 4 for outcome in outcomes) == keep_best


CASES = {
    "batch norm, scalars, frozen": (Awkward, {}, {"optimizer": "adamw", "weight_decay": 0.1, "batch_size": 100}),
    "langevin noise": (
        "small-cnn",
        {"width": 0.2},
        {"optimizer": "sghmc", "schedule": "cyclical", "cycles": 1, "exploration": 0.3, "batch_size": 100},
    ),
    "momentum, augmentation": ("small-cnn", {"width": 0.2}, {"optimizer": "sgd", "batch_size": 100, "augment": True}),
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("case", CASES)
def test_at_any_call_with_images(engine, case, digits, make_task):
    model, options, settings = CASES[case]
    check_every_stop(make_task(model, options, dataset=digits, epochs=2, members=2, **settings), ENGINES[engine])


def test_at_any_call_with_noise_of_the_networks_own(make_task):
    check_every_stop(make_task(Noisy, epochs=2, members=2, batch_size=45), ENGINES["loop"])


@pytest.mark.parametrize("engine", ENGINES)
def test_members_that_are_finished_are_not_trained_again(engine, make_task):
    task = make_task(members=4, epochs=1)
    kept = MemoryCheckpoints()
    outcomes = train_members(task, ENGINES[engine], kept)
    again = Fragile(kept, stop_at=1)
    assert train_members(task, ENGINES[engine], again) == outcomes
    assert again.calls == 0


@pytest.mark.parametrize("engine", ENGINES)
def test_a_diverged_member_stays_so_after_a_stop(engine, make_task):
    settings = {"optimizer": "sgd", "learning_rate": 3e18, "momentum": 0.0, "members": 2}
    task = make_task("mlp", {"hidden": [8], "dropout": 0.0}, epochs=2, **settings)
    kept = MemoryCheckpoints()
    with pytest.raises(Exception, match="diverged"):
        train_members(task, ENGINES[engine], kept)
    with pytest.raises(Exception, match="diverged"):
        train_members(task, ENGINES[engine], Fragile(kept, stop_at=1))
