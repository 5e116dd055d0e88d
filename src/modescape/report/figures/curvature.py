"""Curvature along training: eigenvalues and trace of both matrices, sharpness, width, gradient and loss."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr

from modescape.core.axes import EIGENVALUE, MATRIX, MEMBER, STEP
from modescape.report.drawables import Drawing, Line, Lines, long_table
from modescape.report.figures.compared import labels_of
from modescape.report.figures.kind import FigureKind, Need
from modescape.report.figures.members import asks_for_log, member_lines, span_of
from modescape.report.inputs import confidence_of, optional, variable
from modescape.report.measures import axis_of, measure_named

NAME: Final = "curvature"
TITLE: Final = "How sharp are minima, and when do they become so?"
CURVATURE: Final = "curvature"
MATRICES: Final = {"hessian": "Hessian", "ggn": "Gauss-Newton"}
"""What the matrices are called; the first is drawn solid, the second dashed."""
ALONG: Final = (MEMBER, STEP)
PLAIN: Final = ("sharpness", "width", "gradient_norm", "loss")
"""The numbers that do not belong to a matrix."""
COLUMNS: Final = ["loss", "accuracy", "sharpness", "gradient_norm", "width", "width_low", "width_high"]
OF_MATRICES: Final = ["trace", "trace_error", "top"]


def compute(results: Mapping[str, xr.Dataset]) -> Drawing:
    """Return one panel for each number, a line for each member, against the epochs trained.

    Source: Foret et al. (2021), section 2, https://arxiv.org/abs/2010.01412, for sharpness; Li et al. (2018), section
    4, https://arxiv.org/abs/1712.09913, for the directions of the width; Martens (2020), section 8,
    https://arxiv.org/abs/1412.1193, for the generalised Gauss-Newton matrix.
    """
    dataset = results[CURVATURE]
    variable(results, CURVATURE, "top", (MATRIX, MEMBER, STEP, EIGENVALUE))
    attrs = dataset.attrs
    examples = f" on {attrs['num_examples']:,} training examples" if "num_examples" in attrs else ""
    radius = f" Sharpness is the rise of the loss within {attrs['radius']:g} uphill." if "radius" in attrs else ""
    rise = f" Width is how far one walks until it has risen by {attrs['rise']:g} nats." if "rise" in attrs else ""
    panels = [_of_matrices(results, name) for name in ("top", "trace")] + [_plain(results, name) for name in PLAIN]
    return Drawing(
        name=NAME,
        title=TITLE,
        shows=(
            f"Each line is one member over its checkpoints{examples}.{radius}{rise} Bands of traces are two standard "
            f"errors over random vectors, of widths {confidence_of(results, CURVATURE)} intervals over directions."
        ),
        look_for=(
            "Look whether curves settle: curvature that still grows at the end belongs to training, not to the "
            "minimum. Where the Hessian lies above the Gauss-Newton matrix, residuals still bend the loss."
        ),
        panels=tuple(panel for panel in panels if panel.lines),
        table=long_table(dataset, [*COLUMNS, *OF_MATRICES]),
        found=tuple(_found(results)),
    )


def _names(dataset: xr.Dataset) -> list[str]:
    """Return what each member is called."""
    return [f"member {member}" for member in labels_of(dataset, MEMBER)]


def _of_matrices(results: Mapping[str, xr.Dataset], name: str) -> Lines:
    """Return the panel of the largest eigenvalue, or of the trace with two standard errors, of both matrices."""
    dataset = results[CURVATURE]
    measure = measure_named("top_eigenvalue" if name == "top" else name)
    matrices = [matrix for matrix in labels_of(dataset, MATRIX) if _rows(results, name, matrix) is not None]
    lines: list[Line] = []
    for number, matrix in enumerate(matrices):
        values, error = _rows(results, name, matrix), _rows(results, f"{name}_error", matrix)
        if values is None:
            continue
        band = None if error is None else (values - 2.0 * error, values + 2.0 * error)
        of, steps = MATRICES.get(matrix, matrix), dataset[STEP].values.astype(np.float64)
        lines += member_lines(
            _names(dataset), steps, values, band, of=of, dashed=number > 0, series=number, joined=True
        )
    styles = ("solid", "dashed")
    both = ", ".join(
        f"{MATRICES.get(matrix, matrix)} ({style})" for matrix, style in zip(matrices, styles, strict=False)
    )
    heading = f"{measure.heading}: {both if len(matrices) > 1 else both.split(' (')[0]}"
    return _panel(heading, axis_of(measure), lines, measure.decimals)


def _plain(results: Mapping[str, xr.Dataset], name: str) -> Lines:
    """Return the panel of a number that does not belong to a matrix, with its interval where it has one."""
    dataset = results[CURVATURE]
    measure = measure_named("train_loss" if name == "loss" else name)
    values, low, high = (_rows(results, f"{name}{end}") for end in ("", "_low", "_high"))
    band = None if low is None or high is None else (low, high)
    steps = dataset[STEP].values.astype(np.float64)
    lines = () if values is None else member_lines(_names(dataset), steps, values, band, joined=True)
    return _panel(measure.heading, axis_of(measure), list(lines), measure.decimals)


def _rows(results: Mapping[str, xr.Dataset], name: str, matrix: str = "") -> np.ndarray | None:
    """Return a number by member and step, of the largest eigenvalue where it has several, or None without any."""
    dims = (MATRIX, *ALONG, EIGENVALUE) if name == "top" else (MATRIX, *ALONG) if matrix else ALONG
    array = optional(results, CURVATURE, name, dims)
    if array is None:
        return None
    array = array.sel({MATRIX: matrix}) if matrix else array
    array = array.isel({EIGENVALUE: 0}) if name == "top" else array
    values = array.values.astype(np.float64)
    return values if np.isfinite(values).any() else None


def _panel(title: str, y_label: str, lines: list[Line], decimals: int) -> Lines:
    """Return one panel, on a logarithmic axis where it spans too much for a linear one."""
    values = np.concatenate([line.y for line in lines] or [np.array([])])
    return Lines(
        title=title,
        alt=f"{title} over training, {y_label}: {span_of(values, decimals)}.",
        lines=tuple(lines),
        x_label="epochs trained",
        y_label=y_label,
        log_y=asks_for_log(values),
        decimals=decimals,
    )


def _found(results: Mapping[str, xr.Dataset]) -> list[str]:
    """Say what the numbers are at the last checkpoint of each member."""
    told = []
    for name, key in (("top", "top_eigenvalue"), ("trace", "trace")):
        measure, parts = measure_named(key), []
        for matrix in labels_of(results[CURVATURE], MATRIX):
            values = _rows(results, name, matrix)
            if values is not None:
                parts.append(
                    f"{span_of(last_values(values), measure.decimals)} of the {MATRICES.get(matrix, matrix)} matrix"
                )
        told += [f"{measure.label} {' and '.join(parts)}"] if parts else []
    for name in PLAIN[:2]:
        values, measure = _rows(results, name), measure_named(name)
        told += (
            []
            if values is None
            else [f"{measure.label} {span_of(last_values(values), measure.decimals)} {measure.unit}"]
        )
    return [f"At the end of training: {'; '.join(told)}."] if told else []


def last_values(rows: np.ndarray) -> np.ndarray:
    """Return the last number of each member, NaN for one that has none.

    >>> last_values(np.array([[1.0, 2.0, np.nan], [np.nan] * 3])).tolist()
    [2.0, nan]
    """
    return np.array([row[np.isfinite(row)][-1] if np.isfinite(row).any() else np.nan for row in rows])


FIGURE = FigureKind(NAME, TITLE, (Need(CURVATURE, ("top",)),), compute)
