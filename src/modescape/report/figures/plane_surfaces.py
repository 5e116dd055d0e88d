"""A stored plane through weight space as surfaces, with the networks, ways and curves that are drawn in."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import xarray as xr
from jaxtyping import Float

from modescape.core.axes import ALPHA, BETA, CURVE, MEMBER, POINT, REFERENCE, STEP
from modescape.report.drawables import Place, Surface, Trail
from modescape.report.figures.members import asks_for_log
from modescape.report.figures.pairs import color_range
from modescape.report.figures.paths import CURVES
from modescape.report.inputs import labels, variable
from modescape.report.metrics import Metric

GRID: Final = (ALPHA, BETA)
ACCURACY: Final = Metric("accuracy", "accuracy", "%", "percentage points", 100.0, 1, higher_is_better=True)
"""With one digit: a point of a plane is measured on too few examples for two."""
MAX_REFERENCES: Final = 3
"""Networks whose agreement is drawn; the data to download hold all."""
MAX_METRICS: Final = 4
"""Metrics of a user's own that are drawn."""
SMALLEST_LOSS_SPAN: Final = 0.01
"""Nats between the ends of the colours of the loss, at least."""
SMALLEST_SHARE_SPAN: Final = 1.0
"""Percentage points between the ends of the colours of shares, at least."""
NO_BREAK: Final = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True, eq=False)
class Field:
    """One metric of a plane or a line, as it is drawn.

    Args:
        title: Heading.
        values: The numbers in the unit that is shown.
        label: What they are, with the unit.
        unit: Their unit.
        decimals: Digits of a value.
        errors: Their standard errors in the same unit, where stored.
        is_agreement: Whether it is the agreement with another network.
    """

    title: str
    values: Float[np.ndarray, "*place"]
    label: str
    unit: str
    decimals: int
    errors: Float[np.ndarray, "*place"] | None = None
    is_agreement: bool = False

    @property
    def is_loss(self) -> bool:
        """Whether it may be drawn on a logarithmic scale."""
        return self.title == "Loss"

    @property
    def is_steep(self) -> bool:
        """Whether it is drawn on a logarithmic scale."""
        return self.is_loss and asks_for_log(self.values)

    @property
    def finite(self) -> Float[np.ndarray, "value"]:
        """The numbers that are there."""
        return self.values[np.isfinite(self.values)].astype(np.float64)

    def shown(self, value: float) -> str:
        """Write one number with its unit."""
        return f"{value:.{self.decimals}f} {self.unit}".strip()


def fields_of(dataset: xr.Dataset, *, loss_unit: str = "") -> tuple[Field, ...]:
    """Return the metrics of a plane or a line: loss, accuracy, agreement with some references, then others.

    Args:
        dataset: A plane or a line as steps of a study and `modescape.landscape` store it.
        loss_unit: Unit of the loss, where it is known.
    """
    dims = tuple(dim for dim in GRID if dim in dataset.dims)
    variable({"plane": dataset}, "plane", "loss", dims)
    metrics = [Metric("loss", "loss", loss_unit, decimals=3), ACCURACY]
    fields = [_field(dataset, dims, metric) for metric in metrics if metric.name in dataset]
    if "agreement" in dataset:
        fields += _agreements(dataset, dims)
    others = [str(name) for name, array in dataset.data_vars.items() if _is_metric(str(name), array, dims)]
    fields += [_field(dataset, dims, Metric(name, name, decimals=4)) for name in others]
    return tuple(field for field in fields[: 2 + MAX_REFERENCES + MAX_METRICS] if field.finite.size)


def _is_metric(name: str, array: xr.DataArray, dims: Sequence[str]) -> bool:
    """Say whether a variable is a metric of a user's own."""
    known = name in ("loss", "accuracy", "agreement", "measured") or name.endswith("_error")
    return not known and set(array.dims) == set(dims) and np.issubdtype(array.dtype, np.floating)


def _field(dataset: xr.Dataset, dims: Sequence[str], metric: Metric) -> Field:
    """Return one metric in the unit that is shown."""
    name, label = metric.name, f"{metric.label} ({metric.unit})" if metric.unit else metric.label
    values = metric.scale * dataset[name].transpose(*dims).values.astype(np.float64)
    errors = metric.scale * dataset[f"{name}_error"].transpose(*dims).values if f"{name}_error" in dataset else None
    return Field(metric.heading, values, label, metric.unit, metric.decimals, errors)


def _agreements(dataset: xr.Dataset, dims: Sequence[str]) -> list[Field]:
    """Return the agreement with each of the first references."""
    array = variable({"plane": dataset}, "plane", "agreement", (REFERENCE, *dims))
    return [
        Field(f"Agreement with {name}", 100.0 * one, "agreement (% of examples)", "%", 1, is_agreement=True)
        for name, one in zip(labels(array, REFERENCE), array.values.astype(np.float64), strict=True)
    ][:MAX_REFERENCES]


def plane_surfaces(dataset: xr.Dataset, *, loss_unit: str = "") -> tuple[Surface, ...]:
    """Return the surfaces of a plane: loss, accuracy, agreement with up to three references, then the other metrics.

    Args:
        dataset: A plane as steps of a study and `modescape.landscape` store it.
        loss_unit: Unit of the loss, where it is known: `nats` for a cross-entropy.
    """
    fields = fields_of(dataset, loss_unit=loss_unit)
    drawn_in = _DrawnIn(dataset, fields)
    agreements = np.concatenate([np.zeros(0), *(field.finite for field in fields if field.is_agreement)])
    return tuple(_surface(dataset, field, drawn_in, agreements) for field in fields)


class _DrawnIn:
    """What is drawn into every surface of a plane, made once."""

    def __init__(self, dataset: xr.Dataset, fields: Sequence[Field]) -> None:
        self.places = _places(dataset, fields)
        self.walks = _walks(dataset, fields)
        self.steps = tuple(f"epoch {step}" for step in dataset[STEP].values) if self.walks else ()
        self.curves = _curves(dataset, len(self.walks))


def _surface(dataset: xr.Dataset, field: Field, drawn_in: _DrawnIn, agreements: Float[np.ndarray, "value"]) -> Surface:
    """Return one surface."""
    colors: Literal["viridis", "cividis"] = "cividis" if field.is_agreement else "viridis"
    return Surface(
        title=field.title,
        alt=_alt(dataset, field),
        x=dataset[ALPHA].values.astype(np.float64),
        y=dataset[BETA].values.astype(np.float64),
        values=field.values,
        color_label=field.label,
        color_range=_ends(field, agreements),
        places=drawn_in.places,
        walks=drawn_in.walks,
        steps=drawn_in.steps,
        curves=drawn_in.curves,
        measured=dataset["measured"].transpose(*GRID).values.astype(bool) if "measured" in dataset else None,
        colors=colors,
        decimals=field.decimals,
        log_color=field.is_steep,
        x_label=axis_label(dataset, ALPHA),
        y_label=axis_label(dataset, BETA),
        unit=field.unit,
    )


def _ends(field: Field, agreements: Float[np.ndarray, "value"]) -> tuple[float, float]:
    """Return the values at the ends of the colours, those of all agreements alike."""
    if field.is_steep:
        return float(field.finite.min()), float(field.finite.max())
    if field.unit == "%":
        return color_range(agreements if field.is_agreement else field.finite, SMALLEST_SHARE_SPAN)
    span = SMALLEST_LOSS_SPAN if field.is_loss else max(1e-9, 1e-3 * float(np.abs(field.finite).max()))
    return color_range(field.finite, span)


def axis_label(dataset: xr.Dataset, axis: str) -> str:
    r"""Return the title of an axis with its unit; no line of it begins with a number or ends within the unit.

    >>> axis_label(xr.Dataset(attrs={"alpha_label": "from member 0", "unit": "filter norms"}), ALPHA)
    'from member\xa00 (filter\xa0norms)'
    """
    label, unit = str(dataset.attrs.get(f"{axis}_label", axis)), str(dataset.attrs.get("unit", ""))
    label = label if not unit or unit in label else f"{label} ({unit})"
    kept = re.sub(r" (?=\d)", NO_BREAK, label)
    return re.sub(r"\([^)]*\)", lambda unit: unit[0].replace(" ", NO_BREAK), kept)


def _alt(dataset: xr.Dataset, field: Field) -> str:
    """Tell a surface in words: its ends, and where the lowest and highest points lie."""
    ends = []
    for word, place in (("lowest", np.nanargmin(field.values)), ("highest", np.nanargmax(field.values))):
        row, column = np.unravel_index(place, field.values.shape)
        at = f"({float(dataset[ALPHA][row]):.3g}, {float(dataset[BETA][column]):.3g})"
        ends.append(f"{word} at {at} with {field.shown(float(field.values[row, column]))}")
    return f"{field.title} over the plane: {' and '.join(ends)}."


def _places(dataset: xr.Dataset, fields: Sequence[Field]) -> tuple[Place, ...]:
    """Return the networks that are marked; what is no solution has another shape."""
    if "point_alpha" not in dataset:
        return ()
    found = []
    for row, name in enumerate(labels(dataset["point_alpha"], POINT)):
        one = dataset.isel({POINT: row})
        x, y = float(one["point_alpha"]), float(one["point_beta"])
        if np.isfinite([x, y]).all():
            symbol = "diamond" if "control" in name else "star"
            found.append(Place(name, x, y, symbol, _told(one, "point", fields)))
    return tuple(found)


def _walks(dataset: xr.Dataset, fields: Sequence[Field]) -> tuple[Trail, ...]:
    """Return the ways of members, projected onto the plane."""
    if "path_alpha" not in dataset or dataset.sizes.get(STEP, 0) < 2:
        return ()
    trails = []
    for series, name in enumerate(labels(dataset["path_alpha"], MEMBER)):
        one = dataset.isel({MEMBER: series})
        x, y = (one[f"path_{axis}"].values.astype(np.float64) for axis in GRID)
        notes = tuple(
            f"epoch {step}: {_told(one.isel({STEP: row}), 'path', fields)}"
            for row, step in enumerate(dataset[STEP].values)
        )
        if np.isfinite(x).sum() > 1:
            trails.append(Trail(f"member {name}" if name.isdigit() else name, x, y, series, notes))
    return tuple(trails)


def _curves(dataset: xr.Dataset, num_walks: int) -> tuple[Trail, ...]:
    """Return lines and fitted curves, the straight one dashed."""
    if "curve_alpha" not in dataset:
        return ()
    trails = []
    for number, name in enumerate(labels(dataset["curve_alpha"], CURVE)):
        one = dataset.isel({CURVE: number})
        x, y = (one[f"curve_{axis}"].values.astype(np.float64) for axis in GRID)
        label, series = CURVES.get(name, (name, number))
        trails.append(Trail(label, x, y, series + num_walks, dashed=name == "linear"))
    return tuple(trails)


def _told(one: xr.Dataset, kind: str, fields: Sequence[Field]) -> str:
    """Tell the loss and the accuracy of one network, and how far from the plane it lies."""
    parts = []
    for name, scale, field in zip(("loss", "accuracy"), (1.0, 100.0), fields, strict=False):
        if f"{kind}_{name}" in one and field.title.lower() == name:
            parts.append(f"{name} {field.shown(scale * float(one[f'{kind}_{name}']))}")
    if f"{kind}_residual" in one:
        residual = float(one[f"{kind}_residual"])
        parts.append(f"{residual:.3g} from the plane" if residual > NEAR else "in the plane")
    return ", ".join(parts)


NEAR: Final = 1e-3
"""Distance in weight space up to which a network counts as lying in the plane: rounding in single precision."""
