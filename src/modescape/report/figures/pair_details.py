"""What a chosen pair of members shows beside its disagreement: measures, joint confusion and disputed examples."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import xarray as xr
from jaxtyping import Float, Int

from modescape.core.axes import EXAMPLE, MEMBER, MEMBER_OTHER, RANK
from modescape.report.drawables import MISSING, ConfusionDetail, Detail, ExamplesDetail, NumberDetail
from modescape.report.figures.voted import DISPUTED, class_names, disputed_examples, whole_numbers
from modescape.report.inputs import optional, variable

PAIRS: Final = "pairs"
VOTES: Final = "votes"
MAX_MEASURED: Final = 50
"""Members whose pairs keep all measures on a page: with more, these numbers would be most of the file."""
PERCENT: Final = (100.0, "%", 1)
PLAIN: Final = (1.0, "", 3)

MEASURES: Final[dict[str, tuple[str, tuple[float, str, int]]]] = {
    "accuracy_difference": ("accuracy of {row} minus that of {column}", (100.0, "points", 2)),
    "mcnemar_p": ("McNemar's test of equal accuracy, p", PLAIN),
    "mcnemar_p_adjusted": ("the same, adjusted for all pairs (Holm)", PLAIN),
    "one_right": ("they differ and one is right", PERCENT),
    "both_wrong": ("they differ and both are wrong", PERCENT),
    "same_error": ("both make the same error", PERCENT),
    "oracle_accuracy": ("at least one is right", PERCENT),
    "conditional_disagreement": ("disagreement where at least one is wrong", PERCENT),
    "error_overlap": ("errors of both among errors of either", PERCENT),
    "same_error_share": ("equal answers where both are wrong", PERCENT),
    "diversity": ("diversity: disagreement / error of {column}", PLAIN),
    "kappa": ("kappa of the answers", PLAIN),
    "error_correlation": ("correlation of errors", PLAIN),
    "q_statistic": ("Q statistic of errors", PLAIN),
}
"""Measures of pairs in the order they are shown: what they are, their scale, unit and digits."""


def pair_details(results: Mapping[str, xr.Dataset], members: Sequence[int]) -> tuple[Detail, ...]:
    """Return what is known of pairs beside their disagreement, as far as steps have measured it.

    Args:
        results: Results by step; uses `pairs`, `votes` and `disputed`.
        members: Numbers of the members along both sides of the matrix.
    """
    return (*measure_details(results, members), *_confusion(results, members), *_disputes(results, members))


def measure_details(results: Mapping[str, xr.Dataset], members: Sequence[int]) -> tuple[NumberDetail, ...]:
    """Return all measures of pairs with their intervals, of the first `MAX_MEASURED` members."""
    details = []
    for name, (label, (scale, unit, decimals)) in MEASURES.items():
        values, low, high = (_square(results, f"{name}{end}", members) for end in ("", "_low", "_high"))
        if values is None:
            continue
        low, high = (None if end is None else scale * end for end in (low, high))
        is_p_value = name.startswith("mcnemar_p")
        details.append(
            NumberDetail(label, scale * values, low, high, decimals, unit, is_main=False, is_p_value=is_p_value)
        )
    return tuple(details)


def _square(
    results: Mapping[str, xr.Dataset], name: str, members: Sequence[int]
) -> Float[np.ndarray, "row column"] | None:
    """Return a measure over some members in their order, NaN on the diagonal and where it is not kept."""
    array = optional(results, PAIRS, name, (MEMBER, MEMBER_OTHER))
    if array is None:
        return None
    kept = list(members[:MAX_MEASURED])
    values = np.full((len(members), len(members)), np.nan)
    values[: len(kept), : len(kept)] = array.reindex({MEMBER: kept, MEMBER_OTHER: kept}).values
    np.fill_diagonal(values, np.nan)
    return values


def _confusion(results: Mapping[str, xr.Dataset], members: Sequence[int]) -> tuple[ConfusionDetail, ...]:
    """Return the answers from which the page counts joint confusions."""
    if VOTES not in results:
        return ()
    array = variable(results, VOTES, "decision", (MEMBER, EXAMPLE))
    decisions = np.full((len(members), array.sizes[EXAMPLE]), MISSING, dtype=np.int64)
    for row, place in _places(members, array[MEMBER].values.tolist()).items():
        decisions[row] = array.values[place]
    truth = whole_numbers(results, VOTES, "label", EXAMPLE)
    kept = array.sizes[MEMBER]
    note = f"Answers are kept here for the first {kept} of {len(members)} members." if kept < len(members) else ""
    everything = decisions if truth is None else np.append(decisions, truth)
    return (ConfusionDetail(decisions, truth, class_names(results[VOTES], everything), note),)


def _disputes(results: Mapping[str, xr.Dataset], members: Sequence[int]) -> tuple[ExamplesDetail, ...]:
    """Return the examples that pairs dispute."""
    array = optional(results, DISPUTED, "pair_dispute", (MEMBER, MEMBER_OTHER, RANK))
    if array is None or not array.sizes[RANK]:
        return ()
    rows = _places(members, array[MEMBER].values.tolist())
    columns = _places(members, array[MEMBER_OTHER].values.tolist())
    places = np.full((len(members), len(members), array.sizes[RANK]), MISSING, dtype=np.int64)
    for row, first in rows.items():
        for column, second in columns.items():
            places[row, column] = array.values[first, second]
    known = _places(members, results[DISPUTED][MEMBER].values.tolist())
    order = np.array([known.get(row, MISSING) for row in range(len(members))])
    return (ExamplesDetail(disputed_examples(results), places, order, _dispute_note(results[DISPUTED], places)),)


def _dispute_note(dataset: xr.Dataset, places: Int[np.ndarray, "row column rank"]) -> str:
    """Say in which order examples stand, and which pairs have some where not all do."""
    order = str(dataset.attrs.get("score_name", ""))
    told = f"Sorted by: {order} (of these two alone)." if order else ""
    has_some = np.flatnonzero((places != MISSING).any(axis=(1, 2)) | (places != MISSING).any(axis=(0, 2)))
    limit = f"They are kept here for pairs of {len(has_some)} of {len(places)} members."
    return " ".join(part for part in (told, limit if len(has_some) < len(places) else "") if part)


def _places(members: Sequence[int], stored: Sequence[int]) -> dict[int, int]:
    """Return the place among stored members by the row of the matrix, for members that are stored.

    >>> _places([0, 3, 4], [3, 0])
    {0: 1, 1: 0}
    """
    at = {number: place for place, number in enumerate(stored)}
    return {row: at[number] for row, number in enumerate(members) if number in at}
