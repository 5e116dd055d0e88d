import copy
from itertools import pairwise

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from modescape.core.errors import ArgumentError
from modescape.studies.align import align, inputs_of
from modescape.weights.symmetry import UnsupportedGraphError


def built(seed):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, 6), nn.ReLU(), nn.Linear(6, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 2))


def loader(size=8):
    generator = torch.Generator().manual_seed(0)
    return DataLoader(TensorDataset(torch.randn(20, 3, generator=generator), torch.zeros(20).long()), batch_size=size)


def shuffled(network):
    """The same function with its hidden units in another order, and rescaled."""
    tree = copy.deepcopy(network.state_dict())
    first, second = torch.randperm(6), torch.randperm(5)
    for name in ("0.weight", "0.bias"):
        tree[name] = 2.0 * tree[name][first]
    tree["2.weight"] = tree["2.weight"][:, first] / 2.0
    for name in ("2.weight", "2.bias", "3.weight", "3.bias", "3.running_mean", "3.running_var"):
        tree[name] = tree[name][second]
    tree["5.weight"] = tree["5.weight"][:, second]
    return tree


@pytest.mark.parametrize("method", ["weights", "activations"])
def test_a_network_and_its_permuted_copy_become_one(method):
    network = built(0)
    other = built(1)
    other.load_state_dict(shuffled(network))
    before = copy.deepcopy(other.state_dict())
    found = align(network, other, loader(), method=method)
    assert found.cosine_before < 0.9
    assert found.cosine_after == pytest.approx(1.0, abs=1e-9)
    for name, tensor in network.state_dict().items():
        torch.testing.assert_close(found.weights[name], tensor)
    assert other.training
    assert all(torch.equal(before[name], tensor) for name, tensor in other.state_dict().items())
    other.load_state_dict(found.weights)


def test_weights_by_name_do_as_well():
    network = built(0)
    found = align(network, shuffled(network), [(torch.randn(4, 3), torch.zeros(4))])
    assert found.cosine_after == pytest.approx(1.0, abs=1e-9)


def test_without_scale_units_keep_theirs():
    network = built(0)
    found = align(network, shuffled(network), loader(), scale=False)
    assert found.cosine_after < 0.99
    torch.testing.assert_close(found.weights["0.weight"], 2.0 * network[0].weight.detach())


def test_all_batches_are_read_for_activations():
    read = []

    class Data:
        def __iter__(self):
            for batch in loader(5):
                read.append(len(batch[0]))
                yield batch

    align(built(0), built(1), Data(), method="activations")
    assert read == [5, 5, 5, 5]


class ByName(nn.Module):
    """A network that is called by names."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(*(part for sizes in pairwise((3, 4, 2)) for part in (nn.Linear(*sizes), nn.Tanh())))

    def forward(self, left, right):
        return self.body(left + right)


def test_batches_may_be_mappings():
    batch = {"left": torch.randn(6, 3), "right": torch.randn(6, 3), "labels": torch.zeros(6)}
    found = align(ByName(), ByName(), [batch], method="activations")
    assert set(found.permutation) == {"body.0"}
    assert inputs_of(batch).keys() == {"left", "right"}


def test_an_unsupported_network_is_named_at_its_node():
    class Recurrent(nn.Module):
        def __init__(self):
            super().__init__()
            self.body, self.recurrent = nn.Linear(3, 4), nn.GRU(4, 5)
            self.out = nn.Linear(5, 2)

        def forward(self, inputs):
            return self.out(self.recurrent(self.body(inputs))[0])

    with pytest.raises(UnsupportedGraphError, match="recurrent"):
        align(Recurrent(), Recurrent(), loader())


def test_what_does_not_fit_is_refused():
    network = built(0)
    with pytest.raises(ArgumentError, match="`data` must hold at least one batch; got 0"):
        align(network, built(1), [])
    with pytest.raises(ArgumentError, match=r"`data` must be pairs of inputs and targets, or mappings with \"labels\""):
        align(network, built(1), [torch.ones(3, 3)])
    tree = network.state_dict()
    missing = {name: tensor for name, tensor in tree.items() if name != "2.bias"}
    with pytest.raises(ArgumentError, match=r"`second` must have the names of the first network; got no '2.bias'"):
        align(network, missing, loader())
    with pytest.raises(ArgumentError, match=r"`second` must have the shape \(5,\) for '2.bias'; got \(3,\)"):
        align(network, {**tree, "2.bias": torch.ones(3)}, loader())
    with pytest.raises(ArgumentError, match=r"`second` must have the names of .* and no others; got '5.bias'"):
        align(nn.Sequential(*network[:5]), network, loader())
    with pytest.raises(ArgumentError, match=r"`second` must have finite weights; got NaN or an infinity in '2.bias'"):
        align(network, {**tree, "2.bias": torch.full((5,), torch.nan)}, loader())
    with pytest.raises(ArgumentError, match="`method` must be one of none, weights, activations; got 'magic'"):
        align(network, built(1), loader(), method="magic")


class Tied(nn.Module):
    """A network of which one tensor has two names, with a buffer that is not kept."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Embedding(7, 5), nn.Linear(5, 7, bias=False)
        self.body = nn.Linear(5, 5)
        self.last.weight = self.first.weight
        self.register_buffer("factor", torch.ones(1), persistent=False)

    def forward(self, inputs):
        return self.last(self.body(self.factor * self.first(inputs)).relu())


def test_what_is_found_loads_by_all_names_of_a_tied_tensor():
    first, second = Tied(), Tied()
    inputs = torch.randint(7, (9,))
    before = second(inputs)
    found = align(first, second, [(inputs, inputs)])
    second.load_state_dict(found.weights)
    torch.testing.assert_close(second(inputs), before)
    assert align(first, first.state_dict(), [(inputs, inputs)]).cosine_after == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("inputs", "got"), [(torch.ones(1, 3), "1 row"), (torch.full((4, 3), torch.nan), "NaN or an infinity")]
)
def test_activations_that_tell_nothing_are_refused(inputs, got):
    with pytest.raises(ArgumentError, match=f"`batches` must .*; got {got}"):
        align(built(0), built(1), [(inputs, torch.zeros(len(inputs)))], method="activations")
