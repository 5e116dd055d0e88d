"""Multi-trunk networks whose trunks learn to be right together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Float, Int
from torch import Tensor

from modescape.core.checks import check_at_least
from modescape.methods.ensemble import Ensemble
from modescape.methods.heads import mean_prediction_loss
from modescape.methods.protocol import Trainer
from modescape.methods.trunks import LARGEST, Place, check_place, trunk_ensembles
from modescape.train import TrainingTask


@dataclass(frozen=True)
class Jointly:
    """The loss of the mean of the class probabilities of all answers.

    Args:
        smoothing: Share of the target that is spread over all classes.
    """

    smoothing: float = 0.0

    def __call__(
        self, outputs: Float[Tensor, "batch head class"], targets: Int[Tensor, "batch"]
    ) -> Float[Tensor, "batch"]:
        """Return the loss of each example in nats."""
        return mean_prediction_loss(outputs, targets, smoothing=self.smoothing)


@dataclass(frozen=True)
class MultiTrunkJointly:
    """One network with a common start, k trunks, and a common end, which minimises the loss of the mean prediction.

    Source: Lee et al. (2015), the part on objectives of the whole ensemble (probability averaging),
    https://arxiv.org/abs/1511.06314
    Differs from it in that the networks share layers, those of multi-trunk; there whole networks and trees are trained.

    Args:
        start: Layers with weights that are common at the start: a number, a share, or the name of the last one.
        end: Those that are common at the end: a number, a share, or the name of the first one.
        max_trunks: Most trunks of a network.

    Raises:
        ArgumentError: If an option is out of range.
    """

    name: ClassVar[str] = "multi-trunk-jointly"
    title: ClassVar[str] = "multi-trunk, trained jointly"

    start: Place = 0.3
    end: Place = 1
    max_trunks: int = LARGEST

    def __post_init__(self) -> None:
        check_place(self.start, "start")
        check_place(self.end, "end")
        check_at_least(self.max_trunks, 2, "max_trunks", "Pass 5")

    def ensembles(self, task: TrainingTask, sizes: Sequence[int], trainer: Trainer) -> dict[int, Ensemble]:
        """Train one network of as many trunks for each size."""
        objective = Jointly(task.settings.label_smoothing)
        fitting = [size for size in sizes if 2 <= size <= self.max_trunks]
        return trunk_ensembles(self.name, task, fitting, trainer, objective, start=self.start, end=self.end)
