"""Adversarial attacks: how little a change it takes until members and their ensemble decide otherwise."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr
from jaxtyping import Float

from modescape.core.axes import ATTACK, EXAMPLE, MEMBER, POINT, STRENGTH
from modescape.report.drawables import Drawing, IntervalRow, Intervals, Line, Lines, long_table
from modescape.report.figures.compared import labels_of
from modescape.report.figures.kind import FigureKind, Need
from modescape.report.inputs import confidence_of, member_names, variable

NAME: Final = "robustness"
TITLE: Final = "How little does it take to change an answer?"
ATTACKS: Final = "attacks"
ENSEMBLE: Final = "ensemble"
KINDS: Final = {"fgsm": "one step (FGSM)", "pgd": "many steps (PGD)", "noise": "random change"}
FARTHEST: Final = 4.0
"""Sizes drawn, as a multiple of the chosen one: beyond it, hardly any network is right."""
COLUMNS: Final = ["accuracy", "accuracy_low", "accuracy_high", "flipped", "flipped_low", "flipped_high"]


def compute(results: Mapping[str, xr.Dataset]) -> Drawing:
    """Return accuracy against the size of the change, answers against steps, and the size that changes half of them.

    Source: Goodfellow, Shlens, Szegedy (2015), https://arxiv.org/abs/1412.6572, for one step; Madry et al. (2018),
    https://arxiv.org/abs/1706.06083, for many.
    """
    dataset = results[ATTACKS]
    variable(results, ATTACKS, "accuracy", (POINT, ATTACK, STRENGTH))
    panels = [_accuracy(dataset, kind) for kind in ("fgsm", "pgd") if kind in labels_of(dataset, ATTACK)]
    attrs = dataset.attrs
    left = f" {attrs['members_left_out']} more members are left out." if attrs.get("members_left_out") else ""
    return Drawing(
        name=NAME,
        title=TITLE,
        shows=(
            f"Lines are the share of {attrs.get('num_examples', 'the')} test examples that stay right when each input "
            f"changes by a size ({attrs.get('unit', 'units of the inputs')}) chosen against that member or against the "
            f"ensemble, which is attacked through the mean of its probabilities; bands are "
            f"{confidence_of(results, ATTACKS)} intervals. Random changes of the same size are dashed.{left}"
        ),
        look_for=(
            "Look how far the line of the ensemble lies above those of its members, and how far all lie below random "
            "changes: that is what the attack adds. Where gradients vanish, attacks fail without a network being safe."
        ),
        panels=(*panels, *_steps(dataset), *_medians(dataset)),
        table=long_table(dataset, COLUMNS),
        found=tuple(_found(dataset)),
    )


def point_names(dataset: xr.Dataset) -> dict[str, str]:
    """Return what each point is called: the names of members where they have some.

    >>> point_names(xr.Dataset(coords={"point": ["0", "ensemble"], "member": [0]}))
    {'0': 'member 0', 'ensemble': 'ensemble'}
    """
    names = {str(number): name for number, name in member_names(dataset).items()}
    return {
        point: ENSEMBLE if point == ENSEMBLE else names.get(point, f"member {point}")
        for point in labels_of(dataset, POINT)
    }


def _accuracy(dataset: xr.Dataset, kind: str) -> Lines:
    """Return the accuracy under one attack: members grey, the ensemble in colour, random changes dashed."""
    strength = dataset[STRENGTH].values.astype(np.float64)
    measured = np.isfinite(dataset["accuracy"].sel({ATTACK: kind}).values).any(axis=0)
    farthest = min(FARTHEST * float(dataset.attrs.get("attack_size", np.inf)), strength[measured].max(initial=0.0))
    near = strength <= farthest
    lines = [
        *_lines(dataset, kind, near),
        *([_noise(dataset, near)] if "noise" in labels_of(dataset, ATTACK) else []),
    ]
    told = ", ".join(f"{line.name} {_ends(line.y)}" for line in lines if line.series is not None)
    return Lines(
        title=KINDS[kind][:1].upper() + KINDS[kind][1:],
        alt=f"Accuracy against the size of an attack of {KINDS[kind]}: {told}.",
        lines=tuple(lines),
        x_label=f"size of the change ({dataset.attrs.get('unit', 'units of the inputs')})",
        y_label="accuracy (%)",
        whole_x=False,
        decimals=1,
    )


def _lines(dataset: xr.Dataset, kind: str, near: np.ndarray) -> list[Line]:
    """Return a line for each member and one for the ensemble."""
    names = point_names(dataset)
    strength = dataset[STRENGTH].values[near].astype(np.float64)
    found = []
    for point, name in names.items():
        here = dataset.sel({POINT: point, ATTACK: kind})
        values, low, high = (100.0 * here[f"accuracy{end}"].values[near] for end in ("", "_low", "_high"))
        known, is_all = np.isfinite(values), point == ENSEMBLE
        band = (low[known], high[known]) if is_all or len(names) == 1 else (None, None)
        series = 0 if is_all or len(names) == 1 else None
        legend = "" if series is not None else "one member"
        found.append(Line(name, strength[known], values[known], *band, legend=legend, series=series))
    return found


def _noise(dataset: xr.Dataset, near: np.ndarray) -> Line:
    """Return the mean accuracy of members under random changes."""
    members = [point for point in labels_of(dataset, POINT) if point != ENSEMBLE]
    values = dataset["accuracy"].sel({POINT: members, ATTACK: "noise"}).transpose(POINT, STRENGTH).values
    strength = dataset[STRENGTH].values[near].astype(np.float64)
    return Line("random change, mean member", strength, 100.0 * values.mean(axis=0)[near], series=1, dashed=True)


def _steps(dataset: xr.Dataset) -> list[Lines]:
    """Return the share of answers that so many steps have changed."""
    if "pgd_steps" not in dataset:
        return []
    number = int(dataset.attrs.get("attack_steps", np.nanmax(dataset["pgd_steps"].values, initial=1.0)))
    x, names = np.arange(number + 1.0), point_names(dataset)
    members = dataset["pgd_steps"].transpose(MEMBER, EXAMPLE).values
    few = "ensemble_pgd_steps" not in dataset
    lines = [
        Line(
            names.get(str(member), str(member)),
            x,
            _share(row, x),
            legend="" if few else "one member",
            series=0 if few else None,
        )
        for member, row in zip(dataset[MEMBER].values.tolist(), members, strict=True)
    ]
    if not few:
        lines.append(Line(ENSEMBLE, x, _share(dataset["ensemble_pgd_steps"].values, x), series=0))
    told = ", ".join(f"{line.name} {line.y[-1]:.1f} %" for line in lines)
    return [
        Lines(
            title=f"Steps at size {dataset.attrs.get('attack_size', float('nan')):g}",
            alt=f"Share of answers that projected gradient descent has changed after {number} steps: {told}.",
            lines=tuple(lines),
            x_label="steps",
            y_label="answers changed (%)",
            decimals=1,
        )
    ]


def _share(steps: Float[np.ndarray, "example"], x: Float[np.ndarray, "point"]) -> Float[np.ndarray, "point"]:
    """Return which share of examples, in percent, has been changed after each number of steps."""
    return 100.0 * np.array([(steps <= number).mean() for number in x])


def _medians(dataset: xr.Dataset) -> list[Intervals]:
    """Return the median size of a single step that changes an answer."""
    if "fgsm_median" not in dataset:
        return []
    rows = []
    for point, name in point_names(dataset).items():
        values = [float(dataset[f"fgsm_median{end}"].sel({POINT: point})) for end in ("", "_low", "_high")]
        beyond = "" if np.isfinite(values[0]) else f" (above {dataset.attrs.get('largest_size', float('nan')):g})"
        value, low, high = (value if np.isfinite(value) else float("nan") for value in values)
        rows.append(IntervalRow(f"{name}{beyond}", value, low, high, series=0 if point == ENSEMBLE else None))
    told = ", ".join(f"{row.name} {row.told(4)}" for row in rows)
    return [
        Intervals(
            title="Size that changes half of the answers",
            alt=f"Median size of a single step that changes an answer: {told}.",
            rows=tuple(rows),
            x_label=f"median size of one step ({dataset.attrs.get('unit', 'units of the inputs')})",
            decimals=4,
        )
    ]


def _ends(values: Float[np.ndarray, "point"]) -> str:
    """Write the first and the last number, in percent."""
    return f"from {values[0]:.1f} % to {values[-1]:.1f} %" if len(values) else "not measured"


def _found(dataset: xr.Dataset) -> list[str]:
    """Say what the ensemble gains under each attack of the chosen size."""
    size = dataset.attrs.get("attack_size")
    strengths = dataset[STRENGTH].values.astype(np.float64)
    if "gain" not in dataset or size is None or not np.isclose(strengths, size).any():
        return []
    place = int(np.argmin(np.abs(strengths - size)))
    parts = []
    for kind in labels_of(dataset, ATTACK):
        here = dataset.sel({ATTACK: kind}).isel({STRENGTH: place})
        value, low, high = (100.0 * float(here[f"gain{end}"]) for end in ("", "_low", "_high"))
        gain = IntervalRow(kind, value, low, high)
        if np.isfinite(gain.value):
            parts.append(f"{gain.told(1)} points under {KINDS.get(kind, kind)}")
    if not parts:
        return []
    return [
        f"At a size of {size:g}, the ensemble is more accurate than its mean member by {', '.join(parts)}, each "
        "attacked on its own."
    ]


FIGURE = FigureKind(NAME, TITLE, (Need(ATTACKS, ("accuracy",)),), compute)
