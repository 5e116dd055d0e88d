"""Compare predictors of any kind by their predictions alone."""

import numpy as np
import xarray as xr
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier

from modescape.evaluate import ensemble_curve
from modescape.functions import decisions, disagreement_matrix
from modescape.report import FIGURES, drawn, pictures

inputs, labels = load_digits(return_X_y=True)
x_train, x_test, y_train, y_test = train_test_split(
    inputs, labels, train_size=200, random_state=0, stratify=labels
)
predictors = {
    "forest": RandomForestClassifier(random_state=0),
    "logistic": LogisticRegression(max_iter=2000),
    "neighbours": KNeighborsClassifier(),
    "bayes": GaussianNB(var_smoothing=0.01),
}
probabilities = np.stack(
    [model.fit(x_train, y_train).predict_proba(x_test) for model in predictors.values()]
)

differ = disagreement_matrix(decisions(probabilities))
curve = ensemble_curve(probabilities, y_test, seed=0)
print(f"probabilities: {probabilities.shape} (member, example, class)")
print(f"mean disagreement: {differ[np.triu_indices(4, k=1)].mean():.1%}")
for size, accuracy, low, high in zip(
    curve.sizes, curve.value[0], curve.low[0], curve.high[0], strict=True
):
    print(f"accuracy of {size}: {accuracy:.1%} [{low:.1%}, {high:.1%}]")

# Figures take named arrays, so members can have names instead of numbers.
names = list(predictors)
pairs = xr.Dataset(
    {"disagreement": (["member", "member_other"], differ)},
    coords={"member": names, "member_other": names},
)
sizes = xr.Dataset(
    {
        name: (["metric", "size"], getattr(curve, name))
        for name in ("value", "low", "high")
    },
    coords={"metric": list(curve.metrics), "size": curve.sizes},
)
figures = {
    drawing.name: pictures(drawing)
    for drawing in drawn(FIGURES, {"solutions": pairs, "ensemble": sizes})[0]
}
