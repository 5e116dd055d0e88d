"""The same members in two places: those of the test predictions found again, by name, among those of validation."""

import re
from collections.abc import Sequence
from pathlib import Path

from modescape.core.errors import ArgumentError, Quoted
from modescape.studies.compared.blocks import Block

SPLITS = ("test", "testing", "tst", "val", "valid", "validation", "dev", "holdout", "heldout", "oof", "eval")
"""Words in names of files that say of which examples they are, and not of which member."""
_SPLIT = re.compile(rf"(?:^|(?<=[-_. /]))(?:{'|'.join(SPLITS)})(?=$|[-_. /])", re.IGNORECASE)
_SEPARATORS = re.compile(r"[-_. ]+")


def matched(test: Sequence[Block], validation: Sequence[Block]) -> list[int]:
    """Return for each test member the place of the validation member with the same name.

    Names are compared as they are, then without words such as `test` and `val`, then, where each side is one file, by
    what members are called within the file. What can't be told by name is refused, not guessed.

    Args:
        test: Members with names.
        validation: The others.

    Raises:
        ArgumentError: If numbers of members differ, or a member has no counterpart of its name.

    >>> from modescape.studies.compared.blocks import array_blocks
    >>> import numpy as np
    >>> test = array_blocks({"a-test": np.array([0, 1]), "b-test": np.array([0, 1])}, "x", "auto")
    >>> matched(test, array_blocks({"val_b": np.array([1]), "val_a": np.array([1])}, "x", "auto"))
    [1, 0]
    """
    wanted, found = _names(test), _names(validation)
    if len(wanted) != len(found):
        rule = f"hold the {len(wanted)} members of the test predictions"
        raise ArgumentError("validation", rule, Quoted(f"{len(found)}"), "Pass predictions of the same members")
    for called in (_names, _plain_names, _inner_names):
        first, second = called(test), called(validation)
        if len(set(first)) == len(wanted) and set(first) == set(second):
            return [second.index(name) for name in first]
    plain, others = _plain_names(test), _plain_names(validation)
    at = next((index for index, name in enumerate(others) if name not in plain), 0)
    rule = f"hold the same members by name: {', '.join(wanted[:8])}{', ...' if len(wanted) > 8 else ''}"
    advice = "Name files alike, such as test/a.npy and val/a.npy, or name the members of both, in order, by names"
    raise ArgumentError("validation", rule, found[at], advice)


def check_other_files(test: Sequence[Path], validation: Sequence[Path]) -> None:
    """Raise if a file is given for test and validation examples both.

    >>> check_other_files([Path("test.npy")], [Path("val.npy")])
    """
    twice = {path.resolve() for path in test} & {path.resolve() for path in validation}
    if twice:
        got = str(next(path for path in validation if path.resolve() in twice))
        rule = "be other files than those of the test examples"
        raise ArgumentError("validation", rule, got, "Fit on validation examples, and score on others")


def _names(blocks: Sequence[Block]) -> list[str]:
    """Return what members are called."""
    return [name for block in blocks for name in block.member_names]


def _plain_names(blocks: Sequence[Block]) -> list[str]:
    """Return names without words that say of which examples they are."""
    found = []
    for name in _names(blocks):
        pieces = [_SEPARATORS.sub("-", _SPLIT.sub("", piece)).strip("-") for piece in name.split("/")]
        found.append("/".join(piece for piece in pieces if piece))
    return found


def _inner_names(blocks: Sequence[Block]) -> list[str]:
    """Return what members are called within their one file; nothing where there are several."""
    if len({block.origin.partition(", array ")[0] for block in blocks}) > 1:
        return []
    return [name for block in blocks for name in block.names]
