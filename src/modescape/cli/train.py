"""`modescape train`: train the members and stop there."""

import shlex
from typing import Any

import typer

from modescape.cli.options import DATA, MODEL, TRAINING, parsed_settings, with_settings
from modescape.cli.output import print_json, print_paragraphs, print_table, shown_path
from modescape.cli.shared import Config, Json, Output, Preset, Quiet, Resume
from modescape.cli.show import member_notes, member_rows


@with_settings(DATA, MODEL, TRAINING)
def train(
    *,
    output: Output = None,
    resume: Resume = False,
    config: Config = None,
    preset: Preset = None,
    quiet: Quiet = False,
    json: Json = False,
    **settings: Any,
) -> None:
    """Train an ensemble, without comparing its members.

    `modescape study --resume` compares them later.

    Example: modescape train --data digits --members 5 --output runs/digits
    """
    from modescape.cli.progress import shown_progress  # noqa: PLC0415 - not needed for --help
    from modescape.studies import train_ensemble  # noqa: PLC0415

    settings = parsed_settings(settings)
    with shown_progress(quiet=quiet or json) as progress:
        run = train_ensemble(output=output, resume=resume, config=config, preset=preset, progress=progress, **settings)
    if json:
        print_json({"run": str(run.path), "members": run.manifest["members"]})
        return
    if not quiet:
        print_table(*member_rows(run.manifest))
        for note in member_notes(run.manifest):
            print_paragraphs([f"Note: {note}"])
        path = shlex.quote(shown_path(run.path))
        typer.echo(f"\nCompare the members with: modescape study --resume --output {path}")
    typer.echo(f"Run: {shown_path(run.path)}")
