"""The user's own code, named as `package.module:function`."""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from modescape.core.errors import ArgumentError, Quoted


def imported(spec: str, argument: str) -> Callable[..., Any]:
    """Return the function or class that `package.module:name` names; the current directory is searched too.

    Args:
        spec: For example `mypackage.networks:build`.
        argument: The name to use in errors, for example `model`.

    Raises:
        ArgumentError: If the module can't be imported, or holds no such callable.

    >>> imported("math:sqrt", "model")(9.0)
    3.0
    """
    module_name, _, name = spec.partition(":")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise ArgumentError(
            argument,
            f"name a module that can be imported ({reason})",
            spec,
            "Run from the folder that holds it, or install it",
        ) from error
    found = getattr(module, name, None)
    if not callable(found):
        raise ArgumentError(
            argument,
            f"name a function or class in the module {module_name}",
            Quoted(f"{name!r}, which is not one"),
            "Write it as package.module:function",
        )
    return found
