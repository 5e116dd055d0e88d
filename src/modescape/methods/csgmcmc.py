"""Cyclical stochastic-gradient MCMC: samples from the ends of the cycles of one chain."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from modescape.core.checks import check_at_least
from modescape.core.errors import ArgumentError
from modescape.methods.cost import Cost, num_parameters
from modescape.methods.ensemble import Ensemble, Part
from modescape.methods.independent import member_passes
from modescape.methods.lengthened import alone
from modescape.methods.protocol import Trainer
from modescape.train import TrainingTask, cycle_of, sampling_epochs


@dataclass(frozen=True)
class CyclicalSGMCMC:
    """A chain of stochastic-gradient Hamiltonian Monte Carlo whose step size falls in cycles.

    In a cycle of E epochs, as long as a member is trained, the step size is r / 2 (1 + cos(pi t / E)): without noise in
    the first part (exploration), then with noise, where the weights after the last epochs are members. Size k is the
    first k cycles of one chain, so that all sizes share it. The prior is the weight decay of the task.

    Source: Zhang, Li, Zhang, Chen, Wilson (2020), algorithm 1, https://arxiv.org/abs/1902.03932; 3 samples a cycle as
    in its section 5.2.
    Differs from it in the length of a cycle (there 50 epochs, four of them), in the step size and in the temperature:
    its code adds noise of far less than that of the posterior.

    Args:
        samples: Members in a cycle; fewer where its sampling phase has fewer epochs.
        rate: Step size at the start of a cycle, as a learning rate of the mean loss.
        exploration: Share of a cycle without noise.
        temperature: Of the posterior; 0 adds no noise.

    Raises:
        ArgumentError: If one of them is out of range.
    """

    samples: int = 3
    rate: float = 0.03
    exploration: float = 0.8
    temperature: float = 1.0

    name: ClassVar[str] = "csgmcmc"
    title: ClassVar[str] = "cyclical SG-MCMC"

    def __post_init__(self) -> None:
        check_at_least(self.samples, 1, "samples", "Pass --method-option csgmcmc.samples=3")
        check_at_least(self.temperature, 0, "temperature", "Pass --method-option csgmcmc.temperature=1")
        if not 0.0 < self.rate < float("inf"):
            raise ArgumentError("rate", "be above 0", self.rate, "Pass --method-option csgmcmc.rate=0.03")
        if not 0.0 <= self.exploration < 1.0:
            advice = "Pass --method-option csgmcmc.exploration=0.8"
            raise ArgumentError("exploration", "be at least 0 and below 1", self.exploration, advice)

    def ensembles(self, task: TrainingTask, sizes: Sequence[int], trainer: Trainer) -> dict[int, Ensemble]:
        """Run one chain over as many cycles as the largest size has, and take the first samples for each."""
        chain = self._chain(task, max(sizes))
        steps = self._steps(chain)
        trained = trainer.train(self.name, chain, steps=steps)
        network, found = task.network(0), {}
        for size in sizes:
            weights = tuple(trained.weights(0, step) for step in steps if step <= size * task.settings.epochs)
            passes = float(size * member_passes(task))
            cost = Cost(passes, passes, prediction=len(weights), parameters=len(weights) * num_parameters(network))
            found[size] = Ensemble(self.name, size, (Part(network, weights),), cost)
        return found

    def _chain(self, task: TrainingTask, cycles: int) -> TrainingTask:
        """Return how the chain is run."""
        return alone(
            task,
            cycles * task.settings.epochs,
            optimizer="sghmc",
            schedule="cyclical",
            cycles=cycles,
            learning_rate=self.rate,
            exploration=self.exploration,
            temperature=self.temperature,
        )

    def _steps(self, chain: TrainingTask) -> list[int]:
        """Return the epochs after which samples are taken: the last of each cycle."""
        phase = sampling_epochs(chain.settings)
        cycles = range(chain.settings.cycles)
        of_cycle = ([step for step in phase if cycle_of(chain.settings, step) == cycle] for cycle in cycles)
        return [step for steps in of_cycle for step in steps[-self.samples :]]
