"""Examples and what the page shows of them: pictures as addresses that hold them, galleries, and details of pairs."""

import base64
import io
from typing import Any, Final

import numpy as np
from jaxtyping import Float, Int, UInt8
from PIL import Image

from modescape.report.drawables import MISSING, ConfusionDetail, Examples, ExamplesDetail, Gallery
from modescape.report.interactive.parts import Spec, numbers

LARGEST_SIDE: Final = 96
"""Pixels of the longer side of an image on the page; a larger one is made smaller."""
QUALITY: Final = 85
"""Of images that were made smaller; others lose nothing."""
SMALL_CODE: Final = 255
"""The byte that stands for a class that is not known, where each class has a byte."""
LARGE_CODE: Final = 65535


def examples_spec(examples: Examples) -> Spec:
    """Return what all that show these examples share."""
    spec: Spec = {
        "titles": list(examples.titles),
        "truths": [examples.class_name(int(label)) if label != MISSING else None for label in examples.labels],
    }
    if examples.pixels is not None:
        spec["images"] = [image_address(image) for image in examples.pixels]
    elif examples.features is not None:
        spec |= {"features": _short(examples.features), "featureNames": list(examples.feature_names)}
    return spec


def _short(features: Float[np.ndarray, "example feature"]) -> list[list[str]]:
    """Return features as they are read, with four digits."""
    return [[f"{value:.4g}" if np.isfinite(value) else "" for value in row] for row in features]


def image_address(image: UInt8[np.ndarray, "height width channel"]) -> str:
    """Return an image as a `data:` address.

    >>> image_address(np.zeros((2, 2, 1), dtype=np.uint8))[:23]
    'data:image/webp;base64,'
    """
    picture = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
    is_large = max(picture.size) > LARGEST_SIDE
    if is_large:
        picture.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    content = io.BytesIO()
    picture.convert("RGB").save(content, "WEBP", lossless=not is_large, quality=QUALITY, method=4)
    return f"data:image/webp;base64,{base64.b64encode(content.getvalue()).decode()}"


def gallery_spec(panel: Gallery) -> Spec:
    """Return which examples are shown, and the answers to each; the page keeps the examples themselves."""
    answers = [[list(votes) for votes in panel.examples.answers(one)] for one in panel.shown]
    return {
        "kind": "gallery",
        "data": [],
        "layout": {},
        "examples": panel.examples.name,
        "shown": list(panel.shown),
        "answers": answers,
    }


def examples_detail(detail: ExamplesDetail) -> Spec:
    """Return which examples each pair disputes, and the answers of the members that belong to such a pair.

    Only the upper half of the pairs is written; the page looks up a pair in either order.
    """
    disputed = (detail.places != MISSING).any(axis=(1, 2)) | (detail.places != MISSING).any(axis=(0, 2))
    rows = [int(row) for row in np.flatnonzero(disputed & (detail.members != MISSING))]
    votes = {row: _answers_of(detail.examples, int(detail.members[row])) for row in rows}
    return {
        "kind": "examples",
        "examples": detail.examples.name,
        "classes": list(detail.examples.classes),
        "pairs": _pairs(detail.places),
        "votes": votes,
        "note": detail.note,
    }


def _answers_of(examples: Examples, member: int) -> Spec:
    """Return the answers of one member to all examples, and with which probability."""
    confidence = np.round(examples.confidence[:, member].astype(np.float64), 3)
    known = np.isfinite(confidence).any()
    return {"answers": examples.votes[:, member].tolist(), "confidence": numbers(confidence) if known else None}


def _pairs(places: Int[np.ndarray, "row column rank"]) -> dict[str, list[int]]:
    """Return the examples of each pair that has some, by its row and column, the smaller first."""
    pairs: dict[str, list[int]] = {}
    for row, column in np.argwhere((places != MISSING).any(axis=2)).tolist():
        found = places[row, column]
        pairs.setdefault(f"{min(row, column)},{max(row, column)}", found[found != MISSING].tolist())
    return pairs


def confusion_detail(detail: ConfusionDetail) -> Spec:
    """Return the answers of all networks as bytes, from which the page counts the joint confusion of any pair."""
    is_small = len(detail.classes) <= SMALL_CODE
    rows = [packed(row, is_small=is_small) if (row != MISSING).any() else None for row in detail.decisions]
    return {
        "kind": "confusion",
        "bytes": 1 if is_small else 2,
        "rows": rows,
        "labels": None if detail.labels is None else packed(detail.labels, is_small=is_small),
        "classes": list(detail.classes),
        "note": detail.note,
    }


def packed(classes: Int[np.ndarray, "example"], *, is_small: bool) -> str:
    """Return classes as text: one byte each where there are few classes, else two with the smaller one first.

    >>> packed(np.array([0, 1, -1]), is_small=True)
    'AAH/'
    """
    code = SMALL_CODE if is_small else LARGE_CODE
    kind: Any = np.uint8 if is_small else np.dtype("<u2")
    return base64.b64encode(np.where(classes == MISSING, code, classes).astype(kind).tobytes()).decode()
