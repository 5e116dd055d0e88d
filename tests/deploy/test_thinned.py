import pytest
import torch
from torch import nn
from torch.func import functional_call

from deploy.ensembles import tiny_mlp
from modescape.core.errors import ModelError
from modescape.deploy.thinned import thinned


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.Dropout(0.3), (4, 6)),
        (nn.Dropout(0.3, inplace=True), (4, 6)),
        (nn.Dropout2d(0.4), (3, 5, 5)),
        (nn.Dropout1d(0.4), (3, 5)),
        (nn.AlphaDropout(0.3), (4, 6)),
        (nn.FeatureAlphaDropout(0.4), (3, 5, 5)),
    ],
)
def test_a_pass_over_one_example_is_one_of_the_layer(layer, shape):
    """Every kind of dropout is affine in each value, and its mask for one example is reproduced exactly."""
    inputs = torch.randn(1, *shape, generator=torch.Generator().manual_seed(1))
    network, masks = thinned(nn.Sequential(layer), inputs, passes=20, seed=3)
    outputs = torch.stack(
        [functional_call(network, {name: mask[s] for name, mask in masks.items()}, (inputs,)) for s in range(20)]
    )
    dropped = masks["0.factor"] == 0
    assert 0.2 < dropped.float().mean() < 0.55
    if "Alpha" not in type(layer).__name__:
        kept = inputs / (1 - layer.p)
        expected = torch.where(dropped, torch.zeros(()), kept)
        torch.testing.assert_close(outputs, expected)
        assert not masks["0.offset"].any()
    else:
        assert (outputs[dropped] == masks["0.offset"][dropped]).all()
        assert masks["0.offset"].any()


def test_passes_have_the_distribution_of_dropout():
    """The mean over many passes is that of the layer's own, for a linear network the answer without dropout."""
    network = nn.Sequential(nn.Dropout(0.25), nn.Linear(4, 2)).eval()
    inputs = torch.randn(5, 4, generator=torch.Generator().manual_seed(0))
    changed, masks = thinned(network, inputs, passes=400, seed=0)
    own = dict(network.named_parameters())
    with torch.no_grad():
        outputs = torch.vmap(lambda mask: functional_call(changed, {**own, **mask}, (inputs,)))(masks)
        torch.testing.assert_close(outputs.mean(dim=0), network(inputs), atol=0.1, rtol=0)
        network.train()
        many = torch.stack([network(inputs) for _ in range(400)])
    torch.testing.assert_close(outputs.std(dim=0), many.std(dim=0), atol=0.1, rtol=0.1)


def test_masks_depend_on_the_seed_and_differ_between_passes_and_layers():
    network = nn.Sequential(nn.Dropout(0.5), nn.Linear(30, 30), nn.Dropout(0.5))
    inputs = torch.zeros(2, 30)
    (_, first), (_, again), (_, other) = (thinned(network, inputs, passes=2, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(first["0.factor"], again["0.factor"])
    assert not torch.equal(first["0.factor"], other["0.factor"])
    assert not torch.equal(first["0.factor"][0], first["0.factor"][1])
    assert not torch.equal(first["0.factor"], first["2.factor"])


def test_the_network_and_the_global_generators_are_left_alone():
    network = tiny_mlp(dropout=0.5).train()
    before = torch.get_rng_state()
    thinned(network, torch.zeros(1, 4), passes=2, seed=0)
    assert torch.equal(before, torch.get_rng_state())
    assert network.training
    assert isinstance(network[2], nn.Dropout)
    assert not network[2]._forward_pre_hooks


def test_networks_without_dropout_are_refused():
    with pytest.raises(ModelError, match=r"must have dropout layers .* got none. Deploy another"):
        thinned(tiny_mlp(dropout=0.0), torch.zeros(1, 4), passes=2, seed=0)


def test_layers_that_run_twice_are_refused():
    layer = nn.Dropout(0.5)
    with pytest.raises(ModelError, match=r"run each dropout layer once in a pass.*'0', which runs 2 times"):
        thinned(nn.Sequential(layer, nn.Linear(4, 4), layer), torch.zeros(1, 4), passes=2, seed=0)
