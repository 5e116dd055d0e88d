"""The example `alignment`: is there one basin but for permutations? From narrow networks to wide ones, and REPAIR.

Source: Ainsworth, Hayase, Srinivasa (2023), section 5, https://arxiv.org/abs/2209.04836, for MNIST by width;
Jordan, Sedghi, Saukh, Entezari, Neyshabur (2023), section 5, https://arxiv.org/abs/2211.08403, for residual networks.
Differs from both in the sizes of networks and data, and in intervals over test examples.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from differences import ARCHITECTURES
from pages import NEWPARAGRAPH, write_sections
from paper_tables import table

import modescape
from modescape.core.axes import ALIGNMENT, PAIR
from modescape.core.progress import Silent
from modescape.report.drawables import Drawing, Line, Lines, Table
from modescape.report.figures import alignment, alignment_paths
from modescape.report.static import pictures
from modescape.studies.context import StudyContext
from modescape.studies.runs import loaded_task, settings_of
from modescape.studies.settings import StudySettings
from modescape.studies.steps.alignment import alignment as step

SHOWN = ("none", "none+repair", "weights", "activations", "weights+repair")
"""Alignments in the figure of widths; the others are in the numbers."""


@dataclass(frozen=True)
class Settings:
    """How the networks are trained; and at how many places, on how many examples, the residual network is looked at."""

    widths: tuple[int, ...]
    train: Mapping[str, Any]
    resnet: Mapping[str, Any]
    examples: int
    points: int


FULL = Settings(
    widths=(16, 32, 64, 128, 256, 512, 1024),
    train={"limit": 10000, "test-limit": 5000, "members": 2, "epochs": 5, "batch-size": 128, "trajectories": 0},
    resnet=ARCHITECTURES,
    examples=500,
    points=7,
)
QUICK = Settings(
    widths=(4, 8),
    examples=50,
    points=3,
    train={**FULL.train, "limit": 300, "test-limit": 200, "epochs": 2},
    resnet={**FULL.resnet, "limit": 100, "test-limit": 100, "members": 2, "epochs": 1},
)


def make_alignment(directory: Path, prefix: Path, output: Path, *, is_quick: bool = False) -> None:
    """Make the example: train networks of all widths and a residual network, or take them as they are; align; draw.

    Args:
        directory: Holds the folders `mnist` and `cifar10-jpeg`.
        prefix: What the names of the runs begin with.
        output: Where pictures and numbers go.
        is_quick: Whether tiny networks are enough.
    """
    settings = QUICK if is_quick else FULL
    wide = {width: _aligned(_mlp_words(directory, settings, width), _named(prefix, width)) for width in settings.widths}
    run = _aligned(_resnet_words(directory, settings), _named(prefix, "resnet20"), settings.examples, settings.points)
    keep(wide, run, output)


def keep(wide: Mapping[int, modescape.Run], resnet: modescape.Run, folder: Path) -> None:
    """Write pictures, numbers, and the fragment of the page.

    Args:
        wide: Runs of multilayer perceptrons by width, aligned.
        resnet: That of the residual network.
        folder: Where to write; what it held goes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    found = {width: run.arrays("results/alignment").load() for width, run in wide.items()}
    residual = resnet.arrays("results/alignment").load()
    drawings = {
        "by-width": by_width(found),
        "resnet20": alignment.compute({"alignment": residual}),
        "resnet20-paths": alignment_paths.compute({"alignment": residual}),
    }
    for name, drawing in drawings.items():
        (folder / f"{name}.svg").write_bytes(pictures(drawing)["svg"])
    numbers = {
        "widths": {str(width): numbers_of(dataset) for width, dataset in found.items()},
        "resnet20": numbers_of(residual),
    }
    (folder / "alignment.json").write_text(json.dumps(numbers, indent=2) + "\n", encoding="utf-8")
    write_sections(folder, _sections(drawings, numbers, folder.name))


def by_width(found: Mapping[int, xr.Dataset]) -> Drawing:
    """Return the barrier and the cosine between two solutions against the width of their layers, by alignment."""
    widths = np.log2(np.array(list(found), dtype=np.float64))
    panels = [
        _against_width("Barrier", "barrier of the loss (nats)", "barrier_loss", found, widths),
        _against_width("Cosine", "cosine of the weights", "cosine", found, widths),
    ]
    rows = [(width, name, *_numbers(found[width], name).values()) for width in found for name in _names(found[width])]
    heads = ["width", "alignment", *_numbers(next(iter(found.values())), "none")]
    columns = {head: np.array(column) for head, column in zip(heads, zip(*rows, strict=True), strict=True)}
    return Drawing(
        name="by-width",
        title="Two hidden layers on MNIST: barrier and cosine by width",
        shows="Each point is a pair of networks with so many units in both hidden layers; bands are 95 % intervals.",
        look_for="",
        panels=tuple(panels),
        table=Table(columns),
    )


def _against_width(title: str, y_label: str, name: str, found: Mapping[int, xr.Dataset], widths: np.ndarray) -> Lines:
    """Return one number of the first pair against the width."""
    lines = []
    for shown in SHOWN if name != "cosine" else ("none", "weights", "activations"):
        rows = [_numbers(dataset, shown) for dataset in found.values()]
        label, series = alignment.named(shown)
        values, low, high = (
            np.array([row.get(f"{name}{end}", np.nan) for row in rows]) for end in ("", "_low", "_high")
        )
        has_band = bool(np.isfinite(low).all())
        dashed = shown.endswith(alignment.REPAIRED)
        lines.append(
            Line(label, widths, values, low if has_band else None, high if has_band else None, label, series, dashed)
        )
    told = ", ".join(f"{line.name} {line.y[0]:.3f} to {line.y[-1]:.3f}" for line in lines)
    return Lines(
        title=title,
        alt=f"{title} from {min(found)} to {max(found):,} units a layer: {told}.",
        lines=tuple(lines),
        x_label="units in each hidden layer, as a power of 2",
        y_label=y_label,
        decimals=3,
    )


def numbers_of(dataset: xr.Dataset) -> dict[str, Any]:
    """Return the numbers of each pair and alignment, and how far the members differ."""
    return {
        str(pair): {
            "disagreement": [float(dataset[f"disagreement{end}"].sel({PAIR: pair})) for end in ("", "_low", "_high")],
            **{name: _numbers(dataset, name, str(pair)) for name in _names(dataset)},
        }
        for pair in dataset[PAIR].values
    }


def _numbers(dataset: xr.Dataset, name: str, pair: str | None = None) -> dict[str, float]:
    """Return the numbers of one pair, by default the first, and one alignment."""
    here = dataset.sel({PAIR: dataset[PAIR].values[0] if pair is None else pair, ALIGNMENT: name})
    columns = ("barrier_loss", "barrier_accuracy", "midpoint_disagreement")
    ends = {f"{column}{end}": float(here[f"{column}{end}"]) for column in columns for end in ("", "_low", "_high")}
    return {"cosine": float(here["cosine"]), **ends}


def _names(dataset: xr.Dataset) -> list[str]:
    """Return the alignments of a dataset."""
    return [str(name) for name in dataset[ALIGNMENT].values]


def tables(numbers: Mapping[str, Any]) -> dict[str, str]:
    """Return the numbers as Markdown tables, by title."""
    widths = {int(width): next(iter(pairs.values())) for width, pairs in numbers["widths"].items()}
    names = [name for name in next(iter(widths.values())) if name != "disagreement"]
    barriers = [
        [f"{width:,}", *(_told(pair[name], "barrier_loss") for name in names)] for width, pair in widths.items()
    ]
    heads = [alignment.named(name)[0] for name in names]
    residual = [
        [pair, alignment.named(name)[0], f"{one['cosine']:.3f}", *(_told(one, column) for column in _COLUMNS)]
        for pair, found in numbers["resnet20"].items()
        for name, one in found.items()
        if name != "disagreement"
    ]
    return {
        "Barrier of the loss by width (nats)": table(["units", *heads], barriers),
        "ResNet-20": table(["pair", "alignment", "cosine", *_COLUMNS.values()], residual),
    }


_COLUMNS = {
    "barrier_loss": "barrier of the loss (nats)",
    "barrier_accuracy": "fall of accuracy",
    "midpoint_disagreement": "half way, differs from the first",
}


def _told(one: Mapping[str, float], column: str) -> str:
    """Write a number with its interval."""
    return f"{one[column]:.3f} [{one[f'{column}_low']:.3f}, {one[f'{column}_high']:.3f}]"


def _sections(drawings: Mapping[str, Drawing], numbers: Mapping[str, Any], folder: str) -> dict[str, str]:
    """Return the sections of the page, by title."""
    shown = [
        f"### {drawing.title}\n\n{' '.join((drawing.shows, *drawing.found))}\n\n![{drawing.alt}]({folder}/{name}.svg)"
        for name, drawing in drawings.items()
    ]
    listed = [f"### {title}\n\n{text}" for title, text in tables(numbers).items()]
    return {
        "From narrow to wide, and a residual network": NEWPARAGRAPH.join(shown),
        "The numbers": f'<div class="modescape-numbers" markdown>\n\n{NEWPARAGRAPH.join(listed)}\n\n</div>',
    }


def _aligned(words: list[str], folder: Path, examples: int = 2000, points: int = 11) -> modescape.Run:
    """Train a run, go on with it, or take it as it is; and align its members."""
    begun = (folder / "manifest.json").is_file()
    if not (begun and modescape.open(str(folder)).manifest["status"] in ("trained", "finished")):
        program = str(Path(sys.executable).with_name("modescape"))
        chosen = ["train", "--resume"] if begun else words
        subprocess.run([program, *chosen, "--output", str(folder)], check=True)  # noqa: S603
    run = modescape.open(str(folder))
    settings = _looking(settings_of(run), examples, points)
    context = StudyContext(run, settings, loaded_task(settings, progress=Silent()))
    if not step.is_done(context):
        step.run(context)
    return run


def _looking(settings: StudySettings, examples: int, points: int) -> StudySettings:
    """Return settings with so many examples, at so many places of each path."""
    landscape = settings.landscape.model_copy(update={"landscape_examples": examples})
    chosen = settings.alignment.model_copy(update={"align_examples": examples, "align_points": points})
    return settings.model_copy(update={"landscape": landscape, "alignment": chosen})


def _mlp_words(directory: Path, settings: Settings, width: int) -> list[str]:
    """Return the command that trains the multilayer perceptrons of one width, without the program's name."""
    words = ["train", "--data", f"parquet:{directory / 'mnist'}", "--model", "mlp"]
    words += ["--model-option", f"hidden=[{width},{width}]"]
    return words + _options(settings.train)


def _resnet_words(directory: Path, settings: Settings) -> list[str]:
    """Return the command that trains the residual networks."""
    words = ["train", "--data", f"parquet:{directory / 'cifar10-jpeg'}", "--model", "resnet20"]
    return words + _options(settings.resnet)


def _options(chosen: Mapping[str, Any]) -> list[str]:
    """Return settings as words of a command."""
    return [word for name, value in chosen.items() for word in (f"--{name}", str(value))]


def _named(prefix: Path, what: object) -> Path:
    """Return the folder of a run."""
    return prefix.with_name(f"{prefix.name}-{what}")
