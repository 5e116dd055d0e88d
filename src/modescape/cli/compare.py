"""`modescape compare`: compare prediction files, checkpoints and runs that were made elsewhere."""

from pathlib import Path
from typing import Annotated, Any

import typer
import typer.core

from modescape.cli.options import ALIGNMENT, COMPARISON, DATA, DIFFERENCES, model_options, with_settings
from modescape.cli.output import print_summary
from modescape.cli.shared import Json, Output, Quiet
from modescape.core.errors import ArgumentError, Quoted

FOUND = "modescape.architectures"
"""Where the networks and their files wait, from when the command line is read to when the command is called."""
SEVERAL = ("--checkpoints", "--checkpoint")
"""Options that all words belong to that follow, up to the next option."""


class OrderedCommand(typer.core.TyperCommand):
    """A command that keeps networks, their options and their checkpoints in the order in which they were typed."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take networks and checkpoints out of the words, and read the others as usual."""
        found, others = architectures_in(args)
        ctx.meta[FOUND] = found
        return super().parse_args(ctx, others)


def architectures_in(words: list[str]) -> tuple[list[tuple[str | None, list[str], list[str]]], list[str]]:
    """Return each network with its options and checkpoints, and the words that are left.

    Args:
        words: What was typed after the name of the command.

    Raises:
        ArgumentError: If an option has no value.

    >>> typed = "--model net:a --checkpoints x.pt y.pt --model net:b --model-option n=2 --checkpoints z.pt --quiet"
    >>> found, left = architectures_in(typed.split())
    >>> found, left
    ([('net:a', [], ['x.pt', 'y.pt']), ('net:b', ['n=2'], ['z.pt'])], ['--quiet'])
    """
    found: list[tuple[str | None, list[str], list[str]]] = []
    others: list[str] = []
    left = _split(words)
    while left:
        word = left.pop(0)
        if word == "--":
            return found, [*others, word, *left]
        if word == "--model":
            found.append((_value(word, left), [], []))
        elif word == "--model-option":
            _last(found)[1].append(_value(word, left))
        elif word in SEVERAL:
            files = _last(found)[2]
            files.append(_value(word, left))
            while left and not left[0].startswith("-"):
                files.append(left.pop(0))
        else:
            others.append(word)
    return found, others


def _split(words: list[str]) -> list[str]:
    """Return words with `--model=NAME` as two, for the options that are taken out."""
    taken = ("--model=", "--model-option=", *(f"{option}=" for option in SEVERAL))
    pieces = [word.split("=", 1) if word.startswith(taken) else [word] for word in words]
    return [piece for word in pieces for piece in word]


def _value(option: str, left: list[str]) -> str:
    """Take the word that an option must have."""
    if not left or left[0].startswith("--"):
        raise ArgumentError(option, "have a value", Quoted("none"), f"Write one after {option}")
    return left.pop(0)


def _last(found: list[tuple[str | None, list[str], list[str]]]) -> tuple[str | None, list[str], list[str]]:
    """Return the network that was named last, or one without a name."""
    if not found:
        found.append((None, [], []))
    return found[-1]


@with_settings(DATA, COMPARISON, DIFFERENCES, ALIGNMENT, without=("data", "held_out", "augment", "perplexity"))
def compare(
    context: typer.Context,
    *,
    sources: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Prediction files (.npy, .npz, .csv, .parquet), folders of them, and runs.", show_default=False
        ),
    ] = None,
    labels: Annotated[Path | None, typer.Option(help="File with the true classes.")] = None,
    data: Annotated[
        str | None, typer.Option(help="What checkpoints are tested on, such as cifar10 or parquet:DIR.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="Network of the checkpoints that follow, such as package.module:function; repeat it."),
    ] = None,
    model_option: Annotated[
        str | None,
        typer.Option(metavar="NAME=VALUE", help="An option of that network, such as dropout=0.2; repeat it."),
    ] = None,
    checkpoints: Annotated[
        str | None,
        typer.Option(metavar="FILES", help="Its weights: .pt, .pth, .bin, .ckpt or .safetensors files, any number."),
    ] = None,
    normalize: Annotated[
        tuple[str, str] | None,
        typer.Option(
            metavar="MEAN STD",
            help="Scale inputs by these, pixels counted from 0 to 1: numbers, or one a channel with commas between.",
            show_default=False,
        ),
    ] = None,
    names: Annotated[str | None, typer.Option(help="Names of members or of sources, with commas between.")] = None,
    groups: Annotated[str | None, typer.Option(help="Group of each source, with commas between.")] = None,
    kind: Annotated[
        str, typer.Option(help="What numbers in files are: auto, probabilities, logits or labels.")
    ] = "auto",
    output: Output = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the comparison at --output.")] = False,
    only: Annotated[str | None, typer.Option(help="Do only this step, such as pairs, and those it needs.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of all that is drawn.")] = None,
    device: Annotated[str | None, typer.Option(help="Where networks run: auto, cpu, cuda, mps.")] = None,
    quiet: Quiet = False,
    json: Json = False,
    **settings: Any,
) -> None:
    """Compare predictions, checkpoints and runs made with any tool.

    Example: modescape compare a.npy b.csv c.parquet --labels y.csv
    """
    from modescape.cli.progress import shown_progress  # noqa: PLC0415 - not needed for --help
    from modescape.studies import compare as run_comparison  # noqa: PLC0415
    from modescape.studies import report_run, summarise_run  # noqa: PLC0415

    # Taken out of the words before typer has seen them.
    del model, model_option, checkpoints
    found = context.meta.get(FOUND, [])
    settings |= {name: value for name, value in (("seed", seed), ("device", device)) if value is not None}
    with shown_progress(quiet=quiet or json) as progress:
        run = run_comparison(
            *(str(source) for source in sources or ()),
            labels=None if labels is None else str(labels),
            data=data,
            normalize=normalize,
            names=None if names is None else names.split(","),
            groups=None if groups is None else groups.split(","),
            kind=kind,  # pyright: ignore[reportArgumentType] - checked there, in one line
            output=output,
            resume=resume,
            only=only,
            progress=progress,
            **_networks(found),
            **settings,
        )
        progress.start("report", 1)
        page = report_run(run)
        progress.advance("report", 1)
    print_summary(run.path, page, summarise_run(run), quiet=quiet, json=json)


def _networks(found: list[tuple[str | None, list[str], list[str]]]) -> dict[str, Any]:
    """Return networks, options and checkpoints as Python takes them."""
    if not found:
        return {}
    if found[0][0] is None:
        return {"checkpoints": found[0][2]}
    return {
        "model": [model for model, _, _ in found],
        "model_options": [model_options(options) for _, options, _ in found],
        "checkpoints": [files for _, _, files in found],
    }
