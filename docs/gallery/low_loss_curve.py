"""A curve of low loss between two solutions, and what the function does along it."""

import tempfile
from collections.abc import Iterator

import numpy as np
import torch
import xarray as xr
from torch import Tensor

import modescape
from modescape.core.trees import ravel, unravel
from modescape.data import DataSettings
from modescape.functions import predict_each
from modescape.landscapes import examples_of, fit_curve, path_statistics
from modescape.models import recipe
from modescape.report import FIGURES, drawn, pictures
from modescape.weights import Line, points_by_length

folder = tempfile.TemporaryDirectory()
run = modescape.train_ensemble(
    data="digits",
    limit=600,
    members=2,
    epochs=30,
    batch_size=32,
    trajectories=0,
    engine="loop",
    output=f"{folder.name}/two",
)
start, end = (run.read_weights(member, 30) for member in (0, 1))
digits = modescape.load_dataset(DataSettings(source="digits", limit=600), seed=0)
network = recipe("mlp").build(digits.input_shape, 10, seed=0)


def batches(epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the training digits in an order of its own for each epoch."""
    order = torch.randperm(600, generator=torch.Generator().manual_seed(epoch))
    for rows in order.split(100):
        yield digits.prepare(digits.train.inputs[rows]), digits.train.labels[rows]


curve = fit_curve(network, start, end, batches, shape="bezier", epochs=100, seed=0)
print(f"training loss: {curve.losses[0]:.2f}, then {curve.losses[-1]:.3f} nats")

paths = {"linear": Line(ravel(start), ravel(end)), "bezier": curve.path}
places = np.linspace(0.0, 1.0, 15)
tables, seen = [], {}
for name, path in paths.items():
    # Equal steps of length, with both ends.
    trees = (
        unravel(path.point(t), start) for _, t in points_by_length(path, len(places))
    )
    found = predict_each(network, trees, digits.test.inputs, prepare=digits.prepare)
    seen[name] = examples_of(found, digits.test.labels.numpy())
    numbers = path_statistics(
        seen[name].losses,
        seen[name].correct,
        seen[name].decisions,
        places,
        line_losses=seen["linear"].losses if name != "linear" else None,
        seed=0,
    )
    rise, share = numbers.barrier, numbers.function_share
    print(
        f"{name}: length {path.length:.1f},"
        f" barrier {rise.value:.2f} nats [{rise.low:.2f}, {rise.high:.2f}],"
        f" middle differs {share.value:.1f} times as often as the ends do"
    )
    decided = seen[name].decisions
    columns = {
        "loss": numbers.loss.value,
        "loss_low": numbers.loss.low,
        "loss_high": numbers.loss.high,
        "accuracy": numbers.accuracy.value,
        "agreement_start": (decided == decided[0]).mean(axis=1),
        "agreement_end": (decided == decided[-1]).mean(axis=1),
    }
    tables.append(xr.Dataset({key: ("place", value) for key, value in columns.items()}))

along = xr.concat(tables, "curve").expand_dims(pair=["0-1"])
along = along.assign_coords(curve=list(paths), place=places)
along.attrs["confidence"] = 0.95
(drawing,) = drawn(FIGURES, {"paths": along})[0]
picture = pictures(drawing)["svg"]
