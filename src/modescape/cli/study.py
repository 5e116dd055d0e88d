"""`modescape study`: train, compare, report."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from modescape.cli.options import OPTIONS, parsed_settings, with_settings
from modescape.cli.output import print_json, print_summary, shown_path
from modescape.cli.shared import Config, Json, Output, Preset, Quiet, Resume


@with_settings(*OPTIONS)
def study(
    *,
    name: Annotated[
        str | None,
        typer.Argument(
            help="overview; fort2019 for every experiment of the paper; landscapes for planes through members, "
            "curvature and minima; shapes to compare landscapes of data and networks that --vary names; differences "
            "for which examples, permutations, layers and attacks; three-class for what members are good at; frontier "
            "for ways to get an ensemble. "
            "[default: overview]"
        ),
    ] = None,
    output: Output = None,
    resume: Resume = False,
    config: Config = None,
    preset: Preset = None,
    only: Annotated[str | None, typer.Option(help="Do only this step, such as radial, and those it needs.")] = None,
    quiet: Quiet = False,
    json: Json = False,
    **settings: Any,
) -> None:
    """Train an ensemble, compare its members, and write the report.

    Example: modescape study --data digits --model mlp --members 5 --epochs 20
    """
    given = {"output": output, "resume": resume, "config": config, "preset": preset, "only": only}
    finished_study(name, given, settings, quiet=quiet, json=json)


def finished_study(
    name: str | None, given: Mapping[str, Any], settings: dict[str, Any], *, quiet: bool, json: bool
) -> None:
    """Do a study, write its report, and print what was found.

    Args:
        name: Name of the study.
        given: Where and how.
        settings: Its settings, as typed.
        quiet: Print the path of the report only.
        json: Print JSON.
    """
    from modescape.cli.progress import shown_progress  # noqa: PLC0415 - not needed for --help
    from modescape.studies import has_results, report_run, summarise_run  # noqa: PLC0415
    from modescape.studies import study as run_study  # noqa: PLC0415

    with shown_progress(quiet=quiet or json) as progress:
        run = run_study(name, progress=progress, **given, **parsed_settings(settings))
        page = None
        if has_results(run):
            progress.start("report", 1)
            page = report_run(run)
            progress.advance("report", 1)
    if page is None:
        _print_run(run.path, json=json)
        return
    print_summary(run.path, page, summarise_run(run), quiet=quiet, json=json)


def _print_run(path: Path, *, json: bool) -> None:
    """Print where a run is that has nothing to report yet."""
    if json:
        print_json({"run": str(path)})
    else:
        typer.echo(f"Run: {shown_path(path)}")
