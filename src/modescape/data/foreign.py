"""Foreign data: inputs of no class that a network knows, in the form of those it was trained on."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from jaxtyping import Shaped
from torch import Tensor
from torch.nn import functional

from modescape.core.errors import ArgumentError, Quoted
from modescape.core.progress import Progress, Silent
from modescape.core.seeds import Stream, derived_seed, numpy_generator, torch_generator
from modescape.data.cache import Cache, cache_folder
from modescape.data.loading import FORMS, source_contents
from modescape.data.sets import Dataset
from modescape.data.settings import DataSettings
from modescape.data.sources.hub import HUB_SETS
from modescape.data.splits import stratified_choice

SILENT: Final = Silent()
NOISE, HELD_OUT = "noise", "held-out"
LUMINANCE = (0.299, 0.587, 0.114)
"""ITU-R BT.601: how red, green and blue make grey."""


@dataclass(frozen=True, eq=False)
class Foreign:
    """Foreign inputs.

    Args:
        inputs: In the form of `Dataset.test.inputs`, so that `Dataset.prepare` takes them.
        name: Short name, for titles.
        note: In words, where they come from and how they were brought into that form.
    """

    inputs: Tensor
    name: str
    note: str

    def __len__(self) -> int:
        return len(self.inputs)


def load_foreign(
    source: str,
    dataset: Dataset,
    *,
    limit: int | None = None,
    seed: int,
    label_column: str | None = None,
    cache_dir: Path | None = None,
    progress: Progress = SILENT,
) -> Foreign:
    """Return foreign inputs for the networks of a data set.

    Another data set gives its test split, or all it holds where it has none. Images are resized to the size of the data
    set's (bilinear, antialiased; proportions are not kept), grey is repeated over three channels, colour becomes its
    luminance, and 8-bit pixels meet pixels in [0, 1] by the factor 255. Features must fit as they are.

    Args:
        source: `noise`: uniform over the range of the pixels, or for features normal with the mean and standard
            deviation of each in the training examples; `held-out`: the classes that `DataSettings.held_out` keeps out
            of all splits; or another data set, as in `DataSettings.source`.
        dataset: The data set that networks were trained on.
        limit: Take at most this many, chosen by the seed so that each class keeps its share; of noise, exactly so many.
            None takes all; of noise, as many as there are test examples.
        seed: Seed of the run.
        label_column: As in `DataSettings`; labels are read, though not used.
        cache_dir: As in `load_dataset`.
        progress: Listens to decoding.

    Raises:
        ArgumentError: If the source is not known, no class is held out, or the shapes can't be brought together.
        DataError: If the data are missing or damaged.

    >>> from modescape.data.loading import load_dataset
    >>> digits = load_dataset(DataSettings(held_out="8,9"), seed=0)
    >>> foreign = load_foreign("held-out", digits, limit=100, seed=0)
    >>> foreign.name, foreign.inputs.shape
    ('classes 8, 9', torch.Size([100, 1, 8, 8]))
    """
    if limit is not None and limit < 1:
        raise ArgumentError("limit", "be at least 1", limit, "Leave it out to take all")
    if source == NOISE:
        return _noise(dataset, limit or len(dataset.test), seed)
    if source == HELD_OUT:
        return _held_out(dataset, limit, seed)
    settings = DataSettings(source=source, label_column=label_column)
    if source not in ("digits", *HUB_SETS) and ":" not in source:
        raise ArgumentError("foreign", f"be one of {NOISE}, {HELD_OUT}, {FORMS}", source, "Use one of these forms")
    contents = source_contents(settings, Cache(cache_folder(cache_dir), progress))
    part = contents.parts.get("test", contents.parts["train"])
    inputs, note = _fitted(_limited(part.inputs, part.labels, limit, seed), dataset, contents.name)
    whole = "" if "test" in contents.parts else "; all its examples, since it has no test split"
    return Foreign(inputs, contents.name, f"{contents.name}: {note}{whole}")


def _noise(dataset: Dataset, count: int, seed: int) -> Foreign:
    """Return random inputs."""
    generator = torch_generator(derived_seed(seed, Stream.FOREIGN, 1))
    train, shape = dataset.train.inputs, (count, *dataset.input_shape)
    if train.dtype == torch.uint8:
        pixels = torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)
        return Foreign(_ordered(pixels), "uniform noise", "every pixel and channel uniform from 0 to 255")
    if train.ndim == 4:
        low, high = (float(end) for end in train.aminmax())
        pixels = torch.rand(shape, generator=generator) * (high - low) + low
        return Foreign(_ordered(pixels), "uniform noise", f"every pixel and channel uniform from {low:g} to {high:g}")
    numbers = train.double()
    drawn = torch.randn(shape, generator=generator, dtype=torch.float64)
    values = (drawn * numbers.std(0, correction=0) + numbers.mean(0)).float()
    note = "every feature normal, with its mean and standard deviation in the training examples"
    return Foreign(values, "normal noise", note)


def _held_out(dataset: Dataset, limit: int | None, seed: int) -> Foreign:
    """Return the examples of the classes that are in no split."""
    if dataset.held_out is None:
        advice = "Set held_out to some classes when you train, such as --held-out 3,5"
        raise ArgumentError("foreign", "name data that there are", Quoted("held-out, but no class is held out"), advice)
    inputs = _limited(dataset.held_out.inputs, dataset.held_out.labels, limit, seed)
    names = ", ".join(dataset.held_out_classes)
    return Foreign(
        inputs, f"classes {names}", f"the classes {names} of {dataset.name}, which no network was trained on"
    )


def _limited(inputs: Tensor, labels: Tensor, limit: int | None, seed: int) -> Tensor:
    """Return at most so many inputs, in their order."""
    if limit is None or limit >= len(inputs):
        return inputs
    generator = numpy_generator(derived_seed(seed, Stream.FOREIGN, 0))
    return inputs[torch.from_numpy(stratified_choice(labels.numpy(), limit, generator=generator))]


def _fitted(inputs: Tensor, dataset: Dataset, name: str) -> tuple[Tensor, str]:
    """Return inputs in the form of a data set's, and what was done to them."""
    like = dataset.test.inputs
    if inputs.shape[1:] == like.shape[1:] and inputs.dtype == like.dtype:
        return inputs, "as they are"
    if inputs.ndim != 4 or like.ndim != 4:
        got = Quoted(f"{name}, whose inputs have the shape {tuple(inputs.shape[1:])}")
        rule = f"have inputs of the shape {dataset.input_shape}, like {dataset.name}, or be images like it"
        raise ArgumentError("foreign", rule, got, "Choose data of the same features, or noise")
    notes = [_described(tuple(inputs.shape[1:]))]
    inputs = _same_levels(inputs, like, name, dataset.name, notes)
    inputs = _same_size(inputs, (like.shape[2], like.shape[3]), notes)
    return _ordered(_same_channels(inputs, like.shape[1], notes)), ", ".join(notes)


def _same_levels(inputs: Tensor, like: Tensor, name: str, dataset_name: str, notes: list[str]) -> Tensor:
    """Return pixels of the data set's type: 8-bit ones are 255 times those in [0, 1]."""
    if inputs.dtype == like.dtype:
        return inputs
    for pixels, whose in ((inputs, name), (like, dataset_name)):
        low, high = (float(end) for end in pixels.aminmax())
        if pixels.dtype == torch.float32 and (low < 0.0 or high > 1.0):
            got = Quoted(f"pixels of {whose} from {low:g} to {high:g}")
            rule = "have pixels in [0, 1] on one side where the other side has 8-bit pixels"
            raise ArgumentError("foreign", rule, got, "Scale both alike, or choose noise")
    if like.dtype == torch.uint8:
        notes.append("pixels times 255")
        return (inputs * 255.0).round().to(torch.uint8)
    notes.append("pixels divided by 255")
    return inputs.to(torch.float32) / 255.0


def _same_size(inputs: Tensor, size: tuple[int, int], notes: list[str]) -> Tensor:
    """Return images of one height and width."""
    if tuple(inputs.shape[2:]) == size:
        return inputs
    notes.append(f"resized to {size[1]}x{size[0]} by antialiased bilinear interpolation")
    return functional.interpolate(inputs, size, mode="bilinear", antialias=True)


def _same_channels(inputs: Shaped[Tensor, "n c h w"], channels: int, notes: list[str]) -> Shaped[Tensor, "n d h w"]:
    """Return images of so many channels: grey is repeated, colour becomes its luminance."""
    if inputs.shape[1] == channels:
        return inputs
    if inputs.shape[1] == 1:
        notes.append(f"grey repeated over {channels} channels")
        return inputs.expand(-1, channels, -1, -1)
    if inputs.shape[1] != 3 or channels != 1:
        got = Quoted(f"{inputs.shape[1]} channels for {channels}")
        raise ArgumentError(
            "foreign", "have 1 or 3 channels, or as many as the data", got, "Choose other data, or noise"
        )
    notes.append("colour turned into its luminance")
    grey = torch.einsum("nchw,c->nhw", inputs.float(), torch.tensor(LUMINANCE))[:, None]
    return grey.round().to(torch.uint8) if inputs.dtype == torch.uint8 else grey


def _ordered(images: Tensor) -> Tensor:
    """Return inputs in the memory order of `Examples`."""
    return images.contiguous(memory_format=torch.channels_last) if images.ndim == 4 else images


def _described(shape: Sequence[int]) -> str:
    """Return the size and colour of images in words."""
    colour = {1: "grey", 3: "colour"}.get(shape[0], f"{shape[0]} channels")
    return f"{shape[2]}x{shape[1]} {colour}"
