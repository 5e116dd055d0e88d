"""Weights out of data: one engine protocol, a member's every random choice a function of (run seed, member)."""

from modescape.train.auto import EngineChoice, chosen_engine
from modescape.train.checkpoints import Checkpoints, MemberOutcome, MemoryCheckpoints
from modescape.train.engine import Engine, Group, MemberState
from modescape.train.engines import ENGINES
from modescape.train.loop import load_weights, weights_of
from modescape.train.schedules import learning_rate
from modescape.train.settings import TrainSettings
from modescape.train.task import TrainingTask, chosen_device
from modescape.train.trainer import train_members

__all__ = [
    "ENGINES",
    "Checkpoints",
    "Engine",
    "EngineChoice",
    "Group",
    "MemberOutcome",
    "MemberState",
    "MemoryCheckpoints",
    "TrainSettings",
    "TrainingTask",
    "chosen_device",
    "chosen_engine",
    "learning_rate",
    "load_weights",
    "train_members",
    "weights_of",
]
