"""`modescape combine`: the predictions of many members into one, by any way, fitted on validation examples."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.core

from modescape.cli.output import print_json, print_paragraphs, print_table, shown_path
from modescape.cli.shared import Json, Quiet
from modescape.core.errors import ArgumentError, Quoted

FOUND = "modescape.validation"
"""Where validation files wait, from when the command line is read to when the command is called."""
SEVERAL = "--validation"
"""The option that all words belong to that follow, up to the next option."""


class SeveralFilesCommand(typer.core.TyperCommand):
    """A command whose option `--validation` takes any number of files."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take validation files out of the words, and read the others as usual."""
        ctx.meta[FOUND], others = validation_in(args)
        return super().parse_args(ctx, others)


def validation_in(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the files after `--validation`, and the words that are left.

    Args:
        words: What was typed after the name of the command.

    Raises:
        ArgumentError: If no file follows.

    >>> validation_in("a.npy b.npy --validation va.npy vb.npy --labels y.npy".split())
    (['va.npy', 'vb.npy'], ['a.npy', 'b.npy', '--labels', 'y.npy'])
    """
    files: list[str] = []
    others: list[str] = []
    left = list(words)
    while left:
        word = left.pop(0)
        if word == "--":
            return files, [*others, word, *left]
        if word != SEVERAL and not word.startswith(f"{SEVERAL}="):
            others.append(word)
            continue
        found = [word.split("=", 1)[1]] if "=" in word else []
        while left and not left[0].startswith("-"):
            found.append(left.pop(0))
        if not found:
            raise ArgumentError(SEVERAL, "have a value", Quoted("none"), f"Write files after {SEVERAL}")
        files += found
    return files, others


def combine(
    context: typer.Context,
    *,
    sources: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Predictions for test examples: files (.npy, .npz, .csv, .parquet), folders of them, or a run.",
            show_default=False,
        ),
    ] = None,
    validation: Annotated[
        str | None,
        typer.Option(metavar="FILES", help="The same members' predictions for validation examples; a run has its own."),
    ] = None,
    validation_labels: Annotated[Path | None, typer.Option(help="File with the true classes of these.")] = None,
    labels: Annotated[
        Path | None, typer.Option(help="File with the true classes of the test examples, for scores only.")
    ] = None,
    how: Annotated[
        str,
        typer.Option(
            help="mean, mean-logits, median, mode, trimmed-mean, inverse-variance, signal-to-noise, learned-weights, "
            "stacking, gating, greedy; all; or best, by cross-validation within the validation examples."
        ),
    ] = "mean",
    option: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="An option of a way, such as trim=0.1; repeat it.", show_default=False),
    ] = None,
    inputs: Annotated[Path | None, typer.Option(help="What networks see of the test examples, for gating.")] = None,
    validation_inputs: Annotated[Path | None, typer.Option(help="The same of the validation examples.")] = None,
    names: Annotated[
        str | None, typer.Option(help="Names of members, with commas between, in the order of all files.")
    ] = None,
    kind: Annotated[
        str, typer.Option(help="What numbers in files are: auto, probabilities, logits or labels.")
    ] = "auto",
    temperature: Annotated[
        bool, typer.Option("--temperature", help="Scale results by a temperature, fitted on validation.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option(help="File for the combined probabilities: .npy, .npz, .csv or .parquet.")
    ] = None,
    confidence: Annotated[float, typer.Option(help="Confidence of every interval.")] = 0.95,
    num_resamples: Annotated[int, typer.Option(help="Bootstrap resamples of the test examples.")] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of all that is drawn.")] = 0,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Combine the predictions of many members into one.

    Whatever is learned is learned from validation examples.

    Example: modescape combine test/ --validation val/ --validation-labels val-y.csv --labels y.csv --how all
    """
    from modescape.cli.progress import shown_progress  # noqa: PLC0415 - not needed for --help
    from modescape.studies.combine import combined_predictions  # noqa: PLC0415
    from modescape.studies.combined.writing import check_writable, write_predictions  # noqa: PLC0415

    # Taken out of the words before typer has seen it.
    del validation
    if output is not None:
        check_writable(output)
    with shown_progress(quiet=quiet or json) as progress:
        found = combined_predictions(
            *(str(source) for source in sources or ()),
            how=how,
            validation=context.meta.get(FOUND) or None,
            validation_labels=validation_labels,
            labels=labels,
            inputs=inputs,
            validation_inputs=validation_inputs,
            names=None if names is None else names.split(","),
            kind=kind,  # pyright: ignore[reportArgumentType] - checked there, in one line
            options=_options(option or []),
            temperature=temperature,
            confidence=confidence,
            num_resamples=num_resamples,
            seed=seed,
            progress=progress,
        )
    if output is not None:
        write_predictions(output, found.probabilities, found.classes, found.numbers)
    if json:
        print_json({**found.as_dict(), "output": None if output is None else str(output)})
        return
    if not quiet:
        _print_found(found, how, confidence)
    if output is not None:
        typer.echo(f"Predictions: {shown_path(output)}")


def _options(pairs: list[str]) -> dict[str, Any]:
    """Turn texts such as `trim=0.1` into options; values are read as in a settings file."""
    from modescape.studies.settings import parsed_value  # noqa: PLC0415 - not needed for --help

    options = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise ArgumentError("--option", "be name=value", pair, "Write for example --option trim=0.1")
        options[name.replace("-", "_")] = parsed_value(value)
    return options


def _print_found(found: Any, how: str, confidence: float) -> None:
    """Print what was combined, how well, and what a reader must know."""
    number, examples, classes = len(found.member_names), len(found.probabilities), len(found.classes)
    lines = [f"{number} members, {examples:,} test examples, {classes} classes: combined by {found.how}."]
    if how != found.how and found.validation_nll:
        lines = [
            f"{number} members, {examples:,} test examples, {classes} classes. Combined by {found.how}, which has the "
            f"least NLL in cross-validation within the validation examples."
        ]
    if found.temperature != 1.0:
        lines.append(f"Temperature: {found.temperature:.3f}.")
    if found.weights is not None:
        pairs = zip(found.member_names, found.weights, strict=True)
        lines.append(f"Weights: {', '.join(f'{name} {weight:.3f}' for name, weight in pairs)}.")
    print_paragraphs(lines)
    if found.table:
        _print_table(found.table, confidence)
    elif len(found.validation_nll) > 1:
        typer.echo()
        rows = [(way, f"{value:.4f}") for way, value in found.validation_nll.items()]
        print_table(("way", "validation NLL"), rows)
    if found.notes:
        typer.echo()
    print_paragraphs([f"Note: {note}" for note in found.notes])


def _print_table(table: Sequence[Any], confidence: float) -> None:
    """Print each way's scores, and beside each what it is above that of the mean."""
    has_validation = any(row.validation_nll is not None for row in table)
    for first, second in (("accuracy", "nll"), ("brier", "ece")):
        typer.echo()
        headings = ["way", HEADINGS[first], "minus mean", HEADINGS[second], "minus mean"]
        print_table(headings, [[row.how, *_cells(row, first), *_cells(row, second)] for row in table])
    if has_validation:
        typer.echo()
        known = [row for row in table if row.validation_nll is not None]
        rows = [(row.how, f"{row.validation_nll:.4f}", f"{row.temperature:.3f}") for row in known]
        print_table(("way", "NLL in cross-validation", "temperature"), rows)
    print_paragraphs(
        [
            "",
            f"Accuracy in %, NLL in nats. In brackets: {confidence:.0%} bootstrap intervals over test examples, of "
            "differences paired.",
        ]
    )


HEADINGS = {"accuracy": "accuracy", "nll": "NLL", "brier": "Brier", "ece": "ECE"}
DIGITS = {"accuracy": (100.0, 2), "nll": (1.0, 3), "brier": (1.0, 3), "ece": (1.0, 3)}


def _cells(row: Any, metric: str) -> tuple[str, str]:
    """Return a score, and its difference to the mean with its interval."""
    score, (scale, digits) = getattr(row, metric), DIGITS[metric]
    value = f"{scale * score.value:.{digits}f}"
    if row.how == "mean":
        return value, ""
    ends = [scale * end for end in (score.difference, score.difference_low, score.difference_high)]
    # Numbers of more digits before the point have fewer behind it, so that lines keep their length.
    digits -= len(f"{max(map(abs, ends)):.0f}") - 1
    # What rounds to 0 has no sign.
    texts = [f"{end:+.{digits}f}" if round(end, digits) else f"{0:.{digits}f}" for end in ends]
    return value, f"{texts[0]:>6} [{texts[1]}, {texts[2]}]"
