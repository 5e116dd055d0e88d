"""Where networks are cut into a start, trunks and an end."""

import pytest
import torch
from torch import nn

from modescape.core.errors import ArgumentError, ModelError
from modescape.methods.trunks import check_place, with_trunks
from modescape.models import recipe


def network(model="small-cnn", seed=0, **options):
    return recipe(model, options).build((3, 16, 16), 10, seed=seed)


def kinds(part):
    return [type(layer).__name__ for layer in part]


CONV = ["Conv2d", "Dropout", "MaxPool2d", "ReLU"]


@pytest.mark.parametrize(
    ("model", "start", "end", "sizes"),
    [
        ("mlp", 0.3, 1, (4, 3, 1)),
        ("small-cnn", 0.3, 1, (4, 8, 1)),
        ("medium-cnn", 0.3, 1, (8, 8, 1)),
        ("resnet20", 0.3, 1, (5, 9, 1)),
        ("small-cnn", 0.0, 0, (0, 13, 0)),
        ("small-cnn", 2, 0, (8, 5, 0)),
        ("small-cnn", 0.01, 0.5, (4, 4, 5)),
        ("small-cnn", "5", "12", (6, 6, 1)),
        ("small-cnn", 0, "8", (0, 8, 5)),
    ],
)
def test_layers_without_weights_belong_to_the_one_before(model, start, end, sizes):
    found = with_trunks([network(model, seed) for seed in range(3)], start, end)
    assert (len(found.start), len(found.trunks[2]), len(found.end)) == sizes
    assert len(found.trunks) == 3


def test_names_of_layers_say_where_they_are_cut():
    found = with_trunks([network() for _ in range(2)], "5", "10")
    assert kinds(found.start) == [*CONV, "Conv2d", "Dropout"]
    assert kinds(found.trunks[0]) == ["MaxPool2d", "ReLU", "Conv2d", "Dropout"]
    assert kinds(found.end) == ["MaxPool2d", "Flatten", "Linear"]


def test_batch_norm_stays_with_its_convolution():
    found = with_trunks([network("resnet20", width=0.25) for _ in range(2)], 1, 1)
    assert kinds(found.start) == ["Conv2d", "BatchNorm2d", "ReLU"]


def test_each_trunk_with_start_and_end_is_a_base_network():
    networks = [network(seed=seed).eval() for seed in range(3)]
    found = with_trunks(networks, 1, 1).eval()
    inputs = torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    outputs = found(inputs)
    assert outputs.shape == (4, 3, 10)
    torch.testing.assert_close(outputs[:, 0], networks[0](inputs))
    mixed = nn.Sequential(*networks[0][:4], *networks[2][4:12], *networks[0][12:])
    torch.testing.assert_close(outputs[:, 2], mixed(inputs))


def test_with_nothing_in_common_trunks_are_networks():
    networks = [network("mlp", seed=seed).eval() for seed in range(2)]
    inputs = torch.rand(4, 3, 16, 16)
    outputs = with_trunks(networks, 0, 0)(inputs)
    for index, whole in enumerate(networks):
        torch.testing.assert_close(outputs[:, index], whole(inputs))


class Skips(nn.Sequential):
    def forward(self, inputs):
        return inputs + super().forward(inputs)


@pytest.mark.parametrize("other", [Skips(nn.Linear(2, 2)), nn.Linear(2, 2)])
def test_other_networks_are_refused(other):
    with pytest.raises(ModelError, match=r"must be an nn\.Sequential, .* got (Skips|Linear)\. Build it as"):
        with_trunks([other, other], 1, 1)


@pytest.mark.parametrize(("start", "end"), [(3, 1), (9, 0), (0, 9), (0.8, 0.5), ("8", "11")])
def test_trunks_need_weights(start, end):
    with pytest.raises(
        ArgumentError,
        match=f"at least one layer with weights; got start={start!r} and end={end!r} for a network that has 4",
    ):
        with_trunks([network(), network()], start, end)


@pytest.mark.parametrize(("start", "end", "argument"), [("conv", 1, "start"), (1, "13", "end")])
def test_unknown_names_are_refused(start, end, argument):
    with pytest.raises(ArgumentError, match=f"`{argument}` must be a layer of the network: 0, 1, 2"):
        with_trunks([network(), network()], start, end)


@pytest.mark.parametrize(
    ("place", "match"), [(-1, "be at least 0"), (True, "be at least 0"), (1.0, r"a share in \[0, 1\)"), (-0.1, "share")]
)
def test_bad_places_are_named(place, match):
    with pytest.raises(ArgumentError, match=match):
        check_place(place, "end")
