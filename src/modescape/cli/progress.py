"""Progress on the terminal: a bar for each task, with the time that remains."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from modescape.core.progress import Progress, Silent


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
        self._bars.update(identity, advance=amount, note=escape(note))
        state = next(state for state in self._bars.tasks if state.id == identity)
        if not state.finished:
            return
        seconds = f"{state.finished_time or 0.0:,.0f} s"
        self._bars.console.print(f"{escape(task)}: {escape(note) or 'done'} ({seconds})", highlight=False)
        self._bars.remove_task(self._tasks.pop(task))

    def say(self, text: str) -> None:
        """Write a line above the bars."""
        self._bars.console.print(escape(text), highlight=False)


@contextmanager
def shown_progress(*, quiet: bool) -> Iterator[Progress]:
    """Show progress on stderr inside the block, unless quiet."""
    if quiet:
        yield Silent()
        return
    bars = Bars(
        TextColumn("{task.description}"),
        BarColumn(bar_width=16),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[note]}"),
        console=Console(stderr=True),
        transient=True,
    )
    with bars:
        yield BarProgress(bars)
