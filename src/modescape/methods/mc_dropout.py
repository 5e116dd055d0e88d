"""Monte Carlo dropout: one network whose dropout stays on when it predicts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from modescape.core.checks import check_at_least
from modescape.methods.budgets import each_size
from modescape.methods.cost import Cost, num_parameters
from modescape.methods.dropout import with_dropout_on
from modescape.methods.ensemble import Ensemble, Part
from modescape.methods.independent import member_passes
from modescape.methods.lengthened import trained_longer
from modescape.methods.protocol import Trainer
from modescape.train import TrainingTask


@dataclass(frozen=True)
class MCDropout:
    """One network, trained k times as long, that predicts with several random sets of its units.

    The prediction is the mean of the probabilities of all passes; training is that of `single`.

    Source: Gal, Ghahramani (2016), section 4, https://arxiv.org/abs/1506.02142
    Differs from it in that dropout is where the network has it (there before every layer with weights), and in fewer
    passes (there mostly 100 or more).

    Args:
        passes: Random sets of units.

    Raises:
        ArgumentError: If there is no pass.
        ModelError: From `ensembles`, if the network has no dropout.
    """

    passes: int = 30

    name: ClassVar[str] = "mc-dropout"
    title: ClassVar[str] = "Monte Carlo dropout"

    def __post_init__(self) -> None:
        check_at_least(self.passes, 1, "passes", "Pass --method-option mc-dropout.passes=30")

    def ensembles(self, task: TrainingTask, sizes: Sequence[int], trainer: Trainer) -> dict[int, Ensemble]:
        """Train one network for each size."""
        network = task.network(0)
        with_dropout_on(network)

        def make(size: int) -> Ensemble:
            weights = trained_longer(task, size, trainer).solution(0)
            passes = float(size * member_passes(task))
            cost = Cost(passes, passes, prediction=self.passes, parameters=num_parameters(network))
            return Ensemble(self.name, size, (Part(network, (weights,), dropout_passes=self.passes),), cost)

        return each_size(sizes, make)
