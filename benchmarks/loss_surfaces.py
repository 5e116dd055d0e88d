"""Claim: a loss surface comes faster than from loss-landscapes, is the same, and takes fewer points where it is smooth.

Usage: python benchmarks/loss_surfaces.py [--quick] [--rounds 5] [--output docs/benchmarks.md]
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from scipy.interpolate import RegularGridInterpolator
from torch.nn import functional as F

from common import Options, alternate, counted, machine, parsed_options, publish, ratios, spread, table
from many_weights import Plane, inputs_and_labels, peer_run, trained_plane
from modescape.core.trees import Tree
from modescape.functions.many import Precision
from modescape.landscapes import Objective
from modescape.landscapes.grids import LOG_RATIO, adaptive_surface
from modescape.train import weights_of
from trainers import installed

MODELS = {"small-cnn": 4, "mlp": 6, "resnet20": 2}
"""Networks, and the points each way that are measured of each."""

OWN, HALF, PEER = "modescape, float32", "modescape, bf16", "loss-landscapes 3.0.6"
RANGE = (-0.5, 1.5)
TOLERANCE = 0.02
FEW_IMAGES = 256
"""Those of the grids, whose error shows at four times as many points as the finest has."""
INTRODUCTION = """Timed is the mean NLL on the same images at each point of a plane through three networks trained for a
few epochs, weights of the points included. Both use the averages of batch norm of the plane's first network.

- modescape: `Objective(network, F.cross_entropy, [(images, labels)], batch_norm="keep")`, which gives accuracy, too.
- loss-landscapes: `planar_interpolation` with `metrics.Loss` on all images at once, as its documentation shows."""


def main() -> None:
    """Time all ways and publish the section."""
    options = parsed_options(__doc__, rounds=5)
    num_images = 64 if options.quick else 1_024
    package = installed("loss_landscapes")
    rows, notes = [], []
    for model, side in MODELS.items():
        plane = trained_plane(num_images, side, 2 if options.quick else side, model)
        found, note = compared(plane, options, package)
        rows += found
        notes.append(note)
    header = ["network", "", "milliseconds a point", "ratio to loss-landscapes"]
    smooth = trained_plane(64 if options.quick else FEW_IMAGES, 1, 1)
    parts = [
        "## Loss surfaces",
        machine(),
        INTRODUCTION,
        table(header, rows),
        f"{num_images:,} images; median of {counted(options.rounds, 'round')}, smallest and largest. A processor "
        "without instructions for 16-bit floats computes them no faster.",
        *notes,
        *equal_error(smooth, 17 if options.quick else 33),
    ]
    publish("loss_surfaces", parts, options.output)


def compared(plane: Plane, options: Options, package: Any) -> tuple[list[list[str]], str]:
    """Return the rows of one network, and what is to be said about the losses."""
    runs: dict[str, Callable[[], np.ndarray]] = {OWN: own_run(plane, "float32"), HALF: own_run(plane, "bf16")}
    if package is not None:
        runs[PEER] = peer_run(plane, package)
    seconds, losses = alternate(runs, options.rounds, warm_up=not options.quick)
    each = {name: [1_000 * taken / losses[name].size for taken in own] for name, own in seconds.items()}
    rows = [
        [plane.model, name, spread(own, 1), spread(ratios(each[PEER], own)) if PEER in each else "not installed"]
        for name, own in each.items()
    ]
    rough = np.abs(losses[HALF] - losses[OWN]).max()
    note = f"{plane.model}: bf16 differs from float32 by at most {rough:.1e} nats"
    if PEER not in losses:
        return rows, f"{note}."
    gap = np.abs(losses[PEER] - losses[OWN]).max()
    stated = np.array(list(losses_of(plane, stated_places(plane.patch, plane.side)))).reshape(losses[PEER].shape)
    wrong = np.abs(losses[PEER] - stated)
    return rows, (
        f"{note}, and loss-landscapes at the very points that it measures by at most {gap:.1e}. These are not those of "
        f"a grid: every second row, the first among them, is shifted by a step, and the losses there differ from those "
        f"of the grid by up to {wrong[::2].max():.3f} nats, in the other rows by {wrong[1::2].max():.1e}."
    )


def stated_places(points: int, side: int) -> list[tuple[float, float]]:
    """Return the places of a plain grid, row by row."""
    return [(row / side, column / side) for row in range(points) for column in range(points)]


def objective_of(plane: Plane, precision: Precision = "float32") -> Objective:
    """Return the mean NLL of a plane's networks."""
    network = plane.network()
    network.load_state_dict(plane.corners[0].state_dict())
    return Objective(network, F.cross_entropy, [inputs_and_labels(plane)], batch_norm="keep", precision=precision)


def own_run(plane: Plane, precision: Precision) -> Callable[[], np.ndarray]:
    """Return a run of modescape over the points that loss-landscapes measures."""
    objective = objective_of(plane, precision)

    def run() -> np.ndarray:
        found = [each["loss"] for each in objective.each(parameters_of(plane, plane.weights(plane.patch)))]
        return np.array(found).reshape(plane.patch, plane.patch)

    return run


def losses_of(plane: Plane, places: Iterable[tuple[float, float]]) -> Iterator[float]:
    """Yield the loss at places of a plane: shares of the way to its second and third network."""
    start, first, second = (weights_of(corner) for corner in plane.corners)
    trees = (
        {name: own + alpha * (first[name] - own) + beta * (second[name] - own) for name, own in start.items()}
        for alpha, beta in places
    )
    return (found["loss"] for found in objective_of(plane).each(parameters_of(plane, trees)))


def parameters_of(plane: Plane, trees: Iterable[Tree]) -> Iterator[Tree]:
    """Yield weights without buffers, which are then those of the plane's first network: loss-landscapes moves none."""
    names = [name for name, _ in plane.corners[0].named_parameters()]
    return ({name: tree[name] for name in names} for tree in trees)


def equal_error(plane: Plane, num: int) -> list[str]:
    """Return how many points a grid needs with refinement, and without it for the same largest error."""
    fine = np.linspace(*RANGE, 2 * num - 1)
    truth = np.array(list(losses_of(plane, [(x, y) for x in fine for y in fine]))).reshape(len(fine), len(fine))
    known = {(float(x), float(y)): truth[i, j] for i, x in enumerate(fine) for j, y in enumerate(fine)}

    def evaluate(points: Iterable[tuple[float, ...]]) -> Iterator[Mapping[str, float]]:
        return ({"loss": known[min(known, key=lambda at: np.hypot(at[0] - x, at[1] - y))]} for x, y in points)

    surface = adaptive_surface(evaluate, [RANGE, RANGE], num=num, tolerance=TOLERANCE)
    logarithmic = bool(truth.min() > 0 and truth.max() > LOG_RATIO * truth.min())
    scale: Callable[[np.ndarray], np.ndarray] = np.log if logarithmic else np.asarray
    drawn, span = scale(truth), np.ptp(scale(truth))
    error = np.abs(between(fine[::2], scale(surface.values["loss"]), fine) - drawn).max() / span
    rows = [["adaptive", str(surface.num_measured), f"{error:.2%}"]]
    sizes = [size for size in (2**k + 1 for k in range(2, 12)) if size <= num]
    needed = 0
    for size in sizes:
        step = (len(fine) - 1) // (size - 1)
        missed = np.abs(between(fine[::step], drawn[::step, ::step], fine) - drawn).max() / span
        rows.append([f"uniform, {size} x {size}", str(size**2), f"{missed:.2%}"])
        needed = needed or (size**2 if missed <= error else 0)
    needed_text = f"takes {needed / surface.num_measured:.1f} times the points" if needed else "is finer than these"
    return [
        "The same plane of `small-cnn`, half its width around the three networks included, on "
        f"{len(plane.dataset.train)} images. Points of the adaptive grid lie on a lattice of {num} x {num}, of which "
        f"it measures those that it needs for an error of {TOLERANCE:.0%}. Between points all grids are bilinear; the "
        f"error is the largest at {len(fine)} x {len(fine)} points that were all measured, as a share of the range of "
        f"the {'logarithm of the ' if logarithmic else ''}loss.",
        table(["grid", "points measured", "largest error"], rows),
        f"The first uniform grid with no larger error {needed_text}.",
    ]


def between(coarse: np.ndarray, values: np.ndarray, fine: np.ndarray) -> np.ndarray:
    """Return bilinear interpolation of values on a square grid at the points of a finer one."""
    at = np.stack(np.meshgrid(fine, fine, indexing="ij"), axis=-1)
    return RegularGridInterpolator((coarse, coarse), values)(at)


if __name__ == "__main__":
    main()
