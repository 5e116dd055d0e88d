"""Samples around one solution, pushed down to chance, against independent solutions."""

import tempfile
from collections.abc import Iterable

import numpy as np
import xarray as xr
from torch import Tensor

import modescape
from modescape.core.seeds import torch_generator
from modescape.core.trees import ravel, unravel
from modescape.data import DataSettings
from modescape.evaluate import relative_diversity
from modescape.functions import decisions, lower_limit, predict_each, upper_limit
from modescape.models import recipe
from modescape.report import FIGURES, drawn, pictures
from modescape.weights import (
    DiagonalGaussian,
    DropoutSubspace,
    LowRankGaussian,
    RandomSubspace,
    Subspace,
    strengths_to_chance,
)

folder = tempfile.TemporaryDirectory()
run = modescape.train_ensemble(
    data="digits",
    model_options={"hidden": [8]},
    learning_rate=0.01,
    limit=150,
    members=6,
    epochs=80,
    batch_size=32,
    trajectories=0,
    engine="loop",
    output=f"{folder.name}/six",
)
solutions = [run.read_weights(member, 80) for member in range(6)]
digits = modescape.load_dataset(DataSettings(source="digits", limit=150), seed=0)
network = recipe("mlp", {"hidden": [8]}).build(digits.input_shape, 10, seed=0)
labels = digits.test.labels.numpy()


def decided(trees: Iterable[dict[str, Tensor]]) -> np.ndarray:
    """Return the class that each network decides for, for each test digit."""
    found = predict_each(network, trees, digits.test.inputs, prepare=digits.prepare)
    return decisions(np.stack([probabilities.numpy() for probabilities in found]))


# The last quarter of the epochs is kept: the Gaussians are fitted to it.
late = [ravel(run.read_weights(0, epoch)) for epoch in range(61, 81)]
subspaces = [
    RandomSubspace(late[-1]),
    DropoutSubspace(late[-1]),
    DiagonalGaussian.fitted(late),
    LowRankGaussian.fitted(late, rank=5),
]


def pushed(subspace: Subspace, strengths: Iterable[float]) -> np.ndarray:
    """Return what one sample at each strength decides."""
    vectors = (
        subspace.at(strength, generator=torch_generator(place))
        for place, strength in enumerate(strengths)
    )
    return decided(unravel(vector, solutions[0]) for vector in vectors)


chosen, strengths = {"independent": decided(solutions[1:])}, {}
for subspace in subspaces:
    # Four samples at each strength that is tried, so that one alone can't mislead.
    walk = strengths_to_chance(
        lambda strength, of=subspace: (pushed(of, [strength] * 4) == labels).mean(),
        chance=0.1,
        num=25,
        largest=subspace.strongest,
    )
    chosen[subspace.name] = pushed(subspace, walk.strengths)
    strengths[subspace.name] = walk.strengths[-1]

(reference,) = decided(solutions[:1])
known = {"reference_accuracy": (reference == labels).mean(), "num_classes": 10}
tables, names = [], list(chosen)
print("relative diversity: 0 at the lower limit, 1 at the upper")
for name, rows in chosen.items():
    place = relative_diversity(rows, reference, labels, num_classes=10, seed=0)
    print(f"{name:18} {place.value:5.2f} [{place.low:.2f}, {place.high:.2f}]", end="")
    print(f"  up to strength {strengths[name]:.3g}" if name in strengths else "")
    points = {
        "accuracy": ("sample", (rows == labels).mean(axis=1)),
        "disagreement": ("sample", (rows != reference).mean(axis=1)),
        "relative_diversity": place.value,
        "relative_diversity_low": place.low,
        "relative_diversity_high": place.high,
    }
    tables.append(xr.Dataset(points, coords={"sample": range(len(rows))}))

plane = xr.concat(tables, "method", join="outer").assign_coords(method=names)
along = np.linspace(0.1, known["reference_accuracy"], 101)
plane["limit_accuracy"] = "point", along
plane["lower_limit"] = "point", lower_limit(along, **known)
plane["upper_limit"] = "point", upper_limit(along, **known)
plane.attrs = {**known, "reference": 0, "confidence": 0.95}
(drawing,) = drawn(FIGURES, {"plane": plane})[0]
picture = pictures(drawing)["svg"]
