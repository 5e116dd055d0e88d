"""The vectorised engine: all members of a group as one program, with stacked weights."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor
from torch.func import functional_call, vmap
from torch.nn import functional as F

from modescape.core.errors import TrainingError
from modescape.core.trees import Tree, stack
from modescape.functions.intercept import Intercept
from modescape.functions.kernels import kernels_for
from modescape.functions.predictions import predict_stacked
from modescape.train.engine import MemberState
from modescape.train.loop import weights_of
from modescape.train.noise import MaskSource, given_masks
from modescape.train.optimisers import StackedOptimiser, clip_members
from modescape.train.schedules import learning_rate
from modescape.train.task import TrainingTask


class VmapEngine:
    """Trains the members of a group as one program; takes networks whose only randomness is dropout."""

    name = "vmap"

    def group_size(self, task: TrainingTask) -> int:
        """Return the setting."""
        return task.settings.group_size

    def begin(
        self, task: TrainingTask, members: Sequence[int], states: Sequence[MemberState] | None = None
    ) -> "VmapGroup":
        """Start a group of members.

        Raises:
            TrainingError: If the network draws random numbers other than dropout masks.
        """
        if task.noise.uncontrolled:
            raise TrainingError(
                f"`engine` must be loop for {task.recipe.name}, which draws random numbers that are not dropout masks; "
                "got 'vmap'. Pass --engine loop, or auto."
            )
        return VmapGroup(task, tuple(members), states)


class VmapGroup:
    """Members in training as one program."""

    def __init__(self, task: TrainingTask, members: tuple[int, ...], states: Sequence[MemberState] | None) -> None:
        self.members = members
        self._task = task
        self._network = task.network(members[0]).to(task.device)
        trees = [state.weights for state in states] if states else [weights_of(task.network(m)) for m in members]
        stacked = {name: _channels_last(tensor.to(task.device)) for name, tensor in stack(trees).items()}
        trainable = {name for name, p in self._network.named_parameters() if p.requires_grad}
        self._names = [name for name, _ in (*self._network.named_parameters(), *self._network.named_buffers())]
        self._parameters = {name: stacked[name].requires_grad_() for name in stacked if name in trainable}
        self._constants = {name: tensor for name, tensor in stacked.items() if name not in trainable}
        remembered = [state.optimizer for state in states] if states else None
        self._optimizer = StackedOptimiser(self._parameters, task.settings, remembered)
        self._kernels = kernels_for(task.device)
        self._losses = vmap(self._loss)

    def train_epoch(self, epoch: int, num_steps: int | None = None) -> Float[Tensor, "member"]:
        """Train every member for an epoch, or its first steps."""
        task = self._task
        orders = torch.stack([task.order(member, epoch)[:num_steps] for member in self.members], dim=1)
        sources = [task.masks(member, epoch) for member in self.members]
        augmentations = [task.augmentation(member, epoch) for member in self.members]
        total = torch.zeros(len(self.members), device=task.device)
        self._network.train()
        for index, indices in enumerate(orders):
            inputs, labels = self._batches(indices, augmentations)
            total += self._step(epoch * task.steps_per_epoch + index, inputs, labels, self._masks(sources))
        return (total / len(orders)).cpu()

    def accuracy(self) -> Float[Tensor, "member"]:
        """Return each member's accuracy on the validation examples."""
        examples = self._task.dataset.validation
        if not len(examples):
            return torch.full((len(self.members),), torch.nan)
        weights = {**self._parameters, **self._constants}
        probabilities = predict_stacked(self._network, weights, examples.inputs, prepare=self._task.dataset.prepare)
        return (probabilities.argmax(dim=2) == examples.labels).float().mean(dim=1)

    def states(self) -> list[MemberState]:
        """Return copies of each member's state."""
        stacked = {**self._parameters, **self._constants}
        weights = {name: tensor.detach().to("cpu", copy=True) for name, tensor in stacked.items()}
        return [
            MemberState(
                {name: weights[name][index].clone() for name in self._names},
                {key: tensor.cpu() for key, tensor in remembered.items()},
            )
            for index, remembered in enumerate(self._optimizer.exported())
        ]

    def _batches(
        self, indices: Tensor, augmentations: Sequence[torch.Generator | None]
    ) -> tuple[Float[Tensor, "member batch ..."], Tensor]:
        """Gather the batches of all members: in one go, unless each is augmented from its own generator."""
        if augmentations[0] is None:
            inputs, labels = self._task.batch(indices.flatten(), None)
            return inputs.unflatten(0, indices.shape), labels.unflatten(0, indices.shape)
        batches = [self._task.batch(row, generator) for row, generator in zip(indices, augmentations, strict=True)]
        return torch.stack([inputs for inputs, _ in batches]), torch.stack([labels for _, labels in batches])

    def _masks(self, sources: Sequence[MaskSource]) -> list[Float[Tensor, "member ..."]]:
        """Draw the masks of one step, for each member from its own source and in the order of the forward pass."""
        drawn = [[source.mask(draw) for draw in self._task.noise.draws] for source in sources]
        return [torch.stack(list(masks)) for masks in zip(*drawn, strict=True)]

    def _loss(
        self, parameters: Tree, constants: Tree, inputs: Tensor, labels: Tensor, masks: list[Tensor]
    ) -> tuple[Tensor, Tree]:
        """Return one member's mean loss in nats, and its buffers as the forward pass left them."""
        weights = {**parameters, **constants}
        with Intercept({**given_masks(masks), **self._kernels}):
            logits = functional_call(self._network, weights, (inputs,))
        loss = F.cross_entropy(logits, labels, label_smoothing=self._task.settings.label_smoothing)
        # Out of `weights`, where functional_call puts a buffer that the forward pass replaced by a new tensor.
        return loss, {name: weights[name].detach() for name in constants}

    def _step(self, step: int, inputs: Tensor, labels: Tensor, masks: list[Tensor]) -> Float[Tensor, "member"]:
        """Make one step of every member and return the losses before it, in nats."""
        settings = self._task.settings
        self._optimizer.zero_grad()
        losses, self._constants = self._losses(self._parameters, self._constants, inputs, labels, masks)
        # The sum, not the mean: each member's gradient is then the one it would have alone.
        losses.sum().backward()
        if settings.clip_norm is not None:
            gradients = [p.grad for p in self._parameters.values() if p.grad is not None]
            clip_members(gradients, settings.clip_norm)
        self._optimizer.step(learning_rate(settings, step, self._task.steps_per_epoch))
        return losses.detach()


def _channels_last(stacked: Tensor) -> Tensor:
    """Order the kernels of convolutions in memory as the loop does, so that both use the same kernels of PyTorch."""
    if stacked.ndim != 5:
        return stacked
    return stacked.permute(0, 1, 3, 4, 2).contiguous().permute(0, 1, 4, 2, 3)
