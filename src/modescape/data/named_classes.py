"""Classes that a user names in a setting."""

from collections.abc import Sequence

from modescape.core.errors import ArgumentError

LONGEST_LIST = 20
"""Class names that a message shows."""


def named_classes(chosen: str, classes: Sequence[str], *, argument: str) -> list[int]:
    """Return the numbers of the classes that a text names, sorted; a name goes before a number.

    Args:
        chosen: Names or numbers with commas between them.
        classes: All class names.
        argument: The setting, for the message.

    Raises:
        ArgumentError: If there is no such class.

    >>> named_classes("dog, 0", ["bird", "cat", "dog", "frog"], argument="held_out")
    [0, 2]
    """
    index_of = {str(index): index for index in range(len(classes))}
    index_of |= {name: index for index, name in enumerate(classes)}
    found = set()
    for word in (part.strip() for part in chosen.split(",")):
        if word not in index_of:
            names = ", ".join(classes[:LONGEST_LIST]) + (", ..." if len(classes) > LONGEST_LIST else "")
            rule = f"name classes of the data ({names}), or give their numbers from 0"
            raise ArgumentError(argument, rule, word, "Put commas between them")
        found.add(index_of[word])
    return sorted(found)
