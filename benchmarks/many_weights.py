"""Claim: the losses of a plane of weights come several times faster than from loss-landscapes, and are the same.

Usage: python benchmarks/many_weights.py [--quick] [--rounds 5] [--output docs/benchmarks.md]
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from common import Options, alternate, counted, machine, parsed_options, publish, ratios, spread, table
from modescape.core.trees import Tree
from modescape.data import Dataset
from modescape.functions import predict_each
from modescape.train import load_weights, weights_of
from trainers import installed, made_images, modescape_run, task_of

GRID = 21
OWN, PLAIN, PEER = "modescape `predict_each`", "plain loop, batches of 64", "loss-landscapes 3.0.6"
INTRODUCTION = """Timed is the mean NLL of `small-cnn` on the same images, for each weight vector of a plane through
three networks trained for a few epochs. A weight vector is made when it is needed, and that is timed too.

- modescape: `predict_each` (logits), and the NLL of them.
- plain loop: each weight vector is copied into one network, which then runs on batches of 64 under `torch.no_grad`.
- loss-landscapes: `planar_interpolation` with `metrics.Loss` on all images at once, as its documentation shows. In
  every second row of its grid the points lie one step lower than in the others; modescape is given the very same."""


@dataclass(frozen=True)
class Plane:
    """Three networks that span a plane, and the images on which losses are taken.

    Args:
        corners: The network that it starts from, and the ends of both directions.
        dataset: Its training examples are the images.
        side: Points each way of the whole grid.
        patch: Points each way of the part that the slower ways compute.
        model: Name of the networks' architecture.
    """

    corners: list[nn.Module]
    dataset: Dataset
    side: int
    patch: int
    model: str = "small-cnn"

    def weights(self, points: int) -> Iterator[Tree]:
        """Yield the weight vectors of the grid's first points each way, row by row."""
        start, first, second = (weights_of(corner) for corner in self.corners)
        for row in range(points):
            for column in range(points):
                alpha = row / self.side
                beta = (column + (row % 2 == 0)) / self.side
                yield {
                    name: tensor + alpha * (first[name] - tensor) + beta * (second[name] - tensor)
                    for name, tensor in start.items()
                }

    def network(self) -> nn.Module:
        """Return a network whose weights may be overwritten."""
        return task_of(self.model, self.dataset, 1, 1).network(0).eval()


def main() -> None:
    """Time all ways and publish the section."""
    options = parsed_options(__doc__, rounds=5)
    side, patch = (5, 2) if options.quick else (GRID, 6)
    plane = trained_plane(128 if options.quick else 1_024, side, patch)
    runs: dict[str, Callable[[], np.ndarray]] = {OWN: own_run(plane), PLAIN: plain_run(plane)}
    package = installed("loss_landscapes")
    if package is not None:
        runs[PEER] = peer_run(plane, package)
    seconds, losses = alternate(runs, options.rounds, warm_up=not options.quick)
    parts = ["## Losses of many weight vectors", machine(), INTRODUCTION, *report(plane, options, seconds, losses)]
    publish("many_weights", parts, options.output)


def trained_plane(num_images: int, side: int, patch: int, model: str = "small-cnn") -> Plane:
    """Train three networks; they span the plane."""
    dataset = made_images(num_images)
    handle = modescape_run(task_of(model, dataset, 3, 5))[0]()
    return Plane([network.eval() for network in handle()], dataset, side, patch, model)


def report(plane: Plane, options: Options, seconds: dict[str, list[float]], losses: dict[str, np.ndarray]) -> list[str]:
    """Return the table and what is to be said about it; times are those of one weight vector."""
    each = {name: [taken / losses[name].size for taken in own] for name, own in seconds.items()}
    reference = PEER if PEER in each else PLAIN
    rows = [
        [
            name,
            str(losses[name].size),
            spread([1_000 * taken for taken in own]),
            spread(ratios(each[PLAIN], own)),
            spread(ratios(each[PEER], own)) if PEER in each else "",
        ]
        for name, own in each.items()
    ]
    if PEER not in each:
        rows.append([PEER, "", "not installed", "", ""])
    gap = np.abs(losses[OWN][: plane.patch, : plane.patch] - losses[reference]).max()
    few = plane.patch**2
    header = ["", "vectors a round", "milliseconds a vector", "ratio to the plain loop", "ratio to loss-landscapes"]
    return [
        table(header, rows),
        f"{len(plane.dataset.train):,} images, a grid of {plane.side} x {plane.side} weight vectors; the plain loop "
        f"and loss-landscapes compute the first {plane.patch} x {plane.patch} = {few} of them, because their time is "
        f"proportional to the number. Median of {counted(options.rounds, 'round')}, smallest and largest. The losses "
        f"of those {few} range from {losses[reference].min():.3f} to {losses[reference].max():.3f} nats; modescape "
        f"and {reference} differ by at most {gap:.1e}.",
    ]


def own_run(plane: Plane) -> Callable[[], np.ndarray]:
    """Return a run of modescape over the whole grid."""
    train, network = plane.dataset.train, plane.network()

    def run() -> np.ndarray:
        logits = predict_each(
            network, plane.weights(plane.side), train.inputs, prepare=plane.dataset.prepare, output="logits"
        )
        losses = [F.cross_entropy(each, train.labels).item() for each in logits]
        return np.array(losses).reshape(plane.side, plane.side)

    return run


def plain_run(plane: Plane) -> Callable[[], np.ndarray]:
    """Return a run by hand over a patch of the grid."""
    inputs, labels = inputs_and_labels(plane)
    network = plane.network()

    @torch.no_grad()
    def run() -> np.ndarray:
        losses = []
        for weights in plane.weights(plane.patch):
            load_weights(network, weights)
            logits = torch.cat([network(batch) for batch in inputs.split(64)])
            losses.append(F.cross_entropy(logits, labels).item())
        return np.array(losses).reshape(plane.patch, plane.patch)

    return run


def peer_run(plane: Plane, package: Any) -> Callable[[], np.ndarray]:
    """Return a run of loss-landscapes over a patch of the grid."""
    metric = package.metrics.Loss(F.cross_entropy, *inputs_and_labels(plane))
    ends = [plane.network() for _ in plane.corners]
    start, first, second = (weights_of(corner) for corner in plane.corners)
    # Its steps are the distance of the ends over their number: nearer ends, so that a patch has the steps of the grid.
    share = plane.patch / plane.side
    for end, target in zip(ends, (start, first, second), strict=True):
        load_weights(end, {name: tensor + share * (target[name] - tensor) for name, tensor in start.items()})

    def run() -> np.ndarray:
        return package.planar_interpolation(*ends, metric, steps=plane.patch, deepcopy_model=True)

    return run


def inputs_and_labels(plane: Plane) -> tuple[Tensor, Tensor]:
    """Return the images as a network sees them, in PyTorch's default layout, and their labels."""
    train = plane.dataset.train
    return plane.dataset.prepare(train.inputs).contiguous(), train.labels


if __name__ == "__main__":
    main()
