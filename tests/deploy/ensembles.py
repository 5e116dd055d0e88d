"""Small ensembles for the tests of this room."""

import torch
from torch import Tensor, nn

from modescape.deploy import DeployedEnsemble
from modescape.methods import Cost, Ensemble, Part
from modescape.models import mlp
from modescape.train import weights_of

CLASSES = ("ant", "bee", "cat")


class TwoHeads(nn.Module):
    """A network with (example, head, class) logits, as joint networks have."""

    def __init__(self, num_features: int = 4, num_classes: int = 3) -> None:
        super().__init__()
        self.linear = nn.Linear(num_features, 2 * num_classes)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.linear(inputs).unflatten(1, (2, -1))


class Branching(nn.Module):
    """A network that torch.func can't vectorise: it looks at the values of its weights."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 3)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.linear(inputs) * (2.0 if self.linear.bias.sum().item() > 0 else 1.0)


def ensemble(*parts: Part) -> Ensemble:
    return Ensemble("independent", len(parts), parts, Cost(0, 0, 1, 1))


def part(build, members: int, **options) -> Part:
    torch.manual_seed(7)
    networks = [build() for _ in range(members)]
    for network in networks:
        for name, buffer in network.named_buffers():
            if name.endswith("running_mean"):
                buffer.normal_(std=0.3)
    return Part(build(), tuple(weights_of(network) for network in networks), **options)


def tiny_mlp(dropout: float = 0.0, num_features: int = 4) -> nn.Module:
    return mlp((num_features,), 3, hidden=[5], dropout=dropout)


def predictor(*parts: Part, **options) -> DeployedEnsemble:
    return DeployedEnsemble(ensemble(*parts), classes=CLASSES, input_shape=(4,), **options)
