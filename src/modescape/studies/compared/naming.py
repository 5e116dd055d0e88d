"""What members are called, and to which group each belongs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from modescape.core.axes import MEMBER
from modescape.core.errors import ArgumentError, Quoted
from modescape.studies.compared.blocks import Block
from modescape.studies.compared.request import RECORD
from modescape.studies.members import NAMES


def named_blocks(
    blocks: Sequence[Block], names: Sequence[str] | None = None, groups: Sequence[str] | None = None
) -> list[Block]:
    """Return blocks under names that tell all members apart.

    Args:
        blocks: Members under the names of their files.
        names: One for each member, or one for each block.
        groups: The same, for the groups that members belong to; one for each block.

    Raises:
        ArgumentError: If there are not as many, or two members would have the same name.

    >>> from modescape.studies.compared.blocks import array_blocks
    >>> import numpy as np
    >>> blocks = array_blocks({"a": np.array([0, 1])}, "x", "auto") * 2
    >>> [block.label for block in named_blocks(blocks)]
    ['a', 'a (2)']
    """
    found = _renamed(blocks, names) if names is not None else _told_apart(blocks)
    if groups is not None:
        if len(groups) != len(found):
            rule = f"hold a group for each of the {len(found)} sources"
            raise ArgumentError("groups", rule, Quoted(f"{len(groups)}"), "Write one a file, with commas between")
        found = [replace(block, group=group) for block, group in zip(found, groups, strict=True)]
    known = Counter(name for block in found for name in block.member_names)
    twice = next((name for name, count in known.items() if count > 1), None)
    if not all(known):
        raise ArgumentError("names", "have a letter at least", "", "Write a name between any two commas")
    if twice is not None:
        raise ArgumentError("names", "tell members apart", twice, "Give each a name of its own")
    return found


def member_coords(manifest: Mapping[str, Any], members: Sequence[int]) -> dict[str, tuple[list[str], list[str]]]:
    """Return the names and groups of some members of a run as coordinates; none where members have no names.

    >>> manifest = {"compared": {"members": [{"member_name": name, "member_group": "x"} for name in "ab"]}}
    >>> member_coords(manifest, [1])["member_name"]
    (['member'], ['b'])
    >>> member_coords({}, [1])
    {}
    """
    known = manifest.get(RECORD, {}).get("members", [])
    if not known:
        return {}
    chosen = [known[member] for member in members]
    return {name: ([MEMBER], [one[name] for one in chosen]) for name in NAMES}


def _renamed(blocks: Sequence[Block], names: Sequence[str]) -> list[Block]:
    """Return blocks, or their members, under the names that the user gives."""
    number = sum(len(block.names) for block in blocks)
    if len(names) == number:
        left = iter(names)
        return [_with_names(block, [next(left) for _ in block.names]) for block in blocks]
    if len(names) == len(blocks):
        return [replace(block, label=name) for block, name in zip(blocks, names, strict=True)]
    rule = f"hold a name for each of the {number} members, or of the {len(blocks)} sources"
    raise ArgumentError("names", rule, Quoted(f"{len(names)}"), "Write them with commas between")


def _with_names(block: Block, names: list[str]) -> Block:
    """Return a block whose members are called as given."""
    if len(names) == 1:
        return replace(block, label=names[0], names=("",))
    return replace(block, label="", names=tuple(names))


def _told_apart(blocks: Sequence[Block]) -> list[Block]:
    """Return blocks under the shortest ends of their paths that differ, numbered where nothing differs."""
    labels = [block.label for block in blocks]
    for longer in (lambda path: path.name, _with_folder):
        counts = Counter(labels)
        twice = {label for label in counts if counts[label] > 1 and not _is_one_file(blocks, labels, label)}
        labels = [
            longer(Path(block.origin)) if label in twice else label for block, label in zip(blocks, labels, strict=True)
        ]
    seen: Counter[str] = Counter()
    found = []
    for block, label in zip(blocks, labels, strict=True):
        key = f"{label}/{'/'.join(block.names)}"
        seen[key] += 1
        number = f" ({seen[key]})" if seen[key] > 1 else ""
        group = f"{label}{number}" if block.group == block.label else block.group
        found.append(replace(block, label=f"{label}{number}", group=group))
    return found


def _with_folder(path: Path) -> str:
    """Return the end of a path with the folder that holds it."""
    return f"{path.parent.name}/{path.stem}" if path.parent.name else path.stem


def _is_one_file(blocks: Sequence[Block], labels: Sequence[str], label: str) -> bool:
    """Say whether all blocks of a label are arrays of one file."""
    origins = {block.origin.partition(", array ")[0] for block, own in zip(blocks, labels, strict=True) if own == label}
    named = [block.names for block, own in zip(blocks, labels, strict=True) if own == label]
    return len(origins) == 1 and len(set(named)) == len(named)
