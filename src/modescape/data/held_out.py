"""Classes kept out of every split, to be met later as foreign data."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Int64
from torch import Tensor

from modescape.core.errors import ArgumentError, DataError, Quoted
from modescape.data.contents import Contents, Part
from modescape.data.named_classes import named_classes
from modescape.data.splits import set_aside


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Classes that are in no split.

    Args:
        classes: Their names.
        part: Their examples; label `i` means `classes[i]`.
    """

    classes: tuple[str, ...]
    part: Part


def without_classes(contents: Contents, chosen: str) -> tuple[Contents, HeldOut]:
    """Return a source without some classes, and what was kept out.

    No split holds an example of them any more, and the other classes are numbered anew in their order. Kept are the
    examples of the test split; where a source has none, all of them, since none is trained on.

    Args:
        contents: All examples of a source.
        chosen: Names of classes, or their numbers, with commas between them.

    Raises:
        ArgumentError: If there is no such class, or fewer than two would stay.
        DataError: If the classes have no examples to test on, or a split holds nothing else.
    """
    held = held_classes(chosen, contents.classes)
    kept = [index for index in range(len(contents.classes)) if index not in held]
    parts, apart = {}, {}
    for split, part in contents.parts.items():
        is_held = torch.isin(part.labels, torch.tensor(held))
        # In place where rows may be exchanged: a copy of CIFAR-10's training images takes 150 MB.
        # Test examples are copied and keep their order.
        whole = replace(part, mapped=part.mapped and split != "test")
        apart[split], parts[split] = set_aside(whole, is_held.nonzero()[:, 0])
        if len(parts[split]) == 0:
            raise DataError(f"The {split} split holds only the classes that are held out. Hold out others.")
    source = apart.get("test", apart["train"])
    if len(source) == 0:
        names = ", ".join(contents.classes[index] for index in held)
        raise DataError(f"The test split has no examples of the classes held out, {names}. Hold out others.")
    rest = replace(
        contents,
        classes=tuple(contents.classes[index] for index in kept),
        parts={split: _renumbered(part, kept) for split, part in parts.items()},
        digest=hashlib.sha256(f"{contents.digest} without {held}".encode()).hexdigest(),
    )
    return rest, HeldOut(tuple(contents.classes[index] for index in held), _renumbered(source, held))


def held_classes(chosen: str, classes: Sequence[str]) -> list[int]:
    """Return the numbers of the classes that a text names, sorted; a name goes before a number.

    Args:
        chosen: Names or numbers with commas between them.
        classes: All class names.

    Raises:
        ArgumentError: If there is no such class, or fewer than two would stay.

    >>> held_classes("dog, 0", ["bird", "cat", "dog", "frog"])
    [0, 2]
    """
    held = named_classes(chosen, classes, argument="held_out")
    if len(classes) - len(held) < 2:
        got = Quoted(f"{len(held)} of {len(classes)}")
        raise ArgumentError("held_out", "leave at least two classes to train on", got, "Hold out fewer")
    return held


def _renumbered(part: Part, classes: Sequence[int]) -> Part:
    """Return a part whose labels count some classes only."""
    number: Int64[Tensor, "class"] = torch.full((max(classes) + 1,), -1)
    number[torch.tensor(classes)] = torch.arange(len(classes))
    return replace(part, labels=number[part.labels])
