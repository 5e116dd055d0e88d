"""What the user asks to compare, and how it is written down in a run to go on with later."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modescape.core.errors import ArgumentError, Quoted
from modescape.data import Dataset
from modescape.store import Run
from modescape.studies.compared.architectures import Architecture, architectures
from modescape.studies.compared.scores import Kind
from modescape.studies.members import NAMES

RECORD = "compared"
"""Section of the manifest that a comparison has and a run of trained members lacks."""


@dataclass(frozen=True, eq=False)
class Request:
    """What to compare.

    Args:
        sources: Files, folders, runs, arrays, mappings of names to arrays.
        labels: The true classes: a file, or an array.
        data: What checkpoints are tested on: a source of data, or a data set.
        architectures: Networks with their checkpoints.
        normalize: Mean and standard deviation that inputs are scaled by.
        names: What members, or sources, are called.
        groups: The group of each source.
        kind: What the numbers of prediction files are.
        folder: Where paths that are not absolute begin.
    """

    sources: tuple[Any, ...] = ()
    labels: Any = None
    data: str | Dataset | None = None
    architectures: tuple[Architecture, ...] = ()
    normalize: tuple[list[float], list[float]] | None = None
    names: tuple[str, ...] | None = None
    groups: tuple[str, ...] | None = None
    kind: Kind = "auto"
    folder: Path = field(default_factory=Path.cwd)

    def __post_init__(self) -> None:
        """Raise if inputs should be scaled and there is no network to see them."""
        if self.normalize is not None and not self.architectures:
            got = Quoted("no checkpoints")
            raise ArgumentError("normalize", "come with checkpoints, whose inputs it scales", got, "Leave it out")

    @property
    def objects(self) -> list[str]:
        """The arguments that are Python objects, which no later process can read again."""
        checkpoints = [file for one in self.architectures for file in one.checkpoints]
        kinds = {
            "sources": all(is_place(source) for source in self.sources),
            "labels": self.labels is None or is_place(self.labels),
            "data": self.data is None or isinstance(self.data, str),
            "model": all(one.model is not None for one in self.architectures),
            "checkpoints": all(isinstance(file, Path) for file in checkpoints),
        }
        return [name for name, is_written in kinds.items() if not is_written]

    def path(self, place: str | Path) -> Path:
        """Return the path that a text means."""
        return self.folder / Path(place).expanduser()

    def record(self, member_names: Sequence[str], member_groups: Sequence[str], *, has_weights: bool) -> dict[str, Any]:
        """Return the request as plain values, with what came of it.

        Args:
            member_names: What members are called.
            member_groups: To which group each belongs.
            has_weights: Whether all members are of one architecture, whose weights the run holds.
        """
        pairs = zip(member_names, member_groups, strict=True)
        return {
            "sources": [_written(source) for source in self.sources],
            "labels": None if self.labels is None else _written(self.labels),
            "data": self.data if isinstance(self.data, str) else None,
            "architectures": [
                {
                    "model": one.model,
                    "options": dict(one.recipe.options),
                    "checkpoints": [str(file) if isinstance(file, Path) else None for file in one.checkpoints],
                }
                for one in self.architectures
            ],
            "normalize": None if self.normalize is None else list(self.normalize),
            "names": None if self.names is None else list(self.names),
            "groups": None if self.groups is None else list(self.groups),
            "kind": self.kind,
            "folder": str(self.folder),
            "objects": self.objects,
            "has_weights": has_weights,
            "members": [dict(zip(NAMES, pair, strict=True)) for pair in pairs],
        }


def recorded_request(record: Mapping[str, Any]) -> Request:
    """Return the request that a run was made with.

    Raises:
        ArgumentError: If it was made with Python objects.

    >>> recorded_request(Request(("a.npy",)).record(["a"], ["files"], has_weights=False)).sources
    ('a.npy',)
    """
    if record["objects"]:
        advice = "Compare them again, into a new --output"
        rule = "be the Python object that the run was made with"
        raise ArgumentError(record["objects"][0], rule, Quoted("none, and its predictions are not kept yet"), advice)
    known = record["architectures"]
    found = architectures(
        [one["model"] for one in known],
        [[Path(record["folder"]) / file for file in one["checkpoints"]] for one in known],
        [one["options"] for one in known],
    )
    return Request(
        sources=tuple(record["sources"]),
        labels=record["labels"],
        data=record["data"],
        architectures=tuple(found),
        normalize=None if record["normalize"] is None else tuple(record["normalize"]),
        names=None if record["names"] is None else tuple(record["names"]),
        groups=None if record["groups"] is None else tuple(record["groups"]),
        kind=record["kind"],
        folder=Path(record["folder"]),
    )


def is_place(given: object) -> bool:
    """Say whether something names a file or folder, or is a run in one.

    >>> is_place("a.npy"), is_place([0, 1])
    (True, False)
    """
    return isinstance(given, str | Path | Run)


def _written(given: object) -> str | None:
    """Return a place as text."""
    return str(given.path if isinstance(given, Run) else given) if is_place(given) else None
