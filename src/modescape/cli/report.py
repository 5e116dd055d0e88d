"""`modescape report`: write the report of a run."""

from pathlib import Path
from typing import Annotated

import typer

from modescape.cli.output import print_answers, print_json, shown_path
from modescape.cli.shared import Json, Quiet, RunPath


def report(
    *,
    run: RunPath,
    output: Annotated[Path | None, typer.Option(help="Folder to write to. [default: the run's]")] = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Write the report of a run as one HTML file.

    Its figures are written too, as PNG, SVG and CSV.

    Example: modescape report runs/digits
    """
    from modescape.store import Run  # noqa: PLC0415 - not needed for --help
    from modescape.studies import report_run, summarise_run  # noqa: PLC0415

    opened = Run.open(run)
    page, summary = report_run(opened, output), summarise_run(opened)
    if json:
        print_json({"run": str(opened.path), "report": str(page), "summary": summary.as_dict()})
        return
    if not quiet:
        print_answers(summary)
        typer.echo()
    typer.echo(f"Report: {shown_path(page)}")
