"""From what a file holds to class probabilities: told apart from logits, checked row by row."""

from typing import Literal, TypeAlias, get_args

import numpy as np
from jaxtyping import Bool, Float, Float32

from modescape.core.checks import ROW_SUM_TOLERANCE
from modescape.core.errors import DataError

Kind: TypeAlias = Literal["auto", "probabilities", "logits", "labels"]
KINDS: tuple[str, ...] = get_args(Kind)
ROUNDING = 1e-6
"""How far below 0 a probability may lie that arithmetic has rounded."""


def probabilities_of(
    scores: Float[np.ndarray, "example class"], where: str, kind: Kind = "auto"
) -> Float32[np.ndarray, "example class"]:
    """Return class probabilities; logits, and logarithms of probabilities, go through a softmax.

    Rows that are at least 0 and sum to 1 (to 1e-3) are probabilities; numbers below 0 are logits. Whatever could be
    either is refused.

    Args:
        scores: One row an example.
        where: The file, for errors.
        kind: What the numbers are, where that is known.

    Raises:
        DataError: If a number is NaN or infinite, there is one class, or a row of probabilities does not sum to 1; the
            file and the row are named.

    >>> probabilities_of(np.array([[0.25, 0.75]]), "a.npy").tolist()
    [[0.25, 0.75]]
    >>> probabilities_of(np.array([[0.0, -np.log(3.0)]]), "a.npy").tolist()
    [[0.75, 0.25]]
    """
    array = np.asarray(scores)
    if array.dtype.kind not in "fiub" or array.ndim != 2 or 0 in array.shape:
        shape = f"{array.dtype} of shape {array.shape}"
        raise DataError(f"{where} must hold numbers, one row an example and one column a class; got {shape}.")
    if array.shape[1] < 2:
        raise DataError(f"{where} must have a column for each class; got one column. Write both, 1 - p and p.")
    array = array if array.dtype in (np.float32, np.float64) else array.astype(np.float64)
    # One product is ten times as fast as a sum along short rows, and a NaN in a row makes its sum NaN.
    sums = array @ np.ones(array.shape[1], array.dtype)
    _check_finite(array, sums, where)
    if kind == "logits" or (kind == "auto" and not _is_meant_as_probabilities(array, sums)):
        return _softmax(array)
    _check_rows(array, sums, where)
    kept = np.maximum(array, 0.0) if array.min() < 0 else array
    return kept.astype(np.float32, copy=False)


def _check_finite(array: np.ndarray, sums: np.ndarray, where: str) -> None:
    """Raise unless all numbers are finite; the logarithm of a probability of 0 is allowed beside finite ones."""
    if np.isfinite(sums).all():
        return
    usable = ~np.isnan(array).any(axis=1) & ~(array == np.inf).any(axis=1) & np.isfinite(array).any(axis=1)
    if not usable.all():
        row = int(np.argmin(usable))
        got = "NaN" if np.isnan(array[row]).any() else "an infinity"
        raise DataError(f"{where}, row {row}: {got} among the numbers. Leave that member out, or write it again.")


def _rows_of_probabilities(array: np.ndarray, sums: np.ndarray) -> Bool[np.ndarray, "example"]:
    """Say which rows are probabilities."""
    summing = np.isclose(sums, 1.0, atol=ROW_SUM_TOLERANCE, rtol=0.0)
    return summing if array.min() >= -ROUNDING else summing & (array.min(axis=1) >= -ROUNDING)


def _is_meant_as_probabilities(array: np.ndarray, sums: np.ndarray) -> bool:
    """Say whether numbers are probabilities, or were meant to be: nothing is below 0, or most rows are right."""
    return bool(array.min() >= -ROUNDING) or _rows_of_probabilities(array, sums).mean() > 0.5


def _check_rows(array: np.ndarray, sums: np.ndarray, where: str) -> None:
    """Raise unless every row is at least 0 and sums to 1."""
    right = _rows_of_probabilities(array, sums)
    if right.all():
        return
    row = int(np.argmin(right))
    low = float(array[row].min())
    got = f"hold {low:.4g}, below 0" if low < -ROUNDING else f"sum to {float(sums[row]):.4g}, not 1"
    raise DataError(
        f"{where}, row {row}: the numbers {got}. Divide each row by its sum, or pass kind logits if that is what they "
        "are."
    )


def _softmax(array: np.ndarray) -> Float32[np.ndarray, "example class"]:
    """Return exp(z_c) / sum_k exp(z_k)."""
    exponentials = np.exp(array - array.max(axis=1, keepdims=True))
    return (exponentials / exponentials.sum(axis=1, keepdims=True)).astype(np.float32)
