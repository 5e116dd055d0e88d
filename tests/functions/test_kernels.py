"""Kernels of many members: outputs are to the bit those of one, gradients but for the order of sums."""

import pytest
import torch
from torch import nn
from torch.func import functional_call, vmap
from torch.nn import functional as F

from modescape.functions.intercept import Intercept
from modescape.functions.kernels import KERNELS, MAX_BATCHED, kernels_for

MEMBERS = 3


class Product(nn.Module):
    """A product of bare parameters, in one of several spellings."""

    def __init__(self, spelling):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.randn(6, 5)), nn.Parameter(torch.randn(5))
        self.spelling = spelling

    def forward(self, inputs):
        return self.spelling(inputs, self.weight, self.bias)


class Attention(nn.Module):
    """Multi-head attention, with its weights or without."""

    def __init__(self, *, need_weights):
        super().__init__()
        self.attend = nn.MultiheadAttention(8, 2, batch_first=True)
        self.need_weights = need_weights

    def forward(self, inputs):
        attended, weights = self.attend(inputs, inputs, inputs, need_weights=self.need_weights)
        return attended if weights is None else attended.sum() * weights


LAYERS = {
    "linear": (lambda: nn.Linear(37, 19), (16, 37)),
    "linear, one output": (lambda: nn.Linear(12, 1), (16, 12)),
    "linear, no bias": (lambda: nn.Linear(12, 7, bias=False), (16, 12)),
    "linear, three axes": (lambda: nn.Linear(12, 7), (4, 5, 12)),
    "linear, wide": (lambda: nn.Linear(MAX_BATCHED + 8, 4), (8, MAX_BATCHED + 8)),
    "conv1d": (lambda: nn.Conv1d(2, 5, 3, padding=1), (4, 2, 9)),
    "conv2d": (lambda: nn.Conv2d(3, 5, 3, stride=2, padding=1), (4, 3, 9, 7)),
    "conv2d, one channel": (lambda: nn.Conv2d(1, 5, 3), (4, 1, 9, 9)),
    "conv2d, groups": (lambda: nn.Conv2d(4, 8, 3, groups=2, bias=False), (4, 4, 6, 6)),
    "conv3d": (lambda: nn.Conv3d(2, 3, 2), (2, 2, 4, 4, 4)),
    "transposed": (lambda: nn.ConvTranspose2d(3, 2, 3, stride=2), (2, 3, 5, 5)),
    "batch norm": (lambda: nn.BatchNorm2d(5), (4, 5, 6, 6)),
    "batch norm of features": (lambda: nn.BatchNorm1d(7), (9, 7)),
    "group norm": (lambda: nn.Sequential(nn.Conv2d(3, 6, 1), nn.GroupNorm(2, 6)), (4, 3, 5, 5)),
    "layer norm": (lambda: nn.LayerNorm(11), (4, 3, 11)),
    "average pool": (lambda: nn.Sequential(nn.Conv2d(3, 4, 1), nn.AvgPool2d(2)), (4, 3, 6, 6)),
    "adaptive pool": (lambda: nn.Sequential(nn.Conv2d(3, 4, 1), nn.AdaptiveAvgPool2d(1)), (4, 3, 6, 6)),
    "x @ w": (lambda: Product(lambda x, w, b: x @ w + b), (9, 6)),
    "matmul": (lambda: Product(lambda x, w, b: torch.matmul(x, w) + b), (9, 6)),
    "mm": (lambda: Product(lambda x, w, b: x.mm(w) + b), (9, 6)),
    "addmm": (lambda: Product(lambda x, w, b: torch.addmm(b, x, w, alpha=0.5)), (9, 6)),
    "attention": (lambda: Attention(need_weights=False), (4, 5, 8)),
    "attention with weights": (lambda: Attention(need_weights=True), (4, 5, 8)),
}


@pytest.mark.parametrize("common", [False, True])
@pytest.mark.parametrize("case", LAYERS)
def test_outputs_gradients_and_buffers_are_those_of_one_member(case, common):
    make, shape = LAYERS[case]
    torch.manual_seed(2)
    members = [make() for _ in range(MEMBERS)]
    data = torch.randn(MEMBERS, *shape)
    if len(shape) == 4:
        members = [member.to(memory_format=torch.channels_last) for member in members]
        data = data.permute(0, 1, 3, 4, 2).contiguous().permute(0, 1, 4, 2, 3)
    inputs = [data[0] if common else row for row in data]
    parameters = {name: stacked(members, name).requires_grad_() for name, _ in members[0].named_parameters()}
    buffers = {name: stacked(members, name) for name, _ in members[0].named_buffers()}

    def forward(own, state, batch):
        with Intercept(KERNELS):
            return functional_call(members[0], {**own, **state}, (batch,)), state

    run = vmap(forward, in_dims=(0, 0, None if common else 0))
    outputs, after = run(parameters, buffers, data[0] if common else data)
    outputs.square().sum().backward()
    for index, (member, own) in enumerate(zip(members, inputs, strict=True)):
        expected = member(own)
        expected.square().sum().backward()
        torch.testing.assert_close(outputs[index], expected, rtol=0, atol=0)
        for name, parameter in member.named_parameters():
            torch.testing.assert_close(parameters[name].grad[index], parameter.grad, rtol=1e-5, atol=1e-5)
        for name, buffer in member.named_buffers():
            assert torch.equal(after[name][index], buffer)


def stacked(members, name):
    tensors = [dict([*member.named_parameters(), *member.named_buffers()])[name].detach().clone() for member in members]
    together = torch.stack(tensors)
    if together.ndim == 5 and tensors[0].is_contiguous(memory_format=torch.channels_last):
        return together.permute(0, 1, 3, 4, 2).contiguous().permute(0, 1, 4, 2, 3)
    return together


@pytest.mark.parametrize("case", ["linear", "conv2d", "batch norm", "attention"])
def test_outside_of_vmap_they_change_nothing(case):
    make, shape = LAYERS[case]
    layer, inputs = make().eval(), torch.randn(shape)
    with Intercept(KERNELS):
        found = layer(inputs)
    assert torch.equal(found, layer(inputs))


def test_a_layer_whose_weights_are_common_to_the_members():
    weight, inputs = torch.randn(7, 6), torch.randn(MEMBERS, 4, 6)
    bias = torch.randn(MEMBERS, 7)

    def forward(own, batch):
        with Intercept(KERNELS):
            return F.linear(batch, weight, own)

    found = vmap(forward)(bias, inputs)
    for index in range(MEMBERS):
        torch.testing.assert_close(found[index], F.linear(inputs[index], weight, bias[index]))


def test_accelerators_keep_their_own_kernels():
    assert kernels_for(torch.device("cpu")) is KERNELS
    assert not kernels_for(torch.device("cuda"))
