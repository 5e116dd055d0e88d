"""Progress: how long work says what it is doing, without knowing who listens."""

from typing import Protocol


class Progress(Protocol):
    """Listens to long work; the command line draws bars, the Python API is silent by default."""

    def start(self, task: str, total: int) -> None:
        """Begin a named task of `total` units (epochs, batches, points)."""
        ...

    def advance(self, task: str, amount: int = 1, note: str = "") -> None:
        """Report that `amount` more units of a task are done, with a short note such as the loss."""
        ...

    def say(self, text: str) -> None:
        """Report one line of news, such as the engine chosen or a member that diverged."""
        ...


class Silent:
    """A listener that ignores everything."""

    def start(self, task: str, total: int) -> None:
        """Ignore the start of a task."""

    def advance(self, task: str, amount: int = 1, note: str = "") -> None:
        """Ignore an advance."""

    def say(self, text: str) -> None:
        """Ignore a line of news."""
