import math

import pytest
import torch
from torch import nn

from modescape.core.errors import ArgumentError
from modescape.studies import study
from modescape.studies.landscapes import landscape_examples, member_pairs
from modescape.studies.step import LeftOutError
from studies.recomputed import context_of
from studies.samples import TINY, WHOLE


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ("0-9", r"`pairs` must be made of trained members \(0, 1, 2\); got 9. Pass for example --pairs 0-1"),
        ("0-1,3-1", r"`pairs` must be made of trained members \(0, 1, 2\); got 3"),
        ("0-0", "`pairs` must be like 0-1 or 0-1,0-2; got '0-0'. Write two members with a hyphen"),
        ("0,1", "`pairs` must be like 0-1"),
        ("0-1,0-1", "`pairs` must be different from one another; got '0-1,0-1'. Write each pair once"),
    ],
)
def test_pairs_that_will_not_be_there_are_refused_before_anything_is_trained(tmp_path, pairs, message):
    with pytest.raises(ArgumentError, match=message):
        study("fort2019", **{**WHOLE, "pairs": pairs}, output=tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_a_pair_with_a_diverged_member_is_left_out(whole_copied):
    assert member_pairs(context_of(whole_copied)) == [(0, 1), (2, 1)]
    whole_copied.record("members", {"1": {"status": "diverged"}})
    with pytest.raises(LeftOutError, match=r"`pairs` must be made of trained members \(0, 2\); got 1"):
        member_pairs(context_of(whole_copied))
    whole_copied.record("members", {"2": {"status": "diverged"}})
    with pytest.raises(LeftOutError, match="It needs two trained members"):
        member_pairs(context_of(whole_copied))


def test_all_steps_look_at_the_same_examples(slow):
    first, second = landscape_examples(slow.context), slow.context.sample_of(slow.dataset.test, 60)
    assert len(first) == 60
    assert first.inputs.equal(second.inputs)
    assert first.labels.equal(second.labels)


class RandomFeatures(nn.Module):
    """A network whose buffer is drawn anew for each member: its weights alone are not its function."""

    def __init__(self, num_inputs, num_classes):
        super().__init__()
        self.register_buffer("basis", torch.randn(num_inputs, 24) / num_inputs**0.5)
        self.last = nn.Linear(24, num_classes)

    def forward(self, inputs):
        return self.last((inputs.flatten(1) @ self.basis).relu())


def random_features(input_shape, num_classes):
    return RandomFeatures(math.prod(input_shape), num_classes)


def with_batch_norm(input_shape, num_classes):
    num_inputs = math.prod(input_shape)
    return nn.Sequential(
        nn.Flatten(), nn.Linear(num_inputs, 12), nn.BatchNorm1d(12), nn.ReLU(), nn.Linear(12, num_classes)
    )


@pytest.mark.parametrize(
    ("network", "changes"), [(random_features, {}), (with_batch_norm, {"renew_batch_norm": False})]
)
def test_both_ends_of_a_path_are_the_members_themselves_with_their_own_buffers(tmp_path, network, changes):
    settings = {**TINY, "test_limit": 60, "epochs": 4, "learning_rate": 0.01, "curve_epochs": 1, "path_points": 3}
    settings.pop("model_options")
    run = study("fort2019", **settings, **changes, model=network, only="paths", output=tmp_path / "run")
    study(resume=True, output=run.path, model=network, only="solutions")
    accuracy, solutions = run.arrays("results/paths")["accuracy"], run.arrays("results/solutions")
    for place, member in ((0, 0), (-1, 1)):
        own = float(solutions["accuracy"].sel(member=member))
        assert accuracy.isel(pair=0, place=place).values == pytest.approx(own)
    differ = 1 - run.arrays("results/paths")["agreement_start"].isel(pair=0, curve=0, place=-1)
    assert float(differ) == pytest.approx(float(solutions["disagreement"].sel(member=0, member_other=1)))
