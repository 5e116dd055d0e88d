"""Statistics of batch norm at new weights."""

import copy

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch import nn

from modescape.core.errors import ArgumentError
from modescape.core.trees import ravel, unravel
from modescape.functions import predict, predict_each
from modescape.landscapes import batch_norm, has_running_statistics, renewed


def network(dtype=torch.float64, **options):
    torch.random.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(2, 3, 3),
        nn.BatchNorm2d(3, **options),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Flatten(),
        nn.Linear(48, 5),
        nn.BatchNorm1d(5, **options),
        nn.Linear(5, 3),
    ).to(dtype)


def examples(num=21, seed=1):
    return 2 + 3 * torch.randn(num, 2, 6, 6, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def weights_of(net):
    return {name: tensor.detach().clone() for name, tensor in [*net.named_parameters(), *net.named_buffers()]}


def only(net, tree, inputs, **options):
    (found,) = renewed(net, [tree], inputs, prepare=torch.clone, **options)
    return found


def slow(net, tree, inputs, batches):
    """Normalise by hand, layer after layer, each batch by itself; join all that each layer was given."""
    conv, first, linear, second = net[0], net[1], net[5], net[6]
    net.load_state_dict(tree)
    given = {"1": [], "6": []}
    for batch in batches:
        x = conv(inputs[batch]).detach()
        given["1"].append(x.movedim(1, -1).reshape(-1, 3).numpy())
        mean, var = x.mean((0, 2, 3), keepdim=True), x.var((0, 2, 3), unbiased=False, keepdim=True)
        x = (x - mean) / (var + first.eps).sqrt() * first.weight[:, None, None] + first.bias[:, None, None]
        x = linear(x.relu().flatten(1)).detach()
        given["6"].append(x.numpy())
    assert second.num_features == 5
    joined = {name: np.concatenate(parts) for name, parts in given.items()}
    return {
        f"{name}.{quantity}": value
        for name, rows in joined.items()
        for quantity, value in (("running_mean", rows.mean(axis=0)), ("running_var", rows.var(axis=0, ddof=1)))
    }


@pytest.mark.parametrize(
    ("batch_size", "batches"),
    [
        (100, [range(21)]),
        (21, [range(21)]),
        (8, [range(8), range(8, 16), range(16, 21)]),
        # A last batch of one example, which has no variance of its own, joins the one before.
        (4, [range(4), range(4, 8), range(8, 12), range(12, 16), range(16, 21)]),
    ],
)
def test_statistics_are_those_of_all_that_a_layer_is_given(batch_size, batches):
    net, inputs = network(momentum=0.3), examples()
    tree = weights_of(net)
    found = only(net, tree, inputs, batch_size=batch_size)
    for name, value in slow(network(), tree, inputs, [list(batch) for batch in batches]).items():
        np.testing.assert_allclose(found[name].numpy(), value, rtol=1e-12, err_msg=name)
        assert found[name].dtype == torch.float64
    assert found["1.num_batches_tracked"] == found["6.num_batches_tracked"] == len(batches)
    assert list(found) == list(tree)
    assert all(torch.equal(found[name], parameter) for name, parameter in net.named_parameters())


def test_agrees_with_pytorch_on_one_batch():
    net, inputs = network(momentum=None).eval(), examples()
    found = only(net, weights_of(net), inputs, batch_size=50)
    reference = network(momentum=None)
    reference[1].train(), reference[6].train(), reference[3].eval()
    reference(inputs)
    for name, buffer in reference.named_buffers():
        torch.testing.assert_close(found[name], buffer, rtol=1e-12, atol=1e-14)


def test_buffers_that_come_with_the_weights_have_no_influence():
    net, inputs = network(), examples()
    tree = weights_of(net)
    spoilt = {name: value * torch.nan if "running" in name else value for name, value in tree.items()}
    bare = {name: value for name, value in tree.items() if name in dict(net.named_parameters())}
    wanted = only(net, tree, inputs, batch_size=8)
    for given in (spoilt, bare):
        found = only(net, given, inputs, batch_size=8)
        assert all(torch.equal(found[name], wanted[name]) for name in wanted)


def test_no_point_depends_on_the_one_before():
    net, inputs = network(), examples()
    tree = weights_of(net)
    far = {name: value * 1e200 if name.endswith("weight") else value for name, value in tree.items()}
    alone = only(net, tree, inputs, batch_size=8)
    first, broken, again = renewed(net, [tree, far, tree], inputs, prepare=torch.clone, batch_size=8)
    assert not broken["1.running_var"].isfinite().all()
    for found in (first, again):
        assert all(torch.equal(found[name], alone[name]) for name in alone)


def test_the_network_is_left_alone():
    net = network()
    net[1].eval()
    net[1].running_mean.fill_(5.0)
    before, modes = weights_of(net), [part.training for part in net.modules()]
    tree = {name: 2 * value for name, value in before.items()}
    kept = {name: value.clone() for name, value in tree.items()}
    only(net, tree, examples())
    assert all(torch.equal(value, before[name]) for name, value in weights_of(net).items())
    assert all(torch.equal(value, kept[name]) for name, value in tree.items())
    assert [part.training for part in net.modules()] == modes
    assert not net[1]._forward_hooks
    assert net[1].momentum == 0.1


def test_dropout_is_off_and_noise_is_the_same_for_all_points():
    class Noisy(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm = nn.BatchNorm1d(2, dtype=torch.float64)

        def forward(self, inputs):
            return self.norm(inputs + torch.rand(inputs.shape, dtype=inputs.dtype))

    net, inputs = Noisy(), examples().flatten(1)[:, :2]
    torch.random.manual_seed(3)
    expected = torch.rand(4)
    torch.random.manual_seed(3)
    one, two = renewed(net, [weights_of(net)] * 2, inputs, prepare=torch.clone, seed=4)
    assert torch.equal(one["norm.running_mean"], two["norm.running_mean"])
    assert not torch.equal(one["norm.running_mean"], inputs.mean(0))
    (other,) = renewed(net, [weights_of(net)], inputs, prepare=torch.clone, seed=5)
    assert not torch.equal(one["norm.running_mean"], other["norm.running_mean"])
    assert torch.equal(torch.rand(4), expected)


@pytest.mark.parametrize(
    "net",
    [
        nn.Linear(2, 3),
        nn.Sequential(nn.Linear(2, 4), nn.GroupNorm(2, 4), nn.LayerNorm(4)),
        nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4, track_running_stats=False)),
        nn.InstanceNorm2d(3, affine=True),
    ],
)
def test_networks_without_statistics_are_passed_through(net):
    assert not has_running_statistics(net)
    trees = [weights_of(net), weights_of(net)]
    inputs = torch.zeros(1, 2)

    def refuse(batch):
        pytest.fail(f"{batch} was prepared")

    found = list(renewed(net, iter(trees), inputs, prepare=refuse))
    assert all(one is other for one, other in zip(found, trees, strict=True))


def test_layers_without_statistics_are_untouched_beside_others():
    net = nn.Sequential(nn.GroupNorm(1, 2), nn.BatchNorm1d(2, track_running_stats=False), nn.BatchNorm1d(2)).double()
    assert has_running_statistics(net)
    found = only(net, weights_of(net), examples().flatten(1)[:, :2])
    assert [name for name in found if "running" in name] == ["2.running_mean", "2.running_var"]


def test_instance_norm_keeps_the_mean_over_examples():
    net = nn.InstanceNorm2d(2, track_running_stats=True, dtype=torch.float64)
    inputs = examples()
    found = only(net, weights_of(net), inputs, batch_size=8)
    torch.testing.assert_close(found["running_mean"], inputs.mean((2, 3)).mean(0))
    torch.testing.assert_close(found["running_var"], inputs.flatten(2).var(2).mean(0))


def test_a_layer_used_twice_gets_what_it_is_given_both_times():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm = nn.BatchNorm1d(2, dtype=torch.float64)

        def forward(self, inputs):
            self.norm(inputs)
            return self.norm(5 * inputs)

    inputs = examples().flatten(1)[:, :2]
    found = only(Twice(), weights_of(Twice()), inputs, batch_size=8)
    both = torch.cat([inputs, 5 * inputs])
    torch.testing.assert_close(found["norm.running_mean"], both.mean(0))
    torch.testing.assert_close(found["norm.running_var"], both.var(0))


def test_a_layer_that_no_pass_meets_is_as_new():
    net = nn.Sequential(nn.BatchNorm1d(2))
    net[0].unused = nn.BatchNorm1d(2)
    net[0].unused.running_mean.fill_(9.0)
    found = only(net, weights_of(net), torch.randn(4, 2, generator=torch.Generator().manual_seed(0)))
    assert found["0.unused.running_mean"].tolist() == [0.0, 0.0]
    assert found["0.unused.running_var"].tolist() == [1.0, 1.0]


def test_batches_too_large_to_keep_give_the_same(monkeypatch):
    net, inputs = network(torch.float32), examples().float()
    tree = weights_of(net)
    prepared = []

    def prepare(batch):
        prepared.append(len(batch))
        return batch * 1.0

    def both():
        prepared.clear()
        return list(renewed(net, [tree, tree], inputs, prepare=prepare, batch_size=8))

    kept = both()
    # Once more for a look at their size and at the network's noise.
    assert sorted(prepared) == [5, 8, 8, 8, 8]
    monkeypatch.setattr(batch_norm, "MAX_PREPARED_BYTES", 0)
    anew = both()
    assert len(prepared) == 8
    assert all(torch.equal(kept[1][name], anew[1][name]) for name in kept[1])


def test_networks_take_the_yielded_weights():
    net, inputs = network(torch.float32), examples(64).float()
    start, parameters = weights_of(net), dict(net.named_parameters())
    vector = ravel({name: start[name] for name in parameters})
    point = {**start, **unravel(3 * vector + 1, parameters)}
    (tree,) = renewed(net, [point], inputs, prepare=torch.clone)
    (found,) = predict_each(net, [tree], inputs, prepare=torch.clone)
    net.load_state_dict(tree)
    torch.testing.assert_close(found, predict(net, inputs, prepare=torch.clone))


def test_halfway_between_two_solutions_only_renewed_statistics_work():
    """Two solutions of the digits from one start, halfway between them."""
    digits = load_digits()
    inputs, labels = torch.tensor(digits.data, dtype=torch.float32) / 8 - 1, torch.tensor(digits.target)
    torch.random.manual_seed(1)
    begun = nn.Sequential(nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 10))
    ends = []
    for seed in range(2):
        net = copy.deepcopy(begun)
        optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
        for order in torch.randperm(1500, generator=torch.Generator().manual_seed(seed)).view(-1, 50).repeat(4, 1):
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(inputs[order]), labels[order]).backward()
            optimizer.step()
        ends.append(weights_of(net.eval()))
    # Larger incoming weights are undone by batch norm, if it knows of them.
    point = {name: (4 if name == "0.weight" else 1) * (ends[0][name] + ends[1][name]) / 2 for name in ends[0]}

    def accuracy(tree):
        (found,) = predict_each(begun, [tree], inputs[1500:], prepare=torch.clone)
        return (found.argmax(dim=1) == labels[1500:]).float().mean().item()

    assert accuracy(only(begun, point, inputs[:1500])) > accuracy(point) + 0.05


def test_arguments_are_checked():
    net = network()
    with pytest.raises(ArgumentError, match=r"`batch_size` must be at least 2; got 1\. Batch norm needs two"):
        renewed(net, [], examples(), prepare=torch.clone, batch_size=1)
    with pytest.raises(ArgumentError, match=r"`inputs` must hold at least 2 examples; got 1\. Pass examples"):
        renewed(net, [], examples(1), prepare=torch.clone)
    with pytest.raises(ArgumentError, match=r"`trees` must have the names of the network's parameters; got no '0\.wei"):
        next(renewed(net, [{}], examples(), prepare=torch.clone))
