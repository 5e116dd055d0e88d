import copy

import pytest
import torch
from torch import nn

from modescape.core.errors import ArgumentError
from modescape.landscapes.repair import Repair, between, repaired, scaled_only
from modescape.weights.symmetry import symmetry_of
from weights.alignment.networks import network, other, symmetry, weights


def mlp_outputs(tree, inputs):
    """Outputs of the hidden layers of the multilayer perceptron, in double precision."""
    tree = {name: tensor.double() for name, tensor in tree.items()}
    first = inputs.double().flatten(1) @ tree["1.weight"].T + tree["1.bias"]
    return [first, first.relu() @ tree["4.weight"].T + tree["4.bias"]]


@pytest.mark.parametrize("share", [0.25, 0.5, 0.9])
def test_means_and_deviations_lie_between_those_of_the_ends(share):
    inputs = network("mlp")[1]
    first, second = weights("mlp"), other("mlp")
    found = mlp_outputs(repaired(symmetry("mlp"), first, second, share, [inputs]), inputs)
    ends = [mlp_outputs(tree, inputs) for tree in (first, second)]
    plain = mlp_outputs(between(first, second, share), inputs)
    for layer, rows in enumerate(found):
        for statistic in (lambda rows: rows.mean(dim=0), lambda rows: rows.std(dim=0, correction=0)):
            wanted = (1 - share) * statistic(ends[0][layer]) + share * statistic(ends[1][layer])
            torch.testing.assert_close(statistic(rows), wanted, rtol=1e-4, atol=1e-4)
        # The wanted one of the last statistic, the deviation.
        assert not torch.allclose(plain[layer].std(dim=0, correction=0), wanted, rtol=1e-2, atol=1e-2)


def test_what_a_unit_answers_is_only_shifted_and_stretched():
    inputs = network("mlp")[1]
    first, second = weights("mlp"), other("mlp")
    rows = mlp_outputs(repaired(symmetry("mlp"), first, second, 0.5, [inputs]), inputs)[0]
    plain = mlp_outputs(between(first, second, 0.5), inputs)[0]
    for unit in range(rows.shape[1]):
        assert torch.corrcoef(torch.stack([rows[:, unit], plain[:, unit]]))[0, 1] == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("share", [0.0, 1.0])
@pytest.mark.parametrize("name", ["mlp", "small-cnn", "transformer"])
def test_the_ends_stay(name, share):
    ends = (weights(name), other(name))
    found = repaired(symmetry(name), *ends, share, network(name)[1].split(10))
    for key, tensor in ends[int(share)].items():
        torch.testing.assert_close(found[key], tensor, rtol=1e-4, atol=1e-5)


def test_positions_of_convolutions_count_as_examples():
    built, inputs = network("small-cnn")
    first, second = weights("small-cnn"), other("small-cnn")
    tree = repaired(symmetry("small-cnn"), first, second, 0.5, [inputs])

    def of_first_layer(given):
        with torch.no_grad():
            return nn.functional.conv2d(inputs, given["0.weight"], given["0.bias"], padding=built[0].padding)

    rows = [of_first_layer(given).movedim(1, -1).flatten(end_dim=-2) for given in (first, second, tree)]
    wanted = (rows[0].std(dim=0, correction=0) + rows[1].std(dim=0, correction=0)) / 2
    torch.testing.assert_close(rows[2].std(dim=0, correction=0), wanted, rtol=1e-4, atol=1e-5)


def test_batches_are_put_together():
    inputs = network("mlp")[1]
    first, second = weights("mlp"), other("mlp")
    whole = repaired(symmetry("mlp"), first, second, 0.5, [inputs])
    parts = repaired(symmetry("mlp"), first, second, 0.5, [inputs[:5], inputs[5:]])
    # The first layer sees the same inputs; the second one those that were set batch by batch.
    for name in ("1.weight", "1.bias"):
        torch.testing.assert_close(parts[name], whole[name], rtol=1e-4, atol=1e-5)
    assert not torch.equal(parts["4.weight"], whole["4.weight"])


def test_layers_before_batch_norm_and_the_last_layer_are_left_alone():
    first, second = weights("vgg"), other("vgg")
    found = repaired(symmetry("vgg"), first, second, 0.5, [network("vgg")[1]])
    plain = between(first, second, 0.5)
    changed = [name for name in plain if not torch.equal(plain[name], found[name])]
    assert changed == ["9.weight", "9.bias"]


class Shared(nn.Module):
    """Three layers without bias, one of them used twice."""

    def __init__(self):
        super().__init__()
        self.first, self.twice = nn.Linear(3, 6, bias=False), nn.Linear(6, 6, bias=False)
        self.last = nn.Linear(6, 2)

    def forward(self, inputs):
        hidden = self.first(inputs).relu()
        return self.last(self.twice(self.twice(hidden).relu()).relu())


def test_without_a_bias_the_deviation_alone_is_set_and_a_weight_used_twice_is_left():
    torch.manual_seed(2)
    built, inputs = Shared(), torch.randn(20, 3) + 1.0
    of_it = symmetry_of(built, inputs)
    first = {name: tensor.detach() for name, tensor in built.named_parameters()}
    second = {name: torch.randn_like(tensor) for name, tensor in first.items()}
    assert scaled_only(of_it) == ("first.weight",)
    found, plain = repaired(of_it, first, second, 0.5, [inputs]), between(first, second, 0.5)
    assert torch.equal(found["twice.weight"], plain["twice.weight"])
    rows = [inputs @ tree["first.weight"].T for tree in (first, second, found)]
    deviations = [each.std(dim=0, correction=0) for each in rows]
    torch.testing.assert_close(deviations[2], (deviations[0] + deviations[1]) / 2, rtol=1e-4, atol=1e-5)


def test_a_unit_that_never_changes_is_not_stretched():
    first, second = weights("mlp"), other("mlp")
    first["1.weight"][2], second["1.weight"][2] = 0.0, 0.0
    found = repaired(symmetry("mlp"), first, second, 0.5, [network("mlp")[1]])
    assert all(tensor.isfinite().all() for tensor in found.values())
    assert found["1.weight"][2].abs().max() == 0.0
    assert found["1.bias"][2] == pytest.approx(float(first["1.bias"][2] + second["1.bias"][2]) / 2, abs=1e-6)


def test_the_ends_are_not_changed_and_one_repair_serves_all_places():
    first, second = weights("mlp"), other("mlp")
    before = copy.deepcopy(first)
    repair = Repair(symmetry("mlp"), first, second, [network("mlp")[1]])
    found = [repair.at(0.5) for _ in range(2)]
    assert all(torch.equal(found[0][name], found[1][name]) for name in first)
    assert all(torch.equal(first[name], before[name]) for name in first)


def test_between_is_exact_at_the_ends_and_keeps_counts():
    first, second = weights("vgg"), {**other("vgg"), "1.num_batches_tracked": torch.tensor(9)}
    for share, end in ((0.0, first), (1.0, second)):
        found = between(first, second, share)
        assert all(torch.equal(found[name], end[name]) for name in end if end[name].is_floating_point())
    assert between(first, second, 1.0)["1.num_batches_tracked"] == first["1.num_batches_tracked"]
    torch.testing.assert_close(between(first, second, 0.25)["9.bias"], 0.75 * first["9.bias"] + 0.25 * second["9.bias"])


def test_what_does_not_fit_is_refused():
    with pytest.raises(ArgumentError, match=r"`batches` must hold at least one batch; got 0. Pass training inputs"):
        Repair(symmetry("mlp"), weights("mlp"), other("mlp"), [])
    smaller = {**other("mlp"), "1.bias": torch.ones(3)}
    with pytest.raises(ArgumentError, match=r"`trees` must have the same names and shapes"):
        Repair(symmetry("mlp"), weights("mlp"), smaller, [network("mlp")[1]])
    with pytest.raises(ArgumentError, match=r"`trees` must have the same names and shapes"):
        between(weights("mlp"), smaller, 0.5)
