"""The example `skips`: the landscapes of a deep residual network with and without its skip connections, side by side.

Source: Li et al. (2018), figure 1 and section 6, https://arxiv.org/abs/1712.09913
Differs from it in the size of the network and of the data, and in measuring the same plane twice: with statistics of
batch norm that are renewed at each point, and with those of the trained network, as Li et al. do.
"""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import numpy as np
import torch
import xarray as xr
from paper_tables import table
from PIL import Image, ImageSequence
from torch import Tensor, nn
from torch.nn import functional as F

import modescape
from modescape.data import Dataset, Examples
from modescape.functions import predict_each
from modescape.landscapes import top_eigenvalues, width
from modescape.models import recipe
from modescape.report.drawables import Drawing, Relief, Surface
from modescape.report.drawables.relief import clearest_azimuth
from modescape.report.figures.plane_surfaces import plane_surfaces
from modescape.report.figures.plane_table import plane_table
from modescape.report.static import pictures
from modescape.studies.runs import settings_of
from modescape.train import load_weights

BatchNorm = Literal["renew", "keep"]
KINDS: dict[BatchNorm, str] = {
    "renew": "statistics of batch norm measured anew at each point",
    "keep": "statistics of batch norm of the trained network, everywhere",
}
NAMES = {True: "with skip connections", False: "without skip connections"}
HEADINGS = {skip: name[0].upper() + name[1:] for skip, name in NAMES.items()}
PICTURE_PIXELS, MOVIE_PIXELS = 1400, 760
"""Widths on the page."""


@dataclass(frozen=True)
class Settings:
    """How the networks are trained and looked at."""

    train: Mapping[str, Any]
    options: Mapping[str, Any]
    examples: int
    points: int
    path_points: int
    curvature_examples: int
    width_directions: int = 5
    tolerance: float = 0.03
    seed: int = 0


FULL = Settings(
    train={
        "limit": 5000,
        "members": 1,
        "epochs": 40,
        "batch-size": 64,
        "learning-rate": 0.003,
        "schedule": "cosine",
        "trajectories": 1,
        "engine": "loop",
    },
    options={"depth": 56, "width": 0.25},
    examples=300,
    points=17,
    path_points=9,
    curvature_examples=50,
)
QUICK = Settings(
    train={**FULL.train, "limit": 200, "test-limit": 100, "epochs": 2},
    options={"depth": 8, "width": 0.25},
    examples=50,
    points=9,
    path_points=9,
    curvature_examples=50,
    width_directions=2,
)


def folder_of(prefix: Path, *, skip: bool) -> Path:
    """Return where the run of one network is."""
    return prefix.with_name(f"{prefix.name}-skip-{str(skip).lower()}")


def words(directory: Path, settings: Settings, *, skip: bool) -> list[str]:
    """Return the command that trains one network, without the program's name."""
    options = {**settings.options, "skip": str(skip).lower()}
    return [
        *("train", "--data", f"parquet:{directory / 'cifar10-jpeg'}", "--model", "resnet"),
        *(word for name, value in options.items() for word in ("--model-option", f"{name}={value}")),
        *(word for name, value in settings.train.items() for word in (f"--{name}", str(value))),
    ]


@dataclass(frozen=True)
class Look:
    """One trained network, and how it is looked at."""

    run: modescape.Run
    settings: Settings

    @cached_property
    def data(self) -> Dataset:
        """What the network was trained on."""
        chosen = settings_of(self.run)
        return modescape.load_dataset(chosen.data, seed=chosen.seed)

    @cached_property
    def network(self) -> nn.Module:
        """The network, with the weights that it ended with."""
        chosen = settings_of(self.run).model
        network = recipe(chosen.name, chosen.options).build(self.data.input_shape, self.data.num_classes, seed=0)
        load_weights(network, self.weights(self.last))
        return network.eval()

    @property
    def last(self) -> int:
        """The epoch of the solution."""
        return int(self.run.manifest["members"]["0"]["solution_step"])

    def weights(self, step: int) -> dict[str, Tensor]:
        """Return the weights after so many epochs."""
        return self.run.read_weights(0, step)

    def batches(self, number: int, size: int = 125) -> list[tuple[Tensor, Tensor]]:
        """Return so many training examples, the same for both networks."""
        train, generator = self.data.train, torch.Generator().manual_seed(self.settings.seed)
        rows = torch.randperm(len(train), generator=generator)[:number]
        inputs = self.data.prepare(train.inputs[rows])
        return list(zip(inputs.split(size), train.labels[rows].split(size), strict=True))

    def plane(self, batch_norm: BatchNorm) -> xr.Dataset:
        """Return the random plane around the network, from its training examples."""
        return self._kept(f"plane-{batch_norm}", points=self.settings.points, batch_norm=batch_norm)

    def path(self) -> xr.Dataset:
        """Return the plane of the way that training took."""
        return self._kept(
            "path",
            points=self.settings.path_points,
            batch_norm="renew",
            trajectory=[self.weights(step) for step in self.run.steps(0)],
        )

    def _kept(self, name: str, **options: Any) -> xr.Dataset:
        """Measure a plane, or go on with it; its points are kept beside the run."""
        return modescape.landscape(
            self.network,
            F.cross_entropy,
            self.batches(self.settings.examples),
            tolerance=self.settings.tolerance,
            seed=self.settings.seed,
            keep=self.run.path.with_name(f"{self.run.path.name}-{name}.jsonl"),
            **options,
        )

    def numbers(self) -> dict[str, Any]:
        """Return how good the network is, and how its minimum is shaped."""
        settings = self.settings
        batches, loss = self.batches(settings.curvature_examples, 50), nn.CrossEntropyLoss()
        around = width(
            self.network, loss, batches, num_directions=settings.width_directions, seed=settings.seed, rise=0.1
        )
        largest = top_eigenvalues(self.network, loss, batches, num=1, seed=settings.seed)[0]
        return {
            "train_loss": self.run.manifest["members"]["0"]["losses"][-1],
            "train_accuracy": self._accuracy(self.data.train),
            "test_accuracy": self._accuracy(self.data.test),
            "width": [around.value, around.low, around.high],
            "largest_eigenvalue": float(largest),
        }

    def _accuracy(self, examples: Examples) -> float:
        """Return the share of examples that the network decides right."""
        weights = [self.weights(self.last)]
        found = next(iter(predict_each(self.network, weights, examples.inputs, prepare=self.data.prepare)))
        return float((found.argmax(dim=1) == examples.labels).double().mean())


def of_plane(plane: xr.Dataset) -> dict[str, Any]:
    """Return how high a plane is at some distances, how many hollows it has, and at how many points it was measured."""
    loss = plane["loss"]
    away = np.hypot(*np.meshgrid(plane["alpha"], plane["beta"], indexing="ij"))
    step = float(plane["alpha"][1] - plane["alpha"][0])
    rings = {str(radius): loss.to_numpy()[np.abs(away - radius) <= step / 2] for radius in (0.25, 0.5, 1.0)}
    values = loss.to_numpy()
    others = [shift for shift in product((-1, 0, 1), repeat=2) if any(shift)]
    hollows = np.logical_and.reduce([values < np.roll(values, shift, (0, 1)) for shift in others])[1:-1, 1:-1]
    return {
        "middle": float(loss.sel(alpha=0, beta=0)),
        "rings": {radius: np.quantile(ring, (0.0, 0.5, 1.0)).tolist() for radius, ring in rings.items()},
        "hollows": int(hollows.sum()),
        "num_measured": int(plane.attrs["num_measured"]),
        "num_points": int(plane.attrs["num_points"]),
        "error": json.loads(plane.attrs["interpolation_error"])["loss"],
    }


def side_by_side(planes: Mapping[bool, xr.Dataset], kind: BatchNorm) -> bytes:
    """Return both landscapes as one picture, with the same colours and heights for the same loss."""
    found = {skip: plane_surfaces(plane, loss_unit="nats")[0] for skip, plane in planes.items()}
    ends = [surface.color_range for surface in found.values()]
    shared = (min(low for low, _ in ends), max(high for _, high in ends))
    log = any(surface.log_color for surface in found.values()) and shared[0] > 0
    drawn = [_alike(surface, f"Training loss {NAMES[skip]}", shared, log=log) for skip, surface in found.items()]
    azimuth = clearest_azimuth(drawn[0])
    reliefs = [Relief(surface.title, surface.alt, (surface,), azimuth) for surface in drawn]
    drawing = Drawing(
        name=f"skips-{kind}",
        title=f"ResNet on CIFAR-10: {KINDS[kind]}",
        shows="",
        look_for="",
        panels=(*reliefs, *(replace(surface, title="") for surface in drawn)),
        table=plane_table(planes[True]),
    )
    return smaller(pictures(drawing)["png"])


def _alike(surface: Surface, title: str, ends: tuple[float, float], *, log: bool) -> Surface:
    """Return a surface in the colours that both share."""
    return replace(surface, title=title, color_range=ends, log_color=log, color_label="loss (nats)")


def smaller(picture: bytes, *, pixels: int = PICTURE_PIXELS, every: int = 1) -> bytes:
    """Return a picture or a movie as WebP, as it is shown on a page.

    Args:
        picture: PNG or GIF.
        pixels: Largest width.
        every: Which of a movie's pictures to keep, and the last one.
    """
    source, content = Image.open(io.BytesIO(picture)), io.BytesIO()
    duration = every * source.info.get("duration", 0)
    frames = [frame.convert("RGB") for frame in ImageSequence.Iterator(source)]
    kept = [*frames[:-1:every], frames[-1]]
    for frame in kept:
        frame.thumbnail((pixels, 4 * pixels))
    kept[0].save(content, "webp", save_all=True, append_images=kept[1:], duration=duration, loop=0, quality=85)
    return content.getvalue()


def keep_skips(runs: Mapping[bool, modescape.Run], settings: Settings, folder: Path) -> None:
    """Write pictures, the walk of one training, and all numbers."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    looks = {skip: Look(run, settings) for skip, run in runs.items()}
    numbers: dict[str, Any] = {NAMES[skip]: look.numbers() for skip, look in looks.items()}
    for kind in KINDS:
        planes = {skip: look.plane(kind) for skip, look in looks.items()}
        (folder / f"skips-{kind}.webp").write_bytes(side_by_side(planes, kind))
        for skip, plane in planes.items():
            numbers[NAMES[skip]][kind] = of_plane(plane)
    way = looks[True].path()
    with TemporaryDirectory() as made:
        (movie,) = modescape.save_landscape(way, Path(made) / "walk.gif", loss_unit="nats")
        (folder / "walk.webp").write_bytes(smaller(movie.read_bytes(), pixels=MOVIE_PIXELS, every=3))
    explained = [float(way.attrs[f"explained_{axis}"]) for axis in ("alpha", "beta")]
    numbers["walk"] = {"explained": explained, "largest_residual": float(np.nanmax(way["path_residual"]))}
    numbers["settings"] = {"examples": settings.examples, "curvature_examples": settings.curvature_examples}
    (folder / "skips.json").write_text(json.dumps(numbers, indent=2) + "\n", encoding="utf-8")


def tables(numbers: Mapping[str, Any]) -> list[str]:
    """Return the numbers of both networks as Markdown tables."""
    both = [numbers[name] for name in NAMES.values()]
    planes = {text: _plane_table([one[kind] for one in both]) for kind, text in KINDS.items()}
    return [_shape_table(both), *(f"With {text}:\n\n{lines}" for text, lines in planes.items())]


def _shape_table(both: Sequence[Mapping[str, Any]]) -> str:
    """Return how good both are, and how their minima are shaped."""
    rows = {
        "training loss of the last epoch (nats)": [f"{one['train_loss']:.3f}" for one in both],
        "training accuracy (%)": [f"{100 * one['train_accuracy']:.1f}" for one in both],
        "test accuracy (%)": [f"{100 * one['test_accuracy']:.1f}" for one in both],
        "width: loss rises by 0.1 nats (filter norms)": [
            "{:.3f} [{:.3f}, {:.3f}]".format(*one["width"]) for one in both
        ],
        "largest eigenvalue of the Hessian": [f"{one['largest_eigenvalue']:.3g}" for one in both],
    }
    return table(["", *NAMES.values()], [[name, *cells] for name, cells in rows.items()])


def _plane_table(both: Sequence[Mapping[str, Any]]) -> str:
    """Return how both planes look."""
    rows = {"loss at the network (nats)": [f"{one['middle']:.3f}" for one in both]}
    for radius in both[0]["rings"]:
        name = f"loss {radius} filter norms away: lowest, median, highest (nats)"
        rows[name] = ["{:.3g}, {:.3g}, {:.3g}".format(*one["rings"][radius]) for one in both]
    rows["points lower than all eight neighbours"] = [str(one["hollows"]) for one in both]
    rows["points measured"] = [f"{one['num_measured']:,} of {one['num_points']:,}" for one in both]
    rows["estimated error of the others (nats)"] = [f"{one['error']:.2g}" for one in both]
    return table(["", *NAMES.values()], [[name, *cells] for name, cells in rows.items()])


def figures_text(numbers: Mapping[str, Any], folder: str) -> str:
    """Return the pictures with what they show, as Markdown."""
    walk = numbers["walk"]
    told = {
        "renew": "Each point is the network moved along two random directions, every filter in proportion to its norm. "
        "Batch norm was adjusted to the weights of each point, as in training. The same colour is the same loss in "
        "both.",
        "keep": "The same directions, but every point keeps the statistics that batch norm had at the end of training.",
    }
    parts = [
        f"### {text[0].upper()}{text[1:]}\n\n{told[kind]}\n\n"
        f"![Training loss of both networks around their solutions, {text}]({folder}/skips-{kind}.webp)"
        for kind, text in KINDS.items()
    ]
    shares = " and ".join(f"{100 * share:.1f} %" for share in walk["explained"])
    parts.append(
        "### The way of training\n\nThe network with skip connections on its way, epoch by epoch, in the plane of the "
        f"principal components of its checkpoints, which hold {shares} of their squared distances from the last one. "
        f"Checkpoints lie up to {walk['largest_residual']:.3g} from the plane.\n\n"
        f"![Checkpoints of one training walking over the loss surface]({folder}/walk.webp)"
    )
    return "\n\n".join(parts)
