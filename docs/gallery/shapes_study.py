"""The study `shapes`: the same measures of four kinds of networks, side by side."""

import tempfile

import modescape

folder = tempfile.TemporaryDirectory()
run = modescape.study(
    "shapes",
    data="digits",
    limit=150,
    test_fraction=0.5,
    model="resnet",
    model_options={"depth": 8},
    vary={"skip": [True, False], "width": [0.25, 0.5]},
    members=3,
    epochs=5,
    batch_size=32,
    learning_rate=0.005,
    engine="loop",
    curvature_examples=25,
    eigenvalues=1,
    trace_samples=2,
    width_directions=2,
    output=f"{folder.name}/shapes",
)
shapes = run.arrays("results/shapes")
for contrast in shapes.contrast.values:
    effect = shapes.sel(measure="width", contrast=contrast, stage="late")
    ends = f"[{float(effect.effect_low):+.2f}, {float(effect.effect_high):+.2f}]"
    print(f"{contrast}: width {float(effect.effect):+.2f} {ends} filter norms")

early = shapes.sel(scope="within cells", measure="train_loss", stage="early")
print(f"early training loss against the end: {float(early.correlation):+.2f}", end=" ")
print(f"[{float(early.correlation_low):+.2f}, {float(early.correlation_high):+.2f}]")

report = modescape.report_run(run)
