"""What is to be learned: everything that training a member needs, the same for all members and engines."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor, nn
from torch.nn import functional as F

from modescape.core.checks import check_at_least
from modescape.core.errors import ArgumentError, ModelError, Quoted
from modescape.core.seeds import Stream, derived_seed, numpy_generator, seeded_globals, torch_generator
from modescape.data import Dataset, cropped, drawn_crops
from modescape.functions.layout import channels_last
from modescape.models import Recipe, check_network
from modescape.train.dropout import switch_off_dropout
from modescape.train.fusion import fuse
from modescape.train.noise import MaskSource, NoiseProfile, drawing, noise_profile
from modescape.train.objective import Objective
from modescape.train.precision import check_precision
from modescape.train.schedules import is_sampling, learning_rate
from modescape.train.settings import TrainSettings
from modescape.train.sghmc import LangevinNoise, noise_deviation

MICRO_BATCH = 128
"""Images at once on a CPU: with small-cnn, 512 at once take a quarter longer than four times 128."""

SHARED_WITH = {Stream.AUGMENTATION: Stream.ORDER, Stream.OTHER_NOISE: Stream.DROPOUT}
"""Streams that are shared where another one is: the data as they come, and the noise of the training passes."""

SHAREABLE = (Stream.INITIALISATION, Stream.ORDER, Stream.DROPOUT, Stream.LANGEVIN)
"""Streams that members may share."""


@dataclass(frozen=True)
class TrainingTask:
    """A recipe, data and settings, and every random choice of a member as a function of (seed, member, epoch).

    Args:
        recipe: How to build a network.
        dataset: What to learn.
        settings: How to train.
        seed: Seed of the run.
        augment: Whether images are cropped and flipped at random.
        shared: Random numbers that all members have in common, those of member 0: any of `SHAREABLE`. The order of
            examples includes their augmentation, dropout includes all other noise of a training pass.
        dropout: Whether dropout layers drop anything.
        first_member: The member of the run whose random numbers member 0 of this task has, the others following on.
        subsets: The training examples that each member sees, by row, as many for each; the same row may occur again.
            All of them where there are none.
        targets: What is learned in place of labels, one row for each training example.
        objective: What is minimised in place of the cross-entropy.

    Raises:
        ArgumentError: If a stream can't be shared, the first member is below 0, or subsets or targets don't fit.
    """

    recipe: Recipe
    dataset: Dataset
    settings: TrainSettings
    seed: int
    augment: bool = False
    shared: frozenset[Stream] = frozenset()
    dropout: bool = True
    first_member: int = 0
    subsets: Int[Tensor, "member row"] | None = None
    targets: Float[Tensor, "example ..."] | None = None
    objective: Objective | None = None

    def __post_init__(self) -> None:
        check_at_least(self.first_member, 0, "first_member", "Count members from 0")
        self._check_examples()
        for stream in self.shared:
            if stream not in SHAREABLE:
                known = ", ".join(stream.name for stream in SHAREABLE)
                advice = "Pass ORDER for augmentation, DROPOUT for other noise"
                raise ArgumentError("shared", f"be made of {known}", Quoted(stream.name), advice)

    def _check_examples(self) -> None:
        """Raise unless subsets and targets fit the training examples and the members."""
        num_examples, members = len(self.dataset.train), self.settings.members
        if self.subsets is not None:
            rows = self.subsets
            fits = rows.ndim == 2 and len(rows) >= members and rows.numel() > 0
            if not fits or rows.min() < 0 or rows.max() >= num_examples:
                rule = f"hold rows of the {num_examples} training examples for each of {members} members"
                raise ArgumentError("subsets", rule, Quoted(f"shape {tuple(rows.shape)}"), "Draw them from that range")
        if self.targets is not None and len(self.targets) != num_examples:
            rule = f"have one row for each of the {num_examples} training examples"
            raise ArgumentError("targets", rule, Quoted(f"shape {tuple(self.targets.shape)}"), "Predict all of them")

    @property
    def num_examples(self) -> int:
        """Training examples that a member sees in an epoch."""
        return len(self.dataset.train) if self.subsets is None else self.subsets.shape[1]

    @cached_property
    def device(self) -> torch.device:
        """Where members are trained."""
        return chosen_device(self.settings.device)

    @property
    def devices(self) -> list[torch.device]:
        """All devices that the setting means: every GPU of the machine where it names none of them."""
        if self.device.type == "cuda" and self.settings.device in {"auto", "cuda"}:
            return [torch.device("cuda", index) for index in range(torch.cuda.device_count())]
        return [self.device]

    def at(self, device: torch.device) -> "TrainingTask":
        """Return the same task on a device."""
        if device == self.device:
            return self
        return replace(self, settings=self.settings.model_copy(update={"device": str(device)}))

    @cached_property
    def batch_size(self) -> int:
        """Examples a step: the setting, or all training examples where there are fewer."""
        return min(self.settings.batch_size, self.num_examples)

    @property
    def steps_per_epoch(self) -> int:
        """Full batches in one pass over the training examples."""
        return self.num_examples // self.batch_size

    @cached_property
    def noise(self) -> NoiseProfile:
        """The random numbers that one training pass of the network draws."""
        raw = self.dataset.train.inputs[: self.batch_size]
        try:
            profile = noise_profile(self.network(0), self.dataset.prepare(raw))
        except Exception as error:
            reason = " ".join(str(error).split())
            raise ModelError(
                f"`model` must take a training batch of shape {tuple(raw.shape)}; "
                f"got {type(error).__name__}: {reason}. Check its forward pass in training mode."
            ) from error
        if not self.dropout and (profile.draws or profile.uncontrolled):
            raise ModelError(
                "`model` must draw random numbers in dropout layers only, so that they can be switched off; got "
                f"{self.recipe.name}, which draws others too. Use nn.Dropout in place of functions, or keep dropout."
            )
        return profile

    @cached_property
    def parts(self) -> list[slice]:
        """The micro-batches that a step is made of: on a CPU, what images of a large batch become fits in the cache.

        Gradients of the parts are added up in their order. Networks in which examples depend on one another, such as
        those with batch norm, take the batch as a whole.
        """
        whole = self.device.type != "cpu" or len(self.dataset.input_shape) != 3 or self.batch_size <= MICRO_BATCH
        if whole or not self.noise.divisible:
            return [slice(0, self.batch_size)]
        starts = range(0, self.batch_size, MICRO_BATCH)
        return [slice(start, min(start + MICRO_BATCH, self.batch_size)) for start in starts]

    @cached_property
    def fusible(self) -> bool:
        """Whether the network gives the same outputs with dropout and pooling layers run as one."""
        inputs = self.dataset.prepare(self.dataset.train.inputs[: self.batch_size]).to(self.device)
        outputs = []
        for network in (self.placed_network(0), fuse(self.placed_network(0))):
            try:
                with seeded_globals(0, self.device), torch.no_grad(), drawing(MaskSource(0, self.device)):
                    outputs.append(network.train()(inputs))
            except Exception:
                # In whatever way it fails: then it is not fused.
                return False
        return torch.equal(outputs[0], outputs[1])

    @cached_property
    def _training_data(self) -> tuple[Tensor, Tensor]:
        """Inputs (images with channels last) and what is learned of them, on the device."""
        inputs, labels = self.dataset.train.inputs, self.dataset.train.labels
        labels = labels if self.targets is None else self.targets
        if inputs.ndim == 4:
            inputs = inputs.permute(0, 2, 3, 1)
        return inputs.to(self.device), labels.to(self.device)

    def check(self) -> None:
        """Try the network on a few examples before anything is trained.

        Raises:
            ModelError: If it fails or its output does not fit, each member would get the same network object, or there
                is nothing to train.
        """
        first, second = self.network(0), self.network(1)
        if first is second or _share_memory(first, second):
            raise ModelError(
                f"`model` must build a new network at each call; got the same one twice from {self.recipe.name}. "
                "Create the network inside the function."
            )
        if not any(parameter.requires_grad for parameter in first.parameters()):
            raise ModelError(
                f"`model` must have parameters that can be trained; got none in {self.recipe.name}. "
                "Set requires_grad of some to True."
            )
        check_precision(self.settings.precision, self.device)
        inputs = self.dataset.prepare(self.dataset.train.inputs[:2])
        check_network(first, inputs, self.dataset.num_classes)

    def network(self, member: int) -> nn.Module:
        """Build a member's network with its initial weights, on the CPU."""
        seed = self.stream_seed(Stream.INITIALISATION, member)
        network = self.recipe.build(self.dataset.input_shape, self.dataset.num_classes, seed=seed)
        return network if self.dropout else switch_off_dropout(network)

    def stream_seed(self, stream: Stream, member: int, *key: int) -> int:
        """Return the seed of some of a member's random numbers; the key says which: an epoch, or an epoch and a step.

        Where the stream is shared, it is that of member 0.
        """
        is_shared = SHARED_WITH.get(stream, stream) in self.shared
        return derived_seed(self.seed, stream, self.first_member + (0 if is_shared else member), *key)

    def placed_network(self, member: int) -> nn.Module:
        """Build a member's network on the device, images in the layout that is fast there (channels last)."""
        network = self.network(member).to(self.device)
        return channels_last(network) if len(self.dataset.input_shape) == 3 else network

    def order(self, member: int, epoch: int) -> Int[Tensor, "step batch"]:
        """Return the examples of each step of a member's epoch (both counted from 0)."""
        generator = numpy_generator(self.stream_seed(Stream.ORDER, member, epoch))
        num_examples, num_used = self.num_examples, self.steps_per_epoch * self.batch_size
        if self.settings.sampling == "replacement":
            chosen = generator.integers(num_examples, size=num_used)
        else:
            chosen = generator.permutation(num_examples)[:num_used]
        rows = torch.from_numpy(chosen)
        rows = rows if self.subsets is None else self.subsets[member].index_select(0, rows)
        return rows.view(self.steps_per_epoch, self.batch_size).to(self.device)

    def masks(self, member: int, epoch: int) -> MaskSource:
        """Return the source of a member's dropout masks in an epoch."""
        return MaskSource(self.stream_seed(Stream.DROPOUT, member, epoch), self.device)

    def augmentation(self, member: int, epoch: int) -> Int[Tensor, "step batch 3"] | None:
        """Return how the images of a member's epoch are changed, or nothing where they are not."""
        if not self.augment:
            return None
        generator = torch_generator(self.stream_seed(Stream.AUGMENTATION, member, epoch))
        num_images = self.steps_per_epoch * self.batch_size
        drawn = drawn_crops(num_images, self.dataset.input_shape, generator=generator)
        return drawn.unflatten(0, (self.steps_per_epoch, self.batch_size)).to(self.device)

    def other_noise_seed(self, member: int, epoch: int) -> int:
        """Return the seed of the global generators, for networks that draw more than dropout masks."""
        return self.stream_seed(Stream.OTHER_NOISE, member, epoch)

    def langevin(self, members: Sequence[int], step: int) -> LangevinNoise | None:
        """Return the noise of a step (counted from 0) of some members, or nothing where it has none."""
        settings, steps = self.settings, self.steps_per_epoch
        noisy = settings.optimizer == "sghmc" and settings.temperature > 0.0 and is_sampling(settings, step, steps)
        if not noisy:
            return None
        deviation = noise_deviation(
            rate=learning_rate(settings, step, steps),
            momentum=settings.momentum,
            temperature=settings.temperature,
            num_examples=self.num_examples,
        )
        seeds = (self.stream_seed(Stream.LANGEVIN, member, *divmod(step, steps)) for member in members)
        return LangevinNoise(tuple(seeds), deviation)

    def loss(self, outputs: Float[Tensor, "batch ..."], targets: Shaped[Tensor, "batch ..."]) -> Float[Tensor, ""]:
        """Return what some examples add to the mean loss of a batch, in nats."""
        if self.objective is not None:
            return self.objective(outputs, targets).sum() / self.batch_size
        smoothing = self.settings.label_smoothing
        if len(targets) == self.batch_size:
            return F.cross_entropy(outputs, targets, label_smoothing=smoothing)
        return F.cross_entropy(outputs, targets, label_smoothing=smoothing, reduction="sum") / self.batch_size

    def batch(
        self, indices: Int[Tensor, "batch"], crops: Int[Tensor, "batch 3"] | None
    ) -> tuple[Float[Tensor, "batch ..."], Shaped[Tensor, "batch ..."]]:
        """Gather, augment and prepare the examples of one step, of one member or of many."""
        inputs, labels = self._training_data
        raw: Shaped[Tensor, "batch ..."] = inputs.index_select(0, indices)
        if raw.ndim == 4:
            raw = raw.permute(0, 3, 1, 2)
        if crops is not None:
            raw = cropped(raw, crops)
        return self.dataset.prepare(raw), labels.index_select(0, indices)


def chosen_device(name: str) -> torch.device:
    """Return the device that a setting names; `auto` is the first accelerator, or else the CPU.

    Raises:
        ArgumentError: If the name is unknown or the device is not there.

    >>> chosen_device("cpu")
    device(type='cpu')
    """
    if name == "auto":
        return torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).split("\n", 1)[0].rstrip(".")
        raise ArgumentError(
            "device", "be a device of this machine", Quoted(f"{name!r} ({reason})"), "Pass --device cpu or auto"
        ) from None
    return device


def _share_memory(first: nn.Module, second: nn.Module) -> bool:
    """Say whether two networks hold a parameter in common."""
    pointers = {parameter.data_ptr() for parameter in first.parameters() if parameter.numel()}
    return any(parameter.data_ptr() in pointers for parameter in second.parameters() if parameter.numel())
