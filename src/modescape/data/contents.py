"""What a source holds, before it is split: the one form that all sources are brought into."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from jaxtyping import Int64
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Part:
    """Some rows of one split of a source.

    Args:
        inputs: Inputs as in `Examples`.
        labels: Class indices.
        origin: The split of the source they come from: `train`, `validation` or `test`.
        rows: Which rows of that split they are.
        mapped: Whether the inputs are a private copy-on-write map of a file, so that rows may be exchanged in place.
    """

    inputs: Tensor
    labels: Int64[Tensor, "example"]
    origin: str
    rows: Int64[Tensor, "example"]
    mapped: bool = False

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, eq=False)
class Contents:
    """All examples of a source.

    Args:
        name: Short name, for titles.
        classes: Names of the classes.
        parts: The source's own splits: `train`, and `validation` and `test` where it has them.
        digest: SHA-256 of classes, inputs and labels.
        folder: Where statistics of the inputs may be kept between runs, if anywhere.
        scaling: Shift and scale that the source brings along, if any.
    """

    name: str
    classes: tuple[str, ...]
    parts: Mapping[str, Part]
    digest: str
    folder: Path | None = None
    scaling: tuple[Tensor, Tensor] | None = field(default=None)


def whole_part(inputs: Tensor, labels: Int64[Tensor, "example"], origin: str, *, mapped: bool = False) -> Part:
    """Return all rows of a split as a part.

    >>> whole_part(torch.zeros(2, 1), torch.tensor([0, 1]), "train").rows.tolist()
    [0, 1]
    """
    return Part(inputs, labels, origin, torch.arange(len(labels)), mapped)


def tensor_digest(tensor: Tensor) -> str:
    """Return the SHA-256 of a tensor's type, shape and numbers, whatever its memory order.

    >>> tensor_digest(torch.zeros(2, 3)) == tensor_digest(torch.zeros(3, 2).T)
    True
    """
    digest = hashlib.sha256(f"{tensor.dtype} {tuple(tensor.shape)}".encode())
    for rows in tensor.split(4096):
        digest.update(rows.contiguous().numpy().data)
    return digest.hexdigest()


def contents_digest(classes: tuple[str, ...], digests: Mapping[str, str]) -> str:
    """Return the SHA-256 over class names and the digests of a source's splits, by name.

    >>> len(contents_digest(("a", "b"), {"train": "0"}))
    64
    """
    return hashlib.sha256(repr((classes, sorted(digests.items()))).encode()).hexdigest()
