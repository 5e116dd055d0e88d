"""Each operation between two layers: which units can still be exchanged, and that the function then stays the same."""

# ruff: noqa: ARG005 - each operation is given the network, the units and the inputs

import pytest
import torch
from torch import nn
from torch.func import functional_call
from torch.nn import functional as F

from modescape.weights.symmetry import (
    UnsupportedGraphError,
    permuted,
    random_permutation,
    scaled,
    symmetry_of,
)
from weights.symmetry.architectures import tensors


class Between(nn.Module):
    """An operation between a linear layer of 12 units, or convolution of 12 channels, and a linear layer."""

    def __init__(self, operation, inputs):
        super().__init__()
        self.first = nn.Linear(5, 12) if inputs.ndim < 4 else nn.Conv2d(5, 12, 1)
        self.prelu, self.batch, self.group = nn.PReLU(12), nn.BatchNorm1d(12), nn.GroupNorm(3, 12)
        self.gain = nn.Parameter(torch.rand(12))
        self.register_buffer("mask", torch.arange(12) % 3 > 0)
        self.other = nn.Linear(5, 12)
        self.operation = operation
        with torch.no_grad():
            wide = operation(self, self.first(inputs.float()), inputs.float()).flatten(1).shape[1]
        self.last = nn.Linear(wide, 2)

    def forward(self, inputs):
        return self.last(self.operation(self, self.first(inputs), inputs).flatten(1))


ROWS, SERIES, IMAGES = (3, 5), (3, 4, 5), (3, 5, 4, 4)

# For each operation: shape of the inputs, sizes of all groups, whether some can be scaled. Copies of a unit, and zeros,
# are units of the last layer that can be exchanged with each other.
CASES = {
    "relu": (lambda s, x, _: x.relu(), ROWS, [12], True),
    "gelu": (lambda s, x, _: F.gelu(x), ROWS, [12], False),
    "prelu": (lambda s, x, _: s.prelu(x), ROWS, [12], True),
    "clamp at zero": (lambda s, x, _: x.clamp(min=0), ROWS, [12], True),
    "clamp elsewhere": (lambda s, x, _: x.clamp(min=0.1), ROWS, [12], False),
    "threshold": (lambda s, x, _: F.threshold(x, 0, 0), ROWS, [12], True),
    "threshold elsewhere": (lambda s, x, _: F.threshold(x, 0.1, 0), ROWS, [12], False),
    "in place": (lambda s, x, _: x.relu_().mul_(2.0), ROWS, [12], True),
    "number added": (lambda s, x, _: x + 0.3, ROWS, [12], False),
    "number times": (lambda s, x, _: -2 * x / 3, ROWS, [12], True),
    "number divided": (lambda s, x, _: 1 / (x.abs() + 1), ROWS, [12], False),
    "gain": (lambda s, x, _: x * s.gain, ROWS, [12], True),
    "divided": (lambda s, x, _: x / (s.gain + 1), ROWS, [12], True),
    "divided by activations": (lambda s, x, i: s.other(i) / (x.abs() * s.gain), ROWS, [12], True),
    "gate": (lambda s, x, i: x * s.other(i).sigmoid(), ROWS, [12], True),
    "glu": (lambda s, x, _: F.glu(x), ROWS, [6], True),
    "maximum": (lambda s, x, i: torch.maximum(x, s.other(i)), ROWS, [12], True),
    "masked": (lambda s, x, _: x.masked_fill(s.mask, 0.0), ROWS, [12], True),
    "masked with a number": (lambda s, x, _: x.masked_fill(s.mask, 0.5), ROWS, [12], False),
    "where": (lambda s, x, i: torch.where(s.mask, x, s.other(i)), ROWS, [12], True),
    "zeros added": (lambda s, x, _: x + torch.zeros_like(x), ROWS, [12], True),
    "ones added": (lambda s, x, _: x + torch.ones(12), ROWS, [12], False),
    "places added": (lambda s, x, _: x + torch.arange(12), ROWS, [], False),
    "batch norm": (lambda s, x, _: s.batch(x), ROWS, [12], True),
    "group norm": (lambda s, x, _: s.group(x), ROWS, [3, 4], True),
    "layer norm": (lambda s, x, _: F.layer_norm(x, (12,)), ROWS, [12], False),
    "rms norm": (lambda s, x, _: F.rms_norm(x, (12,), s.gain), ROWS, [12], True),
    "rms norm by hand": (lambda s, x, _: x * x.pow(2).mean(-1, keepdim=True).add(1).rsqrt(), ROWS, [12], False),
    "instance norm": (lambda s, x, _: F.instance_norm(x), IMAGES, [12], False),
    "normalised": (lambda s, x, _: F.normalize(x), ROWS, [12], False),
    "softmax": (lambda s, x, _: x.softmax(-1), ROWS, [12], False),
    "log-softmax": (lambda s, x, _: x.log_softmax(-1), ROWS, [12], False),
    "softmax over others": (lambda s, x, _: x.softmax(1), SERIES, [12], False),
    "cumulative sum": (lambda s, x, _: x.cumsum(-1), ROWS, [], False),
    "cumulative sum over others": (lambda s, x, _: x.cumsum(1), SERIES, [12], False),
    "mean of units": (lambda s, x, _: x.mean(-1, keepdim=True), ROWS, [12], False),
    "mean of others": (lambda s, x, _: x.mean(1), SERIES, [12], True),
    "largest of others": (lambda s, x, _: x.amax(1), SERIES, [12], True),
    "largest, with place": (lambda s, x, _: x.max(1).values, SERIES, [12], True),
    "largest unit, with place": (lambda s, x, _: x.max(-1, keepdim=True).values, ROWS, [], False),
    "spread of units": (lambda s, x, _: x.std(-1, keepdim=True), ROWS, [12], False),
    "norm of others": (lambda s, x, _: x.norm(dim=1), SERIES, [12], False),
    "flipped": (lambda s, x, _: x.flip(-1), ROWS, [], False),
    "rolled": (lambda s, x, _: x.roll(1, -1), ROWS, [], False),
    "rolled elsewhere": (lambda s, x, _: x.roll(1, 1), SERIES, [12], True),
    "slice": (lambda s, x, _: x[:, 2:7], ROWS, [2, 5, 5], True),
    "every other": (lambda s, x, _: x[:, ::2], ROWS, [], False),
    "one unit": (lambda s, x, _: x[:, 3:4] + x[:, 3, None], ROWS, [3, 8], True),
    "last of others": (lambda s, x, _: x[:, -1], SERIES, [12], True),
    "split": (lambda s, x, _: torch.cat([x[:, :4], x.split([4, 8], 1)[1].relu()], 1), ROWS, [4, 8], True),
    "halves swapped": (lambda s, x, _: torch.cat(x.chunk(2, 1)[::-1], 1), ROWS, [6, 6], True),
    "halves added": (lambda s, x, _: sum(x.chunk(2, 1)), ROWS, [6], True),
    "unbound": (lambda s, x, _: x.unbind(1)[0], SERIES, [12], True),
    "units unbound": (lambda s, x, _: torch.stack(x.unbind(1), 1), ROWS, [], False),
    "stack": (lambda s, x, i: torch.stack([x, s.other(i)], 1), ROWS, [12], True),
    "twice": (lambda s, x, _: x.repeat(1, 2), ROWS, [12], True),
    "each twice": (lambda s, x, _: x.repeat_interleave(2, 1), ROWS, [2, 12], True),
    "expanded": (lambda s, x, _: x[:, :, None].expand(-1, -1, 3), ROWS, [3, 12], True),
    "padded": (lambda s, x, _: F.pad(x, (1, 2)), ROWS, [2, 12], True),
    "padded with a number": (lambda s, x, _: F.pad(x, (1, 2), value=0.5), ROWS, [], False),
    "padded images": (lambda s, x, _: F.pad(x, (1, 1, 0, 0), mode="reflect"), IMAGES, [12], True),
    "product of shapes": (lambda s, x, _: x.view(-1, 3, 4).mean(-1), ROWS, [3, 4], True),
    "product of shapes, other way": (lambda s, x, _: x.view(-1, 3, 4).mean(1), ROWS, [3, 4], True),
    "there and back": (lambda s, x, _: x.unflatten(1, (3, 4)).transpose(1, 2).flatten(1), ROWS, [3, 4], True),
    "images in rows": (lambda s, x, _: x.view(-1, 3, 2, 2).max(2).values, ROWS, [2, 3], True),
    "squeezed": (lambda s, x, _: x[:, None].squeeze(1).t().t(), ROWS, [12], True),
    "picked": (lambda s, x, _: x[:, torch.tensor([3, 1])], ROWS, [], False),
    "others picked": (lambda s, x, _: x[:, torch.tensor([3, 1])], SERIES, [12], True),
    "others selected": (lambda s, x, _: x.index_select(1, torch.tensor([3, 1])), SERIES, [12], True),
    "lower triangle": (lambda s, x, _: x.tril(), SERIES, [], False),
    "pixel shuffle": (lambda s, x, _: F.pixel_shuffle(x, 2), IMAGES, [3], True),
    "unfold": (lambda s, x, _: F.unfold(x, 2), IMAGES, [12], True),
    "max pool": (lambda s, x, _: F.max_pool2d(x, 2), IMAGES, [12], True),
    "average pool": (lambda s, x, _: F.avg_pool2d(x, 3, 1, 1), IMAGES, [12], True),
    "adaptive pool": (lambda s, x, _: F.adaptive_avg_pool2d(x, 3), IMAGES, [12], True),
    "resized": (lambda s, x, _: F.interpolate(x, scale_factor=2, mode="bilinear"), IMAGES, [12], True),
    "resized to nearest": (lambda s, x, _: F.interpolate(x, size=5), IMAGES, [12], True),
    "response norm of neighbours": (lambda s, x, _: F.local_response_norm(x, 3), IMAGES, [], False),
    "pool over units": (lambda s, x, _: F.max_pool1d(x[:, None], 2), ROWS, [], False),
    "gram matrix": (lambda s, x, _: x @ x.transpose(1, 2), SERIES, [12], False),
    "gram matrix of units": (lambda s, x, _: x.transpose(1, 2) @ x, SERIES, [12], True),
    "outer product": (lambda s, x, i: torch.einsum("bi,bj->bij", x, s.other(i)), ROWS, [12, 12], True),
    "einsum with dots": (lambda s, x, _: torch.einsum("...i,i->...i", x, s.gain), SERIES, [12], True),
    "einsum without arrow": (lambda s, x, _: torch.einsum("bi,i", x, s.gain)[:, None], ROWS, [12], True),
    "vector": (lambda s, x, _: (x @ s.gain)[:, None], ROWS, [12], True),
    "batches": (lambda s, x, i: torch.bmm(x, s.other(i).transpose(1, 2)), SERIES, [12], True),
}


def network_of(name):
    operation, shape, sizes, scalable = CASES[name]
    torch.manual_seed(0)
    inputs = torch.randn(shape, dtype=torch.float64)
    network = Between(operation, inputs).double().eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.randn_like(parameter))
    return network, inputs, sizes, scalable


@pytest.mark.parametrize("name", CASES)
def test_groups_and_function(name):
    network, inputs, sizes, scalable = network_of(name)
    symmetry = symmetry_of(network, inputs)
    assert sorted(group.size for group in symmetry.groups.values()) == sizes
    assert any(group.scalable for group in symmetry.groups.values()) == scalable
    weights, expected = tensors(network), network(inputs)
    moved = permuted(weights, symmetry, random_permutation(symmetry, generator=torch.Generator().manual_seed(4)))
    torch.testing.assert_close(functional_call(network, moved, (inputs,)), expected, rtol=1e-8, atol=1e-8)
    scales = {
        key: 0.5 + torch.rand(symmetry.shape(scaling.group), dtype=torch.float64)
        for key, scaling in symmetry.scalings.items()
    }
    other = functional_call(network, scaled(weights, symmetry, scales), (inputs,))
    torch.testing.assert_close(other, expected, rtol=1e-8, atol=1e-8)


REFUSED = {
    "sorted": (lambda s, x, _: x.sort(-1).values, "aten.sort"),
    "inverted": (lambda s, x, _: torch.linalg.pinv(x), "aten.linalg_pinv"),
    "written into": (lambda s, x, _: torch.index_fill(x, 1, torch.tensor([0]), 0.0), "aten.index_fill"),
    "diagonal": (lambda s, x, _: torch.einsum("bii->bi", x[:, :, None] * x[:, None]), "aten.einsum"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_unknown_operations_are_refused_by_name(name):
    operation, named = REFUSED[name]
    inputs = torch.rand(3, 5)
    network = Between(operation, inputs)
    with pytest.raises(
        UnsupportedGraphError, match=r"can't be read: .* and the units of 'first.*' go into it"
    ) as caught:
        symmetry_of(network, inputs)
    assert caught.value.operation == named


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (lambda: nn.Conv1d(4, 6, 3, groups=2), (2, 5, 9)),
        (lambda: nn.Conv3d(4, 6, 2), (2, 5, 3, 3, 3)),
        (lambda: nn.ConvTranspose2d(4, 6, 2, stride=2, groups=2), (2, 5, 3, 3)),
        (lambda: nn.ConvTranspose1d(4, 6, 3), (2, 5, 4)),
        (lambda: nn.Conv2d(4, 6, 3, padding=1, padding_mode="circular"), (2, 5, 3, 3)),
    ],
)
def test_convolutions_of_all_kinds(layer, shape):
    torch.manual_seed(1)
    first = getattr(nn, f"Conv{len(shape) - 2}d")(5, 4, 1)
    network = nn.Sequential(first, nn.ReLU(), layer(), nn.ReLU(), nn.Flatten(), nn.LazyLinear(2)).double()
    inputs = torch.rand(shape, dtype=torch.float64)
    network(inputs)
    symmetry = symmetry_of(network, inputs)
    expected = [2, 2, 3] if network[2].groups == 2 else [4, 6]
    assert sorted(group.size for group in symmetry.groups.values()) == expected
    weights = tensors(network)
    moved = permuted(weights, symmetry, random_permutation(symmetry, generator=torch.Generator().manual_seed(2)))
    torch.testing.assert_close(functional_call(network, moved, (inputs,)), network(inputs))
