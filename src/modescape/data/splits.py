"""Splits: which examples are for training, validation and test."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Int, Int64
from torch import Tensor

from modescape.core.errors import ArgumentError, Quoted
from modescape.core.seeds import Stream, derived_seed, numpy_generator
from modescape.data.contents import Part
from modescape.data.settings import DataSettings

DEFAULT_VALIDATION = 500
"""As in the notebook of Fort et al. (2019), which sets 500 of CIFAR-10's 50,000 training examples aside."""


def stratified_choice(
    labels: Int[np.ndarray, "example"], count: int, *, generator: np.random.Generator
) -> Int64[np.ndarray, "chosen"]:
    """Return the sorted indices of some examples, drawn at random so that each class keeps its share.

    The examples of a class, in random order, get the keys (0 + u)/n, (1 + u)/n, ..., with n the size of the class and
    u uniform in [0, 1) for that class; the `count` smallest keys are chosen. Every class then gets its exact share to
    within one example or so, and rare classes are drawn too, with the chance that is their due.

    Like scikit-learn's `train_test_split(stratify=...)`, but it also takes counts below the number of classes and
    classes of one example, and needs no import of a second or more at every start.

    Args:
        labels: Class of each example.
        count: How many to choose, from 0 to all.
        generator: Where the random numbers come from.

    >>> labels = np.repeat([0, 1], [30, 10])
    >>> chosen = stratified_choice(labels, 8, generator=np.random.default_rng(0))
    >>> np.bincount(labels[chosen]).tolist()
    [6, 2]
    """
    order = generator.permutation(len(labels))
    by_class = order[np.argsort(labels[order], kind="stable")]
    sizes = np.bincount(labels)
    starts = np.cumsum(sizes) - sizes
    place = np.arange(len(labels)) - np.repeat(starts, sizes)
    keys = (place + np.repeat(generator.random(len(sizes)), sizes)) / np.repeat(sizes, sizes)
    return np.sort(by_class[np.argsort(keys, kind="stable")[:count]])


def split_parts(parts: Mapping[str, Part], settings: DataSettings, *, seed: int) -> dict[str, Part]:
    """Return the three parts `train`, `validation` and `test`, which never overlap.

    A missing test split is drawn from the training examples first, then validation, then the limits are applied; each
    draw keeps the share of every class and has a seed of its own.

    Args:
        parts: The splits of a source.
        settings: Sizes.
        seed: Seed of the run.

    Raises:
        ArgumentError: If there are fewer examples than asked for.
    """
    train, test, validation = parts["train"], parts.get("test"), parts.get("validation")
    if test is None:
        count = min(max(round(settings.test_fraction * len(train)), 1), len(train) - 1)
        test, train = set_aside(train, _chosen(train, count, derived_seed(seed, Stream.SPLIT, 0)))
    if validation is None or settings.validation is not None:
        count = _validation_count(settings.validation, len(train))
        validation, train = set_aside(train, _chosen(train, count, derived_seed(seed, Stream.SPLIT, 1)))
    return {
        "train": _limited(train, settings.limit, "limit", derived_seed(seed, Stream.LIMIT, 0)),
        "validation": validation,
        "test": _limited(test, settings.test_limit, "test_limit", derived_seed(seed, Stream.LIMIT, 1)),
    }


def set_aside(part: Part, chosen: Int64[Tensor, "chosen"]) -> tuple[Part, Part]:
    """Return the chosen rows of a part, and the rest.

    Rows of a copy-on-write map change places until the chosen ones come first; both results are then views, and of a
    map of 150 MB only the rows that move are read or copied.

    Args:
        part: Where to choose from.
        chosen: Rows to set aside, each once.
    """
    if not part.mapped:
        is_chosen = torch.zeros(len(part), dtype=torch.bool)
        is_chosen[chosen] = True
        return taken(part, chosen), taken(part, (~is_chosen).nonzero()[:, 0])
    count = len(chosen)
    in_front = torch.zeros(count, dtype=torch.bool)
    in_front[chosen[chosen < count]] = True
    leaving, coming = (~in_front).nonzero()[:, 0], chosen[chosen >= count]
    for tensor in (part.inputs, part.labels, part.rows):
        displaced = tensor[leaving]
        tensor[leaving] = tensor[coming]
        tensor[coming] = displaced
    return _sliced(part, slice(None, count)), _sliced(part, slice(count, None))


def taken(part: Part, rows: Int64[Tensor, "chosen"]) -> Part:
    """Return a copy of some rows of a part."""
    return replace(part, inputs=part.inputs[rows], labels=part.labels[rows], rows=part.rows[rows], mapped=False)


def _sliced(part: Part, rows: slice) -> Part:
    """Return a view of neighbouring rows of a part."""
    return replace(part, inputs=part.inputs[rows], labels=part.labels[rows], rows=part.rows[rows])


def _chosen(part: Part, count: int, seed: int) -> Int64[Tensor, "chosen"]:
    """Draw rows of a part by label."""
    return torch.from_numpy(stratified_choice(part.labels.numpy(), count, generator=numpy_generator(seed)))


def _validation_count(asked: int | None, num_train: int) -> int:
    """Return how many examples to set aside for validation."""
    count = asked
    if count is None:
        count = DEFAULT_VALIDATION if num_train >= 10 * DEFAULT_VALIDATION else max(num_train // 10, 1)
    if count >= num_train:
        got = Quoted(f"{count} of {num_train}")
        advice = "Ask for fewer validation examples" if asked is not None else "Pass more training examples"
        raise ArgumentError("validation", f"leave at least one of the {num_train} training examples", got, advice)
    return count


def _limited(part: Part, limit: int | None, argument: str, seed: int) -> Part:
    """Return a part with at most so many examples."""
    if limit is None or limit == len(part):
        return part
    if limit > len(part):
        kind = "training" if argument == "limit" else "test"
        advice = f"Pass at most {len(part)}, or leave it out to use all"
        raise ArgumentError(argument, f"be at most {len(part)}, the number of {kind} examples", limit, advice)
    return taken(part, _chosen(part, limit, seed))
