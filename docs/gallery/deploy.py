"""An ensemble as one predictor: a scikit-learn estimator, a module, and a file."""

import tempfile
from pathlib import Path

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from modescape.deploy import EnsembleClassifier, save_predictor
from modescape.evaluate import accuracy, nll

X, y = load_digits(return_X_y=True)
X, X_test, y, y_test = train_test_split(X, y, test_size=0.4, random_state=0)

classifier = EnsembleClassifier(
    n_members=5,
    model_options={"hidden": [32]},
    epochs=15,
    batch_size=64,
    learning_rate=0.01,
    random_state=0,
)
classifier.fit(X, y)

members = classifier.member_probabilities(X_test)
mean, calibrated = members.mean(axis=0), classifier.predict_proba(X_test)
print(f"members:  accuracy {[round(accuracy(one, y_test), 3) for one in members]}")
print(f"ensemble: accuracy {accuracy(calibrated, y_test):.3f}")
print(
    f"temperature {classifier.temperature_:.2f}, fitted on "
    f"{classifier.n_validation_} examples that were kept from training"
)
print(f"NLL {nll(mean, y_test):.3f} before, {nll(calibrated, y_test):.3f} after")

unsure = classifier.predict_uncertainty(X_test)
wrong = classifier.predict(X_test) != y_test
for kind, values in unsure._asdict().items():
    print(
        f"{kind} uncertainty: {values[wrong].mean():.2f} nats where the answer is "
        f"wrong, {values[~wrong].mean():.2f} where it is right"
    )

# The same as one module, and as a file that runs without modescape.
with tempfile.TemporaryDirectory() as folder:
    file = save_predictor(classifier.to_predictor(), Path(folder, "digits.pt2"))
    program = torch.export.load(file).module()
answers = program(torch.tensor(X_test, dtype=torch.float32))
for name, values in answers.items():
    print(f"{name}: {tuple(values.shape)}")
difference = abs(answers["probabilities"].numpy() - calibrated).max()
print(f"largest difference from the estimator below 1e-5: {difference < 1e-5}")
