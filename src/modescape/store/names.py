"""Where a run keeps what: the paths of its files, relative to its folder."""

import re
from collections.abc import Iterable
from typing import Final

from modescape.core.errors import ArgumentError

PARTS: Final = "parts"
"""Folder of the experiments inside a run; each has weights and states of its own."""
SCRATCH: Final = "scratch"
"""Folder of what steps note while they are at work; nothing in it has a checksum."""
PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")

_WEIGHTS = re.compile(r"(?:parts/([^/]+)/)?weights/member-(\d{3,})/step-(\d{4,})\.safetensors")
_ARRAYS = re.compile(rf"(?:predictions|results)/{PLAIN_NAME.pattern}")
_LISTED_ARRAYS = re.compile(rf"({_ARRAYS.pattern})\.zarr/zarr\.json")


def part_name(part: str) -> str:
    """Return the path of an experiment inside a run.

    Raises:
        ArgumentError: If its name is not plain.

    >>> part_name("chain")
    'parts/chain'
    """
    return f"{PARTS}/{_plain(part)}"


def scratch_name(part: str) -> str:
    """Return the folder where a step notes what it has done so far.

    Raises:
        ArgumentError: If the name of the step is not plain.

    >>> scratch_name("random-plane")
    'scratch/random-plane'
    """
    return f"{SCRATCH}/{_plain(part)}"


def weights_name(member: int, step: int, part: str | None = None) -> str:
    """Return the path of weights.

    >>> weights_name(2, 40)
    'weights/member-002/step-0040.safetensors'
    """
    return f"{_prefix(part)}weights/member-{int(member):03d}/step-{int(step):04d}.safetensors"


def weights_in(names: Iterable[str], part: str | None = None) -> list[tuple[int, int]]:
    """Return (member, step) of the weights among paths, of a part or of the run itself.

    >>> weights_in(["weights/member-002/step-0040.safetensors", "parts/chain/weights/member-000/step-0001.safetensors"])
    [(2, 40)]
    """
    matches = (_WEIGHTS.fullmatch(name) for name in names)
    return [(int(match[2]), int(match[3])) for match in matches if match and match[1] == part]


def state_name(group: str, part: str | None = None) -> str:
    """Return the path of a training state.

    Raises:
        ArgumentError: If the name of the group or the part is not plain.

    >>> state_name("members-000-004", part="chain")
    'parts/chain/state/members-000-004.safetensors'
    """
    if not PLAIN_NAME.fullmatch(group):
        raise ArgumentError("group", "be made of ASCII letters, digits, `.`, `_` and `-`", group, "Rename the group")
    return f"{states_name(part)}/{group}.safetensors"


def states_name(part: str | None = None) -> str:
    """Return the folder of training states.

    >>> states_name()
    'state'
    """
    return f"{_prefix(part)}state"


def arrays_name(name: str) -> str:
    """Return the path of a dataset.

    Raises:
        ArgumentError: If it would not lie in one of the two folders.

    >>> arrays_name("results/plane")
    'results/plane.zarr'
    """
    if not _ARRAYS.fullmatch(name):
        rule = "be predictions/NAME or results/NAME, with NAME of ASCII letters, digits, `.`, `_` and `-`"
        raise ArgumentError("name", rule, name, "Rename the arrays")
    return f"{name}.zarr"


def arrays_in(names: Iterable[str]) -> list[str]:
    """Return the names of the datasets among paths, sorted.

    >>> arrays_in(["results/plane.zarr/zarr.json", "results/plane.zarr/value/c/0"])
    ['results/plane']
    """
    return sorted(match[1] for name in names if (match := _LISTED_ARRAYS.fullmatch(name)))


def _prefix(part: str | None) -> str:
    """Return the folder that weights and states of a part lie in, with a slash."""
    return "" if part is None else f"{part_name(part)}/"


def _plain(part: str) -> str:
    """Return the name of a part after checking it."""
    if not PLAIN_NAME.fullmatch(part):
        raise ArgumentError("part", "be made of ASCII letters, digits, `.`, `_` and `-`", part, "Rename the part")
    return part
