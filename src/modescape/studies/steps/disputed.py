"""The examples that members dispute most, with what each of them says, and the examples themselves."""

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import torch
import xarray as xr
from jaxtyping import Float, Int, Shaped
from torch.nn import functional

from modescape.core.axes import CHANNEL, DISPUTE, EXAMPLE, FEATURE, HEIGHT, MEMBER, MEMBER_OTHER, RANK, WIDTH
from modescape.evaluate import divergence_per_example, most_disputed, vote_entropy
from modescape.studies.steps.answers import Answers

PAIR_MEMBERS = 12
"""Members whose pairs have disputed examples of their own: 66 pairs."""
VOTE_MEMBERS = 30
"""Members whose decisions are kept for the report."""
LARGEST_IMAGE = 96
"""Pixels of the longer side; larger images are made smaller."""
FEATURES = 50
"""Features of an example that are kept."""
DIVERGENCE, VOTES = "Jensen-Shannon divergence of the members, nats", "entropy of the votes, nats"


@dataclass(frozen=True, eq=False)
class _Chosen:
    """Rows that are disputed, by their scores, and which of them are of each pair."""

    rows: Int[np.ndarray, "dispute"]
    scores: Float[np.ndarray, "dispute"]
    pairs: Int[np.ndarray, "member member_other rank"]
    score_name: str


def disputed_examples(
    answers: Answers, inputs: Shaped[np.ndarray, "example ..."] | None, *, number: int, pair_number: int
) -> xr.Dataset | None:
    """Return the most disputed examples, and those of each pair, or None where nobody disputes.

    Args:
        answers: What the members say.
        inputs: The test examples, images (example, channel, height, width) or features, or None.
        number: Most disputed examples between all members.
        pair_number: Most disputed examples of each pair of the first members; only those they decide differently.
    """
    chosen = _chosen(answers, number, pair_number)
    if not len(chosen.rows):
        return None
    votes = answers.decisions[:, chosen.rows].T
    confidence = np.full(votes.shape, np.nan, dtype=np.float32)
    if answers.probabilities is not None:
        at = answers.probabilities[:, chosen.rows].transpose(1, 0, 2)
        confidence = np.take_along_axis(at, votes[:, :, None], axis=2)[:, :, 0].astype(np.float32)
    numbers = answers.coords()
    dataset = xr.Dataset(
        {
            "row": ([DISPUTE], chosen.rows),
            "score": ([DISPUTE], chosen.scores),
            "vote": ([DISPUTE, MEMBER], votes.astype(np.int16)),
            "confidence": ([DISPUTE, MEMBER], confidence),
            "pair_dispute": ([MEMBER, MEMBER_OTHER, RANK], chosen.pairs),
        },
        coords={**numbers, MEMBER_OTHER: numbers[MEMBER]},
        attrs={
            "score_name": chosen.score_name,
            "classes": list(answers.classes),
            "disputed": int(min(number, len(chosen.rows))),
            "pair_members": min(PAIR_MEMBERS, len(answers.decisions)),
            "num_examples": answers.num_examples,
        },
    )
    if answers.labels is not None:
        dataset["label"] = ([DISPUTE], answers.labels[chosen.rows])
    if inputs is not None:
        shown, attrs = _shown(np.asarray(inputs), chosen.rows)
        dataset = dataset.merge(shown).assign_attrs(attrs)
    return dataset


def kept_votes(answers: Answers) -> xr.Dataset:
    """Return the decisions of the first members and the truth, as the report shows them."""
    kept = range(min(VOTE_MEMBERS, len(answers.decisions)))
    dataset = xr.Dataset(
        {"decision": ([MEMBER, EXAMPLE], answers.decisions[list(kept)].astype(np.int16))},
        coords=answers.coords(kept),
        attrs={
            "classes": list(answers.classes),
            "num_members": len(answers.decisions),
            "kept_members": len(kept),
        },
    )
    if answers.labels is not None:
        dataset["label"] = ([EXAMPLE], answers.labels.astype(np.int16))
    return dataset


def _chosen(answers: Answers, number: int, pair_number: int) -> _Chosen:
    """Return which examples are disputed by all members, and by each pair."""
    scores, name = _scores(answers, list(range(len(answers.decisions))))
    # Members that give one answer, some surely and some not, don't dispute it.
    is_disputed = (answers.decisions != answers.decisions[:1]).any(axis=0)
    scores = np.where(is_disputed, scores, 0.0)
    rows = most_disputed(scores, number)
    first = min(PAIR_MEMBERS, len(answers.decisions))
    of_pairs: dict[tuple[int, int], np.ndarray] = {}
    for pair in combinations(range(first) if pair_number else (), 2):
        differ = answers.decisions[pair[0]] != answers.decisions[pair[1]]
        of_pairs[pair] = most_disputed(np.where(differ, _scores(answers, list(pair))[0], 0.0), pair_number)
    every = np.unique(np.concatenate([rows, *of_pairs.values()])).astype(np.int64)
    # Further examples of pairs come after the most disputed ones: their scores are not higher.
    rest = np.setdiff1d(every, rows)
    every = np.concatenate([rows, rest[np.argsort(-scores[rest], kind="stable")]])
    place = {int(row): index for index, row in enumerate(every)}
    size = len(answers.decisions)
    pairs = np.full((size, size, pair_number), -1, dtype=np.int32)
    for (i, j), found in of_pairs.items():
        pairs[i, j, : len(found)] = pairs[j, i, : len(found)] = [place[int(row)] for row in found]
    return _Chosen(every, scores[every], pairs, name)


def _scores(answers: Answers, members: list[int]) -> tuple[Float[np.ndarray, "example"], str]:
    """Return how disputed each example is between some members."""
    if answers.probabilities is not None:
        chosen = answers.probabilities if len(members) == len(answers.decisions) else answers.probabilities[members]
        return divergence_per_example(chosen), DIVERGENCE
    return vote_entropy(answers.decisions[members], num_classes=answers.num_classes), VOTES


def _shown(
    inputs: Shaped[np.ndarray, "example ..."], rows: Int[np.ndarray, "dispute"]
) -> tuple[xr.Dataset, dict[str, Any]]:
    """Return examples as images or as features, and what was left out of them."""
    examples = inputs[rows]
    if examples.ndim == 4 and examples.shape[1] in (1, 3):
        return _images(examples)
    flat = examples.reshape(len(examples), -1)
    kept = flat[:, :FEATURES].astype(np.float32)
    attrs = {"num_features": flat.shape[1], "kept_features": kept.shape[1]}
    names = [str(number) for number in range(kept.shape[1])]
    return xr.Dataset({"feature_value": ([DISPUTE, FEATURE], kept)}, coords={FEATURE: names}), attrs


def _images(examples: Shaped[np.ndarray, "dispute channel height width"]) -> tuple[xr.Dataset, dict[str, Any]]:
    """Return images as bytes, channels last; large ones are made smaller, numbers that are no bytes are stretched."""
    attrs: dict[str, Any] = {"image_size": list(examples.shape[2:])}
    pixels = torch.from_numpy(np.ascontiguousarray(examples)).float()
    if examples.dtype != np.uint8:
        least, most = float(pixels.min()), float(pixels.max())
        attrs["image_range"] = [least, most]
        pixels = (pixels - least) * (255.0 / max(most - least, 1e-12))
    ratio = LARGEST_IMAGE / max(examples.shape[2:])
    if ratio < 1:
        size = [max(1, round(side * ratio)) for side in examples.shape[2:]]
        pixels = functional.interpolate(pixels, size, mode="bilinear", antialias=True)
        attrs["image_shown"] = size
    image = pixels.round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).numpy()
    return xr.Dataset({"image": ([DISPUTE, HEIGHT, WIDTH, CHANNEL], np.ascontiguousarray(image))}), attrs
