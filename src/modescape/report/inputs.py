"""Reading results by step, variable and dimensions, with one clear line when they do not fit."""

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from modescape.core.axes import MEMBER, MEMBER_OTHER
from modescape.core.errors import ArgumentError, Quoted


def variable(results: Mapping[str, xr.Dataset], step: str, name: str, dims: Sequence[str]) -> xr.DataArray:
    """Return a variable of a step with its dimensions in a given order.

    Args:
        results: Results by step.
        step: Name of the step, for example `solutions`.
        name: Name of the variable.
        dims: The dimensions it must have.

    Raises:
        ArgumentError: If the variable is missing or has other dimensions.

    >>> results = {"solutions": xr.Dataset({"accuracy": ("member", [0.5, 0.75])})}
    >>> variable(results, "solutions", "accuracy", ["member"]).values.tolist()
    [0.5, 0.75]
    """
    dataset = results.get(step, xr.Dataset())
    rule = f"hold `{name}` over ({', '.join(dims)})"
    advice = "Compute this step again with the version of modescape that draws the report"
    if name not in dataset:
        raise ArgumentError(f"results[{step!r}]", rule, Quoted("no such variable"), advice)
    if set(dataset[name].dims) != set(dims):
        shown = ", ".join(str(dim) for dim in dataset[name].dims)
        raise ArgumentError(f"results[{step!r}]", rule, Quoted(f"({shown})"), advice)
    return dataset[name].transpose(*dims)


def optional(results: Mapping[str, xr.Dataset], step: str, name: str, dims: Sequence[str]) -> xr.DataArray | None:
    """Return a variable of a step as `variable` does, or None where the step has none of that name.

    >>> optional({}, "solutions", "accuracy", ["member"]) is None
    True
    """
    return variable(results, step, name, dims) if name in results.get(step, xr.Dataset()) else None


def confidence_of(results: Mapping[str, xr.Dataset], step: str) -> str:
    """Return the confidence of the intervals of a step, as a reader knows it; 95 % where it is not stored.

    >>> confidence_of({}, "solutions")
    '95 %'
    """
    return f"{100 * results.get(step, xr.Dataset()).attrs.get('confidence', 0.95):g} %"


def labels(array: xr.DataArray, dim: str) -> tuple[str, ...]:
    """Return the labels along a dimension as text.

    >>> labels(xr.DataArray([1, 2], coords={"member": [0, 3]}, dims="member"), "member")
    ('0', '3')
    """
    return tuple(str(label) for label in array[dim].values)


def off_diagonal(array: xr.DataArray, rows: str = MEMBER, columns: str = MEMBER_OTHER) -> np.ndarray:
    """Return the finite values between different things, as one row of numbers.

    Args:
        array: Values with the two dimensions, and perhaps more.
        rows: First dimension of a pair.
        columns: Second dimension of a pair; it holds labels of the same kind.

    >>> off_diagonal(xr.DataArray([[1.0, 0.25], [0.5, 1.0]], dims=("member", "member_other"))).tolist()
    [0.25, 0.5]
    """
    different = array[rows] != array[columns]
    values = array.where(different).values.ravel()
    return values[np.isfinite(values)]
