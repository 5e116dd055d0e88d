"""Tiny networks whose curvature can be computed in full."""

import copy

import torch
from torch import nn
from torch.func import functional_call
from torch.nn import functional as F


def images(number=6, size=4, seed=0):
    """Images of two channels, and labels of three classes."""
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randn(number, 2, size, size, generator=generator, dtype=torch.float64)
    return inputs, torch.randint(3, (number,), generator=generator)


def batches_of(inputs, targets, size=4):
    return list(zip(inputs.split(size), targets.split(size), strict=True))


class Once(torch.autograd.Function):
    """A function that can be differentiated once."""

    @staticmethod
    def forward(ctx, inputs):
        ctx.save_for_backward(inputs)
        return inputs**2

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradients):
        return gradients * 2 * ctx.saved_tensors[0]


def pooled(seed=0):
    """A network with all that is hard: convolution, batch norm, dropout and max-pooling of 2x2 values."""
    torch.manual_seed(seed)
    network = nn.Sequential(
        nn.Conv2d(2, 2, 3, padding=1),
        nn.BatchNorm2d(2),
        nn.Tanh(),
        nn.Dropout(0.5),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(8, 3),
    ).double()
    network[1].running_mean.normal_()
    network[1].running_var.uniform_(0.5, 2.0)
    return network


def full_hessian(network, loss, inputs, targets):
    """The Hessian by `torch.autograd.functional.hessian`, parameters in their order in one vector."""
    network = copy.deepcopy(network).eval()
    split = splitter(network)

    def of(vector):
        return loss(functional_call(network, split(vector), inputs), targets)

    return torch.autograd.functional.hessian(of, vector_of(network))


def full_ggn(network, inputs, targets):
    """The generalised Gauss-Newton matrix of the cross-entropy: J' (diag p - p p') J, averaged."""
    network = copy.deepcopy(network).eval()
    split = splitter(network)
    jacobian = torch.autograd.functional.jacobian(
        lambda vector: functional_call(network, split(vector), inputs), vector_of(network)
    )
    total = 0.0
    for own, p in zip(jacobian, F.softmax(network(inputs), dim=1).detach(), strict=True):
        total = total + own.T @ (torch.diag(p) - torch.outer(p, p)) @ own
    assert targets.shape == (len(inputs),)
    return total / len(inputs)


def vector_of(network):
    return torch.cat([parameter.detach().reshape(-1) for parameter in network.parameters()])


def splitter(network):
    """What cuts a vector into the parameters of a network."""
    shapes = {name: parameter.shape for name, parameter in network.named_parameters()}

    def split(vector):
        pieces = vector.split([shape.numel() for shape in shapes.values()])
        return {name: piece.view(shape) for (name, shape), piece in zip(shapes.items(), pieces, strict=True)}

    return split


def state_of(network):
    """All that must stay as it was."""
    return (
        {name: tensor.clone() for name, tensor in network.state_dict().items()},
        [part.training for part in network.modules()],
        [parameter.requires_grad for parameter in network.parameters()],
        [parameter.grad for parameter in network.parameters()],
        torch.get_rng_state(),
    )


def is_same(before, after):
    tensors = all(torch.equal(tensor, after[0][name]) for name, tensor in before[0].items())
    return tensors and before[1:4] == after[1:4] and torch.equal(before[4], after[4])
