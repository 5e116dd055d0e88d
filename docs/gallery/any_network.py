"""The landscape around any PyTorch network: no run, no study, five lines."""

import json
import tempfile

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

import modescape

torch.manual_seed(0)
inputs, labels = load_digits(return_X_y=True)
images = torch.tensor(inputs, dtype=torch.float32).reshape(-1, 1, 8, 8) / 16
digits = TensorDataset(images, torch.tensor(labels))
train, test, _ = random_split(digits, [600, 300, 897])
train, test = DataLoader(train, 64, shuffle=True), DataLoader(test, 100)

model = nn.Sequential(
    nn.Conv2d(1, 8, 3, bias=False),
    nn.BatchNorm2d(8),
    nn.ReLU(),
    nn.Conv2d(8, 16, 3, stride=2, bias=False),
    nn.BatchNorm2d(16),
    nn.ReLU(),
    nn.Flatten(),
    nn.Linear(64, 10),
)
loss = nn.CrossEntropyLoss()
optimiser = torch.optim.Adam(model.parameters(), lr=3e-3)
for _ in range(15):
    for batch, targets in train:
        optimiser.zero_grad()
        loss(model(batch), targets).backward()
        optimiser.step()

# The five lines.
folder = tempfile.TemporaryDirectory()
plane = modescape.landscape(model, loss, test, batch_norm_data=train)
files = modescape.save_landscape(plane, f"{folder.name}/plane.html", loss_unit="nats")
files += modescape.save_landscape(plane, f"{folder.name}/plane.png", loss_unit="nats")
files += modescape.save_landscape(plane, f"{folder.name}/plane.vts")

print(f"measured: {plane.num_measured} of {plane.num_points} points")
errors = json.loads(plane.interpolation_error)
print(f"estimated error of the others: {errors['loss']:.3f} nats")
middle = plane.sel(alpha=0, beta=0)
print(f"at the model: {float(middle.loss):.3f} nats, {float(middle.accuracy):.1%}")
print("written:", ", ".join(file.name for file in files))
