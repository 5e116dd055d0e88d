"""An ensemble of your own network: pass the class, not an instance of it."""

import tempfile

import torch
from torch import Tensor, nn

import modescape


class Patches(nn.Module):
    """A small convolutional network with batch norm and scaled logits."""

    def __init__(
        self, input_shape: tuple[int, ...], num_classes: int, width: int = 16
    ) -> None:
        super().__init__()
        channels = input_shape[0]
        self.body = nn.Sequential(
            nn.Conv2d(channels, width, 3, stride=2), nn.BatchNorm2d(width), nn.ReLU()
        )
        self.head = nn.Sequential(
            nn.Flatten(), nn.Dropout(0.2), nn.LazyLinear(num_classes)
        )
        self.scale = nn.Parameter(1.0 + 0.1 * torch.randn(num_classes))

    def forward(self, images: Tensor) -> Tensor:
        """Return logits of shape (example, class)."""
        return self.scale * self.head(self.body(images))


folder = tempfile.TemporaryDirectory()
run = modescape.study(
    data="digits",
    limit=150,
    model=Patches,
    model_options={"width": 8},
    members=4,
    epochs=20,
    batch_size=32,
    learning_rate=0.01,
    trajectories=0,
    output=f"{folder.name}/own-network",
)
print(f"{run.manifest['model']['num_parameters']} parameters")
print(f"trained by the {run.manifest['engine']['engine']} engine")
for answer in modescape.summarise_run(run).answers:
    print(f"{answer.question} {answer.headline}")

report = modescape.report_run(run)
