"""Progress on the terminal: a bar for each task, with the time that remains."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.table import Column
from rich.text import Text

from modescape.core.progress import Progress, Silent


class NoteColumn(ProgressColumn):
    """The note of a task, cut where the terminal ends: the only column that gives way to it."""

    def render(self, task: Task) -> Text:
        """Return the note in one line."""
        return Text(task.fields["note"], no_wrap=True, overflow="ellipsis")


class BarProgress:
    """Draws bars on stderr; where that is no terminal, writes a line for each task that ends."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def start(self, task: str, total: int) -> None:
        """Show a new bar; a task of the same name is begun anew."""
        if task in self._tasks:
            self._bars.remove_task(self._tasks.pop(task))
        self._tasks[task] = self._bars.add_task(escape(task), total=total, note="")

    def advance(self, task: str, amount: int = 1, note: str = "") -> None:
        """Move a bar on; a finished one becomes a line."""
        identity = self._tasks.get(task)
        if identity is None:
            return
        self._bars.update(identity, advance=amount, note=note)
        state = next(state for state in self._bars.tasks if state.id == identity)
        if not state.finished:
            return
        self._bars.remove_task(self._tasks.pop(task))
        self.say(f"{task}: {note or 'done'} ({state.finished_time or 0.0:,.0f} s)")

    def say(self, text: str) -> None:
        """Write a line above the bars."""
        self._bars.console.print(escape(text), highlight=False, soft_wrap=True)


@contextmanager
def shown_progress(*, quiet: bool) -> Iterator[Progress]:
    """Show progress on stderr inside the block, unless quiet.

    What anything inside prints goes to stderr too, such as a network of the user's: stdout is for results.
    """
    with redirect_stdout(sys.stderr):
        if quiet:
            yield Silent()
            return
        bars = _bars(Console(stderr=True))
        with bars:
            yield BarProgress(bars)


def _bars(console: Console) -> Bars:
    """Return bars that fit the terminal, and are not drawn where there is none."""
    return Bars(
        TextColumn("{task.description}"),
        BarColumn(bar_width=16, table_column=Column(no_wrap=True)),
        MofNCompleteColumn(table_column=Column(no_wrap=True)),
        TimeRemainingColumn(compact=True, table_column=Column(no_wrap=True)),
        TextColumn("left"),
        NoteColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
