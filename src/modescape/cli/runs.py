"""`modescape runs`: list the runs in a folder."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from modescape.cli.output import print_json, print_table
from modescape.cli.shared import Json

DEFAULT = Path("runs")
"""Where commands put runs unless they are told otherwise."""


def runs(
    *, directory: Annotated[Path, typer.Argument(help="Folder that holds runs.")] = DEFAULT, json: Json = False
) -> None:
    """List the runs in a folder, the newest first.

    Example: modescape runs
    """
    from modescape.store import catalogue  # noqa: PLC0415 - not needed for --help

    # The folder that runs go to by default is only made by the first run.
    found = catalogue(directory) if directory != DEFAULT or directory.exists() else []
    if json:
        print_json([asdict(summary) for summary in found])
        return
    if not found:
        typer.echo(f"No runs in {directory}. Make one with: modescape study")
        return
    rows = [
        [item.path.name, item.status, f"{item.model} x {item.num_members}" if not item.problem else "", item.data]
        for item in found
    ]
    print_table(["run", "status", "members", "data"], rows)
    for item in found:
        if item.problem:
            typer.echo(item.problem, err=True)
