"""The tables of the example `paper`: the numbers of a run of the paper's study, beside the published ones."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from modescape.functions import lower_limit, upper_limit
from modescape.report.methods import in_order, method_named
from modescape.report.metrics import METRICS

PUBLISHED_ACCURACY, PUBLISHED_DISAGREEMENT = 0.64, 0.25
"""Of SmallCNN, rounded; Fort et al. (2019)."""
PLAIN = "independent"
NOTHING = "not measured"
CURVES = {"linear": "straight line", "bezier": "Bezier curve", "polyline": "polyline"}
SCORES = {
    "maximum_probability": "largest probability",
    "entropy": "entropy",
    "mutual_information": "mutual information",
}
Results = Mapping[str, xr.Dataset]


def claims(judged: Sequence[Mapping[str, Any]]) -> str:
    """Return the claims of the paper, and what this run says of each."""
    rows = []
    for claim in judged:
        deciding = [one for one in claim["evidence"] if one["decides"]]
        numbers = "<br>".join(f"{one['statistic']}: {told(one)}" for one in deciding) or claim["reason"]
        rows.append([claim["claim"], f"**{claim['verdict']}**", numbers])
    return table(["claim", "here", "number, and the mark that it is held against"], rows)


def told(evidence: Mapping[str, Any]) -> str:
    """Return a number with its interval, its unit and its mark."""
    number, mark = evidence["number"], f"mark: {evidence['right_side']} {evidence['mark']:g}"
    if number is None:
        return f"not measured ({mark})"
    ends = number.get("low"), number.get("high")
    interval = "" if None in ends else f" [{ends[0]:.3g}, {ends[1]:.3g}]"
    return f"{number['value']:.3g}{interval} {number.get('unit') or ''}".rstrip() + f" ({mark})"


def marks(results: Results) -> str:
    """Return what the paper reports for SmallCNN, rounded, and what this run found."""
    methods, plane = results["methods"], results["plane"]
    size = full_size(methods)
    one, gain = ({"scaling": "raw", "method": PLAIN, "metric": "accuracy", "size": number} for number in (1, size))
    pairs = results["solutions"]["disagreement"].to_numpy()
    between = 100 * pairs[np.triu_indices(len(pairs), k=1)]
    around = [name for name in plane["method"].to_numpy().tolist() if name not in (PLAIN, "checkpoints")]
    places = {name: interval(plane, "relative_diversity", {"method": name}, decimals=2) for name in [PLAIN, *around]}
    rows = [
        ["test accuracy of one network", "about 64 %", f"{interval(methods, 'value', one, 100, 2)} %"],
        [
            "disagreement between two solutions",
            "about 25 %",
            f"{between.mean():.1f} % (from {between.min():.1f} to {between.max():.1f})",
        ],
        [
            f"gain in accuracy of {size} members over one",
            "about 5 points, with 10 or more",
            f"{interval(methods, 'gain', gain, 100, 2, sign='+')} points",
        ],
        [
            "independent solutions in the diversity plane",
            f"near the upper limit (1); {published_place():.2f} by the two numbers above",
            places[PLAIN],
        ],
        [
            "subspaces in the diversity plane",
            "near the lower limit (0)",
            "<br>".join(f"{method_named(name).label} {places[name]}" for name in around),
        ],
    ]
    return table(["", "published, rounded", "this run"], rows)


def published_place() -> float:
    """Return the relative diversity of two solutions with the published accuracy and disagreement."""
    known = {"reference_accuracy": PUBLISHED_ACCURACY, "num_classes": 10}
    low, high = (float(limit(PUBLISHED_ACCURACY, **known)) for limit in (lower_limit, upper_limit))
    return (PUBLISHED_DISAGREEMENT - low) / (high - low)


def tables(results: Results) -> dict[str, str]:
    """Return all tables by their titles."""
    return {
        "Methods, as they are": methods_table(results["methods"], "raw"),
        "Methods, with a temperature fitted to each": methods_table(results["methods"], "scaled"),
        "Relative diversity": diversity_table(results["plane"]),
        "Paths": paths_table(results["paths"]),
        "Corrupted data": shift_table(results["shift"]),
        "Foreign data": foreign_table(results["foreign"]),
        "Sources of diversity": sources_table(results["sources"]),
        "Costs": costs_table(results["costs"]),
    }


def full_size(methods: xr.Dataset) -> int:
    """Return the largest number of members."""
    return int(methods["size"].max())


def methods_table(methods: xr.Dataset, scaling: str) -> str:
    """Return every metric of each method, of one member and of all."""
    if scaling not in methods["scaling"].to_numpy():
        return "Not measured: there are no validation examples."
    names = [name for name in METRICS if name in methods["metric"].to_numpy()]
    names = names if scaling == "raw" else [name for name in names if name != "accuracy"]
    rows = []
    for method in in_order(methods["method"].to_numpy().tolist()):
        for size in (1, full_size(methods)):
            here = {"method": method.name, "size": size}
            cells = [
                interval(methods, "value", {**here, "scaling": scaling, "metric": name}, metric.scale, metric.decimals)
                for name, metric in METRICS.items()
                if name in names
            ]
            if scaling != "raw":
                cells.append(number(methods["temperature"].sel(here), 1, 2))
            rows.append([f"{method.label}, {size}", *cells])
    labels = [METRICS[name].axis_label for name in names] + (["temperature"] if scaling != "raw" else [])
    return table(["method, members", *labels], rows)


def diversity_table(plane: xr.Dataset) -> str:
    """Return where each method lies between the limits."""
    rows = []
    for method in in_order(plane["method"].to_numpy().tolist()):
        here = {"method": method.name}
        networks = int(np.isfinite(plane["accuracy"].sel(here)).sum())
        rows.append([method.label, str(networks), interval(plane, "relative_diversity", here, 1, 2)])
    return "0 is the lower limit, 1 the upper one.\n\n" + table(["method", "networks", "relative diversity"], rows)


def paths_table(paths: xr.Dataset) -> str:
    """Return barriers and what else changes along each path."""
    rows = []
    for pair in paths["pair"].to_numpy().tolist():
        for curve in paths["curve"].to_numpy().tolist():
            here = {"pair": pair, "curve": curve}
            columns = {
                "barrier": (1, 3),
                "accuracy_drop": (100, 2),
                "barrier_share": (100, 1),
                "function_share": (1, 2),
            }
            cells = [interval(paths, name, here, *how) for name, how in columns.items()]
            rows.append([f"{pair}, {CURVES.get(curve, curve)}", *cells])
    heads = [
        "members, path",
        "barrier (nats)",
        "accuracy drop (percentage points)",
        "barrier (% of the straight line's)",
        "disagreement of the middle / of the ends",
    ]
    return table(heads, rows)


def shift_table(shift: xr.Dataset) -> str:
    """Return accuracy of one member and of the ensemble, and the gain, by intensity."""
    sizes = shift["size"].to_numpy()
    rows = []
    for intensity in shift["intensity"].to_numpy():
        here: dict[str, Any] = {"metric": "accuracy", "intensity": intensity}
        of = [{**here, "method": PLAIN, "size": size} for size in (sizes.min(), sizes.max())]
        cells = [interval(shift, "value", place, 100, 2) for place in of]
        rows.append([str(intensity), *cells, interval(shift, "gain", here, 100, 2, sign="+")])
    heads = ["intensity", "one member (%)", f"{sizes.max()} members (%)", "gain (percentage points)"]
    slope = interval(shift, "slope", {"metric": "accuracy"}, 100, 2, sign="+")
    told_slope = f"Each step of intensity changes the gain by {slope} percentage points."
    about = (
        f"Accuracy, a mean over {shift.sizes['corruption']} corruptions of {shift.attrs['num_examples']:,} test images."
    )
    return f"{about} {told_slope}\n\n{table(heads, rows)}"


def foreign_table(foreign: xr.Dataset) -> str:
    """Return AUROC and FPR95 of each score of each predictor."""
    rows = []
    for score, label in SCORES.items():
        for method in in_order(foreign["method"].to_numpy().tolist()):
            here = {"method": method.name, "score": score}
            if np.isfinite(foreign["auroc"].sel(here)):
                cells = [interval(foreign, name, here, 100, 1) for name in ("auroc", "fpr95")]
                rows.append([label, method.label, *cells])
    attrs = foreign.attrs
    about = f"{attrs['num_foreign']:,} foreign examples ({attrs['note']}) against {attrs['num_known']:,} test examples."
    return f"{about}\n\n{table(['score', 'predictor', 'AUROC (%)', 'FPR95 (%)'], rows)}"


def sources_table(sources: xr.Dataset) -> str:
    """Return disagreement and cosine of each cell."""
    rows = []
    for noise in ("off", "on"):
        for start in ("same", "different"):
            for order in ("same", "different"):
                here = {"initialisation": start, "order": order, "noise": noise}
                cells = [
                    interval(sources, "disagreement", here, 100, 1),
                    number(sources["cosine"].sel(here), 1, 3),
                    number(sources["accuracy"].sel(here), 100, 1),
                ]
                rows.append([start, order, noise, *cells])
    heads = ["start", "order of data", "dropout", "disagreement (%)", "cosine", "mean accuracy (%)"]
    return f"Networks of {sources.attrs['epochs']} epochs.\n\n{table(heads, rows)}"


def costs_table(costs: xr.Dataset) -> str:
    """Return time and memory of each step."""
    rows = [
        [str(name), number(costs["seconds"].sel(point=name), 1, 1), number(costs["peak_mib"].sel(point=name), 1, 0)]
        for name in costs["point"].to_numpy()
    ]
    return table(["step", "wall time (s)", "peak memory (MiB)"], rows)


def interval(
    dataset: xr.Dataset, name: str, place: Mapping[Any, Any], scale: float = 1.0, decimals: int = 2, *, sign: str = ""
) -> str:
    """Return a number with its interval; the ends of `value` are stored as `low` and `high`, others by name."""
    names = (name, "low", "high") if name == "value" else (name, f"{name}_low", f"{name}_high")
    ends = [scale * float(dataset[end].sel(place)) for end in names]
    if not np.isfinite(ends[0]):
        return NOTHING
    value, low, high = (f"{end:{sign}.{decimals}f}" for end in ends)
    return f"{value} [{low}, {high}]" if np.isfinite(ends).all() else value


def number(value: xr.DataArray, scale: float, decimals: int) -> str:
    """Return a number without an interval."""
    shown = scale * float(value)
    return f"{shown:,.{decimals}f}" if np.isfinite(shown) else NOTHING


def table(heads: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [list(heads)]
    lines += [["---"] * len(lines[0]), *map(list, rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
