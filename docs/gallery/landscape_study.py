"""The study `landscapes` on the digits: planes, lines, curvature and minima."""

import tempfile

import modescape

folder = tempfile.TemporaryDirectory()
run = modescape.study(
    "landscapes",
    data="digits",
    limit=300,
    model_options={"hidden": [32]},
    members=3,
    epochs=10,
    batch_size=32,
    learning_rate=0.02,
    trajectories=1,
    engine="loop",
    grid_points=17,
    tolerance=0.04,
    landscape_examples=300,
    curve_epochs=20,
    curvature_examples=100,
    eigenvalues=3,
    density_samples=1,
    line_directions=3,
    output=f"{folder.name}/three",
)
report = modescape.report_run(run)

valley = run.arrays("results/solutions-plane")
print(f"plane of three solutions: {dict(valley.sizes)}")
print(f"{valley.num_measured} of {valley.num_points} points measured")

walk = run.arrays("results/trajectory-plane")
print(f"explained: {walk.explained_alpha:.1%} and {walk.explained_beta:.1%}")
(movie,) = modescape.save_landscape(walk, f"{folder.name}/walk.gif", loss_unit="nats")
