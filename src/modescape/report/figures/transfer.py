"""Whom an attack carries over to: inputs changed to fool one member, shown to the others."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr

from modescape.core.axes import ATTACK, POINT, POINT_OTHER, STRENGTH
from modescape.report.drawables import Drawing, IntervalRow, Matrix, NumberDetail, long_table
from modescape.report.figures.compared import labels_of
from modescape.report.figures.kind import FigureKind, Need
from modescape.report.figures.pairs import color_range, told
from modescape.report.figures.robustness import ATTACKS, ENSEMBLE, point_names
from modescape.report.inputs import confidence_of, off_diagonal, optional, variable

NAME: Final = "transfer"
TITLE: Final = "Do attacks carry over from member to member?"
DIMS: Final = (POINT, POINT_OTHER)
SMALLEST_SPAN: Final = 5.0
"""Percent between the ends of the colours."""


def compute(results: Mapping[str, xr.Dataset]) -> Drawing:
    """Return the share of inputs that fool the one they were made for and fool each of the others too.

    Source: Papernot, McDaniel, Goodfellow (2016), https://arxiv.org/abs/1605.07277
    """
    array = 100.0 * variable(results, ATTACKS, "transfer", DIMS)
    dataset = results[ATTACKS]
    names = list(point_names(dataset).values())
    pairs = off_diagonal(array, POINT, POINT_OTHER)
    away = ~np.eye(len(names), dtype=bool)
    ends = [optional(results, ATTACKS, f"transfer{end}", DIMS) for end in ("_low", "_high")]
    low, high = (None if end is None else np.where(away, 100.0 * end.values, np.nan) for end in ends)
    matrix = Matrix(
        title="",
        alt=f"Matrix of the share of attacks that carry over between {len(names)} networks: {told(pairs, 1, '%')}.",
        values=np.where(away, array.values, np.nan).astype(np.float64),
        rows=tuple(names),
        columns=tuple(names),
        word="",
        color_label="attacks that carry over (%)",
        color_range=color_range(pairs, SMALLEST_SPAN),
        colors="cividis",
        decimals=0,
        details=(NumberDetail("carries over", array.values.astype(np.float64), low, high, decimals=1, unit="%"),),
    )
    attrs = dataset.attrs
    return Drawing(
        name=NAME,
        title=TITLE,
        shows=(
            "Each cell is the share of inputs, changed by projected gradient descent to fool the network of the row "
            f"and fooling it, that change the answer of the network of the column too. Changes have at most the size "
            f"{attrs.get('attack_size', float('nan')):g} ({attrs.get('unit', 'units of the inputs')}); a selected cell "
            f"shows the {confidence_of(results, ATTACKS)} interval."
        ),
        look_for=(
            "Look how bright the cells between members are: members with different mistakes of their own are not "
            "fooled by the same inputs. The row of the ensemble shows inputs that fool most members at once."
        ),
        panels=(matrix,),
        table=long_table(dataset, ["transfer", "transfer_low", "transfer_high"]),
        found=tuple(_found(dataset)),
    )


def _found(dataset: xr.Dataset) -> list[str]:
    """Say how often attacks carry over between members, to the ensemble, and how often random changes would do."""
    between, onto = (_mean(dataset, name) for name in ("members", "ensemble"))
    if between is None:
        return []
    parts = [f"{between} % of the attacks on a member carry over to another one"]
    if onto is not None:
        parts.append(f"{onto} % to the ensemble")
    noise = _noise(dataset)
    if noise is not None:
        parts.append(f"random changes of that size alone change {noise:.1f} % of the answers of members")
    return [f"On average {', '.join(parts)}."]


def _mean(dataset: xr.Dataset, name: str) -> str | None:
    """Write a mean share in percent with its interval, or return None where it was not measured."""
    parts = [f"transfer_to_{name}{end}" for end in ("", "_low", "_high")]
    if any(part not in dataset for part in parts):
        return None
    value, low, high = (100.0 * float(dataset[part]) for part in parts)
    row = IntervalRow(name, value, low, high)
    return row.told(1) if np.isfinite(row.value) else None


def _noise(dataset: xr.Dataset) -> float | None:
    """Return the share of answers, in percent, that random changes of the chosen size change."""
    if "flipped" not in dataset or "noise" not in labels_of(dataset, ATTACK) or "attack_size" not in dataset.attrs:
        return None
    members = [point for point in labels_of(dataset, POINT) if point != ENSEMBLE]
    place = int(np.argmin(np.abs(dataset[STRENGTH].values - dataset.attrs["attack_size"])))
    shares = dataset["flipped"].sel({POINT: members, ATTACK: "noise"}).isel({STRENGTH: place})
    return 100.0 * float(shares.mean())


FIGURE = FigureKind(NAME, TITLE, (Need(ATTACKS, ("transfer",), {POINT: 2}),), compute)
