"""Errors a user can meet, all under one base class.

Each class also derives from the builtin that fits it, so that code which does not know modescape can still
catch it (`except ValueError`). On the command line each becomes one line on stderr and exit code 2.
"""


class ModescapeError(Exception):
    """Base of every error that modescape raises on purpose; its text is one line that says what to do."""


LONGEST_VALUE = 80
LONGEST_TEXT = 400
"""Characters of a wrong value, and of wrong text, that a message shows."""


class ArgumentError(ModescapeError, ValueError):
    """An argument breaks a rule.

    Args:
        argument: Name of the argument as the user wrote it, for example `members`.
        rule: What the argument must be, as the end of "must ...", for example `be at least 1`.
        got: The value received; its `repr` is shown on one line, cut to 80 characters unless it is text (a path must
            be readable to the end).
        advice: One sentence that says what to do, without the final full stop.

    >>> str(ArgumentError("members", "be at least 1", 0, "Pass --members 5"))
    '`members` must be at least 1; got 0. Pass --members 5.'
    """

    def __init__(self, argument: str, rule: str, got: object, advice: str) -> None:
        shown = " ".join((got if isinstance(got, Quoted) else repr(got)).split())
        longest = LONGEST_TEXT if isinstance(got, str) else LONGEST_VALUE
        shown = shown if len(shown) <= longest else shown[: longest - 3] + "..."
        super().__init__(f"`{argument}` must {rule}; got {shown}. {advice}.")
        self.pieces = (argument, rule, Quoted(shown), advice)

    def __reduce__(self) -> tuple[type, tuple[str, str, str, str]]:
        """Rebuild from text alone, so that the error survives a trip between processes, whatever the value was."""
        return (type(self), self.pieces)


class Quoted(str):
    """Text that an error message shows as it stands, without quotes (for example `shape (3, 4)`)."""

    __slots__ = ()


class DataError(ModescapeError, ValueError):
    """A data source is missing, damaged or not what it claims to be."""


class ModelError(ModescapeError, TypeError):
    """A network can't be built, or its output does not fit the data."""


class TrainingError(ModescapeError, RuntimeError):
    """Training can't start or can't go on."""


class StoreError(ModescapeError, OSError):
    """A run on disk is missing, damaged, or can't be written."""


class MissingDependencyError(ModescapeError, ImportError):
    """An optional package is needed for what was asked."""
