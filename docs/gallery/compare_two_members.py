"""Train two members on the digits, and ask how different they are."""

import tempfile

import modescape

folder = tempfile.TemporaryDirectory()
run = modescape.study(
    data="digits",
    limit=150,
    members=2,
    epochs=20,
    batch_size=32,
    output=f"{folder.name}/two",
)

pair = run.arrays("results/solutions").sel(member=0, member_other=1)
low, high = float(pair.disagreement_low), float(pair.disagreement_high)
print(f"different answers: {float(pair.disagreement):.1%} of the test examples")
print(f"95% interval: {low:.1%} to {high:.1%}")
print(f"cosine of the weights: {float(pair.cosine):.3f}")

report = modescape.report_run(run)
