"""The methods that a study is asked for, by name, with their options."""

import dataclasses
from collections.abc import Mapping
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from modescape.core.checks import check_choice
from modescape.core.errors import ArgumentError, Quoted
from modescape.methods import METHODS, Method
from modescape.methods.independent import NAME as INDEPENDENT

ALL = "all"


def chosen_methods(names: str, options: Mapping[str, Any]) -> list[Method]:
    """Return methods in the order of the catalogue; independent members, which others are held against, come always.

    Args:
        names: `all`, or names with commas between.
        options: By `method.option`.

    Raises:
        ArgumentError: If a method or an option is not known, an option is of a method that is not asked for, or its
            value is of no use.

    >>> [method.name for method in chosen_methods("independent", {})]
    ['independent']
    """
    asked = list(METHODS) if names == ALL else [name.strip() for name in names.split(",")]
    for name in asked:
        check_choice(name, [ALL, *METHODS], "methods")
    chosen = [name for name in METHODS if name == INDEPENDENT or name in asked]
    given: dict[str, dict[str, Any]] = {name: {} for name in chosen}
    for key, value in options.items():
        name, dot, option = key.partition(".")
        _check_option(key, name, option if dot else "", chosen)
        given[name][option] = _typed(key, METHODS[name], option, value)
    return [METHODS[name](**given[name]) for name in chosen]


def _typed(key: str, method: type[Method], option: str, value: Any) -> Any:
    """Return the value of an option in the type that its method declares."""
    declared = get_type_hints(method)[option]
    try:
        return TypeAdapter(declared).validate_python(value)
    except ValidationError:
        shown = declared.__name__ if isinstance(declared, type) else str(declared).replace("typing.", "")
        raise ArgumentError("method_options", f"give {key} as {shown}", value, "Correct it") from None


def _check_option(key: str, name: str, option: str, chosen: list[str]) -> None:
    """Raise unless a key is that of an option of a method that was asked for."""
    if not option:
        raise ArgumentError("method_options", "be method.option=value", key, "Write for example swag.samples=10")
    if name not in chosen:
        rule = f"be of a method that is asked for, {', '.join(chosen)}"
        raise ArgumentError("method_options", rule, key, "Name it in --methods too" if name in METHODS else "Change it")
    known = [field.name for field in dataclasses.fields(METHODS[name])]  # pyright: ignore[reportArgumentType]
    if option not in known:
        shown = f"be an option of {name}, {', '.join(known)}" if known else f"be left out, as {name} has none"
        raise ArgumentError("method_options", shown, Quoted(key), "Choose one of them" if known else "Leave it out")
