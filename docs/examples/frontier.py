"""The examples of the frontier: what is run for them, and the tables of their pages."""

import json
from collections.abc import Sequence

import numpy as np
import xarray as xr
from paper_tables import table

import modescape

FRONTIERS = {
    "cifar10": [
        *("--data", "parquet:{directory}/cifar10-jpeg", "--limit", "3000", "--model", "small-cnn"),
        *("--members", "4", "--epochs", "20", "--step-epochs", "7", "--batch-size", "64", "--trajectories", "0"),
        *("--sizes", "1,4", "--method-option", "mc-dropout.passes=10"),
        *("--method-option", "swag.samples=10", "--method-option", "multiswag.samples=5"),
        *("--foreign", "parquet:{directory}/mnist"),
    ],
    "mnist": [
        *("--data", "parquet:{directory}/mnist", "--limit", "3000", "--model", "mlp"),
        *("--members", "4", "--epochs", "30", "--step-epochs", "10", "--batch-size", "64", "--trajectories", "0"),
        *("--foreign", "parquet:{directory}/cifar10-jpeg"),
    ],
}
QUICK = ("--limit", "300", "--test-limit", "300", "--members", "2", "--epochs", "4")
FIGURES = ("frontier", "frontier-methods", "returns")
SCALED = ("nll", "brier", "ece")
"""Metrics that are shown after temperature scaling, without which they say how badly scaled a method is."""
COLUMNS = {"accuracy": ("accuracy, %", 100.0, 1), "nll": ("NLL, nats", 1.0, 3), "brier": ("Brier", 1.0, 3)}


def tables(run: modescape.Run) -> dict[str, str]:
    """Return what every method reaches at the largest budget, how it differs from independent members, and its cost."""
    dataset = run.arrays("results/frontier")
    largest = dataset.isel(size=-1)
    budget = f"{int(largest['size'])} times {dataset.attrs['epochs']} epochs"
    return {
        f"Every method at the same training budget, {budget}": _quality(largest),
        "What is lost or won against independent members": _differences(largest),
        "What it costs": _costs(largest),
    }


def _present(largest: xr.Dataset) -> list[str]:
    """Return the methods that have an ensemble of this size."""
    methods = largest["method"].values.tolist()
    return [name for name in methods if np.isfinite(float(largest["training"].sel({"method": name})))]


def _titles(largest: xr.Dataset) -> dict[str, str]:
    """Return the titles of methods."""
    return json.loads(largest.attrs["titles"])


def _at(largest: xr.Dataset, metric: str, method: str) -> xr.Dataset:
    """Return a metric of a method, after temperature scaling where there is one."""
    scaling = "scaled" if metric in SCALED and "scaled" in largest["scaling"].values else "raw"
    return largest.sel({"metric": metric, "method": method, "scaling": scaling})


def _interval(at: xr.Dataset, names: Sequence[str], scale: float, decimals: int, sign: str = "") -> str:
    """Return a number with its interval."""
    value, low, high = (scale * float(at[name]) for name in names)
    if not np.isfinite(value):
        return "-"
    return f"{value:{sign}.{decimals}f} [{low:{sign}.{decimals}f}, {high:{sign}.{decimals}f}]"


def _quality(largest: xr.Dataset) -> str:
    """Return what each method reaches."""
    kinds = {**COLUMNS, "ece": ("ECE", 1.0, 3), "auroc": ("AUROC, foreign data", 1.0, 3)}
    rows = [
        [
            _titles(largest)[name],
            *(
                _interval(_at(largest, metric, name), ("value", "low", "high"), scale, decimals)
                for metric, (_, scale, decimals) in kinds.items()
            ),
        ]
        for name in _present(largest)
    ]
    return table(["method", *(title for title, _, _ in kinds.values())], rows)


def _differences(largest: xr.Dataset) -> str:
    """Return how each method differs from independent members, in pairs over examples."""
    kinds = {**COLUMNS, "auroc": ("AUROC, foreign data", 1.0, 3)}
    ends = ("difference", "difference_low", "difference_high")
    rows = [
        [
            _titles(largest)[name],
            *(
                _interval(_at(largest, metric, name), ends, scale, decimals, "+")
                for metric, (_, scale, decimals) in kinds.items()
            ),
        ]
        for name in _present(largest)
        if name != "independent"
    ]
    return table(["method", *(title for title, _, _ in kinds.values())], rows)


def _costs(largest: xr.Dataset) -> str:
    """Return what each method costs, and how its single answers differ."""
    rows = []
    for name in _present(largest):
        at = largest.sel({"method": name})
        shared = [
            f"{100 * float(at[key]):.1f}" if np.isfinite(at[key]) else "-"
            for key in ("disagreement", "oracle_accuracy")
        ]
        rows.append(
            [
                _titles(largest)[name],
                f"{float(at['training']):.1f}",
                f"{float(at['prediction']):.2f}",
                f"{int(at['parameters']):,}",
                str(int(at["answers"])),
                *shared,
            ]
        )
    heads = ["method", "training, epochs of one network", "passes to predict", "parameters", "answers"]
    return table([*heads, "disagreement, %", "oracle accuracy, %"], rows)
