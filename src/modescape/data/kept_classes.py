"""Some classes of a source only, as if it had no others."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import torch
from jaxtyping import Int64
from torch import Tensor

from modescape.core.errors import ArgumentError, DataError, Quoted
from modescape.data.contents import Contents, Part
from modescape.data.named_classes import named_classes
from modescape.data.splits import set_aside


def with_classes(contents: Contents, chosen: str) -> Contents:
    """Return a source with some of its classes only, numbered anew in their order.

    Examples of other classes are in no split, and unlike those that are held out they are not kept apart either.

    Args:
        contents: All examples of a source.
        chosen: Names of classes, or their numbers, with commas between them.

    Raises:
        ArgumentError: If there is no such class, or fewer than two are chosen.
        DataError: If a split has no example of them.

    >>> from modescape.data.contents import whole_part
    >>> part = whole_part(torch.zeros(3, 1), torch.tensor([0, 1, 2]), "train")
    >>> kept = with_classes(Contents("toy", ("ant", "bee", "cat"), {"train": part}, digest="0"), "cat,ant")
    >>> kept.classes, kept.parts["train"].labels.tolist(), kept.parts["train"].rows.tolist()
    (('ant', 'cat'), [0, 1], [0, 2])
    """
    kept = kept_classes(chosen, contents.classes)
    if len(kept) == len(contents.classes):
        return contents
    number: Int64[Tensor, "class"] = torch.full((len(contents.classes),), -1)
    number[torch.tensor(kept)] = torch.arange(len(kept))
    return replace(
        contents,
        classes=tuple(contents.classes[index] for index in kept),
        parts={split: _only(part, split, number) for split, part in contents.parts.items()},
        digest=hashlib.sha256(f"{contents.digest} only {kept}".encode()).hexdigest(),
    )


def kept_classes(chosen: str, classes: Sequence[str]) -> list[int]:
    """Return the numbers of the classes that a text names, sorted; a name goes before a number.

    Args:
        chosen: Names or numbers with commas between them.
        classes: All class names.

    Raises:
        ArgumentError: If there is no such class, or fewer than two are chosen.

    >>> kept_classes("dog, 0", ["bird", "cat", "dog", "frog"])
    [0, 2]
    """
    kept = named_classes(chosen, classes, argument="only_classes")
    if len(kept) < 2:
        raise ArgumentError("only_classes", "name at least two classes", Quoted(f"{len(kept)}"), "Add another class")
    return kept


def _only(part: Part, split: str, number: Int64[Tensor, "class"]) -> Part:
    """Return the examples of a part whose classes have a new number."""
    rows = (number[part.labels] >= 0).nonzero()[:, 0]
    if len(rows) == 0:
        raise DataError(f"The {split} split has no example of the classes chosen by only_classes. Choose others.")
    # In place where rows may be exchanged; test examples are copied and keep their order.
    kept, _ = set_aside(replace(part, mapped=part.mapped and split != "test"), rows)
    return replace(kept, labels=number[kept.labels])
