"""The vectorised engines: all members of a group as one program, with stacked weights, run as it is or compiled."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor
from torch.func import functional_call, vmap

from modescape.core.errors import TrainingError
from modescape.core.trees import Tree, stack
from modescape.functions.intercept import Intercept
from modescape.functions.kernels import kernels_for
from modescape.functions.predictions import predict_stacked
from modescape.train.engine import MemberState
from modescape.train.flat import FlatParameters
from modescape.train.loop import weights_of
from modescape.train.memory import members_that_fit
from modescape.train.noise import StackedMasks, given_masks
from modescape.train.optimisers import MemberOptimiser
from modescape.train.places import check_stop
from modescape.train.precision import computing
from modescape.train.program import Program
from modescape.train.schedules import learning_rate
from modescape.train.task import TrainingTask


class VmapEngine:
    """Trains the members of a group as one program.

    It takes networks whose only randomness is dropout, and whose training passes are all alike.

    Args:
        name: As the settings call it.
        compiled: Whether the program is compiled.
    """

    def __init__(self, name: str, *, compiled: bool) -> None:
        self.name = name
        self.compiled = compiled

    def group_size(self, task: TrainingTask) -> int:
        """Return the setting, or as many members as fit in memory."""
        return task.settings.group_size or members_that_fit(task)

    def begin(
        self, task: TrainingTask, members: Sequence[int], states: Sequence[MemberState] | None = None
    ) -> "VmapGroup":
        """Start a group of members.

        Raises:
            TrainingError: If the network draws random numbers other than dropout masks, or does not do the same in
                every pass.
        """
        if task.noise.stateful:
            raise TrainingError(
                f"`engine` must be loop for {task.recipe.name}, which does not do the same in every training pass; "
                f"got {self.name!r}. Pass --engine loop, or auto; or keep what changes in buffers."
            )
        if task.noise.uncontrolled:
            raise TrainingError(
                f"`engine` must be loop for {task.recipe.name}, which draws random numbers that are not dropout masks; "
                f"got {self.name!r}. Pass --engine loop, or auto."
            )
        return VmapGroup(task, tuple(members), states, compiled=self.compiled)


class VmapGroup:
    """Members in training as one program."""

    def __init__(
        self,
        task: TrainingTask,
        members: tuple[int, ...],
        states: Sequence[MemberState] | None,
        *,
        compiled: bool = False,
    ) -> None:
        self.members = members
        self._task = task
        self._network = task.network(members[0]).to(task.device)
        trees = [state.weights for state in states] if states else [weights_of(task.network(m)) for m in members]
        stacked = {name: tensor.to(task.device) for name, tensor in stack(trees).items()}
        trainable = {name for name, p in self._network.named_parameters() if p.requires_grad}
        self._names = [name for name, _ in (*self._network.named_parameters(), *self._network.named_buffers())]
        # In the network's order, whatever that of the states: Langevin noise is drawn in the order of parameters.
        self._flat = FlatParameters({name: stacked[name] for name in self._names if name in trainable})
        self._constants = {name: _channels_last(t) for name, t in stacked.items() if name not in trainable}
        remembered = [state.optimizer for state in states] if states else None
        self._optimizer = MemberOptimiser(self._flat, task.settings, remembered)
        self._kernels = kernels_for(task.device)
        self._losses = vmap(self._loss)
        self._masks = StackedMasks(task.noise.draws)
        self._program = Program(self._gradients, compiled=compiled)

    def train_epoch(self, epoch: int, num_steps: int | None = None) -> Float[Tensor, "member"]:
        """Train every member for an epoch, or its first steps."""
        task = self._task
        orders = torch.stack([task.order(member, epoch)[:num_steps] for member in self.members], dim=1)
        self._masks.begin([task.masks(member, epoch) for member in self.members], len(orders))
        crops = self._crops(epoch)
        total = torch.zeros(len(self.members), device=task.device)
        self._network.train()
        for index, indices in enumerate(orders):
            check_stop()
            changes = None if crops is None else crops[index].flatten(0, 1)
            inputs, labels = task.batch(indices.flatten(), changes)
            batch = (inputs.unflatten(0, indices.shape), labels.unflatten(0, indices.shape))
            total += self._step(epoch * task.steps_per_epoch + index, *batch, self._masks.step())
        return (total / len(orders)).cpu()

    def accuracy(self) -> Float[Tensor, "member"]:
        """Return each member's accuracy on the validation examples."""
        examples = self._task.dataset.validation
        if not len(examples):
            return torch.full((len(self.members),), torch.nan)
        weights = {**self._flat.values, **self._constants}
        probabilities = predict_stacked(self._network, weights, examples.inputs, prepare=self._task.dataset.prepare)
        return (probabilities.argmax(dim=2) == examples.labels).float().mean(dim=1)

    def states(self) -> list[MemberState]:
        """Return copies of each member's state."""
        stacked = {**self._flat.values, **self._constants}
        weights = {name: tensor.detach().to("cpu", copy=True) for name, tensor in stacked.items()}
        return [
            MemberState({name: weights[name][index].contiguous().clone() for name in self._names}, remembered)
            for index, remembered in enumerate(self._optimizer.exported())
        ]

    def _crops(self, epoch: int) -> Tensor | None:
        """Return how the images of an epoch are changed, (step, member, batch, 3), or nothing where they are not."""
        drawn = [self._task.augmentation(member, epoch) for member in self.members]
        changes = [crops for crops in drawn if crops is not None]
        return torch.stack(changes, dim=1) if changes else None

    def _loss(
        self, parameters: Tree, constants: Tree, inputs: Tensor, labels: Tensor, masks: list[Tensor]
    ) -> tuple[Tensor, Tree]:
        """Return one member's mean loss in nats, and its buffers as the forward pass left them."""
        weights = {**parameters, **constants}
        with computing(self._task.settings.precision, self._task.device):
            with Intercept({**given_masks(masks), **self._kernels}):
                logits = functional_call(self._network, weights, (inputs,))
            loss = self._task.loss(logits, labels)
        # Out of `weights`, where functional_call puts a buffer that the forward pass replaced by a new tensor.
        return loss, {name: weights[name].detach() for name in constants}

    def _gradients(
        self, values: Tree, constants: Tree, inputs: Tensor, labels: Tensor, masks: list[Tensor]
    ) -> tuple[Tensor, list[Tensor | None], Tree]:
        """Return the losses of all members in nats, the gradients in the order of the values, and the buffers."""
        leaves = {name: value.detach().requires_grad_() for name, value in values.items()}
        found: list[Tensor] = []
        gradients: list[Tensor | None] = [None] * len(leaves)
        buffers = constants
        for part in self._task.parts:
            piece = (inputs[:, part], labels[:, part], [mask[:, part] for mask in masks])
            losses, buffers = self._losses(leaves, constants, *piece)
            # Of the sum, not the mean: each member's gradient is then the one it would have alone.
            own = torch.autograd.grad(losses.sum(), list(leaves.values()), allow_unused=True)
            gradients = [_added(*pair) for pair in zip(gradients, own, strict=True)]
            found.append(losses.detach())
        return (found[0] if len(found) == 1 else torch.stack(found).sum(dim=0)), gradients, buffers

    def _step(self, step: int, inputs: Tensor, labels: Tensor, masks: list[Tensor]) -> Float[Tensor, "member"]:
        """Make one step of every member and return the losses before it, in nats."""
        losses, gradients, self._constants = self._program(self._flat.values, self._constants, inputs, labels, masks)
        rate = learning_rate(self._task.settings, step, self._task.steps_per_epoch)
        self._optimizer.step(gradients, rate=rate, noise=self._task.langevin(self.members, step))
        return losses


def _added(first: Tensor | None, second: Tensor | None) -> Tensor | None:
    """Add two gradients, either of which may be missing."""
    return first + second if first is not None and second is not None else second if first is None else first


def _channels_last(stacked: Tensor) -> Tensor:
    """Order the kernels of convolutions in memory as the loop does, so that both use the same kernels of PyTorch."""
    if stacked.ndim != 5:
        return stacked
    return stacked.permute(0, 1, 3, 4, 2).contiguous().permute(0, 1, 4, 2, 3)
