"""Recorded steps do what the function does, at every call."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from modescape.core.errors import TrainingError
from modescape.train import ENGINES, chosen_engine
from modescape.train.places import placed
from modescape.train.program import Program, python_state
from train.training import distance, trained


def step(tree, inputs, extra):
    weight = tree["w"].detach().requires_grad_()
    loss = (inputs @ weight).tanh().square().sum()
    (gradient,) = torch.autograd.grad(loss, [weight])
    tree["count"].add_(1)
    return {"loss": loss.detach(), "gradients": [gradient, None], "count": tree["count"], "extra": extra[0] * 2}


def arguments(seed):
    generator = torch.Generator().manual_seed(seed)
    tree = {"w": torch.randn(3, 2, generator=generator), "count": torch.zeros(())}
    return tree, torch.randn(5, 3, generator=generator), [torch.tensor(float(seed))]


def test_a_record_gives_what_the_function_gives_for_other_inputs_too():
    program = Program(step, compiled=False)
    for seed in range(4):
        ours, theirs = arguments(seed), arguments(seed)
        found, expected = program(*ours), step(*theirs)
        assert torch.equal(found["loss"], expected["loss"])
        assert torch.equal(found["gradients"][0], expected["gradients"][0])
        assert found["gradients"][1] is None
        assert found["extra"] == 2 * seed
        assert not found["loss"].requires_grad


def test_recording_changes_inputs_no_more_often_than_running():
    program = Program(step, compiled=False)
    arguments_ = arguments(0)
    for count in (1, 2, 3):
        assert program(*arguments_)["count"].item() == count


def test_the_python_of_the_function_runs_once():
    calls = []

    def function(tree):
        calls.append(1)
        return [tree[0] + 1]

    program = Program(function, compiled=False)
    assert [program([torch.tensor(float(value))])[0].item() for value in range(3)] == [1, 2, 3]
    assert len(calls) == 1


@pytest.mark.filterwarnings("ignore:`torch.jit.script_method` is deprecated:DeprecationWarning")
def test_what_cant_be_compiled_is_said_in_one_line(monkeypatch):
    def broken(*_, **__):
        def run(*_):
            raise RuntimeError("no compiler\nat all")

        return run

    monkeypatch.setattr("torch.compile", broken)
    line = (
        r"^`engine` must be loop, vmap or auto where .*; got 'compile' \(no compiler\)\. Pass --engine vmap, or install"
    )
    with pytest.raises(TrainingError, match=line):
        Program(step, compiled=True)(*arguments(0))


def test_threads_record_and_run_at_the_same_time():
    # Recording changes PyTorch for all threads, so that it must wait for those that run, and they for it.
    def work(_):
        found = []
        for seed in range(6):
            program = Program(step, compiled=False)
            found += [program(*arguments(seed))["loss"].item() for _ in range(3)]
        return found

    expected = [step(*arguments(seed))["loss"].item() for seed in range(6) for _ in range(3)]
    assert placed([work] * 4, [torch.device("cpu")] * 4) == [expected] * 4


class Changing(nn.Module):
    """Does something else from pass to pass, by a count that is kept in one of many ways."""

    total = 0

    def __init__(self, input_shape, num_classes, kept="number"):
        super().__init__()
        self.layer = nn.Linear(input_shape[0], num_classes)
        self.kept = kept
        self.passes, self.listed, self.held = 0, [0], torch.zeros(())
        Changing.total = 0

    def forward(self, inputs):
        if self.training:
            self.passes += self.kept == "number"
            self.listed[0] += self.kept == "list"
            self.held = self.held + (self.kept == "tensor")
            Changing.total += self.kept == "class"
        count = self.passes + self.listed[0] + int(self.held) + Changing.total
        return self.layer(F.relu(inputs) if count % 2 else inputs)


@pytest.mark.parametrize("kept", ["number", "list", "tensor", "class"])
def test_a_network_that_changes_from_pass_to_pass_is_refused(kept, make_task):
    task = make_task(Changing, {"kept": kept}, engine="auto", workers=1)
    assert task.noise.stateful
    with pytest.raises(TrainingError, match=r"`engine` must be loop for Changing, which does not do the same in every"):
        ENGINES["vmap"].begin(task, (0, 1))
    choice = chosen_engine(task)
    assert (choice.engine, "not vmap for Changing" in choice.reason) == ("loop", True)
    assert not make_task(Changing, {"kept": "nowhere"}).noise.stateful


def test_python_state_is_plain_values_by_name():
    network = nn.Sequential(nn.Dropout(0.25), nn.Linear(2, 3))
    state = python_state(network)
    assert (state["0.p"], state["1.out_features"], state[".training"]) == (0.25, 3, True)
    network.eval()
    assert python_state(network) != state


@pytest.mark.filterwarnings("ignore:`torch.jit.script_method` is deprecated:DeprecationWarning")
def test_a_compiled_step_trains_the_same_members(make_task, digits):
    task = make_task("mlp", {"hidden": [24], "dropout": 0.2}, dataset=digits, epochs=40, clip_norm=1.0)
    found = {engine: trained(task, engine, [(0, 1, 2)], num_steps=20) for engine in ("vmap", "compile")}
    for member in range(3):
        assert distance(found["vmap"][member].weights, found["compile"][member].weights) <= 1e-4
    assert distance(found["vmap"][0].weights, found["vmap"][1].weights) > 0.01
    assert ENGINES["compile"].begin(task, (4, 1)).members == (4, 1)
