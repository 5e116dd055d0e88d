"""The command line: its commands, and how it ends when something is wrong."""

import os
import sys
from typing import NoReturn

import typer

from modescape import __version__
from modescape.cli.combine import SeveralFilesCommand, combine
from modescape.cli.compare import OrderedCommand, compare
from modescape.cli.export import export
from modescape.cli.frontier import frontier
from modescape.cli.report import report
from modescape.cli.runs import runs
from modescape.cli.show import show
from modescape.cli.study import study
from modescape.cli.train import train
from modescape.core.errors import ModescapeError

USAGE_ERROR = 2
INTERRUPTED = 130
"""128 + SIGINT, as shells expect."""

# Without rich's boxes help takes half the time and fits any terminal.
app = typer.Typer(rich_markup_mode=None)
for _command, _class in (
    (study, None),
    (train, None),
    (compare, OrderedCommand),
    (combine, SeveralFilesCommand),
    (frontier, None),
    (report, None),
    (export, None),
    (runs, None),
    (show, None),
):
    app.command(cls=_class)(_command)

_UsageError = next(base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException")
"""The base of typer's own errors, which has no public name that is the same in all versions."""


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    *,
    version: bool = typer.Option(False, "--version", help="Print the version and leave."),  # noqa: FBT003
) -> None:
    """Train deep ensembles and see what they are made of.

    Example: modescape study --data digits --model mlp --members 5 --epochs 20
    """
    if version:
        typer.echo(f"modescape {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main() -> None:
    """Run the command line; every error is one line on stderr."""
    try:
        code = app(prog_name="modescape", standalone_mode=False)
    except BrokenPipeError:
        # The reader of our output has gone, as in `modescape runs | head -1`.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except Exception as error:
        if os.environ.get("MODESCAPE_TRACEBACK"):
            raise
        _leave(_line(error), USAGE_ERROR)
    if code == INTERRUPTED:
        _leave("Interrupted. What was finished is kept; train and study go on from there with --resume.", INTERRUPTED)
    sys.exit(code)


def _line(error: Exception) -> str:
    """Say in one line what went wrong; what we did not foresee is shown with its type."""
    if isinstance(error, ModescapeError):
        return str(error)
    if isinstance(error, _UsageError):
        command = getattr(getattr(error, "ctx", None), "command_path", "modescape")
        problem = error.format_message()  # pyright: ignore[reportAttributeAccessIssue]
        return f"{problem.replace('Value error, ', '').rstrip('.')}. See {command} --help."
    return f"{type(error).__name__}: {error} (set MODESCAPE_TRACEBACK=1 to see where)"


def _leave(text: str, code: int) -> NoReturn:
    """Write one line on stderr and leave."""
    typer.echo(f"modescape: {' '.join(text.split())}", err=True)
    sys.exit(code)
