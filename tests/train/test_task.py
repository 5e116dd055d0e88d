"""Tasks: every random choice a function of (run seed, member, epoch), and networks that are refused at once."""

import pytest
import torch
from torch import nn

from modescape.core.errors import ArgumentError, ModelError
from modescape.train import chosen_device, weights_of
from modescape.train.noise import Draw
from train.networks import Awkward


def test_an_epoch_visits_each_example_at_most_once_and_drops_the_rest(make_task):
    task = make_task(batch_size=16)
    order = task.order(member=1, epoch=4)
    assert order.shape == (5, 16)
    assert len(set(order.flatten().tolist())) == 80
    assert {int(i) for epoch in range(40) for i in task.order(1, epoch).flatten()} == set(range(90))


def test_sampling_with_replacement_draws_each_batch_anew(make_task):
    task = make_task(batch_size=30, sampling="replacement")
    orders = torch.stack([task.order(0, epoch) for epoch in range(100)])
    assert orders.shape == (100, 3, 30)
    assert len(set(orders[0, 0].tolist())) < 30
    counts = torch.bincount(orders.flatten(), minlength=90)
    assert len(counts) == 90
    assert abs(counts.double().mean() - 100) < 1e-9
    assert counts.double().std() == pytest.approx(10, rel=0.3)


@pytest.mark.parametrize("sampling", ["shuffle", "replacement"])
def test_orders_differ_between_members_epochs_and_run_seeds_and_depend_on_nothing_else(sampling, make_task):
    tasks = {seed: make_task(seed=seed, sampling=sampling) for seed in (0, 1)}
    keys = [(seed, member, epoch) for seed in (0, 1) for member in range(3) for epoch in range(3)]
    orders = {key: tuple(tasks[key[0]].order(*key[1:]).flatten().tolist()) for key in keys}
    assert len(set(orders.values())) == len(keys)
    again = make_task(seed=1, sampling=sampling, members=7, engine="vmap", learning_rate=0.5)
    assert orders[1, 2, 2] == tuple(again.order(2, 2).flatten().tolist())


def test_fewer_examples_than_a_batch_make_one_smaller_batch(make_task):
    task = make_task(batch_size=1000)
    assert (task.batch_size, task.steps_per_epoch) == (90, 1)
    assert sorted(task.order(0, 0)[0].tolist()) == list(range(90))


def test_members_differ_in_every_weight_they_draw(digits, make_task):
    task = make_task(Awkward, dataset=digits)
    first, second, again = (weights_of(task.network(member)) for member in (0, 1, 0))
    for name in ("kernel", "fixed", "encode.weight", "mix", "temperature", "shift"):
        assert torch.equal(first[name], again[name])
        assert not torch.equal(first[name], second[name])


def test_masks_and_augmentation_belong_to_member_and_epoch(digits, make_task):
    task = make_task(dataset=digits, augment=True)
    words = {(m, e): tuple(task.masks(m, e).words(Draw((8,), 0.5)).tolist()) for m in range(3) for e in range(3)}
    assert len(set(words.values())) == 9
    crops = {(m, e): tuple(task.augmentation(m, e).flatten().tolist()) for m in range(3) for e in range(3)}
    assert len(set(crops.values())) == 9
    assert task.augmentation(0, 0).shape == (task.steps_per_epoch, task.batch_size, 3)
    assert make_task(dataset=digits).augmentation(0, 0) is None


def test_a_batch_holds_the_prepared_examples(colours, make_task):
    task = make_task(dataset=colours)
    inputs, labels = task.batch(torch.tensor([5, 2, 5]), None)
    expected = (colours.train.inputs[[5, 2, 5]].float() - 120) / 64
    torch.testing.assert_close(inputs, expected)
    assert labels.tolist() == colours.train.labels[[5, 2, 5]].tolist()
    assert inputs.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("model", ["mlp", Awkward])
def test_good_networks_pass(model, digits, make_task):
    make_task(model, dataset=digits).check()


def test_a_builder_that_returns_one_network_again_and_again_is_refused(make_task):
    network = nn.Linear(6, 3)
    line = r"^`model` must build a new network at each call; got the same one twice from .*\. Create the network inside"
    with pytest.raises(ModelError, match=line):
        make_task(lambda: network).check()
    with pytest.raises(ModelError, match=line):
        make_task(lambda: nn.Sequential(network)).check()


def test_a_network_without_anything_to_train_is_refused(make_task):
    line = r"^`model` must have parameters that can be trained; got none in .*\. Set requires_grad"
    with pytest.raises(ModelError, match=line):
        make_task(lambda: nn.Linear(6, 3).requires_grad_(requires_grad=False)).check()
    with pytest.raises(ModelError, match=line):
        make_task(nn.Flatten).check()


def test_a_wrong_shape_is_refused(make_task):
    with pytest.raises(
        ModelError, match=r"^`model` must return floating-point logits of shape \(2, 3\) .*; got torch.float32 of"
    ):
        make_task(lambda: nn.Linear(6, 4)).check()


def test_a_pass_that_fails_only_in_training_is_refused(make_task):
    class Fails(nn.Linear):
        def forward(self, inputs):
            if self.training:
                raise RuntimeError("only\nin training")
            return super().forward(inputs)

    task = make_task(lambda: Fails(6, 3))
    task.check()
    line = (
        r"^`model` must take a training batch of shape \(16, 6\); got RuntimeError: only in training\. Check its forw"
    )
    with pytest.raises(ModelError, match=line):
        _ = task.noise


def test_devices():
    assert chosen_device("cpu") == torch.device("cpu")
    assert chosen_device("auto").type in {"cpu", "cuda", "mps", "xpu"}
    for name in ("gpu", "cuda:99"):
        with pytest.raises(
            ArgumentError, match=rf"^`device` must be a device of this machine; got '{name}' \(.*Pass --"
        ):
            chosen_device(name)


def test_bf16_and_float32_pass_and_tf32_needs_cuda(make_task):
    for precision in ("float32", "bf16"):
        make_task(precision=precision).check()
    line = (
        r"^`precision` must be float32 or bf16, except on CUDA; got 'tf32' on cpu\. Pass --precision float32 or bf16\.$"
    )
    with pytest.raises(ArgumentError, match=line):
        make_task(precision="tf32").check()


def test_the_same_task_elsewhere(make_task):
    task = make_task()
    assert task.at(torch.device("cpu")) is task
    assert task.devices == [torch.device("cpu")]
    moved = task.at(torch.device("meta"))
    assert (moved.settings.device, moved.seed, moved.dataset) == ("meta", task.seed, task.dataset)
