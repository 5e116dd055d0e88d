"""Compare prediction files from any program, without training anything."""

import tempfile
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import GaussianNB

import modescape

inputs, labels = load_digits(return_X_y=True)
x_train, x_test, y_train, y_test = train_test_split(
    inputs, labels, train_size=200, random_state=0, stratify=labels
)
models = {
    "forest": RandomForestClassifier(random_state=0),
    "logistic": LogisticRegression(max_iter=2000),
    "bayes": GaussianNB(var_smoothing=0.01),
}

# What other programs would have left behind: one file a model, and the truth.
temporary = tempfile.TemporaryDirectory()
folder = Path(temporary.name)
for name, model in models.items():
    probabilities = model.fit(x_train, y_train).predict_proba(x_test)
    np.savetxt(folder / f"{name}.csv", probabilities, delimiter=",")
np.savetxt(folder / "truth.csv", y_test, fmt="%d")

run = modescape.compare(
    *(folder / f"{name}.csv" for name in models),
    labels=folder / "truth.csv",
    output=folder / "compared",
)
pairs = run.arrays("results/pairs")
names = pairs["member_name"].values
for first, second in [(0, 1), (0, 2), (1, 2)]:
    at = pairs.sel(member=first, member_other=second)
    print(
        f"{names[first]} and {names[second]}: differ on {float(at.disagreement):.1%} "
        f"[{float(at.disagreement_low):.1%}, {float(at.disagreement_high):.1%}], "
        f"error correlation {float(at.error_correlation):.2f}, "
        f"McNemar p {float(at.mcnemar_p_adjusted):.3f}"
    )
report = modescape.report_run(run)
