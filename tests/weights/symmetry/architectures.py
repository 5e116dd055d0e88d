"""Small networks of many kinds, and the groups of units that each of them has."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from modescape.models import mlp, resnet
from modescape.weights.symmetry import Symmetry, symmetry_of


class Encoder(nn.Module):
    """A classifier around torch's own transformer."""

    def __init__(self, *, norm_first: bool) -> None:
        super().__init__()
        self.table = nn.Embedding(7, 8)
        self.positions = nn.Parameter(torch.rand(1, 5, 8))
        layer = nn.TransformerEncoderLayer(8, 2, 12, batch_first=True, norm_first=norm_first)
        self.layers = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(8, 3)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.head(self.layers(self.table(tokens) + self.positions).mean(1))


class VisionTransformer(nn.Module):
    """Attention written by hand: one layer for query, key and value, taken apart after a reshape."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 12, 4, stride=4)
        self.token = nn.Parameter(torch.rand(1, 1, 12))
        self.norm1, self.norm2 = nn.LayerNorm(12), nn.LayerNorm(12)
        self.qkv, self.out = nn.Linear(12, 36), nn.Linear(12, 12)
        self.hidden = nn.Sequential(nn.Linear(12, 20), nn.GELU(), nn.Linear(20, 12))
        self.head = nn.Linear(12, 3)

    def forward(self, images: Tensor) -> Tensor:
        tokens = self.patches(images).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.token.expand(len(images), -1, -1), tokens], 1)
        num, length, wide = tokens.shape
        q, k, v = self.qkv(self.norm1(tokens)).reshape(num, length, 3, 3, 4).permute(2, 0, 3, 1, 4).unbind(0)
        weights = (q @ k.transpose(-2, -1) * 0.5).softmax(-1)
        tokens = tokens + self.out((weights @ v).transpose(1, 2).reshape(num, length, wide))
        return self.head((tokens + self.hidden(self.norm2(tokens)))[:, 0])


class ChunkedAttention(nn.Module):
    """Query, key and value are thirds of one layer, or of what it gives to each head."""

    def __init__(self, *, by_head: bool) -> None:
        super().__init__()
        self.by_head = by_head
        self.first, self.qkv, self.out = nn.Linear(6, 10), nn.Linear(10, 36, bias=False), nn.Linear(12, 3)

    def forward(self, inputs: Tensor) -> Tensor:
        wide = self.qkv(self.first(inputs).relu())
        num, length, _ = wide.shape
        if self.by_head:
            q, k, v = wide.view(num, length, 3, 12).transpose(1, 2).chunk(3, -1)
            mixed = F.scaled_dot_product_attention(q, k, v)
        else:
            q, k, v = (part.view(num, length, 3, 4).transpose(1, 2) for part in wide.chunk(3, -1))
            weights = torch.einsum("bhid,bhjd->bhij", q, k).softmax(-1)
            mixed = torch.einsum("bhij,bhjd->bhid", weights, v)
        return self.out(mixed.transpose(1, 2).flatten(2)).mean(1)


class SharedKeys(nn.Module):
    """Several heads of queries share keys and values."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(6, 10)
        self.q, self.k, self.v = nn.Linear(10, 16), nn.Linear(10, 8), nn.Linear(10, 8)
        self.out = nn.Linear(16, 3)

    def forward(self, inputs: Tensor) -> Tensor:
        hidden = self.first(inputs).relu()
        num, length, _ = hidden.shape
        q = self.q(hidden).view(num, length, 4, 4).transpose(1, 2)
        k = self.k(hidden).view(num, length, 2, 4).transpose(1, 2).repeat_interleave(2, 1)
        v = self.v(hidden).view(num, length, 2, 4).transpose(1, 2)
        v = v[:, :, None].expand(num, 2, 2, length, 4).reshape(num, 4, length, 4)
        return self.out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)).mean(1)


class Dense(nn.Module):
    """Each layer reads all before it, one behind the other."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm1 = nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6)
        self.second, self.norm2 = nn.Conv2d(6, 4, 3, padding=1), nn.BatchNorm2d(10)
        self.third, self.head = nn.Conv2d(10, 5, 1), nn.Linear(15 * 4, 3)

    def forward(self, images: Tensor) -> Tensor:
        found = F.relu(self.norm1(self.first(images)))
        found = torch.cat([found, self.second(found)], 1)
        found = torch.cat([found, self.third(F.relu(self.norm2(found)))], 1)
        return self.head(F.avg_pool2d(found, 4).flatten(1))


class ZeroPadded(nn.Module):
    """A shortcut that fills new channels with zeros, and sums written into what is there."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 8, 3, 2, 1)
        self.norm, self.head = nn.BatchNorm2d(8), nn.Linear(8, 2)

    def forward(self, images: Tensor) -> Tensor:
        hidden = F.relu(self.first(images))
        changed = self.norm(self.second(hidden))
        changed += F.pad(hidden[:, :, ::2, ::2], (0, 0, 0, 0, 2, 2))
        return self.head(F.relu_(changed).mean((2, 3)))


class Recurrent(nn.Module):
    """A recurrent layer is one closed operation."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.cell, self.head = nn.Linear(3, 4), nn.GRU(4, 5, batch_first=True), nn.Linear(5, 2)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.head(self.cell(self.first(inputs))[0][:, -1])


class Shared(nn.Module):
    """One layer is used twice, so that what it reads and what it writes are the same units; the table is shared too."""

    def __init__(self) -> None:
        super().__init__()
        self.table, self.twice, self.head = nn.Embedding(6, 5), nn.Linear(5, 5), nn.Linear(5, 6, bias=False)
        self.head.weight = self.table.weight

    def forward(self, tokens: Tensor) -> Tensor:
        hidden = self.table(tokens)
        return self.head(self.twice(self.twice(hidden).relu()).relu().sum(1))


def vgg() -> nn.Module:
    """Return convolutions with batch norm and a classifier."""

    def block(before: int, after: int) -> list[nn.Module]:
        layers = [nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after), nn.ReLU(inplace=True)]
        return [*layers, nn.MaxPool2d(2)]

    head = [nn.Flatten(), nn.Linear(12 * 4, 10), nn.ReLU(inplace=True), nn.Dropout(), nn.Linear(10, 4)]
    return nn.Sequential(*block(3, 8), *block(8, 12), *head)


def depthwise() -> nn.Module:
    """Return convolutions by channel and by group, and a norm of groups."""
    return nn.Sequential(
        nn.Conv2d(3, 6, 3),
        nn.ReLU(),
        nn.Conv2d(6, 6, 3, groups=6),
        nn.ReLU(),
        nn.Conv2d(6, 8, 1),
        nn.GroupNorm(2, 8),
        nn.ReLU(),
        nn.Conv2d(8, 6, 1, groups=2),
        nn.SiLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(6, 3),
    )


@dataclass(frozen=True)
class Architecture:
    """A network, inputs, and its groups: size, parent, whether scalable."""

    build: Callable[[], nn.Module]
    inputs: Tensor
    groups: Mapping[str, tuple[int, str | None, bool]]

    def network(self, seed: int = 0) -> nn.Module:
        """Return the network in double precision, with every number of it drawn anew."""
        torch.manual_seed(seed)
        network = self.build().double().eval()
        with torch.no_grad():
            for name, tensor in [*network.named_parameters(), *network.named_buffers()]:
                if tensor.is_floating_point():
                    tensor.copy_(0.1 + torch.rand_like(tensor) if "var" in name else 0.4 * torch.randn_like(tensor))
        return network


def tensors(network: nn.Module) -> dict[str, Tensor]:
    """Return parameters and buffers."""
    named = [*network.named_parameters(), *network.named_buffers()]
    return {name: tensor.detach().clone() for name, tensor in named}


def _images(size: int = 8) -> Tensor:
    return torch.rand(2, 3, size, size, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def _heads(name: str, heads: int, key: int, value: int) -> dict[str, Any]:
    return {name: (heads, None, False), f"{name}:2": (key, name, True), f"{name}:3": (value, name, True)}


def _encoder_groups() -> dict[str, Any]:
    groups: dict[str, Any] = {"table": (8, None, True)}
    for layer in ("layers.layers.0", "layers.layers.1"):
        groups |= {**_heads(f"{layer}.self_attn", 2, 4, 4), f"{layer}.linear1": (12, None, True)}
    return groups


SEQUENCE = torch.rand(2, 5, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
TOKENS = torch.tensor([[0, 3, 2, 2, 1], [6, 5, 4, 0, 1]])

ARCHITECTURES: dict[str, Architecture] = {
    "mlp": Architecture(
        lambda: mlp((3, 8, 8), 4, hidden=[9, 7]), _images(), {"1": (9, None, True), "4": (7, None, True)}
    ),
    "resnet8": Architecture(
        lambda: resnet((3, 8, 8), 4, depth=8, width=0.25),
        _images(),
        {
            "0": (4, None, True),
            "3.conv1": (4, None, True),
            "4.conv1": (8, None, True),
            "4.conv2": (8, None, True),
            "5.conv1": (16, None, True),
            "5.conv2": (16, None, True),
        },
    ),
    "vgg": Architecture(vgg, _images(), {"0": (8, None, True), "4": (12, None, True), "9": (10, None, True)}),
    "transformer, norm last": Architecture(lambda: Encoder(norm_first=False), TOKENS, _encoder_groups()),
    "transformer, norm first": Architecture(lambda: Encoder(norm_first=True), TOKENS, _encoder_groups()),
    "vision transformer": Architecture(
        VisionTransformer,
        _images(),
        {"patches": (12, None, True), **_heads("qkv", 3, 4, 4), "hidden.0": (20, None, False)},
    ),
    "attention in thirds": Architecture(
        lambda: ChunkedAttention(by_head=False), SEQUENCE, {"first": (10, None, True), **_heads("qkv", 3, 4, 4)}
    ),
    "attention in thirds of heads": Architecture(
        lambda: ChunkedAttention(by_head=True), SEQUENCE, {"first": (10, None, True), **_heads("qkv", 3, 4, 4)}
    ),
    "shared keys": Architecture(
        SharedKeys,
        SEQUENCE,
        {
            "first": (10, None, True),
            "q": (2, None, False),
            "q:2": (2, "q", False),
            "q:3": (4, "q", True),
            "v": (4, "q", True),
        },
    ),
    "dense": Architecture(
        Dense, _images(), {"first": (6, None, True), "second": (4, None, True), "third": (5, None, True)}
    ),
    "zero padded": Architecture(
        ZeroPadded, _images(), {"first": (4, None, True), "second": (2, None, True), "second:2": (2, None, True)}
    ),
    "depthwise": Architecture(
        depthwise,
        _images(),
        {"0": (6, None, True), "4": (2, None, False), "4:2": (4, "4", True), "7": (3, "4", False)},
    ),
    "shared": Architecture(Shared, TOKENS[:, :4] % 6, {"table": (5, None, False)}),
}


@cache
def symmetry_and_weights(name: str) -> tuple[Symmetry, dict[str, Tensor]]:
    """Return the symmetry of a network, traced once for all tests, and its weights; never change either."""
    network = ARCHITECTURES[name].network()
    return symmetry_of(network, ARCHITECTURES[name].inputs), tensors(network)


def symmetry_named(name: str) -> Symmetry:
    """Return the symmetry of a network, traced once for all tests."""
    return symmetry_and_weights(name)[0]
