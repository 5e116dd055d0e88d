"""Small networks of many kinds, with weights as after some training, and their symmetries."""

from functools import cache

import torch
from torch import nn

from modescape.models import recipe
from modescape.weights.symmetry import Symmetry, permuted, random_permutation, symmetry_of

NAMES = ("mlp", "small-cnn", "medium-cnn", "resnet", "resnet20", "vgg", "transformer", "transformer-norm-first")


class Classifier(nn.Module):
    """A transformer encoder over a few vectors, and a linear layer over their mean."""

    def __init__(self, norm_first):
        super().__init__()
        layer = nn.TransformerEncoderLayer(8, 2, 12, dropout=0.0, batch_first=True, norm_first=norm_first)
        self.embed = nn.Linear(3, 8)
        self.encoder = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
        self.out = nn.Linear(8, 4)

    def forward(self, inputs):
        return self.out(self.encoder(self.embed(inputs)).mean(dim=1))


def vgg():
    """Convolutions with batch norm, then linear layers."""
    convolutions = [
        part
        for wide_in, wide_out in ((3, 6), (6, 8))
        for part in (nn.Conv2d(wide_in, wide_out, 3, padding=1), nn.BatchNorm2d(wide_out), nn.ReLU(), nn.MaxPool2d(2))
    ]
    return nn.Sequential(*convolutions, nn.Flatten(), nn.Linear(32, 10), nn.ReLU(), nn.Linear(10, 4))


def _built(name):
    images = torch.randn(24, 3, 8, 8)
    if name == "mlp":
        return recipe("mlp", {"hidden": [12, 10]}).build((1, 4, 4), 4, seed=3), torch.randn(24, 1, 4, 4)
    if name == "vgg":
        return vgg(), images
    if name.startswith("transformer"):
        return Classifier(norm_first=name.endswith("first")), torch.randn(24, 5, 3)
    options = {"depth": 8, "width": 0.5} if name == "resnet" else {"width": 0.25}
    return recipe(name, options).build((3, 8, 8), 4, seed=3), images


@cache
def network(name):
    """A network in evaluation mode, and inputs for it; never change either."""
    with torch.random.fork_rng():
        torch.manual_seed(5)
        built, inputs = _built(name)
        with torch.no_grad():
            built.train()(inputs)
            for parameter in built.parameters():
                parameter.add_(0.1 * torch.randn_like(parameter))
    return built.eval(), inputs


@cache
def symmetry(name) -> Symmetry:
    """The symmetry of a network."""
    return symmetry_of(*network(name))


def weights(name):
    """The parameters and buffers of a network."""
    return {key: tensor.clone() for key, tensor in network(name)[0].state_dict().items()}


def parameters(name):
    """The names of the parameters of a network."""
    return [key for key, _ in network(name)[0].named_parameters()]


def outputs(name, tree):
    """What a network answers to its inputs with other weights."""
    built, inputs = network(name)
    with torch.no_grad():
        return torch.func.functional_call(built, tree, (inputs,))


def permuted_copy(name, seed=0):
    """A network with its units in a random order."""
    order = random_permutation(symmetry(name), generator=torch.Generator().manual_seed(seed))
    return permuted(weights(name), symmetry(name), order)


def other(name, seed=1):
    """Other weights of the same architecture, of the same size; buffers are kept."""
    generator = torch.Generator().manual_seed(seed)
    return {
        key: tensor.std() * torch.randn(tensor.shape, generator=generator)
        if key in parameters(name) and tensor.numel() > 1
        else tensor
        for key, tensor in weights(name).items()
    }
