"""Inputs scaled as the authors of checkpoints have scaled them: minus a mean, over a standard deviation."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

import torch
from jaxtyping import Float32
from torch import Tensor

from modescape.core.errors import ArgumentError, Quoted
from modescape.data import Dataset

Normalize: TypeAlias = tuple[str | float | Sequence[float], str | float | Sequence[float]]
"""A mean and a standard deviation: one number each, or one a channel (or feature)."""

PIXEL_RANGE = 255.0


def parsed_normalize(given: Normalize) -> tuple[list[float], list[float]]:
    """Return mean and standard deviation as lists of numbers.

    Raises:
        ArgumentError: If there are not two of them, one is no number, or a standard deviation is not above 0.

    >>> parsed_normalize(("0.5,0.4,0.3", 0.25))
    ([0.5, 0.4, 0.3], [0.25])
    """
    advice = "Write for example --normalize 0.5 0.25, or commas between channels"
    if isinstance(given, str) or len(given) != 2:
        raise ArgumentError("normalize", "be a mean and a standard deviation", given, advice)
    try:
        mean, deviation = (_numbers(part) for part in given)
    except (TypeError, ValueError):
        raise ArgumentError("normalize", "be numbers", Quoted(f"{given}"), advice) from None
    if not all(map(math.isfinite, [*mean, *deviation])):
        raise ArgumentError("normalize", "be finite", Quoted(f"{given}"), advice)
    if min(deviation) <= 0:
        raise ArgumentError("normalize", "have standard deviations above 0", min(deviation), advice)
    return mean, deviation


def normalised(dataset: Dataset, mean: Sequence[float], deviation: Sequence[float]) -> Dataset:
    """Return data that networks see as (x - mean) / deviation, with pixels of images counted from 0 to 1.

    Args:
        dataset: Its own scaling is left aside.
        mean: One number, or one a channel of images, or one a feature.
        deviation: The same.

    Raises:
        ArgumentError: If there are not as many numbers as channels.

    >>> from modescape.data import Examples
    >>> part = Examples(torch.full((1, 1, 2, 2), 255, dtype=torch.uint8), torch.tensor([0]))
    >>> data = Dataset("toy", ("a", "b"), part, part, part, torch.tensor(0.0), torch.tensor(1.0), "0")
    >>> normalised(data, [0.5], [0.25]).prepare(part.inputs).flatten().tolist()
    [2.0, 2.0, 2.0, 2.0]
    """
    whole = PIXEL_RANGE if dataset.train.inputs.dtype == torch.uint8 else 1.0
    shift = whole * _shaped(mean, dataset, "mean")
    scale = 1.0 / (whole * _shaped(deviation, dataset, "standard deviation"))
    digest = hashlib.sha256(f"{dataset.fingerprint} {list(mean)} {list(deviation)}".encode()).hexdigest()
    return replace(dataset, shift=shift, scale=scale, fingerprint=digest)


def _numbers(part: str | float | Sequence[float]) -> list[float]:
    """Return one of the two as numbers."""
    if isinstance(part, str):
        return [float(piece) for piece in part.split(",")]
    found = [float(part)] if isinstance(part, int | float) else [float(piece) for piece in part]
    return found or [float("")]


def _shaped(numbers: Sequence[float], dataset: Dataset, word: str) -> Float32[Tensor, "..."]:
    """Return numbers in a shape that broadcasts against one input."""
    shape = dataset.input_shape
    if len(numbers) == 1:
        return torch.tensor(numbers[0])
    if len(numbers) != shape[0]:
        rule = f"have one {word}, or one for each of {shape[0]} channels"
        raise ArgumentError("normalize", rule, Quoted(f"{len(numbers)}"), "Write them with commas between")
    return torch.tensor(list(numbers)).reshape(-1, *[1] * (len(shape) - 1))
