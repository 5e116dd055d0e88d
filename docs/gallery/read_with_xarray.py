"""Read a run without modescape: it is made of zarr and safetensors."""

import io
import tempfile

import xarray as xr
from matplotlib.figure import Figure
from safetensors.numpy import load_file

import modescape

folder = tempfile.TemporaryDirectory()
run = modescape.study(
    data="digits",
    limit=150,
    members=5,
    epochs=20,
    batch_size=32,
    trajectories=0,
    output=f"{folder.name}/run",
)

predictions = xr.open_zarr(run.path / "predictions" / "test.zarr")
print(predictions.probability.dims, predictions.probability.shape)

weights = load_file(run.path / "weights" / "member-000" / "step-0020.safetensors")
print({name: tensor.shape for name, tensor in weights.items()})

# Which digits do members disagree on? The share of pairs that differ.
decided = predictions.probability.argmax("class")
differs = decided != decided.rename(member="member_other")
pairs = 5 * 4  # without those of a member and itself, which never differ
share = differs.sum(["member", "member_other"]) / pairs
by_class = share.groupby(predictions.label).mean()

figure = Figure(figsize=(6, 3), layout="constrained")
axes = figure.subplots()
axes.bar(by_class.label.astype(str), 100 * by_class)
axes.set_xlabel("true digit")
axes.set_ylabel("disagreement (% of examples)")
picture = io.BytesIO()
figure.savefig(picture, format="svg")
