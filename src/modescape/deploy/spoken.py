"""Progress in words, for estimators that are asked to be verbose."""

import sys
from dataclasses import dataclass, field


@dataclass
class Spoken:
    """A listener that writes a line on standard error for each epoch, as scikit-learn's estimators do where verbose.

    >>> listener = Spoken()
    >>> listener.start("members 0-4", total=3)
    >>> listener.line("members 0-4", 1, "loss 0.300")
    'members 0-4: epoch 1 of 3, loss 0.300'
    """

    _totals: dict[str, int] = field(default_factory=dict)
    _done: dict[str, int] = field(default_factory=dict)

    def start(self, task: str, total: int) -> None:
        """Begin a group of members."""
        self._totals[task], self._done[task] = total, 0

    def advance(self, task: str, amount: int = 1, note: str = "") -> None:
        """Write a line for an epoch."""
        if amount:
            self.say(self.line(task, amount, note))

    def line(self, task: str, amount: int, note: str) -> str:
        """Count epochs as done and return what there is to say."""
        self._done[task] += amount
        return f"{task}: epoch {self._done[task]} of {self._totals[task]}" + (f", {note}" if note else "")

    def say(self, text: str) -> None:
        """Write one line."""
        sys.stderr.write(f"{text}\n")
