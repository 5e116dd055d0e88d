"""Examples and datasets: what the rest of modescape takes from this room."""

from dataclasses import dataclass, field

import torch
from jaxtyping import Float32, Int64
from torch import Tensor

from modescape.core.errors import ArgumentError, Quoted


@dataclass(frozen=True, eq=False)
class Examples:
    """Inputs with their labels.

    Args:
        inputs: uint8 images (example, channel, height, width) in channels_last memory order, or float32 of any shape
            (example, ...). They may be mapped from a file: index them, and move only what you need.
        labels: One class index for each example, int64.
        rows: Which rows of the source's own split these are, if known: CIFAR-10-C has corrupted the same rows.

    Raises:
        ArgumentError: If inputs, labels and rows differ in length, or a type is wrong.

    >>> len(Examples(torch.zeros(3, 2), torch.tensor([0, 1, 0])))
    3
    """

    inputs: Tensor
    labels: Int64[Tensor, "example"]
    rows: Int64[Tensor, "example"] | None = None

    def __post_init__(self) -> None:
        if self.inputs.dtype not in (torch.uint8, torch.float32) or self.inputs.ndim < 2:
            got = Quoted(f"{self.inputs.dtype} of shape {tuple(self.inputs.shape)}")
            advice = "Convert them with .to(torch.float32), one row for each example"
            raise ArgumentError("inputs", "be uint8 images or float32 of shape (example, ...)", got, advice)
        if self.labels.dtype != torch.int64 or self.labels.shape != self.inputs.shape[:1]:
            rule = f"be int64, one for each of the {len(self.inputs)} inputs"
            got = Quoted(f"{self.labels.dtype} of shape {tuple(self.labels.shape)}")
            raise ArgumentError("labels", rule, got, "Pass one class index for each example")
        if self.rows is not None and (self.rows.dtype != torch.int64 or self.rows.shape != self.labels.shape):
            rule = f"be int64, one for each of the {len(self.inputs)} inputs"
            got = Quoted(f"{self.rows.dtype} of shape {tuple(self.rows.shape)}")
            raise ArgumentError("rows", rule, got, "Leave them out where they are not known")

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, eq=False)
class Dataset:
    """A data set split three ways, with the scaling that networks see.

    Args:
        name: Short name, for titles.
        classes: Names of the classes; label `i` means `classes[i]`.
        train: Examples to fit weights on.
        validation: Examples to choose and calibrate on.
        test: Examples to report on; none of the three overlap.
        shift: What is subtracted from inputs; broadcasts against one input.
        scale: What the difference is multiplied by; broadcasts against one input.
        fingerprint: SHA-256 over contents, split and scaling: equal exactly when networks see the same numbers.
        held_out: Examples of classes that are in none of the three, for tests on foreign data; their labels count
            `held_out_classes`. None where no class is held out.
        held_out_classes: Names of those classes.

    >>> part = Examples(torch.tensor([[0.0], [4.0]]), torch.tensor([0, 1]))
    >>> dataset = Dataset("toy", ("low", "high"), part, part, part, torch.tensor(2.0), torch.tensor(0.5), "0")
    >>> dataset.prepare(part.inputs).tolist(), dataset.input_shape, dataset.num_classes
    ([[-1.0], [1.0]], (1,), 2)
    """

    name: str
    classes: tuple[str, ...]
    train: Examples
    validation: Examples
    test: Examples
    shift: Float32[Tensor, "..."]
    scale: Float32[Tensor, "..."]
    fingerprint: str
    held_out: Examples | None = None
    held_out_classes: tuple[str, ...] = ()
    _moved: dict[torch.device, tuple[Tensor, Tensor]] = field(default_factory=dict, init=False, repr=False)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one input, without the example axis."""
        return tuple(self.train.inputs.shape[1:])

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return len(self.classes)

    def prepare(self, inputs: Tensor) -> Float32[Tensor, "..."]:
        """Return inputs as a network sees them: (inputs - shift) * scale in float32.

        Args:
            inputs: Raw inputs with any leading axes, such as (example, ...) or (member, example, ...).

        Returns:
            A tensor on the device of the inputs, in their memory order (channels_last for images).
        """
        moved = self._moved.get(inputs.device)
        if moved is None:
            # Kept for each device: a copy to an accelerator in every batch would make it wait.
            moved = (self.shift.to(inputs.device), self.scale.to(inputs.device))
            self._moved[inputs.device] = moved
        shift, scale = moved
        # In place: memory that is new to the process costs as much as the arithmetic.
        return inputs.to(torch.float32, copy=True).sub_(shift).mul_(scale)
