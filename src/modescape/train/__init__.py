"""Weights out of data: one engine protocol, a member's every random choice a function of (run seed, member)."""

from modescape.train.auto import EngineChoice, chosen_engine
from modescape.train.checkpoints import Checkpoints, MemberOutcome, MemoryCheckpoints
from modescape.train.engine import Engine, Group, MemberState
from modescape.train.engines import ENGINES
from modescape.train.identity import task_key
from modescape.train.loop import load_weights, weights_of
from modescape.train.objective import Objective
from modescape.train.places import check_stop, placed
from modescape.train.schedules import cycle_of, learning_rate, sampling_epochs
from modescape.train.settings import TrainSettings
from modescape.train.task import TrainingTask, chosen_device
from modescape.train.trainer import late_steps, train_members

__all__ = [
    "ENGINES",
    "Checkpoints",
    "Engine",
    "EngineChoice",
    "Group",
    "MemberOutcome",
    "MemberState",
    "MemoryCheckpoints",
    "Objective",
    "TrainSettings",
    "TrainingTask",
    "check_stop",
    "chosen_device",
    "chosen_engine",
    "cycle_of",
    "late_steps",
    "learning_rate",
    "load_weights",
    "placed",
    "sampling_epochs",
    "task_key",
    "train_members",
    "weights_of",
]
