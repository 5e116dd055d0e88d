"""An ensemble on corrupted digits, and on digits that it was never shown."""

import tempfile

import numpy as np
import xarray as xr
from torch import Tensor

import modescape
from modescape.data import DataSettings, load_foreign
from modescape.data.corruptions import INTENSITIES, corrupted, described
from modescape.evaluate import (
    ShiftTally,
    detection,
    entropy,
    jensen_shannon,
    mutual_information,
)
from modescape.functions import predict_each
from modescape.models import recipe
from modescape.report import FIGURES, drawn, pictures

# Digits 8 and 9 are in no split: they are the foreign data.
choice = {"limit": 150, "held_out": "8,9"}
folder = tempfile.TemporaryDirectory()
run = modescape.train_ensemble(
    data="digits",
    **choice,
    members=5,
    epochs=30,
    batch_size=32,
    trajectories=0,
    engine="loop",
    output=f"{folder.name}/five",
)
solutions = [run.read_weights(member, 30) for member in range(5)]
digits = modescape.load_dataset(DataSettings(source="digits", **choice), seed=0)
network = recipe("mlp").build(digits.input_shape, digits.num_classes, seed=0)


def predicted(inputs: Tensor) -> np.ndarray:
    """Return the class probabilities of all members: (member, example, class)."""
    found = predict_each(network, solutions, inputs, prepare=digits.prepare)
    return np.stack([probabilities.numpy() for probabilities in found])


images = digits.test.inputs
tally = ShiftTally(digits.test.labels.numpy(), seed=0)
tally.add(None, 0, {"independent": predicted(images)})
for name in ("gaussian_noise", "contrast", "fog"):
    for intensity in INTENSITIES:
        shifted = corrupted(images, name, intensity, seed=0)
        tally.add(name, intensity, {"independent": predicted(shifted)})
curves = tally.result()
print("fog:", described("fog", digits.input_shape).differs)
accuracy = curves.value[0, :, curves.metrics.index("accuracy")]
for intensity in curves.intensities:
    one, five = accuracy[:, intensity]
    print(f"intensity {intensity}: one member {one:.1%}, all five {five:.1%}")
slope, low, high = (
    100 * end[0] for end in (curves.slope, curves.slope_low, curves.slope_high)
)
print(f"gain in points, for each step: {slope:+.2f} [{low:+.2f}, {high:+.2f}]")

foreign = load_foreign("held-out", digits, seed=0)
print(f"\nforeign: {foreign.note}")
pair = predicted(images), predicted(foreign.inputs)
divergences = [jensen_shannon(members) for members in pair]
print("Jensen-Shannon divergence: {:.3f} and {:.3f} nats".format(*divergences))
scores = {
    "entropy of one member": lambda members: entropy(members[0]),
    "entropy of the mean": lambda members: entropy(members.mean(axis=0)),
    "mutual information": mutual_information,
}
for name, score in scores.items():
    found = detection(*(score(members) for members in pair), seed=0)
    ends = f"[{found.auroc_low:.3f}, {found.auroc_high:.3f}]"
    print(f"{name:22} AUROC {found.auroc:.3f} {ends}, FPR95 {found.fpr95:.1%}")

curve_axes = ["method", "size", "metric", "intensity"]
shift = xr.Dataset(
    {name: (curve_axes, getattr(curves, name)) for name in ("value", "low", "high")},
    coords={
        "method": list(curves.methods),
        "size": curves.sizes,
        "metric": list(curves.metrics),
        "intensity": curves.intensities,
    },
    attrs={"source": "on the fly", "num_examples": len(images), "confidence": 0.95},
)
(drawing,) = drawn(FIGURES, {"shift": shift})[0]
picture = pictures(drawing)["svg"]
