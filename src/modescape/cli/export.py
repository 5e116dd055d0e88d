"""`modescape export`: a result of a run as a file of another program."""

from pathlib import Path
from typing import Annotated

import typer

from modescape.cli.output import print_json, shown_path
from modescape.cli.shared import Json, RunPath
from modescape.core.errors import ArgumentError, Quoted

RESULTS = "results/"
"""Where a run keeps its results."""


def export(
    *,
    run: RunPath,
    result: Annotated[str, typer.Argument(help="Name of the result, such as random-plane.", show_default=False)],
    path: Annotated[
        Path,
        typer.Argument(
            help="File to write: .html, .png, .svg, .gif, .mp4 or .vts of a plane, .nc, .zarr or .csv of any result.",
            show_default=False,
        ),
    ],
    json: Json = False,
) -> None:
    """Write a result of a run as a file; its suffix says of which kind.

    Example: modescape export runs/digits random-plane plane.vts
    """
    from modescape.report import save_landscape  # noqa: PLC0415 - not needed for --help
    from modescape.store import Run  # noqa: PLC0415

    opened = Run.open(run)
    known = [name.removeprefix(RESULTS) for name in opened.array_names() if name.startswith(RESULTS)]
    if result not in known:
        rule = f"be a result of the run, {', '.join(known) or 'which has none yet'}"
        raise ArgumentError("result", rule, Quoted(result), "Choose one of them" if known else "Finish the run first")
    written = save_landscape(opened.arrays(f"{RESULTS}{result}"), path, loss_unit="nats")
    if json:
        print_json({"run": str(opened.path), "result": result, "files": [str(file) for file in written]})
        return
    for file in written:
        typer.echo(f"File: {shown_path(file)}")
