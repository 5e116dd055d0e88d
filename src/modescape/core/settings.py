"""Settings: validated, immutable groups of options that every room derives its own from."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from modescape.core.errors import ArgumentError, ModescapeError, Quoted


class Settings(BaseModel):
    """Options of one room; unknown names and wrong values raise one clear line.

    >>> class Oven(Settings):
    ...     degrees: int = 180
    >>> Oven(degrees=-3.5)
    Traceback (most recent call last):
    ...
    modescape.core.errors.ArgumentError: `degrees` must be a valid integer; got -3.5. Correct it ...
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise _one_line(error, type(self)) from None

    def changed(self, **values: Any) -> Self:
        """Return a copy with some values changed, validated anew."""
        return type(self)(**{**self.model_dump(), **values})


def _one_line(error: ValidationError, settings: type[Settings]) -> ModescapeError:
    """Turn the first problem that pydantic found into an error of ours."""
    first = error.errors()[0]
    inner = first.get("ctx", {}).get("error")
    if isinstance(inner, ModescapeError):
        return inner
    where = ".".join(str(part) for part in first["loc"]) or settings.__name__
    if first["type"] == "extra_forbidden":
        known = ", ".join(settings.model_fields)
        return ArgumentError(where, "be a known setting", Quoted("an unknown name"), f"Use one of {known}")
    rule = first["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    if first["type"] != "literal_error":
        rule = rule.split(", ")[0]
    return ArgumentError(where, f"be {rule}", first["input"], "Correct it on the command line or in the settings file")
