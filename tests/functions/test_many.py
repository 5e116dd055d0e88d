"""Predictions of many weights of one architecture."""

import itertools
import random
import threading

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from modescape.core.errors import ArgumentError
from modescape.functions import many, predict, predict_each
from modescape.models import resnet20, small_cnn
from train.networks import AlwaysDropping

INPUTS = torch.randint(0, 9, (11, 3, 8, 8), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
BUILDERS = {"resnet20": resnet20, "small_cnn": small_cnn, "dropping": AlwaysDropping}


def halved(batch):
    return batch.float() / 2


def built(seed, name="small_cnn"):
    torch.manual_seed(seed)
    network = BUILDERS[name]((3, 8, 8), 4)
    for parameter in network.parameters():
        # The last layer of a ResNet starts with zeros.
        parameter.data.add_(0.1 * torch.randn(parameter.shape))
    for place, buffer in network.named_buffers():
        if place.endswith("running_mean"):
            nn.init.normal_(buffer, std=0.1)
        elif place.endswith("running_var"):
            nn.init.uniform_(buffer, 0.5, 2.0)
    return network


def tree(network):
    return {name: t.detach() for name, t in [*network.named_parameters(), *network.named_buffers()]}


def alone(network, **kwargs):
    """Predict as one would without `predict_each`, in the same layout of memory."""
    return predict(network.to(memory_format=torch.channels_last), INPUTS, prepare=in_order, **kwargs)


def in_order(batch):
    return halved(batch).contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("name", ["resnet20", "small_cnn", "dropping"])
@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("batch_size", [4, 64])
def test_each_is_predicted_as_if_it_were_alone(name, workers, batch_size):
    networks = [built(seed, name) for seed in range(5)]
    weights = [tree(network) for network in networks]
    found = predict_each(
        built(9, name), weights, INPUTS, prepare=halved, workers=workers, batch_size=batch_size, seed=6
    )
    for network, probabilities in zip(networks, found, strict=True):
        assert torch.equal(probabilities, alone(network, batch_size=batch_size, seed=6))
        plain = predict(network.to(memory_format=torch.contiguous_format), INPUTS, prepare=halved, seed=6)
        if name != "dropping" or batch_size == 64:
            torch.testing.assert_close(probabilities, plain, rtol=0, atol=1e-4)


def test_logits_and_half_precision():
    networks = [built(seed, "resnet20") for seed in range(3)]
    weights = [tree(network) for network in networks]
    logits = list(predict_each(networks[0], weights, INPUTS, prepare=halved, output="logits"))
    rough = list(predict_each(networks[0], weights, INPUTS, prepare=halved, output="logits", precision="bf16"))
    for network, exact, near in zip(networks, logits, rough, strict=True):
        expected = network.double().eval()(INPUTS.double() / 2).float()
        torch.testing.assert_close(exact, expected, rtol=1e-4, atol=1e-4)
        assert near.dtype == torch.float32
        assert not torch.equal(near, exact)
        assert (near - exact).norm() < 0.05 * exact.norm()
    probabilities = list(predict_each(networks[0].float(), weights, INPUTS, prepare=halved, precision="bf16"))
    torch.testing.assert_close(probabilities[1], rough[1].softmax(dim=1))


def test_buffers_that_are_not_given_are_those_of_the_network():
    network, other, mixed = built(0, "resnet20"), built(1, "resnet20"), built(1, "resnet20")
    parameters = {name: tensor.detach() for name, tensor in other.named_parameters()}
    found = predict_each(network, [tree(other), parameters, tree(other)], INPUTS, prepare=halved, output="logits")
    full, partial, again = found
    for name, buffer in mixed.named_buffers():
        buffer.copy_(network.get_buffer(name))
    for built_one, logits in [(other, full), (mixed, partial), (other, again)]:
        placed = built_one.to(memory_format=torch.channels_last).eval()
        assert torch.equal(logits, placed(in_order(INPUTS)))
    assert (partial - full).abs().max() > 1e-3


@pytest.mark.parametrize("workers", [1, 2])
def test_weights_are_taken_as_results_are_asked_for_and_may_be_overwritten(workers):
    network = built(0).to(memory_format=torch.channels_last)
    scratch = tree(network)
    threads = set(threading.enumerate())
    expected = {}
    taken = []

    def changing():
        for index in itertools.count():
            taken.append(index)
            for tensor in scratch.values():
                tensor.mul_(0.9)
            expected[index] = alone(network)
            yield scratch

    found = predict_each(network, changing(), INPUTS, prepare=halved, workers=workers)
    assert not taken
    for index in range(6):
        assert torch.equal(next(found), expected[index])
        assert len(taken) <= index + 1 + workers
    found.close()
    assert set(threading.enumerate()) == threads


def test_no_weights_no_examples_and_no_parameters():
    network = built(0)
    assert list(predict_each(network, [], INPUTS, prepare=halved)) == []
    (found,) = predict_each(nn.Linear(4, 3), [tree(nn.Linear(4, 3))], torch.zeros(0, 4), prepare=halved)
    assert found.shape == (0, 3)
    (found,) = predict_each(nn.Flatten(), [{}], torch.zeros(2, 3), prepare=halved, workers=2)
    assert found.tolist() == [[pytest.approx(1 / 3)] * 3] * 2


def states():
    return torch.get_rng_state().tolist(), np.random.get_state()[1].tolist(), random.getstate()  # noqa: NPY002


def test_nothing_is_left_changed():
    network, weights = built(0, "resnet20").train(), tree(built(1, "resnet20"))
    before, numbers, num_threads = {k: v.clone() for k, v in tree(network).items()}, states(), torch.get_num_threads()
    layout = next(network.parameters()).stride()
    found = predict_each(network, itertools.repeat(weights), INPUTS, prepare=halved, workers=3)
    result = next(found)
    assert torch.get_num_threads() == num_threads
    in_new_thread = []
    thread = threading.Thread(target=lambda: in_new_thread.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert in_new_thread == [num_threads]
    found.close()
    assert states() == numbers
    assert network.training
    assert next(network.parameters()).stride() == layout
    assert all(torch.equal(tensor, before[name]) for name, tensor in tree(network).items())
    # An ordinary tensor, which autograd takes.
    assert not result.is_inference()
    (result * torch.ones(4, requires_grad=True)).sum().backward()


def test_nan_weights_give_nan():
    weights = {name: tensor * torch.nan for name, tensor in tree(built(0)).items()}
    first, second = predict_each(built(0), [weights, tree(built(0))], INPUTS, prepare=halved, workers=2)
    assert first.isnan().all()
    assert torch.equal(second, alone(built(0)))


class InPlace(nn.Module):
    """Writes into its inputs."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, inputs):
        return inputs.mul_(self.scale).flatten(1)[:, :4]


class Counting(nn.Module):
    """Replaces a buffer in each pass."""

    def __init__(self):
        super().__init__()
        self.register_buffer("count", torch.zeros(()))

    def forward(self, inputs):
        self.count = self.count + 1
        return F.one_hot(inputs.flatten(1)[:, 0].long() * 0, 4).float() * self.count


@pytest.mark.parametrize("workers", [1, 3])
def test_networks_that_write_into_their_inputs_or_buffers(workers):
    scales = [{"scale": torch.tensor(float(scale))} for scale in [0, 3, 1, 2]]
    found = predict_each(InPlace(), scales, INPUTS, prepare=halved, workers=workers, output="logits")
    for scale, logits in zip([0, 3, 1, 2], found, strict=True):
        assert torch.equal(logits, INPUTS.float().flatten(1)[:, :4] / 2 * scale)
    found = predict_each(Counting(), [{}, {}], INPUTS, prepare=halved, workers=workers, output="logits")
    assert [logits.max().item() for logits in found] == [1.0, 1.0]


@pytest.mark.parametrize(("limit", "calls"), [(2**30, 3 + 2), (1000, 3 * 4 + 2)])
def test_batches_are_prepared_once_if_they_fit(monkeypatch, limit, calls):
    monkeypatch.setattr(many, "MAX_PREPARED_BYTES", limit)
    seen = []

    def noting(batch):
        seen.append(len(batch))
        return halved(batch)

    found = list(predict_each(built(0), [tree(built(0))] * 4, INPUTS, prepare=noting, batch_size=4, workers=2))
    assert len(seen) == calls
    assert torch.equal(found[3], alone(built(0), batch_size=4))


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda w: w.pop("0.bias"),
            "`weights` must have the names of the network's parameters; got no '0.bias' in vec",
        ),
        (
            lambda w: w.update(more=w["0.bias"]),
            "names of the network's parameters; got 'more' in vector 2. Pass the ten",
        ),
        (
            lambda w: w.update({"0.bias": torch.zeros(3)}),
            r"`weights` must have the shape \(16,\) for '0.bias'; got \(3,\) in vector 2. Pass",
        ),
    ],
)
def test_weights_that_do_not_fit(workers, change, message):
    weights = [tree(built(seed)) for seed in range(3)]
    change(weights[2])
    found = predict_each(built(0), weights, INPUTS, prepare=halved, workers=workers)
    assert torch.equal(next(found), alone(built(0)))
    assert torch.equal(next(found), alone(built(1)))
    with pytest.raises(ArgumentError, match=message):
        next(found)


@pytest.mark.parametrize("workers", [1, 3])
def test_errors_of_a_network_reach_the_caller(workers):
    found = predict_each(
        nn.Linear(4, 3), [tree(nn.Linear(4, 3))] * 5, torch.zeros(2, 5), prepare=halved, workers=workers
    )
    with pytest.raises(RuntimeError, match="shapes"):
        next(found)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"batch_size": 0}, "`batch_size` must be at least 1; got 0"),
        ({"workers": 0}, "`workers` must be at least 1; got 0"),
        ({"precision": "fp16"}, "`precision` must be one of float32, bf16; got 'fp16'"),
        ({"output": "classes"}, "`output` must be one of probabilities, logits; got 'classes'"),
    ],
)
def test_wrong_arguments_are_told_at_once(wrong, message):
    with pytest.raises(ArgumentError, match=message):
        predict_each(built(0), [], INPUTS, prepare=halved, **wrong)


def test_it_works_in_inference_mode_and_for_kernels_of_three_dimensions():
    network = nn.Sequential(nn.Conv3d(1, 2, 3), nn.Flatten(), nn.Linear(2 * 2 * 2 * 2, 3))
    weights = dict(network.named_parameters())
    inputs = torch.randn(5, 1, 4, 4, 4)
    expected = predict(network, inputs, prepare=lambda batch: batch)
    with torch.inference_mode():
        (found,) = predict_each(network, [weights], inputs, prepare=lambda batch: batch)
    torch.testing.assert_close(found.clone(), expected)


def test_one_mapping_instead_of_many_is_refused():
    network = nn.Linear(2, 3)
    with pytest.raises(ArgumentError, match=r"`weights` must be an iterable of mappings, one a vector; got a mapping"):
        predict_each(network, dict(network.named_parameters()), torch.zeros(1, 2), prepare=lambda batch: batch)
