"""A radial cut: the plane through the origin and two solutions, on a polar grid."""

import math
import tempfile
from collections.abc import Iterable, Iterator

import numpy as np
import xarray as xr
from torch import Tensor

import modescape
from modescape.core.trees import ravel, unravel
from modescape.data import DataSettings
from modescape.functions import decisions, predict_each
from modescape.landscapes import landscape_of
from modescape.models import recipe
from modescape.report import FIGURES, drawn, pictures
from modescape.weights import RadialPlane

folder = tempfile.TemporaryDirectory()
run = modescape.train_ensemble(
    data="digits",
    limit=150,
    members=2,
    epochs=30,
    batch_size=32,
    trajectories=0,
    engine="loop",
    output=f"{folder.name}/two",
)
solutions = [run.read_weights(member, 30) for member in (0, 1)]
digits = modescape.load_dataset(DataSettings(source="digits", limit=150), seed=0)
network = recipe("mlp").build(digits.input_shape, 10, seed=0)
labels = digits.test.labels.numpy()


def predicted(vectors: Iterable[Tensor]) -> Iterator[Tensor]:
    """Yield the class probabilities of each weight vector on the test digits."""
    trees = (unravel(vector, solutions[0]) for vector in vectors)
    yield from predict_each(network, trees, digits.test.inputs, prepare=digits.prepare)


first, second = (ravel(tree) for tree in solutions)
plane = RadialPlane(first, second)
print(f"distances from the origin: {plane.radius_first:.2f}, {plane.radius_second:.2f}")
print(f"angle between them: {math.degrees(plane.angle_of_second):.1f} degrees")

own = decisions(np.stack([found.numpy() for found in predicted([first, second])]))
middle = plane.point(plane.radius_first, plane.angle_of_second / 2)
places = {"solution 0": first, "half way": middle, "solution 1": second}
found = landscape_of(predicted(places.values()), labels, own)
for name, accuracy, with_0, with_1 in zip(
    places, found.accuracy, *found.agreement, strict=True
):
    print(
        f"{name:10} accuracy {accuracy:.1%}, agrees with {with_0:.1%} and {with_1:.1%}"
    )

# Any grid will do: distances as shares of the largest one, and directions all around.
shares, angles = np.arange(1, 13) / 12, np.arange(-20, 21) * (2 * math.pi / 41)
farthest = 1.5 * max(plane.radius_first, plane.radius_second)
grid = (plane.point(farthest * share, angle) for share in shares for angle in angles)
surface = landscape_of(predicted(grid), labels, own)

# The figures of the report take named arrays.
fields = {
    "accuracy": surface.accuracy,
    "loss": surface.loss,
    "agreement_first": surface.agreement[0],
    "agreement_second": surface.agreement[1],
}
shape = (1, len(shares), len(angles))
cut = xr.Dataset(
    {
        **{
            name: (["pair", "radius", "angle"], values.reshape(shape))
            for name, values in fields.items()
        },
        "radius_first": (["pair"], [plane.radius_first]),
        "radius_second": (["pair"], [plane.radius_second]),
        "angle_second": (["pair"], [plane.angle_of_second]),
        "largest_radius": (["pair"], [farthest]),
    },
    coords={"pair": ["0-1"], "radius": shares, "angle": angles},
)
(drawing,) = drawn(FIGURES, {"radial": cut})[0]
picture = pictures(drawing)["svg"]
