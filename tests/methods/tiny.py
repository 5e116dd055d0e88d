"""A task that every method can do, small enough to be done often."""

from functools import cache

from modescape.data import DataSettings, load_dataset
from modescape.methods import MemoryTrainer
from modescape.models import recipe
from modescape.train import TrainingTask, TrainSettings

MEMBERS, EPOCHS = 3, 4


@cache
def digits():
    """Return a few of the digits."""
    return load_dataset(DataSettings(source="digits", limit=128, test_limit=60), seed=0)


@cache
def shared_trainer():
    """Return a trainer that keeps what tests train, for those that ask for the same."""
    return MemoryTrainer()


def tiny_task(*, seed=0, model="small-cnn", members=MEMBERS, epochs=EPOCHS, options=None, **settings):
    """Return a task of a few members of a narrow network."""
    known = {"width": 0.25, "dropout": 0.1} if model == "small-cnn" and options is None else options or {}
    chosen = {"batch_size": 16, "learning_rate": 3e-3, "engine": "loop", "trajectories": 0, "device": "cpu"} | settings
    training = TrainSettings(members=members, epochs=epochs, **chosen)
    return TrainingTask(recipe(model, known), digits(), training, seed)
