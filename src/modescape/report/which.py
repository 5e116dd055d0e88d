"""Which ensemble is worth its compute? The recommended method and size, told with its reasons."""

import json
from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr

from modescape.core.axes import METHOD, METRIC, SCALING, SIZE
from modescape.report.metrics import Metric, metric_named
from modescape.report.verdicts import Answer, Number, Verdict, side

QUESTION: Final = "Which ensemble is worth its compute?"
STEP: Final = "frontier"
REFERENCE: Final = "independent"
DECIDING: Final = "nll"
TOLD: Final = ("accuracy", "nll", "brier")
COSTS: Final = {"training": "training, in epochs of the base network", "prediction": "passes in a prediction"}

Results = Mapping[str, xr.Dataset]


def which(results: Results) -> Answer | None:
    """Answer which ensemble is recommended, or return None where no frontier was measured.

    Yes where its NLL on test examples is better than that of one network beyond chance (paired interval), no where one
    network is what is recommended or it is worse, unclear where the interval holds 0, unknown where it was not
    measured or nothing is recommended.

    Args:
        results: Results by step; needs `frontier`.

    >>> which({}) is None
    True
    """
    dataset = results.get(STEP)
    if dataset is None:
        return None
    place = _recommended(dataset)
    if place is None:
        return Answer(QUESTION, Verdict.UNKNOWN, "Not measured: the `frontier` results recommend nothing.")
    verdict = _verdict(dataset, place)
    reasons = json.loads(dataset.attrs.get("reasons") or "[]")
    sentences = [sentence for sentence in (dataset.attrs.get("recommendation"), *reasons) if sentence]
    return Answer(
        QUESTION, verdict, _headline(dataset, place, verdict), tuple(sentences), tuple(_numbers(dataset, place))
    )


def _recommended(dataset: xr.Dataset) -> dict[str, str | int] | None:
    """Return the recommended method and size, or None where the results don't have them."""
    method, size = dataset.attrs.get("recommended_method"), dataset.attrs.get("recommended_size")
    if method is None or size is None or METHOD not in dataset.coords or SIZE not in dataset.coords:
        return None
    known = method in dataset[METHOD].values and size in dataset[SIZE].values
    return {METHOD: str(method), SIZE: int(size)} if known else None


def _verdict(dataset: xr.Dataset, place: Mapping[str, str | int]) -> Verdict:
    """Say whether the recommended one is better than one network."""
    if place == {METHOD: REFERENCE, SIZE: 1}:
        return Verdict.NO
    low, high = (_read(dataset, f"versus_one_{end}", place, metric_named(DECIDING)) for end in ("low", "high"))
    return side(-high, -low, 0.0) if np.isfinite([low, high]).all() else Verdict.UNKNOWN


def _headline(dataset: xr.Dataset, place: Mapping[str, str | int], verdict: Verdict) -> str:
    """Name the recommended one, and whether it beats one network."""
    titles = json.loads(dataset.attrs.get("titles") or "{}")
    name = titles.get(place[METHOD], place[METHOD])
    if place == {METHOD: REFERENCE, SIZE: 1}:
        return "None: one network is recommended."
    told = {
        Verdict.YES: "its NLL is better than that of one network",
        Verdict.NO: "but its NLL is worse than that of one network",
        Verdict.UNCLEAR: "though its NLL can't be told from that of one network",
        Verdict.UNKNOWN: "not compared with one network",
    }[verdict]
    return f"{name[0].upper()}{name[1:]}, size {place[SIZE]}: {told}."


def _numbers(dataset: xr.Dataset, place: Mapping[str, str | int]) -> list[Number]:
    """Return the test numbers of the recommended one, its differences to one network, and what it costs."""
    numbers = []
    for metric in map(metric_named, TOLD):
        for variable, signed in (("value", False), ("versus_one", True)):
            names = ("low", "high") if variable == "value" else ("versus_one_low", "versus_one_high")
            value, low, high = (metric.scale * _read(dataset, name, place, metric) for name in (variable, *names))
            if np.isfinite(value):
                known = bool(np.isfinite([low, high]).all())
                label = f"{metric.label}, against one network" if signed else metric.label
                unit = metric.change_unit if signed else metric.unit
                ends = (low, high) if known else (None, None)
                numbers.append(Number(label, value, *ends, unit, metric.decimals, signed=signed))
    for name, label in COSTS.items():
        if name in dataset and np.isfinite(dataset[name].sel(place)):
            numbers.append(Number(label, float(dataset[name].sel(place)), decimals=1))
    return numbers


def _read(dataset: xr.Dataset, name: str, place: Mapping[str, str | int], metric: Metric) -> float:
    """Return one number, of scaled probabilities where there are some; NaN where it was not stored."""
    if name not in dataset or metric.name not in dataset[METRIC].values:
        return float("nan")
    scalings = dataset[SCALING].values.tolist()
    scaling = "scaled" if "scaled" in scalings and metric.name != "accuracy" else scalings[0]
    return float(dataset[name].sel({**place, SCALING: scaling, METRIC: metric.name}))
