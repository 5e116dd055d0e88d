"""Tiny data sets, and tasks on them."""

import pytest
import torch

from modescape.data import Dataset, DataSettings, Examples, load_dataset
from modescape.models import recipe
from modescape.train import TrainingTask, TrainSettings


def random_images(count, *, shape, num_classes, seed):
    generator = torch.Generator().manual_seed(seed)
    pixels = torch.randint(0, 256, (count, *shape), generator=generator, dtype=torch.uint8)
    labels = torch.randint(0, num_classes, (count,), generator=generator)
    return Examples(pixels.contiguous(memory_format=torch.channels_last), labels)


@pytest.fixture(scope="session")
def digits():
    """Real images, 1x8x8: 200 to train on, 60 to validate on, 60 to test on."""
    return load_dataset(DataSettings(limit=200, validation=60, test_limit=60), seed=0)


@pytest.fixture(scope="session")
def colours():
    """Random images of CIFAR-10's shape, 3x32x32."""
    parts = [random_images(count, shape=(3, 32, 32), num_classes=10, seed=count) for count in (96, 20, 20)]
    return Dataset("colours", tuple("abcdefghij"), *parts, torch.tensor(120.0), torch.tensor(1 / 64), "colours")


@pytest.fixture(scope="session")
def features():
    """Points in 6 dimensions, 3 classes that a linear layer tells apart but for some noise."""
    generator = torch.Generator().manual_seed(5)
    inputs = torch.randn(150, 6, generator=generator)
    labels = (inputs[:, :3] + 0.3 * torch.randn(150, 3, generator=generator)).argmax(dim=1)
    parts = [Examples(inputs[part], labels[part]) for part in (slice(90), slice(90, 120), slice(120, 150))]
    return Dataset("features", ("a", "b", "c"), *parts, torch.tensor(0.0), torch.tensor(1.0), "features")


@pytest.fixture
def make_task(features):
    """Return a task; settings by keyword."""

    def make(model="mlp", options=None, *, dataset=features, seed=3, augment=False, **settings):
        settings = {"members": 3, "epochs": 2, "batch_size": 16, "device": "cpu", "engine": "loop", **settings}
        return TrainingTask(recipe(model, options), dataset, TrainSettings(**settings), seed=seed, augment=augment)

    return make
