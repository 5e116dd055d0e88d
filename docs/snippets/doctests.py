"""Shows the doctests in docstrings as code: what an interpreter prints is no Markdown."""

import re
from typing import Any

from griffe import Extension, Module, Object

DOCTEST = re.compile(r"^( *)>>> .*(?:\n(?!\s*$).*)*", re.MULTILINE)
"""From a prompt to the next empty line."""


class Doctests(Extension):
    """Puts every doctest of a package into a block of code."""

    def on_package(self, *, pkg: Module, **kwargs: Any) -> None:  # noqa: ARG002
        """Change the docstrings of a package that has just been loaded."""
        _fence(pkg)


def _fence(thing: Object) -> None:
    """Change the docstring of an object, and of all that are in it."""
    if thing.docstring is not None:
        thing.docstring.value = DOCTEST.sub(_fenced, thing.docstring.value)
    for member in thing.members.values():
        if not member.is_alias:
            _fence(member)


def _fenced(doctest: re.Match[str]) -> str:
    """Return a doctest as a block of code."""
    indent = doctest[1]
    return f"{indent}```pycon\n{doctest[0]}\n{indent}```"
