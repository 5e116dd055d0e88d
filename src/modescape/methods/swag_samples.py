"""What SWAG and MultiSWAG share: how they sample around one network, and what that costs."""

from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor

from modescape.core.checks import check_at_least
from modescape.core.errors import ArgumentError
from modescape.core.seeds import Stream, numpy_generator, torch_generator
from modescape.core.trees import Tree, ravel, unravel
from modescape.methods.averaging import Phases, phases, renewal_passes, visited, with_statistics
from modescape.methods.budgets import check_share, epoch_passes
from modescape.methods.cost import BACKWARD, Cost, num_parameters
from modescape.methods.gaussian import VisitedGaussian
from modescape.methods.protocol import Trainer
from modescape.train import TrainingTask


@dataclass(frozen=True)
class SamplesSettings:
    """Options of methods that sample around the average of weights; they say what these mean.

    Raises:
        ArgumentError: If one of them is out of range.

    >>> SamplesSettings(samples=5).rank
    20
    """

    pretraining: float = 0.75
    rate: float = 0.5
    samples: int = 30
    rank: int = 20
    scale: float = 0.5
    renewal: float = 0.1

    def __post_init__(self) -> None:
        check_share(self.pretraining, "pretraining", "Pass 0.75")
        check_at_least(self.samples, 1, "samples", "Pass 30")
        check_at_least(self.rank, 2, "rank", "Pass 20")
        if not 0.0 < self.rate < float("inf"):
            raise ArgumentError("rate", "be above 0", self.rate, "Pass 0.5")
        check_at_least(self.scale, 0, "scale", "Pass 0.5 for the published covariance, 0 for the average alone")
        if not 0.0 < self.renewal <= 1.0:
            raise ArgumentError("renewal", "be above 0 and at most 1", self.renewal, "Pass 0.1")


def swag_phases(task: TrainingTask, settings: SamplesSettings, epochs: int) -> Phases | None:
    """Divide the epochs of one network beside what its samples cost; nothing where there are too few."""
    renewal = settings.samples * renewal_passes(task, num_renewal_examples(task, settings.renewal))
    return phases(task, epochs - renewal / (1 + BACKWARD) / epoch_passes(task), settings.pretraining)


def swag_cost(
    task: TrainingTask, settings: SamplesSettings, found: Phases, *, members: int, kept: int | None = None
) -> Cost:
    """Return the cost of the samples of some members.

    What has to be kept are the mean, the variance and the directions of each member: samples can be drawn again.

    Args:
        task: How members are trained.
        settings: Options of the method.
        found: How the epochs of a member are divided.
        members: Those that were trained.
        kept: Those of them that did not diverge; all by default.
    """
    kept = members if kept is None else kept
    passes = float(members * (found.pretraining + found.averaging) * epoch_passes(task))
    numbers = num_parameters(task.network(0)) * (2 + min(settings.rank, found.averaging))
    cost = Cost(passes, passes, prediction=kept * settings.samples, parameters=kept * numbers)
    renewal = renewal_passes(task, num_renewal_examples(task, settings.renewal))
    return cost.with_forward(kept * settings.samples * renewal)


def swag_samples(
    task: TrainingTask, settings: SamplesSettings, start: Tree, epochs: int, trainer: Trainer, *, member: int = 0
) -> tuple[Tree, ...]:
    """Train on from weights, fit a Gaussian to what is visited, and return samples with statistics of batch norm.

    Args:
        task: How members are trained.
        settings: Options of the method.
        start: The weights of one that has been trained.
        epochs: Those at the constant rate.
        trainer: Trains.
        member: The number of that member; its samples depend on it and on the seed of the task alone.

    Raises:
        TrainingError: If the training diverges.
    """
    trees = [start, *visited(task, start, trainer, epochs=epochs, rate=settings.rate, member=member)]
    names = [name for name, _ in task.network(0).named_parameters()]
    like = {name: start[name] for name in names}
    gaussian = VisitedGaussian.fitted(
        (ravel({name: tree[name] for name in names}) for tree in trees), rank=settings.rank
    )
    generator = torch_generator(task.stream_seed(Stream.WEIGHT_SAMPLES, member))
    drawn = (gaussian.sample(scale=settings.scale, generator=generator) for _ in range(settings.samples))
    sampled = ({**trees[-1], **unravel(vector, like)} for vector in drawn)
    rows = renewal_rows(task, settings.renewal, member)
    return tuple(with_statistics(task, sampled, task.dataset.train.inputs[rows]))


def num_renewal_examples(task: TrainingTask, share: float) -> int:
    """Return how many training examples averages of batch norm are measured on: at least two."""
    return min(len(task.dataset.train), max(2, round(share * len(task.dataset.train))))


def renewal_rows(task: TrainingTask, share: float, member: int) -> Int[Tensor, "row"]:
    """Return which they are, drawn at random for each member."""
    generator = numpy_generator(task.stream_seed(Stream.STATISTICS, member))
    rows = generator.permutation(len(task.dataset.train))[: num_renewal_examples(task, share)]
    return torch.from_numpy(rows)
