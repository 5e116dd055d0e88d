"""Disputed examples with the votes of members, as what figures share."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from jaxtyping import Float, Int

from modescape.core.axes import CHANNEL, DISPUTE, FEATURE, HEIGHT, MEMBER, WIDTH
from modescape.report.drawables import MISSING, Examples
from modescape.report.inputs import labels, member_labels, member_word, optional, variable

DISPUTED = "disputed"


def disputed_examples(results: Mapping[str, xr.Dataset]) -> Examples:
    """Return all disputed examples with all votes, the same from whatever figure asks."""
    dataset = results[DISPUTED]
    votes = variable(results, DISPUTED, "vote", (DISPUTE, MEMBER)).values.astype(np.int64)
    confidence = optional(results, DISPUTED, "confidence", (DISPUTE, MEMBER))
    truth = whole_numbers(results, DISPUTED, "label", DISPUTE)
    images = optional(results, DISPUTED, "image", (DISPUTE, HEIGHT, WIDTH, CHANNEL))
    features = optional(results, DISPUTED, "feature_value", (DISPUTE, FEATURE))
    return Examples(
        name=DISPUTED,
        titles=tuple(f"example {row}" for row in variable(results, DISPUTED, "row", (DISPUTE,)).values),
        members=member_labels(dataset),
        word=member_word(dataset),
        classes=class_names(dataset, votes),
        votes=votes,
        confidence=np.full(votes.shape, np.nan) if confidence is None else confidence.values.astype(np.float64),
        labels=np.full(len(votes), MISSING) if truth is None else truth,
        images=None if images is None else images.values.astype(np.uint8),
        features=None if features is None else _numbers(features),
        feature_names=() if features is None else tuple(_feature_name(name) for name in labels(features, FEATURE)),
    )


def class_names(dataset: xr.Dataset, classes: Int[np.ndarray, "..."]) -> tuple[str, ...]:
    """Return the names of classes as they are stored, or their numbers.

    >>> class_names(xr.Dataset(attrs={"classes": ["cat", "dog"]}), np.array([1]))
    ('cat', 'dog')
    >>> class_names(xr.Dataset(), np.array([1]))
    ('0', '1')
    """
    stored = tuple(str(name) for name in dataset.attrs.get("classes", ()))
    needed = int(classes.max(initial=-1)) + 1
    return stored if len(stored) >= needed else tuple(str(number) for number in range(needed))


def whole_numbers(results: Mapping[str, xr.Dataset], step: str, name: str, dim: str) -> Int[np.ndarray, "entry"] | None:
    """Return a variable of whole numbers, `MISSING` where it has none, or None where there is no such variable."""
    array = optional(results, step, name, (dim,))
    if array is None:
        return None
    return np.where(np.isfinite(array.values), array.values, MISSING).astype(np.int64)


def _feature_name(name: str) -> str:
    """Return the name of a feature; one without a name is called by its number.

    >>> _feature_name("3"), _feature_name("age")
    ('feature 3', 'age')
    """
    return f"feature {name}" if name.isdecimal() else name


def _numbers(features: xr.DataArray) -> Float[np.ndarray, "example feature"]:
    """Return features as numbers."""
    return features.values.astype(np.float64)
