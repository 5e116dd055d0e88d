"""Reading results by step, variable and dimensions, with one clear line when they do not fit."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import xarray as xr

from modescape.core.axes import MEMBER, MEMBER_OTHER
from modescape.core.errors import ArgumentError, Quoted

NAME: Final = "member_name"
"""The coordinate that holds names of members, where they come from files or other runs."""


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


def member_labels(array: xr.DataArray | xr.Dataset, dim: str = MEMBER) -> tuple[str, ...]:
    """Return what members are called: their names where they have some (`member_name`), else their numbers.

    Two members of one name are told apart by their numbers.

    Args:
        array: Something over members.
        dim: The dimension, of the member or of the other member of a pair.

    >>> names = {"member": [0, 1], "member_name": ("member", ["a.npy", "b.npy"]), "member_other": [1, 0]}
    >>> pairs = xr.DataArray(np.eye(2), coords=names, dims=("member", "member_other"))
    >>> member_labels(pairs), member_labels(pairs, "member_other"), member_labels(pairs.drop_vars("member_name"))
    (('a.npy', 'b.npy'), ('b.npy', 'a.npy'), ('0', '1'))
    """
    names = member_names(array)
    return tuple(names.get(number, str(number)) for number in array[dim].values.tolist())


def member_names(array: xr.DataArray | xr.Dataset) -> dict[int, str]:
    """Return the names of members by their numbers, none where they have only numbers."""
    if NAME not in array.coords or array[NAME].dims != (MEMBER,):
        return {}
    names = [str(name) for name in array[NAME].values]
    return {
        number: name if names.count(name) == 1 else f"{name} ({number})"
        for number, name in zip(array[MEMBER].values.tolist(), names, strict=True)
    }


def member_word(array: xr.DataArray | xr.Dataset) -> str:
    """Return the word that stands before the label of a member: none before a name.

    >>> member_word(xr.Dataset(coords={"member": [0, 1]}))
    'member'
    """
    return "" if NAME in array.coords else MEMBER


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
