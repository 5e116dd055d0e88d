"""`modescape export`: an ensemble as a program, or a result of a run as a file of another program."""

from pathlib import Path
from typing import Annotated, Any

import typer

from modescape.cli.output import print_json, print_paragraphs, shown_path
from modescape.cli.shared import Json, RunPath
from modescape.core.errors import ArgumentError, Quoted

RESULTS = "results/"
"""Where a run keeps its results."""


def export(
    *,
    run: RunPath,
    result: Annotated[
        str | None, typer.Argument(help="Name of a result, such as random-plane; none for the ensemble itself.")
    ] = None,
    path: Annotated[
        Path | None,
        typer.Argument(
            help="File to write: .pt2 or .onnx of the ensemble; .html, .png, .svg, .gif, .mp4 or .vts of a plane; .nc, "
            ".zarr or .csv of any result. [default: ensemble.pt2 and ensemble.onnx in the run]",
        ),
    ] = None,
    method: Annotated[
        str | None, typer.Option(help="Of the ensemble: how it was made. [default: as recommended, or independent]")
    ] = None,
    size: Annotated[int | None, typer.Option(help="Of the ensemble: its budget in members.")] = None,
    combination: Annotated[
        str | None,
        typer.Option(help="Of the ensemble: mean, learned-weights, greedy, inverse-variance. [default: mean]"),
    ] = None,
    json: Json = False,
) -> None:
    """Write the ensemble of a run, or a result, as a file.

    The suffix says of which kind: .pt2 and .onnx are programs that need no modescape.

    Example: modescape export runs/digits ensemble.onnx
    """
    if result is not None and path is None and Path(result).suffix:
        result, path = None, Path(result)
    if result is not None and path is None:
        raise ArgumentError("path", "be given for a result", Quoted("none"), f"Write a file name after {result}")
    if result is None:
        chosen = {"method": method, "size": size, "combination": combination or "mean"}
        _export_ensemble(run, path, chosen, json=json)
        return
    if (method, size, combination) != (None, None, None):
        rule = "be left out, with size and combination, where a result is exported"
        raise ArgumentError("method", rule, Quoted(result), "Leave out the result to export the ensemble")
    _export_result(run, result, path or Path(), json=json)


def _export_ensemble(run: Path, path: Path | None, chosen: dict[str, Any], *, json: bool) -> None:
    """Write an ensemble, and say what it is."""
    from modescape.cli.progress import shown_progress  # noqa: PLC0415 - not needed for --help
    from modescape.studies.ensembles.deployed import exported  # noqa: PLC0415

    with shown_progress(quiet=json) as progress:
        made = exported(run, [] if path is None else [path], progress=progress, **chosen)
    temperature = made.predictor.temperature.item()
    about = {"method": made.predictor.method, "size": made.size, "members": made.predictor.num_members}
    if not json:
        words = ", ".join(f"{name} {value}" for name, value in about.items())
        print_paragraphs([f"Ensemble: {words}, combination {chosen['combination']}, temperature {temperature:.4g}"])
    _print_files({"run": str(run), **about, "temperature": temperature}, made.files, json=json)


def _export_result(run: Path, result: str, path: Path, *, json: bool) -> None:
    """Write a result."""
    from modescape.report import save_landscape  # noqa: PLC0415 - not needed for --help
    from modescape.store import Run  # noqa: PLC0415

    opened = Run.open(run)
    known = [name.removeprefix(RESULTS) for name in opened.array_names() if name.startswith(RESULTS)]
    if result not in known:
        rule = f"be a result of the run, {', '.join(known) or 'which has none yet'}"
        raise ArgumentError("result", rule, Quoted(result), "Choose one of them" if known else "Finish the run first")
    written = save_landscape(opened.arrays(f"{RESULTS}{result}"), path, loss_unit="nats")
    _print_files({"run": str(opened.path), "result": result}, written, json=json)


def _print_files(about: dict[str, Any], written: list[Path], *, json: bool) -> None:
    """Print what was written."""
    if json:
        print_json({**about, "files": [str(file) for file in written]})
        return
    for file in written:
        typer.echo(f"File: {shown_path(file)}")
