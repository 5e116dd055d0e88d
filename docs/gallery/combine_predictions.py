"""Combine prediction files from any program, fitted on validation examples."""

import tempfile
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier

import modescape

inputs, labels = load_digits(return_X_y=True)
x_train, x_rest, y_train, y_rest = train_test_split(
    inputs, labels, train_size=150, random_state=0, stratify=labels
)
x_val, x_test, y_val, y_test = train_test_split(
    x_rest, y_rest, train_size=400, random_state=0, stratify=y_rest
)
models = {
    "bayes": GaussianNB(var_smoothing=0.01),
    "forest": RandomForestClassifier(random_state=0),
    "logistic": LogisticRegression(max_iter=2000),
    "neighbours": KNeighborsClassifier(3),
    "trees": ExtraTreesClassifier(random_state=0),
}

# What other programs would have left behind: a file a model, twice.
temporary = tempfile.TemporaryDirectory()
folder = Path(temporary.name)
for split, x, y in (("val", x_val, y_val), ("test", x_test, y_test)):
    (folder / split).mkdir()
    np.savetxt(folder / f"y-{split}.csv", y, fmt="%d")
    for name, model in models.items():
        found = model.fit(x_train, y_train).predict_proba(x)
        np.savetxt(folder / split / f"{name}.csv", found, delimiter=",")

combined = modescape.combined_predictions(
    folder / "test",
    how="all",
    validation=folder / "val",
    validation_labels=folder / "y-val.csv",
    labels=folder / "y-test.csv",
)
for row in combined.table:
    better = row.nll
    print(
        f"{row.how:16} accuracy {row.accuracy.value:.1%}, NLL {row.nll.value:.3f}, "
        f"minus mean {better.difference:+.3f} "
        f"[{better.difference_low:+.3f}, {better.difference_high:+.3f}]"
    )
print(f"\nChosen on validation examples: {combined.how}")

greedy = modescape.combined_predictions(
    folder / "test",
    how="greedy",
    validation=folder / "val",
    validation_labels=folder / "y-val.csv",
)
for name, weight in zip(greedy.member_names, greedy.weights, strict=True):
    print(f"{name}: {weight:.2f}")
