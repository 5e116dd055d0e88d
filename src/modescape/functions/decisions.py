"""The class that a predictor decides for."""

import numpy as np
from jaxtyping import Float, Int

from modescape.core.errors import ArgumentError, Quoted


def decisions(probabilities: Float[np.ndarray, "... class"]) -> Int[np.ndarray, "..."]:
    """Return the class with the highest probability; of equal ones, the class with the lowest index.

    d = argmax_c p_c

    Args:
        probabilities: Class probabilities, or logits, along the last axis.

    Raises:
        ArgumentError: If there is no class, or a NaN (the place of the first is given).

    >>> decisions(np.array([[0.2, 0.8], [0.5, 0.5]])).tolist()
    [1, 0]
    """
    array = np.asarray(probabilities)
    if array.ndim < 1 or array.shape[-1] < 1:
        raise ArgumentError(
            "probabilities",
            "have a last axis with at least one class",
            Quoted(f"shape {array.shape}"),
            "Pass one row over classes for each example",
        )
    # The largest entry of a row with a NaN is NaN: one pass, and no copy of the size of the input.
    wrong = np.isnan(array.max(axis=-1)) if np.issubdtype(array.dtype, np.inexact) else np.zeros(array.shape[:-1], bool)
    if wrong.any():
        place = tuple(int(index) for index in np.argwhere(wrong)[0])
        raise ArgumentError("probabilities", "be free of NaN", Quoted(f"NaN in row {place}"), "Look at that member")
    return array.argmax(axis=-1)
