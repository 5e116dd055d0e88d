"""Networks as users write them, with all that makes an engine's life hard."""

import random

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


class Awkward(nn.Module):
    """Bare parameters, own initialisers, tied and frozen weights, buffers of all kinds, dropout of all kinds.

    The frozen parameter is made between trainable ones, and `temperature` is a scalar.
    """

    def __init__(self, input_shape, num_classes):
        super().__init__()
        depth = input_shape[0]
        self.kernel = nn.Parameter(torch.randn(6, depth, 3, 3) / 3)
        self.norm = nn.BatchNorm2d(6)
        self.drop = nn.Dropout2d(0.2)
        self.fixed = nn.Parameter(torch.rand(6, 1, 1) + 0.5, requires_grad=False)
        self.encode = nn.Linear(6, 6)
        self.decode = nn.Linear(6, 6)
        self.decode.weight = self.encode.weight
        self.mix = nn.Parameter(torch.tensor(np.random.normal(size=(6, num_classes)), dtype=torch.float32))  # noqa: NPY002
        self.temperature = nn.Parameter(torch.tensor(random.uniform(0.5, 1.5)))  # noqa: S311
        self.register_buffer("shift", torch.randn(num_classes), persistent=False)
        self.register_buffer("mean_size", torch.zeros(()))

    def forward(self, inputs):
        hidden = self.drop(self.norm(F.conv2d(inputs, self.kernel, padding=1)).relu()) * self.fixed
        pooled = F.dropout(hidden.mean(dim=(2, 3)), 0.1, self.training)
        if self.training:
            # A new tensor in place of the old one, as many users write running averages.
            self.mean_size = 0.9 * self.mean_size + 0.1 * pooled.detach().abs().mean()
        return (self.decode(self.encode(pooled).tanh()) @ self.mix) * self.temperature + self.shift


class Noisy(nn.Module):
    """Draws from global generators in its forward pass: `torch`, `numpy` or `python`."""

    def __init__(self, input_shape, num_classes, source="torch"):
        super().__init__()
        self.source = source
        self.body = nn.Sequential(nn.Flatten(), nn.Dropout(0.3), nn.Linear(int(np.prod(input_shape)), num_classes))

    def forward(self, inputs):
        if not self.training:
            return self.body(inputs)
        if self.source == "torch":
            return self.body(inputs + 0.1 * torch.randn_like(inputs))
        factor = np.random.uniform() if self.source == "numpy" else random.random()  # noqa: NPY002, S311
        return self.body(inputs * (1.0 + factor))


class AlwaysDropping(nn.Module):
    """Calls dropout without saying whether it trains, so that it drops in evaluation too."""

    def __init__(self, input_shape, num_classes):
        super().__init__()
        self.layer = nn.Linear(int(np.prod(input_shape)), num_classes)

    def forward(self, inputs):
        return self.layer(F.dropout(inputs.flatten(1), 0.4))


class CumulativeNorm(nn.Module):
    """Batch norm with a cumulative average, which needs a number out of a tensor and so can't be vectorised."""

    def __init__(self, input_shape, num_classes):
        super().__init__()
        num_inputs = int(np.prod(input_shape))
        self.norm = nn.BatchNorm1d(num_inputs, momentum=None)
        self.layer = nn.Linear(num_inputs, num_classes)

    def forward(self, inputs):
        return self.layer(self.norm(inputs.flatten(1)))


class Attentive(nn.Module):
    """Rows of an image as tokens: attention with dropout inside, layer norm, linear layers on three axes."""

    def __init__(self, input_shape, num_classes):
        super().__init__()
        self.embed = nn.Linear(input_shape[-1] * input_shape[0], 8)
        self.attend = nn.MultiheadAttention(8, 2, batch_first=True)
        self.norm = nn.LayerNorm(8)
        self.head = nn.Linear(8, num_classes)

    def forward(self, inputs):
        tokens = self.embed(inputs.transpose(1, 2).flatten(2))
        attended, _ = self.attend(tokens, tokens, tokens, need_weights=False)
        return self.head(F.dropout(self.norm(tokens + attended).mean(dim=1), 0.1, self.training))
