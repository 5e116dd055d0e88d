"""The accuracy of 21 networks on the straight line between two members."""

import tempfile

import modescape
from modescape.data import DataSettings
from modescape.functions import predict_each
from modescape.models import recipe

folder = tempfile.TemporaryDirectory()
run = modescape.train_ensemble(
    data="digits",
    members=2,
    epochs=15,
    trajectories=0,
    output=f"{folder.name}/two",
)

start, end = (run.read_weights(member, 15) for member in (0, 1))
positions = [step / 20 for step in range(21)]
line = ({name: start[name].lerp(end[name], t) for name in start} for t in positions)

digits = modescape.load_dataset(DataSettings(source="digits"), seed=0)
network = recipe("mlp").build(digits.input_shape, 10, seed=0)
found = predict_each(network, line, digits.test.inputs, prepare=digits.prepare)
for position, probabilities in zip(positions, found, strict=True):
    right = probabilities.argmax(dim=1) == digits.test.labels
    accuracy = right.double().mean().item()
    print(f"{position:4.2f} {accuracy:6.1%} {'#' * round(40 * accuracy)}")
