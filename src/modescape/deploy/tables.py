"""Arrays of a caller's as a dataset: training and validation examples of every class, and how inputs are scaled."""

import hashlib
from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import torch
from jaxtyping import Int, Shaped

from modescape.core.checks import check_choice
from modescape.core.errors import ArgumentError, Quoted
from modescape.core.seeds import Stream, derived_seed, numpy_generator
from modescape.data import Dataset, Examples
from modescape.data.contents import tensor_digest, whole_part
from modescape.data.scaling import scaling_of

Scaling = Literal["standard", "unit"]


def dataset_of(
    inputs: Shaped[np.ndarray, "example ..."],
    codes: Int[np.ndarray, "example"],
    classes: Sequence[str],
    *,
    validation_fraction: float,
    scaling: Scaling,
    seed: int,
) -> Dataset:
    """Return arrays as a dataset without test examples, validation examples drawn from each class.

    Args:
        inputs: float32, or uint8 images (example, channel, height, width).
        codes: The index of each example's class; each class has an example.
        classes: Names of the classes.
        validation_fraction: Share of each class that is kept from training, rounded, but never all of it.
        scaling: `standard` (mean 0 and variance 1 of each feature or channel) or `unit` (images to [0, 1]).
        seed: Seed of the draw.

    Raises:
        ArgumentError: If the fraction is not in [0, 1), or there is no such scaling.

    >>> inputs, codes = np.arange(8, dtype=np.float32)[:, None], np.array([0, 0, 0, 0, 0, 0, 1, 1])
    >>> data = dataset_of(inputs, codes, ["a", "b"], validation_fraction=0.5, scaling="standard", seed=0)
    >>> data.train.labels.tolist(), data.validation.labels.tolist()
    ([0, 0, 0, 1], [0, 0, 0, 1])
    """
    check_choice(scaling, get_args(Scaling), "scaling")
    kept = validation_rows(codes, validation_fraction, seed=seed)
    tensor, labels = torch.from_numpy(inputs), torch.from_numpy(codes.astype(np.int64))
    rows = {"train": torch.from_numpy(np.flatnonzero(~kept)), "validation": torch.from_numpy(np.flatnonzero(kept))}
    parts = {split: Examples(tensor[chosen], labels[chosen], chosen) for split, chosen in rows.items()}
    train = parts["train"]
    shift, scale = scaling_of(whole_part(train.inputs, train.labels, "train"), scaling, None)
    digest = hashlib.sha256(f"{tensor_digest(tensor)} {tensor_digest(labels)} {list(classes)} {scaling}".encode())
    digest.update(kept.tobytes())
    none = Examples(tensor[:0], labels[:0])
    return Dataset("arrays", tuple(classes), train, parts["validation"], none, shift, scale, digest.hexdigest())


def validation_rows(codes: Int[np.ndarray, "example"], fraction: float, *, seed: int) -> np.ndarray:
    """Return which examples are kept for validation: a share of each class, rounded, but never all of it.

    Raises:
        ArgumentError: If the fraction is not in [0, 1).

    >>> validation_rows(np.array([0, 0, 0, 0, 1]), 0.25, seed=0).sum().item()
    1
    """
    if not 0.0 <= fraction < 1.0:
        advice = "Pass 0.1, or 0 to leave probabilities uncalibrated"
        raise ArgumentError("validation_fraction", "be at least 0 and below 1", fraction, advice)
    generator = numpy_generator(derived_seed(seed, Stream.SPLIT))
    kept = np.zeros(len(codes), dtype=bool)
    for code in np.unique(codes):
        members = np.flatnonzero(codes == code)
        count = min(round(fraction * len(members)), len(members) - 1)
        kept[generator.choice(members, size=count, replace=False)] = True
    return kept


def as_inputs(array: Shaped[np.ndarray, "example ..."]) -> Shaped[np.ndarray, "example ..."]:
    """Return inputs as float32, or 8-bit images as they are, in memory of their own.

    Raises:
        ArgumentError: If they have three axes, which may mean anything, or a number is too large.

    >>> as_inputs(np.zeros((2, 3))).dtype, as_inputs(np.zeros((2, 1, 4, 4), dtype=np.uint8)).dtype
    (dtype('float32'), dtype('uint8'))
    """
    if array.ndim == 3:
        got = Quoted(f"shape {array.shape}")
        advice = "Add the axis of channels with X[:, None], or flatten to a table"
        raise ArgumentError("X", "be a table or images (example, channel, height, width)", got, advice)
    if array.dtype == np.uint8 and array.ndim > 2:
        return np.array(array, order="C", copy=True)
    with np.errstate(over="ignore"):
        inputs = np.array(array, dtype=np.float32, order="C", copy=True)
    if not np.isfinite(inputs).all():
        largest = float(np.abs(array).max())
        raise ArgumentError("X", "hold numbers that fit into float32", largest, "Scale that feature down")
    return inputs
