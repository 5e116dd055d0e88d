"""The loop engine: one member after the other, a plain PyTorch training loop."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

import torch
from jaxtyping import Float
from torch import Tensor, nn

from modescape.core.seeds import seeded_globals
from modescape.core.trees import Tree
from modescape.functions.predictions import predict
from modescape.train.engine import MemberState
from modescape.train.flat import flattened
from modescape.train.fusion import fuse
from modescape.train.noise import PartOfStep, drawing
from modescape.train.optimisers import MemberOptimiser
from modescape.train.places import check_stop
from modescape.train.precision import computing
from modescape.train.schedules import learning_rate
from modescape.train.task import TrainingTask


class LoopEngine:
    """Trains one member at a time; takes every network."""

    name = "loop"

    def group_size(self, task: TrainingTask) -> int:  # noqa: ARG002
        """Return 1."""
        return 1

    def begin(
        self, task: TrainingTask, members: Sequence[int], states: Sequence[MemberState] | None = None
    ) -> "LoopGroup":
        """Start one member."""
        (member,) = members
        return LoopGroup(task, member, states[0] if states else None)


class LoopGroup:
    """One member in training."""

    def __init__(self, task: TrainingTask, member: int, state: MemberState | None) -> None:
        self.members = (member,)
        self._task = task
        network = task.placed_network(member)
        self._network = fuse(network) if task.fusible else network
        if state is not None:
            load_weights(self._network, state.weights)
        self._flat = flattened(self._network)
        self._parameters = [p for p in self._network.parameters() if p.requires_grad]
        self._optimizer = MemberOptimiser(self._flat, task.settings, [state.optimizer] if state else None)

    def train_epoch(self, epoch: int, num_steps: int | None = None) -> Float[Tensor, "member"]:
        """Train for an epoch, or its first steps."""
        task, (member,) = self._task, self.members
        steps = task.order(member, epoch)[:num_steps]
        changes = task.augmentation(member, epoch)
        total = torch.zeros((), device=task.device)
        self._network.train()
        self._masks = task.masks(member, epoch)
        with self._noise(member, epoch):
            for index, indices in enumerate(steps):
                check_stop()
                inputs, labels = task.batch(indices, None if changes is None else changes[index])
                total += self._step(epoch * task.steps_per_epoch + index, inputs, labels)
        return (total / len(steps)).cpu().view(1)

    def accuracy(self) -> Float[Tensor, "member"]:
        """Return the accuracy on the validation examples."""
        examples = self._task.dataset.validation
        if not len(examples):
            return torch.full((1,), torch.nan)
        probabilities = predict(self._network, examples.inputs, prepare=self._task.dataset.prepare)
        return (probabilities.argmax(dim=1) == examples.labels).float().mean().view(1)

    def states(self) -> list[MemberState]:
        """Return a copy of the member's state."""
        (optimizer,) = self._optimizer.exported()
        return [MemberState(weights_of(self._network), optimizer)]

    def _noise(self, member: int, epoch: int) -> AbstractContextManager[object]:
        """Return the context in which the network's random numbers are the member's own."""
        task = self._task
        if task.noise.uncontrolled:
            return seeded_globals(task.other_noise_seed(member, epoch), task.device)
        return drawing(self._masks) if task.noise.draws and len(task.parts) == 1 else nullcontext()

    def _step(self, step: int, inputs: Tensor, labels: Tensor) -> Tensor:
        """Make one step of the optimiser and return the loss before it, in nats."""
        task, settings = self._task, self._task.settings
        self._network.zero_grad(set_to_none=True)
        loss = self._backward(inputs, labels) if len(task.parts) == 1 else self._backward_in_parts(inputs, labels)
        stacked = [None if p.grad is None else p.grad.unsqueeze(0) for p in self._parameters]
        rate = learning_rate(settings, step, task.steps_per_epoch)
        self._optimizer.step(stacked, rate=rate, noise=task.langevin(self.members, step))
        return loss

    def _backward(self, inputs: Tensor, labels: Tensor) -> Tensor:
        """Add the gradients of a batch to those of the parameters, and return its loss."""
        task = self._task
        with computing(task.settings.precision, task.device):
            loss = task.loss(self._network(inputs), labels)
        loss.backward()
        return loss.detach()

    def _backward_in_parts(self, inputs: Tensor, labels: Tensor) -> Tensor:
        """Do so for one micro-batch after the other, with the masks of the whole batch."""
        draws = self._task.noise.draws
        words = [self._masks.words(draw) for draw in draws if draw.level]
        losses = []
        for part in self._task.parts:
            with drawing(PartOfStep(draws, words, part)):
                losses.append(self._backward(inputs[part], labels[part]))
        return torch.stack(losses).sum(dim=0)


def weights_of(network: nn.Module) -> Tree:
    """Return copies of a network's parameters and buffers by name, on the CPU."""
    named = [*network.named_parameters(), *network.named_buffers()]
    return {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in named}


def load_weights(network: nn.Module, weights: Tree) -> None:
    """Copy parameters and buffers into a network; the names are those of `weights_of`."""
    with torch.no_grad():
        for name, tensor in [*network.named_parameters(), *network.named_buffers()]:
            tensor.copy_(weights[name])
