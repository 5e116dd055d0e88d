"""Make the worked examples of the documentation: train, compare, and keep what their pages show.

Usage: python docs/examples/make.py DIR, where DIR holds the folders `cifar10-jpeg` and `mnist` (Hugging Face Parquet).
The runs are kept in `runs/`; an example that was stopped goes on where it was.
All other examples take longer, some of them hours, and are made only by `--only NAME`.
"""

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import alignment
import differences
import frontier
import numpy as np
import paper_tables
import shapes_tables
import skips
import xarray as xr
from pages import NEWPARAGRAPH, answers_text, comparison_lines, facts_lines, facts_of, figure_sections, write_sections

import modescape
from modescape.report import FIGURES, drawn
from modescape.report.drawables import Drawing
from modescape.report.metrics import METRICS
from modescape.studies.report import command_of, report_contents
from modescape.studies.settings import StudySettings

HERE = Path(__file__).parent
RESULTS = ("training", "solutions", "trajectories", "embedding", "ensemble")
SHAPES_SETTINGS = {
    "limit": 2000,
    "test-limit": 2000,
    "members": 4,
    "epochs": 20,
    "batch-size": 64,
    "learning-rate": 0.003,
    "schedule": "cosine",
    "engine": "loop",
    "curvature-examples": 200,
    "trace-samples": 10,
    "width-directions": 3,
}
QUICK_SHAPES = {**SHAPES_SETTINGS, "limit": 100, "test-limit": 100, "members": 2, "epochs": 2, "curvature-examples": 20}
QUICK = {"members": 2, "epochs": 2, "limit": 2000, "test-limit": 1000}


@dataclass(frozen=True)
class Example:
    """One worked example: its name, the folder of its data below DIR, and its network."""

    name: str
    folder: str
    model: str


EXAMPLES = (
    Example("cifar10", "cifar10-jpeg", "small-cnn"),
    Example("mnist", "mnist", "mlp"),
)


def main() -> None:
    """Make every example that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=Path, help="holds the folders cifar10-jpeg and mnist")
    parser.add_argument(
        "--only",
        choices=[*(example.name for example in EXAMPLES), *LONG],
        help="make one example",
    )
    parser.add_argument(
        "--run", type=Path, help="run of a long example; of skips and architectures, what the names of both begin with"
    )
    parser.add_argument("--output", type=Path, help="where to keep a long example")
    parser.add_argument("--quick", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.only in LONG:
        prefix, make = LONG[arguments.only]
        output = arguments.output or HERE / arguments.only
        make(arguments.directory, arguments.run or Path("runs") / prefix, output, is_quick=arguments.quick)
        return
    settings = QUICK if arguments.quick else {"members": 5, "epochs": 10}
    for example in EXAMPLES:
        if arguments.only in (None, example.name):
            folder = Path("runs") / f"example-{example.name}{'-quick' if arguments.quick else ''}"
            run = trained(example, arguments.directory, settings, folder)
            keep(run, shown_command(example, settings), HERE / example.name)


def make_paper(directory: Path, run: Path, output: Path, *, is_quick: bool) -> None:
    """Make the example of the paper's study, which has no quick form."""
    _ = is_quick
    keep_paper(paper_run(directory, run), output)


def make_skips(directory: Path, run: Path, output: Path, *, is_quick: bool) -> None:
    """Make the example of networks with and without shortcuts."""
    settings = skips.QUICK if is_quick else skips.FULL
    runs = {skip: skip_run(directory, run, settings, skip=skip) for skip in skips.NAMES}
    skips.keep_skips(runs, settings, output)
    write_sections(output, skip_sections(runs, output))


def make_shapes(directory: Path, run: Path, output: Path, *, is_quick: bool) -> None:
    """Make the example of shapes of landscapes."""
    keep_shapes(shapes_run(directory, run, QUICK_SHAPES if is_quick else SHAPES_SETTINGS), output)


def skip_run(directory: Path, prefix: Path, settings: skips.Settings, *, skip: bool) -> modescape.Run:
    """Train one of the two networks, go on with it, or take it as it is where it is trained."""
    folder = skips.folder_of(prefix, skip=skip)
    begun = (folder / "manifest.json").is_file()
    if not (begun and modescape.open(str(folder)).manifest["status"] in ("trained", "finished")):
        words = ["train", "--resume"] if begun else skips.words(directory, settings, skip=skip)
        modescape_command(*words, "--output", str(folder))
    return modescape.open(str(folder))


def skip_sections(runs: dict[bool, modescape.Run], folder: Path) -> dict[str, str]:
    """Return the fragment of the page: what was run, both landscapes, and the numbers."""
    numbers = json.loads((folder / "skips.json").read_text(encoding="utf-8"))
    facts = {skip: facts_of(run, training_command(run)) for skip, run in runs.items()}
    told = [f"**{skips.HEADINGS[skip]}**\n\n" + "\n".join(facts_lines(facts[skip])) for skip in runs]
    tables = f'<div class="modescape-numbers" markdown>\n\n{NEWPARAGRAPH.join(skips.tables(numbers))}\n\n</div>'
    return {
        "What was run": NEWPARAGRAPH.join(told),
        "Both landscapes": skips.figures_text(numbers, folder.name),
        "The numbers": tables,
    }


def training_command(run: modescape.Run) -> str:
    """Return the command that trains a run, from its settings, as readers see it."""
    # What was asked of a run since it was trained is no part of it.
    command = command_of(StudySettings(**run.settings).model_dump(mode="json")) or ""
    return readers(command.replace("modescape study", "modescape train", 1))


def shapes_run(directory: Path, folder: Path, settings: dict[str, Any]) -> modescape.Run:
    """Do the study `shapes`, go on with it, or take it as it is where it is finished."""
    data = [f"parquet:{directory / name}" for name in ("mnist", "cifar10-jpeg")]
    words = ["--data", data[-1], "--model", "resnet20", "--vary", f"data={','.join(data)}"]
    words += ["--vary", "skip=true,false", "--vary", "width=0.25,0.5", *options(settings)]
    return studied("shapes", words, folder)


def studied(study: str, words: list[str], folder: Path) -> modescape.Run:
    """Do a study, go on with it, or take it as it is where it is finished."""
    begun = (folder / "manifest.json").is_file()
    if not (begun and modescape.open(str(folder)).manifest["status"] == "finished"):
        modescape_command("study", study, *(["--resume"] if begun else words), "--output", str(folder))
        return modescape.open(str(folder))
    run = modescape.open(str(folder))
    modescape.report_run(run)
    return run


def keep_shapes(run: modescape.Run, folder: Path) -> None:
    """Write what the page of the study `shapes` shows."""
    results = {shapes_tables.SHAPES: report_contents(run).results[shapes_tables.SHAPES]}
    tables = shapes_tables.tables(results[shapes_tables.SHAPES])
    drawings = drawn(FIGURES, results)[0]
    summary = modescape.summarise_run(run).as_dict()
    keep_study(run, folder, drawings, tables, {"Common beliefs": paper_tables.claims(summary["claims"])})


def keep_study(
    run: modescape.Run, folder: Path, drawings: list[Drawing], tables: dict[str, str], own: dict[str, str]
) -> None:
    """Write figures, summary, facts, and a page fragment made of them.

    Args:
        run: Of a study that is finished.
        folder: Where to write; what it held goes.
        drawings: The figures that are shown.
        tables: By title.
        own: Further sections of the page, by title.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    figures = figure_sections(run, folder, drawings)
    told = report_contents(run).facts
    is_trained = "training" in run.manifest
    facts = facts_of(run, readers(told["command"])) if is_trained else dict(told)
    summary = modescape.summarise_run(run).as_dict()
    for name, content in (("summary", summary), ("facts", facts)):
        (folder / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    lines = facts_lines(facts) if is_trained else comparison_lines(told)
    listed = NEWPARAGRAPH.join(f"### {title}\n\n{table}" for title, table in tables.items())
    sections = {
        "What was run": "\n".join(lines),
        **own,
        **({"The numbers": f'<div class="modescape-numbers" markdown>\n\n{listed}\n\n</div>'} if tables else {}),
        "The figures": NEWPARAGRAPH.join(figures),
    }
    write_sections(folder, sections)


def modescape_command(*words: str) -> None:
    """Run the program with a few words."""
    program = str(Path(sys.executable).with_name("modescape"))
    subprocess.run([program, *words], check=True)  # noqa: S603


def readers(command: str) -> str:
    """Return a command with the reader's folder in place of ours."""
    return re.sub(r"parquet:[^\s,]*?/?(cifar10-jpeg|mnist)\b", r"parquet:DIR/\1", command)


def trained(example: Example, directory: Path, settings: dict[str, int], folder: Path) -> modescape.Run:
    """Run the command of an example, or go on with its run, and return it."""
    if (folder / "manifest.json").is_file():
        words = ["--resume"]
    else:
        words = [
            "--data",
            f"parquet:{directory / example.folder}",
            "--model",
            example.model,
            *options(settings),
        ]
    modescape_command("study", *words, "--output", str(folder))
    return modescape.open(str(folder))


def paper_run(directory: Path, folder: Path) -> modescape.Run:
    """Run the paper's study, go on with it, or take it as it is where it is finished."""
    words = ["--preset", "paper", "--data", f"parquet:{directory / 'cifar10-jpeg'}", "--model", "small-cnn"]
    words += ["--foreign", f"parquet:{directory / 'mnist'}", "--source-epochs", "10"]
    return studied("fort2019", words, folder)


def keep_paper(run: modescape.Run, folder: Path) -> None:
    """Write what the page of the paper's study shows."""
    results = report_contents(run).results
    summary = modescape.summarise_run(run).as_dict()
    own = {
        "Beside the published marks": paper_tables.marks(results),
        "The claims": paper_tables.claims(summary["claims"]),
        "The answers": answers_text(summary),
    }
    keep_study(run, folder, drawn(FIGURES, results)[0], paper_tables.tables(results), own)


def make_differences(directory: Path, run: Path, output: Path, *, is_quick: bool) -> None:
    """Make an example of the study `differences`."""
    words = differences.DIFFERENCES[output.name.removeprefix("differences-")]
    words = [word.format(directory=directory) for word in words]
    quick = ["--limit", "500", "--test-limit", "300", "--epochs", "2", "--members", "3"] if is_quick else []
    keep_figures(studied("differences", [*words, *quick], run), output, differences.FIGURES)


def make_frontier(directory: Path, run: Path, output: Path, *, is_quick: bool) -> None:
    """Make an example of the study `frontier`."""
    words = [word.format(directory=directory) for word in frontier.FRONTIERS[output.name.removeprefix("frontier-")]]
    found = studied("frontier", [*words, *(frontier.QUICK if is_quick else ())], run)
    results = report_contents(found).results
    drawings = drawn([kind for kind in FIGURES if kind.name in frontier.FIGURES], results)[0]
    answers = answers_text(modescape.summarise_run(found).as_dict())
    keep_study(found, output, drawings, frontier.tables(found), {"The answers": answers})


def make_three_classes(directory: Path, run: Path, output: Path, *, is_quick: bool) -> None:
    """Make an example of the study `three-class`."""
    words = [
        word.format(directory=directory)
        for word in differences.THREE_CLASSES[output.name.removeprefix("three-classes-")]
    ]
    quick = ["--limit", "500", "--epochs", "2", "--members", "4"] if is_quick else []
    keep_figures(studied("three-class", [*words, *quick], run), output, differences.THREE_CLASS_FIGURES)


def make_architectures(directory: Path, run: Path, output: Path, *, is_quick: bool) -> None:
    """Train a residual network with and without shortcuts, and compare the members of both."""
    settings = {**differences.ARCHITECTURES, **({"limit": 300, "test-limit": 300, "epochs": 2} if is_quick else {})}
    folders = []
    for skip in ("true", "false"):
        folders.append(run.with_name(f"{run.name}-skip-{skip}"))
        if not (folders[-1] / "manifest.json").is_file():
            words = ["study", "--data", f"parquet:{directory / 'cifar10-jpeg'}", "--model", "resnet20"]
            words += ["--model-option", f"skip={skip}", *options(settings)]
            modescape_command(*words, "--output", str(folders[-1]))
    compared = run.with_name(f"{run.name}-compared")
    if not (compared / "manifest.json").is_file():
        modescape_command("compare", *map(str, folders), "--output", str(compared))
    keep_figures(modescape.open(str(compared)), output, differences.ARCHITECTURE_FIGURES)


def keep_figures(run: modescape.Run, folder: Path, names: Sequence[str]) -> None:
    """Write a page of some figures of a run, with the numbers of those that have few."""
    results = dict(report_contents(run).results)
    kinds = [kind for kind in FIGURES if kind.name in names]
    drawings = drawn(kinds, results)[0]
    answers = answers_text(modescape.summarise_run(run).as_dict())
    keep_study(run, folder, drawings, differences.tables(drawings), {"The answers": answers})


def options(settings: dict[str, int]) -> list[str]:
    """Return settings as words of a command line."""
    return [word for name, value in settings.items() for word in (f"--{name}", str(value))]


def shown_command(example: Example, settings: dict[str, int]) -> str:
    """Return the command as readers see it; where the data lie is theirs to fill in."""
    words = [
        "modescape study",
        f"--data parquet:DIR/{example.folder}",
        f"--model {example.model}",
        *options(settings),
    ]
    return " ".join(words)


def keep(run: modescape.Run, command: str, folder: Path) -> None:
    """Write what the page of an example shows: figures, summary, facts, and a page fragment made of them."""
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    figures = kept_figures(run, folder)
    summary, facts = modescape.summarise_run(run).as_dict(), facts_of(run, command)
    for name, content in (("summary", summary), ("facts", facts)):
        (folder / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    tables = f'<div class="modescape-numbers" markdown>\n\n{metrics_table(run)}\n\n{pairs_table(run)}\n\n</div>'
    sections = {
        "What was run": "\n".join(facts_lines(facts)),
        "The answers": answers_text(summary),
        "The numbers": tables,
        "The figures": NEWPARAGRAPH.join(figures),
    }
    write_sections(folder, sections)


def metrics_table(run: modescape.Run) -> str:
    """Return accuracy, NLL, Brier score and ECE of one member and of all, and the change, as a Markdown table."""
    ensemble = run.arrays("results/ensemble")
    most = int(ensemble["size"].max())
    level = f"{100 * ensemble.attrs['confidence']:g} %"
    lines = [
        f"Test metrics with {level} intervals over examples; the change is paired.",
        "",
        f"| metric | 1 member (mean) | {most} members | change |",
        "|---|---|---|---|",
    ]
    for name, metric in METRICS.items():
        cells = [
            interval(ensemble.sel(metric=name, size=size), "", metric.scale, metric.decimals) for size in (1, most)
        ]
        change = interval(ensemble.sel(metric=name, size=most), "gain", metric.scale, metric.decimals)
        lines.append(f"| {metric.axis_label} | {cells[0]} | {cells[1]} | {change} |")
    return "\n".join(lines)


def interval(at: xr.Dataset, prefix: str, scale: float, decimals: int) -> str:
    """Return a number with its interval."""
    names = ("gain", "gain_low", "gain_high") if prefix else ("value", "low", "high")
    sign = "+" if prefix else ""
    value, low, high = (f"{scale * float(at[name]):{sign}.{decimals}f}" for name in names)
    return f"{value} [{low}, {high}]"


def pairs_table(run: modescape.Run) -> str:
    """Return how far apart members are, over all pairs, as a Markdown table."""
    solutions = run.arrays("results/solutions")
    upper = np.triu_indices(solutions.sizes["member"], k=1)
    lines = ["| between two members | mean | lowest | highest |", "|---|---|---|---|"]
    for name, label, scale, decimals in (
        ("disagreement", "disagreement (% of test examples)", 100.0, 2),
        ("cosine", "cosine of the weights", 1.0, 4),
    ):
        values = scale * solutions[name].to_numpy()[upper]
        cells = (f"{value:.{decimals}f}" for value in (values.mean(), values.min(), values.max()))
        lines.append(f"| {label} | {' | '.join(cells)} |")
    return "\n".join(lines)


def kept_figures(run: modescape.Run, folder: Path) -> list[str]:
    """Copy every figure as PNG or SVG, whichever is smaller, and return a section of Markdown for each."""
    results = {name: run.arrays(f"results/{name}") for name in RESULTS if run.has_arrays(f"results/{name}")}
    sections = []
    for drawing in drawn(FIGURES, results)[0]:
        images = [run.path / "figures" / f"{drawing.name}.{ending}" for ending in ("png", "svg")]
        smaller = min(images, key=lambda image: image.stat().st_size)
        (folder / smaller.name).write_bytes(smaller.read_bytes())
        image = f"![{drawing.alt}]({folder.name}/{smaller.name})"
        sections.append(f"### {drawing.title}\n\n{drawing.shows} {drawing.look_for}\n\n{image}")
    return sections


LONG: dict[str, tuple[str, Callable[..., None]]] = {
    "paper": ("example-paper", make_paper),
    "skips": ("li56", make_skips),
    "shapes": ("example-shapes", make_shapes),
    "differences-cifar10": ("example-differences-cifar10", make_differences),
    "differences-mnist": ("example-differences-mnist", make_differences),
    "three-classes-cifar10": ("example-three-classes-cifar10", make_three_classes),
    "three-classes-mnist": ("example-three-classes-mnist", make_three_classes),
    "architectures": ("resnet20", make_architectures),
    "frontier-cifar10": ("example-frontier-cifar10", make_frontier),
    "frontier-mnist": ("example-frontier-mnist", make_frontier),
    "alignment": ("example-alignment", alignment.make_alignment),
}
"""The long examples: what the names of their runs begin with, and what makes them."""


if __name__ == "__main__":
    main()
