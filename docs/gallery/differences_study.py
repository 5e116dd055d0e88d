"""The study `differences` on the digits: examples, permutations, layers, attacks."""

import tempfile

import modescape

folder = tempfile.TemporaryDirectory()
run = modescape.study(
    "differences",
    data="digits",
    limit=300,
    model_options={"hidden": [64]},
    members=4,
    epochs=20,
    batch_size=32,
    learning_rate=0.01,
    trajectories=1,
    engine="loop",
    attack_examples=100,
    attack_size=0.1,
    output=f"{folder.name}/four",
)
report = modescape.report_run(run)

pairs = run.arrays("results/pairs")
at = pairs.sel(member=0, member_other=1)
print(f"members 0 and 1 differ on {float(at.disagreement):.1%} of the digits,")
print(f"{float(at.conditional_disagreement):.1%} where at least one is wrong")

aligned = run.arrays("results/alignment").isel(pair=0)
for name in ("none", "weights", "activations"):
    line = aligned.sel(alignment=name)
    barrier = float(line.barrier_loss)
    print(f"{name}: cosine {float(line.cosine):.3f}, barrier {barrier:.3f} nats")
