"""What a cosine would be by chance, as figures of cosines show it beside what was measured."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr
from jaxtyping import Float

from modescape.core.axes import LAYER, MEMBER, MEMBER_OTHER, NULL
from modescape.report.drawables import IntervalRow, Intervals, Reference
from modescape.report.figures.compared import labels_of
from modescape.report.inputs import confidence_of, off_diagonal

NULLS: Final = "null"
NAMES: Final = {
    "independent": "independent directions",
    "initialisations": "before training",
    "permutations": "neurons permuted",
}
WORDS: Final = {
    "independent": "independent directions",
    "initialisations": "networks before training",
    "permutations": "a member and copies of it with permuted neurons, which compute the same function,",
}
"""The same in a sentence."""
MEMBERS: Final = "members"
UNCHANGED: Final = 1e-9
"""Permuted copies whose cosine with the original is this near to 1 are the original."""


def null_ranges(results: Mapping[str, xr.Dataset]) -> dict[str, tuple[float, float, float]]:
    """Return mean, lower and upper end of each distribution that was found.

    >>> null_ranges({})
    {}
    """
    dataset = results.get(NULLS)
    if dataset is None or NULL not in dataset.coords or any(part not in dataset for part in ("mean", "low", "high")):
        return {}
    found = {}
    for name in labels_of(dataset, NULL):
        mean, low, high = (float(dataset[part].sel({NULL: name})) for part in ("mean", "low", "high"))
        if np.isfinite([mean, low, high]).all():
            found[name] = (mean, low, high)
    return found


def null_words(results: Mapping[str, xr.Dataset], decimals: int = 3) -> str:
    """Say in one sentence what cosines are by chance; empty where that was not measured.

    >>> dataset = xr.Dataset({"mean": ("null", [0.0]), "low": ("null", [-0.02]), "high": ("null", [0.02])})
    >>> null_words({"null": dataset.assign_coords({"null": ["independent"]})})
    'By chance, 95 % of cosines are from -0.020 to 0.020 for independent directions.'
    """
    parts = [
        f"from {_signed(low, decimals)} to {_signed(high, decimals)} for {WORDS.get(name, name)}"
        for name, (_, low, high) in null_ranges(results).items()
    ]
    if not parts:
        return ""
    told = "; ".join(parts).rstrip(",")
    return f"By chance, {confidence_of(results, NULLS)} of cosines are {told}."


def null_left_out(results: Mapping[str, xr.Dataset]) -> str:
    """Say why a distribution could not be found; empty where all were.

    >>> null_left_out({"null": xr.Dataset(attrs={"permutations_left_out": "node `gru` is not understood."})})
    'No permuted copies: node `gru` is not understood.'
    """
    attrs = results.get(NULLS, xr.Dataset()).attrs
    names = {"permutations_left_out": "No permuted copies", "initialisations_left_out": "No untrained networks"}
    return " ".join(f"{name}: {attrs[key]}" for key, name in names.items() if attrs.get(key))


def each_once(square: xr.DataArray) -> Float[np.ndarray, "pair"]:
    """Return the value of each pair of members once.

    >>> each_once(xr.DataArray([[1.0, 0.25], [0.25, 1.0]], dims=("member", "member_other"))).tolist()
    [0.25]
    """
    above = xr.where(np.arange(square.sizes[MEMBER])[:, None] < np.arange(square.sizes[MEMBER_OTHER]), square, np.nan)
    return off_diagonal(above).astype(np.float64)


def null_panel(results: Mapping[str, xr.Dataset], pairs: Float[np.ndarray, "pair"]) -> Intervals | None:
    """Return the cosines of pairs above the ranges of chance, or None where these were not measured."""
    ranges = null_ranges(results)
    if not ranges:
        return None
    mean, low, high = members_cosine(results)
    rows = [
        IntervalRow(MEMBERS, mean if np.isfinite(mean) else _mean(pairs), low, high, dots=pairs),
        *(
            IntervalRow(NAMES.get(name, name), middle, series=None, chance=(lower, upper))
            for name, (middle, lower, upper) in ranges.items()
        ),
    ]
    told = ", ".join(
        [f"{MEMBERS} {rows[0].told(4)}"]
        + [f"{NAMES.get(name, name)} {low:.4f} to {high:.4f}" for name, (_, low, high) in ranges.items()]
    )
    return Intervals(
        title="Beside chance",
        alt=f"Cosine of the weights of pairs of members, and where chance puts it: {told}.",
        rows=tuple(rows),
        x_label="cosine of the weights",
        marks=(Reference("independent", 0.0),),
        decimals=4,
    )


def null_found(results: Mapping[str, xr.Dataset]) -> list[str]:
    """Say whether members are closer than permuted copies of one another, or than untrained networks, are.

    Independent directions are a fallback: what all networks of one kind share, such as the sign of the scales of
    normalisation, makes their cosines larger than that.
    """
    ranges, (mean, low, high) = null_ranges(results), members_cosine(results)
    kind = next((name for name in ("permutations", "initialisations", "independent") if name in ranges), None)
    if kind is None or not np.isfinite(mean):
        return []
    _, lower, upper = ranges[kind]
    ends = (low, high) if np.isfinite([low, high]).all() else (mean, mean)
    verdict = "within" if ends[1] >= lower and ends[0] <= upper else "above" if ends[0] > upper else "below"
    meaning = {
        "within": "weights of members have no more in common than chance gives",
        "above": "members have more in common than chance gives",
        "below": "members have less in common than chance gives",
    }
    interval = f" [{low:.4f}, {high:.4f}]" if np.isfinite([low, high]).all() else ""
    words = WORDS[kind].rstrip(",").split(",")[0]
    return [
        f"The mean cosine between members is {mean:.4f}{interval}, {verdict} the range of {words} "
        f"({lower:.4f} to {upper:.4f}): {meaning[verdict]}."
    ]


def layer_ranges(results: Mapping[str, xr.Dataset]) -> dict[str, tuple[float, float]]:
    """Return for each layer where permuted copies of a member lie; empty where that was not measured.

    Layers that no permutation changes, such as the biases of the classes, are not among them.
    """
    dataset = results.get(NULLS)
    if dataset is None or "layer_low" not in dataset or "permutations" not in labels_of(dataset, NULL):
        return {}
    chosen = dataset.sel({NULL: "permutations"})
    return {
        name: (float(low), float(high))
        for name, low, high in zip(
            labels_of(dataset, LAYER), chosen["layer_low"].values, chosen["layer_high"].values, strict=True
        )
        if low < 1.0 - UNCHANGED and np.isfinite(high)
    }


def members_cosine(results: Mapping[str, xr.Dataset]) -> tuple[float, float, float]:
    """Return the mean cosine over pairs of members with its interval; NaN where it was not measured."""
    dataset = results.get(NULLS, xr.Dataset())
    mean, low, high = (
        float(dataset[f"members_{part}"]) if f"members_{part}" in dataset else float("nan")
        for part in ("mean", "low", "high")
    )
    return mean, low, high


def _mean(pairs: Float[np.ndarray, "pair"]) -> float:
    """Return the mean of pairs, NaN where there is none."""
    return float(pairs.mean()) if pairs.size else float("nan")


def _signed(number: float, decimals: int) -> str:
    """Write a number, with as many more digits as it takes to tell it from 0.

    >>> _signed(0.0004, 3), _signed(-0.0004, 3), _signed(0.0, 3)
    ('0.0004', '-0.0004', '0.000')
    """
    while number and decimals < 9 and float(f"{number:.{decimals}f}") == 0.0:
        decimals += 1
    return f"{number:.{decimals}f}"
