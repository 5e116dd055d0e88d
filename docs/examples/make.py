"""Make the worked examples of the documentation: train, compare, and keep what their pages show.

Usage: python docs/examples/make.py DIR, where DIR holds the folders `cifar10-jpeg` and `mnist` (Hugging Face Parquet).
The runs are kept in `runs/`; an example that was stopped goes on where it was.
The example `paper` takes hours and is made only by `--only paper`.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import paper_tables
import torch
import xarray as xr

import modescape
from modescape.report import FIGURES, drawn
from modescape.report.metrics import METRICS
from modescape.studies.report import report_contents

HERE = Path(__file__).parent
NEWPARAGRAPH = "\n\n"
RESULTS = ("training", "solutions", "trajectories", "embedding", "ensemble")
PAPER = "paper"
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
        choices=[*(example.name for example in EXAMPLES), PAPER],
        help="make one example",
    )
    parser.add_argument("--run", type=Path, default=Path("runs") / f"example-{PAPER}", help="run of the example paper")
    parser.add_argument("--output", type=Path, default=HERE / PAPER, help="where to keep the example paper")
    parser.add_argument("--quick", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.only == PAPER:
        keep_paper(paper_run(arguments.directory, arguments.run), arguments.output)
        return
    settings = QUICK if arguments.quick else {"members": 5, "epochs": 10}
    for example in EXAMPLES:
        if arguments.only in (None, example.name):
            folder = Path("runs") / f"example-{example.name}{'-quick' if arguments.quick else ''}"
            run = trained(example, arguments.directory, settings, folder)
            keep(run, shown_command(example, settings), HERE / example.name)


def trained(example: Example, directory: Path, settings: dict[str, int], folder: Path) -> modescape.Run:
    """Run the command of an example, or go on with its run, and return it."""
    program = str(Path(sys.executable).with_name("modescape"))
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
    subprocess.run([program, "study", *words, "--output", str(folder)], check=True)  # noqa: S603
    return modescape.open(str(folder))


def paper_run(directory: Path, folder: Path) -> modescape.Run:
    """Run the paper's study, go on with it, or take it as it is where it is finished."""
    begun = (folder / "manifest.json").is_file()
    if not (begun and modescape.open(str(folder)).manifest["status"] == "finished"):
        words = ["--resume"]
        if not begun:
            words = ["--preset", "paper", "--data", f"parquet:{directory / 'cifar10-jpeg'}", "--model", "small-cnn"]
            words += ["--foreign", f"parquet:{directory / 'mnist'}", "--source-epochs", "10"]
        program = str(Path(sys.executable).with_name("modescape"))
        subprocess.run([program, "study", "fort2019", *words, "--output", str(folder)], check=True)  # noqa: S603
        return modescape.open(str(folder))
    run = modescape.open(str(folder))
    modescape.report_run(run)
    return run


def keep_paper(run: modescape.Run, folder: Path) -> None:
    """Write what the page of the paper's study shows: figures, summary, facts, and a page fragment made of them."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    contents = report_contents(run)
    drawings = drawn(FIGURES, contents.results)[0]
    figures = []
    for drawing in drawings:
        image = run.path / "figures" / f"{drawing.name}.svg"
        (folder / image.name).write_bytes(image.read_bytes())
        text = " ".join((drawing.shows, drawing.look_for, *drawing.found))
        figures.append(f"### {drawing.title}\n\n{text}\n\n![{drawing.alt}]({folder.name}/{image.name})")
    # The true command, with the reader's folder in place of ours.
    command = re.sub(r"parquet:\S*?/?(cifar10-jpeg|mnist)\b", r"parquet:DIR/\1", contents.facts["command"])
    summary, facts = modescape.summarise_run(run).as_dict(), facts_of(run, command)
    for name, content in (("summary", summary), ("facts", facts)):
        (folder / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    tables = [f"### {title}\n\n{table}" for title, table in paper_tables.tables(contents.results).items()]
    sections = {
        "What was run": "\n".join(facts_lines(facts)),
        "Beside the published marks": paper_tables.marks(contents.results),
        "The claims": paper_tables.claims(summary["claims"]),
        "The answers": answers_text(summary),
        "The numbers": f'<div class="modescape-numbers" markdown>\n\n{NEWPARAGRAPH.join(tables)}\n\n</div>',
        "The figures": NEWPARAGRAPH.join(figures),
    }
    write_sections(folder, sections)


def write_sections(folder: Path, sections: dict[str, str]) -> None:
    """Write the fragment that the page of an example is made of."""
    text = NEWPARAGRAPH.join(f"## {title}\n\n{text}" for title, text in sections.items()) + "\n"
    (folder / "results.md").write_text(text, encoding="utf-8")


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


def facts_of(run: modescape.Run, command: str) -> dict[str, Any]:
    """Return what was run, on what, and how long it took."""
    manifest = run.manifest
    data = {name: manifest["data"][name] for name in ("num_train", "num_validation", "num_test")}
    versions = {name: manifest["versions"][name] for name in ("modescape", "python", "torch")}
    return {
        "command": command,
        "data": data,
        "num_parameters": manifest["model"]["num_parameters"],
        "engine": manifest["engine"]["reason"],
        "training_seconds": manifest["training"]["seconds"],
        "step_seconds": {name: step["seconds"] for name, step in manifest["steps"].items() if "seconds" in step},
        "machine": machine(),
        "versions": versions,
    }


def machine() -> str:
    """Describe this machine in words, without its name."""
    cores = f"{os.cpu_count()} CPU cores ({torch.backends.cpu.get_cpu_capability()})"
    return f"{torch.cuda.get_device_name()}, {cores}" if torch.cuda.is_available() else cores


def facts_lines(facts: dict[str, Any]) -> list[str]:
    """Return the facts as lines of Markdown."""
    data, versions = facts["data"], facts["versions"]
    steps = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in facts["step_seconds"].items())
    return [
        "```console",
        f"$ {facts['command']}",
        "```",
        "",
        f"- Data: {data['num_train']:,} training, {data['num_validation']:,} validation and {data['num_test']:,} test "
        "examples",
        f"- Network: {facts['num_parameters']:,} parameters",
        f"- Training, all members together: {facts['training_seconds']:,.0f} s ({facts['engine']})",
        f"- Comparison: {sum(facts['step_seconds'].values()):,.0f} s ({steps})",
        f"- Machine: {facts['machine']}; modescape {versions['modescape']}, Python {versions['python']}, "
        f"torch {versions['torch']}",
    ]


def answers_text(summary: dict[str, Any]) -> str:
    """Return the answers of the run as a reader sees them in the report."""
    paragraphs = []
    for answer in (summary["different"], summary["worth_it"]):
        paragraphs += [
            f"**{answer['question']} {answer['headline']}**",
            "\n".join(f"- {s}" for s in answer["sentences"]),
        ]
    return "\n\n".join([*paragraphs, *(f"Note: {note}" for note in summary["notes"])])


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


if __name__ == "__main__":
    main()
