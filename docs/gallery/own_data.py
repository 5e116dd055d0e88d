"""An ensemble on your own data: arrays in an `.npz` file, with words as labels."""

import tempfile

import numpy as np

import modescape

generator = np.random.default_rng(0)
arm = generator.integers(3, size=900)
radius = generator.uniform(0.2, 1.0, size=900)
angle = 5.0 * radius + 2.1 * arm + generator.normal(scale=0.5, size=900)
points = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)

folder = tempfile.TemporaryDirectory()
np.savez(
    f"{folder.name}/spirals.npz", x=points, y=np.array(["red", "green", "blue"])[arm]
)

run = modescape.study(
    data=f"npz:{folder.name}/spirals.npz",
    limit=60,
    test_fraction=0.5,
    scaling="standard",
    model="mlp",
    model_options={"hidden": [32, 32]},
    members=8,
    epochs=40,
    batch_size=20,
    learning_rate=0.02,
    trajectories=0,
    output=f"{folder.name}/spirals",
)
data = run.manifest["data"]
print(
    data["classes"],
    data["input_shape"],
    f"{data['num_train']} training, {data['num_test']} test examples",
)
for sentence in modescape.summarise_run(run).worth_it.sentences[:2]:
    print(sentence)

report = modescape.report_run(run)
